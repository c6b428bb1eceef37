"""An image of a data set folder and its mask, or its labels, read from their files at ``WORK_SIZE``."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from dbce.data.formats import InputError
from dbce.data.inputs import read_picture
from dbce.data.masks import Levels, read_labels, read_levels
from dbce.data.pairs import fit
from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.data.survey import Meaning
from dbce.tasks import WORK_SIZE

Paths = tuple[Path, Path]
"""Of an image and of its mask."""


@dataclass(frozen=True)
class Read:
    """An image at ``WORK_SIZE``, its mask read as it says itself (None where it does not), and what both were."""

    image: np.ndarray
    labels: np.ndarray | None
    meaning: Meaning | None
    levels: Levels
    notes: tuple[str, ...]


def read_masked(paths: Paths) -> Read | str:
    """Both files at ``WORK_SIZE``, or a sentence that says what is wrong with them."""
    image_path, mask_path = paths
    try:
        picture = read_picture(image_path.read_bytes(), str(image_path))
        levels = read_levels(mask_path.read_bytes(), str(mask_path))
        warnings = fit(picture, levels, image_path.name, mask_path.name)
    except InputError as error:
        return str(error)
    image = resize_image(picture.pixels, WORK_SIZE)
    whole, levels = levels, replace(levels, name=mask_path.name, where=levels.where[:0])
    try:
        meaning = whole.meaning()
    except InputError:
        return Read(image, None, None, levels, (*picture.notes, *warnings))
    labels = resize_mask(whole.mask(meaning).labels, WORK_SIZE)
    return Read(image, labels, meaning, levels, (*picture.notes, *warnings))


def read_labelled(paths: Paths, num_classes: int) -> tuple[np.ndarray, np.ndarray, list[str]] | str:
    """An image and its labels of several classes at ``WORK_SIZE``, and notes; or a sentence on what is wrong."""
    image_path, label_path = paths
    try:
        picture = read_picture(image_path.read_bytes(), str(image_path))
        labels = read_labels(label_path.read_bytes(), str(label_path), num_classes)
        warnings = fit(picture, labels, image_path.name, label_path.name)
    except InputError as error:
        return str(error)
    return resize_image(picture.pixels, WORK_SIZE), resize_labels(labels.labels, WORK_SIZE), [*picture.notes, *warnings]


def read_again(path: Path, meaning: Meaning) -> np.ndarray:
    """A mask at ``WORK_SIZE``, read as its set says."""
    return resize_mask(read_levels(path.read_bytes(), str(path)).mask(meaning).labels, WORK_SIZE)
