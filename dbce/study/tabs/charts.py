"""Charts below the networks of Figs. 2 and 3: Dice against threshold on the image, and the reliability diagram of the
test set; twins of dbce/web/parts/threshold_chart.js."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes

from dbce.prior import correct_logit
from dbce.study.colours import Line, line_of
from dbce.study.predictor import Study
from dbce.study.sheet import EDGE, INK, LINE, QUIET, SMALL, TITLE, Sheet
from dbce.study.view import View
from dbce.study.words import CAPTIONS, CURVE_HEADS, share_percent
from dbce.tasks import IGNORE

THRESHOLDS = np.arange(1, 100) / 100
"""Of the curves."""

CORRECTED = "_corrected"
"""What the key of a row of the calibration ends in whose class weights are taken out."""

_HIGH, _LEFT, _GAP, _ROW = 1.9, 0.42, 0.5, 0.2
_NARROW = 7.0  # inches of a sheet below which charts stand below each other


@dataclass(frozen=True)
class Row:
    """A row below a chart: a network, its line, and numbers."""

    name: str
    line: Line
    cells: tuple[str, ...]


def dice_curve(study: Study, loss: str) -> np.ndarray:
    """(99,) Dice in [0, 1] of an image at each of `THRESHOLDS`; 1 where nothing is to be found and nothing is.

    Args:
        study: with a mask.
        loss: which network.
    """
    labels = np.asarray(study.labels)
    valid, real = labels != IGNORE, (labels > 0) & (labels != IGNORE)
    curve = []
    for threshold in THRESHOLDS:
        found = study.prediction(loss, float(threshold)) & valid
        total = int(found.sum()) + int(real.sum())
        curve.append(2 * int((found & real).sum()) / total if total else 1.0)
    return np.array(curve)


def draw_charts(
    sheet: Sheet, y: float, study: Study, other: Study, view: View, calibration: Mapping[str, Any] | None
) -> float:
    """Both charts with their numbers, as Compare has them; gives where they end.

    Args:
        sheet: to draw on.
        y: where they begin.
        study: with a mask, the networks as they are shown.
        other: the same with the other class prior.
        view: what is in view.
        calibration: from `dbce.scores.records.read_calibration`; without it there is no diagram.
    """
    losses = view.networks(study)
    lines = {loss: line_of(loss, [name for name in study.logits]) for loss in study.logits}
    measured = [loss for loss in losses if calibration and loss in calibration["rows"]]
    charts: list[Callable[[Axes], list[Row]]] = [lambda axes: _dice(axes, study, other, view, lines)]
    titles, heads = [CAPTIONS["dice_curve"]], [CURVE_HEADS["dice"]]
    if calibration is not None and measured:
        known = calibration
        charts.append(lambda axes: _reliability(axes, known, measured, view, lines, study))
        titles.append(CAPTIONS["reliability"].format(data=known["test_data"]))
        heads.append(CURVE_HEADS["reliability"])
    whole = sheet.width - 2 * EDGE
    beside = whole >= _NARROW
    wide = (whole - _GAP) / 2 if beside else whole
    end = y
    for k, (draw, title, head) in enumerate(zip(charts, titles, heads, strict=True)):
        x, top = (EDGE + k * (wide + _GAP), y) if beside else (EDGE, end + 0.14 * (k > 0))
        sheet.text(x, top + 0.16, title, TITLE, wide, weight="bold")
        axes = sheet.axes(x + _LEFT, top + 0.3, wide - _LEFT, _HIGH)
        rows = draw(axes)
        cells = [text.format(threshold=view.threshold) for text in head[1:]]
        end = max(end if beside else 0, _rows(sheet, x, top + 0.3 + _HIGH + 0.44, wide, (head[0], *cells), rows))
    return end


def _rows(sheet: Sheet, x: float, y: float, wide: float, head: Sequence[str], rows: Sequence[Row]) -> float:
    """A table of numbers whose columns stand at the right; gives where it ends."""
    places = [x + wide - 0.95 * k for k in reversed(range(len(head) - 1))]
    y += _ROW
    sheet.text(x, y - 0.04, head[0], SMALL, places[0] - x - 0.4, color=QUIET)
    for place, text in zip(places, head[1:], strict=True):
        sheet.text(place, y - 0.04, text, SMALL, color=QUIET, ha="right")
    for row in rows:
        y += _ROW
        sheet.stroke(x, y - 0.075, 0.22, *row.line)
        sheet.text(x + 0.3, y - 0.04, row.name, TITLE - 1, places[0] - x - 0.7)
        for place, cell in zip(places, row.cells, strict=True):
            sheet.text(place, y - 0.04, cell, TITLE - 1, ha="right")
    return y


def _frame(axes: Axes, low: float, below: str) -> None:
    """Both axes in parts of 1, written in percent upwards."""
    axes.set_xlim(0, 1)
    axes.set_ylim(low, 1)
    axes.set_xticks([0, 0.25, 0.5, 0.75, 1], ["0", "0.25", "0.5", "0.75", "1"])
    levels = [low + k / 4 * (1 - low) for k in range(5)]
    axes.set_yticks(levels, [f"{round(100 * level, 1):g} %" for level in levels])
    axes.set_xlabel(below, fontsize=SMALL, color=INK, labelpad=1)
    axes.tick_params(labelsize=SMALL, color=LINE, labelcolor=QUIET, length=2)
    axes.grid(axis="y", color=LINE, linewidth=0.4)
    for side, spine in axes.spines.items():
        spine.set(color=LINE, visible=side in ("left", "bottom"))


def styled(line: Line) -> dict[str, Any]:
    """Colour and dash of a line as matplotlib has them."""
    colour, dash = line
    return {"color": colour, "linestyle": (0, tuple(float(part) / 2 for part in dash.split())) if dash else "-"}


def _dice(axes: Axes, study: Study, other: Study, view: View, lines: Mapping[str, Line]) -> list[Row]:
    losses = view.networks(study)
    curves = {loss: dice_curve(study, loss) for loss in losses}
    middle = min(float(curve[9:90].min()) for curve in curves.values())
    _frame(axes, max(0.0, min(0.9, np.floor(10 * middle) / 10)), "threshold")
    for loss in losses:
        if loss in study.frequencies:
            axes.plot(THRESHOLDS, dice_curve(other, loss), **styled(lines[loss]), linewidth=1, alpha=0.45)
            if view.prior != "corrected":
                at = 1 / (1 + np.exp(float(correct_logit(np.zeros(1), study.frequencies[loss])[0])))
                axes.axvline(at, color=lines[loss][0], linewidth=0.9, linestyle=(0, (2, 3)))
    for loss, curve in curves.items():
        axes.plot(THRESHOLDS, curve, **styled(lines[loss]), linewidth=1.6)
    axes.axvline(view.threshold, color=INK, linewidth=1)
    at = max(0, min(98, round(100 * view.threshold) - 1))
    rows = []
    for loss, curve in curves.items():
        best = int(curve.argmax())
        cells = (share_percent(curve[at]), share_percent(curve[best]), f"{THRESHOLDS[best]:.2f}")
        rows.append(Row(study.named(loss).partition(",")[0], lines[loss], cells))
    return rows


def _reliability(
    axes: Axes,
    calibration: Mapping[str, Any],
    losses: Sequence[str],
    view: View,
    lines: Mapping[str, Line],
    study: Study,
) -> list[Row]:
    _frame(axes, 0, "probability, mean of a bin")
    axes.plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle=(0, (2, 3)))
    rows = []
    for loss in losses:
        both = [key for key in (loss, loss + CORRECTED) if key in calibration["rows"]]
        counts = both[-1] if view.prior == "corrected" else both[0]
        for key in both:
            draw_bins(axes, calibration["rows"][key]["reliability"], lines[loss], faint=key != counts)
        value, low, high = calibration["rows"][counts]["gap"]
        name = study.named(loss).partition(",")[0]
        rows.append(Row(name, lines[loss], (f"{value:.1f}", f"{low:.1f} to {high:.1f}")))
    return rows


def draw_bins(axes: Axes, bins: Mapping[str, Sequence[float | None]], line: Line, faint: bool = False) -> None:
    """Truth against probability of the bins that hold something; the area of a dot is the share of the pixels."""
    three = [(p, y, share) for p, y, share in zip(bins["p"], bins["y"], bins["share"], strict=True) if p is not None]
    if not three:
        return
    p, y, share = zip(*three, strict=True)
    axes.plot(p, y, **styled(line), linewidth=1 if faint else 1.6, alpha=0.45 if faint else 1)
    if not faint:
        axes.scatter(p, y, s=[max(1.0, 90 * float(part or 0)) for part in share], color=line[0], zorder=3)
