"""Graphs without weights: what onnxruntime says with them against PyTorch, and when PyTorch is asked itself."""

from __future__ import annotations

import copy
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from starlette.responses import Response
from starlette.testclient import TestClient

from dbce.__main__ import main
from dbce.data.ct import scan
from dbce.data.phantoms import lesion, polyp
from dbce.network import DeepSupervisionUnet
from dbce.page.headers import Compressed
from dbce.registry import LOSSES
from dbce.study import graphs
from dbce.study.predictor import Predictor
from dbce.study.studies import LOGIT_STEP
from dbce.tasks import TASKS
from dbce.train import checkpoints

DRAWN = {
    "polyp": lambda: polyp(1, 320)[0],
    "lesion": lambda: lesion(1, 320)[0],
    "organs": lambda: np.repeat(scan(3, 320, [60])[0].reshape(320, 320, 1), 3, axis=2),
}


def fresh(**options) -> DeepSupervisionUnet:
    torch.manual_seed(0)
    return DeepSupervisionUnet("mobilenet_v2", 2, **options).eval()


def noise(side: int, count: int = 1) -> torch.Tensor:
    return torch.rand(count, 3, side, side, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("task", TASKS)
def test_a_graph_gives_pytorchs_logits(task, loss):
    checkpoint = checkpoints.bundled(task)[loss]
    image = DRAWN[task]()
    batch = torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255
    quick = graphs.quickest(checkpoint.network)
    assert quick is not checkpoint.network
    with torch.no_grad():
        expected = checkpoint.network(batch)
    assert expected.std() > 1  # says something
    np.testing.assert_allclose(quick(batch).numpy(), expected.numpy(), atol=LOGIT_STEP / 4)


def test_a_graph_takes_every_size_and_several_images():
    network = fresh()
    for batch in (noise(32), noise(96, 3), torch.cat([noise(64), noise(64)], dim=3)):
        with torch.no_grad():
            expected = network(batch)
        np.testing.assert_allclose(graphs.quickest(network)(batch).numpy(), expected.numpy(), atol=1e-5)


def test_a_network_that_was_changed_is_read_anew():
    network, batch = fresh().requires_grad_(False), noise(64)
    first = graphs.quickest(network)
    assert graphs.quickest(network) is first
    other = {name: value * 1.5 if value.ndim == 4 else value for name, value in network.state_dict().items()}
    network.load_state_dict(other)
    with torch.no_grad():
        expected = network(batch).numpy()
    assert np.abs(first(batch).numpy() - expected).max() > 1e-3
    np.testing.assert_allclose(graphs.quickest(network)(batch).numpy(), expected, atol=1e-5)


def test_where_there_is_no_graph_the_network_itself_is_asked():
    slim, double, training = fresh(decoder_channels=(8, 8, 8)), fresh().double(), fresh().train()
    for network in (slim, double, training, fresh().to("meta")):
        assert graphs.quickest(network) is network

    class Own(DeepSupervisionUnet):
        """May compute something else."""

    own = Own("mobilenet_v2", 2).eval()
    assert graphs.quickest(own) is own


def test_the_page_is_answered_by_the_graph():
    networks = checkpoints.bundled("polyp")
    counts = []
    hooked = copy.deepcopy(networks["ce"].network)
    hooked.register_forward_pre_hook(lambda *_: counts.append(1))
    Predictor({"ce": checkpoints.Checkpoint(hooked, networks["ce"].recipe)}).set_image(polyp(1, 320)[0])
    assert not counts


def test_onnxruntime_leaves_nothing_behind_and_reports_to_nobody(tmp_path):
    """Its reports begin with a session's file in the temporary folder and a device's number at home."""
    code = "import sys; sys.path.insert(0, sys.argv[1]); import dbce.study.graphs"
    homes = {name: str(tmp_path) for name in ("HOME", "TMPDIR", "XDG_CACHE_HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME")}
    given = {name: value for name, value in os.environ.items() if not name.startswith("ORT_")}
    root = Path(__file__).resolve().parent.parent
    subprocess.run([sys.executable, "-c", code, str(root)], env={**given, **homes}, cwd=tmp_path, check=True)
    assert not [path for path in tmp_path.rglob("*") if path.name.startswith(".ses") or "icrosoft" in str(path)]


def test_the_graphs_are_what_the_command_writes(tmp_path):
    assert main(["export", "graphs", "-o", str(tmp_path)]) == 0
    assert {path.name for path in tmp_path.iterdir()} == {path.name for path in graphs.FOLDER.iterdir()}
    for path in tmp_path.iterdir():
        assert path.read_bytes() == (graphs.FOLDER / path.name).read_bytes()
        assert path.stat().st_size < 100_000


@pytest.mark.parametrize("path", ["/gradio_api/component_server", "/config"])
@pytest.mark.parametrize("size", [10, 5000, 400_000])
def test_answers_arrive_whole_however_they_are_compressed(path, size):
    body = bytes(np.random.default_rng(0).integers(43, 123, size, np.uint8))

    async def app(scope, receive, send):
        await Response(body, media_type="application/json")(scope, receive, send)

    client = TestClient(Compressed(app))
    answer = client.get(path, headers={"Accept-Encoding": "gzip"})
    assert answer.content == body and answer.headers.get("content-encoding") == ("gzip" if size > 1000 else None)
    assert size < 1000 or "accept-encoding" in answer.headers["vary"].lower()
    plain = client.get(path, headers={"Accept-Encoding": "identity"})
    assert plain.content == body and "content-encoding" not in plain.headers
