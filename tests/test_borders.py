"""Distances to the two nearest objects, and U-Net's weight map: every pixel against every border pixel, and scipy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import ndimage

from dbce.borders import REACH, border_distances
from dbce.weightings import WEIGHTINGS

IGNORED = 255
SMALL = hnp.arrays(np.int64, st.sampled_from([(6, 8), (1, 9), (8, 1)]), elements=st.sampled_from([0, 0, 0, 1, 2, 255]))


def objects_of(labels: np.ndarray) -> list[list[tuple[int, int]]]:
    """Pixels of every object, found by growing from each pixel."""
    rest = {(y, x) for y, x in np.ndindex(labels.shape) if labels[y, x] not in (0, IGNORED)}
    found = []
    while rest:
        grown, front = [], [rest.pop()]
        while front:
            y, x = front.pop()
            grown.append((y, x))
            around = [(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
            new = [at for at in around if at in rest and labels[at] == labels[y, x]]
            rest -= set(new)
            front += new
        found.append(grown)
    return found


def by_hand(labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """`border_distances` by comparing every pixel with every border pixel."""
    height, width = labels.shape
    borders = []
    for pixels in objects_of(labels):
        own = set(pixels)
        sides = {(y, x): [(y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)] for y, x in pixels}
        held = {at: [(y, x) for y, x in near if 0 <= y < height and 0 <= x < width] for at, near in sides.items()}
        borders.append([at for at, near in held.items() if any(side not in own for side in near)])
    both = np.full((2, *labels.shape), np.inf)
    for at in np.ndindex(labels.shape):
        far = sorted(min((math.dist(at, pixel) for pixel in border), default=math.inf) for border in borders)
        both[:, at[0], at[1]] = [*far, math.inf, math.inf][:2]
    return both[0], both[1]


def unet_by_hand(labels: np.ndarray) -> np.ndarray:
    """Eq. 2 of U-Net over N, term by term."""
    count = max(int((labels != IGNORED).sum()), 1)
    out = np.zeros(labels.shape)
    first, second = by_hand(labels)
    for y, x in np.argwhere(labels != IGNORED):
        apart = first[y, x] + second[y, x]
        balancing = count / int((labels == labels[y, x]).sum())
        out[y, x] = (balancing + 10 * math.exp(-(apart**2) / (2 * 5**2))) / count
    return out


@settings(max_examples=80, deadline=None)
@given(SMALL)
def test_distances_and_weights_are_those_of_every_pair_of_pixels(labels):
    for found, expected in zip(border_distances(labels, 3), by_hand(labels), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    weights = WEIGHTINGS["unet"].weights(torch.from_numpy(labels)[None], 3, 7, IGNORED)[0].numpy()
    np.testing.assert_allclose(weights, unet_by_hand(labels), rtol=1e-6)


def blobs(seed: int, size: int = 96, level: float = 0.62) -> np.ndarray:
    """(size, size) labels of a few irregular objects of two classes."""
    random = np.random.default_rng(seed)
    smooth = ndimage.gaussian_filter(random.random((size, size)), 5)
    inside = smooth > np.quantile(smooth, level)
    return np.where(inside, 1 + (np.indices(inside.shape)[1] > size / 2), 0)


@pytest.mark.parametrize("seed", range(4))
def test_distances_are_those_of_scipy_up_to_the_reach(seed):
    labels = blobs(seed)
    fields = []
    for label in (1, 2):
        component, count = ndimage.label(labels == label, np.ones((3, 3)))
        for number in range(1, count + 1):
            inside = component == number
            edge = inside & ~ndimage.binary_erosion(inside, border_value=1)
            fields.append(ndimage.distance_transform_edt(~edge))
    assert len(fields) > 4
    expected = np.sort(fields, axis=0)[:2]
    assert (expected[1] > REACH).any() and (expected[1] < 3).any()
    for found, exact in zip(border_distances(labels, 3), expected, strict=True):
        np.testing.assert_allclose(found, np.where(exact <= REACH, exact, np.inf), rtol=1e-12)
    areas = np.bincount(labels.ravel())
    exact = 1 / areas[labels] + 10 / labels.size * np.exp(-((expected[0] + expected[1]) ** 2) / 50)  # to any distance
    weights = WEIGHTINGS["unet"].weights(torch.from_numpy(labels)[None], 3, 0, IGNORED)[0].numpy()
    np.testing.assert_allclose(weights, exact, rtol=2e-7)


@settings(max_examples=40, deadline=None)
@given(SMALL, st.sampled_from([np.fliplr, np.flipud, np.transpose, np.rot90]))
def test_they_turn_with_the_image(labels, turn):
    for found, turned in zip(border_distances(turn(labels), 3), border_distances(labels, 3), strict=True):
        assert np.array_equal(found, turn(turned))


@settings(max_examples=40, deadline=None)
@given(SMALL)
def test_the_border_term_only_adds_and_at_most_ten_weights_of_cross_entropy(labels):
    target = torch.from_numpy(labels)[None]
    weights, balanced, plain = (WEIGHTINGS[key].weights(target, 3, 0, IGNORED) for key in ("unet", "balanced", "none"))
    assert (weights >= balanced).all() and (weights <= balanced + 10 * plain * (1 + 1e-6)).all()
    if len(objects_of(labels)) < 2:
        assert torch.equal(weights, balanced)  # one object alone: no second border, no term


def test_the_gap_between_two_objects_weighs_most():
    labels = np.zeros((40, 60), np.int64)
    labels[10:30, 5:27], labels[10:30, 31:55] = 1, 1  # a gap of four columns
    weights = WEIGHTINGS["unet"].weights(torch.from_numpy(labels)[None], 2, 0, IGNORED)[0].numpy()
    background = np.where(labels == 0, weights, 0)
    y, x = np.unravel_index(background.argmax(), labels.shape)
    assert 10 <= y < 30 and 27 <= x < 31
    assert background.max() == pytest.approx(1 / (labels == 0).sum() + 10 / labels.size * math.exp(-(5**2) / 50))


def test_volumes_are_refused():
    with pytest.raises(ValueError, match=r"U-Net's weight map is of pictures, \(N, H, W\)"):
        WEIGHTINGS["unet"].weights(torch.zeros(1, 2, 3, 4, dtype=torch.long), 2, 0, IGNORED)
