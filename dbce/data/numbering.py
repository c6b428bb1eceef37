"""The two numberings of organ labels, and which of them a set of labels is in.

TransUNet, and this project after it, numbers eight organs from 1 to 8; Synapse's own files number thirteen
structures. A slice that holds none of the numbers from 9 to 13 could be in either, so the choice is made for a
whole scan or data set, or by whoever opens it.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from dbce.data.formats import InputError
from dbce.tasks import IGNORE, ORGANS

NUMBERINGS = ("transunet", "synapse")

RAW_LABELS = {8: 1, 4: 2, 3: 3, 2: 4, 6: 5, 11: 6, 1: 7, 7: 8}
"""Label in Synapse's own files -> label here (TransUNet's); the other five structures are background."""

RAW_MAX = 13
"""Largest label of Synapse."""

LABEL_MAX = ORGANS.num_classes - 1
"""Largest label of TransUNet."""

TITLES = {"transunet": f"TransUNet\u2019s, 0 to {LABEL_MAX}", "synapse": f"Synapse\u2019s own, 0 to {RAW_MAX}"}


def settles(values: Collection[int]) -> bool:
    """Whether labels hold a number that only Synapse has."""
    return any(LABEL_MAX < value <= RAW_MAX for value in values)


def is_open(values: Collection[int]) -> bool:
    """Whether labels would mean something else in the other numbering, and do not tell which they are in."""
    return not settles(values) and any(RAW_LABELS.get(value, 0) != value for value in values if value <= LABEL_MAX)


def decide_numbering(values: Collection[int], name: str, asked: str | None = None) -> str:
    """The numbering of labels with these values, TransUNet's if they do not tell.

    Args:
        values: that occur.
        name: of the file, for the sentence.
        asked: the numbering that somebody chose, or None.

    Raises:
        InputError: an unknown numbering, or values that the chosen one does not have.
    """
    if asked is None:
        return "synapse" if settles(values) else "transunet"
    if asked not in NUMBERINGS:
        raise InputError(f"The numbering of labels is {asked!r}; it must be {' or '.join(NUMBERINGS)}.")
    if asked == "transunet" and settles(values):
        most = max(value for value in values if value != IGNORE)
        raise InputError(
            f"{name} holds the label {most}; TransUNet's numbering ends at {LABEL_MAX}. Read it in Synapse's numbering."
        )
    return asked


def renumber_labels(
    labels: np.ndarray, name: str, asked: str | None = None, found: Collection[int] | None = None
) -> tuple[np.ndarray, str | None, tuple[str, ...]]:
    """Labels in either numbering -> labels here.

    Args:
        labels: uint8 of any shape, 0 to `RAW_MAX` or `IGNORE`.
        name: of the file, for sentences.
        asked: the numbering that somebody chose, or None.
        found: values that occur in the file, of which ``labels`` may be a part; counted if None.

    Returns:
        uint8 labels; the numbering they were read in, if it could be the other as well, else None; and sentences.

    Raises:
        InputError: as of `decide_numbering`.
    """
    found = np.unique(labels).tolist() if found is None else found
    chosen = decide_numbering(found, name, asked)
    asks = is_open(found)
    note = f"{name} does not tell which numbering its labels are in: read in {TITLES[chosen]}."
    return apply(labels, chosen), chosen if asks else None, (note,) if asks and asked is None else ()


def apply(labels: np.ndarray, numbering: str) -> np.ndarray:
    """uint8 labels of a numbering -> uint8 labels here; `IGNORE` stays."""
    table = np.arange(256, dtype=np.uint8)
    if numbering == "synapse":
        table[: RAW_MAX + 1] = [RAW_LABELS.get(value, 0) for value in range(RAW_MAX + 1)]
    return table[labels]
