"""Scans in the formats people have: the same picture whatever the file, and one sentence for what cannot be read."""

from __future__ import annotations

import gzip
import io
import itertools

import h5py
import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbce.__main__ import main
from dbce.data import ct, datasets, volumes
from dbce.data.inputs import InputError
from dbce.data.volumes import RAW_LABELS, TEST_SCANS, read_volume
from dbce.tasks import TASKS


@pytest.fixture(scope="module")
def drawn() -> tuple[np.ndarray, np.ndarray]:
    """Hounsfield units and labels (12, 64, 64), from the head down, right on the left."""
    return ct.scan(5, 64, range(12, 48, 3))


def nifti(array: np.ndarray, axes: str = "RAS") -> bytes:
    """A stack (z from the head, y from the front, x from the right) as NIfTI whose axes run to these sides."""
    world = array[::-1, ::-1, ::-1].transpose(2, 1, 0)  # x to the patient's right's opposite: R, A, S
    image = nib.Nifti1Image(np.ascontiguousarray(world), np.eye(4))
    turn = nib.orientations.ornt_transform(nib.io_orientation(image.affine), nib.orientations.axcodes2ornt(axes))
    return image.as_reoriented(turn).to_bytes()


def npz(**arrays) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    return buffer.getvalue()


def h5(**arrays) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, compression="gzip")
    return buffer.getvalue()


AXES = ["".join(code) for order in itertools.permutations(("RL", "AP", "SI")) for code in itertools.product(*order)]


@pytest.mark.parametrize("axes", AXES)
def test_a_scan_looks_the_same_however_its_file_is_turned(drawn, axes):
    hu, labels = drawn
    found = read_volume(nifti(hu, axes), "scan.nii", ("labels.nii", nifti(labels, axes)), 64)
    assert np.array_equal(found.grey, ct.window(hu)) and np.array_equal(found.labels, labels)
    assert found.shape == (64, 64)


@pytest.mark.parametrize("packed", [False, True])
def test_nifti_with_scaled_integers_packed_or_not(drawn, packed):
    world = drawn[0][::-1, ::-1, ::-1].transpose(2, 1, 0)
    image = nib.Nifti1Image(world, np.eye(4))
    image.header.set_data_dtype(np.int16)  # nibabel picks slope and intercept
    content = image.to_bytes()
    found = read_volume(gzip.compress(content) if packed else content, "scan.nii.gz" if packed else "scan.nii", size=64)
    assert np.abs(found.grey.astype(int) - ct.window(drawn[0])).max() <= 1
    assert found.labels is None


def test_transunets_files_and_nifti_give_one_picture(drawn):
    hu, labels = drawn
    image = ct.window(hu).astype(np.float32) / 255
    whole = read_volume(h5(image=image, label=labels), "case0001.npy.h5", size=64)
    assert np.array_equal(whole.grey, ct.window(hu)) and np.array_equal(whole.labels, labels)
    one = read_volume(npz(image=image[3], label=labels[3]), "case0005_slice003.npz", size=64)
    assert np.array_equal(one.grey, whole.grey[3:4]) and np.array_equal(one.labels, labels[3:4])
    bare = read_volume(npz(image=image[3]), "slice.npz", size=64)
    assert bare.labels is None


def test_synapses_own_numbers_become_ours(drawn):
    _, labels = drawn
    back = {ours: theirs for theirs, ours in RAW_LABELS.items()} | {0: 0}
    raw = np.vectorize(back.get)(labels).astype(np.uint8)
    raw[0, :3, :3] = 13  # an adrenal gland, which the task leaves out
    labels = labels.copy()
    labels[0, :3, :3] = 0
    found = read_volume(nifti(drawn[0]), "scan.nii", ("labels.nii", nifti(raw)), 64)
    assert np.array_equal(found.labels, labels)


def test_the_numbering_is_that_of_the_papers_organs():
    """Synapse: 1 spleen, 2 right kidney, 3 left kidney, 4 gallbladder, 6 liver, 7 stomach, 8 aorta, 11 pancreas."""
    names = {1: "spleen", 2: "right kidney", 3: "left kidney", 4: "gallbladder"}
    names |= {6: "liver", 7: "stomach", 8: "aorta", 11: "pancreas"}
    assert {theirs: TASKS["organs"].classes[ours] for theirs, ours in RAW_LABELS.items()} == names


@settings(deadline=None, max_examples=30)
@given(st.integers(1, 3), st.integers(3, 40), st.integers(3, 40), st.sampled_from([8, 17, 32]))
def test_any_shape_comes_to_the_asked_size_and_labels_stay_labels(depth, height, width, size):
    rng = np.random.default_rng(depth * 1000 + height * 40 + width)
    labels = rng.choice([0, 3, 8], (depth, height, width)).astype(np.uint8)
    found = read_volume(h5(image=rng.random((depth, height, width)), label=labels), "a.h5", size=size)
    assert found.grey.shape == found.labels.shape == (depth, size, size)
    assert set(np.unique(found.labels)) <= {0, 3, 8} and found.shape == (height, width)


def test_the_fullest_slice():
    labels = np.zeros((4, 8, 8), np.uint8)
    labels[1, :2, :2], labels[2, 0, :2], labels[2, 1, :2], labels[3, 0, 0] = 5, 1, 2, 1
    volume = volumes.Volume(np.zeros_like(labels), labels, (8, 8))
    assert volume.fullest() == 2
    assert volumes.Volume(np.zeros_like(labels), None, (8, 8)).fullest() == 2


# --- what cannot be read ------------------------------------------------------------------------------------

BOX = np.zeros((2, 8, 8), np.float32)


def broken(place: float) -> np.ndarray:
    box = BOX.copy()
    box[1, 2, 3] = place
    return box


def huge_header() -> bytes:
    header = nib.Nifti1Header()
    header.set_data_shape((2000, 2000, 2000))
    header.set_data_dtype(np.int16)
    header["vox_offset"] = 352
    return header.binaryblock + b"\0" * 4


BAD = [
    ("scan.nii", nifti(broken(np.nan)), None, "not numbers (NaN or infinity)"),
    ("scan.h5", h5(image=broken(np.inf)), None, "not numbers (NaN or infinity)"),
    ("scan.nii", b"hello", None, "damaged"),
    ("scan.nii", nifti(BOX)[:400], None, "damaged or cut short"),
    ("scan.nii.gz", gzip.compress(nifti(BOX), mtime=0)[:-20], None, "damaged or cut short"),
    ("scan.nii.gz", gzip.compress(b"no scan at all" * 99, mtime=0), None, "damaged"),
    ("scan.nii", huge_header(), None, "8000 million voxels; at most 80 million"),
    ("scan.nii", nib.Nifti1Image(np.zeros((4, 4, 4, 3)), np.eye(4)).to_bytes(), None, "one slice or one volume"),
    ("scan.npz", b"PK\x03\x04nothing", None, "damaged"),
    ("scan.npz", npz(label=BOX), None, "no array named image"),
    ("scan.npz", npz(image=np.array([[{}]], object)), None, "type object"),
    ("scan.npz", npz(image=BOX + 1j), None, "type complex64; a scan and its labels are plain numbers"),
    ("scan.npz", npz(image=BOX, label=BOX[:1]), None, "different shapes"),
    ("scan.h5", b"\x89HDF\r\n\x1a\nno", None, "damaged or cut short"),
    ("scan.h5", h5(image=np.zeros((401, 4, 4))), None, "401 slices; at most 400"),
    ("scan.mha", b"", None, "is no volume; open a NIfTI"),
    ("scan.h5", h5(image=BOX), ("l.nii", nifti(BOX[:1])), "must have the same shape"),
    ("scan.nii", nifti(BOX), ("l.nii", nifti(broken(14))), "0 to 13 as in Synapse"),
    ("scan.nii", nifti(BOX), ("l.nii", nifti(broken(0.5))), "whole numbers"),
    ("scan.nii", nifti(BOX), ("l.nii", nifti(broken(-1))), "whole numbers"),
    ("scan.nii", nifti(BOX), ("l.nii", nifti(broken(np.nan))), "whole numbers"),
]


@pytest.mark.parametrize(("name", "content", "mask", "words"), BAD)
def test_what_cannot_be_read_gets_one_sentence_that_names_the_file(name, content, mask, words):
    with pytest.raises(InputError) as caught:
        read_volume(content, name, mask)
    sentence = str(caught.value)
    assert words in sentence and (mask[0] if mask else name) in sentence and "\n" not in sentence


# --- data sets ----------------------------------------------------------------------------------------------


def through_work_size(plane: np.ndarray) -> np.ndarray:
    """(n, n) grey -> (n, n, 3), by way of the size at which everything is read."""
    return datasets.resize_image(datasets.resize_image(np.repeat(plane[..., None], 3, axis=2), 320), len(plane))


def test_phantoms_in_transunets_layout_are_read_back_by_part(tmp_path, monkeypatch):
    monkeypatch.setattr(ct, "SLICES", 4)
    assert main(["phantoms", "-o", str(tmp_path / "set"), "--size", "32"]) == 0
    train, test = (datasets.load_dataset(tmp_path / "set", 32, part=part) for part in ("train", "test"))
    assert len(train) == 18 * 4 and len(test) == 12 * 4
    assert {datasets.scan_of(name) for name in test.names} == TEST_SCANS
    assert not TEST_SCANS & {datasets.scan_of(name) for name in train.names}
    hu, labels = ct.scan(5, 32)
    where = train.names.index("case0005_slice002")
    assert np.array_equal(train.images[where], through_work_size(ct.window(hu[2])))
    assert np.array_equal(train.labels[where], labels[2])
    whole = datasets.load_dataset(tmp_path / "set", 32)
    datasets.pack_dataset(whole, tmp_path / "all.npz")
    for part, expected in (("train", train), ("test", test)):  # a pack is split by scan as well
        back = datasets.load_dataset(tmp_path / "all.npz", 32, part=part)
        assert sorted(back.names) == sorted(expected.names)
        order = [back.names.index(name) for name in expected.names]
        assert np.array_equal(back.labels[order], expected.labels)


def test_synapses_own_layout(tmp_path, drawn):
    for folder in ("img", "label"):
        (tmp_path / folder).mkdir()
    raw = np.where(drawn[1] == 5, 6, 0).astype(np.uint8)
    raw[0, 0, 0] = 13
    for number in (1, 5):
        (tmp_path / "img" / f"img{number:04d}.nii.gz").write_bytes(gzip.compress(nifti(drawn[0])))
        (tmp_path / "label" / f"label{number:04d}.nii.gz").write_bytes(gzip.compress(nifti(raw)))
    train, test = (datasets.load_dataset(tmp_path, 64, part=part) for part in ("train", "test"))
    assert {datasets.scan_of(n) for n in train.names} == {"case0005"} and {datasets.scan_of(n) for n in test.names} == {
        "case0001"
    }
    assert np.array_equal(train.labels, np.where(drawn[1] == 5, 5, 0))
    assert np.array_equal(train.images, np.stack([through_work_size(plane) for plane in ct.window(drawn[0])]))
    (tmp_path / "label" / "label0005.nii.gz").unlink()
    with pytest.raises(ValueError, match=r"img0005.nii.gz has no labels"):
        datasets.load_dataset(tmp_path, 64)


def test_damaged_and_unlabelled_files_of_a_data_set_are_all_named(tmp_path):
    folder = tmp_path / "train_npz"
    folder.mkdir()
    (folder / "case0005_slice000.npz").write_bytes(npz(image=BOX[0], label=BOX[0]))
    (folder / "case0005_slice001.npz").write_bytes(b"PK")
    (folder / "case0006_slice000.npz").write_bytes(npz(image=BOX[0]))
    with pytest.raises(ValueError, match=r"(?s)2 file.*case0005_slice001.npz.*case0006_slice000: no labels"):
        datasets.load_dataset(tmp_path, 32)
    with pytest.raises(ValueError, match="no scan of this part"):
        datasets.load_dataset(tmp_path, 32, part="test")


# --- numberings ---------------------------------------------------------------------------------------------

TO_RAW = np.array([0, 8, 4, 3, 2, 6, 11, 1, 7], np.uint8)


def slices(folder, labels: np.ndarray, case: str = "case0005") -> None:
    (folder / "train_npz").mkdir(parents=True, exist_ok=True)
    for number, plane in enumerate(labels):
        content = npz(image=np.zeros(plane.shape, np.float32), label=plane)
        (folder / "train_npz" / f"{case}_slice{number:03d}.npz").write_bytes(content)


def test_the_numbering_is_that_of_the_set_not_of_a_slice(tmp_path, drawn):
    labels = drawn[1]
    slices(tmp_path / "raw", TO_RAW[labels])
    assert any(plane.max() <= 8 for plane in TO_RAW[labels]) and (TO_RAW[labels] > 8).any()  # some slices do not tell
    for part in ("all", "train"):
        found = datasets.load_dataset(tmp_path / "raw", 64, part=part)
        assert np.array_equal(found.labels, labels)
        assert "because case0005_slice" in found.survey.notes[0] and "holds 11" in found.survey.notes[0]
    slices(tmp_path / "ours", labels)
    found = datasets.load_dataset(tmp_path / "ours", 64)
    assert np.array_equal(found.labels, labels) and "none of 12 files holds more" in found.survey.notes[0]


def test_a_scan_of_the_test_part_decides_for_the_slices_of_the_training_part(tmp_path, drawn):
    labels = drawn[1]
    silent = TO_RAW[np.where(labels == 6, 0, labels)]  # no pancreas: nothing above 8
    slices(tmp_path, silent)
    (tmp_path / "test_vol_h5").mkdir()
    (tmp_path / "test_vol_h5" / "case0001.npy.h5").write_bytes(h5(image=BOX, label=np.full(BOX.shape, 13)))
    found = datasets.load_dataset(tmp_path, 64, part="train")
    assert np.array_equal(found.labels, np.where(labels == 6, 0, labels))
    (tmp_path / "test_vol_h5" / "case0001.npy.h5").unlink()
    assert np.array_equal(datasets.load_dataset(tmp_path, 64, part="train", labels_in="synapse").labels, found.labels)
    assert np.array_equal(
        datasets.load_dataset(tmp_path, 64, part="train").labels, silent
    )  # as the option says, or by default


def test_the_option_of_the_command_line_and_what_it_says(tmp_path, drawn, capsys):
    labels = np.where(drawn[1] == 6, 0, drawn[1])
    slices(tmp_path / "set", TO_RAW[labels])
    for option, expected in (([], TO_RAW[labels]), (["--labels", "synapse"], labels)):
        out = tmp_path / "set.npz"
        assert main(["pack", "organs", "--data", str(tmp_path / "set"), "-o", str(out), "--size", "64", *option]) == 0
        assert "Labels: " in capsys.readouterr().err
        assert np.array_equal(datasets.load_dataset(out, 64).labels, expected)
    slices(tmp_path / "raw", TO_RAW[drawn[1]])
    wrong = ["pack", "organs", "--data", str(tmp_path / "raw"), "-o", str(out), "--labels", "transunet"]
    assert main(wrong) == 2
    assert "holds the label 11; TransUNet's numbering ends at 8" in capsys.readouterr().err


def test_one_file_that_does_not_tell_is_read_as_asked_and_says_so(drawn):
    hu, labels = drawn
    scan, mask = nifti(hu), ("l.nii", nifti(TO_RAW[np.where(labels == 6, 0, labels)]))
    default = read_volume(scan, "s.nii", mask, 64)
    assert default.numbering == "transunet" and "l.nii does not tell which numbering" in default.notes[0]
    asked = read_volume(scan, "s.nii", mask, 64, "synapse")
    assert asked.numbering == "synapse" and not asked.notes
    assert np.array_equal(asked.labels, np.where(labels == 6, 0, labels))
    told = read_volume(scan, "s.nii", ("l.nii", nifti(TO_RAW[labels])), 64)
    assert told.numbering is None and not told.notes and np.array_equal(told.labels, labels)
    same = read_volume(scan, "s.nii", ("l.nii", nifti(np.where(labels == 3, 3, 0).astype(np.uint8))), 64)
    assert same.numbering is None  # 3 is the left kidney in both
    with pytest.raises(InputError, match="must be transunet or synapse"):
        read_volume(scan, "s.nii", mask, 64, "other")


def test_files_that_macos_puts_beside_scans_are_passed_over(tmp_path, drawn):
    slices(tmp_path, drawn[1])
    (tmp_path / "train_npz" / "._case0005_slice000.npz").write_bytes(b"\0\5\x16\7")
    assert len(datasets.load_dataset(tmp_path, 64)) == len(drawn[1])
