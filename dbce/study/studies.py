"""An image, perhaps its mask, and what each network says of it: all that is asked of them is arithmetic on maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations

import numpy as np
import torch

from dbce import losses, metrics
from dbce.dilation import dilate
from dbce.prior import correct_log_probabilities, correct_logit
from dbce.registry import title
from dbce.tasks import IGNORE, Task
from dbce.weightings import weighting_of

LOGIT_STEP = 1 / 1024
"""Logits are kept in whole multiples of this, so that the page and Python compute with the same numbers."""


def quantise(logit: np.ndarray) -> np.ndarray:
    """(H, W) logit of the foreground -> int16 multiples of `LOGIT_STEP`, limited to +-31.999."""
    limit = np.iinfo(np.int16).max
    return np.clip(np.rint(logit / LOGIT_STEP), -limit, limit).astype(np.int16)


def first_frequencies(frequencies: Mapping[str, Sequence[float]]) -> Sequence[float] | None:
    """The class frequencies of the first network that has some, or None."""
    return next(iter(frequencies.values()), None)


@dataclass(frozen=True)
class Study:
    """One image, perhaps its mask, and what each network says of it, all at ``WORK_SIZE``.

    Pixels labelled `IGNORE` count in no number: their cross entropy and weight are 0, they belong to no class and to
    neither object, rim nor far background, whatever reaches them. Probabilities and predictions are given there too.

    Attributes:
        task: what is segmented.
        image: (H, W, 3) uint8 RGB.
        labels: (H, W) uint8 0, 1 or `IGNORE`, or None where no mask was given; see `LabelStudy` for more classes.
        logits: by loss, (H, W) int16 logit of the foreground in steps of `LOGIT_STEP`.
        frequencies: by loss, of those that weighed the classes, see `dbce.prior.training_weights`.
        prior: one of `dbce.prior.PRIORS`: whether the logits are those of the networks or `corrected`.
        sides: by loss, pixels a side of what the network saw, where it is one of ours.
    """

    task: Task
    image: np.ndarray
    labels: np.ndarray | None
    logits: Mapping[str, np.ndarray]
    frequencies: Mapping[str, Sequence[float]] = field(default_factory=dict)
    prior: str = "trained"
    sides: Mapping[str, int] = field(default_factory=dict)

    @property
    def class_frequencies(self) -> Sequence[float] | None:
        """Of the data set: those by which the first network that weighed the classes did so; None where none did."""
        return first_frequencies(self.frequencies)

    def corrected(self) -> Study:
        """The same study with the class weights taken out of the networks that were trained with some (`dbce.prior`).

        Everything asked of it, figures too, is then of the corrected networks; the others stay as they are.
        """
        if self.prior == "corrected":
            return self
        logits = {
            loss: self._without(self.frequencies[loss], logit) if loss in self.frequencies else logit
            for loss, logit in self.logits.items()
        }
        return replace(self, logits=logits, prior="corrected")

    def named(self, loss: str) -> str:
        """What a network is called in this study: with a remark where its prior is corrected."""
        return (
            f"{title(loss)}, prior corrected" if self.prior == "corrected" and loss in self.frequencies else title(loss)
        )

    def _without(self, frequencies: Sequence[float], logit: np.ndarray) -> np.ndarray:
        return quantise(correct_logit(logit * np.float64(LOGIT_STEP), frequencies))

    def probability(self, loss: str) -> np.ndarray:
        """(H, W) float32 probability of the foreground."""
        return torch.sigmoid(self._foreground_logit(loss)).numpy()

    def prediction(self, loss: str, threshold: float = 0.5) -> np.ndarray:
        """(H, W) bool, True where the probability exceeds the threshold."""
        limit = np.inf if threshold >= 1 else np.log(threshold / (1 - threshold)) if threshold > 0 else -np.inf
        return self._foreground_logit(loss).double().numpy() > limit

    def cross_entropy(self, loss: str) -> np.ndarray:
        """(H, W) float32 cross entropy in nats of the network trained with this loss, Fig. 1 (c); 0 where ignored.

        Raises:
            ValueError: the study has no mask.
        """
        logit = self._foreground_logit(loss)
        pair = torch.stack([torch.zeros_like(logit), logit])[None]  # (1, 2, H, W)
        return losses.cross_entropy(pair, self._target, ignore_index=IGNORE, reduction="none")[0].numpy()

    def gradient(self, loss: str, radius: float, weighting: str = "dilated") -> np.ndarray:
        """(H, W) float32 derivative of the weighted loss by the logit z of the object: ``M (p - y)``; 0 where ignored.

        Below 0 a step of the optimiser raises the logit of a pixel, above 0 it lowers it; no pixel pushes harder than
        its weight M. The cross entropy of a pixel grows without bound as the network errs, its gradient does not.

        Args:
            loss: of the network whose probabilities p are taken.
            radius: as of `weight`, like the weighting.
            weighting: of the loss.

        Raises:
            ValueError: the study has no mask, or the weighting or the radius is unknown.
        """
        return self.weight(radius, weighting) * (self.probability(loss) - self._mask.astype(np.float32))

    def weight(self, radius: float, weighting: str = "dilated") -> np.ndarray:
        """(H, W) float32 weight of every pixel, Fig. 1 (d).

        Ignored pixels weigh 0, and belong to no class.

        Args:
            radius: of the disk, in pixels of the study.
            weighting: key of `dbce.weightings.WEIGHTINGS`.

        Raises:
            ValueError: the study has no mask, the weighting or the radius is unknown, or it needs frequencies of the
                classes that no network here was trained with.
        """
        chosen = weighting_of(weighting)
        classes, frequencies = self.task.num_classes, self.class_frequencies
        return chosen.weights(self._target, classes, radius, IGNORE, frequencies)[0].numpy()

    def shares(self, radius: float, weighting: str = "dilated") -> dict[str, float]:
        """Parts of the total weight held by the object, its rim (within the radius) and the far background."""
        return self._parts(self.weight(radius, weighting), radius)

    def loss_shares(self, loss: str, radius: float, weighting: str = "dilated") -> dict[str, float]:
        """Parts of the weighted loss of a network that fall on the object, its rim and the far background."""
        return self._parts(self.weight(radius, weighting) * self.cross_entropy(loss), radius)

    def _parts(self, values: np.ndarray, radius: float) -> dict[str, float]:
        values, inside = values.astype(np.float64), self._mask  # values are 0 where ignored
        rim = dilate(inside, radius) & ~inside
        parts = {"object": inside, "rim": rim, "far": ~inside & ~rim}
        total = max(float(values.sum()), np.finfo(np.float64).tiny)
        return {name: float(values[where].sum() / total) for name, where in parts.items()}

    def scores(self, loss: str, threshold: float = 0.5) -> dict[str, float]:
        """Dice, IoU, precision and recall in [0, 1] for this image."""
        values = metrics.scores(self.prediction(loss, threshold), self._mask, self._valid)
        return {name: float(value[0]) for name, value in values.items()}

    def errors(self, loss: str, radius: float, threshold: float = 0.5) -> dict[str, int]:
        """Wrong pixels: false positives within the radius of the object and beyond it, false negatives."""
        prediction, inside = self.prediction(loss, threshold), self._mask
        wrong, near = prediction & ~inside & self._valid, dilate(inside, radius)
        return {
            "rim": int((wrong & near).sum()),
            "far": int((wrong & ~near).sum()),
            "missed": int((inside & ~prediction).sum()),
        }

    def agreement(self, threshold: float = 0.5) -> dict[tuple[str, str], float]:
        """Dice between the predictions of every two networks: what can be said without a mask."""
        predictions = {loss: self.prediction(loss, threshold) for loss in self.logits}
        return {
            (a, b): float(metrics.scores(predictions[a], predictions[b], self._valid)["dice"][0])
            for a, b in combinations(predictions, 2)
        }

    def _foreground_logit(self, loss: str) -> torch.Tensor:
        if loss not in self.logits:
            raise ValueError(f"loss is {loss!r}; this study holds {', '.join(self.logits)}.")
        return torch.from_numpy(self.logits[loss].astype(np.float32) * LOGIT_STEP)

    @cached_property
    def _valid(self) -> np.ndarray:
        """(H, W) bool, False where a pixel is ignored."""
        return np.ones(self.image.shape[:2], bool) if self.labels is None else self.labels != IGNORE

    @cached_property
    def _mask(self) -> np.ndarray:
        """(H, W) bool, True inside an object."""
        if self.labels is None:
            raise ValueError("this image has no mask, and a loss compares a prediction with one; give a mask.")
        return (self.labels > 0) & self._valid

    @cached_property
    def _target(self) -> torch.Tensor:
        self._mask  # noqa: B018  # says what is missing where there is none
        return torch.from_numpy(np.asarray(self.labels, np.int64))[None]  # (1, H, W)


@dataclass(frozen=True)
class LabelStudy(Study):
    """A study of several classes, where a network answers with a label for every pixel and no threshold.

    What `Study` says of the object holds here for all foreground classes together.

    Attributes:
        labels: (H, W) uint8 class labels or `IGNORE`, or None.
        logits: by loss, (C, H, W) int16 log-probability in steps of `LOGIT_STEP`.
    """

    def probability(self, loss: str) -> np.ndarray:
        """(H, W) float32 probability that the pixel is not background."""
        return -np.expm1(self._log_probability(loss)[0] * np.float32(LOGIT_STEP))

    def label_map(self, loss: str) -> np.ndarray:
        """(H, W) uint8 most probable class."""
        return self._log_probability(loss).argmax(axis=0).astype(np.uint8)

    def prediction(self, loss: str, threshold: float = 0.5) -> np.ndarray:
        """(H, W) bool, True where the most probable class is not background, whatever the threshold."""
        return self.label_map(loss) > 0

    def cross_entropy(self, loss: str) -> np.ndarray:
        """(H, W) float32 cross entropy in nats, in whole multiples of `LOGIT_STEP`; 0 where ignored.

        Raises:
            ValueError: the study has no labels.
        """
        target = np.where(self._valid, self._target.numpy(), 0)  # (1, H, W)
        own = np.take_along_axis(self._log_probability(loss), target, axis=0)[0]
        return np.where(self._valid, -own.astype(np.float32) * np.float32(LOGIT_STEP), np.float32(0))

    def gradient(self, loss: str, radius: float, weighting: str = "dilated") -> np.ndarray:
        """Not here.

        Raises:
            ValueError: always: a pixel has a logit, and a gradient, for each class.
        """
        raise ValueError(
            f"this study has {self.task.num_classes} classes, each with a logit, and no single gradient; "
            "take that of a study of two classes."
        )

    def class_scores(self, loss: str) -> dict[str, dict[str, float]]:
        """Scores in [0, 1] of every foreground class that the labels or the prediction hold, by class name."""
        self._mask  # noqa: B018
        found, real = np.where(self._valid, self.label_map(loss), IGNORE), np.asarray(self.labels)
        rows = {}
        for label, name in enumerate(self.task.classes[1:], start=1):
            if (real == label).any() or (found == label).any():
                rows[name] = {k: float(v[0]) for k, v in metrics.scores(found == label, real == label).items()}
        return rows

    def scores(self, loss: str, threshold: float = 0.5) -> dict[str, float]:
        """The mean of `class_scores`; 1 where neither labels nor prediction hold an object."""
        rows = list(self.class_scores(loss).values())
        return {name: float(np.mean([row[name] for row in rows])) if rows else 1.0 for name in metrics.SCORES}

    def errors(self, loss: str, radius: float, threshold: float = 0.5) -> dict[str, int]:
        """Wrong pixels: as of `Study`, and ``confused``: of another organ than the true one."""
        counts = super().errors(loss, radius, threshold)
        found = self.label_map(loss)
        counts["confused"] = int((self._mask & (found > 0) & (found != self.labels)).sum())
        return counts

    def agreement(self, threshold: float = 0.5) -> dict[tuple[str, str], float]:
        """Mean Dice over the foreground classes between the label maps of every two networks."""
        maps = {loss: np.where(self._valid, self.label_map(loss), IGNORE) for loss in self.logits}
        return {
            (a, b): LabelStudy(self.task, self.image, maps[a], {b: self.logits[b]}).scores(b)["dice"]
            for a, b in combinations(maps, 2)
        }

    def _without(self, frequencies: Sequence[float], logit: np.ndarray) -> np.ndarray:
        return quantise(correct_log_probabilities(logit * np.float64(LOGIT_STEP), frequencies))

    def _log_probability(self, loss: str) -> np.ndarray:
        if loss not in self.logits:
            raise ValueError(f"loss is {loss!r}; this study holds {', '.join(self.logits)}.")
        return self.logits[loss]
