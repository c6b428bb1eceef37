"""Losses of somebody's own on an image: what each pixel costs under them, and where they push, by autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from dbce import registry
from dbce.own_loss import maps_of
from dbce.registry import Loss, added_losses, loss_of
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study
from dbce.tasks import IGNORE


@dataclass(frozen=True)
class OwnMaps:
    """A loss on what a network says of an image; either map None where there is none.

    Attributes:
        value: the loss of the image, as it is trained: the mean where the function gives a map.
        map: (H, W) float32 loss of every pixel; 0 where ignored.
        gradient: (H, W) float32 derivative of the value by the logit z of the object, the logits of both classes being
            0 and z; of two classes.
    """

    value: float
    map: np.ndarray | None
    gradient: np.ndarray | None


def own_losses(given: Sequence[str | Loss | Callable] | None) -> tuple[Loss, ...]:
    """Losses to be drawn beside the weightings.

    Args:
        given: each a key of `dbce.registry.LOSSES`, ``package.module:name``, a `Loss`, or a function at the top level
            of a module or a notebook; None for all that were added with `dbce.register_loss`.

    Raises:
        ValueError: what is none of these, or two of one name.
    """
    if given is None:
        return added_losses()
    found = tuple(one if isinstance(one, Loss) else loss_of(_reference(one)) for one in given)
    keys = [loss.key for loss in found]
    double = next((key for key in keys if keys.count(key) > 1), None)
    if double is not None:
        raise ValueError(f"losses holds {double!r} twice; their panels are told apart by name: give one another name.")
    return found


def _reference(given: str | Callable) -> str:
    if isinstance(given, str):
        return given
    name = f"{getattr(given, '__module__', '')}:{getattr(given, '__qualname__', '')}"
    try:
        same = registry.resolve(name) is given
    except ValueError:
        same = False
    if not same:
        raise ValueError(
            f"losses holds {given!r}, which has no name of its own in its module; give a function that was defined "
            "there with def, or package.module:name."
        )
    return name


def own_maps(study: Study, loss: Loss, network: str) -> OwnMaps | str:
    """A loss on what a network says of an image.

    Of what a training would give it, it gets `dbce.tasks.Task.radius` pixels, the label that is ignored, and the class
    frequencies of the data set, where a network at hand knows them.

    Args:
        study: with a mask.
        loss: which.
        network: of the study.

    Returns:
        Its maps; or the sentence why there are none on this image.

    Raises:
        ValueError: the function failed, or does not return what a loss returns; the message has its name.
    """
    known = {"radius": study.task.radius, "class_frequencies": study.class_frequencies, "ignore_index": IGNORE}
    if "class_frequencies" in loss.needs and study.class_frequencies is None:
        return f"{loss.title} needs the class frequencies of a training set, which no network here knows."
    labels = np.asarray(study.labels)
    valid = labels != IGNORE
    built_in = loss.key in registry.BUILT_IN
    if not valid.all() and not built_in and "ignore_index" not in loss.needs:
        return f"{loss.title} has no parameter ignore_index, so it cannot be drawn where pixels are ignored."
    needs = loss.needs | ({"ignore_index"} if built_in else set())
    steps = torch.from_numpy(np.asarray(study.logits[network], np.float32) * np.float32(LOGIT_STEP))
    several = isinstance(study, LabelStudy)
    logits = steps[None] if several else torch.stack([torch.zeros_like(steps), steps])[None]  # (1, C, H, W)
    try:
        found = maps_of(loss(**{need: known[need] for need in needs}), logits, torch.from_numpy(labels).long()[None])
    except Exception as error:  # it is somebody's own
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"the loss {loss.title} failed ({type(error).__name__}: {reason}); mend it.") from error
    map_ = None if found.map is None else np.where(valid, found.map[0].numpy(), np.float32(0)).astype(np.float32)
    slope = None if several or found.gradient is None else found.gradient[0, 1].numpy().astype(np.float32)
    maps = [each for each in (map_, slope) if each is not None]
    if not np.isfinite(found.value) or not all(np.isfinite(each).all() for each in maps):
        return f"{loss.title} gives values that are not numbers on what {registry.title(network)} says of this image."
    return OwnMaps(float(found.value), map_, slope)
