"""The drawn examples: reproducible, exactly labelled, and as hard as asked."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dbce.data.phantoms import lesion, polyp
from dbce.dilation import dilate
from dbce.registry import LOSSES
from dbce.study.predictor import Predictor
from dbce.study.studies import Study
from dbce.tasks import TASKS
from dbce.train import checkpoints


@pytest.mark.parametrize(("draw", "largest"), [(polyp, 0.3), (lesion, 0.4)])
@pytest.mark.parametrize("seed", range(12))
def test_one_connected_object_of_plausible_size(draw, largest, seed):
    image, mask = draw(seed, 160)
    assert image.shape == (160, 160, 3) and image.dtype == np.uint8
    assert mask.shape == (160, 160) and set(np.unique(mask)) == {0, 1}
    assert cv2.connectedComponents(mask, connectivity=4)[0] == 2
    assert 0.005 < mask.mean() < largest


@pytest.mark.parametrize("draw", [polyp, lesion])
def test_same_seed_same_bits_other_seed_other_scene(draw):
    first, again, other = draw(4, 96), draw(4, 96), draw(5, 96)
    assert np.array_equal(first[0], again[0]) and np.array_equal(first[1], again[1])
    assert not np.array_equal(first[1], other[1])


@pytest.mark.parametrize("draw", [polyp, lesion])
@pytest.mark.parametrize("seed", [2, 7, 10])
def test_the_object_stays_in_place_at_another_size(draw, seed):
    small, large = (draw(seed, size)[1].astype(np.float32) for size in (160, 320))
    shrunk = cv2.resize(large, (160, 160), interpolation=cv2.INTER_AREA) > 0.5
    overlap = (shrunk & (small > 0)).sum() / (shrunk | (small > 0)).sum()
    assert overlap > 0.9


@pytest.mark.parametrize("draw", [polyp, lesion])
@pytest.mark.parametrize("seed", [1, 5, 7, 10])
def test_difficulty_takes_the_contrast_away(draw, seed):
    def contrast(difficulty: float) -> float:
        image, mask = draw(seed, 160, difficulty=difficulty)
        hue = image / image.sum(axis=2, keepdims=True).clip(1)  # colour apart from light and shade
        inside = mask == 1
        ring = dilate(inside, 12) & ~dilate(inside, 3)
        return float(np.abs(hue[inside].mean(0) - hue[ring].mean(0)).sum())

    assert contrast(1.0) < 0.6 * contrast(0.0)


def test_examples_differ_in_size():
    areas = [polyp(seed, 96, difficulty=difficulty)[1].mean() for seed, difficulty in TASKS["polyp"].examples]
    assert len(areas) >= 6 and min(areas) < 0.03 and max(areas) > 0.1


@pytest.fixture(scope="module")
def studies() -> list[Study]:
    predictor = Predictor(checkpoints.bundled("polyp"))
    return [predictor.set_image(*polyp(seed, difficulty=0.5)) for seed in range(24)]


@pytest.mark.parametrize("loss", LOSSES)
def test_a_network_that_saw_only_patients_finds_drawn_polyps(studies, loss):
    """The drawings are realistic enough: no other picture was in the training set but Kvasir-SEG's."""
    assert np.mean([study.scores(loss)["dice"] for study in studies]) > 0.85


@pytest.mark.parametrize("draw", [polyp, lesion])
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"seed": 1, "size": 8}, "at least 32"),
        ({"seed": -1}, ">= 0"),
        ({"seed": 1, "difficulty": 1.5}, r"\[0, 1\]"),
    ],
)
def test_bad_arguments_get_a_sentence(draw, arguments, words):
    with pytest.raises(ValueError, match=words):
        draw(**arguments)
