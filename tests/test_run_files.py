"""What a run leaves on disk: any damage, a full disk and a second process get one sentence and the way out."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbce.__main__ import main
from dbce.data.datasets import Dataset
from dbce.data.phantoms import polyp
from dbce.train.run_files import locked, read_log, read_state
from dbce.train.training import train
from tests import small
from tests.small import TINY

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return small.drawn(5)


@pytest.fixture(scope="module")
def begun(dataset, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("begun")
    train(TINY, dataset, folder, stop_after=1)
    return folder


@given(st.data())
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_byte_of_a_state_can_change_unseen(begun, tmp_path, data):
    whole = (begun / "state.pt").read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        changed = whole[:place] + bytes([whole[place] ^ data.draw(st.integers(1, 255))]) + whole[place + 1 :]
    else:
        changed = whole[:place]
    (tmp_path / "state.pt").write_bytes(changed)
    with pytest.raises(ValueError, match=r"state.pt is damaged: .* delete it to begin the run again"):
        read_state(tmp_path)


def test_a_damaged_log_is_named_and_a_run_that_goes_on_writes_it_anew(dataset, tmp_path):
    train(TINY, dataset, tmp_path, stop_after=2)
    before = (tmp_path / "log.jsonl").read_text()
    for damage in (before[:-20], before.replace("epoch", "\x00poch"), "[1]\n", "{}\n"):
        (tmp_path / "log.jsonl").write_text(damage)
        with pytest.raises(ValueError, match=r"log.jsonl, line \d, is damaged"):
            read_log(tmp_path)
    assert main(["curves", str(tmp_path), "-o", str(tmp_path / "c.svg")]) == 2
    train(TINY, dataset, tmp_path)
    assert [line["epoch"] for line in read_log(tmp_path)] == [1, 2, 3]
    assert (tmp_path / "log.jsonl").read_text().startswith(before)


SMALL_DISK = """
import resource, signal, sys
from pathlib import Path
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
sys.path.insert(0, ".")
from tests.small import TINY
from dbce.data.datasets import load_dataset
from dbce.train.training import train
data = load_dataset(sys.argv[1], 64)
folder = Path(sys.argv[2])
train(TINY, data, folder, stop_after=1)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, resource.RLIM_INFINITY))
try:
    train(TINY, data, folder)
except OSError as error:
    print(error)
"""


def test_where_nothing_more_can_be_written_the_run_says_so_and_goes_on_later(dataset, tmp_path):
    from dbce.data.datasets import pack_dataset

    packed, folder = tmp_path / "set.npz", tmp_path / "run"
    pack_dataset(dataset, packed, quality=None)
    done = subprocess.run(
        [sys.executable, "-c", SMALL_DISK, str(packed), str(folder)], cwd=ROOT, capture_output=True, text=True
    )
    assert "state.pt cannot be written (File too large); the epoch before is kept" in done.stdout, done.stderr[-1500:]
    assert not list(folder.glob("*.part"))
    assert train(TINY, dataset.at(64), folder) is not None
    assert [line["epoch"] for line in read_log(folder)] == [1, 2, 3]


HOLD = """
import sys, time
from pathlib import Path
from dbce.train.run_files import locked
with locked(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_two_processes_do_not_train_in_one_folder_and_a_killed_one_leaves_it_free(dataset, tmp_path):
    other = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert other.stdout is not None and other.stdout.readline() == "held\n"
    with pytest.raises(ValueError, match=r"another process trains in .*; wait until it has finished"):
        train(TINY, dataset, tmp_path)
    other.send_signal(signal.SIGKILL)
    other.wait()
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        try:
            with locked(tmp_path):
                break
        except ValueError:
            time.sleep(0.1)
    assert train(replace(TINY, epochs=1), dataset, tmp_path) is not None


def test_an_absent_class_is_named_and_stops_nothing(tmp_path, capsys):
    images, labels = zip(*(polyp(seed, 64) for seed in range(3)), strict=True)
    organs = Dataset(
        ("case0001_slice000", "case0001_slice001", "case0001_slice002"), np.stack(images), np.stack(labels)
    )
    recipe = replace(TINY, task="organs", loss="bce", epochs=1, radius=10)
    assert train(recipe, organs, tmp_path) is not None
    assert "the training set holds no gallbladder and no left kidney" in capsys.readouterr().err
    assert np.isfinite(json.loads((tmp_path / "log.jsonl").read_text())["loss"])
