"""A network that is dropped on a page: who may, what it may cost, and what is said."""

from __future__ import annotations

import base64
import json
import time
from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from onnx import TensorProto, helper, numpy_helper

from dbce.data.inputs import InputError
from dbce.network import DeepSupervisionUnet
from dbce.page import joining, workers
from dbce.page.joining import Joining, comes_from_here, stays_here
from dbce.page.studio import Studio
from dbce.study.predictor import Predictor
from dbce.study.studies import LOGIT_STEP
from dbce.train import checkpoints
from tests import misbehaving
from tests.test_guests import RECIPE, file_of, mixed

HERE = {"host": "127.0.0.1:7860", "origin": "http://127.0.0.1:7860"}


@pytest.mark.parametrize(
    ("client", "headers", "version", "near"),
    [
        ("127.0.0.1", HERE, "1.1", True),
        ("127.0.0.1", {"host": "localhost:7860"}, "1.1", True),
        ("::1", {"host": "[::1]:7860", "origin": "http://[::1]:7860"}, "1.1", True),
        ("192.168.0.7", HERE, "1.1", False),
        (None, HERE, "1.1", False),
        ("127.0.0.1", {"host": "page.example"}, "1.1", False),  # a name that was made to lead here
        ("127.0.0.1", {**HERE, "origin": "https://page.example"}, "1.1", False),  # behind a proxy, or another site's
        ("127.0.0.1", {**HERE, "x-forwarded-for": "192.0.2.1"}, "1.1", False),
        ("127.0.0.1", {**HERE, "via": "1.1 proxy"}, "1.1", False),
        ("127.0.0.1", {"host": "127.0.0.1:7860"}, "1.0", False),  # a proxy that says nothing of itself
    ],
)
def test_who_is_on_this_machine(client, headers, version, near):
    assert comes_from_here(client, headers, version) == near


def test_what_a_server_is_seen_by(monkeypatch):
    for name in ("GRADIO_SERVER_NAME", "SPACE_ID", "GRADIO_SHARE", "GRADIO_ROOT_PATH", "FORWARDED_ALLOW_IPS"):
        monkeypatch.delenv(name, raising=False)
    assert stays_here(None) and stays_here("localhost") and not stays_here("0.0.0.0") and not stays_here("10.0.0.1")
    monkeypatch.setenv("GRADIO_SERVER_NAME", "0.0.0.0")
    assert not stays_here(None) and stays_here("127.0.0.1")
    monkeypatch.setenv("SPACE_ID", "user/page")
    assert not stays_here("127.0.0.1")


@pytest.fixture
def page():
    """A page that networks can join, and what its answers were kept for."""
    studio = Studio(Predictor({"ce": checkpoints.bundled("polyp")["ce"]}, "polyp"))
    forgotten = []
    return SimpleNamespace(
        studio=studio, forgotten=forgotten, joining=Joining(studio, SimpleNamespace(forget=lambda: forgotten.append(1)))
    )


def ask(page, path, name="mine", **reading) -> dict:
    file = {"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()}
    return page.joining.take(json.dumps({"name": name, "file": file, **reading}))


def test_what_joins_stands_in_every_answer_from_then_on(page, tmp_path):
    before = page.studio.example(0).study
    assert list(before.logits) == ["ce"] and page.joining.take("{}") == {"networks": []}
    said = ask(page, mixed(tmp_path / "first.onnx", [[1, 0, 0]]), normalise="none")
    assert [one["name"] for one in said["networks"]] == ["mine"] and said["networks"][0]["remark"] == "your network"
    study = page.studio.example(0).study
    limit = np.iinfo(np.int16).max * LOGIT_STEP
    assert np.abs(study.logits["mine"] * LOGIT_STEP - np.minimum(study.image[..., 0], limit)).max() <= LOGIT_STEP
    assert np.array_equal(study.logits["ce"], before.logits["ce"]) and page.forgotten == [1]
    assert page.joining.take("{}") == said
    torch.manual_seed(0)
    file = tmp_path / "focal.safetensors"
    checkpoints.save_checkpoint(file, DeepSupervisionUnet("mobilenet_v2"), RECIPE)
    assert [one["name"] for one in ask(page, file, "focal")["networks"]] == ["mine", "focal"]


def endless(path):
    """A network that counts to a number that no machine reaches."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["c"], ["d"]), helper.make_node("Identity", ["s"], ["t"])],
        "body",
        [
            helper.make_tensor_value_info("i", TensorProto.INT64, ()),
            helper.make_tensor_value_info("c", TensorProto.BOOL, ()),
            helper.make_tensor_value_info("s", TensorProto.FLOAT, None),
        ],
        [helper.make_tensor_value_info("d", TensorProto.BOOL, ()), helper.make_tensor_value_info("t", 1, None)],
    )
    nodes = [
        helper.make_node("ReduceMax", ["x", "axes"], ["z"]),
        helper.make_node("Loop", ["most", "yes", "z"], ["y"], body=body),
    ]
    tensors = (
        numpy_helper.from_array(np.array([1]), "axes"),
        numpy_helper.from_array(np.array(2**62), "most"),
        numpy_helper.from_array(np.array(True), "yes"),
    )
    return file_of(path, nodes, (1, 3, 320, 320), (1, 1, 320, 320), tensors)


def test_one_without_end_is_stopped_and_leaves_the_page_as_it_was(page, tmp_path, monkeypatch):
    monkeypatch.setattr(joining, "SECONDS", 2.0)
    monkeypatch.setattr(workers, "_START", 20)
    start = time.monotonic()
    said = ask(page, endless(tmp_path / "endless.onnx"))
    assert "endless.onnx took more than 2 seconds for one image, so it was stopped" in said["error"]
    assert time.monotonic() - start < 60
    assert list(page.studio.example(0).study.logits) == ["ce"] and page.forgotten == []


def test_what_cannot_join_is_one_sentence(page, tmp_path, monkeypatch):
    path = mixed(tmp_path / "first.onnx", [[1, 0, 0]])
    for name, words in {"ce": "choose another name", "a b": "up to 30 letters", None: "up to 30 letters"}.items():
        assert words in ask(page, path, name)["error"]
    assert "normalise is 'zscore'" in ask(page, path, normalise="zscore")["error"]
    (tmp_path / "x.pt").write_bytes(b"x")
    assert "is a pickle" in ask(page, tmp_path / "x.pt")["error"]
    (tmp_path / "model.safetensors").write_bytes(b"x" * 100)
    assert "does not say how it was made" in ask(page, tmp_path / "model.safetensors")["error"]
    assert "JSON" in page.joining.take("{")["error"]
    assert "whole" in page.joining.take(json.dumps({"name": "mine", "file": {"name": "a.onnx", "data": "%"}}))["error"]
    monkeypatch.setattr(joining, "MAX_BYTES", 10)
    assert "a network that is dropped may have" in ask(page, path)["error"]


SAID = {"slow": "too slow", "heavy": "too heavy", "broken": "broken"}


@pytest.mark.parametrize(
    ("reader", "words"),
    [(misbehaving.die, "broken"), (misbehaving.fail, "broken"), (partial(misbehaving.hold, count=10**10), "too heavy")],
)
def test_a_process_of_its_own_ends_with_what_it_does(reader, words):
    with pytest.raises(InputError, match=words):
        workers.call_once(reader, b"", "x", said=SAID)


def test_a_process_of_its_own_is_another_one_each_time():
    assert workers.call_once(misbehaving.whoami, b"", "x", said=SAID) != workers.call_once(
        misbehaving.whoami, b"", "x", said=SAID
    )
