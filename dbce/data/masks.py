"""Reading a mask: which pixels are the object, found the same way in every kind of file, or a sentence of why not.

A file is first read as `Levels`: its two values or colours, and where each of them is. Only then is it decided which of
the two is the object: by the file alone (`Levels.mask`), or by all masks of a set together (`dbce.data.survey`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from dbce.data.formats import InputError
from dbce.data.inputs import Decoded, decode
from dbce.data.levels import SNAP, colour, percent, shades, split
from dbce.tasks import IGNORE

SURROUNDS = 0.95
"""Share of a picture's border that a level must hold to be what surrounds the object."""

_COVERS = 0.75  # share of the border that tells the background of two colours neither of which is black
_LABEL_MAX = 32  # grey values that all lie below this are numbers of classes, not shades


class Level(NamedTuple):
    """A value or a colour of a mask: what it is called, and how bright it is, 0 to 255."""

    words: str
    light: float


@dataclass(frozen=True)
class Mask:
    """A mask, or labels of several classes.

    Attributes:
        labels: (H, W) uint8: 0 background, 1 object (or the number of a class), `IGNORE` for pixels that do not count.
        rule: how it was read, for people: "object: value 1".
        size: width and height in pixels as it came, upright.
        orientation: what its EXIF says, 1 to 8.
        numbering: of labels of organs, if they could be in the other one as well, else None.
        notes: further sentences on how it was read.
    """

    labels: np.ndarray
    rule: str
    size: tuple[int, int]
    orientation: int = 1
    numbering: str | None = None
    notes: tuple[str, ...] = ()

    def sentence(self) -> str:
        """The rule and how many pixels it found."""
        counted = np.asarray(self.labels != IGNORE)
        words = self.rule
        if self.rule.startswith("object"):
            share = np.count_nonzero(self.labels == 1) / (np.count_nonzero(counted) or 1)
            words += f", {percent(share)} of the pixels"
        ignored = 1 - np.count_nonzero(counted) / counted.size
        return words + (f"; {percent(ignored)} are ignored (value {IGNORE})" if ignored else "")


@dataclass(frozen=True)
class Levels:
    """A mask file before it is said which of its levels is the object.

    Attributes:
        name: of the file.
        kind: "numbers" (small whole numbers, of which the higher is the object), "shades" (of which the darker is
            nearly black), "alpha" (transparent and opaque), "colours", "doubt" (1 and 255), or "single".
        levels: the darker, transparent or lower one first; one of them where there is a single one.
        where: (H, W) uint8: the index of a pixel's level, or `IGNORE`.
        border: share of the border that the second level holds.
        share: share of all pixels that the second level holds.
        size: width and height in pixels as it came, upright.
        orientation: what its EXIF says, 1 to 8.
        ignored: share of all pixels that do not count.
    """

    name: str
    kind: str
    levels: tuple[Level, ...]
    where: np.ndarray
    border: float
    share: float
    size: tuple[int, int]
    orientation: int
    ignored: float = 0.0

    @property
    def ignores(self) -> bool:
        """Whether some pixels do not count."""
        return self.ignored > 0

    @property
    def pixels(self) -> int:
        """Number of pixels as it came."""
        return self.size[0] * self.size[1]

    def held(self) -> tuple[str, ...]:
        """Its levels, in words."""
        return tuple(level.words for level in self.levels)

    def shares(self) -> tuple[float, ...]:
        """Share of the counted pixels that each level holds."""
        return (1.0,) if len(self.levels) == 1 else (1 - self.share, self.share)

    def surrounding(self) -> int | None:
        """The level that surrounds the other: it holds nearly the whole border, and more of it than of the inside."""
        if self.border >= SURROUNDS and self.border > self.share:
            return 1
        if self.border <= 1 - SURROUNDS and self.border < self.share:
            return 0
        return None

    def background(self) -> int | None:
        """The level that this file by itself says is the background; None where it cannot be told."""
        if self.kind == "numbers":
            return 0
        if self.kind == "colours":
            return 1 if self.border >= _COVERS else 0 if self.border <= 1 - _COVERS else None
        return None if self.kind == "doubt" else 1 if self.surrounding() == 1 else 0

    def meaning(self) -> tuple[int, ...]:
        """The label of every level, as this file by itself says.

        Raises:
            InputError: a single level, or two that cannot be told apart.
        """
        background = self.background()
        if len(self.levels) == 1:
            raise InputError(
                f"{self.name} holds the single {self.levels[0].words} in every pixel; a mask marks the object with "
                "another value than the background. Mark the object, or go on without a mask."
            )
        if self.kind == "doubt":
            raise InputError(
                f"{self.name} holds 1 and 255: a class beside ignored pixels, or two shades; it cannot be told. Save "
                "the object as 255 and the background as 0."
            )
        if background is None:
            one, other = (level.words for level in self.levels)
            raise InputError(
                f"{self.name} holds two colours, {one} and {other}, and it cannot be told which is the object: neither "
                "is black, and neither surrounds the other. Save the mask with 0 for the background and 255 for the "
                "object."
            )
        return (1, 0) if background else (0, 1)

    def mask(self, meaning: tuple[int, ...] | None = None) -> Mask:
        """The mask, with this label for every level, by default as of `meaning()`.

        Raises:
            InputError: as of `meaning`.
        """
        meaning = self.meaning() if meaning is None else meaning
        table = np.full(256, IGNORE, np.uint8)
        table[: len(meaning)] = meaning
        labels = self.where if meaning == (0, 1) else cv2.LUT(self.where, table)
        return Mask(labels, self.rule(meaning), self.size, self.orientation)

    def rule(self, meaning: tuple[int, ...]) -> str:
        """How it is read with this meaning, for people."""
        words = {label: level.words for label, level in zip(meaning, self.levels, strict=True)}
        if 1 not in words:
            return f"no object: {words.get(0, 'all ignored')}"
        surrounded = 0 in words and (self.kind == "colours" or meaning == (1, 0))
        return f"object: {words[1]}" + (f" on {words[0]}" if surrounded else "")


def read_mask(data: bytes, name: str) -> Mask:
    """Bytes of a mask file -> background, object and ignored pixels.

    Takes masks of two values or two colours, of any depth, with a palette, with transparency, with soft edges or
    with the noise of JPEG. 255 beside 0 and 1 is ignored. Of two numbers the higher is the object; of black and
    another colour the other, unless it surrounds the black; of two other colours the one that does not surround.

    Raises:
        InputError: no picture, damaged, too large, or something that is not a mask of two classes.
    """
    return read_levels(data, name).mask()


def read_labels(data: bytes, name: str, num_classes: int) -> Mask:
    """Bytes of a label image -> grey values or palette indices from 0 to ``num_classes - 1``; 255 is ignored.

    Raises:
        InputError: no picture, damaged, too large, in colour, or with values that are no labels.
    """
    decoded = decode(data, name)
    values = _numbers(decoded, indices=True)
    if values is None:
        raise InputError(
            f"{name} is a colour image; labels of several classes are a grey or palette image whose values are the "
            f"class numbers 0 to {num_classes - 1}. Save it that way."
        )
    found = _unique(values)
    _check_whole(found, name)
    wrong = found[(found >= num_classes) & (found != IGNORE)]
    if wrong.size:
        raise InputError(
            f"{name} holds values up to {wrong.max():g}; labels must be the class numbers 0 to "
            f"{num_classes - 1}, or {IGNORE} for pixels that do not count. Save it without scaling, as PNG."
        )
    labels = decoded.upright(values.astype(np.uint8))
    rule = f"labels: {_list(found[found != IGNORE])}" if (found != IGNORE).any() else "all ignored"
    return Mask(labels, rule, decoded.size, decoded.orientation)


def read_levels(data: bytes, name: str) -> Levels:
    """Bytes of a mask file -> its levels, before it is said which is the object.

    Raises:
        InputError: no picture, damaged, too large, or something that has not one or two levels.
    """
    decoded = decode(data, name)
    if decoded.has_alpha():
        pixels = np.asarray(_reduced(decoded).convert("RGBA"))
        alpha = pixels[..., 3]
        if alpha.min() != alpha.max():
            opaque = pixels[alpha == alpha.max()][:, :3]
            if (opaque.max(0) - opaque.min(0)).max() <= 2 * SNAP:  # what is opaque is the mask, whatever its colour
                where, _ = split(alpha, name)
                return _levels(decoded, "alpha", (Level("transparent", 0), Level("opaque", 255)), where)
            pixels = (pixels[..., :3].astype(np.uint16) * alpha[..., None] // 255).astype(np.uint8)
        return _of_colours(decoded, pixels[..., :3])
    if decoded.picture.mode == "P":
        indices = np.asarray(_reduced(decoded))
        used = np.flatnonzero(np.bincount(indices.ravel(), minlength=256))
        colours = _palette(decoded)[used]
        distinct = len(np.unique(colours, axis=0))
        if distinct < len(used) or (used.tolist() == [0, 1, IGNORE] and np.ptp(colours[1]) > 0):
            return _of_numbers(decoded, indices)
        levels = _of_colours(decoded, _palette(decoded)[indices])
        if levels.kind == "colours" and levels.background() is None and used.tolist() == [0, 1]:
            return _of_numbers(decoded, indices)
        return levels
    values = _numbers(decoded)
    if values is not None:
        return _of_numbers(decoded, values)
    return _of_colours(decoded, np.asarray(_reduced(decoded).convert("RGB")))


def _reduced(decoded: Decoded):
    """The picture, of a very large one every second or third pixel, as `read_picture` shrinks its image."""
    by = decoded.shrinking
    if by == 1:
        return decoded.picture
    width, height = decoded.picture.size
    return decoded.picture.resize((-(-width // by), -(-height // by)), 0)


def _numbers(decoded: Decoded, indices: bool = False) -> np.ndarray | None:
    """(H, W) values of a grey picture, or palette indices; None for a picture in colour."""
    mode = decoded.picture.mode
    deep = decoded.numbers()
    if deep is not None:
        by = decoded.shrinking
        return deep[by // 2 :: by, by // 2 :: by] if by > 1 else deep
    if mode == "L" or (mode == "P" and indices):
        return np.asarray(_reduced(decoded))
    if mode == "1":
        values = np.asarray(_reduced(decoded).convert("L"))
        return values & 1 if indices else values
    return None


def _palette(decoded: Decoded) -> np.ndarray:
    """(256, 3) uint8; what the file leaves out is black."""
    table = np.zeros((256, 3), np.uint8)
    given = np.array(decoded.picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    table[: len(given)] = given
    return table


def _unique(values: np.ndarray) -> np.ndarray:
    """The values that occur, in order."""
    return np.flatnonzero(shades(values)) if values.dtype == np.uint8 else np.unique(values)


def _check_whole(values: np.ndarray, name: str) -> None:
    if values[0] < 0 or (values.dtype.kind == "f" and (values != np.rint(values)).any()):
        raise InputError(
            f"{name} holds the values {_list(values)}; a mask or labels hold whole numbers from 0. "
            "A map of probabilities must be cut first; save the result as PNG."
        )


def _list(values: np.ndarray) -> str:
    shown = ", ".join(f"{value:g}" for value in values[:8])
    return shown + (f", ... {values[-1]:g}" if len(values) > 8 else "")


def _of_numbers(decoded: Decoded, values: np.ndarray) -> Levels:
    found = _unique(values)
    _check_whole(found, decoded.name)
    if len(found) == 1:
        level = Level(f"value {found[0]:g}", _lightness(float(found[0])))
        return _levels(decoded, "single", (level,), np.zeros(values.shape, np.uint8))
    if found.tolist() == [1, IGNORE]:
        low, high = Level("value 1", 1), Level("value 255", 255)
        return _levels(decoded, "doubt", (low, high), (values == IGNORE).astype(np.uint8))
    if found.tolist() == [0, 1, IGNORE]:
        return _levels(decoded, "numbers", (Level("value 0", 0), Level("value 1", 1)), values.astype(np.uint8))
    if len(found) == 2:
        low, high = (Level(f"value {value:g}", _lightness(float(value))) for value in found)
        kind = "numbers" if found[1] <= _LABEL_MAX else "shades" if _dark(found[0], found[1]) else "colours"
        return _levels(decoded, kind, (low, high), (values == found[1]).view(np.uint8))
    if found[-1] <= _LABEL_MAX:
        raise InputError(
            f"{decoded.name} holds {len(found)} classes ({_list(found)}); this task knows two, background and object. "
            "Save a mask with one class as 0/255."
        )
    where, ends = split(values, decoded.name)
    levels = tuple(Level(f"value {end:g}", _lightness(end)) for end in ends)
    return _levels(decoded, "shades" if _dark(*ends) else "colours", levels, where)


def _lightness(value: float) -> float:
    return min(value, 255.0)


def _dark(low: float, high: float) -> bool:
    """Whether the lower value is nearly black beside the higher one."""
    return low <= 0.13 * high


def _of_colours(decoded: Decoded, pixels: np.ndarray) -> Levels:
    if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 0] == pixels[..., 2]).all():
        return _of_numbers(decoded, pixels[..., 0])
    where, ends = split(pixels, decoded.name)
    levels = tuple(Level(colour(end), float(max(end))) for end in ends)
    return _levels(decoded, "shades" if _dark(max(ends[0]), max(ends[1])) else "colours", levels, where)


def _parts(where: np.ndarray) -> tuple[float, float]:
    """Share of the second level among the pixels that count, and share of those that do not."""
    left_out = np.count_nonzero(where == IGNORE) if where.max() == IGNORE else 0
    ones = np.count_nonzero(where) - left_out
    return ones / max(1, where.size - left_out), left_out / where.size


def _levels(decoded: Decoded, kind: str, levels: tuple[Level, ...], where: np.ndarray) -> Levels:
    """With the shares of the second level, which tell the background; ignored pixels count in none."""
    where = decoded.upright(where)
    edge = np.concatenate([where[0], where[-1], where[:, 0], where[:, -1]])
    (border, _), (share, ignored) = map(_parts, (edge, where))
    return Levels(decoded.name, kind, levels, where, border, share, decoded.size, decoded.orientation, ignored)
