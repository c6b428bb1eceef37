"""Taking the class weights out of a trained network again, without training it anew: prior correction.

A cross entropy that weighs the classes by w_c is least not at the probabilities p_c of the classes but at
``w_c p_c / sum_k w_k p_k``: the weights shift the logits to be learnt by log(w_c), whatever the image. With the inverse
frequencies of the training set as weights, as in Eq. 1, the shift is -log(f_c), and adding log(f_c) undoes it.

Sources: King and Zeng, Logistic regression in rare events data, Political Analysis 9, 2001 (section 4.1, prior
correction); Menon et al., Long-tail learning via logit adjustment, ICLR 2021 (section 3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

PRIORS = ("trained", "corrected")
"""How a network's probabilities are taken: as it was trained to say them, or with its class weights taken out."""


def check_prior(prior: str) -> None:
    """A ValueError that names the choices, if it is none of `PRIORS`."""
    if prior not in PRIORS:
        raise ValueError(f"prior is {prior!r}; it must be one of {', '.join(PRIORS)}.")


def training_weights(recipe: Mapping[str, Any]) -> tuple[float, ...] | None:
    """Frequencies of the classes by whose inverse a network's loss weighed them in every image alike; else None.

    Of the paper's losses balanced cross entropy alone shifts its logits so. Cross entropy and Dice + CE weigh no class;
    the weights of dilated balanced cross entropy change from image to image and from place to place.

    Args:
        recipe: of a `dbce.train.checkpoints.Checkpoint`.
    """
    frequencies = recipe.get("class_frequencies")
    return tuple(map(float, frequencies)) if recipe.get("loss") == "bce" and frequencies else None


def log_prior(class_frequencies: Sequence[float]) -> np.ndarray:
    """What to add to the logits of a network whose classes weighed 1 / frequency: (C,) float64, log(f_c).

    A class that did not occur weighed nothing, so that nothing is known of it: minus infinity.

    Raises:
        ValueError: frequencies that are no shares, or fewer than two classes with some.
    """
    frequencies = np.asarray(class_frequencies, np.float64)
    if frequencies.ndim != 1 or not ((frequencies >= 0) & (frequencies <= 1)).all() or (frequencies > 0).sum() < 2:
        raise ValueError(
            f"class_frequencies is {frequencies.tolist()}; it must hold one share in [0, 1] for each class, of which "
            "two are above 0. The checkpoint's header has those of its training set."
        )
    with np.errstate(divide="ignore"):
        return np.log(frequencies)


def correct_logit(logit: np.ndarray, class_frequencies: Sequence[float]) -> np.ndarray:
    """Logit of the foreground against the background with the class weights taken out: ``z - log(w_1 / w_0)``.

    Args:
        logit: any shape, floating.
        class_frequencies: (2,) shares of background and foreground in the training set.

    Returns:
        Array of the shape and type of the logit.

    Raises:
        ValueError: as of `log_prior`, or other than two classes.
    """
    background, *foreground = log_prior(class_frequencies)
    if len(foreground) != 1:
        raise ValueError(
            f"class_frequencies has {len(class_frequencies)} classes; a logit is one of two. "
            "Use correct_log_probabilities for more."
        )
    return logit + np.asarray(foreground[0] - background, logit.dtype)


def correct_log_probabilities(
    log_probabilities: np.ndarray, class_frequencies: Sequence[float], axis: int = 0
) -> np.ndarray:
    """Log-probabilities with the class weights taken out: ``log p_c + log f_c``, normalised again.

    Args:
        log_probabilities: floating, the classes along ``axis``; need not be normalised.
        class_frequencies: (C,) shares of the classes in the training set.
        axis: of the classes.

    Returns:
        Array of the same shape and type; its exponentials sum to 1 over the classes.

    Raises:
        ValueError: as of `log_prior`, or another number of classes.
    """
    prior = log_prior(class_frequencies)
    if log_probabilities.shape[axis] != len(prior):
        raise ValueError(
            f"log_probabilities has {log_probabilities.shape[axis]} classes along axis {axis}, class_frequencies has "
            f"{len(prior)}; both must be the same."
        )
    shape = [1] * log_probabilities.ndim
    shape[axis] = len(prior)
    shifted = log_probabilities + prior.reshape(shape).astype(log_probabilities.dtype)
    highest = shifted.max(axis=axis, keepdims=True)
    return shifted - highest - np.log(np.exp(shifted - highest).sum(axis=axis, keepdims=True))
