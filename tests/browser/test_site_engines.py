"""Chromium, Firefox and WebKit show the same of the page without a server, and run its networks to the same numbers."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator

import pytest

from dbce.site.build import write_site
from tests.browser.actions import READY, give, wait_for_text
from tests.browser.test_engines import GIVE, HERE, LOOK, SLIDE, held, picture, webkit  # noqa: F401
from tests.browser.test_engines import READY as IS_READY
from tests.small_site import hosted, small_offers


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("engines") / "built"
    write_site(small_offers()[:1], folder)
    with hosted(folder) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium(browser, site, picture) -> list[dict]:  # noqa: F811
    """What Chromium sees; the others are held to it."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(site)
    page.wait_for_selector(READY)
    seen = [page.evaluate(LOOK)]
    give(page, "image", picture)
    seen.append(page.evaluate(LOOK))
    page.click(".examples button")
    wait_for_text(page, ".message", "Drawn example 1")
    page.evaluate(f"() => {{ {SLIDE} }}")
    seen.append(page.evaluate(LOOK))
    page.close()
    assert seen[1]["message"].startswith("opened.png") and seen[1]["maps"] != seen[0]["maps"]
    return seen


def test_firefox_shows_the_same_without_a_server(chromium, site, picture):  # noqa: F811
    firefox = shutil.which("firefox-esr") or shutil.which("firefox")
    assert firefox, "apt-get install firefox-esr"
    drive = ["node", str(HERE / "drive_firefox.js"), firefox, site, str(picture)]
    path = os.pathsep.join([str(os.path.dirname(sys.executable)), os.environ["PATH"]])
    found = subprocess.run(drive, capture_output=True, text=True, timeout=180, env={**os.environ, "PATH": path})
    assert found.returncode == 0, found.stderr
    held(json.loads(found.stdout), chromium)


def test_webkit_shows_the_same_without_a_server(chromium, webkit, site, picture):  # noqa: F811
    from selenium.webdriver.support.wait import WebDriverWait

    wait = WebDriverWait(webkit, 90)
    webkit.set_window_size(1440, 1000)
    webkit.set_script_timeout(30)
    look = f"const done = arguments[0]; ({LOOK})().then(done)"
    says = "return document.querySelector('.message').textContent"
    webkit.get(site)
    wait.until(lambda driver: driver.execute_script(IS_READY))
    seen = [webkit.execute_async_script(look)]
    webkit.execute_script(GIVE, picture.name, list(picture.read_bytes()))
    wait.until(lambda driver: driver.execute_script(says).startswith(picture.name))
    seen.append(webkit.execute_async_script(look))
    webkit.execute_script("document.querySelector('.examples button').click()")
    wait.until(lambda driver: driver.execute_script(says).startswith("Drawn example 1"))
    webkit.execute_script(SLIDE)
    seen.append(webkit.execute_async_script(look))
    held(seen, chromium)
