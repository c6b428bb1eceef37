"""The calibration gap, the Brier score and the reliability diagram: against torchmetrics and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.calibration import calibration_curve
from sklearn.metrics import brier_score_loss
from torchmetrics.functional.classification import binary_calibration_error

from dbce.scores.calibration import BINS, bin_sums, brier_sum, calibration_gap, reliability, signed_gap


def made_up(seed: int, count: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of which many are near 0 or 1, and truths that they overstate."""
    rng = np.random.default_rng(seed)
    p = rng.beta(0.4, 0.6, count)
    return p, rng.random(count) < p**1.5


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_the_gap_is_torchmetrics_expected_calibration_error_of_the_unsure_pixels(seed):
    p, y = made_up(seed)
    unsure = (p > 0.05) & (p < 0.95)
    theirs = binary_calibration_error(torch.from_numpy(p[unsure]), torch.from_numpy(y[unsure]).long(), n_bins=BINS)
    assert calibration_gap(bin_sums(p, y)) == pytest.approx(theirs.item(), abs=1e-6)
    assert signed_gap(bin_sums(p, y)) == pytest.approx((p[unsure] - y[unsure]).mean())


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000))
def test_the_diagram_is_scikit_learns(seed):
    p, y = made_up(seed)
    unsure = (p > 0.05) & (p < 0.95)
    true, said = calibration_curve(y[unsure], p[unsure], n_bins=BINS)
    got = reliability(bin_sums(p, y))
    np.testing.assert_allclose([value for value in got["y"] if value is not None], true)
    np.testing.assert_allclose([value for value in got["p"] if value is not None], said)
    assert sum(got["share"]) == pytest.approx(1)


def test_brier_is_scikit_learns_over_all_pixels():
    p, y = made_up(3)
    assert brier_sum(p, y) / len(p) == pytest.approx(brier_score_loss(y, p))


def test_sums_of_images_are_the_sums_of_their_bins():
    (p, y), (q, z) = made_up(1), made_up(2)
    together = bin_sums(np.concatenate([p, q]), np.concatenate([y, z]))
    np.testing.assert_allclose(bin_sums(p, y) + bin_sums(q, z), together)
    both = np.stack([bin_sums(p, y), bin_sums(q, z)])
    np.testing.assert_allclose(calibration_gap(both), [calibration_gap(row) for row in both])


def test_sure_pixels_are_in_no_bin_and_none_makes_no_gap():
    p = np.array([0.0, 0.05, 0.95, 1.0])
    assert not bin_sums(p, np.array([1, 1, 0, 0])).any()
    assert calibration_gap(np.zeros((BINS, 3))) == 0 and signed_gap(np.zeros((BINS, 3))) == 0
    assert reliability(np.zeros((BINS, 3)))["y"] == [None] * BINS


def test_a_network_that_says_nine_tenths_and_is_right_half_of_the_time():
    p, y = np.full(100, 0.9), np.arange(100) % 2
    assert calibration_gap(bin_sums(p, y)) == pytest.approx(0.4) and signed_gap(bin_sums(p, y)) == pytest.approx(0.4)
