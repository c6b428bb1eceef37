"""A data set summed up before work starts, and its masks read by one rule for all of them.

One file can leave open which of its levels is the object: whether 255 is the object or ignored, whether white is the
background or the object fills the picture. The others of its set tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from dbce.data.formats import InputError
from dbce.data.levels import percent
from dbce.data.masks import Levels
from dbce.tasks import IGNORE

Meaning = tuple[int, ...]
"""The label of every level of a mask."""

_CLEAR = 0.9  # share of the masks that tell which must tell the same, for the others to be read like them
_HALF = 0.5  # of the borders of masks whose background is dark, the object holds less
_SHOWN = 5  # kinds of a thing that are listed


@dataclass(frozen=True)
class Survey:
    """What a data set holds.

    Attributes:
        name: of its folder or file.
        count: images.
        sizes: (width, height) in pixels as they came -> images of this size.
        rules: how masks were read -> masks read so.
        values: values and colours of the masks -> masks that hold them.
        shares: (N,) share of the counted pixels of each image that is object.
        ignored: share of all pixels that do not count.
        skipped: files that are no images of the set.
        notes: sentences on what was decided, and on what to check.
    """

    name: str
    count: int
    sizes: Counter[tuple[int, int]]
    rules: Counter[str]
    values: Counter[str]
    shares: np.ndarray
    ignored: float = 0.0
    skipped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        sizes = _counted({f"{w} × {h} px": n for (w, h), n in self.sizes.items()})
        lines = [f"{self.name}: {self.count} images with masks, {sizes}"]
        if self.rules:
            lines.append(f"masks hold {_counted(self.values)}")
            lines.append(f"read as {_counted(self.rules, '; ')}")
        if len(self.shares):
            low, middle, high = (percent(f(self.shares)) for f in (np.min, np.median, np.max))
            lines.append(f"object: {low} of the pixels at least, {middle} in the median, {high} at most")
            empty, full = np.count_nonzero(self.shares == 0), np.count_nonzero(self.shares == 1)
            for words, number in (("without object", empty), ("nothing but object", full)):
                if number:
                    lines.append(f"{words}: {number} mask{'s' if number > 1 else ''}")
        if self.ignored:
            lines.append(f"ignored: {percent(self.ignored)} of all pixels")
        if self.skipped:
            more = len(self.skipped) - _SHOWN
            lines.append(f"skipped: {', '.join(self.skipped[:_SHOWN])}" + (f" and {more} more" if more > 0 else ""))
        return "\n  ".join([*lines, *self.notes])


def _counted(counts: dict, between: str = ", ") -> str:
    """Kinds with how often each occurs, the most frequent first."""
    ranked = sorted(counts.items(), key=lambda item: -item[1])
    words = [f"{kind} ({number})" if len(ranked) > 1 else str(kind) for kind, number in ranked[:_SHOWN]]
    more = len(ranked) - _SHOWN
    return between.join(words) + (f"{between}{more} more kinds" if more > 0 else "")


def of_labels(name: str, labels: np.ndarray) -> Survey:
    """What (N, H, W) labels hold, of a pack or of scans, whose files said more when they were read first."""
    counted = labels != IGNORE
    objects = ((labels > 0) & counted).sum((1, 2)) / np.maximum(1, counted.sum((1, 2)))
    size = (labels.shape[2], labels.shape[1])
    return Survey(name, len(labels), Counter({size: len(labels)}), Counter(), Counter(), objects, 1 - counted.mean())


def of_masks(
    name: str, masks: Sequence[Levels], meanings: Sequence[Meaning], skipped: Iterable[str], notes: Iterable[str]
) -> Survey:
    """What the masks of a folder hold, read as decided.

    Raises:
        ValueError: most of them hold no object, or nothing else.
    """
    shares = np.array([_share(mask, meaning) for mask, meaning in zip(masks, meanings, strict=True)])
    for value, words in ((0, "no object"), (1, "nothing but object")):
        if np.count_nonzero(shares == value) > len(masks) / 2:
            odd = [mask for mask, share in zip(masks, shares, strict=True) if share == value]
            held = _counted(Counter(level.words for mask in odd for level in mask.levels))
            raise ValueError(
                f"{len(odd)} of the {len(masks)} masks of {name} hold {words} ({held}), {odd[0].name} for one; "
                "nothing could be learned from them or measured on them. Export the masks again, the object as 255."
            )
    counted = sum(mask.pixels for mask in masks)
    return Survey(
        name,
        len(masks),
        Counter(mask.size for mask in masks),
        Counter(mask.rule(meaning) for mask, meaning in zip(masks, meanings, strict=True)),
        Counter(" and ".join(mask.held()) for mask in masks),
        shares,
        sum(_ignored(mask, meaning) * mask.pixels for mask, meaning in zip(masks, meanings, strict=True)) / counted,
        tuple(skipped),
        tuple(notes),
    )


def _share(mask: Levels, meaning: Meaning) -> float:
    """Share of the counted pixels that is object."""
    parts = dict.fromkeys((0, 1, IGNORE), 0.0)
    for label, share in zip(meaning, mask.shares(), strict=True):
        parts[label] += share
    return parts[1] / (parts[0] + parts[1]) if parts[0] + parts[1] else 0.0


def _ignored(mask: Levels, meaning: Meaning) -> float:
    """Share of all pixels that does not count."""
    by_rule = sum(share for label, share in zip(meaning, mask.shares(), strict=True) if label == IGNORE)
    return mask.ignored + by_rule * (1 - mask.ignored)


def decide_meanings(masks: Sequence[Levels]) -> tuple[list[Meaning], list[str]]:
    """What the levels of every mask mean, decided once for all of them.

    Returns:
        A meaning a mask, and sentences on what the set decided.

    Raises:
        ValueError: masks that contradict each other, or of which it cannot be told; they are named.
    """
    notes: list[str] = []
    ignoring = [mask for mask in masks if mask.ignores]
    if ignoring:
        notes.append(f"255 is ignored: it stands beside 0 and 1 in {len(ignoring)} masks, {ignoring[0].name} for one")
        _check_ignoring(masks, ignoring)
    white = {
        kind: _white_is_background([mask for mask in masks if mask.kind == kind], notes) for kind in ("shades", "alpha")
    }
    grounds = _grounds([mask for mask in masks if mask.kind == "colours"], notes)
    meanings: list[Meaning | None] = []
    for mask in masks:
        if mask.kind in white:
            both = (0, IGNORE) if ignoring and mask.held() == ("value 0", "value 255") else (0, 1)
            meanings.append((1, 0) if white[mask.kind] else both)
        elif mask.kind == "colours":
            ground = grounds.get(mask.held())
            meanings.append(mask.meaning() if ground is None else (1, 0) if ground else (0, 1))
        elif mask.kind == "doubt":
            meanings.append((1, IGNORE) if ignoring else mask.meaning())
        else:
            meanings.append((0, 1) if mask.kind == "numbers" else None)
    return _singles(masks, meanings, bool(ignoring)), notes


def _check_ignoring(masks: Sequence[Levels], ignoring: Sequence[Levels]) -> None:
    others = [mask for mask in masks if mask.held() == ("value 0", "value 255")]
    if len(others) > len(ignoring):
        raise InputError(
            f"{len(ignoring)} masks hold 0, 1 and 255 ({ignoring[0].name} for one), {len(others)} hold 0 and 255 "
            f"({others[0].name}): it cannot be told whether 255 is the object or ignored. Save all masks alike."
        )


def _white_is_background(masks: Sequence[Levels], notes: list[str]) -> bool:
    """Whether the brighter, or opaque, level of a set's masks is the background."""
    inside = [mask for mask in masks if mask.surrounding() == 1]
    around = [mask for mask in masks if mask.border <= _HALF]
    told = len(inside) + len(around)
    if not inside:
        return False
    if len(inside) >= _CLEAR * told:
        notes.append(f"the background is {inside[0].levels[1].words}: it surrounds the object in {len(inside)} masks")
        return True
    if len(around) < _CLEAR * told:
        raise InputError(
            f"{len(inside)} masks have the object in {inside[0].levels[0].words} on {inside[0].levels[1].words} "
            f"({inside[0].name} for one), {len(around)} the other way round ({around[0].name}). Save all masks alike."
        )
    notes.append(f"{inside[0].name} is object nearly to its whole border, and was read like the others")
    return False


def _grounds(masks: Sequence[Levels], notes: list[str]) -> dict[tuple[str, ...], int]:
    """Pairs of colours -> which of them is the background in most masks."""
    votes: dict[tuple[str, ...], Counter[int]] = {}
    for mask in masks:
        ground = mask.background()
        if ground is not None:
            votes.setdefault(mask.held(), Counter())[ground] += 1
    found = {}
    for held, counts in votes.items():
        ground, most = counts.most_common(1)[0]
        if most < _CLEAR * counts.total():
            raise InputError(
                f"{most} masks show that {held[ground]} is the background, {counts.total() - most} that "
                f"{held[1 - ground]} is. Save all masks alike."
            )
        found[held] = ground
        notes.append(f"the background is {held[ground]}: it covers most of the border in {most} masks")
    return found


def _singles(masks: Sequence[Levels], meanings: list[Meaning | None], ignoring: bool) -> list[Meaning]:
    """With the meanings of masks of a single value, which the others tell."""
    known: dict[str, dict[int, str]] = {}  # level -> what it means -> a mask in which it does
    if ignoring:
        known = {f"value {value}": {value: "the masks with ignored pixels"} for value in (0, 1, IGNORE)}
    for mask, meaning in zip(masks, meanings, strict=True):
        if meaning is not None:
            for words, label in zip(mask.held(), meaning, strict=True):
                known.setdefault(words, {}).setdefault(label, mask.name)
    for words, labels in known.items():
        if len(labels) > 1:
            one, other = (labels[label] for label in sorted(labels)[:2])
            raise InputError(
                f"{words} means one thing in {one} and another in {other} (object or background). Save all masks alike."
            )
    return [
        (next(iter(known.get(mask.held()[0], {int(mask.levels[0].light > 0): ""}))),) if meaning is None else meaning
        for mask, meaning in zip(masks, meanings, strict=True)
    ]
