"""What part of the weight objects hold: against the losses themselves and against numbers by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dbce.data.datasets import Dataset
from dbce.scores import shares
from dbce.tasks import IGNORE, TASKS
from dbce.weights import weight_map_numpy


def square(side: int, ignored: bool = False) -> np.ndarray:
    labels = np.zeros((100, 100), np.uint8)
    labels[5 : 5 + side, 5 : 5 + side] = 1
    if ignored:
        labels[90:] = IGNORE
    return labels


def test_balanced_of_the_image_is_the_dilated_weight_at_radius_0_but_for_its_one():
    labels = square(30)
    balanced = shares.weightings_of("polyp", (0.8, 0.2))["balanced (image)"](labels)
    np.testing.assert_allclose(1 / weight_map_numpy(labels, 2, 0) - 1, 1 / balanced, rtol=1e-5)


@pytest.mark.parametrize("ignored", [False, True])
def test_weights_by_name_are_the_formulas(ignored):
    labels = square(20, ignored)
    inside, valid = labels == 1, labels != IGNORE
    by_name = {name: weigh(labels) for name, weigh in shares.weightings_of("polyp", (0.8, 0.2)).items()}
    np.testing.assert_allclose(by_name["CE"], valid / valid.sum(), rtol=1e-6)
    expected = np.where(inside, 1 / 0.2, 1 / 0.8) * valid / valid.sum()
    np.testing.assert_allclose(by_name["balanced (data set)"], expected, rtol=1e-6)
    expected = np.where(inside, 1 / inside.sum(), 1 / (valid & ~inside).sum()) * valid
    np.testing.assert_allclose(by_name["balanced (image)"], expected, rtol=1e-6)
    np.testing.assert_array_equal(by_name["dilated, R = 20"], weight_map_numpy(labels, 2, 20, IGNORE))


def test_shares_of_thirds_by_hand():
    """Nine squares, three a third: pooled over the images of each third."""
    sides = [4, 5, 6, 20, 22, 24, 50, 60, 70]
    labels = np.stack([square(side) for side in sides] + [np.zeros((100, 100), np.uint8)])
    names = tuple(map(str, range(10)))
    dataset = Dataset(names, np.zeros((10, 100, 100, 3), np.uint8), labels)
    measured = shares.measure_shares(dataset, "polyp", (0.8, 0.2))
    assert measured["images"] == 9  # one holds nothing
    area = np.array(sides).reshape(3, 3) ** 2
    by_name = measured["weightings"]
    assert list(by_name) == ["CE", "balanced (data set)", "balanced (image)", "dilated, R = 20"]
    assert by_name["CE"]["thirds"] == pytest.approx(100 * area.mean(axis=1) / 10_000, abs=0.05)
    heavy = area.sum(axis=1) / 0.2
    light = (10_000 - area).sum(axis=1) / 0.8
    assert by_name["balanced (data set)"]["thirds"] == pytest.approx(100 * heavy / (heavy + light), abs=0.05)
    assert by_name["balanced (image)"]["thirds"] == [50, 50, 50]
    first = by_name["balanced (data set)"]["curve"][0]
    assert first == pytest.approx([0.16, 100 * (16 / 0.2) / (16 / 0.2 + 9984 / 0.8)], abs=0.006)
    sizes = [point[0] for point in by_name["CE"]["curve"]]
    assert sizes == sorted(sizes) and by_name["CE"]["curve"][-1] == [49, 49]


@pytest.mark.parametrize("task", TASKS)
def test_the_page_says_what_the_file_holds(task):
    measured, found = shares.read_shares(task), shares.shares_summary(task)
    assert [row["key"] for row in found["rows"]] == ["none", "balanced_set", "balanced", "dilated"]
    for row in found["rows"]:
        assert {"thirds": row["thirds"], "curve": row["curve"]} == measured["weightings"][row["name"]]
    numbers = [float(number) for number in re.findall(r"\d+\.\d", found["said"])]
    thirds = {row["key"]: [row["thirds"][0], row["thirds"][2]] for row in found["rows"]}
    low, high = (round(bound, 1) for bound in measured["bounds"])
    assert numbers[:4] == [low, thirds["balanced_set"][0], high, thirds["balanced_set"][1]]
    assert numbers[4:] == [*thirds["none"], *thirds["balanced"], *thirds["dilated"]]
    small = "organs that together are small" if task == "organs" else f"small {task}s"
    assert small in found["said"] and measured["data"] in found["command"]
    assert ("drawn phantoms" in found["heading"]) == (task == "organs")
    assert f"{measured['images']} {TASKS[task].seen} of {measured['data']}" in found["heading"]


def test_without_a_file_the_page_shows_nothing(tmp_path):
    assert shares.shares_summary("organs", tmp_path) is None


def test_the_table_says_what_the_file_holds(tmp_path):
    row = {"thirds": [4.5, 11.7, 30.0], "curve": []}
    measured = {"images": 1000, "bounds": [7.69, 16.7], "weightings": {"CE": row}}
    assert "| CE | 4.5 | 11.7 | 30.0 |" in shares.shares_markdown(measured)
    (tmp_path / "polyp").mkdir()
    assert '"data":"Kvasir-SEG"' in shares.write_shares("polyp", measured, "Kvasir-SEG", tmp_path).read_text()


def test_a_file_comes_back_and_a_damaged_one_gets_a_sentence(tmp_path):
    assert shares.read_shares("polyp", tmp_path) is None
    (tmp_path / "polyp").mkdir()
    measured = {"images": 3, "bounds": [1.0, 2.0], "weightings": {"CE": {"thirds": [1.0, 2.0, 3.0], "curve": []}}}
    shares.write_shares("polyp", measured, "Kvasir-SEG", tmp_path)
    assert shares.read_shares("polyp", tmp_path) == {"task": "polyp", "data": "Kvasir-SEG", **measured}
    for content in ("", "[]", "{}"):
        shares.shares_file("polyp", tmp_path).write_text(content)
        with pytest.raises(ValueError, match="is damaged"):
            shares.read_shares("polyp", tmp_path)
