"""Every weighting against brute force, pixel by pixel, in two dimensions and in three, and what it says of itself."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.commands.parsers import build_parser
from dbce.losses import balanced_cross_entropy, cross_entropy, dilated_balanced_cross_entropy
from dbce.registry import LOSSES
from dbce.weightings import WEIGHTINGS, offered_weightings, weighting_of

IGNORED = 255
LABELS = hnp.arrays(
    np.int64, st.sampled_from([(2, 5, 7), (1, 1, 6), (2, 3, 4, 5)]), elements=st.sampled_from([0, 1, 2, 255])
)
RADII = st.sampled_from([0, 1, 1.5, 3, 20])
FREQUENCIES = (0.75, 0.25, 0.0)
BY_CLASS = [key for key in WEIGHTINGS if key != "unet"]
"""Those whose classes give a weight to what they reach; tests/test_borders.py has the other one."""


def reached(labels: np.ndarray, label: int, radius: float) -> np.ndarray:
    """Pixels that count within the radius of a class, one by one."""
    points, out = np.argwhere(labels == label), np.zeros(labels.shape, bool)
    for place in np.argwhere(labels != IGNORED):
        out[tuple(place)] = len(points) and ((points - place) ** 2).sum(axis=1).min() <= radius**2
    return out


def term(key: str, labels: np.ndarray, label: int, radius: float) -> float:
    """What a class gives to the pixels that it reaches: the number behind the sign of equality of the formula."""
    area = int(reached(labels, label, radius).sum())
    count = int((labels != IGNORED).sum())
    text = WEIGHTINGS[key].term.format(name="", area=area, count=count, share=FREQUENCIES[label])
    numerator, divisor = text.rsplit("1/", 1)
    assert "=" in numerator or not numerator.strip()
    divided = eval(divisor.replace("·", "*"), {"__builtins__": {}})
    return 1 / divided if divided else 0


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(BY_CLASS), LABELS, RADII)
def test_a_pixel_weighs_the_largest_term_of_the_classes_that_reach_it(key, batch, radius):
    """So the formula that the probe shows is the weight, and the radius matters where it is said to."""
    chosen = WEIGHTINGS[key]
    found = chosen.weights(torch.from_numpy(batch), 3, radius, IGNORED, FREQUENCIES)
    assert found.dtype == torch.float32 and found.shape == batch.shape
    reach = radius if chosen.has_radius else 0
    for labels, weight in zip(batch, found.numpy(), strict=True):
        expected = np.zeros(labels.shape)
        for label in range(3):
            if (labels == label).any():
                near = reached(labels, label, reach)
                expected[near] = np.maximum(expected[near], term(key, labels, label, reach))
        np.testing.assert_allclose(weight, expected, rtol=1e-6)


@pytest.mark.parametrize("key", WEIGHTINGS)
def test_an_image_weighs_what_it_weighs_alone(key):
    batch = torch.from_numpy(np.random.default_rng(2).integers(0, 3, (4, 9, 11)))
    batch[1] = 2
    weights = WEIGHTINGS[key].weights
    alone = torch.cat([weights(image[None], 3, 2, IGNORED, FREQUENCIES) for image in batch])
    assert torch.equal(weights(batch, 3, 2, IGNORED, FREQUENCIES), alone)
    with pytest.raises(ValueError, match=r"target holds the label\(s\) \[2\]"):
        weights(batch, 2, 2, IGNORED, FREQUENCIES[:2])


def test_the_formula_of_unet_is_its_weight():
    term = WEIGHTINGS["unet"].term.format(name="", area=7, count=100, first=2.0, second=3.0)
    value = term.rsplit("=", 1)[1].replace("·", "*").replace("−", "-").replace("²", "**2")
    expected = 1 / 7 + 10 / 100 * math.exp(-0.5)
    assert eval(value, {"exp": math.exp, "__builtins__": {}}) == pytest.approx(expected)


@settings(max_examples=40, deadline=None)
@given(LABELS, st.sampled_from([(0.75, 0.25, 0.0), (0.5, 0.3, 0.2)]))
def test_a_weighting_that_trains_a_loss_gives_that_loss(batch, frequencies):
    """Weight times cross entropy, summed over an image, is the loss that its network was trained with."""
    target = torch.from_numpy(batch)
    logits = torch.randn(len(batch), 3, *batch.shape[1:], generator=torch.Generator().manual_seed(1))
    entropy = cross_entropy(logits, target, ignore_index=IGNORED, reduction="none")
    losses = {
        "ce": cross_entropy(logits, target, ignore_index=IGNORED),
        "bce": balanced_cross_entropy(logits, target, frequencies, ignore_index=IGNORED),
        "dbce": dilated_balanced_cross_entropy(logits, target, 2, ignore_index=IGNORED),
    }
    trained = {each.loss: each for each in WEIGHTINGS.values() if each.loss}
    assert trained.keys() == losses.keys()
    for key, loss in losses.items():
        weights = trained[key].weights(target, 3, 2, IGNORED, frequencies)
        assert (weights * entropy).flatten(1).sum(dim=1).mean().item() == pytest.approx(loss.item(), rel=1e-5)


@pytest.mark.parametrize("frequencies", [(0.5, 0.5), (0.5, 0.7, -0.2), (0.5, 0.5, 1.5)])
def test_frequencies_that_are_no_shares_are_refused(frequencies):
    with pytest.raises(ValueError, match="it must hold one share in"):
        WEIGHTINGS["balanced_set"].weights(torch.zeros(1, 2, 2, dtype=torch.long), 3, 0, IGNORED, frequencies)


def test_what_needs_frequencies_is_not_offered_without():
    assert list(offered_weightings(FREQUENCIES)) == list(WEIGHTINGS)
    assert list(offered_weightings(None)) == ["none", "balanced", "unet", "dilated"]
    with pytest.raises(ValueError, match="trained with class frequencies; choose one of none, balanced, unet, dilated"):
        WEIGHTINGS["balanced_set"].weights(torch.zeros(1, 2, 2, dtype=torch.long), 3, 0, IGNORED)


def test_what_a_weighting_says_of_itself():
    assert list(WEIGHTINGS) == ["none", "balanced", "balanced_set", "unet", "dilated"]  # links and programs name them
    for key, weighting in WEIGHTINGS.items():
        assert weighting_of(key) is weighting and weighting.key == key
        assert ("20" in weighting.caption.format(radius=20)) == weighting.has_radius
        assert not weighting.loss or weighting.loss in LOSSES


def test_an_unknown_weighting_is_refused(capsys):
    with pytest.raises(
        ValueError, match="weighting is 'border'; it must be one of none, balanced, balanced_set, unet, dilated"
    ):
        weighting_of("border")
    with pytest.raises(SystemExit):
        build_parser().parse_args(["figure", "1", "-o", "a.pdf", "--weighting", "border"])
    assert "it must be one of none, balanced, balanced_set, unet, dilated." in capsys.readouterr().err
