"""Benchmarks of the computation: dilation beside other libraries, and what a training step is spent on."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from functools import partial
from importlib.util import find_spec

import cv2
import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.flop_counter import FlopCounterMode

from dbce.data import ct
from dbce.data.augment import Augment
from dbce.data.phantoms import polyp
from dbce.dilation import dilate, squared_distance
from dbce.network import DeepSupervisionUnet
from dbce.registry import resolve
from dbce.tasks import TASKS
from dbce.train.training import keep_memory
from dbce.weights import trusted_labels, weight_map

RADII = (5, 20, 60, 150)
_PATIENCE = 20.0  # seconds; a peer that took longer than this for one radius is not asked for a larger one


def _median(work: Callable[[], object], repeats: int, device: str = "cpu") -> float:
    """Seconds of one call, the median, after one call that does not count."""

    def once() -> float:
        start = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        return time.perf_counter() - start

    once()
    return float(np.median([once() for _ in range(repeats)]))


def _ratio(value: float) -> str:
    """A ratio with two or more significant digits, eight characters wide."""
    return f"{value:>7.0f}x" if value >= 10 else f"{value:>7.1f}x" if value >= 0.1 else f"{value:>7.3f}x"


def _disk(radius: int) -> np.ndarray:
    axis = np.arange(-radius, radius + 1)
    return (axis[:, None] ** 2 + axis**2 <= radius**2).astype(np.uint8)


def _peers() -> dict[str, Callable[[np.ndarray, int], np.ndarray]]:
    """Dilation by the same disk in other libraries, as their documentation does it."""
    peers: dict[str, Callable[[np.ndarray, int], np.ndarray]] = {
        "cv2.dilate, disk": lambda mask, radius: cv2.dilate(mask, _disk(radius)) > 0
    }
    if find_spec("scipy"):
        from scipy import ndimage

        peers["scipy distance_transform_edt"] = lambda m, r: ndimage.distance_transform_edt(m == 0) <= r
    if find_spec("skimage"):
        from skimage import morphology

        peers["skimage isotropic_dilation"] = lambda m, r: morphology.isotropic_dilation(m > 0, r)
    from kornia.morphology import dilation as kornia_dilation

    def by_kornia(mask: np.ndarray, radius: int) -> np.ndarray:
        image = torch.from_numpy(mask).float()[None, None]
        return kornia_dilation(image, torch.from_numpy(_disk(radius)).float())[0, 0].numpy() > 0.5

    peers["kornia dilation, disk"] = by_kornia
    return peers


def dilation(size: int = 320, repeats: int = 5) -> str:
    """Dilation of one mask by disks of several radii: ours beside peers, each checked to give the same pixels.

    Args:
        size: side of the mask in pixels.
        repeats: measurements, of which the median is printed.

    Raises:
        RuntimeError: a peer that gives other pixels.
    """
    mask = polyp(5, size)[1]
    head = f"milliseconds for a {size} x {size} mask on {os.cpu_count()} CPU cores, ratio to ours; pixels checked equal"
    lines = [head, f"{'':32}" + "".join(f"{f'R = {radius}':>18}" for radius in RADII)]
    ours = {radius: _median(partial(dilate, mask, radius), max(repeats, 20)) for radius in RADII}
    field = squared_distance(mask)
    again = {radius: _median(partial(np.less_equal, field, radius**2), max(repeats, 20)) for radius in RADII}
    lines.append(f"{'ours':32}" + "".join(f"{1000 * ours[radius]:>10.2f}{_ratio(1)}" for radius in RADII))
    lines.append(
        f"{'ours, any further radius':32}"
        + "".join(f"{1000 * again[radius]:>10.3f}{_ratio(again[radius] / ours[radius])}" for radius in RADII)
    )
    for name, peer in _peers().items():
        cells, taken = [], 0.0
        for radius in RADII:
            if taken > _PATIENCE:
                cells.append(f"{'(too slow)':>18}")
                continue
            start = time.perf_counter()
            same = np.array_equal(peer(mask, radius), dilate(mask, radius))
            taken = time.perf_counter() - start
            if not same:
                raise RuntimeError(f"{name} gives other pixels at R = {radius}.")
            seconds = taken if taken > 1 else _median(partial(peer, mask, radius), repeats)
            cells.append(f"{1000 * seconds:>10.2f}{_ratio(seconds / ours[radius])}")
        lines.append(f"{name:32}" + "".join(cells))
    return "\n".join(lines)


def _batch(task: str, size: int, count: int) -> tuple[torch.Tensor, torch.Tensor]:
    """(N, H, W, 3) uint8 images and (N, H, W) uint8 labels, drawn."""
    draw = resolve(TASKS[task].draw)
    if TASKS[task].is_scan:
        hu, labels = draw(1, size, np.linspace(4, 44, count).astype(int).tolist())
        images = np.repeat(ct.window(hu)[..., None], 3, axis=3)
    else:
        pairs = [draw(seed, size) for seed in range(count)]
        images, labels = (np.stack(part) for part in zip(*pairs, strict=True))
    return torch.from_numpy(images), torch.from_numpy(labels)


def _matrix_rate(device: str, dtype: torch.dtype) -> float:
    """Measured floating point operations a second of a large matrix product."""
    side = 8192 if device == "cuda" else 1536
    a, b = (torch.randn(side, side, device=device, dtype=dtype) for _ in range(2))
    return 2 * side**3 / _median(lambda: a @ b, 5, device)


def training(
    task: str, encoder: str, size: int, batch_size: int = 16, repeats: int = 5, backend: str | None = None
) -> str:
    """What a training step is spent on: network, input pipeline, weight map.

    Args:
        task: key of `dbce.tasks.TASKS`; drawn images stand for its data.
        encoder: SMP encoder, randomly initialised.
        size: side of the images in pixels.
        batch_size: images a step.
        repeats: measurements, of which the median is printed.
        backend: of ``torch.compile``, to measure the compiled network as well.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu":
        keep_memory()  # as in training
    dtype = torch.bfloat16 if device == "cuda" else torch.float32
    num_classes = TASKS[task].num_classes
    stored, truth = (part.to(device) for part in _batch(task, size, batch_size))
    network = DeepSupervisionUnet(encoder, num_classes).to(memory_format=torch.channels_last).to(device).train()
    optimiser = torch.optim.Adam(network.parameters(), lr=1e-9)
    augment = Augment(TASKS[task].mirror).to(device)
    order = torch.randperm(batch_size, device=device)

    def cut() -> tuple[torch.Tensor, torch.Tensor]:
        images = stored[order].permute(0, 3, 1, 2).float() / 255
        images, labels = augment(images, truth[order].long())
        return images.contiguous(memory_format=torch.channels_last), labels

    images, labels = cut()

    def forward_backward() -> None:
        with torch.autocast(device, dtype, enabled=device == "cuda"):
            outputs = network(images)
        torch.stack([F.cross_entropy(output.float(), labels) for output in outputs]).sum().backward()

    with FlopCounterMode(display=False) as counter:
        forward_backward()
    bare = _median(forward_backward, repeats, device)
    pipeline = _median(cut, repeats, device)
    adam = _median(optimiser.step, repeats, device)
    with trusted_labels():  # as in training
        weights = {r: _median(partial(weight_map, labels, num_classes, r), repeats, device) for r in (0, 20, 150)}
    step = bare + pipeline + adam + weights[20]
    compiled = None
    if backend is not None:
        network.compile(backend=backend)
        compiled = _median(forward_backward, repeats, device)
    rate = _matrix_rate(device, dtype)
    share = counter.get_total_flops() / bare / rate
    name = torch.cuda.get_device_name() if device == "cuda" else f"{torch.get_num_threads()} CPU threads"
    lines = [
        f"{task}, {encoder}, {batch_size} images of {size} x {size} px a step, {name}, {str(dtype).split('.')[1]}",
        f"forward and backward        {1000 * bare:9.1f} ms   1.00x",
        *([f"the same, compiled          {1000 * compiled:9.1f} ms   {compiled / bare:.2f}x"] if compiled else []),
        f"input: cut and augment      {1000 * pipeline:9.1f} ms   {pipeline / bare:.2f}x",
        f"Adam                        {1000 * adam:9.1f} ms   {adam / bare:.2f}x",
        *(
            f"weight map, R = {radius:<3}         {1000 * seconds:9.1f} ms   {100 * seconds / step:.1f} % of a step"
            for radius, seconds in weights.items()
        ),
        f"images a second             {batch_size / step:9.1f}",
        f"share of the matrix rate    {100 * share:9.1f} %    of {rate / 1e9:.0f} GFLOP/s in a large product;",
        "                            above 100 % where convolutions need fewer operations than counted (Winograd)",
    ]
    return "\n".join(lines)
