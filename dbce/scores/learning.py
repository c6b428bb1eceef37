"""How far each loss had come at which epoch: what of a distance between two losses is only that one learns sooner.

Training writes a validation score into its log every few epochs (``--validate``, ``--hold-out``). `measure_learning`
puts the logs of a folder of runs beside each other, finished or not; `dbce.scores.learning_text` says what they show.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from dbce.scores.result_files import read_result, write_result
from dbce.scores.variants import in_order, row_keys
from dbce.tasks import TASKS
from dbce.train.checkpoints import home, load_checkpoint
from dbce.train.recipe import Recipe
from dbce.train.run_files import read_log, read_state

_SHARED = ("encoder", "size", "epochs", "batch_size", "lr")
"""Fields of a recipe that are kept, where all runs have the same."""

Run = tuple[Mapping[str, Any], Sequence[Mapping[str, Any]]]
"""The recipe of a run, and the lines of its log."""


def read_runs(folders: Sequence[str | Path]) -> list[Run]:
    """The runs below folders, whether they have finished or go on.

    Args:
        folders: each holds one folder a run.

    Raises:
        ValueError: none of them was validated while it trained, or one is damaged.
    """
    runs: list[Run] = []
    for log in sorted(path for folder in folders for path in Path(folder).glob("*/log.jsonl")):
        lines = read_log(log.parent)
        if not any("validation" in line for line in lines):
            continue
        runs.append((_recipe(log.parent), lines))
    if not runs:
        raise ValueError(
            f"{' '.join(map(str, folders))} holds no run that was validated while it trained; train with --validate "
            "DATA or --hold-out."
        )
    return runs


def _recipe(folder: Path) -> dict[str, Any]:
    """The recipe of a run, by the fields that a run has before its end as well."""
    if (state := read_state(folder)) is not None:
        known = state["recipe"]
    elif files := list(folder.glob("*.safetensors")):  # packed away after its end
        known = load_checkpoint(files[0]).recipe
    else:
        raise ValueError(f"{folder} holds a log, but neither a state nor a network; name folders that `train` wrote.")
    weights = known["encoder_weights"]  # a finished run has the name of the file alone
    return {
        **{field.name: known.get(field.name, field.default) for field in fields(Recipe)},
        "encoder_weights": weights and Path(weights).name,
    }


def measure_learning(runs: Sequence[Run]) -> dict[str, Any]:
    """Validation scores over the epochs, of runs that differ in loss and seed.

    Args:
        runs: from `read_runs`.

    Returns:
        ``task``; ``recipe``: what all runs share; ``rows``: by name (`dbce.scores.variants.row_keys`) ``seeds``,
        ``trained``: the epochs that all of them have, ``epochs``: those at which all were validated, E of them,
        ``dice``: the mean over the seeds in percent, E numbers, and ``classes``: by class the same, of several classes.

    Raises:
        ValueError: runs of several tasks or lengths, or two of one name and seed.
    """
    recipes = [recipe for recipe, _ in runs]
    if len(tasks := {str(recipe["task"]) for recipe in recipes}) > 1:
        raise ValueError(f"the runs are of {' and '.join(sorted(tasks))}; name folders of one task.")
    (task,) = tasks
    if len(lengths := sorted({int(recipe["epochs"]) for recipe in recipes})) > 1:
        raise ValueError(f"the runs are of {' and of '.join(map(str, lengths))} epochs; name folders of equal ones.")
    names = TASKS[task].classes[1:] if TASKS[task].several else ()
    grouped: dict[str, list[Run]] = {}
    for key, run in in_order(row_keys(recipes), runs):
        grouped.setdefault(key, []).append(run)
    rows = {}
    for key, each in grouped.items():
        found = [{line["epoch"]: line["validation"] for line in lines if "validation" in line} for _, lines in each]
        epochs = sorted(set.intersection(*map(set, found)))

        def mean(name: str, found: Sequence[Mapping[int, Any]] = found, epochs: Sequence[int] = epochs) -> list[float]:
            return [round(float(np.mean([of[epoch][name] for of in found])), 3) for epoch in epochs]

        rows[key] = {
            "seeds": [recipe["seed"] for recipe, _ in each],
            "trained": min(lines[-1]["epoch"] for _, lines in each),
            "epochs": epochs,
            "dice": mean("dice"),
            **({"classes": {name: mean(name) for name in names}} if names else {}),
        }
    shared = {key: recipes[0][key] for key in _SHARED if len({recipe[key] for recipe in recipes}) == 1}
    return {"task": task, "recipe": shared, "rows": rows}


def learning_file(task: str, folder: Path | None = None) -> Path:
    """Where the scores over the epochs lie."""
    return (folder or home()) / task / "learning.json"


def write_learning(measured: Mapping[str, Any], validated: str, folder: Path | None = None) -> Path:
    """Record what `measure_learning` gives, and on which images, in words."""
    return write_result(learning_file(measured["task"], folder), {**measured, "validated": validated})


def read_learning(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `write_learning` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """

    def complete(found: dict[str, Any]) -> bool:
        rows = found["rows"].values()
        return (
            bool(rows) and "epochs" in found["recipe"] and all(len(row["dice"]) == len(row["epochs"]) for row in rows)
        )

    return read_result(learning_file(task, folder), "learning", complete)
