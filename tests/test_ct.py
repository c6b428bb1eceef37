"""The drawn scans: organs where they belong, slices that do not depend on each other, grey values in range."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.data import ct
from dbce.tasks import TASKS

CLASSES = TASKS["organs"].classes


@pytest.fixture(scope="module", params=range(1, 7))
def scan(request) -> tuple[np.ndarray, np.ndarray]:
    return ct.scan(request.param, 96)


def middle(labels: np.ndarray, organ: str) -> np.ndarray:
    """(z, y, x) of an organ's centre of mass, in shares of the volume."""
    return np.argwhere(labels == CLASSES.index(organ)).mean(axis=0) / labels.shape


def test_every_scan_holds_the_eight_organs_at_plausible_sizes(scan):
    hu, labels = scan
    assert hu.shape == labels.shape == (ct.SLICES, 96, 96) and hu.dtype == np.float32 and labels.dtype == np.uint8
    share = np.bincount(labels.ravel(), minlength=9) / labels.size
    size = dict(zip(CLASSES, share, strict=True))
    assert len(share) == 9 and min(share) > 1e-4
    assert size["background"] > 0.8
    assert size["liver"] == max(share[1:]) and size["liver"] > 3 * size["spleen"]
    assert max(size["gallbladder"], size["pancreas"]) < min(size["left kidney"], size["liver"])


def test_organs_lie_where_radiologists_look_for_them(scan):
    _, labels = scan
    x = {organ: middle(labels, organ)[2] for organ in CLASSES[1:]}
    y = {organ: middle(labels, organ)[1] for organ in CLASSES[1:]}
    z = {organ: middle(labels, organ)[0] for organ in CLASSES[1:]}
    right, left = ("liver", "gallbladder", "right kidney"), ("spleen", "stomach", "left kidney")
    assert max(x[o] for o in right) < 0.5 < min(x[o] for o in left)  # the patient's right is on the left
    assert max(y["stomach"], y["gallbladder"]) < 0.5 < min(y["left kidney"], y["right kidney"])  # front on top
    assert max(z["liver"], z["spleen"]) < min(z["left kidney"], z["right kidney"])  # from the head down


def test_grey_values_are_those_of_tissue(scan):
    hu, labels = scan
    mean = {organ: hu[labels == CLASSES.index(organ)].mean() for organ in CLASSES[1:]}
    assert mean["aorta"] > mean["left kidney"] > mean["liver"] > mean["stomach"]
    assert -20 < mean["gallbladder"] < 40 and 80 < mean["liver"] < 160
    assert hu.min() < -900 and hu.max() > 300  # air and bone


def test_slices_belong_together_and_do_not_depend_on_which_are_drawn():
    hu, labels = ct.scan(3, 64)
    some = [40, 5, 23]
    part_hu, part_labels = ct.scan(3, 64, some)
    assert np.array_equal(part_labels, labels[some]) and np.array_equal(part_hu, hu[some])
    for organ in range(1, 9):
        here, next_ = labels[:-1] == organ, labels[1:] == organ
        touching = (here & next_).any(axis=(1, 2))
        both = here.any(axis=(1, 2)) & next_.any(axis=(1, 2))
        assert touching[both].mean() > 0.8


def test_same_seed_same_bits_other_seed_other_body():
    first, again, other = (ct.scan(seed, 48, [30]) for seed in (8, 8, 9))
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert (first[1] != other[1]).mean() > 0.01


def test_organs_stay_in_place_at_another_size():
    small, large = (ct.scan(2, size, [24, 30])[1] for size in (80, 320))
    shrunk = np.stack([cv2.resize(plane, (80, 80), interpolation=cv2.INTER_NEAREST_EXACT) for plane in large])
    organs = (small > 0) | (shrunk > 0)
    assert (small == shrunk)[organs].mean() > 0.9


@pytest.mark.parametrize(
    ("arguments", "words"),
    [((1, 16), "at least 32"), ((-1,), "whole number"), ((1, 64, []), "at least one"), ((1, 64, [64]), "0 to 63")],
)
def test_what_cannot_be_drawn_gets_a_sentence(arguments, words):
    with pytest.raises(ValueError, match=words):
        ct.scan(*arguments)


@settings(deadline=None)
@given(hnp.arrays(np.float64, (4, 5), elements=st.floats(-2000, 4000)))
def test_the_window_is_linear_between_its_ends_and_flat_outside(hu):
    grey = ct.window(hu).astype(float)
    exact = (hu + 125) / 400 * 255
    assert np.abs(grey - exact.clip(0, 255)).max() <= 0.5 + 1e-6


def test_ends_and_middle_of_the_window():
    assert ct.window(np.array([-1000.0, -125, 76, 275, 3000])).tolist() == [0, 0, 128, 255, 255]


def test_the_examples_show_most_organs():
    for seed, index in TASKS["organs"].examples:
        assert len(np.unique(ct.scan(seed, 96, [index])[1])) >= 7
