"""Sets of predictions on many images: one row an image, means over all, and by the size of the object."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from dbce.metrics import SCORES
from dbce.registry import title
from dbce.scores.evaluation import HEADINGS
from dbce.study.predictor import Study
from dbce.tasks import IGNORE, WORK_SIZE

THIRDS = 30
"""From as many images on they are parted into thirds by size; from `HALVES` on into halves; fewer are not parted."""

HALVES = 6


@dataclass(frozen=True)
class Row:
    """One image.

    Attributes:
        name: of the image.
        area: share of the pixels that count which is object; None without a mask.
        scores: by set, of `dbce.metrics.SCORES` in [0, 1]; empty without a mask.
        disagreement: 1 less the mean Dice between every two predictions; 0 where there is one.
        wrong: by set, pixels as of `dbce.study.predictor.Study.errors`; empty without a mask.
        held: pixels of the object, and all that count; (0, 0) without a mask.
    """

    name: str
    area: float | None
    scores: dict[str, dict[str, float]]
    disagreement: float
    wrong: dict[str, dict[str, int]] = field(default_factory=dict)
    held: tuple[int, int] = (0, 0)


def row_of(name: str, study: Study, threshold: float = 0.5, radius: float = 20) -> Row:
    """What is counted of an image, at `WORK_SIZE`; the radius says how far the rim reaches."""
    agreement = list(study.agreement(threshold).values())
    disagreement = 1 - float(np.mean(agreement)) if agreement else 0.0
    if study.labels is None:
        return Row(name, None, {}, disagreement)
    counted = study.labels != IGNORE
    held = int(((study.labels > 0) & counted).sum()), int(counted.sum())
    scores = {loss: study.scores(loss, threshold) for loss in study.logits}
    wrong = {loss: study.errors(loss, radius, threshold) for loss in study.logits}
    return Row(name, held[0] / max(1, held[1]), scores, disagreement, wrong, held)


def set_of(
    rows: Sequence[Row], members: Sequence[str], named: str, radius: float, threshold: float = 0.5
) -> dict[str, Any] | None:
    """Rows as the page shows a set, `dbce.scores.set_summary.set_summary`; None where it has nothing to show.

    That is where an image has no mask, or where there is one set or fewer than `HALVES` images.

    Args:
        rows: of two classes.
        members: what each image belongs to; images of one are drawn together.
        named: what the images are called.
        radius: of the rim.
        threshold: with which pixels were counted.
    """
    if len(rows) < HALVES or not all(len(row.wrong) > 1 for row in rows):
        return None
    numbers = {member: k for k, member in enumerate(dict.fromkeys(members))}
    losses = rows[0].wrong
    parts = ("missed", "rim", "far")
    return {
        "group": "sequence",
        "command": None,
        "whose": "the predictions as they were given",
        "threshold": threshold,
        "test_data": named,
        "radius": radius,
        "names": [row.name for row in rows],
        "groups": [numbers[member] for member in members],
        "pixels": [row.held[1] for row in rows],
        "area": [row.held[0] for row in rows],
        "networks": [
            {"loss": loss, "prior": "trained", **{part: [row.wrong[loss][part] for row in rows] for part in parts}}
            for loss in losses
        ],
    }


@dataclass(frozen=True)
class Group:
    """Images that are averaged together.

    Attributes:
        title: of the group.
        count: images in it.
        means: by set, of every score in percent.
    """

    title: str
    count: int
    means: dict[str, dict[str, float]]


def groups_of(rows: Sequence[Row]) -> list[Group]:
    """All images that have a mask, then those with small, middle and large objects; none where no image has a mask."""
    rows = sorted((row for row in rows if row.scores), key=lambda row: row.area or 0)
    if not rows:
        return []
    titles = ("small", "middle", "large") if len(rows) >= THIRDS else ("small", "large") if len(rows) >= HALVES else ()
    whole = "1 image" if len(rows) == 1 else f"all {len(rows)} images"
    parts = [part.tolist() for part in np.array_split(np.arange(len(rows)), len(titles))] if titles else []
    return [_group(whole, rows)] + [
        _group(f"{words} objects", [rows[k] for k in part]) for words, part in zip(titles, parts, strict=True)
    ]


def _group(words: str, rows: Sequence[Row]) -> Group:
    means = {
        loss: {score: 100 * float(np.mean([row.scores[loss][score] for row in rows])) for score in SCORES}
        for loss in rows[0].scores
    }
    return Group(words, len(rows), means)


def table_of(groups: Sequence[Group]) -> tuple[list[str], list[list[str]]]:
    """The heads of a table and its rows, one a set: its scores over all images, and its Dice in every part."""
    whole, *parts = groups
    heads = ["", *HEADINGS.values(), *(f"{HEADINGS['dice']}, {part.title} ({part.count})" for part in parts)]
    rows = [
        [
            title(loss),
            *(f"{whole.means[loss][score]:.2f}" for score in SCORES),
            *(f"{part.means[loss]['dice']:.2f}" for part in parts),
        ]
        for loss in whole.means
    ]
    return heads, rows


def table_note(groups: Sequence[Group], threshold: float = 0.5) -> str:
    """What a table of these shows, in one sentence."""
    parts = ", parts of equal number by the area of the object" if len(groups) > 1 else ""
    count = "one image" if groups[0].count == 1 else f"the mean over {groups[0].count} images"
    return (
        f"Percent, {count}{parts}, at {WORK_SIZE} × {WORK_SIZE} px, p > {threshold:g}; differences come without an "
        "interval, so small ones may be chance."
    )


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
    return text.replace("×", r"$\times$").replace(" > ", " $>$ ")


def comparison_csv(rows: Sequence[Row]) -> str:
    """One line an image and set; shares between 0 and 1, empty where there is no mask."""
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["image", "set", *SCORES, "object_share", "disagreement"])
    for row in rows:
        area = "" if row.area is None else f"{row.area:.6f}"
        for loss, scores in row.scores.items():
            values = [f"{scores[score]:.6f}" for score in SCORES]
            writer.writerow([row.name, title(loss), *values, area, f"{row.disagreement:.6f}"])
    return file.getvalue()
