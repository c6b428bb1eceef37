"""Fig. 4: label maps of the networks, their wrong pixels, and the Dice of every class."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from dbce.study.colours import BLACK, colours_of, hatched, label_colours, mixed, rgb
from dbce.study.sheet import EDGE
from dbce.study.studies import LabelStudy
from dbce.study.tabs.anatomy import over_image
from dbce.study.tabs.columns import SIDE, Columns, Line, agreement_lines, count_line, share_line
from dbce.study.view import View
from dbce.study.words import CAPTIONS
from dbce.tasks import IGNORE

_ERRORS = {
    "rim": "False in the rim, px",
    "far": "False far away, px",
    "missed": "Missed, px",
    "confused": "Of a wrong class, px",
}


def draw_organs(study: LabelStudy, view: View, image: str = "", shape: tuple[int, int] | None = None) -> Figure:
    """The networks in view side by side; without labels, the second row is left out.

    Args:
        study: with or without labels.
        view: what is in view; wrong pixels take the false positive's colour of its palette.
        image: its name.
        shape: height and width of the image as it came.

    Raises:
        ValueError: an unknown palette.
    """
    colours = colours_of(view.palette)
    columns = Columns(study, view, shape, _lines(study, view))
    sheet, labels, task = columns.sheet, study.labels, study.task
    seen = {0}
    sheet.picture(EDGE, columns.first, SIDE, study.image, "slice" if task.is_scan else CAPTIONS["image"])
    if labels is not None:
        _labels(columns, labels, EDGE, columns.second, CAPTIONS["truth"])
        seen |= set(np.unique(labels).tolist())
    for loss, x in columns.places.items():
        found = study.label_map(loss)
        seen |= set(np.unique(found).tolist())
        _labels(columns, found, x, columns.first, *columns.head(loss))
        if labels is not None:
            pixels = mixed(_wrong(study, view, found, colours["fp"]), study.image, view.opacity)
            sheet.picture(x, columns.second, SIDE, pixels, CAPTIONS["wrong"])
    end = (columns.first if labels is None else columns.second) + sheet.high(SIDE)
    y = columns.table(end + 0.12) + 0.24
    held = [k for k in sorted(seen - {0, IGNORE}) if view.cls in (None, k)]
    entries = [(task.colours[k], task.classes[k]) for k in held]
    if labels is not None:
        entries.append((colours["fp"], "wrong"))
        entries += [("hatch", "ignored")] if (labels == IGNORE).any() else []
    sheet.legend(y, entries)
    said = [f"{task.classes[view.cls]} picked" if view.cls is not None else ""]
    said += [f"rim R = {view.radius:g} px" if labels is not None else ""]
    return sheet.finish(sheet.foot(y + 0.22, image, [*said, over_image(view)]) + 0.14)


def _labels(columns: Columns, labels: np.ndarray, x: float, y: float, title: str, remark: str | None = None) -> None:
    """Labels in the colours of the classes, or their outlines on the image; those not picked step back."""
    study, view, sheet = columns.study, columns.view, columns.sheet
    colours = rgb(*study.task.colours)
    if view.shape == "outline":
        pixels = hatched(study.image, labels)
    elif view.cls is None:
        pixels = label_colours(labels, study.task)
    else:
        pale = mixed(colours[None], np.broadcast_to(colours[:1], colours[None].shape), 70 / 256)[0]
        pale[[0, view.cls]] = colours[[0, view.cls]]
        pixels = hatched(pale[np.where(labels == IGNORE, 0, labels)], labels)
    pixels = mixed(pixels, study.image, view.opacity, clear=True)
    axes = sheet.picture(x, y, SIDE, pixels, title, remark)
    if view.shape == "outline":
        for label in range(1, study.task.num_classes):
            if view.cls in (None, label):
                sheet.outline(axes, labels == label, study.task.colours[label], view.opacity)


def _wrong(study: LabelStudy, view: View, found: np.ndarray, colour: str) -> np.ndarray:
    """(H, W, 3): wrong pixels in colour on the darkened image, those of the picked class alone if there is one."""
    labels = np.asarray(study.labels)
    bad = (labels != IGNORE) & (labels != found)
    if view.cls is not None:
        bad &= (labels == view.cls) | (found == view.cls)
    dark = mixed(study.image, np.broadcast_to(rgb(BLACK), study.image.shape), 110 / 256)
    return hatched(np.where(bad[..., None], rgb(colour), dark), labels)


def _lines(study: LabelStudy, view: View) -> list[Line]:
    """Mean Dice, Dice of every class that somebody sees, and the errors."""
    losses = view.networks(study)
    if study.labels is None:
        return agreement_lines("Mean Dice, % with", study, view)
    scores = {loss: study.class_scores(loss) for loss in losses}
    lines = [share_line("Mean Dice, %", [study.scores(loss)["dice"] for loss in losses])]
    for name in study.task.classes[1:]:
        dice = [scores[loss][name]["dice"] if name in scores[loss] else None for loss in losses]
        if any(value is not None for value in dice):
            lines.append(share_line(f"{name.capitalize()}, %", dice, view.cls == study.task.classes.index(name)))
    errors = [study.errors(loss, view.radius) for loss in losses]
    return lines + [count_line(name, [each[key] for each in errors]) for key, name in _ERRORS.items()]
