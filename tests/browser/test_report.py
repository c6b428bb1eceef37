"""A report, opened as a file: the viewer works in it, and it asks nothing of any host."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch

import dbce
from dbce.offline.watch import WatchPage, spread_images
from tests import small
from tests.browser.actions import READY, drop, frame, pixels, show
from tests.small import TINY
from tests.test_comparison import counted, drawn

REFUSED = "https://example.org/"  # asked for by a test, and kept back by the file's policy
SETS = ("ours", "label map")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Three images and two sets."""
    images, masks, soft, flat = zip(*map(drawn, (1, 2, 6)), strict=True)
    path = tmp_path_factory.mktemp("report") / "r.html"
    dbce.report(list(images), list(masks), {"ours": list(soft), "label map": list(flat)}, path)
    return path


@pytest.fixture
def opened(browser, report):
    """Opens it; at the end nothing may have gone wrong in it, nor may anything else have been asked for."""
    contexts, trouble, told = [], [], []

    def go(fragment: str = "", **options):
        context = browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: trouble.append(str(error)))
        page.on("console", lambda message: message.type == "error" and told.append(message.text))
        page.on("request", lambda asked: asked.url.startswith(("blob:", "data:")) or asked_for.append(asked.url))
        asked_for: list[str] = []
        page.goto(report.as_uri() + fragment)
        page.wait_for_selector(READY, timeout=60000)
        assert asked_for == [report.as_uri()] or asked_for == [report.as_uri() + fragment]
        return page

    yield go
    for context in contexts:
        context.close()
    assert not trouble and not [text for text in told if REFUSED not in text]


def dice(page, name: str) -> float:
    return float(page.inner_text(f'.model[data-loss="{name}"] [data-score=dice] td'))


def test_the_list_leads_to_every_image_and_the_viewer_judges_it_as_the_files_say(opened):
    page = opened()
    rows = page.locator("#view-images ol button")
    numbers = [[float(text) for text in row.locator(".dice b").all_inner_texts()] for row in rows.all()]
    wanted = []
    for seed in (1, 2, 6):
        _, mask, soft, flat = drawn(seed)
        apart = 1 - counted(soft > 0.5, flat)["dice"]
        wanted.append((apart, [round(100 * counted(found, mask)["dice"], 1) for found in (soft > 0.5, flat)]))
    assert numbers == [scores for _, scores in sorted(wanted, key=lambda each: -each[0])]
    page.select_option("#view-images select", "name/")
    assert rows.nth(2).locator(".title").inner_text() == "image 3"
    rows.nth(2).click()
    page.wait_for_selector("#view-compare")
    page.wait_for_function("document.querySelector('.message').textContent.startsWith('image 3')")
    frame(page)
    assert [dice(page, name) for name in SETS] == wanted[2][1]
    assert page.inner_text('.model[data-loss="label map"] h3 small') == "label map: no probabilities"
    assert page.inner_text('[data-out="one-image"]').endswith("One image proves nothing: the means are under Images.")

    _, mask, soft, _ = drawn(6)
    page.locator(".steer [data-field=threshold]").fill("0.8")  # no network ran, and none is asked
    frame(page)
    assert dice(page, "ours") == round(100 * counted(soft > 0.8, mask)["dice"], 1)
    assert dice(page, "label map") == wanted[2][1][1]


def test_a_link_into_a_report_and_its_maps(opened):
    page = opened("#tab=anatomy&example=1&loss=ours&radius=0&weighting=none")
    _, mask, soft, _ = drawn(2)
    entropy = -np.log(np.where(mask, soft, 1 - soft))
    page.hover("[data-panel=entropy] .frame canvas", position={"x": 100, "y": 100})
    box = page.locator("[data-panel=entropy] .frame canvas").bounding_box()
    x, y = (int(100.0 / box[side] * 320) for side in ("width", "height"))
    assert f"pixel ({x}, {y})" in page.inner_text(".probe")
    brightest = pixels(page.locator("[data-panel=entropy] .frame canvas")).sum(axis=2)
    assert entropy[np.unravel_index(brightest.argmax(), brightest.shape)] > 0.98 * entropy.max()
    before = pixels(page.locator("[data-panel=weight] .frame canvas"))
    page.locator(".controls [name=weighting][value=dilated]").check()
    page.locator(".controls [data-field=radius]").fill("40")
    frame(page)
    assert (pixels(page.locator("[data-panel=weight] .frame canvas")) != before).any()
    assert page.evaluate("location.hash").count("radius=40") == 1


def test_a_report_refuses_files_in_one_sentence_and_keeps_what_is_in_view(opened, tmp_path):
    page = opened("#tab=compare&example=0")
    file = tmp_path / "other.png"
    file.write_bytes(b"\x89PNG")
    drop(page, file)
    page.wait_for_selector(".message.error")
    assert page.inner_text(".message").startswith("This file runs no network, so it opens no image but those it holds")
    frame(page)
    assert dice(page, "ours") > 0
    for gone in ('[data-do="tour"]', '[data-menu="download"]', ".own label.button", ".hint"):
        assert not page.locator(gone).first.is_visible(), gone
    violated = """url => new Promise((done) => {
      document.addEventListener("securitypolicyviolation", (event) => done(event.effectiveDirective));
      fetch(url).catch(() => {});
    })"""
    assert page.evaluate(violated, REFUSED) == "connect-src"


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_is_wider_than_the_window(opened, width):
    page = opened(viewport={"width": width, "height": 844}, color_scheme="light")
    for tab in ("images", "anatomy", "compare", "radius"):
        show(page, tab)
        frame(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, tab


def test_the_sets_of_a_folder_are_compared_image_by_image(browser, tmp_path):
    seeds = range(8)
    images, masks, soft, flat = zip(*map(drawn, seeds), strict=True)
    made = dbce.report(list(images), list(masks), {"ours": list(soft), "theirs": list(flat)}, threshold=0.4)
    a, b = (
        np.array([counted(np.asarray(p) > 0.4, mask)["dice"] for p, mask in zip(of, masks, strict=True)])
        for of in (soft, flat)
    )
    path = made.write(tmp_path / "sets.html")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(f"{path.as_uri()}#tab=set")
    page.wait_for_selector(READY)
    better, worse = ((b - a) > 0.05).sum(), ((b - a) < -0.05).sum()
    assert re.search(rf"\b{max(better, worse)}\b", page.inner_text(".wins"))
    order = np.argsort(-np.abs(b - a), kind="stable")
    assert page.locator(".list tbody th button").all_inner_texts() == [f"image {k + 1}" for k in order]
    means = page.locator(".sizes tbody tr:last-child td").all_inner_texts()[:2]
    assert means == [f"{100 * of.mean():.1f}" for of in (a, b)]
    page.locator(".one [data-tab=compare]").click()
    page.wait_for_function(
        "n => document.querySelector('.message').textContent.startsWith(n)", arg=f"image {order[0] + 1}"
    )
    assert dice(page, "theirs") == pytest.approx(100 * b[order[0]], abs=0.06)
    page.close()


def test_the_page_of_a_training_leads_from_its_pictures_to_the_maps(browser, tmp_path):
    data = small.drawn(4)
    page = WatchPage(tmp_path / "w.html", TINY, spread_images(data, 2), data="drawn", part="that it is trained on")
    log = [{"epoch": 1, "loss": 4.0}, {"epoch": 2, "loss": 1.0, "validation": {"dice": 50.0}}]
    page(torch.nn.Conv2d(3, 2, 1).eval(), log, False)
    seen = browser.new_page(viewport={"width": 390, "height": 844})
    trouble: list[str] = []
    seen.on("pageerror", lambda error: trouble.append(str(error)))
    seen.goto(page.path.as_uri())
    seen.wait_for_selector(READY)
    assert seen.locator(".learnt svg").count() == 2 and seen.locator(".glance img").count() == 8
    assert seen.evaluate("document.documentElement.scrollWidth") <= 390
    assert "4 in epoch 1" in seen.inner_text(".learnt")
    seen.locator(".glance button").nth(6).click()
    seen.wait_for_selector("#view-anatomy [data-panel=weight]")
    name = page.shown.names[1]
    seen.wait_for_function("name => document.querySelector('.message').textContent.startsWith(name)", arg=name)
    assert not trouble
    seen.close()


def test_losses_of_ones_own_are_panels_until_the_mask_is_painted_anew(browser, tmp_path):
    image, mask, soft, flat = drawn(2)
    losses = ["examples.own_losses:focal", "tests.test_own_maps:overlap"]
    path = dbce.report(image, mask, {"ours": soft, "label map": flat}, losses=losses).write(tmp_path / "own.html")
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    trouble: list[str] = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.goto(f"{path.as_uri()}#tab=anatomy&loss=ours")
    page.wait_for_selector(READY)
    shown = page.locator(".own-losses figure:not([hidden])")
    panels = ["map:focal", "gradient:focal", "gradient:overlap"]
    assert [figure.get_attribute("data-panel") for figure in shown.all()] == panels
    true = np.where(mask, soft, 1 - soft).astype(float)
    focal = -((1 - true) ** 2) * np.log(true)
    bright = pixels(page.locator('[data-panel="map:focal"] .frame canvas')).sum(axis=2)
    assert focal[np.unravel_index(bright.argmax(), bright.shape)] > 0.97 * focal.max()
    push = pixels(page.locator('[data-panel="gradient:overlap"] .frame canvas'))
    strong = soft * (1 - soft) > 0.15  # where a logit moves the probability
    blue = push[..., 2] > push[..., 0]
    assert (blue[strong & mask]).mean() > 0.99 and (blue[strong & ~mask]).mean() < 0.01
    assert page.inner_text(".own-losses").count("focal of this image: ") == 1
    page.hover("[data-panel=image] .frame canvas", position={"x": 60, "y": 60})
    assert "focal: loss " in page.inner_text(".probe")
    page.click('[data-do="paint"]')
    page.locator("[data-panel=image] .frame canvas").click(position={"x": 40, "y": 40})
    frame(page)
    assert shown.count() == 0 and "focal is computed in Python" in page.inner_text(".own-losses")
    page.set_viewport_size({"width": 390, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390 and not trouble
    page.close()
