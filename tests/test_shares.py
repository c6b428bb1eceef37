"""What part of the weight objects hold: against the losses themselves and against numbers by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dbce.data.datasets import Dataset
from dbce.losses import balanced_cross_entropy, cross_entropy
from dbce.scores import shares
from dbce.tasks import IGNORE
from dbce.weights import weight_map_numpy


def square(side: int, ignored: bool = False) -> np.ndarray:
    labels = np.zeros((100, 100), np.uint8)
    labels[5 : 5 + side, 5 : 5 + side] = 1
    if ignored:
        labels[90:] = IGNORE
    return labels


@pytest.mark.parametrize("ignored", [False, True])
@pytest.mark.parametrize("frequencies", [None, (0.85, 0.15)])
def test_weights_times_cross_entropy_are_the_loss(ignored, frequencies):
    """The sum over an image of weight times cross entropy is the loss of the package, for both balanced ones and CE."""
    labels = square(20, ignored)
    logits = torch.randn(1, 2, 100, 100, generator=torch.Generator().manual_seed(0))
    target = torch.from_numpy(labels.astype(np.int64))[None]
    entropy = cross_entropy(logits, target, ignore_index=IGNORE, reduction="none")[0].numpy()
    weight = shares.weight_balanced_set(labels, frequencies) if frequencies else shares.weight_balanced_image(labels)
    loss = balanced_cross_entropy(logits, target, frequencies, ignore_index=IGNORE).item()
    assert (weight * entropy).sum() == pytest.approx(loss, rel=1e-5)
    plain = cross_entropy(logits, target, ignore_index=IGNORE).item()
    assert (shares.weight_per_pixel(labels) * entropy).sum() == pytest.approx(plain, rel=1e-5)


def test_balanced_of_the_image_is_the_dilated_weight_at_radius_0_but_for_its_one():
    labels = square(30)
    dilated = weight_map_numpy(labels, 2, 0)
    np.testing.assert_allclose(1 / dilated - 1, 1 / shares.weight_balanced_image(labels), rtol=1e-5)


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


def test_a_class_without_a_share_weighs_nothing():
    labels = np.array([[0, 1, 2]], np.uint8)
    assert shares.weight_balanced_set(labels, (0.5, 0.5, 0.0)).tolist() == [[2 / 3, 2 / 3, 0]]


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
