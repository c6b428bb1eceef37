"""Files that are dropped on the running page: which is the image, which the mask, and how it was read."""

from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dbce.data.phantoms import polyp
from tests.browser.actions import READY, STUDY, drop, frame, give, opened_offline, packed, page_of, show
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


def test_the_view_becomes_a_page_that_needs_no_server(visit, browser, tmp_path):
    page = visit(path="#tab=compare&example=1&threshold=0.7")
    dice = ".model:nth-child(2) [data-score=dice] td"
    path, _ = page_of(page, tmp_path)
    assert path.name == "dbce-example-2-compare-t0.70.html" and b"127.0.0.1" not in path.read_bytes()
    again = opened_offline(browser, path)
    assert packed(again, STUDY) == packed(page, STUDY)
    assert again.inner_text(dice) == page.inner_text(dice)
    before = again.inner_text(dice)
    again.locator(".steer [data-field=threshold]").fill("0.05")  # it lives
    frame(again)
    assert again.inner_text(dice) != before
    again.context.close()

    show(page, "anatomy")
    page.click('[data-do="paint"]')
    page.locator("[data-panel=image] .frame canvas").click(position={"x": 30, "y": 30})
    page.click('[data-do="paint"]')
    path, _ = page_of(page, tmp_path)
    again = opened_offline(browser, path)
    labels = f"() => [...{ORIGIN}.study.labels].join('')"
    assert again.evaluate(labels) == page.evaluate(labels) and share(again) > 0
    assert "Its mask was painted in the page." in again.inner_text(".message")
    again.context.close()


def test_a_page_whose_frame_does_not_come_is_one_sentence(browser, address):
    page = browser.new_page()
    page.goto(address)
    page.wait_for_selector(READY)
    page.route("**/dbce-page/*", lambda route: route.fulfill(status=503))
    page.locator('[data-menu="download"] summary').click()
    page.click("[data-export=html]")
    expect(page.locator(".message")).to_have_class("message error")
    expect(page.locator(".message")).to_contain_text("The server did not answer; what you see is still yours.")
    page.unroute_all()
    page.locator('[data-menu="download"] summary').click()
    page.wait_for_function("/ MB$/.test(document.querySelector('[data-export=html]').textContent)")  # asked again
    page.close()
