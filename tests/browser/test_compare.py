"""Gradient, prior, curves and differences in a real browser, held to Python's numbers."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Page

from dbce.prior import training_weights
from dbce.registry import LOSSES, title
from dbce.study.studies import Study
from dbce.tasks import TASKS
from dbce.train import checkpoints
from tests.browser.actions import fetched, frame, pixels

STUDY = """() => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  return {labels: study.labels, logits: Object.fromEntries(study.losses.map((l) => [l, study.logits(l)]))};
}"""


def study_in(page: Page, size: int = 320) -> Study:
    """Python's study of exactly what the page holds, with the bundled networks' class frequencies."""
    found = fetched(page, STUDY)
    labels = found["labels"].reshape(size, size)
    logits = {loss: z.reshape(size, size) for loss, z in found["logits"].items()}
    recipes = {loss: entry["recipe"] for loss, entry in checkpoints.manifest("polyp").items()}
    weighed = {loss: training_weights(recipe) for loss, recipe in recipes.items()}
    frequencies = {loss: shares for loss, shares in weighed.items() if shares}
    return Study(TASKS["polyp"], np.zeros((size, size, 3), np.uint8), labels, logits, frequencies)


def test_the_gradient_takes_the_place_of_the_loss_maps(visit):
    page = visit(path="#tab=anatomy&map=gradient&loss=bce&weighting=dilated&radius=20")
    gradient = study_in(page).gradient("bce", 20)
    captions = page.locator("[data-panels=anatomy] figcaption:visible").all_inner_texts()
    assert len(captions) == 5 and "p − y" in captions[2] and "M (p − y)" in captions[4]
    up, down = (abs(gradient[where].sum(dtype=np.float64)) for where in (gradient < 0, gradient > 0))
    shown = [int(text.rstrip(" %")) for text in page.locator(".push b").all_inner_texts()]
    assert shown == pytest.approx([100 * up / (up + down), 100 * down / (up + down)], abs=0.51)
    canvas = page.locator("[data-panels=anatomy] figure:visible canvas[role=img]").nth(4)
    colour = pixels(canvas)
    strong = np.abs(gradient) > 0.4 * np.abs(gradient).max()
    blue = colour[..., 2] > colour[..., 0]
    edge = colour[..., 2] < 40  # the outline of the labels is amber, on pixels of the object
    assert (blue | edge)[strong & (gradient < 0)].all() and not blue[strong & (gradient > 0)].any()
    y, x = np.unravel_index(gradient.argmax(), gradient.shape)
    page.evaluate(f"() => document.querySelector('.dbce').parentElement.dbce.point({{x: {x}, y: {y}}})")
    assert "to lower p here" in page.locator(".probe").inner_text()
    page.locator("[data-field=map] label", has_text=re.compile("^loss$")).click()
    frame(page)
    assert "cross entropy" in page.locator("[data-panels=anatomy] figcaption:visible").all_inner_texts()[2]


def test_a_corrected_prior_is_pythons_and_changes_balanced_ce_alone(visit):
    page = visit(path="#tab=compare&threshold=0.4&radius=20")
    study = study_in(page)
    assert set(study.frequencies) == {"bce"}
    cells = page.locator("[data-score=dice] td")
    before = cells.all_inner_texts()
    page.locator("[data-field=prior] label", has_text="corrected").click()
    frame(page)
    after = cells.all_inner_texts()
    corrected = study.corrected()
    for loss, was, now, head in zip(LOSSES, before, after, page.locator(".model h3").all_inner_texts(), strict=True):
        assert float(was) == pytest.approx(100 * study.scores(loss, 0.4)["dice"], abs=0.051)
        assert float(now) == pytest.approx(100 * corrected.scores(loss, 0.4)["dice"], abs=0.051)
        assert (was != now) == (loss == "bce") and head.startswith(title(loss))
        assert ("prior corrected" in head) == (loss == "bce")
    rows = page.locator(".dices tbody tr")
    for loss, row in zip(LOSSES, rows.all(), strict=True):
        here, best, at = (float(text) for text in row.locator("td").all_inner_texts())
        assert here == pytest.approx(100 * corrected.scores(loss, 0.4)["dice"], abs=0.051)
        assert best == pytest.approx(100 * corrected.scores(loss, at)["dice"], abs=0.051) and best >= here
    assert (
        page.locator("[data-chart=dice] .curve").count() == 4 and page.locator("[data-chart=dice] .ghost").count() == 1
    )


def test_the_marker_of_the_chart_sets_the_threshold(visit):
    page = visit(path="#tab=compare")
    chart = page.locator("[data-chart=dice]")
    chart.scroll_into_view_if_needed()
    box = chart.locator("svg").bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + 0.85 * box["width"], box["y"] + box["height"] / 2)
    page.mouse.up()
    frame(page)
    threshold = float(page.locator("[data-out=threshold]").inner_text())
    assert 0.7 < threshold < 0.95
    expected = [100 * study_in(page).scores(loss, threshold)["dice"] for loss in LOSSES]
    assert [float(v) for v in page.locator("[data-score=dice] td").all_inner_texts()] == pytest.approx(
        expected, abs=0.051
    )


def test_two_networks_in_turn_and_where_any_disagree(visit):
    page = visit(path="#tab=compare&first=bce&second=dbce&threshold=0.5")
    study = study_in(page)
    found = {loss: study.prediction(loss, 0.5) for loss in LOSSES}
    page.locator(".difference").scroll_into_view_if_needed()
    caption = page.locator("[data-panels=difference] figcaption").first
    page.wait_for_function("() => document.querySelector('[data-panels=difference] .legend').textContent")
    assert caption.inner_text().startswith("A") and title("bce") in caption.inner_text()
    page.keyboard.press("b")
    frame(page)
    assert caption.inner_text().startswith("B") and title("dbce") in caption.inner_text()
    text = re.sub(r"(?<=\d)\s(?=\d)", "", page.locator("[data-panels=difference] .legend").first.inner_text())
    counts = [int(n) for n in re.findall(r"\d+", text)]
    a, b = found["bce"], found["dbce"]
    assert counts == [(a & ~b).sum(), (b & ~a).sum(), (a & b).sum()]
    votes = np.sum(list(found.values()), axis=0)
    share = 100 * ((votes > 0) & (votes < len(found))).mean()
    said = page.locator("[data-panels=difference] .legend").last.inner_text()
    assert float(re.search(r"on ([\d.]+) %", said)[1]) == pytest.approx(share, abs=0.051)


def test_what_is_said_of_the_image_is_what_is_shown_of_it(visit):
    page = visit(path="#tab=compare&threshold=0.9")
    said = page.locator("#view-compare [data-out=one-image]")
    dice = {loss: float(page.locator(f".model[data-loss={loss}] [data-score=dice] td").inner_text()) for loss in LOSSES}
    best = max(dice, key=dice.__getitem__)
    assert f"{title(best)} has the highest Dice, {dice[best]:.1f} %" in said.inner_text()
    page.locator("[data-field=prior] label", has_text="corrected").click()
    frame(page)
    now = {loss: float(page.locator(f".model[data-loss={loss}] [data-score=dice] td").inner_text()) for loss in LOSSES}
    best = max(now, key=now.__getitem__)
    assert now != dice and f"{title(best)} has the highest Dice, {now[best]:.1f} %" in said.inner_text()
    for loss in list(LOSSES)[1:]:
        page.locator(f"[data-field=shown] input[value={loss}]:visible").uncheck()
    frame(page)
    assert said.inner_text() == "One image proves nothing: the test set is under Results."
