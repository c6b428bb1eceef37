"""A sheet of paper for figures: pictures, colour bars, tables and text, placed in inches from its upper left corner."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D

from dbce.study.view import View

INK, QUIET, LINE = "#17181B", "#5C626C", "#C9CCD2"
TITLE, SMALL = 9.0, 7.5
"""Sizes of letters in points."""

EDGE, GAP, BAR = 0.14, 0.14, 0.34
"""Inches: margin of a sheet, space between pictures, and what a colour bar with its numbers takes below one."""

_NAME = 40  # letters of an image's name

LONGEST = 3
"""Longer or flatter pictures than this are shown as if they were not; as on the page."""

STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",  # text stays text
    "svg.hashsalt": "dbce",
    "pdf.fonttype": 42,
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans", "Verdana", "Arial", "Helvetica"],
}
_PEN = threading.RLock()  # matplotlib's settings are everybody's


@contextmanager
def drawing() -> Iterator[None]:
    """Within it figures are drawn and written, one after the other."""
    with _PEN, matplotlib.rc_context(STYLE):
        yield


@lru_cache(maxsize=4096)
def text_width(text: str, size: float, weight: str = "normal") -> float:
    """Inches that a text takes in the widest of our fonts."""
    return text_to_path.get_text_width_height_descent(text, FontProperties(size=size, weight=weight), False)[0] / 72


def evenly_wrapped(text: str, width: float, size: float) -> list[str]:
    """As of `wrapped`, in lines that are about equally long."""
    lines = wrapped(text, width, size)
    while width > 0.1 and len(closer := wrapped(text, width - 0.04, size)) == len(lines):
        lines, width = closer, width - 0.04
    return lines


def wrapped(text: str, width: float, size: float) -> list[str]:
    """A text in lines of this many inches."""
    lines, taken, space = [""], 0.0, text_width(" ", size)
    for word in text.split(" "):
        taken += space + text_width(word, size)
        if lines[-1] and taken > width:
            lines.append(word)
            taken = text_width(word, size)
        else:
            lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


class Sheet:
    """A figure that is as high as what was put on it.

    Args:
        width: in inches.
        view: where pictures are enlarged.
        shape: height and width of the image as it came: its square maps take this shape again.
    """

    def __init__(self, width: float, view: View | None = None, shape: tuple[int, int] | None = None) -> None:
        self.width, self.view = width, view or View()
        height, breadth = shape or (1, 1)
        self.aspect = min(LONGEST, max(1 / LONGEST, breadth / height))
        self.figure = Figure(figsize=(width, 1))
        self._down = Affine2D()
        self.inches = self._down + self.figure.dpi_scale_trans
        self._boxes: list[tuple[Axes, tuple[float, float, float, float]]] = []

    def finish(self, height: float) -> Figure:
        """The figure, of this height."""
        self.figure.set_size_inches(self.width, height)
        self._down.clear().scale(1, -1).translate(0, height)
        for axes, (x, y, wide, high) in self._boxes:
            box = (x / self.width, 1 - (y + high) / height, wide / self.width, high / height)
            axes.set_position(box)
        return self.figure

    def axes(self, x: float, y: float, width: float, height: float) -> Axes:
        """Empty axes, whose upper left corner is at (x, y)."""
        axes = self.figure.add_axes((0, 0, 1, 1))
        self._boxes.append((axes, (x, y, width, height)))
        return axes

    def text(self, x: float, y: float, text: str, size: float = SMALL, width: float | None = None, **how: Any) -> None:
        """One line on the baseline y, in smaller letters where it would be wider than ``width``."""
        weight = how.get("weight", "normal")
        if width and (needed := text_width(text, size, weight)) > 0.97 * width:  # letters are rounded to pixels
            size *= 0.97 * width / needed
        how = {"color": INK, "parse_math": False, **how}
        self.figure.text(x, y, text, fontsize=size, transform=self.inches, **how)

    def stroke(self, x: float, y: float, width: float, colour: str, dash: str) -> None:
        """A sample of a line."""
        how = {"linestyle": (0, tuple(float(part) / 2 for part in dash.split()))} if dash else {}
        line = Line2D([x, x + width], [y, y], color=colour, linewidth=1.6, transform=self.inches, **how)  # type: ignore[arg-type]
        self.figure.add_artist(line)

    def key(self, x: float, y: float, colour: str, text: str, width: float | None = None, ink: str = QUIET) -> None:
        """A colour and what it stands for."""
        how: dict[str, Any] = {"facecolor": colour, "edgecolor": "#8A919E", "linewidth": 0.5}
        self.figure.add_artist(Rectangle((x, y - 0.08), 0.09, 0.09, transform=self.inches, **how))
        self.text(x + 0.13, y, text, SMALL, width and width - 0.13, color=ink)

    def block(self, x: float, y: float, width: float, fill: str) -> None:
        """A coloured ground for a cell whose baseline is y."""
        patch = Rectangle((x, y - 0.125), width, 0.175, facecolor=fill, edgecolor="none", transform=self.inches)
        self.figure.add_artist(patch)

    def rule(self, x: float, y: float, width: float) -> None:
        """A thin line."""
        patch = Rectangle((x, y), width, 0.008, facecolor=LINE, edgecolor="none", transform=self.inches)
        self.figure.add_artist(patch)

    def picture(
        self,
        x: float,
        y: float,
        width: float,
        pixels: np.ndarray,
        title: str,
        note: str | None = None,
        strong: bool = False,
    ) -> Axes:
        """(H, W, 3) uint8 pixels of which the view's part is in sight, with a title above, and room for a quiet line
        between them where there is a note, be it an empty one."""
        axes = self.axes(x, y, width, self.high(width))
        axes.imshow(pixels, interpolation="none", aspect="auto")
        left, right, bottom, top = self.view.window(len(pixels))
        axes.set(xlim=(left, right), ylim=(bottom, top), xticks=[], yticks=[], autoscale_on=False, label=title)
        for spine in axes.spines.values():
            spine.set(color=LINE, linewidth=0.5)
        weight = "bold" if strong else "normal"
        self.text(x, y - (0.07 if note is None else 0.2), title, TITLE, width + 0.5 * GAP, weight=weight)
        if note:
            self.text(x, y - 0.065, note, SMALL, width + 0.5 * GAP, color=QUIET)
        return axes

    def high(self, width: float) -> float:
        """Height of a picture of this width."""
        return width / self.aspect

    def bar(self, x: float, y: float, width: float, table: np.ndarray, ends: Sequence[str]) -> None:
        """The colours of the map whose lower edge is y, and what the ends, and perhaps the middle, stand for."""
        axes = self.axes(x, y + 0.06, width, 0.07)
        axes.imshow(table[None], interpolation="none", aspect="auto")
        axes.set_axis_off()
        for part, text in zip(np.linspace(0, 1, len(ends)), ends, strict=True):
            ha = {0.0: "left", 1.0: "right"}.get(float(part), "center")
            self.text(x + part * width, y + 0.25, text, 7, color=QUIET, ha=ha)

    def legend(self, y: float, entries: Sequence[tuple[str, str]]) -> None:
        """Colours and what they stand for, in a line; a colour may be "hatch"."""
        x = EDGE
        for colour, text in entries:
            hatch = {"hatch": "////", "edgecolor": "#8A919E", "linewidth": 0}
            plain = {"facecolor": colour, "edgecolor": "#8A919E", "linewidth": 0.5}
            how: dict[str, Any] = {"facecolor": "#5C626E", **hatch} if colour == "hatch" else plain
            self.figure.add_artist(Rectangle((x, y - 0.09), 0.1, 0.1, transform=self.inches, **how))
            self.text(x + 0.16, y, text)
            x += 0.16 + text_width(text, SMALL) + 0.22

    def foot(self, y: float, image: str, parts: Sequence[str]) -> float:
        """The image and how it is shown, in quiet lines from y on; a zoom is part of it. Gives where they end."""
        scale = self.view.zoom[0]
        name = image if len(image) <= _NAME else f"{image[: _NAME // 2]}\u2026{image[-_NAME // 2 :]}"
        said = [name, *parts, f"zoom {100 * scale:.0f} %" if scale > 1 else ""]
        for line in wrapped(" \u00b7 ".join(part for part in said if part), 0.97 * (self.width - 2 * EDGE), SMALL):
            self.text(EDGE, y, line, SMALL, color=QUIET)
            y += 0.16
        return y - 0.16

    def outline(self, axes: Axes, inside: np.ndarray, colour: str, alpha: float = 1) -> None:
        """A line around pixels."""
        if inside.any() and not inside.all():
            axes.contour(inside, [0.5], colors=colour, linewidths=0.9, alpha=alpha)
