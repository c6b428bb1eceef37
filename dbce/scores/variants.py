"""Runs that differ in one thing more than in the seed: their scores, and which differences are beyond chance.

The paper's loss does two things at once: it balances by the areas of the image instead of those of the data set, and it
dilates. Four losses that do neither, one or both tell the two apart; `EFFECTS` names them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.metrics import SCORES
from dbce.registry import LOSSES, loss_of, title
from dbce.scores.evaluation import HEADINGS, data_name
from dbce.scores.findings import scene_scores
from dbce.scores.marks import MARKS_MEAN, mark_rows, marked
from dbce.scores.resampling import DRAWS, Interval, Resampling, interval
from dbce.scores.result_files import read_result, write_result
from dbce.scores.results import MINUS, setting
from dbce.scores.tallies import Scenes, Tally
from dbce.train.checkpoints import home
from dbce.train.recipe import Recipe

_TIME = frozenset({"seed", "torch", "device", "compiled", "images", "class_frequencies"})
"""Fields of a recipe in which runs of one row may differ."""

EFFECTS: dict[str, dict[str, float]] = {
    "dilation": {"bce": -0.5, "dilated_set, R = 20": 0.5, "dbce, R = 0": -0.5, "dbce, R = 20": 0.5},
    "the image's balance in place of the data set's": {
        **{"bce": -0.5, "dilated_set, R = 20": -0.5},
        **{"dbce, R = 0": 0.5, "dbce, R = 20": 0.5},
    },
    "both together, beyond the sum of the two": {
        "bce": 1,
        "dilated_set, R = 20": -1,
        "dbce, R = 0": -1,
        "dbce, R = 20": 1,
    },
}
"""Contrasts of rows, row -> factor: both main effects and the interaction of a 2 x 2 design."""


def row_keys(recipes: Sequence[Mapping[str, Any]]) -> list[str]:
    """What each run is called: its loss, and what else differs from other runs, e.g. ``"dbce, R = 20"``.

    A radius is named only where the loss uses one.

    Raises:
        ValueError: two runs of the same name and seed.
    """
    recipes = [{"optimizer": Recipe.optimizer, **recipe} for recipe in recipes]  # which was the only one at first
    fields = sorted({key for recipe in recipes for key in recipe} - _TIME - {"loss", "radius"})
    differing = [key for key in fields if len({str(recipe.get(key)) for recipe in recipes}) > 1]
    dilates = [recipe for recipe in recipes if "radius" in loss_of(str(recipe["loss"])).needs]
    several = len({float(recipe["radius"]) for recipe in dilates}) > 1
    keys = []
    for recipe in recipes:
        parts = [str(recipe["loss"]).rpartition(":")[2]]
        if several and recipe in dilates:
            parts.append(f"R = {float(recipe['radius']):g}")
        keys.append(", ".join([*parts, *(f"{key} = {recipe.get(key)}" for key in differing)]))
    named = [(key, recipe["seed"]) for key, recipe in zip(keys, recipes, strict=True)]
    if twice := sorted({f"{key}, seed {seed}" for key, seed in named if named.count((key, seed)) > 1}):
        raise ValueError(f"two runs are {twice[0]}; keep one of them in the folder.")
    return keys


def in_order(keys: Sequence[str], *columns: Sequence[Any]) -> list[tuple[Any, ...]]:
    """Runs as rows of a table, (key, ...): by loss as in `dbce.registry.LOSSES`, then by the numbers in the name."""

    def place(key: str) -> tuple[int, list[float], str]:
        loss = key.partition(",")[0]
        known = list(LOSSES)
        numbers = [float(number) for number in re.findall(r"= (-?[\d.]+(?:e-?\d+)?)", key)]
        return (known.index(loss) if loss in known else len(known), numbers, key)

    return sorted(zip(keys, *columns, strict=True), key=lambda row: place(row[0]))


def variant_title(key: str, named: Callable[[str], str] = title) -> str:
    """The name of a row as text: the loss by its title, or as ``named`` has it."""
    loss, comma, rest = key.partition(",")
    return f"{named(loss)}{comma}{rest}"


def measure_variants(
    scenes: Scenes, tallies: Mapping[str, Sequence[Tally]], held_out: Mapping[str, float], draws: int = DRAWS
) -> dict[str, Any]:
    """Scores of every row over its seeds, and all paired differences of Dice.

    Args:
        scenes: of the test set.
        tallies: by row one of each seed, as trained.
        held_out: by row the mean Dice in percent on images that were held out of training, where there are some.
        draws: bootstrap samples, of images (whole groups) and of trainings.

    Returns:
        ``rows``: by row ``seeds``, ``mean`` and ``std`` of `dbce.metrics.SCORES` in percent (``std`` None for one
        seed), ``held_out`` (or None); ``pairs``: by ``"a|b"`` the Dice of a minus b in points as [mean, low, high];
        ``effects``: the same for each of `EFFECTS` whose rows are all there; ``images``, ``groups``.
    """
    drawing = Resampling(scenes.members, draws)
    ones = np.ones(len(scenes.names))
    dice: dict[str, tuple[float, np.ndarray]] = {}  # by row the mean and its draws, in percent
    rows = {}
    for key, each in tallies.items():
        found = [
            {name: np.nanmean(values, axis=1) for name, values in scene_scores(scenes, one).items() if name in SCORES}
            for one in each
        ]
        means = {name: [100 * float(np.nanmean(of[name])) for of in found] for name in SCORES}
        rows[key] = {
            "seeds": [one.seed for one in each],
            "mean": {name: round(float(np.mean(values)), 3) for name, values in means.items()},
            "std": {
                name: round(float(np.std(values, ddof=1)), 3) if len(each) > 1 else None
                for name, values in means.items()
            },
            "held_out": held_out.get(key),
        }
        of_images = np.stack([of["dice"] for of in found])  # (seeds, images)
        dice[key] = (float(np.mean(means["dice"])), 100 * drawing.ratios(key, of_images, ones))

    def contrast(factors: Mapping[str, float]) -> list[float]:
        mean = sum(factor * dice[key][0] for key, factor in factors.items())
        drawn = sum(factor * dice[key][1] for key, factor in factors.items())
        return [round(value, 3) for value in interval(mean, np.asarray(drawn))]

    return {
        "rows": rows,
        "pairs": {f"{a}|{b}": contrast({a: 1, b: -1}) for a in rows for b in rows if a != b},
        "effects": {name: contrast(factors) for name, factors in EFFECTS.items() if factors.keys() <= rows.keys()},
        "images": len(scenes.names),
        "groups": len(set(scenes.members)),
    }


def variants_file(name: str, folder: Path | None = None) -> Path:
    """Where the measurements of a folder of runs lie."""
    return (folder or home()) / "variants" / f"{name}.json"


def write_variants(
    name: str, measured: Mapping[str, Any], recipe: Mapping[str, Any], test_data: str, folder: Path | None = None
) -> Path:
    """Record measurements where `read_variants` finds them.

    Args:
        name: of the file, and of the block in the documents.
        measured: from `measure_variants`.
        recipe: of any of the runs.
        test_data: name of the test set.
        folder: the bundled networks' by default.
    """
    shared = {key: value for key, value in recipe.items() if key not in {"loss", "radius", *_TIME} | {"images"}}
    content = {"task": recipe["task"], "test_data": test_data, "recipe": {**shared, "images": recipe["images"]}}
    return write_result(variants_file(name, folder), {**content, **measured})


def read_variants(name: str, folder: Path | None = None) -> dict[str, Any] | None:
    """The measurements of that name, or None where there are none.

    Raises:
        ValueError: the file is damaged.
    """

    def complete(found: dict[str, Any]) -> bool:
        whole = {"task", "test_data", "recipe", "rows", "pairs", "effects", "images", "groups"} <= found.keys()
        return whole and all({"seeds", "mean", "std"} <= row.keys() for row in found["rows"].values())

    return read_result(variants_file(name, folder), "variants", complete)


def beside_radius(curve: Mapping[str, Any] | None, folder: Path | None = None) -> dict[str, Any] | None:
    """The curve of Fig. 5, with what other losses reach that were trained alike, where that was measured.

    Args:
        curve: from `dbce.scores.results.read_radius`, or None.
        folder: of the networks; the bundled ones' by default.

    Returns:
        The curve; with ``ce`` (``dice``, its mean in percent, and ``seeds``, how many) and ``parts``, sentences of
        `effect_sentences`, from the first file of variants whose recipe and test set are the curve's.
    """
    if curve is None:
        return None
    for path in sorted(variants_file("", folder).parent.glob("*.json")):
        found = read_variants(path.stem, folder)
        if not found or "ce" not in found["rows"] or found["test_data"] != curve["test_data"]:
            continue
        shared = found["recipe"].keys() & curve["recipe"].keys()
        if all(found["recipe"][key] == curve["recipe"][key] for key in shared):
            row = found["rows"]["ce"]
            ce = {"dice": round(row["mean"]["dice"], 2), "seeds": len(row["seeds"])}
            return {**curve, "ce": ce, "parts": effect_sentences(found)}
    return dict(curve)


def _signed(value: float) -> str:
    return f"{value:+.1f}".replace("-", MINUS)


def _difference(three: Sequence[float], seeds: int) -> str:
    """As text; an interval only where it knows of the chance of training."""
    found = Interval(*three)
    if seeds < 2:
        return _signed(found.mean)
    text = f"{_signed(found.mean)} ({_signed(found.low)} to {_signed(found.high)})"
    return f"**{text}**" if found.beyond_chance else text


def effect_sentences(measured: Mapping[str, Any]) -> list[str]:
    """What each part of the loss does to Dice, computed from the numbers."""
    said = []
    for name, three in measured["effects"].items():
        seeds = min(len(measured["rows"][key]["seeds"]) for key in EFFECTS[name])
        found = Interval(*three)
        sure = "" if found.beyond_chance else ": not to be told from chance"
        words = f"{name[0].upper()}{name[1:]}: {_signed(found.mean)} points of Dice"
        if seeds > 1:
            words += f" (95 % {_signed(found.low)} to {_signed(found.high)}; {seeds} trainings each){sure}"
        said.append(f"{words}.")
    return said


def _cells(row: Mapping[str, Any], names: Iterable[str]) -> list[str]:
    def one(name: str) -> str:
        std = row["std"][name]
        return f"{row['mean'][name]:.1f}" if std is None else f"{row['mean'][name]:.1f} ± {std:.1f}"

    return [one(name) for name in names]


def _chosen(rows: Mapping[str, Mapping[str, Any]]) -> str:
    """What images that were held out of training choose, beside what the test set has highest."""
    held = {key: round(row["held_out"], 1) for key, row in rows.items()}
    tested = {key: round(row["mean"]["dice"], 1) for key, row in rows.items()}
    first, second = (
        " and ".join(variant_title(key) for key, value in of.items() if value == max(of.values()))
        for of in (held, tested)
    )
    top, best = max(held.values()), max(tested.values())
    return f"Held-out images choose {first} ({top} %); highest on the test set: {second} ({best} %)."


def variants_markdown(name: str, folder: Path | None = None) -> str:
    """A table of the rows, one of all differences, and what they show. Arguments as of `write_variants`.

    Raises:
        ValueError: nothing of that name was measured, or the file is damaged.
    """
    measured = read_variants(name, folder)
    if measured is None:
        raise ValueError(f"no runs {name!r} were measured; score some with `python -m dbce variants`.")
    rows = measured["rows"]
    counts = {key: len(row["seeds"]) for key, row in rows.items()}
    seeds, most = min(counts.values()), max(counts.values())
    marks = mark_rows({key: row["mean"]["dice"] for key, row in rows.items()}, measured["pairs"], True, seeds)
    held = all(row.get("held_out") is not None for row in rows.values())
    heads = [HEADINGS[score] for score in SCORES] + (["mDice, held out"] if held else [])
    what = f"mean ± standard deviation over {most} seeds" if most > 1 else "one seed"
    what += "; without ±: one seed" if seeds == 1 < most else ""
    lines = [f"| {what} | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
    for key, row in rows.items():
        cells = _cells(row, SCORES)
        cells[0] = marked(cells[0], marks[key])
        lines.append(
            "| " + " | ".join([variant_title(key), *cells, *([f"{row['held_out']:.1f}"] if held else [])]) + " |"
        )
    lines += ["", MARKS_MEAN] if any(marks.values()) else []
    if most > 1:
        heads = [variant_title(key) for key in list(rows)[:-1]]
        lines += ["", f"| Dice, row − column | {' | '.join(heads)} |", "| --- |" + " --- |" * len(heads)]
        for k, key in enumerate(list(rows)[1:], 1):
            others = list(rows)[:k]
            cells = [
                _difference(measured["pairs"][f"{key}|{other}"], min(counts[key], counts[other])) for other in others
            ]
            lines.append("| " + " | ".join([variant_title(key), *cells, *[""] * (len(heads) - k)]) + " |")
        over = f"the {measured['groups']} video sequences" if measured["groups"] < measured["images"] else "the images"
        drawn = f"95 % intervals from {DRAWS} bootstrap samples of {over} and of the trainings"
        alone = " No interval where one of the two was trained once: what another training gives is not known."
        lines += ["", f"{drawn}; bold: beyond chance.{alone if seeds == 1 else ''}"]
    lines += ["", *(f"- {sentence}" for sentence in effect_sentences(measured))] if measured["effects"] else []
    lines += ["", _chosen(rows)] if held else []
    recipe = {**measured["recipe"], "seed": ", ".join(map(str, rows[max(rows, key=lambda key: counts[key])]["seeds"]))}
    data = data_name(measured["test_data"])
    lines += [
        "",
        f"{setting(recipe, measured['test_data'])} `python -m dbce variants {measured['task']} --runs RUNS "
        f"--data {data} --name {name}` scores the runs.",
    ]
    return "\n".join(lines)
