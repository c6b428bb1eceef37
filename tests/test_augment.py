"""Augmentation: image and labels move together, every sample its own way, from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dbce.data.augment import Augment, ColourMatrix, SmallFieldElastic
from dbce.data.phantoms import polyp


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Images that show nothing but their labels, so that the two can be compared afterwards."""
    labels = torch.from_numpy(np.stack([polyp(seed, 96)[1] for seed in range(8)])).long()
    return labels[:, None].float().expand(-1, 3, -1, -1).contiguous() * 0.8 + 0.1, labels


def test_image_and_labels_move_together(batch):
    for seed in range(3):
        torch.manual_seed(seed)
        images, labels = Augment()(*batch)
        assert images.shape == batch[0].shape and images.dtype == torch.float32
        assert labels.shape == batch[1].shape and labels.dtype == torch.int64
        assert images.min() >= 0 and images.max() <= 1
        bright = images.mean(1) > 0.5
        overlap = (bright & (labels == 1)).sum() / (bright | (labels == 1)).sum()
        assert overlap > 0.85


def test_labels_of_several_classes_are_never_mixed():
    """A pixel between classes 1 and 3 must not become class 2."""
    labels = torch.zeros(8, 96, 96, dtype=torch.long)
    labels[:, 20:70, 20:48], labels[:, 20:70, 48:80] = 1, 3
    for seed in range(3):
        torch.manual_seed(seed)
        _, moved = Augment()(torch.rand(8, 3, 96, 96), labels)
        assert set(moved.unique().tolist()) <= {0, 1, 3}


def test_every_sample_is_drawn_by_itself(batch):
    torch.manual_seed(0)
    same = tuple(part[:1].expand(6, *part.shape[1:]) for part in batch)
    _, labels = Augment()(*same)
    assert len({tuple(label.flatten().tolist()) for label in labels}) >= 5


def test_the_seed_decides(batch):
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(Augment()(*batch))
    assert all(torch.equal(a, b) for a, b in zip(results[0], results[1], strict=True))
    assert not torch.equal(results[0][1], results[2][1])


@pytest.mark.parametrize("size", [96, 224])
def test_the_small_field_moves_as_far_as_it_says_and_as_smoothly_as_kornias(size):
    """Measured on images that hold their own coordinates: the displacement is what differs afterwards."""
    import kornia.augmentation as K

    axis = (torch.arange(size) + 0.5) / size * 2 - 1
    places = torch.stack([axis.expand(size, size), axis[:, None].expand(size, size)]).expand(24, -1, -1, -1)
    inner = slice(size // 6, -(size // 6))
    spread, slope = {}, {}
    kernel = size // 5 * 2 + 1  # four deviations of a twentieth of the image
    full = K.RandomElasticTransform((kernel, kernel), (size / 20, size / 20), alpha=(1.0, 1.0), p=1.0)
    for name, op in {"small": SmallFieldElastic(0.015, p=1.0), "full": full}.items():
        torch.manual_seed(3)
        moved = (op(places) - places)[:, :, inner, inner]
        spread[name], slope[name] = moved.std().item(), (moved.diff(dim=-1).std() / moved.std()).item()
    assert spread["small"] == pytest.approx(0.015, rel=0.1)
    assert slope["small"] == pytest.approx(slope["full"], rel=0.1)  # how fast it changes from pixel to pixel


def at_the_end_of_its_range(monkeypatch, images: torch.Tensor, **ranges: float) -> torch.Tensor:
    """Images after the largest change, where no random number is left."""
    with monkeypatch.context() as patch:
        patch.setattr(torch, "rand", lambda *shape, **_: torch.ones(shape))
        jitter = ColourMatrix(**{"brightness": 0.0, "contrast": 0.0, "saturation": 0.0, "hue": 0.0, **ranges}, p=1.0)
        return jitter.apply_transform(images, jitter.generate_parameters(images.shape), {})


def test_saturation_is_torchvisions_and_hue_turns_as_hsv_does(monkeypatch):
    from torchvision.transforms.v2.functional import adjust_hue, adjust_saturation

    images = 0.25 + 0.5 * torch.from_numpy(np.random.default_rng(0).random((1, 3, 8, 8), np.float32))
    saturated = at_the_end_of_its_range(monkeypatch, images, saturation=0.2)
    torch.testing.assert_close(saturated, adjust_saturation(images, 1.2), atol=1e-3, rtol=0)
    found = (at_the_end_of_its_range(monkeypatch, images, hue=0.01) - images).flatten()
    expected = (adjust_hue(images, 0.01) - images).flatten()
    assert found @ expected > 0.7 * found.norm() * expected.norm()  # the same way round
    assert 0.6 < found.norm() / expected.norm() < 1.6


def test_grey_stays_grey_under_saturation_and_hue():
    grey = torch.full((4, 3, 8, 8), 0.5)
    coloured = ColourMatrix(0.0, 0.0, 0.2, 0.1, p=1.0)(grey)
    torch.testing.assert_close(coloured, grey)


def test_brightness_adds_and_contrast_scales():
    images = 0.3 + 0.3 * torch.rand(64, 3, 4, 4)
    brighter = ColourMatrix(0.2, 0.0, 0.0, 0.0, p=1.0)(images) - images
    assert brighter.flatten(1).std(dim=1).max() < 1e-6 and 0.15 < brighter.abs().max() <= 0.2
    scaled = ColourMatrix(0.0, 0.2, 0.0, 0.0, p=1.0)(images) / images
    assert scaled.flatten(1).std(dim=1).max() < 1e-5 and 1.15 < scaled.max() <= 1.2 and scaled.min() < 0.85
