"""Files that are dropped on the running page: which is the image, which the mask, and how it was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dbce.data.phantoms import polyp
from tests.browser.actions import drop, give
from tests.encodings import EXACT

ORIGIN = "document.querySelector('.dbce').parentElement.dbce"


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    """A photograph, and a mask whose name says nothing."""
    folder = tmp_path_factory.mktemp("dropped")
    image, mask = polyp(31, 240)
    paths = folder / "frame.jpg", folder / "cut.png"
    Image.fromarray(image).save(paths[0], quality=95)
    paths[1].write_bytes(EXACT["red on blue"](mask.astype(bool)))
    return paths


def share(page: Page) -> float:
    return page.evaluate(f"() => {ORIGIN}.study.labels.reduce((a, b) => a + (b === 1), 0) / {ORIGIN}.study.count")


def test_a_mask_dropped_first_is_the_mask_and_the_page_says_so(visit, pair):
    page = visit()
    drop(page, pair[1], pair[0])
    message = page.locator(".message")
    expect(message).to_contain_text("Taken: frame.jpg as the image, cut.png as its mask.")
    expect(message).to_contain_text("Object: red (255, 0, 0) on blue (0, 0, 255), ")
    assert share(page) == pytest.approx(polyp(31, 240)[1].mean(), abs=0.005)
    with page.expect_download() as begun:  # what is asked again later is the sorted pair
        page.get_by_text("Download").first.click()
        page.click("[data-export=csv]")
    assert begun.value.suggested_filename.endswith(".csv")


def test_a_mask_dropped_alone_is_refused_kindly_and_then_taken_with_its_image(visit, pair):
    page = visit()
    before = share(page)
    drop(page, pair[1])
    message = page.locator(".message")
    expect(message).to_contain_text("cut.png has 240 x 240 pixels, the example has 320 x 320")
    assert share(page) == before  # nothing is lost
    drop(page, pair[0])
    expect(message).to_contain_text("frame.jpg, 240 \u00d7 240 px, mask cut.png")
    expect(message).to_contain_text("with the mask that was dropped before")


def test_a_mask_is_added_to_the_image_in_view(visit, pair):
    page = visit()
    give(page, "image", pair[0])
    drop(page, pair[1])
    expect(page.locator(".message")).to_contain_text("Taken: cut.png as the mask of the picture in view.")
    assert page.evaluate(f"() => {ORIGIN}.state.example") is None and share(page) > 0


def test_a_photograph_is_no_mask_and_a_mask_no_photograph(visit, pair):
    page = visit()
    give(page, "image", pair[0])
    page.set_input_files("[data-file=mask]", pair[0])
    expect(page.locator(".message")).to_contain_text("not a mask")
    expect(page.locator(".message")).to_have_class("message error")
    give(page, "image", pair[1])
    expect(page.locator(".message")).to_contain_text("cut.png looks like a mask")


def test_three_files_at_once_are_sorted_and_nothing_runs_unasked(visit, pair, tmp_path):
    page = visit()
    other = tmp_path / "notes.txt"
    other.write_text("no picture")
    drop(page, *pair, other)
    dialog = page.locator("dialog.intake")
    expect(dialog).to_contain_text("notes.txt is not an image that can be read here")
    expect(dialog.locator("h2")).to_have_text("2 images, no masks")  # nothing says that cut belongs to frame
    page.keyboard.press("Escape")
    expect(page.locator(".message")).to_have_text("Nothing was opened; what was there is unchanged.")
