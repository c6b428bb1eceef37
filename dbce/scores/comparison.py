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
from dbce.scores.calibration import bin_sums, brier_sum, calibration_gap
from dbce.scores.resampling import Interval, Resampling, draws_of, interval
from dbce.scores.tallies import of_classes
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study
from dbce.tasks import IGNORE

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
        wrong: by set, pixels as of `dbce.study.studies.Study.errors`; empty without a mask.
        held: pixels of the object, and all that count; (0, 0) without a mask.
        bins: by set with probabilities, (BINS, 3) of `dbce.scores.calibration.bin_sums`; empty without a mask.
        brier: by such a set, the sum over pixels of `dbce.scores.calibration.brier_sum`.
    """

    name: str
    area: float | None
    scores: dict[str, dict[str, float]]
    disagreement: float
    wrong: dict[str, dict[str, int]] = field(default_factory=dict)
    held: tuple[int, int] = (0, 0)
    bins: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    brier: dict[str, float] = field(default_factory=dict)


CALIBRATION = {"gap": "ECE", "brier": "Brier"}
"""What is said of the probabilities of a set, and its heads."""


def row_of(
    name: str, study: Study, threshold: float = 0.5, radius: float = 20, flat: frozenset[str] = frozenset()
) -> Row:
    """What is counted of an image, at `WORK_SIZE`.

    Args:
        name: of the image.
        study: what is predicted of it.
        threshold: with which pixels are counted.
        radius: how far the rim reaches.
        flat: sets that are label maps, and say nothing of how sure they are.
    """
    agreement = list(study.agreement(threshold).values())
    disagreement = 1 - float(np.mean(agreement)) if agreement else 0.0
    if study.labels is None:
        return Row(name, None, {}, disagreement)
    counted = study.labels != IGNORE
    held = int(((study.labels > 0) & counted).sum()), int(counted.sum())
    scores = {loss: study.scores(loss, threshold) for loss in study.logits}
    wrong = {loss: study.errors(loss, radius, threshold) for loss in study.logits}
    sure = {loss: _calibration(study, loss, counted) for loss in study.logits if loss not in flat}
    bins = {loss: counts for loss, (counts, _) in sure.items()}
    brier = {loss: squares for loss, (_, squares) in sure.items()}
    return Row(name, held[0] / max(1, held[1]), scores, disagreement, wrong, held, bins, brier)


def _calibration(study: Study, loss: str, counted: np.ndarray) -> tuple[np.ndarray, float]:
    """Bins and Brier sum of an image: of the object's probability, or of several classes as `dbce.scores.tallies`."""
    truth = np.asarray(study.labels)[counted]
    if isinstance(study, LabelStudy):
        return of_classes(study.logits[loss][:, counted] * np.float64(LOGIT_STEP), truth)
    probability = study.probability(loss)[counted]
    return bin_sums(probability, truth > 0), brier_sum(probability, truth > 0)


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
        means: by set, of every score, and of `CALIBRATION` where it has probabilities, in percent.
        intervals: of the same, 95 %; empty where there are fewer than `HALVES` images or sequences.
        differences: by set, of its Dice less that of the first; of all images alone.
        draws: bootstrap samples that the intervals rest on; 0 without any.
        clusters: what is drawn together: images, or sequences of them.
    """

    title: str
    count: int
    means: dict[str, dict[str, float]]
    intervals: dict[str, dict[str, Interval]] = field(default_factory=dict)
    differences: dict[str, Interval] = field(default_factory=dict)
    draws: int = 0
    clusters: int = 0

    def cell(self, name: str, score: str) -> Interval | float | None:
        """A mean, with its interval where there is one; None where the set has no such score."""
        return self.intervals.get(name, {}).get(score, self.means[name].get(score))


def groups_of(rows: Sequence[Row], members: Sequence[object] | None = None) -> list[Group]:
    """All images that have a mask, then those with small, middle and large objects; none where no image has a mask.

    Args:
        rows: of the images.
        members: what each of them belongs to; images of one are drawn together for the intervals. Each to itself if
            None.
    """
    given = list(members) if members is not None else list(range(len(rows)))
    numbers = {member: k for k, member in enumerate(dict.fromkeys(given))}
    of = {id(row): numbers[member] for row, member in zip(rows, given, strict=True)}
    rows = sorted((row for row in rows if row.scores), key=lambda row: row.area or 0)
    if not rows:
        return []
    titles = ("small", "middle", "large") if len(rows) >= THIRDS else ("small", "large") if len(rows) >= HALVES else ()
    whole = "1 image" if len(rows) == 1 else f"all {len(rows)} images"
    parts = [part.tolist() for part in np.array_split(np.arange(len(rows)), len(titles))] if titles else []
    belongs = [of[id(row)] for row in rows]
    return [_group(whole, rows, belongs, True)] + [
        _group(f"{words} objects", [rows[k] for k in part], [belongs[k] for k in part])
        for words, part in zip(titles, parts, strict=True)
    ]


def _group(words: str, rows: Sequence[Row], members: Sequence[int], paired: bool = False) -> Group:
    sets = list(rows[0].scores)
    values = {
        loss: {score: np.array([100 * row.scores[loss][score] for row in rows]) for score in SCORES} for loss in sets
    }
    sure = [loss for loss in sets if all(loss in row.bins for row in rows)]
    bins = {loss: np.stack([row.bins[loss] for row in rows]) for loss in sure}
    brier = {loss: np.array([100 * row.brier[loss] for row in rows]) for loss in sure}
    pixels = np.array([row.held[1] for row in rows], np.float64)
    means = {loss: {score: float(of.mean()) for score, of in values[loss].items()} for loss in sets}
    for loss in sure:
        means[loss] |= {
            "gap": 100 * float(calibration_gap(bins[loss].sum(axis=0))),
            "brier": float(brier[loss].sum() / max(1, pixels.sum())),
        }
    clusters = len(set(members))
    if clusters < HALVES:
        return Group(words, len(rows), means)
    resampling = Resampling(members, draws_of(clusters), as_page=True)
    ones = np.ones(len(rows))
    drawn = {
        loss: {score: resampling.ratios(loss, of[None], ones) for score, of in values[loss].items()} for loss in sets
    }
    for loss in sure:
        gaps = 100 * calibration_gap(resampling.summed(bins[loss]))
        drawn[loss] |= {"gap": gaps, "brier": resampling.ratios(loss, brier[loss][None], pixels)}
    intervals = {loss: {score: interval(means[loss][score], of) for score, of in drawn[loss].items()} for loss in sets}
    first, *others = sets if paired else sets[:1]
    differences = {
        other: interval(means[other]["dice"] - means[first]["dice"], drawn[other]["dice"] - drawn[first]["dice"])
        for other in others
    }
    return Group(words, len(rows), means, intervals, differences, resampling.size, clusters)


def comparison_csv(rows: Sequence[Row]) -> str:
    """One line an image and set; shares between 0 and 1, empty where there is no mask.

    ``brier`` is the mean squared error of the probabilities of the image, empty where a set has none.
    """
    file = io.StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(["image", "set", *SCORES, "object_share", "disagreement", "brier"])
    for row in rows:
        area = "" if row.area is None else f"{row.area:.6f}"
        for loss, scores in row.scores.items():
            values = [f"{scores[score]:.6f}" for score in SCORES]
            brier = f"{row.brier[loss] / row.held[1]:.6f}" if loss in row.brier and row.held[1] else ""
            writer.writerow([row.name, title(loss), *values, area, f"{row.disagreement:.6f}", brier])
    return file.getvalue()
