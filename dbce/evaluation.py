"""Scores of trained networks on a test set, averaged over its images as in the paper's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from dbce.checkpoints import Checkpoint
from dbce.data import Dataset
from dbce.metrics import SCORES, scores
from dbce.predictor import foreground_logits
from dbce.tasks import LOSS_TITLES

HEADINGS = {"dice": "mDice", "iou": "mIoU", "precision": "mPrec.", "recall": "mRec."}
"""The paper's column headings."""


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
