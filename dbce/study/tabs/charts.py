"""Charts below the networks of Figs. 2 and 3: Dice against threshold on the image, and the reliability diagram of the
test set; twins of dbce/web/parts/threshold_chart.js."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes

from dbce.prior import correct_logit
from dbce.study.colours import Line, line_of
from dbce.study.sheet import EDGE, INK, LINE, QUIET, SMALL, TITLE, Sheet, wrapped
from dbce.study.studies import Study
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
    lines = {loss: line_of(loss, list(study.logits)) for loss in study.logits}
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
    plain(axes, "y")


def plain(axes: Axes, grid: Literal["both", "x", "y"]) -> None:
    """Quiet numbers and lines, with axes to the left and below alone."""
    axes.tick_params(labelsize=SMALL, color=LINE, labelcolor=QUIET, length=2)
    axes.grid(axis=grid, color=LINE, linewidth=0.4)
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


def draw_test_curves(sheet: Sheet, y: float, said: Mapping[str, Any], calibration: Mapping[str, Any]) -> float:
    """The curves of a test set, each below its title; gives where they end.

    Args:
        sheet: to draw on.
        y: where they begin.
        said: from `dbce.scores.curves.curves_summary`.
        calibration: from `dbce.scores.records.read_calibration`.
    """
    rows = calibration["rows"]
    losses = [key for key in rows if not key.endswith(CORRECTED)]
    lines = {loss: line_of(loss, losses) for loss in losses}
    wide = (sheet.width - 2 * EDGE - _GAP) / 2
    first = said["dice"] or said["classes"]
    titles = [wrapped(f"{each['said']}.", wide - 0.1, TITLE) for each in (first, said["reliability"]) if each]
    top = y + 0.17 * max(map(len, titles))
    for k, words in enumerate(titles):
        for n, line in enumerate(words):
            sheet.text(EDGE + k * (wide + _GAP), y + 0.17 * n, line, TITLE - 0.5, wide, weight="bold")
    axes = [sheet.axes(EDGE + k * (wide + _GAP) + 2 * _LEFT, top, wide - 2 * _LEFT, _HIGH) for k in range(len(titles))]
    if said["dice"]:
        _test_dice(axes[0], calibration, said["prior"], lines)
    elif said["classes"]:
        _test_classes(axes[0], said["classes"], lines)
    _frame(axes[-1], 0, said["reliability"]["axis"])
    axes[-1].plot([0, 1], [0, 1], color=QUIET, linewidth=0.9, linestyle=(0, (2, 3)))
    for key, row in rows.items():
        draw_bins(axes[-1], row["reliability"], lines[key.removesuffix(CORRECTED)], faint=key.endswith(CORRECTED))
    end = top + _HIGH + 0.5
    x = EDGE
    for key, row in rows.items():
        numbers = f"{row['gap'][0]:.1f} points off the diagonal, Brier score \u00d7 100 {row['brier'][0]:.2f}"
        text = f"{said['row_titles'][key]}: {numbers}"
        sheet.stroke(x, end - 0.03, 0.22, *lines[key.removesuffix(CORRECTED)])
        sheet.text(x + 0.3, end, text, SMALL)
        end += 0.17
    return end - 0.1


def _test_dice(
    axes: Axes, calibration: Mapping[str, Any], prior: Mapping[str, float], lines: Mapping[str, Line]
) -> None:
    """Dice against threshold; dots at 0.50, a ring where the prior puts the threshold."""
    curves = {key: np.array(row["dice"]) / 100 for key, row in calibration["rows"].items()}
    middle = min(float(curve[9:90].min()) for key, curve in curves.items() if key in lines)
    _frame(axes, max(0.0, min(0.9, np.floor(10 * middle) / 10)), "threshold")
    for key, curve in curves.items():
        if key not in lines:
            line = lines[key.removesuffix(CORRECTED)]
            axes.plot(THRESHOLDS, curve, **styled(line), linewidth=1, alpha=0.45)
            continue
        axes.plot(THRESHOLDS, curve, **styled(lines[key]), linewidth=1.6)
        axes.plot([0.5], [curve[49]], "o", color=lines[key][0], markersize=4.5)
        if key in prior:
            at = prior[key]
            axes.axvline(at, color=lines[key][0], linewidth=0.9, linestyle=(0, (2, 3)))
            here = [float(np.interp(at, THRESHOLDS, curve))]
            axes.plot([at], here, "o", markerfacecolor="white", markeredgecolor=lines[key][0], markersize=5)


def _test_classes(axes: Axes, classes: Mapping[str, Any], lines: Mapping[str, Line]) -> None:
    """Dice of every class before (dot) and after (ring) a prior is taken out, beside others (lines)."""
    rows, names = classes["rows"], classes["names"]
    after = next(key for key in rows if key.endswith(CORRECTED))
    before = after.removesuffix(CORRECTED)
    places = range(len(names))
    axes.hlines(places, rows[before], rows[after], color=lines[before][0], linewidth=1, alpha=0.55)
    axes.plot(rows[before], places, "o", color=lines[before][0], markersize=4)
    axes.plot(rows[after], places, "o", markerfacecolor="white", markeredgecolor=lines[before][0], markersize=4.5)
    for key in rows:
        if key not in (before, after):
            axes.plot(rows[key], places, "|", color=lines[key][0], markersize=9, markeredgewidth=2, clip_on=False)
    axes.set_xlim(0, 100)
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.set_yticks(list(places), names)
    axes.set_xlabel("Dice, %", fontsize=SMALL, color=INK, labelpad=1)
    plain(axes, "both")
