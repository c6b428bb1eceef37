"""Figs. 2 and 3: predictions with their errors, a map below each, and the scores."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from dbce.study.colours import colours_of, greys, label_colours, magma, mixed, overlay, through
from dbce.study.sheet import BAR, EDGE
from dbce.study.studies import Study
from dbce.study.tabs.anatomy import OBJECT, over_image
from dbce.study.tabs.charts import draw_charts
from dbce.study.tabs.columns import SIDE, Columns, Line, agreement_lines, count_line, share_line
from dbce.study.tabs.pair import Prediction, draw_pair
from dbce.study.view import View
from dbce.study.words import CAPTIONS, ERRORS, SCORES, digits
from dbce.tasks import IGNORE
from dbce.weightings import weighting_of


def draw_comparison(
    study: Study,
    view: View,
    image: str = "",
    shape: tuple[int, int] | None = None,
    other: Study | None = None,
    calibration: Mapping[str, Any] | None = None,
) -> Figure:
    """The networks in view side by side; below them the charts of Compare, and two networks laid over each other.

    Args:
        study: with or without a mask.
        view: what is in view.
        image: its name.
        shape: height and width of the image as it came.
        other: the study with the other class prior; without it no curve is drawn with that.
        calibration: from `dbce.scores.records.read_calibration`; without it there is no reliability diagram.

    Raises:
        ValueError: an unknown palette.
    """
    chosen = colours_of(view.palette)
    columns = Columns(study, view, shape, _lines(study, view))
    sheet, labels = columns.sheet, study.labels
    sheet.picture(EDGE, columns.first, SIDE, study.image, CAPTIONS["image"], "" if view.prior == "corrected" else None)
    if labels is not None:
        truth = mixed(label_colours(labels, study.task), study.image, view.opacity)
        sheet.picture(EDGE, columns.second, SIDE, truth, CAPTIONS["truth"])
    below = view.below if labels is not None else "probability"
    values = {loss: _values(study, view, loss, below) for loss in columns.losses}
    tops = {loss: 1.0 if below == "probability" else float(map_.max()) for loss, map_ in values.items()}
    table = greys() if below == "probability" else magma()
    for loss, x in columns.places.items():
        name, remark = columns.head(loss)
        _prediction(columns, loss, x, columns.first, name, remark)
        top = tops[loss] if view.scale == "own" else max(tops.values())
        pixels = mixed(through(values[loss], top, table), study.image, view.opacity)
        sheet.picture(x, columns.second, SIDE, pixels, CAPTIONS[below])
        sheet.bar(x, columns.second + sheet.high(SIDE), SIDE, table, ("0", digits(top)))
    y = columns.table(columns.second + sheet.high(SIDE) + BAR + 0.02)
    if labels is not None:
        y = draw_charts(sheet, y + 0.22, study, other or study, view, calibration)
    predictions: list[Prediction] = []
    y = draw_pair(columns, y + 0.2, predictions) + 0.24
    for loss, x, top, name, remark in predictions:
        _prediction(columns, loss, x, top, name, remark)
    sheet.legend(y, _legend(study, view, chosen))
    return sheet.finish(sheet.foot(y + 0.22, image, _said(study, view, below)) + 0.14)


def _prediction(columns: Columns, loss: str, x: float, y: float, name: str, remark: str | None) -> None:
    """What a network finds, filled or as outlines on the image."""
    study, view, sheet = columns.study, columns.view, columns.sheet
    if view.shape == "fill":
        pixels = overlay(study, loss, view.threshold, view.palette, view.layers)
        pixels = mixed(pixels, study.image, view.opacity, clear=True)
        sheet.picture(x, y, SIDE, pixels, name, remark)
        return
    axes = sheet.picture(x, y, SIDE, study.image, name, remark)
    if study.labels is not None and "fn" in view.layers:
        sheet.outline(axes, study.labels == 1, colours_of(view.palette)["tp"], view.opacity)
    if "fp" in view.layers:
        sheet.outline(axes, study.prediction(loss, view.threshold), OBJECT, view.opacity)


def _values(study: Study, view: View, loss: str, below: str) -> np.ndarray:
    """(H, W) values of the map below a prediction."""
    if below == "probability":
        return study.probability(loss)
    entropy = study.cross_entropy(loss)
    return entropy if below == "entropy" else study.weight(view.radius, view.weighting) * entropy


def _lines(study: Study, view: View) -> list[Line]:
    """The numbers that the page shows of every network."""
    losses = view.networks(study)
    if study.labels is None:
        return agreement_lines("Dice, % with", study, view)
    scores = [study.scores(loss, view.threshold) for loss in losses]
    errors = [study.errors(loss, view.radius, view.threshold) for loss in losses]
    names = {"rim": "False in the rim, px", "far": "False far away, px", "missed": "Missed, px"}
    return [
        *(share_line(f"{name}, %", [each[key] for each in scores]) for key, name in SCORES.items()),
        *(count_line(name, [each[key] for each in errors]) for key, name in names.items()),
    ]


def _legend(study: Study, view: View, chosen: dict[str, str]) -> list[tuple[str, str]]:
    """What the colours of the layers in view stand for."""
    filled = view.shape == "fill"
    colours = chosen if filled else {"fp": OBJECT, "fn": chosen["tp"]}
    names = {layer: (colours[layer], name) for layer, name in ERRORS[view.shape].items()}
    judged = names if study.labels is not None else ("tp" if filled else "fp",)
    entries = [names[layer] for layer in names if layer in view.layers and layer in judged]
    if filled and study.labels is not None and (study.labels == IGNORE).any():
        entries.append(("hatch", "ignored"))
    return entries


def _said(study: Study, view: View, below: str) -> list[str]:
    """What the figure depends on, in words."""
    prior = "corrected" if view.prior == "corrected" else "as trained"
    said = [f"threshold {view.threshold:.2f}", f"class prior {prior}" if study.frequencies else ""]
    if study.labels is not None:
        said.append(f"rim R = {view.radius:g} px")
    if below == "weighted":
        radius = f", R = {view.radius:g} px" if weighting_of(view.weighting).has_radius else ""
        said.append(f"weighting {view.weighting}{radius}")
    if view.scale == "shared" and below != "probability":
        said.append("one colour scale for all networks")
    return [*said, over_image(view)]
