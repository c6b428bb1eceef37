"""Three dimensions, voxels that are no cubes, NumPy, targets with a channel axis, compilation: against brute force."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import dbce
from dbce import LOSSES, weight_map, weight_map_numpy
from dbce.dilation import within_ball
from dbce.weights import trusted_labels

VOLUMES = hnp.arrays(np.int64, (3, 5, 4), elements=st.sampled_from([0, 0, 0, 1, 2]))
SPACINGS = st.tuples(*[st.sampled_from([0.7, 1.0, 1.25, 3.0])] * 3)
RADII = st.sampled_from([0.0, 0.7, 1.0, 1.5, 2.1, 3.0, 50.0])


def brute(labels: np.ndarray, num_classes: int, radius: float, spacing: tuple[float, ...]) -> np.ndarray:
    """Eq. 3-5 word for word, voxel by voxel."""
    grid = np.indices(labels.shape)
    best = np.zeros(labels.shape)
    for cls in range(num_classes):
        sites = np.argwhere(labels == cls)
        squared = np.full(labels.shape, np.inf)
        for site in sites:
            total = np.zeros(labels.shape)
            for axis, step in enumerate(spacing):
                total = total + (np.abs(grid[axis] - site[axis]) * step) ** 2
            squared = np.minimum(squared, total)
        covered = squared <= radius**2
        best = np.maximum(best, covered / (1 + covered.sum()))
    return best


@settings(deadline=None)
@given(VOLUMES, SPACINGS, RADII)
def test_weights_of_a_volume_are_equations_3_to_5_with_a_ball(labels, spacing, radius):
    got = weight_map(torch.from_numpy(labels)[None], 3, radius, spacing=spacing)[0].numpy()
    np.testing.assert_allclose(got, brute(labels, 3, radius, spacing), rtol=1e-6)


@settings(deadline=None)
@given(hnp.arrays(np.int64, (1, 9, 7), elements=st.integers(-1, 2)), RADII)
def test_a_volume_of_one_slice_and_unit_spacing_are_the_plane(labels, radius):
    target = torch.from_numpy(labels)
    plane = weight_map(target, 3, radius, ignore_index=-1)
    assert torch.equal(weight_map(target[:, None], 3, radius, ignore_index=-1)[:, 0], plane)
    assert torch.equal(weight_map(target, 3, radius, ignore_index=-1, spacing=(1, 1)), plane)


@settings(deadline=None)
@given(VOLUMES, RADII)
def test_scaling_spacing_and_radius_together_changes_nothing(labels, radius):
    target = torch.from_numpy(labels)[None]
    assert torch.equal(weight_map(target, 3, radius), weight_map(target, 3, 4 * radius, spacing=(4, 4, 4)))


@settings(deadline=None)
@given(VOLUMES, RADII)
def test_numpy_in_numpy_out(labels, radius):
    got = weight_map_numpy(labels.astype(np.uint8), 3, radius)
    assert isinstance(got, np.ndarray) and got.dtype == np.float32
    assert np.array_equal(got, weight_map(torch.from_numpy(labels)[None], 3, radius)[0].numpy())
    plane = weight_map_numpy(labels[0, ::-1], 3, radius)  # a view with negative strides
    assert np.array_equal(plane, weight_map_numpy(labels[0], 3, radius)[::-1])


@pytest.mark.parametrize("spacing", [(1, 1), (1, 0, 1), (1, -1, 1), (1, float("nan"), 1), (1, 1, 1, 1)])
def test_a_bad_spacing_gets_a_sentence(spacing):
    with pytest.raises(ValueError, match="spacing is"):
        weight_map(torch.zeros(1, 2, 3, 4, dtype=torch.long), 2, 1, spacing=spacing)


def test_other_bad_input_gets_a_sentence():
    with pytest.raises(ValueError, match="whole numbers"):
        weight_map_numpy(np.zeros((3, 3)), 2, 1)
    with pytest.raises(ValueError, match="radius"):
        within_ball(torch.ones(2, 2, dtype=torch.bool), -1, (1, 1))


def example(*shape: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(3)
    target = torch.randint(0, 3, (2, *shape), generator=generator)
    return torch.randn(2, 3, *shape, generator=generator), target


@pytest.mark.parametrize("name", ["ce", "bce", "dice_ce"])
def test_losses_of_a_volume_are_those_of_its_slices_side_by_side(name):
    logits, target = example(3, 4, 5)
    loss = LOSSES[name](ignore_index=2)
    flat = loss(logits.flatten(2, 3), target.flatten(1, 2))  # these three do not look at neighbours
    torch.testing.assert_close(loss(logits, target), flat)


def test_the_dilated_loss_of_a_volume_is_the_weighted_sum():
    logits, target = example(3, 4, 5)
    spacing = (2.5, 1.0, 0.8)
    weight = weight_map(target, 3, 2, spacing=spacing)
    pixel = torch.nn.functional.cross_entropy(logits, target, reduction="none")
    expected = (weight * pixel).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(LOSSES["dbce"](2, spacing=spacing)(logits, target), expected)
    assert dbce.dilated_balanced_cross_entropy(logits, target, 2, reduction="none").shape == target.shape
    known = LOSSES["dbce"](2)(logits, target, weight)
    torch.testing.assert_close(known, expected)
    with pytest.raises(ValueError, match="disagree"):
        LOSSES["dbce"](2)(logits, target, weight[:, 0])


@pytest.mark.parametrize("name", LOSSES)
@pytest.mark.parametrize("shape", [(6, 7), (3, 4, 5)])
def test_targets_with_a_channel_axis_by_an_explicit_option(name, shape):
    logits, target = example(*shape)
    plain = LOSSES[name]()(logits, target)
    assert torch.equal(LOSSES[name](channel_target=True)(logits, target[:, None]), plain)
    with pytest.raises(ValueError, match="channel_target=True"):
        LOSSES[name]()(logits, target[:, None])
    with pytest.raises(ValueError, match="with channel_target=True it must be"):
        LOSSES[name](channel_target=True)(logits, target)


@pytest.mark.parametrize("name", LOSSES)
def test_compiled_and_exported_losses_give_the_same(name):
    logits, target = example(16, 16)
    loss = LOSSES[name](3) if name == "dbce" else LOSSES[name]()
    expected = loss(logits, target)
    torch.testing.assert_close(torch.compile(loss, backend="eager", fullgraph=True)(logits, target), expected)
    program = torch.export.export(loss, (logits, target))
    torch.testing.assert_close(program.module()(logits, target), expected)
    torch.testing.assert_close(program.module()(logits.flip(2), target), loss(logits.flip(2), target))


@pytest.mark.parametrize("name", LOSSES)
def test_with_trusted_labels_nothing_is_read_back_from_the_device(name, monkeypatch):
    monkeypatch.setattr(torch, "autocast", lambda *_, **__: nullcontext())  # which knows no meta device
    logits = torch.zeros(2, 3, 16, 16, device="meta")  # whoever asks a meta tensor for a value gets an error
    target = torch.zeros(2, 16, 16, dtype=torch.long, device="meta")
    loss = {"dbce": LOSSES["dbce"](3), "bce": LOSSES["bce"]([0.5, 0.3, 0.2])}.get(name) or LOSSES[name]()
    with trusted_labels():
        assert loss(logits, target).shape == ()
    with pytest.raises(RuntimeError, match="meta"):
        loss(logits, target)


def test_labels_are_trusted_only_where_it_was_said():
    wrong = torch.full((1, 2, 2), 7)
    with trusted_labels():
        weight_map(wrong, 2, 1)
    with pytest.raises(ValueError, match="label"):
        weight_map(wrong, 2, 1)
