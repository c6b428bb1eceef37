"""A study of several classes: every number against a formula of its own in numpy."""

from __future__ import annotations

import csv
import io

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from dbce.data import ct
from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.study import export
from dbce.study.predictor import Predictor
from dbce.study.studies import LOGIT_STEP, LabelStudy, quantise
from dbce.study.tabs.organs import draw_organs
from dbce.study.view import View
from dbce.tasks import TASKS
from dbce.train.checkpoints import Checkpoint

TITLES = [loss.title for loss in LOSSES.values()]

TASK = TASKS["organs"]
LABELS = hnp.arrays(np.uint8, (7, 9), elements=st.sampled_from([0, 0, 0, 1, 4, 8]))
LOGITS = hnp.arrays(np.float32, (9, 7, 9), elements=st.floats(-9, 9, width=32))


def log_softmax(z: np.ndarray) -> np.ndarray:
    z = z.astype(np.float64) - z.max(axis=0)
    return z - np.log(np.exp(z).sum(axis=0))


def study(labels: np.ndarray | None, *logits: np.ndarray) -> LabelStudy:
    maps = {loss: quantise(log_softmax(z)) for loss, z in zip(LOSSES, logits, strict=False)}
    return LabelStudy(TASK, np.zeros((7, 9, 3), np.uint8), labels, maps)


def saying(found: np.ndarray) -> np.ndarray:
    """Logits of a network that is sure of these labels."""
    return 8.0 * (found == np.arange(9)[:, None, None])


def dice(a: np.ndarray, b: np.ndarray) -> float:
    return 2 * (a & b).sum() / (a.sum() + b.sum())


@settings(deadline=None)
@given(LABELS, LOGITS)
def test_cross_entropy_is_minus_log_of_the_probability_of_the_truth(labels, logits):
    one = study(labels, logits)
    exact = -np.take_along_axis(log_softmax(logits), labels[None].astype(int), axis=0)[0]
    got = one.cross_entropy("ce")
    assert got.dtype == np.float32
    assert np.abs(got - exact).max() <= LOGIT_STEP / 2 + 1e-6
    assert np.array_equal(np.rint(got / LOGIT_STEP) * LOGIT_STEP, got)  # so that the page holds the same


@settings(deadline=None)
@given(LABELS, LOGITS)
def test_label_map_and_probability_of_any_organ(labels, logits):
    one = study(labels, logits)
    p = np.exp(log_softmax(logits))
    found = one.label_map("ce")
    assert found.dtype == np.uint8
    best = np.take_along_axis(p, found[None].astype(int), axis=0)[0]
    assert (best >= p.max(axis=0) * np.exp(-LOGIT_STEP) - 1e-9).all()
    assert np.abs(one.probability("ce") - (1 - p[0])).max() < LOGIT_STEP
    assert np.array_equal(one.prediction("ce"), found > 0)


@settings(deadline=None)
@given(LABELS, LABELS)
def test_scores_of_every_class_and_their_mean(labels, found):
    one = study(labels, saying(found))
    assert np.array_equal(one.label_map("ce"), found)
    expected = {
        TASK.classes[k]: dice(labels == k, found == k) for k in range(1, 9) if ((labels == k) | (found == k)).any()
    }
    got = one.class_scores("ce")
    assert {name: row["dice"] for name, row in got.items()} == pytest.approx(expected)
    mean = np.mean(list(expected.values())) if expected else 1.0
    assert one.scores("ce")["dice"] == pytest.approx(mean)


@settings(deadline=None)
@given(LABELS, LABELS, st.sampled_from([0, 1, 2.3, 30]))
def test_errors_partition_the_wrong_pixels(labels, found, radius):
    counts = study(labels, saying(found)).errors("ce", radius)
    assert sum(counts.values()) == (labels != found).sum()
    assert counts["confused"] == ((labels > 0) & (found > 0) & (labels != found)).sum()
    assert counts["missed"] == ((labels > 0) & (found == 0)).sum()
    ys, xs = np.nonzero(labels)
    near = [
        (y, x)
        for y, x in np.argwhere((labels == 0) & (found > 0))
        if ((ys - y) ** 2 + (xs - x) ** 2 <= radius**2).any()
    ]
    assert counts["rim"] == len(near)


@settings(deadline=None)
@given(LABELS, st.sampled_from([0, 1, 2.3, 30]))
def test_weight_is_the_largest_of_the_classes_that_cover_a_pixel(labels, radius):
    one = study(labels, saying(labels))
    expected = np.zeros(labels.shape)
    for k in range(9):
        ys, xs = np.nonzero(labels == k)
        grid = np.indices(labels.shape)
        squared = (grid[0][..., None] - ys) ** 2 + (grid[1][..., None] - xs) ** 2
        covered = (squared <= radius**2).any(axis=-1)
        expected = np.maximum(expected, covered / (1 + covered.sum()))
    np.testing.assert_allclose(one.weight(radius), expected, rtol=1e-6)
    balanced = 1 / np.array([(labels == value).sum() for value in labels.ravel()]).reshape(labels.shape)
    np.testing.assert_allclose(one.weight(radius, "balanced"), balanced, rtol=1e-6)
    assert sum(one.shares(radius).values()) == pytest.approx(1)


def test_agreement_is_the_mean_dice_over_what_either_holds():
    first, second = np.zeros((2, 7, 9), np.uint8)
    first[0, :4], second[0, 2:6] = 5, 5  # Dice 2*2/8
    second[3, 3] = 1  # Dice 0
    assert study(None, saying(first), saying(second)).agreement() == {("ce", "bce"): pytest.approx(0.25)}


def test_without_labels_the_sentence_says_what_is_missing():
    one = study(None, saying(np.zeros((7, 9), np.uint8)))
    for ask in (one.cross_entropy, one.class_scores, one.scores, lambda loss: one.errors(loss, 3)):
        with pytest.raises(ValueError, match="no mask"):
            ask("ce")
    with pytest.raises(ValueError, match="focal"):
        one.label_map("focal")


# --- a real network, and what is made of its answer ---------------------------------------------------------


@pytest.fixture(scope="module")
def real() -> LabelStudy:
    torch.manual_seed(0)
    networks = {}
    for loss in LOSSES:
        network = DeepSupervisionUnet("mobilenet_v2", 9, decoder_channels=(8, 8, 8), encoder_weights=None)
        with torch.no_grad():
            network.heads[-1].weight.mul_(500)
        networks[loss] = Checkpoint(network.eval().requires_grad_(False), {"size": 96})
    hu, labels = ct.scan(1, 200, [30])
    image = np.repeat(ct.window(hu[0])[..., None], 3, axis=2)
    one = Predictor(networks, "organs").set_image(image, labels[0])
    assert isinstance(one, LabelStudy)
    return one


def test_labels_keep_their_numbers_at_320(real):
    assert real.labels.shape == (320, 320) and real.image.shape == (320, 320, 3)
    truth = ct.scan(1, 200, [30])[1][0]
    assert set(np.unique(real.labels)) == set(np.unique(truth))
    assert abs((real.labels == 5).mean() - (truth == 5).mean()) < 0.003
    assert {loss: z.shape for loss, z in real.logits.items()} == {loss: (9, 320, 320) for loss in LOSSES}


def test_figure_4_shows_label_maps_and_wrong_pixels(real):
    figure = draw_organs(real, View(figure="organs"))
    pictures = [axes for axes in figure.axes if axes.get_label()]
    assert [axes.get_label() for axes in pictures[::2]][1:] == TITLES
    colours = np.array([list(bytes.fromhex(c[1:])) for c in TASK.colours], np.uint8)
    assert np.array_equal(pictures[2].get_images()[0].get_array(), colours[real.label_map("ce")])
    wrong = (pictures[3].get_images()[0].get_array() == [0xE5, 0x48, 0x4D]).all(axis=2)
    assert np.array_equal(wrong, real.label_map("ce") != real.labels)
    bare = LabelStudy(TASK, real.image, None, real.logits)
    assert len([axes for axes in draw_organs(bare, View()).axes if axes.get_label()]) == 5
    with pytest.raises(ValueError, match="rainbow"):
        draw_organs(real, View(palette="rainbow"))


def test_figure_4_of_one_class_leaves_the_others_pale(real):
    figure = draw_organs(real, View(figure="organs", shown=("ce",), cls=5))
    pictures = {axes.get_label(): axes.get_images()[0].get_array() for axes in figure.axes if axes.get_label()}
    found, truth = real.label_map("ce"), real.labels
    of_liver = (pictures["CE"] == list(bytes.fromhex(TASK.colours[5][1:]))).all(axis=2)
    assert np.array_equal(of_liver, found == 5)
    wrong = (pictures["wrong pixels"] == [0xE5, 0x48, 0x4D]).all(axis=2)
    assert np.array_equal(wrong, (found != truth) & ((found == 5) | (truth == 5)))


def test_files_hold_what_the_study_says(real):
    view = View(figure="organs", radius=10)
    with np.load(io.BytesIO(export.render(real, view, "npz", (100, 150)))) as arrays:
        assert np.array_equal(arrays["prediction_dbce"], real.label_map("dbce"))
        assert np.array_equal(arrays["weight"], real.weight(10))
        larger = arrays["original_size_prediction_dbce"]
        assert larger.shape == (100, 150) and set(np.unique(larger)) <= set(range(9))
    rows = list(csv.DictReader(io.StringIO(export.render(real, view, "csv").decode())))
    assert [row["loss"] for row in rows] == TITLES
    scores = real.class_scores("ce")
    for name in TASK.classes[1:]:
        cell = rows[0][f"dice_percent_{name.replace(' ', '_')}"]
        assert cell == "" if name not in scores else float(cell) == pytest.approx(100 * scores[name]["dice"], abs=1e-3)
    for kind in ("png", "svg", "pdf", "zip"):
        first = export.render(real, view, kind)
        assert first == export.render(real, view, kind) and len(first) > 10_000


def test_label_pictures_in_the_zip_keep_the_class_numbers(real):
    import zipfile

    with zipfile.ZipFile(io.BytesIO(export.render(real, View(figure="organs"), "zip"))) as archive:
        labels = np.asarray(Image.open(io.BytesIO(archive.read("labels.png"))))
    assert np.array_equal(labels, real.labels)
