"""Networks as the page runs them by itself: their weights against PyTorch's, their logits against Python's."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch

from dbce.data import ct
from dbce.data.phantoms import polyp
from dbce.hub.browser import write_for_browser
from dbce.study import predictor, studies
from dbce.tasks import WORK_SIZE
from dbce.train import checkpoints

ROOT = Path(__file__).resolve().parent.parent
RUNTIME = ROOT / "node_modules" / "onnxruntime-web"


@pytest.fixture(scope="module", params=["polyp", "organs"])
def written(request, tmp_path_factory):
    """Task, checkpoint and the file of its network."""
    checkpoint = checkpoints.bundled(request.param)["dbce"]
    path = tmp_path_factory.mktemp("browser") / "dbce.onnx"
    write_for_browser(checkpoint, path)
    return request.param, checkpoint, path


def test_every_weight_is_pytorchs_in_half_of_its_bytes(written):
    _, checkpoint, path = written
    stored = {t.name.removesuffix(".half"): onnx.numpy_helper.to_array(t) for t in onnx.load(path).graph.initializer}
    compared = 0
    for name, value in checkpoint.network.state_dict().items():
        if name in stored:
            assert np.array_equal(stored[name].astype(np.float32), value.numpy()), name
            assert stored[name].dtype == (np.float16 if value.ndim == 4 else np.float32), name
            compared += value.numel()
    unused = ("heads.0.", "heads.1.")
    assert compared == sum(v.numel() for k, v in checkpoint.network.state_dict().items()
                           if not k.startswith(unused) and not k.endswith("num_batches_tracked"))  # fmt: skip
    assert path.stat().st_size < 6_600_000


def test_it_says_what_it_is(written):
    task, checkpoint, path = written
    notes = {entry.key: entry.value for entry in onnx.load(path).metadata_props}
    assert json.loads(notes["recipe"]) == checkpoint.recipe and json.loads(notes["recipe"])["task"] == task


@pytest.mark.skipif(not RUNTIME.is_dir(), reason="onnxruntime-web is not there; `make lint` installs it")
def test_onnxruntime_web_gives_pythons_logits_within_a_step(written, tmp_path):
    task, checkpoint, path = written
    if task == "polyp":
        image = polyp(3, WORK_SIZE)[0]
        expected = predictor.foreground_logits(checkpoint, image[None])[0]
    else:
        hu = ct.scan(101, WORK_SIZE, [26])[0]
        image = np.repeat(ct.window(hu[0])[..., None], 3, axis=2)
        expected = predictor.log_probabilities(checkpoint, image[None])[0]
    (tmp_path / "image").write_bytes(image.tobytes())
    command = [shutil.which("node", path=f"{Path(sys.executable).parent}:/usr/bin:/usr/local/bin") or "node"]
    command += [str(ROOT / "tests" / "web" / "run_network.js"), str(path), str(tmp_path / "image")]
    classes = len(checkpoint.network.heads[-1].bias)
    said = subprocess.run([*command, str(classes)], check=True, capture_output=True, timeout=300).stdout
    steps = np.frombuffer(said, "<i2").reshape(expected.shape).astype(int)
    apart = np.abs(steps - studies.quantise(expected).astype(int))
    assert apart.max() <= 1 and (apart > 0).mean() < 0.03
    assert torch.from_numpy(expected).std() > 0.5  # something was found: no comparison of empty maps


def test_without_the_packages_a_sentence_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ValueError, match="pip install onnx"):
        write_for_browser(checkpoints.bundled("polyp")["ce"], tmp_path / "x.onnx")
