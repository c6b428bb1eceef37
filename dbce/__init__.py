"""dbce: see what a segmentation loss sees (dilated balanced cross entropy, arXiv 2412.06045)."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dbce.losses import (
        BalancedCrossEntropyLoss,
        CrossEntropyLoss,
        DiceCrossEntropyLoss,
        DilatedBalancedCrossEntropyLoss,
        balanced_cross_entropy,
        cross_entropy,
        dice_cross_entropy,
        dilated_balanced_cross_entropy,
    )
    from dbce.offline.notebook import view as view
    from dbce.offline.report import report as report
    from dbce.registry import LOSSES, Loss, register_loss
    from dbce.study.watch import Watch as Watch
    from dbce.weights import weight_map, weight_map_numpy

__version__ = "0.1.0"

__all__ = [
    "LOSSES",
    "BalancedCrossEntropyLoss",
    "CrossEntropyLoss",
    "DiceCrossEntropyLoss",
    "DilatedBalancedCrossEntropyLoss",
    "Loss",
    "balanced_cross_entropy",
    "cross_entropy",
    "dice_cross_entropy",
    "dilated_balanced_cross_entropy",
    "register_loss",
    "weight_map",
    "weight_map_numpy",
]

_HOMES = {
    **dict.fromkeys(("LOSSES", "Loss", "register_loss"), "registry"),
    **dict.fromkeys(("weight_map", "weight_map_numpy"), "weights"),
    "report": "offline.report",  # these three are not for `import *`: they need an extra of the package
    "view": "offline.notebook",
    "Watch": "study.watch",
}


def __getattr__(name: str) -> Any:
    """Import torch when a loss is asked for, and not in the processes that only read files."""
    if name not in __all__ and name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"dbce.{_HOMES.get(name, 'losses')}"), name)
