"""What decides the outcome of a run: the recipe (section 3.2 of the paper), its optimizer and its loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import nn

from dbce.data.datasets import Dataset
from dbce.network import STRIDE
from dbce.registry import LOSSES, loss_of
from dbce.tasks import DEFAULT, IGNORE, TASKS, WORK_SIZE

OPTIMIZERS: dict[str, type[torch.optim.Adam] | type[torch.optim.AdamW]] = {
    "adam": torch.optim.Adam,  # the paper's; the decay is added to the gradient, and so divided by its size
    "adamw": torch.optim.AdamW,  # the decay is apart from it (Loshchilov & Hutter 2019, Algorithm 2)
}


@dataclass(frozen=True)
class Recipe:
    """Everything that decides the outcome of a run, beside the data.

    Attributes:
        task: key of `dbce.tasks.TASKS`.
        loss: key of `dbce.registry.LOSSES`, or ``package.module:name`` (`dbce.registry.loss_of`).
        encoder: SMP encoder name.
        encoder_weights: "imagenet", a file, or None for random weights.
        size: side in pixels of the square training images.
        epochs: passes over the training set.
        batch_size: images a step, over all processes.
        optimizer: key of `OPTIMIZERS`.
        lr: initial learning rate; it falls as ``lr (1 - iter / max_iter) ** 0.9``.
        weight_decay: of the optimizer.
        radius: disk radius in pixels at 320 x 320; used at ``radius * size / 320``.
        seed: of the initial weights, the order of images and the augmentation.
        augment: whether images are augmented.
        hold_out: share of the training set kept back for validation (see `dbce.data.datasets.Dataset.hold_out`).
    """

    task: str = DEFAULT
    loss: str = "dbce"
    encoder: str = "resnet34"
    encoder_weights: str | None = "imagenet"
    size: int = WORK_SIZE
    epochs: int = 600
    batch_size: int = 16
    optimizer: str = "adam"
    lr: float = 5e-4
    weight_decay: float = 1e-4
    radius: float = 20
    seed: int = 0
    augment: bool = True
    hold_out: float = 0.0

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task is {self.task!r}; it must be one of {', '.join(TASKS)}.")
        loss_of(self.loss)
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"optimizer is {self.optimizer!r}; it must be one of {', '.join(OPTIMIZERS)}.")
        if self.size < STRIDE or self.size % STRIDE:
            raise ValueError(f"size is {self.size}; it must be a multiple of {STRIDE}, for example 224 or 320.")
        for name in ("epochs", "batch_size", "lr"):
            if getattr(self, name) <= 0:
                raise ValueError(f"{name} is {getattr(self, name)}; it must be greater than 0.")


def build_loss(recipe: Recipe, dataset: Dataset) -> nn.Module:
    """The loss of a recipe: class frequencies from the training set, the radius scaled to the image size.

    Raises:
        ValueError: the set has ignored pixels, of which a loss of one's own knows nothing.
    """
    known = {
        "radius": recipe.radius * recipe.size / WORK_SIZE,
        "class_frequencies": dataset.class_frequencies(TASKS[recipe.task].num_classes),
        "ignore_index": IGNORE,
    }
    loss = loss_of(recipe.loss)
    needs = loss.needs | ({"ignore_index"} if recipe.loss in LOSSES else set())
    if "ignore_index" not in needs and (dataset.labels == IGNORE).any():
        raise ValueError(
            f"the training set has ignored pixels (label {IGNORE}), and {recipe.loss} has no parameter ignore_index; "
            "give it one, or take these images out."
        )
    return loss(**{need: known[need] for need in needs})
