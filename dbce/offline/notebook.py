"""`dbce.view`: the viewer in a cell of a notebook, which follows Python and is followed by it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import traitlets

try:
    import anywidget
except ModuleNotFoundError as error:
    raise ModuleNotFoundError(
        'anywidget is not installed, which dbce.view needs; install the extra notebook: pip install "dbce[notebook]".',
        name="anywidget",
    ) from error

from dbce.offline.compose import Report
from dbce.offline.report import report_of
from dbce.page.assets import WEB
from dbce.tasks import WORK_SIZE

HEIGHT = 860
"""Of a cell, in pixels."""


class View(anywidget.AnyWidget):
    """A viewer; what is set here is shown there, and what is moved there stands here.

    Attributes:
        radius: of the disk, whole pixels at 320 x 320.
        threshold: probability above which a pixel counts as found.
        tab: in view.
        weighting: key of `dbce.weightings.WEIGHTINGS`.
        pixel: column and row at which the pointer is, in the 320 x 320 pixels of the maps; None if at none.
        height: of the cell in pixels, before it is shown.
        document: the report that the cell shows.
        made: the same with its scores, as of `dbce.report`.
    """

    _esm = WEB / "report" / "widget.js"

    radius = traitlets.Int(0).tag(sync=True)
    threshold = traitlets.Float(0.5).tag(sync=True)
    tab = traitlets.Unicode("").tag(sync=True)
    weighting = traitlets.Unicode("").tag(sync=True)
    pixel = traitlets.Tuple(traitlets.Int(), traitlets.Int(), default_value=None, allow_none=True).tag(sync=True)
    height = traitlets.Int(HEIGHT).tag(sync=True)
    document = traitlets.Unicode("").tag(sync=True)

    def __init__(self, made: Report, fields: Mapping[str, Mapping[str, Any]], **options: Any) -> None:
        self.made, self._fields = made, fields
        start = {name: fields[name]["start"] for name in ("radius", "threshold", "tab", "weighting")}
        super().__init__(document=made.text, **start, **options)

    @traitlets.validate("radius", "threshold")
    def _in_range(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        field = self._fields[name]
        if not field["low"] <= value <= field["high"]:
            raise traitlets.TraitError(f"{name} is {value:g}; it must lie between {field['low']} and {field['high']}.")
        return value

    @traitlets.validate("tab", "weighting")
    def _known(self, proposal: Any) -> Any:
        name, value = proposal["trait"].name, proposal["value"]
        known = [choice for choice, _ in self._fields[name]["choices"]]
        if value not in known:
            raise traitlets.TraitError(f"{name} is {value!r}; it must be one of {', '.join(known)}.")
        return value

    @traitlets.validate("pixel")
    def _inside(self, proposal: Any) -> Any:
        value = proposal["value"]
        if value is not None and not all(0 <= part < WORK_SIZE for part in value):
            raise traitlets.TraitError(f"pixel is {value}; column and row must lie between 0 and {WORK_SIZE - 1}.")
        return value


def view(
    image: Any,
    mask: Any = None,
    predictions: Mapping[str, Any] | None = None,
    *,
    radius: float | None = None,
    height: int = HEIGHT,
    **options: Any,
) -> View:
    """Show the viewer of `dbce.report` in a cell of a notebook.

    Args:
        image: like all that is not named here as of `dbce.offline.report.report`.
        mask: likewise.
        predictions: likewise.
        radius: of the disk with which it starts.
        height: of the cell in pixels.
        options: likewise.

    Returns:
        A widget; ``radius``, ``threshold``, ``tab``, ``weighting`` and ``pixel`` can be read, set and observed.

    Raises:
        ValueError: as of `dbce.report`.
    """
    made = report_of(image, mask, predictions, radius=radius, embedded=True, **options)
    return View(made, {field["name"]: field for field in made.settings["fields"]}, height=height)
