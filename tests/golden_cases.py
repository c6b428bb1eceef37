"""What the golden files ask about: small label maps and logits, each of them awkward in a way of its own."""

from __future__ import annotations

import dataclasses

import numpy as np

from dbce.study.studies import LabelStudy, Study
from dbce.tasks import IGNORE, MAX_RADIUS, TASKS, WORK_SIZE

RADII = (0, 1, 2, 20, 77, MAX_RADIUS)
THRESHOLDS = (0.1, 0.5, 0.83)
NETWORKS = ("ce", "dbce")
EXTREME = np.iinfo(np.int16).max
EDGES = (-EXTREME, -2250, -2249, -1, 0, 1, 1623, 1624, EXTREME)
"""Logits in steps: the extremes, and those on either side of each of `THRESHOLDS`."""

_ORGANS = TASKS["organs"]
_THREE = dataclasses.replace(_ORGANS, classes=_ORGANS.classes[:3], colours=_ORGANS.colours[:3])
_TASKS = {2: TASKS["polyp"], 3: _THREE, 9: _ORGANS}


FREQUENCIES = {2: (0.8125, 0.1875), 3: (0.7, 0.3, 0.0), 9: (0.6, *(0.05,) * 8)}
"""Of the classes in a data set, by their number; one of three does not occur there."""


def disk(size: int, y: int, x: int, radius: int) -> np.ndarray:
    rows, columns = np.ogrid[:size, :size]
    return (rows - y) ** 2 + (columns - x) ** 2 <= radius**2


def scattered(seed: int, size: int, labels: list[int], block: int = 1) -> np.ndarray:
    """(size, size) uint8 of squares of a random label each."""
    coarse = np.random.RandomState(seed).choice(labels, (-(-size // block),) * 2)  # its stream never changes
    return coarse.repeat(block, 0).repeat(block, 1)[:size, :size].astype(np.uint8)


def label_maps() -> dict[str, tuple[int, int, np.ndarray | None]]:
    """By name: number of classes, pixels a side, labels."""
    maps = {
        "1 background": (2, np.zeros((1, 1), np.uint8)),
        "1 object": (2, np.ones((1, 1), np.uint8)),
        "1 ignored": (2, np.full((1, 1), IGNORE, np.uint8)),
        "2 one pixel": (2, np.array([[0, 0], [0, 1]], np.uint8)),
        "2 half ignored": (2, np.array([[1, IGNORE], [0, IGNORE]], np.uint8)),
        "7 scattered": (2, scattered(1, 7, [0, 0, 0, 0, 1, IGNORE])),
        "7 three classes": (3, scattered(2, 7, [0, 0, 0, 1, 2, IGNORE])),
        "7 three classes, no background": (3, scattered(3, 7, [1, 2])),
        "64 no object": (2, np.zeros((64, 64), np.uint8)),
        "64 organs, some absent": (9, scattered(4, 64, [0, 0, 0, 0, 2, 4, 8, IGNORE], block=7)),
        "75 no background": (2, np.ones((75, 75), np.uint8)),
        "75 one pixel": (2, disk(75, 30, 74, 0).astype(np.uint8)),
        "76 no object, part ignored": (2, np.where(disk(76, 9, 9, 30), IGNORE, 0).astype(np.uint8)),
        "76 disk in an ignored ring": (2, np.where(disk(76, 40, 30, 12), 1, disk(76, 40, 30, 15) * IGNORE)),
    }
    large = np.where(disk(320, 60, 50, 40) | disk(320, 200, 3, 0), 1, disk(320, 319, 0, 80) * IGNORE)
    maps[f"{WORK_SIZE} disk, one pixel, part ignored"] = (2, large)
    labelled = {name: (classes, len(labels), labels.astype(np.uint8)) for name, (classes, labels) in maps.items()}
    objects = np.any([disk(48, *place) for place in ((12, 8, 6), (12, 22, 6), (25, 15, 5), (44, 44, 3))], axis=0)
    return {
        **labelled,
        "7 without labels": (2, 7, None),
        "7 three classes without labels": (3, 7, None),
        "48 four objects, near and far": (2, 48, objects.astype(np.uint8)),
    }


def _logits(seed: int, classes: int, size: int, labels: np.ndarray | None) -> dict[str, np.ndarray]:
    """Of two networks, in squares so that they deflate well; the second is right about most of them."""
    random = np.random.RandomState(seed)
    block = max(1, size // 16)
    coarse = (classes, -(-size // block), -(-size // block))
    both = {}
    for loss in NETWORKS:
        values = np.where(random.rand(*coarse) < 0.5, random.choice(EDGES, coarse), random.randint(-9000, 9000, coarse))
        values = values.repeat(block, 1).repeat(block, 2)[:, :size, :size]
        if classes > 2:
            both[loss] = -np.abs(values)
        elif loss == "ce" or labels is None:
            both[loss] = values[0]
        else:  # wrong where a second draw exceeds a limit
            both[loss] = np.abs(values[0]) * np.where((labels == 1) ^ (values[1] > 8000), 1, -1)
    return {loss: values.astype(np.int16) for loss, values in both.items()}


def studies() -> dict[str, Study]:
    made = {}
    for seed, (name, (classes, size, labels)) in enumerate(label_maps().items()):
        kind = LabelStudy if classes > 2 else Study
        image = np.zeros((size, size, 3), np.uint8)
        logits = _logits(seed, classes, size, labels)
        made[name] = kind(_TASKS[classes], image, labels, logits, {"bce": FREQUENCIES[classes]})
    return made
