"""``train --watch``: what the page says is what the log and the network say, and writing it changes no weight."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from dbce.__main__ import main
from dbce.offline.compose import Report
from dbce.offline.watch import WatchPage, page_path, spread_images
from dbce.tasks import WORK_SIZE
from dbce.train.run_files import read_log
from dbce.train.training import train
from tests import small
from tests.small import TINY

EPOCHS = replace(TINY, epochs=4)


def settings_of(page: Path) -> dict:
    """What a page holds; JSON as a browser reads it, which knows no NaN."""
    text = page.read_text("utf-8")
    assert text.endswith("</html>\n")

    def refuse(name: str) -> None:
        raise ValueError(name)

    return json.loads(re.search(r'id="dbce-settings">(.*?)</script>', text, re.DOTALL)[1], parse_constant=refuse)


def watcher(path: Path, every: int = 2, recipe=EPOCHS, part: str = "that it is trained on") -> WatchPage:
    data = small.drawn(6)
    frequencies = data.class_frequencies(2)
    return WatchPage(path, recipe, spread_images(data), data="drawn", part=part, every=every, frequencies=frequencies)


def dice_of(network: nn.Module, image: np.ndarray, mask: np.ndarray, size: int) -> float:
    """By hand: the image made small, the network, its probability made large, counted."""
    from dbce.data.resize import resize_image

    small_image = torch.from_numpy(resize_image(image, size)).permute(2, 0, 1)[None].float() / 255
    with torch.no_grad():
        logits = network(small_image)
    large = nn.functional.interpolate(logits, (WORK_SIZE, WORK_SIZE), mode="bilinear")[0]
    found = (large[1] > large[0]).numpy()
    both = (found & (mask == 1)).sum()
    return 1.0 if not found.any() and not mask.any() else float(2 * both / (found.sum() + (mask == 1).sum()))


def test_the_page_is_written_when_it_is_due_and_changes_no_weight(tmp_path):
    data, seen = small.drawn(6), []
    page = watcher(tmp_path / "page.html")

    def look(network, log, last):
        assert not network.training
        page(network, log, last)
        settings = settings_of(page.path)
        rows = {row["name"]: row["dice"] for row in settings["report"]["rows"]}
        if page.written == log[-1]["epoch"]:
            for name, image, mask in zip(page.shown.names, page.shown.images, page.shown.labels, strict=True):
                wanted = dice_of(network, image, mask, EPOCHS.size)
                assert rows[name][f"epoch {page.written}"] == pytest.approx(wanted, abs=2e-3)
        seen.append((log[-1]["epoch"], page.written, last, list(rows)))

    watched = train(EPOCHS, data, tmp_path / "watched", source="drawn", watch=look)
    plain = train(EPOCHS, data, tmp_path / "plain", source="drawn")
    assert watched.read_bytes() == plain.read_bytes()
    names = seen[0][3]
    assert seen == [(1, 1, False, names), (2, 2, False, names), (3, 2, False, names), (4, 4, True, names)]
    assert len(names) == 4

    settings = settings_of(page.path)
    learning, log = settings["report"]["learning"], read_log(tmp_path / "watched")
    assert learning["loss"] == [[line["epoch"], line["loss"]] for line in log] and learning["dice"] == []
    assert learning["title"] == "Dilated balanced CE on drawn, epoch 4 of 4" and learning["last"] == 4
    shown = [[each["title"] for each in row] for row in learning["pictures"]]
    assert shown == 4 * [["image", "prediction", "loss, weight × cross entropy", "gradient, M (p − y)"]]
    fields = {field["name"]: field["start"] for field in settings["fields"]}
    assert (fields["weighting"], fields["radius"], fields["tab"]) == ("dilated", 20, "images")


def test_a_run_that_goes_on_is_seen_on_the_same_images_with_all_its_epochs(tmp_path):
    data, folder = small.drawn(6), tmp_path / "run"
    first = watcher(tmp_path / "page.html")
    assert train(EPOCHS, data, folder, stop_after=1, watch=first) is None
    before = settings_of(first.path)["report"]
    again = watcher(tmp_path / "page.html")
    assert train(EPOCHS, data, folder, watch=again)
    after = settings_of(again.path)["report"]
    assert [row["name"] for row in before["rows"]] == [row["name"] for row in after["rows"]]
    assert after["learning"]["loss"][0] == before["learning"]["loss"][0]
    assert [epoch for epoch, _ in after["learning"]["loss"]] == [1, 2, 3, 4]
    again.path.unlink()
    assert train(EPOCHS, data, folder, watch=watcher(again.path))  # nothing is left to train
    assert settings_of(again.path)["report"]["learning"] == after["learning"]


def test_the_command_writes_it_into_the_folder_of_the_run_and_scores_a_validation_set(tmp_path, capsys):
    base = tmp_path / "set"
    base.mkdir()
    small.written(small.drawn(8), base)
    common = ["train", "polyp", "--data", str(base), "--encoder", "mobilenet_v2", "--encoder-weights", "none"]
    common += ["--size", "64", "--epochs", "2", "--batch-size", "4", "--loss", "bce", "--device", "cpu"]
    out = tmp_path / "run"
    more = ["--hold-out", "0.3", "--validate-every", "1", "--watch", "--out", str(out)]
    assert main([*common, *more]) == 0
    report = settings_of(out / "watch.html")["report"]
    scored = [[line["epoch"], line["validation"]["dice"]] for line in read_log(out)]
    assert report["learning"]["dice"] == scored and len(scored) == 2
    assert "of the validation set" in report["said"]
    fields = {field["name"]: field for field in settings_of(out / "watch.html")["fields"]}
    assert fields["weighting"]["start"] == "balanced_set"
    assert f"{out}/watch.html: " in capsys.readouterr().err
    assert main([*common, "--watch", "--watch-every", "0", "--out", str(tmp_path / "other")]) == 2
    assert "--watch-every is 0; it must be a number of epochs" in capsys.readouterr().err


def test_where_it_goes_is_known_before_anything_is_read(tmp_path):
    assert page_path(None, tmp_path / "run") == tmp_path / "run/watch.html"
    assert page_path(str(tmp_path / "a"), tmp_path) == tmp_path / "a/watch.html"
    assert page_path(str(tmp_path / "b/mine.html"), tmp_path) == tmp_path / "b/mine.html"
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match=r"--watch would write .*, but .* cannot be made"):
        page_path(str(tmp_path / "file/sub"), tmp_path)


def test_a_reader_never_sees_half_a_page(tmp_path):
    path, stop, wrong = tmp_path / "page.html", threading.Event(), []
    texts = [letter * 3_000_000 + "</html>" for letter in "ab"]
    reports = [Report(text, {}, (), (), ()) for text in texts]
    reports[0].write(path)

    def read() -> None:
        while not stop.is_set():
            found = path.read_text("utf-8")
            if found not in texts:
                wrong.append(len(found))

    reader = threading.Thread(target=read)
    reader.start()
    for k in range(30):
        reports[k % 2].write(path)
    stop.set()
    reader.join()
    assert not wrong and list(tmp_path.iterdir()) == [path]


def test_a_page_that_cannot_be_written_is_told_and_the_training_goes_on(tmp_path, monkeypatch, capsys):
    page = watcher(tmp_path / "page.html", every=1)
    page.path.write_text("the one before")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    network = nn.Conv2d(3, 2, 1).eval()
    page(network, [{"epoch": 1, "loss": 1.0}], False)
    assert page.path.read_text() == "the one before" and list(tmp_path.iterdir()) == [page.path]
    assert f"{page.path} was not written (No space left on device); the training goes on." in capsys.readouterr().err
    monkeypatch.undo()
    page(network, [{"epoch": 1, "loss": 1.0}, {"epoch": 2, "loss": 0.5}], False)
    assert settings_of(page.path)["report"]["learning"]["loss"] == [[1, 1.0], [2, 0.5]]


def test_a_network_that_has_diverged_is_told_as_that(tmp_path):
    page = watcher(tmp_path / "page.html")
    network = nn.Conv2d(3, 2, 1).eval()
    nn.init.constant_(network.bias, float("nan"))
    page(network, [{"epoch": 1, "loss": float("nan")}], True)
    settings = settings_of(page.path)
    assert settings["report"]["learning"]["loss"] == [[1, None]]
    assert "has diverged: 102400 of its logits are not numbers" in settings["report"]["read"][0]


def test_the_images_go_from_small_to_large_objects():
    data = small.drawn(8)
    area = {name: int((label == 1).sum()) for name, label in zip(data.names, data.labels, strict=True)}
    order = sorted(area, key=area.get)
    chosen = set(spread_images(data, 3).names)
    assert {order[0], order[-1]} <= chosen and len(chosen) == 3
    assert spread_images(data, 3).images.shape == (3, WORK_SIZE, WORK_SIZE, 3)
    empty = replace(data, labels=np.zeros_like(data.labels))
    assert len(spread_images(empty, 3)) == 3 and len(spread_images(data, 20)) == 8


def test_a_loss_of_ones_own_is_drawn_as_itself(tmp_path):
    recipe = replace(EPOCHS, loss="examples.own_losses:focal")
    page = watcher(tmp_path / "page.html", recipe=recipe)
    page(nn.Conv2d(3, 2, 1).eval(), [{"epoch": 1, "loss": 1.0}], True)
    titles = [each["title"] for each in settings_of(page.path)["report"]["learning"]["pictures"][0]]
    assert titles == ["image", "prediction", "focal, loss of every pixel", "focal, gradient by the logit"]
