"""Prior correction: against Bayes' rule on made-up classes, a fitted weighted loss, and torch's log-softmax."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.losses import balanced_cross_entropy
from dbce.prior import correct_log_probabilities, correct_logit, log_prior, training_weights

SHARES = st.lists(st.floats(0.01, 1), min_size=2, max_size=9).map(lambda raw: [value / sum(raw) for value in raw])


def test_a_network_that_has_learnt_the_balanced_loss_perfectly_says_the_true_odds_again():
    """Fifty places with known odds; logits fitted to the balanced loss by gradient descent, then corrected."""
    true = np.random.default_rng(0).uniform(0.05, 0.95, 50)
    labels = torch.from_numpy((np.arange(2000)[:, None] < 2000 * true).astype(np.int64))[None]  # (1, 2000, 50)
    share = labels.double().mean().item()
    logit = torch.zeros(50, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([logit], max_iter=200, tolerance_grad=1e-12, tolerance_change=1e-14)

    def loss():
        optimiser.zero_grad()
        both = torch.stack([torch.zeros_like(logit), logit])[None, :, None].expand(1, 2, 2000, 50)
        value = balanced_cross_entropy(both, labels, [1 - share, share])
        value.backward()
        return value

    optimiser.step(loss)
    fitted = logit.detach().numpy()
    exact = labels[0].double().mean(dim=0).numpy()
    corrected = correct_logit(fitted, [1 - share, share])
    np.testing.assert_allclose(1 / (1 + np.exp(-corrected)), exact, atol=1e-4)
    assert np.abs(1 / (1 + np.exp(-fitted)) - exact).max() > 0.01  # as trained it says something else


@settings(deadline=None, max_examples=40)
@given(SHARES, st.integers(0, 99))
def test_several_classes_follow_bayes_rule(frequencies, seed):
    posterior = np.random.default_rng(seed).dirichlet(np.ones(len(frequencies)), 6).T  # (C, 6)
    weighted = posterior / np.array(frequencies)[:, None]
    corrected = np.exp(correct_log_probabilities(np.log(weighted / weighted.sum(axis=0)), frequencies))
    np.testing.assert_allclose(corrected, posterior, atol=1e-9)
    moved = np.moveaxis(np.log(weighted), 0, 1)  # classes along another axis, not normalised
    np.testing.assert_allclose(np.exp(correct_log_probabilities(moved, frequencies, axis=1)), posterior.T, atol=1e-9)


@settings(deadline=None, max_examples=40)
@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-20, 20, width=32)), st.floats(0.01, 0.99))
def test_two_classes_are_the_same_by_either_way(logit, share):
    pair = torch.stack([torch.zeros(3, 4), torch.from_numpy(logit)]).log_softmax(dim=0).numpy()
    both = correct_log_probabilities(pair, [1 - share, share])
    np.testing.assert_allclose(both[1] - both[0], correct_logit(logit, [1 - share, share]), atol=2e-4)
    assert correct_logit(logit, [1 - share, share]).dtype == np.float32


def test_equal_classes_change_nothing_and_an_absent_one_is_never_said():
    logit = np.linspace(-3, 3, 7)
    np.testing.assert_array_equal(correct_logit(logit, [0.5, 0.5]), logit)
    corrected = correct_log_probabilities(np.zeros((3, 2)), [0.9, 0.0, 0.1])
    assert np.isneginf(corrected[1]).all()
    np.testing.assert_allclose(np.exp(corrected).sum(axis=0), 1)


@pytest.mark.parametrize("frequencies", [[0.5], [1.0, 0.0], [1.5, -0.5], [[0.5, 0.5]], [float("nan"), 0.5]])
def test_what_are_no_shares_is_said(frequencies):
    with pytest.raises(ValueError, match=r"class_frequencies is .* it must hold one share"):
        log_prior(frequencies)


def test_another_number_of_classes_is_said():
    with pytest.raises(ValueError, match="a logit is one of two"):
        correct_logit(np.zeros(3), [0.5, 0.3, 0.2])
    with pytest.raises(ValueError, match="has 2 classes along axis 0"):
        correct_log_probabilities(np.zeros((2, 3)), [0.5, 0.3, 0.2])


@pytest.mark.parametrize("loss", ["ce", "dice_ce", "dbce"])
def test_only_balanced_cross_entropy_weighs_classes_alike_in_every_image(loss):
    recipe = {"class_frequencies": [0.8, 0.2]}
    assert training_weights({**recipe, "loss": loss}) is None
    assert training_weights({**recipe, "loss": "bce"}) == (0.8, 0.2)
    assert training_weights({"loss": "bce"}) is None
