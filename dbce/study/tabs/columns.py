"""The frame of Figs. 2 to 4: the image and its labels on the left, a column a network, a table of numbers below."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from dbce.study.sheet import EDGE, GAP, INK, QUIET, TITLE, Sheet, text_width
from dbce.study.studies import Study
from dbce.study.view import View
from dbce.study.words import grouped, share_percent

SIDE = 2.1
"""Inches: width of a picture."""

_ROW, _NUMBER = 0.2, 0.55  # height of a line; right edge of its numbers in a column


@dataclass(frozen=True)
class Line:
    """A row of the table: what it counts, a text for each network, the best of them, and whether the row is picked."""

    name: str
    cells: tuple[str, ...]
    best: str | None = None
    picked: bool = False


def share_line(name: str, shares: Sequence[float | None], picked: bool = False) -> Line:
    """Shares as percent; the largest is the best, unless it is the only one, ties or is 0.0, as on the page."""
    cells = tuple("\u2013" if share is None else share_percent(share) for share in shares)
    written = [float(share_percent(share)) for share in shares if share is not None]
    most = max(written, default=0.0)
    alone = len(written) > 1 and most > 0 and written.count(most) == 1
    return Line(name, cells, f"{most:.1f}" if alone else None, picked)


def count_line(name: str, counts: Sequence[int]) -> Line:
    """Numbers of pixels."""
    return Line(name, tuple(map(grouped, counts)))


def agreement_lines(name: str, study: Study, view: View) -> list[Line]:
    """What can be said without labels: Dice between every two predictions."""
    losses, agree = view.networks(study), study.agreement(view.threshold)
    rows = []
    for k, loss in enumerate(losses[:-1]):
        cells = ["" if j <= k else share_percent(agree[loss, other]) for j, other in enumerate(losses)]
        rows.append(Line(f"{name} {study.named(loss)}", tuple(cells)))
    return rows


class Columns:
    """A sheet with a rail on the left and a column for each network in view.

    Args:
        study: what is drawn.
        view: what is in view.
        shape: height and width of the image as it came.
        rows: names of the lines of the table, for which the rail must have room.
    """

    def __init__(self, study: Study, view: View, shape: tuple[int, int] | None, rows: Sequence[Line]) -> None:
        self.study, self.view, self.rows = study, view, rows
        self.losses = view.networks(study)
        self.rail = max([SIDE, *(text_width(row.name, TITLE - 1) + 0.1 for row in rows)])
        self.sheet = Sheet(2 * EDGE + self.rail + len(self.losses) * (SIDE + GAP), view, shape)
        self.places: Mapping[str, float] = {
            loss: EDGE + self.rail + GAP + k * (SIDE + GAP) for k, loss in enumerate(self.losses)
        }
        self.first = 0.42 if view.prior == "corrected" else 0.3
        self.second = self.first + self.sheet.high(SIDE) + 0.28

    def head(self, loss: str) -> tuple[str, str | None]:
        """Title of a network, and a remark on it, where any has one."""
        name, _, remark = self.study.named(loss).partition(", ")
        return name, remark if self.view.prior == "corrected" else None

    def table(self, y: float) -> float:
        """The lines below y; gives where they end."""
        if self.rows:
            self.sheet.rule(EDGE, y, self.sheet.width - 2 * EDGE)
        for row in self.rows:
            y += _ROW
            self.sheet.text(EDGE, y - 0.04, row.name, TITLE - 1, self.rail, color=INK if row.picked else QUIET)
            for loss, cell in zip(self.losses, row.cells, strict=True):
                strong = "bold" if cell == row.best else "normal"
                self.sheet.text(self.places[loss] + _NUMBER, y - 0.04, cell, TITLE - 1, ha="right", weight=strong)
        return y
