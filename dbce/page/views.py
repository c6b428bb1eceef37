"""What comes from outside, checked: values as sentences repeat them, and views of which a file is asked for."""

from __future__ import annotations

import reprlib
from typing import Any

from dbce.data import inputs
from dbce.prior import PRIORS
from dbce.study import export
from dbce.study.colours import PALETTES
from dbce.study.predictor import Predictor
from dbce.tasks import MAX_RADIUS
from dbce.weights import WEIGHTINGS


def shown(value: Any) -> str:
    """A value from outside as a sentence repeats it: short, however long or deep it is."""
    brief = reprlib.Repr()
    brief.maxstring = brief.maxother = brief.maxlong = 60
    brief.maxlevel = 2
    return brief.repr(value)


def read_view(fields: Any, predictor: Predictor) -> export.View:
    """Fields from outside -> a view, every one of them checked.

    Raises:
        InputError: an unknown field or a value out of range.
    """
    try:
        view = export.View(**fields)
    except TypeError as error:
        raise inputs.InputError("The view has fields that are not known here; reload the page.") from error
    choices = {
        "figure": export.figures_of(predictor.task),
        "loss": tuple(predictor.checkpoints),
        "weighting": tuple(WEIGHTINGS),
        "palette": tuple(PALETTES),
        "prior": PRIORS,
    }
    for name, known in choices.items():
        if getattr(view, name) not in known:
            raise inputs.InputError(f"{name} is {shown(getattr(view, name))}; it must be one of {', '.join(known)}.")
    for name, low, high in (("radius", 0, MAX_RADIUS), ("threshold", 0, 1)):
        value = getattr(view, name)
        if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
            raise inputs.InputError(f"{name} is {shown(value)}; it must be a number from {low} to {high}.")
    return view
