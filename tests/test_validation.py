"""Validation while training: what is held out, what the log says, and that it changes nothing."""

from __future__ import annotations

from dataclasses import replace

import pytest

from dbce.__main__ import main
from dbce.data.datasets import Dataset
from dbce.data.phantoms import polyp
from dbce.scores.evaluation import evaluate, validator
from dbce.train import checkpoints
from dbce.train.run_files import read_log, read_state, write_state
from dbce.train.training import train
from tests import small
from tests.small import TINY


@pytest.fixture(scope="module")
def drawn() -> Dataset:
    return small.drawn(8, 320)


def test_scores_stand_in_the_log_and_the_weights_do_not_notice(drawn, tmp_path):
    kept, held = drawn.hold_out(0.25)
    score = validator(held, "polyp", 64)
    with_it = train(TINY, kept.at(64), tmp_path / "with", validate=score, validate_every=2)
    without = train(TINY, kept.at(64), tmp_path / "without")
    assert with_it.read_bytes() == without.read_bytes()
    lines = read_log(tmp_path / "with")
    assert ["validation" in line for line in lines] == [False, True, True]  # every second epoch, and the last
    checkpoint = checkpoints.load_checkpoint(with_it)  # half precision on disk: a score may move a little
    final = evaluate({"it": checkpoint}, held)["it"]
    assert lines[-1]["validation"] == pytest.approx(final, abs=0.5)
    assert all("validation" not in line for line in read_log(tmp_path / "without"))


def test_a_tenth_is_held_out_by_hash_and_scans_are_never_cut(drawn):
    kept, held = drawn.hold_out(0.25)
    assert len(held) == 2 and set(kept.names) | set(held.names) == set(drawn.names)
    turned = Dataset(drawn.names[::-1], drawn.images[::-1], drawn.labels[::-1])
    assert set(turned.hold_out(0.25)[1].names) == set(held.names)  # whatever the order
    slices = tuple(f"case{scan:04d}_slice{k:03d}" for scan in range(4) for k in range(2))
    kept, held = Dataset(slices, drawn.images, drawn.labels).hold_out(0.25)
    assert len(held) == 2 and held.names[0].split("_")[0] == held.names[1].split("_")[0]
    for share in (0, 1, -0.1, 0.01):
        with pytest.raises(ValueError, match="hold"):
            drawn.hold_out(share)


def test_a_run_does_not_go_on_with_other_data(drawn, tmp_path):
    small = drawn.at(64)
    train(TINY, small, tmp_path, stop_after=1)
    other = replace(small, labels=small.labels.copy())
    other.labels[3, 10, 10] ^= 1
    with pytest.raises(ValueError, match="other images or labels"):
        train(TINY, other, tmp_path)
    assert len(read_log(tmp_path)) == 1


def test_a_state_from_before_the_field_existed_goes_on(drawn, tmp_path):
    small = drawn.at(64)
    train(TINY, small, tmp_path, stop_after=1)
    state = read_state(tmp_path)
    assert state is not None
    del state["recipe"]["hold_out"]
    write_state(tmp_path, state)
    assert train(TINY, small, tmp_path) is not None


def test_whatever_the_size_an_image_goes_through_the_size_it_is_tested_at(tmp_path):
    import cv2

    from dbce.data.datasets import load_dataset, resize_image, resize_mask

    image, mask = polyp(5, 500)
    for name, array in {"images": image[..., ::-1], "masks": mask * 255}.items():
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), array)
    small = load_dataset(tmp_path, 96)
    assert (small.images[0] == resize_image(resize_image(image, 320), 96)).all()
    assert (small.labels[0] == resize_mask(resize_mask(mask, 320), 96)).all()


@pytest.fixture(scope="module")
def folder(drawn, tmp_path_factory):
    return small.written(drawn, tmp_path_factory.mktemp("Drawn"))


OPTIONS = [
    "--encoder",
    "mobilenet_v2",
    "--encoder-weights",
    "none",
    "--size",
    "64",
    "--batch-size",
    "3",
    "--device",
    "cpu",
]


def test_from_the_command_line_to_the_curves(folder, tmp_path, capsys):
    run = [*OPTIONS, "--epochs", "2", "--validate-every", "1"]
    out = tmp_path / "held"
    assert main(["train", "polyp", "--data", str(folder), "--out", str(out), "--hold-out", "0.25", *run]) == 0
    assert [set(line["validation"]) for line in read_log(out)] == [{"dice", "iou", "precision", "recall"}] * 2
    recipe = checkpoints.load_checkpoint(out / "dbce.safetensors").recipe
    assert recipe["hold_out"] == 0.25 and recipe["images"] == 6
    many = ["campaign", "polyp", "--data", str(folder), "--out", str(tmp_path / "many"), "--losses", "ce", "bce", *run]
    assert main([*many, "--validate", str(folder), "--jobs", "2"]) == 0
    assert all("validation" in line for line in read_log(tmp_path / "many" / "ce-s0"))
    curves = tmp_path / "curves.svg"
    runs = [str(out), *(str(tmp_path / "many" / name) for name in ("ce-s0", "bce-s0"))]
    assert main(["curves", *runs, "-o", str(curves)]) == 0
    text = curves.read_text()
    assert all(word in text for word in ("held", "ce-s0", "bce-s0", "validation Dice"))
    capsys.readouterr()
    assert main(["curves", str(folder), "-o", str(curves)]) == 2
    assert "holds no log of a run" in capsys.readouterr().err
    both = ["--hold-out", "0.25", "--validate", str(folder)]
    assert main(["train", "polyp", "--data", str(folder), "--out", str(tmp_path / "no"), *run, *both]) == 2
    assert "give one of them" in capsys.readouterr().err
