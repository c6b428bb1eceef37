"""The app as a process of its own: what is left of a visitor's files, what its answers carry, what its log tells."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import quote

import httpx
import numpy as np
import pytest
from gradio_client import Client, handle_file
from PIL import Image

from dbce.data.phantoms import polyp
from dbce.network import DeepSupervisionUnet
from dbce.page import cache
from dbce.page.headers import origin
from dbce.train import checkpoints

ROOT = Path(__file__).resolve().parent.parent
KEEP = 12  # seconds; the app looks four times as often


@pytest.fixture(scope="module")
def networks(tmp_path_factory) -> Path:
    """Two networks that know nothing, which start faster than twelve that were trained."""
    folder = tmp_path_factory.mktemp("networks")
    for task, classes in (("polyp", 2), ("organs", 9)):
        recipe = {"task": task, "loss": "dbce", "size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1}
        network = DeepSupervisionUnet("mobilenet_v2", classes).eval()
        checkpoints.save_checkpoint(folder / f"{task}.safetensors", network, {**recipe, "data": "x", "seed": 0})
    return folder


@contextlib.contextmanager
def app(networks: Path, temporary: Path, *options: str):
    """The app with a temporary folder of its own, as (process, address)."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("GRADIO", "DBCE"))}
    with (temporary.parent / "log").open("a") as log:
        command = [sys.executable, "app.py", "--port", str(port), "--checkpoints", str(networks), *options]
        process = subprocess.Popen(command, cwd=ROOT, env={**kept, "TMPDIR": str(temporary)}, stderr=log, stdout=log)
    try:
        for _ in range(240):
            assert process.poll() is None, (temporary.parent / "log").read_text()
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5).read()
                break
            time.sleep(0.5)
        yield process, f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait(60)


@pytest.fixture
def picture(tmp_path) -> tuple[Path, Path, bytes]:
    """An image, its mask, and bytes of the image that no other file holds."""
    image, mask = polyp(11, 128)
    Image.fromarray(image).save(tmp_path / "visitor.bmp")
    Image.fromarray(mask.astype(np.uint8) * 255).save(tmp_path / "mask.png")
    data = (tmp_path / "visitor.bmp").read_bytes()
    return tmp_path / "visitor.bmp", tmp_path / "mask.png", data[len(data) // 2 :][:200]


@pytest.fixture
def temporary(tmp_path) -> Path:
    (tmp_path / "tmp").mkdir()
    return tmp_path / "tmp"


def files(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def holds(folder: Path, piece: bytes) -> bool:
    found = False
    for path in files(folder):
        with contextlib.suppress(FileNotFoundError):
            found |= piece in path.read_bytes()
    return found


def status(url: str) -> int:
    try:
        return urllib.request.urlopen(url, timeout=10).status
    except urllib.error.HTTPError as error:
        return error.code


def call(address: str, picture) -> str:
    """One call of the API; the address of its result."""
    client = Client(address, verbose=False, download_files=False)
    result, _ = client.predict(handle_file(picture[0]), handle_file(picture[1]), api_name="/loss_maps")
    return result["url"]


def test_files_of_a_call_are_gone_in_time_and_at_the_end(networks, temporary, picture):
    with app(networks, temporary, "--keep", str(KEEP)) as (process, address):
        url = call(address, picture)
        assert status(url) == 200
        (folder,) = temporary.glob("dbce-page-*")
        assert folder.stat().st_mode & 0o777 == 0o700
        upload = next(path for path in files(temporary) if path.name == "visitor.bmp")
        assert status(f"{address}/gradio_api/file={quote(str(upload))}") == 404  # an upload is for nobody
        assert status(f"{address}/gradio_api/file={quote(str(folder / 'lock'))}") == 404
        time.sleep(KEEP * 1.25 + 2)
        assert status(url) in (403, 404)
        assert not files(temporary) and not holds(temporary, picture[2])
        call(address, picture)
        assert holds(temporary, picture[2])  # the search finds what is there
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        assert not list(temporary.glob("dbce-page-*")) and not files(temporary)


def test_what_a_killed_app_left_is_removed_by_the_next_and_nothing_of_one_that_runs(networks, temporary, picture):
    with app(networks, temporary) as (process, address):
        call(address, picture)
        process.kill()
        process.wait(60)
    assert holds(temporary, picture[2])
    with app(networks, temporary) as (_, first):
        assert not files(temporary)
        url = call(first, picture)
        with app(networks, temporary) as (_, second):
            assert len(list(temporary.glob("dbce-page-*"))) == 2
            assert status(url) == 200 and status(second) == 200


def test_a_file_is_kept_while_it_is_written(tmp_path):
    (tmp_path / "a").mkdir()
    old, young = tmp_path / "a" / "old", tmp_path / "a" / "young"
    old.write_bytes(b"x")
    time.sleep(1.2)
    young.write_bytes(b"x")
    cache.sweep(tmp_path, 1)
    assert young.exists() and not old.exists()
    time.sleep(1.2)
    cache.sweep(tmp_path, 1)
    cache.sweep(tmp_path, -1)
    assert not list(tmp_path.iterdir())


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    """Where the app of most tests has its temporary folder, and its log beside it."""
    folder = tmp_path_factory.mktemp("app") / "tmp"
    folder.mkdir()
    return folder


@pytest.fixture(scope="module")
def address(networks, place):
    with app(networks, place, "--embed", "https://school.example", "https://*.uni.example:8443") as (_, url):
        yield url


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", "/", 200),
        ("GET", "/organs", 200),
        ("GET", "/config", 200),
        ("GET", "/nowhere/at/all", 404),
        ("GET", "/gradio_api/file=/etc/passwd", 404),
        ("GET", "/gradio_api/file=http://example.com/", 404),
        ("GET", "/gradio_api/deep_link?session_hash=a", 404),
        ("POST", "/gradio_api/process_recording", 404),
        ("POST", "/gradio_api/queue/join", 422),
        ("POST", "/gradio_api/component_server", 415),
        ("POST", "/gradio_api/upload", 400),
    ],
)
def test_every_answer_has_the_headers(address, method, path, expected):
    answer = httpx.request(method, address + path, timeout=60)
    assert answer.status_code == expected
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "same-origin"
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'self'" and policy["object-src"] == "'none'"
    assert "unsafe-inline" not in policy["script-src"]
    framing = "'self' https://huggingface.co https://*.hf.space https://school.example https://*.uni.example:8443"
    assert policy["frame-ancestors"] == framing
    assert "x-frame-options" not in answer.headers


@pytest.mark.parametrize(
    "text", ["https://a.example; script-src *", "a.example", "*", "https://a b", "javascript:x", ""]
)
def test_an_origin_that_would_change_the_policy_is_refused(text):
    with pytest.raises(ValueError, match="the form is https://host"):
        origin(text)
    assert origin("https://*.a.example:8443") == "https://*.a.example:8443"


def page_config(address: str) -> dict:
    return httpx.get(f"{address}/config", timeout=60).json()


def ask(address: str, body: object, **options: str) -> httpx.Response:
    headers = {"Content-Type": "application/json", **options}
    return httpx.post(f"{address}/gradio_api/component_server", content=json.dumps(body), timeout=60, headers=headers)


def scene_request(address: str) -> dict:
    (component,) = [c["id"] for c in page_config(address)["components"] if c["props"].get("elem_id") == "dbce"]
    return {"session_hash": "a", "component_id": component, "fn_name": "open_study", "data": '{"example": 1}'}


def test_pages_and_scenes_are_compressed_and_files_are_not_twice(address):
    for path in ("/", "/organs"):
        plain, packed = (
            urllib.request.urlopen(urllib.request.Request(address + path, headers={"Accept-Encoding": how}), timeout=60)
            for how in ("identity", "gzip, br")
        )
        assert plain.headers["Content-Encoding"] is None and packed.headers["Content-Encoding"] == "gzip"
        assert len(packed.read()) < 0.8 * len(plain.read())
    scene = ask(address, scene_request(address), **{"Accept-Encoding": "gzip"})
    assert scene.headers["content-encoding"] == "gzip" and "scene" in scene.json()
    assert int(scene.headers["content-length"]) < 0.8 * len(scene.content)


def test_a_stream_of_events_comes_piece_by_piece(address):
    """The queue's heartbeat and answers arrive before the stream ends, with compression accepted."""
    joined = {"data": [None], "fn_index": 0, "session_hash": "stream"}
    config = page_config(address)
    joined["fn_index"] = next(d["id"] for d in config["dependencies"] if d["api_name"] == "compare")
    assert httpx.post(f"{address}/gradio_api/queue/join", json=joined, timeout=60).status_code == 200
    began, kinds = time.monotonic(), []
    where = f"{address}/gradio_api/queue/data?session_hash=stream"
    with httpx.stream("GET", where, headers={"Accept-Encoding": "gzip, br"}, timeout=60) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert "content-encoding" not in stream.headers
        for line in stream.iter_lines():
            if '"msg"' in line:
                kinds.append(line.split('"msg":')[1].split('"')[1])
            if "process_completed" in kinds:
                break
    assert kinds.index("process_completed") > 0 and time.monotonic() - began < 30  # others came before it


def upload(address: str, sizes: list[int]) -> httpx.Response:
    parts = [("files", (f"{i}.png", bytes(size))) for i, size in enumerate(sizes)]
    return httpx.post(f"{address}/gradio_api/upload", files=parts, timeout=60)


def test_an_upload_request_is_bounded_as_a_whole(address):
    assert len(upload(address, [1000] * 10).json()) == 10
    many = upload(address, [10] * 11)
    assert many.status_code == 413 and "more than 10 files" in many.json()["error"]


def test_an_upload_that_declares_too_much_is_refused_unread(address):
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        head = "POST /gradio_api/upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        raw.sendall(f"{head}Content-Length: {66_000_000}\r\n\r\n".encode())
        answer = b"".join(iter(lambda: raw.recv(4000), b"")).decode()
    assert " 413 " in answer.splitlines()[0] and "at most 65 MB" in answer


def test_a_store_that_is_full_takes_no_upload(monkeypatch, tmp_path):
    monkeypatch.setattr(cache, "uploads", lambda: tmp_path)
    monkeypatch.setattr(cache, "MAX_BYTES", 1000)
    assert not cache.full()
    (tmp_path / "a").write_bytes(bytes(2000))
    assert cache.full()


def test_two_starts_at_once_leave_each_other_alone(temporary):
    """Folders that are made while others are removed stay, whoever wins."""
    code = "from dbce.page import cache; print(cache.start_cache(), flush=True); input()"
    environment = {**os.environ, "TMPDIR": str(temporary)}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", code], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        for _ in range(4)
    ]
    folders = [Path(process.stdout.readline().decode().strip()) for process in running]
    assert len(set(folders)) == 4 and all((folder / "lock").is_file() for folder in folders)
    running[0].kill()
    for process in running[1:]:
        process.communicate(b"\n", timeout=120)
    running[0].communicate()
    assert list(temporary.glob("dbce-page-*")) == [folders[0]]


BAD = [
    ("/compare", [None], "No image was given"),
    ("/compare", [], "No image was given"),
    ("/compare", [{"path": "/etc/passwd", "meta": {"_type": "gradio.FileData"}}], "no file that was uploaded here"),
    ("/compare", [{"path": "/etc/passwd"}], "no file that was uploaded here"),
    ("/compare", [{"path": "http://127.0.0.1/x", "meta": {"_type": "gradio.FileData"}}], "no file that was uploaded"),
    ("/compare", [{"a": [{"path": "https://127.0.0.1/", "meta": {"_type": "gradio.FileData"}}]}], "no file that was"),
    ("/compare", [{"path": "\ud800.png"}], "not here|no file"),
    ("/compare", [{"path": "a\0b"}], "not here|no file"),
    ("/compare", ["frame.png"], r"image is 'frame.png'; it must be a file"),
    ("/compare", [5], "image is 5; it must be a file"),
    ("/compare", ["GOOD", "x"], "mask is 'x'; it must be a file"),
    ("/compare", ["GOOD", None, None], "threshold is None"),
    ("/compare", ["GOOD", None, float("nan")], "threshold is nan"),
    ("/compare", ["GOOD", None, 0.5, float("inf")], "radius is inf"),
    ("/compare", ["GOOD", None, 0.5, "wide"], "radius is 'wide'"),
    ("/compare", ["GOOD", None, 0.5, True], "radius is True"),
    ("/compare", ["GOOD", None, 0.5, 20, None], "slice is None; it must be a whole number"),
    ("/compare", ["GOOD", None, 0.5, 20, float("nan")], "slice is nan"),
    ("/compare", ["GOOD", None, 0.5, 20, float("-inf")], "slice is -inf"),
    ("/compare", ["GOOD", None, 0.5, 20, "x"], "slice is 'x'"),
    ("/compare", ["GOOD", None, 0.5, 20, 1.5], "slice is 1.5"),
    ("/compare", ["GOOD", None, 0.5, 20, [[[[[1]]]]]], "slice is "),
    ("/compare", ["GOOD", None, 0.5, 20, -(10**300)], "slice is -10"),
    ("/compare", ["GOOD", None, 0.5, 20, -1, "", 7], "7 values came; this endpoint takes 6"),
    ("/loss_maps", ["GOOD", None], "give a mask"),
    ("/loss_maps", ["GOOD", "GOOD", ["ce"]], "loss is "),
    ("/loss_maps", ["GOOD", "GOOD", "polyp", 20, {"a": 1}], "weighting is "),
]


@pytest.fixture(scope="module")
def uploaded(address) -> dict:
    code = io.BytesIO()
    Image.fromarray(polyp(11, 64)[0]).save(code, "PNG")
    (path,) = httpx.post(f"{address}/gradio_api/upload", files={"files": ("a.png", code.getvalue())}, timeout=60).json()
    return {"path": path, "meta": {"_type": "gradio.FileData"}}


@pytest.mark.parametrize(("name", "data", "words"), BAD)
def test_a_call_that_does_not_fit_is_one_sentence_and_no_traceback(address, place, uploaded, name, data, words):
    body = json.dumps({"data": [uploaded if value == "GOOD" else value for value in data]})
    options = {"content": body, "headers": {"Content-Type": "application/json"}, "timeout": 60}
    answer = httpx.post(f"{address}/gradio_api/run{name}", **options)
    assert answer.status_code == 500 and re.search(words, answer.json()["error"])
    event = httpx.post(f"{address}/gradio_api/call{name}", **options).json()["event_id"]
    assert re.search(words, httpx.get(f"{address}/gradio_api/call{name}/{event}", timeout=60).text)
    assert "Traceback" not in (place.parent / "log").read_text()


STRAY = [
    ("/queue/join", b'{"data": [], "fn_index": 999, "session_hash": "a"}'),
    ("/run/nothing", b'{"data": []}'),
    ("/call/nothing", b'{"data": []}'),
    ("/call/v2/nothing", b"{}"),
    ("/call/v2/compare", b'{"image": 1, "pathology": 2}'),
    ("/run/compare", b'{"data": [' + b"9" * 5000 + b"]}"),
    ("/run/compare", b"[" * 100_000),
    ("/cancel", b"{}"),
    ("/component_server", b"{}"),
]


@pytest.mark.parametrize(("path", "body"), STRAY, ids=range(len(STRAY)))
def test_a_request_to_what_is_not_there_leaves_no_traceback(address, place, path, body):
    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{address}/gradio_api{path}", content=body, headers=headers, timeout=60)
    assert 400 <= answer.status_code < 500 and answer.json()
    assert "Traceback" not in (place.parent / "log").read_text()


def test_an_upload_that_holds_no_file_or_breaks_off_leaves_no_traceback(address, place):
    part = b'--x\r\nContent-Disposition: form-data; name="files"'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    for body in (part + b"\r\n\r\nhi\r\n--x--\r\n", b"garbage", b"--x\r\n\r\n"):
        answer = httpx.post(f"{address}/gradio_api/upload", content=body, headers=headers, timeout=60)
        assert answer.status_code == 400
    host, port = address.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        raw.sendall(b"POST /gradio_api/upload HTTP/1.1\r\nHost: a\r\nContent-Type: multipart/form-data; boundary=x\r\n")
        raw.sendall(b"Content-Length: 5000\r\n\r\n" + part + b'; filename="a.png"\r\n\r\nhel')
    time.sleep(2)
    assert "Traceback" not in (place.parent / "log").read_text()


ENVELOPES = [
    b"",
    b"[]",
    b"{}",
    b"null",
    b'{"data": "{}"}',
    b'{"session_hash": "a", "component_id": 10000, "fn_name": "open_study", "data": "{}"}',
    b'{"session_hash": "a", "component_id": [], "fn_name": "open_study", "data": "{}"}',
    b'{"session_hash": {}, "component_id": 1, "fn_name": "open_study", "data": "{}"}',
    b'{"session_hash": "a", "component_id": 1, "fn_name": 5, "data": "{}"}',
    b'{"session_hash": "a", "component_id": 1, "fn_name": "__class__", "data": "{}"}',
    b'{"session_hash": "a", "component_id": ' + b"9" * 5000 + b', "fn_name": "open_study", "data": "{}"}',
    b"[" * 100_000,
    b"\xff\xfe",
]


@pytest.mark.parametrize("body", ENVELOPES, ids=range(len(ENVELOPES)))
def test_a_request_to_no_function_is_refused_without_a_traceback(address, place, body):
    where = f"{address}/gradio_api/component_server"
    answer = httpx.post(where, content=body, headers={"Content-Type": "application/json"}, timeout=60)
    assert answer.status_code in (400, 404) and answer.json()
    assert "Traceback" not in (place.parent / "log").read_text()


DATA = [
    ('{"image": {"name": "\\ud800.png", "data": "eHg="}}', ".png is not an image"),
    ('{"image": {"name": "a.png", "data": "\u00e9"}}', "did not arrive whole"),
    ("\ud800", "not JSON"),
    ("[" * 100_000, "not JSON"),
    ({"example": 1}, "must be a JSON text"),
    (None, "must be a JSON text"),
    ("[1]", "must be a JSON object"),
]


@pytest.mark.parametrize(("data", "words"), DATA, ids=range(len(DATA)))
def test_a_request_as_the_page_sends_it_is_one_sentence_through_the_wire(address, place, data, words):
    answer = ask(address, {**scene_request(address), "data": data})
    assert answer.status_code == 200 and words in answer.json()["error"]
    assert "Traceback" not in (place.parent / "log").read_text()
