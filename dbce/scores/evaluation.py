"""Scores of trained networks on a test set, averaged over its images as in the paper's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from dbce.data.datasets import Dataset, scan_of
from dbce.metrics import SCORES, scores
from dbce.registry import title
from dbce.study.predictor import foreground_logits, log_probabilities
from dbce.tasks import DEFAULT, IGNORE, TASKS, WORK_SIZE
from dbce.train.checkpoints import Checkpoint, is_drawn

HEADINGS = {"dice": "mDice", "iou": "mIoU", "precision": "mPrec.", "recall": "mRec."}
"""The paper's column headings."""


def data_name(test_data: str) -> str:
    """The folder of a test set, without what is noted beside it: ``ISIC2018 (519 held-out images)`` -> ``ISIC2018``."""
    return test_data.split(" (")[0]


def columns(task: str) -> dict[str, str]:
    """Scores of a task in the order of the paper's table, key -> heading; of several classes the Dice of each."""
    if not TASKS[task].several:
        return {name: HEADINGS[name] for name in SCORES}
    organs = {name: name.capitalize() for name in TASKS[task].classes[1:]}
    return {"dice": HEADINGS["dice"], "iou": HEADINGS["iou"], **organs}


def score_images(
    checkpoint: Checkpoint, dataset: Dataset, progress: Callable = iter, prior: str = "trained"
) -> dict[str, np.ndarray]:
    """Scores in [0, 1] of every image, (N,) for each name in `dbce.metrics.SCORES`, at threshold 0.5."""
    chunks = []
    for start in progress(range(0, len(dataset), 8)):
        part = slice(start, start + 8)
        prediction = foreground_logits(checkpoint, dataset.images[part], prior=prior) > 0
        chunks.append(scores(prediction, dataset.labels[part] == 1, dataset.labels[part] != IGNORE))
    return {name: np.concatenate([chunk[name] for chunk in chunks]) for name in SCORES}


def score_scans(
    checkpoint: Checkpoint,
    dataset: Dataset,
    progress: Callable = iter,
    num_classes: int = 9,
    prior: str = "trained",
) -> dict[str, np.ndarray]:
    """`scan_scores` of a network."""
    return scan_scores(label_maps(checkpoint, dataset, progress, prior), dataset, num_classes)


def label_maps(
    checkpoint: Checkpoint, dataset: Dataset, progress: Callable = iter, prior: str = "trained"
) -> np.ndarray:
    """(N, H, W) uint8: the most probable class of every pixel of N slices."""
    found = [
        log_probabilities(checkpoint, dataset.images[start : start + 8], prior=prior).argmax(axis=1).astype(np.uint8)
        for start in progress(range(0, len(dataset), 8))
    ]
    return np.concatenate(found)


def scan_scores(found: np.ndarray, dataset: Dataset, num_classes: int = 9) -> dict[str, np.ndarray]:
    """Dice and IoU in [0, 1] of every organ in every scan, counted over the voxels of the whole scan.

    An organ that a scan does not hold scores 1 if none of it was found there, else 0 (TransUNet's own script
    counts those cases as 0 and 1). Ignored voxels count for nothing.

    Args:
        found: (N, H, W) predicted classes, e.g. from `label_maps`.
        dataset: the slices, named as ``case0005_slice012``.
        num_classes: number of classes C, background included.

    Returns:
        ``dice`` and ``iou``, each (scans, C - 1).
    """
    cells = num_classes * num_classes
    confusion: dict[str, np.ndarray] = {}
    for name, label, guess in zip(dataset.names, dataset.labels, found, strict=True):
        valid = label != IGNORE
        counts = np.bincount(label[valid].astype(np.int64) * num_classes + guess[valid], minlength=cells)
        confusion[scan_of(name)] = confusion.get(scan_of(name), 0) + counts
    matrix = np.stack(list(confusion.values())).reshape(-1, num_classes, num_classes).astype(np.float64)
    hit = np.diagonal(matrix, axis1=1, axis2=2)[:, 1:]  # (scans, C - 1)
    real, guessed = matrix.sum(axis=2)[:, 1:], matrix.sum(axis=1)[:, 1:]
    either = real + guessed - hit
    nothing = either == 0
    dice = np.where(nothing, 1.0, 2 * hit / np.maximum(real + guessed, 1))
    return {"dice": dice, "iou": np.where(nothing, 1.0, hit / np.maximum(either, 1))}


def _organ_means(
    checkpoint: Checkpoint, dataset: Dataset, progress: Callable, task: str, prior: str
) -> dict[str, float]:
    """Scores as in the paper's Table 3: over the scans first, then over the organs."""
    scores = score_scans(checkpoint, dataset, progress, TASKS[task].num_classes, prior)
    means = {name: float(values.mean(axis=0).mean()) for name, values in scores.items()}
    classes = TASKS[task].classes[1:]
    return {**means, **dict(zip(classes, scores["dice"].mean(axis=0).tolist(), strict=True))}


def evaluate(
    checkpoints: Mapping[str, Checkpoint],
    dataset: Dataset,
    progress: Callable = iter,
    task: str = DEFAULT,
    prior: str = "trained",
) -> dict[str, dict[str, float]]:
    """Mean scores in percent over a test set, by loss (or by any other key of ``checkpoints``).

    Args:
        checkpoints: networks of the task; of two classes they are scored image by image, else scan by scan.
        dataset: images and labels at ``WORK_SIZE``, the size the paper scores at.
        progress: wraps the iteration over batches, e.g. ``tqdm``.
        task: key of `dbce.tasks.TASKS`.
        prior: one of `dbce.prior.PRIORS`; "corrected" takes class weights out of networks trained with some.

    Returns:
        By loss, the names of `columns` with their scores.
    """
    results = {}
    for key, value in checkpoints.items():
        if not TASKS[task].several:
            means = {
                name: float(scores.mean()) for name, scores in score_images(value, dataset, progress, prior).items()
            }
        else:
            means = _organ_means(value, dataset, progress, task, prior)
        results[key] = {name: 100 * score for name, score in means.items()}
    return results


def validator(dataset: Dataset, task: str, size: int) -> Callable[[Any], dict[str, float]]:
    """What `dbce.train.training.train` scores a network with while it learns.

    Args:
        dataset: images and labels at ``WORK_SIZE`` that are not trained on.
        task: key of `dbce.tasks.TASKS`.
        size: side in pixels of the images that the network is trained on.

    Returns:
        Function of a network in evaluation mode: its mean scores in percent, as of `evaluate`.
    """
    return lambda network: evaluate({"": Checkpoint(network, {"size": size})}, dataset, task=task)[""]


def score_table(results: Mapping[str, Mapping[str, float]]) -> str:
    """The results as text, laid out like Table 1, the best number of each column marked with ``*``."""
    names = list(next(iter(results.values())))
    best = {name: max(row[name] for row in results.values()) for name in names}
    width = max(len(title(key)) for key in results)
    room = max(8, *(len(name) for name in names))
    lines = [" " * width + "".join(f"{HEADINGS.get(name, name):>{room + 1}}" for name in names)]
    for key, row in results.items():
        cells = "".join(f"{row[name]:>{room}.2f}" + ("*" if row[name] == best[name] else " ") for name in names)
        lines.append(f"{title(key):<{width}}{cells}")
    return "\n".join(lines)


NOTHING = 1.0
"""Percent of Dice below which a network found next to nothing of a class."""


def lost_classes(task: str, scores: Mapping[str, float], epochs: int) -> list[str]:
    """The classes that a short run left without. Arguments as of `short_run`."""
    lost = [name for name in TASKS[task].classes[1:] if scores.get(name, 100) < NOTHING]
    return lost if epochs < TASKS[task].epochs else []


def short_run(task: str, loss: str, scores: Mapping[str, float], epochs: int, told: bool = False) -> str:
    """What belongs into the same line as any number of a network that a short run left without some classes.

    Args:
        task: key of `dbce.tasks.TASKS`.
        loss: it was trained with.
        scores: its Dice in percent, by class; what else is in it does not matter.
        epochs: it was trained for; as many as the paper's are not short.
        told: whether all of it was said before, so that the line only refers to that.

    Returns:
        A clause that begins with ``;``, or nothing.
    """
    lost = lost_classes(task, scores, epochs)
    if not lost:
        return ""
    if told:
        return f"; {title(loss)} had not converged, as said above"
    return (
        f"; {title(loss)} scores {max(scores[name] for name in lost):.2f} on {' and '.join(lost)}, because it had not "
        f"converged in these {epochs} epochs"
    )


_CHANCE = "one run a loss, so differences of a point or so may be chance and nothing is marked"


def score_markdown(manifest: Mapping[str, Mapping[str, Any]], task: str = DEFAULT, seeds: int = 1) -> str:
    """The scores of the bundled networks as a Markdown table beside the paper's, with what made them.

    Args:
        manifest: from `dbce.train.checkpoints.manifest`.
        task: key of `dbce.tasks.TASKS`.
        seeds: how many a loss the table above tells of.
    """
    first = next(iter(manifest.values()))
    recipe, heads = first["recipe"], columns(task)
    of, drawn = TASKS[task], is_drawn(recipe)
    paper, wide = of.paper, of.several  # ours and the paper's below each other, for want of width
    over = f"{of.objects} and {of.scored}" if of.several else of.scored
    count = f"{'' if of.held_out or of.is_scan else 'all '}{recipe['images']} {of.seen}"
    lines = [
        f"Trained on {count} of {recipe['data']}, tested on {first['test_data']}, percent, "
        f"the mean over {over}. {recipe['encoder']} encoder (ImageNet), {recipe['size']} × {recipe['size']} px, "
        f"{recipe['epochs']} epochs, batch {recipe['batch_size']}, seed {recipe['seed']}, R = {recipe['radius']:g} px "
        f"at {WORK_SIZE}; "
        f"{f'the networks shown here, one of the {seeds} seeds above, unmarked' if seeds > 1 else _CHANCE}. "
        f"The paper trains a ResNet34 for {of.epochs} epochs at 320 × 320"
        f"{' on patients (Synapse): its levels are not to be compared with those on drawings' if drawn else ''}"
        f"{'' if paper else '; its table is not in our copy, so its cells are empty'}.",
        "",
    ]
    theirs = {loss: dict(zip(heads, values, strict=True)) for loss, values in paper.items()}
    head = "| loss | " + " | ".join(heads.values())
    lines.append(head + (" |" if wide else " | paper: " + " | ".join(heads.values()) + " |"))
    lines.append("| --- |" + " --- |" * (len(heads) * (1 if wide else 2)))

    def cells(row: Mapping[str, float] | None) -> list[str]:
        return [""] * len(heads) if row is None else [f"{row[name]:.2f}" for name in heads]

    for loss, entry in manifest.items():
        ours = cells(entry["scores"])
        beside = [] if wide else cells(theirs.get(loss))
        lines.append(f"| {title(loss)} | " + " | ".join(ours + beside) + " |")
    if wide:
        lines += [f"| {title(loss)}, paper | " + " | ".join(cells(theirs[loss])) + " |" for loss in theirs]
    lines += [
        "",
        f"`python -m dbce evaluate {task} --data {data_name(first['test_data'])}` computes the scores again, "
        f"`python -m dbce table {task}` prints this text.",
    ]
    return "\n".join(lines)
