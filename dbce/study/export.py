"""What a visitor takes along: the figure in view, the maps behind it, the numbers, as bytes of common files."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from dataclasses import dataclass

import cv2
import matplotlib
import numpy as np
from matplotlib.figure import Figure

from dbce.study import figures
from dbce.study.predictor import LabelStudy, Study
from dbce.tasks import IGNORE, Task

FIGURES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
FORMATS = {**FIGURES, "npz": "application/octet-stream", "zip": "application/zip", "csv": "text/csv"}
"""File suffix -> media type of everything that `render` writes."""

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same view gives the same bytes


@dataclass(frozen=True)
class View:
    """What is in view.

    Attributes:
        figure: "anatomy" (Fig. 1), "compare" (Figs. 2 and 3) or "organs" (Fig. 4); see `figures_of`.
        loss: whose network's loss map Fig. 1 shows.
        weighting: key of `dbce.weights.WEIGHTINGS`.
        radius: of the disk, in pixels of the study.
        threshold: probability that a prediction must exceed.
        palette: see `dbce.study.colours.PALETTES`.
        prior: one of `dbce.prior.PRIORS`: whether class weights are taken out of the networks.
    """

    figure: str = "anatomy"
    loss: str = "dbce"
    weighting: str = "dilated"
    radius: float = 20
    threshold: float = 0.5
    palette: str = "paper"
    prior: str = "trained"


def figures_of(task: Task) -> tuple[str, str]:
    """The figures that a task has: the second shows the networks side by side."""
    return ("anatomy", "organs" if task.several else "compare")


def render(study: Study, view: View, kind: str, size: tuple[int, int] | None = None) -> bytes:
    """The bytes of one file; the same study and view give the same bytes.

    Args:
        study: anything but "csv" and Fig. 1 can do without a mask.
        view: what is in view.
        kind: key of `FORMATS`: the figure as "png" (300 dpi), "svg" or "pdf"; "npz" as of `maps`; "zip" with every
            map as a 16-bit PNG and every prediction as a mask; "csv" with one row a loss. A mask in the zip is 0/255;
            labels of several classes, or with ignored pixels (255), keep their numbers.
        size: (height, width) in pixels of the original image; predictions are then also written at that size.

    Raises:
        ValueError: an unknown kind, or one that needs a mask where there is none.
    """
    if kind not in FORMATS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(FORMATS)}.")
    study = study.corrected() if view.prior == "corrected" else study
    if kind in FIGURES:
        return _figure(study, view, kind)
    if kind == "csv":
        return _table(study, view)
    arrays = maps(study, view, size)
    if kind == "zip":
        return _pictures(arrays, study.task)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:  # what np.savez writes, without its dates
        for name, array in arrays.items():
            part = io.BytesIO()
            np.save(part, array)
            archive.writestr(zipfile.ZipInfo(f"{name}.npy", _ZIP_DATE), part.getvalue(), zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def maps(study: Study, view: View, size: tuple[int, int] | None = None) -> dict[str, np.ndarray]:
    """Every map of a view by name.

    Returns:
        ``image`` (H, W, 3) uint8, and for each loss ``probability_<loss>`` (H, W) float32 and
        ``prediction_<loss>`` bool; with a mask also ``labels`` (H, W) uint8 (255 where ignored), ``weight`` (H, W)
        float32 of the view's weighting, and for each loss ``cross_entropy_<loss>`` in nats and
        ``weighted_loss_<loss>``. With ``size``, ``original_size_prediction_<loss>`` (height, width) bool as well. With
        more than two classes predictions are uint8 labels, and the probability is that of any foreground class.
    """
    arrays: dict[str, np.ndarray] = {"image": study.image}
    if study.labels is not None:
        arrays["labels"] = study.labels
        arrays["weight"] = study.weight(view.radius, view.weighting)
    for loss in study.logits:
        arrays[f"probability_{loss}"] = study.probability(loss)
        if isinstance(study, LabelStudy):
            prediction = larger = study.label_map(loss)
            if size is not None:
                larger = cv2.resize(prediction, size[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        else:
            prediction = larger = study.prediction(loss, view.threshold)
            if size is not None:
                larger = cv2.resize(study.probability(loss), size[::-1]) > view.threshold
        arrays[f"prediction_{loss}"] = prediction
        if size is not None:
            arrays[f"original_size_prediction_{loss}"] = larger
        if study.labels is not None:
            arrays[f"cross_entropy_{loss}"] = study.cross_entropy(loss)
            arrays[f"weighted_loss_{loss}"] = arrays["weight"] * arrays[f"cross_entropy_{loss}"]
    return arrays


def _figure(study: Study, view: View, kind: str) -> bytes:
    if isinstance(study, LabelStudy) and view.figure != "anatomy":
        figure = figures.organs(study, view.palette)
    elif view.figure == "compare":
        figure = figures.comparison(study, view.threshold, view.palette)
    else:
        figure = figures.anatomy(study, view.loss, view.radius, view.weighting)
    return figure_bytes(figure, kind)


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """A matplotlib figure as "png" (300 dpi), "svg" or "pdf", with its fonts and without a date."""
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
    buffer = io.BytesIO()
    with matplotlib.rc_context({"svg.hashsalt": "dbce", "pdf.fonttype": 42}):
        figure.savefig(buffer, format=kind, dpi=300, metadata=undated)
    return buffer.getvalue()


def _pictures(arrays: dict[str, np.ndarray], task: Task) -> bytes:
    """PNGs in a zip; ``scales.json`` tells by what a 16-bit value must be multiplied."""
    scales = {}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            if array.ndim == 3:
                pixels = cv2.cvtColor(array, cv2.COLOR_RGB2BGR)
            elif array.dtype == np.float32:
                scales[name] = max(float(array.max()), 1e-30) / 65535
                pixels = np.rint(array / scales[name]).astype(np.uint16)
            else:
                binary = not task.several and array.max() < 2
                pixels = array.astype(np.uint8) * 255 if binary else array
            code = cv2.imencode(".png", pixels)[1].tobytes()
            archive.writestr(zipfile.ZipInfo(f"{name}.png", _ZIP_DATE), code)
        archive.writestr(zipfile.ZipInfo("scales.json", _ZIP_DATE), json.dumps(scales, indent=2))
    return buffer.getvalue()


def _table(study: Study, view: View) -> bytes:
    """One row a loss: its scores and errors, and the shares of weight and loss of object, rim and far background."""
    if study.labels is None:
        raise ValueError("the numbers compare predictions with a mask, and this image has none; add or paint a mask.")
    buffer = io.StringIO(newline="")
    writer = None
    weights = study.shares(view.radius, view.weighting)
    ignored = int((study.labels == IGNORE).sum())
    for loss in study.logits:
        losses = study.loss_shares(loss, view.radius, view.weighting)
        row = {
            "loss": study.named(loss),
            "threshold": view.threshold,
            "radius_px": view.radius,
            "weighting": view.weighting,
            **{f"{name}_percent": round(100 * value, 4) for name, value in study.scores(loss, view.threshold).items()},
            **{f"dice_percent_{name.replace(' ', '_')}": value for name, value in _organs(study, loss).items()},
            **{f"{name}_px": value for name, value in study.errors(loss, view.radius, view.threshold).items()},
            **({"ignored_px": ignored} if ignored else {}),
            **{f"weight_share_{name}": round(value, 6) for name, value in weights.items()},
            **{f"loss_share_{name}": round(value, 6) for name, value in losses.items()},
        }
        if writer is None:
            writer = csv.DictWriter(buffer, row)
            writer.writeheader()
        writer.writerow(row)
    return buffer.getvalue().encode()


def _organs(study: Study, loss: str) -> dict[str, float | str]:
    """Dice of every class in percent, empty where neither labels nor prediction hold it; none for two classes."""
    if not isinstance(study, LabelStudy):
        return {}
    scores = study.class_scores(loss)
    return {name: round(100 * scores[name]["dice"], 4) if name in scores else "" for name in study.task.classes[1:]}
