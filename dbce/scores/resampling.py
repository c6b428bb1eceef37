"""Bootstrap intervals with seeds in them: whole groups of images are drawn, and the trainings of a loss as well.

Frames of one video are near duplicates, so groups of images are drawn together (cluster bootstrap; Davison and
Hinkley 1997, section 3.8). Another training of the same loss gives other numbers, so trainings are drawn too: of n
seeds n - 1 with replacement, which makes the variance that of the mean of n (McCarthy and Snowden 1985); drawing n of 3
would understate it by a third. Losses draw their seeds independently; what is compared within one network draws the
same. With one seed only images are drawn, and the interval tells nothing of the chance of training.
"""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

DRAWS = 10_000
"""Bootstrap samples."""

MOST_DRAWN = 10_000_000
"""Groups times bootstrap samples that are held at once."""


def draws_of(groups: int) -> int:
    """Bootstrap samples of so many groups, where a page has to hold them: at most `DRAWS`, at least 1000."""
    return min(DRAWS, max(1000, MOST_DRAWN // groups))


def page_draws(groups: int, draws: int, seed: int = 0) -> np.ndarray:
    """How often each group is drawn, as the page draws them; twin of ``draws`` in ``dbce/web/core/cases.js``.

    The numbers are Tommy Ettinger's mulberry32, as of ``dbce/web/core/random.js``, which counts in steps and hashes.

    Args:
        groups: that are drawn from, as many in every sample.
        draws: bootstrap samples.
        seed: of the first.

    Returns:
        (draws, groups) float64.
    """
    drawn = np.empty((draws, groups))
    one = np.uint32(1)
    for draw in range(draws):
        steps = np.arange(draw * groups + 1, (draw + 1) * groups + 1, dtype=np.uint64) * np.uint64(0x6D2B79F5)
        state = (steps + np.uint64(seed)).astype(np.uint32)
        t = (state ^ (state >> np.uint32(15))) * (state | one)
        t ^= t + (t ^ (t >> np.uint32(7))) * (t | np.uint32(61))
        uniform = (t ^ (t >> np.uint32(14))) / 2.0**32
        drawn[draw] = np.bincount((uniform * groups).astype(np.int64), minlength=groups)
    return drawn


class Interval(NamedTuple):
    """A number and its 95 % percentile interval."""

    mean: float
    low: float
    high: float

    @property
    def beyond_chance(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0

    @property
    def side(self) -> int:
        """1 above 0 and -1 below it beyond chance, else 0."""
        return (self.low > 0) - (self.high < 0)

    def scaled(self, factor: float) -> Interval:
        """All three times a factor > 0."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor)


class Resampling:
    """The same draws of images for everything that is compared.

    Args:
        members: the group of every image; images of a group are drawn together.
        draws: bootstrap samples.
        seed: of the resampling.
        as_page: whether the draws are those of the page, `page_draws`, so that both find the same intervals.
    """

    def __init__(self, members: Sequence[object], draws: int = DRAWS, seed: int = 0, *, as_page: bool = False) -> None:
        _, self.group = np.unique(np.asarray(list(members)), return_inverse=True)
        self.count, self.size, self.seed = int(self.group.max()) + 1, draws, seed
        if as_page:
            self.drawn = page_draws(self.count, draws, seed)
            return
        rng = np.random.default_rng(seed)
        self.drawn = rng.multinomial(self.count, np.full(self.count, 1 / self.count), size=draws).astype(np.float64)

    def summed(self, values: np.ndarray) -> np.ndarray:
        """(images, ...) -> (draws, ...): the sum over the drawn images."""
        flat = values.reshape(len(values), -1).astype(np.float64)
        sums = np.zeros((self.count, flat.shape[1]))
        np.add.at(sums, self.group, flat)
        return (self.drawn @ sums).reshape(self.size, *values.shape[1:])

    def over_seeds(self, loss: str, values: np.ndarray) -> np.ndarray:
        """(seeds, draws, ...) of one loss -> (draws, ...): the mean of the drawn seeds.

        Args:
            loss: whose seeds they are; the same name draws the same seeds.
            values: of each seed in the same order, whenever this loss is asked about.
        """
        count = len(values)
        if count == 1:
            return values[0]
        rng = np.random.default_rng([self.seed, zlib.crc32(loss.encode())])
        drawn = rng.multinomial(count - 1, np.full(count, 1 / count), size=self.size) / (count - 1)  # (draws, seeds)
        return np.einsum("ds,sd...->d...", drawn, values)

    def ratios(self, loss: str, top: np.ndarray, bottom: np.ndarray) -> np.ndarray:
        """Ratio of sums over the drawn images, the mean over the drawn seeds.

        A mean over images is the ratio to ones; one over some images has 0 above and below at the others.

        Args:
            loss: as of `over_seeds`.
            top: (seeds, images, ...).
            bottom: (images,), or the shape of ``top``.

        Returns:
            (draws, ...): not a number in draws that hold no image of those meant.
        """
        rows = []
        for k in range(len(top)):
            below = self.summed(bottom if bottom.ndim == 1 else bottom[k])
            below = below.reshape(below.shape + (1,) * (top[k].ndim - below.ndim))
            with np.errstate(invalid="ignore", divide="ignore"):
                rows.append(self.summed(top[k]) / below)
        return self.over_seeds(loss, np.stack(rows))


def interval(mean: float, drawn: np.ndarray) -> Interval:
    """The 95 % percentile interval of a statistic.

    Args:
        mean: the statistic of the sample itself.
        drawn: (draws,) of the bootstrap samples; those that are not a number are left out.
    """
    kept = drawn[np.isfinite(drawn)]
    low, high = np.percentile(kept, [2.5, 97.5]) if len(kept) else (np.nan, np.nan)
    return Interval(float(mean), float(low), float(high))


def with_training_chance(found: Interval, deviations: Sequence[float], seeds: int) -> Interval:
    """An interval over images alone, widened by the chance of training: for results of which only summaries are left.

    The variance of the mean over n seeds of either loss, ``s^2 / n``, is added to that of the images, each end by
    itself (normal approximation). Where the networks are at hand, `Resampling` draws their seeds instead.

    Args:
        found: difference of two losses, the mean over seeds, with an interval over images.
        deviations: sample standard deviation over the seeds of each of the two losses.
        seeds: how many each has, 2 or more.
    """
    extra = 1.959964**2 * sum(s**2 for s in deviations) / seeds
    low, high = np.hypot(found.mean - found.low, extra**0.5), np.hypot(found.high - found.mean, extra**0.5)
    return Interval(found.mean, float(found.mean - low), float(found.mean + high))
