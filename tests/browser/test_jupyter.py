"""`dbce.view` in a real JupyterLab: a cell shows the viewer, and what is moved in it is read back by Python."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import expect

from tests.browser.actions import READY
from tests.conftest import ROOT, wait_for

pytest.importorskip("jupyterlab")
pytest.importorskip("ipykernel")

SLOW = 150_000
"""Milliseconds in which a busy machine has loaded JupyterLab, or what a kernel imports; a free one takes a tenth."""

CELLS = (
    """import sys; sys.path.insert(0, {root!r})
import numpy as np, dbce
mask = np.zeros((64, 64), bool); mask[16:48, 16:48] = True
mine = np.where(np.roll(mask, 4, axis=1), 0.9, 0.2)
w = dbce.view(np.zeros((64, 64, 3), np.uint8), mask, {{"mine": mine}}, radius=20, height=700)
w.tab = "anatomy"
w""",
    """print("radius", w.radius, "dice", round(w.made.rows[0].scores["mine"]["dice"], 3)); w.radius = 77""",
)


def notebook(folder: Path) -> Path:
    """The cells as a file."""
    cells = [
        {"cell_type": "code", "id": f"c{k}", "metadata": {}, "source": source.format(root=str(ROOT)), "outputs": []}
        | {"execution_count": None}
        for k, source in enumerate(CELLS)
    ]
    kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    path = folder / "look.ipynb"
    path.write_text(json.dumps({"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 5}))
    return path


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """The address of a notebook in JupyterLab, which hears this machine alone and knows no settings of its user."""
    folder = tmp_path_factory.mktemp("lab")
    path = notebook(folder)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    kernel = folder / "share/kernels/python3"
    kernel.mkdir(parents=True)
    spec = {"argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"], "language": "python"}
    (kernel / "kernel.json").write_text(json.dumps({**spec, "display_name": "Python 3"}))
    own = {
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "share"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(folder / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
        "IPYTHONDIR": str(folder / "ipython"),
    }
    options = [
        f"--ServerApp.root_dir={folder}",
        f"--ServerApp.port={port}",
        "--ServerApp.ip=127.0.0.1",
        "--ServerApp.open_browser=False",
        "--ServerApp.allow_root=True",
        "--IdentityProvider.token=",
        "--ServerApp.password=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.news_url=None",
    ]
    command = [sys.executable, "-m", "jupyterlab", *options]
    process = subprocess.Popen(command, env={**os.environ, **own}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(process, f"http://127.0.0.1:{port}/api")
        yield f"http://127.0.0.1:{port}/doc/tree/{path.name}"
    finally:
        process.terminate()
        process.wait(30)


def execute(page, cell) -> None:
    """Runs a cell. JupyterLab drops the keys in silence where the cell's text or the kernel is not there yet."""
    prompt = cell.locator(".jp-InputPrompt").first
    for _ in range(SLOW // 5000):
        cell.locator(".cm-content").click()
        page.keyboard.press("Shift+Enter")
        try:
            return expect(prompt).not_to_have_text("[ ]:", timeout=5000)
        except AssertionError:
            continue
    raise AssertionError("JupyterLab never ran the cell")


def test_a_cell_shows_the_viewer_and_python_reads_what_was_moved(browser, lab):
    page = browser.new_page(viewport={"width": 1400, "height": 1000})
    trouble: list[str] = []
    page.on("pageerror", lambda error: "dbce" in str(error) and trouble.append(str(error)))
    page.goto(lab)
    cells = page.locator(".jp-CodeCell")
    expect(cells).to_have_count(2, timeout=SLOW)
    page.locator(".jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for(timeout=SLOW)
    execute(page, cells.nth(0))
    cell = page.frame_locator('iframe[title="dbce"]')
    for _ in range(SLOW // 500):  # JupyterLab may move the frame, and one wait would stay with what was there before
        if cell.locator(READY).count():
            break
        page.wait_for_timeout(500)
    expect(cell.locator('[data-out="radius"]')).to_contain_text("R = 20")
    cell.locator(".controls [data-field=radius]").fill("33")
    expect(cell.locator('[data-out="radius"]')).to_contain_text("R = 33")
    page.wait_for_timeout(300)  # changes are gathered before Python is told
    execute(page, cells.nth(1))
    expect(cells.nth(1).locator(".jp-OutputArea-output")).to_contain_text("radius 33 dice 0.875", timeout=SLOW)
    expect(cell.locator('[data-out="radius"]')).to_contain_text("R = 77")  # and the cell follows Python
    assert not trouble
    page.close()
