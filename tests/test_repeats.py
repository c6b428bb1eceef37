"""Whether findings hold over further trainings: sentences against plain lists, files, refusals, the diagram."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbce.__main__ import main
from dbce.page.serving import offers_of
from dbce.scores import repeats
from dbce.scores.findings import find
from dbce.scores.findings_tables import read_findings, read_repeats, repeats_file, write_findings
from dbce.scores.records import REPEATED, read_calibration, read_images
from dbce.study.figures import reliability_diagram
from dbce.train import checkpoints
from tests.test_findings import COUNT, made_up

RECIPE = {
    **{"task": "polyp", "encoder": "mobilenet_v2", "epochs": 3, "images": 9, "data": "Some"},
    **{"size": 64, "batch_size": 4},
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Findings of networks trained once, and of three trainings each, from the same draws."""
    scenes, tallies = made_up(seeds=3)
    once = [tally for tally in tallies if tally.seed == 0]
    write_findings("polyp", find(scenes, once, draws=300), "Some", _made(tmp_path))
    repeats.write_repeats(find(scenes, tallies, draws=300), tallies, RECIPE, "Some", tmp_path)
    return tmp_path


def _made(folder: Path) -> Path:
    (folder / "polyp").mkdir(parents=True, exist_ok=True)
    return folder


def test_every_difference_is_that_of_the_findings_and_bins_are_of_all_trainings(folder):
    shown, repeated = read_findings("polyp", folder), read_repeats("polyp", folder)
    rows = repeats.compared(shown, repeated)
    assert len(rows) == len(repeats.CLAIMS) == len({name for name, *_ in rows})
    for (name, once, again), (quantity, pair) in zip(rows, repeats.CLAIMS, strict=True):
        assert list(once) == shown["pairs"][quantity][pair] and list(again) == repeated["pairs"][quantity][pair], name
        a, b = pair.split("|")
        value = np.subtract(*(repeated["rows"][key][quantity][0] for key in (a, b)))
        assert again.mean == pytest.approx(value, abs=0.002), name
    _, tallies = made_up(seeds=3)
    for key, row in repeated["rows"].items():
        assert row["seeds"] == [0, 1, 2]
        counts = [tally.bins for tally in tallies if tally.key == key]
        for k in range(10):
            total = sum(float(bins[:, k, 0].sum()) for bins in counts)
            true = sum(float(bins[:, k, 2].sum()) for bins in counts)
            assert row["reliability"]["y"][k] == pytest.approx(true / total, abs=1e-4)
    curves = repeats.repeats_curves("polyp", folder)
    figure = reliability_diagram(curves, {key: key for key in curves["rows"]})
    assert len(figure.axes[0].lines) == 1 + len(curves["rows"])


_ENDS = st.tuples(st.floats(-20, 20), st.floats(0.01, 15)).map(lambda at: [at[0], at[0] - at[1], at[0] + at[1]])


@given(st.lists(st.tuples(_ENDS, _ENDS), min_size=len(repeats.CLAIMS), max_size=len(repeats.CLAIMS)))
def test_sentences_name_just_what_holds_is_lost_is_turned_or_new(both):
    def found(side: int, seeds: list[int]) -> dict:
        pairs: dict[str, dict[str, list[float]]] = {}
        for (quantity, pair), two in zip(repeats.CLAIMS, both, strict=True):
            pairs.setdefault(quantity, {})[pair] = two[side]
        return {"rows": {"ce": {"seeds": seeds}}, "pairs": pairs, "task": "polyp"}

    first, *rest = repeats.repeat_sentences(found(0, [0]), found(1, [0, 1]))
    names = [name for name, *_ in repeats.compared(found(0, [0]), found(1, [0, 1]))]
    sides = [[1 if three[1] > 0 else -1 if three[2] < 0 else 0 for three in two] for two in both]
    beyond, held = sum(a != 0 for a, _ in sides), sum(a == b != 0 for a, b in sides)
    numbers = re.findall(r"\b(\d+|none|None|All|It holds|It does not hold)\b", first)
    assert numbers[0] == str(len(names)) and numbers[1] == (str(beyond) if beyond else "none")
    if beyond > 1:
        assert numbers[2] == ("All" if held == beyond else "None" if not held else str(held))
    if beyond == 1:
        assert numbers[2] == ("It holds" if held else "It does not hold")
    wanted = {
        "Not to be told from chance": [n for n, (a, b) in zip(names, sides, strict=True) if a and not b],
        "The other way round": [n for n, (a, b) in zip(names, sides, strict=True) if a and b == -a],
        "Beyond chance over": [n for n, (a, b) in zip(names, sides, strict=True) if b and not a],
    }
    assert len(rest) == sum(bool(some) for some in wanted.values())
    for start, some in wanted.items():
        said = "".join(sentence for sentence in rest if sentence.startswith(start))
        assert sum(said.count(f"{name} (") for name in names) == len(some)
        assert all(f"{name} (" in said for name in some)


def test_the_page_and_the_documents_have_the_same_differences(folder):
    summary, text = repeats.repeats_summary("polyp", folder), repeats.repeats_markdown("polyp", folder)
    json.dumps(summary, allow_nan=False)
    for row in summary["rows"]:
        (line,) = [line for line in text.splitlines() if line.startswith(f"| {row['name']} |")]
        for three, words in zip((row["shown"], row["repeated"]), row["texts"], strict=True):
            assert (f"**{words}**" if three[1] > 0 or three[2] < 0 else f"| {words} |") in line
    assert all(f"- {sentence}" in text for sentence in summary["said"])
    assert summary["note"] in text and summary["command"] in text
    assert "seed 0, 1, 2; tested on Some" in summary["note"] and f"the {COUNT} images" in summary["note"]
    assert "mean over 3 trainings a loss" in text and "one training each" in summary["heads"][0]


def test_one_training_and_another_test_set_are_refused_and_nothing_is_lost(folder):
    before = repeats_file("polyp", folder).read_bytes()
    scenes, tallies = made_up(seeds=2)
    fewer = [tally for tally in tallies if tally.loss != "dbce" or tally.seed == 0]
    with pytest.raises(ValueError, match=r"Dilated balanced CE was trained once; .* two seeds or more"):
        repeats.write_repeats(find(scenes, fewer, draws=10), fewer, RECIPE, "Some", folder)
    with pytest.raises(ValueError, match=f"tested on {COUNT} images of Some, these on {COUNT} of Other; score both"):
        repeats.write_repeats(find(scenes, tallies, draws=10), tallies, RECIPE, "Other", folder)
    assert repeats_file("polyp", folder).read_bytes() == before
    repeats_file("polyp", folder).write_text('{"task": "polyp"}')
    with pytest.raises(ValueError, match=r"repeats.json is damaged; .*evidence --repeats"):
        repeats.repeats_summary("polyp", folder)


def test_without_either_there_is_no_card_and_a_sentence(tmp_path):
    assert repeats.repeats_summary("polyp", tmp_path) is None and repeats.repeats_curves("polyp", tmp_path) is None
    with pytest.raises(ValueError, match="evidence polyp --runs RUNS --data DATA --repeats"):
        repeats.repeats_markdown("polyp", tmp_path)
    scenes, tallies = made_up(seeds=2)
    repeats.write_repeats(find(scenes, tallies, draws=10), tallies, RECIPE, "Some", tmp_path)
    assert repeats.repeats_summary("polyp", tmp_path) is None, "there is nothing to compare them with"


def test_the_bundled_ones_are_of_three_trainings_on_the_images_of_the_networks_shown():
    shown, repeated = read_findings("polyp"), read_repeats("polyp")
    assert {tuple(row["seeds"]) for row in repeated["rows"].values()} == {(0, 1, 2)}
    assert (repeated["scenes"], repeated["groups"]) == (shown["scenes"], shown["groups"])
    assert list(repeated["rows"]) == list(shown["rows"]) == list(read_calibration("polyp")["rows"])
    images = read_images("polyp", name=REPEATED)
    area = np.array(images["area"])
    for key, row in repeated["rows"].items():  # counted once more, from what is stored of every image
        loss, prior = key.removesuffix("_corrected"), "corrected" if key.endswith("_corrected") else "trained"
        of_row = [each for each in images["networks"] if (each["loss"], each["prior"]) == (loss, prior)]
        assert sorted(each["seed"] for each in of_row) == [0, 1, 2]
        missed, rim, far = (np.array([each[name] for each in of_row]) for name in ("missed", "rim", "far"))
        dice = 2 * (area - missed) / np.maximum(2 * area - missed + rim + far, 1)
        assert row["dice"][0] == pytest.approx(100 * dice.mean(), abs=0.002)
        small = area / np.array(images["pixels"]) <= np.quantile(area / np.array(images["pixels"]), 1 / 3)
        assert row["dice_small"][0] == pytest.approx(100 * dice[:, small].mean(), abs=0.002)
        assert row["pooled_missed"][0] == pytest.approx(100 * missed.sum() / (3 * area.sum()), abs=0.002)
        assert row["rim_fp"][0] == pytest.approx(100 * (rim / area).mean(), abs=0.002)
    assert repeated["recipe"]["size"] < checkpoints.manifest("polyp")["dbce"]["recipe"]["size"]
    (polyp,) = [offer for offer in offers_of(checkpoints.home()) if offer.predictor.task.name == "polyp"]
    assert polyp.repeats == repeats.repeats_summary("polyp")


def test_the_diagram_of_the_trainings_is_drawn_and_runs_are_asked_for(tmp_path, monkeypatch, capsys, folder):
    assert main(["evidence", "polyp", "--data", str(tmp_path), "--repeats"]) == 2
    assert "name their folder with --runs" in capsys.readouterr().err
    monkeypatch.setenv("DBCE_CHECKPOINTS", str(folder))
    drawn = tmp_path / "drawn.pdf"
    assert main(["verdict", "polyp", "--repeats", "-o", str(drawn)]) == 0, capsys.readouterr().err
    assert drawn.read_bytes().startswith(b"%PDF")
    assert main(["verdict", "polyp", "--repeats", "--curves", "-o", str(drawn)]) == 2
    assert "of repeated trainings it is not kept" in capsys.readouterr().err
    repeats_file("polyp", folder).unlink()
    assert main(["verdict", "polyp", "--repeats", "-o", str(drawn)]) == 2
    assert "evidence polyp --runs RUNS --repeats" in capsys.readouterr().err
