"""Whether probabilities mean what they say: ten bins, the calibration gap, the Brier score.

Only pixels of which a network is unsure, ``0.05 < p < 0.95``, are binned: nine tenths of an image are background that
every network is sure of, and would hide the rest. The gap is the expected calibration error of these pixels (Naeini,
Cooper and Hauskrecht 2015; Guo et al. 2017): the mean over them of ``|mean p - mean y|`` of their bin. All pixels enter
the Brier score (Brier 1950).
"""

from __future__ import annotations

import numpy as np

BINS = 10
"""Bins of equal width over [0, 1]."""

UNSURE = (0.05, 0.95)
"""Probabilities between which a pixel is binned."""


def bin_sums(probability: np.ndarray, truth: np.ndarray) -> np.ndarray:
    """How many unsure pixels fall into each bin, and the sums of their probability and truth.

    Args:
        probability: any shape, in [0, 1].
        truth: the same shape, 0 or 1.

    Returns:
        (BINS, 3) float64: count, sum of probability, sum of truth. Sums of several images are sums of these.
    """
    unsure = (probability > UNSURE[0]) & (probability < UNSURE[1])
    p, y = probability[unsure].astype(np.float64), truth[unsure].astype(np.float64)
    where = np.minimum((p * BINS).astype(np.int64), BINS - 1)
    return np.stack([np.bincount(where, weights, BINS) for weights in (None, p, y)], axis=1)


def calibration_gap(bins: np.ndarray) -> np.ndarray:
    """Expected calibration error in [0, 1].

    Args:
        bins: (..., BINS, 3), from `bin_sums` or weighted sums of such.

    Returns:
        (...): 0 where no pixel is unsure.
    """
    off = np.abs(bins[..., 1] - bins[..., 2]).sum(axis=-1)  # of a bin: count * |mean p - mean y|
    return off / np.maximum(bins[..., 0].sum(axis=-1), np.finfo(np.float64).tiny)


def signed_gap(bins: np.ndarray) -> np.ndarray:
    """Mean of ``p - y`` over the unsure pixels, of what `calibration_gap` takes: above 0 a network claims too much."""
    count = np.maximum(bins[..., 0].sum(axis=-1), np.finfo(np.float64).tiny)
    return (bins[..., 1] - bins[..., 2]).sum(axis=-1) / count


def reliability(bins: np.ndarray) -> dict[str, list[float | None]]:
    """What a reliability diagram draws, bin by bin.

    Args:
        bins: (BINS, 3), from `bin_sums`.

    Returns:
        ``p``: mean probability, ``y``: share that is true (both None in an empty bin), ``share``: of the unsure pixels.
    """
    count, p, y = bins.T
    total = max(count.sum(), 1)
    means = [[None if n == 0 else float(value / n) for value, n in zip(sums, count, strict=True)] for sums in (p, y)]
    return {"p": means[0], "y": means[1], "share": [float(n / total) for n in count]}


def brier_sum(probability: np.ndarray, truth: np.ndarray) -> float:
    """Sum over pixels of ``(p - y)^2``; over the number of pixels it is the Brier score of two classes.

    Args:
        probability: any shape, of the foreground.
        truth: the same shape, 0 or 1.
    """
    return float(np.square(probability.astype(np.float64) - truth).sum())
