"""The app under load, small: figures come from answers that came, and the page shows who is before its visitor."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest
import torch
from PIL import Image

from dbce.__main__ import main
from dbce.bench import load
from dbce.data.phantoms import polyp
from dbce.network import DeepSupervisionUnet
from dbce.page import page as app_page
from dbce.registry import LOSSES
from dbce.study import graphs
from dbce.study.predictor import Predictor, foreground_logits
from dbce.study.studies import quantise
from dbce.train import checkpoints
from dbce.train.checkpoints import Checkpoint
from tests.browser.actions import READY

RECIPE = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


@pytest.fixture(scope="module")
def started():
    """The app as the benchmark starts it, once for all that measure it."""
    with load.running_app() as app:
        yield app


@pytest.fixture
def one_app(monkeypatch, started):
    monkeypatch.setattr(load, "running_app", lambda: nullcontext(started))


def test_bench_load_prints_a_row_a_round_and_refuses_nobody(capsys, one_app):
    assert main(["bench", "load", "--visitors", "2", "5"]) == 0
    lines = capsys.readouterr().out.splitlines()
    rows = [list(map(float, line.split())) for line in lines[2:4]]
    assert [row[0] for row in rows] == [2, 5] and all(row[-1] == 0 for row in rows)
    for count, median, high, rate, *_ in rows:
        assert 0 < median <= high and rate <= count / median
    now, before = map(int, re.findall(r"(\d+) MB", lines[-1]))
    assert 100 < before <= now < 4000


def test_bench_load_measures_scans_and_says_what_was_wrong(monkeypatch, one_app):
    text = load.scans(2, slices=8, side=64)
    assert "opened 2 in" in text and "refused 0" in text and 100 < int(re.search(r"most (\d+) MB", text)[1]) < 4000
    with pytest.raises(ValueError, match="more than the page opens"):
        load.scans(1, slices=500, side=512)
    monkeypatch.setattr(load, "_scan", lambda *_: '{"image": {"name": "a.nii", "data": "AAAA"}}')
    with pytest.raises(ValueError, match=r"none of 1 scans was opened: .*a\.nii"):
        load.scans(1)


def test_what_networks_say_does_not_depend_on_who_else_asks():
    """The bundled networks, one image after the other on one thread, and many at once on two each."""
    predictor = Predictor(checkpoints.bundled("polyp"))
    images = [polyp(seed, 320)[0] for seed in range(3)]
    before = torch.get_num_threads()
    with ThreadPoolExecutor(4, initializer=torch.set_num_threads, initargs=(2,)) as visitors:
        together = list(visitors.map(predictor.set_image, images * 3))
    assert torch.get_num_threads() == before
    with ThreadPoolExecutor(1, initializer=torch.set_num_threads, initargs=(1,)) as alone:
        for loss, checkpoint in predictor.checkpoints.items():
            for k, image in enumerate(images):
                quick = graphs.quickest(checkpoint.network)
                logit = alone.submit(foreground_logits, checkpoint, image[None], quick).result()[0]
                for study in together[k::3]:
                    np.testing.assert_array_equal(study.logits[loss], quantise(logit))
            batch = quantise(alone.submit(foreground_logits, checkpoint, np.stack(images)).result())  # by PyTorch
            single = np.stack([study.logits[loss] for study in together[:3]]).astype(int)
            assert np.abs(batch - single).max() <= 1


@pytest.fixture
def slowed(monkeypatch):
    """The page with networks that know nothing, one at a time, the next of which waits for a word."""
    gate = threading.Event()
    gate.set()
    torch.manual_seed(0)
    networks = {loss: Checkpoint(DeepSupervisionUnet("mobilenet_v2", 2).eval(), RECIPE) for loss in LOSSES}
    predictor = Predictor(networks)
    honest = predictor.set_image

    def set_image(image, mask=None):
        assert gate.wait(120)
        return honest(image, mask)

    predictor.set_image = set_image
    real = app_page.Turns
    monkeypatch.setattr(app_page, "Turns", lambda: real(runners=1))
    demo = app_page.build(app_page.Offer(predictor))
    _, url, _ = demo.launch(prevent_thread_lock=True, quiet=True, **app_page.LAUNCH)
    yield url, gate
    gate.set()
    demo.close()


def test_the_page_shows_how_many_come_before_and_then_the_picture(slowed, browser, tmp_path):
    url, gate = slowed
    tabs = []
    for n in range(3):
        path = tmp_path / f"visitor{n}.png"
        Image.fromarray(polyp(n, 100)[0]).save(path)
        tab = browser.new_page()
        tab.goto(url)
        tab.wait_for_selector(READY, timeout=60000)
        tabs.append((tab, path))
    gate.clear()
    words = "text => document.querySelector('.message').textContent.includes(text)"
    for n, (tab, path) in enumerate(tabs):
        tab.set_input_files("[data-file=image]", path)
        if n:  # the first one's turn has come
            tab.wait_for_function(words, arg=f"{n} before you", timeout=30000)
    assert "before you" not in tabs[0][0].text_content(".message")
    gate.set()
    for tab, path in tabs:
        tab.wait_for_function(words, arg=path.name, timeout=60000)
        tab.wait_for_timeout(1200)  # no late answer of the queue takes the picture's name away
        assert path.name in tab.text_content(".message")
        tab.close()
