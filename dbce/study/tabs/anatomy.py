"""Fig. 1: image, labels, cross entropy, weight and weighted loss, or the gradient in place of the losses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dbce.registry import short_title
from dbce.study.colours import PALETTES, colours_of, diverging, label_colours, magma, mixed, through, through_signed
from dbce.study.scales import largest_gradient, largest_of_all, residual, weight_in_view
from dbce.study.sheet import BAR, EDGE, GAP, Sheet
from dbce.study.studies import Study
from dbce.study.tabs.bars import draw_bars
from dbce.study.view import View
from dbce.study.words import CAPTIONS, digits
from dbce.tasks import IGNORE
from dbce.weightings import weighting_of

OBJECT = "#F5A524"
"""Colour of the outline of the labels."""

_SIDE, _TOP = 2.1, 0.42
_ONE_SCALE = "one colour scale for all networks and weightings"


def draw_anatomy(study: Study, view: View, image: str = "", shape: tuple[int, int] | None = None) -> Figure:
    """Five pictures in a row.

    Args:
        study: with a mask.
        view: what is in view.
        image: its name.
        shape: height and width of the image as it came.

    Raises:
        ValueError: no mask, or an unknown loss, weighting, radius or palette.
    """
    weight, entropy = weight_in_view(study, view), study.cross_entropy(view.loss)
    colours_of(view.palette)
    chosen, labels = weighting_of(view.weighting), np.asarray(study.labels)
    sheet = Sheet(2 * EDGE + 5 * _SIDE + 4 * GAP, view, shape)
    places = [EDGE + k * (_SIDE + GAP) for k in range(5)]
    low = _TOP + sheet.high(_SIDE)
    network = f"network: {study.named(view.loss)}"

    def add(k: int, pixels: np.ndarray, title: str, note: str = "", lines: bool = False) -> Axes:
        axes = sheet.picture(places[k], _TOP, _SIDE, pixels, title, note)
        for label in sorted(set(np.unique(labels).tolist()) - {0, IGNORE}) if lines else ():
            sheet.outline(axes, labels == label, OBJECT)
        return axes

    def bar(k: int, table: np.ndarray, ends: Sequence[str]) -> None:
        sheet.bar(places[k], low, _SIDE, table, ends)

    def pixels_of(values: np.ndarray, top: float) -> np.ndarray:
        return mixed(through(values, top, magma()), study.image, view.opacity)

    ignored = (labels == IGNORE).any()
    add(0, study.image, f"(a) {CAPTIONS['image']}")
    given = mixed(label_colours(labels, study.task), study.image, view.opacity)
    add(1, given, f"(b) {CAPTIONS['labels']}", "hatched: ignored" if ignored else "")
    in_maps = view.outline and view.opacity < 1
    shared = None if view.scale == "own" else largest_of_all(study, view.radius)
    top = shared["weight"] if shared else float(weight.max())
    add(3, pixels_of(weight, top), _caption(study, view), f"weighting: {chosen.key}", view.outline)
    bar(3, magma(), ("0", digits(top)))
    both = f"{chosen.key}, network: {short_title(view.loss)}"
    if view.map == "gradient":
        gradient = study.gradient(view.loss, view.radius, view.weighting)
        most = largest_gradient(study, view.radius) if shared else float(np.abs(gradient).max())
        colours = PALETTES[view.palette]
        table = diverging(colours["fn"], colours["fp"])
        for k, values, limit, title in (
            (2, residual(study, view.loss), 1.0, f"(c) {CAPTIONS['residual']}"),
            (4, gradient, most, f"(e) {CAPTIONS['gradient']}"),
        ):
            signed = mixed(through_signed(values, limit, table), study.image, view.opacity)
            add(k, signed, title, both if k == 4 else network, in_maps)
            bar(k, table, (digits(-limit), "0", digits(limit)))
        low += _pushes(sheet, low, gradient, colours)
    else:
        loss = weight * entropy
        tops = shared or {"entropy": float(entropy.max()), "weighted": float(loss.max())}
        for k, values, key, title in (
            (2, entropy, "entropy", f"(c) {CAPTIONS['entropy']}"),
            (4, loss, "weighted", f"(e) {CAPTIONS['weighted']}"),
        ):
            add(k, pixels_of(values, tops[key]), title, both if k == 4 else network, in_maps)
            bar(k, magma(), ("0", digits(tops[key])))
    low = draw_bars(sheet, low + BAR + 0.02, study, view) - BAR + 0.04
    low = sheet.foot(low + BAR + 0.18, image, [_ONE_SCALE if shared else "", over_image(view)])
    return sheet.finish(low + 0.14)


def over_image(view: View) -> str:
    """How maps lie over the image, where they hide it no more."""
    return f"maps at {100 * view.opacity:.0f} % over the image" if view.opacity < 1 else ""


def _caption(study: Study, view: View) -> str:
    """What (d) shows."""
    if view.cls is None:
        return "(d) " + weighting_of(view.weighting).caption.format(radius=view.radius)
    radius = f", R = {view.radius:g} px" if weighting_of(view.weighting).has_radius else ""
    return f"(d) weight of the {study.task.classes[view.cls]}{radius}"


def _pushes(sheet: Sheet, low: float, gradient: np.ndarray, colours: dict[str, str]) -> float:
    """Below the gradient, which way it pushes; gives the height of that."""
    up, down = (float(np.abs(gradient[where].sum(dtype=np.float64))) for where in (gradient < 0, gradient > 0))
    share = [f"{100 * part / max(up + down, 1e-300):.0f} %" for part in (up, down)]
    entries = [(colours["fn"], f"raises p, {share[0]}"), (colours["fp"], f"lowers p, {share[1]} of the gradient")]
    sheet.legend(low + BAR + 0.16, entries)
    return 0.2
