"""Logits sent as what they were enlarged from: what was enlarged comes back to the last step."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from dbce.data.phantoms import polyp
from dbce.page import coarse
from dbce.page.scene import scene
from dbce.study.predictor import Predictor
from dbce.study.studies import Study, quantise
from dbce.tasks import TASKS, WORK_SIZE
from dbce.train import checkpoints
from tests.scenes import unpack


def enlarged(quarter: np.ndarray, side: int, size: int) -> np.ndarray:
    """As dbce/network.py and dbce/study/predictor.py do it."""
    maps = torch.from_numpy(quarter)[None, None]
    for larger in (side, size):
        maps = F.interpolate(maps, (larger, larger), mode="bilinear", align_corners=False)
    return maps[0, 0].numpy()


@given(seed=st.integers(0, 999), quarter=st.integers(1, 12), more=st.integers(0, 40), spread=st.floats(1e-3, 5))
@settings(max_examples=60, deadline=None)
def test_what_was_enlarged_comes_back_exactly(seed, quarter, more, spread):
    side = 4 * quarter
    size = side + more
    values = np.random.default_rng(seed).normal(0, spread, (quarter, quarter)).astype(np.float32)
    steps = quantise(enlarged(values, side, size))
    found = coarse.coarse_code(steps, side)
    assert found is not None
    grid, rest = found
    assert grid.shape == (quarter, quarter) and grid.dtype == np.int32 and rest.dtype == np.int8
    assert np.array_equal(coarse.restored(grid, side, size) + rest, steps)
    assert np.abs(rest).max() <= 1


@given(seed=st.integers(0, 99), count=st.integers(1, 9), size=st.integers(1, 50))
@settings(max_examples=60, deadline=None)
def test_maps_are_enlarged_as_by_pytorch(seed, count, size):
    maps = np.random.default_rng(seed).normal(0, 3, (count, count)).astype(np.float32)
    theirs = F.interpolate(torch.from_numpy(maps)[None, None], (size, size), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(coarse.enlarge(maps, size), theirs[0, 0].numpy(), rtol=0, atol=5e-6)


@pytest.mark.parametrize("side", [0, 2, 30, 36, 128])
def test_a_map_that_no_network_of_this_side_gave_is_left_as_it_is(side):
    noise = np.random.default_rng(0).integers(-20000, 20000, (32, 32)).astype(np.int16)
    assert coarse.coarse_code(noise, side) is None
    assert coarse.coarse_code(noise, 32) is None  # of a side that there could be


def test_a_scene_of_the_networks_is_small_and_exact():
    predictor = Predictor(checkpoints.bundled("polyp"))
    study = predictor.set_image(*polyp(3, WORK_SIZE))
    for one in (study, study.corrected()):
        text = scene(one, "title")
        assert {part["type"] for name, part in json.loads(text)["arrays"].items() if "logit" in name} == {"coarse"}
        arrays = unpack(text)
        for loss, logit in one.logits.items():
            assert np.array_equal(arrays[f"logit:{loss}"], logit)
        whole = Study(one.task, one.image, one.labels, one.logits)  # as if somebody else's
        assert len(text) < 0.6 * len(scene(whole, "title"))
        assert np.array_equal(unpack(scene(whole, "title"))["logit:ce"], one.logits["ce"])


def test_predictions_of_somebody_else_are_sent_as_they_are():
    logits = {"ours": np.random.default_rng(1).integers(-9000, 9000, (64, 64)).astype(np.int16)}
    study = Study(TASKS["polyp"], np.zeros((64, 64, 3), np.uint8), None, logits, sides={"ours": 64})
    assert np.array_equal(unpack(scene(study, "title"))["logit:ours"], logits["ours"])
