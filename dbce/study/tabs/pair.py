"""Two networks of Compare: one, the other, laid over each other, and where any disagree; as dbce/web/core/difference.js
counts."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dbce.registry import short_title
from dbce.study.colours import BLACK, WHITE, hatched, line_of, magma, mixed, rgb, through
from dbce.study.sheet import BAR, EDGE, GAP
from dbce.study.studies import Study
from dbce.study.tabs.columns import SIDE, Columns
from dbce.study.view import View
from dbce.study.words import CAPTIONS, grouped, share_percent
from dbce.tasks import IGNORE

Prediction = tuple[str, float, float, str, str | None]
"""Network, place (x, y), title and remark of a prediction that is drawn."""


def pair_of(study: Study, view: View) -> tuple[str, str] | None:
    """The two networks that are laid over each other; None where one of them is not there."""
    losses = list(study.logits)
    pair = (view.first or losses[0], view.second or losses[-1])
    return pair if len(losses) > 1 and all(loss in losses for loss in pair) else None


def overlap(study: Study, pair: tuple[str, str], threshold: float) -> tuple[np.ndarray, list[int]]:
    """Who found a pixel, 0 nobody, 1 the first, 2 the second, 3 both, and how many pixels that count are of each."""
    first, second = (study.prediction(loss, threshold) for loss in pair)
    kind = first.astype(np.uint8) + 2 * second.astype(np.uint8)
    return kind, np.bincount(kind[_counted(study)], minlength=4).tolist()


def dissent(study: Study, losses: Sequence[str], threshold: float) -> tuple[np.ndarray, float]:
    """How many networks disagree with most of them, at every pixel, and on which share of the pixels any does."""
    votes = np.sum([study.prediction(loss, threshold) for loss in losses], axis=0)
    apart = np.minimum(votes, len(losses) - votes)
    counted = _counted(study)
    return apart, float((apart[counted] > 0).sum() / max(1, counted.sum()))


def _counted(study: Study) -> np.ndarray:
    return np.ones(study.image.shape[:2], bool) if study.labels is None else study.labels != IGNORE


def draw_pair(columns: Columns, y: float, predictions: list[Prediction]) -> float:
    """Four pictures, in rows as wide as the sheet; gives where they end.

    Args:
        columns: the sheet and what is on it.
        y: where they begin.
        predictions: is filled with those that are drawn as the others of the figure are.
    """
    study, view, sheet = columns.study, columns.view, columns.sheet
    pair = pair_of(study, view)
    if pair is None:
        return y
    fit = max(1, int((sheet.width - 2 * EDGE + GAP + 1e-6) // (SIDE + GAP)))
    high = sheet.high(SIDE) + BAR + 0.72
    places = [(EDGE + k % fit * (SIDE + GAP), y + 0.34 + k // fit * high) for k in range(4)]
    for letter, loss, (x, top) in zip("AB", pair, places, strict=False):
        predictions.append((loss, x, top, f"{letter}  {study.named(loss).partition(',')[0]}", ""))
    kind, counts = overlap(study, pair, view.threshold)
    colours = [line_of(loss, list(study.logits))[0] for loss in pair]
    pixels = rgb(BLACK, *colours, WHITE)[kind]
    if study.labels is not None:
        pixels = hatched(pixels, study.labels)
    sheet.picture(*places[2], SIDE, mixed(pixels, study.image, view.opacity, clear=True), CAPTIONS["overlap"], "")
    names = [f"only {short_title(loss)}" for loss in pair]
    words = [f"{name} {grouped(count)}" for name, count in zip([*names, "both"], counts[1:], strict=True)]
    x, top = places[2]
    low = top + sheet.high(SIDE) + 0.2
    for k, (colour, text) in enumerate(zip([*colours, WHITE], words, strict=True)):
        sheet.key(x, low + 0.16 * k, colour, text, SIDE)
    losses = view.networks(study)
    apart, share = dissent(study, losses, view.threshold)
    most = max(1, len(losses) // 2)
    note = f"of {len(losses)} not all agree on {share_percent(share)} % of the pixels"
    pixels = mixed(through(apart.astype(np.float32), most, magma()), study.image, view.opacity)
    x, top = places[3]
    sheet.picture(x, top, SIDE, pixels, CAPTIONS["dissent"], note)
    sheet.bar(x, top + sheet.high(SIDE), SIDE, magma(), ("0", f"{most} of {len(losses)}"))
    return places[-1][1] + sheet.high(SIDE) + BAR + 0.2
