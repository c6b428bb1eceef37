"""What every network gets wrong on every image of a test set, counted once: tables and curves are made of this.

An image, or a scan of several slices, is a *scene*; in each, every foreground class is counted by itself.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dbce.data.datasets import Dataset, scan_of
from dbce.dilation import dilate
from dbce.prior import PRIORS, correct_log_probabilities, correct_logit, training_weights
from dbce.scores.calibration import bin_sums, brier_sum
from dbce.scores.surfaces import surface_scores
from dbce.study.predictor import foreground_logits, log_probabilities
from dbce.tasks import IGNORE, TASKS
from dbce.train.checkpoints import Checkpoint

THRESHOLDS = np.arange(1, 100) / 100
"""Probabilities that a prediction must exceed."""

BAND = 10
"""Half the width in pixels of the band around the boundary, at ``WORK_SIZE``."""

_LIMITS = np.log(THRESHOLDS / (1 - THRESHOLDS))  # the same as logits
_HALF = 49  # index of the threshold one half

COUNTS = ("missed", "rim", "far")
"""Wrong pixels: of the object; outside within the radius of it; outside beyond that."""


@dataclass(frozen=True)
class Scenes:
    """What of a test set does not depend on the network.

    Attributes:
        task: key of `dbce.tasks.TASKS`.
        names: S images, or scans.
        members: S groups that are drawn together in the bootstrap, e.g. video sequences.
        area: (S, K) int64 pixels of each of the K foreground classes.
        pixels: (S,) int64 pixels that count.
    """

    task: str
    names: tuple[str, ...]
    members: tuple[str, ...]
    area: np.ndarray
    pixels: np.ndarray


@dataclass(frozen=True)
class Tally:
    """What one network got wrong, and how sure it was.

    Attributes:
        loss: it was trained with.
        seed: of its training.
        prior: one of `dbce.prior.PRIORS`.
        counts: (S, K, 3) int64 wrong pixels, in the order of `COUNTS`, at threshold 0.5 or by the most probable class.
        band: (S, K, 2) int64 within `BAND` px of the outline: twice the pixels found, and the sum of those claimed and
            those of the object.
        outline: (S, K, 2) surface Dice in [0, 1], for scans its mean over slices, and HD95 in pixels, for scans its
            median; infinite where one outline is missing. Not a number where a scan holds no such class.
        bins: (S, BINS, 3) of `dbce.scores.calibration`: of the foreground's probability, or for several classes of the
            confidence in the most probable class.
        brier: (S,) sum of squared errors of the probabilities over the pixels that count.
        reach: (S, 3, 99) int64 pixels claimed at each of `THRESHOLDS` in the object, its rim, and beyond; None for
            several classes.
    """

    loss: str
    seed: int
    prior: str
    counts: np.ndarray
    band: np.ndarray
    outline: np.ndarray
    bins: np.ndarray
    brier: np.ndarray
    reach: np.ndarray | None

    @property
    def key(self) -> str:
        """Its row in tables: the loss, and ``_corrected`` where the prior is taken out."""
        return self.loss if self.prior == "trained" else f"{self.loss}_corrected"


def scenes_of(dataset: Dataset, task: str, members: Sequence[str]) -> Scenes:
    """The scenes of a test set.

    Args:
        dataset: images and labels at ``WORK_SIZE``; slices are named ``case0005_slice012``.
        task: key of `dbce.tasks.TASKS`.
        members: the group of every scene.

    Raises:
        ValueError: another number of groups than of scenes.
    """
    classes, several = TASKS[task].num_classes, TASKS[task].several
    names = dict.fromkeys(map(scan_of, dataset.names) if several else dataset.names)
    place = {name: k for k, name in enumerate(names)}
    if len(members) != len(place):
        raise ValueError(f"members holds {len(members)} groups for {len(place)} images or scans; give one for each.")
    area = np.zeros((len(place), classes), np.int64)
    for name, label in zip(dataset.names, dataset.labels, strict=True):
        counts = np.bincount(label.ravel(), minlength=IGNORE + 1)
        area[place[scan_of(name) if several else name]] += counts[:classes]
    return Scenes(task, tuple(place), tuple(map(str, members)), area[:, 1:], area.sum(axis=1))


def tally(
    checkpoint: Checkpoint, dataset: Dataset, scenes: Scenes, radius: float, progress: Callable = iter
) -> list[Tally]:
    """Run a network over a test set once and count.

    Args:
        checkpoint: a network of the task; its recipe names loss and seed.
        dataset: the test set at ``WORK_SIZE``.
        scenes: from `scenes_of`.
        radius: how far the rim reaches, in pixels.
        progress: wraps the iteration over batches.

    Returns:
        One as trained, and where class weights shifted its logits one with the prior corrected.
    """
    frequencies = training_weights(checkpoint.recipe)
    priors = PRIORS if frequencies else PRIORS[:1]
    several = TASKS[scenes.task].several
    rows = _slice_rows if several else _image_rows
    counted = []
    for start in progress(range(0, len(dataset), 8)):
        part = slice(start, start + 8)
        given = (log_probabilities if several else foreground_logits)(checkpoint, dataset.images[part])
        counted += [rows(*pair, radius, frequencies) for pair in zip(given, dataset.labels[part], strict=True)]
    parts = list(zip(*counted, strict=True))
    loss, seed = str(checkpoint.recipe.get("loss", "")), int(checkpoint.recipe.get("seed", 0))
    gather = _by_scan if several else _stacked
    return [
        Tally(loss, seed, prior, **gather(rows, dataset, scenes)) for prior, rows in zip(priors, parts, strict=True)
    ]


@dataclass(frozen=True)
class _Row:
    """The counts of one image or slice; K foreground classes."""

    counts: np.ndarray  # (K, 3)
    band: np.ndarray  # (K, 2)
    outline: np.ndarray  # (K, 2), not a number for a class that is neither there nor claimed
    bins: np.ndarray  # (BINS, 3)
    brier: float
    reach: np.ndarray | None  # (3, 99)


def _within_band(found: np.ndarray, real: np.ndarray, background: np.ndarray) -> list[int]:
    band = dilate(real, BAND) & dilate(background, BAND)
    claimed, there = found & band, real & band
    return [2 * int((claimed & there).sum()), int(claimed.sum() + there.sum())]


def _image_rows(logit: np.ndarray, label: np.ndarray, radius: float, frequencies: Sequence[float] | None) -> list[_Row]:
    """Of an image, a row as trained and perhaps one corrected."""
    real, background = label == 1, label == 0
    zone = np.where(real, 0, np.where(dilate(real, radius), 1, 2))[real | background]
    twins = [logit] if frequencies is None else [logit, correct_logit(logit, frequencies)]
    return [_count_image(z, real, background, zone) for z in twins]


def _count_image(logit: np.ndarray, real: np.ndarray, background: np.ndarray, zone: np.ndarray) -> _Row:
    valid = real | background
    z = logit[valid]
    above = np.searchsorted(_LIMITS, z)  # how many thresholds a pixel exceeds
    histogram = np.bincount(zone * 100 + above, minlength=300).reshape(3, 100)
    reach = histogram[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]  # claimed at threshold k: those above more than k
    probability, truth = 1 / (1 + np.exp(-z.astype(np.float64))), real[valid]
    claimed = reach[:, _HALF]
    counts = np.array([[real.sum() - claimed[0], claimed[1], claimed[2]]])
    found = (logit > 0) & valid
    band, outline = np.array([_within_band(found, real, background)]), np.array([surface_scores(found, real)])
    return _Row(counts, band, outline, bin_sums(probability, truth), brier_sum(probability, truth), reach)


def _slice_rows(log_p: np.ndarray, label: np.ndarray, radius: float, frequencies: Sequence[float] | None) -> list[_Row]:
    """Of a slice, a row as trained and perhaps one corrected."""
    rims = {int(c): dilate(label == c, radius) for c in np.unique(label) if 0 < c < len(log_p)}
    twins = [log_p] if frequencies is None else [log_p, correct_log_probabilities(log_p, frequencies)]
    return [_count_slice(twin, label, rims) for twin in twins]


def _count_slice(log_p: np.ndarray, label: np.ndarray, rims: dict[int, np.ndarray]) -> _Row:
    classes, valid = len(log_p), label != IGNORE
    found = log_p.argmax(axis=0)
    counts, band = np.zeros((classes - 1, 3), np.int64), np.zeros((classes - 1, 2), np.int64)
    outline = np.full((classes - 1, 2), np.nan)
    for c in range(1, classes):
        real, claimed = label == c, valid & (found == c)
        if c not in rims and not claimed.any():
            continue
        wrong = claimed & ~real
        near = int((wrong & rims[c]).sum()) if c in rims else 0
        counts[c - 1] = [(real & ~claimed).sum(), near, wrong.sum() - near]
        if c in rims:  # elsewhere is no outline
            band[c - 1] = _within_band(claimed, real, valid & ~real)
        outline[c - 1] = surface_scores(claimed, real)
    return _Row(counts, band, outline, *of_classes(log_p[:, valid], label[valid]), None)


def of_classes(log_p: np.ndarray, truth: np.ndarray) -> tuple[np.ndarray, float]:
    """How sure a network of several classes is, as of `dbce.scores.calibration`.

    Args:
        log_p: (C, pixels) log-probabilities.
        truth: (pixels,) labels.

    Returns:
        The bins of the confidence in the most probable class, and the sum of squared errors of all probabilities.
    """
    probability = np.exp(log_p.astype(np.float64))
    confidence, right = probability.max(axis=0), log_p.argmax(axis=0) == truth
    squares = np.square(probability).sum() - 2 * probability[truth, np.arange(len(truth))].sum() + len(truth)
    return bin_sums(confidence, right), float(squares)


def _stacked(rows: Sequence[_Row], dataset: Dataset, scenes: Scenes) -> dict:
    return {
        "counts": np.stack([row.counts for row in rows]),
        "band": np.stack([row.band for row in rows]),
        "outline": np.stack([row.outline for row in rows]),
        "bins": np.stack([row.bins for row in rows]),
        "brier": np.array([row.brier for row in rows]),
        "reach": np.stack([np.zeros((3, 99), np.int64) if row.reach is None else row.reach for row in rows]),
    }


def _by_scan(rows: Sequence[_Row], dataset: Dataset, scenes: Scenes) -> dict:
    """Counts summed over the slices of a scan; of surface Dice the mean, of HD95 the median over slices with any."""
    flat = _stacked(rows, dataset, scenes)
    place = {name: k for k, name in enumerate(scenes.names)}
    scan = np.array([place[scan_of(name)] for name in dataset.names])
    sums = {}
    for name in ("counts", "band", "bins", "brier"):
        sums[name] = np.zeros((len(place), *flat[name].shape[1:]), flat[name].dtype)
        np.add.at(sums[name], scan, flat[name])
    outline = np.full((len(place), *flat["outline"].shape[1:]), np.nan)
    for s in range(len(place)):
        for k in range(outline.shape[1]):
            of_scan = flat["outline"][scan == s, k]
            there = of_scan[~np.isnan(of_scan[:, 0])]
            if scenes.area[s, k] and len(there):
                outline[s, k] = [there[:, 0].mean(), np.median(there[:, 1])]
    return {**sums, "outline": outline, "reach": None}
