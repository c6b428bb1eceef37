"""What every format of scans comes to: planes of numbers, read one at a time, within bounds that hold beforehand."""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from dbce.data.formats import InputError

MAX_VOXELS = 80_000_000
"""Largest volume that is decoded, for example 512 x 512 x 300."""

MAX_SIDE = 4096
"""Largest height or width in pixels of a slice."""

MAX_SLICES = 400
"""Longest scan that the page can hold."""

MAX_ITEM = 8
"""Bytes of the largest number; `MAX_VOXELS` of them are the most that is ever unpacked."""


@dataclass(frozen=True)
class Stack:
    """A scan or its labels as the file holds them.

    Attributes:
        name: of the file, for sentences.
        shape: (D, H, W); slices from the head down, front on top, the patient's right on the left.
        planes: opens the file again and yields number and (H, W) values of its D slices, in the order of the file.
        affine: (4, 4) from (slice, row, column, 1) to millimetres in the world of NIfTI, or None if unknown.
        lost: the format has an affine, but that of this file is missing or broken.
        notes: sentences on what was guessed.
    """

    name: str
    shape: tuple[int, int, int]
    planes: Callable[[], Iterator[tuple[int, np.ndarray]]]
    affine: np.ndarray | None = None
    lost: bool = False
    notes: tuple[str, ...] = ()


def check_shape(shape: Sequence[int], name: str) -> tuple[int, int, int]:
    """The shape of one slice or of a volume as (D, H, W).

    Raises:
        InputError: another number of axes, an empty one, or more than can be opened.
    """
    words = " x ".join(map(str, shape))
    if len(shape) not in (2, 3) or min(shape) < 1:
        raise InputError(f"{name} holds an array of {words}; it must be one slice or one volume. Export it alone.")
    depth, height, width = (1, *shape) if len(shape) == 2 else shape
    if math.prod(shape) > MAX_VOXELS:
        raise InputError(
            f"{name} has {math.prod(shape) / 1e6:.0f} million voxels; at most {MAX_VOXELS / 1e6:.0f} million can be "
            "opened. Crop it to the abdomen, or take every other slice."
        )
    if depth > MAX_SLICES:
        raise InputError(f"{name} has {depth} slices; at most {MAX_SLICES} can be shown. Crop the scan.")
    if max(height, width) > MAX_SIDE:
        raise InputError(f"{name} has slices of {width} x {height} pixels; at most {MAX_SIDE} a side can be opened.")
    return depth, height, width


def check_type(dtype: np.dtype, name: str) -> None:
    """Raise an `InputError` unless values of this type are whole or real numbers, or true and false."""
    if dtype.kind not in "biuf" or dtype.itemsize > MAX_ITEM:
        raise InputError(
            f"{name} holds values of the type {dtype}; a scan and its labels are plain numbers of at most "
            f"{8 * MAX_ITEM} bits. Export it again."
        )


@contextmanager
def readable(name: str, *damage: type[Exception]) -> Iterator[None]:
    """Turn what a library says of a damaged file into one sentence.

    Args:
        name: of the file.
        damage: further errors that mean the same.

    Raises:
        InputError: the sentence.
    """
    kinds: tuple[type[Exception], ...] = (OSError, EOFError, ValueError, KeyError, RuntimeError, OverflowError)
    kinds += (zipfile.BadZipFile, zlib.error, *damage)
    try:
        yield
    except InputError:
        raise
    except kinds as error:
        raise InputError(f"{name} is damaged or cut short; save or download it again.") from error
