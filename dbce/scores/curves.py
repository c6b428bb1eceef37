"""What the curves of a test set show, in sentences that are made of numbers and intervals: Dice against the threshold,
and whether probabilities mean what they say. They stand above the charts of the page's results and of their figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from dbce.registry import METHOD, title
from dbce.scores.findings import row_title
from dbce.scores.resampling import Interval
from dbce.scores.verdict import DILATED, listed, short_of, signed, spanned, which
from dbce.tasks import TASKS

AFTER = "_corrected"
"""What the key of a network ends in whose class weights are taken out."""

_HALF = 49  # of 99 thresholds


def curves_summary(found: Mapping[str, Any], curves: Mapping[str, Any], recipe: Mapping[str, Any]) -> dict[str, Any]:
    """What is said above and below the curves of a task.

    Args:
        found: from `dbce.scores.findings_tables.read_findings`.
        curves: from `dbce.scores.records.read_calibration`, of the same networks.
        recipe: of the networks, for how long they were trained.

    Returns:
        ``data``: name of the test set; ``prior``: by loss, the probability at which its class weights alone would put
        the threshold; ``dice``: ``said`` (the title) and ``note`` of Dice against the threshold; of several classes
        None, and ``classes`` instead: ``said``, ``note``, ``names`` of the classes and by row Dice in percent;
        ``reliability``: ``said``, ``note`` and ``axis``; ``row_titles``.
    """
    several = not curves["thresholds"]
    rows = {key: row_title(key) for key in curves["rows"]}
    prior = {} if several else {loss: _sigmoid(shift) for loss, shift in curves["shift"].items()}
    short = short_of(found, "ce", recipe)
    about = {"said": _reliability(found) + short, "note": reliability_note(curves), "axis": reliability_axis(curves)}
    return {
        "data": curves["test_data"],
        "prior": prior,
        "dice": None if several else {"said": _threshold(found, prior), "note": _where(found, curves)},
        "classes": _classes(found, short) if several else None,
        "reliability": about,
        "row_titles": rows,
    }


def _sigmoid(logit: float) -> float:
    return 1 / (1 + math.exp(-logit))


def reliability_axis(curves: Mapping[str, Any]) -> str:
    """What stands below a reliability diagram."""
    return "probability, mean of a bin" if curves["thresholds"] else "confidence in the most probable class"


def reliability_note(curves: Mapping[str, Any]) -> str:
    """What a reliability diagram shows. Arguments as of `curves_summary`."""
    scenes = f"{curves['scenes']} {TASKS[curves['task']].scored}"
    if curves["thresholds"]:
        what, p = "Share of pixels that are object against the probability given them", "p"
    else:
        what, p = "Share of pixels whose most probable class is right against the confidence in it", "confidence"
    return (
        f"{what}, {scenes} of the test set, pixels with 0.05 < {p} < 0.95; the larger a dot, the more of them "
        "it stands for. On the dotted line a probability means what it says."
    )


def _change(found: Mapping[str, Any]) -> tuple[Interval, dict[str, float]] | None:
    """What the correction changes in balanced CE's Dice, and its Dice; None where it is not among the networks."""
    rows, pair = found["rows"], f"bce{AFTER}|bce"
    if pair not in found["pairs"]["dice"]:
        return None
    return Interval(*found["pairs"]["dice"][pair]), {key: rows[key]["dice"][0] for key in ("bce", f"bce{AFTER}")}


def _threshold(found: Mapping[str, Any], prior: Mapping[str, float]) -> str:
    """Whether balanced CE's Dice gains at the threshold that its prior foretells."""
    name, known = title("bce"), _change(found)
    if known is None or "bce" not in prior:
        return "Dice against the threshold"
    change, dice = known
    at = f"{prior['bce']:.2f}, where its prior puts its threshold"
    if not change.beyond_chance:
        return (
            f"Whether {name} gains Dice at {at}, is not to be told from chance: {signed(change.mean)} points over 0.50 "
            f"({spanned(change)})"
        )
    gains = "gains" if change.low > 0 else "loses"
    return (
        f"{name} {gains} {abs(change.mean):.1f} points of Dice at {at}: {dice[f'bce{AFTER}']:.1f} %, "
        f"{dice['bce']:.1f} at 0.50 ({spanned(change)})"
    )


def _runs(thresholds: Sequence[float], signs: Sequence[int], sign: int) -> list[str]:
    """Stretches of thresholds with one sign: ``0.12 to 0.99``."""
    runs: list[list[float]] = []
    for k, (threshold, of_it) in enumerate(zip(thresholds, signs, strict=True)):
        if of_it != sign:
            continue
        if k and signs[k - 1] == sign:
            runs[-1][1] = threshold
        else:
            runs.append([threshold, threshold])
    return [f"{low:.2f}" if low == high else f"{low:.2f} to {high:.2f}" for low, high in runs]


def _where(found: Mapping[str, Any], curves: Mapping[str, Any]) -> str:
    """At which thresholds dilated balanced CE is ahead of others, each threshold by itself."""
    said = []
    for other in ("ce", "dice_ce"):
        three = curves["pairs"].get(f"{METHOD}|{other}")
        if three is None:
            continue
        signs = [(low > 0) - (high < 0) for _, low, high in three]
        ahead, behind = (_runs(curves["thresholds"], signs, sign) for sign in (1, -1))
        parts = [f"ahead from {' and from '.join(ahead)}"] if ahead else []
        parts += [f"behind from {' and from '.join(behind)}"] if behind else []
        if not signs[_HALF]:
            parts.insert(0, "not to be told apart at 0.50")
        said.append(f"{title(other)}: {', '.join(parts)}")
    seeds = min(len(row["seeds"]) for row in curves["rows"].values())
    chance = "" if seeds > 1 else "; another training may differ"
    dots = f"Dots: at 0.50; rings: where the prior puts the threshold; faint: {title('bce')} with its prior taken out."
    if said:
        dots += (
            f" {DILATED} beside {'; beside '.join(said)}. Elsewhere within chance (95 %, each threshold by itself; "
            f"{which(found, seeds)}{chance})."
        )
    return f"{dots} The best threshold of each network is chosen on these very images, so its Dice flatters."


def _classes(found: Mapping[str, Any], short: str) -> dict[str, Any] | None:
    """What the correction changes in the Dice of each class; there is no threshold, and nothing instead of it."""
    known, rows, task = _change(found), found["rows"], TASKS[found["task"]]
    if known is None or "classes" not in rows["bce"]:
        return None
    change, dice = known
    name, seeds = title("bce"), min(len(rows[key]["seeds"]) for key in ("bce", f"bce{AFTER}"))
    words = f"{signed(change.mean)} points of Dice, from {dice['bce']:.1f} to {dice[f'bce{AFTER}']:.1f} %"
    if change.beyond_chance:
        claim = f"{'lifts' if change.low > 0 else 'lowers'} {name}: {words}"
    else:
        claim = f"does not change {name} beyond chance: {words}"
    return {
        "said": f"Taking the prior out {claim} ({spanned(change)})",
        "note": f"There is no curve over the threshold: with {task.num_classes} classes a pixel gets the most probable "
        f"one, whatever its probability. In its place Dice of each of the {task.objects}, {name} as trained (dot) and "
        f"with its prior taken out (ring), beside {title('ce')} and {DILATED} (lines); the interval of the title is of "
        f"the mean over them ({which(found, seeds)}){short}.",
        "names": list(rows["bce"]["classes"]),
        "rows": {key: list(rows[key]["classes"].values()) for key in ("ce", "bce", f"bce{AFTER}", METHOD)},
    }


def _reliability(found: Mapping[str, Any]) -> str:
    """Whose probabilities lie closest to what is true, and whose cannot be told from them."""
    gaps = {key: row["gap"][0] for key, row in found["rows"].items()}
    best = min(gaps, key=lambda key: gaps[key])
    further: list[str] = []
    alike: list[str] = []
    for key in sorted(gaps, key=lambda key: gaps[key]):
        if key == best:
            continue
        known = found["pairs"]["gap"].get(f"{key}|{best}")
        off = known is not None and Interval(*known).low > 0
        (further if off else alike).append(f"{row_title(key)} ({gaps[key]:.1f})")
    if not further:
        return (
            f"Whose probabilities mean most where a network is unsure is not to be told: {row_title(best)} is off by "
            f"{gaps[best]:.1f} points, the others within chance of it"
        )
    told = f"; not to be told from it: {listed(alike)}" if alike else ""
    return (
        f"Where a network is unsure, {row_title(best)} is closest to the truth, off by {gaps[best]:.1f} points{told}; "
        f"further off: {listed(further)}"
    )
