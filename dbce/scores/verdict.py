"""The verdict on a task in four sentences, generated from numbers and intervals so that none can contradict them.

That one loss is ahead of another in Dice is said only of a difference whose 95 % interval excludes 0 and knows of the
chance of training, that is over two seeds or more. With one training a loss two numbers are put side by side. What is
said of the networks that are shown is called so, and its interval is over the images.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dbce.registry import METHOD, title
from dbce.scores.evaluation import short_run
from dbce.scores.evidence import seed_difference
from dbce.scores.resampling import Interval
from dbce.tasks import TASKS

DILATED = title(METHOD)


@dataclass(frozen=True)
class Sentence:
    """One sentence of the verdict.

    Attributes:
        text: of it, with its interval in words.
        about: what the interval is of, for a drawing: ``Dice, Dilated balanced CE - CE``.
        interval: of it in points; None where losses were trained once and nothing is to be drawn.
        trainings: how many a loss it rests on.
    """

    text: str
    about: str
    interval: Interval | None
    trainings: int


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last


def signed(value: float) -> str:
    """``+1.2``, ``\N{MINUS SIGN}0.3``, ``+0.02``: next to nothing has a second decimal, so that its side is seen."""
    text = f"{value:+.1f}" if abs(value) >= 0.05 else f"{value:+.2f}"
    return "±0.0" if float(text) == 0 else text.replace("-", "\N{MINUS SIGN}")


def spanned(found: Interval) -> str:
    """``95 % +1.6 to +4.3``."""
    return f"95 % {signed(found.low)} to {signed(found.high)}"


def short_of(found: Mapping[str, Any], row: str, recipe: Mapping[str, Any], told: bool = True) -> str:
    """`dbce.scores.evaluation.short_run` of a row: the first sentence of the verdict tells it, others refer to it."""
    return short_run(found["task"], row, found["rows"][row].get("classes", {}), recipe["epochs"], told)


def headline(
    found: Mapping[str, Any], measured: Mapping[str, Any] | None, other: str, key: str = "dbce"
) -> tuple[Interval | None, dict[str, float], int]:
    """The difference in Dice that may be spoken of.

    Args:
        found: from `dbce.scores.findings.find`.
        measured: from `dbce.scores.evidence.read_evidence`: summaries over seeds whose networks are not at hand.
        other: row compared with.
        key: row compared.

    Returns:
        Its interval, None if either was trained once; the mean Dice of both rows; the number of trainings.
    """
    rows = found["rows"]
    seeds = min(len(rows[key]["seeds"]), len(rows[other]["seeds"]))
    dice = {name: rows[name]["dice"][0] for name in (key, other)}
    if seeds > 1:
        return Interval(*found["pairs"]["dice"][f"{key}|{other}"]), dice, seeds
    if measured is None or key != "dbce" or other not in measured["differences"]:
        return None, dice, seeds
    difference, trainings = seed_difference(measured, other)
    if difference is None:
        return None, dice, seeds
    return difference, {name: measured["losses"][name]["mean"]["dice"] for name in (key, other)}, trainings


def against(
    found: Mapping[str, Any],
    measured: Mapping[str, Any] | None,
    other: str,
    recipe: Mapping[str, Any],
    longer: str = "",
) -> Sentence:
    """Whether dilated balanced CE is ahead of another loss. Arguments as of `verdict`; ``longer`` is of this loss."""
    difference, dice, seeds = headline(found, measured, other)
    name, about = title(other), f"Dice, {DILATED} \N{MINUS SIGN} {title(other)}"
    gained = dice["dbce"] - dice[other]
    if difference is None:
        text = (
            f"{DILATED} has {dice['dbce']:.1f} % Dice, {name} {dice[other]:.1f}: {signed(gained)} points with one "
            "training each, and what another training would change was not measured"
        )
    elif difference.beyond_chance:
        which = "ahead of" if difference.low > 0 else "behind"
        text = (
            f"{DILATED} is {abs(difference.mean):.1f} points of Dice {which} {name} "
            f"({spanned(difference)}; {seeds} trainings each)"
        )
    else:
        text = (
            f"{DILATED} is not to be told from {name}: {signed(difference.mean)} points of Dice "
            f"({spanned(difference)}; {seeds} trainings each)"
        )
    short = short_of(found, other, recipe, told=False) + short_of(found, "dbce", recipe, told=other != "ce")
    return Sentence(
        f"{text}{short and f'{short}, and the difference measures that{longer}'}.", about, difference, seeds
    )


SAME = "; trained again: the same"
"""What a sentence says of a difference that repeated trainings have as well."""


def again(found: Mapping[str, Any], repeated: Mapping[str, Any] | None, quantity: str, pair: str) -> str:
    """Whether repeated trainings say the same of a difference of networks that were trained once.

    Args:
        found: from `dbce.scores.findings.find`.
        repeated: from `dbce.scores.findings_tables.read_repeats`, or None.
        quantity: one of the findings.
        pair: of rows, ``"a|b"``.

    Returns:
        A part of a sentence; empty where no repeated trainings know of it, or these are of several themselves.
    """
    three = repeated["pairs"].get(quantity, {}).get(pair) if repeated else None
    if three is None or None in three or min(len(found["rows"][key]["seeds"]) for key in pair.split("|")) > 1:
        return ""
    once, later = Interval(*found["pairs"][quantity][pair]), Interval(*three)
    if later.side == once.side:
        return SAME
    what = "beyond chance" if not once.side else "the other way round" if later.side else "not to be told from chance"
    return f"; trained again: {what}, {signed(later.mean)}, {spanned(later)}"


def balanced(
    found: Mapping[str, Any],
    measured: Mapping[str, Any] | None,
    recipe: Mapping[str, Any],
    repeated: Mapping[str, Any] | None = None,
) -> Sentence:
    """What is left of balanced CE's errors when its class weights are taken out. Arguments as of `verdict`."""
    rows, pairs = found["rows"], found["pairs"]
    after = "bce_corrected"
    rim = {key: rows[key]["rim_fp"][0] for key in ("ce", "bce", after)}
    change = Interval(*pairs["rim_fp"][f"{after}|bce"])
    fallen, distance = rim["bce"] - rim[after], rim["bce"] - rim["ce"]
    seeds = len(rows[after]["seeds"])
    more = again(found, repeated, "rim_fp", f"{after}|bce")
    if not (change.high < 0 and distance > 0):
        claim = "Taking the prior out of balanced CE does not clear a red rim"
    elif fallen > 0.5 * distance:
        claim = "Balanced CE's red rim is mostly its threshold"
    else:
        claim = "Balanced CE's red rim is only partly its threshold"
    words = (
        f"{claim}: with the class prior taken out, without retraining, it goes from {rim['bce']:.1f} to "
        f"{rim[after]:.1f} % of the object ({spanned(change)}{more}), CE has {rim['ce']:.1f}; Dice goes from "
        f"{rows['bce']['dice'][0]:.1f} to {rows[after]['dice'][0]:.1f} %"
    )
    fix = Interval(*pairs["dice"][f"{after}|ce"])
    lead = Interval(*pairs["dice"][f"dbce|{after}"])
    if seeds > 1:
        level = "not to be told from CE's" if not fix.beyond_chance else "above CE's" if fix.low > 0 else "below CE's"
        words += f", {level} ({spanned(fix)}); {_lead(lead)} ({spanned(lead)}; {seeds} trainings each)"
    else:
        words += f", CE has {rows['ce']['dice'][0]:.1f}, {DILATED} {rows['dbce']['dice'][0]:.1f}"
        words += f" (the networks shown, one training each; the interval is over the {drawn_over(found)})"
    trained, _, trainings = headline(found, measured, "bce")
    if trained is not None:
        words += f"; {_lead(trained)} as trained ({spanned(trained)}; {trainings} trainings each)"
    words += short_of(found, "ce", recipe)
    return Sentence(f"{words}.", "rim, % of the object, corrected \N{MINUS SIGN} as trained", change, seeds)


def _lead(found: Interval) -> str:
    if not found.beyond_chance:
        return f"{DILATED} is not to be told from it, {signed(found.mean)} points"
    return f"{DILATED} is {abs(found.mean):.1f} points {'ahead of' if found.low > 0 else 'behind'} it"


def drawn_over(found: Mapping[str, Any]) -> str:
    """What intervals are over: ``29 sequences``."""
    if found["groups"] < found["scenes"]:
        return f"{found['groups']} sequences"
    return f"{found['scenes']} {TASKS[found['task']].scored}"


def calibration_sentence(
    found: Mapping[str, Any], recipe: Mapping[str, Any], repeated: Mapping[str, Any] | None = None
) -> Sentence:
    """Whose probabilities can be believed where a network is unsure. Arguments as of `verdict`."""
    rows, pairs = found["rows"], found["pairs"]["gap"]
    gap = {key: rows[key]["gap"][0] for key in ("ce", "dice_ce", "dbce")}
    difference, plain = Interval(*pairs["dice_ce|dbce"]), Interval(*pairs["ce|dbce"])
    seeds = min(len(rows[key]["seeds"]) for key in gap)
    if not difference.beyond_chance:
        claim = f"{DILATED} and Dice + CE are not to be told apart in how far they are off"
    else:
        better, worse = (DILATED, "Dice + CE") if difference.low > 0 else ("Dice + CE", DILATED)
        claim = f"{better} can be believed more than {worse}"
    beside = "not to be told from Dilated's" if not plain.beyond_chance else "worse" if plain.low > 0 else "better"
    text = (
        f"Where a network is unsure, {claim}: the calibration gap is {gap['dbce']:.1f} and {gap['dice_ce']:.1f} points "
        f"({spanned(difference)}{again(found, repeated, 'gap', 'dice_ce|dbce')}), CE's {gap['ce']:.1f} is {beside} "
        f"({spanned(plain)}{again(found, repeated, 'gap', 'ce|dbce')}; {which(found, seeds)})"
        f"{short_of(found, 'ce', recipe)}."
    )
    return Sentence(text, f"calibration gap, Dice + CE \N{MINUS SIGN} {DILATED}", difference, seeds)


def sizes_sentence(
    found: Mapping[str, Any], recipe: Mapping[str, Any], repeated: Mapping[str, Any] | None = None
) -> Sentence:
    """On objects of which size Dice changes from CE to dilated balanced CE. Arguments as of `verdict`."""
    small, large = (Interval(*found["pairs"][f"dice_{size}"]["dbce|ce"]) for size in ("small", "large"))
    seeds = min(len(found["rows"][key]["seeds"]) for key in ("ce", "dbce"))
    of_small, of_large = (again(found, repeated, f"dice_{size}", "dbce|ce") for size in ("small", "large"))
    if small.beyond_chance and small.low > 0:
        claim = "small objects gain" if large.low <= 0 else "small and large objects gain"
    else:
        claim = "small objects lose" if small.high < 0 else "small objects gain nothing beyond chance"
    text = (
        f"From CE to {DILATED} {claim}: {signed(small.mean)} points of Dice on the smallest third ({spanned(small)}"
        f"{of_small}), {signed(large.mean)} on the largest ({spanned(large)}{of_large}; {which(found, seeds)})"
        f"{short_of(found, 'ce', recipe)}."
    )
    return Sentence(text, f"Dice on small objects, {DILATED} \N{MINUS SIGN} CE", small, seeds)


ERRORS = {"missed": "missed", "rim": "false in the rim", "far": "false far away"}
"""Words for `dbce.scores.tallies.COUNTS`."""


def errors_sentence(
    found: Mapping[str, Any], recipe: Mapping[str, Any], repeated: Mapping[str, Any] | None = None
) -> Sentence:
    """Which errors of CE dilated balanced CE makes fewer of, and that the rim explains no more than it does.

    Arguments as of `verdict`.
    """
    rows, pairs = found["rows"], found["pairs"]
    seeds = min(len(rows[key]["seeds"]) for key in ("ce", "dbce"))
    said: dict[str, list[str]] = {"less": [], "more": [], "not to be told apart": []}
    for kind, words in ERRORS.items():
        change = Interval(*pairs[f"pooled_{kind}"]["dbce|ce"])
        before, after = (rows[key][f"pooled_{kind}"][0] for key in ("ce", "dbce"))
        place = "not to be told apart" if not change.beyond_chance else "less" if change.high < 0 else "more"
        more = again(found, repeated, f"pooled_{kind}", "dbce|ce")
        said[place].append(f"{words} {before:.1f} → {after:.1f} ({spanned(change)}{more})")
    parts = [f"{place}: {', '.join(some)}" for place, some in said.items() if some]
    text = f"Pixels from CE to {DILATED}, in percent of the objects' ({which(found, seeds)}): {'; '.join(parts)}"
    rim = Interval(*pairs["pooled_rim"]["dbce|ce"])
    agreed = again(found, repeated, "pooled_rim", "dbce|ce") in ("", SAME)
    if rows["dbce"]["dice"][0] > rows["ce"]["dice"][0] and not rim.high < 0 and agreed:
        text += "; the rim does not explain the difference in Dice"
    return Sentence(
        f"{text}{short_of(found, 'ce', recipe)}.", f"false in the rim, {DILATED} \N{MINUS SIGN} CE", rim, seeds
    )


def which(found: Mapping[str, Any], seeds: int) -> str:
    """Of which trainings a number is."""
    shown = f"the networks shown, one training each; intervals over the {drawn_over(found)}"
    return f"{seeds} trainings each" if seeds > 1 else shown


def verdict(
    found: Mapping[str, Any],
    measured: Mapping[str, Any] | None,
    recipe: Mapping[str, Any],
    longer: Mapping[str, str] | None = None,
    repeated: Mapping[str, Any] | None = None,
) -> list[Sentence]:
    """The four that open the results of a task, in the order in which they are read; the last is two in one.

    Args:
        found: from `dbce.scores.findings.find`, of the four losses of the paper.
        measured: from `dbce.scores.evidence.read_evidence`, if there is any.
        recipe: of the networks, for how long they were trained.
        longer: by loss, `dbce.scores.learning_text.longer_run`, where a longer training was followed.
        repeated: from `dbce.scores.findings_tables.read_repeats`, where there were several trainings at another recipe.
    """
    longer = longer or {}
    calibration, sizes = calibration_sentence(found, recipe, repeated), sizes_sentence(found, recipe, repeated)
    return [
        against(found, measured, "ce", recipe, longer.get("ce", "")),
        against(found, measured, "dice_ce", recipe, longer.get("dice_ce", "")),
        balanced(found, measured, recipe, repeated),
        Sentence(f"{calibration.text} {sizes.text}", calibration.about, calibration.interval, calibration.trainings),
    ]
