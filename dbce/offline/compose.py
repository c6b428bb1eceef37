"""Images and what is predicted of them -> a report: the settings of its viewer, a scene an image, and its table."""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data.resize import resize_image
from dbce.page.document import CLOSED, LISTED, TABS, document
from dbce.page.scene import jpeg, scene
from dbce.page.settings import Offer, config
from dbce.registry import Loss, title
from dbce.scores.comparison import Group, Row, groups_of, row_of, set_of
from dbce.scores.comparison_table import table_note, table_of
from dbce.study.compared import Compared
from dbce.study.own import own_maps
from dbce.study.panels import OWN_PANELS, own_panels, panels_of
from dbce.study.studies import Study
from dbce.study.words import CAPTIONS, NO_PROBABILITIES, OWN_LOSS
from dbce.tasks import MAX_RADIUS
from dbce.train.run_files import replacing

_THUMBNAIL = 96  # px, as the page's
_PICTURE = 240  # px of a panel at a glance


@dataclass(frozen=True)
class Case:
    """An image and all that is known of it.

    Attributes:
        name: what it is called.
        image: (H, W, 3) uint8 RGB.
        labels: as of `dbce.study.studies.Study`; None without a mask.
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
        """Write the file, at once or not at all: whoever reads it meanwhile has the one before."""
        path = Path(path)
        with replacing(path) as part:
            part.write_text(self.text, "utf-8", "replace")
        return path


@dataclass(frozen=True)
class Progress:
    """A network that is learning, whose report is written again and again.

    Attributes:
        title: of its curves.
        said: which images these are.
        trained: how it is trained.
        last: epoch.
        loss: epoch and mean training loss, of every epoch so far; None where that is not a number.
        dice: epoch and validation Dice in percent, where it was measured.
        weighting: key of `dbce.weightings.WEIGHTINGS`, which pictures show and with which the viewer starts.
    """

    title: str
    said: str
    trained: str
    last: int
    loss: Sequence[tuple[int, float | None]]
    dice: Sequence[tuple[int, float]]
    weighting: str = "none"

    def pictures(self, study: Study, network: str, radius: float, losses: Sequence[Loss]) -> list[dict[str, str]]:
        """What the page shows of an image at a glance, and the tab in which it is large: of a loss of somebody's own,
        where it is one, its own maps."""
        panels = panels_of(study, network, radius, self.weighting)
        words = {"loss": f"loss, {CAPTIONS['weighted']}", "gradient": CAPTIONS["gradient"]}
        for loss in losses:
            panels = {name: panel for name, panel in panels.items() if name not in words}
            panels |= own_panels(own_maps(study, loss, network))
            words = {name: OWN_LOSS[kind].format(loss=loss.title) for name, kind in OWN_PANELS.items()}
        tab = "organs" if study.task.several else "compare"
        shown = (
            *((name, CAPTIONS[name], tab) for name in ("image", "prediction")),
            *((name, said, "anatomy") for name, said in words.items()),
        )
        return [
            {"title": said, "tab": where, "picture": jpeg(resize_image(panels[name], _PICTURE))}
            for name, said, where in shown
            if name in panels
        ]

    def described(self, pictures: Sequence[Any]) -> dict[str, Any]:
        """What the page draws of it."""
        drawn = {"title": html.escape(self.title), "last": self.last, "loss": list(self.loss), "dice": list(self.dice)}
        return {"said": html.escape(self.said), "learning": {**drawn, "pictures": list(pictures)}}


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
    progress: Progress | None = None,
    losses: Sequence[Loss] = (),
    figures: Callable[[Case, Study, float, float], object] | None = None,
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
        progress: of the network, where it is one that is learning.
        losses: of somebody's own, from `dbce.study.own.own_losses`, that are drawn too.
        figures: is shown every image, with the threshold and the radius, e.g. `dbce.offline.figures.Figures`.

    Raises:
        ValueError: no image, a radius or threshold out of range, or a loss of somebody's own that failed.
    """
    if radius is not None and not 0 <= radius <= MAX_RADIUS:
        raise ValueError(f"radius is {radius:g}; it must lie between 0 and {MAX_RADIUS}.")
    if not 0.01 <= threshold <= 0.99:
        raise ValueError(f"threshold is {threshold:g}; it must lie between 0.01 and 0.99.")
    reach = compared.task.radius if radius is None else radius
    shelf, scenes, rows, read = _Shelf(), [], [], []
    glances = []
    flat: set[str] = set()
    for case in cases:
        study = compared.study(case.image, case.labels, case.logits)
        height, width = case.shape or case.image.shape[:2]
        caption = f"{case.name}, {width} × {height} px"
        note = " ".join([*case.notes, *([] if case.labels is not None else ["No mask."])])
        scenes.append(scene(study, caption, note, shape=(height, width), losses=losses))
        rows.append(row_of(case.name, study, threshold, reach, case.flat))
        read.append(f"{case.name}: {' '.join(case.notes)}" if case.notes else case.name)
        flat |= case.flat
        shelf.add(study.image, case.name)
        if figures is not None:
            figures(case, study, threshold, reach)
        if progress is not None:
            glances.append(progress.pictures(study, compared.names[0], reach, losses))
    if not rows:
        raise ValueError("no image is left to report on" + (f": {left[0]}" if left else "; give one at least."))
    belongs = members([row.name for row in rows])
    groups = tuple(groups_of(rows, belongs))
    shown = None if compared.task.several else set_of(rows, belongs, heading, reach, threshold)
    settings = config(shelf, Offer(compared, set=shown, losses=losses, opens=False), [compared.task.name])
    listed = len(rows) > 1 or bool(left) or progress is not None
    start = {} if progress is None else {"weighting": progress.weighting}
    settings |= {
        "fields": _fields(settings["fields"], compared, listed, radius, {"threshold": threshold, **start}),
        **CLOSED,
        "embedded": embedded,
        "own": list(compared.names),
        "remarks": settings["remarks"] | {name: NO_PROBABILITIES for name in compared.names if name in flat},
        "alone": f"One {settings['nouns']['seen']} proves nothing{LISTED['means'] if len(rows) > 1 else '.'}",
        "set": shown and {**shown, "first": 0},
        "report": _listed(rows, groups, compared, heading, read, left, threshold),
    }
    if progress is not None:
        settings["recipe"] = html.escape(progress.trained)
        settings["report"] |= progress.described(glances)
    return Report(document(heading, settings, scenes), settings, tuple(rows), groups, compared.losses)


def _fields(
    table: list[dict[str, Any]], compared: Compared, several: bool, radius: float | None, given: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The page's table of fields with the tabs of a report, and with what it starts as."""
    own = "organs" if compared.task.several else "compare"
    loss = compared.names[0] if compared.names else compared.losses[-1]
    start = {"tab": "images" if several else own, "loss": loss, **given}
    if radius is not None:
        start["radius"] = int(radius)
    fields = []
    for known in table:
        changed = {**known, "start": start.get(known["name"], known["start"])}
        if known["name"] == "tab":
            ours = [choice for choice in known["choices"] if choice[0] in TABS]
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
    orders = [("disagreement/", LISTED["disputed"])] if sets > 1 else []
    if groups:
        orders += [(f"dice/{loss}", LISTED["lowest"].format(set=title(loss))) for loss in compared.losses]
        orders += [("area/", LISTED["smallest"])]
    orders += [("name/", LISTED["given"])]
    table = None
    if groups:
        heads, cells = table_of(groups)
        table = {"heads": heads, "rows": cells, "note": table_note(groups, threshold)}
    images = LISTED["one"] if len(rows) == 1 else LISTED["many"].format(count=len(rows))
    return {
        "title": html.escape(heading),
        "table": table,
        "said": LISTED["said"].format(images=images, sets=" and ".join(map(title, compared.losses))),
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
