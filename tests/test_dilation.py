"""Dilation by a disk: both paths bit for bit against the definition, and the algebra it must obey."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from scipy.ndimage import distance_transform_edt

from dbce.dilation import (
    ABSENT,
    _squared_distance_torch,
    dilate,
    radius_squared,
    squared_distance,
    squared_distances,
    within_disk,
)

MASKS = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=14), elements=st.booleans())
RADII = st.one_of(st.integers(0, 20).map(float), st.floats(0, 20), st.integers(0, 50).map(math.sqrt))
quick = settings(max_examples=60, deadline=None)


def brute_force(mask: np.ndarray, radius: float) -> np.ndarray:
    """Every pixel with a pixel of the mask at dx^2 + dy^2 <= R^2."""
    out = np.zeros_like(mask, bool)
    for y, x in np.argwhere(mask):
        dy, dx = np.ogrid[-y : mask.shape[0] - y, -x : mask.shape[1] - x]
        out |= dx * dx + dy * dy <= radius * radius
    return out


def torch_path(mask: np.ndarray) -> np.ndarray:
    """The path that other devices take, run here on the CPU."""
    return _squared_distance_torch(torch.from_numpy(np.ascontiguousarray(mask))[None])[0].numpy()


def special_masks() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(0)
    one = np.zeros((9, 13), bool)
    one[4, 6] = True
    corner = np.zeros((9, 13), bool)
    corner[0, 0] = corner[8, 12] = True
    border = np.zeros((11, 7), bool)
    border[:, 0] = border[10] = True
    return {
        "1x1 full": np.ones((1, 1), bool),
        "1x1 empty": np.zeros((1, 1), bool),
        "row": np.arange(9)[None] == 3,
        "column": np.arange(9)[:, None] == 8,
        "one pixel": one,
        "corners": corner,
        "border": border,
        "full": np.ones((6, 8), bool),
        "empty": np.zeros((6, 8), bool),
        "sparse": rng.random((40, 23)) < 0.01,
        "dense": rng.random((23, 40)) < 0.7,
    }


@pytest.mark.parametrize("name", special_masks())
@pytest.mark.parametrize("radius", [0, 0.99, 1, math.sqrt(2), 2.5, math.sqrt(5), 7, 13, 60])
def test_all_paths_equal_the_definition(name, radius):
    mask = special_masks()[name]
    expected = brute_force(mask, radius)
    assert np.array_equal(dilate(mask, radius), expected)
    assert np.array_equal(torch_path(mask) <= radius_squared(radius), expected)
    assert np.array_equal(within_disk(torch.from_numpy(mask), radius).numpy(), expected)


@quick
@given(MASKS, RADII)
def test_all_paths_equal_the_definition_on_random_masks(mask, radius):
    expected = brute_force(mask, radius)
    assert np.array_equal(dilate(mask, radius), expected)
    assert np.array_equal(torch_path(mask) <= radius_squared(radius), expected)
    assert np.array_equal(within_disk(torch.from_numpy(mask), radius).numpy(), expected)


@pytest.mark.parametrize("radius", [3, 47.5, 150, 5000])
def test_a_batch_dilated_at_once_equals_scipy(radius):
    masks = np.random.default_rng(2).random((2, 3, 200, 133)) < 1e-3
    masks[1, 1] = False
    expected = [m.any() & (distance_transform_edt(~m) <= radius) for m in masks.reshape(6, 200, 133)]
    got = within_disk(torch.from_numpy(masks), radius)
    assert np.array_equal(got.numpy().reshape(6, 200, 133), np.stack(expected))


@pytest.mark.parametrize("shape", [(320, 320), (288, 384), (1024, 700), (2048, 2048)])
def test_large_fields_equal_scipy(shape):
    mask = np.random.default_rng(1).random(shape) < 2e-4
    expected = np.rint(distance_transform_edt(~mask) ** 2).astype(np.int64)
    assert np.array_equal(squared_distance(mask), expected)
    if shape[0] <= 320:
        assert np.array_equal(torch_path(mask), expected)


def test_distances_that_float32_cannot_tell_apart_stay_exact():
    mask = np.zeros((1500, 1500), bool)
    mask[:2, :2] = True  # the far corner is 2117 px away, where sqrt(n) and sqrt(n + 1) are one float32
    expected = np.rint(distance_transform_edt(~mask) ** 2).astype(np.int64)
    rounded = np.rint(np.sqrt(expected).astype(np.float32).astype(np.float64) ** 2)
    assert (rounded != expected).any()  # a float32 field would be wrong here
    assert np.array_equal(squared_distance(mask), expected)


@quick
@given(MASKS, RADII, RADII)
def test_extensive_and_monotone_in_the_radius(mask, first, second):
    small, large = dilate(mask, min(first, second)), dilate(mask, max(first, second))
    assert not (mask & ~small).any() and not (small & ~large).any()


@quick
@given(st.integers(0, 2**32 - 1), RADII)
def test_distributes_over_union(seed, radius):
    a, b = np.random.default_rng(seed).random((2, 12, 15)) < 0.05
    assert np.array_equal(dilate(a | b, radius), dilate(a, radius) | dilate(b, radius))


@quick
@given(MASKS, RADII)
def test_commutes_with_flips_and_quarter_turns(mask, radius):
    for turn in (np.flipud, np.fliplr, np.rot90, np.transpose):
        assert np.array_equal(dilate(turn(mask), radius), turn(dilate(mask, radius)))


@quick
@given(MASKS)
def test_radius_zero_is_the_identity(mask):
    assert np.array_equal(dilate(mask, 0), mask)


def test_a_batch_of_labels_has_one_field_per_image_and_class():
    labels = torch.from_numpy(np.random.default_rng(5).integers(0, 3, (2, 9, 14)))
    labels[0, :2] = -100
    fields = squared_distances(labels, 4)
    assert fields.shape == (2, 4, 9, 14) and fields.dtype == torch.int32
    for image in range(2):
        for label in range(3):
            assert np.array_equal(fields[image, label], squared_distance(labels[image].numpy() == label))
    assert (fields[:, 3] == ABSENT).all()  # a class that does not occur is out of every reach
    assert np.array_equal(fields, _squared_distance_torch(labels[:, None] == torch.arange(4)[:, None, None]))


@pytest.mark.parametrize("radius", [-1, -0.001, math.nan, math.inf, "20", None, True])
def test_a_radius_that_is_none_gets_a_sentence(radius):
    with pytest.raises(ValueError, match=r"radius is .*must be.*>= 0"):
        radius_squared(radius)


@pytest.mark.parametrize("shape", [(3,), (2, 3, 4), (0, 5)])
def test_a_mask_of_another_shape_gets_a_sentence(shape):
    with pytest.raises(ValueError, match=r"mask has shape .* must be \(H, W\)"):
        squared_distance(np.zeros(shape, bool))
