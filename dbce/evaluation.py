"""Scores of trained networks on a test set, averaged over its images as in the paper's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dbce.checkpoints import Checkpoint
from dbce.data import Dataset
from dbce.metrics import SCORES, scores
from dbce.predictor import foreground_logits
from dbce.tasks import LOSS_TITLES, TASKS, WORK_SIZE

HEADINGS = {"dice": "mDice", "iou": "mIoU", "precision": "mPrec.", "recall": "mRec."}
"""The paper's column headings."""

PAPER = {
    "polyp": {
        "ce": (86.41, 79.34, 88.90, 87.59),
        "bce": (84.31, 75.99, 81.75, 91.95),
        "dice_ce": (87.06, 80.00, 88.97, 88.92),
        "dbce": (87.38, 80.29, 88.81, 89.45),
    }
}
"""The paper's Table 1: ResNet34, 320 x 320, 600 epochs; columns as in `dbce.metrics.SCORES`, percent."""


def per_image(checkpoint: Checkpoint, dataset: Dataset, progress: Callable = iter) -> dict[str, np.ndarray]:
    """Scores in [0, 1] of every image, (N,) for each name in `dbce.metrics.SCORES`, at threshold 0.5."""
    chunks = []
    for start in progress(range(0, len(dataset), 8)):
        part = slice(start, start + 8)
        prediction = foreground_logits(checkpoint, dataset.images[part]) > 0
        chunks.append(scores(prediction, dataset.labels[part] == 1))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in SCORES}


def evaluate(
    checkpoints: Mapping[str, Checkpoint], dataset: Dataset, progress: Callable = iter
) -> dict[str, dict[str, float]]:
    """Mean scores in percent over a test set, by loss (or by any other key of ``checkpoints``).

    Args:
        checkpoints: networks of two classes.
        dataset: images and labels at ``WORK_SIZE``, the size the paper scores at.
        progress: wraps the iteration over batches, e.g. ``tqdm``.
    """
    return {
        key: {name: 100 * float(values.mean()) for name, values in per_image(value, dataset, progress).items()}
        for key, value in checkpoints.items()
    }


def table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The results as text, laid out like Table 1, the best number of each column marked with ``*``."""
    best = {name: max(row[name] for row in results.values()) for name in SCORES}
    width = max(len(LOSS_TITLES.get(key, key)) for key in results)
    lines = [" " * width + "".join(f"{HEADINGS[name]:>9}" for name in SCORES)]
    for key, row in results.items():
        cells = "".join(f"{row[name]:>8.2f}" + ("*" if row[name] == best[name] else " ") for name in SCORES)
        lines.append(f"{LOSS_TITLES.get(key, key):<{width}}{cells}")
    return "\n".join(lines)


def markdown(manifest: Mapping[str, Mapping[str, Any]], task: str = "polyp") -> str:
    """The scores of the bundled networks as a Markdown table beside the paper's, with what made them.

    Args:
        manifest: from `dbce.checkpoints.manifest`.
        task: key of `dbce.tasks.TASKS`.
    """
    first = next(iter(manifest.values()))
    recipe = first["recipe"]
    best = {name: max(entry["scores"][name] for entry in manifest.values()) for name in SCORES}
    head = "| loss | " + " | ".join(HEADINGS[name] for name in SCORES)
    lines = [
        f"Trained on {'' if TASKS[task].held_out else 'all '}{recipe['images']} images of {recipe['data']}, "
        f"tested on {first['test_data']}, percent, "
        f"the mean over images. {recipe['encoder']} encoder (ImageNet), {recipe['size']} × {recipe['size']} px, "
        f"{recipe['epochs']} epochs, batch {recipe['batch_size']}, seed {recipe['seed']}, R = {recipe['radius']:g} px "
        f"at {WORK_SIZE}; one run a loss, so differences of a point or so may be chance. "
        f"The paper trains a ResNet34 for {TASKS[task].epochs} epochs at 320 × 320"
        f"{'' if task in PAPER else '; its table is not in our copy, so its cells are empty'}.",
        "",
        head + " | paper: " + " | ".join(HEADINGS[name] for name in SCORES) + " |",
        "| --- |" + " --- |" * (2 * len(SCORES)),
    ]
    for loss, entry in manifest.items():
        values = entry["scores"]
        ours = [f"**{values[n]:.2f}**" if values[n] == best[n] else f"{values[n]:.2f}" for n in SCORES]
        theirs = [f"{value:.2f}" for value in PAPER[task][loss]] if task in PAPER else [""] * len(SCORES)
        lines.append(f"| {LOSS_TITLES[loss]} | " + " | ".join(ours + theirs) + " |")
    lines += [
        "",
        f"`python -m dbce evaluate {task} --data {first['test_data'].split(' (')[0]}` computes the scores again, "
        f"`python -m dbce table {task}` prints this text.",
    ]
    return "\n".join(lines)
