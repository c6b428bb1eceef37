"""Everyone can use the page: axe finds nothing, keys reach and move everything, a screen reader is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.actions import frame, show
from tests.browser.test_layout import PHONE, VIEWER, put

AXE = Path(__file__).parents[2] / "node_modules/axe-core/axe.min.js"
RUN = """() => axe.run(document, {resultTypes: ['violations']}).then(({violations}) => violations.map(
  ({id, nodes}) => `${id}: ${nodes.map(({target, failureSummary}) => `${target} (${failureSummary})`).join('; ')}`))"""


def violations(page: Page) -> list[str]:
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate(AXE.read_text(encoding="utf-8"))
    return page.evaluate(RUN)


@pytest.mark.parametrize("options", [{}, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("task", ["", "lesion", "organs"])
def test_axe_finds_nothing_on_any_tab_in_either_scheme(visit, task, options):
    page = visit(path=task, **options)
    for tab in page.locator(".tabs button:visible").all():
        for theme in ("dark", "light"):
            put(page, tab=tab.get_attribute("data-tab"), theme=theme)
            assert violations(page) == [], (tab, theme)


ACTS = {
    "the display menu": "document.querySelector('details.menu').open = true",
    "the download menu": "document.querySelector('[data-menu=download]').open = true",
    "why one": "document.querySelector('.intro details').open = true",
    "a term": "document.querySelector('.term').focus()",
    "colours": "document.querySelector('[data-do=palette]').click()",
    "the gradient": "document.querySelector('[name=map][value=gradient]').click()",
    "shares of the loss": "document.querySelector('[name=of][value=loss]').click()",
    "painting": "document.querySelector('[data-do=paint]').click()",
}


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_in_menus_notes_and_dialogs(visit, theme):
    page = visit()
    put(page, theme=theme)
    for what, act in ACTS.items():
        page.evaluate(act)
        frame(page)
        assert violations(page) == [], what
        page.keyboard.press("Escape")
    page.locator("[data-panel=weight] canvas").first.focus()
    page.keyboard.press("f")
    assert page.locator("dialog.large[open]").count() == 1
    assert violations(page) == []


@pytest.mark.parametrize(
    ("task", "theme", "options"),
    [("", "dark", {}), ("", "light", PHONE), ("organs", "light", {}), ("lesion", "dark", PHONE)],
)
def test_axe_finds_nothing_at_any_step_of_the_tour(visit, task, theme, options):
    page = visit(path=task, reduced_motion="reduce", **options)
    put(page, theme=theme)
    page.get_by_role("button", name="Tour", exact=True).click()
    seen = set()
    while page.locator(".tour:visible").count():
        page.wait_for_selector(".marked:visible")
        seen.add(page.get_attribute(".dbce", "data-tour"))
        assert violations(page) == [], page.get_attribute(".dbce", "data-tour")
        page.locator(".tour [data-step='1']").click()
        frame(page)
    assert len(seen) >= 6


def test_keys_reach_and_move_everything(visit):
    page = visit()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "view-anatomy"
    page.focus("#tab-anatomy")
    for key, tab in (("End", "results"), ("Home", "anatomy"), ("ArrowLeft", "results"), ("ArrowRight", "anatomy")):
        page.keyboard.press(key)
        frame(page)
        assert page.evaluate("document.activeElement.id") == f"tab-{tab}"
        assert page.locator(f"#view-{tab}").is_visible()
    assert page.get_attribute(".controls [data-field=radius]", "aria-valuetext") == "20 pixels"
    page.focus(".controls [data-field=radius]")
    page.keyboard.press("ArrowRight")
    frame(page)
    assert page.get_attribute(".controls [data-field=radius]", "aria-valuetext") == "21 pixels"


OUTLINE = (
    "(e) => { const s = getComputedStyle(e); return [s.outlineStyle, s.outlineWidth, s.outlineColor, s.boxShadow] }"
)


def test_focus_is_seen(visit):
    page = visit()
    parts = (".examples button:nth-child(1)", ".examples button:nth-child(2)", ".tabs button", ".frame canvas")
    before = {part: page.locator(part).first.evaluate(OUTLINE) for part in parts}
    page.keyboard.press("Tab")  # from now on the browser shows focus
    for part in parts:
        page.locator(part).first.focus()
        after = page.locator(part).first.evaluate(OUTLINE)
        assert after != before[part] and after[0] == "solid" and float(after[1].rstrip("px")) >= 2, part


def test_a_screen_reader_hears_the_pixel_that_keys_move_to(visit):
    page = visit()
    page.locator("[data-panels=anatomy] canvas").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("document.querySelector('[data-out=announced]').textContent.startsWith('x 161, y 160. ')")
    assert "M = " in page.locator("[data-out=announced]").inner_text()
    show(page, "compare")
    page.locator("#view-compare canvas").first.focus()
    page.keyboard.press("ArrowDown")
    page.wait_for_function("document.querySelector('[data-out=announced]').textContent.includes('y 161')")
    assert "Dilated balanced CE" in page.locator("[data-out=announced]").inner_text()
    page.mouse.move(700, 400)
    assert "y 161" in page.locator("[data-out=announced]").inner_text()  # a mouse is not read aloud


def test_painting_is_undone_and_left_by_keys(visit):
    page = visit()
    page.click("[data-do=paint]")
    area = f"{VIEWER}.study.labels.reduce((a, b) => a + b)"
    before = page.evaluate(area)
    place = page.locator("[data-paint] canvas").first.bounding_box()
    page.mouse.click(place["x"] + 0.8 * place["width"], place["y"] + 0.8 * place["height"])
    assert page.evaluate(area) > before
    page.keyboard.press("Control+z")
    assert page.evaluate(area) == before
    page.keyboard.press("Escape")
    frame(page)
    assert not page.locator(".brush").is_visible() and page.evaluate(area) == before


def test_forced_colours_keep_the_maps_and_show_what_is_chosen(visit):
    page = visit(forced_colors="active")
    assert page.locator(".bar .rim").first.evaluate("(e) => getComputedStyle(e).backgroundColor") != "rgb(0, 0, 0)"
    chosen = page.locator("[data-field=weighting] label:has(:checked)")
    assert chosen.evaluate("(e) => getComputedStyle(e).outlineStyle") == "solid"


@pytest.mark.parametrize("task", ["", "organs"])
def test_colours_for_the_colour_blind_are_seen_on_every_tab(visit, task):
    page = visit(path=task)
    for tab in page.locator(".tabs button:visible").all():
        put(page, tab=tab.get_attribute("data-tab"), palette="paper")
        paper = page.locator(".view:visible").screenshot()
        put(page, palette="safe")
        assert page.locator(".view:visible").screenshot() != paper, tab
