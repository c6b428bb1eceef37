"""What the page's Set tab is given: counts from which the scores of the bundled networks follow."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pytest

from dbce.page import fields
from dbce.scores.set_summary import set_summary
from dbce.tasks import TASKS
from dbce.train import checkpoints
from dbce.weightings import WEIGHTINGS


@pytest.mark.parametrize("task", ["polyp", "lesion"])
def test_the_mean_of_what_it_holds_is_the_score_of_the_bundled_network(task):
    summary, entries = set_summary(task), checkpoints.manifest(task)
    assert summary["command"].split()[-1] in summary["test_data"]
    assert {each["loss"] for each in summary["networks"]} == set(entries)
    area = np.array(summary["area"])
    for each in summary["networks"]:
        if each["prior"] == "corrected":
            continue
        missed, rim, far = (np.array(each[name]) for name in ("missed", "rim", "far"))
        hit = area - missed
        dice = 100 * np.mean(2 * hit / np.maximum(2 * hit + missed + rim + far, 1))
        assert dice == pytest.approx(entries[each["loss"]]["scores"]["dice"], abs=0.006)


def test_there_is_none_of_scans_with_several_organs_and_none_where_nothing_was_measured(tmp_path):
    assert set_summary("organs") is None
    (tmp_path / "polyp").mkdir()
    assert set_summary("polyp", tmp_path) is None


def test_a_page_without_one_has_no_such_tab():
    task = TASKS["polyp"]
    tabs = [
        [value for value, _ in fields.table(task, ["ce"], WEIGHTINGS, 8, has_set)[0]["choices"]]
        for has_set in (False, True)
    ]
    assert "set" not in tabs[0] and tabs[1] == ["anatomy", "compare", "set", "radius", "results"]


def test_it_travels_in_little():
    for task in ("polyp", "lesion"):
        assert len(gzip.compress(json.dumps(set_summary(task), separators=(",", ":")).encode())) < 30_000
