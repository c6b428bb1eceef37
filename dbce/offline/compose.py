"""Images and what is predicted of them -> a report: the settings of its viewer, a scene an image, and its table."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data.resize import resize_image
from dbce.offline.document import document
from dbce.page.scene import scene
from dbce.page.settings import Offer, config
from dbce.registry import title
from dbce.scores.comparison import Group, Row, groups_of, row_of, set_of, table_note, table_of
from dbce.study.compared import Compared
from dbce.study.words import NO_PROBABILITIES
from dbce.tasks import MAX_RADIUS

_TABS = (
    "anatomy",
    "compare",
    "organs",
    "set",
    "radius",
)  # of a page, those that a report has; before them comes its own
_REFUSAL = "This file runs no network, so it opens no image but those it holds; the page of dbce opens others."
_PROMISE = "This file holds its images and asks nothing of any host."
_MEANS = ": the means are under Images"
_THUMBNAIL = 96  # px, as the page's


@dataclass(frozen=True)
class Case:
    """An image and all that is known of it.

    Attributes:
        name: what it is called.
        image: (H, W, 3) uint8 RGB.
        labels: as of `dbce.study.predictor.Study`; None without a mask.
        logits: by set, from `dbce.data.predictions.to_grid`.
        notes: sentences on how it was read.
        shape: height and width as it came.
        flat: the sets of which it has a label map.
    """

    name: str
    image: np.ndarray
    labels: np.ndarray | None
    logits: Mapping[str, np.ndarray]
    notes: tuple[str, ...] = ()
    shape: tuple[int, int] | None = None
    flat: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Report:
    """A report that is not written yet.

    Attributes:
        text: the HTML file.
        settings: of its viewer.
        rows: one an image.
        groups: what is averaged; empty without masks.
        names: the networks and the sets.
    """

    text: str = field(repr=False)
    settings: Mapping[str, Any] = field(repr=False)
    rows: tuple[Row, ...]
    groups: tuple[Group, ...]
    names: tuple[str, ...]

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return len(self.text.encode("utf-8", "replace"))

    def __str__(self) -> str:
        count = "1 image" if len(self.rows) == 1 else f"{len(self.rows)} images"
        return f"{count}, {' and '.join(map(title, self.names))}, {self.size / 1e6:.1f} MB"

    def write(self, path: str | Path) -> Path:
        """Write the file."""
        path = Path(path)
        path.write_text(self.text, "utf-8", "replace")
        return path


class _Shelf:
    """The thumbnails of a report and their captions, as `config` wants them."""

    def __init__(self) -> None:
        self.examples: list[tuple[np.ndarray, np.ndarray]] = []
        self.names: list[str] = []

    def add(self, image: np.ndarray, name: str) -> None:
        self.examples.append((resize_image(image, _THUMBNAIL), np.zeros(0)))
        self.names.append(html.escape(name))

    def title(self, index: int) -> str:
        return self.names[index]


def compose(
    cases: Iterable[Case],
    compared: Compared,
    heading: str,
    *,
    left: Sequence[str] = (),
    members: Callable[[list[str]], list[str]] = list,
    radius: float | None = None,
    threshold: float = 0.5,
    embedded: bool = False,
) -> Report:
    """Look at every image once and put all that was seen into one file.

    Args:
        cases: the images, one at least.
        compared: networks and sets.
        heading: of the window and of the list.
        left: a sentence on each file that was left out.
        members: of names, what each image belongs to, e.g. `dbce.scores.evidence.groups`: for the intervals.
        radius: in pixels at `dbce.tasks.WORK_SIZE` with which the viewer starts; the task's if None.
        threshold: with which it starts, and by which the table is counted.
        embedded: whether it stands in a notebook, whose address is not its own.

    Raises:
        ValueError: no image, or a radius or threshold out of range.
    """
    if radius is not None and not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius is {radius:g}; it must lie between 0 and {MAX_RADIUS}.")
    if not 0.01 <= threshold <= 0.99:
        raise ValueError(f"threshold is {threshold:g}; it must lie between 0.01 and 0.99.")
    reach = compared.task.radius if radius is None else radius
    shelf, scenes, rows, read = _Shelf(), [], [], []
    flat: set[str] = set()
    for case in cases:
        study = compared.study(case.image, case.labels, case.logits)
        height, width = case.shape or case.image.shape[:2]
        caption = f"{case.name}, {width} × {height} px"
        note = " ".join([*case.notes, *([] if case.labels is not None else ["No mask."])])
        scenes.append(scene(study, caption, note, shape=(height, width)))
        rows.append(row_of(case.name, study, threshold, reach))
        read.append(f"{case.name}: {' '.join(case.notes)}" if case.notes else case.name)
        flat |= case.flat
        shelf.add(study.image, case.name)
    if not rows:
        raise ValueError("no image is left to report on" + (f": {left[0]}" if left else "; give one at least."))
    groups = tuple(groups_of(rows))
    belongs = members([row.name for row in rows])
    shown = None if compared.task.several else set_of(rows, belongs, html.escape(heading), reach, threshold)
    settings = config(shelf, Offer(compared, set=shown, opens=False), [compared.task.name])
    settings |= {
        "fields": _fields(settings["fields"], compared, len(rows) > 1 or bool(left), radius, threshold),
        "server": False,
        "closed": True,
        "embedded": embedded,
        "hint": "",
        "promise": _PROMISE,
        "refusal": _REFUSAL,
        "own": list(compared.names),
        "remarks": {name: NO_PROBABILITIES for name in compared.names if name in flat},
        "alone": f"One {settings['nouns']['seen']} proves nothing{_MEANS if len(rows) > 1 else ''}.",
        "set": shown and {**shown, "first": 0},
        "report": _listed(rows, groups, compared, heading, read, left, threshold),
    }
    return Report(document(heading, settings, scenes), settings, tuple(rows), groups, compared.losses)


def _fields(
    table: list[dict[str, Any]], compared: Compared, several: bool, radius: float | None, threshold: float
) -> list[dict[str, Any]]:
    """The page's table of fields with the tabs of a report, and with what it starts as."""
    own = "organs" if compared.task.several else "compare"
    start = {"tab": "images" if several else own, "threshold": threshold, "loss": compared.names[0]}
    if radius is not None:
        start["radius"] = int(radius)
    fields = []
    for known in table:
        changed = {**known, "start": start.get(known["name"], known["start"])}
        if known["name"] == "tab":
            ours = [choice for choice in known["choices"] if choice[0] in _TABS]
            changed["choices"] = [["images", "Images"], *ours] if several else ours
        if known["name"] == "loss":
            changed["label"] = "Predictions of"
        fields.append(changed)
    return fields


def _listed(
    rows: Sequence[Row],
    groups: Sequence[Group],
    compared: Compared,
    heading: str,
    read: Sequence[str],
    left: Sequence[str],
    threshold: float,
) -> dict[str, Any]:
    """What the tab Images shows; its texts are HTML."""
    sets = len(compared.losses)
    orders = [("disagreement/", "most disputed")] if sets > 1 else []
    if groups:
        orders += [(f"dice/{loss}", f"lowest Dice of {title(loss)}") for loss in compared.losses]
        orders += [("area/", "smallest object")]
    orders += [("name/", "as they were given")]
    table = None
    if groups:
        heads, cells = table_of(groups)
        table = {"heads": heads, "rows": cells, "note": table_note(groups, threshold)}
    images = "1 image was" if len(rows) == 1 else f"{len(rows)} images were"
    return {
        "title": html.escape(heading),
        "table": table,
        "said": f"{images} read with {' and '.join(map(title, compared.losses))}.",
        "read": [html.escape(sentence) for sentence in read],
        "left": [html.escape(sentence) for sentence in left],
        "orders": orders,
        "rows": [
            {
                "example": index,
                "name": html.escape(row.name),
                "area": row.area,
                "disagreement": row.disagreement if sets > 1 else None,
                "dice": {loss: scores["dice"] for loss, scores in row.scores.items()},
            }
            for index, row in enumerate(rows)
        ],
    }
