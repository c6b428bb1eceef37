"""Training: the recipe of section 3.2, exact resumption, fairness between losses, several processes."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from dbce.__main__ import main
from dbce.data.datasets import Dataset
from dbce.data.datasets import load_dataset as load_data
from dbce.network import DeepSupervisionUnet
from dbce.scores.evaluation import validator
from dbce.train import checkpoints
from dbce.train.recipe import Recipe, build_loss
from dbce.train.run_files import read_log, read_state
from dbce.train.training import _batches, train
from tests import small
from tests.small import TINY

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    return small.drawn(6)


@pytest.fixture(scope="module")
def whole_run(dataset, tmp_path_factory) -> Path:
    return train(TINY, dataset, tmp_path_factory.mktemp("whole"), source="drawn")


def test_recipe_is_the_papers():
    paper = Recipe()
    assert (paper.encoder, paper.size, paper.epochs, paper.lr, paper.weight_decay, paper.radius) == (
        "resnet34", 320, 600, 5e-4, 1e-4, 20,
    )  # fmt: skip


def test_an_interrupted_run_ends_with_the_same_bytes(dataset, whole_run, tmp_path):
    for stop in (1, 2):
        assert train(TINY, dataset, tmp_path, source="drawn", stop_after=stop) is None
    assert train(TINY, dataset, tmp_path, source="drawn").read_bytes() == whole_run.read_bytes()
    strip = lambda lines: [{k: v for k, v in line.items() if "second" not in k} for line in lines]  # noqa: E731
    assert strip(read_log(tmp_path)) == strip(read_log(whole_run.parent))


def test_log_has_a_line_an_epoch_and_the_learning_rate_is_polynomial(whole_run):
    lines = read_log(whole_run.parent)
    assert [line["epoch"] for line in lines] == [1, 2, 3]
    last_step = [1, 3, 5]  # two steps an epoch, six in all
    assert [line["lr"] for line in lines] == pytest.approx([5e-4 * (1 - i / 6) ** 0.9 for i in last_step])
    assert all(line["images_per_second"] > 0 and np.isfinite(line["loss"]) for line in lines)


def test_checkpoint_says_how_it_was_made(whole_run):
    recipe = checkpoints.load_checkpoint(whole_run).recipe
    assert recipe["loss"] == "dbce" and recipe["data"] == "drawn" and recipe["images"] == 6
    assert recipe["size"] == 64 and recipe["seed"] == 0


def test_every_image_exactly_once_an_epoch_in_another_order():
    first, second = (np.concatenate(list(_batches(10, TINY, epoch))) for epoch in (0, 1))
    assert sorted(first) == sorted(second) == list(range(10))
    assert list(first) != list(second)
    assert [len(batch) for batch in _batches(10, TINY, 0)] == [4, 4, 2]


@pytest.mark.parametrize(("count", "size", "sizes"), [(9, 4, [4, 5]), (1, 4, [1]), (3, 1, [1, 1, 1]), (8, 4, [4, 4])])
def test_a_last_image_does_not_make_a_batch_by_itself(count, size, sizes):
    batches = _batches(count, replace(TINY, batch_size=size), 0)
    assert [len(batch) for batch in batches] == sizes
    assert sorted(np.concatenate(batches)) == list(range(count))


def test_losses_see_the_same_images_augmented_alike(dataset, tmp_path, monkeypatch):
    seen: dict[str, list[torch.Tensor]] = {}
    from dbce.train.training import Augment

    for loss in ("ce", "dbce"):
        kept = seen[loss] = []
        real = Augment.forward

        def spy(self, images, labels, kept=kept, real=real):
            out = real(self, images, labels)
            kept.extend(part.clone() for part in out)
            return out

        with monkeypatch.context() as patch:
            patch.setattr(Augment, "forward", spy)
            train(replace(TINY, loss=loss, epochs=1), dataset, tmp_path / loss)
    assert len(seen["ce"]) == 4
    assert all(torch.equal(a, b) for a, b in zip(seen["ce"], seen["dbce"], strict=True))


def test_radius_follows_the_image_size_and_frequencies_the_training_set(dataset):
    assert build_loss(replace(TINY, radius=20), dataset).radius == 4  # 20 px at 320 are 4 at 64
    frequencies = build_loss(replace(TINY, loss="bce"), dataset).class_frequencies
    assert frequencies == pytest.approx([1 - dataset.labels.mean(), dataset.labels.mean()])


def test_training_lowers_the_loss(dataset, tmp_path):
    train(replace(TINY, epochs=12, augment=False), dataset, tmp_path)
    losses = [line["loss"] for line in read_log(tmp_path)]
    assert losses[-1] < 0.7 * losses[0]


def test_a_run_resumes_only_with_its_own_settings(dataset, tmp_path):
    train(TINY, dataset, tmp_path, stop_after=1)
    with pytest.raises(ValueError, match=r"other settings \(epochs 3 -> 5\)"):
        train(replace(TINY, epochs=5), dataset, tmp_path)
    with pytest.raises(ValueError, match="load it with size"):
        train(replace(TINY, size=96), dataset, tmp_path / "other")


@pytest.mark.parametrize(
    ("change", "words"),
    [({"loss": "focal"}, "loss is 'focal'"), ({"task": "liver"}, "task is 'liver'"), ({"size": 100}, "size is 100"),
     ({"optimizer": "sgd"}, "optimizer is 'sgd'"), ({"epochs": 0}, "epochs is 0"),
     ({"batch_size": -1}, "batch_size is -1"), ({"lr": 0.0}, "lr is 0.0")],
)  # fmt: skip
def test_bad_recipes_get_a_sentence(change, words):
    with pytest.raises(ValueError, match=words):
        replace(TINY, **change)


@pytest.mark.parametrize("optimizer", ["adam", "adamw"])
def test_adamw_keeps_the_decay_apart_from_the_gradient_and_adam_does_not(dataset, tmp_path, optimizer):
    decay, found = 0.5, []
    for weight_decay in (0.0, decay):
        one = replace(TINY, optimizer=optimizer, weight_decay=weight_decay, batch_size=8, epochs=1)  # a single step
        folder = tmp_path / str(weight_decay)
        train(one, dataset, folder)
        assert checkpoints.load_checkpoint(folder / "dbce.safetensors").recipe["optimizer"] == optimizer
        found.append(read_state(folder)["network"])
    torch.manual_seed(TINY.seed)
    begun = DeepSupervisionUnet("mobilenet_v2", 2, encoder_weights=None)
    apart = [
        torch.allclose(without - TINY.lr * decay * begun.state_dict()[name], found[1][name], rtol=1e-4, atol=1e-7)
        for name, without in found[0].items()
        if name in dict(begun.named_parameters())
    ]
    assert all(apart) == (optimizer == "adamw")


@pytest.fixture(scope="module")
def folder(tmp_path_factory, dataset) -> Path:
    return small.written(dataset, tmp_path_factory.mktemp("Drawn"))


def command(folder: Path, out: Path, *more: str) -> list[str]:
    options = ["--encoder", "mobilenet_v2", "--encoder-weights", "none", "--size", "64", "--batch-size", "4"]
    return ["dbce", "train", "polyp", "--data", str(folder), "--out", str(out), *options, "--device", "cpu", *more]


def test_killed_at_any_moment_it_resumes_to_the_same_weights(folder, tmp_path):
    run, other = (command(folder, tmp_path / name, "--epochs", "6") for name in ("killed", "whole"))
    process = subprocess.Popen([sys.executable, "-m", *run], cwd=ROOT, stderr=subprocess.DEVNULL)
    log = tmp_path / "killed" / "log.jsonl"
    while process.poll() is None and not (log.is_file() and len(log.read_text().splitlines()) >= 2):
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    done = [json.loads(line)["epoch"] for line in log.read_text().splitlines()]
    assert 2 <= done[-1] < 6
    assert main(run[1:]) == main(other[1:]) == 0
    first, second = (tmp_path / name / "dbce.safetensors" for name in ("killed", "whole"))
    assert first.read_bytes() == second.read_bytes()


def test_a_compiled_network_trains_alike_and_is_scored(dataset, whole_run, tmp_path):
    score = validator(small.drawn(2, 320), "polyp", 64)
    path = train(TINY, dataset, tmp_path, source="drawn", backend="aot_eager", validate=score, validate_every=2)
    assert checkpoints.load_checkpoint(path).recipe["compiled"] == "aot_eager"
    assert load_file(whole_run).keys() == load_file(path).keys()
    plain, compiled = ([line["loss"] for line in read_log(folder)] for folder in (whole_run.parent, tmp_path))
    assert compiled == pytest.approx(plain, rel=0.02)  # sums in another order
    last = read_log(tmp_path)[-1]["validation"]
    assert 0 <= last["dice"] <= 100
    assert last == pytest.approx(score(checkpoints.load_checkpoint(path).network), abs=0.5)  # half precision on disk


FAULTS = """
import resource, sys
import torch
from dbce.train.training import keep_memory

def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(10):
        torch.ones(2**24)  # 64 MB, 16384 pages
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before

fresh = faults()
can = keep_memory()
faults()
print(can, fresh, faults())
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="page faults are counted on Linux")
def test_large_blocks_are_kept_where_the_c_library_can():
    done = subprocess.run([sys.executable, "-c", FAULTS], cwd=ROOT, capture_output=True, text=True, check=True)
    can, fresh, kept = done.stdout.split()
    if can == "True":  # glibc
        assert int(kept) < int(fresh) / 10
    else:
        assert int(kept) > 0


def test_labels_of_another_task_get_a_sentence(dataset, tmp_path):
    with pytest.raises(ValueError, match="the data set has the label 5; polyp has the classes 0 to 1"):
        train(TINY, replace(dataset, labels=dataset.labels * 5), tmp_path)


SPREAD = """
import hashlib, sys
from pathlib import Path
from dbce.data import datasets
from dbce.train import training

recipe = training.Recipe(
    encoder="mobilenet_v2", encoder_weights=None, size=64, epochs=8, batch_size=4, augment=False
)
out, seen, kept = Path(sys.argv[2]), [], []
real_step, real_save = training._Run.step, training._Run.save

def step(self, iteration, batch):
    rank, world = self.accelerator.process_index, self.accelerator.num_processes
    assert world == 2
    seen.append((iteration, *batch[rank::world].tolist()))
    return real_step(self, iteration, batch)

def save(self, line):
    kept[:] = [self.accelerator.process_index, self.accelerator.unwrap_model(self.network)]
    real_save(self, line)

training._Run.step, training._Run.save = step, save
training.train(recipe, datasets.load_dataset(sys.argv[1], 64), out, device="cpu")
rank, network = kept
digest = hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in network.parameters())).hexdigest()
(out / f"rank{rank}.txt").write_text(digest + "\\n" + repr(seen))
"""


def launch(*arguments: str) -> None:
    """Two processes that exchange gradients over loopback."""
    command = [sys.executable, "-m", "accelerate.commands.launch", "--multi_gpu", "--num_processes", "2"]
    command += ["--num_machines", "1", "--mixed_precision", "no", "--dynamo_backend", "no", "--main_process_port", "0"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run([*command, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]


def test_two_processes_stay_identical_and_share_every_epoch(folder, tmp_path):
    script, out = tmp_path / "spread.py", tmp_path / "two"
    script.write_text(SPREAD)
    launch(str(script), str(folder), str(out))
    (first, mine), (second, yours) = ((out / f"rank{rank}.txt").read_text().split("\n") for rank in (0, 1))
    assert first == second  # the same parameters, bit for bit, after eight epochs
    for epoch in range(8):
        steps = range(2 * epoch, 2 * epoch + 2)
        images = [i for rows in (eval(mine), eval(yours)) for row in rows if row[0] in steps for i in row[1:]]
        assert sorted(images) == [0, 1, 2, 3, 4, 5]  # every image once
    # the loss it ends with lies where one process ends, with the same global batch and any of five seeds
    lines = [line["loss"] for line in read_log(out)]
    recipe = replace(TINY, epochs=8, augment=False)
    alone = []
    for seed in range(5):
        train(replace(recipe, seed=seed), load_data(folder, 64), tmp_path / f"seed{seed}", device="cpu")
        alone.append([line["loss"] for line in read_log(tmp_path / f"seed{seed}")][-1])
    assert len(lines) == 8 and lines[-1] < lines[0]
    assert abs(lines[-1] - np.mean(alone)) < 4 * np.std(alone, ddof=1)


def test_several_processes_take_every_run_of_a_campaign_together(folder, tmp_path):
    options = command(folder, tmp_path, "--epochs", "2", "--losses", "ce", "dbce")
    launch("-m", "dbce", "campaign", *options[2:])
    for name in ("ce", "dbce"):
        assert [line["epoch"] for line in read_log(tmp_path / f"{name}-s0")] == [1, 2]
        weights = load_file(tmp_path / f"{name}-s0" / f"{name}.safetensors")
        assert all(torch.isfinite(value).all() for value in weights.values() if value.is_floating_point())
