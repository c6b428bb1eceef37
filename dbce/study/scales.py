"""The maps of a view, and up to which value their colours reach; twins of dbce/web/core/study.js."""

from __future__ import annotations

import numpy as np

from dbce.dilation import dilate
from dbce.study.studies import Study
from dbce.study.view import View
from dbce.tasks import IGNORE
from dbce.weightings import offered_weightings, weighting_of


def weight_in_view(study: Study, view: View) -> np.ndarray:
    """(H, W) float32 weight of every pixel, or that of the picked class by itself (Eq. 4)."""
    weight = study.weight(view.radius, view.weighting)
    if view.cls is None or study.labels is None:
        return weight
    own = study.labels == view.cls
    if not weighting_of(view.weighting).has_radius:
        return np.where(own, weight, np.float32(0))
    reached = dilate(own, view.radius) & (study.labels != IGNORE) if own.any() else own
    return np.where(reached, np.float32(1 / (1 + reached.sum())), np.float32(0))


def largest_of_all(study: Study, radius: float) -> dict[str, float]:
    """Largest cross entropy, weight and weighted loss over all networks and weightings: one scale for all."""
    entropy = np.max([study.cross_entropy(loss) for loss in study.logits], axis=0)
    weights = [study.weight(radius, weighting) for weighting in offered_weightings(study.class_frequencies)]
    return {
        "entropy": float(entropy.max()),
        "weight": max(float(weight.max()) for weight in weights),
        "weighted": max(float((weight * entropy).max()) for weight in weights),
    }


def residual(study: Study, loss: str) -> np.ndarray:
    """(H, W) float32 p - y, the derivative of the cross entropy by the logit of the object; 0 where ignored."""
    labels = np.asarray(study.labels)
    return np.where(labels == IGNORE, np.float32(0), study.probability(loss) - (labels > 0).astype(np.float32))


def largest_gradient(study: Study, radius: float) -> float:
    """Largest gradient, whatever its sign, over all networks and weightings."""
    offered = offered_weightings(study.class_frequencies)
    every = (study.gradient(loss, radius, weighting) for loss in study.logits for weighting in offered)
    return max(float(np.abs(gradient).max()) for gradient in every)
