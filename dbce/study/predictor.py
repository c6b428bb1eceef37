"""Set an image once, ask cheaply: every network runs a single time, after that all is arithmetic on maps."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from importlib.util import find_spec
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.prior import check_prior, correct_log_probabilities, correct_logit, training_weights
from dbce.study import graphs
from dbce.study.studies import LabelStudy, Study, first_frequencies, quantise
from dbce.tasks import DEFAULT, IGNORE, TASKS, WORK_SIZE, Task
from dbce.train.checkpoints import Checkpoint
from dbce.weightings import Weighting, offered_weightings

Compute = Callable[[torch.Tensor], torch.Tensor]
"""What computes logits as `dbce.network.DeepSupervisionUnet.forward` does."""


def _borrows_gpu(function: Callable[..., Any]) -> Callable[..., Any]:
    """The decorator of Hugging Face's ZeroGPU where it is installed; elsewhere the function itself."""
    if find_spec("spaces") is None:
        return function
    import spaces

    return spaces.GPU(function)


class Predictor:
    """The networks of one task.

    Args:
        checkpoints: by loss, e.g. from `dbce.train.checkpoints.bundled`.
        task: key of `dbce.tasks.TASKS`, or a task of one's own.

    Raises:
        ValueError: an unknown task.
    """

    def __init__(self, checkpoints: Mapping[str, Checkpoint], task: str | Task = DEFAULT) -> None:
        if isinstance(task, str) and task not in TASKS:
            raise ValueError(f"task is {task!r}; it must be one of {', '.join(TASKS)}.")
        self.task = TASKS[task] if isinstance(task, str) else task
        self.checkpoints = dict(checkpoints)
        weighed = {loss: training_weights(checkpoint.recipe) for loss, checkpoint in self.checkpoints.items()}
        self.frequencies = {loss: shares for loss, shares in weighed.items() if shares is not None}
        self.sides = {loss: checkpoint.size for loss, checkpoint in self.checkpoints.items()}

    @property
    def losses(self) -> tuple[str, ...]:
        """What its studies hold, in order."""
        return tuple(self.checkpoints)

    @property
    def guests(self) -> dict[str, str]:
        """By name, how each network of somebody's own is read."""
        return {name: checkpoint.about for name, checkpoint in self.checkpoints.items() if checkpoint.about}

    @property
    def class_frequencies(self) -> Sequence[float] | None:
        """As of `Study`."""
        return first_frequencies(self.frequencies)

    @property
    def weightings(self) -> dict[str, Weighting]:
        """What its studies can weigh pixels by."""
        return offered_weightings(self.class_frequencies)

    def set_image(self, image: np.ndarray, mask: np.ndarray | None = None) -> Study:
        """Run every network once on an image.

        Args:
            image: (H, W, 3) uint8 RGB, any size; it is resized to ``WORK_SIZE`` as in the paper.
            mask: (H, W) bool or 0/1 for two classes, (H, W) uint8 labels for more, or None. 255 beside other labels
                means `IGNORE`; with two classes, 0 and 255 alone are background and object.

        Raises:
            ValueError: an image or a mask of another shape or type.
        """
        if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8 or image.size == 0:
            raise ValueError(f"image is {image.shape} {image.dtype}; it must be (H, W, 3) uint8 RGB. Convert it first.")
        if mask is not None and mask.shape != image.shape[:2]:
            raise ValueError(
                f"mask is {mask.shape}, image is {image.shape[:2]}; a mask must have the height and width of its image."
            )
        image = resize_image(image, WORK_SIZE)
        several = self.task.several
        logits = run_networks(self.checkpoints, image, several)
        if several:
            labels = None if mask is None else resize_labels(mask.astype(np.uint8), WORK_SIZE)
            return LabelStudy(self.task, image, labels, logits, self.frequencies, sides=self.sides)
        if mask is not None and np.isin(mask, (0, IGNORE)).all():
            mask = mask != 0
        labels = None if mask is None else resize_mask(mask, WORK_SIZE)
        return Study(self.task, image, labels, logits, self.frequencies, sides=self.sides)


@_borrows_gpu
def run_networks(checkpoints: Mapping[str, Checkpoint], image: np.ndarray, several: bool) -> dict[str, np.ndarray]:
    """Every network on one image; on a GPU where Hugging Face lends one for the call (ZeroGPU), else where it is.

    Args:
        checkpoints: by loss.
        image: (H, W, 3) uint8 RGB, square.
        several: whether the networks know more than two classes.

    Returns:
        By loss, int16 from `quantise`: (H, W) logits of the foreground, or (C, H, W) log-probabilities.
    """
    run = log_probabilities if several else foreground_logits

    def answer(checkpoint: Checkpoint) -> np.ndarray:
        return quantise(run(checkpoint, image[None], graphs.quickest(checkpoint.network))[0])

    if os.environ.get("SPACES_ZERO_GPU"):  # in a process of its own there, without this one's threads
        if torch.cuda.is_available():
            for checkpoint in checkpoints.values():
                checkpoint.network.cuda()
        return {loss: answer(checkpoint) for loss, checkpoint in checkpoints.items()}
    return dict(zip(checkpoints, _threads().map(answer, checkpoints.values()), strict=True))


@cache
def _threads() -> ThreadPoolExecutor:
    """A thread a core, each of which computes alone.

    So networks run side by side rather than each on all cores: threads that share the work of one wait for each
    other, on a busy machine for seconds. And what a network says depends neither on the number of cores nor on what
    else runs, which a batch of several images would not give (every thousandth pixel is off by one `LOGIT_STEP`).
    """
    return ThreadPoolExecutor(torch.get_num_threads(), "network", torch.set_num_threads, (1,))


@torch.inference_mode()
def foreground_logits(
    checkpoint: Checkpoint, images: np.ndarray, compute: Compute | None = None, prior: str = "trained"
) -> np.ndarray:
    """Logit of the foreground against the background, by a network of two classes.

    Args:
        checkpoint: its network sees the images at its training size.
        images: (N, H, W, 3) uint8 RGB, square.
        compute: what takes the network's place, from `dbce.study.graphs.quickest`.
        prior: one of `dbce.prior.PRIORS`; "corrected" takes class weights out, where the network was trained with some.

    Returns:
        (N, H, W) float32: positive where the probability exceeds one half.

    Raises:
        ValueError: an unknown prior.
    """
    check_prior(prior)
    logits = _logits(checkpoint, images, compute)  # (N, 2, h, w)
    logit = _enlarged(logits[:, 1:] - logits[:, :1], images)[:, 0].cpu().numpy()
    weighed = training_weights(checkpoint.recipe)
    return logit if prior == "trained" or weighed is None else correct_logit(logit, weighed)


@torch.inference_mode()
def log_probabilities(
    checkpoint: Checkpoint, images: np.ndarray, compute: Compute | None = None, prior: str = "trained"
) -> np.ndarray:
    """Log-probability of every class, by a network of any number of classes; arguments as of `foreground_logits`.

    Returns:
        (N, C, H, W) float32.
    """
    check_prior(prior)
    found = _enlarged(_logits(checkpoint, images, compute), images).log_softmax(dim=1).cpu().numpy()
    weighed = training_weights(checkpoint.recipe)
    return found if prior == "trained" or weighed is None else correct_log_probabilities(found, weighed, axis=1)


def _logits(checkpoint: Checkpoint, images: np.ndarray, compute: Compute | None) -> torch.Tensor:
    """(N, H, W, 3) uint8 -> (N, C, h, w) logits at the network's own size."""
    small = np.stack([resize_image(image, checkpoint.size) for image in images])
    parameter = next(checkpoint.network.parameters(), None)  # a network of another runtime has none
    batch = (
        torch.from_numpy(small).permute(0, 3, 1, 2).to(None if parameter is None else parameter.device).float() / 255
    )
    return (compute or checkpoint.network)(batch.contiguous(memory_format=torch.channels_last))


def _enlarged(maps: torch.Tensor, images: np.ndarray) -> torch.Tensor:
    return F.interpolate(maps, size=images.shape[1:3], mode="bilinear", align_corners=False)
