"""The numbers of every tab as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from dbce.registry import title
from dbce.study.studies import LabelStudy, Study
from dbce.study.view import RADII, Measured, View
from dbce.tasks import IGNORE

NO_MASK = "the numbers compare predictions with a mask, and this image has none; add or paint a mask."


def scores_csv(study: Study, view: View, image: str) -> bytes:
    """One row a network in view: its scores and errors, and the shares of weight and loss of object, rim and far
    background.

    Raises:
        ValueError: the study has no mask.
    """
    if study.labels is None:
        raise ValueError(NO_MASK)
    rows = []
    weights = study.shares(view.radius, view.weighting)
    ignored = int((study.labels == IGNORE).sum())
    for loss in view.networks(study):
        losses = study.loss_shares(loss, view.radius, view.weighting)
        scores, errors = study.scores(loss, view.threshold), study.errors(loss, view.radius, view.threshold)
        rows.append(
            {
                "image": image,
                "loss": study.named(loss),
                "threshold": view.threshold,
                "radius_px": view.radius,
                "weighting": view.weighting,
                **{f"{name}_percent": round(100 * value, 4) for name, value in scores.items()},
                **{f"dice_percent_{name.replace(' ', '_')}": value for name, value in _organs(study, loss).items()},
                **{f"{name}_px": value for name, value in errors.items()},
                **({"ignored_px": ignored} if ignored else {}),
                **{f"weight_share_{name}": round(value, 6) for name, value in weights.items()},
                **{f"loss_share_{name}": round(value, 6) for name, value in losses.items()},
            }
        )
    return _csv(rows)


def _organs(study: Study, loss: str) -> dict[str, float | str]:
    """Dice of every class in percent, empty where neither labels nor prediction hold it; none for two classes."""
    if not isinstance(study, LabelStudy):
        return {}
    scores = study.class_scores(loss)
    return {name: round(100 * scores[name]["dice"], 4) if name in scores else "" for name in study.task.classes[1:]}


def radii_csv(study: Study, curve: Mapping[str, Any] | None, image: str) -> bytes:
    """One row a radius that is drawn or was measured: shares of the dilated weights of the image, scores of the curve.

    Raises:
        ValueError: there is neither a mask nor a curve.
    """
    measured = {point["radius"]: point for point in curve["points"]} if curve else {}
    if study.labels is None and not measured:
        raise ValueError(NO_MASK)
    rows = []
    for radius in sorted({*(RADII if study.labels is not None else ()), *measured}):
        row: dict[str, Any] = {"image": image, "radius_px": f"{radius:g}"}
        if study.labels is not None:
            row |= {f"weight_share_{name}": round(value, 6) for name, value in study.shares(radius).items()}
        if curve:
            scores = {key: value for key, value in measured.get(radius, {}).items() if key != "radius"}
            row |= {f"measured_{name}_percent": value for name, value in scores.items()}
            row["test_data"] = curve["test_data"] if scores else ""
        rows.append(row)
    return _csv(rows)


def results_csv(measured: Measured) -> bytes:
    """One row a number of the tables.

    Raises:
        ValueError: nothing was measured.
    """
    rows = []
    if measured.findings:
        columns = measured.findings["columns"]
        for row in measured.findings["rows"]:
            for name, value in row["values"].items():
                rows.append(
                    {
                        "table": "What was found",
                        "network": row["title"],
                        "quantity": columns[name],
                        "value": value,
                        "deviation": row["std"].get(name, ""),
                        "trainings": 1 if name in row["shown"] else row["trainings"],
                        "mark": row["marks"][name],
                    }
                )
    if measured.repeats:
        for row in measured.repeats["rows"]:
            for head, (value, low, high) in zip(
                measured.repeats["heads"], (row["shown"], row["repeated"]), strict=True
            ):
                about = {"table": measured.repeats["title"], "network": head, "quantity": row["name"]}
                rows.append({**about, "value": value, "low": low, "high": high})
    if measured.learning:
        for row in measured.learning["rows"]:
            about = {"table": measured.learning["title"], "network": row["title"]}
            for name, points in (("", row["points"]), *row["classes"].items()):
                for epoch, value in points:
                    quantity = f"{name and f'{name}: '}Dice after {epoch} epochs, %"
                    rows.append({**about, "quantity": quantity, "value": value})
    for result in measured.results:
        for row in result["rows"]:
            for where, scores in (("here", row["ours"]), ("in the paper", row["paper"] or ())):
                for head, value in zip(result["columns"], scores, strict=False):
                    about = {"table": f"{result['title']}, {where}", "network": title(row["loss"])}
                    rows.append({**about, "quantity": f"{head}, %", "value": value})
    if not rows:
        raise ValueError("nothing was measured of these networks: there are no numbers to write.")
    return _csv(rows)


def _csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Rows with the columns of all of them, in the order in which they first occur."""
    columns = list(dict.fromkeys(column for row in rows for column in row))
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns)
    writer.writeheader()
    writer.writerows(rows)
    return buffer.getvalue().encode()
