"""What the page can be set to: one table, from which its state, its links and its controls are made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dbce.data import ct
from dbce.prior import PRIORS
from dbce.registry import short_title, title
from dbce.study.words import ERRORS, SCORES
from dbce.tasks import MAX_RADIUS, Task
from dbce.weightings import Weighting

_PRIOR_TITLES = dict(zip(PRIORS, ("as trained", "corrected"), strict=True))


def table(
    task: Task,
    losses: Sequence[str],
    weightings: Mapping[str, Weighting],
    examples: int,
    has_set: bool = False,
    own_set: bool = False,
) -> list[dict[str, Any]]:
    """The fields of a page, in the order in which a link holds them.

    Each has ``name``, ``kind`` ("one" or "many" of ``choices``, "whole" or "number" from ``low`` to ``high`` in steps
    of ``step``, "flag", "text" of at most ``most`` letters), ``start``, ``label`` (of its controls) and ``always``
    (whether a link holds it even where it is as it starts). `dbce/web/app/state.js` reads it.

    Args:
        task: the task of the page.
        losses: the networks, in order.
        weightings: those that there are with these networks.
        examples: how many there are.
        has_set: whether the networks were scored image by image.
        own_set: whether they can be so on images that a visitor opens.
    """
    views = {"organs": task.objects.capitalize()} if task.several else {"compare": "Compare"}
    of_set = {"set": "Set"} if has_set or own_set else {}
    tabs = {"anatomy": "Anatomy", **views, **of_set, "radius": "Radius", "results": "Results", "lab": "Lab"}
    below = {"probability": "probability", "entropy": "cross entropy", "weighted": "weighted loss"}
    return [
        _one("tab", "anatomy", tabs, always=True),
        _whole("slice", None, ct.SLICES - 1 if task.is_scan else -1),  # of pictures there is none to choose
        _whole("cls", None, task.num_classes - 1 if task.several else 0, low=1),  # the same
        _whole("example", 0, examples - 1, always=True),
        _one("weighting", "dilated", {key: each.name for key, each in weightings.items()}, "Weighting", always=True),
        _one("loss", losses[0], {loss: short_title(loss) for loss in losses}, "Network trained with", always=True),
        *([] if task.several else [_one("map", "loss", {"loss": "loss", "gradient": "gradient"}, "Maps")]),
        _one("of", "weight", {"weight": "weight", "loss": "loss"}, "Share of"),
        _whole("radius", int(task.radius), MAX_RADIUS, label="Radius of the disk in pixels", always=True),
        {**_number("threshold", 0.5, 0.01, 0.99, 0.01, "Probability threshold"), "always": True},
        *([] if task.several else [_one("prior", PRIORS[0], _PRIOR_TITLES, "Class prior")]),
        _one("palette", "paper", {"paper": "the paper\u2019s", "safe": "colour-blind safe"}),
        _one("below", "probability", below, "Below"),
        *([*_pair(losses), *_of_set(has_set)] if not task.several else []),
        _one("shape", "fill", {"fill": "fill", "outline": "outline"}, "Errors"),
        _one("scale", "own", {"own": "each its own", "shared": "one for all"}, "Colour scale"),
        _number("opacity", 1, 0, 1, 0.05, "Opacity of the maps over the image"),
        {"name": "outline", "kind": "flag", "start": True},
        _many("shown", {loss: title(loss) for loss in losses}, "Networks"),
        _many("layers", ERRORS["fill"]),
        *_lab(),
    ]


LAB_LOSSES = ("ce", "bce", "dice_ce", "dbce")
"""Those that learn in the lab, in order."""

OWN_LOSS = "own"
"""The visitor's own, beside them."""


def _lab() -> list[dict[str, Any]]:
    """An experiment of the lab; a dial that is None stands where the preset has it (dbce/web/lab/presets.js)."""
    presets = ("needles", "look-alikes", "big", "faint", "classes")  # the titles are those of presets.js
    rates = ("0.0003", "0.001", "0.003", "0.01", "0.03")
    below = {"push": "push", "probability": "probability"}
    losses = {**{loss: title(loss) for loss in LAB_LOSSES}, OWN_LOSS: "Your loss"}
    return [
        _one("lab", presets[0], {preset: preset for preset in presets}, "Problem"),
        _number("lab.size", None, 0.5, 15, 0.5, "Size, % of the image"),
        _whole("lab.count", None, 6, low=1, label="Number"),
        _number("lab.contrast", None, 0.3, 2, 0.1, "Contrast"),
        _number("lab.softness", None, 0, 5, 0.5, "Softness, px"),
        _whole("lab.decoys", None, 8, label="Decoys"),
        _number("lab.noise", None, 0, 2, 0.1, "Noise"),
        _whole("lab.seed", 0, 999, label="Seed"),
        _whole("lab.radius", None, 40, label="Radius of the lab\u2019s disk, px"),
        _one("lab.rate", "0.003", {rate: rate for rate in rates}, "Learning rate"),
        _number("lab.threshold", 0.5, 0.01, 0.99, 0.01, "Threshold"),
        {"name": "lab.correction", "kind": "flag", "start": False},
        {**_many("lab.losses", losses, "Networks"), "start": list(LAB_LOSSES)},
        _one("lab.pace", "full", {"slow": "2 steps/s", "full": "full speed"}, "Speed"),
        _one("lab.below", "push", below, "Below"),
        _whole("lab.image", 0, 2),
        _whole("lab.step", None, 9600, label="Step in view"),
        {"name": "lab.formula", "kind": "text", "start": None, "most": 2000, "label": "Your loss"},
    ]


def _pair(losses: Sequence[str]) -> list[dict[str, Any]]:
    """Two networks that are laid over each other."""
    choices = {loss: short_title(loss) for loss in losses}
    return [_one("first", losses[0], choices, "A"), _one("second", losses[-1], choices, "B")]


def _of_set(measured: bool) -> list[dict[str, Any]]:
    """A set, image by image: which one, what dots stand for, the order of the list, the image that is picked."""
    sets = {"test": "test set", "own": "your images"}
    orders = {
        "disputed": "most disputed first",
        "worst": "worst for all first",
        "missed": "most missed first",
        "rim": "most false in the rim first",
        "far": "most false far away first",
        "smallest": "smallest first",
        "largest": "largest first",
    }
    return [
        _one("whose", "test" if measured else "own", sets, "Images"),
        _one("score", "dice", SCORES, "Score"),
        _one("order", "disputed", orders),
        _whole("picked", None, 9999),
    ]


def _one(name: str, start: str, choices: dict[str, str], label: str = "", always: bool = False) -> dict[str, Any]:
    pairs = [[value, text] for value, text in choices.items()]
    return {"name": name, "kind": "one", "start": start, "choices": pairs, "label": label, "always": always}


def _many(name: str, choices: dict[str, str], label: str = "") -> dict[str, Any]:
    return {**_one(name, "", choices, label), "kind": "many", "start": list(choices)}


def _number(name: str, start: float | None, low: float, high: float, step: float, label: str) -> dict[str, Any]:
    return {"name": name, "kind": "number", "start": start, "low": low, "high": high, "step": step, "label": label}


def _whole(
    name: str, start: int | None, high: int, low: int = 0, label: str = "", always: bool = False
) -> dict[str, Any]:
    field = {"name": name, "kind": "whole", "start": start, "low": low, "high": high, "step": 1, "label": label}
    return {**field, "always": always}
