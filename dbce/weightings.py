"""The weightings that the dilated one is compared with, and the list of all of them.

A further weighting is a function here and an entry of `WEIGHTINGS`. The sum of weight times cross entropy over an image
is its loss: all weights of an image sum to 1 in cross entropy, and to the number of its classes where they are balanced
by its own areas. Shares of weight, and ratios of weights, have no scale.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dbce.borders import border_distances
from dbce.weights import check_target, weight_map


def uniform_weights(target: Tensor, num_classes: int, radius: float, ignore_index: int) -> Tensor:
    """1/N at each of the N pixels that count: plain cross entropy. As of `weight_map`; the radius changes nothing."""
    valid = check_target(target, num_classes, ignore_index) != ignore_index
    count = valid.flatten(1).sum(dim=1).clamp(min=1).view(-1, *[1] * (target.ndim - 1))
    return (valid.double() / count).float()


def balanced_weights(target: Tensor, num_classes: int, radius: float, ignore_index: int) -> Tensor:
    """1/area of a pixel's own class in its image: Eq. 1 with the frequencies of the image, over N.

    As of `weight_map`; the radius changes nothing.
    """
    target = check_target(target, num_classes, ignore_index)
    valid = target != ignore_index
    labels = target.where(valid, 0).flatten(1)  # (N, pixels)
    areas = labels.new_zeros(len(target), num_classes).scatter_add_(1, labels, valid.flatten(1).long())  # (N, C)
    weight = 1 / areas.clamp(min=1).float()
    return weight.gather(1, labels).view(target.shape) * valid


def balanced_set_weights(
    target: Tensor, num_classes: int, radius: float, ignore_index: int, class_frequencies: Sequence[float]
) -> Tensor:
    """1/(N f) with the frequency f of a pixel's class in a data set: Eq. 1 as balanced cross entropy is trained.

    As of `weight_map`; the radius changes nothing. A class without a frequency weighs nothing.

    Args:
        target: as of `weight_map`, like all before the last.
        num_classes: with the background.
        radius: of no use here.
        ignore_index: label of pixels that count nowhere.
        class_frequencies: (C,) share of each class in the data set, in [0, 1].

    Raises:
        ValueError: as of `weight_map`, or frequencies that are no shares.
    """
    target = check_target(target, num_classes, ignore_index)
    shares = torch.as_tensor(class_frequencies, dtype=torch.float64)
    if shares.shape != (num_classes,) or not bool(((shares >= 0) & (shares <= 1)).all()):
        raise ValueError(
            f"class_frequencies is {shares.tolist()}; it must hold one share in [0, 1] for each of the {num_classes} "
            "classes. The header of a network has those of its training set."
        )
    valid = target != ignore_index
    count = valid.flatten(1).sum(dim=1, keepdim=True).clamp(min=1)  # (N, 1)
    weight = torch.where(shares > 0, 1 / (count.cpu() * shares), 0.0).float().to(target.device)  # (N, C)
    return weight.gather(1, target.where(valid, 0).flatten(1)).view(target.shape) * valid


BORDER_WEIGHT = 10
"""w0 of U-Net's weight map: what a pixel between two touching borders gains, in weights of cross entropy."""
BORDER_WIDTH = 5
"""sigma of U-Net's weight map, in pixels."""


def unet_weights(target: Tensor, num_classes: int, radius: float, ignore_index: int) -> Tensor:
    """U-Net's weight map over N: ``(w_c + w0 exp(-(d1 + d2)^2 / (2 sigma^2))) / N``, with w_c = N / area of the class.

    d1 and d2 are the distances to the borders of the nearest and of the second nearest object (`border_distances`).
    Where there is no second object d2 is infinite and the term vanishes: the weights are then `balanced_weights`. It
    holds everywhere, inside objects too, as the equation stands. As of `weight_map`; the radius changes nothing, and
    distances are computed on the CPU.

    Source: Ronneberger et al., U-Net, MICCAI 2015, Eq. 2, with its w0 = 10 and sigma = 5 px.

    Raises:
        ValueError: as of `weight_map`, or a target that is not (N, H, W).
    """
    target = check_target(target, num_classes, ignore_index)
    if target.ndim != 3:
        raise ValueError(
            f"target has shape {tuple(target.shape)}; U-Net's weight map is of pictures, (N, H, W). "
            "Pass the slices of a volume one by one."
        )
    maps = [_unet_map(np.where(one == ignore_index, -1, one), num_classes) for one in target.cpu().numpy()]
    return torch.from_numpy(np.stack(maps)).to(target.device)


def _unet_map(labels: np.ndarray, num_classes: int) -> np.ndarray:
    """(H, W) labels, -1 where ignored -> (H, W) float32."""
    valid = labels >= 0
    areas = np.bincount(labels[valid], minlength=num_classes)
    apart = np.add(*border_distances(labels, num_classes))
    border = BORDER_WEIGHT * np.exp(-(apart**2) / (2 * BORDER_WIDTH**2)) / max(np.count_nonzero(valid), 1)
    return np.where(valid, 1 / np.maximum(areas, 1)[labels] + border, 0).astype(np.float32)


@dataclass(frozen=True)
class Weighting:
    """One way to weigh pixels, so that the sum of weight times cross entropy over an image is its loss.

    Attributes:
        key: on the command line, at the endpoints and in links.
        name: what it is called among the others.
        title: what the loss with it is called.
        caption: under a map of it in a figure; ``{radius}`` stands for the radius.
        legend: under a map of it on the page.
        term: what one class gives to a pixel, as a formula: ``{name}`` is the class, ``{area}`` the number of its
            pixels (within the radius, where there is one), ``{share}`` its frequency in the data set, ``{count}`` the
            number of all pixels that count, ``{first}`` and ``{second}`` the distances to the two nearest borders. Of
            several classes that reach a pixel the largest counts.
        function: of (N, *spatial) labels, the number of classes, a radius in pixels and the label that is ignored,
            and of class frequencies where it needs them: float32 weights of the shape of the labels, 0 where ignored.
        loss: key of the loss in `dbce.registry.LOSSES` that trains a network with it; "" where none does.
        has_radius: whether the radius changes it.
        has_frequencies: whether it needs the frequencies of the classes in a data set.
    """

    key: str
    name: str
    title: str
    caption: str
    legend: str
    term: str
    function: Callable[..., Tensor]
    loss: str = ""
    has_radius: bool = False
    has_frequencies: bool = False

    def weights(
        self,
        target: Tensor,
        num_classes: int,
        radius: float,
        ignore_index: int,
        class_frequencies: Sequence[float] | None = None,
    ) -> Tensor:
        """Weight of every pixel, float32, of the shape of the labels; 0 where ignored.

        Args:
            target: (N, *spatial) labels.
            num_classes: with the background.
            radius: in pixels.
            ignore_index: label of pixels that count nowhere.
            class_frequencies: (C,) share of each class in the data set trained on, where it is known.

        Raises:
            ValueError: as of `weight_map`, or frequencies that are needed and not known.
        """
        if not self.has_frequencies:
            return self.function(target, num_classes, radius, ignore_index)
        if class_frequencies is None:
            raise ValueError(
                f"weighting is {self.key!r}, but no network at hand was trained with class frequencies; "
                f"choose one of {', '.join(offered_weightings(None))}."
            )
        return self.function(target, num_classes, radius, ignore_index, class_frequencies)


def _border_term(count: str, first: str, second: str) -> str:
    return f"{BORDER_WEIGHT}/{count} · exp(−({first} + {second})²/{2 * BORDER_WIDTH**2})"


WEIGHTINGS = {
    weighting.key: weighting
    for weighting in (
        Weighting(
            "none",
            "none",
            "CE",
            "weight 1/N",
            "weight 1/N, all alike",
            "1/N = 1/{count}",
            uniform_weights,
            loss="ce",
        ),
        Weighting(
            "balanced",
            "balanced (image)",
            "Balanced (image)",
            "weight, 1/area of the class",
            "weight 1/area of its class",
            "1/area({name}) = 1/{area}",
            balanced_weights,
        ),
        Weighting(
            "balanced_set",
            "balanced (data set)",
            "Balanced (data set)",
            "weight, 1/(N f) of the class",
            "weight 1/(N f) of its class",
            "1/(N f({name})) = 1/({count} · {share})",
            balanced_set_weights,
            loss="bce",
            has_frequencies=True,
        ),
        Weighting(
            "unet",
            "U-Net",
            "U-Net",
            f"weight of U-Net, w\u2080 = {BORDER_WEIGHT}, \u03c3 = {BORDER_WIDTH} px",
            "weight of U-Net’s map",
            f"1/area({{name}}) + {_border_term('N', 'd₁', 'd₂')} = "
            f"1/{{area}} + {_border_term('{count}', '{first}', '{second}')}",
            unet_weights,
        ),
        Weighting(
            "dilated",
            "dilated",
            "Dilated",
            "weight, R = {radius:g} px",
            "weight M = max Wᶜ",
            "{name} 1/(1+{area})",
            weight_map,
            loss="dbce",
            has_radius=True,
        ),
    )
}
"""Every weighting under its key: all pixels alike; by class, with the frequencies of the image and of the data set
(Eq. 1); U-Net's; by dilated class (Eq. 3-5)."""


def weighting_of(key: str) -> Weighting:
    """A weighting by its key.

    Raises:
        ValueError: there is none of this key.
    """
    if key not in WEIGHTINGS:
        raise ValueError(f"weighting is {key!r}; it must be one of {', '.join(WEIGHTINGS)}.")
    return WEIGHTINGS[key]


def offered_weightings(class_frequencies: Sequence[float] | None) -> dict[str, Weighting]:
    """The weightings that there are with these class frequencies, or without any."""
    return {key: each for key, each in WEIGHTINGS.items() if class_frequencies or not each.has_frequencies}
