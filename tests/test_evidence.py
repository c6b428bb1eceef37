"""Means, deviations, band and rim, and the cluster bootstrap: against numbers by hand and by scipy."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage, stats

from dbce.data.datasets import Dataset
from dbce.network import DeepSupervisionUnet
from dbce.scores import evidence
from dbce.train import checkpoints
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


def test_band_and_rim_against_scipys_distances():
    dataset = made_up()
    got = evidence.measure_images(Checkpoint(Redness(), {"size": 320}), dataset, 20)
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
    got = evidence.measure_scans(Checkpoint(Ninths(), {"size": 320}), dataset, 10)
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


@settings(deadline=None, max_examples=30)
@given(hnp.arrays(np.float64, st.integers(2, 40), elements=st.floats(-1, 1)), st.integers(1, 8), st.integers(0, 99))
def test_the_interval_holds_between_the_extremes_of_the_groups_and_is_reproducible(difference, count, seed):
    members = [str(k % count) for k in range(len(difference))]
    mean, low, high = evidence.bootstrap(difference, members, draws=500, seed=seed)
    assert mean == pytest.approx(difference.mean()) and low <= high
    groups = [difference[np.array(members) == g].mean() for g in set(members)]
    assert min(groups) - 1e-9 <= low and high <= max(groups) + 1e-9
    assert evidence.bootstrap(difference, members, draws=500, seed=seed) == (mean, low, high)


def test_single_images_give_scipys_bootstrap():
    difference = np.random.default_rng(1).normal(0.02, 0.1, 200)
    _, low, high = evidence.bootstrap(difference, [str(k) for k in range(200)])
    theirs = stats.bootstrap((difference,), np.mean, n_resamples=10_000, method="percentile", rng=2).confidence_interval
    assert low == pytest.approx(theirs.low, abs=1e-3) and high == pytest.approx(theirs.high, abs=1e-3)


def test_copies_of_a_frame_do_not_make_the_interval_narrower():
    difference = np.random.default_rng(1).normal(0.02, 0.1, 30)
    members = [str(k) for k in range(30)]
    _, low, high = evidence.bootstrap(difference, members)
    _, low20, high20 = evidence.bootstrap(np.repeat(difference, 20), np.repeat(members, 20))
    assert (low20, high20) == pytest.approx((low, high), abs=1e-9)
    _, lower, higher = evidence.bootstrap(np.repeat(difference, 20), [str(k) for k in range(600)])
    assert higher - lower < 0.5 * (high - low)  # what treating frames as independent would claim


def test_groups_come_from_the_file_where_there_is_one(tmp_path):
    assert evidence.groups(["a", "b"], tmp_path) == ["a", "b"]
    (tmp_path / "sequences.csv").write_text("frame,sequence\n1,7\n2,7\n3,9\n")
    assert evidence.groups(["3", "1", "2"], tmp_path) == ["9", "7", "7"]
    with pytest.raises(ValueError, match=r"does not name the sequence of 4 and 1 more"):
        evidence.groups(["1", "4", "5"], tmp_path)


def run(folder, loss: str, seed: int, **changes) -> None:
    torch.manual_seed(seed)
    network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(8, 8, 8))
    recipe = {"task": "polyp", "loss": loss, "seed": seed, "size": 64, "epochs": 1, "torch": "x", **changes}
    checkpoints.save_checkpoint(folder / f"{loss}-s{seed}" / f"{loss}.safetensors", network, recipe)


def test_runs_are_sorted_by_loss_and_seed_and_must_be_alike(tmp_path):
    with pytest.raises(ValueError, match="no finished run"):
        evidence.collect_runs(tmp_path)
    for loss, seed in (("dbce", 1), ("ce", 0), ("dbce", 0)):
        run(tmp_path, loss, seed, device="cpu" if seed else "cuda")
    found = evidence.collect_runs(tmp_path)
    assert [(loss, list(seeds)) for loss, seeds in found.items()] == [("ce", [0]), ("dbce", [0, 1])]
    run(tmp_path, "bce", 0, epochs=2)
    with pytest.raises(ValueError, match="differs from the other runs in epochs"):
        evidence.collect_runs(tmp_path)


def test_means_deviations_and_differences_from_runs(tmp_path):
    for loss, seed in (("ce", 0), ("ce", 1), ("dbce", 0), ("dbce", 1), ("bce", 3)):
        run(tmp_path, loss, seed)
    dataset = made_up()
    members = ["a", "a", "b", "b"]
    measured = evidence.measure("polyp", evidence.collect_runs(tmp_path), dataset, members)
    rows = {}
    for loss, seed in (("ce", 0), ("ce", 1), ("dbce", 0), ("dbce", 1)):
        network = checkpoints.load_checkpoint(tmp_path / f"{loss}-s{seed}" / f"{loss}.safetensors")
        rows[loss, seed] = evidence.measure_images(network, dataset, 20)
    dice = [100 * rows["ce", seed]["dice"].mean() for seed in (0, 1)]
    assert measured["losses"]["ce"]["mean"]["dice"] == pytest.approx(np.mean(dice), abs=1e-3)
    assert measured["losses"]["ce"]["std"]["dice"] == pytest.approx(abs(dice[0] - dice[1]) / 2**0.5, abs=1e-3)
    assert measured["losses"]["bce"]["std"]["dice"] is None and set(measured["differences"]) == {"ce"}
    difference = np.mean([rows["dbce", s]["dice"] - rows["ce", s]["dice"] for s in (0, 1)], axis=0)
    assert measured["differences"]["ce"]["mean"] == pytest.approx(100 * difference.mean(), abs=1e-3)
    assert (measured["images"], measured["groups"]) == (4, 2)
    (tmp_path / "polyp").mkdir()
    evidence.write_evidence("polyp", measured, {"loss": "ce", "seed": 0, "size": 64}, "CVC", tmp_path)
    back = evidence.read_evidence("polyp", tmp_path)
    assert back["losses"] == measured["losses"] and back["recipe"] == {"size": 64}


def test_a_damaged_file_and_none(tmp_path):
    assert evidence.read_evidence("polyp", tmp_path) is None
    (tmp_path / "polyp").mkdir()
    evidence.evidence_file("polyp", tmp_path).write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        evidence.read_evidence("polyp", tmp_path)


def test_sentences_say_when_chance_would_do():
    rows = {"ce": {"mean": 3.2, "low": 1.0, "high": 5.5}, "bce": {"mean": -0.4, "low": -2.0, "high": 1.1}}
    sure, unsure = evidence.sentences({"differences": rows})
    assert "+3.2 points of Dice (95 % interval +1.0 to +5.5)." in sure
    assert "\u22120.4 points" in unsure and "not to be told from chance" in unsure


def test_what_is_resampled_and_what_one_seed_cannot_tell_is_said():
    one = {"differences": {"ce": {"seeds": [0]}}, "images": 612, "groups": 29}
    assert "29 video sequences" in evidence.how(one) and "chance of training" in evidence.how(one)
    three = {"differences": {"ce": {"seeds": [0, 1, 2]}}, "images": 519, "groups": 519}
    assert "519 images" in evidence.how(three) and "chance of training" not in evidence.how(three)


def test_every_score_is_given_where_there_are_several_seeds():
    row = {"mean": dict.fromkeys((*evidence.SCORES, *evidence.EXTRA), 50.0), "std": dict.fromkeys(evidence.SCORES)}
    one, two = (
        {"losses": {"ce": {**row, "seeds": seeds}, "dbce": {**row, "seeds": [0, 1]}}} for seeds in ([0], [0, 1])
    )
    assert list(evidence.columns_of(one)) == ["dice", *evidence.EXTRA]
    assert list(evidence.columns_of(two)) == [*evidence.SCORES, *evidence.EXTRA]
    assert evidence.over_seeds(two).endswith("over 2 seeds a loss") and evidence.seeds_of(None) == 1


def test_what_is_measured_of_scans_is_called_scans():
    measured = {"task": "organs", "differences": {"ce": {"seeds": [0]}}, "images": 12, "groups": 12}
    assert "of the 12 scans" in evidence.how(measured)


def test_spread_is_mean_and_deviation():
    row = {"mean": {"dice": 81.234}, "std": {"dice": 0.456}}
    assert evidence.spread(row, "dice") == "81.23 ± 0.46"
    assert evidence.spread({**row, "std": {"dice": None}}, "dice") == "81.23"
