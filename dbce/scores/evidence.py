"""Tables with uncertainty: several seeds a loss, the errors where the method acts, and paired bootstrap intervals.

The paper gives one number a cell. Here each cell is a mean over seeds with its standard deviation, and the
difference between dilated balanced cross entropy and another loss comes with an interval over images. Frames of one
video are near duplicates, so whole sequences are drawn there (cluster bootstrap; Efron and Tibshirani 1993).
"""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data.datasets import Dataset, scan_of
from dbce.dilation import dilate
from dbce.metrics import SCORES, scores
from dbce.registry import LOSSES, METHOD, title
from dbce.scores.evaluation import HEADINGS, data_name, label_maps, scan_scores
from dbce.study.predictor import foreground_logits
from dbce.tasks import DEFAULT, IGNORE, TASKS
from dbce.train.checkpoints import Checkpoint, home, load_checkpoint

BAND = 10
"""Half the width in pixels of the band around the boundary, at ``WORK_SIZE``."""

DRAWS = 10_000
"""Bootstrap samples."""

EXTRA = {"band_dice": f"Dice within {BAND} px of the boundary", "rim_fp": "false positives in the rim, % of the object"}
"""Quantities beside `dbce.metrics.SCORES` that the weighting should move."""


_OWN = ("loss", "seed", "torch", "device", "compiled")  # fields of a recipe in which runs of one campaign may differ


def measure_images(
    checkpoint: Checkpoint, dataset: Dataset, radius: float, progress: Callable = iter
) -> dict[str, np.ndarray]:
    """Scores in [0, 1] of every image, and the quantities of `EXTRA`.

    ``band_dice`` counts only pixels whose distance to the object and to the background is at most `BAND`;
    ``rim_fp`` is the number of false positives within ``radius`` of the object over the area of the object, and not a
    number where there is no object. Ignored pixels are neither object nor background.

    Args:
        checkpoint: a network of two classes.
        dataset: images and labels at ``WORK_SIZE``.
        radius: how far the rim reaches, in pixels.
        progress: wraps the iteration over batches.

    Returns:
        (N,) for each name.
    """
    rows: dict[str, list[np.ndarray]] = {}
    for start in progress(range(0, len(dataset), 8)):
        part = slice(start, start + 8)
        found, labels = foreground_logits(checkpoint, dataset.images[part]) > 0, dataset.labels[part]
        real, background = labels == 1, labels == 0
        values = scores(found, real, real | background)
        band = _dilated(real, BAND) & _dilated(background, BAND)
        values["band_dice"] = scores(found, real, (real | background) & band)["dice"]
        rim = (found & background & _dilated(real, radius)).sum(axis=(1, 2))
        area = real.sum(axis=(1, 2))
        values["rim_fp"] = np.where(area > 0, rim / np.maximum(area, 1), np.nan)
        for name, value in values.items():
            rows.setdefault(name, []).append(value)
    return {name: np.concatenate(parts) for name, parts in rows.items()}


def _dilated(masks: np.ndarray, radius: float) -> np.ndarray:
    """`dilate` of each of (N, H, W) masks."""
    return np.stack([dilate(mask, radius) for mask in masks])


def measure_scans(
    checkpoint: Checkpoint, dataset: Dataset, radius: float, progress: Callable = iter, num_classes: int = 9
) -> dict[str, np.ndarray]:
    """Scores in [0, 1] of every scan, the mean over its organs, and the quantities of `EXTRA`.

    As in `measure_images`, with distances within a slice and counts over all slices of a scan, organ by organ.

    Args:
        checkpoint: a network of several classes.
        dataset: slices and labels at ``WORK_SIZE``, named as ``case0005_slice012``.
        radius: how far the rim reaches, in pixels.
        progress: wraps the iteration over batches.
        num_classes: number of classes C, background included.

    Returns:
        (scans,) for each name; scans in the order of the data set.
    """
    counts: dict[str, np.ndarray] = {}  # by scan: hits, found and real pixels in the band; rim; area: (5, C)
    maps = label_maps(checkpoint, dataset, progress)
    for name, label, found in zip(dataset.names, dataset.labels, maps, strict=True):
        total = counts.setdefault(scan_of(name), np.zeros((5, num_classes)))
        valid = label != IGNORE
        for c in np.unique(label[valid & (label > 0)]):
            real, claimed = label == c, valid & (found == c)
            others = valid & ~real
            band = dilate(real, BAND) & dilate(others, BAND)
            rim = claimed & others & dilate(real, radius)
            parts = (real & claimed & band, claimed & band, real & band, rim, real)
            total[:, c] += [part.sum() for part in parts]
    hit, claimed, real, rim, area = np.stack(list(counts.values()), axis=1)[:, :, 1:]  # (scans, C - 1) each
    there = area > 0

    def mean(values: np.ndarray) -> np.ndarray:
        return np.where(there, values, 0).sum(axis=1) / np.maximum(there.sum(axis=1), 1)

    organs = scan_scores(maps, dataset, num_classes)
    return {
        **{name: values.mean(axis=1) for name, values in organs.items()},
        "band_dice": mean(2 * hit / np.maximum(claimed + real, 1)),
        "rim_fp": mean(rim / np.maximum(area, 1)),
    }


def groups(names: Sequence[str], folder: str | Path) -> list[str]:
    """What each image belongs to: the sequence of ``sequences.csv`` (frame, sequence) in the folder, else itself.

    Raises:
        ValueError: a file without the sequence of some image.
    """
    path = Path(folder) / "sequences.csv"
    if not path.is_file():
        return list(names)
    with path.open(newline="", encoding="utf-8") as file:
        known = {row["frame"]: row["sequence"] for row in csv.DictReader(file)}
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"{path} does not name the sequence of {missing[0]} and {len(missing) - 1} more; complete it.")
    return [known[name] for name in names]


def bootstrap(
    difference: np.ndarray, members: Sequence[str], draws: int = DRAWS, seed: int = 0
) -> tuple[float, float, float]:
    """Mean of a paired difference and its 95 % percentile interval, resampling whole groups.

    Args:
        difference: (N,) one number an image.
        members: the group of every image; images of a group are drawn together.
        draws: bootstrap samples.
        seed: of the resampling.

    Returns:
        Mean over images, lower and upper end.
    """
    _, group = np.unique(np.asarray(members), return_inverse=True)
    count = int(group.max()) + 1
    sums = np.bincount(group, weights=difference, minlength=count)
    sizes = np.bincount(group, minlength=count)
    drawn = np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), size=draws)  # (draws, groups)
    means = (drawn @ sums) / (drawn @ sizes)
    low, high = np.percentile(means, [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)


def collect_runs(runs: str | Path) -> dict[str, dict[int, Path]]:
    """Finished runs below a folder, by loss and seed.

    Raises:
        ValueError: none, two of one loss and seed, or runs that differ in more than loss, seed and time.
    """
    found: dict[str, dict[int, Path]] = {}
    first: dict[str, Any] | None = None
    for path in sorted(Path(runs).glob("*/*.safetensors")):
        recipe = load_checkpoint(path).recipe
        loss, seed = str(recipe["loss"]), int(recipe["seed"])
        shared = {key: value for key, value in recipe.items() if key not in _OWN}
        first = first or shared
        if shared != first:
            changed = ", ".join(key for key in shared if shared[key] != first.get(key))
            raise ValueError(f"{path} differs from the other runs in {changed}; keep runs of one recipe in a folder.")
        if seed in found.setdefault(loss, {}):
            raise ValueError(f"{path} and {found[loss][seed]} have the same loss and seed; keep one of them.")
        found[loss][seed] = path
    if not found:
        raise ValueError(f"{runs} holds no finished run (*/*.safetensors); train some with `python -m dbce campaign`.")
    return {loss: found[loss] for loss in LOSSES if loss in found}


def measure(
    task: str,
    runs: Mapping[str, Mapping[int, Path]],
    dataset: Dataset,
    members: Sequence[str],
    progress: Callable = iter,
) -> dict[str, Any]:
    """Everything the tables need, from finished runs of a task.

    Args:
        task: key of `dbce.tasks.TASKS`.
        runs: from `collect_runs`.
        dataset: the test set at ``WORK_SIZE``.
        members: from `groups`; one a scan for tasks of several classes.
        progress: wraps the iteration over runs.

    Returns:
        ``losses``: by loss ``seeds``, ``mean`` and ``std`` (sample standard deviation over seeds, None for one seed)
        of every score in percent; ``differences``: by other loss the mean Dice difference of "dbce", averaged over the
        seeds that both have, in percentage points with its interval; ``images`` (or scans) and ``groups``: how many.
    """
    radius = TASKS[task].radius
    score = measure_scans if TASKS[task].several else measure_images
    pairs = [(loss, seed, path) for loss, seeds in runs.items() for seed, path in seeds.items()]
    values: dict[str, dict[int, dict[str, np.ndarray]]] = {}
    for loss, seed, path in progress(pairs):
        values.setdefault(loss, {})[seed] = score(load_checkpoint(path), dataset, radius)
    losses = {}
    for loss, seeds in values.items():
        means = {
            name: [100 * float(np.nanmean(rows[name])) for rows in seeds.values()]
            for name in next(iter(seeds.values()))
        }
        losses[loss] = {
            "seeds": sorted(seeds),
            "mean": {name: round(float(np.mean(row)), 3) for name, row in means.items()},
            "std": {
                name: round(float(np.std(row, ddof=1)), 3) if len(row) > 1 else None for name, row in means.items()
            },
        }
    differences = {}
    for other in values:
        both = sorted(values.get(METHOD, {}).keys() & values[other].keys())
        if other == METHOD or not both:
            continue
        difference = np.mean([values[METHOD][s]["dice"] - values[other][s]["dice"] for s in both], axis=0)
        mean, low, high = (round(100 * v, 3) for v in bootstrap(difference, members))
        differences[other] = {"seeds": both, "mean": mean, "low": low, "high": high}
    return {"losses": losses, "differences": differences, "images": len(members), "groups": len(set(members))}


def evidence_file(task: str, folder: Path | None = None) -> Path:
    """Where the measurements of a task lie."""
    return (folder or home()) / task / "evidence.json"


def write_evidence(
    task: str, measured: Mapping[str, Any], recipe: Mapping[str, Any], test_data: str, folder: Path | None = None
) -> Path:
    """Record measurements where `read_evidence` finds them."""
    shared = {key: value for key, value in recipe.items() if key not in _OWN}
    path = evidence_file(task, folder)
    content = {"task": task, "test_data": test_data, "recipe": shared, **measured}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def read_evidence(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The measurements of a task, or None where there are none.

    Raises:
        ValueError: the file is damaged.
    """
    path = evidence_file(task, folder)
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        complete = {"losses", "differences", "recipe", "test_data", "images", "groups"} <= found.keys()
        complete = complete and all({"seeds", "mean", "std"} <= row.keys() for row in found["losses"].values())
    except (ValueError, AttributeError, TypeError):
        complete = False
    if not complete:
        raise ValueError(f"{path} is damaged; get it again (git checkout), or write it with `python -m dbce evidence`.")
    return found


def sentences(measured: Mapping[str, Any]) -> list[str]:
    """The differences in words, computed from the numbers."""
    said = []
    for other, row in measured["differences"].items():
        words = f"{row['mean']:+.1f} points of Dice (95 % interval {row['low']:+.1f} to {row['high']:+.1f})"
        words = words.replace("-", "\u2212")
        sure = "" if row["low"] > 0 or row["high"] < 0 else ": not to be told from chance on these images"
        said.append(f"{title(METHOD)} against {title(other)}: {words}{sure}.")
    return said


def spread(row: Mapping[str, Any], name: str) -> str:
    """A mean with its standard deviation over seeds, as text."""
    std = row["std"][name]
    return f"{row['mean'][name]:.2f}" if std is None else f"{row['mean'][name]:.2f} ± {std:.2f}"


def seeds_of(measured: Mapping[str, Any] | None) -> int:
    """Seeds a loss, the fewest of any; 1 where nothing was measured."""
    return min(len(row["seeds"]) for row in measured["losses"].values()) if measured else 1


def columns_of(measured: Mapping[str, Any]) -> dict[str, str]:
    """Columns of the table, name -> heading: every score where there are several seeds, for none was given before."""
    known = next(iter(measured["losses"].values()))["mean"]
    plain = [name for name in SCORES if name in known and (name == "dice" or seeds_of(measured) > 1)]
    return {**{name: HEADINGS[name] for name in plain}, **EXTRA}


def over_seeds(measured: Mapping[str, Any]) -> str:
    """What a cell of the table is."""
    seeds = seeds_of(measured)
    return "one seed a loss" if seeds == 1 else f"mean ± standard deviation over {seeds} seeds a loss"


def how(measured: Mapping[str, Any]) -> str:
    """One sentence on what the intervals mean."""
    what = (
        f"the {measured['groups']} video sequences, whose frames are near duplicates"
        if measured["groups"] < measured["images"]
        else f"the {measured['images']} {TASKS[measured.get('task', DEFAULT)].scored}"
    )
    alone = all(len(row["seeds"]) == 1 for row in measured["differences"].values())
    chance = " With one seed they tell nothing of the chance of training." if alone else ""
    return f"Paired intervals from {DRAWS} bootstrap samples of {what}.{chance}"


def rows(measured: Mapping[str, Any], names: Iterable[str]) -> list[list[str]]:
    """The table as text: one row a loss, in the order of the file."""
    names = list(names)
    return [[title(loss), *(spread(row, name) for name in names)] for loss, row in measured["losses"].items()]


def evidence_markdown(measured: Mapping[str, Any]) -> str:
    """The table and the sentences for the README."""
    names = columns_of(measured)
    lines = [
        f"| {over_seeds(measured)} | " + " | ".join(names.values()) + " |",
        "| --- |" + " --- |" * len(names),
        *("| " + " | ".join(row) + " |" for row in rows(measured, names)),
        "",
        *(f"- {sentence}" for sentence in sentences(measured)),
        "",
        f"{how(measured)} `python -m dbce evidence {measured['task']} --runs RUNS --data "
        f"{data_name(measured['test_data'])}` computes them.",
    ]
    return "\n".join(lines)
