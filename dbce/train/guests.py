"""A network of somebody's own beside ours: whatever it is made of, it becomes a `Checkpoint`, and it is said how.

What a file does not tell is guessed where there is a usual answer, and the guess is part of what is said; where two
readings are equally possible, a sentence asks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from dbce.data.formats import InputError
from dbce.data.phantoms import polyp
from dbce.data.predictions import LIMIT, SUM_TOLERANCE
from dbce.data.resize import resize_image
from dbce.network import MEAN, STD
from dbce.tasks import WORK_SIZE, Task
from dbce.train.checkpoints import Checkpoint
from dbce.train.guest_words import SENTENCES, counted_maps, spoken

NORMALISATIONS = {"imagenet": "ImageNet mean and deviation", "unit": "values 0 to 1", "none": "values 0 to 255"}
"""What can be done to the bytes of an image, and what it is called."""

CHANNELS = ("RGB", "BGR")
"""Orders of the colours."""

VALUES = ("logits", "probabilities")
"""What a network can answer with."""

_DRAWN = "a drawn image"
_LEAST = 8  # pixels a side of a map
_SLACK = 1e-3  # by which a probability may lie beyond 0 or 1


@dataclass(frozen=True)
class Reading:
    """How a network is to be read, as far as its owner says so; None: as the file tells, else as usual.

    Attributes:
        normalise: one of `NORMALISATIONS`.
        channels: one of `CHANNELS`.
        values: one of `VALUES`.
        size: side in pixels of the square it is given.
    """

    normalise: str | None = None
    channels: str | None = None
    values: str | None = None
    size: int | None = None

    def __post_init__(self) -> None:
        choices = {"normalise": tuple(NORMALISATIONS), "channels": CHANNELS, "values": VALUES}
        for name, known in choices.items():
            if getattr(self, name) not in (None, *known):
                raise InputError(f"{name} is {getattr(self, name)!r}; it must be one of {', '.join(known)}.")
        if self.size is not None and not 32 <= self.size <= 2048:
            raise InputError(f"the size of a network's input is {self.size}; it must be 32 to 2048 pixels.")


@dataclass(frozen=True)
class Body:
    """What a file holds, before anybody knows what its values mean.

    Attributes:
        name: of the file, for sentences.
        compute: (N, 3, S, S) float32, normalised -> (N, C, h, w).
        size: S in pixels.
        sized: how the size is known, a clause.
        mean: of each colour, in [0, 1] times ``top``.
        std: the same.
        top: what white is before mean and deviation: 1 or 255.
        normalised: what that is called, and how it is known.
        channels: one of `CHANNELS`.
        ordered: how that is known, a clause; "" where the file says it.
        values: one of `VALUES` where the file says so, else None.
        module: of PyTorch, where it is one.
    """

    name: str
    compute: Callable[[Tensor], Tensor]
    size: int
    sized: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    top: float
    normalised: str
    channels: str = "RGB"
    ordered: str = ""
    values: str | None = None
    module: nn.Module | None = None


class Guest(nn.Module):
    """A network of somebody's own, called as `dbce.network.DeepSupervisionUnet` is in evaluation mode.

    Args:
        body: what computes.
        values: one of `VALUES`: what that answers with.
    """

    mean: Tensor
    std: Tensor

    def __init__(self, body: Body, values: str) -> None:
        super().__init__()
        self.body, self.values, self.module = body, values, body.module
        for name, numbers in (("mean", body.mean), ("std", body.std)):
            self.register_buffer(name, torch.tensor(numbers, dtype=torch.float32).view(1, 3, 1, 1), persistent=False)

    def raw(self, image: Tensor) -> Tensor:
        """(N, 3, S, S) RGB in [0, 1] -> what the file answers, (N, C, h, w).

        Raises:
            InputError: values that are not numbers.
        """
        given = (image * self.body.top - self.mean) / self.std
        answer = self.body.compute(given.flip(1) if self.body.channels == "BGR" else given)
        if not torch.isfinite(answer).all():
            raise InputError(spoken("nan", name=self.body.name))
        return answer

    def forward(self, image: Tensor) -> Tensor:
        """(N, 3, S, S) RGB in [0, 1] -> logits (N, C, h, w), with those of the background where it has one map.

        Raises:
            InputError: values that cannot be probabilities, where it was said to answer with some.
        """
        maps = self.raw(image)
        if self.values == "probabilities":
            low, high = float(maps.min()), float(maps.max())
            if low < -_SLACK or high > 1 + _SLACK:
                raise InputError(spoken("outside", name=self.body.name, low=low, high=high, image="this image"))
            maps = maps.double().clamp(0, 1)
            maps = (maps.log() - (-maps).log1p() if maps.shape[1] == 1 else maps.log()).clamp(-LIMIT, LIMIT).float()
        return torch.cat([torch.zeros_like(maps), maps], dim=1) if maps.shape[1] == 1 else maps


def normalisation(reading: Reading, usual: str, why: str) -> dict[str, Any]:
    """The fields of a `Body` that say how bytes become numbers.

    Args:
        reading: what the owner says.
        usual: what is done where that is nothing.
        why: how that is known, a clause.
    """
    kind = reading.normalise or usual
    mean, std = (MEAN, STD) if kind == "imagenet" else ((0.0,) * 3, (1.0,) * 3)
    said = NORMALISATIONS[kind] + (SENTENCES["said"] if reading.normalise else why)
    return {"mean": mean, "std": std, "top": 255.0 if kind == "none" else 1.0, "normalised": said}


def admit(body: Body, task: Task, reading: Reading) -> Checkpoint:
    """A network that was tried once, on a drawn image, and answered as one of the task does.

    Args:
        body: what was read.
        task: whose number of classes it must have.
        reading: what its owner says of it.

    Raises:
        InputError: it cannot be run, has another number of classes, or it cannot be told what its values mean.
    """
    guest = Guest(body, "logits").eval().requires_grad_(False)
    maps = _tried(guest)
    classes = maps.shape[1]
    if classes != task.num_classes and not (classes == 1 and not task.several):
        raise InputError(
            spoken("classes", name=body.name, maps=counted_maps(classes), task=task.name, wanted=wanted(task))
        )
    guest.values, told = _values(body, maps, reading)
    squash = ", sigmoid" if classes == 1 else ", softmax"
    about = spoken(
        "about",
        name=body.name,
        size=body.size,
        sized=body.sized,
        channels=body.channels,
        ordered=body.ordered,
        normalised=body.normalised,
        maps=counted_maps(classes),
        values=guest.values,
        told=told,
        squash=squash if guest.values == "logits" else "",
    )
    return Checkpoint(guest, {"task": task.name, "size": body.size}, about)


def wanted(task: Task) -> str:
    """How many maps a network of the task answers with, in words."""
    return f"{task.num_classes} ({', '.join(task.classes)})" + ("" if task.several else f", or one: {task.classes[1]}")


@torch.inference_mode()
def _tried(guest: Guest) -> Tensor:
    """What it says of a drawn image."""
    body = guest.body
    image = resize_image(polyp(17, WORK_SIZE, difficulty=0.75)[0], body.size)
    try:
        maps = guest.raw(torch.from_numpy(image).permute(2, 0, 1)[None].float() / 255)
    except InputError:
        raise
    except Exception as error:  # whatever somebody's network does
        reason = " ".join(str(error).split())[:160].rstrip(".")
        raise InputError(spoken("run", name=body.name, size=body.size, reason=reason)) from error
    if maps.ndim != 4 or min(maps.shape[2:]) < _LEAST:
        shape = " × ".join(map(str, maps.shape))
        raise InputError(spoken("maps", name=body.name, shape=shape))
    return maps


def _values(body: Body, maps: Tensor, reading: Reading) -> tuple[str, str]:
    """What the values of its answer are, and how that is known."""
    low, high = float(maps.min()), float(maps.max())
    inside = low >= -_SLACK and high <= 1 + _SLACK
    sums = maps.sum(1)
    known = reading.values or body.values
    if known == "probabilities" and not inside:
        raise InputError(spoken("outside", name=body.name, low=low, high=high, image=_DRAWN))
    one = maps.shape[1] == 1 or float((sums - 1).abs().max()) <= SUM_TOLERANCE
    if known == "probabilities" and not one:
        raise InputError(spoken("sums", name=body.name))
    if known:
        return known, SENTENCES["you say"] if reading.values else "as the file says"
    if not inside:
        return "logits", spoken("range", low=low, high=high, image=_DRAWN)
    if maps.shape[1] > 1 and one:
        return "probabilities", spoken("sum", image=_DRAWN)
    raise InputError(spoken("which", name=body.name, low=low, high=high, image=_DRAWN))


def about_guests(guests: Mapping[str, str]) -> str:
    """How networks of somebody's own are read, by name; nothing where there are none."""
    return " ".join(f"Your network {name} is {about}" for name, about in guests.items())


def numbers_of(image: Tensor) -> np.ndarray:
    """A batch as other runtimes take it."""
    return np.ascontiguousarray(image.detach().cpu().numpy())
