"""The whole folder: pages, modules, examples with what the networks say of them, networks, and what runs them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from dbce.data import ct
from dbce.hub.browser import write_for_browser
from dbce.page import assets
from dbce.page.document import download_of, shell
from dbce.page.joined import joined
from dbce.page.local import PATH, Local, sends_nothing
from dbce.page.page import studio_of
from dbce.page.settings import Offer, config
from dbce.page.studio import Studio
from dbce.registry import resolve
from dbce.site import document
from dbce.site.layout import Folder
from dbce.site.runtime import find_packages, write_h5, write_runtime
from dbce.tasks import WORK_SIZE, Task

SERVICE = "sw.js"
"""The service worker; browsers ask for it by this name for as long as the page lies where it lies."""


def write_site(
    offers: Sequence[Offer],
    root: Path,
    modules: str | Path | None = None,
    tell: Callable[[str], None] = lambda line: None,
) -> list[str]:
    """Write the page for a static host.

    Args:
        offers: the tasks, of which the first has the page ``index.html``, every other ``TASK.html``.
        root: an empty folder, or one that is made.
        modules: folder of the npm packages, as of `dbce.site.runtime.find_packages`.
        tell: is told what is being done.

    Returns:
        The files, relative to the folder. All but pages and service worker have the hash of their content in their
        names.

    Raises:
        ValueError: a package is missing, the folder is not empty, or a network has no graph.
    """
    packages = find_packages(modules)
    folder = Folder(root)
    tell("modules, and what runs networks")
    contents = {name: (assets.WEB / name).read_bytes() for name in assets.modules()}
    contents[document.START] = joined(document.ROOT).encode()
    folder.together("web", contents)
    web = folder.names[0].partition("/")[0]
    runtime, h5 = write_runtime(folder, packages), write_h5(folder, packages)
    webgpu = write_runtime(folder, packages, webgpu=True)
    icons = [folder.hashed(f"icon-{side}.png", document.icon_png(side)) for side in document.ICONS]
    manifest = folder.hashed("dbce.webmanifest", document.manifest_json(icons))
    frame = folder.hashed("page.json", shell())
    names = [offer.predictor.task.name for offer in offers]
    pages = []
    for offer, own in zip(offers, pages_of(names), strict=True):
        tell(f"{offer.predictor.task.name}: examples and networks")
        studio = studio_of(offer.predictor)
        files = {
            **_examples(folder, studio),
            **{"networks": _networks(folder, offer), "runtime": runtime, "webgpu": webgpu, "h5": h5},
        }
        told = {"files": files, "task": _task(offer)}
        settings = {**settings_of(studio, offer, names), "page": download_of(frame)}
        folder.fixed(own, document.page_html(settings, told, web, icons, manifest))
        pages.append(own)
    start = [f"{web}/{name}" for name in contents if not name.startswith("preview")]
    site = {
        "version": _version(folder),
        "pages": pages,
        "shell": [*start, runtime["module"], runtime["mjs"], *icons, manifest, frame],
        "all": folder.names,
    }
    folder.fixed(SERVICE, document.service_worker(site))
    return folder.names


def write_beside(offers: Sequence[Offer], root: Path, modules: str | Path | None = None) -> Local:
    """Write what browsers need to run the networks by themselves, for a page whose server has the examples.

    Args:
        offers: the tasks.
        root: as of `write_site`, like the folder of packages.
        modules: folder of the npm packages.

    Raises:
        ValueError: as of `write_site`.
    """
    packages = find_packages(modules)
    folder = Folder(root)
    runtime, h5 = write_runtime(folder, packages), write_h5(folder, packages)
    told = {}
    for offer in offers:
        scenes = _scenes(folder, studio_of(offer.predictor))  # a mask may be given for an example
        files = {"scenes": scenes, "scans": [], "networks": _networks(folder, offer), "runtime": runtime, "h5": h5}
        told[offer.predictor.task.name] = {"files": _placed(files), "task": _task(offer)}
    return Local(root, told)


def _placed(files: Any) -> Any:
    """The same with every address seen from the page."""
    if isinstance(files, dict):
        return {name: _placed(value) for name, value in files.items()}
    if isinstance(files, list):
        return [_placed(value) for value in files]
    return f"{PATH}/{files}" if isinstance(files, str) else files


def _task(offer: Offer) -> dict[str, Any]:
    task = offer.predictor.task
    return {"size": WORK_SIZE, "classes": task.num_classes, "scan": task.is_scan}


def pages_of(tasks: Sequence[str]) -> list[str]:
    """The names of the pages."""
    return [f"{name}.html" if index else "index.html" for index, name in enumerate(tasks)]


def settings_of(studio: Studio, offer: Offer, tasks: list[str]) -> dict[str, Any]:
    """As of `dbce.page.settings.config`, for a page that has no server."""
    settings = sends_nothing(config(studio, offer, tasks))
    links = ["./", *pages_of(tasks)[1:]]
    return {
        **settings,
        "tasks": [{**task, "href": link} for task, link in zip(settings["tasks"], links, strict=True)],
        "server": False,
    }


def _version(folder: Folder) -> str:
    """Changes with any file."""
    whole = hashlib.sha256()
    for name in sorted(folder.names):
        whole.update(name.encode() + b"\0" + hashlib.sha256((folder.root / name).read_bytes()).digest())
    return whole.hexdigest()[:10]


def _examples(folder: Folder, studio: Studio) -> dict[str, Any]:
    """The scenes of the examples, and the scans that some of them are slices of."""
    task, scenes = studio.predictor.task, _scenes(folder, studio)
    if not task.is_scan:
        return {"scenes": scenes, "scans": []}
    seeds = [seed for seed, _ in task.examples]
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        drawn = list(pool.map(drawn_scan, [task.draw] * len(seeds), seeds))
    scans = [folder.packed(f"scenes/{task.name}-{index + 1}.scan", data) for index, data in enumerate(drawn)]
    return {"scenes": scenes, "scans": scans}


def _scenes(folder: Folder, studio: Studio) -> list[str]:
    """The scenes of the examples."""
    asked = [json.dumps({"example": index}) for index in range(len(studio.examples))]
    texts = [studio.open_study(request)["scene"] for request in asked]
    name = studio.predictor.task.name
    return [folder.hashed(f"scenes/{name}-{index}.json", text.encode()) for index, text in enumerate(texts, start=1)]


def drawn_scan(draw: str, seed: int) -> bytes:
    """A drawn scan: its slices at `WORK_SIZE` as grey, a byte a pixel, then their labels, as many.

    Args:
        draw: what draws it, as of `dbce.tasks.Task`.
        seed: which one.
    """
    hu, labels = resolve(draw)(seed, WORK_SIZE, list(range(ct.SLICES)))
    return ct.window(hu).tobytes() + labels.astype(np.uint8).tobytes()


def _networks(folder: Folder, offer: Offer) -> dict[str, Any]:
    """The networks of a task, by loss."""
    task: Task = offer.predictor.task
    found = {}
    with TemporaryDirectory() as name:
        for loss, checkpoint in offer.predictor.checkpoints.items():
            path = Path(name) / "network.onnx"
            write_for_browser(checkpoint, path)
            found[loss] = folder.packed(f"networks/{task.name}-{loss}.onnx", path.read_bytes())
    return found
