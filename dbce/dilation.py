"""Dilation of label masks by a disk, exactly, for every radius at once.

A pixel lies in the dilation of a mask by the disk ``dx^2 + dy^2 <= R^2`` (Eq. 3 of the paper) exactly
when its squared distance to the mask is at most ``R^2``. So one distance field per class answers every
radius: the dilation is a comparison.

Squared distances between pixels are whole numbers; they are kept as int32, so nothing is rounded.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

import cv2
import numpy as np
import torch

ABSENT = np.iinfo(np.int32).max
"""Squared distance to a class that does not occur: farther than any radius reaches."""

_EXACT_FLOAT_DISTANCE = 2047.0  # beyond it, float32 no longer tells sqrt(n) from sqrt(n + 1)


def radius_squared(radius: float) -> int:
    """Largest whole squared distance that a disk of this radius covers.

    Args:
        radius: radius R in pixels, any real number >= 0.

    Returns:
        ``floor(R * R)``, at most ``ABSENT - 1``.

    Raises:
        ValueError: the radius is no number, not finite, or negative.
    """
    if isinstance(radius, bool) or not isinstance(radius, (Real, np.number)):
        raise ValueError(
            f"radius is {radius!r} ({type(radius).__name__}); it must be a real number of pixels >= 0. "
            "Pass for example radius=20."
        )
    value = float(radius)
    if not math.isfinite(value) or value < 0:
        raise ValueError(
            f"radius is {value}; it must be finite and >= 0 (pixels). Pass for example radius=20, "
            "or radius=0 for no dilation."
        )
    if value >= 46340:  # its square would not fit int32; no image is that large
        return int(ABSENT) - 1
    return math.floor(value * value)


def squared_distance(mask: np.ndarray) -> np.ndarray:
    """Squared Euclidean distance from every pixel to the nearest pixel of a mask (the CPU path).

    Uses OpenCV's exact transform (Felzenszwalb and Huttenlocher, 2012), linear in the number of pixels.

    Args:
        mask: (H, W) array, non-zero inside the object.

    Returns:
        (H, W) int32 squared distance in pixels^2: 0 inside the mask, ``ABSENT`` everywhere if it is empty.

    Raises:
        ValueError: the mask is not two-dimensional or has no pixel.
    """
    mask = np.asarray(mask)
    if mask.ndim != 2 or mask.size == 0:
        raise ValueError(
            f"mask has shape {mask.shape}; it must be (H, W) with at least one pixel. "
            "Pass one class of one image at a time."
        )
    inside = mask != 0
    if not inside.any():
        return np.full(mask.shape, ABSENT, np.int32)
    if inside.all():  # OpenCV needs a zero and a non-zero pixel to be asked about
        return np.zeros(mask.shape, np.int32)
    outside = np.ascontiguousarray(~inside).view(np.uint8)
    distance = cv2.distanceTransform(outside, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    if distance.max() <= _EXACT_FLOAT_DISTANCE:
        squared = distance.astype(np.float64)
        return np.rint(squared * squared).astype(np.int32)
    return _squared_distance_torch(torch.from_numpy(inside)[None])[0].numpy()


def _column_distance(inside: torch.Tensor) -> torch.Tensor:
    """Distance to the nearest pixel of the mask in the same column: (..., H, W) int32, H + W where there is none."""
    height, width = inside.shape[-2:]
    rows = torch.arange(height, device=inside.device, dtype=torch.int32)[:, None]
    far = height + width  # farther than any pixel of the image
    above = torch.where(inside, rows, -far).cummax(dim=-2).values
    below = torch.where(inside, rows, height - 1 + far).flip(-2).cummin(dim=-2).values.flip(-2)
    return torch.minimum(rows - above, below - rows).clamp(max=far).to(torch.int32)


def _squared_distance_torch(inside: torch.Tensor) -> torch.Tensor:
    """Squared distance on any device: (..., H, W) bool -> (..., H, W) int32, ``ABSENT`` for empty masks.

    Separable: first along each column by running maxima, then along each row as the lower envelope of
    parabolas, one shift at a time, until no shift can lower any value.
    """
    width = inside.shape[-1]
    column = _column_distance(inside)
    squared = column * column
    best = squared.clone()
    for shift in range(1, width):
        if shift % 32 == 0 and shift * shift >= int(best.max()):  # a look at the device now and then
            break
        step = shift * shift
        torch.minimum(best[..., shift:], squared[..., :-shift] + step, out=best[..., shift:])
        torch.minimum(best[..., :-shift], squared[..., shift:] + step, out=best[..., :-shift])
    empty = ~inside.flatten(-2).any(-1)
    return best.masked_fill_(empty[..., None, None], int(ABSENT))


def within_disk(inside: torch.Tensor, radius: float) -> torch.Tensor:
    """Dilation by a disk in a fixed number of operations, whatever the radius: for a GPU, and for compilation.

    The nearest pixel of the mask in a column, ``g`` away, covers the columns up to ``w = floor(sqrt(R^2 - g^2))`` to
    either side. So a pixel is covered exactly when a running maximum of ``x + w`` from the left, or a running minimum
    of ``x - w`` from the right, reaches it. Nothing is read back from the device.

    Args:
        inside: (..., H, W) bool.
        radius: radius in pixels, any real number >= 0.

    Returns:
        (..., H, W) bool.

    Raises:
        ValueError: see `radius_squared`.
    """
    limit = radius_squared(radius)
    height, width = inside.shape[-2:]
    # half width of the disk at every distance; the last entry stands for a column without a pixel of the mask
    half = [min(math.isqrt(limit - g * g), width) if g * g <= limit else -1 for g in range(height)] + [-1]
    table = torch.tensor(half, dtype=torch.int32, device=inside.device)
    reach = table[_column_distance(inside).clamp(max=height).long()]
    x = torch.arange(width, device=inside.device, dtype=torch.int32)
    covers = reach >= 0
    from_left = torch.where(covers, x + reach, -1).cummax(dim=-1).values
    from_right = torch.where(covers, x - reach, width).flip(-1).cummin(dim=-1).values.flip(-1)
    return (from_left >= x) | (from_right <= x)


def within_ball(inside: torch.Tensor, radius: float, spacing: Sequence[float]) -> torch.Tensor:
    """Dilation by a ball (an ellipsoid in voxels where they are not cubes), on any device.

    Separable: the smallest squared distance along the first axis, then along the others one shift at a time, no
    further than the radius reaches. A voxel is covered exactly when the float64 sum of its squared offsets, first axis
    first, is at most ``radius ** 2``.

    Args:
        inside: (..., *spatial) bool; spatial has as many axes as ``spacing``.
        radius: in the unit of ``spacing``, e.g. millimetres; any real number >= 0.
        spacing: distance between neighbouring voxels along each spatial axis.

    Returns:
        (..., *spatial) bool.

    Raises:
        ValueError: see `radius_squared`; or a spacing that is not a positive number an axis.
    """
    radius_squared(radius)
    steps = [float(step) for step in spacing]
    if len(steps) not in (2, 3) or not all(math.isfinite(step) and step > 0 for step in steps):
        raise ValueError(f"spacing is {tuple(spacing)}; it must be one positive length for each of two or three axes.")
    squared = torch.where(inside, 0.0, math.inf).to(torch.float64)
    for axis, step in zip(range(-len(steps), 0), steps, strict=True):
        best = squared.clone()
        length = squared.shape[axis]
        for shift in range(1, min(length - 1, math.floor(radius / step)) + 1):
            added = (shift * step) ** 2
            for target, source in ((shift, 0), (0, shift)):
                into = best.narrow(axis, target, length - shift)
                into.copy_(torch.minimum(into, squared.narrow(axis, source, length - shift) + added))
        squared = best
    return squared <= float(radius) ** 2


def squared_distances(target: torch.Tensor, num_classes: int, ignore_index: int = -100) -> torch.Tensor:
    """Squared distance to every class of a batch of label maps, on the device of the batch.

    Args:
        target: (N, H, W) whole-number labels in ``[0, num_classes)`` or ``ignore_index``.
        num_classes: number of classes C.
        ignore_index: label that belongs to no class.

    Returns:
        (N, C, H, W) int32 squared distance in pixels^2, ``ABSENT`` where the class does not occur.
    """
    classes = torch.arange(num_classes, device=target.device, dtype=target.dtype)
    inside = target[:, None] == classes[:, None, None]  # (N, 1, H, W) against (C, 1, 1) -> (N, C, H, W)
    if 0 <= ignore_index < num_classes:
        inside[:, ignore_index] = False
    if target.device.type != "cpu":
        return _squared_distance_torch(inside)
    flat = inside.flatten(0, 1).numpy()  # (N * C, H, W)
    return torch.from_numpy(np.stack([squared_distance(mask) for mask in flat])).view(inside.shape)


def dilate_classes(target: torch.Tensor, num_classes: int, radius: float, ignore_index: int = -100) -> torch.Tensor:
    """Every class dilated by the disk (Eq. 3), on a CPU.

    Args:
        target: (N, H, W) whole-number labels.
        num_classes: number of classes C.
        radius: radius R in pixels, any real number >= 0.
        ignore_index: label of pixels that belong to no class; a dilation may still reach them.

    Returns:
        (N, C, H, W) bool.

    Raises:
        ValueError: as of `radius_squared`.
    """
    return squared_distances(target, num_classes, ignore_index) <= radius_squared(radius)


def dilate(mask: np.ndarray, radius: float) -> np.ndarray:
    """Binary dilation of a mask by the disk ``dx^2 + dy^2 <= R^2`` (Eq. 3).

    Args:
        mask: (H, W) array, non-zero inside the object.
        radius: radius in pixels, any real number >= 0.

    Returns:
        (H, W) bool.

    Raises:
        ValueError: see `squared_distance` and `radius_squared`.
    """
    limit = radius_squared(radius)
    return squared_distance(mask) <= limit
