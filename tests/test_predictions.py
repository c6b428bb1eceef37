"""Predictions of somebody's own: what is read how, and what is refused in one sentence."""

from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image

from dbce.data.formats import InputError
from dbce.data.predictions import LIMIT, decide_kind, from_array, read_file, to_grid
from dbce.data.resize import resize_image
from dbce.study.compared import OBJECT
from dbce.study.studies import LOGIT_STEP, Study, quantise
from dbce.tasks import ORGANS

SHAPE = (60, 90)


@pytest.fixture
def ramp() -> np.ndarray:
    """(60, 90) from 0.01 to 0.99, in no simple order."""
    return np.random.default_rng(3).permutation(np.linspace(0.01, 0.99, 5400)).reshape(SHAPE).astype(np.float32)


def read(path, values: str = "auto", task=OBJECT, shape=SHAPE):
    raw = read_file(path, task)
    return to_grid(raw, decide_kind([raw], task, values), shape, task)


def save(folder, name: str, array: np.ndarray):
    path = folder / name
    if name.endswith(".npy"):
        np.save(path, array)
    elif name.endswith(".npz"):
        np.savez_compressed(path, probabilities=array, other=np.zeros(3))
    elif name.endswith(".nii.gz"):
        # nibabel's axes: to the right, to the front, to the head; the picture runs the other way
        image = nib.Nifti1Image(array.T[::-1, ::-1, None], np.diag([1.0, 1, 1, 1]))
        path.write_bytes(gzip.compress(image.to_bytes()))
    else:
        Image.fromarray(array).save(path)
    return path


@pytest.mark.parametrize(
    ("name", "stored", "exact"),
    [
        ("a.npy", lambda p: p, 1e-7),
        ("a.npy", lambda p: p.astype(np.float16), 1e-3),
        ("a.npy", lambda p: np.stack([1 - p, p]), 1e-7),
        ("a.npy", lambda p: np.stack([1 - p, p], axis=2), 1e-7),
        ("a.npz", lambda p: np.stack([1 - p, p])[:, None], 1e-7),  # as nnU-Net writes it
        ("a.png", lambda p: np.rint(p * 255).astype(np.uint8), 0.5 / 255 + 1e-6),
        ("a.png", lambda p: np.rint(p * 65535).astype(np.uint16), 1e-5),
        ("a.tif", lambda p: p, 1e-7),
        ("a.nii.gz", lambda p: p, 1e-7),
    ],
)
def test_every_kind_of_file_gives_the_probabilities_of_the_image_resized(tmp_path, ramp, name, stored, exact):
    found = read(save(tmp_path, name, stored(ramp)))
    assert found.kind == "probabilities" and "probabilities" in found.note
    wanted = resize_image(ramp, 320)  # (320, 320), as images are
    assert np.abs(1 / (1 + np.exp(-found.logits)) - wanted).max() < exact + 1e-6


@settings(max_examples=30, deadline=None)
@given(hnp.arrays(np.float64, (320, 320), elements=st.floats(0, 1), fill=st.floats(0, 1)))
def test_a_study_gives_the_probabilities_back(maps):
    found = to_grid(from_array(maps, "mine", OBJECT), "probabilities", (320, 320), OBJECT)
    study = Study(OBJECT, np.zeros((320, 320, 3), np.uint8), None, {"mine": quantise(found.logits)})
    assert np.abs(study.probability("mine") - maps).max() < LOGIT_STEP / 4


def test_logits_are_taken_as_such_when_asked_for_and_never_guessed(tmp_path, ramp):
    logits = np.log(ramp / (1 - ramp))
    path = save(tmp_path, "z.npy", logits)
    with pytest.raises(InputError, match=r"z\.npy holds values from -4\.\d+ to 4\.\d+, .* say so \(values: logits\)"):
        read(path)
    found = read(path, "logits")
    assert np.abs(1 / (1 + np.exp(-found.logits)) - resize_image(ramp, 320)).max() < 1e-5
    square = np.full((320, 320), 20.0)  # beyond what a probability in float32 could tell
    raw = from_array(square, "z", OBJECT)
    assert (to_grid(raw, "logits", (320, 320), OBJECT).logits == 20).all()


@pytest.mark.parametrize(
    "stored",
    [
        lambda m: m,
        lambda m: m.astype(np.uint8),
        lambda m: m.astype(np.uint8) * 255,
        lambda m: m.astype(np.float64),
        lambda m: m.astype(np.int64),
    ],
)
def test_a_map_of_two_values_is_a_label_map_and_has_no_probabilities(tmp_path, stored):
    mask = np.zeros((320, 320), bool)
    mask[40:90, 100:200] = True
    found = read(save(tmp_path, "m.npy", stored(mask)), shape=(320, 320))
    assert found.kind == "labels" and found.note == "m.npy: label map, no probabilities."
    assert (found.logits == np.where(mask, LIMIT, -LIMIT)).all()


def test_a_set_is_read_by_one_rule():
    """Where nothing was found a map of probabilities looks like a label map, and 1 of 255 like the object."""
    faint, clear = np.zeros((320, 320), np.uint8), np.zeros((320, 320), np.uint8)
    faint[:4], clear[:4] = 1, 180
    raws = [from_array(each, "each", OBJECT) for each in (faint, clear)]
    assert decide_kind(raws[:1], OBJECT) == "labels" and decide_kind(raws, OBJECT) == "probabilities"
    found = to_grid(raws[0], "probabilities", (320, 320), OBJECT)
    assert np.isclose(1 / (1 + np.exp(-found.logits[0, 0])), 1 / 255)


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.full(SHAPE, np.nan), r"5400 values that are not numbers"),
        (np.zeros((3, *SHAPE)), r"array of 3 x 60 x 90; it must be one map"),
        (np.full((2, *SHAPE), 0.9), r"do not sum to 1 \(off by 0\.8\)"),
        (np.tile(np.arange(9, dtype=np.uint8), (60, 10)), r"0 to 8: labels of more than 2 classes, or probabilities"),
        (np.full((90, 60), 0.5), r"height and width are exchanged"),
        (np.full((64, 64), 0.5), r"has 64 x 64 pixels, its image 90 x 60; save"),
        (np.full(SHAPE, 0.5 + 0j), r"values of the type complex128"),
        (np.full(SHAPE, 1.5), r"holds values from 1\.5 to 1\.5, and probabilities lie between 0 and 1"),
    ],
)
def test_what_cannot_be_told_is_refused_in_one_sentence(tmp_path, array, words):
    with pytest.raises(InputError, match=words) as raised:
        read(save(tmp_path, "bad.npy", array))
    assert str(raised.value).startswith("bad.npy") and "\n" not in str(raised.value)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04nothing", b"\x93NUMPY\x01\x00v\x00{", b"text", b"\x89PNG\r\n\x1a\n"])
@pytest.mark.parametrize("ending", ["npy", "npz", "png", "nii"])
def test_a_damaged_file_is_one_sentence(tmp_path, data, ending):
    path = tmp_path / f"broken.{ending}"
    path.write_bytes(data)
    with pytest.raises(InputError, match="broken"):
        read(path)


def test_another_size_of_the_same_shape_is_resized_and_said(tmp_path):
    found = read(save(tmp_path, "small.npy", np.full((30, 45), 0.25)))
    assert "45 × 30 px, resized" in found.note and np.allclose(found.logits, np.log(1 / 3))
    square = read(save(tmp_path, "square.npy", np.full((320, 320), 0.25)))
    assert "the page's 320 × 320 px" in square.note


def test_several_classes_as_probabilities_and_as_labels(tmp_path):
    labels = np.random.default_rng(0).integers(0, 9, (320, 320)).astype(np.uint8)
    flat = read(save(tmp_path, "l.png", labels), task=ORGANS, shape=labels.shape)
    assert flat.kind == "labels" and (flat.logits.argmax(0) == labels).all() and flat.logits.min() == -LIMIT
    soft = np.random.default_rng(1).dirichlet(np.ones(9), (320, 320)).transpose(2, 0, 1)
    found = read(save(tmp_path, "p.npz", soft), task=ORGANS, shape=labels.shape)
    assert found.kind == "probabilities" and np.allclose(np.exp(found.logits), soft, atol=1e-6)
    with pytest.raises(InputError, match="probabilities one map a class"):
        read(save(tmp_path, "one.npy", np.full((320, 320), 0.5)), task=ORGANS, shape=labels.shape)
