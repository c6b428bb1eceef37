"""The real huggingface_hub client against a stand-in Hub on loopback."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import torch

from dbce import checkpoints
from dbce.network import DeepSupervisionUnet

ROOT = Path(__file__).resolve().parent.parent
SHA = "0123456789abcdef0123456789abcdef01234567"
RECIPE = {"task": "polyp", "size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


class Hub(BaseHTTPRequestHandler):
    """One repository, user/nets at one commit, by the part of the Hub's API that a download asks for."""

    protocol_version = "HTTP/1.1"
    files: dict[str, bytes] = {}
    asked: list[str] = []

    def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_GET(self) -> None:
        self.asked.append(self.path)
        name = re.fullmatch(rf"/user/nets/resolve/{SHA}/(.+)", self.path)
        if re.fullmatch(rf"/api/models/user/nets/revision/({SHA}|v1)(\?.*)?", self.path):
            siblings = [{"rfilename": file} for file in self.files]
            body = {"id": "user/nets", "modelId": "user/nets", "sha": SHA, "siblings": siblings, "tags": []}
            self.answer(200, json.dumps(body).encode(), Content_Type="application/json")
        elif re.fullmatch(rf"/api/models/user/nets/tree/({SHA}|v1)(\?.*)?", self.path):
            rows = [
                {"type": "file", "path": file, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                for file, content in self.files.items()
            ]
            self.answer(200, json.dumps(rows).encode(), Content_Type="application/json")
        elif name and name[1] in self.files:
            content = self.files[name[1]]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            self.answer(200, content, ETag=etag, X_Repo_Commit=SHA)
        elif self.path.startswith("/api/models/user/nets/"):
            self.answer(404, b"{}", X_Error_Code="RevisionNotFound", X_Error_Message="Revision not found")
        else:
            self.answer(404, b"{}", X_Error_Code="RepoNotFound", X_Error_Message="Repository not found")

    do_HEAD = do_GET

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def nets(tmp_path_factory) -> Path:
    """Two networks of somebody's own."""
    folder = tmp_path_factory.mktemp("nets")
    for seed, name in enumerate(("mine", "focal-2")):
        torch.manual_seed(seed)
        checkpoints.save(folder / f"{name}.safetensors", DeepSupervisionUnet("mobilenet_v2"), RECIPE)
    return folder


@pytest.fixture
def endpoint(nets):
    Hub.files = {path.name: path.read_bytes() for path in nets.iterdir()} | {"pickle.bin": b"never fetched"}
    Hub.asked = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hub)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


CODE = """
import sys
from dbce import checkpoints, hub
try:
    found = checkpoints.collect(hub.download(sys.argv[1]))
    print({task: list(networks) for task, networks in found.items()})
except ValueError as error:
    print("SENTENCE", error)
"""


def download(reference: str, home: Path, endpoint: str, **extra: str) -> str:
    """In a process of its own: the client reads its settings when it is imported."""
    settings = {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(home),
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_TELEMETRY": "1",
    }
    env = {**os.environ, **settings, **extra}
    done = subprocess.run([sys.executable, "-c", CODE, reference], cwd=ROOT, env=env, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_pinned_repository_is_fetched_once_and_then_without_network(endpoint, tmp_path):
    expected = "{'polyp': ['focal-2', 'mine']}"
    assert download(f"user/nets@{SHA}", tmp_path, endpoint) == expected
    assert not any("pickle" in path for path in Hub.asked)
    assert download(f"user/nets@{SHA}", tmp_path, endpoint, HF_HUB_OFFLINE="1") == expected
    before = len([path for path in Hub.asked if "resolve" in path])
    assert download(f"user/nets@{SHA}", tmp_path, "http://127.0.0.1:9") == expected  # nobody listens there
    assert len([path for path in Hub.asked if "resolve" in path]) == before


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("user/nets", "pin a revision"),
        ("user/nets@" + "f" * 40, "has no revision"),
        ("user/other@v1", "no repository 'user/other'"),
        ("a/b/c@v1", "the form is user/name@revision"),
    ],
)
def test_what_cannot_be_had_is_one_sentence(endpoint, tmp_path, reference, words):
    said = download(reference, tmp_path, endpoint)
    assert said.startswith("SENTENCE") and words in said and "\n" not in said


def test_no_network_and_no_cache_is_one_sentence(tmp_path):
    said = download(f"user/nets@{SHA}", tmp_path, "http://127.0.0.1:9")
    assert said.startswith("SENTENCE") and "check the connection" in said


def test_a_damaged_download_is_named(endpoint, tmp_path):
    Hub.files["mine.safetensors"] = Hub.files["mine.safetensors"][:5000]
    said = download(f"user/nets@{SHA}", tmp_path, endpoint)
    assert said.startswith("SENTENCE") and "mine.safetensors is no checkpoint" in said
