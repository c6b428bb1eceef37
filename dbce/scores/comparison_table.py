"""The table of a comparison: scores, calibration, their intervals, as Markdown, LaTeX and CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from dbce.metrics import SCORES
from dbce.registry import title
from dbce.scores.calibration import UNSURE
from dbce.scores.comparison import CALIBRATION, Group
from dbce.scores.evaluation import HEADINGS
from dbce.scores.resampling import Interval
from dbce.tasks import WORK_SIZE

NOTHING = "–"
"""A cell of what a set has not: calibration without probabilities, a difference to itself."""

_Cell = Interval | float | None


def _columns(groups: Sequence[Group]) -> dict[str, list[_Cell]]:
    """By head, what stands there of every set."""
    whole, *parts = groups
    sets = list(whole.means)
    columns: dict[str, list[_Cell]] = {HEADINGS[score]: [whole.cell(name, score) for name in sets] for score in SCORES}
    if whole.differences:
        columns[f"Dice less that of {title(sets[0])}"] = [whole.differences.get(name) for name in sets]
    if any(name in whole.means[one] for one in sets for name in CALIBRATION):
        columns |= {head: [whole.cell(name, key) for name in sets] for key, head in CALIBRATION.items()}
    for part in parts:
        columns[f"{HEADINGS['dice']}, {part.title} ({part.count})"] = [part.cell(name, "dice") for name in sets]
    return columns


def _text(cell: _Cell, signed: bool) -> str:
    if cell is None:
        return NOTHING
    sign = "+" if signed else ""
    if not isinstance(cell, Interval):
        return f"{cell:{sign}.2f}".replace("-", "−")
    return f"{cell.mean:{sign}.2f} [{cell.low:{sign}.2f}, {cell.high:{sign}.2f}]".replace("-", "−")


def table_of(groups: Sequence[Group]) -> tuple[list[str], list[list[str]]]:
    """The heads of a table and its rows, one a set.

    Scores over all images, from the second set on the difference to the first, calibration where there are
    probabilities, and Dice in every part; with 95 % intervals in brackets where there are enough images.
    """
    columns = _columns(groups)
    rows = []
    for k, name in enumerate(groups[0].means):
        cells = [_text(cells[k], head.startswith("Dice less")) for head, cells in columns.items()]
        rows.append([title(name), *cells])
    return ["", *columns], rows


def table_note(groups: Sequence[Group], threshold: float = 0.5) -> str:
    """What a table of these shows, in sentences."""
    whole = groups[0]
    parts = ", parts of equal number by the area of the object" if len(groups) > 1 else ""
    count = "one image" if whole.count == 1 else f"the mean over {whole.count} images"
    said = [f"Percent, {count}{parts}, at {WORK_SIZE} × {WORK_SIZE} px, p > {threshold:g}."]
    if whole.draws:
        over = f"the {whole.clusters} sequences" if whole.clusters < whole.count else "the images"
        said.append(
            f"In brackets 95 % intervals from {whole.draws} bootstrap samples of {over}, the same for all sets, so "
            "that differences are paired; of the chance of another training they say nothing."
        )
    else:
        said.append("Differences come without an interval, so small ones may be chance.")
    if any(name in row for row in whole.means.values() for name in CALIBRATION):
        said.append(
            f"ECE: expected calibration error, in points, of the pixels with a probability between {UNSURE[0]:g} and "
            f"{UNSURE[1]:g}, in ten bins; Brier: mean squared error of the probabilities of all pixels, times 100."
        )
    return " ".join(said)


def comparison_markdown(groups: Sequence[Group]) -> str:
    """The table as Markdown."""
    heads, rows = table_of(groups)
    lines = [heads, ["---"] * len(heads), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines) + f"\n\n{table_note(groups)}"


def comparison_latex(groups: Sequence[Group]) -> str:
    """The table as LaTeX, with the rules of booktabs."""
    heads, rows = table_of(groups)

    def line(cells: Sequence[str]) -> str:
        return " & ".join(_escaped(cell) for cell in cells) + r" \\"

    body = "\n".join(map(line, rows))
    return "\n".join(
        [
            f"% {_escaped(table_note(groups))}",
            rf"\begin{{tabular}}{{l{'r' * (len(heads) - 1)}}}",
            r"\toprule",
            line(heads),
            r"\midrule",
            body,
            r"\bottomrule",
            r"\end{tabular}",
        ]
    )


def _escaped(text: str) -> str:
    """For LaTeX."""
    for sign in "&%_#$":
        text = text.replace(sign, "\\" + sign)
    for sign, command in {"×": r"$\times$", " > ": " $>$ ", "−": "$-$", NOTHING: "--"}.items():
        text = text.replace(sign, command)
    return text


def comparison_table_csv(groups: Sequence[Group]) -> str:
    """The table as CSV: of every column its value, and where there are intervals their ends in two more."""
    columns = _columns(groups)
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    heads, rows = ["set"], [[title(name)] for name in groups[0].means]
    for head, cells in columns.items():
        between = any(isinstance(cell, Interval) for cell in cells)
        heads += [head, *([f"{head}, low", f"{head}, high"] if between else [])]
        for row, cell in zip(rows, cells, strict=True):
            three = cell if isinstance(cell, Interval) else (cell, None, None)
            row += ["" if value is None else f"{value:.4f}" for value in (three if between else three[:1])]
    writer.writerows([heads, *rows])
    return file.getvalue()
