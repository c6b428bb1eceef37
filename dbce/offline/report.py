"""`dbce.report`: images and predictions of them, arrays or files, become one HTML file."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data import pairs
from dbce.data.inputs import read_picture
from dbce.data.predictions import Raw, decide_kind, from_array, read_file, to_grid
from dbce.data.resize import resize_labels, resize_mask
from dbce.offline.compose import Case, Report, compose
from dbce.study.compared import OBJECT, Compared, check_names
from dbce.study.own import own_losses
from dbce.tasks import IGNORE, TASKS, WORK_SIZE, Task
from dbce.train import checkpoints


def report(
    image: Any,
    mask: Any = None,
    predictions: Mapping[str, Any] | None = None,
    path: str | Path | None = None,
    *,
    task: str | None = None,
    values: str = "auto",
    networks: bool = False,
    names: Sequence[str] | None = None,
    title: str | None = None,
    radius: float | None = None,
    threshold: float = 0.5,
    losses: Sequence[Any] | None = None,
) -> Report:
    """See predictions of your own beside each other, and the weights of the losses, in one HTML file.

    The file is the viewer of the page: it works without a network and without a server, from ``file://`` too.

    Args:
        image: (H, W, 3) uint8 RGB or (H, W) uint8 grey, or the path of a picture; or a list of them.
        mask: (H, W) bool, 0/1 or 0/255, 255 beside others being ignored, labels for a task of several classes, or a
            path; or None; a list with a list of images.
        predictions: by name, (H, W) probabilities, a label map, or a path as of `dbce.data.predictions.read_file`;
            a list of them with a list of images.
        path: of the file to write; its size is printed before. Without one nothing is written.
        task: key of `dbce.tasks.TASKS`; one object of any kind if None.
        values: "probabilities", "logits" or "labels"; "auto": told by the values, logits never.
        networks: whether the bundled networks of the task stand beside the predictions.
        names: of the images; by default those of their files.
        title: of the report.
        radius: of the disk in pixels at 320 x 320 with which it starts; the paper's if None.
        threshold: probability above which a pixel counts as found.
        losses: of your own, as of `dbce.study.own.own_losses`, that Anatomy shows of every pixel, with their gradient;
            those that were added with `dbce.register_loss` if None.

    Returns:
        The report; ``report.write(path)`` writes it, ``report.size`` is its bytes.

    Raises:
        ValueError: what was given does not fit together or cannot be read; one sentence says what.
    """
    made = report_of(
        image,
        mask,
        predictions,
        task=task,
        values=values,
        networks=networks,
        names=names,
        title=title,
        radius=radius,
        threshold=threshold,
        losses=losses,
    )
    if path is not None:
        print(f"{path}: {made}", file=sys.stderr)
        made.write(path)
    return made


def report_of(
    image: Any,
    mask: Any,
    predictions: Mapping[str, Any] | None,
    *,
    task: str | None = None,
    values: str = "auto",
    networks: bool = False,
    names: Sequence[str] | None = None,
    title: str | None = None,
    radius: float | None = None,
    threshold: float = 0.5,
    losses: Sequence[Any] | None = None,
    embedded: bool = False,
) -> Report:
    """`report` without its file; arguments as of it, and ``embedded`` as of `dbce.offline.compose.compose`."""
    compared = compared_of(check_names(predictions or {}), task, networks)
    drawn = own_losses(losses)
    images = list(image) if isinstance(image, (list, tuple)) else [image]
    several = isinstance(image, (list, tuple))
    masks = _one_each("mask", mask, len(images), several)
    given = {name: _one_each(name, maps, len(images), several) for name, maps in (predictions or {}).items()}
    called = _names(images, names)
    raws = {name: [_raw(one, name, compared.task) for one in maps] for name, maps in given.items()}
    kinds = {name: decide_kind(maps, compared.task, values) for name, maps in raws.items()}

    def cases() -> Any:
        for index, (one, its_mask) in enumerate(zip(images, masks, strict=True)):
            shown, notes = _image(one)
            labels = None if its_mask is None else _labels(its_mask, shown.shape[:2], compared.task)
            found = {
                name: to_grid(maps[index], kinds[name], shown.shape[:2], compared.task) for name, maps in raws.items()
            }
            logits = {name: one.logits for name, one in found.items()}
            said = (*notes, *(one.note for one in found.values()))
            flat = frozenset(name for name, one in found.items() if one.kind == "labels")
            yield Case(called[index], shown, labels, logits, said, flat=flat)

    heading = title or (called[0] if len(images) == 1 else f"{len(images)} images")
    start: dict[str, Any] = {"radius": radius, "threshold": threshold}
    return compose(cases(), compared, heading, **start, embedded=embedded, losses=drawn)


def compared_of(
    names: Sequence[str], task: str | None, networks: bool, guests: Mapping[str, checkpoints.Checkpoint] | None = None
) -> Compared:
    """The sets, beside the bundled networks of a task where they are asked for, and networks of somebody's own.

    Raises:
        ValueError: an unknown task, or networks without one.
    """
    if task is not None and task not in TASKS:
        raise ValueError(f"task is {task!r}; it must be one of {', '.join(TASKS)}, or left out.")
    if networks and task is None:
        raise ValueError(f"networks are those of a task; say which one (task): {', '.join(TASKS)}.")
    bundled = checkpoints.bundled(task) if networks and task else {}
    return Compared(names, TASKS[task] if task else OBJECT, {**bundled, **(guests or {})})


def _one_each(name: str, given: Any, count: int, several: bool) -> list[Any]:
    """What was given of each image."""
    if not several:
        return [given]
    if given is None:
        return [None] * count
    if not isinstance(given, (list, tuple)) or len(given) != count:
        length = len(given) if isinstance(given, (list, tuple)) else 1
        raise ValueError(f"{name} holds {length} for {count} images; give a list with one for each.")
    return list(given)


def _names(images: Sequence[Any], names: Sequence[str] | None) -> list[str]:
    if names is not None:
        if len(names) != len(images):
            raise ValueError(f"names holds {len(names)} for {len(images)} images; give one for each.")
        return [str(name) for name in names]
    return [
        Path(image).name if isinstance(image, (str, Path)) else f"image {number}"
        for number, image in enumerate(images, start=1)
    ]


def _image(given: Any) -> tuple[np.ndarray, tuple[str, ...]]:
    """(H, W, 3) uint8 RGB, and how it was read."""
    if isinstance(given, (str, Path)):
        picture = read_picture(Path(given).read_bytes(), str(given))
        return picture.pixels, picture.notes
    array = _array(given, "image")
    return (np.repeat(array[..., None], 3, axis=2) if array.ndim == 2 else array), ()


def _labels(given: Any, shape: tuple[int, ...], task: Task) -> np.ndarray:
    """A mask, or labels, on the page's grid."""
    if isinstance(given, (str, Path)):
        mask = pairs.read_any((str(given), Path(given).read_bytes()), task).labels
    else:
        mask = _array(given, "mask")
    if mask.shape != shape:
        raise ValueError(f"mask is {mask.shape}, image is {shape}; a mask must have the height and width of its image.")
    held = np.unique(mask)
    known = np.append(np.arange(task.num_classes), IGNORE)
    if not np.isin(held, known).all():
        raise ValueError(
            f"mask holds {held[~np.isin(held, known)][0]:g}; it must hold the class numbers 0 to "
            f"{task.num_classes - 1}, and {IGNORE} where a pixel does not count."
        )
    if task.several:
        return resize_labels(mask.astype(np.uint8), WORK_SIZE)
    if isinstance(given, (str, Path)) or 1 in held:  # a file's reader has told 255 from the object
        return resize_mask(mask.astype(np.uint8), WORK_SIZE)
    return resize_mask(mask != 0, WORK_SIZE)


def _raw(given: Any, name: str, task: Task) -> Raw:
    return read_file(given, task) if isinstance(given, (str, Path)) else from_array(_array(given, name), name, task)


def _array(given: Any, name: str) -> np.ndarray:
    """An array, or a tensor of PyTorch wherever it lies."""
    if hasattr(given, "detach"):
        given = given.detach().cpu()
    try:
        return np.asarray(given)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} is no array ({error}); give one of NumPy, or a path.") from error
