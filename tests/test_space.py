"""The repository as a Space: what it declares, what it writes, and the GPU that ZeroGPU lends."""

from __future__ import annotations

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from importlib.metadata import version
from pathlib import Path

from huggingface_hub import SpaceCard

ROOT = Path(__file__).resolve().parent.parent


def test_the_front_matter_is_complete_and_agrees_with_the_requirements():
    data = SpaceCard.load(ROOT / "README.md").data.to_dict()
    assert {"title", "sdk", "sdk_version", "python_version", "app_file", "license", "models"} <= data.keys()
    assert data["sdk"] == "gradio" and (ROOT / data["app_file"]).is_file()
    lowest = re.search(r"^gradio>=([\d.]+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)[1]
    assert [int(n) for n in data["sdk_version"].split(".")] >= [int(n) for n in lowest.split(".")]
    assert version("gradio").split(".")[0] == data["sdk_version"].split(".")[0]  # what these tests ran with
    assert len(data["short_description"]) <= 60


def files_of(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_the_app_writes_nothing_outside_cache_and_temporary_folders(tmp_path):
    place, home, temporary = tmp_path / "space", tmp_path / "home", tmp_path / "tmp"
    for folder in (home, temporary):
        folder.mkdir()
    ignored = shutil.ignore_patterns(".git", ".venv", "__pycache__", "tests", ".*_cache", ".hypothesis", "runs")
    shutil.copytree(ROOT, place, ignore=ignored)
    before = files_of(place)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    keep = {k: v for k, v in os.environ.items() if not k.startswith(("GRADIO", "HF_", "DBCE", "XDG", "MPL"))}
    env = {**keep, "HOME": str(home), "TMPDIR": str(temporary), "PYTHONDONTWRITEBYTECODE": "1"}
    app = subprocess.Popen([sys.executable, "app.py", "--port", str(port)], cwd=place, env=env)
    try:
        for _ in range(240):
            assert app.poll() is None
            try:
                assert urllib.request.urlopen(f"http://127.0.0.1:{port}", timeout=5).status == 200
                break
            except OSError:
                time.sleep(0.5)
        peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{app.pid}/status").read_text())[1])
    finally:
        app.send_signal(signal.SIGINT)
        app.wait(30)
    assert files_of(place) == before
    assert all(name.startswith(".cache/") for name in files_of(home))
    assert peak < 8e6  # kB: half of a free Space's 16 GB


ZERO = """
import sys, types
calls = []
def GPU(function):
    def lent(*arguments):
        calls.append(function.__name__)
        return function(*arguments)
    return lent
module = types.ModuleType("spaces"); module.GPU = GPU
module.__spec__ = types.SimpleNamespace(name="spaces")
if sys.argv[1] == "lent":
    sys.modules["spaces"] = module
import hashlib
from dbce.train import checkpoints
from dbce.data.phantoms import polyp
from dbce.study.predictor import Predictor
study = Predictor(checkpoints.bundled("polyp")).set_image(*polyp(3, 320))
print(calls, hashlib.sha256(b"".join(map(bytes, study.logits.values()))).hexdigest())
"""


def test_zero_gpus_decorator_is_used_where_present_and_changes_nothing_elsewhere():
    def say(how: str) -> tuple[str, str]:
        done = subprocess.run([sys.executable, "-c", ZERO, how], cwd=ROOT, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        calls, digest = done.stdout.strip().rsplit(" ", 1)
        return calls, digest

    (lent, first), (plain, second) = say("lent"), say("plain")
    assert lent == "['run_networks']" and plain == "[]"
    assert first == second
