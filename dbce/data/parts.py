"""Which part of a data set an image belongs to: training, test or validation.

Only the set that a task's recipe names is split: a foreign set is scored, and trained on, whole.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from dbce.data.volumes import SCANS, TEST_SCANS
from dbce.tasks import Task

PARTS = ("all", "train", "test")


def in_part(names: Sequence[str], part: str, held_out: float) -> list[bool]:
    """Which images belong to one part of a data set that is split by the hash of their names.

    The ``round(held_out * N)`` names with the smallest SHA-256 are the test part, whatever their order; so the
    split is the same on every machine, and says nothing of what an image shows.

    Args:
        names: N file stems.
        part: "all", "train" or "test".
        held_out: share of the images kept for testing; 0 leaves every image in every part.

    Raises:
        ValueError: another part.
    """
    if part not in PARTS:
        raise ValueError(f"part is {part!r}; it must be all, train or test.")
    if part == "all" or held_out == 0:
        return [True] * len(names)
    ranked = sorted(names, key=lambda name: hashlib.sha256(name.encode()).digest())
    tested = set(ranked[: round(held_out * len(names))])
    return [(name in tested) == (part == "test") for name in names]


def of_part(names: Sequence[str], part: str, held_out: float) -> list[bool]:
    """`in_part`, but slices of scans are split by scan, as TransUNet does."""
    if part == "all" or not all("_slice" in name for name in names):
        return in_part(names, part, held_out)
    return [(scan_of(name) in TEST_SCANS) == (part == "test") for name in names]


def scan_of(name: str) -> str:
    """The scan a slice belongs to: ``case0005_slice012`` -> ``case0005``."""
    return name.split("_slice")[0]


def is_split(task: Task, origin: str, names: Sequence[str]) -> bool:
    """Whether a data set is the one of which the task's recipe keeps a part for testing.

    Args:
        task: of the recipe.
        origin: name of the folder of its images, which official sets give themselves; "" if not known.
        names: of its images, slices or scans.
    """
    if not task.is_scan:
        return bool(task.held_out) and origin == task.own_set
    known = {f"case{number:04d}" for number in SCANS}
    return {scan_of(name) for name in names} <= known
