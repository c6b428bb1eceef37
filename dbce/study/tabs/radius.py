"""Fig. 5: Dice against the radius of the disk, as measured, and the weight map of the image at several radii."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dbce.study.colours import magma, mixed, through
from dbce.study.sheet import BAR, EDGE, GAP, INK, LINE, QUIET, SMALL, TITLE, Sheet
from dbce.study.studies import Study
from dbce.study.tabs.anatomy import OBJECT, over_image
from dbce.study.view import RADII, View
from dbce.study.words import digits, share_percent
from dbce.tasks import IGNORE, MAX_RADIUS

_SIDE, _CHART = 1.75, 2.4


def draw_radii(
    study: Study, view: View, curve: Mapping[str, Any] | None, image: str = "", shape: tuple[int, int] | None = None
) -> Figure:
    """The measured curve, where there is one, above the maps, where there is a mask.

    Args:
        study: with or without a mask.
        view: what is in view.
        curve: from `dbce.scores.variants.beside_radius`.
        image: its name.
        shape: height and width of the image as it came.

    Raises:
        ValueError: neither a curve nor a mask.
    """
    if curve is None and study.labels is None:
        raise ValueError("no radius was measured for these networks, and without a mask there is no weight map.")
    width = len(RADII) * _SIDE + (len(RADII) - 1) * GAP
    sheet = Sheet(2 * EDGE + width, view, shape)
    y = EDGE
    if curve is not None:
        sheet.text(EDGE, y + 0.1, f"Dice on {curve['test_data']}, %, against R ({curve['label']})", TITLE)
        sheet.text(EDGE, y + 0.26, curve["setting"], SMALL, width, color=QUIET)
        draw_curve(sheet.axes(EDGE + 0.4, y + 0.5, width - 0.5, _CHART - 0.5), curve, view.radius)
        y += _CHART + 0.55
    if study.labels is not None:
        y = _maps(sheet, study, view, y + 0.35) + 0.1
    return sheet.finish(sheet.foot(y + 0.1, image, ["dilated weights", over_image(view)]) + 0.14)


def draw_curve(axes: Axes, curve: Mapping[str, Any], radius: float | None = None) -> None:
    """Dice at every radius that was measured, CE's where it was trained alike, and a mark at one radius."""
    if ce := curve.get("ce"):
        axes.axhline(ce["dice"], color=QUIET, linewidth=1.1, linestyle=(0, (1, 2)))
        at: dict[str, Any] = {
            "xy": (1, ce["dice"]),
            "xycoords": ("axes fraction", "data"),
            "textcoords": "offset points",
        }
        axes.annotate(f"CE {ce['dice']:.1f}", xytext=(-2, 3), ha="right", fontsize=SMALL, color=QUIET, **at)
    radii, dice = ([point[name] for point in curve["points"]] for name in ("radius", "dice"))
    axes.plot(radii, dice, "o-", color="#E08A00", markersize=5, linewidth=1.6, clip_on=False)
    axes.set_xlim(0, MAX_RADIUS)
    axes.set_xticks([0, 20, 50, 100, MAX_RADIUS])
    axes.set_xlabel("R, px at 320 \u00d7 320", fontsize=SMALL + 0.5, color=INK)
    axes.tick_params(labelsize=SMALL, color=LINE, labelcolor=QUIET)
    axes.grid(color=LINE, linewidth=0.4)
    for side, spine in axes.spines.items():
        spine.set(color=LINE, visible=side in ("left", "bottom"))
    if radius is not None:
        axes.axvline(radius, color=QUIET, linewidth=0.9, linestyle=(0, (4, 3)))
        place: dict[str, Any] = {
            "xy": (radius, 1),
            "xycoords": ("data", "axes fraction"),
            "textcoords": "offset points",
        }
        axes.annotate(
            f"R = {radius:g} px",
            xytext=(0, 3),
            ha="right" if radius > 0.9 * MAX_RADIUS else "center",
            fontsize=SMALL,
            color=QUIET,
            **place,
        )


def _maps(sheet: Sheet, study: Study, view: View, y: float) -> float:
    """Weight maps in a row; gives where they end."""
    labels = np.asarray(study.labels)
    maps = {radius: study.weight(radius) for radius in RADII}
    shared = max(float(weight.max()) for weight in maps.values())
    for k, (radius, weight) in enumerate(maps.items()):
        x = EDGE + k * (_SIDE + GAP)
        top = float(weight.max()) if view.scale == "own" else shared
        pixels = mixed(through(weight, top, magma()), study.image, view.opacity)
        rim = share_percent(study.shares(radius)["rim"])
        axes = sheet.picture(
            x, y, _SIDE, pixels, f"R = {radius} px", f"rim {rim} % of the weight", strong=radius == view.radius
        )
        for label in sorted(set(np.unique(labels).tolist()) - {0, IGNORE}):
            sheet.outline(axes, labels == label, OBJECT)
        sheet.bar(x, y + sheet.high(_SIDE), _SIDE, magma(), ("0", digits(top)))
    return y + sheet.high(_SIDE) + BAR
