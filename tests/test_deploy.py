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
from dbce.hub import onnx
from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.study import graphs
from dbce.train import checkpoints
from dbce.train.checkpoints import Checkpoint


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("onnx")
    assert main(["export", "onnx", "--task", "polyp", "-o", str(folder)]) == 0
    return folder


def compared(path, checkpoint):
    """Probabilities of drawn polyps, of PyTorch and of an ONNX file, which are alike."""
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    for count in (1, 3):
        images = np.stack([polyp(seed, checkpoint.size)[0] for seed in range(count)])
        batch = np.moveaxis(images, 3, 1).astype(np.float32) / 255
        (got,) = session.run(["probability"], {"image": batch})
        with torch.no_grad():
            expected = checkpoint.network(torch.from_numpy(batch)).softmax(dim=1).numpy()
        assert got.shape == expected.shape and np.abs(got - expected).max() < 1e-3
        assert expected[:, 1].std() > 0.01  # something was found: the comparison is not of empty maps
    assert session.get_inputs()[0].shape[1:] == [3, checkpoint.size, checkpoint.size]
    return session, expected


@pytest.mark.parametrize("loss", LOSSES)
def test_onnxruntime_gives_pytorchs_probabilities(folder, loss):
    checkpoint = checkpoints.bundled("polyp")[loss]
    session, expected = compared(folder / f"polyp-{loss}.onnx", checkpoint)
    assert expected[:, 1].max() > 0.5
    notes = session.get_modelmeta().custom_metadata_map
    assert json.loads(notes["classes"]) == ["background", "polyp"] and json.loads(notes["recipe"])["loss"] == loss


def test_an_architecture_without_a_graph_is_traced(tmp_path):
    torch.manual_seed(0)
    network = DeepSupervisionUnet("mobilenet_v2", 2, decoder_channels=(32, 24, 16)).eval()
    with torch.no_grad():
        network.heads[-1].weight.mul_(2000)  # an untrained network says 0.5 everywhere
    assert not graphs.place(network.config).exists()
    checkpoint = Checkpoint(network, {"size": 64, "task": "polyp", "loss": "ce"})
    onnx.to_onnx(checkpoint, tmp_path / "own.onnx")
    session, _ = compared(tmp_path / "own.onnx", checkpoint)
    assert json.loads(session.get_modelmeta().custom_metadata_map["recipe"])["loss"] == "ce"


def test_without_the_packages_a_sentence_says_what_to_install(tmp_path, monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main(["export", "onnx", "-o", str(tmp_path)]) == 2
    assert "pip install onnx onnxscript" in capsys.readouterr().err
