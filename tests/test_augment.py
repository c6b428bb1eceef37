"""Augmentation: image and labels move together, every sample its own way, from the seed alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dbce.augment import Augment
from dbce.phantoms import polyp


@pytest.fixture(scope="module")
def batch() -> tuple[torch.Tensor, torch.Tensor]:
    """Images that show nothing but their labels, so that the two can be compared afterwards."""
    labels = torch.from_numpy(np.stack([polyp(seed, 96)[1] for seed in range(8)])).long()
    return labels[:, None].float().expand(-1, 3, -1, -1).contiguous() * 0.8 + 0.1, labels


def test_image_and_labels_move_together(batch):
    for seed in range(3):
        torch.manual_seed(seed)
        images, labels = Augment(96)(*batch)
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
        _, moved = Augment(96)(torch.rand(8, 3, 96, 96), labels)
        assert set(moved.unique().tolist()) <= {0, 1, 3}


def test_every_sample_is_drawn_by_itself(batch):
    torch.manual_seed(0)
    same = tuple(part[:1].expand(6, *part.shape[1:]) for part in batch)
    _, labels = Augment(96)(*same)
    assert len({tuple(label.flatten().tolist()) for label in labels}) >= 5


def test_the_seed_decides(batch):
    results = []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        results.append(Augment(96)(*batch))
    assert all(torch.equal(a, b) for a, b in zip(results[0], results[1], strict=True))
    assert not torch.equal(results[0][1], results[2][1])
