"""What was found: the verdict in sentences, the table that it rests on with its marks, and ours beside the paper's."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.figure import Figure

from dbce.registry import title
from dbce.study.sheet import EDGE, QUIET, SMALL, TITLE, Sheet, evenly_wrapped, wrapped
from dbce.study.tabs.charts import draw_test_curves
from dbce.study.tabs.learned import draw_learning
from dbce.study.view import Measured

_WIDTH, _NAME, _ROW = 11.0, 1.95, 0.21
_LONG = 6.0
"""Width of the names of differences."""
_SHADE = "#FBE8C8"
_FEW = 4
"""Columns of scores up to which the paper's stand beside ours; more stand below them."""

Cell = tuple[str, str]
"""A text and its mark, as of `dbce.scores.marks`."""


def draw_results(measured: Measured) -> Figure:
    """The verdict and the tables.

    Args:
        measured: what was measured of the networks.

    Raises:
        ValueError: nothing was.
    """
    if not (measured.results or measured.findings):
        raise ValueError("nothing was measured of these networks: there is no table to draw.")
    sheet, y = Sheet(_WIDTH), EDGE
    if measured.findings:
        y = _findings(sheet, y, measured.findings)
        if measured.repeats:
            y = _repeats(sheet, y, measured.repeats)
        if measured.learning:
            y = _learning(sheet, y, measured.learning)
        curves = measured.findings.get("curves")
        if curves and measured.calibration:
            y = draw_test_curves(sheet, y + 0.3, curves, measured.calibration)
    for result in measured.results:
        y = _scores(sheet, y + 0.12, result)
    return sheet.finish(y + EDGE)


def _findings(sheet: Sheet, y: float, found: Mapping[str, Any]) -> float:
    """The verdict, and its table; gives where they end."""
    y += 0.16
    sheet.text(EDGE, y, "What was found", 12, weight="bold")
    y += 0.04
    for sentence in [*(sentence["text"] for sentence in found["verdict"]), found["errors"]]:
        y = _paragraph(sheet, y + 0.06, sentence, TITLE - 0.5, bullet=True)
    names, rows = list(found["columns"]), found["rows"]
    cells = [[(row["title"], ""), *(_found(row, name) for name in names)] for row in rows]
    heads = list(found["columns"].values())
    if found.get("lead"):
        heads.insert(1, found["lead"])
        for line, row in zip(cells, rows, strict=True):
            line.insert(2, (row["ahead"], ""))
    y = _table(sheet, y + 0.34, found["heading"], heads, cells)
    return _paragraph(sheet, y + 0.06, found["note"], SMALL, color=QUIET)


def _repeats(sheet: Sheet, y: float, repeats: Mapping[str, Any]) -> float:
    """What holds when losses are trained again; gives where it ends."""

    def cell(three: Sequence[float], text: str) -> Cell:
        return text, "bold" if three[1] > 0 or three[2] < 0 else ""

    y += 0.4
    sheet.text(EDGE, y, repeats["title"], TITLE + 1, weight="bold")
    for sentence in repeats["said"]:
        y = _paragraph(sheet, y + 0.06, sentence, TITLE - 0.5, bullet=True)
    cells = [[(row["name"], ""), *map(cell, (row["shown"], row["repeated"]), row["texts"])] for row in repeats["rows"]]
    y = _table(sheet, y + 0.3, repeats["heading"], repeats["heads"], cells, _LONG)
    return _paragraph(sheet, y + 0.06, repeats["note"], SMALL, color=QUIET) + 0.1


def _learning(sheet: Sheet, y: float, learning: Mapping[str, Any]) -> float:
    """Which loss learns sooner; gives where it ends."""
    y += 0.4
    sheet.text(EDGE, y, learning["title"], TITLE + 1, weight="bold")
    for sentence in learning["said"]:
        y = _paragraph(sheet, y + 0.06, sentence, TITLE - 0.5, bullet=True)
    y = draw_learning(sheet, y + 0.28, learning)
    return _paragraph(sheet, y + 0.08, learning["note"], SMALL, color=QUIET) + 0.1


def _found(row: Mapping[str, Any], name: str) -> Cell:
    """A number of the findings, with its deviation and its mark."""
    deviation = f" \u00b1 {row['std'][name]:.1f}" if name in row["std"] else ""
    alone = " \u2020" if name in row["shown"] else ""
    return f"{row['values'][name]:.1f}{deviation}{alone}", row["marks"][name]


def _scores(sheet: Sheet, y: float, result: Mapping[str, Any]) -> float:
    """Scores of the bundled networks and of the paper's; gives where they end."""
    heads, rows = result["columns"], result["rows"]
    if len(heads) <= _FEW:
        columns = [f"{head} {where}, %" for where in ("here", "in the paper") for head in heads]
        cells = [[title(row["loss"]), *_written(row["ours"], heads), *_written(row["paper"], heads)] for row in rows]
    else:
        columns, cells = heads, []
        for row in rows:
            cells.append([title(row["loss"]), *_written(row["ours"], heads)])
            if row["paper"]:
                cells.append(["   in the paper", *_written(row["paper"], heads)])
    y = _table(sheet, y + 0.3, result["title"], columns, [[(text, "") for text in line] for line in cells])
    return _paragraph(sheet, y + 0.06, result["setting"], SMALL, color=QUIET)


def _written(scores: Sequence[float] | None, heads: Sequence[str]) -> list[str]:
    return ["" for _ in heads] if scores is None else [f"{score:.2f}" for score in scores]


def _table(
    sheet: Sheet, y: float, heading: str, heads: Sequence[str], rows: Sequence[Sequence[Cell]], first: float = _NAME
) -> float:
    """A heading, heads in several lines, and rows whose numbers stand below each other; gives where they end.

    ``first`` is the width of their names.
    """
    sheet.text(EDGE, y, heading, TITLE + 1, weight="bold")
    wide = (sheet.width - 2 * EDGE - first) / len(heads)
    right = [EDGE + first + (k + 1) * wide - 0.02 for k in range(len(heads))]  # edges of the numbers
    lines = [evenly_wrapped(head, wide - 0.12, SMALL) for head in heads]
    y += 0.08 + 0.15 * max(map(len, lines))
    for k, words in enumerate(lines):
        for n, word in enumerate(reversed(words)):
            sheet.text(right[k], y - 0.15 * n, word, SMALL, color=QUIET, ha="right")
    y += 0.07
    sheet.rule(EDGE, y, sheet.width - 2 * EDGE)
    for (name, _), *cells in rows:
        y += _ROW
        sheet.text(EDGE, y - 0.03, name, TITLE - 0.5, first, color=QUIET if name.startswith(" ") else "#17181B")
        for k, (text, mark) in enumerate(cells):
            if mark == "shaded":
                sheet.block(right[k] - wide + 0.12, y - 0.03, wide - 0.06, _SHADE)
            weight = "bold" if mark == "bold" else "normal"
            sheet.text(right[k], y - 0.03, text, TITLE - 0.5, wide - 0.1, ha="right", weight=weight)
    sheet.rule(EDGE, y + 0.06, sheet.width - 2 * EDGE)
    return y + 0.1


def _paragraph(sheet: Sheet, y: float, text: str, size: float, bullet: bool = False, **how: Any) -> float:
    """Lines of text, the first of which may have a bullet; gives where they end."""
    x = EDGE + 0.14 * bullet
    for k, line in enumerate(wrapped(text, 0.97 * (sheet.width - EDGE - x), size)):
        y += size / 72 * 1.3
        if bullet and not k:
            sheet.text(EDGE, y, "\u2022", size, **how)
        sheet.text(x, y, line, size, **how)
    return y
