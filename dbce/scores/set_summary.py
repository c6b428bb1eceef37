"""A test set image by image, as the page shows it: what every network got wrong on every image."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from dbce.scores.records import read_images
from dbce.tasks import TASKS
from dbce.train.checkpoints import manifest


def set_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The counts of the bundled networks; None where they were not measured, or a scan holds several organs.

    Returns:
        ``test_data``, ``radius`` in pixels, ``group`` (what near duplicates among the images form), ``command`` that
        measures all this; ``whose`` scores they are, and at which ``threshold``; ``names``, ``groups``, ``pixels`` and
        ``area`` of the images as of `dbce.scores.records.write_images`; ``networks``: ``loss``, ``prior``, and
        ``missed``, ``rim`` and ``far``.

    Raises:
        ValueError: the file is damaged.
    """
    found = None if TASKS[task].several else read_images(task, folder)
    if found is None:
        return None
    seeds = {loss: entry["recipe"].get("seed") for loss, entry in manifest(task, folder).items()}
    shown = [each for each in found["networks"] if seeds.get(each["loss"], -1) == each["seed"]]
    data = str(found["test_data"]).split(" (")[0]  # without what was held out of it
    counts = ("loss", "prior", "missed", "rim", "far")
    return {
        "group": "sequence",
        "whose": "one training each",
        "threshold": 0.5,
        "command": f"python -m dbce evidence {task} --data {data}",
        **{name: found[name] for name in ("test_data", "radius", "names", "groups", "pixels", "area")},
        "networks": [{name: each[name] for name in counts} for each in shown],
    }
