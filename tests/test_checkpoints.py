"""Checkpoints: what is written is what is read, a damaged file is refused, and the bundled four are whole."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from dbce.network import DeepSupervisionUnet
from dbce.scores.evaluation import columns
from dbce.scores.result_files import MEASURED
from dbce.tasks import TASKS
from dbce.train import checkpoints
from dbce.train.recipe import Recipe

LOSSES = ["ce", "bce", "dice_ce", "dbce"]
RECIPE = {"loss": "dbce", "size": 64, "epochs": 3, "lr": 0.1 + 0.2, "data": "Ünïcode set"}


def tiny(seed: int = 0) -> DeepSupervisionUnet:
    torch.manual_seed(seed)
    network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(4, 4, 4), encoder_weights=None)
    with torch.no_grad():  # statistics as after training, not the 0 and 1 of a fresh network
        for name, buffer in network.named_buffers():
            if name.endswith(("running_mean", "running_var")):
                buffer.uniform_(0.5, 1.5)
            if name.endswith("num_batches_tracked"):
                buffer.fill_(1234)
    return network


@pytest.fixture(scope="module")
def network() -> DeepSupervisionUnet:
    return tiny()


@pytest.fixture(scope="module")
def saved(network, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("checkpoint") / "new folder" / "dbce.safetensors"
    checkpoints.save_checkpoint(path, network, RECIPE)
    return path


@pytest.fixture(scope="module")
def loaded(saved) -> checkpoints.Checkpoint:
    return checkpoints.load_checkpoint(saved)


def test_recipe_comes_back(loaded):
    assert loaded.recipe == RECIPE
    assert loaded.size == 64


def test_size_of_a_recipe_without_one_is_that_of_the_paper(network):
    assert checkpoints.Checkpoint(network, {}).size == 320


def test_every_tensor_comes_back_matrices_rounded_to_half(network, loaded):
    before, after = network.state_dict(), loaded.network.state_dict()
    assert before.keys() == after.keys()
    rounded = 0
    for name, value in before.items():
        value = value.numpy()
        expected = value.astype(np.float16).astype(np.float32) if value.ndim > 1 else value
        np.testing.assert_array_equal(after[name].numpy(), expected, err_msg=name)
        rounded += not np.array_equal(expected, value)
    assert rounded > 10  # the tensors that half precision changes are really there


def test_ready_to_predict(network, loaded):
    assert not loaded.network.training
    assert not any(parameter.requires_grad for parameter in loaded.network.parameters())
    assert all(value.dtype != torch.float16 for value in loaded.network.state_dict().values())
    image = torch.rand(1, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        expected = network.eval()(image)
        got = loaded.network(image)
    assert expected.std() > 0
    torch.testing.assert_close(got, expected, atol=0.02 * float(expected.std()), rtol=0.02)


def test_matrices_take_two_bytes_a_number_in_the_file(network, saved):
    sizes = {name: value.numel() * (2 if value.ndim > 1 else 4) for name, value in network.state_dict().items()}
    with safe_open(saved, framework="np") as file:
        for name in sizes:
            array = file.get_tensor(name)
            assert array.dtype == (np.float16 if array.ndim > 1 else array.dtype)
    tracked = sum(8 - 4 for name in sizes if name.endswith("num_batches_tracked"))
    assert 0 < saved.stat().st_size - sum(sizes.values()) - tracked < 100_000  # the rest is the header


def test_saving_leaves_nothing_else_and_replaces(network, tmp_path):
    path = tmp_path / "ce.safetensors"
    path.write_bytes(b"old")
    checkpoints.save_checkpoint(path, network, {"loss": "ce"})
    assert [file.name for file in tmp_path.iterdir()] == ["ce.safetensors"]
    assert checkpoints.load_checkpoint(path).recipe == {"loss": "ce"}


def test_right_sha256_is_accepted_and_a_wrong_one_refused(saved):
    right = hashlib.sha256(saved.read_bytes()).hexdigest()
    assert checkpoints.file_sha256(saved) == right
    checkpoints.load_checkpoint(saved, right)
    wrong = ("1" if right[0] == "0" else "0") + right[1:]
    with pytest.raises(ValueError, match="sha256") as raised:
        checkpoints.load_checkpoint(saved, wrong)
    assert str(saved) in str(raised.value)


def damaged(kind: str, good: Path, folder: Path) -> Path:
    path = folder / f"{kind}.safetensors"
    content = good.read_bytes()
    header = {"config": {"encoder": "mobilenet_v2", "num_classes": 2, "decoder_channels": [4, 4, 4]}, "recipe": {}}
    own = {"a": torch.zeros(2)}
    if kind == "truncated":
        path.write_bytes(content[: len(content) // 2])
    elif kind == "truncated header":
        path.write_bytes(content[:20])
    elif kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("version https://git-lfs.github.com/spec/v1\n" * 3)
    elif kind == "foreign":
        save_file(own, path)
    elif kind == "foreign with metadata":
        save_file(own, path, metadata={"format": "pt"})
    elif kind == "header is no JSON":
        save_file(own, path, metadata={"dbce": "{"})
    elif kind == "header is null":
        save_file(own, path, metadata={"dbce": "null"})
    elif kind == "other tensors":
        save_file(own, path, metadata={"dbce": json.dumps(header)})
    elif kind == "unknown encoder":
        header["config"]["encoder"] = "no_such_encoder"
        save_file(own, path, metadata={"dbce": json.dumps(header)})
    elif kind == "no recipe":
        del header["recipe"]
        with safe_open(good, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        save_file(tensors, path, metadata={"dbce": json.dumps(header)})
    return path


@pytest.mark.parametrize(
    "kind",
    [
        "truncated", "truncated header", "empty", "text", "foreign", "foreign with metadata", "header is no JSON",
        "header is null", "other tensors", "unknown encoder", "no recipe", "missing",
    ],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused_in_a_sentence(kind, saved, tmp_path):
    path = damaged(kind, saved, tmp_path)
    with pytest.raises(ValueError) as raised:
        checkpoints.load_checkpoint(path)
    assert (str(path) if kind != "unknown encoder" else "no_such_encoder") in str(raised.value)


# --- a folder of checkpoints and its manifest ---------------------------------------------------------------


SCORES = {"dice": 81.23456, "iou": 70.0, "precision": 85.5, "recall": 90.125}


@pytest.fixture
def folder(tmp_path) -> Path:
    for seed, loss in enumerate(["dbce", "ce"]):  # not the paper's order
        checkpoints.save_checkpoint(tmp_path / "polyp" / f"{loss}.safetensors", tiny(seed), {"loss": loss, "size": 32})
    checkpoints.write_manifest("polyp", {"dbce": SCORES, "ce": SCORES}, "made up", tmp_path)
    return tmp_path


def test_manifest_tells_file_hash_size_scores_and_recipe(folder):
    entry = checkpoints.manifest("polyp", folder)["ce"]
    content = (folder / "polyp" / entry["file"]).read_bytes()
    assert entry["file"] == "ce.safetensors"
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()
    assert entry["bytes"] == len(content)
    assert entry["scores"] == {name: pytest.approx(value, abs=0.00501) for name, value in SCORES.items()}
    assert entry["scores"]["dice"] == 81.23
    assert entry["test_data"] == "made up"
    assert entry["recipe"] == {"loss": "ce", "size": 32}


def test_bundled_loads_every_network_in_the_papers_order(folder):
    found = checkpoints.bundled("polyp", folder)
    assert list(found) == ["ce", "dbce"]
    for loss, seed in (("dbce", 0), ("ce", 1)):
        assert found[loss].recipe["loss"] == loss
        name = "heads.0.bias"
        assert torch.equal(found[loss].network.state_dict()[name], tiny(seed).state_dict()[name])


def test_bundled_refuses_a_replaced_file(folder):
    polyp = folder / "polyp"
    (polyp / "ce.safetensors").write_bytes((polyp / "dbce.safetensors").read_bytes())  # whole, but another
    with pytest.raises(ValueError, match=r"ce\.safetensors has sha256"):
        checkpoints.bundled("polyp", folder)


def test_bundled_refuses_one_changed_bit(folder):
    path = folder / "polyp" / "ce.safetensors"
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(ValueError, match=r"ce\.safetensors has sha256"):
        checkpoints.bundled("polyp", folder)


def test_bundled_names_a_missing_file(folder):
    (folder / "polyp" / "dbce.safetensors").unlink()
    with pytest.raises(ValueError, match=r"dbce\.safetensors does not exist"):
        checkpoints.bundled("polyp", folder)


def test_nothing_bundled_is_said(tmp_path):
    with pytest.raises(ValueError, match="polyp"):
        checkpoints.bundled("polyp", tmp_path)


# --- the twelve that come with the repository ---------------------------------------------------------------

BUNDLE = Path(__file__).resolve().parent.parent / "checkpoints"
BUNDLED = [(task, loss) for task in TASKS for loss in LOSSES]
DATA = {"polyp": ("Kvasir-SEG", 1000), "lesion": ("ISIC2018", 2075), "organs": ("CT-phantoms", 18 * 64)}


def bundle_entries(task: str) -> dict:
    return json.loads((BUNDLE / task / "manifest.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("task", TASKS)
def test_bundle_holds_exactly_the_four_losses(task):
    assert list(bundle_entries(task)) == LOSSES
    files = {path.name for path in (BUNDLE / task).iterdir()} - {f"{name}.json" for name in MEASURED}
    assert files == {"manifest.json", *(f"{loss}.safetensors" for loss in LOSSES)}


def test_all_bundled_networks_together_are_small():
    assert sum(path.stat().st_size for path in BUNDLE.rglob("*.safetensors")) <= 110_000_000


@pytest.mark.parametrize(("task", "loss"), BUNDLED)
def test_bundled_file_is_small_and_unchanged(task, loss):
    content = (BUNDLE / task / f"{loss}.safetensors").read_bytes()
    entry = bundle_entries(task)[loss]
    assert len(content) <= 10_000_000
    assert entry["file"] == f"{loss}.safetensors"
    assert entry["bytes"] == len(content)
    assert entry["sha256"] == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(("task", "loss"), BUNDLED)
def test_bundled_file_tells_how_it_was_made(task, loss):
    with safe_open(BUNDLE / task / f"{loss}.safetensors", framework="np") as file:
        header = json.loads(file.metadata()["dbce"])
    recipe = header["recipe"]
    assert recipe == bundle_entries(task)[loss]["recipe"]
    fields = Recipe.__dataclass_fields__.keys() - {"hold_out", "optimizer"}  # came later; their defaults were done
    assert recipe.keys() >= {*fields, "data", "images", "class_frequencies", "torch", "device"}
    assert (recipe["task"], recipe["loss"], (recipe["data"], recipe["images"])) == (task, loss, DATA[task])
    assert recipe["epochs"] >= 25
    assert recipe["size"] >= 160
    assert recipe["radius"] == TASKS[task].radius
    assert sum(recipe["class_frequencies"]) == pytest.approx(1)
    if task == "polyp":
        assert recipe["class_frequencies"][1] == pytest.approx(0.154, abs=0.005)  # measured on the data set
    assert "/" not in f"{recipe['data']}{recipe['encoder_weights']}"  # no machine's paths


@pytest.mark.parametrize("task", TASKS)
def test_bundled_runs_differ_in_the_loss_alone(task):
    recipes = [bundle_entries(task)[loss]["recipe"] for loss in LOSSES]
    rest = [{key: value for key, value in recipe.items() if key != "loss"} for recipe in recipes]
    assert rest[1:] == rest[:1] * 3
    assert [recipe["loss"] for recipe in recipes] == LOSSES


@pytest.mark.parametrize("task", TASKS)
def test_bundled_networks_load_and_differ(task):
    found = checkpoints.bundled(task)
    assert list(found) == LOSSES
    weights = [found[loss].network.heads[-1].weight.numpy().tobytes() for loss in LOSSES]
    assert len(set(weights)) == 4
    assert checkpoints.is_drawn(found["ce"].recipe) == (task == "organs")


@pytest.mark.parametrize(("task", "loss"), BUNDLED)
def test_bundled_scores_are_percentages_of_a_network_that_learned(task, loss):
    entry = bundle_entries(task)[loss]
    assert entry["test_data"]
    assert list(entry["scores"]) == list(columns(task))
    assert all(0 <= value < 100 for value in entry["scores"].values()) and entry["scores"]["dice"] > 50


# --- networks of one's own ----------------------------------------------------------------------------------


def own(folder: Path, name: str, task: str = "polyp", num_classes: int = 2) -> Path:
    torch.manual_seed(0)
    network = DeepSupervisionUnet("mobilenet_v2", num_classes, decoder_channels=(8, 8, 8))
    checkpoints.save_checkpoint(folder / f"{name}.safetensors", network, {"task": task, "size": 64})
    return folder / f"{name}.safetensors"


def test_a_folder_of_ones_own_networks_is_sorted_by_task(tmp_path):
    own(tmp_path, "focal")
    own(tmp_path / "organs", "tversky", "organs", 9)
    own(tmp_path, "mine", "organs", 9)
    found = checkpoints.collect_networks(tmp_path)
    assert {task: list(networks) for task, networks in found.items()} == {
        "polyp": ["focal"],
        "organs": ["mine", "tversky"],
    }


def test_the_bundled_folder_is_collected_in_the_papers_order():
    found = checkpoints.collect_networks()
    assert list(found) == [task for task in TASKS if task in found] and "polyp" in found
    assert all(list(networks) == LOSSES for networks in found.values())


def test_own_networks_that_cannot_be_shown_are_named(tmp_path):
    with pytest.raises(ValueError, match="holds no networks"):
        checkpoints.collect_networks(tmp_path)
    bad = own(tmp_path, "no spaces please")
    with pytest.raises(ValueError, match="cannot be shown under its name"):
        checkpoints.collect_networks(tmp_path)
    bad.unlink()
    bad = own(tmp_path, "brain", "brain")
    with pytest.raises(ValueError, match="a network for 'brain'"):
        checkpoints.collect_networks(tmp_path)
    bad.unlink()
    bad = own(tmp_path, "two", "organs", 2)
    with pytest.raises(ValueError, match="a network for 'organs'"):
        checkpoints.collect_networks(tmp_path)
    bad.unlink()
    own(tmp_path, "same")
    own(tmp_path / "polyp", "same")
    with pytest.raises(ValueError, match="no other network of its task has"):
        checkpoints.collect_networks(tmp_path)
    for k in range(9):
        shutil.copy(tmp_path / "same.safetensors", tmp_path / f"n{k}.safetensors")
    (tmp_path / "polyp" / "same.safetensors").unlink()
    with pytest.raises(ValueError, match="10 networks for 'polyp'; at most 8 fit a page"):
        checkpoints.collect_networks(tmp_path)
