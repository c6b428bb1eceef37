"""What a visitor takes along: the figure in view, the maps behind it, the numbers, as bytes of common files."""

from __future__ import annotations

import io
import json
import zipfile

import cv2
import numpy as np
from matplotlib.figure import Figure

from dbce.study.numbers import radii_csv, results_csv, scores_csv
from dbce.study.sheet import drawing
from dbce.study.studies import LabelStudy, Study
from dbce.study.tabs.anatomy import draw_anatomy
from dbce.study.tabs.compare import draw_comparison
from dbce.study.tabs.organs import draw_organs
from dbce.study.tabs.radius import draw_radii
from dbce.study.tabs.results import draw_results
from dbce.study.view import RADII, Measured, View
from dbce.tasks import Task

FIGURES = {"png": "image/png", "svg": "image/svg+xml", "pdf": "application/pdf"}
FORMATS = {**FIGURES, "npz": "application/octet-stream", "zip": "application/zip", "csv": "text/csv"}
"""File suffix -> media type of everything that `render` writes."""

_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the same view gives the same bytes


def formats_of(figure: str) -> tuple[str, ...]:
    """The formats that a tab can be had in: Results has no maps, the page writes the numbers of Set by itself, and the
    lab learns in the browser alone."""
    if figure in ("set", "lab"):
        return ()
    return tuple(kind for kind in FORMATS if figure != "results" or kind in (*FIGURES, "csv"))


def render(
    study: Study,
    view: View,
    kind: str,
    size: tuple[int, int] | None = None,
    image: str = "",
    measured: Measured | None = None,
) -> bytes:
    """The bytes of one file of an image; the same study and view give the same bytes.

    Args:
        study: anything but "csv" and Fig. 1 can do without a mask.
        view: what is in view, of any tab but "results".
        kind: key of `FORMATS`: the figure as "png" (300 dpi), "svg" or "pdf"; "npz" as of `maps`; "zip" with every
            map as a 16-bit PNG and every prediction as a mask; "csv" as of `dbce.study.numbers`. A mask in the zip is
            0/255; labels of several classes, or with ignored pixels (255), keep their numbers.
        size: (height, width) in pixels of the original image; predictions are then also written at that size, and the
            pictures of a figure have that shape.
        image: its name, for figures and numbers.
        measured: what was measured of the networks; the figure and the numbers of "radius" hold its curve.

    Raises:
        ValueError: an unknown kind, or one that needs a mask where there is none.
    """
    if kind not in FORMATS:
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(FORMATS)}.")
    other = study if view.prior == "corrected" else study.corrected()
    study = study.corrected() if view.prior == "corrected" else study
    curve = measured.radius_curve if measured else None
    if kind in FIGURES:
        with drawing():
            return figure_bytes(_figure(study, other, view, measured or Measured(), image, size), kind)
    if kind == "csv":
        return radii_csv(study, curve, image) if view.figure == "radius" else scores_csv(study, view, image)
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
        more than two classes predictions are uint8 labels, and the probability is that of any foreground class. Of
        "radius" ``image`` and, with a mask, ``labels`` and the dilated weight at each of `RADII`, ``weight_r<R>``.
    """
    arrays: dict[str, np.ndarray] = {"image": study.image}
    if study.labels is not None:
        arrays["labels"] = study.labels
    if view.figure == "radius":
        return arrays | ({f"weight_r{r}": study.weight(r) for r in RADII} if study.labels is not None else {})
    if study.labels is not None:
        arrays["weight"] = study.weight(view.radius, view.weighting)
    for loss in view.networks(study):
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


def _figure(
    study: Study, other: Study, view: View, measured: Measured, image: str, size: tuple[int, int] | None
) -> Figure:
    """The figure of a tab; ``other`` is the study with the other class prior."""
    if view.figure == "radius":
        return draw_radii(study, view, measured.radius_curve, image, size)
    if view.figure == "anatomy":
        return draw_anatomy(study, view, image, size)
    if isinstance(study, LabelStudy):
        return draw_organs(study, view, image, size)
    return draw_comparison(study, view, image, size, other, measured.calibration)


def render_results(measured: Measured, kind: str) -> bytes:
    """The bytes of one file of what was measured, beside any image.

    Raises:
        ValueError: nothing was measured, or a kind that Results has not.
    """
    if kind not in formats_of("results"):
        raise ValueError(f"kind is {kind!r}; it must be one of {', '.join(formats_of('results'))}.")
    if kind == "csv":
        return results_csv(measured)
    with drawing():
        return figure_bytes(draw_results(measured), kind)


def figure_bytes(figure: Figure, kind: str) -> bytes:
    """A matplotlib figure as "png" (300 dpi), "svg" or "pdf", its text as text and without a date."""
    undated = {"pdf": {"CreationDate": None}, "svg": {"Date": None}, "png": {}}[kind]
    buffer = io.BytesIO()
    with drawing():
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
