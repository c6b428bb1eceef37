"""Tables over several seeds a loss: means, standard deviations, and paired intervals that know the chance of training.

The paper gives one number a cell. Here each cell is a mean over seeds with its standard deviation, and the difference
between dilated balanced cross entropy and another loss comes with an interval over images and seeds. What was trained
once gets no interval: one training tells nothing of the next.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.metrics import SCORES
from dbce.registry import LOSSES, METHOD, title
from dbce.scores.evaluation import HEADINGS, data_name, short_run
from dbce.scores.findings import find, scene_scores
from dbce.scores.marks import MARKS_MEAN, mark_rows, marked
from dbce.scores.resampling import DRAWS, Interval, with_training_chance
from dbce.scores.result_files import read_result
from dbce.scores.tallies import BAND, Scenes, Tally
from dbce.tasks import DEFAULT, TASKS
from dbce.train.checkpoints import home, load_checkpoint

EXTRA = {"band_dice": f"Dice within {BAND} px of the boundary", "rim_fp": "false positives in the rim, % of the object"}
"""Quantities beside `dbce.metrics.SCORES` that the weighting should move."""


_OWN = ("loss", "seed", "torch", "device", "compiled")  # fields of a recipe in which runs of one campaign may differ


def groups(names: Sequence[str], folder: str | Path) -> list[str]:
    """What each image belongs to: the sequence of ``sequences.csv`` (frame, sequence) in the folder, else itself.

    Raises:
        ValueError: a file without the sequence of some image.
    """
    path = Path(folder) / "sequences.csv"
    if not path.is_file():
        return list(names)
    with path.open(newline="", encoding="utf-8") as file:
        known = {row["frame"]: row["sequence"] for row in csv.DictReader(file)}
    missing = [name for name in names if name not in known]
    if missing:
        raise ValueError(f"{path} does not name the sequence of {missing[0]} and {len(missing) - 1} more; complete it.")
    return [known[name] for name in names]


def collect_runs(runs: str | Path) -> dict[str, dict[int, Path]]:
    """Finished runs below a folder, by loss and seed.

    Raises:
        ValueError: none, two of one loss and seed, or runs that differ in more than loss, seed and time.
    """
    found: dict[str, dict[int, Path]] = {}
    first: dict[str, Any] | None = None
    for path in sorted(Path(runs).glob("*/*.safetensors")):
        recipe = load_checkpoint(path).recipe
        loss, seed = str(recipe["loss"]), int(recipe["seed"])
        shared = shared_recipe(recipe)
        first = first or shared
        if shared != first:
            changed = ", ".join(key for key in shared if shared[key] != first.get(key))
            raise ValueError(f"{path} differs from the other runs in {changed}; keep runs of one recipe in a folder.")
        if seed in found.setdefault(loss, {}):
            raise ValueError(f"{path} and {found[loss][seed]} have the same loss and seed; keep one of them.")
        found[loss][seed] = path
    if not found:
        raise ValueError(f"{runs} holds no finished run (*/*.safetensors); train some with `python -m dbce campaign`.")
    return {loss: found[loss] for loss in LOSSES if loss in found}


def measure(scenes: Scenes, tallies: Sequence[Tally], draws: int = DRAWS) -> dict[str, Any]:
    """Everything the tables need, from the counts of all runs of a task as they were trained.

    Args:
        scenes: of the test set.
        tallies: of every loss and seed, from `dbce.scores.tallies.tally`.
        draws: bootstrap samples.

    Returns:
        ``losses``: by loss ``seeds``, ``mean`` and ``std`` (sample standard deviation over seeds, None for one seed)
        of every score in percent; ``differences``: by other loss the mean Dice difference of "dbce" in percentage
        points, the ``seeds`` both have, and where both have several an interval over images and seeds (``low``,
        ``high``), else None; ``images`` (or scans) and ``groups``: how many; ``over``: "images and seeds".
    """
    trained = [tally for tally in tallies if tally.prior == "trained"]
    rows: dict[str, dict[int, dict[str, float]]] = {}
    for one in trained:
        means = {name: 100 * float(np.nanmean(values)) for name, values in scene_scores(scenes, one).items()}
        rows.setdefault(one.loss, {})[one.seed] = {name: means[name] for name in (*SCORES, *EXTRA)}
    losses = {
        loss: {
            "seeds": sorted(seeds),
            "mean": {
                name: round(float(np.mean([row[name] for row in seeds.values()])), 3) for name in (*SCORES, *EXTRA)
            },
            "std": {
                name: round(float(np.std([row[name] for row in seeds.values()], ddof=1)), 3) if len(seeds) > 1 else None
                for name in (*SCORES, *EXTRA)
            },
        }
        for loss, seeds in rows.items()
    }
    found = find(scenes, trained, draws)
    differences = {}
    for other in rows.keys() - {METHOD} if METHOD in rows else ():
        mean, low, high = found["pairs"]["dice"][f"{METHOD}|{other}"]
        several = min(len(rows[METHOD]), len(rows[other])) > 1
        differences[other] = {
            "seeds": sorted(rows[METHOD].keys() & rows[other].keys()),
            "mean": mean,
            "low": low if several else None,
            "high": high if several else None,
        }
    return {
        "losses": losses,
        "differences": {loss: differences[loss] for loss in rows if loss in differences},
        "images": found["scenes"],
        "groups": found["groups"],
        "over": "images and seeds",
    }


def seed_difference(measured: Mapping[str, Any], other: str) -> tuple[Interval | None, int]:
    """By how many points of Dice "dbce" is ahead of another loss, with the chance of training in the interval.

    Files from before seeds were drawn hold intervals over images alone; those are widened by the deviations over seeds,
    see `dbce.scores.resampling.with_training_chance`.

    Args:
        measured: from `read_evidence`.
        other: a loss among its differences.

    Returns:
        The interval, None where either was trained once; the number of trainings of each.
    """
    row, losses = measured["differences"][other], measured["losses"]
    seeds = min(len(losses[loss]["seeds"]) for loss in (METHOD, other))
    if seeds < 2:
        return None, seeds
    alone = Interval(row["mean"], row["low"], row["high"])
    if measured.get("over") == "images and seeds":
        return alone, seeds
    return with_training_chance(alone, [losses[loss]["std"]["dice"] for loss in (METHOD, other)], seeds), seeds


def shared_recipe(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What all runs of a campaign share, of one of them."""
    return {key: value for key, value in recipe.items() if key not in _OWN}


def evidence_file(task: str, folder: Path | None = None) -> Path:
    """Where the measurements of a task lie."""
    return (folder or home()) / task / "evidence.json"


def write_evidence(
    task: str, measured: Mapping[str, Any], recipe: Mapping[str, Any], test_data: str, folder: Path | None = None
) -> Path:
    """Record measurements where `read_evidence` finds them."""
    shared = shared_recipe(recipe)
    path = evidence_file(task, folder)
    content = {"task": task, "test_data": test_data, "recipe": shared, **measured}
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    return path


def read_evidence(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The measurements of a task, or None where there are none.

    Raises:
        ValueError: the file is damaged.
    """

    def complete(found: dict[str, Any]) -> bool:
        whole = {"losses", "differences", "recipe", "test_data", "images", "groups"} <= found.keys()
        return whole and all({"seeds", "mean", "std"} <= row.keys() for row in found["losses"].values())

    return read_result(evidence_file(task, folder), "evidence", complete)


def sentences(measured: Mapping[str, Any], scores: Mapping[str, Mapping[str, float]] | None = None) -> list[str]:
    """The differences in words, computed from the numbers.

    Args:
        measured: from `read_evidence`.
        scores: by loss those of the networks shown, in percent, by which classes are known that a short run missed.
    """
    said = []
    for other, row in measured["differences"].items():
        found, seeds = seed_difference(measured, other)
        words = f"{title(METHOD)} against {title(other)}: {row['mean']:+.1f} points of Dice"
        if found is None:
            words += ", one training each"
        else:
            sure = "" if found.beyond_chance else ": not to be told from chance"
            words += f" (95 % interval {found.low:+.1f} to {found.high:+.1f}, {seeds} trainings each){sure}"
        words = words.replace("-", "\u2212")
        for loss in (other, METHOD) if scores else ():
            words += short_run(measured["task"], loss, (scores or {}).get(loss, {}), measured["recipe"]["epochs"])
        said.append(f"{words}.")
    return said


def spread(row: Mapping[str, Any], name: str) -> str:
    """A mean with its standard deviation over seeds, as text."""
    std = row["std"][name]
    return f"{row['mean'][name]:.2f}" if std is None else f"{row['mean'][name]:.2f} ± {std:.2f}"


def seeds_of(measured: Mapping[str, Any] | None) -> int:
    """Seeds a loss, the fewest of any; 1 where nothing was measured."""
    return min(len(row["seeds"]) for row in measured["losses"].values()) if measured else 1


def columns_of(measured: Mapping[str, Any]) -> dict[str, str]:
    """Columns of the table, name -> heading: every score where there are several seeds, for none was given before."""
    known = next(iter(measured["losses"].values()))["mean"]
    plain = [name for name in SCORES if name in known and (name == "dice" or seeds_of(measured) > 1)]
    return {**{name: HEADINGS[name] for name in plain}, **EXTRA}


def over_seeds(measured: Mapping[str, Any]) -> str:
    """What a cell of the table is."""
    seeds = seeds_of(measured)
    return "one seed a loss" if seeds == 1 else f"mean ± standard deviation over {seeds} seeds a loss"


def how(measured: Mapping[str, Any]) -> str:
    """One sentence on what the intervals mean, or why there is none."""
    what = (
        f"the {measured['groups']} video sequences, whose frames are near duplicates"
        if measured["groups"] < measured["images"]
        else f"the {measured['images']} {TASKS[measured.get('task', DEFAULT)].scored}"
    )
    if all(seed_difference(measured, other)[0] is None for other in measured["differences"]):
        return "No intervals: with one training a loss, what the next would change is not known."
    if measured.get("over") == "images and seeds":
        return f"Paired intervals from {DRAWS} bootstrap samples of {what}, and of the trainings of each loss."
    return (
        f"Paired intervals from {DRAWS} bootstrap samples of {what}, widened by the deviation over the trainings "
        "(normal approximation: the networks of all seeds are no longer at hand)."
    )


def rows(measured: Mapping[str, Any], names: Iterable[str]) -> list[list[str]]:
    """The table as text: one row a loss, in the order of the file."""
    names = list(names)
    return [[title(loss), *(spread(row, name) for name in names)] for loss, row in measured["losses"].items()]


def dice_marks(measured: Mapping[str, Any]) -> dict[str, str]:
    """How to mark the Dice of each row, see `dbce.scores.marks.mark_rows`; other columns have no intervals here."""
    pairs: dict[str, list[float]] = {}
    for other in measured["differences"]:
        found, _ = seed_difference(measured, other)
        if found is not None:
            pairs[f"{METHOD}|{other}"] = list(found)
            pairs[f"{other}|{METHOD}"] = [-found.mean, -found.high, -found.low]
    dice = {loss: row["mean"]["dice"] for loss, row in measured["losses"].items()}
    return mark_rows(dice, pairs, True, seeds_of(measured))


def marked_table(measured: Mapping[str, Any], names: Mapping[str, str]) -> str:
    """The table as Markdown, its Dice marked, and what the marks mean.

    Args:
        measured: from `read_evidence`.
        names: columns, name -> heading, "dice" among them.
    """
    marks, dice, table = dice_marks(measured), list(names).index("dice"), rows(measured, names)
    for loss, row in zip(measured["losses"], table, strict=True):
        row[1 + dice] = marked(row[1 + dice], marks[loss])
    lines = [
        f"| {over_seeds(measured)} | " + " | ".join(names.values()) + " |",
        "| --- |" + " --- |" * len(names),
        *("| " + " | ".join(row) + " |" for row in table),
    ]
    if any(marks.values()):
        lines += ["", MARKS_MEAN]
    return "\n".join(lines)


def evidence_markdown(measured: Mapping[str, Any], scores: Mapping[str, Mapping[str, float]] | None = None) -> str:
    """The table and the sentences on it. Arguments as of `sentences`."""
    lines = [
        marked_table(measured, columns_of(measured)),
        "",
        *(f"- {sentence}" for sentence in sentences(measured, scores)),
        "",
        f"{how(measured)} `python -m dbce evidence {measured['task']} --runs RUNS --data "
        f"{data_name(measured['test_data'])}` computes them.",
    ]
    return "\n".join(lines)
