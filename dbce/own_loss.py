"""A loss of one's own: any function of logits and labels, as a module that training can use and a page can draw."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

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
        value = self._value(input, target)
        return value if value.ndim == target.ndim else None

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The mean over the batch.

        Raises:
            ValueError: the function returned something else than a scalar, (N,) or a map.
        """
        value = self._value(input, target)
        if value.ndim < target.ndim or self.ignore_index is None:
            return value.mean()
        counts = target != self.ignore_index
        return value.where(counts, 0).sum() / counts.sum().clamp(min=1)

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
