"""A data set is summed up before work starts, and its masks are read by one rule."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dbce.__main__ import main
from dbce.data import datasets, folders
from dbce.data.phantoms import polyp
from dbce.tasks import IGNORE
from tests.encodings import EXACT, SOFT, encode, two
from tests.test_masks import blob, with_ring

EMPTY = np.zeros((90, 120), bool)


def fill(folder: Path, masks: dict[str, bytes], names: tuple[str, str] = ("images", "masks")) -> Path:
    """A data set of these masks, with pictures beside them."""
    for part in names:
        (folder / part).mkdir(parents=True)
    for name, content in masks.items():
        (folder / names[1] / f"{name}.png").write_bytes(content)
        (folder / names[0] / f"{name}.jpg").write_bytes(encode(Image.fromarray(polyp(1, 128)[0][:90, :120]), "JPEG"))
    return folder


@pytest.mark.parametrize("kind", [*EXACT, *SOFT])
def test_a_folder_reads_what_the_page_reads(tmp_path, kind):
    written = {**EXACT, **SOFT}[kind]
    found = datasets.load_dataset(fill(tmp_path, {f"p{k}": written(blob(k)) for k in range(4)}), 320)
    square = np.stack([datasets.resize_mask(blob(k), 320) for k in range(4)])
    assert (found.labels != square).mean() < (1e-9 if kind in EXACT else 0.02)


def test_masks_in_different_writings_keep_their_objects(tmp_path):
    kinds = ("0/1", "0/255", "red on black", "palette, black and red", "1 bit", "Group 4")
    found = datasets.load_dataset(fill(tmp_path, {f"p{k}": EXACT[kind](blob(k)) for k, kind in enumerate(kinds)}), 320)
    assert np.array_equal(found.labels, np.stack([datasets.resize_mask(blob(k), 320) for k in range(len(kinds))]))
    assert found.survey.rules.total() == 6 and found.survey.rules["object: value 255"] == 3


def test_the_survey_says_what_the_folder_holds(tmp_path):
    folder = fill(tmp_path / "clinic", {f"p{k}": EXACT["0/1"](blob(k)) for k in range(5)} | {"none": two(EMPTY, 0, 1)})
    for name in ("images/._p0.jpg", "masks/.DS_Store", "masks/Thumbs.db", "images/notes.txt"):
        (folder / name).write_bytes(b"\0\5\x16\7 not a picture")
    text = str(datasets.load_dataset(folder, 64).survey)
    shares = sorted(100 * blob(k).mean() for k in range(5))
    assert text.startswith("clinic: 6 images with masks, 120 × 90 px\n")
    assert "masks hold value 0 and value 1 (5), value 0 (1)" in text
    assert "read as object: value 1 (5); no object: value 0 (1)" in text
    assert f"{shares[-1]:.0f} % at most" in text and "object: 0 % of the pixels at least" in text
    assert "without object: 1 mask" in text
    assert "skipped: images/._p0.jpg, images/notes.txt, masks/.DS_Store, masks/Thumbs.db" in text


# --- what a set decides


def test_255_is_ignored_in_the_whole_set_where_one_mask_shows_it(tmp_path):
    ring = encode(Image.fromarray(with_ring(blob(1))), "PNG")
    unsure = np.where(blob(2), 255, 0).astype(np.uint8)  # background and ignored pixels: an object nowhere
    masks = {"a": ring, "b": ring, "c": encode(Image.fromarray(unsure), "PNG"), "d": EXACT["0/1"](blob(3))}
    found = datasets.load_dataset(fill(tmp_path, masks), 320)
    assert set(np.unique(found.labels[2])) == {0, IGNORE} and set(np.unique(found.labels[3])) == {0, 1}
    assert np.array_equal(found.labels[0], datasets.resize_mask(with_ring(blob(1)), 320))
    assert "255 is ignored" in str(found.survey)
    more = {**masks, **{f"e{k}": EXACT["0/255"](blob(k)) for k in range(4)}}
    with pytest.raises(ValueError, match="cannot be told whether 255 is the object or ignored"):
        datasets.load_dataset(fill(tmp_path / "more", more), 64)


def test_white_is_the_background_of_a_whole_set_also_where_the_object_meets_the_border(tmp_path):
    cut = np.zeros((90, 120), bool)
    cut[:, :60] = True  # half of the border: by itself, it would be read the other way round
    masks = {f"p{k}": EXACT["black on white"](blob(k)) for k in range(9)} | {"q": EXACT["black on white"](cut)}
    masks["r"] = two(EMPTY, 255, 0)  # no object
    found = datasets.load_dataset(fill(tmp_path, masks), 320)
    truth = [*(blob(k) for k in range(9)), cut, EMPTY]
    assert np.array_equal(found.labels, np.stack([datasets.resize_mask(mask, 320) for mask in truth]))
    assert "the background is value 255" in str(found.survey)


def test_one_object_that_fills_its_picture_does_not_turn_a_set_over(tmp_path):
    frame = np.ones((90, 120), bool)
    frame[30:60, 40:80] = False  # a hole: by itself, it would be read as the object
    masks = {f"p{k}": EXACT["0/255"](blob(k)) for k in range(12)} | {"q": EXACT["0/255"](frame)}
    found = datasets.load_dataset(fill(tmp_path, masks), 320)
    assert np.array_equal(found.labels[-1], datasets.resize_mask(frame, 320)) and "q.png" in str(found.survey)


def test_masks_that_contradict_each_other_are_named(tmp_path):
    mixed = {f"p{k}": EXACT["black on white" if k % 2 else "0/255"](blob(k)) for k in range(6)}
    with pytest.raises(ValueError, match=r"3 masks have the object in value 0 on value 255 \(p1.png.*p0.png"):
        datasets.load_dataset(fill(tmp_path / "a", mixed), 64)
    with pytest.raises(ValueError, match=r"value 1 means one thing in p\d\.png and another in p\d\.png"):
        datasets.load_dataset(fill(tmp_path / "b", {"p0": EXACT["0/1"](blob(0)), "p1": EXACT["1/2"](blob(1))}), 64)


def test_a_set_of_1_and_2_knows_its_empty_masks(tmp_path):
    masks = {f"p{k}": EXACT["1/2"](blob(k)) for k in range(3)} | {"q": two(EMPTY, 1, 2)}
    assert not datasets.load_dataset(fill(tmp_path, masks), 64).labels[-1].any()


@pytest.mark.parametrize(("value", "words"), [(0, "hold no object"), (255, "hold nothing but object")])
def test_masks_that_are_mostly_empty_or_full_stop_the_run(tmp_path, value, words):
    masks = {f"p{k}": encode(Image.new("L", (120, 90), value), "PNG") for k in range(3)} | {
        "q": EXACT["0/255"](blob(1))
    }
    with pytest.raises(ValueError, match=f"3 of the 4 masks of .* {words}.*p0.png for one"):
        datasets.load_dataset(fill(tmp_path, masks), 64)


# --- which files


def test_two_files_of_one_stem_are_named_and_refused(tmp_path):
    fill(tmp_path, {f"p{k}": EXACT["0/255"](blob(k)) for k in range(3)})
    for name in ("images/p0.png", "masks/p1.bmp"):
        (tmp_path / name).write_bytes(EXACT["0/255"](blob(9)))
    with pytest.raises(ValueError, match=r"(?s)2 file\(s\).*p0\.jpg and p0\.png.*p1\.bmp and p1\.png"):
        datasets.load_dataset(tmp_path, 64)
    (tmp_path / "images/p0.png").unlink()
    (tmp_path / "masks/p1.bmp").unlink()
    (tmp_path / "masks/p2_mask.png").write_bytes(EXACT["0/255"](blob(9)))
    with pytest.raises(ValueError, match=r"p2_mask\.png and p2\.png: two masks of p2\.jpg"):
        datasets.load_dataset(tmp_path, 64)


@pytest.mark.parametrize("layout", folders.LAYOUTS)
def test_every_official_layout_is_known_also_by_its_image_folder(tmp_path, layout):
    fill(tmp_path, {"ISIC_1": EXACT["0/255"](blob(1))}, layout)
    mask = tmp_path / layout[1] / "ISIC_1.png"
    ending = "_Segmentation" if "2016" in layout[0] else "_segmentation" if "ISIC" in layout[0] else ""
    mask.rename(mask.with_name(f"ISIC_1{ending}.png"))
    for named in (tmp_path, tmp_path / layout[0]):
        assert [image.name for image, _ in folders.find_pairs(named)] == ["ISIC_1.jpg"]


@pytest.mark.parametrize("names", [("Images", "Masks"), ("imgs", "labels"), ("image", "GT")])
def test_usual_names_of_folders_are_known(tmp_path, names):
    fill(tmp_path, {"a": EXACT["0/255"](blob(1))}, names)
    assert len(folders.find_pairs(tmp_path)) == 1
    (tmp_path / "mask").mkdir()
    with pytest.raises(ValueError, match="keep one of images and one of masks"):
        folders.find_pairs(tmp_path)


def test_a_turned_photograph_is_named_in_the_survey(tmp_path):
    fill(tmp_path, {f"p{k}": EXACT["0/255"](blob(k)) for k in range(2)})
    exif = Image.Exif()
    exif[0x0112] = 3
    (tmp_path / "images/p0.jpg").write_bytes(encode(Image.fromarray(polyp(1, 128)[0][:90, :120]), "JPEG", exif=exif))
    assert "p0.jpg was turned upright as its EXIF says (orientation 3)" in str(
        datasets.load_dataset(tmp_path, 64).survey
    )


def test_a_command_prints_the_survey_first(tmp_path, capsys):
    fill(tmp_path / "set", {f"p{k}": EXACT["0/1"](blob(k)) for k in range(3)})
    main(["pack", "polyp", "--data", str(tmp_path / "set"), "--size", "64", "-o", str(tmp_path / "set.npz")])
    assert "set: 3 images with masks, 120 × 90 px" in capsys.readouterr().err
    assert datasets.load_dataset(tmp_path / "set.npz", 64).labels.any((1, 2)).all()


# --- ignored pixels at another size


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.integers(4, 40), st.integers(1, 5))
def test_resizing_with_ignored_pixels_counts_what_counts(seed, size, by):
    labels = np.random.default_rng(seed).choice(np.array([0, 1, IGNORE], np.uint8), (size * by, size * by))
    cells = labels.reshape(size, by, size, by).transpose(0, 2, 1, 3).reshape(size, size, -1)
    ignored, inside = (cells == IGNORE).sum(2), (cells == 1).sum(2)
    left = by * by - ignored
    expected = np.where(2 * ignored >= by * by, IGNORE, 2 * inside >= left)
    assert np.array_equal(datasets.resize_mask(labels, size), expected)


@given(st.integers(0, 10**6), st.integers(3, 60), st.integers(3, 60))
def test_without_ignored_pixels_resizing_is_as_it_was(seed, height, size):
    mask = np.random.default_rng(seed).random((height, 40)) < 0.4
    flag = cv2.INTER_AREA if size < max(mask.shape) else cv2.INTER_LINEAR
    before = cv2.resize(mask.astype(np.uint8) * 255, (size, size), interpolation=flag) > 127
    assert np.array_equal(datasets.resize_mask(mask, size), before)
    assert np.array_equal(datasets.resize_mask(mask.astype(np.uint8), size), before)


def test_ignored_pixels_survive_a_pack_and_count_in_no_frequency(tmp_path):
    ring = encode(Image.fromarray(with_ring(blob(1))), "PNG")
    whole = datasets.load_dataset(fill(tmp_path / "set", {"a": ring, "b": ring}), 120)
    datasets.pack_dataset(whole, tmp_path / "set.npz")
    assert np.array_equal(datasets.load_dataset(tmp_path / "set.npz", 120).labels, whole.labels)
    assert set(np.unique(datasets.load_dataset(tmp_path / "set.npz", 60).labels)) == {0, 1, IGNORE}
    counted = whole.labels[whole.labels != IGNORE]
    assert whole.class_frequencies(2) == pytest.approx([(counted == 0).mean(), (counted == 1).mean()])
