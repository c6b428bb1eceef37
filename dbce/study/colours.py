"""The pixels of the pictures: what each colour stands for, the same as on the page (dbce/web/parts/colour.js)."""

from __future__ import annotations

import numpy as np

from dbce.study.predictor import Study
from dbce.tasks import IGNORE, Task

PALETTES = {
    "paper": {"tp": "#EDEDF0", "fp": "#E5484D", "fn": "#3B82F6", "tn": "#08080A"},
    "safe": {"tp": "#EDEDF0", "fp": "#E69F00", "fn": "#56B4E9", "tn": "#08080A"},
}
"""Colours of found, false positive, false negative and rejected pixels; "safe" for colour-blind readers."""

IGNORED = ("#5C626E", "#8A919E")
"""Colours of the hatch over ignored pixels, in every palette."""


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


def overlay(study: Study, loss: str, threshold: float = 0.5, palette: str = "paper") -> np.ndarray:
    """Prediction with false positives and false negatives in colour, as in Figs. 2 and 3; ignored pixels are hatched.

    Args:
        study: without a mask, every predicted pixel counts as found.
        loss: which network.
        threshold: probability that a prediction must exceed.
        palette: key of `PALETTES`.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        ValueError: a loss the study does not hold, or an unknown palette.
    """
    chosen = colours_of(palette)
    found = study.prediction(loss, threshold)
    real = found if study.labels is None else study.labels == 1
    colours = rgb(*chosen.values())
    kind = np.select([found & real, found, real], [0, 1, 2], 3)  # tp, fp, fn, tn
    return hatched(colours[kind], study.labels)


def hatched(pixels: np.ndarray, labels: np.ndarray | None) -> np.ndarray:
    """(H, W, 3) uint8 RGB with a neutral hatch where the labels say that a pixel is ignored."""
    if labels is None or not (labels == IGNORE).any():
        return pixels
    stripe = np.add(*np.indices(labels.shape)) % 6 < 2
    return np.where((labels == IGNORE)[..., None], rgb(*IGNORED)[stripe.astype(int)], pixels)


def label_colours(labels: np.ndarray, task: Task) -> np.ndarray:
    """(H, W) labels -> (H, W, 3) uint8 RGB: black and white, or the colours of several classes; ignored is hatched."""
    colours = task.colours if task.several else ("#000000", "#FFFFFF")
    return hatched(rgb(*colours)[np.where(labels == IGNORE, 0, labels)], labels)
