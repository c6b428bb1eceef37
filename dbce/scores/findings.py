"""What the counts of several networks say: means, errors, sizes and calibration, with intervals and in pairs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import permutations
from typing import Any

import numpy as np

from dbce.registry import LOSSES, title
from dbce.scores.calibration import calibration_gap, signed_gap
from dbce.scores.resampling import DRAWS, Interval, Resampling, interval
from dbce.scores.tallies import COUNTS, Scenes, Tally
from dbce.tasks import TASKS

SCENE_SCORES = ("dice", "iou", "precision", "recall", "band_dice", "surface_dice", "rim_fp")
"""Scores of every image and class; ``rim_fp`` is the false positives in the rim over the object."""

HIGHER_IS_BETTER = ("dice", "iou", "precision", "recall", "band_dice", "surface_dice")
"""Of all that `quantities` gives; of the others less is better."""

SIZES = ("small", "middle", "large")
"""Thirds of the test set by the size of the object."""


def row_title(key: str) -> str:
    """What a row of a table is called: ``bce_corrected`` -> ``Balanced CE, prior corrected``."""
    loss = key.removesuffix("_corrected")
    return f"{title(loss)}{', prior corrected' if key != loss else ''}"


def scene_scores(scenes: Scenes, tally: Tally) -> dict[str, np.ndarray]:
    """Scores in [0, 1] of every image and class, (S, K) for each of `SCENE_SCORES`.

    Where object and prediction are both empty, a score is 1, as of `dbce.metrics.scores`. ``rim_fp`` is not a number
    where there is no object; in scans, neither are scores of the outline.
    """
    missed, *wrong = np.moveaxis(tally.counts, -1, 0).astype(np.float64)
    area, false = scenes.area.astype(np.float64), wrong[0] + wrong[1]
    hit = area - missed
    nothing = (area == 0) & (false == 0)

    def ratio(top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        return np.where(nothing, 1.0, top / np.maximum(bottom, 1))

    twice, total = np.moveaxis(tally.band, -1, 0).astype(np.float64)
    empty = np.nan if TASKS[scenes.task].several else 1.0
    return {
        "dice": ratio(2 * hit, 2 * hit + missed + false),
        "iou": ratio(hit, area + false),
        "precision": ratio(hit, hit + false),
        "recall": ratio(hit, area),
        "band_dice": np.where(total > 0, twice / np.maximum(total, 1), np.where(area > 0, 1.0, empty)),
        "surface_dice": tally.outline[..., 0],
        "rim_fp": np.where(area > 0, wrong[0] / np.maximum(area, 1), np.nan),
    }


def thirds(scenes: Scenes) -> tuple[np.ndarray, list[float]]:
    """Which third by size every object is in.

    Returns:
        (S, K) 0, 1 or 2, and -1 where there is no object; the two shares of the image that part the thirds.
    """
    share = scenes.area / np.maximum(scenes.pixels, 1)[:, None]
    bounds = np.quantile(share[scenes.area > 0], [1 / 3, 2 / 3])
    return np.where(scenes.area > 0, np.searchsorted(bounds, share), -1), bounds.tolist()


Drawn = tuple[float, np.ndarray]
"""A statistic of the test set, and of every bootstrap sample of it, (draws,)."""


class _Statistics:
    """The statistics of one row, over the seeds of its loss, under draws that all rows share."""

    def __init__(self, scenes: Scenes, tallies: Sequence[Tally], resampling: Resampling) -> None:
        self.scenes, self.tallies, self.resampling = scenes, tallies, resampling
        self.loss = tallies[0].loss
        of_seeds = [scene_scores(scenes, tally) for tally in tallies]
        self.scores = {name: np.stack([rows[name] for rows in of_seeds]) for name in SCENE_SCORES}  # (seeds, S, K)

    def ratio(self, top: np.ndarray, bottom: np.ndarray) -> Drawn:
        """Of sums over the images: (seeds, S) over (seeds, S)."""
        point = float(np.mean(top.sum(axis=1) / np.maximum(bottom.sum(axis=1), 1e-300)))
        return point, self.resampling.ratios(self.loss, top, bottom)

    def mean(self, name: str, where: np.ndarray | None = None) -> Drawn:
        """Of a score over images and classes, in percent; ``where``: (S, K) bool, which of them."""
        values = 100 * self.scores[name]
        kept = ~np.isnan(values) & (True if where is None else where)
        return self.ratio(np.where(kept, values, 0).sum(axis=2), kept.sum(axis=2).astype(float))

    def pooled(self, kind: int) -> Drawn:
        """Wrong pixels of all images over the pixels of all objects, in percent."""
        wrong = np.stack([tally.counts[..., kind].sum(axis=1) for tally in self.tallies])
        area = np.repeat(self.scenes.area.sum(axis=1)[None], len(wrong), axis=0)
        return self.ratio(100.0 * wrong, area.astype(float))

    def median(self, kind: int) -> float:
        """Of the wrong pixels of an image over its object, in percent."""
        wrong = np.stack([tally.counts[..., kind] for tally in self.tallies])
        there = self.scenes.area > 0
        return float(np.median(100 * wrong[:, there] / self.scenes.area[there]))

    def of_bins(self, function: Callable[[np.ndarray], np.ndarray]) -> Drawn:
        """A function of the bins of all images, in points."""
        point = np.mean([function(tally.bins.sum(axis=0)) for tally in self.tallies])
        drawn = np.stack([function(self.resampling.summed(tally.bins)) for tally in self.tallies])
        return 100 * float(point), 100 * self.resampling.over_seeds(self.loss, drawn)

    def brier(self) -> Drawn:
        """Mean squared error of the probabilities of all pixels, times 100."""
        errors = np.stack([100 * tally.brier for tally in self.tallies])
        return self.ratio(errors, np.repeat(self.scenes.pixels[None].astype(float), len(errors), axis=0))

    def quantities(self, third: np.ndarray) -> dict[str, Drawn]:
        """All that is given with an interval and compared in pairs."""
        return {
            **{name: self.mean(name) for name in SCENE_SCORES},
            **{f"dice_{size}": self.mean("dice", third == k) for k, size in enumerate(SIZES)},
            **{f"pooled_{kind}": self.pooled(k) for k, kind in enumerate(COUNTS)},
            "gap": self.of_bins(calibration_gap),
            "brier": self.brier(),
        }


def _rounded(found: Interval) -> list[float | None]:
    return [None if not np.isfinite(value) else round(value, 3) for value in found]


def by_row(tallies: Sequence[Tally]) -> dict[str, list[Tally]]:
    """Tallies by their row of the table, each in the order of their seeds; a loss, then its corrected twin."""
    rows: dict[str, list[Tally]] = {}
    for loss in dict.fromkeys([*LOSSES, *(tally.loss for tally in tallies)]):
        for prior in ("trained", "corrected"):
            of_row = sorted((t for t in tallies if (t.loss, t.prior) == (loss, prior)), key=lambda t: t.seed)
            if of_row:
                rows[of_row[0].key] = of_row
    return rows


def find(scenes: Scenes, tallies: Sequence[Tally], draws: int = DRAWS) -> dict[str, Any]:
    """Everything that tables, sentences and marks need, from the counts of networks.

    Args:
        scenes: of the test set.
        tallies: of any number of losses and seeds.
        draws: bootstrap samples.

    Returns:
        ``rows``: by row its ``seeds``; every quantity as [value, low, high] in percent or points; ``median`` of the
        errors; ``signed`` calibration gap; ``hd95`` in pixels (median) and ``hd95_none``, the percentage of objects
        without a distance; for several classes the Dice of each. ``pairs``: by quantity, ``"a|b"``: a minus b as
        [value, low, high]. ``thirds``: the two bounds in percent of the image, and the number of objects in each.
        ``task``; ``scenes`` and ``groups``: how many. None stands for what is not a number.
    """
    resampling = Resampling(scenes.members, draws)
    third, bounds = thirds(scenes)
    rows = {key: _Statistics(scenes, some, resampling) for key, some in by_row(tallies).items()}
    found = {key: row.quantities(third) for key, row in rows.items()}
    pairs: dict[str, dict[str, list[float | None]]] = {}
    for a, b in permutations(found, 2):
        for name in found[a]:
            (x, of_x), (y, of_y) = found[a][name], found[b][name]
            pairs.setdefault(name, {})[f"{a}|{b}"] = _rounded(interval(x - y, of_x - of_y))
    return {
        "rows": {key: {**_plain(row), **_intervals(found[key])} for key, row in rows.items()},
        "pairs": pairs,
        "thirds": {
            "bounds": [round(100 * bound, 2) for bound in bounds],
            "objects": [int((third == k).sum()) for k in range(3)],
        },
        "task": scenes.task,
        "scenes": len(scenes.names),
        "groups": resampling.count,
    }


def _intervals(found: Mapping[str, Drawn]) -> dict[str, list[float | None]]:
    return {name: _rounded(interval(*drawn)) for name, drawn in found.items()}


def _plain(row: _Statistics) -> dict[str, Any]:
    """What is given of a row without an interval."""
    distance = np.stack([tally.outline[..., 1] for tally in row.tallies])
    distance = distance[~np.isnan(distance)]
    hd95 = float(np.median(distance)) if len(distance) else np.inf
    plain: dict[str, Any] = {
        "seeds": [tally.seed for tally in row.tallies],
        "median": {kind: round(row.median(k), 2) for k, kind in enumerate(COUNTS)},
        "signed": round(row.of_bins(signed_gap)[0], 3),
        "hd95": None if np.isinf(hd95) else round(hd95, 2),
        "hd95_none": round(100 * float(np.isinf(distance).mean()), 2) if len(distance) else None,
    }
    names = TASKS[row.scenes.task].classes[1:]
    if len(names) > 1:
        means = 100 * row.scores["dice"].mean(axis=(0, 1))  # (K,)
        plain["classes"] = {name: round(float(value), 2) for name, value in zip(names, means, strict=True)}
    return plain
