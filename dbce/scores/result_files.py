"""How what was measured is kept: one JSON file a task and kind, checked when it is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

MEASURED = (
    "evidence",
    "radius",
    "images",
    "calibration",
    "findings",
    "shares",
    "learning",
    "repeats",
    "repeats-images",
)
"""What may lie beside the networks of a task, each as ``NAME.json``, and goes with them wherever they go."""


def write_result(path: Path, content: Mapping[str, Any]) -> Path:
    """Write a file that a browser can read, too, in one line, with its folder.

    Raises:
        ValueError: the content holds a number that is not finite.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, separators=(",", ":"), allow_nan=False) + "\n", encoding="utf-8")
    return path


def read_result(path: Path, command: str, complete: Callable[[dict[str, Any]], bool]) -> dict[str, Any] | None:
    """What such a file holds, or None where there is none.

    Args:
        path: of the file.
        command: of ``python -m dbce`` that writes it.
        complete: whether all is there; what it raises for want of a key or of a type counts as no.

    Raises:
        ValueError: the file is damaged.
    """
    if not path.is_file():
        return None
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        whole = complete(found)
    except (ValueError, KeyError, TypeError, AttributeError):
        whole = False
    if not whole:
        write = f"python -m dbce {command}"
        raise ValueError(f"{path} is damaged; get it again (git checkout), or write it with `{write}`.")
    return found
