"""Which number of a column may be printed bold, and which rows cannot be told from the best."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

BOLD, SHADED, PLAIN = "bold", "shaded", ""
"""Better than every other row beyond chance; the best, or not to be told from it; neither."""

MARKS_MEAN = "Bold: better than every other row beyond chance. ○: the best, and what is not to be told from it."
"""What is said below a table with marks."""

SHADES_MEAN = MARKS_MEAN.replace("○", "Shaded")
"""The same where there is colour: on the page."""


def mark_rows(
    values: Mapping[str, float], pairs: Mapping[str, Sequence[float | None]], higher: bool, seeds: int
) -> dict[str, str]:
    """How to mark each row of a column.

    The best row is bold only if its paired interval against every other row excludes 0 on the right side; otherwise it
    is shaded with every row from which it cannot be told. Where an interval is missing, or losses were trained once, so
    that no interval knows of the chance of training, nothing is marked.

    Args:
        values: by row.
        pairs: by ``"a|b"``, a minus b as [value, low, high].
        higher: whether more is better.
        seeds: trainings of each loss, the fewest of any row.

    Returns:
        By row one of `BOLD`, `SHADED` and `PLAIN`.
    """
    plain = dict.fromkeys(values, PLAIN)
    if seeds < 2 or len(values) < 2:
        return plain
    best = max(values, key=lambda row: values[row] if higher else -values[row])
    alike = [best]
    for other in values.keys() - {best}:
        three = pairs.get(f"{best}|{other}")
        if three is None or None in three:
            return plain
        _, low, high = three
        if not ((low or 0) > 0 if higher else (high or 0) < 0):
            alike.append(other)
    if alike == [best]:
        return {**plain, best: BOLD}
    return {**plain, **dict.fromkeys(alike, SHADED)}


def marked(text: str, mark: str) -> str:
    """A cell in Markdown: bold, or with a circle for what a page shades."""
    return f"**{text}**" if mark == BOLD else f"{text} ○" if mark == SHADED else text
