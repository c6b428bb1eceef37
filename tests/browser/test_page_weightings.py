"""Five weightings by name in a real browser, held to Python's numbers, and the chart of the weight mass."""

from __future__ import annotations

import numpy as np
import pytest

from dbce.page import page as app_page
from dbce.scores.shares import shares_summary
from dbce.study.predictor import Predictor
from dbce.train import checkpoints
from dbce.weightings import WEIGHTINGS
from tests.browser.actions import fetched, frame, show
from tests.browser.test_compare import study_in

WEIGHTS = """(key) => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  return study.weightMap(key, 20);
}"""
PAINT = """() => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  const near = (i, x, y, r) => Math.hypot(i % 320 - x, Math.floor(i / 320) - y) <= r;
  study.setLabels(study.labels.map((_, i) => +(near(i, 100, 100, 30) || near(i, 166, 100, 30))));
}"""


def switch(page, key: str) -> None:
    page.locator(f"[data-field=weighting] input[value={key}]").check()
    frame(page)


def test_every_weighting_is_drawn_by_its_name_as_python_weighs(visit):
    page = visit(path="#tab=anatomy&weighting=balanced")  # a link from before there were two
    names = [" ".join(text.split()) for text in page.locator("[data-field=weighting] label").all_inner_texts()]
    assert names == [each.name for each in WEIGHTINGS.values()]
    assert page.locator(".tag.weighting").first.inner_text() == "weighting: balanced (image)"
    page.evaluate(PAINT)
    study = study_in(page)
    for key, each in WEIGHTINGS.items():
        switch(page, key)
        weight = study.weight(20, key)
        assert np.array_equal(fetched(page, WEIGHTS, key), weight.ravel())
        assert page.locator(".tag.weighting").last.inner_text() == each.name
        shown = page.locator(f'.bar[data-weighting="{key}"]').evaluate("bar => bar.shares")
        assert np.allclose(shown, list(study.shares(20, key).values()), atol=1e-6)
        taught = page.locator("[data-out=taught]").inner_text()
        assert taught.endswith("no network is trained with it") == (not each.loss)
    switch(page, "unet")
    assert "border term holds" in page.locator(".moral").inner_text()
    page.evaluate("() => document.querySelector('.dbce').parentElement.dbce.point({x: 133, y: 100})")
    assert "exp(−(3.0 + 3.0)²/50)" in page.locator(".probe").inner_text()  # between the two disks


@pytest.mark.parametrize("width, height", [(1280, 720), (1440, 900), (390, 844)])
def test_the_switch_and_the_radius_stay_in_one_row_each(visit, width, height):
    page = visit(width, height, path="#tab=anatomy&weighting=balanced_set&radius=150")
    tops = page.locator("[data-field=weighting] label").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect().top)"
    )
    assert max(tops) - min(tops) < 1
    box, card = (page.locator(s).first.bounding_box() for s in ("[data-field=weighting]", ".card.controls"))
    assert box["x"] + box["width"] <= card["x"] + card["width"]
    if width >= 1280:
        radius = page.locator(".big[data-out=radius]").bounding_box()
        assert radius["y"] < box["y"] + box["height"]


def test_the_marker_of_the_weight_mass_is_that_of_the_image(visit):
    page = visit(path="#tab=results")
    frame(page)
    study = study_in(page)
    size = (study.labels == 1).mean()
    assert page.locator(".masses .mine").inner_html() == f"this image, {100 * size:.1f} %"
    assert page.locator(".masses figcaption").inner_text() == shares_summary("polyp")["said"]
    half, whole = (float(page.locator(".masses .grid").nth(k).get_attribute("y1")) for k in (2, 4))
    for key in ("none", "balanced_set", "balanced", "dilated"):
        y = float(page.locator(f'.masses circle[data-key="{key}"]').get_attribute("cy"))
        share = 0.5 + 0.5 * (half - y) / (half - whole)
        assert share == pytest.approx(study.shares(20, key)["object"], abs=1e-4)
    show(page, "anatomy")
    page.get_by_role("button", name="Paint a mask").first.click()
    page.get_by_role("button", name="Clear").click()
    page.get_by_role("button", name="Done").click()
    show(page, "results")
    frame(page)
    assert page.locator(".masses circle:visible").count() == 0


def test_without_a_network_that_weighs_the_classes_it_is_not_offered():
    networks = {loss: network for loss, network in checkpoints.bundled("polyp").items() if loss != "bce"}
    predictor = Predictor(networks)
    settings = app_page.config(app_page.studio_of(predictor), app_page.Offer(predictor), ["polyp"])
    (field,) = [field for field in settings["fields"] if field["name"] == "weighting"]
    assert (
        [key for key, _ in field["choices"]] == list(settings["weightings"]) == ["none", "balanced", "unet", "dilated"]
    )
    assert settings["frequencies"] is None and settings["weightings"]["dilated"]["trained"] == ["dbce"]
