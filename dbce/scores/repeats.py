"""Whether what was found of networks trained once holds when the same losses are trained again, several times.

An interval over the images of networks that were trained once does not know the chance of training. Several trainings
of each loss at a smaller recipe do: `compared` puts the differences that a verdict speaks of beside each other, of the
networks shown and of those. They are written by ``python -m dbce evidence --repeats``; the networks need not be kept.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dbce.registry import METHOD
from dbce.scores.evaluation import data_name
from dbce.scores.findings import row_title
from dbce.scores.findings_tables import (
    COLUMNS,
    errors_table,
    markdown_table,
    read_findings,
    read_repeats,
    repeats_file,
    scores_table,
    sizes_table,
    trainings,
    with_ends,
)
from dbce.scores.records import reliability_of
from dbce.scores.resampling import DRAWS, Interval
from dbce.scores.result_files import write_result
from dbce.scores.results import setting
from dbce.scores.tallies import Tally
from dbce.scores.verdict import ERRORS, drawn_over, errors_sentence, listed, signed, spanned
from dbce.tasks import TASKS

TITLE, HEADING = "Does it hold when they are trained again?", "Difference, points; 95 %"
"""Of the card on the page, and above the differences."""

CLAIMS = (
    *(("dice", "dbce|ce"), ("dice", "dbce|dice_ce"), ("dice", "dbce|bce_corrected"), ("dice", "bce_corrected|bce")),
    *(("gap", "ce|dbce"), ("gap", "dice_ce|dbce"), ("brier", "dice_ce|dbce"), ("gap", "bce|bce_corrected")),
    *(("rim_fp", "bce_corrected|bce"), ("surface_dice", "dbce|dice_ce")),
    *(("dice_small", "dbce|ce"), ("dice_large", "dbce|ce")),
    *(("pooled_missed", "dbce|ce"), ("pooled_rim", "dbce|ce"), ("pooled_far", "dbce|ce")),
)
"""The differences that are compared: a quantity of `dbce.scores.findings.find`, and a pair of rows."""

_QUANTITIES = {
    **COLUMNS,
    **{"dice_small": "Dice on the smallest third", "dice_large": "Dice on the largest third"},
    **{f"pooled_{kind}": f"{words}, % of all objects" for kind, words in ERRORS.items()},
}


def write_repeats(
    found: Mapping[str, Any],
    tallies: Sequence[Tally],
    recipe: Mapping[str, Any],
    test_data: str,
    folder: Path | None = None,
) -> Path:
    """Record what several trainings of each loss show, beside the findings of the networks shown.

    Args:
        found: from `dbce.scores.findings.find` of all of them.
        tallies: of all of them.
        recipe: what they share.
        test_data: name of the test set.
        folder: holds one folder a task; the bundled one by default.

    Raises:
        ValueError: a loss that was trained once, or findings of the networks shown that are of another test set.
    """
    once = [row_title(key) for key, row in found["rows"].items() if len(row["seeds"]) < 2]
    if once:
        raise ValueError(
            f"{listed(once)} {'was' if len(once) == 1 else 'were'} trained once; repeats show what chance does from "
            "one training to the next: train every loss with two seeds or more."
        )
    shown = read_findings(found["task"], folder)
    if shown and (shown["test_data"], shown["scenes"]) != (test_data, found["scenes"]):
        raise ValueError(
            f"the networks shown were tested on {shown['scenes']} {TASKS[found['task']].scored} of "
            f"{shown['test_data']}, these on {found['scenes']} of {test_data}; score both on the same."
        )
    rows = {
        key: {**row, "reliability": reliability_of([tally for tally in tallies if tally.key == key])}
        for key, row in found["rows"].items()
    }
    content = {**found, "rows": rows, "recipe": dict(recipe), "test_data": test_data}
    return write_result(repeats_file(found["task"], folder), content)


def repeats_curves(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What `dbce.study.figures.reliability_diagram` draws of the repeated trainings, or None where there are none.

    Raises:
        ValueError: the file is damaged.
    """
    found = read_repeats(task, folder)
    return found and {**found, "thresholds": [] if TASKS[task].several else [0.5]}  # that of its predictions


def _claim(quantity: str, pair: str) -> str:
    a, b = map(row_title, pair.split("|"))
    what = _QUANTITIES[quantity]
    return f"{what[0].upper()}{what[1:]}: {a} \N{MINUS SIGN} {b}"


def compared(shown: Mapping[str, Any], repeated: Mapping[str, Any]) -> list[tuple[str, Interval, Interval]]:
    """Every one of `CLAIMS` that both know, in words, with its interval in either.

    Args:
        shown: findings of the networks shown.
        repeated: of the repeated trainings.
    """
    both = []
    for quantity, pair in CLAIMS:
        threes = [found["pairs"].get(quantity, {}).get(pair) for found in (shown, repeated)]
        if all(three is not None and None not in three for three in threes):
            once, again = (Interval(*three) for three in threes)
            both.append((_claim(quantity, pair), once, again))
    return both


def repeat_sentences(shown: Mapping[str, Any], repeated: Mapping[str, Any]) -> list[str]:
    """What holds over the trainings, what does not, and what only they show. Arguments as of `compared`."""
    both, count = compared(shown, repeated), trainings(repeated)
    told = [(words, again, once.side, again.side) for words, once, again in both]
    beyond = [row for row in told if row[2]]
    held = [row for row in beyond if row[2] == row[3]]
    once = trainings(shown)
    chance = "the images" if once == 1 else f"images and {once} trainings"

    def named(rows: Sequence[tuple[str, Interval, int, int]]) -> str:
        return listed([f"{words} ({signed(again.mean)}, {spanned(again)})" for words, again, *_ in rows])

    if not beyond:
        said = [f"Of these {len(told)} differences none is beyond the chance of {chance} in the networks shown."]
    else:
        said = [
            f"Of these {len(told)} differences {len(beyond)} {'is' if len(beyond) == 1 else 'are'} beyond the chance "
            f"of {chance} in the networks shown. {_how_many(len(held), len(beyond))} over {count} trainings each, "
            "with the chance of training in the interval."
        ]
    lost = [row for row in beyond if row[3] == 0]
    turned = [row for row in beyond if row[3] == -row[2]]
    new = [row for row in told if row[3] and not row[2]]
    if lost:
        said.append(f"Not to be told from chance over the trainings: {named(lost)}.")
    if turned:
        said.append(f"The other way round over the trainings: {named(turned)}.")
    if new:
        said.append(f"Beyond chance over the trainings alone: {named(new)}.")
    return said


def _how_many(held: int, all_of_them: int) -> str:
    """``All of them hold``, ``1 of them holds``."""
    if all_of_them == 1:
        return "It holds" if held else "It does not hold"
    many = "All" if held == all_of_them else "None" if not held else str(held)
    return f"{many} of them {'holds' if held == 1 else 'hold'}"


def repeats_note(repeated: Mapping[str, Any]) -> str:
    """How the trainings were made, and what a disagreement may come from."""
    count, recipe = trainings(repeated), repeated["recipe"]
    seeds = next(iter(repeated["rows"].values()))["seeds"]
    trained = setting({**recipe, "seed": ", ".join(map(str, seeds))}, repeated["test_data"])
    return (
        f"The same losses, {count} trainings each, another recipe: {trained} Intervals from {DRAWS} bootstrap samples "
        f"of the {drawn_over(repeated)}, and of the trainings where there are several. A difference that does not hold "
        "may be the recipe's as well as chance: it is not that of the networks shown."
    )


def repeats_command(task: str, test_data: str) -> str:
    """What scores the trainings."""
    return f"python -m dbce evidence {task} --runs RUNS --data {data_name(test_data)} --repeats"


def _both(task: str, folder: Path | None) -> tuple[dict[str, Any], dict[str, Any]] | None:
    shown, repeated = read_findings(task, folder), read_repeats(task, folder)
    return (shown, repeated) if shown and repeated and compared(shown, repeated) else None


def repeats_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What the page shows; None where networks or trainings were not measured.

    Returns:
        ``title``; ``said``: `repeat_sentences`; ``heading``: `HEADING`; ``heads``: of the two columns; ``rows``: of
        each difference ``name``, ``shown`` and ``repeated``, each [value, low, high], and the same as ``texts``;
        ``note``; ``command``.

    Raises:
        ValueError: a file is damaged.
    """
    both = _both(task, folder)
    if both is None:
        return None
    shown, repeated = both
    return {
        "title": TITLE,
        "said": repeat_sentences(shown, repeated),
        "heading": HEADING,
        "heads": _heads(shown, repeated),
        "rows": [
            {"name": name, "shown": list(once), "repeated": list(again), "texts": [with_ends(once), with_ends(again)]}
            for name, once, again in compared(shown, repeated)
        ],
        "note": repeats_note(repeated),
        "command": repeats_command(task, repeated["test_data"]),
    }


def _heads(shown: Mapping[str, Any], repeated: Mapping[str, Any]) -> list[str]:
    once = trainings(shown)
    each = "one training" if once == 1 else f"{once} trainings"
    return [f"networks shown, {each} each", f"{trainings(repeated)} trainings each, another recipe"]


def repeats_markdown(task: str, folder: Path | None = None) -> str:
    """The sentences, the differences side by side, and the tables of the trainings.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    both = _both(task, folder)
    if both is None:
        raise ValueError(
            f"no repeated trainings of {task!r} were measured; run `python -m dbce evidence {task} --runs RUNS --data "
            "DATA --repeats`."
        )
    shown, repeated = both
    rows = [
        [name, *(f"**{with_ends(found)}**" if found.beyond_chance else with_ends(found) for found in (once, again))]
        for name, once, again in compared(shown, repeated)
    ]
    parts = [
        "\n".join(f"- {sentence}" for sentence in repeat_sentences(shown, repeated)),
        markdown_table([HEADING, *_heads(shown, repeated)], rows),
        f"Bold: beyond chance. {repeats_note(repeated)} `{repeats_command(task, repeated['test_data'])}` scores them, "
        f"`python -m dbce verdict {task} --repeats -o calibration.pdf` draws their reliability diagram.",
        scores_table(repeated),
        errors_table(repeated),
        *([errors_sentence(repeated, repeated["recipe"]).text] if {"ce", METHOD} <= repeated["rows"].keys() else []),
        sizes_table(repeated),
    ]
    return "\n\n".join(parts)
