"""The running app in a real browser: everything a visitor does first, held to Python's numbers."""

from __future__ import annotations

import os
import random
import re
from pathlib import Path
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page
from scipy.ndimage import binary_erosion

from dbce import registry
from dbce.data import inputs, masks
from dbce.data.phantoms import polyp
from dbce.dilation import dilate
from dbce.page.scene import ceil_distance
from dbce.scores import evidence
from dbce.scores.results import read_radius, summary
from dbce.study.studies import Study
from dbce.tasks import TASKS
from dbce.train import checkpoints
from tests.browser.actions import MAPS, READY, fetched, give, open_both, packed, pixels, show, wait_for_text

LOSSES = list(registry.LOSSES)


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    """A real CVC-ClinicDB frame and its mask; a drawn one where DBCE_DATA is unset."""
    if "DBCE_DATA" in os.environ:
        base = Path(os.environ["DBCE_DATA"]) / "CVC-ClinicDB"
        return base / "Original" / "100.webp", base / "Ground Truth" / "100.png"
    folder = tmp_path_factory.mktemp("drawn")
    image, mask = polyp(900)
    paths = folder / "frame.png", folder / "frame_mask.png"
    Image.fromarray(image).save(paths[0])
    Image.fromarray(mask * 255).save(paths[1])
    return paths


# what the page computes
FETCH = """(asked) => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  const out = {labels: study.labelled ? study.labels : null, logits: {}};
  for (const loss of study.losses) out.logits[loss] = study.logits(loss);
  if (!study.labelled) return out;
  out.distance = study.distance;
  out.entropy = study.crossEntropy(asked.loss);
  out.weight = asked.cases.map(([w, r]) => study.weightMap(w, r));
  out.shares = asked.cases.map(([w, r]) => study.shares(w, r));
  out.curves = study.radiusCurves(150);
  out.compare = asked.thresholds.map((t) => study.losses.map((l) => study.compare(l, asked.radius, t)));
  return out;
}"""
CASES = [
    ["dilated", 0],
    ["dilated", 1],
    ["dilated", 20],
    ["dilated", 77],
    ["dilated", 150],
    ["balanced", 20],
    ["none", 20],
]
THRESHOLDS = [0.1, 0.5, 0.83]


def page_study(found: dict, size: int = 320) -> Study:
    """Python's study of exactly what the page holds."""
    labels = None if found["labels"] is None else found["labels"].reshape(size, size)
    logits = {loss: z.reshape(size, size) for loss, z in found["logits"].items()}
    return Study(TASKS["polyp"], np.zeros((size, size, 3), np.uint8), labels, logits)


def test_opens_on_a_finished_example_of_four_models(visit):
    page = visit()
    assert page.locator("[data-panels=anatomy] figure:visible").count() == 5
    levels = page.evaluate(
        "() => [...document.querySelectorAll('[data-panels=anatomy] figure:not([hidden]) .frame canvas')].map((c) => "
        "new Set(new Uint32Array(c.getContext('2d').getImageData(0, 0, c.width, c.height).data.buffer)).size)"
    )
    assert min(levels) >= 2 and levels[0] > 1000  # every panel is drawn, the photograph richly
    assert page.locator(".scale p span:visible").all_inner_texts()[0] == "0"
    show(page, "compare")
    assert page.locator(".model h3").all_inner_texts() == list(map(registry.title, LOSSES))
    assert len(page.locator("[data-score=dice] td").all_inner_texts()) == 4


def test_upload_radius_and_numbers_agree_with_python(visit, files):
    page = visit()
    open_both(page, files)
    found = fetched(page, FETCH, {"loss": "bce", "cases": CASES, "thresholds": THRESHOLDS, "radius": 33})
    study = page_study(found)
    image = inputs.read_picture(files[0].read_bytes(), "").pixels
    mask = masks.read_mask(files[1].read_bytes(), "").labels
    assert image.shape[:2] == mask.shape and 0 < study.labels.mean() < 1
    assert abs(study.labels.mean() - mask.mean()) < 0.005  # it is this mask, resized
    for label in (0, 1):
        assert np.array_equal(np.array(found["distance"][label]), ceil_distance(study.labels == label).ravel())
    assert np.allclose(found["entropy"], study.cross_entropy("bce").ravel(), rtol=1e-4, atol=1e-6)
    for (weighting, radius), weight, shares in zip(CASES, found["weight"], found["shares"], strict=True):
        assert np.array_equal(np.array(weight, np.float32), study.weight(radius, weighting).ravel())
        assert np.allclose(shares, list(study.shares(radius, weighting).values()), atol=1e-6)
    for radius in (0, 1, 20, 77, 150):  # the charts hold the same numbers
        curve = [part[radius] for part in found["curves"]["shares"]]
        assert np.allclose(curve, list(study.shares(radius).values()), atol=1e-6)
        weights = np.array([part[radius] for part in found["curves"]["weights"]])
        assert weights.max() == pytest.approx(study.weight(radius).max(), rel=1e-6)
    for threshold, results in zip(THRESHOLDS, found["compare"], strict=True):
        for loss, result in zip(LOSSES, results, strict=True):
            assert result["errors"] == study.errors(loss, 33, threshold)
            assert result["scores"] == pytest.approx(study.scores(loss, threshold))


def test_moving_the_radius_redraws_the_panels_and_the_shares(visit, files):
    page = visit()
    open_both(page, files)
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    slider = page.get_by_role("slider", name="Radius of the disk in pixels")
    weight_panel = page.locator(MAPS).nth(3)
    seen = set()
    for radius in (0, 5, 60, 150):
        slider.fill(str(radius))
        wait_for_text(page, "[data-out=radius]", f"R = {radius}")
        shown = page.locator('.bar[data-weighting="dilated"]').evaluate("bar => bar.shares")
        assert np.allclose(shown, list(study.shares(radius).values()), atol=1e-6)
        weight = study.weight(radius)
        drawn = pixels(weight_panel) @ [65536, 256, 1]
        inside = study.labels == 1
        edge = inside & ~binary_erosion(inside)
        for value in np.unique(weight):  # one weight, one colour (the outline of the labels apart)
            assert len(np.unique(drawn[(weight == value) & ~edge])) == 1
        seen.add(drawn.tobytes())
    assert len(seen) == 4
    slider.press("ArrowLeft")
    wait_for_text(page, "[data-out=radius]", "R = 149")


def test_threshold_moves_the_scores_without_asking_the_server(visit, files):
    page = visit()
    open_both(page, files)
    show(page, "compare")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    calls = []
    page.on("request", lambda request: calls.append(request.url))
    for threshold in (0.2, 0.5, 0.9):
        page.get_by_role("slider", name="Probability threshold").fill(str(threshold))
        wait_for_text(page, ".rail [data-out=threshold]", f"{threshold:.2f}")
        for loss in LOSSES:
            expected = study.scores(loss, threshold)
            column = page.locator(f'[data-loss="{loss}"]')
            for key, value in expected.items():
                assert column.locator(f"[data-score={key}] td").inner_text() == f"{100 * value:.1f}"
            errors = study.errors(loss, 20, threshold)
            chips = column.locator(".chips span").all_inner_texts()
            assert [int("".join(c for c in chip if c.isdigit())) for chip in chips] == list(errors.values())
    assert not [url for url in calls if "component_server" in url]


def test_false_positives_are_red_and_false_negatives_blue(visit, files):
    page = visit()
    open_both(page, files)
    show(page, "compare")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    rgb = pixels(page.locator('[data-loss="bce"] .frame canvas').first)
    found, real = study.prediction("bce"), study.labels == 1
    for where, colour in ((found & ~real, "E5484D"), (~found & real, "3B82F6"), (found & real, "EDEDF0")):
        assert where.sum() == (rgb == list(bytes.fromhex(colour))).all(axis=2).sum()
        assert (rgb[where] == list(bytes.fromhex(colour))).all()


def test_without_a_mask_the_models_are_compared_with_each_other(visit, files):
    page = visit()
    give(page, "image", files[0])
    page.get_by_text("There is no mask for this image yet").wait_for()
    assert page.locator("[data-panels=anatomy] figure:visible").count() == 1
    page.get_by_role("button", name="See the predictions").click()
    study = page_study(fetched(page, FETCH, {}))
    expected = {pair: f"{100 * value:.1f}" for pair, value in study.agreement().items()}
    shown = [text for text in page.locator(".agreement tr:not(:first-child) td").all_inner_texts() if text]
    assert shown == list(expected.values())
    page.get_by_text("Agreement is not correctness").wait_for()
    assert not page.locator("[data-score=dice]:visible").count()


def test_painting_a_mask_gives_exact_maps(visit, files):
    page = visit()
    give(page, "image", files[0])
    page.get_by_role("button", name="Paint a mask").last.click()
    box = page.locator(MAPS).first.bounding_box()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.4 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.5 * box["height"], steps=5)
    page.mouse.up()
    page.get_by_role("button", name="Done").click()
    found = fetched(page, FETCH, {"loss": "dbce", "cases": [["dilated", 20]], "thresholds": [0.5], "radius": 20})
    study = page_study(found)
    assert study.labels.sum() > np.pi * 14**2
    assert np.array_equal(np.array(found["weight"][0], np.float32), study.weight(20).ravel())
    assert np.array_equal(np.array(found["distance"][1]), ceil_distance(study.labels == 1).ravel())
    assert found["compare"][0][3]["errors"] == study.errors("dbce", 20)
    page.get_by_role("button", name="Paint a mask").first.click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="Done").click()
    page.get_by_text("No mask: nothing was painted").wait_for()


def test_the_pixel_probe_states_the_formula_with_its_numbers(visit, files):
    page = visit()
    open_both(page, files)
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    box = page.locator(MAPS).nth(2).bounding_box()
    distance = ceil_distance(study.labels == 1)
    y, x = np.argwhere((distance > 3) & (distance <= 15))[0]  # in the rim, where both classes reach
    page.mouse.move(box["x"] + (x + 0.5) / 320 * box["width"], box["y"] + (y + 0.5) / 320 * box["height"])
    page.wait_for_function("() => document.querySelector('.probe').textContent.includes('pixel')")
    text = page.locator(".probe").inner_text().replace("\u2009", "")
    shown = tuple(int(v) for v in text[text.index("(") + 1 : text.index(")")].split(","))
    assert abs(shown[0] - x) <= 1 and abs(shown[1] - y) <= 1
    areas = [dilate(study.labels == label, 20).sum() for label in (0, 1)]
    assert f"polyp 1/(1+{areas[1]})" in text and f"background 1/(1+{areas[0]})" in text
    assert "the polyp\u2019s" in text


def test_a_mistake_is_one_sentence_and_loses_nothing(visit, files, tmp_path):
    (tmp_path / "notes.png").write_bytes(b"this is text")
    Image.new("L", (20, 20), 255).save(tmp_path / "single.png")
    Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save(tmp_path / "small.png")
    page = visit()
    open_both(page, files)
    before = packed(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0})
    said = {"notes.png": "not an image", "single.png": "single value", "small.png": "must have the same size"}
    for name, words in said.items():
        page.set_input_files("[data-file=mask]", tmp_path / name)
        page.locator(".message.error", has_text=words).wait_for()
        assert name in page.locator(".message").inner_text()
        assert packed(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}) == before, name


def state_of(page: Page) -> dict:
    return page.evaluate("() => ({...document.querySelector('.dbce').parentElement.dbce.state})")


def test_layers_opacity_and_outline_change_the_overlay(visit, files):
    page = visit()
    open_both(page, files)
    show(page, "compare")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    found, real = study.prediction("bce"), study.labels == 1
    canvas = page.locator('[data-loss="bce"] .frame canvas').first
    whole = pixels(canvas)
    page.get_by_role("checkbox", name="false positive").uncheck()
    page.wait_for_timeout(100)
    less = pixels(canvas)
    assert (less[found & ~real] == [8, 8, 10]).all() and np.array_equal(less[~found | real], whole[~found | real])
    page.get_by_role("checkbox", name="false positive").check()
    page.click(".menu:has([data-field=opacity]) summary")
    page.get_by_role("slider", name="Opacity of the maps over the image").fill("0.5")
    page.wait_for_timeout(100)
    image = pixels(page.locator("[data-panels=rail] .frame canvas").first).astype(int)
    half = pixels(canvas).astype(int)
    assert np.array_equal(half[~found & ~real], image[~found & ~real])  # what is black lets the image through
    expected = (whole.astype(int) + image) / 2
    assert abs(half - expected)[found | real].max() <= 1
    page.get_by_role("slider", name="Opacity of the maps over the image").fill("1")
    page.locator("input[name=shape][value=outline]").check(force=True)
    page.wait_for_timeout(100)
    lines = (pixels(canvas) != image).any(axis=2)
    cross = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], bool)
    edges = (found & ~binary_erosion(found, cross, border_value=1)) | (
        real & ~binary_erosion(real, cross, border_value=1)
    )
    assert np.array_equal(lines, edges)


def test_maps_below_the_predictions_and_their_scales(visit, files):
    page = visit()
    open_both(page, files)
    show(page, "compare")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    tops = {loss: (study.weight(20) * study.cross_entropy(loss)).max() for loss in LOSSES}
    page.locator("input[name=below][value=weighted]").check(force=True)

    def shown() -> list[float]:
        page.wait_for_timeout(100)
        texts = page.locator(".model .panel:visible .scale p span:last-child").all_inner_texts()
        digits = str.maketrans("\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079\u207b", "0123456789-")
        return [float(text.replace("\u00b710", "e").translate(digits)) for text in texts]

    assert shown() == pytest.approx([tops[loss] for loss in LOSSES], rel=0.01)
    page.click(".menu:has([data-field=scale]) summary")
    page.locator("input[name=scale][value=shared]").check(force=True)
    assert shown() == pytest.approx([max(tops.values())] * 4, rel=0.01)
    page.keyboard.press("Escape")
    page.get_by_role("checkbox", name="Dice + CE").uncheck()
    page.get_by_role("checkbox", name="CE", exact=True).uncheck()
    assert len(shown()) == 2 and page.locator(".model:visible h3").all_inner_texts() == [
        registry.title("bce"),
        registry.title("dbce"),
    ]
    page.get_by_role("checkbox", name="Balanced CE", exact=True).uncheck()
    page.locator("input[name=shown][value=dbce]:visible").click()
    wait_for_text(page, ".message", "At least one network")
    assert page.locator(".model:visible").count() == 1


def test_zoom_is_the_same_in_every_panel_and_the_probe_stays_exact(visit):
    page = visit()
    box = page.locator("[data-panels=anatomy] .frame").first.bounding_box()
    page.mouse.move(box["x"] + 0.25 * box["width"], box["y"] + 0.75 * box["height"])
    before = state_of(page)["pixel"]
    page.keyboard.down("Control")
    for _ in range(3):
        page.mouse.wheel(0, -200)
    page.keyboard.up("Control")
    page.wait_for_timeout(100)
    boxes = [frame.bounding_box() for frame in page.locator(MAPS).all()]
    scale = boxes[0]["width"] / box["width"]
    assert scale > 3 and all(abs(b["width"] / box["width"] - scale) < 0.01 for b in boxes)
    page.mouse.move(box["x"] + 0.25 * box["width"] + 0.4, box["y"] + 0.75 * box["height"])
    after = state_of(page)["pixel"]
    assert (
        abs(before["x"] - after["x"]) <= 1 and abs(before["y"] - after["y"]) <= 1
    )  # the point under the pointer stays
    page.mouse.down()
    page.mouse.move(box["x"] + 0.75 * box["width"], box["y"] + 0.75 * box["height"], steps=4)
    page.mouse.up()
    moved = page.locator(MAPS).first.bounding_box()
    assert moved["x"] - boxes[0]["x"] == pytest.approx(0.5 * box["width"], abs=2)
    page.locator(MAPS).nth(1).focus()
    page.keyboard.press("0")
    page.keyboard.press("ArrowRight")
    assert page.locator(MAPS).first.bounding_box()["width"] == pytest.approx(box["width"])
    assert "pixel" in page.locator(".probe").inner_text()


def test_radius_and_results_tabs_show_the_files_numbers(visit):
    page = visit()
    show(page, "results")
    for loss, entry in checkpoints.manifest("polyp").items():
        cells = page.locator(f'[data-row="{loss}"] td').all_inner_texts()
        ours = [f"{value:.2f}" for value in entry["scores"].values()]
        assert cells == ours + [f"{value:.2f}" for value in TASKS["polyp"].paper[loss]]
    measured = evidence.read_evidence("polyp")
    rows = evidence.rows(measured, evidence.columns_of(measured))
    shown = page.locator(".card:not(.masses, .repeated) table.more tbody tr").evaluate_all(
        "all => all.map((r) => [...r.children].map((c) => c.innerText))"
    )
    assert shown == rows
    below = page.locator(".card:not(.verdict, .masses, .repeated) .said li").all_inner_texts()
    assert below == summary("polyp", checkpoints.manifest("polyp"), measured, told=True)["differences"]
    assert evidence.sentences(measured)[0] not in below, "the verdict above says that, with its interval drawn"
    show(page, "radius")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    captions = page.locator("[data-panels=radius] figcaption").all_inner_texts()
    shares = [f"{100 * study.shares(radius)['rim']:.1f} %" for radius in (0, 5, 10, 20, 60, 150)]
    assert [caption.removeprefix("rim").strip().removesuffix("of the weight").strip() for caption in captions] == shares
    curve = read_radius("polyp")
    points = {point["radius"]: point["dice"] for point in curve["points"]}
    label = page.locator(".measure svg").get_attribute("aria-label")
    assert re.findall(r"R ([\d.]+) ([\d.]+) %", label) == [(f"{r:g}", f"{dice:.1f}") for r, dice in points.items()]
    best = max(points, key=points.get)
    assert f"{points[best]:.1f} % at R = {best:g} px (the highest)" in page.locator(".finding").inner_text()
    assert curve["label"] in page.locator(".measured h2").inner_text()
    page.get_by_role("button", name="R = 60 px").click()
    show(page, "anatomy")
    wait_for_text(page, "[data-out=radius]", "R = 60")


def test_downloads_hold_what_is_in_view(visit, files):
    page = visit()
    give(page, "image", files[0])
    page.get_by_role("button", name="Paint a mask").last.click()
    box = page.locator(MAPS).first.bounding_box()
    page.mouse.click(box["x"] + 0.4 * box["width"], box["y"] + 0.6 * box["height"])
    page.get_by_role("button", name="Done").click()
    page.get_by_role("slider", name="Radius of the disk in pixels").fill("11")
    study = page_study(fetched(page, FETCH, {"loss": "ce", "cases": [], "thresholds": [], "radius": 0}))
    entries = (("npz", "Maps of all networks, NumPy"), ("csv", "Numbers of all networks, CSV"))
    for kind, entry in (*entries, ("pdf", "Figure of Anatomy, PDF")):
        page.click("[data-menu=download] summary")
        with page.expect_download() as waiting:
            page.get_by_role("button", name=entry).click()
        path = waiting.value.path()
        assert waiting.value.suggested_filename == f"dbce-{files[0].stem}-anatomy-dilated-r11.{kind}"
        assert path.stat().st_size > 300
        if kind == "npz":
            with np.load(path) as found:
                assert np.array_equal(found["labels"], study.labels)
                assert np.array_equal(found["weight"], study.weight(11))
                assert np.array_equal(found["prediction_bce"], study.prediction("bce"))
    assert not page.locator(".message.error").count()


def test_examples_themes_and_palette(visit):
    page = visit(color_scheme="light")
    assert page.locator(".dbce").get_attribute("data-theme") == "light"
    page.get_by_role("button", name="Switch between dark and light").click()
    page.wait_for_selector('.dbce[data-theme="dark"]')
    page.get_by_role("button", name="Colour-blind safe").click()
    page.wait_for_selector('.dbce[data-palette="safe"]')
    labels = set()
    for index in range(page.locator(".examples button").count()):
        page.locator(".examples button").nth(index).click()
        wait_for_text(page, ".message", f"Drawn example {index + 1} of")
        labels.add(tuple(page.evaluate("() => [...document.querySelector('.dbce').parentElement.dbce.study.areas[1]]")))
    assert len(labels) == page.locator(".examples button").count() >= 6


def test_on_a_phone_nothing_is_cut_off(visit):
    page = visit(390, 844, has_touch=True, is_mobile=True)
    for tab in ("anatomy", "compare", "radius", "results"):
        show(page, tab)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        swiped = ".strip *, .examples *, .scroll *"
        controls = f".dbce :is(button, summary, input[type=range]):visible:not({swiped})"
        for control in page.locator(controls).all():
            box = control.bounding_box()
            assert box["x"] >= -1 and box["x"] + box["width"] <= 391
    page.locator(".examples button").last.scroll_into_view_if_needed()
    box = page.locator(".examples button").last.bounding_box()
    assert box["x"] >= -1 and box["x"] + box["width"] <= 391  # the strip can be swiped to its end


def test_a_link_opens_exactly_this_view(visit, browser):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    page.locator(".examples button").nth(2).click()
    wait_for_text(page, ".message", "Drawn example 3 of")
    page.get_by_role("slider", name="Radius of the disk in pixels").fill("47")
    page.locator("input[name=loss][value=bce]").check(force=True)
    show(page, "compare")
    page.get_by_role("slider", name="Probability threshold").fill("0.35")
    page.locator("input[name=below][value=entropy]").check(force=True)
    page.locator("input[name=shown][value=ce]:visible").uncheck()
    page.locator(".model[data-loss=dbce] .frame canvas").first.click()  # large, and there closer
    page.locator("dialog.large .frame canvas").dblclick()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Share").click()
    wait_for_text(page, ".message", "Link copied")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert "#" in link and link == page.url
    other = page.context.new_page()
    other.goto(link)
    other.wait_for_selector(READY)
    pick = """() => {
      const {state} = document.querySelector('.dbce').parentElement.dbce;
      const {tab, example, radius, loss, threshold, below, shown} = state;
      return {tab, example, radius, loss, threshold, below, shown};
    }"""
    expected = {"tab": "compare", "example": 2, "radius": 47, "loss": "bce", "threshold": 0.35}
    assert other.evaluate(pick) == {**expected, "below": "entropy", "shown": ["bce", "dice_ce", "dbce"]}
    corner = "(p) => p.querySelector('.stage').getBoundingClientRect().width / p.querySelector('.frame').offsetWidth"
    assert other.locator(".model[data-loss=dbce] .panel").first.evaluate(corner) == pytest.approx(2, abs=0.01)
    wait_for_text(other, ".message", "Drawn example 3 of")
    other.goto(link.split("#")[0] + "#radius=9999&loss=focal&tab=nowhere&example=-1&threshold=abc&shown=x&view=0_a")
    other.reload()
    other.wait_for_selector(READY)  # nonsense in a link is left out, not shown
    plain = {"tab": "anatomy", "example": 0, "radius": 20, "loss": "ce", "threshold": 0.5}
    assert other.evaluate(pick) == {**plain, "below": "probability", "shown": LOSSES}


def hostile_links() -> list[str]:
    """Hashes that nobody's Share button writes: every field with values of each kind, and fields that are none."""
    fields = "tab slice cls example weighting loss of radius threshold palette below shape scale opacity outline shown"
    fields += " layers view own from"
    known = ["__proto__", "constructor", "toString", "valueOf", "hasOwnProperty", "__defineGetter__", "prototype"]
    numbers = ["", "NaN", "-1", "1e3", "0x10", "Infinity", "9" * 400, " 5", "5.5.5", "\u0665", "-0_0_0", "Infinity_0_0"]
    rng = random.Random(7)
    letters = "a0.-_%&=#/\\\"'<>{}[] \u00e9\ud83d\ude00"
    noise = ["".join(rng.choices(letters, k=rng.randint(0, 12))) for _ in range(60)]
    links = ["&".join(f"{name}=1&{name}=" for name in known)]
    links += ["&".join(f"{field}={quote(value)}" for field in fields.split()) for value in known + numbers]
    links += [
        "&".join(f"{rng.choice(fields.split())}=x{text}" for text in noise),
        "&".join(noise),
        "=&=&&%&%E0%A4%A",
        "?#&#",
    ]
    return links


def test_no_link_breaks_the_page(visit):
    page = visit()
    whole = "() => JSON.stringify(document.querySelector('.dbce').parentElement.dbce.state)"
    plain, base = page.evaluate(whole), page.url
    for link in hostile_links():
        page.goto("about:blank")
        page.goto(f"{base}#{link}")
        page.wait_for_selector(READY)
        assert page.evaluate(whole) == plain, link
        if link.startswith("__proto__=1"):
            wait_for_text(page, ".message", "The link asks for what this page does not know (__proto__, constructor")
    page.get_by_role("slider", name="Radius of the disk in pixels").fill("47")
    wait_for_text(page, "[data-out=radius]", "R = 47")  # alive
    assert page.evaluate("() => Object.keys(Object.prototype).length") == 0


def test_the_chart_moves_the_radius(visit):
    page = visit()
    chart = page.locator("[data-chart=share]")
    chart.scroll_into_view_if_needed()
    box = chart.bounding_box()
    page.mouse.move(box["x"] + box["width"] * 0.3, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + box["height"] * 0.4, steps=4)
    page.mouse.up()
    radius = page.evaluate("() => document.querySelector('.dbce').parentElement.dbce.state.radius")
    assert abs(radius - (0.6 * 560 - 52) / (560 - 52 - 14) * 150) <= 2


def test_tabs_by_keyboard_and_names_for_a_screen_reader(visit):
    page = visit()
    page.focus("#tab-anatomy")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector("#view-compare")
    assert not page.locator("#view-anatomy").is_visible()
    assert "Dice" in page.locator('[data-loss="dbce"] canvas').first.get_attribute("aria-label")
    page.keyboard.press("ArrowLeft")
    canvases = page.locator(MAPS).all()
    names = [canvas.get_attribute("aria-label") for canvas in canvases]
    assert all(names) and "percent of the image" in names[1]
