"""DICOM: one CT slice, through pydicom, which is installed by whoever wants it (``pip install pydicom``)."""

from __future__ import annotations

import io
import logging
import warnings
from typing import Any

import numpy as np
from PIL import Image

from dbce.data import nifti
from dbce.data.formats import InputError
from dbce.data.stack import MAX_SIDE, Stack, check_shape, readable

PADDING = -2000.0
"""What pixels that were not scanned become, in Hounsfield units: darker than air."""

_DEFLATED = b"1.2.840.10008.1.2.1.99"
_RLE = "1.2.840.10008.1.2.5"
_PILLOW = {f"1.2.840.10008.1.2.4.{end}" for end in (50, 51, 90, 91)}  # JPEG and JPEG 2000, which Pillow reads
_MOST_RLE = 4_000_000  # bytes of a slice; pydicom unpacks these in Python


def is_dicom(data: bytes) -> bool:
    """Whether these bytes begin as a DICOM file does, whatever its name."""
    return data[128:132] == b"DICM"


def read_dicom(data: bytes, name: str) -> Stack:
    """Bytes of a file -> its slice in Hounsfield units.

    Raises:
        InputError: pydicom is missing, or no decoder for how the pixels are packed; no DICOM, several frames, colours,
            no axial slice, too large, or damaged.
    """
    if not is_dicom(data):
        raise InputError(f"{name} is no DICOM file, or it is damaged; export the slice again.")
    try:
        import pydicom
    except ImportError as error:
        raise InputError(
            f"{name} is a DICOM file, and reading those needs pydicom: run `pip install pydicom` where this page runs, "
            "or save the scan as NIfTI."
        ) from error
    if _DEFLATED in data:  # pydicom would unpack all of it, to whatever size
        raise InputError(f"{name} is a deflated DICOM file; save it uncompressed.")
    logging.getLogger("pydicom").setLevel(logging.CRITICAL)  # a stranger's file is nothing for the log
    with readable(name, Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        dataset = pydicom.dcmread(io.BytesIO(data))
        return _slice(dataset, name)


def _slice(dataset: Any, name: str) -> Stack:
    if "PixelData" not in dataset:
        raise InputError(f"{name} holds no picture; open a CT slice.")
    frames = int(dataset.get("NumberOfFrames") or 1)
    if frames != 1:
        raise InputError(
            f"{name} holds {frames} frames; a DICOM file with a single slice can be opened. Convert a series to NIfTI, "
            "for example with dcm2niix."
        )
    kind = str(dataset.get("PhotometricInterpretation", ""))
    if int(dataset.get("SamplesPerPixel", 1)) != 1 or kind not in ("MONOCHROME1", "MONOCHROME2"):
        raise InputError(f"{name} is a colour picture ({kind or 'of an unknown kind'}); open a CT slice.")
    rows, columns = int(dataset.Rows), int(dataset.Columns)
    check_shape((rows, columns), name)
    if int(dataset.BitsAllocated) not in (8, 16, 32):
        raise InputError(f"{name} has {dataset.BitsAllocated} bits a pixel; 8, 16 and 32 can be read.")
    notes = []
    slope, intercept = (float(dataset.get(tag, usual)) for tag, usual in (("RescaleSlope", 1), ("RescaleIntercept", 0)))
    if not (np.isfinite([slope, intercept]).all() and slope):
        raise InputError(
            f"{name} scales its pixels by {slope:g} and adds {intercept:g}; these must be ordinary numbers."
        )
    if "RescaleIntercept" not in dataset:
        notes.append(f"{name} does not say how its pixels become Hounsfield units; they were taken as they are.")
    stored = _pixels(dataset, name, rows, columns)
    padding = _padding(dataset, stored)
    if kind == "MONOCHROME1" and "RescaleIntercept" not in dataset:  # bright is low; with units, these decide
        stored = stored.max() + stored.min() - stored
        notes.append(f"The grey values of {name} are stored inverted (MONOCHROME1) and were turned round.")
    units = np.where(padding, PADDING, stored * slope + intercept)  # (rows, columns)
    affine, unknown = _affine_of_slice(dataset, name)
    if unknown:
        notes.append(unknown)
    # along a row the first axis of NIfTI runs, down a column the second
    shape, usual = (columns, rows, 1), np.diag([-1.0, -1, 1, 1])
    return nifti.stack(name, shape, affine, lambda _: iter([units.T[..., None]]), tuple(notes), usual=usual)


def _pixels(dataset: Any, name: str, rows: int, columns: int) -> np.ndarray:
    """(rows, columns) stored values as float64; what is packed is looked at before it is unpacked."""
    syntax = dataset.file_meta.TransferSyntaxUID
    size = rows * columns * int(dataset.BitsAllocated) // 8
    if syntax.is_compressed:
        if len(dataset.PixelData) > 1.25 * size + 10_000 or (syntax == _RLE and size > _MOST_RLE):
            raise InputError(f"{name} holds more packed data than its {columns} x {rows} pixels need; save it plainly.")
        if syntax in _PILLOW:
            _check_frame(dataset, name, (columns, rows))
    elif len(dataset.PixelData) < size:
        raise InputError(f"{name} is damaged or cut short; save or download it again.")
    try:
        values = dataset.pixel_array
    except (RuntimeError, NotImplementedError, AttributeError) as error:
        if not syntax.is_compressed:
            raise
        raise InputError(
            f"{name} is packed as {syntax.name}, for which no decoder is installed here, or it is damaged; save it "
            "uncompressed, or install pylibjpeg with its plugins."
        ) from error
    if values.shape != (rows, columns):
        raise InputError(f"{name} is damaged: its picture is not of the size that it says. Export it again.")
    return values.astype(np.float64)


def _check_frame(dataset: Any, name: str, size: tuple[int, int]) -> None:
    """Raise an `InputError` unless a packed picture has the size and the kind that the file says."""
    from pydicom.encaps import generate_frames

    frame = next(generate_frames(dataset.PixelData, number_of_frames=1))
    with Image.open(io.BytesIO(frame), formats=("JPEG", "JPEG2000")) as picture:
        found, scans = picture.size, picture.info.get("progressive")
    if found != size or max(found) > MAX_SIDE or scans:
        raise InputError(f"{name} is damaged: its picture is not of the size or kind that it says. Export it again.")


def _padding(dataset: Any, stored: np.ndarray) -> np.ndarray:
    """Which stored values stand for pixels that were not scanned."""
    value = dataset.get("PixelPaddingValue")
    if value is None:
        return np.zeros(stored.shape, bool)
    limit = dataset.get("PixelPaddingRangeLimit", value)
    low, high = sorted((_signed(dataset, value), _signed(dataset, limit)))
    return (stored >= low) & (stored <= high)


def _signed(dataset: Any, value: Any) -> int:
    """A padding value as a pixel of the file would hold it; some writers store -2000 as 63536."""
    bits = int(dataset.BitsAllocated)
    number = int(value)
    return number - (1 << bits) if int(dataset.get("PixelRepresentation", 0)) and number >= 1 << (bits - 1) else number


def _affine_of_slice(dataset: Any, name: str) -> tuple[np.ndarray | None, str]:
    """From (column, row, slice, 1) to millimetres in the world of NIfTI, or None and a sentence."""
    try:
        along, down = np.array(dataset.ImageOrientationPatient, float).reshape(2, 3)
        origin = np.array(dataset.get("ImagePositionPatient") or (0, 0, 0), float)
        step_down, step_along = (float(step) for step in dataset.get("PixelSpacing") or (1, 1))
        affine = np.eye(4)
        affine[:3, 0], affine[:3, 1], affine[:3, 3] = along * step_along, down * step_down, origin
        across = np.cross(along, down)
        affine[:3, 2] = across * float(dataset.get("SliceThickness") or 1)
        affine[:2] *= -1  # DICOM counts to the patient's left and back, NIfTI to the right and the front
    except (AttributeError, TypeError, ValueError):
        affine = np.zeros((4, 4))
    if nifti.is_valid(affine):
        return affine, ""
    return None, f"{name} does not say how the patient lies; it is shown as it is stored."
