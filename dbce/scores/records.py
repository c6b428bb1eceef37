"""The files a page and a reader take their evidence from: scores of every image, curves over the threshold.

``images.json`` holds counts, from which Dice, IoU, precision, recall and rim follow exactly; ``calibration.json`` holds
the curves of every network over 99 thresholds, ten bins, and paired intervals. Both are written by
``python -m dbce evidence``, lie beside the networks, and are compact: one line, whole numbers where possible.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.prior import log_prior
from dbce.scores.calibration import reliability
from dbce.scores.findings import by_row
from dbce.scores.resampling import DRAWS, Resampling
from dbce.scores.result_files import read_result, write_result
from dbce.scores.tallies import THRESHOLDS, Scenes, Tally
from dbce.tasks import TASKS
from dbce.train.checkpoints import home

_SCALE = 1000  # surface Dice is stored in thousandths, HD95 in tenths of a pixel

COMPARED = ("dbce|ce", "dbce|bce", "dbce|bce_corrected", "dbce|dice_ce", "bce|ce", "bce_corrected|ce")
"""Pairs of rows whose difference in Dice is given at every threshold."""


REPEATED = "repeats-images"
"""Name of the file of the repeated trainings' images; that of the networks shown is ``images``."""


def images_file(task: str, folder: Path | None = None, name: str = "images") -> Path:
    """Where the scores of every image of a task lie."""
    return (folder or home()) / task / f"{name}.json"


def calibration_file(task: str, folder: Path | None = None) -> Path:
    """Where the curves of a task lie."""
    return (folder or home()) / task / "calibration.json"


def write_images(
    scenes: Scenes,
    tallies: Sequence[Tally],
    test_data: str,
    radius: float,
    folder: Path | None = None,
    name: str = "images",
) -> Path:
    """Record what every network got wrong on every image.

    The file holds ``task``, ``test_data``, ``radius`` in pixels, ``classes``; ``names`` of the S images or scans,
    ``groups`` (S numbers: images of one are drawn together), ``pixels`` (S) and ``area`` (S lists of K); and
    ``networks``, each with ``loss``, ``seed``, ``prior``, and S lists of K of ``missed``, ``rim`` and ``far`` (pixels),
    ``band`` (pairs: twice the pixels found within the band, claimed plus real), ``surface`` (surface Dice in
    thousandths) and ``hd95`` (tenths of a pixel), both None where there is none. With one class the lists of K are
    plain numbers.

    Args:
        scenes: of the test set.
        tallies: of every loss and seed there is.
        test_data: name of the test set.
        radius: how far the rim reaches.
        folder: holds one folder a task; the bundled one by default.
        name: of the file: ``images`` or `REPEATED`.
    """
    single = scenes.area.shape[1] == 1

    def listed(values: np.ndarray) -> list:
        return (values[:, 0] if single else values).tolist()

    def whole(values: np.ndarray, scale: int) -> list:
        rows = [[round(scale * v) if np.isfinite(v) else None for v in row] for row in values.tolist()]
        return [row[0] for row in rows] if single else rows

    groups = {name: k for k, name in enumerate(dict.fromkeys(scenes.members))}
    networks = [
        {
            "loss": tally.loss,
            "seed": tally.seed,
            "prior": tally.prior,
            **{name: listed(tally.counts[..., k]) for k, name in enumerate(("missed", "rim", "far"))},
            "band": listed(tally.band),
            "surface": whole(tally.outline[..., 0], _SCALE),
            "hd95": whole(tally.outline[..., 1], 10),
        }
        for tallies_of_row in by_row(tallies).values()
        for tally in tallies_of_row
    ]
    content = {
        "task": scenes.task,
        "test_data": test_data,
        "radius": radius,
        "classes": list(TASKS[scenes.task].classes[1:]),
        "names": list(scenes.names),
        "groups": [groups[member] for member in scenes.members],
        "pixels": scenes.pixels.tolist(),
        "area": listed(scenes.area),
        "networks": networks,
    }
    return write_result(images_file(scenes.task, folder, name), content)


def read_images(task: str, folder: Path | None = None, name: str = "images") -> dict[str, Any] | None:
    """What `write_images` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """
    needed = {"names", "groups", "pixels", "area", "networks"}
    return read_result(images_file(task, folder, name), "evidence", lambda found: needed <= found.keys())


def read_calibration(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `write_calibration` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """
    needed = {"rows", "pairs", "thresholds"}
    return read_result(calibration_file(task, folder), "evidence", lambda found: needed <= found.keys())


def write_calibration(
    scenes: Scenes,
    tallies: Sequence[Tally],
    found: Mapping[str, Any],
    frequencies: Mapping[str, Sequence[float]],
    test_data: str,
    folder: Path | None = None,
    draws: int = DRAWS,
) -> Path:
    """Record curves over the threshold, ten bins, and gaps with their intervals.

    The file holds ``thresholds``; ``shift``: by loss what its class weights added to the foreground's logit, for
    several classes to each; ``rows``: by row its ``seeds``, ``reliability`` (``p``, ``y``, ``share`` of ten bins),
    ``gap``, ``brier`` (value, low, high) and ``signed``, and for one class ``dice``, ``precision``, ``recall`` and
    ``rim_fp`` in percent at each threshold; ``pairs``: for `COMPARED` the difference in Dice (value, low, high) at
    each; ``gaps``: for every pair that of the calibration gaps. Curves are means over seeds, bins of all together.

    Args:
        scenes: of the test set.
        tallies: of every loss and seed there is.
        found: from `dbce.scores.findings.find` of the same.
        frequencies: by loss those of `dbce.prior.training_weights`, where it has any.
        test_data: name of the test set.
        folder: holds one folder a task; the bundled one by default.
        draws: bootstrap samples.
    """
    rows = by_row(tallies)
    curves = {key: _curves(scenes, some) for key, some in rows.items() if some[0].reach is not None}
    content = {
        "task": scenes.task,
        "test_data": test_data,
        "scenes": found["scenes"],
        "groups": found["groups"],
        "thresholds": THRESHOLDS.tolist() if curves else [],
        "shift": {loss: _shift(shares) for loss, shares in frequencies.items()},
        "rows": {
            key: {
                "seeds": [tally.seed for tally in some],
                "reliability": reliability_of(some),
                **{name: found["rows"][key][name] for name in ("gap", "signed", "brier")},
                **{name: _percent(values.mean(axis=(0, 1))) for name, values in curves.get(key, {}).items()},
            }
            for key, some in rows.items()
        },
        "pairs": _threshold_pairs(scenes, rows, curves, draws),
        "gaps": found["pairs"].get("gap", {}),
    }
    return write_result(calibration_file(scenes.task, folder), content)


def _shift(frequencies: Sequence[float]) -> float | list[float | None]:
    """log(w_1 / w_0) of two classes, log(w_c) of more, None where a class weighed nothing."""
    shifts = [None if np.isinf(value) else round(-float(value), 4) for value in log_prior(frequencies)]
    first, second, *more = shifts
    return shifts if more or first is None or second is None else round(second - first, 4)


def reliability_of(tallies: Sequence[Tally]) -> dict[str, list[float | None]]:
    """`dbce.scores.calibration.reliability` of all images and trainings together, as it is stored."""
    bins = np.sum([tally.bins.sum(axis=0) for tally in tallies], axis=0)
    return {k: [None if v is None else round(v, 4) for v in row] for k, row in reliability(bins).items()}


def _percent(values: np.ndarray) -> list[float]:
    return [round(100 * float(value), 2) for value in values]


def _curves(scenes: Scenes, tallies: Sequence[Tally]) -> dict[str, np.ndarray]:
    """Scores of every seed, image and threshold, (seeds, S, 99); 1 where there is nothing to find and nothing claimed.

    Images without an object have no rim, and are left out of its mean.
    """
    area = scenes.area[:, 0, None].astype(np.float64)
    there = scenes.area[:, 0] > 0
    rows: dict[str, list[np.ndarray]] = {"dice": [], "precision": [], "recall": [], "rim_fp": []}
    for tally in tallies:
        assert tally.reach is not None
        hit, rim, far = np.moveaxis(tally.reach.astype(np.float64), 1, 0)  # (S, 99) each
        claimed = hit + rim + far
        nothing = (claimed == 0) & (area == 0)
        rows["dice"].append(np.where(nothing, 1, 2 * hit / np.maximum(claimed + area, 1)))
        rows["precision"].append(np.where(nothing, 1, hit / np.maximum(claimed, 1)))
        rows["recall"].append(np.where(nothing, 1, hit / np.maximum(area, 1)))
        rows["rim_fp"].append(rim[there] / area[there])
    return {name: np.stack(values) for name, values in rows.items()}


def _threshold_pairs(
    scenes: Scenes, rows: Mapping[str, Sequence[Tally]], curves: Mapping[str, Mapping[str, np.ndarray]], draws: int
) -> dict[str, list[list[float]]]:
    resampling, ones = Resampling(scenes.members, draws), np.ones(len(scenes.names))
    drawn = {key: resampling.ratios(rows[key][0].loss, of_row["dice"], ones) for key, of_row in curves.items()}
    pairs = {}
    for pair in COMPARED:
        a, b = pair.split("|")
        if a in drawn and b in drawn:
            middle = curves[a]["dice"].mean(axis=(0, 1)) - curves[b]["dice"].mean(axis=(0, 1))
            ends = np.percentile(drawn[a] - drawn[b], [2.5, 97.5], axis=0)
            pairs[pair] = [_percent(np.array(three)) for three in zip(middle, *ends, strict=True)]
    return pairs
