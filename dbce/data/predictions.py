"""Predictions of somebody's own network: an array or a file becomes logits on the page's grid, and it is said how.

A prediction is a probability map, logits, or a label map. Which of them is told by its values, for all maps of a set
alike, and never guessed where two readings are possible: then a sentence asks.
"""

from __future__ import annotations

import io
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data.formats import InputError
from dbce.data.inputs import decode, plain_name
from dbce.data.nifti import read_nifti
from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.data.stack import check_shape, check_type, readable
from dbce.tasks import WORK_SIZE, Task

KINDS = ("probabilities", "logits", "labels")
"""What the values of a prediction can be."""

SUFFIXES = (".npy", ".npz", ".png", ".tif", ".tiff", ".nii", ".nii.gz")
"""Files of predictions, those that hold probabilities before those that may hold labels only."""

LIMIT = 32.0
"""A logit, or a negative log-probability, beyond which nothing is told apart; `quantise` cuts there."""

SUM_TOLERANCE = 0.02
"""How far the probabilities of the classes may be from 1 in all."""

_KEYS = ("probabilities", "probability", "softmax", "logits", "prediction")
"""Names of the array in an ``.npz`` that holds several; the first is nnU-Net's."""

_FEW = 16  # whole numbers up to this may be labels of a task of several classes as well as faint probabilities
_ASPECT = 0.01  # relative difference of two shapes up to which one is the other, enlarged


@dataclass(frozen=True)
class Raw:
    """A prediction before it is said what its values mean.

    Attributes:
        name: of the file or array, for sentences.
        values: (H, W), or (C, H, W) one map a class; finite.
        white: the value that stands for 1 where probabilities are stored as whole numbers (255, 65535); else 1.
    """

    name: str
    values: np.ndarray
    white: int = 1

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.values.shape[-2], self.values.shape[-1]


@dataclass(frozen=True)
class Prediction:
    """A prediction on the page's grid.

    Attributes:
        logits: float64: (S, S) logit of the object for two classes, (C, S, S) log-probability for more, S `WORK_SIZE`.
        kind: one of `KINDS`.
        note: how it was read, one sentence.
    """

    logits: np.ndarray
    kind: str
    note: str


def read_file(path: str | Path, task: Task) -> Raw:
    """A prediction from a file, told by its content: `.npy`, `.npz`, grey PNG or TIFF of 8 or 16 bits, or NIfTI.

    Raises:
        InputError: a file that cannot be read, another format, or an array that is no map of one image.
    """
    path = Path(path)
    name = plain_name(path.name)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{name} cannot be read ({error.strerror}); check the path.") from error
    if data.startswith(b"\x93NUMPY"):
        with readable(name):
            return from_array(np.load(io.BytesIO(data), allow_pickle=False), name, task)
    if data.startswith(b"PK"):
        return from_array(_archived(data, name), name, task)
    if name.lower().endswith((".nii", ".nii.gz")):
        planes = [plane for _, plane in read_nifti(data, name).planes()]
        return from_array(np.stack(planes), name, task)
    decoded = decode(data, name)
    values = decoded.numbers()
    pixels = np.asarray(decoded.picture) if values is None else values
    if pixels.ndim == 3:
        if decoded.has_alpha() or not (pixels == pixels[..., :1]).all():
            raise InputError(f"{name} is a colour image; a prediction is a grey image or an array of one map.")
        pixels = pixels[..., 0]
    return from_array(decoded.upright(pixels), name, task)


def _archived(data: bytes, name: str) -> np.ndarray:
    """The one array of an `.npz`, or that of a known name."""
    with readable(name), np.load(io.BytesIO(data), allow_pickle=False) as archive:
        known = [key for key in _KEYS if key in archive.files] or archive.files
        if len(archive.files) > 1 and known == archive.files:
            raise InputError(
                f"{name} holds the arrays {', '.join(archive.files[:5])}; it must hold a single one, or one that is "
                f"called {_KEYS[0]}. Save the prediction alone."
            )
        if not known:
            raise InputError(f"{name} holds no array; save the prediction with numpy.savez_compressed.")
        return archive[known[0]]


def from_array(array: Any, name: str, task: Task) -> Raw:
    """A prediction from an array: (H, W), or one map a class, (C, H, W) or (H, W, C); axes of length 1 do not count.

    Raises:
        InputError: no plain numbers, another number of axes or of classes, or values that are not finite.
    """
    values = np.asarray(array)
    check_type(values.dtype, name)
    shape = values.shape
    values = values.reshape([length for length in shape if length != 1] or [1])
    classes = task.num_classes
    if values.ndim == 3 and values.shape[0] != classes and values.shape[2] == classes:
        values = np.moveaxis(values, 2, 0)
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[0] != classes):
        words = " x ".join(map(str, shape))
        raise InputError(
            f"{name} holds an array of {words}; it must be one map (height x width), or {classes} of them, one a class "
            f"({classes} x height x width). Save one image a file."
        )
    check_shape(values.shape[-2:], name)
    if not np.isfinite(values).all():
        count = int(np.count_nonzero(~np.isfinite(values)))
        raise InputError(f"{name} holds {count} values that are not numbers (NaN or infinity); replace them first.")
    white = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535}.get(values.dtype.newbyteorder("="), 1)
    return Raw(name, np.ascontiguousarray(values), white)


def kind_of(raw: Raw, task: Task) -> str:
    """What the values of one map are, as far as they tell.

    Raises:
        InputError: it cannot be told; the sentence says what to ask for.
    """
    values, name = raw.values, raw.name
    low, high = values.min(), values.max()
    whole = values.dtype.kind in "biu" or bool((values == np.rint(values)).all())
    if values.ndim == 3:
        if low < 0 or high > 1:
            raise InputError(_outside(name, low, high))
        return "probabilities"
    if whole and low >= 0 and (high < task.num_classes or (not task.several and _two_levels(raw))):
        return "labels"
    if values.dtype.kind in "biu" and raw.white > 1 and not task.several:
        if high < _FEW:
            raise InputError(
                f"{name} holds the whole numbers {low:g} to {high:g}: labels of more than {task.num_classes} classes, "
                f"or probabilities as shares of {raw.white}; it cannot be told. Say which (values)."
            )
        return "probabilities"
    if task.several:
        raise InputError(
            f"{name} holds values from {low:g} to {high:g}; labels are the class numbers 0 to {task.num_classes - 1}, "
            f"probabilities one map a class. Save it as one of them."
        )
    if low < 0 or high > 1:
        raise InputError(_outside(name, low, high))
    return "probabilities"


def _two_levels(raw: Raw) -> bool:
    """Whether it holds nothing but 0 and the whitest value."""
    top = raw.white if raw.white > 1 else 255
    return bool(((raw.values == 0) | (raw.values == top)).all())


def _outside(name: str, low: float, high: float) -> str:
    return (
        f"{name} holds values from {low:g} to {high:g}, and probabilities lie between 0 and 1; if these are logits, "
        "say so (values: logits)."
    )


def decide_kind(raws: Iterable[Raw], task: Task, values: str = "auto") -> str:
    """What the values of all maps of a set are: as asked for, or as those tell that hold more than two levels.

    Args:
        raws: the maps of one set.
        task: what is segmented.
        values: one of `KINDS`, or "auto".

    Raises:
        InputError: it can be told of none of them, or the option is unknown.
    """
    if values != "auto":
        if values not in KINDS:
            raise InputError(f"values is {values!r}; it must be auto, {', '.join(KINDS)}.")
        return values
    kinds, refused = set(), None
    for raw in raws:
        try:
            kinds.add(kind_of(raw, task))
        except InputError as error:
            refused = refused or error
    if refused and not kinds:
        raise refused
    return "probabilities" if "probabilities" in kinds else "labels"


def to_grid(raw: Raw, kind: str, shape: tuple[int, int], task: Task) -> Prediction:
    """A prediction on the page's grid.

    Probabilities are resized as images are, and become logits there; label maps are resized as masks are, and become
    logits of +-`LIMIT`, for they say nothing of how sure they are.

    Args:
        raw: as it was read.
        kind: one of `KINDS`, from `decide_kind`.
        shape: height and width of its image.
        task: what is segmented.

    Raises:
        InputError: another size or shape than the image's, or values that are none of this kind.
    """
    name, values = raw.name, raw.values
    resized = _check_size(raw, shape)
    low, high = float(values.min()), float(values.max())
    if kind == "labels":
        return Prediction(_label_logits(raw, task), kind, f"{name}: label map, no probabilities{resized}.")
    scaled = raw.white > 1 and kind == "probabilities"
    numbers = values.astype(np.float64) / (raw.white if scaled else 1)
    if kind == "probabilities":
        if numbers.min() < 0 or numbers.max() > 1:
            raise InputError(_outside(name, low, high))
        if values.ndim == 2 and task.several:
            raise InputError(f"{name} is one map; probabilities of {task.num_classes} classes are one map a class.")
        off = float(np.abs(numbers.sum(0) - 1).max()) if values.ndim == 3 else 0
        if off > SUM_TOLERANCE:
            raise InputError(f"{name}: the probabilities of the classes do not sum to 1 (off by {off:.2g}).")
        said = f"probabilities, values of 0 to {raw.white}" if scaled else f"probabilities from {low:.3g} to {high:.3g}"
    else:
        if values.ndim == 2 and task.several:
            raise InputError(f"{name} is one map; logits of {task.num_classes} classes are one map a class.")
        numbers = _softmax(numbers) if values.ndim == 3 else 1 / (1 + np.exp(-np.clip(numbers, -700, 700)))
        said = f"logits from {low:.3g} to {high:.3g}"
    if task.several:
        maps = np.stack([_on_grid(each) for each in numbers])
        with np.errstate(divide="ignore"):
            logits = np.maximum(np.log(maps / maps.sum(0)), -LIMIT)
    elif kind == "logits" and raw.shape == (WORK_SIZE, WORK_SIZE):  # as they are, where nothing is averaged
        logits = values[1].astype(np.float64) - values[0] if values.ndim == 3 else values.astype(np.float64)
    else:
        map_ = _on_grid(numbers[1] if values.ndim == 3 else numbers)
        with np.errstate(divide="ignore"):
            logits = np.clip(np.log(map_) - np.log1p(-map_), -LIMIT, LIMIT)
    return Prediction(logits, kind, f"{name}: {said}{resized}.")


def _on_grid(map_: np.ndarray) -> np.ndarray:
    return map_ if map_.shape == (WORK_SIZE, WORK_SIZE) else np.clip(resize_image(map_, WORK_SIZE), 0, 1)


def _softmax(logits: np.ndarray) -> np.ndarray:
    """(C, H, W) -> the same, probabilities."""
    powers = np.exp(logits - logits.max(0))
    return powers / powers.sum(0)


def _label_logits(raw: Raw, task: Task) -> np.ndarray:
    values = raw.values.argmax(0) if raw.values.ndim == 3 else raw.values
    if not task.several:
        if np.unique(values).size > 2 or values.min() < 0:
            kind_of(raw, task)  # may know better what is wrong
            raise InputError(f"{raw.name} holds more than two values; a label map of two classes holds 0 and 1.")
        mask = resize_mask(values != 0, WORK_SIZE)
        return np.where(mask == 1, LIMIT, -LIMIT)
    if values.min() < 0 or values.max() >= task.num_classes or (values != np.rint(values)).any():
        raise InputError(
            f"{raw.name} holds values from {values.min():g} to {values.max():g}; labels are the class numbers 0 to "
            f"{task.num_classes - 1}."
        )
    labels = resize_labels(values.astype(np.uint8), WORK_SIZE)
    return np.where(labels == np.arange(task.num_classes)[:, None, None], 0.0, -LIMIT)


def _check_size(raw: Raw, shape: tuple[int, int]) -> str:
    """What to say of another size than the image's; the same shape enlarged, or the page's own square, is taken."""
    height, width = raw.shape
    if (height, width) == shape:
        return ""
    words = f"{raw.name} has {width} x {height} pixels, its image {shape[1]} x {shape[0]}"
    if abs(height * shape[1] / (width * shape[0]) - 1) <= _ASPECT:
        return f", {width} × {height} px, resized"
    if (height, width) == (WORK_SIZE, WORK_SIZE):
        return f", at the page's {WORK_SIZE} × {WORK_SIZE} px"
    turned = ": height and width are exchanged" if (width, height) == shape else ""
    raise InputError(f"{words}{turned}; save the prediction at the size of its image.")
