"""Pixels labelled 255 count nowhere: every number against one that never sees them."""

from __future__ import annotations

import base64
import csv
import dataclasses
import io
import json
import zipfile
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from matplotlib.text import Text
from PIL import Image
from scipy import ndimage

from dbce import losses, metrics
from dbce.data import datasets, volumes
from dbce.data.augment import Augment
from dbce.data.datasets import Dataset
from dbce.data.resize import resize_image
from dbce.page.scene import ceil_distance, scene
from dbce.page.studio import Studio
from dbce.registry import LOSSES
from dbce.scores import evaluation
from dbce.scores.findings import scene_scores
from dbce.scores.tallies import Scenes, Tally, scenes_of, tally
from dbce.study import colours, export
from dbce.study.predictor import Predictor
from dbce.study.studies import LabelStudy, Study, quantise
from dbce.study.tabs.anatomy import draw_anatomy
from dbce.study.tabs.compare import draw_comparison
from dbce.study.tabs.organs import draw_organs
from dbce.study.view import View, figures_of
from dbce.tasks import IGNORE, TASKS
from dbce.train.checkpoints import Checkpoint
from dbce.train.recipe import Recipe, build_loss
from dbce.train.training import train
from dbce.weightings import WEIGHTINGS
from dbce.weights import weight_map
from tests.golden_cases import FREQUENCIES
from tests.scenes import unpack
from tests.test_borders import unet_by_hand
from tests.test_evaluation import Ninths, Redness
from tests.test_label_study import log_softmax, saying
from tests.test_predictor import disk_dilation

SHAPE = (7, 9)
RADII = st.sampled_from([0.0, 1.0, 2.3, 4.0, 20.0])
LOGITS = hnp.arrays(np.int16, SHAPE, elements=st.integers(-32767, 32767) | st.integers(-3000, 3000))
ALL = (np.full(SHAPE, IGNORE, np.uint8), np.where(np.eye(*SHAPE) > 0, IGNORE, 1).astype(np.uint8))
TWO = hnp.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1, IGNORE])) | st.sampled_from(ALL)
MANY = hnp.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 0, 1, 5, 8, IGNORE])) | st.sampled_from(ALL)
FOUND = hnp.arrays(np.uint8, SHAPE, elements=st.sampled_from([0, 1, 5, 7]))
NO_IMAGE = np.zeros((*SHAPE, 3), np.uint8)


def two(labels: np.ndarray, *logits: np.ndarray) -> Study:
    return Study(TASKS["polyp"], NO_IMAGE, labels, dict(zip(LOSSES, logits, strict=False)), {"bce": FREQUENCIES[2]})


def many(labels: np.ndarray, *logits: np.ndarray) -> LabelStudy:
    maps = {loss: quantise(log_softmax(z)) for loss, z in zip(LOSSES, logits, strict=False)}
    return LabelStudy(TASKS["organs"], NO_IMAGE, labels, maps, {"bce": FREQUENCIES[9]})


def numbers(one: Study, radius: float, threshold: float = 0.5) -> dict:
    """Everything that a study counts."""
    out: dict = {"agreement": one.agreement(threshold)}
    for weighting in WEIGHTINGS:
        out[weighting] = one.weight(radius, weighting).tolist(), one.shares(radius, weighting)
    for loss in one.logits:
        out[loss] = (
            one.cross_entropy(loss).tolist(),
            one.scores(loss, threshold),
            one.errors(loss, radius, threshold),
            *(one.loss_shares(loss, radius, weighting) for weighting in WEIGHTINGS),
            one.class_scores(loss) if isinstance(one, LabelStudy) else None,
        )
    return out


def weights_by_hand(labels: np.ndarray, radius: float, weighting: str, frequencies: Sequence[float]) -> np.ndarray:
    """Eq. 3-5, or what it is compared with, over the pixels that count."""
    valid = labels != IGNORE
    if weighting == "unet":
        return unet_by_hand(labels)
    if weighting == "balanced_set":
        each = np.array([*frequencies, *(1,) * IGNORE])
        return np.where(valid, 1 / each[labels], 0) / max(valid.sum(), 1)
    if weighting == "none":
        return valid / max(valid.sum(), 1)
    out = np.zeros(labels.shape)
    for label in np.unique(labels[valid]):
        inside = labels == label
        covered = inside if weighting == "balanced" else disk_dilation(inside, radius) & valid
        share = covered / (covered.sum() + (weighting == "dilated"))
        out = np.maximum(out, share)
    return out


def check_sums(one: Study, radius: float, loss: str) -> None:
    """Maps and shares, from sums over a list of the pixels that count."""
    labels = np.asarray(one.labels)
    objects = (labels != IGNORE) & (labels != 0)
    near = disk_dilation(objects, radius)
    entropy = one.cross_entropy(loss).astype(float)
    assert (entropy[labels == IGNORE] == 0).all()
    for weighting in WEIGHTINGS:
        weight = weights_by_hand(labels, radius, weighting, one.class_frequencies)
        np.testing.assert_allclose(one.weight(radius, weighting), weight, rtol=1e-6)
        for got, values in (
            (one.shares(radius, weighting), weight),
            (one.loss_shares(loss, radius, weighting), weight * entropy),
        ):
            sums = {"object": 0.0, "rim": 0.0, "far": 0.0}
            for at in np.argwhere(labels != IGNORE):
                y, x = at
                sums["object" if labels[y, x] else "rim" if near[y, x] else "far"] += values[y, x]
            total = sum(sums.values())
            assert got == pytest.approx({k: v / total if total else 0 for k, v in sums.items()}, abs=1e-5)


# --- the study ----------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(TWO, LOGITS, LOGITS, RADII, st.sampled_from([0.2, 0.5, 0.9]))
def test_every_number_of_two_classes_is_that_of_the_pixels_that_count(labels, first, second, radius, threshold):
    one = two(labels, first, second)
    valid = labels != IGNORE
    signed = np.where(labels == 1, 1, -1) * first / 1024
    np.testing.assert_allclose(
        one.cross_entropy("ce"), np.where(valid, np.logaddexp(0, -signed), 0), rtol=1e-5, atol=1e-6
    )
    check_sums(one, radius, "ce")
    found, truth = one.prediction("ce", threshold), labels == 1
    flat = metrics.scores(found[valid][None], truth[valid][None]) if valid.any() else {k: [1] for k in metrics.SCORES}
    assert one.scores("ce", threshold) == pytest.approx({name: value[0] for name, value in flat.items()})
    near = disk_dilation(truth, radius)
    assert one.errors("ce", radius, threshold) == {
        "rim": sum(bool(found[y, x] and labels[y, x] == 0 and near[y, x]) for y, x in np.ndindex(SHAPE)),
        "far": sum(bool(found[y, x] and labels[y, x] == 0 and not near[y, x]) for y, x in np.ndindex(SHAPE)),
        "missed": sum(bool(not found[y, x] and labels[y, x] == 1) for y, x in np.ndindex(SHAPE)),
    }
    a, b = found[valid], one.prediction("bce", threshold)[valid]
    dice = 2 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else 1
    assert one.agreement(threshold) == {("ce", "bce"): pytest.approx(dice)}


@settings(max_examples=60, deadline=None)
@given(MANY, FOUND, FOUND, hnp.arrays(np.float32, (9, *SHAPE), elements=st.floats(-1, 1, width=32)), RADII)
def test_every_number_of_several_classes_is_that_of_the_pixels_that_count(labels, found, other, noise, radius):
    one = many(labels, saying(found) + noise, saying(other))
    valid = labels != IGNORE
    exact = -np.take_along_axis(log_softmax(saying(found) + noise), np.where(valid, labels, 0)[None].astype(int), 0)[0]
    assert np.abs(one.cross_entropy("ce") - np.where(valid, exact, 0)).max() < 1e-3
    check_sums(one, radius, "ce")

    def mean_dice(real: np.ndarray, guess: np.ndarray) -> tuple[dict, float]:
        rows = {}
        for k, name in enumerate(TASKS["organs"].classes[1:], start=1):
            a, b = real == k, guess == k  # lists of the pixels that count
            if a.any() or b.any():
                rows[name] = 2 * (a & b).sum() / (a.sum() + b.sum())
        return rows, float(np.mean(list(rows.values()))) if rows else 1.0

    rows, mean = mean_dice(labels[valid], found[valid])
    assert {name: row["dice"] for name, row in one.class_scores("ce").items()} == pytest.approx(rows)
    assert one.scores("ce")["dice"] == pytest.approx(mean)
    assert one.agreement() == {("ce", "bce"): pytest.approx(mean_dice(found[valid], other[valid])[1])}
    near = disk_dilation(valid & (labels > 0), radius)
    counts = {"rim": 0, "far": 0, "missed": 0, "confused": 0}
    for y, x in np.argwhere(valid & (labels != found)):
        real, guess = labels[y, x], found[y, x]
        counts["confused" if real and guess else "missed" if real else "rim" if near[y, x] else "far"] += 1
    assert one.errors("ce", radius) == counts


@settings(max_examples=40, deadline=None)
@given(TWO, LOGITS, LOGITS, RADII)
def test_what_is_claimed_under_ignored_pixels_changes_no_number(labels, logit, other, radius):
    changed = np.where(labels == IGNORE, other, logit)
    assert numbers(two(labels, logit, -logit), radius) == numbers(two(labels, changed, -changed), radius)
    assert np.array_equal(two(labels, changed).prediction("ce"), changed > 0)  # predictions are whole


@settings(max_examples=40, deadline=None)
@given(MANY, FOUND, FOUND, RADII)
def test_labels_found_under_ignored_pixels_change_no_number(labels, found, other, radius):
    changed = np.where(labels == IGNORE, other, found)
    first, second = (many(labels, saying(f), saying((f + 1) % 9)) for f in (found, changed))
    assert numbers(first, radius) == numbers(second, radius)
    assert np.array_equal(second.label_map("ce"), changed)


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.uint8, SHAPE, elements=st.integers(0, 1)), LOGITS, RADII)
def test_without_ignored_pixels_the_maps_are_bit_by_bit_those_of_the_losses(labels, logit, radius):
    one = two(labels, logit)
    target = torch.from_numpy(labels.astype(np.int64))[None]
    pair = torch.stack([torch.zeros(SHAPE), torch.from_numpy(logit / np.float32(1024))])[None]
    assert np.array_equal(one.cross_entropy("ce"), losses.cross_entropy(pair, target, reduction="none")[0].numpy())
    assert np.array_equal(one.weight(radius), weight_map(target, 2, radius)[0].numpy())
    assert np.array_equal(one.weight(radius, "none"), np.full(SHAPE, 1 / 63, np.float32))


@settings(max_examples=40, deadline=None)
@given(TWO, RADII)
def test_the_weights_are_those_of_the_loss_that_ignores(labels, radius):
    expected = weight_map(torch.from_numpy(labels)[None], 2, radius, IGNORE)[0].numpy()
    assert np.array_equal(two(labels, np.zeros(SHAPE, np.int16)).weight(radius), expected)


def test_worked_example():
    labels = np.array([[0, IGNORE, 1, 1, IGNORE, 0, 0, 0]], np.uint8)
    logit = np.array([[-1024, 2048, 2048, -1024, 2048, 2048, -1024, 2048]], np.int16)
    one = Study(TASKS["polyp"], np.zeros((1, 8, 3), np.uint8), labels, {"ce": logit})
    # the dilated object covers 2 pixels that count at R = 1, and the dilated background its own 4: 1/3 and 1/5
    assert one.weight(1) == pytest.approx(np.array([[1 / 5, 0, 1 / 3, 1 / 3, 0, 1 / 5, 1 / 5, 1 / 5]]))
    assert one.weight(1, "none") == pytest.approx(np.array([[1, 0, 1, 1, 0, 1, 1, 1]]) / 6)
    assert one.errors("ce", 2) == {"rim": 1, "far": 1, "missed": 1}
    assert one.scores("ce") == pytest.approx({"dice": 2 / 5, "iou": 1 / 4, "precision": 1 / 3, "recall": 1 / 2})


def tiny_predictor(task: str) -> Predictor:
    torch.manual_seed(0)
    network = torch.nn.Conv2d(3, TASKS[task].num_classes, 1).eval().requires_grad_(False)
    return Predictor({"ce": Checkpoint(network, {"size": 320})}, task)


@pytest.mark.parametrize("task", ["polyp", "organs"])
def test_255_beside_other_labels_is_ignored_when_an_image_is_set(task):
    mask = np.zeros((640, 640), np.uint8)
    mask[100:300, 100:300], mask[100:300, 300:340] = 1, IGNORE
    labels = tiny_predictor(task).set_image(np.zeros((640, 640, 3), np.uint8), mask).labels
    assert np.array_equal(labels, mask[::2, ::2])


# --- counts over data sets ----------------------------------------------------------------------------------


@settings(deadline=None)
@given(hnp.arrays(bool, (3, 5, 4)), hnp.arrays(bool, (3, 5, 4)), hnp.arrays(bool, (3, 5, 4)))
def test_scores_of_the_valid_pixels_are_those_of_a_list_of_them(prediction, target, valid):
    got = metrics.scores(prediction, target, valid)
    for k in range(3):
        if valid[k].any():
            alone = metrics.scores(prediction[k][valid[k]][None], target[k][valid[k]][None])
            assert {name: value[k] for name, value in got.items()} == {name: value[0] for name, value in alone.items()}
        else:
            assert all(value[k] == 1 for value in got.values())
    with pytest.raises(ValueError, match=r"valid \(5, 4\)"):
        metrics.scores(prediction, target, valid[0])


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_band_rim_and_scores_of_images_leave_ignored_pixels_out(draw):
    size = 32
    blocks = st.sampled_from([0, 0, 1, 1, IGNORE])
    coarse = draw.draw(hnp.arrays(np.uint8, (2, 8, 8), elements=blocks))
    labels = np.kron(coarse, np.ones((1, 4, 4), np.uint8))
    red = draw.draw(hnp.arrays(bool, (2, size, size)))
    images = np.zeros((2, size, size, 3), np.uint8)
    images[..., 0] = red * 255
    radius = draw.draw(st.sampled_from([0, 3, 20]))
    dataset = Dataset(("a", "b"), images, labels)
    network = Checkpoint(Redness(), {"size": size})
    got = {name: values[:, 0] for name, values in scene_scores(*counts(network, dataset, radius)).items()}
    assert all(got[k] == pytest.approx(v) for k, v in evaluation.score_images(network, dataset).items())
    for k in range(2):
        valid, real, empty = labels[k] != IGNORE, labels[k] == 1, labels[k] == 0
        f, r = red[k][valid], real[valid]
        assert got["dice"][k] == pytest.approx(2 * (f & r).sum() / (f.sum() + r.sum()) if (f | r).any() else 1)
        if not real.any():
            assert np.isnan(got["rim_fp"][k])
            continue
        outside = ndimage.distance_transform_edt(~real)
        inside = ndimage.distance_transform_edt(~empty) if empty.any() else np.full((size, size), np.inf)
        band = valid & (outside <= 10) & (inside <= 10)
        f, r = red[k][band], real[band]
        assert got["band_dice"][k] == pytest.approx(2 * (f & r).sum() / (f.sum() + r.sum()) if (f | r).any() else 1)
        assert got["rim_fp"][k] == pytest.approx((red[k] & empty & (outside <= radius)).sum() / real.sum())


def counts(network: Checkpoint, dataset: Dataset, radius: float) -> tuple[Scenes, Tally]:
    """What the evidence is made of: one network's counts over a small set of images, or of scans."""
    scans = dict.fromkeys(name.split("_slice")[0] for name in dataset.names)
    task = "organs" if len(scans) < len(dataset) else "polyp"
    scenes = scenes_of(dataset, task, list(scans))
    return scenes, tally(network, dataset, scenes, radius)[0]


def scans_of(labels: np.ndarray, found: np.ndarray) -> Dataset:
    images = np.repeat(np.rint(found * 25.5).astype(np.uint8)[..., None], 3, axis=-1)
    names = ("case0001_slice000", "case0001_slice001", "case0002_slice000")
    return Dataset(names, images, labels)


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_organs_of_scans_leave_ignored_voxels_out(draw):
    size = 32
    tiles = st.sampled_from([0, 0, 2, 5, IGNORE])
    labels = np.kron(draw.draw(hnp.arrays(np.uint8, (3, 8, 8), elements=tiles)), np.ones((1, 4, 4), np.uint8))
    found, other = (draw.draw(hnp.arrays(np.uint8, (3, size, size), elements=st.sampled_from([0, 2, 5]))) for _ in "ab")
    network = Checkpoint(Ninths(), {"size": size})
    got = evaluation.score_scans(network, scans_of(labels, found))
    for scan, part in enumerate((slice(0, 2), slice(2, 3))):
        valid = labels[part] != IGNORE
        for k in range(1, 9):
            a, b = labels[part][valid] == k, found[part][valid] == k
            expected = 2 * (a & b).sum() / (a.sum() + b.sum()) if (a | b).any() else 1
            assert got["dice"][scan, k - 1] == pytest.approx(expected)
    scenes, first = counts(network, scans_of(labels, found), 5)
    _, second = counts(network, scans_of(labels, np.where(labels == IGNORE, other, found)), 5)
    for name in ("counts", "band", "outline", "bins", "brier"):  # what lies under them is not looked at
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name), err_msg=name)
    np.testing.assert_allclose(scene_scores(scenes, first)["dice"], got["dice"])


def test_band_and_rim_of_an_organ_beside_ignored_voxels():
    labels, found = np.zeros((3, 64, 64), np.uint8), np.zeros((3, 64, 64), np.uint8)
    labels[:, 4:60, 20:40], labels[:, 4:60, 40:50] = 5, IGNORE
    found[:, 4:60, 20:60] = 5
    found[:, 20:40, 34:40] = 0  # missed, but the boundary there is not known: no pixel of the band
    found[:, 20:40, 20:24] = 0  # missed in the band
    scores = scene_scores(*counts(Checkpoint(Ninths(), {"size": 64}), scans_of(labels, found), 12))
    got = {name: values[:, 4] for name, values in scores.items()}  # of the liver
    assert got["rim_fp"] == pytest.approx(
        [56 * 2 / (56 * 20)] * 2
    )  # of columns 50 to 59 only 50 and 51 lie within 12 px
    real, others = labels[0] == 5, labels[0] == 0
    band = (ndimage.distance_transform_edt(~real) <= 10) & (ndimage.distance_transform_edt(~others) <= 10)
    band &= labels[0] != IGNORE
    f, r = (found[0] == 5)[band], real[band]
    assert got["band_dice"] == pytest.approx([2 * (f & r).sum() / (f.sum() + r.sum())] * 2)
    assert r.sum() - f.sum() == 20 * 4


def test_class_frequencies_are_shares_of_the_pixels_that_count():
    labels = np.array([[[0, 0, 0, 1, IGNORE, IGNORE]]], np.uint8)
    dataset = Dataset(("a",), np.zeros((1, 1, 6, 3), np.uint8), labels)
    assert dataset.class_frequencies(2) == [3 / 4, 1 / 4]
    assert dataset.class_frequencies(3) == [3 / 4, 1 / 4, 0]
    nothing = Dataset(("a",), np.zeros((1, 1, 6, 3), np.uint8), np.full((1, 1, 6), IGNORE, np.uint8))
    assert nothing.class_frequencies(2) == [0, 0]


@settings(deadline=None)
@given(hnp.arrays(np.uint8, (12, 12), elements=st.sampled_from([0, 1, IGNORE])), st.sampled_from([2, 3, 4, 6]))
def test_a_mask_shrinks_by_the_halves_of_its_pixels(mask, factor):
    size = 12 // factor
    got = datasets.resize_mask(mask, size)
    assert got.dtype == np.uint8
    for y, x in np.ndindex(size, size):
        block = mask[y * factor : (y + 1) * factor, x * factor : (x + 1) * factor]
        ignored, inside, background = ((block == label).sum() for label in (IGNORE, 1, 0))
        assert got[y, x] == (IGNORE if 2 * ignored >= block.size else int(inside >= background))


@settings(deadline=None)
@given(hnp.arrays(bool, (11, 14)), st.integers(3, 30))
def test_ignored_pixels_far_away_change_no_other_pixel_of_a_mask(mask, size):
    high = np.vstack([mask, np.zeros((11, 14), bool)]).astype(np.uint8)
    before = datasets.resize_mask(high, 2 * size)
    even = np.abs(resize_image(high.astype(np.float32), 2 * size) - 0.5) < 1 / 255  # OpenCV interpolates bytes coarsely
    high[11:] = IGNORE
    after = datasets.resize_mask(high, 2 * size)
    assert ((before == after) | even)[: size - 2].all() and (before < 2).all()
    assert (after[size + 2 :] == IGNORE).all()


@pytest.mark.parametrize("highest", [1, 8])
def test_a_pack_keeps_ignored_pixels(tmp_path, highest):
    rng = np.random.default_rng(0)
    labels = np.kron(rng.choice([0, highest, IGNORE], (2, 8, 8)), np.ones((1, 8, 8))).astype(np.uint8)
    whole = Dataset(("a", "b"), rng.integers(0, 255, (2, 64, 64, 3), np.uint8), labels)
    datasets.pack_dataset(whole, tmp_path / "p.npz")
    assert np.array_equal(datasets.load_dataset(tmp_path / "p.npz", 64).labels, labels)
    assert np.array_equal(datasets.load_dataset(tmp_path / "p.npz", 32).labels, labels[:, ::2, ::2])


def test_the_fullest_slice_is_that_of_the_organs_not_of_what_is_ignored():
    labels = np.zeros((3, 4, 4), np.uint8)
    labels[0, :3], labels[1, 0], labels[1, 1], labels[2] = 5, 5, 2, IGNORE
    labels[0, 3] = IGNORE
    assert volumes.Volume(labels, labels, (4, 4)).fullest() == 1
    labels[1, 1] = 0  # one organ in either, the larger in the first
    assert volumes.Volume(labels, labels, (4, 4)).fullest() == 0


# --- training -----------------------------------------------------------------------------------------------

TINY = Recipe(encoder="mobilenet_v2", encoder_weights=None, size=64, epochs=1, batch_size=2)


def ringed(count: int = 2) -> Dataset:
    labels = np.zeros((count, 64, 64), np.uint8)
    labels[:, 16:48, 16:48] = IGNORE
    labels[:, 20:44, 20:44] = 1
    images = np.random.default_rng(0).integers(0, 255, (count, 64, 64, 3), np.uint8)
    return Dataset(tuple(str(k) for k in range(count)), images, labels)


@pytest.mark.parametrize("loss", LOSSES)
def test_every_loss_of_training_leaves_them_out(loss):
    dataset = ringed()
    function = build_loss(dataclasses.replace(TINY, loss=loss), dataset)
    labels = torch.from_numpy(dataset.labels).long()
    torch.manual_seed(0)
    logits = torch.randn(2, 2, 64, 64, requires_grad=True)
    value = function(logits, labels)
    value.backward()
    ignored = (labels == IGNORE)[:, None].expand_as(logits)
    assert value.item() > 0 and (logits.grad[ignored] == 0).all() and (logits.grad[~ignored] != 0).any()
    changed = torch.where(ignored, torch.randn_like(logits) * 9, logits.detach())
    assert function(changed, labels).item() == pytest.approx(value.item(), rel=1e-6)


@pytest.mark.parametrize("loss", ["bce", "dbce"])
def test_a_run_goes_through_and_a_label_that_is_no_class_is_still_refused(loss, tmp_path):
    dataset = ringed()
    recipe = dataclasses.replace(TINY, loss=loss)
    assert train(recipe, dataset, tmp_path / "a", device="cpu").is_file()
    dataset.labels[0, 0, 0] = 3
    with pytest.raises(ValueError, match="has the label 3; polyp has the classes 0 to 1"):
        train(recipe, dataset, tmp_path / "b", device="cpu")


def test_augmentation_moves_ignored_pixels_whole_and_pads_with_background():
    labels = torch.zeros(8, 96, 96, dtype=torch.long)
    labels[:, 20:76, 20:48], labels[:, 20:76, 48:76] = IGNORE, 1
    images = (labels == IGNORE)[:, None].float().expand(-1, 3, -1, -1).contiguous() * 0.8 + 0.1
    for seed in range(3):
        torch.manual_seed(seed)
        moved, turned = Augment(96)(images, labels)
        assert set(turned.unique().tolist()) == {0, 1, IGNORE}
        bright = moved.mean(1) > 0.5
        assert (bright & (turned == IGNORE)).sum() / (bright | (turned == IGNORE)).sum() > 0.85
    torch.manual_seed(1)
    _, full = Augment(96)(images, torch.full_like(labels, IGNORE))
    assert set(full.unique().tolist()) == {0, IGNORE}  # outside the picture there is background


# --- what is drawn and written ------------------------------------------------------------------------------


@pytest.fixture
def pair() -> tuple[Study, LabelStudy]:
    rng = np.random.default_rng(0)
    labels = np.zeros((64, 64), np.uint8)
    labels[10:40, 10:40], labels[10:40, 40:50] = 1, IGNORE
    image = rng.integers(0, 255, (64, 64, 3), np.uint8)
    logits = {loss: quantise(rng.normal(0, 2, (64, 64))) for loss in LOSSES}
    maps = {loss: quantise(log_softmax(rng.normal(0, 3, (9, 64, 64)))) for loss in LOSSES}
    return Study(TASKS["polyp"], image, labels, logits), LabelStudy(TASKS["organs"], image, labels, maps)


HATCH = np.array([list(bytes.fromhex(colour[1:])) for colour in colours.IGNORED])


def is_hatch(rgb: np.ndarray) -> np.ndarray:
    return (rgb[..., None, :] == HATCH).all(axis=-1).any(axis=-1)


@pytest.mark.parametrize("palette", colours.PALETTES)
def test_the_overlay_hatches_them_and_claims_no_error_there(pair, palette):
    one = pair[0]
    rgb = colours.overlay(one, "ce", 0.5, palette)
    assert np.array_equal(is_hatch(rgb), one.labels == IGNORE)
    errors = one.errors("ce", 1e3)
    for name, count in (("fp", errors["rim"] + errors["far"]), ("fn", errors["missed"])):
        colour = list(bytes.fromhex(colours.PALETTES[palette][name][1:]))
        seen = (rgb == colour).all(axis=2).sum()
        assert seen == count if palette == "paper" else 0.75 * count < seen < 0.9 * count  # every sixth is in a line


def test_figures_hatch_them_in_the_labels_and_say_so(pair):
    one, several = pair

    def said(figure) -> list[str]:
        return [text.get_text() for text in figure.findobj(Text)]

    def pictures(figure) -> dict[str, np.ndarray]:
        return {axes.get_label(): axes.get_images()[0].get_array() for axes in figure.axes if axes.get_label()}

    figure = draw_anatomy(one, View(loss="ce", radius=4))
    shown = pictures(figure)["(b) labels"]
    assert np.array_equal(is_hatch(shown), one.labels == IGNORE) and (shown[one.labels == 1] == 242).all()
    assert "hatched: ignored" in said(figure)
    bare = dataclasses.replace(one, labels=np.where(one.labels == IGNORE, 0, one.labels))
    assert "hatched: ignored" not in said(draw_anatomy(bare, View(loss="ce", radius=4)))
    for draw, study in ((draw_comparison, one), (draw_organs, several)):
        figure = draw(study, View())
        assert "ignored" in said(figure)
        assert np.array_equal(is_hatch(pictures(figure)["ground truth"]), study.labels == IGNORE)
    wrong = pictures(draw_organs(several, View(shown=("ce",), figure="organs")))["wrong pixels"]
    found = (several.label_map("ce") != several.labels) & (several.labels != IGNORE)
    assert np.array_equal((wrong == [0xE5, 0x48, 0x4D]).all(axis=2), found)
    assert "ignored" not in said(draw_comparison(bare, View()))


def test_files_keep_255_and_count_without_it(pair):
    for one in pair:
        view = View(figure=figures_of(one.task)[1], radius=5)
        with np.load(io.BytesIO(export.render(one, view, "npz", (100, 90)))) as arrays:
            assert np.array_equal(arrays["labels"], one.labels)
            assert (arrays["weight"][one.labels == IGNORE] == 0).all()
            assert (arrays["weighted_loss_ce"][one.labels == IGNORE] == 0).all()
            assert (arrays["probability_ce"][one.labels == IGNORE] > 0).all()  # whole
            assert arrays["original_size_prediction_ce"].shape == (100, 90)
        with zipfile.ZipFile(io.BytesIO(export.render(one, view, "zip"))) as archive:
            assert np.array_equal(np.asarray(Image.open(io.BytesIO(archive.read("labels.png")))), one.labels)
        rows = list(csv.DictReader(io.StringIO(export.render(one, view, "csv").decode())))
        assert {row["ignored_px"] for row in rows} == {"300"}
        assert float(rows[0]["dice_percent"]) == pytest.approx(100 * one.scores("ce")["dice"], abs=1e-3)


def test_an_organ_of_number_1_is_not_written_as_255(pair):
    labels = np.where(pair[1].labels == 1, 1, 0).astype(np.uint8)
    one = dataclasses.replace(pair[1], labels=labels)
    with zipfile.ZipFile(io.BytesIO(export.render(one, View(figure="organs"), "zip"))) as archive:
        assert np.array_equal(np.asarray(Image.open(io.BytesIO(archive.read("labels.png")))), labels)


def test_a_scene_carries_255_and_distances_to_real_classes(pair):
    for one in pair:
        arrays = unpack(scene(one, "title"))
        assert np.array_equal(arrays["labels"], one.labels)
        for label in range(one.task.num_classes):
            assert np.array_equal(arrays[f"distance:{label}"], ceil_distance(one.labels == label))
        assert f"distance:{IGNORE}" not in arrays
    assert (arrays["entropy:ce"][one.labels == IGNORE] == 0).all()


def test_a_painted_mask_is_exported_with_what_stays_ignored():
    studio = Studio(tiny_predictor("polyp"))

    def bits(mask: np.ndarray) -> str:
        return base64.b64encode(np.packbits(mask).tobytes()).decode()

    labels = np.zeros((320, 320), np.uint8)
    labels[50:90, 40:100], labels[50:90, 100:120] = 1, IGNORE
    view = {"figure": "anatomy", "loss": "ce"}
    request = {"of": {"example": 0}, "labels": bits(labels == 1), "view": view, "kind": "npz"}
    for ignored, expected in ((bits(labels == IGNORE), labels), (None, labels % IGNORE)):
        reply = studio.export_view(json.dumps({**request, "ignored": ignored}))
        with np.load(io.BytesIO(base64.b64decode(reply["data"]))) as arrays:
            assert np.array_equal(arrays["labels"], expected)
