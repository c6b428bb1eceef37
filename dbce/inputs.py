"""Reading what a visitor gives: image and mask files of many kinds, or one clear sentence of what is wrong."""

from __future__ import annotations

import base64
import io
import warnings
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

MAX_BYTES = 32_000_000
"""Largest file that is accepted."""

MAX_SIDE = 4096
"""Largest width or height in pixels that is decoded."""

_LABEL_MAX = 32  # a lossless mask whose values all lie below this is read as class labels, not as grey


class InputError(ValueError):
    """A visitor's mistake; the message is the sentence that the page shows."""


def plain_name(name: str) -> str:
    """A file's name as sentences show it: its last 120 characters, without control characters and lone surrogates."""
    shown = "".join(c if c.isprintable() else " " if c.isspace() else "\ufffd" for c in name[-120:])
    return shown.strip() or "The file"


def decode_file(entry: Any, most: int = MAX_BYTES) -> tuple[str, bytes]:
    """``{"name": ..., "data": base64}`` from the page -> `plain_name` and bytes, ``most`` of them at the most.

    Raises:
        InputError: not that form, or too many bytes.
    """
    name, data = (entry.get("name"), entry.get("data")) if isinstance(entry, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(data, str):
        raise InputError("The file did not arrive whole; choose it again.")
    name = plain_name(name)
    if len(data) > most * 4 // 3 + 4:
        raise InputError(
            f"{name} has more than {most // 10**6} MB, the largest file that is accepted; save it smaller or as JPEG."
        )
    try:
        return name, base64.b64decode(data, validate=True)
    except ValueError as error:  # wrong padding or characters
        raise InputError(f"{name} did not arrive whole; choose it again.") from error


def _open(data: bytes, name: str) -> Image.Image:
    """Decode a file after a look at its header, upright as its EXIF says."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # the size is checked below
            picture = Image.open(io.BytesIO(data))
        if max(picture.size) > MAX_SIDE:
            raise InputError(
                f"{name} has {picture.width} x {picture.height} pixels; at most {MAX_SIDE} a side can be opened. "
                "Resize it first: everything is computed at 320 x 320 anyway."
            )
        picture.load()
        return ImageOps.exif_transpose(picture)
    except Image.DecompressionBombError as error:
        raise InputError(
            f"{name} claims more pixels than can be opened (at most {MAX_SIDE} a side); resize it first."
        ) from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{name} is not an image that can be read here; open a PNG, JPEG, TIFF or WebP file."
        ) from error
    except (OSError, SyntaxError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{name} is damaged or cut short; save or download it again.") from error


def read_image(data: bytes, name: str) -> np.ndarray:
    """Bytes of an image file -> (H, W, 3) uint8 RGB; grey of more than 8 bits is scaled to its own maximum.

    Raises:
        InputError: no image, damaged, too large, or with values that are not finite.
    """
    picture = _open(data, name)
    if picture.mode in ("I", "F") or picture.mode.startswith("I;16"):
        grey = np.asarray(picture).astype(np.float64)
        if not np.isfinite(grey).all():
            raise InputError(f"{name} holds values that are not numbers (NaN or infinity); replace them first.")
        top = grey.max()
        if top > 255 or picture.mode == "F":
            grey = np.clip(grey, 0, None) * (255 / top if top > 0 else 0)
        return np.repeat(np.rint(grey).astype(np.uint8)[..., None], 3, axis=2)
    return np.asarray(picture.convert("RGB"))


def read_mask(data: bytes, name: str) -> np.ndarray:
    """Bytes of a mask file -> (H, W) bool, True inside the object.

    Takes 0/1, 0/255, 1-bit, palette, colour, 16-bit and soft-edged grey masks. Of two values the brighter
    is the object; a grey mask is cut at half of its maximum.

    Raises:
        InputError: no image, damaged, too large, of a single value, or with labels of several classes.
    """
    picture = _open(data, name)
    level = _levels(picture)
    values = np.unique(level)
    if len(values) == 1:
        raise InputError(
            f"{name} holds the single value {values[0]:g} in every pixel; a mask marks the object with another "
            "value than the background. Mark the object, or go on without a mask."
        )
    if len(values) == 2:
        return level == values[1]
    if values[-1] <= _LABEL_MAX:
        raise InputError(
            f"{name} holds {len(values)} classes ({', '.join(f'{v:g}' for v in values[:8])}); this task knows two, "
            "background and object. Save a mask with one class as 0/255."
        )
    return level > values[-1] / 2


def read_labels(data: bytes, name: str, num_classes: int) -> np.ndarray:
    """Bytes of a label image -> (H, W) uint8 labels: grey values or palette indices from 0 to ``num_classes - 1``.

    Raises:
        InputError: no image, damaged, too large, in colour, or with values that are no labels.
    """
    picture = _open(data, name)
    if picture.mode not in ("1", "L", "P", "I", "F") and not picture.mode.startswith("I;16"):
        raise InputError(
            f"{name} is a colour image; labels of several classes are a grey or palette image whose values are the "
            f"class numbers 0 to {num_classes - 1}. Save it that way."
        )
    values = np.asarray(picture)
    if not np.isfinite(values).all() or values.min() < 0 or values.max() >= num_classes:
        raise InputError(
            f"{name} holds values up to {np.nan_to_num(values).max():g}; labels must be the class numbers 0 to "
            f"{num_classes - 1}. Save it without scaling, as PNG."
        )
    return values.astype(np.uint8)


def _levels(picture: Image.Image) -> np.ndarray:
    """(H, W) numbers that tell the object from the background: the value, or the brightest channel."""
    if picture.mode in ("1", "L", "I", "F") or picture.mode.startswith("I;16"):
        return np.nan_to_num(np.asarray(picture).astype(np.float64))
    if picture.mode == "P" and "transparency" not in picture.info:
        picture = picture.convert("RGB")
    array = np.asarray(picture.convert("RGBA")).astype(np.float64)
    level = array[..., :3].max(axis=2)
    return level if level.min() != level.max() else array[..., 3]


def check_sizes(image: np.ndarray, mask: np.ndarray, image_name: str, mask_name: str) -> None:
    """Raise an `InputError` unless image and mask have the same width and height."""
    if image.shape[:2] != mask.shape:
        raise InputError(
            f"{mask_name} has {mask.shape[1]} x {mask.shape[0]} pixels, {image_name} has {image.shape[1]} x "
            f"{image.shape[0]}; an image and its mask must have the same size. Export the mask at the image's size."
        )
