"""What a pixel weighs: the dilated balancing weights, Eq. 3-5, on any device, in two dimensions and in three."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np
import torch
from torch import Tensor

from dbce.dilation import dilate_classes, radius_squared, within_ball, within_disk

_INTEGERS = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)


_trusted: ContextVar[bool] = ContextVar("_trusted", default=False)


@contextmanager
def trusted_labels() -> Iterator[None]:
    """Within it no target is searched for labels out of range: that reads back from a GPU, which then waits.

    For training on data whose labels were checked once, when they were loaded.
    """
    token = _trusted.set(True)
    try:
        yield
    finally:
        _trusted.reset(token)


def check_target(target: Tensor, num_classes: int, ignore_index: int) -> Tensor:
    """The target as int64, or a ValueError that names what is wrong with it."""
    if target.ndim not in (3, 4):
        raise ValueError(
            f"target has shape {tuple(target.shape)}; it must be (N, H, W) or (N, D, H, W), one label a pixel. "
            "For a single label map pass target[None]."
        )
    if target.numel() == 0:
        raise ValueError(f"target has shape {tuple(target.shape)}; it must hold at least one pixel.")
    if target.dtype not in _INTEGERS:
        raise ValueError(f"target has dtype {target.dtype}; labels must be whole numbers. Pass target.long().")
    target = target.long()
    if not (_trusted.get() or torch.compiler.is_compiling()):
        wrong = (target != ignore_index) & ((target < 0) | (target >= num_classes))
        if bool(wrong.any()):
            values = sorted(set(target[wrong].unique().tolist()))[:5]
            raise ValueError(
                f"target holds the label(s) {values}; labels must lie in [0, {num_classes - 1}] or equal "
                f"ignore_index={ignore_index}. A 0/255 mask becomes labels with (mask > 127).long()."
            )
    return target


def _coverage(
    target: Tensor, num_classes: int, radius: float, ignore_index: int, spacing: Sequence[float] | None
) -> Tensor:
    """(N, C, *spatial) bool: where each dilated class lies; an ignored pixel belongs to none."""
    axes = target.ndim - 1
    if spacing is not None and len(spacing) != axes:
        raise ValueError(f"spacing is {tuple(spacing)}; a target of {axes} axes needs {axes} lengths.")
    plane = axes == 2 and spacing is None
    if plane and target.device.type == "cpu" and not torch.compiler.is_compiling():  # OpenCV is faster there
        return dilate_classes(target, num_classes, radius, ignore_index)
    classes = torch.arange(num_classes, device=target.device).view(-1, *[1] * axes)
    inside = (target[:, None] == classes) & (target != ignore_index)[:, None]
    if plane:
        return within_disk(inside, radius)
    return within_ball(inside, radius, spacing or (1.0,) * axes)


@torch.no_grad()
def weight_map(
    target: Tensor,
    num_classes: int,
    radius: float,
    ignore_index: int = -100,
    spacing: Sequence[float] | None = None,
) -> Tensor:
    """Dilated balancing weights, Eq. 3-5: ``M = max_c D^c / (1 + area(D^c))``, per image.

    ``D^c`` is the mask of class c dilated by a disk, in a volume by a ball, of the given radius. A class that does
    not occur weighs nothing. ``radius=0`` gives the inverse of the class area (plus one) at every pixel; a radius
    beyond the diagonal gives every pixel the same weight.

    Args:
        target: (N, H, W) or (N, D, H, W) whole-number labels.
        num_classes: number of classes C, background included.
        radius: radius in pixels, or in the unit of ``spacing``; any real number >= 0.
        ignore_index: label of pixels that count in no area; their weight is 0.
        spacing: distance between neighbours along each spatial axis, e.g. (3.0, 0.8, 0.8) millimetres; 1 if None.

    Returns:
        Float32 weights of the shape of the target, without gradient, on its device.

    Raises:
        ValueError: wrong shape or dtype, a label out of range, a negative or non-finite radius, or a bad spacing.
    """
    radius_squared(radius)
    target = check_target(target, num_classes, ignore_index)
    valid = (target != ignore_index)[:, None]  # (N, 1, *spatial)
    covered = _coverage(target, num_classes, radius, ignore_index, spacing) & valid  # (N, C, *spatial)
    weight = 1.0 / (1.0 + covered.flatten(2).sum(dim=2).float())  # (N, C)
    return (covered * weight.view(*weight.shape, *[1] * (target.ndim - 1))).amax(dim=1)


def weight_map_numpy(
    labels: np.ndarray,
    num_classes: int,
    radius: float,
    ignore_index: int = -100,
    spacing: Sequence[float] | None = None,
) -> np.ndarray:
    """`weight_map` of one label map, NumPy in and NumPy out: for a data loader's worker.

    Args:
        labels: (H, W) or (D, H, W) whole numbers.
        num_classes: as of `weight_map`, like all that follows.
        radius: in pixels, or in the unit of ``spacing``.
        ignore_index: label of pixels that count in no area.
        spacing: distance between neighbours along each axis.

    Returns:
        Float32 weights of the shape of the labels.

    Raises:
        ValueError: as of `weight_map`.
    """
    whole = np.ascontiguousarray(labels)
    if not np.issubdtype(whole.dtype, np.integer):
        raise ValueError(f"labels have dtype {whole.dtype}; they must be whole numbers. Pass labels.astype(np.int64).")
    return weight_map(torch.from_numpy(whole.astype(np.int64))[None], num_classes, radius, ignore_index, spacing)[
        0
    ].numpy()
