"""The benchmark runs, moves what it says, and prints finite numbers; it judges no speed."""

from __future__ import annotations

import re

import torch

from dbce import bench
from dbce.checkpoints import Checkpoint
from dbce.network import DeepSupervisionUnet
from dbce.predictor import Predictor
from dbce.tasks import LOSS_TITLES


def test_viewer_prints_medians_percentiles_and_ratios():
    torch.manual_seed(0)
    recipe = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}
    networks = {loss: Checkpoint(DeepSupervisionUnet("mobilenet_v2", 2).eval(), recipe) for loss in LOSS_TITLES}
    lines = bench.viewer(Predictor(networks), repeats=6).splitlines()
    assert len(lines) == 9 and "CPU cores" in lines[0]
    for line in lines[3:]:
        median, high = map(float, re.findall(r"\d+\.\d", line[42:])[:2])
        assert 0 < median <= high
    assert lines[3].endswith("1.0x") and all("gradio" in line for line in lines[6:])
