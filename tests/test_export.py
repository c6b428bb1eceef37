"""Downloads, read back by other readers than the ones that wrote them."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import re
import zipfile

import numpy as np
import pytest
from PIL import Image

from dbce.data.phantoms import polyp
from dbce.registry import LOSSES
from dbce.study.export import FIGURES, FORMATS, View, maps, render
from dbce.study.predictor import Study, quantise
from dbce.tasks import TASKS

TITLES = [loss.title for loss in LOSSES.values()]


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
    assert picture.width == 3300 and picture.info["dpi"][0] == pytest.approx(300, abs=0.1)
    svg = render(study, View(), "svg").decode()
    assert svg.lstrip().startswith("<?xml") and svg.rstrip().endswith("</svg>") and svg.count("<image") == 8
    pdf = render(study, View(figure="compare"), "pdf")
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF") and b"CreationDate" not in pdf
    assert b"/FontFile2" in pdf  # fonts are embedded


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
    rows = list(csv.DictReader(io.StringIO(render(study, view, "csv").decode())))
    assert [row["loss"] for row in rows] == TITLES
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


def test_an_unknown_kind_is_named(study):
    with pytest.raises(ValueError, match=re.escape("kind is 'tiff'")):
        render(study, View(), "tiff")
