"""The room of the page: what is seen at once, what stays where it is, one panel large, a phone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dbce.weightings import WEIGHTINGS
from tests.browser.actions import frame, give, show

SIZES = [(1440, 900), (1280, 720), (1920, 1080), (390, 844)]
PHONE = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
VIEWER = "document.querySelector('.dbce').parentElement.dbce"


def put(page: Page, **state: object) -> None:
    """Set the view, and wait until it is drawn."""
    page.evaluate(f"(state) => {VIEWER}.set(state)", state)
    frame(page)
    if state.get("tab") == "lab":
        page.wait_for_selector(".lab-foot")  # loaded when it is opened first


def box(page: Page, selector: str) -> dict[str, float]:
    return page.locator(selector).first.evaluate("(e) => e.getBoundingClientRect().toJSON()")


def in_view(page: Page, selector: str) -> bool:
    found, view = box(page, selector), page.viewport_size
    return found["top"] >= 0 and found["bottom"] <= view["height"] + 0.5 and found["width"] > 0


def one_row_of_heads_and_the_whole_width(page: Page, width: int) -> None:
    brand, tools, strip = (box(page, part) for part in ("h1", ".tools", "[data-panels=anatomy]"))
    assert brand["top"] < tools["bottom"] and tools["top"] < brand["bottom"]  # side by side
    assert strip["left"] <= 40 and strip["right"] >= width - 56
    assert in_view(page, "[data-panel=weight]") and in_view(page, ".controls [data-field=radius]")


@pytest.mark.parametrize(("width", "height"), SIZES)
def test_all_is_in_view_and_flicking_through_weightings_moves_nothing(visit, width, height):
    page = visit(width, height)
    if width > 900:
        one_row_of_heads_and_the_whole_width(page, width)
    places = set()
    kinds = ("loss", "gradient") if width > 900 else ("loss",)  # on a phone the gradient has two lines more
    for weighting, radius, kind in itertools.product(WEIGHTINGS, (0, 20, 150), kinds):
        put(page, weighting=weighting, radius=radius, map=kind)
        tops = [box(page, part)["top"] for part in (".controls", ".card.share", ".card.charts", ".foot")]
        places.add(tuple(round(top) for top in tops))
    assert len(places) == 1
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    if width > 900:
        show(page, "compare")
        assert in_view(page, ".rail [data-field=threshold]") and in_view(page, ".model[data-loss=dbce] canvas")


def test_an_image_keeps_its_shape(visit, tmp_path):
    Image.fromarray(np.random.default_rng(0).integers(0, 255, (150, 200, 3), np.uint8)).save(tmp_path / "wide.png")
    page = visit()
    give(page, "image", tmp_path / "wide.png")
    shown = box(page, "[data-panels=anatomy] .frame")
    assert shown["width"] / shown["height"] == pytest.approx(4 / 3, rel=0.01)
    page.mouse.move(shown["left"] + 0.25 * shown["width"], shown["top"] + 0.75 * shown["height"])
    assert page.evaluate(f"{VIEWER}.state.pixel") == {"x": 80, "y": 240}
    ring = box(page, "[data-panels=anatomy] .ring")  # a disk of the square maps
    assert ring["width"] / ring["height"] == pytest.approx(4 / 3, rel=0.05)


def test_a_click_shows_a_panel_large_with_its_slider(visit):
    page = visit()
    weight = page.locator("[data-panel=weight]")
    before, index = box(page, "[data-panel=weight]"), "(e) => [...e.parentElement.children].indexOf(e)"
    place = weight.evaluate(index)
    weight.locator("canvas").first.click()
    large = box(page, "dialog.large [data-panel=weight] .frame")
    assert large["width"] > 2.5 * before["width"] and large["bottom"] < 900
    drawn = "(c) => [...c.getContext('2d').getImageData(0, 0, 320, 320).data].reduce((a, b) => a + b)"
    canvas = page.locator("dialog.large .frame canvas")
    small = canvas.evaluate(drawn)
    page.locator("dialog.large [data-field=radius]").fill("60")
    frame(page)
    assert canvas.evaluate(drawn) != small and page.evaluate(f"{VIEWER}.state.radius") == 60
    canvas.hover()
    assert "M = max" in page.locator("dialog.large .probe").inner_text()
    page.click("[data-large=next]")
    assert page.locator("dialog.large figcaption").inner_text().startswith("(e)")
    page.keyboard.press("Escape")
    expect(page.locator("dialog.large")).not_to_be_visible()
    expect(page.locator(".controls .probe")).to_have_count(1)  # a dialog tells that it closed a little later
    assert weight.evaluate(index) == place and box(page, "[data-panel=weight]")["width"] == before["width"]
    page.keyboard.press("f")  # the panel that was large last is in focus
    assert page.locator("dialog.large[open]").count() == 1
    page.keyboard.press("f")
    assert page.locator("dialog.large[open]").count() == 0
    put(page, tab="anatomy")
    corner = box(page, "[data-panel=weight] canvas")
    page.mouse.move(corner["left"] + 20, corner["top"] + 20)
    page.mouse.down()
    page.mouse.move(corner["left"] + 90, corner["top"] + 60, steps=4)
    page.mouse.up()  # a drag is no click
    assert page.locator("dialog.large[open]").count() == 0


def test_a_phone_shows_all_maps_and_keeps_the_threshold_beside_the_predictions(visit):
    page = visit(**PHONE)
    assert in_view(page, "[data-panel=weight] .frame")
    show(page, "compare")
    for loss in ("ce", "dbce"):
        page.locator(f".model[data-loss={loss}] .frame").first.scroll_into_view_if_needed()
        assert in_view(page, ".rail [data-field=threshold]")
    assert page.locator(".frame").first.evaluate("(e) => getComputedStyle(e).touchAction") == "pan-y"
    assert not page.locator(".model .fit").first.is_visible()
    page.evaluate("() => document.querySelector('[data-do=zoom-in]').click()")
    fit = page.locator(".model .fit").first
    fit.scroll_into_view_if_needed()
    fit.tap()
    assert page.evaluate("getComputedStyle(document.querySelector('.dbce')).getPropertyValue('--zoom')") == "1"


def test_painting_on_a_phone_brings_the_image_into_view_and_large(visit):
    page = visit(**PHONE, reduced_motion="reduce")
    page.evaluate("scrollTo(0, 900)")
    page.evaluate("document.querySelector('[data-do=paint]').click()")
    frame(page)
    frame(page)
    assert in_view(page, "[data-paint] .frame") and box(page, "[data-paint] .frame")["width"] > 340


SMALL = """() => [...document.querySelectorAll('.dbce :is(button, summary, select, a, label, input[type=range])')]
  .filter((e) => e.offsetParent && !e.matches('.foot a, .term, .hide, .skip') && !e.closest('[hidden], .over'))
  .filter((e) => !(e.matches('label.range') || e.closest('.intro p')))
  .map((e) => [e.outerHTML.slice(0, 90), e.getBoundingClientRect()])
  .filter(([, {width, height}]) => width && Math.min(width, height) < 43.5).map(([html]) => html)"""


@pytest.mark.parametrize("task", ["", "organs"])
def test_a_finger_hits_everything(visit, task):
    page = visit(**PHONE, path=task)
    for tab in page.locator(".tabs button:visible").all():
        put(page, tab=tab.get_attribute("data-tab"))
        assert page.evaluate(SMALL) == []
