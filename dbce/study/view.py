"""What is in view on the page, as one value: all that a figure of it depends on besides the image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from dbce.study.studies import Study
from dbce.tasks import MAX_RADIUS, Task

RADII = (0, 5, 10, 20, 60, MAX_RADIUS)
"""Radii of the weight maps under Radius."""

MOST_ZOOM = 16
"""Most that panels can be enlarged; as in dbce/web/app/zoom.js."""


@dataclass(frozen=True)
class View:
    """What is in view; every field but ``zoom`` is one of the page's state, as of `dbce.page.fields.table`.

    Attributes:
        figure: the tab: "anatomy" (Fig. 1), "compare" (Figs. 2 and 3), "organs" (Fig. 4), "radius" or "results".
        loss: whose network's loss map Fig. 1 shows.
        weighting: key of `dbce.weightings.WEIGHTINGS`.
        radius: of the disk, in pixels of the study.
        threshold: probability that a prediction must exceed.
        palette: see `dbce.study.colours.PALETTES`.
        prior: one of `dbce.prior.PRIORS`: whether class weights are taken out of the networks.
        map: "loss", or "gradient" in place of the loss maps of Fig. 1.
        below: what Figs. 2 and 3 show below the predictions: "probability", "entropy" or "weighted".
        shape: "fill", or "outline": objects as lines on the image.
        scale: "own": every map from 0 to its own largest value, or "shared".
        opacity: of the maps over the image, 0 to 1.
        outline: whether the weight map has the outline of the labels.
        shown: the networks of Figs. 2 to 4; empty for all.
        layers: which of "tp", "fp" and "fn" are drawn.
        cls: the class that is picked, None for all.
        of: "weight" or "loss": what the bars below Fig. 1 are shares of.
        first: network A of the two that Compare lays over each other; None for the first of the study.
        second: network B, None for the last.
        zoom: how much panels are enlarged, and where the corner of the image then lies, in sides of a panel.
    """

    figure: str = "anatomy"
    loss: str = "dbce"
    weighting: str = "dilated"
    radius: float = 20
    threshold: float = 0.5
    palette: str = "paper"
    prior: str = "trained"
    map: str = "loss"
    below: str = "probability"
    shape: str = "fill"
    scale: str = "own"
    opacity: float = 1
    outline: bool = True
    shown: tuple[str, ...] = ()
    layers: tuple[str, ...] = ("tp", "fp", "fn")
    cls: int | None = None
    of: str = "weight"
    first: str | None = None
    second: str | None = None
    zoom: tuple[float, float, float] = (1, 0, 0)

    def networks(self, study: Study) -> list[str]:
        """Those in view, in the order of the study: under Anatomy and Radius nobody is left out."""
        several = self.figure in ("compare", "organs") and self.shown
        return [loss for loss in study.logits if not several or loss in self.shown]

    def window(self, size: int) -> tuple[float, float, float, float]:
        """Left, right, lower and upper limit of axes that show what is in sight of an image of this many pixels."""
        scale, x, y = self.zoom
        left, top = -x / scale * size - 0.5, -y / scale * size - 0.5
        return left, left + size / scale, top + size / scale, top


def figures_of(task: Task) -> tuple[str, str]:
    """The figures of an image that a task has: the second shows the networks side by side."""
    return ("anatomy", "organs" if task.several else "compare")


@dataclass(frozen=True)
class Measured:
    """What was measured of the networks, beside any image.

    Attributes:
        results: tables beside the paper's, from `dbce.scores.results.summary`.
        findings: the verdict and its table, from `dbce.scores.findings_tables.findings_summary`, or None.
        radius_curve: from `dbce.scores.results.read_radius`, or None.
        calibration: from `dbce.scores.records.read_calibration`, or None.
        learning: from `dbce.scores.learning_text.learning_summary`, or None.
        repeats: from `dbce.scores.repeats.repeats_summary`, or None.
    """

    results: tuple[dict[str, Any], ...] = ()
    findings: dict[str, Any] | None = None
    radius_curve: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    learning: dict[str, Any] | None = None
    repeats: dict[str, Any] | None = None
