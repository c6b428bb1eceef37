"""CT volumes and their labels: NIfTI, the slices (``.npz``) and scans (``.npy.h5``) of TransUNet, a DICOM slice.

Whatever the file, the result is grey slices from the head down, seen from the feet as radiologists do
(the patient's right on the left), in the window of `dbce.data.ct.WINDOW`, at one size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from dbce.data import ct, dicom, nifti, numbering, stored, world
from dbce.data.inputs import InputError
from dbce.data.numbering import LABEL_MAX, RAW_LABELS, RAW_MAX
from dbce.data.resize import resize_image, resize_labels
from dbce.data.stack import MAX_SLICES, MAX_VOXELS, Stack, readable
from dbce.tasks import IGNORE, WORK_SIZE

__all__ = ["MAX_SLICES", "MAX_VOXELS", "RAW_LABELS", "Volume", "find_scans", "is_volume", "read_volume"]

SUFFIXES = (".nii", ".nii.gz", ".npz", ".h5", ".dcm")
"""Endings of the files that are read as volumes."""

MAX_BYTES = 64_000_000
"""Largest file that a visitor may send."""

TEST_SCANS = frozenset(f"case{n:04d}" for n in (1, 2, 3, 4, 8, 22, 25, 29, 32, 35, 36, 38))
"""The 12 Synapse scans that TransUNet, and the paper after it, test on; the other 18 are for training."""

SCANS = (*range(1, 11), *range(21, 41))
"""Numbers of the 30 Synapse scans."""

_WHOLE = 0.01  # how far a label may lie from a whole number: scale factors such as 1.00002 are rounding


@dataclass(frozen=True)
class Volume:
    """A scan at one size.

    Attributes:
        grey: (D, H, W) uint8, windowed, from the head down.
        labels: (D, H, W) uint8 labels of `dbce.tasks`, `dbce.tasks.IGNORE` where none is known; or None.
        shape: (height, width) in pixels of a slice as it came.
        notes: sentences on what was guessed or mended.
        numbering: in which the labels were read, if they could be in the other as well; else None.
    """

    grey: np.ndarray
    labels: np.ndarray | None
    shape: tuple[int, int]
    notes: tuple[str, ...] = ()
    numbering: str | None = None

    def fullest(self) -> int:
        """Number of the slice with the most classes, of those the one with the largest objects; else the middle."""
        if self.labels is None:
            return len(self.grey) // 2
        counts = [np.bincount(plane.ravel(), minlength=256)[1:IGNORE] for plane in self.labels]
        return max(range(len(counts)), key=lambda k: (np.count_nonzero(counts[k]), counts[k].sum()))


def is_volume(name: str, data: bytes = b"") -> bool:
    """Whether a file is read as a volume: by its name, or, if it is DICOM, by its first bytes."""
    return name.lower().endswith(SUFFIXES) or dicom.is_dicom(data)


def read_volume(
    data: bytes,
    name: str,
    mask: tuple[str, bytes] | None = None,
    size: int = WORK_SIZE,
    labels_in: str | None = None,
) -> Volume:
    """Bytes of a volume file, and perhaps of its label volume, as a `Volume`.

    NIfTI and DICOM are taken as Hounsfield units unless all of it lies in [0, 1]; ``.npz`` and ``.h5`` hold ``image``
    and perhaps ``label`` as TransUNet writes them, windowed to [0, 1]. Labels whose affine says that they lie
    elsewhere than the scan are brought onto its grid.

    Args:
        data: of the file.
        name: of the file; its ending tells the format.
        mask: name and bytes of the labels, numbered as here (0 to 8) or as in Synapse's own files (0 to 13).
        size: side in pixels of the result.
        labels_in: numbering of the labels, of `dbce.data.numbering.NUMBERINGS`; None: Synapse's if they hold a number
            that only Synapse has.

    Raises:
        InputError: a format that is not known, a damaged, empty or too large file, values that are no numbers,
            labels of another shape or place, or labels that are neither numbering.
    """
    scan, labels = _open(data, name)
    if scan is None:
        raise InputError(f"{name} holds no array named image; save it as TransUNet does: image, and perhaps label.")
    labels = labels if mask is None else _open_labels(mask[1], mask[0])
    notes = [*scan.notes, *(labels.notes if labels and mask else ())]
    aligned = labels is None or world.on_one_grid(scan, labels)
    with readable(name):
        grey = _grey(scan, size)
    if labels is None:
        return Volume(grey, None, scan.shape[1:], tuple(notes))
    values, found = _values(labels)
    if not aligned:
        values, note = world.placed(values, labels, scan)
        notes.append(note)
    values, chosen, more = numbering.renumber_labels(values, labels.name, labels_in, found)
    small = np.stack([resize_labels(plane, size) for plane in values])
    return Volume(grey, small, scan.shape[1:], (*notes, *more), chosen)


def _open(data: bytes, name: str) -> tuple[Stack | None, Stack | None]:
    """The scan of a file, and its labels; one of them may be missing."""
    lower = name.lower()
    if lower.endswith((".nii", ".nii.gz")):
        return nifti.read_nifti(data, name), None
    if lower.endswith((".npz", ".h5")):
        found = stored.read_stored(data, name)
        return found.get("image"), found.get("label")
    if lower.endswith(".dcm") or dicom.is_dicom(data):
        return dicom.read_dicom(data, name), None
    raise InputError(
        f"{name} is no volume; open a NIfTI (.nii, .nii.gz), a TransUNet file (.npz, .npy.h5) or a DICOM slice (.dcm)."
    )


def _open_labels(data: bytes, name: str) -> Stack:
    """The labels of a file that is given as such."""
    image, labels = _open(data, name)
    found = labels or image
    assert found is not None
    return found


def _grey(scan: Stack, size: int) -> np.ndarray:
    """(D, size, size) uint8, a slice at a time: a volume in float64 would be several times the file."""
    grey = np.full((scan.shape[0], size, size), ct.window(np.zeros(())), np.uint8)
    shares: dict[int, np.ndarray] | None = {}  # slices as if the scan were windowed, until one leaves [0, 1]
    for number, plane in scan.planes():
        if plane.dtype.kind == "f" and not np.isfinite(plane).all():
            raise InputError(f"{scan.name} holds values that are not numbers (NaN or infinity); replace them first.")
        with np.errstate(over="ignore"):  # what is too large for float32 is white anyway
            values = plane.astype(np.float32)
        if shares is not None and plane.min() >= 0 and plane.max() <= 1:
            shares[number] = resize_image(np.rint(values * 255).astype(np.uint8), size)
        else:  # Hounsfield units; as such the slices before are of one grey, which they have already
            shares = None
            grey[number] = resize_image(ct.window(values), size)
    for number, plane in (shares or {}).items():
        grey[number] = plane
    return grey


def _values(labels: Stack) -> tuple[np.ndarray, set[int]]:
    """Label values as they are stored, (D, H, W) uint8, and which of them occur.

    Raises:
        InputError: values that are no labels.
    """
    values = np.empty(labels.shape, np.uint8)
    seen = np.zeros(256, np.int64)
    with readable(labels.name):
        for number, plane in labels.planes():
            whole = plane
            if plane.dtype.kind == "f":
                whole = np.rint(plane)
                if not np.isfinite(plane).all() or not (np.abs(plane - whole) <= _WHOLE).all():
                    raise _no_labels(labels.name, plane)
            if whole.min() < 0 or whole.max() > IGNORE:
                raise _no_labels(labels.name, plane)
            values[number] = whole
            counts = np.bincount(values[number].ravel(), minlength=256)
            if counts[RAW_MAX + 1 : IGNORE].any():
                raise _no_labels(labels.name, plane)
            seen += counts
    return values, set(np.flatnonzero(seen).tolist())


def _no_labels(name: str, plane: np.ndarray) -> InputError:
    found = np.unique(plane)
    shown = ", ".join(f"{value:g}" for value in found[:6]) + (", ..." if len(found) > 6 else "")
    return InputError(
        f"{name} holds the values {shown}; labels are whole numbers, 0 to {LABEL_MAX} as in TransUNet or 0 to "
        f"{RAW_MAX} as in Synapse, and {IGNORE} where a voxel does not count. Export the label volume, not the scan."
    )


# --- data sets --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Scans:
    """A data set of scans.

    Attributes:
        members: name and reader of every scan or slice; a reader takes the size.
        note: sentence on the numbering of all labels.
    """

    members: list[tuple[str, Callable[[int], Volume]]]
    note: str


def find_scans(folder: Path, part: str, labels_in: str | None = None) -> Scans | None:
    """Every scan or slice of a data set folder, or None if it is laid out in another way.

    Known are TransUNet's ``train_npz`` and ``test_vol_h5``, and Synapse's own ``img`` and ``label`` with
    ``img0001.nii.gz`` and ``label0001.nii.gz``. All labels are read in one numbering, decided by what the whole set
    holds, whichever part of it is asked for.

    Args:
        folder: of the data set.
        part: "all", "train" or "test".
        labels_in: numbering of the labels, of `dbce.data.numbering.NUMBERINGS`, or None.

    Raises:
        ValueError: a scan without labels.
    """
    if (folder / "train_npz").is_dir() or (folder / "test_vol_h5").is_dir():
        train, test = _listed(folder / "train_npz", "*.npz"), _listed(folder / "test_vol_h5", "*.h5")
        chosen, note = _numbering_of(test + train, labels_in)
        wanted = (train if part != "test" else []) + (test if part != "train" else [])
        return Scans([(path.name.split(".")[0], _reader(path, None, chosen)) for path in wanted], note)
    if not ((folder / "img").is_dir() and (folder / "label").is_dir()):
        return None
    pairs = {}
    for path in _listed(folder / "img", "img*.nii*"):
        number = path.name.split(".")[0].removeprefix("img")
        labels = next(iter(_listed(folder / "label", f"label{number}.nii*")), None)
        if labels is None:
            raise ValueError(
                f"{path} has no labels: label/label{number}.nii.gz is missing; add it, or remove the scan."
            )
        pairs[f"case{number}"] = (path, labels)
    chosen, note = _numbering_of([labels for _, labels in pairs.values()], labels_in)
    readers = {name: _reader(path, labels, chosen) for name, (path, labels) in pairs.items()}
    return Scans([(n, r) for n, r in readers.items() if part == "all" or (n in TEST_SCANS) == (part == "test")], note)


def cases(folder: Path) -> list[str] | None:
    """Names of the scans of a data set folder as of `find_scans`, without reading them; None if it holds none."""
    files = _listed(folder / "train_npz", "*.npz") + _listed(folder / "test_vol_h5", "*.h5")
    if not files and (folder / "img").is_dir() and (folder / "label").is_dir():
        return [f"case{path.name.split('.')[0].removeprefix('img')}" for path in _listed(folder / "img", "img*.nii*")]
    return [path.name.split(".")[0].split("_slice")[0] for path in files] or None


def _listed(folder: Path, pattern: str) -> list[Path]:
    """Files of a folder without what macOS puts beside them."""
    return sorted(path for path in folder.glob(pattern) if not path.name.startswith("."))


def _numbering_of(files: Sequence[Path], asked: str | None) -> tuple[str, str]:
    """One numbering for the labels of a whole set, and a sentence that says so."""
    if asked is not None:
        return numbering.decide_numbering((), "", asked), f"Labels: {numbering.TITLES[asked]}, as asked."
    pool = ThreadPoolExecutor(max_workers=4)
    try:
        for path, found in zip(files, pool.map(_values_of, files), strict=True):
            if numbering.settles(found):
                return "synapse", f"Labels: {numbering.TITLES['synapse']}, because {path.name} holds {max(found)}."
    finally:
        pool.shutdown(cancel_futures=True)
    title = numbering.TITLES["transunet"]
    return "transunet", f"Labels: {title}, because none of {len(files)} files holds more; --labels synapse if they are."


def _values_of(path: Path) -> set[int]:
    """Which labels a file holds but for `IGNORE`; none if there are none, which its reader says later."""
    try:
        return _values(_open_labels(path.read_bytes(), path.name))[1] - {IGNORE}
    except (InputError, OSError):
        return set()


def _reader(path: Path, labels: Path | None, chosen: str) -> Callable[[int], Volume]:
    def read_file(size: int) -> Volume:
        mask = None if labels is None else (labels.name, labels.read_bytes())
        return read_volume(path.read_bytes(), path.name, mask, size, chosen)

    return read_file


def write_phantoms(
    folder: Path, size: int, progress: Callable[[Any], Iterator[int]], numbers: Sequence[int] = SCANS
) -> None:
    """Draw a data set of phantoms in TransUNet's layout: 18 scans as training slices, 12 as test volumes.

    Scan ``case0001`` is ``ct.scan(1)``, and so on; numbers and split are Synapse's, the bodies are drawn. Any other
    number draws another body, as training slices.
    """
    for name in ("train_npz", "test_vol_h5"):
        (folder / name).mkdir(parents=True, exist_ok=True)
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
