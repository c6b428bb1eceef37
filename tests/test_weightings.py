"""Every weighting against brute force, pixel by pixel, in two dimensions and in three, and what it says of itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.__main__ import build_parser
from dbce.weights import WEIGHTINGS, weighting_of

IGNORED = 255
LABELS = hnp.arrays(
    np.int64, st.sampled_from([(2, 5, 7), (1, 1, 6), (2, 3, 4, 5)]), elements=st.sampled_from([0, 1, 2, 255])
)
RADII = st.sampled_from([0, 1, 1.5, 3, 20])


def reached(labels: np.ndarray, label: int, radius: float) -> np.ndarray:
    """Pixels that count within the radius of a class, one by one."""
    points, out = np.argwhere(labels == label), np.zeros(labels.shape, bool)
    for place in np.argwhere(labels != IGNORED):
        out[tuple(place)] = len(points) and ((points - place) ** 2).sum(axis=1).min() <= radius**2
    return out


def term(key: str, labels: np.ndarray, label: int, radius: float) -> float:
    """What a class gives to the pixels that it reaches: the number behind the sign of equality of the formula."""
    area = int(reached(labels, label, radius).sum())
    text = WEIGHTINGS[key].term.format(name="", area=area, count=int((labels != IGNORED).sum()))
    numerator, divisor = text.rsplit("1/", 1)
    assert "=" in numerator or not numerator.strip()
    return 1 / eval(divisor, {"__builtins__": {}})


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(list(WEIGHTINGS)), LABELS, RADII)
def test_a_pixel_weighs_the_largest_term_of_the_classes_that_reach_it(key, batch, radius):
    """So the formula that the probe shows is the weight, and the radius matters where it is said to."""
    chosen = WEIGHTINGS[key]
    found = chosen.weights(torch.from_numpy(batch), 3, radius, IGNORED)
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
    alone = torch.cat([weights(image[None], 3, 2, IGNORED) for image in batch])
    assert torch.equal(weights(batch, 3, 2, IGNORED), alone)
    with pytest.raises(ValueError, match=r"target holds the label\(s\) \[2\]"):
        weights(batch, 2, 2, IGNORED)


def test_what_a_weighting_says_of_itself():
    assert list(WEIGHTINGS) == ["none", "balanced", "dilated"]  # links and programs name them
    for key, weighting in WEIGHTINGS.items():
        assert weighting_of(key) is weighting and weighting.key == key
        assert ("20" in weighting.caption.format(radius=20)) == weighting.has_radius


def test_an_unknown_weighting_is_refused(capsys):
    with pytest.raises(ValueError, match="weighting is 'border'; it must be one of none, balanced, dilated"):
        weighting_of("border")
    with pytest.raises(SystemExit):
        build_parser().parse_args(["figure", "1", "-o", "a.pdf", "--weighting", "border"])
    assert "it must be one of none, balanced, dilated." in capsys.readouterr().err
