"""Data sets in their official layouts, and packs of them."""

from __future__ import annotations

import os
from itertools import compress
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dbce.data import datasets, folders
from dbce.data.formats import InputError
from dbce.data.inputs import read_picture
from dbce.data.masks import read_mask
from dbce.data.phantoms import polyp
from dbce.tasks import TASKS

KVASIR, CVC, ISIC = folders.LAYOUTS[:3]


def write(path: Path, image: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    ok = cv2.imwrite(str(path), image[..., ::-1] if image.ndim == 3 else image)
    assert ok


def make(folder: Path, layout=KVASIR, image_suffix=".jpg", mask_suffix=".png", count: int = 3) -> list[np.ndarray]:
    masks = []
    for seed in range(count):
        image, mask = polyp(seed, 96)
        write(folder / layout[0] / f"case {seed}\u00e9{image_suffix}", image)
        write(folder / layout[1] / f"case {seed}\u00e9{mask_suffix}", mask * 255)
        masks.append(mask)
    return masks


@pytest.mark.parametrize(
    ("layout", "image_suffix", "mask_suffix"),
    [(KVASIR, ".jpg", ".png"), (CVC, ".tif", ".tif"), (CVC, ".png", ".png"), (CVC, ".webp", ".png")],
)
def test_official_layouts(tmp_path, layout, image_suffix, mask_suffix):
    masks = make(tmp_path, layout, image_suffix, mask_suffix)
    found = datasets.load_dataset(tmp_path, 96)
    assert found.images.shape == (3, 96, 96, 3) and found.images.dtype == np.uint8
    assert np.array_equal(found.labels, np.stack(masks))
    assert found.names == tuple(f"case {i}\u00e9" for i in range(3))
    original = polyp(1, 96)[0].astype(int)
    assert np.abs(found.images[1].astype(int) - original).mean() < 6  # the right picture, in RGB order


def test_jpeg_masks_are_cut_at_127(tmp_path):
    mask = np.zeros((64, 64), np.uint8)
    mask[10:40, 12:50] = 255
    noisy = cv2.imdecode(cv2.imencode(".jpg", mask, [cv2.IMWRITE_JPEG_QUALITY, 50])[1], cv2.IMREAD_GRAYSCALE)
    assert ((noisy > 0) & (noisy < 255)).any()
    write(tmp_path / "images" / "a.jpg", np.zeros((64, 64, 3), np.uint8))
    (tmp_path / "masks").mkdir()
    (tmp_path / "masks" / "a.jpg").write_bytes(cv2.imencode(".jpg", mask, [cv2.IMWRITE_JPEG_QUALITY, 50])[1].tobytes())
    assert np.array_equal(datasets.load_dataset(tmp_path, 64).labels[0], mask > 127)


def test_faint_border_values_do_not_count(tmp_path):
    mask = np.full((32, 32), 20, np.uint8)
    mask[8:16, 8:16] = 255
    write(tmp_path / "Original" / "1.png", np.zeros((32, 32, 3), np.uint8))
    write(tmp_path / "Ground Truth" / "1.png", mask)
    assert datasets.load_dataset(tmp_path, 32).labels.sum() == 64


def test_resizing_a_mask_keeps_pixels_that_are_half_covered():
    mask = np.zeros((4, 8), np.uint8)
    mask[:, :5] = 1
    assert np.array_equal(datasets.resize_mask(mask, 2), [[1, 0], [1, 0]])
    assert set(np.unique(datasets.resize_mask(polyp(2, 96)[1], 64))) == {0, 1}


def test_all_faulty_files_are_named_at_once(tmp_path):
    make(tmp_path, count=4)
    (tmp_path / "masks" / "case 0\u00e9.png").write_bytes(b"")
    (tmp_path / "images" / "case 1\u00e9.jpg").write_text("no picture")
    write(tmp_path / "masks" / "case 2\u00e9.png", np.zeros((50, 96), np.uint8))
    with pytest.raises(ValueError) as caught:
        datasets.load_dataset(tmp_path, 64)
    text = str(caught.value)
    assert text.startswith("3 file(s)") and "case 3" not in text
    assert "case 0\u00e9.png is not an image" in text and "case 1\u00e9.jpg is not an image" in text
    assert "case 2\u00e9.png has 96 x 50 pixels, case 2\u00e9.jpg has 96 x 96" in text


def test_unpaired_files_are_named_at_once(tmp_path):
    make(tmp_path)
    write(tmp_path / "images" / "lonely.jpg", np.zeros((8, 8, 3), np.uint8))
    write(tmp_path / "masks" / "stray.png", np.zeros((8, 8), np.uint8))
    with pytest.raises(ValueError, match=r"(?s)2 file\(s\).*lonely.jpg: no mask.*stray.png: no image"):
        datasets.load_dataset(tmp_path, 64)


def test_a_folder_of_another_layout_gets_a_sentence(tmp_path):
    with pytest.raises(ValueError, match="must contain the folders 'images' and 'masks' or 'Original'"):
        datasets.load_dataset(tmp_path)
    for name in KVASIR:
        (tmp_path / name).mkdir()
    with pytest.raises(ValueError, match="no image in"):
        datasets.load_dataset(tmp_path)


def test_pack_round_trip(tmp_path):
    make(tmp_path)
    whole = datasets.load_dataset(tmp_path, 160)
    path = tmp_path / "set.npz"
    datasets.pack_dataset(whole, path)
    back = datasets.load_dataset(path, 160)
    assert back.names == whole.names and np.array_equal(back.labels, whole.labels)
    error = ((back.images.astype(float) - whole.images) ** 2).mean()
    assert 10 * np.log10(255**2 / error) > 38  # decibels: no eye sees it
    smaller = datasets.load_dataset(path, 64)
    assert smaller.images.shape == (3, 64, 64, 3) and set(np.unique(smaller.labels)) == {0, 1}
    assert smaller.labels.mean() == pytest.approx(whole.labels.mean(), abs=0.005)


@pytest.mark.parametrize("content", [b"text", b"", b"PK\x03\x04 cut"])
def test_a_file_that_is_no_pack_gets_a_sentence(tmp_path, content):
    path = tmp_path / "set.npz"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="is no data set pack"):
        datasets.load_dataset(path)


def test_class_frequencies_are_shares():
    labels = np.array([[[0, 0], [1, 0]], [[1, 1], [0, 0]]], np.uint8)
    found = datasets.Dataset(("a", "b"), np.zeros((2, 2, 2, 3), np.uint8), labels)
    assert found.class_frequencies(2) == [5 / 8, 3 / 8]


@pytest.fixture
def real_data() -> Path:
    if "DBCE_DATA" not in os.environ:
        assert "CI" not in os.environ, "CI must set DBCE_DATA"
        pytest.skip("DBCE_DATA names no data")
    return Path(os.environ["DBCE_DATA"])


def test_the_real_data_sets_are_complete(real_data, tmp_path):
    sizes = 0
    for name, count, share in (("Kvasir-SEG", 1000, 0.154), ("CVC-ClinicDB", 612, 0.092)):
        found = datasets.load_dataset(real_data / name)
        assert len(found) == count and found.labels.any(axis=(1, 2)).all()
        assert found.labels.mean() == pytest.approx(share, abs=0.002)
        datasets.pack_dataset(found, tmp_path / name)
        sizes += (tmp_path / name).stat().st_size
    assert sizes < 60e6


# --- ISIC 2018: its layout, and the split that stands in for its test set -----------------------------------


def make_isic(folder: Path, count: int) -> None:
    for index in range(count):
        image = np.full((40, 60, 3), index, np.uint8)
        mask = np.zeros((40, 60), np.uint8)
        mask[5 : 10 + 5 * index] = 255
        write(folder / ISIC[0] / f"ISIC_{index:07d}.png", image)
        write(folder / ISIC[1] / f"ISIC_{index:07d}_segmentation.png", mask)
    (folder / ISIC[0] / "ATTRIBUTION.txt").write_text("as in the official archive")


def test_isic_masks_are_paired_without_their_ending(tmp_path):
    make_isic(tmp_path, 5)
    found = datasets.load_dataset(tmp_path, 32)
    assert found.names == tuple(f"ISIC_{index:07d}" for index in range(5))
    assert [int(image[0, 0, 0]) for image in found.images] == list(range(5))
    assert (np.diff(found.labels.sum((1, 2), dtype=int)) > 0).all()  # each image with its own mask


def test_parts_are_disjoint_whole_and_the_same_from_folder_and_pack(tmp_path):
    make_isic(tmp_path / "isic", 23)
    datasets.pack_dataset(datasets.load_dataset(tmp_path / "isic", 32), tmp_path / "isic.npz")
    parts = {}
    for part in ("train", "test"):
        folder, packed = (
            datasets.load_dataset(tmp_path / n, 32, part=part, held_out=0.2) for n in ("isic", "isic.npz")
        )
        assert folder.names == packed.names and np.array_equal(folder.labels, packed.labels)
        parts[part] = set(folder.names)
    assert not parts["train"] & parts["test"] and len(parts["train"] | parts["test"]) == 23
    assert len(parts["test"]) == 5  # 4.6, rounded


@given(st.lists(st.text(min_size=1), unique=True, max_size=40), st.randoms())
def test_the_split_does_not_depend_on_the_order(names, random):
    shuffled = names[:]
    random.shuffle(shuffled)
    chosen, again = (set(compress(n, datasets.in_part(n, "test", 0.2))) for n in (names, shuffled))
    assert chosen == again and len(chosen) == round(0.2 * len(names))
    assert datasets.in_part(names, "all", 0.2) == datasets.in_part(names, "test", 0) == [True] * len(names)


def test_an_unknown_part_is_named():
    with pytest.raises(ValueError, match="validation"):
        datasets.in_part(["a"], "validation", 0.2)


def test_the_real_isic_is_split_2075_519(real_data):
    pairs = folders.find_pairs(real_data / "ISIC2018")
    names = [image.stem for image, _ in pairs]
    assert [sum(datasets.in_part(names, part, TASKS["lesion"].held_out)) for part in ("train", "test")] == [2075, 519]


def test_no_real_mask_is_turned_over_and_no_real_photograph_is_a_mask(real_data):
    for name in ("Kvasir-SEG", "CVC-ClinicDB", "ISIC2018"):
        for image, mask in folders.find_pairs(real_data / name)[::25]:
            expected = cv2.imdecode(np.fromfile(mask, np.uint8), cv2.IMREAD_GRAYSCALE) > 127
            assert np.array_equal(read_mask(mask.read_bytes(), mask.name).labels, expected), mask
            picture = cv2.cvtColor(cv2.imdecode(np.fromfile(image, np.uint8), cv2.IMREAD_COLOR), cv2.COLOR_BGR2RGB)
            assert np.array_equal(read_picture(image.read_bytes(), image.name).pixels, picture), image
            with pytest.raises(InputError):
                read_mask(image.read_bytes(), image.name)
