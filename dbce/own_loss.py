"""A loss of one's own: any function of logits and labels, as a module that training can use and a page can draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn


class OwnLoss(nn.Module):
    """A function as a loss module.

    Args:
        function: of logits (N, C, *spatial) and whole-number labels (N, *spatial); returns the loss of the batch, one
            value an image (N,), or a map (N, *spatial), of which ``forward`` takes the mean.
        options: further arguments that it is called with. With ``ignore_index`` among them, pixels of that label
            count in no mean of a map.
    """

    def __init__(self, function: Callable[..., Tensor], **options: Any) -> None:
        super().__init__()
        self.function = partial(function, **options)
        self.ignore_index = options.get("ignore_index")

    def map(self, input: Tensor, target: Tensor) -> Tensor | None:
        """(N, *spatial) loss of every pixel, or None where the function gives no map."""
        return self.both(input, target)[1]

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The mean over the batch.

        Raises:
            ValueError: the function returned something else than a scalar, (N,) or a map.
        """
        return self.both(input, target)[0]

    def both(self, input: Tensor, target: Tensor) -> tuple[Tensor, Tensor | None]:
        """What `forward` and `map` give, of one call of the function."""
        value = self._value(input, target)
        if value.ndim < target.ndim:
            return value.mean(), None
        if self.ignore_index is None:
            return value.mean(), value
        counts = target != self.ignore_index
        return value.where(counts, 0).sum() / counts.sum().clamp(min=1), value

    def _value(self, input: Tensor, target: Tensor) -> Tensor:
        value = self.function(input, target)
        known = ((), target.shape[:1], target.shape)
        if not (isinstance(value, Tensor) and value.is_floating_point() and tuple(value.shape) in map(tuple, known)):
            given = f"{tuple(value.shape)} {value.dtype}" if isinstance(value, torch.Tensor) else type(value).__name__
            raise ValueError(
                f"the loss function returned {given}; it must return a floating-point scalar, one value an image "
                f"{tuple(target.shape[:1])}, or a map {tuple(target.shape)}."
            )
        return value


class LossMaps(NamedTuple):
    """A loss taken apart: its value, (N, *spatial) of every pixel or None, (N, C, *spatial) gradient or None."""

    value: float
    map: Tensor | None
    gradient: Tensor | None


def maps_of(loss: nn.Module, logits: Tensor, target: Tensor) -> LossMaps:
    """What a loss says of every pixel, where it gives a map, and its derivative by the logits (autograd).

    Args:
        loss: of logits and labels; a map may be what it returns, or what its ``map`` does, as of `OwnLoss`.
        logits: (N, C, *spatial).
        target: (N, *spatial) labels.

    Returns:
        The value is the mean where the loss gives a map. No gradient where the value does not depend on the logits in
        a way that can be derived.

    Raises:
        ValueError: as of `OwnLoss.forward`.
    """
    leaf = logits.detach().clone().requires_grad_()
    if isinstance(loss, OwnLoss):
        value, map_ = loss.both(leaf, target)
    else:
        given = loss(leaf, target)
        value, map_ = given.mean(), given if given.ndim == target.ndim else None
    slope = torch.autograd.grad(value, leaf, allow_unused=True)[0] if value.requires_grad else None
    return LossMaps(value.item(), None if map_ is None else map_.detach(), slope)
