"""How near outlines lie to each other, by MONAI: normalised surface Dice and the 95th percentile of their distance.

Beside the Dice within a band of the outline, which counts pixels and so rewards whoever claims more of the band, these
count outlines: a surplus of the prediction costs as much as a lack.
"""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import torch

TOLERANCE = 3
"""Pixels at ``WORK_SIZE`` within which two outlines agree: about 1 % of the side."""


def surface_scores(found: np.ndarray, real: np.ndarray) -> tuple[float, float]:
    """Normalised surface Dice at `TOLERANCE` (Nikolov et al. 2018) and HD95 of one pair of masks.

    Args:
        found: (H, W) bool, what a network claims.
        real: (H, W) bool, the object.

    Returns:
        Surface Dice in [0, 1], and in pixels the larger of the two 95th percentiles of the distance from one outline
        to the other. Where both masks are empty 1 and 0; where one is, 0 and infinity.

    Raises:
        ValueError: MONAI or scipy, which it needs for this, is not installed.
    """
    if not (find_spec("monai") and find_spec("scipy")):
        raise ValueError("surface distances are computed by MONAI, which is not installed; pip install monai scipy.")
    from monai.metrics import compute_hausdorff_distance, compute_surface_dice

    if not found.any() or not real.any():
        return (0.0, float("inf")) if found.any() or real.any() else (1.0, 0.0)
    claimed, true = (torch.from_numpy(np.ascontiguousarray(mask))[None, None] for mask in (found, real))  # (1, 1, H, W)
    dice = compute_surface_dice(claimed, true, class_thresholds=[TOLERANCE], include_background=True)
    distance = compute_hausdorff_distance(claimed, true, include_background=True, percentile=95)
    return float(dice.item()), float(distance.item())
