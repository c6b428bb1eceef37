"""No sentence contradicts its numbers: every rule over a grid of signs and intervals."""

from __future__ import annotations

import itertools

import pytest

from dbce.scores.findings_tables import errors_table, scores_table, sizes_table
from dbce.scores.marks import BOLD, PLAIN, SHADED, mark_rows, marked
from dbce.scores.resampling import Interval
from dbce.scores.verdict import (
    SAME,
    Sentence,
    against,
    balanced,
    calibration_sentence,
    errors_sentence,
    signed,
    sizes_sentence,
    spanned,
    verdict,
)

BEHIND, UNSURE, AHEAD = (-3.0, -4.0, -2.0), (0.5, -1.0, 2.0), (3.0, 2.0, 4.0)
SIGNS = (BEHIND, UNSURE, AHEAD)
SHORT, LONG = {"epochs": 25}, {"epochs": 600}
ROWS = ("ce", "bce", "bce_corrected", "dice_ce", "dbce")


def found(seeds: int = 1, task: str = "polyp", classes: dict | None = None, **changes) -> dict:
    """Findings in which every number is 50 and every pair beyond chance, but for ``quantity__row`` and pairs given."""
    names = ("dice", "precision", "recall", "band_dice", "surface_dice", "rim_fp", "gap", "brier")
    names += ("dice_small", "dice_middle", "dice_large", "pooled_missed", "pooled_rim", "pooled_far")
    rows = {
        key: {
            **{name: [50.0, 40.0, 60.0] for name in names},
            "seeds": list(range(seeds)),
            "median": {"missed": 1.0, "rim": 2.0, "far": 3.0},
            "hd95": 4.0,
            "hd95_none": 1.0,
        }
        for key in ROWS
    }
    pairs = {name: {f"{a}|{b}": list(AHEAD) for a, b in itertools.permutations(ROWS, 2)} for name in names}
    for key, value in changes.items():
        quantity, which = key.split("__")
        if isinstance(value, tuple):
            a, b = which.split("_vs_")
            pairs[quantity][f"{a}|{b}"] = list(value)
        else:
            rows[which][quantity] = [value, value - 1, value + 1]
    if classes:
        rows["ce"]["classes"] = classes
    sizes = {"bounds": [4.5, 10.0], "objects": [9, 9, 9]}
    return {"task": task, "rows": rows, "pairs": pairs, "thirds": sizes, "scenes": 612, "groups": 29}


def summary(three: tuple[float, float, float], seeds: int = 3) -> dict:
    """Evidence over seeds whose difference to CE and Dice + CE is this one."""
    losses = {
        loss: {"seeds": list(range(seeds)), "mean": {"dice": 80.0}, "std": {"dice": 0.0}}
        for loss in ("ce", "bce", "dice_ce", "dbce")
    }
    row = dict(zip(("mean", "low", "high"), three, strict=True))
    return {"losses": losses, "differences": dict.fromkeys(("ce", "bce", "dice_ce"), row)}


@pytest.mark.parametrize("other", ["ce", "dice_ce"])
@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("source", ["networks of several seeds", "summaries"])
def test_ahead_and_behind_are_said_of_intervals_without_0_only(other, sign, source):
    if source == "summaries":
        said = against(found(), summary(sign), other, LONG)
    else:
        said = against(found(2, **{f"dice__dbce_vs_{other}": sign}), None, other, LONG)
    assert ("ahead of" in said.text) == (sign[1] > 0)
    assert ("behind" in said.text) == (sign[2] < 0)
    assert ("not to be told from" in said.text) == (sign[1] <= 0 <= sign[2])
    assert spanned(Interval(*sign)) in said.text and f"{abs(sign[0]):.1f} points" in said.text
    assert said.interval == pytest.approx(sign) and said.trainings > 1


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("measured", [None, "one seed"])
def test_one_training_is_no_evidence(sign, measured):
    """Neither a claim nor an interval, whatever the images alone would say."""
    known = measured and summary(sign, seeds=1)
    said = against(found(1, dice__dbce_vs_ce=sign, dice__dbce=50 + sign[0]), known, "ce", LONG)
    assert said.interval is None and "one training each" in said.text
    assert not any(word in said.text for word in ("ahead", "behind", "told", "95 %", "chance"))
    assert f"{50 + sign[0]:.1f} % Dice" in said.text and f"{signed(sign[0])} points" in said.text


def test_a_network_that_had_not_converged_is_named_in_the_line_of_the_difference():
    classes = {"liver": 95.0, "gallbladder": 0.0, "pancreas": 0.004}
    organs = found(task="organs", classes=classes, dice__dbce=73.8)
    sentences = [
        against(organs, None, "ce", SHORT),
        balanced(organs, None, SHORT),
        calibration_sentence(organs, SHORT),
        sizes_sentence(organs, SHORT),
        errors_sentence(organs, SHORT),
    ]
    why = "CE scores 0.00 on gallbladder and pancreas, because it had not converged in these 25 epochs"
    assert why in sentences[0].text
    for said in sentences[1:]:  # they refer to it
        assert why not in said.text and said.text.count("CE had not converged, as said above") == 1
        assert said.text.count("\n") == 0
    assert "+23.8 points" in sentences[0].text and "the difference measures that" in sentences[0].text
    assert "converged" not in against(organs, None, "dice_ce", SHORT).text
    assert "converged" not in against(organs, None, "ce", LONG).text  # as long as the paper's: that is what it does
    assert "converged" not in against(found(task="organs", classes={"liver": 95.0}), None, "ce", SHORT).text


@pytest.mark.parametrize(("after", "mostly"), [(10.0, True), (18.9, True), (19.1, False), (27.0, False)])
@pytest.mark.parametrize("sign", SIGNS)
def test_the_rim_is_called_the_thresholds_by_how_much_of_the_way_to_ce_it_goes(after, mostly, sign):
    made = found(rim_fp__ce=10.0, rim_fp__bce=28.0, rim_fp__bce_corrected=after, rim_fp__bce_corrected_vs_bce=sign)
    text = balanced(made, None, LONG).text
    fell = sign[2] < 0
    assert ("is mostly its threshold" in text) == (fell and mostly)
    assert ("is only partly its threshold" in text) == (fell and not mostly)
    assert ("does not clear a red rim" in text) == (not fell)
    assert f"from 28.0 to {after:.1f} % of the object ({spanned(Interval(*sign))}), CE has 10.0" in text


def test_where_balanced_ce_has_no_wider_rim_than_ce_nothing_is_ascribed_to_its_threshold():
    made = found(rim_fp__ce=30.0, rim_fp__bce=28.0, rim_fp__bce_corrected=10.0, rim_fp__bce_corrected_vs_bce=BEHIND)
    assert "does not clear a red rim" in balanced(made, None, LONG).text


@pytest.mark.parametrize("fix", SIGNS)
@pytest.mark.parametrize("lead", SIGNS)
@pytest.mark.parametrize("seeds", [1, 3])
def test_what_the_correction_leaves_is_claimed_over_several_trainings_only(fix, lead, seeds):
    made = found(seeds, dice__bce_corrected_vs_ce=fix, dice__dbce_vs_bce_corrected=lead, dice__dbce_vs_bce=UNSURE)
    text = balanced(made, None, LONG).text
    if seeds == 1:
        assert "networks shown" in text and not any(word in text for word in ("ahead", "behind", "above", "below"))
        return
    assert ("above CE's" in text) == (fix[1] > 0) and ("below CE's" in text) == (fix[2] < 0)
    assert ("not to be told from CE's" in text) == (fix == UNSURE)
    assert ("ahead of it" in text) == (lead[1] > 0) and ("behind it" in text) == (lead[2] < 0)


@pytest.mark.parametrize("sign", SIGNS)
@pytest.mark.parametrize("plain", SIGNS)
@pytest.mark.parametrize("seeds", [1, 3])
def test_who_can_be_believed(sign, plain, seeds):
    made = found(seeds, gap__dice_ce_vs_dbce=sign, gap__ce_vs_dbce=plain, gap__dbce=3.2, gap__dice_ce=13.0, gap__ce=4.7)
    text = calibration_sentence(made, LONG).text
    assert ("Dilated balanced CE can be believed more than Dice + CE" in text) == (sign[1] > 0)
    assert ("Dice + CE can be believed more than Dilated balanced CE" in text) == (sign[2] < 0)
    assert ("not to be told apart" in text) == (sign == UNSURE)
    assert ("is worse" in text) == (plain[1] > 0) and ("is better" in text) == (plain[2] < 0)
    assert ("is not to be told from Dilated's" in text) == (plain == UNSURE)
    assert "3.2 and 13.0 points" in text and "CE's 4.7" in text
    assert ("networks shown" in text) == (seeds == 1) and ("3 trainings each" in text) == (seeds == 3)


@pytest.mark.parametrize(("missed", "rim", "far"), list(itertools.product(SIGNS, repeat=3)))
@pytest.mark.parametrize("gained", [True, False])
def test_an_error_is_called_less_or_more_beyond_chance_only_and_the_rim_explains_nothing_it_does_not(
    missed, rim, far, gained
):
    made = found(
        pooled_missed__dbce_vs_ce=missed,
        pooled_rim__dbce_vs_ce=rim,
        pooled_far__dbce_vs_ce=far,
        dice__dbce=60.0 if gained else 40.0,
    )
    text = errors_sentence(made, LONG).text
    parts = {part.split(": ")[0].split("): ")[-1]: part for part in text.split("): ", 1)[1].split("; ")}
    for sign, words in ((missed, "missed"), (rim, "false in the rim"), (far, "false far away")):
        place = "less" if sign[2] < 0 else "more" if sign[1] > 0 else "not to be told apart"
        assert f"{words} 50.0" in parts[place]
    assert ("the rim does not explain" in text) == (gained and not rim[2] < 0)


@pytest.mark.parametrize("once", SIGNS)
@pytest.mark.parametrize("later", SIGNS)
def test_what_the_rim_does_not_explain_is_claimed_only_where_repeated_trainings_agree(once, later):
    made, repeated = found(pooled_rim__dbce_vs_ce=once, dice__dbce=60.0), found(3, pooled_rim__dbce_vs_ce=later)
    text = errors_sentence(made, LONG, repeated).text
    assert ("the rim does not explain" in text) == (once == later and not once[2] < 0)


@pytest.mark.parametrize("small", SIGNS)
@pytest.mark.parametrize("large", SIGNS)
def test_small_objects_gain_only_beyond_chance(small, large):
    text = sizes_sentence(found(dice_small__dbce_vs_ce=small, dice_large__dbce_vs_ce=large), LONG).text
    assert ("small and large objects gain:" in text) == (small[1] > 0 and large[1] > 0)
    assert ("small objects gain:" in text) == (small[1] > 0 and large[1] <= 0)
    assert ("small objects lose" in text) == (small[2] < 0)
    assert ("small objects gain nothing beyond chance" in text) == (small == UNSURE)
    assert spanned(Interval(*small)) in text and spanned(Interval(*large)) in text


CLAIMED = {
    "rim_fp__bce_corrected_vs_bce": lambda found, repeated: balanced(found, None, LONG, repeated),
    "gap__dice_ce_vs_dbce": lambda found, repeated: calibration_sentence(found, LONG, repeated),
    "gap__ce_vs_dbce": lambda found, repeated: calibration_sentence(found, LONG, repeated),
    **{
        f"pooled_{kind}__dbce_vs_ce": lambda found, repeated: errors_sentence(found, LONG, repeated)
        for kind in ("missed", "rim", "far")
    },
    "dice_small__dbce_vs_ce": lambda found, repeated: sizes_sentence(found, LONG, repeated),
    "dice_large__dbce_vs_ce": lambda found, repeated: sizes_sentence(found, LONG, repeated),
}


@pytest.mark.parametrize("claim", CLAIMED)
@pytest.mark.parametrize("once", SIGNS)
@pytest.mark.parametrize("later", SIGNS)
def test_what_one_training_shows_is_said_with_what_repeated_trainings_show(claim, once, later):
    """All other claims of the sentence are alike in both."""
    shown, repeated = found(**{claim: once}), found(3, **{claim: later})
    text = CLAIMED[claim](shown, repeated).text
    others = sum(other[:4] == claim[:4] for other in CLAIMED) - 1
    assert text.count(SAME) == others + (once == later)
    differing = {
        "not to be told from chance": later == UNSURE != once,
        "the other way round": UNSURE not in (once, later) and once != later,
        "beyond chance": once == UNSURE != later,
    }
    for words, expected in differing.items():
        told = f"; trained again: {words}, {signed(later[0])}, {spanned(Interval(*later))}"
        assert (told in text) == expected
    assert text.count("; trained again: ") == others + 1
    for known in (None, {**repeated, "pairs": {}}):
        assert "trained again" not in CLAIMED[claim](shown, known).text
    assert "trained again" not in CLAIMED[claim](found(2, **{claim: once}), repeated).text, (
        "they know chance themselves"
    )


def test_the_verdict_is_four_sentences_of_which_each_says_what_its_interval_is_of():
    said = verdict(found(), summary(AHEAD), SHORT)
    assert len(said) == 4 and all(isinstance(sentence, Sentence) and sentence.text.endswith(".") for sentence in said)
    assert [sentence.about.split(",")[0] for sentence in said] == ["Dice", "Dice", "rim", "calibration gap"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(1.26, "+1.3"), (-0.3, "−0.3"), (0.016, "+0.02"), (-0.049, "−0.05"), (0.001, "±0.0"), (0, "±0.0")],
)
def test_numbers_show_their_side_of_0(value, text):
    assert signed(value) == text


# --- marks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("to_b", "to_c"), list(itertools.product(SIGNS, repeat=2)))
@pytest.mark.parametrize("higher", [True, False])
def test_bold_excludes_0_against_every_row_and_shaded_is_whatever_cannot_be_told_from_the_best(to_b, to_c, higher):
    values = {"a": 90.0, "b": 80.0, "c": 70.0} if higher else {"a": 10.0, "b": 20.0, "c": 30.0}
    got = mark_rows(values, {"a|b": to_b, "a|c": to_c}, higher, seeds=3)
    told = {row: sign[1] > 0 if higher else sign[2] < 0 for row, sign in (("b", to_b), ("c", to_c))}
    assert (got["a"] == BOLD) == all(told.values())
    for row, beyond in told.items():
        assert got[row] == (PLAIN if beyond else SHADED)
    assert (got["a"] == SHADED) == (not all(told.values()))


@pytest.mark.parametrize("missing", [None, (1.0, None, None)])
def test_without_an_interval_or_with_one_training_nothing_is_marked(missing):
    values, pairs = {"a": 2.0, "b": 1.0, "c": 0.5}, {"a|b": AHEAD, "a|c": AHEAD}
    assert mark_rows(values, pairs, True, seeds=3)["a"] == BOLD
    assert set(mark_rows(values, pairs, True, seeds=1).values()) == {PLAIN}
    broken = {"a|b": AHEAD, "a|c": missing} if missing else {"a|b": AHEAD}
    assert set(mark_rows(values, broken, True, seeds=3).values()) == {PLAIN}


def test_tables_say_of_how_many_trainings_they_are_and_mark_accordingly():
    one, three = found(1), found(3, dice__dbce=90.0)
    assert "one training a loss, seed 0" in scores_table(one) and "Nothing is marked" in scores_table(one)
    assert "**" not in scores_table(one) and "○" not in scores_table(one)
    assert "mean over 3 trainings" in scores_table(three) and "**90.0**" in scores_table(three)
    assert "Balanced CE, prior corrected" in errors_table(one) and "50.0 (2.0)" in errors_table(one)
    assert "over images alone" in sizes_table(one) and "over images and trainings" in sizes_table(three)
    assert marked("1", SHADED) == "1 ○"
