"""A study, a figure and an evaluation with the prior corrected; a foreign set that is scored whole."""

from __future__ import annotations

import json
import shutil

import cv2
import numpy as np
import pytest
import torch
from matplotlib.text import Text

from dbce.__main__ import main
from dbce.data.datasets import load_dataset
from dbce.network import DeepSupervisionUnet
from dbce.prior import correct_log_probabilities
from dbce.scores.evaluation import evaluate
from dbce.study.predictor import Predictor, log_probabilities
from dbce.study.studies import LOGIT_STEP
from dbce.study.tabs.compare import draw_comparison
from dbce.study.view import View
from dbce.train import checkpoints
from dbce.train.checkpoints import Checkpoint
from tests.test_evaluation import made_up
from tests.test_tallies import Slope, slopes

SHARES = [0.8, 0.2]


def networks() -> dict[str, Checkpoint]:
    recipe = {"size": 320, "class_frequencies": SHARES}
    return {loss: Checkpoint(Slope(), {**recipe, "loss": loss}) for loss in ("ce", "bce")}


def test_a_corrected_study_shifts_balanced_ce_and_nothing_else():
    dataset, logits = slopes()
    study = Predictor(networks()).set_image(dataset.images[0], dataset.labels[0] > 0)
    other = study.corrected()
    assert (other.logits["ce"] == study.logits["ce"]).all()
    expected = 1 / (1 + np.exp(-(logits[0] + np.log(0.25))))
    np.testing.assert_allclose(other.probability("bce"), expected, atol=LOGIT_STEP)
    assert other.scores("bce") != study.scores("bce") and other.scores("ce") == study.scores("ce")
    assert other.named("bce") == "Balanced CE, prior corrected" and other.named("ce") == study.named("ce") == "CE"
    assert study.named("bce") == "Balanced CE" and other.corrected() is other
    at_prior = study.prediction("bce", 0.8)  # the threshold that the prior foretells does the same
    assert (at_prior != other.prediction("bce")).mean() < 1e-3


def test_a_corrected_study_of_several_classes():
    torch.manual_seed(0)
    network = DeepSupervisionUnet("mobilenet_v2", 9, decoder_channels=(8, 8, 8)).eval()
    frequencies = [0.6] + [0.05] * 8
    checkpoint = Checkpoint(network, {"size": 64, "loss": "bce", "class_frequencies": frequencies})
    image = np.random.default_rng(0).integers(0, 255, (320, 320, 3), dtype=np.uint8)
    study = Predictor({"bce": checkpoint}, "organs").set_image(image, np.zeros((320, 320), np.uint8)).corrected()
    expected = correct_log_probabilities(log_probabilities(checkpoint, image[None])[0], frequencies)
    np.testing.assert_allclose(study.logits["bce"] * LOGIT_STEP, expected, atol=2 * LOGIT_STEP)
    same = log_probabilities(checkpoint, image[None], prior="corrected")[0]
    np.testing.assert_allclose(same, expected, atol=1e-5)


def test_a_figure_says_that_the_prior_is_corrected():
    dataset, _ = slopes()
    study = Predictor(networks()).set_image(dataset.images[0], dataset.labels[0] > 0).corrected()
    said = [text.get_text() for text in draw_comparison(study, View(prior="corrected")).findobj(Text)]
    at = said.index("Balanced CE")
    assert said[at + 1] == "prior corrected" and said.count("prior corrected") == 1 and "CE" in said
    assert any("class prior corrected" in text for text in said)


def test_the_evaluation_corrects_balanced_ce_only():
    dataset, _ = made_up()
    trained, corrected = (evaluate(networks(), dataset, prior=prior) for prior in ("trained", "corrected"))
    assert trained["ce"] == corrected["ce"] == trained["bce"]  # the same network under two losses
    bright = {
        loss: Checkpoint(Slope(), {"size": 320, "loss": loss, "class_frequencies": [0.99, 0.01]}) for loss in ("bce",)
    }
    assert evaluate(bright, dataset, prior="corrected")["bce"]["recall"] < trained["bce"]["recall"]  # 4 < log 99
    with pytest.raises(ValueError, match="prior is 'both'; it must be one of trained, corrected"):
        evaluate(networks(), dataset, prior="both")


@pytest.fixture
def foreign(tmp_path):
    """Twelve photographs of moles in folders of their own names, and a small network."""
    (tmp_path / "Moles" / "images").mkdir(parents=True)
    (tmp_path / "Moles" / "masks").mkdir()
    y, x = np.mgrid[:60, :80]
    for n in range(12):
        blob = np.hypot(y - 30, x - 20 - 3 * n) < 8 + n
        image = np.where(blob[..., None], (40, 60, 120), (160, 180, 220)).astype(np.uint8)
        cv2.imwrite(str(tmp_path / "Moles" / "images" / f"mole-{n:02}.png"), image)
        cv2.imwrite(str(tmp_path / "Moles" / "masks" / f"mole-{n:02}.png"), blob.astype(np.uint8) * 255)
    torch.manual_seed(1)
    network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(8, 8, 8)).eval()
    recipe = {"task": "lesion", "loss": "bce", "size": 64, "seed": 0, "class_frequencies": [0.7, 0.3]}
    checkpoints.save_checkpoint(tmp_path / "bce.safetensors", network, recipe)
    return tmp_path


def test_a_foreign_set_is_scored_whole_with_either_prior(foreign, capsys):
    command = ["evaluate", "lesion", "--data", str(foreign / "Moles"), "--checkpoint", str(foreign / "bce.safetensors")]
    rows = []
    for prior in ("trained", "corrected"):
        assert main([*command, "--json", "--prior", prior]) == 0
        out, err = capsys.readouterr()
        assert "12 images of Moles: all of it" in err
        rows.append(json.loads(out)["bce"])
    dataset = load_dataset(foreign / "Moles", 320)
    checkpoint = checkpoints.load_checkpoint(foreign / "bce.safetensors")
    assert len(dataset) == 12
    for row, prior in zip(rows, ("trained", "corrected"), strict=True):
        expected = evaluate({"bce": checkpoint}, dataset, task="lesion", prior=prior)["bce"]
        assert row == {name: pytest.approx(value, abs=0.006) for name, value in expected.items()}


def test_evidence_of_a_foreign_set_writes_all_files(foreign, capsys):
    run = foreign / "runs" / "bce-s0"
    run.mkdir(parents=True)
    (foreign / "bce.safetensors").rename(run / "bce.safetensors")
    out = foreign / "out"
    command = ["evidence", "lesion", "--data", str(foreign / "Moles"), "--runs", str(foreign / "runs"), "-o", str(out)]
    assert main(command) == 0, capsys.readouterr().err
    names = sorted(path.name for path in (out / "lesion").iterdir())
    assert names == ["calibration.json", "evidence.json", "findings.json", "images.json"]
    images = json.loads((out / "lesion" / "images.json").read_text())
    assert len(images["names"]) == 12 and [n["prior"] for n in images["networks"]] == ["trained", "corrected"]


def test_repeats_of_a_foreign_set_stand_beside_what_was_measured_of_it(foreign, capsys):
    """What was measured stays as it is; a loss that was trained once is refused."""
    made = {"encoder": "mobilenet_v2", "epochs": 1, "images": 12, "data": "Moles", "batch_size": 4}
    out, runs = foreign / "out", foreign / "runs"
    for seed in (0, 1):
        checkpoint = checkpoints.load_checkpoint(foreign / "bce.safetensors")
        (runs / f"bce-s{seed}").mkdir(parents=True)
        path = runs / f"bce-s{seed}" / "bce.safetensors"
        checkpoints.save_checkpoint(path, checkpoint.network, {**checkpoint.recipe, **made, "seed": seed})
    command = ["evidence", "lesion", "--data", str(foreign / "Moles"), "-o", str(out), "--runs"]
    once = foreign / "once"
    once.mkdir()
    shutil.copytree(runs / "bce-s0", once / "bce-s0")
    assert main([*command, str(once)]) == 0, capsys.readouterr().err
    kept = {path.name: path.read_bytes() for path in (out / "lesion").iterdir()}
    assert main([*command, str(once), "--repeats"]) == 2
    assert "Balanced CE and Balanced CE, prior corrected were trained once" in capsys.readouterr().err
    assert main([*command, str(runs), "--repeats"]) == 0, capsys.readouterr().err
    assert "wrote" in capsys.readouterr().out
    now = {path.name: path.read_bytes() for path in (out / "lesion").iterdir()}
    repeated, images = (json.loads(now.pop(f"{name}.json")) for name in ("repeats", "repeats-images"))
    assert [(each["seed"], each["prior"]) for each in images["networks"]] == [
        *((0, "trained"), (1, "trained"), (0, "corrected"), (1, "corrected"))
    ]
    assert now == kept
    assert all(row["seeds"] == [0, 1] for row in repeated["rows"].values())
    alike = json.loads(kept["findings.json"])
    for key, row in repeated["rows"].items():  # the same network twice
        assert row["dice"][0] == pytest.approx(alike["rows"][key]["dice"][0], abs=1e-3)
    assert repeated["recipe"]["epochs"] == 1 and "seed" not in repeated["recipe"]
