"""Segmentation scores per image, from the counts of segmentation-models-pytorch.

A mean over a test set is the mean of these over its images, as in the paper's tables.
"""

from __future__ import annotations

import numpy as np
import torch

SCORES = ("dice", "iou", "precision", "recall")
"""Names of the scores, in the order of the paper's Table 1."""


def scores(prediction: np.ndarray, target: np.ndarray, valid: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Dice, IoU, precision and recall of the foreground, image by image.

    Where mask and prediction are both empty, every score is 1: nothing was to be found and nothing was
    claimed. Otherwise a score whose denominator is 0 is 0.

    Args:
        prediction: (N, H, W) or (H, W) bool.
        target: the same shape, bool.
        valid: the same shape, bool, False where a pixel is ignored and counts for nothing; all count if None.

    Returns:
        One (N,) float64 array in [0, 1] for each name in `SCORES`; N is 1 for (H, W).

    Raises:
        ValueError: the shapes differ or are neither (N, H, W) nor (H, W).
    """
    from segmentation_models_pytorch.metrics import get_stats  # takes seconds, and not every command scores

    if valid is not None:
        valid = np.asarray(valid, bool)
        if valid.shape != np.shape(prediction):
            raise ValueError(f"valid {valid.shape} and prediction {np.shape(prediction)} must have the same shape.")
    prediction, target = np.asarray(prediction, bool), np.asarray(target, bool)
    if prediction.shape != target.shape or prediction.ndim not in (2, 3):
        raise ValueError(
            f"prediction {prediction.shape} and target {target.shape} must both be (N, H, W) or both (H, W). "
            "Resize one of them to the other's size."
        )
    if valid is not None:  # true negatives are in no score, so an ignored pixel may be one
        prediction, target = prediction & valid, target & valid
    shape = (-1, 1, *prediction.shape[-2:])  # SMP counts per image and class: (N, 1, H, W)
    pair = [torch.from_numpy(array.reshape(shape).astype(np.int64)) for array in (prediction, target)]
    counts = get_stats(*pair, mode="binary")
    tp, fp, fn, _ = (count[:, 0].double().numpy() for count in counts)
    nothing = tp + fp + fn == 0
    ratios = {
        "dice": (2 * tp, 2 * tp + fp + fn),
        "iou": (tp, tp + fp + fn),
        "precision": (tp, tp + fp),
        "recall": (tp, tp + fn),
    }
    return {name: np.where(nothing, 1.0, top / np.maximum(bottom, 1)) for name, (top, bottom) in ratios.items()}
