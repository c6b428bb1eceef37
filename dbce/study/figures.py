"""The paper's figures, drawn with matplotlib from a `dbce.study.predictor.Study`.

The page draws the same maps in the browser; these are for papers, slides and the command line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from dbce.study.colours import IGNORED, PALETTES, colours_of, hatched, label_colours, overlay, rgb
from dbce.study.predictor import LabelStudy, Study
from dbce.tasks import IGNORE
from dbce.weights import weighting_of


def anatomy(study: Study, loss: str, radius: float, weighting: str = "dilated") -> Figure:
    """Fig. 1: image, labels, cross entropy, weight with the outline of the labels, and weighted loss.

    Args:
        study: with a mask.
        loss: whose network's cross entropy is shown.
        radius: of the dilating disk, in pixels of the study.
        weighting: key of `dbce.weights.WEIGHTINGS`.

    Raises:
        ValueError: no mask, or an unknown loss, weighting or radius.
    """
    entropy, weight = study.cross_entropy(loss), study.weight(radius, weighting)
    labels = np.asarray(study.labels)
    figure = Figure(figsize=(11, 3.0), layout="compressed")
    axes = figure.subplots(1, 5)
    _picture(axes[0], study.image, "(a) image")
    ignored = " (hatched: ignored)" if (labels == IGNORE).any() else ""
    _picture(axes[1], label_colours(labels, study.task), f"(b) labels{ignored}")
    _map(figure, axes[2], entropy, f"(c) cross entropy of {study.named(loss)}, nats")
    _map(figure, axes[3], weight, "(d) " + weighting_of(weighting).caption.format(radius=radius))
    for label in set(np.unique(labels).tolist()) - {0, IGNORE}:
        axes[3].contour(labels == label, [0.5], colors="#F5A524", linewidths=0.8)
    _map(figure, axes[4], weight * entropy, "(e) weight × cross entropy")
    return figure


def comparison(study: Study, threshold: float = 0.5, palette: str = "paper") -> Figure:
    """Figs. 2 and 3: predictions with their errors in colour, and below them the probabilities.

    Args:
        study: with or without a mask.
        threshold: probability that a prediction must exceed.
        palette: key of `PALETTES`.

    Raises:
        ValueError: an unknown palette.
    """
    count = len(study.logits)
    figure = Figure(figsize=(2.2 * (count + 1), 5.1), layout="constrained")
    axes = figure.subplots(2, count + 1)
    _picture(axes[0, 0], study.image, "image")
    if study.labels is None:
        axes[1, 0].axis("off")
    else:
        _picture(axes[1, 0], label_colours(study.labels, study.task), "ground truth")
    for column, loss in enumerate(study.logits, start=1):
        _picture(axes[0, column], overlay(study, loss, threshold, palette), _broken(study.named(loss)))
        note = "probability" if study.labels is None else f"Dice {100 * study.scores(loss, threshold)['dice']:.1f} %"
        _picture(axes[1, column], study.probability(loss), note, cmap="gray", vmin=0, vmax=1)
    if study.labels is not None:
        names = {"fp": "false positive", "fn": "false negative"}
        handles = [Patch(color=PALETTES[palette][key], label=name) for key, name in names.items()]
        handles += _legend_of_ignored(study)
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles), frameon=False, fontsize=9)
    return figure


def _legend_of_ignored(study: Study) -> list[Patch]:
    """An entry for ignored pixels, where there are any."""
    if study.labels is None or not (study.labels == IGNORE).any():
        return []
    return [Patch(facecolor=IGNORED[0], edgecolor=IGNORED[1], hatch="////", linewidth=0, label="ignored")]


def organs(study: LabelStudy, palette: str = "paper") -> Figure:
    """Fig. 4: label maps of the networks, and below them the wrong pixels in colour on the image.

    Args:
        study: with or without labels; without, the second row is left out.
        palette: key of `PALETTES`; wrong pixels take its false positive's colour.

    Raises:
        ValueError: an unknown palette.
    """
    chosen = colours_of(palette)
    rows, task = 1 if study.labels is None else 2, study.task
    figure = Figure(figsize=(2.2 * (len(study.logits) + 1), 2.55 * rows + 0.5), layout="constrained")
    axes = figure.subplots(rows, len(study.logits) + 1, squeeze=False)
    seen = {0}
    _picture(axes[0, 0], study.image, "image")
    if study.labels is not None:
        _picture(axes[1, 0], label_colours(study.labels, task), "ground truth")
        seen |= set(np.unique(study.labels).tolist())
    wrong = rgb(chosen["fp"])
    for column, loss in enumerate(study.logits, start=1):
        found = study.label_map(loss)
        seen |= set(np.unique(found).tolist())
        _picture(axes[0, column], label_colours(found, task), _broken(study.named(loss)))
        if study.labels is not None:
            errors = np.where((found != study.labels)[..., None], wrong, study.image // 2)
            errors = hatched(errors, study.labels)
            _picture(axes[1, column], errors, f"wrong pixels, Dice {100 * study.scores(loss)['dice']:.1f} %")
    handles = [Patch(color=task.colours[k], label=task.classes[k]) for k in sorted(seen - {0, IGNORE})]
    handles += _legend_of_ignored(study)
    if handles:
        figure.legend(handles=handles, loc="outside lower center", ncols=8, frameon=False, fontsize=8)
    return figure


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


def _broken(name: str) -> str:
    """A remark goes below the name that it follows, for a column has no room beside it."""
    return name.replace(", ", "\n")


def _picture(axes: Axes, pixels: np.ndarray, title: str, **options: object) -> None:
    axes.imshow(pixels, interpolation="nearest", **options)  # type: ignore[arg-type]
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])


def _map(figure: Figure, axes: Axes, values: np.ndarray, title: str) -> None:
    """A map in magma from 0 to its maximum, with a colour bar."""
    shown = axes.imshow(values, cmap=matplotlib.colormaps["magma"], vmin=0, vmax=max(float(values.max()), 1e-30))
    axes.set_title(title, fontsize=9)
    axes.set_xticks([])
    axes.set_yticks([])
    bar = figure.colorbar(shown, ax=axes, orientation="horizontal", fraction=0.06, pad=0.04)
    bar.ax.tick_params(labelsize=7)
    bar.formatter.set_powerlimits((-3, 4))  # type: ignore[attr-defined]
    bar.ax.xaxis.get_offset_text().set_fontsize(7)
