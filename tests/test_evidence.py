"""Means and deviations over seeds, and which differences may be given an interval."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from dbce.network import DeepSupervisionUnet
from dbce.scores import evidence
from dbce.scores.tallies import Scenes, Tally
from dbce.train import checkpoints


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


def drawn_tallies() -> tuple[Scenes, list[Tally]]:
    """Forty images of eight sequences; counts of two losses with three seeds, of one with a single seed."""
    rng = np.random.default_rng(5)
    area = rng.integers(200, 4000, (40, 1))
    scenes = Scenes("polyp", tuple(map(str, range(40))), tuple(str(k // 5) for k in range(40)), area, np.full(40, 9000))
    tallies = []
    for loss, seed, skill in (("ce", 0, 0.3), ("ce", 1, 0.33), ("ce", 2, 0.27), ("dbce", 0, 0.2), ("bce", 3, 0.25)):
        missed = rng.binomial(area, skill)
        counts = np.stack([missed, rng.binomial(area, 0.1), rng.binomial(area, 0.05)], axis=-1)
        band = np.stack([area - missed, area], axis=-1)
        outline = np.stack([rng.random((40, 1)), rng.integers(0, 30, (40, 1))], axis=-1)
        bins = rng.random((40, 10, 3))
        tallies.append(Tally(loss, seed, "trained", counts, band, outline, bins, rng.random(40), None))
    return scenes, tallies


def dice_of(scenes: Scenes, tally: Tally) -> np.ndarray:
    missed, wrong = tally.counts[:, 0, 0], tally.counts[:, 0, 1:].sum(axis=1)
    hit = scenes.area[:, 0] - missed
    return 2 * hit / (2 * hit + missed + wrong)


def test_means_deviations_and_differences_from_counts(tmp_path):
    scenes, tallies = drawn_tallies()
    measured = evidence.measure(scenes, tallies, draws=2000)
    dice = [100 * dice_of(scenes, tally).mean() for tally in tallies]
    row = measured["losses"]["ce"]
    assert row["seeds"] == [0, 1, 2] and row["mean"]["dice"] == pytest.approx(np.mean(dice[:3]), abs=1e-3)
    assert row["std"]["dice"] == pytest.approx(np.std(dice[:3], ddof=1), abs=1e-3)
    assert measured["losses"]["bce"]["std"]["dice"] is None and set(measured["differences"]) == {"ce", "bce"}
    once = measured["differences"]["ce"]  # dbce was trained once
    assert once["mean"] == pytest.approx(dice[3] - np.mean(dice[:3]), abs=1e-3)
    assert once["low"] is None and evidence.seed_difference(measured, "ce") == (None, 1)
    assert (measured["images"], measured["groups"]) == (40, 8)
    (tmp_path / "polyp").mkdir()
    evidence.write_evidence("polyp", measured, {"loss": "ce", "seed": 0, "size": 64}, "CVC", tmp_path)
    back = evidence.read_evidence("polyp", tmp_path)
    assert back["losses"] == measured["losses"] and back["recipe"] == {"size": 64}


def test_several_seeds_of_both_have_an_interval():
    scenes, tallies = drawn_tallies()
    again = [replace(tally, loss="dbce") for tally in tallies[:3]]
    found, seeds = evidence.seed_difference(evidence.measure(scenes, [*tallies[:3], *again], draws=2000), "ce")
    assert seeds == 3 and found.mean == 0 and found.low < 0 < found.high  # the same networks under two names


def test_old_summaries_are_widened_by_the_deviation_over_seeds():
    rows = {loss: {"seeds": [0, 1, 2], "std": {"dice": 0.5}} for loss in ("ce", "dbce")}
    row = {"seeds": [0, 1, 2], "mean": 1.0, "low": 0.2, "high": 1.8}
    measured = {"losses": rows, "differences": {"ce": row}}
    found, seeds = evidence.seed_difference(measured, "ce")
    assert seeds == 3 and found.high - found.mean == pytest.approx((0.8**2 + 2 * 1.96**2 * 0.25 / 3) ** 0.5, abs=1e-3)
    assert evidence.seed_difference({**measured, "over": "images and seeds"}, "ce")[0] == (1.0, 0.2, 1.8)


def test_a_damaged_file_and_none(tmp_path):
    assert evidence.read_evidence("polyp", tmp_path) is None
    (tmp_path / "polyp").mkdir()
    evidence.evidence_file("polyp", tmp_path).write_text("{}")
    with pytest.raises(ValueError, match="is damaged"):
        evidence.read_evidence("polyp", tmp_path)


def summary(seeds: list[int], differences: dict, **more) -> dict:
    rows = {loss: {"seeds": seeds, "std": {"dice": 0.0}} for loss in ("ce", "bce", "dbce")}
    return {"losses": rows, "differences": differences, "images": 612, "groups": 29, **more}


def test_sentences_say_when_chance_would_do():
    rows = {"ce": {"mean": 3.2, "low": 1.0, "high": 5.5}, "bce": {"mean": -0.4, "low": -2.0, "high": 1.1}}
    sure, unsure = evidence.sentences(summary([0, 1], rows))
    assert "+3.2 points of Dice (95 % interval +1.0 to +5.5, 2 trainings each)." in sure
    assert "\u22120.4 points" in unsure and "not to be told from chance" in unsure


def test_one_training_a_loss_gets_no_interval():
    one = summary([0], {"ce": {"mean": 3.2, "low": 1.0, "high": 5.5}})
    assert evidence.sentences(one) == ["Dilated balanced CE against CE: +3.2 points of Dice, one training each."]
    assert evidence.how(one).startswith("No intervals")


def test_a_class_that_a_short_run_missed_stands_in_the_line_of_the_difference():
    scores = {"ce": {"liver": 95.0, "pancreas": 0.0}, "dbce": {"liver": 96.0, "pancreas": 81.0}}
    rows = {"ce": {"mean": 23.83, "low": None, "high": None}}
    short = summary([0], rows, task="organs", recipe={"epochs": 25})
    (said,) = evidence.sentences(short, scores)
    assert (
        "+23.8 points" in said and "CE scores 0.00 on pancreas, because it had not converged in these 25 epochs" in said
    )
    (said,) = evidence.sentences({**short, "recipe": {"epochs": 300}}, scores)
    assert "converged" not in said


@pytest.mark.parametrize(("low", "high", "mark"), [(1.0, 5.0, "**"), (-1.0, 5.0, " ○")])
def test_dice_is_bold_beyond_chance_and_else_shaded_with_what_it_cannot_be_told_from(low, high, mark):
    mean = dict.fromkeys((*evidence.SCORES, *evidence.EXTRA), 50.0)
    losses = {
        loss: {"seeds": [0, 1], "mean": {**mean, "dice": dice}, "std": dict.fromkeys(mean, 0.0)}
        for loss, dice in (("ce", 70.0), ("dice_ce", 78.0), ("dbce", 80.0))
    }
    near = {"mean": 2.0, "low": low, "high": high}
    measured = summary([0, 1], {"ce": {"mean": 10, "low": 8, "high": 12}, "dice_ce": near}, task="polyp", test_data="x")
    text = evidence.evidence_markdown({**measured, "losses": losses, "over": "images and seeds"})
    (row,) = [line for line in text.splitlines() if line.startswith("| Dilated")]
    assert row.split(" | ")[1] == ("**80.00 ± 0.00**" if mark == "**" else "80.00 ± 0.00 ○")
    assert ("| Dice + CE | 78.00 ± 0.00 ○ |" in text) == (mark != "**") and "| CE | 70.00 ± 0.00 |" in text


def test_what_is_resampled_is_said():
    rows = {"ce": {"mean": 3.2, "low": 1.0, "high": 5.5}}
    drawn = evidence.how(summary([0, 1], rows, over="images and seeds"))
    assert "29 video sequences" in drawn and "of the trainings of each loss" in drawn
    assert "widened by the deviation" in evidence.how(summary([0, 1], rows))
    assert "of the 12 scans" in evidence.how({**summary([0, 1], rows, task="organs"), "images": 12, "groups": 12})


def test_every_score_is_given_where_there_are_several_seeds():
    row = {"mean": dict.fromkeys((*evidence.SCORES, *evidence.EXTRA), 50.0), "std": dict.fromkeys(evidence.SCORES)}
    one, two = (
        {"losses": {"ce": {**row, "seeds": seeds}, "dbce": {**row, "seeds": [0, 1]}}} for seeds in ([0], [0, 1])
    )
    assert list(evidence.columns_of(one)) == ["dice", *evidence.EXTRA]
    assert list(evidence.columns_of(two)) == [*evidence.SCORES, *evidence.EXTRA]
    assert evidence.over_seeds(two).endswith("over 2 seeds a loss") and evidence.seeds_of(None) == 1


def test_spread_is_mean_and_deviation():
    row = {"mean": {"dice": 81.234}, "std": {"dice": 0.456}}
    assert evidence.spread(row, "dice") == "81.23 ± 0.46"
    assert evidence.spread({**row, "std": {"dice": None}}, "dice") == "81.23"
