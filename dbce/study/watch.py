"""`dbce.Watch`: for anybody's training loop, what its network does on a few fixed images, in TensorBoard or W&B."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor, nn

from dbce.metrics import SCORES
from dbce.study.compared import OBJECT, steps_of
from dbce.study.panels import panels_of
from dbce.study.studies import LabelStudy, Study
from dbce.tasks import IGNORE, ORGANS, Task
from dbce.weightings import weighting_of

WANDB = "wandb"
"""As a writer: the run that ``wandb.init`` has begun."""

_NAME = "watched"  # of the network in a study


class Writer(Protocol):
    """What figures and numbers are given to."""

    def write(self, step: int, images: Mapping[str, np.ndarray], scalars: Mapping[str, float]) -> None:
        """Log (H, W, 3) uint8 images and numbers by their tags."""


class TensorBoardWriter:
    """To a ``torch.utils.tensorboard.SummaryWriter``, or what has its ``add_image`` and ``add_scalar``."""

    def __init__(self, writer: Any) -> None:
        self.writer = writer

    def write(self, step: int, images: Mapping[str, np.ndarray], scalars: Mapping[str, float]) -> None:
        """As of `Writer`."""
        for tag, value in scalars.items():
            self.writer.add_scalar(tag, value, step)
        for tag, image in images.items():
            self.writer.add_image(tag, image, step, dataformats="HWC")


class WandbWriter:
    """To a run of W&B, or what has its ``log``; all of a step in one call."""

    def __init__(self, run: Any) -> None:
        self.run = run

    def write(self, step: int, images: Mapping[str, np.ndarray], scalars: Mapping[str, float]) -> None:
        """As of `Writer`."""
        image = _needed("wandb", "a writer of W&B").Image
        self.run.log({**scalars, **{tag: image(picture) for tag, picture in images.items()}}, step=step)


class Watch:
    """Logs loss map, weight map, gradient and prediction on a few fixed images, and their scores.

    ::

        watch = dbce.Watch(images, masks, writer="runs/mine", every=100)
        for step, ... in ...:
            ...
            watch(step, network, loss=loss.item())

    Args:
        images: (N, 3, H, W) as the network takes them, or (N, H, W, 3) uint8 RGB, which it is given over 255.
        masks: (N, H, W) or (N, 1, H, W) whole numbers: 0 and 1, or the labels of several classes; 255 where a pixel
            counts nowhere.
        writer: a folder, in which TensorBoard's files are written; ``"wandb"`` for the run that ``wandb.init`` began;
            a ``SummaryWriter``, or a run of W&B.
        radius: of the disk in pixels of these images.
        weighting: key of `dbce.weightings.WEIGHTINGS`, but for that of a data set.
        every: steps from one log of figures to the next; numbers are logged at every call.
        classes: of the network; 2, or as many as the masks hold if there are more.
        tag: before the name of all that is logged.

    Raises:
        ValueError: images and masks that do not fit, an unknown weighting, or a writer that is none.
        ModuleNotFoundError: TensorBoard or W&B is asked for and not installed.
    """

    def __init__(
        self,
        images: Any,
        masks: Any,
        writer: Any,
        *,
        radius: float = 20,
        weighting: str = "dilated",
        every: int = 1,
        classes: int | None = None,
        tag: str = "dbce",
    ) -> None:
        self.images = _pictures(images)
        self.masks = _labels(masks, self.images)
        self.shown = _shown(self.images)
        if every < 1:
            raise ValueError(f"every is {every}; it must be a number of steps, 1 or more.")
        if weighting_of(weighting).has_frequencies:
            raise ValueError(f"weighting is {weighting!r}, which needs frequencies of a data set; choose another one.")
        self.radius, self.weighting, self.every, self.tag = radius, weighting, every, tag
        self.task = _task(max(int(self.masks[self.masks != IGNORE].max(initial=0)) + 1, classes or 2))
        self.writer: Writer = _writer(writer)

    def __call__(self, step: int, model: nn.Module | Tensor, **scalars: float) -> None:
        """Log what there is at a step.

        Args:
            step: its number.
            model: the network, which is shown the images in evaluation mode and left as it was; or its logits for them,
                (N, C, H, W), (N, 1, H, W) of one sigmoid channel, or a list of which the last is taken.
            scalars: further numbers, logged as they are called.

        Raises:
            ValueError: logits of another shape.
        """
        numbers = {f"{self.tag}/{name}": float(value) for name, value in scalars.items()}
        if step % self.every:
            return self.writer.write(step, {}, numbers) if numbers else None
        logits = _last(model if not isinstance(model, nn.Module) else self._run(model)).detach().float().cpu()
        studies = [self._study(k, one) for k, one in enumerate(self._checked(logits).numpy())]
        scores = [study.scores(_NAME) for study in studies]
        numbers |= {f"{self.tag}/{name}": float(np.mean([row[name] for row in scores])) for name in SCORES}
        rows = [panels_of(study, _NAME, self.radius, self.weighting) for study in studies]
        images = {f"{self.tag}/maps/{name}": np.hstack([row[name] for row in rows]) for name in rows[0]}
        self.writer.write(step, images, numbers)

    @torch.no_grad()
    def _run(self, model: nn.Module) -> Any:
        """Its answer, without a trace: every module is in the mode in which it was, and no number was drawn."""
        modes = {module: module.training for module in model.modules()}
        place = next(model.parameters(), torch.zeros(0)).device
        state = torch.get_rng_state()
        model.eval()
        try:
            return model(self.images.to(place))
        finally:
            torch.set_rng_state(state)
            for module, training in modes.items():
                module.training = training

    def _checked(self, logits: Tensor) -> Tensor:
        """(N, H, W) logit of the object, or (N, C, H, W) log-probabilities."""
        count, classes, size = len(self.images), len(self.task.classes), tuple(self.images.shape[2:])
        wanted = {classes, 1} if classes == 2 else {classes}
        fits = logits.ndim == 4 and len(logits) == count and logits.shape[1] in wanted
        if not fits or tuple(logits.shape[2:]) != size:
            raise ValueError(
                f"the network answers with {tuple(logits.shape)} for {count} images of {size[0]} x {size[1]} px and "
                f"{classes} classes; its logits must be ({count}, {classes}, {size[0]}, {size[1]})"
                f"{' or one channel' if classes == 2 else ''}."
            )
        logits = torch.nan_to_num(logits)
        if classes > 2:
            return logits.log_softmax(dim=1)
        return logits[:, 0] if logits.shape[1] == 1 else logits[:, 1] - logits[:, 0]

    def _study(self, k: int, logits: np.ndarray) -> Study:
        made = LabelStudy if self.task.several else Study
        return made(self.task, self.shown[k], self.masks[k], {_NAME: steps_of(logits)})


def _task(classes: int) -> Task:
    """What is segmented, with a colour for each class."""
    if classes == 2:
        return OBJECT
    colours = [ORGANS.colours[0], *(ORGANS.colours[1 + k % (len(ORGANS.colours) - 1)] for k in range(classes - 1))]
    names = ("background", *(f"class {k}" for k in range(1, classes)))
    return replace(ORGANS, name="own", classes=names, colours=tuple(colours), table=None, paper={})


def _last(answer: Any) -> Tensor:
    """Logits of a network that may have several heads."""
    while isinstance(answer, (list, tuple)) and answer:
        answer = answer[-1]
    if isinstance(answer, Mapping):
        answer = answer.get("out", answer.get("logits"))
    if not isinstance(answer, Tensor):
        raise ValueError(f"the network answers with {type(answer).__name__}; give its logits, a tensor, instead of it.")
    return answer


def _pictures(given: Any) -> Tensor:
    """(N, 3, H, W) float32."""
    images = torch.as_tensor(given).detach().cpu()
    whole = images.dtype == torch.uint8
    if images.ndim == 4 and images.shape[3] == 3 and whole:
        images = images.permute(0, 3, 1, 2)
    if images.ndim != 4 or images.shape[1] != 3 or not len(images):
        raise ValueError(f"images is {tuple(images.shape)}; it must be (N, 3, H, W), or (N, H, W, 3) uint8.")
    return images.float() / (255 if whole else 1)


def _labels(given: Any, images: Tensor) -> np.ndarray:
    """(N, H, W) uint8."""
    masks = torch.as_tensor(given).detach().cpu()
    masks = masks[:, 0] if masks.ndim == 4 and masks.shape[1] == 1 else masks
    wanted = (len(images), *images.shape[2:])
    if tuple(masks.shape) != wanted:
        raise ValueError(f"masks is {tuple(masks.shape)}; it must be {wanted}, as the images are.")
    values = masks.numpy().astype(np.float64)
    if ((values < 0) | (values > IGNORE) | (values != np.rint(values))).any():
        raise ValueError(
            f"masks holds {values.min():g} to {values.max():g}; it must hold whole numbers, 0 to {IGNORE}."
        )
    return values.astype(np.uint8)


def _shown(images: Tensor) -> np.ndarray:
    """(N, H, W, 3) uint8; images that were normalised are stretched to what can be shown, all of them alike."""
    low, high = float(images.min()), float(images.max())
    if low < 0 or high > 1:
        images = (images - low) / max(high - low, 1e-12)
    return np.ascontiguousarray((images * 255).round().byte().permute(0, 2, 3, 1).numpy())


def _writer(given: Any) -> Writer:
    if given == WANDB:
        wandb = _needed("wandb", 'writer="wandb"')
        if wandb.run is None:
            raise ValueError('writer is "wandb", but no run has begun; call wandb.init(project=...) first.')
        return WandbWriter(wandb.run)
    if isinstance(given, (str, Path)):
        _needed("tensorboard", f'writer="{given}", a folder of TensorBoard\'s,')
        return TensorBoardWriter(import_module("torch.utils.tensorboard").SummaryWriter(str(given)))
    if hasattr(given, "add_image") and hasattr(given, "add_scalar"):
        return TensorBoardWriter(given)
    if hasattr(given, "log"):
        return WandbWriter(given)
    raise ValueError(
        f'writer is a {type(given).__name__}; it must be a folder, "wandb", a SummaryWriter of TensorBoard or a run of '
        "W&B."
    )


def _needed(module: str, what: str) -> Any:
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError(
            f'{module} is not installed, which {what} needs; install the extra {module}: pip install "dbce[{module}]".',
            name=module,
        ) from error
