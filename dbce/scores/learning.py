"""How far each loss had come at which epoch: what of a distance between two losses is only that one learns sooner.

Training writes a validation score into its log every few epochs (``--validate``, ``--hold-out``). `measure_learning`
puts the logs of a folder of runs beside each other, finished or not; what is said of them is made of these numbers.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np

from dbce.registry import METHOD, title
from dbce.scores.evaluation import NOTHING
from dbce.scores.result_files import read_result, write_result
from dbce.scores.variants import in_order, row_keys, variant_title
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
    files = list(folder.glob("*.safetensors"))
    state = None if files else read_state(folder)
    if not files and state is None:
        raise ValueError(f"{folder} holds a log, but neither a state nor a network; name folders that `train` wrote.")
    known = load_checkpoint(files[0]).recipe if state is None else state["recipe"]
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


def _listed(parts: Sequence[str]) -> str:
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def _points(value: float) -> str:
    return f"{abs(value):.1f}"


def _beside(measured: Mapping[str, Any], other: str) -> str:
    """How the distance of dilated balanced CE to another loss goes with the epochs, and what that says."""
    ours, theirs = (
        dict(zip(row["epochs"], row["dice"], strict=True)) for row in (measured["rows"][key] for key in (METHOD, other))
    )
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        return ""
    ahead = {epoch: round(ours[epoch], 1) - round(theirs[epoch], 1) for epoch in common}

    def at(epoch: int) -> str:
        side = "ahead of" if ahead[epoch] >= 0 else "behind"
        return f"{_points(ahead[epoch])} points of Dice {side} {variant_title(other)} after {epoch} epochs"

    def both(epoch: int) -> str:
        return f"{ours[epoch]:.1f} and {theirs[epoch]:.1f} %"

    first, last = common[0], common[-1]
    said = f"{title(METHOD)} is {at(first)} ({both(first)})"
    if last > first:
        side = "" if (ahead[first] >= 0) == (ahead[last] >= 0) else " ahead" if ahead[last] >= 0 else " behind"
        said += f", {_points(ahead[last])}{side} after {last} ({both(last)})"
        if abs(ahead[last]) < abs(ahead[first]) / 2:
            said += ": most of the distance is that one learns sooner"
    if ahead[first] <= 0:
        return f"{said}."
    level = f"{ours[first]:.1f} %"
    if later := [epoch for epoch in theirs if theirs[epoch] >= ours[first]]:
        return f"{said}. {variant_title(other)} needs {min(later)} epochs for those {level}."
    return f"{said}. {variant_title(other)} has not come to those {level} in {max(theirs)} epochs."


def _late(key: str, row: Mapping[str, Any]) -> str:
    """The classes of which a network finds nothing at first, and what it has of them in the end."""
    until: dict[int, list[str]] = {}
    for name, dice in row.get("classes", {}).items():
        nothing = next((k for k, value in enumerate(dice) if value >= NOTHING), len(dice))
        if nothing:
            until.setdefault(row["epochs"][nothing - 1], []).append(name)
    if not until:
        return ""
    parts = [f"of {_listed(until[epoch])} after {epoch} epochs" for epoch in sorted(until)]
    said = f"{variant_title(key)} finds nothing (below {NOTHING:g} % Dice) {', and nothing '.join(parts)}"
    last = row["epochs"][-1]
    if last in until:
        return f"{said}."
    end = _listed([f"{row['classes'][name][-1]:.1f}" for epoch in sorted(until) for name in until[epoch]])
    return f"{said}; after {last} it has {end} %."


def learning_sentences(measured: Mapping[str, Any]) -> list[str]:
    """What the scores over the epochs show, from `read_learning`: dilated balanced CE beside each other loss, then the
    classes that come late."""
    rows = measured["rows"]
    said = [_beside(measured, key) for key in rows if key != METHOD] if METHOD in rows else []
    return [sentence for sentence in [*said, *(_late(key, row) for key, row in rows.items())] if sentence]


def learning_note(measured: Mapping[str, Any]) -> str:
    """On which images, of how many trainings, and which runs go on."""
    rows, epochs = measured["rows"], measured["recipe"]["epochs"]
    seeds = min(len(row["seeds"]) for row in rows.values())
    of = measured["recipe"]
    note = f"Mean Dice on {measured['validated']}, in a training of {epochs} epochs"
    note += f" ({of['encoder']} encoder, {of['size']} × {of['size']} px)" if {"encoder", "size"} <= of.keys() else ""
    if seeds > 1:
        note += f"; the mean over {seeds} trainings each"
    else:
        note += "; one training each, and what another would change was not measured"
    on = [f"{variant_title(key)} ({row['trained']})" for key, row in rows.items() if row["trained"] < epochs]
    return note + (f". Not at its end yet, with the epochs so far: {_listed(on)}." if on else ".")


def learning_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What the page shows; None where nothing was measured.

    Returns:
        ``said``: sentences; ``note``: below them; ``command``: what puts the logs together; ``last``: the epochs of the
        training; ``rows``: of each ``key``, ``loss``, ``title``, ``points``, pairs of epoch and Dice in percent with
        the decimal that is shown, and ``classes``: by class the same.

    Raises:
        ValueError: the file is damaged.
    """
    measured = read_learning(task, folder)
    if measured is None:
        return None

    def points(row: Mapping[str, Any], dice: Sequence[float]) -> list[list[float]]:
        return [[epoch, round(value, 1)] for epoch, value in zip(row["epochs"], dice, strict=True)]

    rows = [
        {
            "key": key,
            "loss": key.partition(",")[0],
            "title": variant_title(key),
            "points": points(row, row["dice"]),
            "classes": {name: points(row, dice) for name, dice in row.get("classes", {}).items()},
        }
        for key, row in measured["rows"].items()
    ]
    return {
        "said": learning_sentences(measured),
        "note": learning_note(measured),
        "command": _command(task),
        "last": measured["recipe"]["epochs"],
        "rows": rows,
    }


def learning_markdown(task: str, folder: Path | None = None) -> str:
    """The scores over the epochs as a table, and what they show.

    Raises:
        ValueError: nothing was measured, or the file is damaged.
    """
    measured = read_learning(task, folder)
    if measured is None:
        raise ValueError(f"no run of {task!r} was followed; put logs together with `python -m dbce learning {task}`.")
    rows = measured["rows"]
    epochs = sorted({epoch for row in rows.values() for epoch in row["epochs"]})
    lines = [f"| mDice after epochs | {' | '.join(map(str, epochs))} |", "| --- |" + " --- |" * len(epochs)]
    for key, row in rows.items():
        of = dict(zip(row["epochs"], row["dice"], strict=True))
        cells = [f"{of[epoch]:.1f}" if epoch in of else "" for epoch in epochs]
        lines.append(f"| {variant_title(key)} | {' | '.join(cells)} |")
    said = [f"- {sentence}" for sentence in learning_sentences(measured)]
    made = f"`{_command(task)}` puts the logs of the runs together."
    return "\n".join([*lines, "", *said, "", f"{learning_note(measured)} {made}"])


def _command(task: str) -> str:
    return f"python -m dbce learning {task} --runs RUNS --on WHICH"
