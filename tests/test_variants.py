"""Rows are named by what differs, effects are those of a 2 x 2 design, intervals those of another bootstrap."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

from dbce.__main__ import main
from dbce.network import DeepSupervisionUnet
from dbce.scores import variants
from dbce.scores.tallies import Scenes, Tally
from dbce.train import checkpoints
from tests.small import drawn as drawn_images
from tests.small import written

RECIPE = {"task": "polyp", "loss": "ce", "radius": 20, "seed": 0, "lr": 0.001, "images": 9}
OWN = "examples.own_losses:dilated_set"


def test_rows_are_named_by_the_loss_and_by_what_else_differs():
    runs = [RECIPE, {**RECIPE, "loss": "dbce", "radius": 0.0}, {**RECIPE, "loss": "dbce"}, {**RECIPE, "loss": OWN}]
    assert variants.row_keys(runs) == ["ce", "dbce, R = 0", "dbce, R = 20", "dilated_set, R = 20"]
    rates = [RECIPE, {**RECIPE, "lr": 0.01}, {**RECIPE, "lr": 0.01, "seed": 1, "torch": "other"}]
    assert variants.row_keys(rates) == ["ce, lr = 0.001", "ce, lr = 0.01", "ce, lr = 0.01"]
    assert variants.row_keys([RECIPE, {**RECIPE, "loss": "dbce"}]) == ["ce", "dbce"], "one radius need not be named"
    others = [RECIPE, {**RECIPE, "optimizer": "adam", "seed": 1}, {**RECIPE, "optimizer": "adamw"}]
    assert variants.row_keys(others) == ["ce, optimizer = adam"] * 2 + ["ce, optimizer = adamw"]
    assert variants.variant_title("dbce, R = 0") == "Dilated balanced CE, R = 0"
    with pytest.raises(ValueError, match=r"two runs are ce, seed 0; keep one"):
        variants.row_keys([RECIPE, {**RECIPE, "radius": 5}])


def test_rows_are_ordered_by_loss_and_by_number():
    keys = ["dbce, R = 10", "dilated_set, R = 20", "dbce, R = 5", "ce, lr = 0.01", "ce, lr = 5e-05"]
    found = variants.in_order(keys, range(5))
    assert [row[0] for row in found] == [
        *("ce, lr = 5e-05", "ce, lr = 0.01", "dbce, R = 5", "dbce, R = 10", "dilated_set, R = 20")
    ]
    assert [row[1] for row in found] == [4, 3, 2, 0, 1]


def drawn() -> tuple[Scenes, dict[str, list[Tally]]]:
    """Thirty images of six sequences; the four cells of a 2 x 2 design, three seeds each."""
    rng = np.random.default_rng(2)
    area = rng.integers(200, 4000, (30, 1))
    scenes = Scenes("polyp", tuple(map(str, range(30))), tuple(str(k // 5) for k in range(30)), area, np.full(30, 9000))

    def one(loss: str, seed: int, skill: float) -> Tally:
        missed = rng.binomial(area, skill)
        counts = np.stack([missed, rng.binomial(area, 0.1), rng.binomial(area, 0.05)], axis=-1)
        return Tally(loss, seed, "trained", counts, counts[..., :2], counts[..., :2], np.zeros(1), np.zeros(30), None)

    skills = {"bce": 0.3, "dbce, R = 0": 0.2, "dbce, R = 20": 0.1, "dilated_set, R = 20": 0.25}
    return scenes, {key: [one(key, seed, skill) for seed in range(3)] for key, skill in skills.items()}


def dice_of(scenes: Scenes, tally: Tally) -> np.ndarray:
    missed, wrong = tally.counts[:, 0, 0], tally.counts[:, 0, 1:].sum(axis=1)
    hit = scenes.area[:, 0] - missed
    return 200 * hit / (2 * hit + missed + wrong)


def test_effects_and_pairs_are_those_of_an_independent_bootstrap():
    scenes, tallies = drawn()
    found = variants.measure_variants(scenes, tallies, {"bce": 71.0}, draws=4000)
    dice = {key: np.stack([dice_of(scenes, one) for one in each]) for key, each in tallies.items()}
    means = {key: values.mean() for key, values in dice.items()}
    for key, row in found["rows"].items():
        assert row["mean"]["dice"] == pytest.approx(means[key], abs=1e-3)
        assert row["std"]["dice"] == pytest.approx(dice[key].mean(axis=1).std(ddof=1), abs=1e-3)
    assert [found["rows"][key]["held_out"] for key in ("bce", "dbce, R = 0")] == [71.0, None]
    plain, image, both, dilated = (means[key] for key in tallies)
    effects = [((both - image) + (dilated - plain)) / 2, ((both - dilated) + (image - plain)) / 2]
    effects.append((plain - dilated) - (image - both))
    assert [three[0] for three in found["effects"].values()] == pytest.approx(effects, abs=2e-3)

    rng = np.random.default_rng(9)  # sequences drawn one by one, and two of three trainings of each loss
    samples = []
    for _ in range(4000):
        images = np.concatenate([np.arange(5) + 5 * s for s in rng.integers(0, 6, 6)])
        cells = {key: values[rng.integers(0, 3, 2)][:, images].mean() for key, values in dice.items()}
        gains = cells["dbce, R = 20"] - cells["dbce, R = 0"], cells["dilated_set, R = 20"] - cells["bce"]
        samples.append((cells["dbce, R = 20"] - cells["bce"], sum(gains) / 2))
    for column, three in enumerate((found["pairs"]["dbce, R = 20|bce"], found["effects"]["dilation"])):
        assert three[1:] == pytest.approx(np.percentile(np.array(samples)[:, column], [2.5, 97.5]), abs=0.12)


def test_effects_need_all_four_cells_and_a_single_seed_has_no_interval():
    scenes, tallies = drawn()
    del tallies["bce"]
    assert variants.measure_variants(scenes, tallies, {}, draws=50)["effects"] == {}
    whole = {key: each[:1] for key, each in drawn()[1].items()}
    said = variants.effect_sentences(variants.measure_variants(scenes, whole, {}, draws=50))
    assert all("95 %" not in sentence and sentence.endswith(" points of Dice.") for sentence in said) and len(said) == 3


@pytest.mark.parametrize("hold_out", [0.0, 0.1], ids=["validated on another set", "held out"])
def test_the_command_scores_runs_and_the_table_says_what_chance_would_do(hold_out, tmp_path, capsys):
    runs, data = tmp_path / "runs", tmp_path / "data"
    data.mkdir()
    written(drawn_images(3), data)
    for loss, radius, seed in (("ce", 20.0, 0), ("dbce", 0.0, 0), ("dbce", 20.0, 0), ("ce", 20.0, 1)):
        torch.manual_seed(seed)
        network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(8, 8, 8))
        recipe = {**RECIPE, "loss": loss, "radius": radius, "seed": seed, "size": 64}
        recipe |= {"encoder": "mobilenet_v2", "epochs": 1, "data": "drawn", "batch_size": 4, "torch": "x"}
        recipe["hold_out"] = hold_out
        checkpoints.save_checkpoint(runs / f"{loss}-s{seed}-r{radius:g}" / f"{loss}.safetensors", network, recipe)
    (runs / "ce-s0-r20" / "log.jsonl").write_text('{"epoch": 1, "loss": 1, "validation": {"dice": 50}}\n')
    where = ["--data", str(data), "--name", "two", "-o", str(tmp_path)]
    assert main(["variants", "polyp", "--runs", str(runs), *where]) == 0
    table = capsys.readouterr().out
    stored = json.loads((tmp_path / "variants" / "two.json").read_text())
    assert list(stored["rows"]) == ["ce", "dbce, R = 0", "dbce, R = 20"]
    assert stored["rows"]["ce"]["held_out"] == (50 if hold_out else None)
    assert stored["rows"]["ce"]["seeds"] == [0, 1] and stored["images"] == 3 and "radius" not in stored["recipe"]
    for words in ("| CE |", "| Dilated balanced CE, R = 0 |", "mobilenet_v2 encoder, 1 epochs", "--name two` scores"):
        assert words in table
    assert main(["variants", "polyp", "--runs", str(data), *where]) != 0
    assert "holds no finished run" in capsys.readouterr().err


def test_held_out_images_choose_and_ties_are_named(tmp_path):
    scenes, tallies = drawn()
    held = {"bce": 70.0, "dbce, R = 0": 81.04, "dbce, R = 20": 80.98, "dilated_set, R = 20": 75.0}
    single = {key: each[:1] for key, each in tallies.items()}
    measured = variants.measure_variants(scenes, single, held, draws=20)
    recipe = {**RECIPE, "encoder": "mobilenet_v2", "epochs": 1, "data": "drawn", "batch_size": 4, "size": 64}
    variants.write_variants("two", measured, recipe, "drawn", tmp_path)
    best = f"{dice_of(scenes, tallies['dbce, R = 20'][0]).mean():.1f}"
    assert (
        "Held-out images choose Dilated balanced CE, R = 0 and Dilated balanced CE, R = 20 (81.0 %); highest on the "
        f"test set: Dilated balanced CE, R = 20 ({best} %)."
    ) in variants.variants_markdown("two", tmp_path)


def test_beside_rows_of_several_seeds_one_of_a_single_seed_has_no_interval(tmp_path):
    scenes, tallies = drawn()
    tallies["other"] = tallies.pop("dilated_set, R = 20")[:1]
    recipe = {**RECIPE, "encoder": "mobilenet_v2", "epochs": 1, "data": "drawn", "batch_size": 4, "size": 64}
    variants.write_variants(
        "mixed", variants.measure_variants(scenes, tallies, {}, draws=50), recipe, "drawn", tmp_path
    )
    table = variants.variants_markdown("mixed", tmp_path)
    assert table.startswith("| mean ± standard deviation over 3 seeds; without ±: one seed |")
    rows = [line.split(" | ") for line in table.splitlines() if line.startswith("| ")]
    scores, differences = rows[:6], rows[6:]
    assert [("±" in row[1]) for row in scores if "CE" in row[0] or "other" in row[0]] == [True, True, True, False]
    of_other = next(row for row in differences if row[0] == "| other")
    assert len(of_other) == 4 and not any(" to " in cell for cell in of_other[1:])
    assert all(
        " to " in row[1] for row in differences if "R = " in row[0] and len(row) > 2 and "Dice, row" not in row[0]
    )
    assert "No interval where one of the two was trained once" in table and "seed 0, 1, 2" in table


def test_a_damaged_file_and_none(tmp_path):
    assert variants.read_variants("two", tmp_path) is None
    with pytest.raises(ValueError, match="no runs 'two' were measured"):
        variants.variants_markdown("two", tmp_path)
    variants.variants_file("two", tmp_path).parent.mkdir()
    variants.variants_file("two", tmp_path).write_text("{}")
    with pytest.raises(ValueError, match=r"is damaged; .*python -m dbce variants"):
        variants.read_variants("two", tmp_path)


def test_what_was_trained_alike_stands_beside_the_radius(tmp_path):
    recipe = {**RECIPE, "encoder": "mobilenet_v2", "class_frequencies": [0.8, 0.2], "torch": "x"}
    curve = {"task": "polyp", "test_data": "drawn", "recipe": {**recipe, "lr": 0.001}, "points": []}
    assert variants.beside_radius(None, tmp_path) is None and variants.beside_radius(curve, tmp_path) == curve
    scenes, tallies = drawn()
    measured = variants.measure_variants(scenes, {**tallies, "ce": tallies["bce"][:2]}, {}, draws=50)
    variants.write_variants("a", measured, {**recipe, "lr": 0.01}, "drawn", tmp_path)
    variants.write_variants("b", measured, recipe, "other", tmp_path)
    assert variants.beside_radius(curve, tmp_path) == curve, "another rate, another test set"
    variants.write_variants("c", measured, recipe, "drawn", tmp_path)
    found = variants.beside_radius(curve, tmp_path)
    mean = np.mean([dice_of(scenes, one).mean() for one in tallies["bce"][:2]])
    assert found["ce"] == {"dice": pytest.approx(mean, abs=0.01), "seeds": 2}
    assert found["parts"] == variants.effect_sentences(measured) and len(found["parts"]) == 3
