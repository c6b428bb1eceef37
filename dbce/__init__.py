"""dbce: see what a segmentation loss sees (dilated balanced cross entropy, arXiv 2412.06045)."""

from dbce.losses import (
    LOSSES,
    BalancedCrossEntropyLoss,
    CrossEntropyLoss,
    DiceCrossEntropyLoss,
    DilatedBalancedCrossEntropyLoss,
    balanced_cross_entropy,
    cross_entropy,
    dice_cross_entropy,
    dilated_balanced_cross_entropy,
)
from dbce.weights import weight_map, weight_map_numpy

__version__ = "0.1.0"

__all__ = [
    "LOSSES",
    "BalancedCrossEntropyLoss",
    "CrossEntropyLoss",
    "DiceCrossEntropyLoss",
    "DilatedBalancedCrossEntropyLoss",
    "balanced_cross_entropy",
    "cross_entropy",
    "dice_cross_entropy",
    "dilated_balanced_cross_entropy",
    "weight_map",
    "weight_map_numpy",
]
