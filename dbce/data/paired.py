"""Images, their masks and sets of predictions in folders: which files belong together, and each of them read.

A file that cannot be used is a sentence in a list, and the rest goes on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dbce.data.folders import pair_masks
from dbce.data.formats import InputError
from dbce.data.inputs import read_picture
from dbce.data.predictions import SUFFIXES, Prediction, decide_kind, read_file, to_grid
from dbce.data.reading import Read, read_again, read_labelled, read_masked
from dbce.data.survey import decide_meanings
from dbce.tasks import Task

_ENDING = re.compile(
    r"[-_ .](pred|preds|prediction|predictions|prob|probs|probability|probabilities|softmax|logits|seg|segmentation|"
    r"mask|label|labels)$",
    re.IGNORECASE,
)
_CHANNEL = re.compile(r"_0000$")  # nnU-Net's images are called STEM_0000, its predictions STEM


@dataclass(frozen=True)
class Member:
    """Files that belong together.

    Attributes:
        image: the image.
        mask: its mask.
        predictions: by set.
    """

    image: Path
    mask: Path
    predictions: Mapping[str, Path]


@dataclass(frozen=True)
class Pairing:
    """What lies in some folders.

    Attributes:
        members: images that have a mask and a prediction of every set.
        left: a sentence on each file that is left out.
        notes: sentences on what was chosen.
    """

    members: tuple[Member, ...]
    left: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Opened:
    """An image at the page's size and all that belongs to it.

    Attributes:
        name: of the image's file.
        image: (S, S, 3) uint8 RGB.
        labels: (S, S) uint8.
        shape: height and width as it came.
        predictions: by set.
        notes: sentences on how its files were read.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray
    shape: tuple[int, int]
    predictions: Mapping[str, Prediction]
    notes: tuple[str, ...]


def pair_folders(images: Path, masks: Path, predictions: Mapping[str, Path]) -> Pairing:
    """Pair the files of folders by their stems; a prediction may be called ``STEM_pred`` or the like.

    Raises:
        ValueError: no such folder.
    """
    for folder in (images, masks, *predictions.values()):
        if not folder.is_dir():
            raise ValueError(f"{folder} is no folder; name the one that holds the files.")
    pairs, left = pair_masks(images, masks)
    notes: list[str] = []
    found = {name: _by_stem(folder, left, notes) for name, folder in predictions.items()}
    members = []
    for image, mask in pairs:
        own: dict[str, Path] = {}
        for name, files in found.items():
            stem = image.stem if image.stem in files else _CHANNEL.sub("", image.stem)
            if stem in files:
                own[name] = files.pop(stem)
        missing = [name for name in predictions if name not in own]
        if missing:
            left.append(f"{image}: no prediction of {' and of '.join(missing)}")
        else:
            members.append(Member(image, mask, own))
    left += [f"{path}: no image of that name with a mask" for files in found.values() for path in files.values()]
    return Pairing(tuple(members), tuple(left), tuple(notes))


def _by_stem(folder: Path, left: list[str], notes: list[str]) -> dict[str, Path]:
    """Predictions by stem; of several of one stem that which may hold probabilities, and a note."""
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((suffix for suffix in reversed(SUFFIXES) if path.name.lower().endswith(suffix)), None)
        if path.name.startswith(".") or not path.is_file():
            continue
        if suffix is None:
            left.append(f"{path}: no prediction by its ending; {', '.join(SUFFIXES)} are read")
            continue
        stem = _ENDING.sub("", path.name[: -len(suffix)])
        if stem not in found:
            found[stem] = path
            continue
        first, second = sorted((found[stem], path), key=lambda each: _rank(each))
        found[stem] = first
        notes.append(f"{second.name} lies beside {first.name}, which was read")
    return found


def _rank(path: Path) -> int:
    return next(k for k, suffix in enumerate(SUFFIXES) if path.name.lower().endswith(suffix))


def kinds_of_sets(members: Sequence[Member], task: Task, values: Mapping[str, str]) -> dict[str, str]:
    """What the values of each set are, told by all of its files.

    Args:
        members: what was paired.
        task: what is segmented.
        values: by set, one of `dbce.data.predictions.KINDS`; told by the values where it is not in it.

    Raises:
        InputError: it can be told of no file of a set.
    """
    names = members[0].predictions if members else {}
    kinds = {}
    for name in names:
        asked = values.get(name, "auto")
        files = (member.predictions[name] for member in members) if asked == "auto" else ()
        try:
            kinds[name] = decide_kind(_readable(files, task), task, asked)
        except InputError as error:
            raise InputError(f"{name}: {error}") from error
    return kinds


def _readable(files: Iterator[Path] | tuple[()], task: Task) -> Iterator:
    for file in files:
        try:
            yield read_file(file, task)
        except InputError:
            continue  # is told when it is opened


def open_members(members: Sequence[Member], task: Task, kinds: Mapping[str, str], left: list[str]) -> Iterator[Opened]:
    """Every image with its mask and its predictions, one after the other.

    Args:
        members: what was paired.
        task: what is segmented.
        kinds: by set, from `kinds_of_sets`.
        left: gets a sentence on each file that cannot be used.

    Raises:
        ValueError: masks that contradict each other, or of which it cannot be told what is the object.
    """
    meanings = {} if task.several else _meanings(members)
    for member in members:
        opened = _open(member, task, kinds, meanings)
        if isinstance(opened, str):
            left.append(opened)
        else:
            yield opened


def _meanings(members: Sequence[Member]) -> dict[Path, tuple[int, ...]]:
    """What the levels of every mask mean, by one rule for all of them."""
    reads = {member.mask: read_masked((member.image, member.mask)) for member in members}
    good = {path: read.levels for path, read in reads.items() if isinstance(read, Read)}
    return dict(zip(good, decide_meanings(list(good.values()))[0], strict=True))


def _open(
    member: Member, task: Task, kinds: Mapping[str, str], meanings: Mapping[Path, tuple[int, ...]]
) -> Opened | str:
    """An image, or what is wrong with one of its files."""
    paths = (member.image, member.mask)
    if task.several:
        labelled = read_labelled(paths, task.num_classes)
        if isinstance(labelled, str):
            return labelled
        image, labels, notes = labelled
        shape = read_picture(member.image.read_bytes(), str(member.image)).size[::-1]
    else:
        read = read_masked(paths)
        if isinstance(read, str):
            return read
        meaning = meanings[member.mask]
        labels = read_again(member.mask, meaning) if read.labels is None or read.meaning != meaning else read.labels
        image, notes, shape = read.image, [*read.notes], read.levels.size[::-1]
    found: dict[str, Prediction] = {}
    for name, path in member.predictions.items():
        try:
            found[name] = to_grid(read_file(path, task), kinds[name], shape, task)
        except InputError as error:
            return f"{name}: {error}"
    said = [f"{name}, {prediction.note}" for name, prediction in found.items()]
    return Opened(member.image.name, image, labels, shape, found, (*notes, *said))
