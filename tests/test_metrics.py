"""Scores against sets of pixels, counted one by one."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.metrics import SCORES, scores


def pixels(mask: np.ndarray) -> set[tuple[int, int]]:
    return {(y, x) for y in range(mask.shape[0]) for x in range(mask.shape[1]) if mask[y, x]}


def by_sets(prediction: np.ndarray, target: np.ndarray) -> dict[str, Fraction]:
    """The textbook definitions on sets; 1 if both are empty, otherwise 0 where a set divides that is empty."""
    a, b = pixels(prediction), pixels(target)
    if not a and not b:
        return dict.fromkeys(SCORES, Fraction(1))
    both = len(a & b)
    return {
        "dice": Fraction(2 * both, len(a) + len(b)),
        "iou": Fraction(both, len(a | b)),
        "precision": Fraction(both, len(a)) if a else Fraction(0),
        "recall": Fraction(both, len(b)) if b else Fraction(0),
    }


@st.composite
def pairs(draw: st.DrawFn, max_images: int = 4) -> tuple[np.ndarray, np.ndarray]:
    """(N, H, W) prediction and mask; empty and full ones are drawn often."""
    shape = (draw(st.integers(1, max_images)), draw(st.integers(1, 9)), draw(st.integers(1, 9)))
    fill = st.one_of(st.just(st.just(False)), st.just(st.just(True)), st.just(st.booleans()))
    one, two = (
        np.stack([draw(hnp.arrays(bool, shape[1:], elements=draw(fill))) for _ in range(shape[0])]) for _ in range(2)
    )
    return one, two


@settings(deadline=None)
@given(pairs())
def test_equals_counting_pixels(pair):
    prediction, target = pair
    got = scores(prediction, target)
    assert tuple(got) == SCORES
    for n in range(len(prediction)):
        for name, value in by_sets(prediction[n], target[n]).items():
            assert got[name].shape == (len(prediction),)
            assert got[name][n] == pytest.approx(float(value), abs=1e-12)


def test_worked_example():
    target = np.array([[1, 1, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], bool)  # 5 pixels
    prediction = np.array([[1, 1, 0, 1], [1, 0, 0, 0], [0, 0, 0, 0]], bool)  # 3 of them, and 1 beside
    got = scores(prediction, target)
    assert got["dice"].tolist() == [pytest.approx(6 / 9)]
    assert got["iou"].tolist() == [pytest.approx(3 / 6)]
    assert got["precision"].tolist() == [pytest.approx(3 / 4)]
    assert got["recall"].tolist() == [pytest.approx(3 / 5)]


NOTHING, ALL = np.zeros((3, 5), bool), np.ones((3, 5), bool)


@pytest.mark.parametrize(
    ("prediction", "target", "expected"),
    [
        (NOTHING, NOTHING, (1, 1, 1, 1)),  # nothing to find, nothing claimed
        (ALL, NOTHING, (0, 0, 0, 0)),  # recall is 0/0, and something was claimed
        (NOTHING, ALL, (0, 0, 0, 0)),  # precision is 0/0, and something was missed
        (ALL, ALL, (1, 1, 1, 1)),
    ],
)
def test_empty_mask_and_empty_prediction(prediction, target, expected):
    got = scores(prediction, target)
    assert tuple(float(got[name][0]) for name in SCORES) == expected


@settings(deadline=None)
@given(pairs())
def test_dice_follows_from_iou(pair):
    got = scores(*pair)
    np.testing.assert_allclose(got["dice"], 2 * got["iou"] / (1 + got["iou"]), atol=1e-12)


@settings(deadline=None)
@given(pairs())
def test_false_positives_and_false_negatives_partition_the_errors(pair):
    prediction, target = pair
    got = scores(prediction, target)
    claimed, true = prediction.sum(axis=(1, 2)), target.sum(axis=(1, 2))
    false_positives = (1 - got["precision"]) * claimed
    false_negatives = (1 - got["recall"]) * true
    wrong = [sum(p != t for p, t in zip(a.flat, b.flat, strict=True)) for a, b in zip(*pair, strict=True)]
    np.testing.assert_allclose(false_positives + false_negatives, wrong, atol=1e-9)


@settings(deadline=None)
@given(pairs())
def test_exchanging_the_roles_exchanges_precision_and_recall(pair):
    one, two = pair
    forth, back = scores(one, two), scores(two, one)
    np.testing.assert_array_equal(forth["precision"], back["recall"])
    for name in ("dice", "iou"):
        np.testing.assert_array_equal(forth[name], back[name])


@settings(deadline=None)
@given(pairs())
def test_an_image_scores_the_same_alone_and_in_a_batch(pair):
    prediction, target = pair
    got = scores(prediction, target)
    for n in range(len(prediction)):
        alone = scores(prediction[n], target[n])
        assert {name: alone[name].item() for name in SCORES} == {name: got[name][n] for name in SCORES}


@settings(max_examples=20, deadline=None)
@given(pairs(), st.sampled_from([np.s_[:, ::-1], np.s_[:, :, ::-1], np.s_[:, ::2, ::2], np.s_[::-1]]))
def test_views_of_arrays_are_taken(pair, view):
    prediction, target = (array[view] for array in pair)
    got, expected = scores(prediction, target), scores(prediction.copy(), target.copy())
    for name in SCORES:
        np.testing.assert_array_equal(got[name], expected[name])


@pytest.mark.parametrize(
    ("one", "two"),
    [((4, 5), (5, 4)), ((2, 4, 5), (4, 5)), ((2, 4, 5), (3, 4, 5)), ((5,), (5,)), ((1, 1, 4, 5), (1, 1, 4, 5))],
)
def test_other_shapes_are_refused_by_name(one, two):
    with pytest.raises(ValueError) as raised:
        scores(np.zeros(one, bool), np.zeros(two, bool))
    assert str(one) in str(raised.value) and str(two) in str(raised.value)
