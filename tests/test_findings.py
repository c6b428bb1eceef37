"""Errors, thirds, pairs, and the files of them: against plain loops and scipy, from made-up counts."""

from __future__ import annotations

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import f1_score, precision_score, recall_score

from dbce.scores import records
from dbce.scores.evidence import read_evidence
from dbce.scores.findings import SIZES, find, row_title, scene_scores, thirds
from dbce.scores.findings_tables import findings_markdown, findings_summary, read_findings, write_findings
from dbce.scores.tallies import Scenes, Tally
from dbce.study.figures import reliability_diagram, threshold_curves
from dbce.tasks import TASKS
from dbce.train.checkpoints import manifest

COUNT = 45


def made_up(seeds: int = 1, empty: bool = False) -> tuple[Scenes, list[Tally]]:
    """Images alone in their groups; the four losses and the corrected twin, from random curves over the threshold."""
    rng = np.random.default_rng(2)
    area = rng.integers(300, 5000, (COUNT, 1))
    if empty:
        area[7] = 0
    names = tuple(f"n{k}" for k in range(COUNT))
    scenes = Scenes("polyp", names, names, area, np.full(COUNT, 20_000))
    tallies = []
    for loss, prior, skill in (
        ("ce", "trained", 0.75),
        ("bce", "trained", 0.9),
        ("bce", "corrected", 0.74),
        ("dice_ce", "trained", 0.8),
        ("dbce", "trained", 0.85),
    ):
        for seed in range(seeds):
            falling = np.sort(rng.beta(skill * 20, (1 - skill) * 20, (COUNT, 99)), axis=1)[:, ::-1]
            reach = np.stack(
                [(falling * part).astype(np.int64) for part in (area, area * 0.3, area * 0.1)], axis=1
            )  # (S, 3, 99)
            at_half = reach[:, :, 49]
            counts = np.stack([area[:, 0] - at_half[:, 0], at_half[:, 1], at_half[:, 2]], axis=1)[:, None]
            band = np.stack([at_half[:, :1], area + at_half[:, :1]], axis=-1)
            outline = np.stack([rng.random((COUNT, 1)), rng.integers(1, 40, (COUNT, 1)).astype(float)], axis=-1)
            outline[3, 0] = (0, np.inf)
            count = rng.integers(1, 50, (COUNT, 10)).astype(float)
            bins = np.stack([count, count * (np.arange(10) + 0.5) / 10, rng.binomial(count.astype(int), 0.5)], axis=2)
            tallies.append(Tally(loss, seed, prior, counts, band, outline, bins, rng.random(COUNT) * 900, reach))
    return scenes, tallies


def test_scores_of_an_image_are_scikit_learns():
    scenes, tallies = made_up()
    got = scene_scores(scenes, tallies[0])
    for k in (0, 20):
        missed, rim, far = tallies[0].counts[k, 0]
        hit = scenes.area[k, 0] - missed
        true = np.repeat([1, 1, 0, 0], [hit, missed, rim + far, 1000])
        said = np.repeat([1, 0, 1, 0], [hit, missed, rim + far, 1000])
        assert got["dice"][k, 0] == pytest.approx(f1_score(true, said))
        assert got["precision"][k, 0] == pytest.approx(precision_score(true, said))
        assert got["recall"][k, 0] == pytest.approx(recall_score(true, said))


def test_errors_are_pooled_over_pixels_and_taken_of_the_median_image():
    scenes, tallies = made_up(empty=True)
    found = find(scenes, tallies, draws=200)["rows"]["ce"]
    there = scenes.area[:, 0] > 0
    for k, kind in enumerate(("missed", "rim", "far")):
        wrong = tallies[0].counts[:, 0, k]
        assert found[f"pooled_{kind}"][0] == pytest.approx(100 * wrong.sum() / scenes.area.sum(), abs=1e-3)
        assert found["median"][kind] == pytest.approx(np.median(100 * wrong[there] / scenes.area[there, 0]), abs=0.01)
    assert found["hd95"] == pytest.approx(np.median(tallies[0].outline[:, 0, 1]), abs=0.01)
    assert found["hd95_none"] == pytest.approx(100 / COUNT, abs=0.01)


def test_a_pair_is_scipys_paired_bootstrap():
    scenes, tallies = made_up()
    mean, low, high = find(scenes, tallies)["pairs"]["dice"]["dbce|ce"]
    difference = 100 * (scene_scores(scenes, tallies[4])["dice"] - scene_scores(scenes, tallies[0])["dice"])[:, 0]
    theirs = stats.bootstrap((difference,), np.mean, n_resamples=10_000, method="percentile", rng=3).confidence_interval
    assert mean == pytest.approx(difference.mean(), abs=1e-3)
    assert (low, high) == pytest.approx((theirs.low, theirs.high), abs=0.1)


def test_a_pair_turned_around_has_the_other_sign():
    scenes, tallies = made_up()
    for quantity in find(scenes, tallies, draws=300)["pairs"].values():
        assert set(quantity) >= {"ce|dbce", "dbce|ce", "bce_corrected|bce"}
        mean, low, high = quantity["ce|dbce"]
        assert quantity["dbce|ce"] == pytest.approx([-mean, -high, -low])


def test_thirds_hold_a_third_of_the_objects_each_and_only_their_images():
    scenes, tallies = made_up(empty=True)
    third, bounds = thirds(scenes)
    assert third[7, 0] == -1 and np.bincount(third[third >= 0]).tolist() in ([15, 14, 15], [15, 15, 14], [14, 15, 15])
    order = np.argsort(scenes.area[:, 0], kind="stable")[1:]  # without the empty one
    assert (np.diff(third[order, 0]) >= 0).all()
    share = scenes.area[:, 0] / 20_000
    assert bounds == pytest.approx(np.quantile(share[share > 0], [1 / 3, 2 / 3]))
    found = find(scenes, tallies, draws=200)
    dice = 100 * scene_scores(scenes, tallies[0])["dice"]
    for k, size in enumerate(SIZES):
        assert found["rows"]["ce"][f"dice_{size}"][0] == pytest.approx(dice[third == k].mean(), abs=1e-3)


def test_several_seeds_widen_a_pair():
    scenes, tallies = made_up(seeds=3)
    shifted = [t for t in tallies if t.seed == 0]
    wide = find(scenes, tallies, draws=2000)
    assert wide["rows"]["ce"]["seeds"] == [0, 1, 2]
    assert find(scenes, shifted, draws=2000)["rows"]["ce"]["seeds"] == [0]
    dice = [100 * scene_scores(scenes, t)["dice"].mean() for t in tallies if t.loss == "ce"]
    assert wide["rows"]["ce"]["dice"][0] == pytest.approx(np.mean(dice), abs=1e-3)


def test_the_corrected_twin_has_a_row_and_a_name():
    assert list(find(*made_up(), draws=50)["rows"]) == ["ce", "bce", "bce_corrected", "dice_ce", "dbce"]
    assert row_title("bce_corrected") == "Balanced CE, prior corrected" and row_title("mine") == "mine"


# --- files --------------------------------------------------------------------------------------------------


def test_every_score_follows_from_the_file_of_images(tmp_path):
    scenes, tallies = made_up()
    path = records.write_images(scenes, tallies, "CVC", 20, tmp_path)
    back = records.read_images("polyp", tmp_path)
    assert path.read_text().count("\n") == 1 and back["names"] == list(scenes.names)
    network = next(n for n in back["networks"] if n["loss"] == "dbce")
    area, missed = np.array(back["area"]), np.array(network["missed"])
    wrong = np.array(network["rim"]) + np.array(network["far"])
    dice = 2 * (area - missed) / (2 * area - missed + wrong)
    np.testing.assert_allclose(dice, scene_scores(scenes, tallies[4])["dice"][:, 0])
    assert network["hd95"][3] is None and network["surface"][0] == round(1000 * tallies[4].outline[0, 0, 0])
    assert back["groups"] == list(range(COUNT)) and [n["prior"] for n in back["networks"]].count("corrected") == 1


@pytest.fixture
def curves(tmp_path) -> dict:
    scenes, tallies = made_up(seeds=2, empty=True)
    found = find(scenes, tallies, draws=200)
    records.write_calibration(scenes, tallies, found, {"bce": (0.8, 0.2)}, "CVC", tmp_path, draws=200)
    return records.read_calibration("polyp", tmp_path)


def test_curves_at_every_threshold(curves):
    scenes, tallies = made_up(seeds=2, empty=True)
    mine = [t for t in tallies if t.loss == "dice_ce"]
    for index in (0, 30, 98):
        dice, rim = [], []
        for t in mine:
            for k in range(COUNT):
                hit, near, far = t.reach[k, :, index]
                area = scenes.area[k, 0]
                dice.append(1.0 if area == hit + near + far == 0 else 2 * hit / (hit + near + far + area))
                rim += [near / area] if area else []
        row = curves["rows"]["dice_ce"]
        assert row["dice"][index] == pytest.approx(100 * np.mean(dice), abs=0.006)
        assert row["rim_fp"][index] == pytest.approx(100 * np.mean(rim), abs=0.006)
    assert len(curves["thresholds"]) == 99 and curves["thresholds"][49] == 0.5
    assert curves["shift"] == {"bce": pytest.approx(np.log(4), abs=1e-4)}
    assert curves["rows"]["ce"]["seeds"] == [0, 1]


def test_pairs_at_a_threshold_agree_with_the_findings_at_one_half(curves):
    scenes, tallies = made_up(seeds=2, empty=True)
    found = find(scenes, tallies, draws=200)["pairs"]["dice"]
    for pair, rows in curves["pairs"].items():
        assert rows[49] == pytest.approx(found[pair], abs=0.011)  # two decimals
    assert curves["gaps"]["ce|dbce"] == find(scenes, tallies, draws=200)["pairs"]["gap"]["ce|dbce"]


def test_figures_are_drawn_of_the_file(curves):
    names = {row: row_title(row) for row in curves["rows"]}
    diagram = reliability_diagram(curves, names)
    lines = diagram.axes[0].get_lines()
    np.testing.assert_allclose(lines[1].get_ydata(), curves["rows"]["ce"]["reliability"]["y"])
    dice = threshold_curves(curves, names).axes[0].get_lines()
    np.testing.assert_allclose(dice[2].get_ydata(), curves["rows"]["bce_corrected"]["dice"])
    with pytest.raises(ValueError, match="organs has several classes"):
        threshold_curves({**curves, "task": "organs", "thresholds": []}, names)


@pytest.mark.parametrize("content", ["", "[]", "{}", "{"])
def test_damaged_files_get_a_sentence_and_none_is_none(tmp_path, content):
    readers = {
        records.images_file: records.read_images,
        records.calibration_file: records.read_calibration,
        lambda task, folder: folder / task / "findings.json": read_findings,
    }
    for place, read in readers.items():
        assert read("polyp", tmp_path) is None
        path = place("polyp", tmp_path)
        path.parent.mkdir(exist_ok=True)
        path.write_text(content)
        with pytest.raises(ValueError, match="is damaged"):
            read("polyp", tmp_path)


def test_findings_come_back_and_are_json_of_numbers(tmp_path):
    found = find(*made_up(), draws=50)
    path = write_findings("polyp", found, "CVC", tmp_path)
    assert read_findings("polyp", tmp_path) == {**json.loads(json.dumps(found)), "test_data": "CVC"}
    assert "NaN" not in path.read_text() and "Infinity" not in path.read_text()


# --- what is bundled ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("task", TASKS)
def test_the_bundled_files_hold_the_scores_of_the_manifest(task):
    """Dice counted from the pixels of every image is the mean that the evaluation recorded."""
    images, found, curves = records.read_images(task), read_findings(task), records.read_calibration(task)
    area = np.array(images["area"])
    for loss, entry in manifest(task).items():
        (one,) = [n for n in images["networks"] if (n["loss"], n["prior"]) == (loss, "trained")]
        missed, wrong = np.array(one["missed"]), np.array(one["rim"]) + np.array(one["far"])
        dice = 2 * (area - missed) / np.maximum(2 * area - missed + wrong, 1)
        dice[(area == 0) & (wrong == 0)] = 1
        assert 100 * dice.mean() == pytest.approx(entry["scores"]["dice"], abs=0.006)
        assert found["rows"][loss]["dice"][0] == pytest.approx(entry["scores"]["dice"], abs=0.006)
        assert curves["rows"][loss]["gap"] == found["rows"][loss]["gap"]
    assert len(images["names"]) == found["scenes"] == len(images["groups"])
    assert len(findings_markdown(task).split("\n\n")[0].splitlines()) == 4  # the verdict


def test_the_summary_for_the_page_is_what_the_files_say():
    polyp, lesion = findings_summary("polyp"), findings_summary("lesion")
    rows = {row["row"]: row for row in polyp["rows"]}
    three = read_evidence("polyp")
    assert rows["dbce"]["trainings"] == 3 and rows["bce_corrected"]["trainings"] == 1
    assert rows["dbce"]["values"]["dice"] == pytest.approx(three["losses"]["dbce"]["mean"]["dice"], abs=0.006)
    assert rows["ce"]["std"]["recall"] == three["losses"]["ce"]["std"]["recall"]
    assert rows["ce"]["against"][0] == pytest.approx(three["differences"]["ce"]["mean"], abs=0.006)
    assert rows["ce"]["shown"] == ["surface_dice", "gap", "brier"] and rows["bce_corrected"]["shown"] == []
    low, high = rows["ce"]["against"][1:]
    assert low < three["differences"]["ce"]["low"] and high > three["differences"]["ce"]["high"]  # seeds widen it
    assert rows["dbce"]["against"] is None and rows["bce_corrected"]["against"] is None
    assert {key: row["marks"]["dice"] for key, row in rows.items() if row["marks"]["dice"]} == {
        "dice_ce": "shaded",
        "dbce": "shaded",
    }
    assert all(row["against"] is None and not any(row["marks"].values()) for row in lesion["rows"])  # one training
    assert lesion["heading"] == "One training a loss" and lesion["note"].startswith("Nothing is marked")
    assert [len(sentence["text"]) > 20 for sentence in polyp["verdict"]] == [True] * 4
    json.dumps(polyp, allow_nan=False)


def test_nothing_measured_has_no_summary_and_a_sentence(tmp_path):
    assert findings_summary("polyp", tmp_path) is None
    with pytest.raises(ValueError, match="no checkpoints are bundled"):
        findings_markdown("polyp", tmp_path)
