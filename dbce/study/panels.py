"""What a network says of an image, as small pictures side by side: prediction, loss, weight and gradient."""

from __future__ import annotations

import numpy as np

from dbce.study.colours import PALETTES, diverging, label_colours, magma, overlay, through, through_signed
from dbce.study.own import OwnMaps
from dbce.study.studies import LabelStudy, Study

OWN_PANELS = {"loss": "map", "gradient": "gradient"}
"""The panels of a loss of somebody's own, and which of its maps each is."""


def panels_of(study: Study, loss: str, radius: float, weighting: str = "dilated") -> dict[str, np.ndarray]:
    """The panels of a network on an image, each on a scale of its own.

    Args:
        study: with a mask.
        loss: which network.
        radius: of the disk in pixels of the study.
        weighting: key of `dbce.weightings.WEIGHTINGS`.

    Returns:
        By name, (H, W, 3) uint8 RGB: ``image``; ``labels``; ``prediction``, with errors in colour, or the label map of
        several classes; ``loss``, weight times cross entropy, and ``weight``, from 0 in black to their largest value;
        of two classes ``gradient``, `Study.gradient`, blue where a step raises the logit and red where it lowers it.

    Raises:
        ValueError: as of `Study.weight`.
    """
    weight = study.weight(radius, weighting)
    weighted = weight * study.cross_entropy(loss)
    several = isinstance(study, LabelStudy)
    found = label_colours(study.label_map(loss), study.task) if isinstance(study, LabelStudy) else overlay(study, loss)
    panels = {
        "image": study.image,
        "labels": label_colours(np.asarray(study.labels), study.task),
        "prediction": found,
        "loss": through(weighted, float(weighted.max()), magma()),
        "weight": through(weight, float(weight.max()), magma()),
    }
    if not several:
        panels["gradient"] = _pushes(study.gradient(loss, radius, weighting))
    return panels


def own_panels(maps: OwnMaps | str) -> dict[str, np.ndarray]:
    """``loss`` and ``gradient`` of a loss of somebody's own, from `dbce.study.own.own_maps`: those that it has."""
    if isinstance(maps, str):
        return {}
    found = {}
    if maps.map is not None:
        found["loss"] = through(np.maximum(maps.map, 0), float(maps.map.max()), magma())
    if maps.gradient is not None:
        found["gradient"] = _pushes(maps.gradient)
    return found


def _pushes(gradient: np.ndarray) -> np.ndarray:
    colours = PALETTES["paper"]
    return through_signed(gradient, float(np.abs(gradient).max()), diverging(colours["fn"], colours["fp"]))
