"""What the page's Set tab is given: counts from which the scores of the bundled networks follow."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import numpy as np
import pytest

from dbce.page import fields, page, serving
from dbce.scores.set_summary import set_summary
from dbce.study.predictor import Predictor
from dbce.tasks import TASKS
from dbce.train import checkpoints
from dbce.weightings import WEIGHTINGS
from tests.small import drawn, written


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


def cvc() -> Path:
    if "DBCE_DATA" not in os.environ:
        assert "CI" not in os.environ, "CI must set DBCE_DATA"
        pytest.skip("set DBCE_DATA to a folder that holds CVC-ClinicDB")
    return Path(os.environ["DBCE_DATA"]) / "CVC-ClinicDB"


def test_an_image_of_the_set_opens_beside_the_examples_and_is_the_one_that_was_counted():
    folder, summary = cvc(), set_summary("polyp")
    offer = page.Offer(Predictor(checkpoints.bundled("polyp"), "polyp"), set=summary)
    (offer,) = serving.with_pictures([offer], [str(folder)])
    studio = page.studio_of(offer.predictor, pictures=offer.pictures)
    number = summary["names"].index("478")
    answer = studio.open_study(json.dumps({"example": len(studio.examples) + number}))
    assert "478" in json.loads(answer["scene"])["title"]
    study = studio._requested({"example": len(studio.examples) + number}).study
    assert (study.labels == 1).sum() == summary["area"][number]
    for each in summary["networks"]:
        if each["prior"] == "trained":
            got = study.errors(each["loss"], summary["radius"])
            assert got == pytest.approx({part: each[part][number] for part in ("rim", "far", "missed")}, abs=8)
    assert "Choose one of" in studio.open_study(json.dumps({"example": len(studio.examples) + 612}))["error"]


def test_a_folder_that_is_not_the_test_set_is_refused_before_the_page_starts(tmp_path):
    offer = page.Offer(None, set=set_summary("polyp"))
    written(drawn(3), tmp_path)
    with pytest.raises(ValueError, match=r"does not hold all images of CVC-ClinicDB \(612 images\); name the folder"):
        serving.with_pictures([offer], [str(tmp_path)])
    with pytest.raises(ValueError, match="any set measured"):
        serving.with_pictures([page.Offer(None)], [str(tmp_path)])
