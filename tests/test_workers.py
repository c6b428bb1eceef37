"""Decoders that can be stopped: limits hold, mistakes come through, nobody else notices, nothing is left behind."""

from __future__ import annotations

import base64
import io
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import psutil
import pytest
import torch
from PIL import Image

from dbce.data import inputs, volumes
from dbce.data.inputs import InputError
from dbce.network import DeepSupervisionUnet
from dbce.page import workers
from dbce.page.scans import ScanStudio
from dbce.page.studio import Studio
from dbce.study.predictor import Predictor
from dbce.train.checkpoints import Checkpoint
from tests.misbehaving import die, fail, hold, loaded, sleep, spin, whoami

ROOT = Path(__file__).resolve().parent.parent
CASES = Path(os.environ.get("DBCE_CASES", ROOT.parent / "shared" / "cases"))
RECIPE = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


def png(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    return file.getvalue()


def test_pixels_and_mistakes_come_back_from_another_process():
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    assert np.array_equal(workers.run(inputs.read_picture, png(pixels), "a.png").pixels, pixels)
    assert workers.run(whoami, b"", "a") != os.getpid()
    with pytest.raises(InputError) as direct:
        inputs.read_picture(b"no picture", "a.png")
    with pytest.raises(InputError) as there:
        workers.run(inputs.read_picture, b"no picture", "a.png")
    assert str(there.value) == str(direct.value)


@pytest.mark.parametrize(
    ("reader", "arguments", "words"),
    [
        (spin, (), "f.png takes longer than 1 seconds"),
        (sleep, (60,), "f.png takes longer than 1 seconds"),
        (hold, (600_000_000,), "f.png takes more than 300 MB of memory"),
        (die, (), "f.png cannot be decoded: it is damaged"),
        (fail, (), "f.png cannot be read: it is damaged"),
    ],
)
def test_a_decoder_beyond_its_limits_is_stopped_with_a_sentence_and_replaced(reader, arguments, words):
    workers.run(whoami, b"", "warm")
    began = time.monotonic()
    with pytest.raises(InputError, match=words):
        workers.run(reader, b"", "f.png", *arguments, seconds=1.0, memory=300_000_000)
    assert time.monotonic() - began < 20  # on a busy machine; the wall clock alone stops it after 3
    assert workers.run(hold, b"", "g.png", 1000) == 1000


def test_the_memory_limit_of_one_file_is_not_that_of_the_next():
    for _ in range(workers.COUNT):
        with pytest.raises(InputError, match="300 MB"):
            workers.run(hold, b"", "f.png", 600_000_000, memory=300_000_000)
    for _ in range(2 * workers.COUNT):
        assert workers.run(hold, b"", "f.png", 400_000_000) == 400_000_000


def test_others_go_on_while_one_file_is_stopped():
    ended = []

    def bad() -> None:
        with pytest.raises(InputError):
            workers.run(sleep, b"", "slow.png", 60, seconds=3.0)
        ended.append(time.monotonic())

    thread = threading.Thread(target=bad)
    thread.start()
    for _ in range(5):
        workers.run(whoami, b"", "good.png")
    assert thread.is_alive()  # five answers came while the other still ran
    thread.join(60)
    assert ended


def test_a_worker_holds_neither_torch_nor_the_page():
    assert workers.run(loaded, b"", "x") == []


OWNER = """
import os, sys, time
from dbce.page import workers
from tests.misbehaving import sleep
if __name__ == "__main__":
    workers.start_workers()
    print("started", flush=True)
    if sys.argv[1] == "busy":
        workers.run(sleep, b"", "x", 5, seconds=3.0)
    elif sys.argv[1] == "idle":
        time.sleep(60)
"""


@pytest.mark.parametrize("how", ["end", "idle", "busy"])
def test_no_process_outlives_the_app(how, tmp_path):
    script = tmp_path / "owner.py"
    script.write_text(OWNER)
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    owner = subprocess.Popen([sys.executable, script, how], cwd=ROOT, env=env, stdout=subprocess.PIPE, text=True)
    assert owner.stdout is not None and owner.stdout.readline() == "started\n"
    family = psutil.Process(owner.pid).children(recursive=True) if how != "end" else []
    if how != "end":
        assert len(family) >= 2  # a worker, and what started it
        owner.kill()  # no chance to clean up
    assert owner.wait(60) in (0, -9)
    assert not psutil.wait_procs(family, 30)[1]


def test_where_no_process_can_be_had_the_start_says_so(monkeypatch):
    def refuse(self):
        raise PermissionError("Operation not permitted")

    workers.close()
    monkeypatch.setattr(workers._Worker, "__init__", refuse)
    with pytest.raises(ValueError, match=r"no worker process can be started here .*decoded nowhere else"):
        workers.start_workers()
    monkeypatch.undo()
    assert workers.run(hold, b"", "a", 3) == 3


def bomb() -> bytes:
    """A progressive JPEG of 2,000 scans: those of a small picture, again and again, over a large frame."""
    file = io.BytesIO()
    Image.fromarray(np.zeros((2048, 2048), np.uint8)).save(file, "JPEG", progressive=True)
    data = file.getvalue()
    first = data.rindex(b"\xff\xc4")  # the last table and the scan it is for
    return data[:-2] + data[first:-2] * 6000 + data[-2:]


@pytest.fixture(scope="module")
def studios() -> tuple[Studio, ScanStudio]:
    torch.manual_seed(0)
    pair = [DeepSupervisionUnet("mobilenet_v2", classes).eval() for classes in (2, 9)]
    polyp, organs = (
        Predictor({"ce": Checkpoint(network, RECIPE)}, task)
        for network, task in zip(pair, ("polyp", "organs"), strict=True)
    )
    return Studio(polyp), ScanStudio(organs)


def test_a_picture_of_thousands_of_scans_is_stopped(studios):
    data = bomb()
    request = json.dumps({"image": {"name": "bomb.jpg", "data": base64.b64encode(data).decode()}})
    reply = studios[0].open_study(request)
    assert "bomb.jpg" in reply["error"] and "went wrong on the server" not in reply["error"]


@pytest.mark.parametrize("path", sorted((CASES / "hostile").glob("*.json")), ids=lambda path: path.stem)
def test_hostile_requests_end_in_time_with_a_sentence_or_a_picture(path, studios):
    request = json.loads(path.read_text())
    request = request["data"] if "data" in request else json.dumps(request)
    workers.run(whoami, b"", "warm")
    before = psutil.Process().memory_info().rss
    began = time.monotonic()
    reply = studios[1].open_study(request)
    assert time.monotonic() - began < 5 * max(1.0, os.getloadavg()[0])  # seconds, where nothing else runs
    assert reply.keys() >= {"scene"} or "went wrong on the server" not in reply["error"]
    assert psutil.Process().memory_info().rss - before < 500e6
    if "error" in reply:
        json.dumps(reply).encode()


def test_the_largest_scan_fits_its_limits():
    """400 slices at the limit of voxels, as 16-bit NIfTI."""
    import gzip

    import nibabel as nib

    side = int((volumes.MAX_VOXELS / volumes.MAX_SLICES) ** 0.5)
    plane = np.random.default_rng(0).integers(-1000, 1000, (side, side), np.int16)
    voxels = np.repeat(plane[..., None], volumes.MAX_SLICES, axis=2)
    data = gzip.compress(nib.Nifti1Image(voxels, np.eye(4)).to_bytes(), 1)
    volume = workers.run(volumes.read_volume, data, "a.nii.gz", seconds=workers.SCAN_SECONDS, memory=workers.SCAN_BYTES)
    assert volume.grey.shape == (volumes.MAX_SLICES, 320, 320)
