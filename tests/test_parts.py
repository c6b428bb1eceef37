"""Which part of a data set is trained on and scored: only a task's own set is split, and what was taken is said."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from dbce.__main__ import main
from dbce.data import datasets, parts
from dbce.data.phantoms import lesion
from dbce.tasks import TASKS
from dbce.train import checkpoints

LAYOUTS = {
    "own": ("ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth"),
    "validation": ("ISIC2018_Task1-2_Validation_Input", "ISIC2018_Task1_Validation_GroundTruth"),
    "other": ("images", "masks"),
}


def made(folder, layout: str, count: int = 10):
    """A set of drawn lesions in one of the layouts."""
    for part in LAYOUTS[layout]:
        (folder / part).mkdir(parents=True)
    for k in range(count):
        image, mask = lesion(k, 48)
        Image.fromarray(image).save(folder / LAYOUTS[layout][0] / f"ISIC_{k:07d}.png")
        ending = "" if layout == "other" else "_segmentation"
        Image.fromarray(mask * 255).save(folder / LAYOUTS[layout][1] / f"ISIC_{k:07d}{ending}.png")
    return folder


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("layout", "split"), [("own", True), ("validation", False), ("other", False)])
def test_only_the_set_that_the_recipe_names_is_split(tmp_path, capsys, layout, split, packed):
    """10 images: 2 of the task's own set are held out; any other set is scored whole."""
    source = made(tmp_path / "set", layout)
    if packed:
        assert main(["pack", "lesion", "--data", str(source), "-o", str(tmp_path / "set.npz"), "--size", "64"]) == 0
        source = tmp_path / "set.npz"
    assert datasets.holds_own_split(source, TASKS["lesion"]) == split
    network = str(checkpoints.FOLDER / "lesion" / "ce.safetensors")
    arguments = ["evaluate", "lesion", "--data", str(source), "--checkpoint", network, "--json"]
    capsys.readouterr()
    assert main(arguments) == 0
    said = capsys.readouterr()
    count = 2 if split else 10
    which = "the test part; --part all takes every one" if split else "all of it"
    assert f"{count} images of {source.name}: {which}" in said.err
    scores = json.loads(said.out)
    assert main([*arguments, "--part", "all"]) == 0
    said = capsys.readouterr()
    assert f"10 images of {source.name}: all of it" in said.err
    assert (json.loads(said.out) == scores) == (not split)


def test_scans_are_split_if_they_are_synapses(tmp_path):
    organs = TASKS["organs"]
    assert parts.is_split(organs, "", ["case0001_slice003", "case0040"])
    assert not parts.is_split(organs, "", ["case0001", "case0041"])  # no such scan in Synapse
    assert not parts.is_split(TASKS["polyp"], "images", ["a"])


def test_the_parts_of_a_pack_are_those_of_its_folder(tmp_path):
    source = made(tmp_path / "set", "own")
    datasets.pack_dataset(datasets.load_dataset(source), tmp_path / "set.npz", quality=None)
    for part in ("train", "test"):
        one, other = (datasets.load_dataset(path, part=part, held_out=0.2) for path in (source, tmp_path / "set.npz"))
        assert one.names == other.names and np.array_equal(one.images, other.images)
        assert np.array_equal(one.labels, other.labels) and one.origin == other.origin == LAYOUTS["own"][0]
