"""The losses by key: what each is called, what it needs, and where its module is.

Everything here is plain data, so that the command line knows the losses without importing torch.
"""

from __future__ import annotations

import inspect
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
            "radius" (pixels of the training images) and "class_frequencies" (of the training set, (C,)). A loss by
            reference names "ignore_index" here too, if it knows ignored pixels.
    """

    key: str
    title: str
    short: str
    module: str
    needs: frozenset[str] = frozenset()

    def __call__(self, *arguments: Any, **options: Any) -> nn.Module:
        """The module, with the arguments of its class; a function is wrapped as of `dbce.own_loss.OwnLoss`."""
        made = resolve(self.module)
        if isinstance(made, type):
            return made(*arguments, **options)
        from dbce.own_loss import OwnLoss  # and torch with it, only where a loss is made

        return OwnLoss(made, *arguments, **options)

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

BUILT_IN = frozenset(LOSSES)
"""The keys of the paper's losses."""


def added_losses() -> tuple[Loss, ...]:
    """Those that `register_loss` added, in that order."""
    return tuple(loss for key, loss in LOSSES.items() if key not in BUILT_IN)


def register_loss(loss: Loss) -> None:
    """Add a loss to `LOSSES`, so that whatever runs in this process can train with it under its key, and draws it.

    Raises:
        ValueError: the key is taken, or is no name of a file.
    """
    if loss.key in LOSSES:
        raise ValueError(f"the key {loss.key!r} is taken by {LOSSES[loss.key].title}; choose another one.")
    if not loss.key.isidentifier():
        raise ValueError(
            f"the key is {loss.key!r}; it must be letters, digits and _, because files are called after it."
        )
    LOSSES[loss.key] = loss


def loss_of(reference: str) -> Loss:
    """A loss by its key in `LOSSES`, or one of somebody's own by ``package.module:name``.

    The second is a function of ``(logits, target)``, an object that can be called so, or an `nn.Module` class. Of
    "radius", "class_frequencies" and "ignore_index", it is given those that it has parameters for.

    Raises:
        ValueError: neither, or what cannot be called.
    """
    if reference in LOSSES:
        return LOSSES[reference]
    if ":" not in reference:
        raise ValueError(
            f"loss is {reference!r}; it must be one of {', '.join(LOSSES)}, or package.module:function of your own."
        )
    made = resolve(reference)
    if not callable(made):
        raise ValueError(f"loss is {reference!r}, a {type(made).__name__}; it must be a function of (logits, target).")
    name = reference.partition(":")[2]
    return Loss(name, name, name, reference, frozenset(_TRAINING_GIVES & set(inspect.signature(made).parameters)))


_TRAINING_GIVES = {"radius", "class_frequencies", "ignore_index"}

METHOD = "dbce"
"""The paper's own, which its tables compare with the others."""


def title(name: str) -> str:
    """What a network is called: after its loss, or, where it is somebody's own, by its own name."""
    return LOSSES[name].title if name in LOSSES else name.rpartition(":")[2]


def short_title(name: str) -> str:
    """`title` where there is little room."""
    return LOSSES[name].short if name in LOSSES else name.rpartition(":")[2]
