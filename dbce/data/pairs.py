"""An image and its mask: which of the files is which, whether they fit, and both of them read."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import PurePath

import numpy as np

from dbce.data import numbering, volumes
from dbce.data.formats import InputError
from dbce.data.inputs import Picture, read_picture
from dbce.data.masks import Levels, Mask, read_labels, read_mask
from dbce.tasks import POLYP, Task

File = tuple[str, bytes]
"""Name and content of a file."""

_MASK_NAME = re.compile(r"mask|truth|label|annot|segm|(^|[^a-z])(gt|seg)([^a-z]|$)", re.IGNORECASE)

_COLOURS = 100  # of 16 shades a channel; a mask has fewer


@dataclass(frozen=True)
class Pair:
    """An image and perhaps its mask, read.

    Attributes:
        picture: the image.
        mask: of the height and width of the image, or None.
        notes: sentences on how both were read, and on what may be wrong, for people.
    """

    picture: Picture
    mask: Mask | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Roles:
    """Which of some files is what.

    Attributes:
        image: index of the image, or None.
        mask: index of the mask, or None.
        sentence: what was taken as what.
    """

    image: int | None
    mask: int | None
    sentence: str


def read_pair(image: File, mask: File | None = None, task: Task = POLYP, labels_in: str | None = None) -> Pair:
    """Read an image and perhaps its mask; several classes are labels, two an object.

    Args:
        image: name and content.
        mask: likewise, or None.
        task: what is segmented.
        labels_in: numbering of the labels of a scan, of `dbce.data.numbering.NUMBERINGS`; None: as their values tell.

    Raises:
        InputError: a file that cannot be read, or a mask that does not fit the image.
    """
    picture = read_picture(image[1], image[0])
    if mask is None:
        return Pair(picture, notes=picture.notes)
    read = read_any(mask, task, labels_in)
    return Pair(picture, read, (*picture.notes, *fit(picture, read, image[0], mask[0]), *say(read)))


def read_given(image: File, mask: File | None, task: Task, labels_in: str | None) -> Pair:
    """`read_pair`; an image that came alone and looks like a mask has a note that says so.

    Raises:
        InputError: as of `read_pair`.
    """
    pair = read_pair(image, mask, task, labels_in)
    if mask is not None or _is_varied(pair.picture) or recognise([image], task).mask is None:
        return pair
    words = f"{image[0]} looks like a mask; if it is one, open its image and then this file as its mask."
    return replace(pair, notes=(*pair.notes, words))


def read_any(file: File, task: Task, labels_in: str | None = None) -> Mask:
    """A mask of one object, or labels of several classes; those of a scan come out numbered as here.

    Raises:
        InputError: neither.
    """
    if not task.several:
        return read_mask(file[1], file[0])
    if not task.is_scan:
        return read_labels(file[1], file[0], task.num_classes)
    if volumes.is_volume(*file):
        raise InputError(f"{file[0]} is a volume, the image is a single picture; give its labels as PNG.")
    raw = read_labels(file[1], file[0], numbering.RAW_MAX + 1)
    labels, left_open, notes = numbering.renumber_labels(raw.labels, file[0], labels_in)
    return replace(raw, labels=labels, numbering=left_open, notes=notes)


def say(mask: Mask) -> tuple[str, ...]:
    """How a mask was read, in sentences of their own."""
    words = mask.sentence()
    return (words[0].upper() + words[1:] + ".", *mask.notes)


def fit(picture: Picture, mask: Mask | Levels, image_name: str, mask_name: str) -> list[str]:
    """Whether a mask belongs to an image by its size.

    Returns:
        Warnings: one where the image was turned by its EXIF and the mask, of the same size, says nothing of it.

    Raises:
        InputError: another size; the sentence names the EXIF orientation where that is the cause.
    """
    turned = f"{image_name} was turned upright as its EXIF says (orientation {picture.orientation})"
    if picture.orientation == 1:
        turned = f"{mask_name} was turned as its EXIF says (orientation {mask.orientation})"
    alike = picture.orientation == mask.orientation
    if picture.size == mask.size:
        if alike:
            return []
        other = mask_name if picture.orientation > 1 else image_name
        return [
            f"Check that they fit: {turned}, {other} says nothing of that; if they do not, save both without EXIF "
            "orientation."
        ]
    if not alike and picture.size == mask.size[::-1]:
        raise InputError(
            f"{mask_name} has {mask.size[0]} x {mask.size[1]} pixels, {image_name} has {picture.size[0]} x "
            f"{picture.size[1]}: {turned}, the other was not. The EXIF orientation is the cause: draw the mask on the "
            "upright picture, or save both without it."
        )
    raise InputError(
        f"{mask_name} has {mask.size[0]} x {mask.size[1]} pixels, {image_name} has {picture.size[0]} x "
        f"{picture.size[1]}; an image and its mask must have the same size. Export the mask at the image's size."
    )


def named_mask(name: str) -> bool:
    """Whether a file's name says that it is a mask."""
    return bool(_MASK_NAME.search(PurePath(name).stem))


def recognise(files: list[File], task: Task = POLYP) -> Roles:
    """Tell the image from the mask, by their content, and by their names where the content does not tell.

    Raises:
        InputError: no file or more than two, or two of which it cannot be told.
    """
    if not 1 <= len(files) <= 2:
        raise InputError(f"{len(files)} files arrived; give one image, or an image and its mask.")
    names = [name for name, _ in files]
    content = [_content(file, task) for file in files]
    # a mask, or what is called one and will be told why it is none; never a photograph
    masks = [
        kind == "mask" or (kind != "photograph" and named_mask(name)) for kind, name in zip(content, names, strict=True)
    ]
    if len(files) == 1:
        return Roles(None, 0, f"{names[0]} as the mask of the picture in view") if masks[0] else Roles(0, None, "")
    if masks[0] == masks[1]:
        masks = [kind == "mask" for kind in content]
    if masks[0] == masks[1]:
        masks = [named_mask(name) for name in names]
    if masks[0] == masks[1]:
        both = "both look like masks" if content[0] == "mask" else "neither is a mask"
        raise InputError(
            f"Of {names[0]} and {names[1]} {both}, so it cannot be told which is the image; open them one by one with "
            "the two buttons."
        )
    mask = masks.index(True)
    return Roles(1 - mask, mask, f"{names[1 - mask]} as the image, {names[mask]} as its mask")


def _is_varied(picture: Picture) -> bool:
    """Whether a picture has more colours than any mask: a tenth of the time that an attempt to read a mask takes."""
    coarse = _sample(picture.pixels) >> 4  # a soft edge, or JPEG's noise, between two colours comes to some dozens
    return len(np.unique(coarse @ np.array([256, 16, 1]))) > _COLOURS


def _sample(pixels: np.ndarray) -> np.ndarray:
    """(H, W, 3) -> (n, 3) int16: about every pixel of 200 x 200."""
    step = max(1, min(pixels.shape[:2]) // 200)
    return pixels[::step, ::step].reshape(-1, 3).astype(np.int16)


def _content(file: File, task: Task) -> str:
    """What a file is by its content: "mask", "photograph" (in colour), "grey", or "other" where it is no picture."""
    try:
        read_any(file, task)
        return "mask"
    except InputError:
        pass
    try:
        pixels = read_picture(file[1], file[0]).pixels
    except InputError:
        return "other"
    sample = _sample(pixels)
    colourful = np.ptp(sample, axis=1).mean() > 4 and len(np.unique(sample, axis=0)) > 64
    return "photograph" if colourful else "grey"
