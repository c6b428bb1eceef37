"""A mask with ignored pixels in a real browser: the page's numbers, panels, brush and downloads, held to Python's."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import Page

from dbce.data import ct
from dbce.data.phantoms import polyp
from dbce.page.scene import ceil_distance, scene
from dbce.registry import LOSSES
from dbce.study import colours
from dbce.study.predictor import Predictor
from dbce.study.studies import LabelStudy, Study
from dbce.tasks import IGNORE, TASKS
from dbce.train import checkpoints
from tests.browser import test_page, test_page_tasks
from tests.browser.actions import fetched, pixels, show, wait_for_text

HATCH = np.array([list(bytes.fromhex(colour[1:])) for colour in colours.IGNORED])


def is_hatch(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., None, :] == HATCH).all(axis=-1).any(axis=-1)


def ringed(labels: np.ndarray) -> np.ndarray:
    """The labels with a band around every object ignored, and a corner of the picture."""
    to_object = ceil_distance(labels > 0)
    out = np.where((to_object > 0) & (to_object <= 6), IGNORE, labels).astype(np.uint8)
    out[:60, :80] = IGNORE
    return out


def open_scene(page: Page, study: Study) -> None:
    """Show this study as if the server had answered with it."""
    text = scene(study, "a scene with ignored pixels")
    page.evaluate("text => document.querySelector('.dbce').parentElement.dbce.showScene(text)", text)
    wait_for_text(page, ".message", "a scene with ignored pixels")


@pytest.fixture(scope="module")
def one() -> Study:
    image, mask = polyp(900)
    return Predictor(checkpoints.bundled("polyp")).set_image(image, ringed(mask))


@pytest.fixture(scope="module")
def slice_() -> LabelStudy:
    hu, labels = ct.scan(1, 320, [30])
    image = np.repeat(ct.window(hu[0])[..., None], 3, axis=2)
    return Predictor(checkpoints.bundled("organs"), "organs").set_image(image, ringed(labels[0]))


def test_two_classes_agree_with_python(visit, one):
    assert set(np.unique(one.labels)) == {0, 1, IGNORE}
    page = visit()
    open_scene(page, one)
    asked = {"loss": "bce", "cases": test_page.CASES, "thresholds": test_page.THRESHOLDS, "radius": 33}
    found = fetched(page, test_page.FETCH, asked)
    assert np.array_equal(np.array(found["labels"]), one.labels.ravel())
    assert np.allclose(found["entropy"], one.cross_entropy("bce").ravel(), rtol=1e-4, atol=1e-6)
    for (weighting, radius), weight, shares in zip(test_page.CASES, found["weight"], found["shares"], strict=True):
        assert np.array_equal(np.array(weight, np.float32), one.weight(radius, weighting).ravel())
        assert np.allclose(shares, list(one.shares(radius, weighting).values()), atol=1e-6)
    for radius in (0, 20, 150):
        curve = [part[radius] for part in found["curves"]["shares"]]
        assert np.allclose(curve, list(one.shares(radius).values()), atol=1e-6)
        assert max(part[radius] for part in found["curves"]["weights"]) == pytest.approx(one.weight(radius).max())
    for threshold, results in zip(test_page.THRESHOLDS, found["compare"], strict=True):
        for loss, result in zip(LOSSES, results, strict=True):
            assert result["errors"] == one.errors(loss, 33, threshold)
            assert result["scores"] == pytest.approx(one.scores(loss, threshold))
    more = fetched(
        page,
        """() => {
          const {study} = document.querySelector('.dbce').parentElement.dbce;
          const at = (w) => Float64Array.from(study.labels, (_, i) => study.weightAt(i, w, 20));
          return {
            loss: ["none", "balanced", "dilated"].map((w) => study.shares(w, 20, "ce")),
            at: ["none", "balanced", "dilated"].map(at),
            agreement: study.agreement("ce", "bce", 0.5),
          };
        }""",
    )
    for weighting, shares, weight in zip(("none", "balanced", "dilated"), more["loss"], more["at"], strict=True):
        assert np.allclose(shares, list(one.loss_shares("ce", 20, weighting).values()), atol=1e-5)
        assert np.allclose(weight, one.weight(20, weighting).ravel(), rtol=1e-6)
    assert more["agreement"] == pytest.approx(one.agreement()[("ce", "bce")])


def test_several_classes_agree_with_python(visit, slice_):
    assert len(np.unique(slice_.labels)) > 5 and slice_.labels.max() == IGNORE
    page = visit(path="organs")
    open_scene(page, slice_)
    found = fetched(page, test_page_tasks.FETCH, {"cases": test_page_tasks.CASES, "radius": 10})
    test_page_tasks.hold_together(found, slice_)
    assert all(np.array(found["only"])[slice_.labels.ravel() == IGNORE] == 0)
    show(page, "organs")
    ignored = slice_.labels == IGNORE
    truth = page.locator("[data-panels=organ-rail] .frame canvas").nth(1)
    section = page.locator('#view-organs .model[data-loss="dbce"]')
    assert np.array_equal(is_hatch(pixels(truth)), ignored)
    errors = pixels(section.locator(".frame canvas").nth(1))
    wrong = (errors == [0xE5, 0x48, 0x4D]).all(axis=2)
    assert np.array_equal(wrong, (slice_.label_map("dbce") != slice_.labels) & ~ignored)
    assert np.array_equal(is_hatch(errors), ignored)
    found_map = pixels(section.locator(".frame canvas").nth(0))
    assert not is_hatch(found_map).any()  # what a network says is shown whole
    assert (
        f"ignored: {ignored.sum():,} px".replace(",", "\u2009")
        == page.locator("[data-panels=organ-rail] [data-legend=ignored]").inner_text().strip()
    )


def test_labels_and_overlays_hatch_them_and_the_legend_says_so(visit, one):
    page = visit()
    note = page.locator("[data-panels=anatomy] [data-legend=ignored]")
    assert note.is_hidden()
    open_scene(page, one)
    ignored = one.labels == IGNORE
    assert note.inner_text().strip() == f"ignored: {ignored.sum():,} px".replace(",", "\u2009")
    drawn = pixels(page.locator("[data-panels=anatomy] .frame canvas").nth(1))
    assert np.array_equal(is_hatch(drawn), ignored)
    name = page.locator("[data-panels=anatomy] .frame canvas").nth(1).get_attribute("aria-label")
    assert "pixels ignored" in name and f"{100 * (one.labels == 1).sum() / (~ignored).sum():.1f} percent" in name
    show(page, "compare")
    assert "ignored" in page.locator("[data-legend=errors]").inner_text()
    for palette in ("paper", "safe"):
        rgb = pixels(page.locator('[data-loss="bce"] .frame canvas').first)
        assert np.array_equal(is_hatch(rgb), ignored)
        prediction = one.prediction("bce")
        if palette == "paper":
            for key, where in (("fp", prediction & (one.labels == 0)), ("fn", ~prediction & (one.labels == 1))):
                colour = list(bytes.fromhex(colours.PALETTES["paper"][key][1:]))
                assert np.array_equal((rgb == colour).all(axis=2), where)
        page.get_by_role("button", name="Colour-blind safe").click()
        page.wait_for_timeout(100)
    page.locator(".examples button").nth(0).click()
    wait_for_text(page, ".message", "Drawn example 1")
    assert "ignored" not in page.locator("[data-legend=errors]").inner_text()
    show(page, "anatomy")
    assert note.is_hidden()


def change(page: Page, **patch: str) -> None:
    page.evaluate("patch => document.querySelector('.dbce').parentElement.dbce.set(patch)", patch)


def point_at(page: Page, panel: int, x: int, y: int) -> None:
    box = page.locator(".view:not([hidden]) .frame canvas").nth(panel).bounding_box()
    page.mouse.move(box["x"] + (x + 0.5) / 320 * box["width"], box["y"] + (y + 0.5) / 320 * box["height"])


def test_the_probe_says_that_an_ignored_pixel_counts_nowhere(visit, one, slice_):
    page = visit()
    open_scene(page, one)
    point_at(page, 2, 20, 20)
    wait_for_text(page, ".probe", "pixel (20, 20): ignored")
    assert "counts nowhere" in page.locator(".probe").inner_text()
    change(page, weighting="none")
    y, x = np.argwhere(one.labels[:, 100:200] == 0)[-5000] + (0, 100)  # away from the round corners
    point_at(page, 2, int(x), int(y))
    count = f"{(one.labels != IGNORE).sum():,}".replace(",", "\u2009")
    page.wait_for_function("n => document.querySelector('.probe').textContent.includes(`1/N = 1/${n}`)", arg=count)
    show(page, "compare")
    change(page, below="entropy")
    page.wait_for_timeout(100)
    point_at(page, 0, 20, 20)
    texts = page.locator(".model .panel:visible figcaption:has-text('cross entropy')").all_inner_texts()
    assert len(texts) == 4 and all("ignored" in text for text in texts)
    page = visit(path="organs")
    open_scene(page, slice_)
    point_at(page, 1, 20, 20)
    wait_for_text(page, ".probe", "pixel (20, 20): ignored")
    show(page, "organs")
    point_at(page, 0, 20, 20)
    page.get_by_text("ground truth ignored").wait_for()
    captions = page.locator("#view-organs .model .panel:first-of-type figcaption").all_inner_texts()
    assert captions and not any("truth" in text for text in captions)


def test_painting_over_ignored_pixels_makes_them_count_and_the_rest_stays(visit, one):
    page = visit()
    open_scene(page, one)
    page.get_by_role("button", name="Paint a mask").first.click()
    point_at(page, 0, 30, 30)
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Erase").click()
    point_at(page, 0, 65, 30)
    page.mouse.down()
    page.mouse.up()
    page.get_by_role("button", name="Done").click()
    grid = np.indices((320, 320))
    expected = one.labels.copy()
    for x, label in ((30, 1), (65, 0)):
        expected[(grid[0] - 30) ** 2 + (grid[1] - x) ** 2 <= 14**2] = label
    asked = {"loss": "dbce", "cases": [["dilated", 20], ["none", 20]], "thresholds": [0.5], "radius": 20}
    found = fetched(page, test_page.FETCH, asked)
    assert np.array_equal(np.array(found["labels"]).reshape(320, 320), expected)
    study = Study(TASKS["polyp"], one.image, expected, one.logits)
    for (weighting, _), weight in zip(asked["cases"], found["weight"], strict=True):
        assert np.array_equal(np.array(weight, np.float32), study.weight(20, weighting).ravel())
    assert np.array_equal(np.array(found["distance"][1]), ceil_distance(expected == 1).ravel())
    assert found["compare"][0][3]["errors"] == study.errors("dbce", 20)
    page.click("[data-menu=download] summary")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="NumPy").click()
    with np.load(waiting.value.path()) as arrays:
        assert np.array_equal(arrays["labels"], expected)
    page.get_by_role("button", name="Paint a mask").first.click()
    page.get_by_role("button", name="Clear").click()
    page.wait_for_timeout(100)
    cleared = np.array(fetched(page, test_page.FETCH, {**asked, "cases": [], "thresholds": []})["labels"])
    assert np.array_equal(
        cleared.reshape(320, 320), np.where(expected == IGNORE, IGNORE, 0)
    )  # what is unknown stays so


def test_every_tab_is_drawn_with_them_in_view(visit, one, slice_):
    for path, study, tabs in (("", one, ("compare", "radius")), ("organs", slice_, ("organs", "radius"))):
        page = visit(path=path)
        open_scene(page, study)
        change(page, shape="outline", scale="shared", of="loss")
        for tab in tabs:
            show(page, tab)
            page.wait_for_timeout(150)
        rims = page.locator("[data-panels=radius] figcaption b").all_inner_texts()
        expected = [f"{100 * study.shares(r)['rim']:.1f} %" for r in (0, 5, 10, 20, 60, 150)]
        assert rims == expected
