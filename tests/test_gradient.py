"""The gradient of a study is what torch's autograd gives for the losses themselves."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce import losses
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study
from dbce.tasks import IGNORE, TASKS

LOGITS = hnp.arrays(np.int16, (6, 7), elements=st.integers(-12000, 12000) | st.sampled_from([-32767, 0, 32767]))
LABELS = hnp.arrays(np.uint8, (6, 7), elements=st.sampled_from([0, 0, 1, IGNORE]))
RADII = st.sampled_from([0.0, 1.0, 2.3, 20.0])


def by_autograd(steps: np.ndarray, labels: np.ndarray, loss) -> np.ndarray:
    """Derivative of ``loss(input, target)`` by the logit of the object, that of the background being 0."""
    logit = torch.from_numpy(steps * np.float64(LOGIT_STEP)).requires_grad_()
    value = loss(torch.stack([torch.zeros_like(logit), logit])[None], torch.from_numpy(labels.astype(np.int64))[None])
    return torch.autograd.grad(value, logit)[0].numpy()


def study_of(steps: np.ndarray, labels: np.ndarray | None) -> Study:
    return Study(TASKS["polyp"], np.zeros((*steps.shape, 3), np.uint8), labels, {"ce": steps})


@settings(deadline=None)
@given(LOGITS, LABELS, RADII)
def test_that_of_the_dilated_loss(steps, labels, radius):
    expected = by_autograd(
        steps,
        labels,
        lambda input, target: losses.dilated_balanced_cross_entropy(input, target, radius, ignore_index=IGNORE),
    )
    got = study_of(steps, labels).gradient("ce", radius)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-7)


@settings(deadline=None)
@given(LOGITS, LABELS)
def test_that_of_cross_entropy_and_of_balanced_cross_entropy(steps, labels):
    study, valid = study_of(steps, labels), labels != IGNORE
    if not valid.any():
        assert not study.gradient("ce", 0, "none").any()
        return
    plain = by_autograd(steps, labels, lambda i, t: losses.cross_entropy(i, t, ignore_index=IGNORE))
    np.testing.assert_allclose(study.gradient("ce", 3, "none"), plain, rtol=1e-4, atol=2e-7)
    shares = [(labels == label).sum() / valid.sum() for label in (0, 1)]  # frequencies of this image alone
    if min(shares) > 0:
        balanced = by_autograd(
            steps,
            labels,
            lambda i, t: losses.balanced_cross_entropy(i, t, class_frequencies=shares, ignore_index=IGNORE),
        )
        np.testing.assert_allclose(study.gradient("ce", 3, "balanced"), balanced, rtol=1e-4, atol=2e-7)


@settings(deadline=None)
@given(LOGITS, LABELS, RADII, st.sampled_from(["none", "balanced", "dilated"]))
def test_it_raises_the_object_and_lowers_the_background_and_never_exceeds_the_weight(steps, labels, radius, weighting):
    study = study_of(steps, labels)
    gradient, weight = study.gradient("ce", radius, weighting), study.weight(radius, weighting)
    assert (gradient[labels == 1] <= 0).all() and (gradient[labels == 0] >= 0).all()
    assert not gradient[labels == IGNORE].any() and (abs(gradient) <= weight).all()


def test_without_a_mask_and_with_several_classes_there_is_none():
    steps = np.zeros((6, 7), np.int16)
    with pytest.raises(ValueError, match="no mask"):
        study_of(steps, None).gradient("ce", 20)
    organs = LabelStudy(TASKS["organs"], np.zeros((6, 7, 3), np.uint8), np.zeros((6, 7), np.uint8), {"ce": steps})
    with pytest.raises(ValueError, match="9 classes"):
        organs.gradient("ce", 20)
