"""Below Fig. 1, a bar a weighting: where its weight, or the weighted loss of a network, lies; as
dbce/web/parts/share_bars.js draws it."""

from __future__ import annotations

import numpy as np
from matplotlib.patches import Rectangle

from dbce.dilation import dilate
from dbce.registry import short_title
from dbce.study.sheet import EDGE, INK, QUIET, SMALL, TITLE, Sheet, text_width
from dbce.study.studies import Study
from dbce.study.view import View
from dbce.study.words import CAPTIONS, digits, ratio, share
from dbce.tasks import IGNORE
from dbce.weightings import offered_weightings

REGIONS = {"object": "#F5A524", "rim": "#A78BFA", "far": "#B9BEC8"}
"""Where weight lies, and the colour of it."""

_ROW, _BAR = 0.42, 0.16


def beside_outline(study: Study, weight: np.ndarray) -> tuple[float, float]:
    """Mean weight of the background at most 1 px from an object, and of the objects at most 1 px from the background;
    0 where there is none."""
    labels = np.asarray(study.labels)
    inside, background = (labels > 0) & (labels != IGNORE), labels == 0
    near = dilate(inside, 1) & background, dilate(background, 1) & inside
    outside, within = (float(weight[where].mean(dtype=np.float64)) if where.any() else 0.0 for where in near)
    return outside, within


def draw_bars(sheet: Sheet, y: float, study: Study, view: View) -> float:
    """The bars of every weighting, and what their colours stand for; gives where they end."""
    entropy = study.cross_entropy(view.loss)
    of_loss = view.of == "loss"
    title = CAPTIONS["loss_shares"].format(loss=short_title(view.loss)) if of_loss else CAPTIONS["weight_shares"]
    sheet.text(EDGE, y + 0.16, title, TITLE, weight="bold")
    offered = offered_weightings(study.class_frequencies)
    names = [each.title for each in offered.values()]
    ratios = EDGE + max(text_width(name, TITLE - 1, "bold") for name in names) + 1.2
    totals, left = ratios + 0.95, ratios + 1.15
    for x, head in ((ratios, "outside : inside"), (totals, "total loss")):
        sheet.text(x, y + 0.34, head, SMALL, color=QUIET, ha="right")
    y += 0.42
    wide = sheet.width - EDGE - left
    for key, name in zip(offered, names, strict=True):
        weight = study.weight(view.radius, key)
        shares = study.loss_shares(view.loss, view.radius, key) if of_loss else study.shares(view.radius, key)
        strong = "bold" if key == view.weighting else "normal"
        low = y + _BAR
        sheet.text(EDGE, low - 0.03, name, TITLE - 1, weight=strong)
        sheet.text(ratios, low - 0.03, ratio(*beside_outline(study, weight)), TITLE - 1, ha="right")
        total = float((weight * entropy).sum(dtype=np.float64))
        sheet.text(totals, low - 0.03, digits(total), TITLE - 1, ha="right")
        _bar(sheet, left, y, wide, shares, _counted(study, view.radius))
        y += _ROW
    noun = study.task.objects if study.task.several else study.task.classes[1]
    entries = ((REGIONS["object"], noun), (REGIONS["rim"], f"rim, within {view.radius:g} px"))
    sheet.legend(y + 0.12, [*entries, (REGIONS["far"], "far background")])
    return y + 0.12


def _counted(study: Study, radius: float) -> dict[str, bool]:
    """Which regions hold pixels."""
    labels = np.asarray(study.labels)
    inside = (labels > 0) & (labels != IGNORE)
    near = dilate(inside, radius) & (labels == 0)
    return {"object": bool(inside.any()), "rim": bool(near.any()), "far": bool(((labels == 0) & ~near).any())}


def _bar(sheet: Sheet, x: float, y: float, wide: float, shares: dict[str, float], held: dict[str, bool]) -> None:
    """A bar, and below it the number of every region that holds pixels, moved apart as far as they must be."""
    begin = x
    parts: list[tuple[float, str, str]] = []
    for region, colour in REGIONS.items():
        part = shares[region] * wide
        sheet.figure.add_artist(
            Rectangle((begin, y), part, _BAR, facecolor=colour, edgecolor="none", transform=sheet.inches)
        )
        if held[region]:
            parts.append((begin + part / 2, share(shares[region]), colour))
        begin += part
    widths = [text_width(text, SMALL) + 0.24 for _, text, _ in parts]
    starts: list[float] = []
    end = x
    for (middle, _, _), width in zip(parts, widths, strict=True):  # from the left
        starts.append(max(middle - width / 2, end))
        end = starts[-1] + width
    last = x + wide + 0.12
    for k in range(len(starts) - 1, -1, -1):  # and from the right
        starts[k] = last = min(starts[k], last - widths[k])
    for start, (_, text, colour) in zip(starts, parts, strict=True):
        sheet.key(start, y + _BAR + 0.15, colour, text, None, INK)
