"""NIfTI files (``.nii``, ``.nii.gz``): one volume of numbers in one file, turned as radiologists look at it.

Of nibabel only the header is used. The numbers are views of the bytes, a slice at a time where the file is laid out
so (nearly all are), so that a scan is never unpacked as a whole; and no other file is opened, whatever the header says.
"""

from __future__ import annotations

import gzip
import io
import math
from collections.abc import Callable, Iterator
from typing import Any

import nibabel as nib
import numpy as np
from nibabel.spatialimages import HeaderDataError, HeaderTypeError

from dbce.data.inputs import InputError
from dbce.data.stack import MAX_ITEM, Stack, check_shape, check_type, readable

MAX_OFFSET = 1_000_000
"""Where the numbers must begin at the latest; before them stand the header and extensions of a few kB."""

_GZIP = b"\x1f\x8b"
_PIECE = 4_000_000  # bytes unpacked at a time


def read_nifti(data: bytes, name: str) -> Stack:
    """Bytes of a file, packed or not -> its volume; nothing but the header is unpacked yet.

    Raises:
        InputError: no NIfTI, half of a pair of files, several volumes, colours or complex numbers, too large, cut
            short, or a header that contradicts itself.
    """
    with readable(name, HeaderDataError, HeaderTypeError):
        return _read(data, name)


def _read(data: bytes, name: str) -> Stack:
    header = _header(data, name)
    shape = _shape(header, name)
    try:
        dtype = header.get_data_dtype()
    except (HeaderDataError, KeyError) as error:
        raise InputError(f"{name} holds numbers of a type that is not known; export it again.") from error
    if dtype.kind == "V" and not dtype.fields:
        raise InputError(f"{name} holds numbers of a type that is not known; export it again.")
    if dtype.fields:
        raise InputError(f"{name} holds colours; a scan holds Hounsfield units, its labels numbers. Export it again.")
    check_type(dtype, name)
    start = _number(header, "vox_offset", name)
    if not header.sizeof_hdr <= start <= MAX_OFFSET:
        raise InputError(f"{name} is damaged: its numbers begin at byte {start:g} (vox_offset). Export it again.")
    slope, intercept = float(header["scl_slope"]), float(header["scl_inter"])
    scaled = not (math.isnan(slope) or slope == 0 or (slope == 1 and intercept == 0))  # by the standard
    if scaled and not (math.isfinite(slope) and math.isfinite(intercept)):
        raise InputError(f"{name} scales its numbers by {slope:g} and adds {intercept:g} (scl_slope, scl_inter); "
                         "these must be ordinary numbers. Export it again.")  # fmt: skip
    affine, note = _affine_of_header(header, shape[2] == 1, name)

    def numbers(step: int) -> Iterator[np.ndarray]:
        for raw in _unpacked(data, int(start), shape[0] * shape[1] * step * dtype.itemsize, shape[2] // step, name):
            yield np.frombuffer(raw, dtype).reshape((*shape[:2], step), order="F")

    return stack(name, shape, affine, numbers, (note,) if note else (), (slope, intercept) if scaled else None)


USUAL = np.diag([-1.0, 1, 1, 1])
"""To the left, to the front, to the head: how nibabel takes the axes of a file that does not say."""


def stack(
    name: str,
    shape: tuple[int, int, int],
    affine: np.ndarray | None,
    numbers: Callable[[int], Iterator[np.ndarray]],
    notes: tuple[str, ...] = (),
    scale: tuple[float, float] | None = None,
    usual: np.ndarray = USUAL,
) -> Stack:
    """A volume whose axes lie in any way -> slices across the body.

    Args:
        name: of the file.
        shape: lengths of its axes.
        affine: (4, 4) from voxel to millimetres, right, front and head first; None if that is not known.
        numbers: opens the volume and yields so many planes along its third axis at a time, (i, j, n).
        notes: sentences on what was guessed.
        scale: factor and summand of the numbers, or None.
        usual: how its axes are taken to lie where the affine is not known.

    Raises:
        InputError: too many voxels, or a single slice along the body.
    """
    ways = nib.io_orientation(usual if affine is None else affine)
    if shape[2] == 1 < min(shape[:2]) and ways[2, 0] != 2:
        raise InputError(f"{name} is a slice along the body; the networks know slices across it. Open an axial one.")
    depth, height, width = check_shape(_turn(np.broadcast_to(np.uint8(0), shape), ways).shape, name)

    across = ways[2, 0] == 2  # the third axis, slowest in the file, runs along the body: one slice after the other

    def planes() -> Iterator[tuple[int, np.ndarray]]:
        for k, box in enumerate(numbers(1 if across else shape[2])):
            first = (depth - 1 - k if ways[2, 1] == 1 else k) if across else 0
            for number, plane in enumerate(_turn(box, ways), first):
                with np.errstate(over="ignore", invalid="ignore"):  # whoever reads on finds what is not finite
                    scaled = plane if scale is None else plane * scale[0] + scale[1]
                yield number, scaled

    if affine is None:
        return Stack(name, (depth, height, width), planes, lost=True, notes=notes)
    canonical = affine @ nib.orientations.inv_ornt_aff(ways, shape)  # of voxels counted to right, front and head
    backwards = np.array([[0, 0, -1, width - 1], [0, -1, 0, height - 1], [-1, 0, 0, depth - 1], [0, 0, 0, 1]])
    return Stack(name, (depth, height, width), planes, canonical @ backwards, notes=notes)


def _header(data: bytes, name: str) -> Any:
    """The header of a single file, of the first or the second version."""
    block = data[:540]
    if data.startswith(_GZIP):
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            block = file.read(540)
    size, magic = block[:4], (block[344:348], block[4:12])
    if {348, 540} & {int.from_bytes(size, "little"), int.from_bytes(size, "big")}:
        if magic[0][:3] == b"ni1" or magic[1][:3] == b"ni2":
            raise InputError(f"{name} is one half of a pair (.hdr and .img); save the scan as a single .nii file.")
        if magic[0] == b"n+1\0" and len(block) >= 348:
            return nib.Nifti1Header(block[:348], check=False)
        if magic[1][:4] == b"n+2\0" and len(block) >= 540:
            return nib.Nifti2Header(block, check=False)
    raise InputError(f"{name} is no NIfTI file, or it is damaged; export the scan as .nii or .nii.gz.")


def _number(header: Any, field: str, name: str) -> float:
    value = float(header[field])
    if not math.isfinite(value):
        raise InputError(f"{name} is damaged: {field} in its header is {value:g}. Export it again.")
    return value


def _collapsed(header: Any) -> list[int]:
    """Lengths of the axes without those of one that may stand behind the third."""
    count = int(header["dim"][0])
    lengths = [int(length) for length in header["dim"][1 : count + 1]] if 1 <= count <= 7 else []
    while len(lengths) > 3 and lengths[-1] == 1:
        lengths.pop()
    return lengths


def _shape(header: Any, name: str) -> tuple[int, int, int]:
    """Lengths of three axes, in the order of the file."""
    lengths = _collapsed(header)
    if len(lengths) not in (2, 3) or min(lengths) < 1:
        words = " x ".join(map(str, lengths)) or "no size"
        raise InputError(f"{name} holds an array of {words}; it must be one slice or one volume. Export it alone.")
    i, j, k = [*lengths, 1][:3]
    return i, j, k


def _affine_of_header(header: Any, flat: bool, name: str) -> tuple[np.ndarray | None, str]:
    """The affine that counts (sform before qform), or None; and what to say of it.

    Args:
        header: of the file.
        flat: whether there is a single plane along the third axis, whose direction follows from the others then.
    """
    found: list[np.ndarray] = []
    for code, way in (("sform_code", header.get_sform), ("qform_code", header.get_qform)):
        if header[code] > 0:
            try:
                with np.errstate(invalid="ignore"):  # NaN of a kind that warns when it is copied
                    found.append(_upright(way(), flat))
            except (HeaderDataError, ValueError):  # quaternions or voxel sizes that are none
                found.append(np.full((4, 4), np.nan))
    valid = [affine for affine in found if is_valid(affine)]
    if valid:
        return valid[0], "" if is_valid(found[0]) else f"{name} has a broken sform; its qform was used."
    why = "a broken affine" if found else "no affine"
    return None, (
        f"{name} has {why} in its header, so how the patient lies is not known: it is read as if its axes ran to the "
        "left, to the front and to the head."
    )


def _upright(affine: np.ndarray, flat: bool) -> np.ndarray:
    """With the third direction of a single plane, where it is missing, across the plane and upwards."""
    affine = np.array(affine, np.float64)
    if flat and np.isfinite(affine[:3, :2]).all() and not np.nan_to_num(affine[:3, 2]).any():
        across = np.cross(affine[:3, 0], affine[:3, 1])
        across = across * (1 if across[2] >= 0 else -1)
        affine[:3, 2] = across / max(float(np.linalg.norm(across)), 1e-30)
    return affine


def is_valid(affine: np.ndarray) -> bool:
    """Whether an affine is finite and its three axes span the space."""
    if not np.isfinite(affine).all() or np.abs(affine).max() > 1e6:
        return False
    spread = np.linalg.svd(affine[:3, :3], compute_uv=False)
    return bool(spread[2] > 1e-6 and spread[2] > 1e-4 * spread[0])


def _turn(array: np.ndarray, ways: np.ndarray) -> np.ndarray:
    """A view as (D, H, W): from the head down, front on top, the patient's right on the left."""
    return nib.apply_orientation(array, ways)[::-1, ::-1, ::-1].transpose(2, 1, 0)


def _unpacked(data: bytes, start: int, size: int, count: int, name: str) -> Iterator[bytes | memoryview]:
    """Pieces of a file that may be packed, one after the other; of a packed one no more than these is unpacked.

    Args:
        data: the file.
        start: where the first begins.
        size: bytes of a piece.
        count: of pieces.
        name: of the file.
    """
    short = InputError(f"{name} is damaged or cut short; save or download it again.")
    if not data.startswith(_GZIP):
        if len(data) < start + size * count:
            raise short
        for at in range(start, start + size * count, size):
            yield memoryview(data)[at : at + size]
        return
    with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
        file.read(start)
        for _ in range(count):
            piece = bytearray(size)
            view, at = memoryview(piece), 0
            while at < size:
                got = file.readinto(view[at : at + _PIECE])
                if not got:
                    raise short
                at += got
            yield view
        file.read(MAX_ITEM)  # at its end the checksum is compared
