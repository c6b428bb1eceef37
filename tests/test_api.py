"""The app asked by programs: the real gradio_client, raw requests, and what they may not do."""

from __future__ import annotations

import base64
import http.client
import io
import json
import re
import shutil
import zlib
from pathlib import Path
from urllib.parse import urlparse

import h5py
import numpy as np
import pytest
import torch
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

from dbce.data import ct, volumes
from dbce.data.phantoms import polyp
from dbce.network import DeepSupervisionUnet
from dbce.page import page
from dbce.page.limits import MAX_REQUEST
from dbce.page.scans import ScanStudio
from dbce.page.studio import Studio
from dbce.registry import LOSSES
from dbce.study.predictor import Predictor
from dbce.study.studies import Study
from dbce.train.checkpoints import Checkpoint
from dbce.weights import weight_map

RECIPE = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    """Networks that know nothing: the interface is tested, not the training."""
    torch.manual_seed(0)
    networks = {loss: DeepSupervisionUnet("mobilenet_v2", 2).eval() for loss in LOSSES}
    return Predictor({loss: Checkpoint(network, RECIPE) for loss, network in networks.items()})


@pytest.fixture(scope="module")
def address(predictor):
    networks = {loss: DeepSupervisionUnet("mobilenet_v2", 9).eval() for loss in LOSSES}
    organs = Predictor({loss: Checkpoint(network, RECIPE) for loss, network in networks.items()}, "organs")
    demo = page.build(page.Offer(predictor), page.Offer(organs))
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **page.LAUNCH)
    yield url
    demo.close()


@pytest.fixture(scope="module")
def client(address, tmp_path_factory) -> Client:
    return Client(address, verbose=False, download_files=tmp_path_factory.mktemp("downloads"))


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("drawn")
    image, mask = polyp(5, 200)
    Image.fromarray(image).save(folder / "frame.png")
    Image.fromarray(mask * 255).save(folder / "mask.png")
    return folder / "frame.png", folder / "mask.png"


@pytest.fixture(scope="module")
def study(predictor, files) -> Study:
    return predictor.set_image(np.asarray(Image.open(files[0])), np.asarray(Image.open(files[1])) > 0)


def test_the_configuration_that_is_copied_for_every_visitor_holds_no_object_of_the_app(client):
    config = json.dumps(client.config, default=str)
    assert '"components"' in config and " at 0x" not in config and "functools" not in config


def test_only_two_endpoints_a_task_are_offered(client):
    offered = client.view_api(return_format="dict", print_info=False)
    named = {"/loss_maps", "/compare", "/organs_loss_maps", "/organs_compare"}
    assert set(offered["named_endpoints"]) == named and not offered["unnamed_endpoints"]


def test_a_slice_of_a_scan(client, tmp_path):
    hu, labels = ct.scan(3, 64, range(20, 40))
    path = tmp_path / "case0003.npy.h5"
    with h5py.File(path, "w") as file:
        file["image"], file["label"] = ct.window(hu).astype(np.float32) / 255, labels
    maps, numbers = client.predict(handle_file(path), None, "ce", 10, "dilated", 5, api_name="/organs_loss_maps")
    truth = volumes.resize_labels(labels[5], 320)
    with np.load(maps) as found:
        assert np.array_equal(found["labels"], truth)
        target = torch.from_numpy(truth.astype(np.int64))[None]
        assert np.array_equal(found["weight"], weight_map(target, 9, 10)[0].numpy())
        assert found["original_size_prediction_ce"].shape == (64, 64)
    assert sum(numbers["loss_shares"].values()) == pytest.approx(1)
    _, numbers = client.predict(handle_file(path), None, 0.5, 10, api_name="/organs_compare")
    assert set(numbers) == {"scores", "errors", "classes", "notes"} and set(numbers["errors"]["ce"]) >= {"confused"}
    assert "does not tell which numbering its labels are in" in numbers["notes"][0]
    maps, numbers = client.predict(handle_file(path), None, 0.5, 10, 5, "synapse", api_name="/organs_compare")
    with np.load(maps) as found:
        assert not numbers["notes"] and np.array_equal(found["labels"] == 7, truth == 1)  # 1 is the spleen there
    with pytest.raises(AppError, match=r"slice is 20; case0003.npy.h5 has the slices 0 to 19"):
        client.predict(handle_file(path), None, 0.5, 10, 20, api_name="/organs_compare")


PLANE = base64.b64encode(zlib.compress(bytes(320 * 320))).decode()
GOOD = {"grey": PLANE, "labels": None, "title": "t", "place": [0, 3], "shape": [8, 8]}


@pytest.mark.parametrize(
    ("plane", "words"),
    [
        (None, "did not arrive whole"),
        ({**GOOD, "grey": "AAAA"}, "did not arrive whole"),
        ({**GOOD, "grey": base64.b64encode(zlib.compress(bytes(10**6))).decode()}, "did not arrive whole"),
        ({**GOOD, "labels": base64.b64encode(zlib.compress(b"\x09" * 320 * 320)).decode()}, "does not know"),
        ({**GOOD, "shape": [10**6, 10**6]}, "pixels; at most"),
        ({**GOOD, "place": [0]}, "did not arrive whole"),
        ({k: v for k, v in GOOD.items() if k != "title"}, "did not arrive whole"),
    ],
)
def test_a_slice_that_the_page_would_not_send_is_one_sentence(plane, words):
    network = DeepSupervisionUnet("mobilenet_v2", 9).eval()
    studio = ScanStudio(Predictor({"ce": Checkpoint(network, RECIPE)}, "organs"))
    assert words in studio.open_study(json.dumps({"plane": plane}))["error"]
    assert "slice is" in studio.open_study('{"example": 0, "slice": 64}')["error"]
    assert "scene" in studio.open_study(json.dumps({"plane": GOOD}))


def test_loss_maps_are_those_of_the_predictor(client, files, study):
    image, mask = map(handle_file, files)
    path, numbers = client.predict(image, mask, "bce", 12, "balanced", api_name="/loss_maps")
    with np.load(path) as found:
        assert np.array_equal(found["weight"], study.weight(12, "balanced"))
        assert np.array_equal(found["cross_entropy_bce"], study.cross_entropy("bce"))
        assert found["original_size_prediction_ce"].shape == (200, 200)
    assert len(numbers["notes"]) == 1 and numbers["notes"][0].startswith("Object: value ")
    assert numbers["weight_shares"] == pytest.approx(study.shares(12, "balanced"))
    assert numbers["loss_shares"] == pytest.approx(study.loss_shares("bce", 12, "balanced"))


def test_compare_with_and_without_a_mask(client, files, study):
    image, mask = map(handle_file, files)
    path, numbers = client.predict(image, mask, 0.4, 15, api_name="/compare")
    with np.load(path) as found:
        assert np.array_equal(found["prediction_dbce"], study.prediction("dbce", 0.4))
    for loss in LOSSES:
        assert numbers["scores"][loss] == pytest.approx(study.scores(loss, 0.4))
        assert numbers["errors"][loss] == study.errors(loss, 15, 0.4)
    _, numbers = client.predict(image, None, 0.5, 20, api_name="/compare")
    assert numbers["agreement"] == pytest.approx({f"{a} {b}": v for (a, b), v in study.agreement().items()})


def test_the_documented_program_runs(address, files, study, tmp_path, monkeypatch):
    page = (Path(__file__).resolve().parent.parent / "docs" / "page.md").read_text(encoding="utf-8")
    (code,) = re.findall(r"```python client\n(.*?)```", page, re.DOTALL)
    for name, path in zip(("frame.png", "mask.png"), files, strict=True):
        shutil.copy(path, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    found: dict = {}
    exec(compile(code.replace("http://127.0.0.1:7860", address), "page.md", "exec"), found)
    assert found["scores"]["scores"]["ce"] == pytest.approx(study.scores("ce"))
    assert found["shares"]["weight_shares"] == pytest.approx(study.shares(20))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("bce", 9999, "balanced"), "radius is 9999"),
        (("bce", 20, "balanced", "swap"), "same size"),
        (("bce", 20, "balanced", "text"), "not an image"),
        (("bce", 20, "balanced", "none"), "give a mask"),
    ],
)
def test_mistakes_come_back_as_one_sentence(client, files, tmp_path, arguments, words):
    loss, radius, weighting, *what = arguments
    mask = files[1]
    if what == ["swap"]:
        mask = tmp_path / "small.png"
        Image.fromarray(np.eye(20, dtype=np.uint8) * 255).save(mask)
    elif what == ["text"]:
        mask = tmp_path / "mask.png"
        mask.write_text("no image")
    given = None if what == ["none"] else handle_file(mask)
    with pytest.raises(AppError, match=words):
        client.predict(handle_file(files[0]), given, loss, radius, weighting, api_name="/loss_maps")


def test_a_request_too_large_is_refused_before_it_is_read(address):
    """A body of 2 GB is announced; the answer comes although not one byte of it was sent."""
    parts = urlparse(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    connection.putrequest("POST", "/gradio_api/component_server")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(2 * 10**9))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413 and "too large" in json.loads(answer.read())["error"]
    connection.close()


def test_a_stream_without_a_length_is_cut_where_the_limit_is(address):
    parts = urlparse(address)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    chunk, sent = b"x" * 4_000_000, 0

    def body():
        nonlocal sent
        for _ in range(500):  # 2 GB
            sent += len(chunk)
            yield chunk

    try:
        connection.request("POST", "/gradio_api/component_server", body(), {"Content-Type": "application/json"})
        assert connection.getresponse().status == 413
    except (BrokenPipeError, ConnectionResetError):
        pass  # the server hung up
    assert sent < 2 * MAX_REQUEST
    connection.close()


def asked(studio: Studio, **request) -> dict[str, str]:
    view = {"figure": "anatomy", "loss": "ce", "weighting": "dilated", "radius": 20, "threshold": 0.5}
    return studio.export_view(json.dumps({"of": {"example": 1}, "view": view, "kind": "npz", **request}))


def test_export_of_a_painted_mask_uses_exactly_that_mask(predictor):
    studio = Studio(predictor)
    labels = np.zeros((320, 320), np.uint8)
    labels[40:90, 100:130] = 1
    painted = base64.b64encode(np.packbits(labels).tobytes()).decode()
    with np.load(io.BytesIO(base64.b64decode(asked(studio, labels=painted)["data"]))) as found:
        assert np.array_equal(found["labels"], labels)
    with np.load(io.BytesIO(base64.b64decode(asked(studio)["data"]))) as found:
        assert np.array_equal(found["labels"], studio.examples[1][1])


@pytest.mark.parametrize(
    ("request_part", "words"),
    [
        ({"kind": "exe"}, "format must be one of"),
        ({"labels": "AAAA"}, "did not arrive whole"),
        ({"view": {"figure": "anatomy", "path": "/etc"}}, "not known here"),
        ({"view": {"loss": "focal"}}, "loss is 'focal'"),
        ({"view": {"radius": float("nan")}}, "radius is nan"),
        ({"view": {"threshold": "high"}}, "threshold is 'high'"),
        ({"of": {"example": 77}}, "Choose one of the examples"),
    ],
)
def test_nonsense_in_an_export_is_one_sentence(predictor, request_part, words):
    assert words in asked(Studio(predictor), **request_part)["error"]


def test_an_export_that_needs_a_mask_says_so(predictor, files):
    image = {"name": "a.png", "data": base64.b64encode(files[0].read_bytes()).decode()}
    for kind in ("csv", "pdf"):
        assert "mask" in asked(Studio(predictor), of={"image": image}, kind=kind)["error"]
