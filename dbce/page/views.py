"""What comes from outside, checked: values as sentences repeat them, and views of which a file is asked for."""

from __future__ import annotations

import dataclasses
import re
import reprlib
from typing import Any

from dbce.data import inputs
from dbce.page import fields
from dbce.study.predictor import Predictor
from dbce.study.view import MOST_ZOOM, View
from dbce.weightings import weighting_of

_SHOWN = 200  # letters

_ANY = 10_000  # examples: which image is meant stands beside the view

_WIDER: dict[str, dict[str, Any]] = {"threshold": {"low": 0, "high": 1}, "radius": {"kind": "number"}}
"""What programs may ask for beyond the sliders of the page."""


def shown(value: Any) -> str:
    """A value from outside as a sentence repeats it: short, however long or deep it is."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = brief.maxlong = 60
    brief.maxlevel = 2
    text = brief.repr(value)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def read_view(given: Any, predictor: Predictor) -> View:
    """A view from outside, every field of it checked by `dbce.page.fields.table`; what is left out is as it starts.

    Args:
        given: fields of the page's state, ``zoom`` as of `View`; ``figure`` is an older name of ``tab``.
        predictor: the networks of the task.

    Raises:
        InputError: an unknown field or a value out of range.
    """
    if not isinstance(given, dict):
        raise inputs.InputError("The view has fields that are not known here; reload the page.")
    task = predictor.task
    known = fields.table(task, list(predictor.losses), predictor.weightings, _ANY)
    table = {field["name"]: field for field in known}
    start = {field.name: field.default for field in dataclasses.fields(View)}
    wanted: dict[str, Any] = {}
    for key, value in given.items():
        name = "tab" if key == "figure" else key
        if value is None and (name not in start or start[name] is None):  # nothing is picked
            continue
        if name == "zoom":
            wanted[name] = _zoom(value)
        elif name in table:
            wanted[name] = _checked(key, value, {**table[name], **_WIDER.get(name, {})})
        elif name not in start:
            raise inputs.InputError("The view has fields that are not known here; reload the page.")
        elif value != start[name]:
            raise inputs.InputError(f"{name} is {shown(value)}; this task has no such choice.")
    if wanted.get("loss", start["loss"]) not in predictor.checkpoints:
        wanted["loss"] = next(iter(predictor.checkpoints))  # a folder of networks need not hold the one that starts
    wanted["figure"] = wanted.pop("tab", start["figure"])
    return View(**{name: value for name, value in wanted.items() if name in start})


def _checked(name: str, value: Any, field: dict[str, Any]) -> Any:
    """A value of a field of the table.

    Raises:
        InputError: it cannot be one.
    """
    kind, choices = field["kind"], [choice for choice, _ in field.get("choices", ())]
    named = ", ".join(choices)
    if kind == "one":
        if not isinstance(value, str) or value not in choices:
            raise inputs.InputError(f"{name} is {shown(value)}; it must be one of {named}.")
    elif kind == "many":
        if not isinstance(value, list) or any(not isinstance(part, str) or part not in choices for part in value):
            raise inputs.InputError(f"{name} is {shown(value)}; it must be a list of some of {named}.")
        return tuple(value)
    elif kind == "flag":
        if not isinstance(value, bool):
            raise inputs.InputError(f"{name} is {shown(value)}; it must be true or false.")
    elif kind == "text":
        if not isinstance(value, str) or len(value) > field["most"]:
            raise inputs.InputError(f"{name} is {shown(value)}; it must be a text of at most {field['most']} letters.")
    elif not _is_number(value, field["low"], field["high"]) or (kind == "whole" and value != int(value)):
        limits = f"a {'whole ' * (kind == 'whole')}number from {field['low']} to {field['high']}"
        raise inputs.InputError(f"{name} is {shown(value)}; it must be {limits}.")
    return value


def _is_number(value: Any, low: float, high: float) -> bool:
    """Whether a value of JSON is a number in these limits."""
    return isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high


def _zoom(value: Any) -> tuple[float, float, float]:
    """``[scale, x, y]``, where the image fills the panel.

    Raises:
        InputError: it is none.
    """
    three = value if isinstance(value, list) and len(value) == 3 else [0, 0, 0]
    scale, *corner = three
    if not _is_number(scale, 1, MOST_ZOOM) or not all(_is_number(v, 1 - scale - 1e-3, 1e-3) for v in corner):
        raise inputs.InputError(
            f"zoom is {shown(value)}; it must be [scale, x, y]: 1 to {MOST_ZOOM}, and two numbers from 1 - scale to 0."
        )
    return float(scale), float(corner[0]), float(corner[1])


def file_name(view: View, kind: str, image: str, task: str) -> str:
    """What a download is called: after the image and what is seen of it; after the task, where there is no image.

    Args:
        view: what is in view.
        kind: suffix of the file.
        image: name of the image, and of its slice.
        task: name of the task.
    """
    parts = {
        "anatomy": [
            *(["gradient"] if view.map == "gradient" else []),
            view.weighting,
            *([f"r{view.radius:g}"] if weighting_of(view.weighting).has_radius else []),
        ],
        "compare": [f"t{view.threshold:.2f}", *(["corrected"] if view.prior == "corrected" else [])],
    }.get(view.figure, [])
    return "-".join(["dbce", task if view.figure == "results" else stem(image), view.figure, *parts]) + f".{kind}"


def stem(name: str) -> str:
    """The name of an image as part of a file's name: without its suffix, in letters, digits, ``_``, ``.`` and ``-``."""
    bare = re.sub(r"(\.[A-Za-z][A-Za-z0-9]{0,4}){1,2}(?=$|, slice \d+$)", "", name)
    return re.sub(r"[^\w.]+", "-", bare)[:60].strip("-._") or "image"
