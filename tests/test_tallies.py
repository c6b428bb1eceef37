"""Counts of what networks get wrong: against scipy's distances, plain loops over thresholds, and numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import ndimage

from dbce.data.datasets import Dataset
from dbce.scores.calibration import bin_sums, calibration_gap
from dbce.scores.evaluation import score_images
from dbce.scores.findings import scene_scores
from dbce.scores.tallies import Scenes, Tally, scenes_of, tally
from dbce.tasks import IGNORE
from dbce.train.checkpoints import Checkpoint
from tests.test_evaluation import Ninths, Redness, squares


def made_up() -> Dataset:
    pairs = [
        squares(np.s_[90:210, 90:200], np.s_[100:200, 100:200]),
        squares(np.s_[0:0, 0:0], np.s_[50:60, 50:60]),
        squares(np.s_[0:40, 0:40], np.s_[0:0, 0:0]),
        squares(np.s_[100:200, 100:300], np.s_[100:200, 100:200]),
    ]
    images, labels = zip(*pairs, strict=True)
    return Dataset(("1", "2", "3", "4"), np.stack(images), np.stack(labels))


def counted(
    dataset: Dataset, network: torch.nn.Module, task: str, radius: float, **recipe
) -> tuple[Scenes, list[Tally]]:
    scans = dict.fromkeys(name.split("_slice")[0] for name in dataset.names)
    scenes = scenes_of(dataset, task, list(scans))
    return scenes, tally(Checkpoint(network, {"size": 320, "loss": "ce", **recipe}), dataset, scenes, radius)


def test_band_and_rim_against_scipys_distances():
    dataset = made_up()
    scenes, (one,) = counted(dataset, Redness(), "polyp", 20)
    got = {name: values[:, 0] for name, values in scene_scores(scenes, one).items()}
    for k, (image, label) in enumerate(zip(dataset.images, dataset.labels, strict=True)):
        found, real = image[..., 0] > 127, label == 1
        if not real.any():
            assert np.isnan(got["rim_fp"][k]) and got["band_dice"][k] == 1  # no boundary, no band, nothing in it
            continue
        outside, inside = ndimage.distance_transform_edt(~real), ndimage.distance_transform_edt(real)
        band = (outside <= 10) & (inside <= 10)
        f, r = found & band, real & band
        assert got["band_dice"][k] == pytest.approx(2 * (f & r).sum() / (f.sum() + r.sum()))
        assert got["rim_fp"][k] == pytest.approx((found & ~real & (outside <= 20)).sum() / real.sum())
    assert got["rim_fp"][3] == pytest.approx(0.2)  # 20 columns of 100 beside a square of 100


def test_organs_are_counted_scan_by_scan_within_slices():
    labels, found = (np.zeros((3, 320, 320), np.uint8) for _ in range(2))
    labels[0, 100:150, 100:150] = labels[1, 100:150, 100:150] = 5
    found[0, 100:150, 100:154] = found[1, 104:150, 100:150] = 5
    labels[1, 200:240, 200:240], found[1, 200:240, 190:240] = 2, 2
    labels[2, 50:90, 50:90] = 7  # a second scan, where nothing is found
    names = ("case0001_slice000", "case0001_slice001", "case0002_slice000")
    images = np.repeat(np.rint(found * 25.5).astype(np.uint8)[..., None], 3, axis=-1)
    dataset = Dataset(names, images, labels)
    scenes, (one,) = counted(dataset, Ninths(), "organs", 10)
    organs = scene_scores(scenes, one)  # (2, 8) each
    got = {name: np.nanmean(values, axis=1) for name, values in organs.items()}
    sums = {2: np.zeros(5), 5: np.zeros(5)}
    for label, guess in zip(labels[:2], found[:2], strict=True):
        for c, total in sums.items():
            real, claimed = label == c, guess == c
            if real.any():
                outside, inside = ndimage.distance_transform_edt(~real), ndimage.distance_transform_edt(real)
                band = (outside <= 10) & (inside <= 10)
                parts = (real & claimed & band, claimed & band, real & band, claimed & ~real & (outside <= 10), real)
                total += [part.sum() for part in parts]
    band = np.mean([2 * t[0] / (t[1] + t[2]) for t in sums.values()])
    rim = np.mean([t[3] / t[4] for t in sums.values()])
    assert rim == pytest.approx((400 / 1600 + 200 / 5000) / 2)
    assert got["band_dice"] == pytest.approx([band, 0]) and got["rim_fp"] == pytest.approx([rim, 0])
    dice = 1 - (1 - 2 * 1600 / 3600) / 8 - (1 - 2 * (2500 + 2300) / (5000 + 5000)) / 8  # organs of no scan score 1
    assert got["dice"] == pytest.approx([dice, 7 / 8])


def test_scores_are_those_of_the_evaluation():
    dataset = made_up()
    scenes, (one,) = counted(dataset, Redness(), "polyp", 20)
    theirs = score_images(Checkpoint(Redness(), {"size": 320}), dataset)
    for name, values in theirs.items():
        np.testing.assert_allclose(scene_scores(scenes, one)[name][:, 0], values, err_msg=name)


class Slope(torch.nn.Module):
    """The logit of the foreground is eight times the red above one half."""

    def __init__(self) -> None:
        super().__init__()
        self.scale = torch.nn.Parameter(torch.tensor(8.0))

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return torch.stack([torch.zeros_like(image[:, 0]), self.scale * (image[:, 0] - 0.5)], dim=1)


def slopes() -> tuple[Dataset, np.ndarray]:
    """Three images of every redness, one with ignored pixels, and the logits that `Slope` gives them."""
    rng = np.random.default_rng(8)
    red = rng.integers(0, 256, (3, 320, 320), dtype=np.uint8)
    labels = np.zeros((3, 320, 320), np.uint8)
    labels[0, 100:180, 100:180] = labels[1, 10:40, 250:300] = 1
    labels[1, 200:, :] = IGNORE
    images = np.stack([red, np.zeros_like(red), np.zeros_like(red)], axis=3)
    return Dataset(("a", "b", "c"), images, labels), 8 * (red / np.float32(255) - np.float32(0.5))


def by_threshold(p: np.ndarray, label: np.ndarray, threshold: float) -> list[int]:
    outside = ndimage.distance_transform_edt(label != 1) if (label == 1).any() else np.full(label.shape, np.inf)
    found = p > threshold
    rim = found & (label == 0) & (outside <= 20)
    return [(found & (label == 1)).sum(), rim.sum(), (found & (label == 0)).sum() - rim.sum()]


@pytest.mark.parametrize("share", [None, 0.2])
def test_counts_at_every_threshold_bins_and_brier_of_both_priors(share):
    dataset, logits = slopes()
    recipe = {} if share is None else {"loss": "bce", "class_frequencies": [1 - share, share]}
    scenes, found = counted(dataset, Slope(), "polyp", 20, **recipe)
    assert [one.prior for one in found] == (["trained"] if share is None else ["trained", "corrected"])
    shifts = [0.0] if share is None else [0.0, np.log(share / (1 - share))]
    for one, shift in zip(found, shifts, strict=True):
        for k, label in enumerate(dataset.labels):
            p = 1 / (1 + np.exp(-(logits[k] + np.float32(shift)).astype(np.float64)))
            for index in (0, 19, 49, 98):
                assert one.reach[k, :, index].tolist() == pytest.approx(
                    by_threshold(p, label, (index + 1) / 100), abs=2
                )
            hit, rim, far = by_threshold(p, label, 0.5)
            assert one.counts[k, 0].tolist() == pytest.approx([(label == 1).sum() - hit, rim, far], abs=2)
            valid = label != IGNORE
            np.testing.assert_allclose(one.bins[k], bin_sums(p[valid], label[valid] == 1), atol=2)
            assert one.brier[k] == pytest.approx(np.square(p[valid] - label[valid]).sum(), rel=1e-5)
    assert scenes.pixels.tolist() == [102400, 64000, 102400] and scenes.area[:, 0].tolist() == [6400, 1500, 0]


def test_the_confidence_of_several_classes_and_their_correction():
    """One slice of two classes whose probabilities are known; the correction turns the prediction around."""

    class Known(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.said = torch.nn.Parameter(torch.tensor([0.4, 0.6] + [0.0] * 7))

        def forward(self, image: torch.Tensor) -> torch.Tensor:
            return self.said.clamp(min=1e-9).log().view(1, 9, 1, 1).expand(len(image), 9, *image.shape[2:])

    labels = np.zeros((1, 320, 320), np.uint8)
    labels[0, :32] = 1  # a tenth
    dataset = Dataset(("case0001_slice000",), np.zeros((1, 320, 320, 3), np.uint8), labels)
    frequencies = [0.75, 0.25] + [0.0] * 7
    scenes, found = counted(dataset, Known(), "organs", 10, loss="bce", class_frequencies=frequencies)
    trained, corrected = found
    assert trained.counts[0, 0].tolist() == [0, 3200, 320 * 278]  # all is claimed: 10 rows of rim
    assert corrected.counts[0, 0].tolist() == [10240, 0, 0]
    assert calibration_gap(trained.bins[0]) == pytest.approx(0.6 - 0.1, abs=1e-5)
    assert calibration_gap(corrected.bins[0]) == pytest.approx(0.9 - 0.3 / 0.45, abs=1e-5)
    brier = 0.9 * (0.6**2 + 0.6**2) + 0.1 * (0.4**2 + 0.4**2)
    assert trained.brier[0] / scenes.pixels[0] == pytest.approx(brier, abs=1e-5)


def test_another_number_of_groups_is_said():
    with pytest.raises(ValueError, match="members holds 1 groups for 4 images or scans"):
        scenes_of(made_up(), "polyp", ["a"])
