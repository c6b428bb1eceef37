"""Reading image and mask folders in their official layouts, and one-file packs of them.

A data set is held in memory as uint8 arrays at one size: that is what training draws batches from.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any, TypeVar
from zipfile import BadZipFile

import cv2
import numpy as np

from dbce.data import volumes
from dbce.data.folders import find_pairs, image_folder, raise_all, skipped
from dbce.data.parts import in_part, is_split, of_part, scan_of
from dbce.data.reading import Paths, Read, read_again, read_labelled, read_masked
from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.data.survey import Survey, decide_meanings, of_labels, of_masks
from dbce.tasks import IGNORE, WORK_SIZE, Task

_PACK_FORMAT = "dbce-pack-1"

_Found = TypeVar("_Found")


@dataclass(frozen=True)
class Dataset:
    """Images and labels of one size.

    Attributes:
        names: N file stems, sorted.
        images: (N, H, W, 3) uint8 RGB.
        labels: (N, H, W) uint8 class labels, `IGNORE` for pixels that do not count.
        survey: what the files held.
        origin: name of the folder of the images, by which official sets are known; "" if it is not.
    """

    names: tuple[str, ...]
    images: np.ndarray
    labels: np.ndarray
    survey: Survey | None = None
    origin: str = ""

    def __len__(self) -> int:
        return len(self.names)

    def at(self, size: int) -> Dataset:
        """The same images and labels at another size, e.g. at that of a recipe."""
        if self.images.shape[1:3] == (size, size):
            return self
        two = self.labels[self.labels != IGNORE].max(initial=0) < 2
        shrink = resize_mask if two else resize_labels
        images = np.stack([resize_image(image, size) for image in self.images])
        return replace(self, images=images, labels=np.stack([shrink(label, size) for label in self.labels]))

    def chosen(self, keep: Sequence[bool] | np.ndarray) -> Dataset:
        """Some of the images."""
        names, kept = tuple(compress(self.names, keep)), np.asarray(keep, bool)
        return replace(self, names=names, images=self.images[kept], labels=self.labels[kept], survey=None)

    def part(self, part: str, held_out: float) -> Dataset:
        """The training or the test part, as of `dbce.data.parts.of_part`."""
        return self if part == "all" else self.chosen(of_part(self.names, part, held_out))

    def hold_out(self, share: float) -> tuple[Dataset, Dataset]:
        """Split off a share of the images for validation, by the hash of their names (of their scans, for slices).

        Returns:
            What is left for training, and what was held out.

        Raises:
            ValueError: a share outside (0, 1), or one that leaves a part empty.
        """
        if not 0 < share < 1:
            raise ValueError(f"the share to hold out is {share:g}; it must lie between 0 and 1, for example 0.1.")
        groups = list(map(scan_of, self.names))
        unique = list(dict.fromkeys(groups))
        held = set(compress(unique, in_part(unique, "test", share)))
        out = np.array([group in held for group in groups])
        if not held or out.all():
            raise ValueError(
                f"holding out {share:g} of {len(unique)} images or scans leaves one part empty; choose another share."
            )
        return self.chosen(~out), self.chosen(out)

    def fingerprint(self) -> str:
        """Hexadecimal digest of names, images and labels: equal only for equal data."""
        digest = hashlib.sha256("\n".join(self.names).encode())
        for array in (self.images, self.labels):
            digest.update(repr(array.shape).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()

    def class_frequencies(self, num_classes: int) -> list[float]:
        """Share of all pixels, but for ignored ones, that each class holds."""
        counts = np.bincount(self.labels.ravel(), minlength=IGNORE + 1)
        return (counts[:num_classes] / max(self.labels.size - counts[IGNORE], 1)).tolist()


def _of_reading(pairs: Sequence[Paths], reading: Sequence[Read], folder: Path) -> Dataset:
    """The masks read by one rule for all, and the set summed up."""
    masks = [read.levels for read in reading]
    meanings, notes = decide_meanings(masks)
    labels = [
        read_again(mask, meaning) if read.labels is None or read.meaning != meaning else read.labels
        for (_, mask), read, meaning in zip(pairs, reading, meanings, strict=True)
    ]
    notes += _counted(note for read in reading for note in read.notes)
    survey = of_masks(folder.name, masks, meanings, skipped(folder), notes)
    names, images = tuple(image.stem for image, _ in pairs), np.stack([read.image for read in reading])
    return Dataset(names, images, np.stack(labels), survey, pairs[0][0].parent.name)


def _counted(notes: Iterable[str]) -> list[str]:
    """The commonest sentences on single images, each once."""
    common = Counter(notes).most_common(5)
    return [note if count == 1 else f"{note} (so for {count} images)" for note, count in common]


def holds_own_split(path: str | Path, task: Task) -> bool:
    """Whether a folder or pack is the data set of which the task's recipe keeps a part for testing.

    Raises:
        ValueError: neither a folder of a data set nor a pack.
    """
    path = Path(path)
    if path.is_file():
        with _opened_pack(path) as file:
            return is_split(task, _origin(file), [str(name) for name in file["names"]])
    cases = volumes.cases(path)
    return is_split(task, "" if cases else image_folder(path).name, cases or ())


def load_dataset(
    path: str | Path,
    size: int = WORK_SIZE,
    progress: Callable = iter,
    *,
    part: str = "all",
    held_out: float = 0.0,
    labels_in: str | None = None,
    num_classes: int = 2,
) -> Dataset:
    """Read a data set folder or a pack, every image resized to a square.

    Whatever the size, an image goes through ``WORK_SIZE`` first: a network that is shown an image, on the page or by
    `evaluate`, gets it from there, and so it is trained on what it will be tested on.

    Args:
        path: folder in an official layout, or a file written by `pack_dataset`.
        size: side in pixels of the result.
        progress: wraps the iteration over images, e.g. ``tqdm``.
        part: "all", or "train" or "test" of a data set that is split as `in_part` says.
        held_out: share of the images in the test part.
        labels_in: numbering of the labels of scans, of `dbce.data.numbering.NUMBERINGS`; None: as the set tells.
        num_classes: of pictures: with two the masks of a folder are read as one object, by one rule for all of them;
            with more their values are the class numbers. Scans and packs say themselves what they hold.

    Raises:
        ValueError: neither a folder nor a pack; or unpaired, unreadable or size-mismatched files, all of
            them named at once.
    """
    path = Path(path)
    if path.is_file():  # at the size it was packed at
        return _load_pack(path).part(part, held_out).at(size)
    scans = volumes.find_scans(path, part, labels_in)
    if scans is not None:
        return _load_scans(scans, progress, path).at(size)
    pairs = find_pairs(path)
    pairs = list(compress(pairs, in_part([image.stem for image, _ in pairs], part, held_out)))
    if num_classes > 2:
        return _of_labels(pairs, _all_of(partial(read_labelled, num_classes=num_classes), pairs, progress), path).at(
            size
        )
    return _of_reading(pairs, _all_of(read_masked, pairs, progress), path).at(size)


def _all_of(
    read: Callable[[tuple[Path, Path]], _Found | str], pairs: Sequence[Any], progress: Callable
) -> list[_Found]:
    """What was read of every pair; a ValueError names all of those that cannot be read."""
    with ThreadPoolExecutor(max_workers=4) as pool:
        jobs = [pool.submit(read, pair) for pair in pairs]
        results = [job.result() for job in progress(jobs)]
    raise_all([result for result in results if isinstance(result, str)])
    return [result for result in results if not isinstance(result, str)]


def _of_labels(pairs: Sequence[Paths], reading: Sequence[Any], folder: Path) -> Dataset:
    """Images and labels of several classes, at ``WORK_SIZE``, and the set summed up."""
    images, labels, notes = zip(*reading, strict=True)
    marked = np.stack(labels)
    said = _counted(note for each in notes for note in each)
    survey = replace(of_labels(folder.name, marked), notes=tuple(said))
    return Dataset(tuple(image.stem for image, _ in pairs), np.stack(images), marked, survey, pairs[0][0].parent.name)


def _load_scans(scans: volumes.Scans, progress: Callable, folder: Path) -> Dataset:
    """Slices of scans as grey images at ``WORK_SIZE``; a slice is named after its scan and its number."""
    if not scans.members:
        raise ValueError(f"{folder} holds no scan of this part; `python -m dbce phantoms` draws a whole set.")
    names: list[str] = []
    images, labels, problems = [], [], []
    notes = [scans.note]
    with ThreadPoolExecutor(max_workers=4) as pool:
        jobs = [(name, pool.submit(read, WORK_SIZE)) for name, read in scans.members]
        for name, job in progress(jobs):
            try:
                volume = job.result()
            except ValueError as error:
                problems.append(str(error))
                continue
            if volume.labels is None:
                problems.append(f"{name}: no labels in it")
                continue
            single = "_slice" in name
            names += [name] if single else [f"{name}_slice{k:03d}" for k in range(len(volume.grey))]
            images.append(np.repeat(volume.grey[..., None], 3, axis=3))
            labels.append(volume.labels)
            notes += volume.notes
    raise_all(problems)
    marked = np.concatenate(labels)
    survey = replace(of_labels(folder.name, marked), notes=tuple(dict.fromkeys(notes)))
    return Dataset(tuple(names), np.concatenate(images), marked, survey)


def pack_dataset(dataset: Dataset, path: str | Path, quality: int | None = 95) -> None:
    """Write a data set as one file: JPEG images and masks in an npz, about 30 kB an image at 320 x 320.

    Masks of 0 and 1 are packed to bits; labels of more classes, or with ignored pixels, are kept as they are.
    With ``quality=None`` the images are PNGs, about five times as large and exact.
    """
    codes = [_encode(image, quality) for image in dataset.images]
    with Path(path).open("wb") as file:
        np.savez_compressed(  # the masks shrink by far, the pictures cannot
            file,
            format=np.array(_PACK_FORMAT),
            names=np.array(dataset.names),
            shape=np.array(dataset.labels.shape),
            origin=np.array(dataset.origin),
            masks=np.packbits(dataset.labels, axis=None) if dataset.labels.max() < 2 else dataset.labels.ravel(),
            jpeg=np.concatenate(codes),
            jpeg_ends=np.cumsum([len(code) for code in codes]),
        )


def _encode(image: np.ndarray, quality: int | None) -> np.ndarray:
    suffix, options = (".png", []) if quality is None else (".jpg", [cv2.IMWRITE_JPEG_QUALITY, quality])
    return cv2.imencode(suffix, cv2.cvtColor(image, cv2.COLOR_RGB2BGR), options)[1].ravel()


@contextmanager
def _opened_pack(path: Path) -> Iterator[Mapping[str, np.ndarray]]:
    """The arrays of a pack; whatever goes wrong with them within is a sentence.

    Raises:
        ValueError: no pack, or a damaged one.
    """
    try:
        with np.load(path, allow_pickle=False) as file:
            if str(file["format"]) != _PACK_FORMAT:
                raise KeyError("format")
            yield file
    except (KeyError, ValueError, OSError, EOFError, BadZipFile, zlib.error) as error:
        raise ValueError(
            f"{path} is no data set pack ({type(error).__name__}); it must be a file written by "
            "`python -m dbce pack`. Pack the folder again, or name the folder itself."
        ) from error


def _origin(file: Mapping[str, np.ndarray]) -> str:
    return str(file["origin"]) if "origin" in file else ""


def _load_pack(path: Path) -> Dataset:
    with _opened_pack(path) as file:
        names, shape = tuple(map(str, file["names"])), tuple(map(int, file["shape"]))
        bits, jpeg, ends = file["masks"], file["jpeg"], file["jpeg_ends"]
        origin = _origin(file)
    count = int(np.prod(shape))
    labels = (bits if bits.size == count else np.unpackbits(bits, count=count)).reshape(shape)
    codes = np.split(jpeg, ends[:-1])
    decoded = [cv2.imdecode(code, cv2.IMREAD_COLOR) for code in codes]
    images = np.stack([cv2.cvtColor(image, cv2.COLOR_BGR2RGB) for image in decoded if image is not None])
    return Dataset(names, images, labels, origin=origin)
