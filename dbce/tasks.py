"""The tasks of the paper: all that is known of each of them in one place.

Everything here is plain data, so that every other module can import it: a further task is a further entry.
Source of the numbers: arXiv 2412.06045, sections 3.1 and 3.2, Tables 1 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

WORK_SIZE = 320
"""Side in pixels of the square on which the paper works; radii are given in pixels of this square."""

MAX_RADIUS = 150
"""Largest radius in pixels that the paper examines (Fig. 5) and that the page offers."""

IGNORE = 255
"""Label of pixels that do not count: in no loss, no weight, no area and no score."""


@dataclass(frozen=True)
class Task:
    """One segmentation task.

    Attributes:
        name: key on the command line and folder name under ``checkpoints/``.
        kind: what is opened and scored: a "picture", or a "scan" of which the networks see slices.
        classes: class names, background first; the label of a pixel is the index into it.
        colours: one sRGB hex colour a class.
        radius: radius in pixels of the dilating disk, at ``WORK_SIZE``.
        epochs: length of the paper's schedule.
        draw: ``package.module:name`` of what draws its examples: of a picture ``(seed, size, difficulty=...)`` as
            `dbce.data.phantoms.polyp`, of a scan ``(seed, size, slices)`` as `dbce.data.ct.scan`.
        examples: (seed, difficulty) of every picture that the page offers, (seed, slice shown first) of every scan.
        data: what its bundled networks learnt and were tested on, in Markdown.
        averaged: how its scores are averaged and its data split, in sentences.
        limits: what its bundled networks cannot tell.
        cite: whom users of its data cite; "" where nobody has to be.
        table: number of its table in the paper; None for a task that is not the paper's.
        paper: scores in that table, by loss, in percent: mDice, mIoU, mPrec. and mRec., or, of several classes, mDice,
            mIoU and the Dice of each; ResNet34, 320 x 320. Empty where our copy has none.
        objects: what its foreground classes are together, in the plural.
        held_out: share of its own data set that is kept for testing; 0 where the test set is another data set.
        own_set: name of the image folder of that data set.
        mirror: whether a mirrored picture is still one of this task; a mirrored body has its liver on the left.
    """

    name: str
    kind: Literal["picture", "scan"]
    classes: tuple[str, ...]
    colours: tuple[str, ...]
    radius: float
    epochs: int
    draw: str
    examples: tuple[tuple[int, float], ...]
    data: str
    averaged: str
    limits: str
    cite: str = ""
    table: int | None = None
    paper: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    objects: str = "objects"
    held_out: float = 0.0
    own_set: str = ""
    mirror: bool = True

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.classes)

    @property
    def several(self) -> bool:
        """Whether there are several classes beside the background: a network then answers with labels, not a mask."""
        return self.num_classes > 2

    @property
    def is_scan(self) -> bool:
        """Whether scans are opened and scored, not pictures."""
        return self.kind == "scan"

    @property
    def scored(self) -> str:
        """What is scored one by one, in the plural."""
        return "scans" if self.is_scan else "images"

    @property
    def seen(self) -> str:
        """What a network sees at a time, in the plural."""
        return "slices" if self.is_scan else "images"


POLYP = Task(
    "polyp",
    "picture",
    ("background", "polyp"),
    ("#111111", "#F2F2F2"),
    radius=20,
    epochs=600,
    draw="dbce.data.phantoms:polyp",
    examples=(  # first those that carry the argument, then counterexamples, which the page calls so by their scores
        (17, 0.75),  # small: balanced CE draws a rim around it, dilated balanced CE does not
        (22, 0.75),  # clear: the same, though all four agree
        (11, 1.0),  # hardly there: CE misses it, balanced CE spills far, dilated balanced CE does neither
        (5, 0.9),  # flat: CE misses most of it
        (10, 0.75),  # balanced CE finds what CE misses, and is the best of the four
        (23, 1.0),  # flat and far from the lumen, which three networks take for a second one
        (14, 0.75),  # on a fold that three networks follow
        (13, 1.0),  # Dice + CE finds it, dilated balanced CE a fold beside it
    ),
    data="[Kvasir-SEG](https://datasets.simula.no/kvasir-seg/) (research and education only), scored on CVC-ClinicDB",
    averaged="Scores are the mean over images.",
    limits="The polyps: frames of few hospitals and devices; CVC-ClinicDB holds 29 video sequences, whose frames are "
    "near duplicates.",
    cite="Jha et al. (Kvasir-SEG, MMM 2020) and Bernal et al. (WM-DOVA maps, 2015) for the polyps",
    table=1,
    paper={
        "ce": (86.41, 79.34, 88.90, 87.59),
        "bce": (84.31, 75.99, 81.75, 91.95),
        "dice_ce": (87.06, 80.00, 88.97, 88.92),
        "dbce": (87.38, 80.29, 88.81, 89.45),
    },
)

LESION = Task(
    "lesion",
    "picture",
    ("background", "lesion"),
    ("#111111", "#F2F2F2"),
    radius=20,
    epochs=200,
    draw="dbce.data.phantoms:lesion",
    examples=(  # in the same order
        (13, 0.85),  # balanced CE draws a wide rim around it
        (8, 0.85),  # small and pale: only dilated balanced CE keeps to it
        (18, 0.85),  # balanced CE spills far
        (20, 0.85),  # hardly there: no network keeps to it
        (19, 0.6),  # clear: all four agree
        (0, 0.85),  # Dice + CE is the best of the four
        (16, 0.85),  # ours spills where CE and Dice + CE do not
        (12, 1.0),  # CE is the best of the four
    ),
    data="[ISIC 2018](https://challenge.isic-archive.com/data/#2018), task 1 (CC BY-NC 4.0)",
    averaged="Scores are the mean over images. The official test images come without masks, so every fifth training "
    "image is kept for testing here, chosen by a hash of its name; the paper’s Table 2 is not in our copy.",
    limits="The lesions: the official test images come without masks, so a fifth of the training set was held out.",
    cite="Codella et al. (ISIC 2018, arXiv 1902.03368) for the lesions",
    table=2,
    own_set="ISIC2018_Task1-2_Training_Input",
    held_out=0.2,  # the official test images come without masks: 519 of the 2594 training images instead
)

ORGANS = Task(
    "organs",
    "scan",
    (
        "background",
        "aorta",
        "gallbladder",
        "left kidney",
        "right kidney",
        "liver",
        "pancreas",
        "spleen",
        "stomach",
    ),
    ("#111111", "#E4572E", "#5FB760", "#F2B134", "#E07FB0", "#A9744F", "#F3E37C", "#8C6BD1", "#57A5E0"),
    radius=10,
    epochs=300,
    draw="dbce.data.ct:scan",
    examples=((101, 26), (102, 26), (103, 32), (104, 28)),  # `python -m dbce phantoms` draws others
    data="drawn CT phantoms of this project; no patient's scan was used",
    averaged="Scores are the mean over the test scans, then over the organs.",
    limits="The organs: these networks have seen drawings only. Whatever they say of a patient means nothing.",
    table=3,
    paper={
        "ce": (81.10, 72.30, 90.50, 60.65, 83.77, 81.23, 95.38, 64.94, 91.71, 80.66),
        "bce": (65.03, 51.81, 60.89, 38.25, 70.09, 68.16, 89.67, 42.74, 81.73, 68.71),
        "dice_ce": (81.75, 72.74, 91.79, 60.48, 85.54, 83.67, 95.49, 68.08, 89.79, 79.19),
        "dbce": (81.68, 72.81, 90.84, 59.82, 86.63, 83.28, 95.47, 66.54, 91.12, 79.70),
    },
    objects="organs",
    mirror=False,
)

TASKS = {task.name: task for task in (POLYP, LESION, ORGANS)}
"""Every task under its name."""

DEFAULT = POLYP.name
"""The task where none is named: on the command line, in recipes and at the page's endpoints."""
