"""The tasks of the paper: what is segmented, in which colours, with which radius and recipe.

Everything here is plain data, so that every other module can import it.
Source of the numbers: arXiv 2412.06045, sections 3.1 and 3.2.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        classes: class names, background first; the label of a pixel is the index into it.
        colours: one sRGB hex colour a class.
        radius: radius in pixels of the dilating disk, at ``WORK_SIZE``.
        epochs: length of the paper's schedule.
        held_out: share of its own data set that is kept for testing; 0 where the test set is another data set.
        own_set: name of the image folder of that data set.
        mirror: whether a mirrored picture is still one of this task; a mirrored body has its liver on the left.
    """

    name: str
    classes: tuple[str, ...]
    colours: tuple[str, ...]
    radius: float
    epochs: int
    held_out: float = 0.0
    own_set: str = ""
    mirror: bool = True

    @property
    def num_classes(self) -> int:
        """Number of classes, background included."""
        return len(self.classes)


TASKS = {
    "polyp": Task(
        "polyp",
        ("background", "polyp"),
        ("#111111", "#F2F2F2"),
        20,
        600,
    ),
    "lesion": Task(
        "lesion",
        ("background", "lesion"),
        ("#111111", "#F2F2F2"),
        20,
        200,
        own_set="ISIC2018_Task1-2_Training_Input",
        held_out=0.2,  # the official test images come without masks: 519 of the 2594 training images instead
    ),
    "organs": Task(
        "organs",
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
        10,
        300,
        mirror=False,
    ),
}
