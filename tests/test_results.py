"""The table of the Results tab and its sentences, from manifests with known numbers."""

from __future__ import annotations

import pytest

from dbce.scores.evaluation import columns
from dbce.scores.results import differences, radius_file, radius_markdown, read_radius, summary, write_radius
from dbce.tasks import TASKS

POLYP = list(columns("polyp"))
RECIPE = {
    "encoder": "mobilenet_v2",
    "epochs": 25,
    "images": 1000,
    "data": "Kvasir-SEG",
    "size": 224,
    "batch_size": 16,
    "seed": 7,
}


def manifest(scores):
    return {
        loss: {
            "scores": dict(zip(("dice", "iou", "precision", "recall"), row, strict=True)),
            "recipe": RECIPE,
            "test_data": "CVC",
        }
        for loss, row in scores.items()
    }


def test_rows_hold_our_numbers_beside_the_papers():
    ours = {loss: [value - 5 for value in row] for loss, row in TASKS["polyp"].paper.items()}
    result = summary("polyp", manifest(ours))
    assert [row["loss"] for row in result["rows"]] == list(ours)
    for row in result["rows"]:
        assert row["ours"] == ours[row["loss"]] and row["paper"] == list(TASKS["polyp"].paper[row["loss"]])
    assert "seed 7" in result["setting"] and "25 epochs" in result["setting"]
    assert "--epochs 25 --seed 7" in result["commands"]["train"] and result["commands"]["evaluate"].endswith("CVC")


def test_sentences_say_what_is_the_same():
    same = differences(
        {loss: [value - 5 for value in row] for loss, row in TASKS["polyp"].paper.items()}, TASKS["polyp"].paper, POLYP
    )
    assert "the same as in the paper" in same[0]
    assert "Balanced CE has both" in same[1]
    assert "+1.0 points of Dice here, +1.0 in the paper" in same[2]
    assert "5.0 to 5.0 points below" in same[3]


def test_sentences_say_what_differs():
    ours = {"ce": [90, 80, 70, 95], "bce": [89, 80, 75, 90], "dice_ce": [80, 70, 80, 80], "dbce": [85, 80, 90, 85]}
    sentences = differences(ours, TASKS["polyp"].paper, POLYP)
    assert sentences[0].startswith("Order by Dice here: CE 90.0, Balanced CE 89.0")
    assert "in the paper: Dilated balanced CE 87.4" in sentences[0]
    assert "does not have both" in sentences[1]
    assert "\u22125.0 points of Dice here" in sentences[2]
    assert "below" not in sentences[3]


def test_sentences_for_organs_name_what_balancing_costs():
    names = list(columns("organs"))
    ours = {loss: [90.0] * 10 for loss in TASKS["organs"].paper}
    ours["bce"] = [80.0, 70, 90, 90, 90, 90, 90, 60, 90, 90]
    ours["dbce"] = [91.0] + [90.0] * 9
    said = differences(ours, TASKS["organs"].paper, names)
    assert "\u221210.0 points of Dice, at worst \u221230.0 at the pancreas" in said[1]
    assert "in the paper: \u221216.1 points of Dice, at worst \u221229.6 at the aorta" in said[2]
    assert "+1.0 points of Dice here, +0.6 in the paper" in said[3]
    ours["ce"] = [70.0, 60, 90, 0.4, 90, 90, 90, 0.0, 90, 90]
    assert any(
        "CE found next to nothing of gallbladder and pancreas" in sentence
        for sentence in differences(ours, TASKS["organs"].paper, names)
    )
    assert not any("next to nothing" in sentence for sentence in said)
    assert not any("below the paper" in sentence for sentence in said)  # phantoms are not patients


def test_a_network_that_had_not_converged_is_named_beside_every_difference_to_it():
    scores = {name: 90.0 for name in columns("organs")}
    recipe = {**RECIPE, "data": "CT-phantoms"}
    entries = {loss: {"scores": dict(scores), "recipe": recipe, "test_data": "x"} for loss in TASKS["organs"].paper}
    entries["ce"]["scores"] |= {"dice": 66.2, "gallbladder": 0.0, "pancreas": 0.0}
    row = {
        "seeds": [0],
        "mean": {"dice": 90.0, "band_dice": 1.0, "rim_fp": 1.0},
        "std": dict.fromkeys(("dice", "band_dice", "rim_fp")),
    }
    change = {"seeds": [0], "mean": 23.8, "low": None, "high": None}
    measured = {"losses": {"ce": row, "dbce": row}, "differences": {"ce": change}, "images": 12, "groups": 12}
    said = [line for line in summary("organs", entries, measured)["differences"] if "23.8 points" in line]
    assert len(said) == 3 and all("CE had not converged" in line or "because it had not" in line for line in said)
    assert sum("scores 0.00 on gallbladder and pancreas" in line for line in said) == 1
    assert summary("organs", entries, measured)["remarks"] == {"ce": "not converged in 25 epochs"}
    long = {loss: {**entry, "recipe": {**recipe, "epochs": 300}} for loss, entry in entries.items()}
    assert summary("organs", long)["remarks"] == {}, "as long as the paper's: what it lacks is not for want of epochs"
    below = summary("organs", entries, measured, told=True)["differences"]
    assert not any("0.00" in line or "next to nothing" in line for line in below)
    assert sum("CE had not converged, as said above" in line for line in below) == 2
    assert not any("one training each" in line for line in below), (
        "the verdict says that, with intervals if there are any"
    )


@pytest.mark.parametrize("task", ["lesion", "organs"])
def test_the_other_tasks_name_their_table_and_what_cannot_be_compared(task):
    scores = dict.fromkeys(columns(task), 50.0)
    recipe = {**RECIPE, "data": {"lesion": "ISIC2018", "organs": "CT-phantoms"}[task]}
    entries = {loss: {"scores": scores, "recipe": recipe, "test_data": "x"} for loss in TASKS["organs"].paper}
    result = summary(task, entries)
    assert result["columns"] == list(columns(task).values())
    assert {"lesion": "Table 2", "organs": "Table 3"}[task] in result["title"]
    assert {"lesion": "not in our copy", "organs": "drawn phantoms"}[task] in result["setting"]
    assert (result["rows"][0]["paper"] is None) == (task == "lesion")


def test_what_the_paper_does_not_measure_stands_in_a_table_of_its_own():
    scores = {"dice": 80.0, "band_dice": 70.5, "rim_fp": 12.25}
    row = {"seeds": [0, 1], "mean": scores, "std": dict.fromkeys(scores, 0.5)}
    interval = {"seeds": [0, 1], "mean": 3.0, "low": 1.0, "high": 5.0}
    measured = {"losses": {"ce": row, "dbce": row}, "differences": {"ce": interval}, "images": 612, "groups": 29}
    measured["over"] = "images and seeds"
    result = summary("polyp", manifest(TASKS["polyp"].paper), measured)
    assert result["more"]["rows"][0] == ["CE", "80.00 ± 0.50", "70.50 ± 0.50", "12.25 ± 0.50"]
    assert "2 seeds" in result["more"]["title"] and len(result["more"]["columns"]) == 3
    assert any(
        "+3.0 points of Dice (95 % interval +1.0 to +5.0, 2 trainings each)" in said for said in result["differences"]
    )
    assert "29 video sequences" in result["how"]
    assert "evidence polyp" in result["commands"]["evidence"]
    plain = summary("polyp", manifest(TASKS["polyp"].paper))
    assert plain["more"] is None and plain["commands"]["evidence"] is None


def test_sentences_are_about_the_means_where_there_are_several_seeds():
    others = {"recall": 91.0, "band_dice": 70.0, "rim_fp": 10.0}

    def measured(seeds):
        rows = {
            loss: {"seeds": seeds, "mean": {**others, "dice": dice}, "std": {**others, "dice": 0.5}}
            for loss, dice in {"ce": 80.0, "bce": 70.0, "dice_ce": 90.0, "dbce": 85.0}.items()
        }
        return {"losses": rows, "differences": {}, "images": 612, "groups": 29}

    one, three = (summary("polyp", manifest(TASKS["polyp"].paper), measured(seeds)) for seeds in ([0], [0, 1, 2]))
    assert "the same as in the paper" in one["differences"][0]
    assert three["differences"][0].startswith("Order by Dice here: Dice + CE 90.0, Dilated balanced CE 85.0, CE 80.0")
    assert any("means over 3 seeds" in said for said in three["differences"])
    assert one["rows"] == three["rows"]  # the table of the networks that the page shows


@pytest.mark.parametrize("paper", [{}, {"ce": (1.0, 1.0, 1.0, 1.0)}])
def test_without_the_papers_numbers_only_the_order_is_stated(paper):
    ours = {"ce": [50.0, 40, 60, 70], "dbce": [60.0, 50, 60, 70]}
    assert differences(ours, paper, POLYP) == ["Order by Dice here: Dilated balanced CE 60.0, CE 50.0."]


def test_a_radius_curve_comes_back_sorted_and_with_its_command(tmp_path):
    (tmp_path / "polyp").mkdir()
    assert read_radius("polyp", tmp_path) is None
    points = [{"radius": r, "dice": 80.126 + r, "iou": 70, "precision": 60, "recall": 50} for r in (20, 0, 5)]
    recipe = {**RECIPE, "loss": "dbce", "radius": 20, "weight_decay": 1e-4}
    write_radius("polyp", points, recipe, "CVC", "short run", tmp_path)
    result = read_radius("polyp", tmp_path)
    assert [point["radius"] for point in result["points"]] == [0, 5, 20]
    assert result["points"][0]["dice"] == 80.13
    assert result["label"] == "short run" and "radius" not in result["recipe"]
    assert "--radius R" in result["command"] and "tested on CVC" in result["setting"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"points": []}', '{"points": [{"radius": 1}]}'])
def test_a_damaged_radius_file_gets_a_sentence(tmp_path, content):
    (tmp_path / "polyp").mkdir()
    radius_file("polyp", tmp_path).write_text(content)
    with pytest.raises(ValueError, match="is damaged"):
        read_radius("polyp", tmp_path)


def test_the_curve_as_text():
    points = [{"radius": 0.0, "dice": 69.44}, {"radius": 20.0, "dice": 79.14}, {"radius": 150.0, "dice": 74.5}]
    curve = {"task": "polyp", "points": points, "label": "short run", "setting": "So.", "test_data": "CVC (2 images)"}
    lines = radius_markdown(curve).splitlines()
    assert lines[0] == "| R, px at 320 | 0 | 20 | 150 |" and lines[2] == "| mDice, short run | 69.4 | 79.1 | 74.5 |"
    assert lines[4].startswith("Fig. 5, one run a radius: So.") and "--data CVC`" in lines[4]
