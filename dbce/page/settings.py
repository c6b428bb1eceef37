"""What the page must know before the first image of a task; nothing here needs the server that answers it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from dbce.data import inputs, numbering, volumes
from dbce.data.resize import resize_image
from dbce.page import fields
from dbce.page.scene import jpeg
from dbce.prior import correct_logit
from dbce.registry import LOSSES, METHOD, Loss, short_title, title
from dbce.scores.curves import reliability_axis, reliability_note
from dbce.study import export
from dbce.study.colours import LINES, line_of, magma
from dbce.study.predictor import Predictor
from dbce.study.view import RADII
from dbce.study.words import CAPTIONS, ERRORS, NEEDS_MASK, NO_PROBABILITIES, OWN_LOSS, SCORES
from dbce.tasks import MAX_RADIUS
from dbce.train.checkpoints import MAX_NETWORKS, Checkpoint, is_drawn
from dbce.train.guest_words import SENTENCES
from dbce.train.guests import CHANNELS, NORMALISATIONS, VALUES, about_guests, wanted
from dbce.weightings import WEIGHTINGS


class Shelf(Protocol):
    """The images that a page offers: a `dbce.page.studio.Studio`, or who has their captions."""

    examples: list[tuple[np.ndarray, np.ndarray]]

    def title(self, index: int) -> str:
        """Caption of an example."""


@dataclass(frozen=True)
class Offer:
    """A task as the page offers it.

    Attributes:
        predictor: its networks.
        results: what the Results tab shows, from `dbce.scores.results.summary`.
        radius_curve: what the Radius tab shows, if measured.
        findings: the verdict and its table, from `dbce.scores.findings_tables.findings_summary`, if measured.
        learning: how far losses come at which epoch, from `dbce.scores.learning_text.learning_summary`, if measured.
        repeats: what holds when losses are trained again, from `dbce.scores.repeats.repeats_summary`, if measured.
        shares: where the weight mass goes over a data set, from `dbce.scores.shares.shares_summary`, if measured.
        set: the test set image by image, from `dbce.scores.set_summary.set_summary`, if measured.
        pictures: the files of its images and masks, in its order, where they lie on this machine.
        losses: somebody's own, which scenes hold the maps of.
        calibration: what Compare shows of the test set, from `dbce.scores.records.read_calibration`, if measured.
        opens: whether visitors open images of their own.
    """

    predictor: Predictor
    results: list[dict[str, Any]] = field(default_factory=list)
    radius_curve: dict[str, Any] | None = None
    findings: dict[str, Any] | None = None
    calibration: dict[str, Any] | None = None
    learning: dict[str, Any] | None = None
    repeats: dict[str, Any] | None = None
    shares: dict[str, Any] | None = None
    set: dict[str, Any] | None = None
    pictures: Sequence[tuple[Path, Path]] = ()
    losses: Sequence[Loss] = ()
    opens: bool = True


YOURS = "your network"
"""What tells a network of somebody's own from those that stand here by themselves."""

NETWORK = "Network"
"""What networks are called that are not all named after the loss that they were trained with."""

_NOUNS = {"image": "an image", "mask": "mask", "object": "object", "seen": "image"}
_SCAN_NOUNS = {"image": "a slice or a scan", "mask": "labels", "object": "organs", "seen": "slice"}
_MEASURED = ("test_data", "scenes", "rows", "thresholds", "pairs")
_PROMISE = (
    "The server reads images you open in its memory and keeps none; this browser keeps the last ones until you forget "
    "them, or none at all: see Display."
)
_PICTURES = ".png,.jpg,.jpeg,.tif,.tiff,.webp,.bmp,image/*"


def config(studio: Shelf, offer: Offer, tasks: list[str], notice: str = "") -> dict[str, Any]:
    """Everything the page must know before the first image of a task; the notice stands above it."""
    task, losses = offer.predictor.task, list(offer.predictor.losses)
    scans = task.is_scan
    others = [loss for loss in losses if loss not in LOSSES]
    opened = len(studio.examples) + len(offer.pictures)
    own_set = offer.opens and not task.several
    table_of_fields = fields.table(task, losses, offer.predictor.weightings, opened, offer.set is not None, own_set)
    known = {field["name"]: field for field in table_of_fields}
    if offer.predictor.guests:
        known["loss"]["label"] = NETWORK
    return {
        "task": task.name,
        "notice": notice,
        "needs_mask": NEEDS_MASK,
        "flat": NO_PROBABILITIES,
        "server": True,  # where nobody says otherwise
        "hint": "or drop files anywhere",
        "promise": _PROMISE,
        "tasks": [
            {"title": name.capitalize(), "href": name if index else "./", "here": name == task.name}
            for index, name in enumerate(tasks)
        ],
        "titles": {name: title(name) for name in losses},
        "short": {name: short_title(name) for name in losses},
        "scores": SCORES,
        "captions": CAPTIONS,
        "own_losses": [{"key": loss.key, "title": loss.title} for loss in offer.losses],
        "own_words": OWN_LOSS,
        "errors": ERRORS,
        "formats": {tab: export.formats_of(tab) for tab, _ in known["tab"]["choices"]},
        "classes": list(task.classes),
        "colours": list(task.colours),
        "drawn": bool(ours := _ours(offer.predictor)) and all(is_drawn(checkpoint.recipe) for checkpoint in ours),
        "fields": list(known.values()),
        "weightings": {
            key: {
                **{part: getattr(each, part) for part in ("name", "title", "legend", "term", "has_radius")},
                "trained": _trained_with(each.loss, offer.predictor),
            }
            for key, each in offer.predictor.weightings.items()
        },
        "frequencies": offer.predictor.class_frequencies,
        "nouns": _SCAN_NOUNS if scans else _NOUNS,
        "accept": _PICTURES + (",.nii,.gz,.npz,.h5,.dcm" if scans else ""),
        "numberings": numbering.TITLES,
        "losses": losses,
        "method": METHOD,
        "radius": task.radius,
        "max_radius": MAX_RADIUS,
        "radii": RADII,
        "max_bytes": volumes.MAX_BYTES if scans else inputs.MAX_BYTES,
        "magma": base64.b64encode(magma().tobytes()).decode(),
        "recipe": describe(offer.predictor),
        "guests": list(offer.predictor.guests),
        "joins": None,  # who runs a network that is dropped on the page: nobody, where nobody says otherwise
        "joining": joining(offer.predictor),
        "remarks": {
            **{
                loss: remark for result in offer.results for loss, remark in result["remarks"].items() if loss in losses
            },
            **dict.fromkeys(offer.predictor.guests, YOURS),
        },
        "results": offer.results,
        "radius_curve": offer.radius_curve,
        "findings": offer.findings,
        "learning": offer.learning
        and {
            **offer.learning,
            "rows": [{**row, "line": line_of(row["loss"], others)} for row in offer.learning["rows"]],
        },
        "repeats": offer.repeats,
        "shares": offer.shares and {**offer.shares, "rows": [_drawn(row) for row in offer.shares["rows"]]},
        "set": offer.set and {**offer.set, "first": len(studio.examples) if offer.pictures else None},
        "shifts": shifts(offer.predictor),
        "lines": {loss: line_of(loss, others) for loss in losses},
        "all_lines": LINES,
        "lab": {
            "titles": dict(known["lab.losses"]["choices"]),
            "short": {**{loss: short_title(loss) for loss in fields.LAB_LOSSES}, fields.OWN_LOSS: "Yours"},
            "lines": {**dict(zip(fields.LAB_LOSSES, LINES, strict=False)), fields.OWN_LOSS: ("currentColor", "1 4")},
        },
        "calibration": offer.calibration
        and {
            **{key: offer.calibration[key] for key in _MEASURED},
            "note": reliability_note(offer.calibration),
            "axis": reliability_axis(offer.calibration),
        },
        "examples": [
            {"thumbnail": jpeg(resize_image(image, 96)), "title": studio.title(index)}
            for index, (image, _) in enumerate(studio.examples)
        ],
    }


def joining(predictor: Predictor) -> dict[str, Any]:
    """What the page asks of a network that is dropped on it, and what it says of it."""
    return {
        "sentences": SENTENCES,
        "remark": YOURS,
        "label": NETWORK,
        "most": MAX_NETWORKS,
        "wanted": wanted(predictor.task),
        "normalise": {"": "the file’s own, else ImageNet’s", **NORMALISATIONS},
        "channels": {"": "the file’s own, else RGB", **dict(zip(CHANNELS, CHANNELS, strict=True))},
        "values": {"": "told by its values", **dict(zip(VALUES, VALUES, strict=True))},
    }


def _drawn(row: dict[str, Any]) -> dict[str, Any]:
    """A row of the shares with the line of the network that its weighting trains."""
    loss = WEIGHTINGS[row["key"]].loss
    return {**row, "line": LINES[list(LOSSES).index(loss) if loss else len(LOSSES)]}


def _trained_with(loss: str, predictor: Predictor) -> list[str]:
    """The networks that this loss trained."""
    return [name for name, checkpoint in predictor.checkpoints.items() if checkpoint.recipe.get("loss") == loss]


def shifts(predictor: Predictor) -> dict[str, float]:
    """By loss, what its class weights added to the logit of the object, log(w1 / w0), where it had some."""
    if predictor.task.several:
        return {}
    return {loss: -float(correct_logit(np.zeros(1), shares)[0]) for loss, shares in predictor.frequencies.items()}


def describe(predictor: Predictor) -> str:
    """Sentences on how the networks were trained; of somebody's own networks and predictions, what is known of them."""
    ours, guests = _ours(predictor), predictor.guests
    own = [name for name in predictor.losses if name not in predictor.checkpoints]
    given = f"The predictions of {' and '.join(map(title, own))} were given: no network ran for them." if own else ""
    trained = _trained_alike(ours, predictor) if ours else ""
    return " ".join(part for part in (trained, about_guests(guests), given) if part)


def _ours(predictor: Predictor) -> list[Checkpoint]:
    """The networks that stand here by themselves."""
    return [checkpoint for checkpoint in predictor.checkpoints.values() if not checkpoint.about]


def _trained_alike(networks: Sequence[Checkpoint], predictor: Predictor) -> str:
    """One sentence on how the networks that stand here by themselves were trained."""
    recipes = [{**checkpoint.recipe, "loss": None} for checkpoint in networks]
    recipe, scans = recipes[0], predictor.task.is_scan
    if any(other != recipe for other in recipes):
        names = [name for name in predictor.checkpoints if name not in predictor.guests]
        return f"{len(recipes)} networks, trained in different ways: {', '.join(map(title, names))}."
    return (
        f"{'One network' if len(recipes) == 1 else f'{len(recipes)} networks alike in all but the loss'}: "
        f"{recipe.get('encoder')} encoder, {recipe.get('epochs')} epochs on {recipe.get('images')} "
        f"{'slices' if scans else 'images'} of {recipe.get('data')} at {recipe.get('size')} \u00d7 "
        f"{recipe.get('size')} px, seed {recipe.get('seed')}."
        + (" The scans are drawn phantoms: the networks have never seen a patient." if is_drawn(recipe) else "")
    )
