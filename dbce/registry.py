"""The losses by key: what each is called, what it needs, and where its module is.

Everything here is plain data, so that the command line knows the losses without importing torch.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn


def resolve(reference: str) -> Any:
    """What ``package.module:name`` stands for.

    Raises:
        ValueError: a reference of another form, or to what is not there.
    """
    module, colon, name = reference.partition(":")
    try:
        if not (module and colon and name):
            raise ImportError("no module and name with a colon between them")
        return getattr(import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise ValueError(f"{reference!r} names nothing ({error}); the form is package.module:name.") from error


@dataclass(frozen=True)
class Loss:
    """One loss. Calling it makes its module: ``LOSSES["dbce"](20, ignore_index=255)``.

    Attributes:
        key: on the command line, in file names and in recipes.
        title: what it is called.
        short: what it is called where there is little room.
        module: ``package.module:name`` of its class; ``forward`` takes logits (N, C, *spatial) and labels.
        needs: options that its module takes beside those that all take, of those that a training can give:
            "radius" (pixels of the training images) and "class_frequencies" (of the training set, (C,)).
    """

    key: str
    title: str
    short: str
    module: str
    needs: frozenset[str] = frozenset()

    def __call__(self, *arguments: Any, **options: Any) -> nn.Module:
        """The module, with the arguments of its class."""
        return resolve(self.module)(*arguments, **options)

    @property
    def has_radius(self) -> bool:
        """Whether a radius changes it."""
        return "radius" in self.needs


LOSSES = {
    loss.key: loss
    for loss in (
        Loss("ce", "CE", "CE", "dbce.losses:CrossEntropyLoss"),
        Loss(
            "bce",
            "Balanced CE",
            "Balanced CE",
            "dbce.losses:BalancedCrossEntropyLoss",
            frozenset({"class_frequencies"}),
        ),
        Loss("dice_ce", "Dice + CE", "Dice + CE", "dbce.losses:DiceCrossEntropyLoss"),
        Loss(
            "dbce",
            "Dilated balanced CE",
            "Dilated",
            "dbce.losses:DilatedBalancedCrossEntropyLoss",
            frozenset({"radius"}),
        ),
    )
}
"""Every loss under its key, in the paper's order; "bce" is *balanced* cross entropy, not binary."""

METHOD = "dbce"
"""The paper's own, which its tables compare with the others."""


def title(name: str) -> str:
    """What a network is called: after its loss, or, where it is somebody's own, by its own name."""
    return LOSSES[name].title if name in LOSSES else name


def short_title(name: str) -> str:
    """`title` where there is little room."""
    return LOSSES[name].short if name in LOSSES else name
