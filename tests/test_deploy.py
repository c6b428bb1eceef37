"""ONNX files of the bundled networks, run by onnxruntime, against PyTorch."""

from __future__ import annotations

import json
import sys

import numpy as np
import onnxruntime
import pytest
import torch

from dbce.__main__ import main
from dbce.data.phantoms import polyp
from dbce.registry import LOSSES
from dbce.train import checkpoints


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    assert main(["export", "onnx", "--task", "polyp", "-o", str(folder)]) == 0
    return folder


@pytest.mark.parametrize("loss", LOSSES)
def test_onnxruntime_gives_pytorchs_probabilities(folder, loss):
    checkpoint = checkpoints.bundled("polyp")[loss]
    session = onnxruntime.InferenceSession(folder / f"polyp-{loss}.onnx", providers=["CPUExecutionProvider"])
    for count in (1, 3):
        images = np.stack([polyp(seed, checkpoint.size)[0] for seed in range(count)])
        batch = np.moveaxis(images, 3, 1).astype(np.float32) / 255
        (got,) = session.run(["probability"], {"image": batch})
        with torch.no_grad():
            expected = checkpoint.network(torch.from_numpy(batch)).softmax(dim=1).numpy()
        assert got.shape == expected.shape and np.abs(got - expected).max() < 1e-3
        assert expected[:, 1].max() > 0.5  # something was found: the comparison is not of empty maps
    notes = session.get_modelmeta().custom_metadata_map
    assert json.loads(notes["classes"]) == ["background", "polyp"] and json.loads(notes["recipe"])["loss"] == loss


def test_without_the_packages_a_sentence_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "onnx", "-o", str(tmp_path)]) == 2
    assert "pip install onnx onnxscript" in capsys.readouterr().err
