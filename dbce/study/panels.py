"""What a network says of an image, as small pictures side by side: prediction, loss, weight and gradient."""

from __future__ import annotations

import numpy as np

from dbce.study.colours import PALETTES, diverging, label_colours, magma, overlay, through, through_signed
from dbce.study.predictor import LabelStudy, Study


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
        colours = PALETTES["paper"]
        gradient = study.gradient(loss, radius, weighting)
        table = diverging(colours["fn"], colours["fp"])
        panels["gradient"] = through_signed(gradient, float(np.abs(gradient).max()), table)
    return panels
