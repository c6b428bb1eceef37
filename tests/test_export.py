"""Downloads, read back by other readers than the ones that wrote them."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import itertools
import json
import re
import zipfile
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from dbce.data.phantoms import polyp
from dbce.registry import LOSSES
from dbce.scores.learning_text import HEADS
from dbce.study.export import FIGURES, FORMATS, formats_of, maps, render, render_results
from dbce.study.sheet import drawing
from dbce.study.studies import Study, quantise
from dbce.study.tabs.anatomy import draw_anatomy
from dbce.study.view import RADII, Measured, View
from dbce.study.words import digits, grouped, share_percent
from dbce.tasks import TASKS
from tests.measured import CURVE, FOUND, RESULT

TITLES = [loss.title for loss in LOSSES.values()]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def study() -> Study:
    rng = np.random.default_rng(0)
    image, mask = polyp(3, 64)
    logits = {loss: quantise(rng.normal(0, 2, (64, 64)) + 3 * mask - 1.5) for loss in LOSSES}
    return Study(TASKS["polyp"], image, mask, logits)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("figure", ["anatomy", "compare"])
def test_the_same_view_gives_the_same_bytes_and_another_gives_others(study, figure, kind):
    view = View(figure=figure, radius=7, threshold=0.4)
    first = render(study, view, kind, (50, 80))
    assert first == render(study, view, kind, (50, 80))
    assert first != render(study, View(figure=figure, radius=8, threshold=0.6), kind, (50, 80))


def test_figures_are_valid_files_at_print_size(study):
    picture = Image.open(io.BytesIO(render(study, View(), "png")))
    assert picture.width > 3300 and picture.info["dpi"][0] == pytest.approx(300, abs=0.1)
    pdf = render(study, View(figure="compare"), "pdf")
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF") and b"CreationDate" not in pdf
    assert b"/FontFile2" in pdf and b"/Type3" not in pdf  # fonts are embedded, and text can be edited


def svg_of(study: Study, view: View, **more) -> ElementTree.Element:
    return ElementTree.fromstring(render(study, view, "svg", **more))


def said(svg: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


def pictures(svg: ElementTree.Element, size: int = 64) -> list[np.ndarray]:
    """The pixels of every image of this size, in the order in which they were drawn."""
    found = []
    for image in svg.iter(f"{SVG}image"):
        code = image.get("{http://www.w3.org/1999/xlink}href").partition(",")[2]
        pixels = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB"))
        if pixels.shape == (size, size, 3):
            upside = "scale(1 -1)" in (image.get("transform") or "")
            found.append(pixels[::-1] if upside else pixels)
    return found


def test_the_text_of_an_svg_is_text_in_fonts_that_everybody_has(study):
    view = View(figure="compare", threshold=0.35, shown=("dbce", "bce"), prior="corrected")
    one = dataclasses.replace(study, frequencies={"bce": [0.9, 0.1]})
    svg = svg_of(one, view, image="frame.png")
    texts = said(svg)
    assert list(dict.fromkeys(text for text in texts if text in TITLES)) == ["Balanced CE", "Dilated balanced CE"]
    assert texts.count("prior corrected") == 1
    assert any("frame.png" in text and "threshold 0.35" in text and "class prior corrected" in text for text in texts)
    assert not any("<" in text for text in texts)
    (fonts,) = {re.search(r"font-family: ([^;]+)", text.get("style"))[1] for text in svg.iter(f"{SVG}text")}
    assert fonts.split(", ") == ["'DejaVu Sans'", "'Verdana'", "'Arial'", "'Helvetica'", "sans-serif"]
    scores = [one.corrected().scores(loss, 0.35)["dice"] for loss in ("bce", "dbce")]
    assert all(f"{100 * dice:.1f}" in texts for dice in scores)
    assert "CE" not in texts and "Dice + CE" not in texts


def test_what_a_view_changes_is_what_the_figure_changes(study):
    """Each field by itself: the figure that must follow it does, the other does not."""
    follows = {
        "loss": ("bce", "anatomy"),
        "weighting": ("none", "both"),
        "map": ("gradient", "anatomy"),
        "outline": (False, "anatomy"),
        "threshold": (0.3, "compare"),
        "below": ("entropy", "compare"),
        "shape": ("outline", "compare"),
        "shown": (("ce",), "compare"),
        "layers": (("tp", "fn"), "compare"),
        "scale": ("shared", "both"),
        "opacity": (0.5, "both"),
        "zoom": ((2.0, -0.5, -0.25), "both"),
        "radius": (9, "both"),
    }
    for figure in ("anatomy", "compare"):
        start = View(figure=figure, below="weighted")
        first = render(study, start, "svg")
        for name, (value, which) in follows.items():
            changed = render(study, dataclasses.replace(start, **{name: value}), "svg") != first
            assert changed == (which in (figure, "both")), (figure, name)


@pytest.mark.parametrize("zoom", [(1, 0, 0), (2, -0.5, -0.25), (4, -3, 0), (1.6, -0.3, -0.6)])
def test_a_zoom_shows_these_pixels_and_no_others(study, zoom):
    """Of the drawn figure, the middle of every pixel in sight is read back."""
    with drawing():
        figure = draw_anatomy(study, View(zoom=zoom))
        figure.set_dpi(400)
        canvas = FigureCanvasAgg(figure)
        canvas.draw()
        drawn = np.asarray(canvas.buffer_rgba())[..., :3]
    (axes,) = (axes for axes in figure.axes if axes.get_label() == "(a) image")
    scale, x, y = zoom
    left, top, side = -x / scale * 64, -y / scale * 64, 64 / scale  # in pixels of the image
    box = axes.get_window_extent()
    seen = 0
    for row, column in itertools.product(range(64), repeat=2):
        across, down = (column + 0.5 - left) / side, (row + 0.5 - top) / side
        if 0.02 < across < 0.98 and 0.02 < down < 0.98:
            at = drawn[int(drawn.shape[0] - box.y1 + down * box.height), int(box.x0 + across * box.width)]
            assert np.array_equal(at, study.image[row, column]), (row, column)
            seen += 1
    assert seen == pytest.approx(side**2, rel=0.15)
    edge = drawn[int(drawn.shape[0] - box.y1) + 4, int(box.x0) + 4]  # what lies in the corner is of the corner
    assert np.array_equal(edge, study.image[int(top + 4 / box.height * side), int(left + 4 / box.width * side)])


def test_a_picture_has_the_shape_of_the_image_as_it_came(study):
    for shape, ratio in (((300, 400), 4 / 3), ((64, 64), 1), ((10, 1000), 3), (None, 1)):
        axes = draw_anatomy(study, View(), shape=shape).axes[0]
        box = axes.get_window_extent()
        assert box.width / box.height == pytest.approx(ratio, rel=1e-3)


@pytest.mark.parametrize("opacity", [0, 0.3, 0.65, 1])
def test_maps_lie_over_the_image(study, opacity):
    _, truth, *_ = pictures(svg_of(study, View(opacity=opacity)))
    labels = np.where(study.labels[..., None] == 1, [242, 242, 242], [8, 8, 10])
    k = round(256 * opacity)
    assert np.array_equal(truth, (labels * k + study.image.astype(int) * (256 - k)) // 256)


def test_the_gradient_is_black_where_it_is_0_and_has_a_colour_for_each_side(study):
    svg = svg_of(study, View(map="gradient", radius=5))
    gradient = pictures(svg)[-1]
    exact = study.gradient("dbce", 5)
    strong = np.abs(exact) > 0.3 * np.abs(exact).max()
    blue = gradient[..., 2].astype(int) > gradient[..., 0]
    assert blue[strong & (exact < 0)].all() and not blue[strong & (exact > 0)].any()
    assert np.array_equal(gradient[exact == 0], np.broadcast_to([8, 8, 10], (int((exact == 0).sum()), 3)))
    assert "(c) residual, p \u2212 y" in said(svg) and not any("cross entropy" in text for text in said(svg))


@pytest.mark.parametrize("weighting", ["none", "balanced", "dilated"])
def test_maps_hold_what_the_study_says(study, weighting):
    view = View(radius=9, threshold=0.3, weighting=weighting)
    with np.load(io.BytesIO(render(study, view, "npz", (30, 45))), allow_pickle=False) as file:
        assert np.array_equal(file["image"], study.image) and np.array_equal(file["labels"], study.labels)
        assert np.array_equal(file["weight"], study.weight(9, weighting))
        for loss in LOSSES:
            probability = 1 / (1 + np.exp(-study.logits[loss] / 1024))
            assert np.allclose(file[f"probability_{loss}"], probability, atol=1e-6)
            assert np.array_equal(file[f"prediction_{loss}"], study.prediction(loss, 0.3))
            entropy = -np.log(np.where(study.labels == 1, probability, 1 - probability))
            assert np.allclose(file[f"cross_entropy_{loss}"], entropy, rtol=1e-3, atol=1e-5)
            assert np.allclose(file[f"weighted_loss_{loss}"], entropy * file["weight"], rtol=1e-3, atol=1e-8)
            assert file[f"original_size_prediction_{loss}"].shape == (30, 45)
        assert len(file.files) == 3 + 5 * len(LOSSES)


def test_a_corrected_view_holds_the_networks_without_their_class_weights(study):
    weighed = dataclasses.replace(study, frequencies={"bce": (0.8, 0.2)})
    view = View(figure="compare", radius=9, prior="corrected")
    with np.load(io.BytesIO(render(weighed, view, "npz")), allow_pickle=False) as file:
        for loss in LOSSES:
            logit = study.logits[loss] / 1024 + (np.log(0.2 / 0.8) if loss == "bce" else 0)
            assert np.allclose(file[f"probability_{loss}"], 1 / (1 + np.exp(-logit)), atol=2e-4)
    rows = list(csv.DictReader(io.StringIO(render(weighed, view, "csv").decode())))
    assert [row["loss"] for row in rows if "corrected" in row["loss"]] == ["Balanced CE, prior corrected"]
    assert render(weighed, view, "png") != render(weighed, View(figure="compare", radius=9), "png")


def test_16_bit_pictures_times_their_scale_are_the_maps(study):
    view = View(radius=9)
    arrays = maps(study, view)
    with zipfile.ZipFile(io.BytesIO(render(study, view, "zip"))) as archive:
        assert archive.testzip() is None
        scales = json.loads(archive.read("scales.json"))
        assert {name.removesuffix(".png") for name in archive.namelist()} - {"scales.json"} == set(arrays)
        for name, array in arrays.items():
            pixels = np.asarray(Image.open(io.BytesIO(archive.read(f"{name}.png"))))
            if name in scales:
                assert pixels.max() == 65535 and np.abs(pixels * scales[name] - array).max() <= 0.51 * scales[name]
            elif name == "image":
                assert np.array_equal(pixels, array)
            else:
                assert np.array_equal(pixels, array.astype(np.uint8) * 255)


def test_a_prediction_at_its_own_size_is_the_prediction(study):
    arrays = maps(study, View(threshold=0.35), size=(64, 64))
    for loss in LOSSES:
        assert np.array_equal(arrays[f"original_size_prediction_{loss}"], study.prediction(loss, 0.35))


def test_the_table_repeats_the_studys_numbers(study):
    view = View(radius=5, threshold=0.6, weighting="balanced")
    rows = list(csv.DictReader(io.StringIO(render(study, view, "csv", image="frame.png").decode())))
    assert [row["loss"] for row in rows] == TITLES and {row["image"] for row in rows} == {"frame.png"}
    weight, inside = study.weight(5, "balanced").astype(float), study.labels == 1
    for loss, row in zip(LOSSES, rows, strict=True):
        found = study.prediction(loss, 0.6)
        dice = 2 * (found & inside).sum() / (found.sum() + inside.sum())
        assert float(row["dice_percent"]) == pytest.approx(100 * dice, abs=1e-3)
        assert int(row["missed_px"]) == (inside & ~found).sum()
        assert int(row["rim_px"]) + int(row["far_px"]) == (found & ~inside).sum()
        assert float(row["weight_share_object"]) == pytest.approx(weight[inside].sum() / weight.sum(), abs=1e-5)
        product = weight * study.cross_entropy(loss)
        assert float(row["loss_share_object"]) == pytest.approx(product[inside].sum() / product.sum(), abs=1e-5)
        assert row["weighting"] == "balanced" and float(row["radius_px"]) == 5


def test_without_a_mask_what_needs_one_says_so_and_the_rest_is_there(study):
    bare = Study(study.task, study.image, None, study.logits)
    for kind in FIGURES:
        assert render(bare, View(figure="compare"), kind)
    assert set(maps(bare, View())) == {"image"} | {
        f"{name}_{loss}" for name in ("probability", "prediction") for loss in LOSSES
    }
    for view, kind in ((View(), "csv"), (View(), "pdf")):
        with pytest.raises(ValueError, match="mask"):
            render(bare, view, kind)


def test_radius_has_its_maps_its_curve_and_its_numbers(study):
    measured = Measured(radius_curve=CURVE)
    view = View(figure="radius", radius=20)
    texts = said(svg_of(study, view, image="a.png", measured=measured))
    assert [text for text in texts if text.startswith("R = ")] == ["R = 20 px", *(f"R = {r} px" for r in RADII)]
    assert any("CVC" in text and "short run" in text for text in texts)
    for radius in RADII:
        assert f"rim {100 * study.shares(radius)['rim']:.1f} % of the weight" in texts
    rows = list(csv.DictReader(io.StringIO(render(study, view, "csv", None, "a.png", measured).decode())))
    assert [float(row["radius_px"]) for row in rows] == sorted({*RADII, 37})
    for row in rows:
        radius = float(row["radius_px"])
        assert row["image"] == "a.png"
        assert float(row["weight_share_rim"]) == pytest.approx(study.shares(radius)["rim"], abs=1e-6)
        point = next((point for point in CURVE["points"] if point["radius"] == radius), None)
        assert row["measured_dice_percent"] == ("" if point is None else str(point["dice"]))
    with np.load(io.BytesIO(render(study, view, "npz"))) as arrays:
        assert set(arrays) == {"image", "labels", *(f"weight_r{radius}" for radius in RADII)}
        assert np.array_equal(arrays["weight_r60"], study.weight(60))
    bare = dataclasses.replace(study, labels=None)
    assert len(pictures(svg_of(bare, view, measured=measured))) == 0  # the curve alone
    with pytest.raises(ValueError, match="no radius was measured"):
        render(bare, view, "svg")


def test_results_have_the_scores_of_a_training_that_was_followed():
    row = {
        "key": "ce",
        "loss": "ce",
        "title": "CE",
        "points": [[10, 45.2], [20, 70.0]],
        "classes": {"liver": [[10, 94.0]]},
    }
    learning = {
        "title": "T",
        "heads": HEADS,
        "said": ["A is sooner."],
        "note": "One training.",
        "last": 40,
        "rows": [row],
    }
    measured = Measured((RESULT,), FOUND, learning=learning)
    lines = render_results(measured, "csv").decode().splitlines()
    assert [line for line in lines if line.startswith("T,")] == [  # as tests/web/learned.test.js has them
        'T,CE,"Dice after 10 epochs, %",45.2,,,',
        'T,CE,"Dice after 20 epochs, %",70.0,,,',
        'T,CE,"liver: Dice after 10 epochs, %",94.0,,,',
    ]
    texts = said(ElementTree.fromstring(render_results(measured, "svg")))
    assert {"T", "A is sooner.", "One training.", "45.2", "70.0", "liver"} <= set(texts)


def test_results_have_what_holds_when_losses_are_trained_again():
    row = {"name": "Dice: A", "shown": [1.5, 0.5, 2.5], "repeated": [0.2, -1.0, 1.4], "texts": ["one", "three"]}
    said_of = {
        "said": ["1 of them holds."],
        "note": "Another recipe.",
        "heading": "Points",
        "heads": ["once", "thrice"],
    }
    measured = Measured((RESULT,), FOUND, repeats={"title": "Again?", **said_of, "rows": [row]})
    lines = render_results(measured, "csv").decode().splitlines()
    at = {name: k for k, name in enumerate(lines[0].split(","))}
    rows = [line.split(",") for line in lines if line.startswith("Again?,")]  # as tests/web/repeated.test.js has them
    assert [[row[at[name]] for name in ("network", "quantity", "value", "low", "high")] for row in rows] == [
        ["once", "Dice: A", "1.5", "0.5", "2.5"],
        ["thrice", "Dice: A", "0.2", "-1.0", "1.4"],
    ]
    svg = ElementTree.fromstring(render_results(measured, "svg"))
    assert {"Again?", "1 of them holds.", "Another recipe.", "Points", "once", "thrice", "three"} <= set(said(svg))
    bold = [
        "".join(text.itertext()) for text in svg.iter(f"{SVG}text") if re.search(r"bold|\b700\b", text.get("style"))
    ]
    assert "one" in bold and "three" not in bold


def test_results_have_their_tables_and_no_maps():
    measured = Measured((RESULT,), FOUND)
    svg = ElementTree.fromstring(render_results(measured, "svg"))
    texts = said(svg)
    whole = " ".join(texts)
    assert "It is not alone." in texts and "Fewer pixels are missed." in texts and "Bold is better." in whole
    bold = [
        "".join(text.itertext()) for text in svg.iter(f"{SVG}text") if re.search(r"bold|\b700\b", text.get("style"))
    ]
    assert "83.7 \u00b1 0.4" in bold and "80.9 \u00b1 0.3" not in bold and "80.9 \u00b1 0.3" in texts
    assert "84.06" in texts and "86.41" in texts and "10.7 \u2020" in texts
    rows = list(csv.DictReader(io.StringIO(render_results(measured, "csv").decode())))
    assert [rows[0][name] for name in ("network", "quantity", "value", "deviation")] == [
        "CE",
        "Dice",
        "80.904",
        "0.259",
    ]
    assert {row["mark"] for row in rows} == {"", "bold", "shaded"}
    assert len(rows) == 4 + 4 + 4 + 4  # of the findings; here, of two networks; of one in the paper
    assert formats_of("results") == ("png", "svg", "pdf", "csv") and set(formats_of("radius")) == set(FORMATS)
    assert not formats_of("lab"), "its networks learn in the browser alone"
    for kind in ("npz", "zip"):
        with pytest.raises(ValueError, match="png, svg, pdf, csv"):
            render_results(measured, kind)
    with pytest.raises(ValueError, match="nothing was measured"):
        render_results(Measured(), "svg")


def test_numbers_are_written_as_the_page_writes_them():
    golden = json.loads((Path(__file__).parent / "golden" / "format.json").read_text(encoding="utf-8"))
    for write, name in ((digits, "digits"), (share_percent, "percent"), (grouped, "grouped")):
        assert [write(number) for number, _ in golden[name]] == [text for _, text in golden[name]]


def test_an_unknown_kind_is_named(study):
    with pytest.raises(ValueError, match=re.escape("kind is 'tiff'")):
        render(study, View(), "tiff")
