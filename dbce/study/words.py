"""The words of the panels, which page and figures share, and numbers as the page writes them.

Numbers as of dbce/web/core/format.js: halves are rounded away from zero, of what is stored.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

CAPTIONS = {
    "image": "image",
    "labels": "labels",
    "entropy": "cross entropy, nats",
    "weighted": "weight \u00d7 cross entropy",
    "residual": "residual, p \u2212 y",
    "gradient": "gradient, M (p \u2212 y)",
    "prediction": "prediction",
    "truth": "ground truth",
    "probability": "probability",
    "found": "label map",
    "wrong": "wrong pixels",
    "dice_curve": "Dice of this image against the threshold",
    "reliability": "Reliability on {data}",
    "overlap": "laid over each other",
    "dissent": "networks that disagree",
    "weight_shares": "Where the weight goes",
    "loss_shares": "Where the loss of {loss} falls",
}
"""What stands below a panel, by what it shows."""

OWN_LOSS = {
    "map": "{loss}, loss of every pixel",
    "gradient": "{loss}, gradient by the logit",
    "value": "{loss} of this image: {value}",
    "painted": "{loss} is computed in Python, of the labels that were opened: of painted ones it is not known here.",
}
"""What is said of a loss of somebody's own; the last where there is nothing to be seen of it."""

ERRORS = {
    "fill": {"tp": "found", "fp": "false positive", "fn": "missed (false negative)"},
    "outline": {"fp": "outline of the prediction", "fn": "outline of the ground truth"},
}
"""What the colours of a prediction stand for, by how errors are drawn."""

SCORES = {"dice": "Dice", "iou": "IoU", "precision": "Precision", "recall": "Recall"}
"""Scores of a network on an image, and what they are called."""

NEEDS_MASK = "This file compares a prediction with a mask; add a mask first."
"""What a visitor is told who asks for such a file without one."""

NO_PROBABILITIES = "label map: no probabilities"
"""Said beside every set of predictions of which a map is a label map."""

CURVE_HEADS = {
    "dice": ("Dice of this image, %", "at {threshold:.2f}", "best", "at"),
    "reliability": ("Distance from the diagonal, points", "gap", "95 %"),
}
"""Heads of the tables below the charts of Compare."""

_RAISED = str.maketrans("-0123456789", "\u207b\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079")


def digits(value: float) -> str:
    """Three significant digits, a true minus, a readable power of ten."""
    exact = Decimal(float(value))
    if not exact:
        return "0"
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 2), ROUND_HALF_UP)
    if 1e-3 <= abs(value) < 1e4:
        return f"{rounded.normalize():f}".replace("-", "\u2212")
    power = rounded.adjusted()
    return f"{rounded.scaleb(-power).normalize():f}\u00b710{str(power).translate(_RAISED)}".replace("-", "\u2212")


def share_percent(share: float) -> str:
    """A share -> its percent, with one decimal."""
    return str(Decimal(100 * share).quantize(Decimal("0.1"), ROUND_HALF_UP))


def grouped(count: int) -> str:
    """A count, its thousands set apart by thin spaces."""
    return f"{count:,}".replace(",", "\u2009")


def share(value: float) -> str:
    """A share in percent: one decimal below 10 %, none above; twin of share in dbce/web/core/sentences.js."""
    percent = 100 * value
    if value > 0 and percent < 0.1:
        return "<\u20090.1 %"
    if value < 1 and percent > 99:
        return ">\u200999.9 %" if percent > 99.9 else f"{_fixed(percent, 1)} %"
    return f"{_fixed(percent, 1 if value > 0 and percent < 9.95 else 0)} %"


def ratio(outside: float, inside: float) -> str:
    """Weight just outside the outline to weight just inside; twin of ratio in dbce/web/core/sentences.js."""
    if not outside or not inside:
        return "\u2013"
    if abs(outside - inside) <= 0.005 * max(outside, inside):
        return "1 : 1"
    return f"1 : {_factor(inside / outside)}" if inside > outside else f"{_factor(outside / inside)} : 1"


def _factor(value: float) -> str:
    """Two decimals below 2, one below 10, none above."""
    return _fixed(value, 2) if value < 1.995 else _fixed(value, 1) if value < 9.95 else grouped(int(value + 0.5))


def _fixed(value: float, places: int) -> str:
    return str(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))
