"""The page as a Space: what it declares, what is sent, what it writes, and the GPU that ZeroGPU lends."""

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

import pytest
from huggingface_hub import SpaceCard
from huggingface_hub.utils import filter_repo_objects

from dbce.hub import cards, publish
from dbce.hub.cards import space_card
from dbce.tasks import TASKS
from dbce.train import checkpoints

ROOT = Path(__file__).resolve().parent.parent


def newest(versions: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", versions)]


def test_the_front_matter_is_composed_and_agrees_with_what_is_installed():
    assert not (ROOT / "README.md").read_text(encoding="utf-8").startswith("---")  # the README carries none
    card = SpaceCard(str(space_card()))  # as the Hub reads it
    data = card.data.to_dict()
    assert {"title", "emoji", "sdk", "sdk_version", "python_version", "app_file", "license", "models"} <= data.keys()
    assert data["sdk"] == "gradio" and (ROOT / data["app_file"]).is_file()
    requirements = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    lowest = re.search(r"^gradio>=([\d.]+)", requirements, re.MULTILINE)[1]
    assert newest(data["sdk_version"]) >= newest(lowest)
    assert version("gradio").split(".")[0] == data["sdk_version"].split(".")[0]  # what these tests ran with
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert newest(data["python_version"]) >= newest(re.search(r'requires-python = ">=([\d.]+)"', project)[1])
    assert len(data["short_description"]) <= 60  # the Hub's limit
    encoders = {path.name.split(".")[0] for path in map(Path, data["models"])}
    bundled = [checkpoints.manifest(task).values() for task in TASKS]
    assert encoders == {entry["recipe"]["encoder"] for entries in bundled for entry in entries}
    assert card.text.strip() == (ROOT / "README.md").read_text(encoding="utf-8").strip()


def test_the_version_of_gradio_has_one_author(tmp_path, monkeypatch):
    monkeypatch.setattr(cards, "ROOT", tmp_path)
    (tmp_path / "README.md").write_text("# Here\n")
    (tmp_path / "requirements.lock").write_text("gradio-client==1.0\ngradio==6.99.1\n")
    assert space_card().data.to_dict()["sdk_version"] == "6.99.1"
    (tmp_path / "requirements.lock").write_text("gradio-client==1.0\n")
    with pytest.raises(ValueError, match="pins no gradio; write it anew with `make lock`"):
        space_card()


def test_what_the_readme_leads_to_goes_to_the_space_and_nothing_private_does():
    repository = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True).stdout.split()
    here = repository or [str(path.relative_to(ROOT)) for path in ROOT.rglob("*") if path.is_file()]
    sent = set(filter_repo_objects(here, allow_patterns=list(publish.SPACE)))
    for link in re.findall(r"\]\(([^):#]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert link in sent or any(name.startswith(f"{link.rstrip('/')}/") for name in sent), link
    assert not {name for name in sent if name.startswith(("tests/", ".", "node_modules/"))}


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
        try:
            app.wait(60)
        finally:
            app.kill()
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
