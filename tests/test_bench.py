"""The benchmark runs, moves what it says, and prints finite numbers; it judges no speed."""

from __future__ import annotations

import os
import re
import shlex
from datetime import date
from typing import cast

import pytest
import torch

from dbce.__main__ import main
from dbce.bench import compute, folder, lab, viewer
from dbce.bench.site import site_beside_server
from dbce.commands.parsers import build_parser
from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.study.predictor import Predictor
from dbce.tasks import TASKS
from dbce.train.checkpoints import Checkpoint
from tests.small import drawn, written
from tests.small_site import small_offers


@pytest.mark.parametrize("task", ["polyp", "organs"])
def test_viewer_prints_medians_percentiles_and_ratios(task, monkeypatch):
    monkeypatch.setattr(viewer, "_LOST", 1000)  # milliseconds; gradio leaves most answers out
    if task == "organs":  # whose page is not another on a slow line
        monkeypatch.setattr(viewer, "NETWORKS", {name: viewer.NETWORKS[name] for name in list(viewer.NETWORKS)[:1]})
    torch.manual_seed(0)
    recipe = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}
    classes = TASKS[task].num_classes
    networks = {loss: Checkpoint(DeepSupervisionUnet("mobilenet_v2", classes).eval(), recipe) for loss in LOSSES}
    table, first = viewer.viewer(Predictor(networks, task), repeats=6, throttle=2).split("\n\n")
    lines, paints = table.splitlines(), first.splitlines()[2:]
    assert "slowed 2 times" in lines[0]
    assert [line[:18].strip() for line in paints] == ["page", "gradio, 2 images"]
    for line in paints:
        least = [2 * latency / 1000 for _, latency in viewer.NETWORKS.values()]  # the page, and one file of it
        assert all(found > bound for found, bound in zip(map(float, line[42:].split()), least, strict=True))
    ours = 1 if task == "organs" else 3
    assert len(lines) == 6 + ours and "CPU cores" in lines[0]
    for line in lines[3:]:
        if line.endswith("no answer") and "gradio" in line:  # on a busy machine; the page itself always answers
            continue
        median, high = map(float, re.findall(r"\d+\.\d", line[42:])[:2])
        assert 0 < median <= high
    assert lines[3].endswith("1.0x") and all("gradio" in line for line in lines[3 + ours :])


def test_a_machine_is_not_made_faster():
    with pytest.raises(ValueError, match=r"throttle is 0\.5; it must be from 1"):
        viewer.viewer(cast(Predictor, None), throttle=0.5)


def test_a_peer_that_never_answers_gets_no_ratio():
    lines = viewer._table(
        [("page", [4.0, 6.0], ""), ("slow", [10.0, 10.0], " 1 of 3 lost"), ("dead", [], " 3 of 3 lost")]
    )
    assert lines.splitlines()[-2].endswith("2.0x")
    assert lines.splitlines()[-1].split() == ["dead", "no", "answer"]


def test_the_lab_prints_steps_and_late_frames():
    lines = lab.told([16.0] * 18 + [30.0, 50.0], 12.34, 0.5, 3.5).splitlines()
    assert "load 0.5 before and 3.5 after" in lines[0]
    assert [line.split()[-2:] for line in lines[2:]] == [
        ["12.3", "10"],
        ["median", "16.0"],
        ["31.0", "20"],
        ["10.0", "5"],
    ]


def test_dilation_compares_equal_pixels_and_prints_ratios(monkeypatch):
    lines = compute.dilation(size=48, repeats=1).splitlines()
    assert lines[1].split() == ["R", "=", "5", "R", "=", "20", "R", "=", "60", "R", "=", "150"]
    names = [line[:32].strip() for line in lines[2:]]
    libraries = {name.split()[0].split(".")[0] for name in names[2:]}
    assert names[0] == "ours" and libraries == {"cv2", "scipy", "skimage", "kornia"}
    for line in lines[2:]:
        assert len(re.findall(r"\d+\.?\d*x", line)) == 4
    wrong = {"other": lambda mask, radius: mask > 0}
    monkeypatch.setattr(compute, "_peers", lambda: wrong)
    with pytest.raises(RuntimeError, match="other gives other pixels at R = 5"):
        compute.dilation(size=48, repeats=1)


def test_what_is_printed_is_kept_with_the_command_that_made_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(compute, "dilation", lambda repeats: f"{repeats} times")
    path = tmp_path / "dilation of disks.txt"
    assert main(["bench", "dilation", "--repeats", "3", "-o", str(path)]) == 0
    assert capsys.readouterr().out == "3 times\n"
    head, text = path.read_text().splitlines()
    assert text == "3 times" and head.endswith(f"# {date.today()}")
    command = shlex.split(head.partition("#")[0])
    assert command[:4] == ["$", "python", "-m", "dbce"]
    again = build_parser().parse_args(command[4:])  # what stands there can be run
    assert (again.what, again.repeats, again.out) == ("dilation", 3, str(path))
    monkeypatch.setattr(compute, "dilation", lambda repeats: pytest.fail("measured before the folder was looked at"))
    assert main(["bench", "dilation", "-o", str(tmp_path / "none" / "x.txt")]) == 2
    assert "there is no such folder" in capsys.readouterr().err


@pytest.mark.parametrize("task", ["polyp", "organs"])
def test_training_prints_ratios_to_the_bare_network(task):
    text = compute.training(task, "mobilenet_v2", 64, batch_size=2, repeats=1)
    assert "1.00x" in text and text.count("% of a step") == 3
    images = float(re.search(r"images a second\s+([\d.]+)", text)[1])
    share = float(re.search(r"matrix rate\s+([\d.]+) %", text)[1])
    assert images > 0 and share > 0


def test_site_prints_both_pages_goals_and_equal_scores(tmp_path):
    folder = written(drawn(3, 96), _made(tmp_path / "set"))
    offer = small_offers()[0]
    lines = site_beside_server(offer, folder, count=2, images=4).splitlines()
    assert lines[1].split() == ["no", "server", "server", "goal"] and len(lines) == 2 + 8 + len(
        offer.predictor.checkpoints
    )
    numbers = {line[:44].strip(): line[44:].split() for line in lines[2:]}
    assert all(float(row[0]) > 0 for row in numbers.values())
    assert float(numbers["first view, kB, compressed"][0]) <= 1000
    assert float(numbers["MB until the first network has answered"][0]) <= 10
    assert float(numbers["MB until all four have, kept from then on"][0]) <= 28
    scores = {words: row for words, row in numbers.items() if words.startswith("Dice over 2 frames")}
    assert len(scores) == 4
    for here, there, *_ in scores.values():
        assert abs(float(here) - float(there)) <= 0.05


def test_a_folder_is_run_to_its_last_dot_and_many_dots_are_moved_over(tmp_path):
    base = written(drawn(8, 96), _made(tmp_path / "set"))
    lines = folder.folder(base, count=7).splitlines()
    assert lines[0].startswith("7 images with masks, four networks") and str(tmp_path) not in "".join(lines)
    numbers = {line[:46].strip(): float(line[46:54]) for line in lines[2:]}
    assert len(numbers) == 10 and all(value > 0 for value in numbers.values())
    seconds = 7 / numbers["images a second, from folder to last dot"]
    worked = sum(7 * numbers[f"CPU seconds an image, {who}"] for who in ("server", "browser"))
    assert worked < 2 * seconds * (os.cpu_count() or 1)  # more was not there
    assert 50 < numbers["MB of the tab at the end"] < 2000
    (base / "masks" / "a.png").unlink()
    with pytest.raises(ValueError, match=r"a\.png: no mask of that name"):
        folder.folder(base)


def _made(path):
    path.mkdir()
    return path
