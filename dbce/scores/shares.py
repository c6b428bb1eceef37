"""How much of a loss's weight the object holds, by its size: what "balanced" and "dilated" balance.

Two balanced cross entropies go by one name. *Balanced (data set)* weighs a class by the inverse of its frequency in the
training set, as the network was trained: a small object still holds little of the weight, a large one most of it.
*Balanced (image)* takes each image's own frequencies, which is what a radius of 0 is: the object holds half.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch

from dbce.data.datasets import Dataset
from dbce.scores.result_files import read_result, write_result
from dbce.tasks import IGNORE, TASKS, Task
from dbce.train.checkpoints import home, is_drawn
from dbce.weightings import WEIGHTINGS

POINTS = 40
"""Points of the curves over the size of the object."""


def _names(task: Task) -> dict[str, str]:
    """What the weightings are called here, by their keys."""
    return {
        "none": WEIGHTINGS["none"].title,
        "balanced_set": WEIGHTINGS["balanced_set"].name,
        "balanced": WEIGHTINGS["balanced"].name,
        "dilated": f"{WEIGHTINGS['dilated'].name}, R = {task.radius:g}",
    }


def weightings_of(task: str, class_frequencies: Sequence[float]) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Four weightings by their names, each a function of a label map.

    Args:
        task: key of `dbce.tasks.TASKS`.
        class_frequencies: of the training set.
    """
    known = TASKS[task]

    def weigh(labels: np.ndarray, key: str) -> np.ndarray:
        target = torch.from_numpy(labels.astype(np.int64))[None]
        return WEIGHTINGS[key].weights(target, known.num_classes, known.radius, IGNORE, class_frequencies)[0].numpy()

    return {name: partial(weigh, key=key) for key, name in _names(known).items()}


def foreground_weight(weight: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """What weight of an image lies on objects, and its weight in all."""
    inside = (labels > 0) & (labels != IGNORE)
    return float(weight[inside].sum(dtype=np.float64)), float(weight.sum(dtype=np.float64))


def measure_shares(
    dataset: Dataset, task: str, class_frequencies: Sequence[float], progress: Callable = iter
) -> dict[str, Any]:
    """What share of the weight the foreground holds in the images of a set, by its size.

    Args:
        dataset: at ``WORK_SIZE``; images without an object are left out.
        task: key of `dbce.tasks.TASKS`.
        class_frequencies: those of the set that was trained on.
        progress: wraps the iteration over images.

    Returns:
        ``images``: how many; ``bounds``: the two sizes that part them into thirds, in percent of the image;
        ``weightings``: by name ``thirds``, in percent the weight on objects over all weight in the images of each (the
        loss of a set is the sum over its images), and ``curve``, at `POINTS` images evenly spaced in rank of size
        [size, share], both in percent.
    """
    weightings = weightings_of(task, class_frequencies)
    rows: list[tuple[float, list[tuple[float, float]]]] = []
    for labels in progress(dataset.labels):
        inside = (labels > 0) & (labels != IGNORE)
        if inside.any():
            size = inside.sum() / np.count_nonzero(labels != IGNORE)
            rows.append((size, [foreground_weight(function(labels), labels) for function in weightings.values()]))
    rows.sort()
    sizes = 100 * np.array([size for size, _ in rows])
    parts = np.array([parts for _, parts in rows])  # (images, weightings, 2): on objects, in all
    bounds = np.quantile(sizes, [1 / 3, 2 / 3])
    third = np.searchsorted(bounds, sizes)
    picked = np.unique(np.linspace(0, len(rows) - 1, POINTS).round().astype(int))
    sums = [parts[third == k].sum(axis=0) for k in range(3)]  # of (weightings, 2)
    return {
        "images": len(rows),
        "bounds": [round(float(bound), 2) for bound in bounds],
        "weightings": {
            name: {
                "thirds": [round(float(100 * total[n, 0] / total[n, 1]), 1) for total in sums],
                "curve": [
                    [round(float(sizes[k]), 2), round(float(100 * parts[k, n, 0] / parts[k, n, 1]), 2)] for k in picked
                ],
            }
            for n, name in enumerate(weightings)
        },
    }


def shares_file(task: str, folder: Path | None = None) -> Path:
    """Where the shares of a task lie."""
    return (folder or home()) / task / "shares.json"


def write_shares(task: str, measured: Mapping[str, Any], data: str, folder: Path | None = None) -> Path:
    """Record the shares: the task, the name of the set, and what `measure_shares` gives."""
    return write_result(shares_file(task, folder), {"task": task, "data": data, **measured})


def read_shares(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `write_shares` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """
    needed = {"data", "images", "bounds", "weightings"}
    return read_result(shares_file(task, folder), "shares", lambda found: needed <= found.keys())


def shares_sentence(task: str, measured: Mapping[str, Any]) -> str:
    """What the measured weightings give to small and to large objects."""
    known, (low, high) = TASKS[task], measured["bounds"]
    names = _names(known)
    ends = {key: measured["weightings"][name]["thirds"][::2] for key, name in names.items()}
    small, large = ends.pop("balanced_set")
    others = "; ".join(f"{names[key]}: {a:.1f} and {b:.1f} %" for key, (a, b) in ends.items())
    if known.several:
        who = f"{known.objects} that together are small (up to {low:.1f} % of the {known.seen[:-1]})"
    else:
        who = f"small {known.classes[1]}s (up to {low:.1f} % of the image)"
    return (
        f"The trained balanced CE, {names['balanced_set']}, gives {who} {small:.1f} % of the weight, large ones (from "
        f"{high:.1f} %) {large:.1f} %. {others}." + (f" {_STEPS}" if known.several else "")
    )


_STEPS = (
    "The lines jump because each class in sight gets a share of its own: one organ more, and the background has less."
)


def _heading(task: str, measured: Mapping[str, Any]) -> str:
    """What the shares are of."""
    known = TASKS[task]
    holds = f"{known.objects} hold together, by their" if known.several else f"{known.classes[1]} holds, by its"
    drawn = ", drawn phantoms and not patients" if is_drawn(dict(measured)) else ""
    return f"Share of the weight that the {holds} size: {measured['images']} {known.seen} of {measured['data']}{drawn}."


def shares_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What the page shows of the shares; None where they were not measured.

    Returns:
        ``heading``: what they are of; ``axis``: what sizes are of; ``said``: `shares_sentence`; ``command``: what
        measures them; ``rows``: ``key``, ``name``, ``thirds`` and ``curve`` of each weighting.

    Raises:
        ValueError: the file is damaged.
    """
    measured = read_shares(task, folder)
    if measured is None:
        return None
    several = TASKS[task].several
    rows = [{"key": key, "name": name, **measured["weightings"][name]} for key, name in _names(TASKS[task]).items()]
    return {
        "heading": _heading(task, measured),
        "axis": "size of the organs together, % of the slice" if several else "size of the object, % of the image",
        "said": shares_sentence(task, measured),
        "command": f"python -m dbce shares {task} --data {measured['data']}",
        "rows": rows,
    }


def shares_markdown(measured: Mapping[str, Any]) -> str:
    """The shares as a Markdown table: a row a weighting, a column a third of the images by size."""
    low, high = measured["bounds"]
    task = TASKS.get(str(measured.get("task")))
    things, seen = ("organs", "slice") if task and task.several else ("object", "image")
    heads = (f"small, up to {low:g} % of the {seen}", "middle", f"large, from {high:g} %")
    return "\n".join(
        [
            f"| share of the weight on the {things}, % of {measured['images']} {seen}s | " + " | ".join(heads) + " |",
            "| --- | --- | --- | --- |",
            *(
                f"| {name} | " + " | ".join(f"{share:.1f}" for share in row["thirds"]) + " |"
                for name, row in measured["weightings"].items()
            ),
        ]
    )
