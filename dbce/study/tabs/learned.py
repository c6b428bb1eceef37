"""How far each loss had come at which epoch, of a training that was followed; twin of dbce/web/tabs/learned.js."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from dbce.study.colours import line_of
from dbce.study.sheet import EDGE, INK, QUIET, SMALL, TITLE, Sheet
from dbce.study.tabs.charts import plain, styled

_GAP, _LEFT, _HIGH, _LOW = 0.5, 0.42, 2.2, 0.62
_COLUMNS = 4
"""Of small charts, one a class."""


def draw_learning(sheet: Sheet, y: float, learning: Mapping[str, Any]) -> float:
    """Dice over the epochs, mean and of every class, with the scores below; gives where it ends.

    Args:
        sheet: to draw on.
        y: where it begins.
        learning: from `dbce.scores.learning_text.learning_summary`.
    """
    rows, last, heads = learning["rows"], learning["last"], learning["heads"]
    wide = (sheet.width - 2 * EDGE - _GAP) / 2
    sheet.text(EDGE, y, f"{heads['mean']}, %", TITLE - 0.5, wide, weight="bold")
    axes = sheet.axes(EDGE + _LEFT, y + 0.14, wide - _LEFT, _HIGH)
    _lines(axes, rows, [row["points"] for row in rows], last, ".")
    axes.set_xlabel("epoch", fontsize=SMALL, color=INK, labelpad=1)
    if names := list(rows[0]["classes"]):
        left, small = EDGE + wide + _GAP, (wide - _LEFT) / _COLUMNS
        sheet.text(left, y, f"{heads['each']}, %", TITLE - 0.5, wide, weight="bold")
        for k, name in enumerate(names):
            x, top = left + _LEFT + small * (k % _COLUMNS), y + 0.32 + (_LOW + 0.5) * (k // _COLUMNS)
            sheet.text(x, top - 0.06, name, SMALL, small - 0.1)
            tiny = sheet.axes(x, top, small - 0.28, _LOW)
            _lines(tiny, rows, [row["classes"][name] for row in rows], last)
            if k % _COLUMNS:
                tiny.set_yticklabels([])
    return _numbers(sheet, y + 0.14 + _HIGH + 0.5, rows, f"Dice, %, {heads['epochs']}")


def _lines(
    axes: Axes, rows: Sequence[Mapping[str, Any]], each: Sequence[Sequence[Sequence[float]]], last: int, dot: str = ""
) -> None:
    """A line a loss, from the first epoch that was scored."""
    for row, points in zip(rows, each, strict=True):
        epochs, dice = zip(*points, strict=True) if points else ((), ())
        axes.plot(epochs, dice, marker=dot, markersize=4, linewidth=1.4, **styled(line_of(row["loss"])))
    axes.set_xlim(0, last)
    axes.set_ylim(0, 100)
    axes.set_xticks([0, last] if not dot else [0, last / 4, last / 2, 3 * last / 4, last])
    axes.set_yticks([0, 50, 100])
    plain(axes, "y")


def _numbers(sheet: Sheet, y: float, rows: Sequence[Mapping[str, Any]], head: str) -> float:
    """The scores below each other, an epoch a column; gives where they end."""
    epochs = sorted({epoch for row in rows for epoch, _ in row["points"]})
    first, step = EDGE + 2.4, min(0.6, (sheet.width - 2 * EDGE - 2.4) / max(1, len(epochs)))
    sheet.text(EDGE, y, head, SMALL, color=QUIET)
    for k, epoch in enumerate(epochs):
        sheet.text(first + step * k, y, str(epoch), SMALL, color=QUIET, ha="right")
    for row in rows:
        y += 0.19
        sheet.stroke(EDGE, y - 0.03, 0.22, *line_of(row["loss"]))
        sheet.text(EDGE + 0.3, y, row["title"], TITLE - 1, 1.7)
        for epoch, value in row["points"]:
            sheet.text(first + step * epochs.index(epoch), y, f"{value:.1f}", TITLE - 1, ha="right")
    return y
