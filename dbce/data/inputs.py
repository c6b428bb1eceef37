"""Opening a picture: files of many kinds become RGB, or one clear sentence of what is wrong.

The page, the endpoints, the command line and data set folders all read their pictures here, so that a file means the
same everywhere.
"""

from __future__ import annotations

import base64
import io
import math
import warnings
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from PIL import Image, UnidentifiedImageError

from dbce.data import formats
from dbce.data.formats import InputError

MAX_BYTES = 32_000_000
"""Largest file that is accepted."""

MAX_SIDE = 16384
"""Largest width or height in pixels that is decoded."""

MAX_PIXELS = 64_000_000
"""Most pixels that are decoded."""

KEPT_PIXELS = 4096 * 4096
"""A picture of more pixels is shrunk when it is read."""

_WHITE = 0.999  # share of the pixels of deep grey that are not brighter than white


@dataclass(frozen=True)
class Decoded:
    """A picture as its decoder leaves it.

    Attributes:
        picture: its pixels as stored.
        name: of the file.
        orientation: what its EXIF says, 1 to 8; 1 is upright.
        turn: what of that is still to be done to the pixels.
        pages: pictures in the file, of which this is the first.
        inverted: number of bits of grey that runs from white to black, else 0.
    """

    picture: Image.Image
    name: str
    orientation: int = 1
    turn: int = 1
    pages: int = 1
    inverted: int = 0

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels, upright."""
        width, height = self.picture.size
        return (height, width) if self.turn >= 5 else (width, height)

    @property
    def shrinking(self) -> int:
        """By how much its sides are divided when it is read."""
        width, height = self.picture.size
        return math.ceil(math.sqrt(width * height / KEPT_PIXELS))

    def upright(self, array: np.ndarray) -> np.ndarray:
        """(H, W, ...) pixels as stored, turned as the EXIF says."""
        if self.turn >= 5:
            array = array.swapaxes(0, 1)
        if self.turn in (3, 4, 7, 8):
            array = array[::-1]
        if self.turn in (2, 3, 6, 7):
            array = array[:, ::-1]
        return np.ascontiguousarray(array)

    def numbers(self) -> np.ndarray | None:
        """(H, W) values as stored of grey of more than 8 bits; None for every other picture.

        Raises:
            InputError: values that are not finite.
        """
        if self.picture.mode not in ("I", "F") and not self.picture.mode.startswith("I;16"):
            return None
        values = np.asarray(self.picture)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise InputError(f"{self.name} holds values that are not numbers (NaN or infinity); replace them first.")
        return 2**self.inverted - 1 - values if self.inverted else values

    def has_alpha(self) -> bool:
        """Whether pixels can be transparent."""
        return "transparency" in self.picture.info or self.picture.mode in ("RGBA", "LA", "PA", "La", "RGBa")


@dataclass(frozen=True)
class Picture:
    """A picture that was read.

    Attributes:
        pixels: (H, W, 3) uint8 RGB, upright.
        size: width and height in pixels as it came, upright.
        orientation: what its EXIF says, 1 to 8.
        notes: sentences on what was done to it, for people.
    """

    pixels: np.ndarray
    size: tuple[int, int]
    orientation: int = 1
    notes: tuple[str, ...] = ()


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


def decode(data: bytes, name: str) -> Decoded:
    """Decode a picture file, by the one decoder that its content names, after a look at what it claims.

    Raises:
        InputError: another format, damaged, too large, or a file that no program writes.
    """
    claims = formats.examine(data, name)
    if claims.kind == "WEBP":
        _check_size(formats.webp_size(data) or (1, 1), name)
    inverted = 0
    try:
        if claims.kind == "TIFF":
            said = formats.tiff_orientation(data)
            data, inverted = formats.tiff_upright(data)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of the size, which is checked below, and of odd metadata
            picture = Image.open(io.BytesIO(data), formats=[claims.kind])
            _check_size(picture.size, name, KEPT_PIXELS if picture.mode in ("I", "F") else MAX_PIXELS)
            picture.load()
            turn = _orientation(picture)
    except (Image.DecompressionBombError, MemoryError) as error:
        raise InputError(f"{name} claims more pixels than can be opened; resize it first.") from error
    except UnidentifiedImageError as error:
        raise InputError(
            f"{name} is a {claims.kind} that is damaged or of a rare kind; open it and save it again as PNG."
        ) from error
    except InputError:
        raise
    except Exception as error:  # decoders raise whatever a damaged file leads them to
        raise InputError(f"{name} is damaged or cut short; save or download it again.") from error
    if claims.kind != "TIFF":
        said = turn
    return Decoded(picture, name, said if 1 <= said <= 8 else 1, turn, claims.pages, inverted)


def _check_size(size: tuple[int, int], name: str, most: int = MAX_PIXELS) -> None:
    """Numbers of 32 bits take four times the memory, and are held twice: fewer of them are decoded."""
    width, height = size
    if max(size) > MAX_SIDE or width * height > most:
        raise InputError(
            f"{name} has {width} x {height} pixels; at most {MAX_SIDE} a side and {most // 10**6} million in all "
            "can be opened. Resize it first: everything is computed at 320 x 320 anyway."
        )


def _orientation(picture: Image.Image) -> int:
    try:
        said = picture.getexif().get(0x0112, 1)
    except Exception:  # damaged EXIF beside whole pixels
        return 1
    return said if isinstance(said, int) and 1 <= said <= 8 else 1


def read_picture(data: bytes, name: str) -> Picture:
    """Bytes of a picture file -> RGB, upright.

    Grey of more than 8 bits becomes 8: its brightest 0.1 % are white, but values up to 255 stay as they are, and real
    numbers up to 1 are shares of white. Transparent pixels are laid over black. A picture of more than `KEPT_PIXELS`
    is shrunk by a whole number.

    Raises:
        InputError: as of `decode`, or values that are not finite.
    """
    decoded = decode(data, name)
    notes = []
    deep = decoded.numbers()
    if deep is not None:
        top = _white_level(deep)
        if top != 255:
            notes.append(f"Grey values from 0 to {top:g} are shown as black to white.")
    width, height = decoded.picture.size
    by = decoded.shrinking
    strips, seen_through = [], False
    for start in range(0, height, 1024 * by):  # a strip at a time, so that little is held beside the picture
        end = min(start + 1024 * by, height)
        if deep is not None:
            scaled = np.clip(deep[start:end] * (255 / np.float64(top)), 0, 255)
            strip: np.ndarray = np.repeat(np.rint(scaled).astype(np.uint8)[..., None], 3, axis=2)
        else:
            strip, through = _rgb(decoded, (0, start, width, end))
            seen_through |= through
        if by > 1:
            small = math.ceil(width / by), math.ceil((end - start) / by)
            strip = cv2.resize(strip, small, interpolation=cv2.INTER_AREA)
        strips.append(strip)
    pixels = decoded.upright(strips[0] if len(strips) == 1 else np.concatenate(strips))
    if by > 1:
        notes.append(f"Shrunk to {pixels.shape[1]} × {pixels.shape[0]} px.")
    if seen_through:
        notes.append("Its transparent parts are shown black.")
    if decoded.pages > 1:
        number = decoded.pages if decoded.pages > 2 else "more than one"
        notes.append(f"The file holds {number} pictures; the first was read.".replace("one pictures", "one picture"))
    return Picture(pixels, decoded.size, decoded.orientation, tuple(notes))


def _white_level(values: np.ndarray) -> float:
    """The value of deep grey that becomes white; one saturated pixel, or a thousandth of them, does not move it."""
    step = max(1, math.isqrt(values.size // 4_000_000))
    sample = values[::step, ::step].ravel()
    index = int(_WHITE * (sample.size - 1))
    top = float(np.partition(sample, index)[index])
    if values.dtype.kind == "f" and 0 < top <= 1:
        return 1.0
    return max(top, 255.0)


def _rgb(decoded: Decoded, box: tuple[int, int, int, int]) -> tuple[np.ndarray, bool]:
    """(H, W, 3) uint8 of a part of the picture, and whether some of it is transparent."""
    part = decoded.picture if box == (0, 0, *decoded.picture.size) else decoded.picture.crop(box)
    if not decoded.has_alpha():
        return np.asarray(part if part.mode == "RGB" else part.convert("RGB")), False
    pixels = np.asarray(part.convert("RGBA"))
    alpha = pixels[..., 3:]
    if alpha.min() == 255:
        return pixels[..., :3], False
    return ((pixels[..., :3].astype(np.uint16) * alpha + 127) // 255).astype(np.uint8), True
