"""What validation scores over the epochs show, in sentences and tables that are made of the numbers alone: which loss
learns sooner, what is left of a distance in the end, and which classes come late."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dbce.registry import METHOD, short_title, title
from dbce.scores.evaluation import NOTHING
from dbce.scores.learning import read_learning
from dbce.scores.variants import variant_title
from dbce.scores.verdict import listed, signed

HEADS = {
    "mean": "Mean Dice over the epochs",
    "each": "Dice of each class over the epochs",
    "epochs": "after epochs",
}
"""Above the chart of all classes, those of each, and the epochs of a table."""

CHANCE = 2.0
"""Points of Dice by which two trainings of one loss may differ, so that nothing is explained that is not larger."""


def _scores(measured: Mapping[str, Any], other: str) -> tuple[dict[int, float], dict[int, float]]:
    """Dice by epoch of dilated balanced CE and of another loss, as it is written."""
    ours, theirs = (
        {epoch: round(dice, 1) for epoch, dice in zip(row["epochs"], row["dice"], strict=True)}
        for row in (measured["rows"][METHOD], measured["rows"][other])
    )
    return ours, theirs


def _beside(measured: Mapping[str, Any], other: str) -> str:
    """How the distance of dilated balanced CE to another loss goes with the epochs, and what that says."""
    ours, theirs = _scores(measured, other)
    common = sorted(ours.keys() & theirs.keys())
    if not common:
        return ""
    ahead = {epoch: round(ours[epoch] - theirs[epoch], 1) for epoch in common}

    def at(epoch: int) -> str:
        side = "ahead of" if ahead[epoch] >= 0 else "behind"
        return f"{abs(ahead[epoch]):.1f} points of Dice {side} {variant_title(other)} after {epoch} epochs"

    def both(epoch: int) -> str:
        return f"{ours[epoch]:.1f} and {theirs[epoch]:.1f} %"

    first, last = common[0], common[-1]
    later = [epoch for epoch in theirs if theirs[epoch] >= ours[first]]
    said = f"{title(METHOD)} is {at(first)} ({both(first)})"
    if last > first:
        side = "" if (ahead[first] >= 0) == (ahead[last] >= 0) else " ahead" if ahead[last] >= 0 else " behind"
        said += f", {abs(ahead[last]):.1f}{side} after {last} ({both(last)})"
        leads, follows = (ours, theirs) if ahead[first] > 0 else (theirs, ours)
        caught_up = max(follows.values()) >= leads[first]  # else one learns more, not sooner
        if caught_up and abs(ahead[first]) > CHANCE and abs(ahead[last]) < abs(ahead[first]) / 2:
            said += ": most of the distance is that one learns sooner"
    if ahead[first] <= 0:
        return f"{said}."
    level = f"{ours[first]:.1f} %"
    if later:
        return f"{said}. {variant_title(other)} needs {min(later)} epochs for those {level}."
    return f"{said}. {variant_title(other)} has not come to those {level} in {max(theirs)} epochs."


def longer_run(measured: Mapping[str, Any] | None, other: str, epochs: int) -> str:
    """What a longer training makes of a difference that a short one left, as a clause of a sentence about it.

    Args:
        measured: from `read_learning`.
        other: loss that dilated balanced CE is compared with.
        epochs: of the short training.

    Returns:
        A clause that begins with ``:``, or nothing where no longer training was followed.
    """
    if measured is None or measured["recipe"]["epochs"] <= epochs or not {METHOD, other} <= measured["rows"].keys():
        return ""
    ours, theirs = _scores(measured, other)
    if not (common := ours.keys() & theirs.keys()):
        return ""
    last, whole = max(common), measured["recipe"]["epochs"]
    when = f"after {whole} epochs" if last == whole else f"after {last} epochs of a training of {whole}"
    return (
        f": {when} it is {signed(ours[last] - theirs[last])} ({ours[last]:.1f} and {theirs[last]:.1f} %, "
        f"{measured['validated']})"
    )


def _late(key: str, row: Mapping[str, Any]) -> str:
    """The classes of which a network finds nothing at first, and what it has of them in the end."""
    until: dict[int, list[str]] = {}
    for name, dice in row.get("classes", {}).items():
        nothing = next((k for k, value in enumerate(dice) if value >= NOTHING), len(dice))
        if nothing:
            until.setdefault(row["epochs"][nothing - 1], []).append(name)
    if not until:
        return ""
    parts = [f"of {listed(until[epoch])} after {epoch} epochs" for epoch in sorted(until)]
    said = f"{variant_title(key)} finds nothing (below {NOTHING:g} % Dice) {', and nothing '.join(parts)}"
    last = row["epochs"][-1]
    if last in until:
        return f"{said}."
    end = listed([f"{row['classes'][name][-1]:.1f}" for epoch in sorted(until) for name in until[epoch]])
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
    return note + (f". Not at its end yet, with the epochs so far: {listed(on)}." if on else ".")


def learning_summary(task: str, folder: Path | None = None) -> dict[str, Any] | None:
    """What the page shows; None where nothing was measured.

    Returns:
        ``title``; ``heads``: `HEADS`; ``said``: sentences; ``note``: below them; ``command``: what puts the logs
        together; ``last``: the epochs of the training; ``rows``: of each ``key``, ``loss``, ``title``, ``short`` for
        tables, ``points``, pairs of epoch and Dice in percent with the decimal that is shown, and ``classes``: by class
        the same.

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
            "short": variant_title(key, short_title),
            "points": points(row, row["dice"]),
            "classes": {name: points(row, dice) for name, dice in row.get("classes", {}).items()},
        }
        for key, row in measured["rows"].items()
    ]
    return {
        "title": "Which loss learns sooner",
        "heads": HEADS,
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
