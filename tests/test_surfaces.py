"""Outlines: MONAI's numbers against every pair of outline pixels, and what is empty."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage
from scipy.spatial.distance import cdist

from dbce.scores import surfaces
from dbce.scores.surfaces import TOLERANCE, surface_scores


def by_hand(found: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """All distances between all pixels of the two outlines."""
    a, b = (np.argwhere(mask & ~ndimage.binary_erosion(mask)) for mask in (found, real))
    distance = cdist(a, b)
    there, back = distance.min(axis=1), distance.min(axis=0)
    near = (there <= TOLERANCE).sum() + (back <= TOLERANCE).sum()
    return near / (len(a) + len(b)), max(np.quantile(there, 0.95), np.quantile(back, 0.95))


@pytest.mark.parametrize("seed", range(6))
def test_monai_against_all_pairs_of_outline_pixels(seed):
    rng = np.random.default_rng(seed)
    found, real = (ndimage.gaussian_filter(rng.normal(size=(60, 70)), 5) > 0.02 for _ in range(2))
    assert surface_scores(found, real) == pytest.approx(by_hand(found, real), abs=1e-4)


def test_a_square_moved_by_the_tolerance_agrees_and_by_more_does_not():
    real = np.zeros((80, 80), bool)
    real[20:50, 20:50] = True
    assert surface_scores(np.roll(real, TOLERANCE, axis=0), real) == (1, TOLERANCE)
    dice, distance = surface_scores(np.roll(real, 8, axis=0), real)
    assert dice < 0.8 and distance == 8


def test_where_masks_are_empty():
    some, none = np.eye(40, dtype=bool), np.zeros((40, 40), bool)
    assert surface_scores(none, none) == (1, 0)
    assert surface_scores(some, none) == surface_scores(none, some) == (0, float("inf"))


def test_without_monai_a_sentence_says_what_to_install(monkeypatch):
    monkeypatch.setattr(surfaces, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match="pip install monai scipy"):
        surface_scores(np.eye(3, dtype=bool), np.eye(3, dtype=bool))
