"""What the app does under load: visitors that send pictures or scans the way the page does, all at once."""

from __future__ import annotations

import asyncio
import gzip
import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import httpx
import nibabel as nib
import numpy as np

from dbce.data import phantoms, volumes
from dbce.tasks import TASKS, WORK_SIZE

VISITORS = (20, 50, 200)
"""How many visitors come at once, in one round after the other."""

LIMIT = 900.0
"""Seconds after which a round ends, whatever is still to come."""

_HEADERS = {"Accept-Encoding": "gzip, deflate, br"}  # as browsers send


def pictures(visitors: Sequence[int] = VISITORS) -> str:
    """Start the app, and let visitors send a picture each, all at once.

    Args:
        visitors: how many come at once, in one round after the other.

    Returns:
        A table: median and 95th percentile of the time to the answer, images a second, and what was refused.

    Raises:
        ValueError: the app does not start, or a picture gets no answer.
    """
    bodies = [_picture(seed) for seed in range(8)]
    lines = [
        f"seconds to the answer, {os.cpu_count()} CPU cores, {besides()}",
        f"{'visitors':>8} {'median':>8} {'95 %':>8} {'images/s':>9} {'CPU s an image':>15} {'refused':>8}",
    ]
    with running_app() as (url, process):
        component = _component(url, "dbce")
        asyncio.run(_round(url, component, bodies[:2]))  # warm
        for count in visitors:
            with watched(process) as memory:
                began, worked = time.monotonic(), worked_seconds(process)
                answers = asyncio.run(_round(url, component, [bodies[n % len(bodies)] for n in range(count)]))
                whole, worked = time.monotonic() - began, worked_seconds(process) - worked
            times = [seconds for seconds, reply in answers if "scene" in reply]
            if not times:
                raise ValueError(f"none of {count} pictures got an answer: {answers[0][1]}")
            p50, p95 = np.percentile(times, [50, 95])
            rate, refused = len(times) / whole, count - len(times)
            lines.append(f"{count:>8} {p50:>8.2f} {p95:>8.2f} {rate:>9.2f} {worked / len(times):>15.3f} {refused:>8}")
        lines.append(_most(memory))
    return "\n".join(lines)


def scans(count: int, slices: int = 300, side: int = 512) -> str:
    """Start the app, and let visitors send a scan of the largest size each, with its labels, all at once.

    Args:
        count: visitors.
        slices: of the scan.
        side: of a slice in voxels.

    Returns:
        What became of them, and the most memory that the app and its workers held together.

    Raises:
        ValueError: the app does not start, or no scan was opened.
    """
    body = _scan(slices, side)
    with running_app() as (url, process):
        component = _component(url, "dbce-organs")
        with watched(process) as memory:
            began = time.monotonic()
            answers = asyncio.run(_round(url, component, [body] * count))
            whole = time.monotonic() - began
        opened = sum("volume" in reply for _, reply in answers)
        if not opened:
            raise ValueError(f"none of {count} scans was opened: {answers[0][1]}")
        refusals = {reply["error"] for _, reply in answers if "error" in reply}
        return "\n".join(
            [
                f"{count} scans of {side} x {side} x {slices} with labels ({len(body) / 1e6:.0f} MB as base64) "
                f"at once, {os.cpu_count()} CPU cores, {besides()}",
                f"opened {opened} in {whole:.0f} s, refused {count - opened}",
                *sorted(refusals),
                _most(memory),
            ]
        )


def _picture(seed: int) -> str:
    """A drawn picture as the page sends it: some as PNG, some as JPEG, larger than what the networks see."""
    image = cv2.resize(phantoms.polyp(seed, WORK_SIZE)[0], (720, 576), interpolation=cv2.INTER_CUBIC)
    suffix = (".png", ".jpg")[seed % 2]
    data = cv2.imencode(suffix, image[..., ::-1])[1].tobytes()
    return json.dumps({"image": {"name": f"drawn{seed}{suffix}", "data": b64encode(data).decode()}})


def _scan(slices: int, side: int) -> str:
    """A scan of noise that fills the file as far as is allowed, and labels: a block of every class."""
    if slices * side * side > volumes.MAX_VOXELS or slices > volumes.MAX_SLICES:
        raise ValueError(f"{side} x {side} x {slices} voxels are more than the page opens.")
    rng = np.random.default_rng(0)
    levels = 10  # bits of noise a voxel, fewer until the file is small enough
    while True:
        planes = rng.integers(0, 2**levels, (side, side, min(slices, 20)), np.int16)
        voxels = np.tile(planes, (1, 1, -(-slices // planes.shape[2])))[..., :slices]
        data = gzip.compress(_nifti(voxels), 1)
        if len(data) < volumes.MAX_BYTES:
            break
        levels -= 1
    labels = np.zeros(voxels.shape, np.uint8)
    classes = TASKS["organs"].num_classes
    for cls in range(1, classes):
        labels[side * cls // classes : side * (cls + 1) // classes, side // 4 : side // 2] = cls
    files = {"image": ("noise.nii.gz", data), "mask": ("blocks.nii.gz", gzip.compress(_nifti(labels), 1))}
    return json.dumps({key: {"name": name, "data": b64encode(data).decode()} for key, (name, data) in files.items()})


def _nifti(voxels: np.ndarray) -> bytes:
    return nib.Nifti1Image(voxels, np.eye(4)).to_bytes()


@contextmanager
def running_app() -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """The app as visitors meet it, on a free port of this machine."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "app.py", "--host", "127.0.0.1", "--port", str(port)]
    process = subprocess.Popen(command, cwd=root, stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + LIMIT
        while True:
            try:
                httpx.get(url, timeout=5).raise_for_status()
                break
            except httpx.HTTPError as error:
                if process.poll() is not None or time.monotonic() > until:
                    raise ValueError("the app did not start; try: python app.py") from error
                time.sleep(0.2)
        yield url, process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()


def _component(url: str, element: str) -> int:
    """Number of the viewer among the components of a page."""
    config = httpx.get(f"{url}/config", timeout=60).json()
    for component in config["components"]:
        if component["props"].get("elem_id") == element:
            return component["id"]
    raise ValueError(f"{url} shows no viewer.")


async def _round(url: str, component: int, bodies: Sequence[str]) -> list[tuple[float, dict[str, Any]]]:
    """Every body from a visitor of its own, all at once -> seconds and answer of each."""
    packed = {}  # shared by all who send it: what stands before the session's name
    for body in set(bodies):
        fields = {"data": body, "component_id": component, "fn_name": "open_study", "session_hash": ""}
        packed[body] = json.dumps(fields).removesuffix('"}')
    limits = httpx.Limits(max_connections=len(bodies))
    async with httpx.AsyncClient(limits=limits, timeout=LIMIT, headers=_HEADERS, trust_env=False) as client:

        async def visit(number: int, body: str) -> tuple[float, dict[str, Any]]:
            began = time.monotonic()
            parts = (packed[body], f"{number:02x}{os.urandom(4).hex()}", '"}')

            async def chunks():
                for part in parts:
                    for start in range(0, len(part), 1 << 20):
                        yield part[start : start + (1 << 20)].encode()

            length = {"Content-Length": str(sum(map(len, parts))), "Content-Type": "application/json"}
            try:
                answer = await client.post(f"{url}/gradio_api/component_server", content=chunks(), headers=length)
                return time.monotonic() - began, _outcome(answer)
            except httpx.HTTPError as error:
                return time.monotonic() - began, {"error": f"no answer ({type(error).__name__})"}

        return await asyncio.gather(*(visit(n, body) for n, body in enumerate(bodies)))


def _outcome(answer: httpx.Response) -> dict[str, Any]:
    """An answer without its pictures, which nobody looks at here."""
    found = re.match(rb'\{"(volume|scene|error)":', answer.content)
    if found is None:
        return {"error": f"status {answer.status_code}"}
    return answer.json() if found[1] == b"error" else {found[1].decode(): True}


def _family(process: subprocess.Popen[bytes]) -> list[int]:
    """Process numbers of the app and all that it started."""
    family = [process.pid]
    for pid in family:
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                family += map(int, (task / "children").read_text().split())
        except OSError:
            continue
    return family


def _memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes that the app and its workers hold together, what they share counted once (PSS); 0 where unknown."""
    total = 0
    for pid in _family(process):
        try:
            found = re.search(r"^Pss:\s+(\d+) kB", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) * 1000 if found else 0
        except OSError:
            continue
    return total


def worked_seconds(process: subprocess.Popen[bytes]) -> float:
    """CPU seconds of the app and the workers it has now: what an image costs, whatever else the machine does."""
    ticks = 0
    for pid in _family(process):
        try:
            fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
            ticks += int(fields[11]) + int(fields[12])  # user and system time
        except OSError:
            continue
    return ticks / os.sysconf("SC_CLK_TCK") if ticks else float("nan")


@contextmanager
def watched(process: subprocess.Popen[bytes], every: float = 0.25) -> Iterator[list[int]]:
    """What `_memory` says, several times a second; a look takes about 50 ms of a core."""
    seen, over = [_memory(process)], threading.Event()

    def look() -> None:
        while not over.wait(every):
            seen.append(_memory(process))

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        over.set()
        thread.join()


def _most(memory: Sequence[int]) -> str:
    return f"memory at most {max(memory) / 1e6:.0f} MB, app and workers together (before: {memory[0] / 1e6:.0f} MB)"


def besides() -> str:
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return f"{load:.1f} other processes at work on average"
