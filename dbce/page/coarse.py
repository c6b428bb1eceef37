"""Logits as the networks made them: a few thousand numbers, enlarged to the page's grid, and what that leaves.

A network answers at a quarter of its own size, and its answer is enlarged twice (dbce/network.py,
dbce/study/predictor.py). Packed pixel by pixel such a map takes 64 kB; the numbers it was made of, and the few steps by
which rounding differs, take 11. The page enlarges them by the same arithmetic, so it gets every value exactly.
"""

from __future__ import annotations

from functools import cache

import numpy as np

FRACTION = 16
"""Parts of a step in which the numbers are sent."""

_MOST = 0.2  # share of pixels with a rest, from which on the map is no such enlargement


def coarse_code(steps: np.ndarray, side: int) -> tuple[np.ndarray, np.ndarray] | None:
    """A map on the page's grid -> the numbers that it was enlarged from, and what is left of each pixel.

    Args:
        steps: (S, S) int16, from `dbce.study.studies.quantise`.
        side: of what the network saw, in pixels; its answer has a quarter of it.

    Returns:
        (side / 4, side / 4) int32 in 1 / `FRACTION` steps, (S, S) int8 in steps; None where the map was not made so.
    """
    size = len(steps)
    if side % 4 or not 4 <= side <= size:
        return None
    back = _inverse(side, size)
    grid = np.rint(_product(_product(back, steps), back.T) * FRACTION).astype(np.int32)
    rest = steps - restored(grid, side, size)
    if np.abs(rest).max() > np.iinfo(np.int8).max or np.count_nonzero(rest) > _MOST * rest.size:
        return None
    return grid, rest.astype(np.int8)


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Matrix product in float64 by the thread that asks, alone.

    A BLAS has threads of its own, which wait for each other at full speed: on a busy server they took twenty times as
    long as the product itself, more than the networks.
    """
    return np.einsum("ij,jk->ik", a, b.astype(np.float64, order="C"))


def restored(grid: np.ndarray, side: int, size: int) -> np.ndarray:
    """What the page makes of the numbers: (side / 4, side / 4) int32 -> (size, size) int32 steps, without the rest."""
    maps = (grid / FRACTION).astype(np.float32)
    return np.rint(enlarge(enlarge(maps, side), size)).astype(np.int32)


def enlarge(maps: np.ndarray, size: int) -> np.ndarray:
    """(H, H) float32 -> (size, size) float32, bilinear. Twin of `enlarge` in dbce/web/core/logits.js, bit for bit."""
    low, high, right = _places(len(maps), size)
    left = np.float32(1) - right
    wide = _mixed(maps[:, low], left, maps[:, high], right)
    return _mixed(wide[low], left[:, None], wide[high], right[:, None])


def _mixed(a: np.ndarray, of_a: np.ndarray, b: np.ndarray, of_b: np.ndarray) -> np.ndarray:
    """a * of_a + b * of_b in float32, of which the first product is not rounded, as where both are one operation."""
    second = (b * of_b).astype(np.float64)
    return (a.astype(np.float64) * of_a + second).astype(np.float32)


def _places(count: int, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Between which pixels the middle of each new one lies, and how far from the first."""
    scale = np.float32(count / size)
    at = np.maximum((scale * (np.arange(size) + 0.5) - 0.5).astype(np.float32), np.float32(0))
    low = np.minimum(at.astype(np.int64), count - 1)
    return low, np.minimum(low + 1, count - 1), at - low.astype(np.float32)


@cache
def _inverse(side: int, size: int) -> np.ndarray:
    """(side / 4, size) float64: least squares against both enlargements, along one axis."""
    whole = np.eye(size)
    for count, larger in ((side, size), (side // 4, side)):
        low, high, right = _places(count, larger)
        step = np.zeros((larger, count))
        np.add.at(step, (np.arange(larger), low), 1 - right.astype(np.float64))
        np.add.at(step, (np.arange(larger), high), right)
        whole = whole @ step
    return np.linalg.pinv(whole)
