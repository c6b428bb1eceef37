"""A task owns its facts: one more entry is a whole task, also of several classes that are no scan."""

from __future__ import annotations

import base64
import dataclasses
import json

import numpy as np
import pytest
import torch
from PIL import Image

from dbce.data import pairs
from dbce.data.datasets import holds_own_split, load_dataset, pack_dataset
from dbce.hub.cards import model_card
from dbce.network import DeepSupervisionUnet
from dbce.page import page
from dbce.page.scans import ScanStudio
from dbce.page.settings import describe
from dbce.page.studio import Studio
from dbce.registry import LOSSES, resolve
from dbce.scores import evaluation
from dbce.scores.results import summary
from dbce.study.predictor import Predictor
from dbce.study.studies import LabelStudy
from dbce.tasks import DEFAULT, MAX_RADIUS, TASKS, Task
from dbce.train.checkpoints import Checkpoint
from tests.encodings import encode

CLASSES = 9  # as many as the organs, of which a photograph's labels must not be taken


def draw(seed: int, size: int, *, difficulty: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A checkerboard of nine classes, brighter the higher."""
    cells = np.random.default_rng(seed).integers(0, CLASSES, (4, 4), np.uint8)
    labels = np.kron(cells, np.ones((size // 4, size // 4), np.uint8))
    grey = (labels * 25 + 10 * difficulty).astype(np.uint8)
    return np.stack([grey, 255 - grey, grey], axis=2), labels


TOOLS = Task(
    "tools",
    "picture",
    ("background", *(f"tool {k}" for k in range(1, CLASSES))),
    ("#000000",) * CLASSES,
    radius=15,
    epochs=50,
    draw=f"{__name__}:draw",
    examples=((1, 0.2), (2, 0.8), (3, 1.0)),
    data="photographs of an operation",
    averaged="Scores are the mean over images, then over the tools.",
    limits="The tools: none.",
    objects="tools",
)


@pytest.fixture
def tools(monkeypatch) -> Task:
    monkeypatch.setitem(TASKS, "tools", TOOLS)
    return TOOLS


@pytest.fixture
def predictor(tools) -> Predictor:
    torch.manual_seed(0)
    recipe = {"task": "tools", "size": 64, "data": "Tools", "encoder": "mobilenet_v2", "images": 3, "epochs": 1}
    network = DeepSupervisionUnet("mobilenet_v2", CLASSES).eval()
    return Predictor({"ce": Checkpoint(network, recipe)}, "tools")


@pytest.mark.parametrize("task", TASKS.values(), ids=TASKS)
def test_what_is_said_of_a_task_fits_together(task):
    assert TASKS[task.name] is task and len(task.colours) == task.num_classes and 0 <= task.radius <= MAX_RADIUS
    assert task.several == (task.num_classes > 2) and task.is_scan == (task.kind == "scan")
    assert callable(resolve(task.draw)) and len(task.examples) >= 4
    assert all(len(row) == len(evaluation.columns(task.name)) for row in task.paper.values())
    assert not task.paper or list(task.paper) == list(LOSSES)
    assert all(words == words.strip() and not words.endswith(",") for words in (task.data, task.averaged, task.limits))
    assert DEFAULT in TASKS


def test_no_two_tasks_of_the_paper_are_the_same_table():
    tables = [task.table for task in TASKS.values()]
    assert sorted(filter(None, tables)) == sorted(set(filter(None, tables)))


def test_a_photograph_of_several_classes_is_opened_as_a_picture(predictor):
    studio = page.studio_of(predictor)
    assert type(studio) is Studio and type(page.studio_of(Predictor({}, "organs"))) is ScanStudio
    image, labels = draw(7, 320)
    files = {
        name: {"name": f"{name}.png", "data": base64.b64encode(encode(Image.fromarray(array), "PNG")).decode()}
        for name, array in (("image", image), ("mask", labels))
    }
    scene = json.loads(studio.open_study(json.dumps(files))["scene"])
    assert scene["classes"] == CLASSES and scene["numbering"] is None and scene["place"] is None
    assert "numbering" not in scene["note"]
    study = studio.open(
        ("i.png", encode(Image.fromarray(image), "PNG")), ("m.png", encode(Image.fromarray(labels), "PNG"))
    )
    assert isinstance(study.study, LabelStudy) and np.array_equal(study.study.labels, labels)
    assert "scene" in studio.open_study('{"example": 2}') and "error" in studio.open_study('{"example": 3}')


def test_labels_of_a_photograph_are_never_renumbered(tools):
    labels = encode(Image.fromarray(np.array([[0, 1, 8, 255]], np.uint8)), "PNG")
    assert pairs.read_any(("m.png", labels), tools).labels.tolist() == [[0, 1, 8, 255]]
    as_scan = dataclasses.replace(tools, kind="scan")
    assert pairs.read_any(("m.png", labels), as_scan, "synapse").labels.tolist() == [[0, 7, 1, 255]]
    with pytest.raises(ValueError, match=r"m.png holds values up to 9; labels must be the class numbers 0 to 8"):
        pairs.read_any(("m.png", encode(Image.fromarray(np.array([[0, 9]], np.uint8)), "PNG")), tools)


@pytest.fixture
def folder(tmp_path):
    for name in ("images", "masks"):
        (tmp_path / name).mkdir()
    for seed in range(4):
        image, labels = draw(seed, 320)
        Image.fromarray(image).save(tmp_path / "images" / f"t{seed}.png")
        Image.fromarray(labels).save(tmp_path / "masks" / f"t{seed}.png")
    return tmp_path


def test_a_set_of_photographs_of_several_classes_is_read_by_value(folder, tools, tmp_path):
    found = load_dataset(folder, num_classes=CLASSES)
    assert found.names == ("t0", "t1", "t2", "t3") and found.origin == "images"
    assert all(np.array_equal(found.labels[seed], draw(seed, 320)[1]) for seed in range(4))
    assert not holds_own_split(folder, tools)
    pack_dataset(found, tmp_path / "tools.npz", quality=None)
    again = load_dataset(tmp_path / "tools.npz", num_classes=CLASSES)
    assert np.array_equal(again.labels, found.labels) and np.array_equal(again.images, found.images)
    Image.fromarray(np.full((320, 320), 9, np.uint8)).save(folder / "masks" / "t1.png")
    Image.fromarray(np.zeros((300, 320), np.uint8)).save(folder / "masks" / "t3.png")
    with pytest.raises(ValueError, match=r"(?s)t1.png holds values up to 9.*t3.png has 320 x 300 pixels"):
        load_dataset(folder, num_classes=CLASSES)


def test_photographs_of_several_classes_are_scored_one_by_one(folder, tools):
    """Against Dice and IoU of every class and image, counted here."""
    dataset = load_dataset(folder, num_classes=CLASSES)
    found = np.roll(dataset.labels, 20, axis=2)
    scores = evaluation.scan_scores(found, dataset, CLASSES)
    for image in range(4):
        for label in range(1, CLASSES):
            real, guess = dataset.labels[image] == label, found[image] == label
            size = real.sum() + guess.sum()
            expected = 2 * (real & guess).sum() / size if size else 1.0
            assert scores["dice"][image, label - 1] == pytest.approx(expected)
    assert list(evaluation.columns("tools"))[:3] == ["dice", "iou", "tool 1"]


def test_the_words_are_the_tasks(predictor):
    recipe = {"encoder": "resnet34", "epochs": 9, "images": 7, "data": "T", "size": 320, "batch_size": 2, "seed": 0}
    recipe |= {"radius": 15, "task": "tools"}
    scores = {name: 50.0 for name in evaluation.columns("tools")}
    manifest = {"ce": {"scores": scores, "recipe": recipe, "test_data": "U"}}
    text = evaluation.score_markdown(manifest, "tools")
    assert "the mean over tools and images" in text and "all 7 images of T" in text and "slices" not in text
    told = summary("tools", manifest)
    assert told["title"] == "Tools segmentation" and TOOLS.averaged in told["setting"] and "7 images" in told["setting"]
    settings = page.config(page.studio_of(predictor), page.Offer(predictor), ["polyp", "tools"])
    assert settings["classes"][1] == "tool 1" and len(settings["examples"]) == 3 and ".nii" not in settings["accept"]
    assert "images" in describe(predictor)
    assert TASKS["tools"].scored == TASKS["tools"].seen == "images"


def test_a_model_card_says_of_every_task_what_it_owns():
    text = str(model_card(list(TASKS), "user/name"))
    for task in TASKS.values():
        assert task.data in text and task.limits in text and task.cite in text
    assert "; organs are not flipped" in text and "polyp are not flipped" not in text
