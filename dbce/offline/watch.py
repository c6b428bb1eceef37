"""``train --watch``: a report of a network while it learns, written again every few epochs."""

from __future__ import annotations

import math
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from dbce.data.datasets import Dataset
from dbce.data.predictions import LIMIT
from dbce.offline.compose import Case, Progress, compose
from dbce.registry import BUILT_IN, title
from dbce.study.compared import Compared
from dbce.study.own import own_losses
from dbce.study.predictor import foreground_logits, log_probabilities
from dbce.tasks import IGNORE, TASKS, WORK_SIZE
from dbce.train.checkpoints import Checkpoint
from dbce.train.recipe import Recipe

IMAGES = 4
"""Images of a page, the same from the first epoch to the last."""

NAME = "watch.html"
"""Of the page, where a folder is named."""


def page_path(given: str | None, run: Path) -> Path:
    """Where the page goes: a file by its ending, else ``watch.html`` in a folder, which is that of the run if None.

    Raises:
        ValueError: no such folder, and none that can be made.
    """
    path = run / NAME if given is None else Path(given)
    if path.suffix.lower() not in (".html", ".htm"):
        path = path / NAME
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(
            f"--watch would write {path}, but {path.parent} cannot be made ({error.strerror}); name another folder."
        ) from error
    return path


def spread_images(dataset: Dataset, count: int = IMAGES) -> Dataset:
    """Some images that hold an object, from the smallest to the largest; any where none does. At `WORK_SIZE`.

    The same set gives the same images, so that a run which goes on is seen on those that it began with.
    """
    labels = dataset.labels
    area = ((labels > 0) & (labels != IGNORE)).reshape(len(labels), -1).sum(axis=1)
    order = np.argsort(area, kind="stable")
    order = order[area[order] > 0] if area.any() else order
    places = np.unique(np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int))
    keep = np.zeros(len(labels), bool)
    keep[order[places]] = True
    return dataset.chosen(keep).at(WORK_SIZE)


class WatchPage:
    """Writes the page; `dbce.train.training.train` shows it the network after every epoch.

    Args:
        path: of the file.
        recipe: of the run.
        shown: the images, at `WORK_SIZE`, as of `spread_images`.
        data: what the run trains on.
        part: where the images come from, in words.
        every: epochs from one page to the next; the first look and the last have one in any case.
        frequencies: of the classes in the training set.

    Raises:
        ValueError: ``every`` below 1.
    """

    def __init__(
        self,
        path: Path,
        recipe: Recipe,
        shown: Dataset,
        *,
        data: str,
        part: str,
        every: int = 5,
        frequencies: Sequence[float] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"--watch-every is {every}; it must be a number of epochs, 1 or more.")
        self.path, self.recipe, self.shown, self.data, self.part, self.every = path, recipe, shown, data, part, every
        self.frequencies = tuple(frequencies) if recipe.loss == "bce" and frequencies is not None else None
        self.written: int | None = None

    def __call__(self, network: nn.Module, log: Sequence[dict[str, Any]], last: bool) -> None:
        """Write the page where it is due; what hinders it is told, and the training goes on.

        Args:
            network: in evaluation mode, logits (N, C, H, W) of (N, 3, H, W) at the size of the recipe.
            log: lines as of `dbce.train.run_files.read_log`.
            last: whether nothing comes after.
        """
        epoch = log[-1]["epoch"] if log else 0
        if not (last or self.written is None or epoch % self.every == 0):
            return
        try:
            made = compose(
                self._cases(network, epoch),
                self._compared(epoch),
                self._heading(epoch),
                radius=self.recipe.radius,
                progress=self._progress(log, epoch, last),
                losses=() if self.recipe.loss in BUILT_IN else own_losses([self.recipe.loss]),
            )
            made.write(self.path)
        except OSError as error:
            print(f"{self.path} was not written ({error.strerror}); the training goes on.", file=sys.stderr)
            return
        if self.written is None:
            print(f"{self.path}: {made.size / 1e6:.1f} MB; reload it every {self.every} epochs", file=sys.stderr)
        self.written = epoch

    def _heading(self, epoch: int) -> str:
        return f"{title(self.recipe.loss)} on {self.data}, epoch {epoch} of {self.recipe.epochs}"

    def _compared(self, epoch: int) -> Compared:
        compared = Compared([_named(epoch)], TASKS[self.recipe.task])
        if self.frequencies is not None:
            compared.frequencies = {_named(epoch): self.frequencies}
        return compared

    def _cases(self, network: nn.Module, epoch: int) -> list[Case]:
        known = Checkpoint(network, {"size": self.recipe.size})
        run = log_probabilities if TASKS[self.recipe.task].several else foreground_logits
        cases = []
        for name, image, labels in zip(self.shown.names, self.shown.images, self.shown.labels, strict=True):
            logits = run(known, image[None])[0]
            bad = ~np.isfinite(logits)
            note = f"The network has diverged: {bad.sum()} of its logits are not numbers." if bad.any() else ""
            logits = np.nan_to_num(logits, nan=0.0, posinf=LIMIT, neginf=-LIMIT)
            cases.append(Case(name, image, labels, {_named(epoch): logits}, (note,) if note else ()))
        return cases

    def _progress(self, log: Sequence[dict[str, Any]], epoch: int, last: bool) -> Progress:
        recipe = self.recipe
        key = next((key for key, each in self._compared(epoch).weightings.items() if each.loss == recipe.loss), "none")
        count = "One image" if len(self.shown) == 1 else f"{len(self.shown)} images"
        return Progress(
            title=self._heading(epoch),
            said=f"{count} {self.part}, the same from the first epoch on, chosen from small to large objects. "
            + ("" if last else f"The page is written again every {self.every} epochs: reload it. ")
            + "Each map has a scale of its own; gradient: blue where a step raises the probability, red where it "
            "lowers it. A picture leads to the large one, with its values.",
            trained=f"A network that is learning with {title(recipe.loss)}: {recipe.encoder} encoder, epoch {epoch} of "
            f"{recipe.epochs} on {self.data} at {recipe.size} × {recipe.size} px, seed {recipe.seed}.",
            last=recipe.epochs,
            loss=[(line["epoch"], line["loss"] if math.isfinite(line["loss"]) else None) for line in log],
            dice=[(line["epoch"], line["validation"]["dice"]) for line in log if "validation" in line],
            weighting=key,
        )


def _named(epoch: int) -> str:
    """What the network is called."""
    return f"epoch {epoch}"
