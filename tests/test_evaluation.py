"""Evaluation: means over images, the table, the command line, and the bundled scores from the files."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from scipy.ndimage import distance_transform_edt

from dbce.__main__ import main
from dbce.data.datasets import Dataset, load_dataset, scan_of
from dbce.data.folders import find_pairs
from dbce.data.parts import in_part
from dbce.data.volumes import write_phantoms
from dbce.network import DeepSupervisionUnet
from dbce.registry import LOSSES
from dbce.scores.evaluation import (
    columns,
    evaluate,
    label_maps,
    score_images,
    score_markdown,
    score_scans,
    score_table,
)
from dbce.study.predictor import foreground_logits
from dbce.tasks import TASKS, WORK_SIZE
from dbce.train import checkpoints
from dbce.train.checkpoints import Checkpoint

ROOT = Path(__file__).resolve().parent.parent
NAMES = ["dice", "iou", "precision", "recall"]


class Redness(torch.nn.Module):
    """Claims every pixel whose red exceeds one half; counts the images it was shown."""

    def __init__(self) -> None:
        super().__init__()
        self.bias = torch.nn.Parameter(torch.tensor([0.0, -0.5]))
        self.shown = 0

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        self.shown += len(image)
        return torch.stack([torch.zeros_like(image[:, 0]), image[:, 0]], dim=1) + self.bias.view(1, 2, 1, 1)


def squares(prediction: tuple[slice, slice], mask: tuple[slice, slice]) -> tuple[np.ndarray, np.ndarray]:
    """An image of 320 x 320 that is red in one rectangle, and labels of another."""
    image, labels = np.zeros((320, 320, 3), np.uint8), np.zeros((320, 320), np.uint8)
    image[prediction] = (255, 10, 10)
    labels[mask] = 1
    return image, labels


def made_up() -> tuple[Dataset, dict[str, list[float]]]:
    """Eleven images (so that a batch is left over) and their scores by hand."""
    pairs = [
        squares(np.s_[0:100, 0:100], np.s_[0:100, 0:100]),  # all right
        squares(np.s_[0:10, 0:10], np.s_[0:10, 0:20]),  # half found
        squares(np.s_[0:0, 0:0], np.s_[0:0, 0:0]),  # nothing there, nothing claimed
        squares(np.s_[0:0, 0:0], np.s_[5:9, 5:9]),  # missed
        squares(np.s_[0:300, 0:300], np.s_[0:30, 0:30]),  # hundred times too large
    ]
    pairs += [squares(np.s_[0:40, 0:10], np.s_[20:40, 0:20])] * 6  # 200 of 400 claimed, 200 of 400 found
    images, labels = zip(*pairs, strict=True)
    by_hand = {
        "dice": [1, 2 / 3, 1, 0, 2 / 101] + [1 / 2] * 6,
        "iou": [1, 1 / 2, 1, 0, 1 / 100] + [1 / 3] * 6,
        "precision": [1, 1, 1, 0, 1 / 100] + [1 / 2] * 6,
        "recall": [1, 1 / 2, 1, 0, 1] + [1 / 2] * 6,
    }
    return Dataset(tuple(f"{n:02}" for n in range(len(pairs))), np.stack(images), np.stack(labels)), by_hand


def test_scores_of_every_image_by_hand():
    dataset, by_hand = made_up()
    network = Redness()
    got = score_images(Checkpoint(network, {"size": 320}), dataset)
    assert list(got) == NAMES
    for name in NAMES:
        np.testing.assert_allclose(got[name], by_hand[name], atol=1e-12, err_msg=name)
    assert network.shown == len(dataset) == 11


def test_the_mean_is_over_images_not_over_pixels():
    dataset, by_hand = made_up()
    steps: list[int] = []

    def progress(batches):
        for batch in batches:
            steps.append(batch)
            yield batch

    got = evaluate({"ce": Checkpoint(Redness(), {"size": 320})}, dataset, progress)
    assert got == {"ce": {name: pytest.approx(100 * sum(by_hand[name]) / 11) for name in NAMES}}
    claimed, true = dataset.images[..., 0] > 127, dataset.labels == 1
    pooled = 100 * 2 * (claimed & true).sum() / (claimed.sum() + true.sum())
    assert abs(got["ce"]["dice"] - pooled) > 5  # the two means are not alike on these images
    assert len(steps) == 2


def test_a_network_of_another_size_is_scored_at_320():
    dataset, _ = made_up()
    got = score_images(Checkpoint(Redness(), {"size": 32}), dataset)
    assert got["iou"][0] == pytest.approx(1, abs=0.02)  # edges of 100 px lie on the coarse grid of 10 px
    assert got["iou"][5] == pytest.approx(1 / 3, abs=0.05)


# --- scans --------------------------------------------------------------------------------------------------


class Ninths(torch.nn.Module):
    """Reads the label off the grey value: k / 10 is class k."""

    def __init__(self) -> None:
        super().__init__()
        self.levels = torch.nn.Parameter(torch.arange(9) / 10)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        return -10000 * (image[:, :1] - self.levels.view(1, 9, 1, 1)) ** 2


def test_organs_are_scored_over_whole_scans():
    found, labels = np.zeros((2, 10, 320, 320), np.uint8)  # ten slices of two scans, so that a batch crosses over
    names = tuple(f"case{1 + (k >= 6):04d}_slice{k:03d}" for k in range(10))
    labels[0, :10, :10], found[0, :10, :10] = 5, 5  # 100 of 100 in this slice ...
    labels[1, :10, :30] = 5  # ... and 300 missed in the next: Dice 2*100/(100+400), not the mean of 1 and 0
    found[7, :10, :10] = 1  # an aorta that is not there
    labels[8, :10, :10], found[8, :10, :20] = 8, 8
    images = np.repeat(np.rint(found * 25.5).astype(np.uint8)[..., None], 3, axis=-1)
    network = Checkpoint(Ninths(), {"size": 320})
    scores = score_scans(network, Dataset(names, images, labels))
    assert scores["dice"].shape == scores["iou"].shape == (2, 8)
    expected = np.ones((2, 8))
    expected[0, 4], expected[1, 0], expected[1, 7] = 200 / 500, 0, 200 / 300
    np.testing.assert_allclose(scores["dice"], expected)
    expected[0, 4], expected[1, 7] = 100 / 400, 100 / 200
    np.testing.assert_allclose(scores["iou"], expected)
    means = evaluate({"ce": network}, Dataset(names, images, labels), task="organs")["ce"]
    assert list(means) == list(columns("organs"))
    assert means["dice"] == pytest.approx(100 * scores["dice"].mean())
    assert means["liver"] == pytest.approx(70) and means["aorta"] == pytest.approx(50)


def entry(task: str, value: float) -> dict:
    recipe = {"encoder": "mobilenet_v2", "epochs": 25, "images": 2075, "data": "ISIC2018", "size": 160}
    if task == "organs":
        recipe["data"] = "CT-phantoms"
    recipe |= {"batch_size": 16, "seed": 0, "radius": 10}
    return {
        "scores": dict.fromkeys(columns(task), value),
        "recipe": recipe,
        "test_data": "ISIC2018 (519 held-out images)",
    }


def test_markdown_leaves_the_papers_cells_empty_where_our_copy_has_none():
    text = score_markdown({loss: entry("lesion", 80 + k) for k, loss in enumerate(("ce", "dbce"))}, "lesion")
    rows = [line for line in text.splitlines() if line.startswith("| CE") or line.startswith("| Dilated")]
    assert rows[0].split("|")[2:6] == [" 80.00 "] * 4 and set(rows[0].split("|")[6:10]) == {"  "}
    assert " 81.00 " in rows[1] and "**" not in text and "its table is not in our copy" in text


def test_markdown_of_the_organs_has_the_papers_rows_below_ours():
    text = score_markdown({loss: entry("organs", 90 + k) for k, loss in enumerate(TASKS["organs"].paper)}, "organs")
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert [len(row) for row in rows] == [11] * 10
    assert rows[0][1:4] == ["mDice", "mIoU", "Aorta"]
    assert rows[6] == ["CE, paper", *(f"{v:.2f}" for v in TASKS["organs"].paper["ce"])]
    assert "not to be compared" in text


def test_the_papers_mean_is_that_of_its_organs():
    for row in TASKS["organs"].paper.values():
        assert row[0] == pytest.approx(np.mean(row[2:]), abs=0.02)


# --- table --------------------------------------------------------------------------------------------------


def test_table_has_the_papers_words_two_decimals_and_a_mark_at_every_best():
    text = score_table(
        {
            "ce": {"dice": 80.004, "iou": 70, "precision": 90, "recall": 75.5},
            "bce": {"dice": 75.555, "iou": 70, "precision": 60, "recall": 95.25},
            "own": {"dice": 100, "iou": 9, "precision": 1, "recall": 2},
        }
    )
    head, *rows = text.splitlines()
    assert head.split() == ["mDice", "mIoU", "mPrec.", "mRec."]
    assert rows[0].split() == ["CE", "80.00", "70.00*", "90.00*", "75.50"]
    assert rows[1].split() == ["Balanced", "CE", "75.56", "70.00*", "60.00", "95.25*"]  # a tie marks both
    assert rows[2].split() == ["own", "100.00*", "9.00", "1.00", "2.00"]
    for row in rows:  # numbers stand under their headings
        ends = [row.index(cell.rstrip("*")) + len(cell.rstrip("*")) for cell in row.split()[-4:]]
        assert ends == [head.index(word) + len(word) - 1 for word in head.split()]


# --- command line -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Ten images in the layout of CVC-ClinicDB, TIFF as the official ones: a bright blob on a slope of colour."""
    path = tmp_path_factory.mktemp("CVC made up")
    (path / "Original").mkdir()
    (path / "Ground Truth").mkdir()
    y, x = np.mgrid[:72, :96]
    for n in range(1, 11):
        blob = np.exp(-((y - 20 - 3 * n) ** 2 + (x - 15 - 6 * n) ** 2) / (60 + 12 * n))
        image = np.stack([60 + 20 * n + 0 * x, 40 + 150 * blob, x + 80 * blob], axis=2).clip(0, 255)  # BGR
        mask = np.where(blob > 0.5, 255, 12)  # as in the official masks, the outside is not always 0
        assert cv2.imwrite(str(path / "Original" / f"{n}.tif"), image.astype(np.uint8))
        assert cv2.imwrite(str(path / "Ground Truth" / f"{n}.tif"), mask.astype(np.uint8))
    return path


@pytest.fixture(scope="module")
def files(tmp_path_factory, folder) -> list[Path]:
    """Two small random networks, set so that each claims about a third of the first image."""
    paths = []
    image = cv2.cvtColor(cv2.imread(str(folder / "Original" / "1.tif")), cv2.COLOR_BGR2RGB)
    for seed, loss in enumerate(["ce", "dbce"]):
        torch.manual_seed(seed)
        network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(8, 8, 8), encoder_weights=None).eval()
        with torch.no_grad():
            network.heads[-1].weight.mul_(2500)
            background, foreground = network(to_batch(image, 64))[0]
            network.heads[-1].bias[0] += (foreground - background).quantile(0.67)
        paths.append(tmp_path_factory.mktemp("checkpoints") / f"{loss}.safetensors")
        checkpoints.save_checkpoint(paths[-1], network, {"loss": loss, "size": 64})
    return paths


def to_batch(image: np.ndarray, side: int) -> torch.Tensor:
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    return torch.from_numpy(np.moveaxis(small, 2, 0)[None] / np.float32(255))


def expected_scores(file: Path, folder: Path) -> dict[str, float]:
    """The mean scores in percent, image by image, with nothing of the evaluation but the network."""
    network = checkpoints.load_checkpoint(file).network
    rows = []
    for path in sorted((folder / "Original").iterdir()):
        image = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(str(folder / "Ground Truth" / path.name), cv2.IMREAD_GRAYSCALE)
        image = cv2.resize(image, (320, 320), interpolation=cv2.INTER_LINEAR)
        true = cv2.resize((mask > 127) * np.float32(1), (320, 320), interpolation=cv2.INTER_LINEAR) > 0.5
        with torch.no_grad():
            background, foreground = network(to_batch(image, 64))[0].numpy()
        claimed = cv2.resize(foreground - background, (320, 320), interpolation=cv2.INTER_LINEAR) > 0
        both, either = (claimed & true).sum(), (claimed | true).sum()
        sums = max(claimed.sum(), 1), true.sum()
        rows.append([2 * both / (claimed.sum() + true.sum()), both / either, both / sums[0], both / sums[1]])
    means = dict(zip(NAMES, (100 * np.mean(rows, axis=0)).tolist(), strict=True))
    assert 1 < means["precision"] < 99 and 1 < means["recall"] < 99  # neither all nor nothing is claimed
    return means


def run(capsys, *arguments: object) -> str:
    """Standard output of a command that succeeds."""
    code = main([str(argument) for argument in arguments])
    out, err = capsys.readouterr()
    assert code == 0, err
    return out


def test_evaluate_prints_nothing_but_json(capsys, files, folder):
    both = ["--checkpoint", files[0], "--checkpoint", files[1]]
    got = json.loads(run(capsys, "evaluate", "polyp", "--data", folder, *both, "--json"))
    assert list(got) == ["ce", "dbce"]
    for file in files:
        expected = expected_scores(file, folder)
        assert list(got[file.stem]) == NAMES
        assert got[file.stem] == {name: pytest.approx(expected[name], abs=0.1) for name in NAMES}
        assert all(value == round(value, 2) for value in got[file.stem].values())
    assert got["ce"] != got["dbce"]


def test_evaluate_prints_the_table(capsys, files, folder):
    lines = run(capsys, "evaluate", "polyp", "--data", folder, "--checkpoint", files[1]).splitlines()
    numbers = [float(cell.rstrip("*")) for cell in lines[1].removeprefix("Dilated balanced CE").split()]
    expected = expected_scores(files[1], folder)
    assert len(lines) == 2
    assert numbers == [pytest.approx(expected[name], abs=0.1) for name in NAMES]


def test_files_of_the_same_name_are_told_apart_by_their_path(capsys, files, folder, tmp_path):
    other = tmp_path / "ce.safetensors"
    other.write_bytes(files[1].read_bytes())
    out = run(capsys, "evaluate", "polyp", "--data", folder, "--checkpoint", files[0], "--checkpoint", other, "--json")
    got = json.loads(out)
    assert list(got) == [str(files[0]), str(other)]
    assert got[str(files[0])] != got[str(other)]


def test_a_pack_scores_like_the_folder(capsys, files, folder, tmp_path):
    packed = tmp_path / "made up.npz"
    assert "10 images" in run(capsys, "pack", "polyp", "--data", folder, "-o", packed)
    one, two = (
        json.loads(run(capsys, "evaluate", "polyp", "--data", data, "--checkpoint", files[0], "--json"))["ce"]
        for data in (folder, packed)
    )
    assert two == {name: pytest.approx(one[name], abs=1.5) for name in NAMES}  # JPEG of high quality in between


def test_the_program_runs_as_a_module(files, folder):
    command = [sys.executable, "-m", "dbce", "evaluate", "polyp", "--data", folder, "--checkpoint", files[0], "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    expected = expected_scores(files[0], folder)
    assert json.loads(done.stdout)["ce"] == {name: pytest.approx(expected[name], abs=0.1) for name in NAMES}


def failure(capsys, *arguments: object) -> str:
    """What a command says that fails through a mistake of its user."""
    assert main([str(argument) for argument in arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    message = err[err.index("dbce: ") :]  # after a progress bar, perhaps
    assert "Traceback" not in err and message.strip()
    return message


def test_mistakes_are_answered_in_a_sentence_with_status_2(capsys, files, folder, tmp_path):
    nowhere = tmp_path / "nowhere"
    assert str(nowhere) in failure(capsys, "evaluate", "polyp", "--data", nowhere, "--checkpoint", files[0])
    assert str(nowhere) in failure(capsys, "evaluate", "polyp", "--data", folder, "--checkpoint", nowhere)
    text = tmp_path / "text.safetensors"
    text.write_text("no network")
    assert str(text) in failure(capsys, "evaluate", "polyp", "--data", folder, "--checkpoint", text)
    assert str(text) in failure(capsys, "evaluate", "polyp", "--data", text, "--checkpoint", files[0])
    assert str(tmp_path) in failure(capsys, "pack", "polyp", "--data", folder, "-o", tmp_path)  # a folder


def test_a_damaged_pack_is_named(capsys, files, folder, tmp_path):
    packed = tmp_path / "whole.npz"
    run(capsys, "pack", "polyp", "--data", folder, "-o", packed)
    content = packed.read_bytes()
    middle = len(content) // 2
    flipped = content[:middle] + bytes([content[middle] ^ 255]) + content[middle + 1 :]
    for n, damaged in enumerate([b"", content[:middle], flipped]):
        path = tmp_path / f"damaged{n}.npz"
        path.write_bytes(damaged)
        assert str(path) in failure(capsys, "evaluate", "polyp", "--data", path, "--checkpoint", files[0])


@pytest.mark.parametrize("arguments", [[], ["evaluate"], ["evaluate", "liver", "--data", "x"], ["train", "polyp"]])
def test_unknown_or_missing_arguments_show_the_usage(capsys, arguments):
    with pytest.raises(SystemExit) as raised:
        main(arguments)
    assert raised.value.code == 2
    assert "usage: python -m dbce" in capsys.readouterr().err


# --- the real thing -----------------------------------------------------------------------------------------
# A sample of every test set is counted pixel by pixel and held to the counts that are stored for each image; the means
# of all stored counts are held to the bundled scores. So every score is checked without a run over every image.

EVERY = 24
"""Of the images of a test set, each of this many is counted."""

ROUNDING = 2
"""Pixels of 102400 that may fall on the other side of one half: another processor adds in another order."""


def stored(task: str) -> dict:
    return json.loads((ROOT / "checkpoints" / task / "images.json").read_text(encoding="utf-8"))


def counts_of(found: dict, loss: str) -> np.ndarray:
    """(S, K, 3) of missed, rim and far, as stored for the network of a loss."""
    (row,) = (row for row in found["networks"] if (row["loss"], row["prior"]) == (loss, "trained"))
    return np.stack([np.reshape(row[name], (len(found["names"]), -1)) for name in ("missed", "rim", "far")], axis=-1)


def beyond(real: np.ndarray, radius: float) -> np.ndarray:
    """Where no pixel of the object lies within the radius, (H, W) bool."""
    return distance_transform_edt(~real) > radius if real.any() else np.ones_like(real)


def wrong_pixels(claimed: np.ndarray, real: np.ndarray, far: np.ndarray) -> list[int]:
    """Missed, and claimed near an object and far from it, of (H, W) bool."""
    more = claimed & ~real
    return [int((real & ~claimed).sum()), int((more & ~far).sum()), int((more & far).sum())]


@pytest.fixture
def real_data() -> Path:
    data = os.environ.get("DBCE_DATA")
    if not data:
        if os.environ.get("CI"):
            pytest.fail("DBCE_DATA is unset: the bundled scores were not checked; .ci/run sets it")
        pytest.skip("set DBCE_DATA to a folder that holds CVC-ClinicDB and ISIC2018 to check the bundled scores")
    return Path(data)


def sample(folder: Path, names: list[str], base: Path) -> Dataset:
    """The images of these names, read as the whole set would be."""
    for part in (path for path in folder.iterdir() if path.is_dir()):
        (base / part.name).mkdir(parents=True)
        for path in part.iterdir():
            if path.stem.removesuffix("_segmentation") in names and path.suffix != ".txt":
                (base / part.name / path.name).symlink_to(path)
    return load_dataset(base)


@pytest.mark.parametrize(("task", "data"), [("polyp", "CVC-ClinicDB"), ("lesion", "ISIC2018")])
def test_stored_counts_come_out_again_on_the_real_test_set(real_data, tmp_path, task, data):
    found = stored(task)
    place = {name: k for k, name in enumerate(found["names"])}
    everything = [path.stem for path, _ in find_pairs(real_data / data)]
    held_out = in_part(everything, "test", TASKS[task].held_out)
    assert set(place) == {name for name, tested in zip(everything, held_out, strict=True) if tested}
    dataset = sample(real_data / data, found["names"][::EVERY], tmp_path)
    assert len(dataset) == -(-len(place) // EVERY)
    area = [found["area"][place[name]] for name in dataset.names]
    assert (dataset.labels == 1).sum(axis=(1, 2)).tolist() == area
    fars = {
        name: beyond(label == 1, found["radius"]) for name, label in zip(dataset.names, dataset.labels, strict=True)
    }
    for loss, checkpoint in checkpoints.bundled(task).items():
        kept = counts_of(found, loss)
        for start in range(0, len(dataset), 8):
            part = slice(start, start + 8)
            logits = foreground_logits(checkpoint, dataset.images[part])
            for name, logit, label in zip(dataset.names[part], logits, dataset.labels[part], strict=True):
                got = wrong_pixels(logit > 0, label == 1, fars[name])
                assert np.abs(kept[place[name], 0] - got).max() <= ROUNDING, (loss, name, got)


def test_stored_counts_come_out_again_on_a_drawn_scan(tmp_path):
    found, number = stored("organs"), 22
    case = f"case{number:04d}"
    k = found["names"].index(case)
    write_phantoms(tmp_path, WORK_SIZE, iter, [number])
    dataset = load_dataset(tmp_path, part="test")
    assert len(dataset) == 64 and set(map(scan_of, dataset.names)) == {case}
    classes = range(1, 9)
    assert [int((dataset.labels == c).sum()) for c in classes] == found["area"][k]
    fars = [{c: beyond(label == c, found["radius"]) for c in classes} for label in dataset.labels]
    for loss, checkpoint in checkpoints.bundled("organs").items():
        got = np.zeros((8, 3), int)
        for guess, label, far in zip(label_maps(checkpoint, dataset), dataset.labels, fars, strict=True):
            got += [wrong_pixels(guess == c, label == c, far[c]) for c in classes]
        difference = np.abs(counts_of(found, loss)[k] - got)
        assert difference.max() <= ROUNDING * 8, (loss, got)


@pytest.mark.parametrize("task", TASKS)
def test_bundled_scores_are_the_means_of_the_stored_counts(task):
    found, recorded = stored(task), checkpoints.manifest(task)
    area = np.reshape(found["area"], (len(found["names"]), -1))
    assert set(recorded) == set(LOSSES)
    for loss in recorded:
        missed, rim, far = np.moveaxis(counts_of(found, loss), -1, 0)
        hit, extra = area - missed, rim + far
        nothing = (area == 0) & (extra == 0)
        values = {
            "dice": (2 * hit, area + hit + extra),
            "iou": (hit, area + extra),
            "precision": (hit, hit + extra),
            "recall": (hit, area),
        }
        each = {name: np.where(nothing, 1, top / np.maximum(bottom, 1)) for name, (top, bottom) in values.items()}
        means = {name: 100 * value.mean() for name, value in each.items()}
        if TASKS[task].several:
            means |= dict(zip(TASKS[task].classes[1:], 100 * each["dice"].mean(axis=0), strict=True))
        assert recorded[loss]["scores"] == {name: pytest.approx(means[name], abs=0.0051) for name in columns(task)}
