"""CT volumes and their labels: NIfTI, and the slices (``.npz``) and scans (``.npy.h5``) of TransUNet.

Whatever the file, the result is grey slices from the head down, seen from the feet as radiologists do
(the patient's right on the left), in the window of `dbce.ct.WINDOW`, at one size.
"""

from __future__ import annotations

import gzip
import io
import math
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import h5py
import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from nibabel.spatialimages import HeaderDataError
from nibabel.wrapstruct import WrapStructError

from dbce import ct, stored
from dbce.inputs import InputError
from dbce.tasks import TASKS, WORK_SIZE

SUFFIXES = (".nii", ".nii.gz", ".npz", ".h5")
"""Endings of the files that are read as volumes."""

MAX_BYTES = 64_000_000
"""Largest file that a visitor may send."""

MAX_VOXELS = 80_000_000
"""Largest volume that is decoded, for example 512 x 512 x 300."""

MAX_SLICES = 400
"""Longest scan that the page can hold."""

TEST_SCANS = frozenset(f"case{n:04d}" for n in (1, 2, 3, 4, 8, 22, 25, 29, 32, 35, 36, 38))
"""The 12 Synapse scans that TransUNet, and the paper after it, test on; the other 18 are for training."""

RAW_LABELS = {8: 1, 4: 2, 3: 3, 2: 4, 6: 5, 11: 6, 1: 7, 7: 8}
"""Label in Synapse's own files -> label here (TransUNet's); the other five structures are background."""

_NUM_CLASSES = TASKS["organs"].num_classes
_RAW_MAX = 13


@dataclass(frozen=True)
class Volume:
    """A scan at one size.

    Attributes:
        grey: (D, H, W) uint8, windowed, from the head down.
        labels: (D, H, W) uint8 labels of `dbce.tasks`, or None.
        shape: (height, width) in pixels of a slice as it came.
    """

    grey: np.ndarray
    labels: np.ndarray | None
    shape: tuple[int, int]

    def fullest(self) -> int:
        """Number of the slice with the most classes, of those the one with the largest objects; else the middle."""
        labels = self.labels
        if labels is None:
            return len(self.grey) // 2
        return max(range(len(labels)), key=lambda k: (len(np.unique(labels[k])), np.count_nonzero(labels[k])))


def is_volume(name: str) -> bool:
    """Whether a file of this name is read as a volume."""
    return name.lower().endswith(SUFFIXES)


def read(data: bytes, name: str, mask: tuple[str, bytes] | None = None, size: int = WORK_SIZE) -> Volume:
    """Bytes of a volume file, and perhaps of its label volume, as a `Volume`.

    NIfTI is taken as Hounsfield units unless all of it lies in [0, 1]; ``.npz`` and ``.h5`` hold ``image`` and
    perhaps ``label`` as TransUNet writes them, windowed to [0, 1].

    Args:
        data: of the file.
        name: of the file; its ending tells the format.
        mask: name and bytes of the labels, numbered as here (0 to 8) or as in Synapse's own files (0 to 13).
        size: side in pixels of the result.

    Raises:
        InputError: a format that is not known, a damaged, empty or too large file, values that are no numbers,
            labels of another shape, or labels that are neither numbering.
    """
    image, labels = _arrays(data, name)
    if mask is not None:
        labels, _ = _arrays(mask[1], mask[0])
        if labels.shape != image.shape:
            raise InputError(
                f"{mask[0]} has {_shape(labels)} voxels, {name} has {_shape(image)}; a scan and its labels must "
                "have the same shape. Export the labels on the grid of the scan."
            )
    if len(image) > MAX_SLICES:
        raise InputError(f"{name} has {len(image)} slices; at most {MAX_SLICES} can be shown. Crop the scan.")
    return Volume(
        _grey(image, name, size),
        None if labels is None else _labels(labels, mask[0] if mask else name, size),
        (image.shape[1], image.shape[2]),
    )


def _shape(array: np.ndarray) -> str:
    return " x ".join(map(str, array.shape[::-1]))


def _arrays(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    """Image and perhaps labels, each (D, H, W), values as stored."""
    lower = name.lower()
    try:
        if lower.endswith((".nii", ".nii.gz")):
            return _nifti(data, name), None
        if lower.endswith((".npz", ".h5")):
            return _stored(data, name)
    except InputError:
        raise
    except (ImageFileError, HeaderDataError, WrapStructError, zipfile.BadZipFile) as error:
        raise InputError(f"{name} is no volume that can be read here, or it is damaged; export it again.") from error
    except (OSError, EOFError, ValueError, KeyError, RuntimeError, OverflowError, zlib.error) as error:
        raise InputError(f"{name} is damaged or cut short; save or download it again.") from error
    raise InputError(f"{name} is no volume; open a NIfTI (.nii, .nii.gz) or a TransUNet file (.npz, .npy.h5).")


def _check_count(shape: tuple[int, ...], name: str) -> None:
    if len(shape) not in (2, 3) or min(shape) < 1:
        words = " x ".join(map(str, shape))
        raise InputError(f"{name} holds an array of {words}; it must be one slice or one volume. Export it alone.")
    if math.prod(shape) > MAX_VOXELS:
        raise InputError(
            f"{name} has {math.prod(shape) / 1e6:.0f} million voxels; at most {MAX_VOXELS / 1e6:.0f} million can be "
            "opened. Crop it to the abdomen, or take every other slice."
        )


def _nifti(data: bytes, name: str) -> np.ndarray:
    if data[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            head = file.read(352)
            limit = 352 + MAX_VOXELS * 8
            data = head + file.read(limit)
        if len(data) >= limit:
            raise InputError(f"{name} unpacks to more than {limit / 1e6:.0f} MB; crop it to the abdomen.")
    volume = nib.Nifti1Image.from_bytes(data)
    shape = tuple(n for i, n in enumerate(volume.shape) if i < 3 or n > 1)  # a fourth axis of one is common
    _check_count(shape, name)
    upright = nib.as_closest_canonical(volume)  # x to the right, y to the front, z to the head
    array = np.asanyarray(upright.dataobj).reshape(upright.shape[0], upright.shape[1], -1)
    return array[::-1, ::-1, ::-1].transpose(2, 1, 0)  # from the head down, front on top, right on the left


def _stored(data: bytes, name: str) -> tuple[np.ndarray, np.ndarray | None]:
    found = {key: np.stack(list(stack.planes())) for key, stack in stored.read(data, name).items()}
    if "image" not in found:
        raise InputError(f"{name} holds no array named image; save it as TransUNet does: image, and perhaps label.")
    return found["image"], found.get("label")


def _grey(image: np.ndarray, name: str, size: int) -> np.ndarray:
    """(D, H, W) numbers -> (D, size, size) uint8."""
    if not np.issubdtype(image.dtype, np.number) or np.iscomplexobj(image):
        raise InputError(f"{name} holds {image.dtype} values; a scan holds numbers. Export it again.")
    for plane in image:  # a plane at a time: a volume in float64 would be four times the file
        if np.issubdtype(image.dtype, np.inexact) and not np.isfinite(plane).all():
            raise InputError(f"{name} holds values that are not numbers (NaN or infinity); replace them first.")
    scaled = image.min() >= 0 and image.max() <= 1
    slices = []
    for plane in image:
        plane = plane.astype(np.float32)
        grey = np.rint(plane * 255).astype(np.uint8) if scaled else ct.window(plane)
        shrinks = size < max(grey.shape)
        slices.append(cv2.resize(grey, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR))
    return np.stack(slices)


def _labels(labels: np.ndarray, name: str, size: int) -> np.ndarray:
    """(D, H, W) label values -> (D, size, size) uint8 labels of this project."""
    values = np.unique(labels)
    whole = np.issubdtype(labels.dtype, np.number) and np.isfinite(values).all() and (values == np.rint(values)).all()
    if not whole or values[0] < 0 or values[-1] > _RAW_MAX:
        found = ", ".join(f"{v:g}" for v in values[:6]) if np.issubdtype(labels.dtype, np.number) else labels.dtype
        raise InputError(
            f"{name} holds the values {found}; labels are whole numbers, 0 to {_NUM_CLASSES - 1} as in TransUNet or "
            f"0 to {_RAW_MAX} as in Synapse. Export the label volume, not the scan."
        )
    table = np.arange(_RAW_MAX + 1, dtype=np.uint8)
    if values[-1] >= _NUM_CLASSES:  # Synapse's own numbering
        table = np.array([RAW_LABELS.get(value, 0) for value in range(_RAW_MAX + 1)], np.uint8)
    return np.stack([resize_labels(table[plane.astype(np.uint8)], size) for plane in labels])


def resize_labels(labels: np.ndarray, size: int) -> np.ndarray:
    """(H, W) uint8 labels -> (size, size) uint8: the label at the middle of each new pixel."""
    return cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)


def scans(folder: Path, part: str) -> list[tuple[str, Callable[[int], Volume]]] | None:
    """Name and reader of every scan or slice of a data set folder, or None if it is laid out in another way.

    Known are TransUNet's ``train_npz`` and ``test_vol_h5``, and Synapse's own ``img`` and ``label`` with
    ``img0001.nii.gz`` and ``label0001.nii.gz``.

    Raises:
        ValueError: a scan without labels.
    """
    if (folder / "train_npz").is_dir() or (folder / "test_vol_h5").is_dir():
        train = sorted((folder / "train_npz").glob("*.npz")) if part != "test" else []
        test = sorted((folder / "test_vol_h5").glob("*.h5")) if part != "train" else []
        return [(path.name.split(".")[0], _reader(path)) for path in train + test]
    if not ((folder / "img").is_dir() and (folder / "label").is_dir()):
        return None
    found = []
    for path in sorted((folder / "img").glob("img*.nii*")):
        number = path.name.split(".")[0].removeprefix("img")
        labels = next(iter((folder / "label").glob(f"label{number}.nii*")), None)
        if labels is None:
            raise ValueError(
                f"{path} has no labels: label/label{number}.nii.gz is missing; add it, or remove the scan."
            )
        name = f"case{number}"
        if part == "all" or (name in TEST_SCANS) == (part == "test"):
            found.append((name, _reader(path, labels)))
    return found


def _reader(path: Path, labels: Path | None = None) -> Callable[[int], Volume]:
    def read_file(size: int) -> Volume:
        mask = None if labels is None else (labels.name, labels.read_bytes())
        return read(path.read_bytes(), path.name, mask, size)

    return read_file


def write_phantoms(folder: Path, size: int, progress: Callable[[Any], Iterator[int]]) -> None:
    """Draw a data set of phantoms in TransUNet's layout: 18 scans as training slices, 12 as test volumes.

    Scan ``case0001`` is ``ct.scan(1)``, and so on; numbers and split are Synapse's, the bodies are drawn.
    """
    for name in ("train_npz", "test_vol_h5"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    numbers = [n for n in range(1, 41) if not 11 <= n <= 20]
    for number in progress(numbers):
        hu, labels = ct.scan(number, size)
        image = ct.window(hu).astype(np.float32) / 255
        case = f"case{number:04d}"
        if case in TEST_SCANS:
            with h5py.File(folder / "test_vol_h5" / f"{case}.npy.h5", "w") as file:
                file.create_dataset("image", data=image, compression="gzip")
                file.create_dataset("label", data=labels, compression="gzip")
            continue
        for k, (plane, truth) in enumerate(zip(image, labels, strict=True)):
            np.savez_compressed(folder / "train_npz" / f"{case}_slice{k:03d}.npz", image=plane, label=truth)
