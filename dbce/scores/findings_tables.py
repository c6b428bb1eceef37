"""What was found of a task, as Markdown: the verdict, and tables whose marks follow the intervals."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from dbce.registry import LOSSES, METHOD
from dbce.scores.curves import curves_summary
from dbce.scores.evidence import dice_marks, read_evidence
from dbce.scores.findings import HIGHER_IS_BETTER, SIZES, row_title
from dbce.scores.learning import read_learning
from dbce.scores.learning_text import longer_run
from dbce.scores.marks import MARKS_MEAN, PLAIN, SHADES_MEAN, mark_rows, marked
from dbce.scores.records import read_calibration
from dbce.scores.resampling import Interval
from dbce.scores.result_files import read_result, write_result
from dbce.scores.verdict import ERRORS, Sentence, errors_sentence, headline, signed, verdict
from dbce.train.checkpoints import home, manifest

COLUMNS = {
    "dice": "Dice",
    "precision": "precision",
    "recall": "recall",
    "band_dice": "Dice within 10 px of the outline",
    "surface_dice": "surface Dice at 3 px",
    "rim_fp": "false in the rim, % of the object",
    "gap": "calibration gap, points",
    "brier": "Brier score × 100",
}
"""Quantities of the first table, in its order."""


def findings_file(task: str, folder: Path | None = None) -> Path:
    """Where the findings of a task lie."""
    return (folder or home()) / task / "findings.json"


def write_findings(task: str, found: Mapping[str, Any], test_data: str, folder: Path | None = None) -> Path:
    """Record what `dbce.scores.findings.find` gives."""
    return write_result(findings_file(task, folder), {**found, "test_data": test_data})


def read_findings(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `write_findings` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """
    needed = {"task", "rows", "pairs", "thirds", "scenes", "groups", "test_data"}
    return read_result(findings_file(task, folder), "evidence", lambda found: needed <= found.keys())


def repeats_file(task: str, folder: Path | None = None) -> Path:
    """Where the repeated trainings of a task lie."""
    return (folder or home()) / task / "repeats.json"


def read_repeats(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `dbce.scores.repeats.write_repeats` wrote, or None where there is nothing.

    Raises:
        ValueError: the file is damaged.
    """
    needed = {"task", "rows", "pairs", "thirds", "scenes", "groups", "test_data", "recipe"}
    return read_result(repeats_file(task, folder), "evidence --repeats", lambda found: needed <= found.keys())


def trainings(found: Mapping[str, Any]) -> int:
    """Trainings of each loss, the fewest of any row."""
    return min(len(row["seeds"]) for row in found["rows"].values())


def _seeds(found: Mapping[str, Any]) -> str:
    """What a number of the tables is of."""
    count = trainings(found)
    if count > 1:
        return f"mean over {count} trainings a loss"
    (seed,) = next(iter(found["rows"].values()))["seeds"]
    return f"the networks shown, one training a loss, seed {seed}"


def markdown_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Rows as Markdown."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --- |" * (len(head) - 1)]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)])


def _marks(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """By column and row, see `dbce.scores.marks.mark_rows`."""
    return {
        name: mark_rows(
            {key: row[name][0] for key, row in found["rows"].items()},
            found["pairs"].get(name, {}),
            name in HIGHER_IS_BETTER,
            trainings(found),
        )
        for name in COLUMNS
    }


def scores_table(found: Mapping[str, Any]) -> str:
    """`COLUMNS` of every row, marked where an interval that knows of the chance of training allows it."""
    marks = _marks(found)
    rows = [
        [row_title(key), *(marked(f"{row[name][0]:.1f}", marks[name][key]) for name in COLUMNS)]
        for key, row in found["rows"].items()
    ]
    note = "Nothing is marked: differences of losses trained once are not known beyond the chance of training."
    if any(mark != PLAIN for column in marks.values() for mark in column.values()):
        note = MARKS_MEAN
    return f"{markdown_table([_seeds(found), *COLUMNS.values()], rows)}\n\n{note}"


def errors_table(found: Mapping[str, Any]) -> str:
    """Errors pooled over all images and the median image; HD95."""
    head = [f"{_seeds(found)}; % of the object", *(f"{words}: pooled (median)" for words in ERRORS.values())]
    rows = []
    for key, row in found["rows"].items():
        cells = [f"{row[f'pooled_{kind}'][0]:.1f} ({row['median'][kind]:.1f})" for kind in ERRORS]
        far = "∞" if row["hd95"] is None else f"{row['hd95']:.1f}"
        rows.append([row_title(key), *cells, f"{far} ({row['hd95_none']:.1f} %)"])
    return markdown_table([*head, "HD95, px, median (none: missed altogether)"], rows)


def sizes_table(found: Mapping[str, Any]) -> str:
    """Dice by the size of the object, with intervals over the images."""
    low, high = found["thirds"]["bounds"]
    words = (f"small, up to {low:g} % of the image", "middle", f"large, from {high:g} %")
    heads = [f"{word} ({n})" for word, n in zip(words, found["thirds"]["objects"], strict=True)]
    rows = [
        [row_title(key), *("{:.1f} ({:.1f} to {:.1f})".format(*row[f"dice_{size}"]) for size in SIZES)]
        for key, row in found["rows"].items()
    ]
    over = "images and trainings" if trainings(found) > 1 else "images alone"
    return markdown_table([f"Dice by size; {_seeds(found)}; 95 % over {over}", *heads], rows)


def findings_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The verdict and one table as data, for the page's results; None where nothing was measured.

    Returns:
        ``verdict``: of each sentence ``text``, ``about``, ``interval`` (value, low, high, or None) and ``trainings``;
        ``errors``: the sentence on what is missed and what is false; ``curves``: `dbce.scores.curves.curves_summary`,
        None where there are none of these networks; ``columns``: key -> heading; ``lead``: that of
        ``ahead``, empty where there is none to be shown; ``heading`` and
        ``note``: what is said above and below them; ``rows``: of each
        ``row``, ``title``, ``trainings``, ``values`` by column and ``marks`` by column (see `dbce.scores.marks`),
        ``against``: by how many points of Dice "dbce" is ahead of it (value, low, high), None where no interval knows
        of the chance of training, and ``ahead``, the same as text. Values are means over those trainings, with ``std``
        by column; but for the columns in ``shown``, which are known of the networks shown alone.

    Raises:
        ValueError: a file is damaged.
    """
    found = read_findings(task, folder)
    if found is None:
        return None
    measured, recipe = read_evidence(task, folder), next(iter(manifest(task, folder).values()))["recipe"]
    marks, curves = _marks(found), read_calibration(task, folder)
    if curves and curves["rows"].keys() != found["rows"].keys():
        curves = None  # of other networks
    rows = []
    for key, row in found["rows"].items():
        values, std, count = {name: row[name][0] for name in COLUMNS}, {}, len(row["seeds"])
        known = (measured or {}).get("losses", {}).get(key)
        if known and len(known["seeds"]) > count:
            count = len(known["seeds"])
            values |= {name: known["mean"][name] for name in COLUMNS if name in known["mean"]}
            std = {name: known["std"][name] for name in COLUMNS if name in known["std"]}
        ahead = headline(found, measured, key)[0] if key != METHOD else None
        rows.append(
            {
                "row": key,
                "title": row_title(key),
                "trainings": count,
                "values": {name: round(value, 4) for name, value in values.items()},  # no ties
                "std": std,
                "shown": [name for name in COLUMNS if count > len(row["seeds"]) and name not in std],
                "marks": {name: marks[name][key] for name in COLUMNS},
                "against": None if ahead is None else [round(value, 2) for value in ahead],
                "ahead": with_ends(ahead) if key != METHOD else "the row compared",
            }
        )
    if measured and trainings(found) == 1:
        for row in rows:
            row["marks"]["dice"] = dice_marks(measured).get(row["row"], PLAIN)
    return {
        "verdict": [asdict(sentence) for sentence in _verdict(task, found, recipe, folder)],
        "errors": errors_sentence(found, recipe, read_repeats(task, folder)).text,
        "columns": COLUMNS,
        "lead": AHEAD if any(row["against"] for row in rows) else "",
        "curves": curves_summary(found, curves, recipe) if curves else None,
        "heading": _heading(rows),
        "note": _note(rows),
        "rows": rows,
    }


AHEAD = "Dilated minus this, points of Dice"
"""What is said above ``ahead`` of `findings_summary`."""


def with_ends(found: Interval | None) -> str:
    """``+2.8 (+1.5 to +4.4)``; empty for none."""
    return "" if found is None else f"{signed(found.mean)} ({signed(found.low)} to {signed(found.high)})"


def _heading(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is said above the rows of `findings_summary`."""
    many = max(row["trainings"] for row in rows)
    return f"Mean over {many} trainings a loss" if many > 1 else "One training a loss"


def _note(rows: Sequence[Mapping[str, Any]]) -> str:
    """What is said below them."""
    marked = any(mark != PLAIN for row in rows for mark in row["marks"].values())
    meaning = SHADES_MEAN if marked else "Nothing is marked: with one training a loss, chance is not known."
    return meaning + (" \u2020 of the networks shown alone." if any(row["shown"] for row in rows) else "")


def _found(task: str, folder: Path | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """The findings of a task and the recipe of its networks."""
    found, entries = read_findings(task, folder), manifest(task, folder)
    if found is None:
        raise ValueError(f"nothing was measured of {task!r}; run `python -m dbce evidence {task} --data DATA` first.")
    return found, next(iter(entries.values()))["recipe"]


def verdict_markdown(task: str, folder: Path | None = None) -> str:
    """The sentences of the verdict on a task, as a list.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    found, recipe = _found(task, folder)
    return "\n".join(f"- {sentence.text}" for sentence in _verdict(task, found, recipe, folder))


def _verdict(task: str, found: Mapping[str, Any], recipe: Mapping[str, Any], folder: Path | None) -> list[Sentence]:
    """With what longer and repeated trainings make of it."""
    followed = read_learning(task, folder)
    longer = {loss: longer_run(followed, loss, recipe["epochs"]) for loss in LOSSES}
    return verdict(found, read_evidence(task, folder), recipe, longer, read_repeats(task, folder))


def tables_markdown(task: str, folder: Path | None = None) -> str:
    """The tables of a task: scores and calibration, errors in parts, Dice by size.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    found, recipe = _found(task, folder)
    errors = errors_sentence(found, recipe, read_repeats(task, folder)).text
    parts = [scores_table(found), errors_table(found), errors, sizes_table(found)]
    return "\n\n".join(parts)


def findings_markdown(task: str, folder: Path | None = None) -> str:
    """The verdict and the tables of a task.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    return f"{verdict_markdown(task, folder)}\n\n{tables_markdown(task, folder)}"
