"""The files a page takes its evidence from: curves over the threshold and ten bins, if they were measured."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from dbce.train.checkpoints import FOLDER


def calibration_file(task: str, folder: Path | None = None) -> Path:
    """Where the curves of a task lie."""
    return (folder or FOLDER) / task / "calibration.json"


def _read(path: Path, needed: set[str]) -> dict[str, Any] | None:
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        complete = needed <= found.keys()
    except (ValueError, AttributeError):
        complete = False
    if not complete:
        raise ValueError(f"{path} is damaged; get it again (git checkout), or write it with `python -m dbce evidence`.")
    return found


def read_calibration(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """Curves and bins of the networks of a task on its test set, or None where there are none.

    The file holds ``test_data``, ``scenes`` (how many), ``thresholds``, ``pairs``, and ``rows``: by network, and by
    ``<loss>_corrected``, its ``reliability`` (``p``, ``y``, ``share`` of ten bins) and ``gap`` (value, low, high).

    Raises:
        ValueError: the file is damaged.
    """
    return _read(calibration_file(task, folder), {"rows", "pairs", "thresholds"})
