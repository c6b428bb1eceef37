"""The pixels of the pictures: what each colour stands for, the same as on the page (dbce/web/parts/colour.js)."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib
import numpy as np

from dbce.registry import LOSSES
from dbce.study.studies import Study
from dbce.tasks import IGNORE, Task

BLACK, WHITE = "#08080A", "#F2F2F2"
"""Nothing, and the object in labels of two classes."""

PALETTES = {
    "paper": {"tp": "#EDEDF0", "fp": "#E5484D", "fn": "#3B82F6", "tn": BLACK},
    "safe": {"tp": "#EDEDF0", "fp": "#E69F00", "fn": "#56B4E9", "tn": BLACK},
}
"""Colours of found, false positive, false negative and rejected pixels; "safe" for colour-blind readers."""

IGNORED = ("#5C626E", "#8A919E")
"""Colours of the hatch over ignored pixels, in every palette."""

Line = tuple[str, str]
"""Colour and dash of a line; the dash in pixels, as of SVG, empty where there is none."""

LINES: tuple[Line, ...] = (
    ("#8b93a1", ""),
    ("#cc5fa8", ""),
    ("#19a08f", "7 4"),
    ("#d97f00", ""),
    ("#7c8cf0", "2 3"),
    ("#9a7b4f", "9 3 2 3"),
    ("#5aa83c", "4 2"),
    ("#b07ce8", "12 4"),
)
"""Colour and dash of a network in charts; red and blue are those of errors."""


def line_of(loss: str, others: Sequence[str] = ()) -> Line:
    """Colour and dash of a network in charts: by the order of the losses, then of the others that are in view."""
    order = [*LOSSES, *(name for name in others if name not in LOSSES)]
    return LINES[order.index(loss) % len(LINES)]


def colours_of(name: str) -> dict[str, str]:
    """A palette by its name.

    Raises:
        ValueError: there is none of this name.
    """
    if name not in PALETTES:
        raise ValueError(f"palette is {name!r}; it must be one of {', '.join(PALETTES)}.")
    return PALETTES[name]


def rgb(*colours: str) -> np.ndarray:
    """Hex colours -> (n, 3) uint8 RGB."""
    return np.array([list(bytes.fromhex(colour[1:])) for colour in colours], np.uint8)


def overlay(
    study: Study, loss: str, threshold: float = 0.5, palette: str = "paper", layers: Sequence[str] = ("tp", "fp", "fn")
) -> np.ndarray:
    """Prediction with false positives and false negatives in colour, as in Figs. 2 and 3; ignored pixels are hatched.

    Args:
        study: without a mask, every predicted pixel counts as found.
        loss: which network.
        threshold: probability that a prediction must exceed.
        palette: key of `PALETTES`; with "safe" black lines, which rise over false positives and fall over false
            negatives, tell them apart without colour.
        layers: which of found ("tp"), false positive and false negative pixels are seen.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: a loss the study does not hold, or an unknown palette.
    """
    chosen = colours_of(palette)
    found = study.prediction(loss, threshold)
    real = found if study.labels is None else study.labels > 0
    colours = rgb(*(colour if name in layers else BLACK for name, colour in chosen.items()))
    kind = np.select([found & real, found, real], [0, 1, 2], 3)  # tp, fp, fn, tn
    pixels = colours[kind]
    if palette == "safe":
        row, column = np.indices(found.shape)
        line = np.where(found, column + row, column - row) % 6 == 0
        pixels[line & (found != real)] = rgb(BLACK)
    return hatched(pixels, study.labels)


def hatched(pixels: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """(H, W, 3) uint8 RGB with a neutral hatch where the labels say that a pixel is ignored."""
    if labels is None or not (labels == IGNORE).any():
        return pixels
    stripe = np.add(*np.indices(labels.shape)) % 6 < 2
    return np.where((labels == IGNORE)[..., None], rgb(*IGNORED)[stripe.astype(int)], pixels)


def label_colours(labels: np.ndarray, task: Task) -> np.ndarray:
    """(H, W) labels -> (H, W, 3) uint8 RGB: black and white, or the colours of several classes; ignored is hatched."""
    colours = task.colours if task.several else (BLACK, WHITE)
    return hatched(rgb(*colours)[np.where(labels == IGNORE, 0, labels)], labels)


def mixed(pixels: np.ndarray, image: np.ndarray, opacity: float, clear: bool = False) -> np.ndarray:
    """Pixels over an image, in 256 steps of opacity; with ``clear`` black ones let it through as soon as any do."""
    k = int(256 * opacity + 0.5)
    if k >= 256:
        return pixels
    both = (pixels.astype(np.uint16) * k + image.astype(np.uint16) * (256 - k)) >> 8
    if clear:
        both = np.where((pixels == rgb(BLACK)).all(axis=2)[..., None], image, both)
    return both.astype(np.uint8)


def magma() -> np.ndarray:
    """(256, 3) colours of maps from 0 up."""
    return np.asarray(matplotlib.colormaps["magma"](np.arange(256), bytes=True))[:, :3]


def greys() -> np.ndarray:
    """(256, 3) colours of probabilities."""
    return np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)


def diverging(low: str, high: str) -> np.ndarray:
    """(256, 3) colours from one over black, which stands for 0, to another."""
    part = (np.abs(np.arange(256) - 127.5) - 0.5) / 127
    share = np.floor(256 * part**0.8 + 0.5).astype(np.uint16)[:, None]
    own = np.where(np.arange(256)[:, None] < 128, rgb(low), rgb(high)).astype(np.uint16)
    return ((own * share + rgb(BLACK).astype(np.uint16) * (256 - share)) >> 8).astype(np.uint8)


def through(values: np.ndarray, top: float, table: np.ndarray) -> np.ndarray:
    """(H, W) values from 0 to ``top`` -> (H, W, 3) colours of a table."""
    return table[(values.astype(np.float64) * (255 / top if top > 0 else 0)).astype(np.uint8)]


def through_signed(values: np.ndarray, top: float, table: np.ndarray) -> np.ndarray:
    """(H, W) values from ``-top`` to ``top`` -> (H, W, 3) colours of a table."""
    return table[(values.astype(np.float64) * (127.5 / top if top > 0 else 0) + 127.5).astype(np.uint8)]
