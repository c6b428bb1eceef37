"""What is said of the curves of a test set, against the numbers that it is said of."""

from __future__ import annotations

import math
import re

import pytest

from dbce.scores.curves import curves_summary
from dbce.scores.findings import row_title
from dbce.scores.findings_tables import findings_summary, read_findings
from dbce.scores.records import read_calibration
from dbce.scores.resampling import Interval
from dbce.scores.verdict import signed, spanned
from dbce.tasks import TASKS
from tests.test_verdict import AHEAD, BEHIND, LONG, ROWS, SHORT, SIGNS, UNSURE, found

THRESHOLDS = [round(k / 100, 2) for k in range(1, 100)]


def curves(task: str = "polyp", pairs: dict | None = None, seeds: int = 1) -> dict:
    several = TASKS[task].several
    return {
        "task": task,
        "test_data": "CVC",
        "scenes": 612,
        "thresholds": [] if several else THRESHOLDS,
        "shift": {"bce": math.log(3)},
        "rows": {key: {"seeds": list(range(seeds))} for key in ROWS},
        "pairs": pairs or {},
    }


@pytest.mark.parametrize("sign", SIGNS)
def test_the_title_of_the_threshold_refuses_what_is_chance(sign):
    made = found(dice__bce=70.0, dice__bce_corrected=70.0 + sign[0], dice__bce_corrected_vs_bce=sign)
    said = curves_summary(made, curves(), LONG)
    title = said["dice"]["said"]
    assert ("is not to be told from chance" in title) == (sign == UNSURE)
    assert title.startswith("Balanced CE gains") == (sign == AHEAD)
    assert title.startswith("Balanced CE loses") == (sign == BEHIND)
    assert spanned(Interval(*sign)) in title and f"{abs(sign[0]):.1f} points" in title and "0.75" in title
    assert said["prior"]["bce"] == pytest.approx(0.75) and said["classes"] is None


def test_stretches_of_thresholds_are_those_whose_interval_is_beyond_chance():
    three = [UNSURE if t < 0.2 or 0.49 < t < 0.6 else AHEAD if t < 0.9 else BEHIND for t in THRESHOLDS]
    note = curves_summary(found(), curves(pairs={"dbce|ce": [list(t) for t in three]}), LONG)["dice"]["note"]
    part = re.search(r"beside CE: ([^;.]*(?:\.\d[^;.]*)*)\.", note)[1]
    stretches = [(float(a), float(b)) for a, b in re.findall(r"from (0\.\d\d) to (0\.\d\d)", part)]
    assert stretches == [(0.2, 0.49), (0.6, 0.89), (0.9, 0.99)]
    assert part.startswith("not to be told apart at 0.50, ahead from") and "behind from 0.90" in part
    assert "another training may differ" in note and "29 sequences" in note
    assert note.endswith("chosen on these very images, so its Dice flatters.")
    more = curves_summary(found(3), curves(pairs={"dbce|ce": [list(AHEAD)] * 99}, seeds=3), LONG)["dice"]["note"]
    assert "3 trainings each" in more and "may differ" not in more and "beside Dice" not in more


@pytest.mark.parametrize("beyond", [set(), {"ce"}, {"ce", "bce", "bce_corrected", "dice_ce"}])
def test_the_title_of_the_diagram_tells_apart_what_the_intervals_do(beyond):
    gaps = dict(zip(ROWS, (5.0, 14.0, 6.0, 13.0, 3.0), strict=True))
    changes = {f"gap__{key}": gap for key, gap in gaps.items()}
    changes |= {f"gap__{key}_vs_dbce": AHEAD if key in beyond else UNSURE for key in ROWS if key != "dbce"}
    title = curves_summary(found(**changes), curves(), LONG)["reliability"]["said"]
    further = title.partition("further off: ")[2]
    assert {key for key in ROWS if f"{row_title(key)} ({gaps[key]:.1f})" in further} == beyond
    assert ("is not to be told: Dilated balanced CE" in title) == (not beyond)
    assert ("closest to the truth, off by 3.0 points" in title) == bool(beyond)


def test_several_classes_have_no_threshold_and_it_is_said_why():
    classes = {name: 50.0 for name in TASKS["organs"].classes[1:]}
    made = found(task="organs", dice__bce=70.4, dice__bce_corrected=88.4, dice__bce_corrected_vs_bce=(18.0, 17.1, 18.8))
    for row in made["rows"].values():
        row["classes"] = dict(classes)
    made["rows"]["ce"]["classes"]["pancreas"] = 0.0
    said = curves_summary(made, curves("organs"), SHORT)
    assert said["dice"] is None and said["prior"] == {}
    assert "+18.0 points of Dice, from 70.4 to 88.4 % (95 % +17.1 to +18.8)" in said["classes"]["said"]
    assert "no curve over the threshold: with 9 classes" in said["classes"]["note"]
    assert said["classes"]["names"] == list(classes) and said["classes"]["rows"]["bce"] == [50.0] * 8
    assert "CE had not converged, as said above" in said["reliability"]["said"]
    assert "confidence" in said["reliability"]["axis"]


@pytest.mark.parametrize("task", TASKS)
def test_what_is_bundled_is_said_with_its_own_numbers(task):
    summary, measured, gaps = findings_summary(task), read_findings(task), read_calibration(task)["rows"]
    said = summary["curves"]
    change = Interval(*measured["pairs"]["dice"]["bce_corrected|bce"])
    title = (said["dice"] or said["classes"])["said"]
    assert (
        spanned(change) in title and f"{abs(change.mean):.1f}" in title and (change.beyond_chance or "chance" in title)
    )
    for key, row in gaps.items():
        assert f"{row['gap'][0]:.1f}" in said["reliability"]["said"]
        assert said["row_titles"][key] in said["reliability"]["said"]
    for row in summary["rows"]:
        three = row["against"]
        assert row["ahead"].startswith(signed(three[0]) if three else ("the row" if row["row"] == "dbce" else ""))
