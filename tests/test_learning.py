"""How far losses had come at which epoch: logs put together, and sentences that follow from the numbers alone."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbce.__main__ import main
from dbce.registry import LOSSES
from dbce.scores import learning, learning_text
from dbce.scores.evaluation import NOTHING, validator
from dbce.tasks import TASKS
from dbce.train.run_files import read_log
from dbce.train.training import train
from tests import small
from tests.small import TINY

RECIPE = {"task": "polyp", "encoder": "e", "size": 64, "epochs": 30, "batch_size": 4, "lr": 0.1, "radius": 20.0}
ORGANS = TASKS["organs"].classes[1:]


def run_of(loss: str, dice: dict[int, float], seed: int = 0, trained: int = 30, **more: object) -> learning.Run:
    lines = [{"epoch": epoch, "loss": 1.0} for epoch in range(1, trained + 1)]
    classes = ORGANS if more.get("task") == "organs" else ()
    for epoch, value in dice.items():
        lines[epoch - 1]["validation"] = {"dice": value, **dict.fromkeys(classes, value)}
    return {**RECIPE, "loss": loss, "seed": seed, **more}, lines


def said_of(*runs: learning.Run) -> list[str]:
    return learning_text.learning_sentences({**learning.measure_learning(runs), "validated": "v"})


def test_seeds_are_averaged_where_all_of_them_were_validated():
    runs = [
        run_of("dbce", {10: 80.0, 20: 90.0}, trained=25),
        run_of("ce", {10: 50.0, 20: 60.0, 30: 70.0}),
        run_of("ce", {10: 40.0, 20: 61.0}, seed=1, trained=21),
    ]
    found = learning.measure_learning(runs)
    assert list(found["rows"]) == ["ce", "dbce"]
    assert found["rows"]["ce"] == {"seeds": [0, 1], "trained": 21, "epochs": [10, 20], "dice": [45.0, 60.5]}
    assert found["recipe"] == {key: RECIPE[key] for key in ("encoder", "size", "epochs", "batch_size", "lr")}


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([run_of("ce", {10: 1.0}), run_of("dbce", {10: 1.0}, task="organs")], "of organs and polyp"),
        ([run_of("ce", {10: 1.0}), run_of("dbce", {10: 1.0}, epochs=25)], "of 25 and of 30 epochs"),
        ([run_of("ce", {10: 1.0}), run_of("ce", {10: 2.0})], "two runs are ce, seed 0"),
    ],
)
def test_runs_that_cannot_stand_in_one_table_are_refused(runs, message):
    with pytest.raises(ValueError, match=message):
        learning.measure_learning(runs)


def test_the_distance_and_the_epochs_it_takes():
    ours = run_of("dbce", {10: 90.0, 20: 92.0, 30: 93.0})
    near = said_of(run_of("ce", {10: 45.0, 20: 89.0, 30: 92.5}), ours)
    assert near == [
        "Dilated balanced CE is 45.0 points of Dice ahead of CE after 10 epochs (90.0 and 45.0 %), 0.5 after 30 (93.0 "
        "and 92.5 %): most of the distance is that one learns sooner. CE needs 30 epochs for those 90.0 %."
    ]
    never = said_of(run_of("ce", {10: 45.0, 20: 50.0, 30: 60.0}), ours)[0]
    assert "33.0 after 30" in never and "sooner" not in never
    assert never.endswith("CE has not come to those 90.0 % in 30 epochs.")
    slow = said_of(run_of("ce", {10: 63.0, 20: 78.0, 30: 83.0}), ours)[0]  # more than half is gone, and yet
    assert "10.0 after 30" in slow and "sooner" not in slow and "has not come to" in slow
    behind = said_of(run_of("ce", {10: 97.0, 30: 96.0}), ours)[0]
    assert "7.0 points of Dice behind CE" in behind and "sooner" not in behind
    turned = said_of(run_of("ce", {10: 80.0, 30: 94.0}), ours)[0]
    assert "10.0 points of Dice ahead of CE after 10" in turned and "1.0 behind after 30" in turned
    behind = said_of(run_of("ce", {10: 91.0, 30: 94.0}), ours)[0]
    assert "1.0 points of Dice behind CE after 10" in behind and "needs" not in behind
    assert said_of(run_of("ce", {15: 91.0}), ours) == []  # never validated at the same epoch


@given(
    st.lists(st.floats(0, 100), min_size=3, max_size=3),
    st.lists(st.floats(0, 100), min_size=3, max_size=3),
)
def test_what_is_said_of_a_distance_follows_from_the_numbers_that_are_written(ours, theirs):
    """Read back from the sentence: differences are those of the written percentages, and no claim is against them."""
    epochs = (10, 20, 30)
    log_of_ours, log_of_theirs = (dict(zip(epochs, dice, strict=True)) for dice in (ours, theirs))
    (said,) = said_of(run_of("ce", log_of_theirs), run_of("dbce", log_of_ours))
    pairs = [tuple(map(float, pair)) for pair in re.findall(r"\(([\d.]+) and ([\d.]+) %\)", said)]
    points = [
        float(value) for value in re.findall(r"([\d.]+) points", said) + re.findall(r", ([\d.]+)[ \w]* after", said)
    ]
    assert len(pairs) == len(points) == 2
    assert points == pytest.approx([abs(a - b) for a, b in pairs], abs=0.051)
    first, last = (a - b for a, b in pairs)
    assert ("ahead of CE" in said) == (first >= 0)
    behind = theirs if first >= 0 else ours
    level = round(max(behind), 1) >= max(pairs[0])  # the one that is behind comes to where the other began
    smaller = abs(round(first, 1)) > 2 and abs(round(last, 1)) < abs(round(first, 1)) / 2
    assert ("sooner" in said) == (smaller and level)
    assert not (" behind after" in said and last > 0) and not (" ahead after" in said and last < 0)
    if found := re.search(r"needs (\d+) epochs", said):
        assert round(log_of_theirs[int(found[1])], 1) >= pairs[0][0] and first >= 0
        assert all(round(value, 1) < pairs[0][0] for epoch, value in log_of_theirs.items() if epoch < int(found[1]))
    if "has not come" in said:
        assert round(max(theirs), 1) < pairs[0][0]


def test_a_short_runs_difference_is_followed_by_what_a_longer_one_makes_of_it():
    runs = [run_of("dbce", {10: 90.04, 20: 93.0}), run_of("ce", {10: 45.0, 20: 93.5, 30: 94.0}, trained=30)]
    measured = {**learning.measure_learning(runs), "validated": "seven scans"}
    said = learning_text.longer_run(measured, "ce", 25)
    assert said == ": after 20 epochs of a training of 30 it is \u22120.5 (93.0 and 93.5 %, seven scans)"
    runs[0] = run_of("dbce", {30: 95.1})
    whole = {**learning.measure_learning(runs), "validated": "v"}
    assert learning_text.longer_run(whole, "ce", 25) == ": after 30 epochs it is +1.1 (95.1 and 94.0 %, v)"
    assert learning_text.longer_run(whole, "ce", 30) == learning_text.longer_run(whole, "bce", 25) == ""
    assert learning_text.longer_run(None, "ce", 25) == ""


@given(st.lists(st.lists(st.sampled_from([0.0, 0.5, 5.0, 80.0]), min_size=8, max_size=8), min_size=1, max_size=4))
def test_classes_that_come_late_are_named_with_the_epoch(rows):
    """Against a plain reading of the log: the last epoch up to which nothing was found of each."""
    epochs = list(range(10, 10 * len(rows) + 10, 10))
    recipe, lines = run_of("ce", dict.fromkeys(epochs, 50.0), trained=epochs[-1], task="organs", epochs=epochs[-1])
    for epoch, values in zip(epochs, rows, strict=True):
        lines[epoch - 1]["validation"] |= dict(zip(ORGANS, values, strict=True))
    said = " ".join(said_of((recipe, lines)))
    for k, name in enumerate(ORGANS):
        none = 0
        while none < len(rows) and rows[none][k] < NOTHING:
            none += 1
        assert (name in said) == (none > 0), said
        if none:
            part = next(part for part in said.split("nothing ")[1:] if name in part)
            assert f"after {epochs[none - 1]} epochs" in part
    never = any(all(row[k] < NOTHING for row in rows) for k in range(len(ORGANS)))
    assert ("it has" in said) == (bool(said) and not never)


def test_the_note_says_of_which_images_and_which_runs_go_on():
    runs = [run_of("ce", {10: 50.0}, trained=17), run_of("dbce", {10: 60.0})]
    measured = {**learning.measure_learning(runs), "validated": "seven scans"}
    note = learning_text.learning_note(measured)
    assert "on seven scans" in note and "30 epochs" in note and "one training each" in note
    assert note.endswith("with the epochs so far: CE (17).")
    whole = {**learning.measure_learning([*runs[1:], run_of("dbce", {10: 62.0}, seed=1)]), "validated": "v"}
    assert learning_text.learning_note(whole).endswith("; the mean over 2 trainings each.")


def test_the_command_reads_runs_that_go_on_and_runs_that_have_ended(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("DBCE_CHECKPOINTS", str(tmp_path / "networks"))
    kept, held = small.drawn(8, 320).hold_out(0.25)
    score = validator(held, "polyp", 64)
    for loss, stop in (("ce", None), ("dbce", 2)):
        folder, recipe = tmp_path / f"runs/{loss}", replace(TINY, loss=loss)
        train(recipe, kept.at(64), folder, validate=score, validate_every=1, stop_after=stop)
    train(replace(TINY, seed=1), kept.at(64), tmp_path / "runs/without")  # no validation: not read
    (tmp_path / "runs/ce/state.pt").unlink()  # as of a run that was packed away
    assert main(["learning", "polyp", "--runs", str(tmp_path / "runs"), "--on", "two drawings"]) == 0
    printed = capsys.readouterr().out
    found = learning.read_learning("polyp")
    assert {key: row["trained"] for key, row in found["rows"].items()} == {"ce": 3, "dbce": 2}
    for key, row in found["rows"].items():
        log = read_log(tmp_path / f"runs/{key}")
        assert row["dice"] == [line["validation"]["dice"] for line in log]
        assert all(f"{value:.1f}" in printed for value in row["dice"])
    assert learning_text.learning_markdown("polyp") in printed and "two drawings" in printed
    summary = learning_text.learning_summary("polyp")
    assert [row["loss"] for row in summary["rows"]] == ["ce", "dbce"] and summary["last"] == TINY.epochs
    assert main(["learning", "organs", "--runs", str(tmp_path / "runs"), "--on", "x"]) == 2
    assert "of polyp, not of organs" in capsys.readouterr().err
    (tmp_path / "runs/dbce/state.pt").unlink()
    assert main(["learning", "polyp", "--runs", str(tmp_path / "runs"), "--on", "x"]) == 2
    assert "neither a state nor a network" in capsys.readouterr().err
    assert main(["learning", "polyp", "--runs", str(tmp_path / "networks"), "--on", "x"]) == 2
    assert "--validate" in capsys.readouterr().err


@pytest.mark.parametrize("task", TASKS)
def test_what_is_stored_is_whole_and_names_no_folder(task):
    found = learning.read_learning(task)
    if found is None:
        assert learning_text.learning_summary(task) is None
        return
    assert "/" not in str(found["validated"]) and set(found["rows"]) <= set(LOSSES)
    for row in found["rows"].values():
        assert row["epochs"] == sorted(set(row["epochs"])) and row["epochs"][-1] <= row["trained"]
        assert set(row.get("classes", {})) == (set(ORGANS) if task == "organs" else set())
        for dice in row.get("classes", {}).values():
            assert len(dice) == len(row["epochs"]) and all(0 <= value <= 100 for value in dice)


def test_a_damaged_file_is_named(tmp_path):
    file = learning.learning_file("organs", tmp_path)
    file.parent.mkdir()
    file.write_text('{"recipe":{"epochs":3},"rows":{"ce":{"epochs":[1,2],"dice":[3]}}}')
    with pytest.raises(ValueError, match=r"learning\.json is damaged"):
        learning.read_learning("organs", tmp_path)
    assert learning_text.learning_summary("polyp", tmp_path) is None
