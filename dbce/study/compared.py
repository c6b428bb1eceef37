"""Who is compared on an image beside the page's networks, or in place of them: predictions of somebody's own."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

import numpy as np

from dbce.registry import LOSSES
from dbce.study.predictor import Predictor
from dbce.study.studies import Study, quantise
from dbce.tasks import POLYP, Task
from dbce.train.checkpoints import Checkpoint

OBJECT = replace(
    POLYP,
    name="own",
    classes=("background", "object"),
    data="",
    averaged="",
    limits="",
    cite="",
    table=None,
    paper={},
)
"""The task where none is named: one object, whatever it is, seen with the radius of the paper's pictures."""

_NAME = re.compile(r"[\w][\w +()-]{0,39}")


def check_names(names: Iterable[str]) -> tuple[str, ...]:
    """Names of sets of predictions, as they stand in tables, links and file names.

    Raises:
        ValueError: no name, one of other characters, or one that a loss of this package has.
    """
    found = tuple(names)
    if not found:
        raise ValueError("predictions holds no set; give at least one, as name=predictions.")
    for name in found:
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            raise ValueError(
                f"a set of predictions is called {name!r}; a name has up to 40 letters, digits, spaces and _ + - ( )."
            )
        if name in LOSSES:
            raise ValueError(f"a set of predictions is called {name!r}, as a network here is; choose another name.")
    return found


class Compared(Predictor):
    """Sets of predictions, and perhaps networks of the same task.

    Args:
        names: of the sets, as of `check_names`; none, where there are networks.
        task: what is segmented.
        checkpoints: by loss, the networks that stand beside them.

    Raises:
        ValueError: as of `check_names`.
    """

    def __init__(self, names: Iterable[str], task: Task, checkpoints: Mapping[str, Checkpoint] | None = None) -> None:
        super().__init__(checkpoints or {}, task)
        found = tuple(names)
        self.names = check_names(found) if found or not self.checkpoints else ()

    @property
    def losses(self) -> tuple[str, ...]:
        """The networks, then the sets."""
        return (*self.checkpoints, *self.names)

    def study(self, image: np.ndarray, labels: np.ndarray | None, logits: Mapping[str, np.ndarray]) -> Study:
        """What the networks and the sets say of an image.

        Args:
            image: (H, W, 3) uint8 RGB, any size.
            labels: as a `Study` holds them, on the page's grid, or None.
            logits: by set, on the page's grid, from `dbce.data.predictions.to_grid`.

        Raises:
            ValueError: an image of another shape or type.
        """
        study = self.set_image(image)
        own = {name: steps_of(logits[name]) for name in self.names if name in logits}
        return replace(study, labels=labels, logits={**study.logits, **own})


def steps_of(logits: np.ndarray) -> np.ndarray:
    """As `quantise`, but what is above one half stays above it: no score at 0.5 differs from that of the files."""
    steps = quantise(logits)
    steps[(steps == 0) & (logits > 0)] = 1
    return steps
