"""Charts of what was measured, for the command line; the figures of the page's tabs are in `dbce.study.tabs`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure


def radius_curve(result: Mapping[str, Any]) -> Figure:
    """Fig. 5: Dice against the radius of the disk, measured.

    Args:
        result: from `dbce.scores.results.read_radius`.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axes = figure.subplots()
    radii, dice = ([point[name] for point in result["points"]] for name in ("radius", "dice"))
    axes.plot(radii, dice, "o-", color="#E08A00")
    axes.set_xlabel("R, px at 320 × 320")
    axes.set_ylabel(f"Dice on {result['test_data']}, %")
    axes.set_title(f"{result['task']}, {result['label']}", fontsize=10)
    axes.grid(alpha=0.3)
    return figure


def reliability_diagram(curves: Mapping[str, Any], names: Mapping[str, str]) -> Figure:
    """How often what a network gives a probability is true: on the diagonal it means what it says.

    Args:
        curves: from `dbce.scores.records.read_calibration`.
        names: by row of it that is drawn, what it is called.
    """
    figure = Figure(figsize=(5.2, 5.4), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    above.plot([0, 1], [0, 1], ":", color="#8A919E")
    for number, (row, name) in enumerate(names.items()):
        of_row = curves["rows"][row]
        bins = of_row["reliability"]
        drawn = [(p, y) for p, y in zip(bins["p"], bins["y"], strict=True) if p is not None]
        colour = f"C{number}"
        above.plot(
            *zip(*drawn, strict=True), "o-", color=colour, markersize=4, label=f"{name}, gap {of_row['gap'][0]:.1f}"
        )
        below.step(np.arange(0.05, 1, 0.1), bins["share"], where="mid", color=colour)
    above.set_ylabel("share that is true")
    above.legend(fontsize=8, frameon=False)
    above.set_title(f"{curves['test_data']}, pixels of which a network is unsure", fontsize=10)
    below.set_xlabel("probability" if curves["thresholds"] else "confidence in the most probable class")
    below.set_ylabel("share of them")
    for axes in (above, below):
        axes.grid(alpha=0.3)
    return figure


def threshold_curves(curves: Mapping[str, Any], names: Mapping[str, str]) -> Figure:
    """Dice, and the red rim, against the probability that a prediction must exceed.

    Args:
        curves: from `dbce.scores.records.read_calibration`, of a task of two classes.
        names: by row of it that is drawn, what it is called.

    Raises:
        ValueError: a task of several classes, whose networks have no threshold.
    """
    if not curves["thresholds"]:
        raise ValueError(f"{curves['task']} has several classes; its networks have no threshold.")
    figure = Figure(figsize=(9, 3.8), layout="constrained")
    for axes, quantity, label in zip(
        figure.subplots(1, 2), ("dice", "rim_fp"), ("Dice, %", "false in the rim, % of the object"), strict=True
    ):
        for row, name in names.items():
            axes.plot(curves["thresholds"], curves["rows"][row][quantity], label=name)
        axes.set_xlabel("threshold")
        axes.set_ylabel(label)
        axes.grid(alpha=0.3)
    axes.legend(fontsize=8, frameon=False)
    figure.suptitle(curves["test_data"], fontsize=10)
    return figure


def training_curves(logs: Mapping[str, Sequence[Mapping[str, Any]]]) -> Figure:
    """How runs went: the training loss of every epoch, and the validation Dice where it was measured.

    Args:
        logs: by the name of the run, its lines as of `dbce.train.run_files.read_log`.
    """
    figure = Figure(figsize=(8, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2)
    for name, lines in logs.items():
        losses = np.array([line["loss"] for line in lines])
        left.plot([line["epoch"] for line in lines], losses / losses[0], label=name)
        scored = [(line["epoch"], line["validation"]["dice"]) for line in lines if "validation" in line]
        right.plot(*zip(*scored, strict=True), "o-", markersize=3, label=name) if scored else right.plot([], label=name)
    left.set_ylabel("training loss, the first epoch's = 1")
    left.set_yscale("log")
    right.set_ylabel("validation Dice, %")
    for axes in (left, right):
        axes.set_xlabel("epoch")
        axes.grid(alpha=0.3)
    right.legend(fontsize=8, frameon=False)
    return figure
