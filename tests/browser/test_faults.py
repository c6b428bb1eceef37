"""Who failed is told as it is: a backend that did not answer, or the page itself."""

from __future__ import annotations

import time

from tests.browser.actions import READY

VIEWER = "document.querySelector('.dbce').parentElement.dbce"


def message(page) -> str:
    """What the page says once it says that something failed."""
    page.wait_for_selector(".message.error")
    return page.locator(".message").inner_text()


def opened(browser, address):
    page = browser.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector(READY, timeout=60000)
    return page, errors


def test_a_server_that_does_not_answer_is_told_as_one(browser, address):
    page, errors = opened(browser, address)
    before = page.evaluate(f"{VIEWER}.study.count")
    page.route("**/component_server**", lambda route: (time.sleep(0.5), route.abort()))  # long enough to ask how long
    page.click(".examples button:nth-child(3)")
    assert message(page).startswith("The server did not answer; what you see is still yours.")
    assert page.evaluate(f"{VIEWER}.study.count") == before and not page.locator(".dbce.busy").count()
    assert not errors
    page.close()


def test_a_fault_of_the_page_is_told_as_one_and_is_an_error_of_the_console(browser, address):
    page, errors = opened(browser, address)
    page.evaluate(f"() => {{ {VIEWER}.showScene = () => {{ throw new TypeError('a fault of ours'); }}; }}")
    page.click(".examples button:nth-child(3)")
    said = message(page)
    assert said.startswith("The page itself failed; what you see is still yours.") and "a fault of ours" in said
    assert "server" not in said and any("a fault of ours" in error for error in errors)
    page.close()
