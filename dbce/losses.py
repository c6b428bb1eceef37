"""The four losses the paper compares, as pure functions with thin modules around them.

Everything holds in two dimensions and in three. Areas and sums are taken per image and the batch is reduced last, so
the loss of an image does not depend on the batch it sits in. Ignored pixels count in no area and in no sum. Everything
is computed in at least float32, also under autocast: background weights near 1e-5 would underflow in half precision.

Source: arXiv 2412.06045, Eq. 1-5.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from dbce.dilation import radius_squared
from dbce.registry import LOSSES as LOSSES
from dbce.weights import check_target, weight_map


def _check(input: Tensor, target: Tensor, ignore_index: int, channel_target: bool) -> tuple[Tensor, Tensor]:
    """Logits in at least float32 and labels (N, *spatial) in int64, or a ValueError."""
    if input.ndim not in (4, 5) or input.shape[1] < 2:
        raise ValueError(
            f"input has shape {tuple(input.shape)}; it must be logits (N, C, H, W) or (N, C, D, H, W) with C >= 2. "
            "For one sigmoid channel z pass torch.cat([torch.zeros_like(z), z], dim=1)."
        )
    if not input.is_floating_point():
        raise ValueError(f"input has dtype {input.dtype}; logits must be floating point. Pass input.float().")
    has_channel = target.ndim == input.ndim and target.shape[1] == 1
    if has_channel and not channel_target:
        raise ValueError(
            f"target has shape {tuple(target.shape)}; it must be (N, H, W), one label a pixel. "
            "Pass target.squeeze(1), or channel_target=True if all your targets have that axis (as in MONAI)."
        )
    if channel_target and not has_channel:
        raise ValueError(
            f"target has shape {tuple(target.shape)}; with channel_target=True it must be (N, 1, H, W) for input "
            f"{tuple(input.shape)}. Pass target[:, None], or leave channel_target out."
        )
    target = check_target(target[:, 0] if channel_target else target, input.shape[1], ignore_index)
    if input.shape[0] != target.shape[0] or input.shape[2:] != target.shape[1:]:
        raise ValueError(
            f"input {tuple(input.shape)} and target {tuple(target.shape)} disagree; (N, C, H, W) needs "
            "(N, H, W). Resize one of them to the other's size."
        )
    return (input if input.dtype == torch.float64 else input.float()), target


def _check_reduction(reduction: str) -> None:
    if reduction not in ("none", "mean", "sum"):
        raise ValueError(f'reduction is {reduction!r}; it must be "none", "mean" or "sum".')


def _reduce(per_image: Tensor, reduction: str) -> Tensor:
    return per_image.mean() if reduction == "mean" else per_image.sum()


def _pixel_loss(input: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    """-log p of the true class: (N, H, W), 0 where ignored. Masks the loss, never the logits."""
    with torch.autocast(input.device.type, enabled=False):
        return F.cross_entropy(input, target, ignore_index=ignore_index, reduction="none")


def _valid_count(target: Tensor, ignore_index: int) -> Tensor:
    """Pixels per image that are not ignored, at least 1 so that nothing divides by 0: (N,)."""
    return (target != ignore_index).flatten(1).sum(dim=1).clamp(min=1)


def cross_entropy(
    input: Tensor, target: Tensor, *, ignore_index: int = -100, reduction: str = "mean", channel_target: bool = False
) -> Tensor:
    """Cross entropy, the mean over the pixels of each image, then the batch.

    Args:
        input: (N, C, H, W) logits, or (N, C, D, H, W).
        target: (N, H, W) whole-number labels, or (N, D, H, W).
        ignore_index: label of pixels that do not count.
        reduction: "mean" over images, "sum" over images, or "none" for the (N, H, W) loss map.
        channel_target: whether the target has a channel axis of one, (N, 1, H, W), as MONAI gives it.

    Returns:
        A scalar, or (N, H, W) for ``reduction="none"``.

    Raises:
        ValueError: wrong shape, dtype, label or reduction.
    """
    _check_reduction(reduction)
    input, target = _check(input, target, ignore_index, channel_target)
    loss = _pixel_loss(input, target, ignore_index)
    if reduction == "none":
        return loss
    return _reduce(loss.flatten(1).sum(dim=1) / _valid_count(target, ignore_index), reduction)


def balanced_cross_entropy(
    input: Tensor,
    target: Tensor,
    class_frequencies: Sequence[float] | Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    channel_target: bool = False,
) -> Tensor:
    """Balanced cross entropy, Eq. 1: ``-1/N sum_c w_c sum_n y log p`` with ``w_c = 1 / frequency``.

    Divided by the number N of pixels, not by the sum of the weights as torch's ``weight=`` does.

    Args:
        input: (N, C, H, W) logits, or (N, C, D, H, W).
        target: (N, H, W) whole-number labels, or (N, D, H, W).
        class_frequencies: (C,) share of each class in the training set, in [0, 1]; of each image by itself
            when None. A class that is absent from the set, or from the image, weighs nothing.
        ignore_index: label of pixels that do not count.
        reduction: "mean" over images, "sum" over images, or "none" for the (N, H, W) weighted loss map
            (its sum over an image divided by N is the loss of the image).
        channel_target: whether the target has a channel axis of one, (N, 1, H, W), as MONAI gives it.

    Returns:
        A scalar, or (N, H, W) for ``reduction="none"``.

    Raises:
        ValueError: wrong shape, dtype, label or reduction, or frequencies that are no shares.
    """
    _check_reduction(reduction)
    input, target = _check(input, target, ignore_index, channel_target)
    count = _valid_count(target, ignore_index)
    if class_frequencies is None:
        areas = _one_hot(target, input.shape[1], ignore_index, input.dtype).flatten(2).sum(dim=2)  # (N, C)
        weight = torch.where(areas > 0, count[:, None] / areas.clamp(min=1), 0.0).to(input.dtype)
    else:
        weight = _inverse_frequencies(class_frequencies, input).expand(len(target), -1)  # (N, C)
    labels = target.where(target != ignore_index, 0).flatten(1)  # (N, H * W)
    pixel_weight = weight.gather(1, labels).view(target.shape)
    loss = _pixel_loss(input, target, ignore_index) * pixel_weight
    if reduction == "none":
        return loss
    return _reduce(loss.flatten(1).sum(dim=1) / count, reduction)


def _inverse_frequencies(class_frequencies: Sequence[float] | Tensor, input: Tensor) -> Tensor:
    """1 / frequency per class, (C,), or a ValueError."""
    frequencies = torch.as_tensor(class_frequencies, dtype=input.dtype)  # a sequence is checked off the device
    shares = bool(((frequencies >= 0) & (frequencies <= 1)).all()) and bool((frequencies > 0).any())
    if frequencies.shape != (input.shape[1],) or not shares:
        raise ValueError(
            f"class_frequencies is {frequencies.tolist()}; it must hold one share in [0, 1] for each of the "
            f"{input.shape[1]} classes. Leave it None to use the frequencies of each image."
        )
    return torch.where(frequencies > 0, 1 / frequencies, 0.0).to(input.device)


def _one_hot(target: Tensor, num_classes: int, ignore_index: int, dtype: torch.dtype) -> Tensor:
    """(N, H, W) labels -> (N, C, H, W) indicators, all 0 where ignored."""
    valid = target != ignore_index
    one_hot = F.one_hot(target.where(valid, 0), num_classes).movedim(-1, 1)
    return (one_hot * valid[:, None]).to(dtype)


def dice_cross_entropy(
    input: Tensor, target: Tensor, *, ignore_index: int = -100, reduction: str = "mean", channel_target: bool = False
) -> Tensor:
    """Mean cross entropy plus ``1 - soft Dice``, the Dice averaged over the foreground classes present.

    Soft Dice of a class and an image is ``2 sum(p y) / (sum p + sum y)`` (section 3.2 of the paper: only
    classes present in the sample). An image without foreground has no Dice term.

    Args:
        input: (N, C, H, W) logits, or (N, C, D, H, W); class 0 is the background.
        target: (N, H, W) whole-number labels, or (N, D, H, W).
        ignore_index: label of pixels that do not count.
        reduction: "mean" over images, "sum" over images, or "none" for one value an image, (N,): the Dice
            term belongs to no single pixel.
        channel_target: whether the target has a channel axis of one, (N, 1, H, W), as MONAI gives it.

    Returns:
        A scalar, or (N,) for ``reduction="none"``.

    Raises:
        ValueError: wrong shape, dtype, label or reduction.
    """
    _check_reduction(reduction)
    input, target = _check(input, target, ignore_index, channel_target)
    pixel_loss = _pixel_loss(input, target, ignore_index)
    per_image = pixel_loss.flatten(1).sum(dim=1) / _valid_count(target, ignore_index)
    truth = _one_hot(target, input.shape[1], ignore_index, input.dtype)[:, 1:]  # (N, C - 1, H, W)
    valid = (target != ignore_index)[:, None]
    with torch.autocast(input.device.type, enabled=False):
        probability = input.softmax(dim=1)[:, 1:].where(valid, 0.0)
    area = truth.flatten(2).sum(dim=2)  # (N, C - 1)
    overlap = (probability * truth).flatten(2).sum(dim=2)
    present = area > 0
    dice = 2 * overlap / (probability.flatten(2).sum(dim=2) + area.clamp(min=1))
    miss = ((1 - dice) * present).sum(dim=1) / present.sum(dim=1).clamp(min=1)
    per_image = per_image + miss
    return per_image if reduction == "none" else _reduce(per_image, reduction)


def dilated_balanced_cross_entropy(
    input: Tensor,
    target: Tensor,
    radius: float,
    *,
    weight: Tensor | None = None,
    spacing: Sequence[float] | None = None,
    ignore_index: int = -100,
    reduction: str = "mean",
    channel_target: bool = False,
) -> Tensor:
    """Dilated balanced cross entropy, Eq. 2-5: ``-sum M sum_c Y log P`` per image, the mean over the batch.

    Args:
        input: (N, C, H, W) logits, or (N, C, D, H, W).
        target: (N, H, W) whole-number labels, or (N, D, H, W).
        radius: radius in pixels of the disk that dilates every class mask; the paper uses 20 for one object
            and 10 for many organs, on 320 x 320 images.
        weight: (N, H, W) from `weight_map` of this target and radius, where it is known already, as with several
            outputs for one target.
        spacing: distance between neighbours along each spatial axis, e.g. (3.0, 0.8, 0.8) millimetres; the radius
            is then in that unit.
        ignore_index: label of pixels that do not count, in areas as in sums.
        reduction: "mean" over images, "sum" over images, or "none" for the (N, H, W) weighted loss map.
        channel_target: whether the target has a channel axis of one, (N, 1, H, W), as MONAI gives it.

    Returns:
        A scalar, or (N, H, W) for ``reduction="none"``.

    Raises:
        ValueError: wrong shape, dtype, label, reduction or radius.
    """
    _check_reduction(reduction)
    radius_squared(radius)
    input, target = _check(input, target, ignore_index, channel_target)
    if weight is None:
        weight = weight_map(target, input.shape[1], radius, ignore_index, spacing)
    elif weight.shape != target.shape:
        raise ValueError(
            f"weight {tuple(weight.shape)} and target {tuple(target.shape)} disagree; pass weight_map(target, ...)."
        )
    loss = _pixel_loss(input, target, ignore_index) * weight
    return loss if reduction == "none" else _reduce(loss.flatten(1).sum(dim=1), reduction)


class _Loss(nn.Module):
    """What the modules have in common."""

    def __init__(self, *, ignore_index: int = -100, reduction: str = "mean", channel_target: bool = False) -> None:
        super().__init__()
        _check_reduction(reduction)
        self.options: dict[str, Any] = {
            "ignore_index": ignore_index,
            "reduction": reduction,
            "channel_target": channel_target,
        }

    def shared(self, target: Tensor, num_classes: int) -> dict[str, Any]:
        """Further arguments of ``forward`` that are the same for all outputs of one target (deep supervision)."""
        return {}


class CrossEntropyLoss(_Loss):
    """Module form of `cross_entropy`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return cross_entropy(input, target, **self.options)


class BalancedCrossEntropyLoss(_Loss):
    """Module form of `balanced_cross_entropy`."""

    def __init__(self, class_frequencies: Sequence[float] | None = None, **options: Any) -> None:
        super().__init__(**options)
        self.class_frequencies = None if class_frequencies is None else tuple(map(float, class_frequencies))

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return balanced_cross_entropy(input, target, self.class_frequencies, **self.options)


class DiceCrossEntropyLoss(_Loss):
    """Module form of `dice_cross_entropy`."""

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return dice_cross_entropy(input, target, **self.options)


class DilatedBalancedCrossEntropyLoss(_Loss):
    """Module form of `dilated_balanced_cross_entropy`; ``radius`` in pixels, or in the unit of ``spacing``."""

    def __init__(self, radius: float = 20, *, spacing: Sequence[float] | None = None, **options: Any) -> None:
        super().__init__(**options)
        radius_squared(radius)
        self.radius = radius
        self.spacing = None if spacing is None else tuple(map(float, spacing))

    def shared(self, target: Tensor, num_classes: int) -> dict[str, Any]:
        if self.options["channel_target"]:
            target = target[:, 0]
        return {"weight": weight_map(target, num_classes, self.radius, self.options["ignore_index"], self.spacing)}

    def forward(self, input: Tensor, target: Tensor, weight: Tensor | None = None) -> Tensor:
        return dilated_balanced_cross_entropy(
            input, target, self.radius, weight=weight, spacing=self.spacing, **self.options
        )
