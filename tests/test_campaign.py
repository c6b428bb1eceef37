"""Several runs from one command: what is run, where, and that it goes on after an interruption."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import cv2
import pytest
import torch

from dbce.__main__ import main
from dbce.data.phantoms import polyp
from dbce.train import campaign
from dbce.train.recipe import Recipe
from dbce.train.run_files import read_log


def test_losses_without_a_radius_are_run_once_a_seed():
    found = campaign.combinations(["ce", "dbce"], [0, 1], [5, 20])
    assert found == [("ce", 0, None), ("dbce", 0, 5), ("dbce", 0, 20), ("ce", 1, None), ("dbce", 1, 5), ("dbce", 1, 20)]
    assert campaign.combinations(["dbce"], [0], None) == [("dbce", 0, None)]


def test_folders_tell_runs_apart(tmp_path):
    names = [
        campaign.folder_of(Recipe(loss=loss, seed=seed, radius=radius), tmp_path).name
        for loss in ("ce", "dbce")
        for seed in (0, 3)
        for radius in (20, 5.5)
    ]
    assert names == ["ce-s0", "ce-s0", "ce-s3", "ce-s3", "dbce-s0", "dbce-s0-r5.5", "dbce-s3", "dbce-s3-r5.5"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    for name in ("images", "masks"):
        (folder / name).mkdir()
    for seed in range(6):
        image, mask = polyp(seed, 64)
        cv2.imwrite(str(folder / "images" / f"{seed}.png"), image)
        cv2.imwrite(str(folder / "masks" / f"{seed}.png"), mask * 255)
    return folder


def command(folder, out, *more: str) -> list[str]:
    options = ["--encoder", "mobilenet_v2", "--encoder-weights", "none", "--size", "64", "--batch-size", "3"]
    options += ["--epochs", "2"]
    return ["campaign", "polyp", "--data", str(folder), "--out", str(out), "--device", "cpu", *options, *more]


@pytest.fixture
def one_thread():
    """The arithmetic of a run side by side with others: sums in the order of one core."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_side_by_side_and_one_after_the_other_give_the_same_networks(folder, tmp_path, capsys, one_thread):
    wanted = ["--losses", "dbce", "--seeds", "0", "1"]
    assert main(command(folder, tmp_path / "a", *wanted, "--jobs", "2")) == 0
    assert "2 of 2 runs are finished" in capsys.readouterr().out
    assert main(command(folder, tmp_path / "b", "--losses", "dbce", "--seeds", "1")) == 0
    assert not list((tmp_path / "a").glob("*.npz"))  # the packed training set is gone
    first, second = (tmp_path / name / "dbce-s1" / "dbce.safetensors" for name in "ab")
    assert first.read_bytes() == second.read_bytes()
    assert first.read_bytes() != (tmp_path / "a" / "dbce-s0" / "dbce.safetensors").read_bytes()


def test_what_is_done_is_skipped_and_a_killed_campaign_goes_on(folder, tmp_path):
    arguments = command(folder, tmp_path, "--losses", "ce", "bce", "--epochs", "6", "--jobs", "2")
    env = {**os.environ, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([sys.executable, "-m", "dbce", *arguments], env=env, start_new_session=True)
    deadline = time.monotonic() + 300
    while not read_log(tmp_path / "ce-s0") and time.monotonic() < deadline:
        assert process.poll() in (None, 0)
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    assert read_log(tmp_path / "ce-s0")
    assert main(arguments) == 0
    for loss in ("ce", "bce"):
        assert [line["epoch"] for line in read_log(tmp_path / f"{loss}-s0")] == [1, 2, 3, 4, 5, 6]
    before = (tmp_path / "ce-s0" / "ce.safetensors").stat().st_mtime_ns
    assert main(arguments) == 0  # nothing left to do, and nothing is done
    assert (tmp_path / "ce-s0" / "ce.safetensors").stat().st_mtime_ns == before


def test_a_run_that_fails_is_named_with_its_log(folder, tmp_path, capsys):
    (tmp_path / "ce-s0").mkdir(parents=True)
    (tmp_path / "ce-s0" / "state.pt").write_bytes(b"no state")
    assert main(command(folder, tmp_path, "--losses", "ce", "dbce", "--jobs", "2")) == 2
    said = capsys.readouterr().err
    assert "ce-s0" in said and "log.txt" in said
    assert (tmp_path / "ce-s0" / "log.txt").stat().st_size > 100
