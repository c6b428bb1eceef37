"""NIfTI as people have it: turned, oblique, scaled, flat, broken, hostile; and labels that lie on another grid."""

from __future__ import annotations

import gzip
import io
import itertools
import subprocess
import sys
import time
import warnings

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dbce.data import ct, nifti, stack
from dbce.data.inputs import InputError
from dbce.data.volumes import read_volume
from dbce.tasks import IGNORE
from tests.test_stored import archive, npy

SHAPE = (6, 24, 20)  # slices, rows, columns
RNG = np.random.default_rng(7)
HU = RNG.integers(-200, 400, SHAPE).astype(np.int16)
LABELS = RNG.integers(0, 9, SHAPE).astype(np.uint8)
AXES = ["".join(code) for order in itertools.permutations(("RL", "AP", "SI")) for code in itertools.product(*order)]


def world(array: np.ndarray) -> np.ndarray:
    """(D, H, W) from the head down, right on the left -> voxels counted to the right, the front and the head."""
    return np.ascontiguousarray(array[::-1, ::-1, ::-1].transpose(2, 1, 0))


def nii(array: np.ndarray, affine: np.ndarray | None = None, axes: str = "RAS", kind=nib.Nifti1Image) -> bytes:
    image = kind(world(array), np.eye(4) if affine is None else affine)
    own = nib.io_orientation(image.affine)
    wanted = nib.orientations.axcodes2ornt(axes)
    return image.as_reoriented(nib.orientations.ornt_transform(own, wanted)).to_bytes()


def patched(content: bytes, **fields) -> bytes:
    """A NIfTI file with other values in its header."""
    header = nib.Nifti1Header(content[:348], check=False)
    for name, value in fields.items():
        header[name] = value
    return header.binaryblock + content[348:]


def tilted(degrees: float, spacing=(0.8, 0.9, 3.0), origin=(-90, -120, 40)) -> np.ndarray:
    turn = np.radians(degrees)
    rotation = np.array([[1, 0, 0], [0, np.cos(turn), -np.sin(turn)], [0, np.sin(turn), np.cos(turn)]])
    affine = np.eye(4)
    affine[:3, :3] = rotation @ np.diag(spacing)
    affine[:3, 3] = origin
    return affine


# --- the same scan, however it lies in the file ---------------------------------------------------------------


@settings(deadline=None, max_examples=60)
@given(
    scan=st.sampled_from(AXES),
    labels=st.sampled_from(AXES),
    degrees=st.sampled_from([0, 0, 7, -20]),
    kind=st.sampled_from([nib.Nifti1Image, nib.Nifti2Image]),
    packed=st.booleans(),
)
def test_scan_and_labels_turned_independently_are_the_same_volume(scan, labels, degrees, kind, packed):
    affine = tilted(degrees)
    content, mask = nii(HU, affine, scan, kind), nii(LABELS, affine, labels, kind)
    name = "labels.nii.gz" if packed else "labels.nii"
    found = read_volume(content, "scan.nii", (name, gzip.compress(mask) if packed else mask), 24, "transunet")
    plain = read_volume(nii(HU), "scan.nii", ("labels.nii", nii(LABELS)), 24, "transunet")
    assert np.array_equal(found.grey, plain.grey) and np.array_equal(found.labels, plain.labels)
    assert found.shape == plain.shape == SHAPE[1:]
    assert not found.notes


def nearest(labels: bytes, scan: bytes) -> np.ndarray:
    """Labels at the world position of every voxel of a scan, one voxel at a time, with nibabel's affines."""
    image = nib.as_closest_canonical(nib.Nifti1Image.from_bytes(scan))
    mask = nib.Nifti1Image.from_bytes(labels)
    values, back = np.asarray(mask.dataobj), np.linalg.inv(mask.affine)
    out = np.full(image.shape, IGNORE, np.uint8)
    for place in np.ndindex(image.shape):
        at = np.floor((back @ image.affine @ [*place, 1])[:3] + 0.5).astype(int)
        if (at >= 0).all() and (at < values.shape).all():
            out[place] = values[tuple(at)]
    return out[::-1, ::-1, ::-1].transpose(2, 1, 0)


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR"])
@pytest.mark.parametrize("change", ["finer", "coarser", "cropped", "tilted", "shifted"])
def test_labels_on_another_grid_are_brought_onto_that_of_the_scan(axes, change):
    affine = tilted(0, (1, 1, 3))
    theirs, values = affine.copy(), LABELS
    if change == "finer":
        values = LABELS.repeat(2, 0).repeat(2, 1).repeat(2, 2)
        theirs = affine @ nib.affines.from_matvec(np.eye(3) / 2, [-0.27, -0.24, -0.21])
    elif change == "coarser":
        values = LABELS[::2, ::2, ::2]
        theirs = affine @ nib.affines.from_matvec(np.eye(3) * 2, [0.1, 0.1, 0.1])
    elif change == "cropped":
        values = LABELS[1:5, 3:20, 2:17]
        theirs = affine @ nib.affines.from_matvec(np.eye(3), [3, 4, 1])
    elif change == "tilted":
        theirs = tilted(9, (1, 1, 3))
    else:
        theirs[:3, 3] += (3.1, -2.2, 3.3)
    scan, labels = nii(HU, affine, axes), nii(values, theirs, "LSP")
    found = read_volume(scan, "scan.nii", ("labels.nii", labels), 24, "transunet")
    rows = np.floor((np.arange(24) + 0.5) * SHAPE[1] / 24).astype(int)
    columns = np.floor((np.arange(24) + 0.5) * SHAPE[2] / 24).astype(int)
    expected = nearest(labels, scan)
    assert np.array_equal(found.labels, expected[:, rows][:, :, columns])
    assert any("labels.nii lies on another grid than scan.nii" in note for note in found.notes)
    assert ("do not count" in " ".join(found.notes)) == (expected == IGNORE).any()


@pytest.mark.parametrize("error", [1e-6, 1e-4, 1e-3])
def test_the_rounding_of_a_header_is_no_other_grid(error):
    affine, theirs = tilted(5), tilted(5)
    theirs[:3, 3] += error * np.array([0.8, -0.9, 3.0])
    found = read_volume(nii(HU, affine), "scan.nii", ("labels.nii", nii(LABELS, theirs)), 24, "transunet")
    assert not found.notes
    assert np.array_equal(found.labels, read_volume(nii(HU), "s.nii", ("l.nii", nii(LABELS)), 24).labels)


def shifted(*by: float) -> np.ndarray:
    affine = tilted(0)
    affine[:3, 3] += by
    return affine


BROKEN = np.diag([1.0, 1, 0, 1])
APART = [
    (tilted(0), np.eye(4), "its affine was lost"),
    (np.diag([-3.0, -3, 5, 1]), np.eye(4), "its affine was lost"),
    (tilted(0), shifted(400, 0, 0), "Only 0 % of what labels.nii marks lies within scan.nii"),
    (tilted(0), shifted(0, 15, 0), "belong to another scan, or lost their place"),
]


@pytest.mark.parametrize(("affine", "theirs", "words"), APART)
def test_labels_that_lie_elsewhere_are_refused(affine, theirs, words):
    with pytest.raises(InputError, match=words):
        read_volume(nii(HU, affine), "scan.nii", ("labels.nii", nii(LABELS, theirs)), 24)


def test_labels_without_a_place_go_with_a_scan_without_one_only():
    nowhere = patched(nii(LABELS), sform_code=0, qform_code=0)
    with pytest.raises(InputError, match=r"labels\.nii has no valid affine in its header, scan\.nii has one"):
        read_volume(nii(HU), "scan.nii", ("labels.nii", nowhere), 24)
    with pytest.raises(InputError, match=r"scan\.nii has no valid affine in its header, labels\.nii has one"):
        read_volume(patched(nii(HU), sform_code=0, qform_code=0), "scan.nii", ("labels.nii", nii(LABELS)), 24)
    lost = read_volume(
        patched(nii(HU), sform_code=0, qform_code=0), "scan.nii", ("labels.nii", nowhere), 24, "transunet"
    )
    plain = read_volume(nii(HU, axes="LAS"), "scan.nii", ("labels.nii", nii(LABELS, axes="LAS")), 24, "transunet")
    assert np.array_equal(lost.labels, plain.labels[:, :, ::-1]) and np.array_equal(lost.grey, plain.grey[:, :, ::-1])
    assert len(lost.notes) == 2 and all("how the patient lies is not known" in note for note in lost.notes)


def test_a_file_that_does_not_say_how_the_patient_lies_is_read_as_nibabel_does():
    content = patched(nii(HU), sform_code=0, qform_code=0)
    image = nib.as_closest_canonical(nib.Nifti1Image.from_bytes(content))
    expected = np.asarray(image.dataobj)[::-1, ::-1, ::-1].transpose(2, 1, 0)
    assert np.array_equal(
        read_volume(content, "scan.nii", size=24).grey, read_volume(nii(expected), "scan.nii", size=24).grey
    )


@pytest.mark.parametrize(
    "rows",
    [np.zeros((3, 4)), np.full((3, 4), np.nan), np.eye(4)[[0, 1, 1]], BROKEN[:3], np.full((3, 4), np.inf)],
    ids=["zero", "nan", "singular", "flat", "inf"],
)
def test_a_broken_affine_is_named_and_a_good_qform_used(rows):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fields = {f"srow_{axis}": row for axis, row in zip("xyz", rows, strict=True)}
    broken = patched(nii(HU), **fields, sform_code=2, qform_code=0)
    found = read_volume(broken, "scan.nii", size=24)
    assert "has a broken affine" in found.notes[0] and "not known" in found.notes[0]
    image = nib.Nifti1Image(world(HU), np.eye(4))
    image.set_qform(np.eye(4), 1)
    found = read_volume(patched(image.to_bytes(), **fields, sform_code=2), "scan.nii", size=24)
    assert found.notes == ("scan.nii has a broken sform; its qform was used.",)
    assert np.array_equal(found.grey, read_volume(nii(HU), "scan.nii", size=24).grey)


# --- numbers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", ["u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2", ">f4"])
def test_every_type_of_number(dtype):
    values = np.abs(HU // 4).astype(dtype)
    image = nib.Nifti1Image(world(values), np.eye(4), dtype=np.dtype(dtype).newbyteorder("="))
    if np.dtype(dtype).byteorder == ">":
        image = nib.Nifti1Image(image.dataobj, np.eye(4), image.header.as_byteswapped(">"))
        image.header.set_data_dtype(dtype)
    found = read_volume(image.to_bytes(), "scan.nii", size=24)
    assert np.array_equal(found.grey, read_volume(nii(np.abs(HU // 4)), "scan.nii", size=24).grey)


def test_scale_factors():
    content = nii(HU)
    scaled = read_volume(patched(content, scl_slope=0.5, scl_inter=-20), "scan.nii", size=24)
    assert np.array_equal(scaled.grey, read_volume(nii(HU * 0.5 - 20), "scan.nii", size=24).grey)
    for slope in (0, np.nan):  # not set
        found = read_volume(patched(content, scl_slope=slope, scl_inter=7), "scan.nii", size=24)
        assert np.array_equal(found.grey, read_volume(content, "scan.nii", size=24).grey)
    nearly = patched(nii(LABELS), scl_slope=1.00002)
    assert np.array_equal(
        read_volume(content, "scan.nii", ("l.nii", nearly), 24, "transunet").labels,
        read_volume(content, "scan.nii", ("l.nii", nii(LABELS)), 24, "transunet").labels,
    )
    for slope in (1.01, 0.5, -1):
        with pytest.raises(InputError, match=r"l\.nii holds the values .*; labels are whole numbers"):
            read_volume(content, "scan.nii", ("l.nii", patched(nii(LABELS), scl_slope=slope)))


def test_grey_in_0_to_1_is_told_from_hounsfield_units_by_the_whole_scan():
    shares = (HU - HU.min()) / float(np.ptp(HU))
    assert np.abs(read_volume(nii(shares), "s.nii", size=24).grey.mean() - 127) < 10
    mixed = shares.copy()
    mixed[-1, 0, 0] = 100  # the last slice only
    expected = read_volume(
        nii(ct.window(np.float32(mixed))), "s.nii", size=24
    )  # grey as units: the same pixels move alike
    found = read_volume(nii(mixed), "s.nii", size=24).grey
    assert set(np.unique(found[:-1])) == {int(ct.window(np.zeros(1))[0])} and expected.shape == SHAPE[1:]


@pytest.mark.parametrize("depth", [1, 3])
def test_a_flat_file_and_further_axes_of_one(depth):
    values = HU[:depth]
    flat = nib.Nifti1Image(world(values)[..., 0] if depth == 1 else world(values)[..., None, None], np.eye(4))
    found = read_volume(flat.to_bytes(), "scan.nii", size=24)
    assert np.array_equal(found.grey, read_volume(nii(values), "scan.nii", size=24).grey)


def test_labels_that_do_not_count_stay_apart():
    labels = LABELS.copy()
    labels[0, :4] = IGNORE
    found = read_volume(nii(HU), "scan.nii", ("l.nii", nii(labels)), 24, "transunet").labels
    alone = read_volume(nii(HU), "scan.nii", ("l.nii", nii(np.uint8(labels == IGNORE))), 24, "transunet").labels
    assert np.array_equal(found == IGNORE, alone == 1)


@pytest.mark.parametrize("value", [np.nan, np.inf, 0.5, -1, 14, 254, 256, 1e30])
@pytest.mark.parametrize("way", ["nii", "npz"])
def test_what_is_no_label_is_named(value, way):
    labels = LABELS.astype(np.float64)
    labels[2, 3, 4] = value
    with pytest.raises(InputError, match="labels are whole numbers, 0 to 8 as in TransUNet or 0 to 13"):
        if way == "nii":
            read_volume(nii(HU), "scan.nii", ("labels.nii", nii(labels)))
        else:
            read_volume(archive({"image.npy": npy(HU), "label.npy": npy(labels)}), "scan.npz")


def test_true_and_false_are_1_and_0():
    labels = LABELS == 3
    found = read_volume(
        archive({"image.npy": npy(HU), "label.npy": npy(labels)}), "scan.npz", size=24, labels_in="transunet"
    )
    assert set(np.unique(found.labels)) == {0, 1}


# --- files from strangers -----------------------------------------------------------------------------------

GOOD = nii(HU)
WIDE = nib.Nifti1Image(np.zeros((4, 4, 4, 3), np.float32), np.eye(4)).to_bytes()
COLOUR = nib.Nifti1Image(np.zeros((4, 4, 4), [("R", "u1"), ("G", "u1"), ("B", "u1")]), np.eye(4)).to_bytes()
HOSTILE = [
    (patched(GOOD, vox_offset=np.inf), "vox_offset in its header is inf"),
    (patched(GOOD, vox_offset=np.nan), "vox_offset in its header is nan"),
    (patched(GOOD, vox_offset=0), "begin at byte 0"),
    (patched(GOOD, vox_offset=-1e9), "begin at byte -1e"),
    (patched(GOOD, vox_offset=1e30), "begin at byte 1e"),
    (patched(GOOD, vox_offset=400), "cut short"),
    (patched(GOOD, scl_slope=np.inf), "scales its numbers by inf"),
    (patched(GOOD, scl_slope=2, scl_inter=np.nan), "and adds nan"),
    (patched(GOOD, scl_slope=2, scl_inter=-np.inf), "and adds -inf"),
    (patched(GOOD, magic=b"ni1"), "one half of a pair"),
    (patched(GOOD, magic=b"abc"), "is no NIfTI file"),
    (patched(GOOD, magic=b""), "is no NIfTI file"),
    (patched(GOOD, datatype=1792), "type complex128"),
    (patched(GOOD, datatype=32), "type complex64"),
    (patched(GOOD, datatype=1536), "type that is not known"),
    (patched(GOOD, datatype=1), "not known"),
    (patched(GOOD, datatype=9999), "not known"),
    (patched(GOOD, dim=[3, 30000, 30000, 100, 1, 1, 1, 1]), "90000 million voxels"),
    (patched(GOOD, dim=[3, 5000, 100, 1, 1, 1, 1, 1]), "at most 4096 a side"),
    (patched(GOOD, dim=[3, 10, 10, 401, 1, 1, 1, 1]), "401 slices"),
    (patched(GOOD, dim=[3, -4, 10, 10, 1, 1, 1, 1]), "one slice or one volume"),
    (patched(GOOD, dim=[3, 0, 10, 10, 1, 1, 1, 1]), "one slice or one volume"),
    (patched(GOOD, dim=[0, 4, 10, 10, 1, 1, 1, 1]), "one slice or one volume"),
    (patched(GOOD, dim=[1, 400, 1, 1, 1, 1, 1, 1]), "one slice or one volume"),
    (patched(GOOD, dim=[99, 4, 4, 4, 1, 1, 1, 1]), "one slice or one volume"),
    (patched(GOOD, dim=[-3, 4, 4, 4, 1, 1, 1, 1]), "one slice or one volume"),
    (WIDE, "4 x 4 x 4 x 3"),
    (COLOUR, "holds colours"),
    (nib.Nifti1Image(np.zeros((9, 9, 1), np.int16), np.eye(4)[[0, 2, 1, 3]]).to_bytes(), "slice along the body"),
    (gzip.compress(GOOD, mtime=0)[:-9], "cut short"),
    (gzip.compress(GOOD, mtime=0)[:-6] + b"\0" * 6, "damaged"),
    (b"\x1f\x8b" + b"\0" * 600, "damaged"),
    (b"", "is no NIfTI file"),
    (GOOD[:347], "is no NIfTI file"),
]


@pytest.mark.parametrize(("content", "words"), HOSTILE)
def test_a_header_that_lies_gets_its_sentence(content, words):
    begun = time.monotonic()
    with pytest.raises(InputError) as caught, warnings.catch_warnings():
        warnings.simplefilter("error")
        read_volume(content, "scan.nii.gz")
    assert words in str(caught.value) and str(caught.value).startswith("scan.nii.gz ")
    assert time.monotonic() - begun < 5


_opened: list[str] | None = None


def _watch(event: str, arguments: tuple) -> None:
    if event == "open" and _opened is not None:
        _opened.append(str(arguments[0]))


def test_no_file_is_opened_whatever_a_volume_says(tmp_path):
    """Halves of pairs, foreign names, links: bytes in memory are all that a reader has."""
    global _opened
    (tmp_path / "scan.img").write_bytes(GOOD[352:])
    pair = patched(GOOD, magic=b"ni1", vox_offset=0, aux_file=str(tmp_path / "scan.img")[:24])
    names = [str(tmp_path / "scan.hdr"), str(tmp_path / "scan.nii"), "../scan.nii", "file:///etc/passwd.nii"]
    packed = archive({"image.npy": npy(HU)})
    read_volume(GOOD, "scan.nii"), read_volume(packed, "scan.npz")  # imports are done
    sys.addaudithook(_watch)
    _opened = []
    try:
        for name in names:
            with pytest.raises(InputError):
                read_volume(pair, name)
        read_volume(GOOD, names[1], (names[2], nii(LABELS)))
        read_volume(packed, str(tmp_path / "x.npz"))
    finally:
        found, _opened = _opened, None
    assert not found


def test_a_gzip_bomb_is_not_unpacked():
    """Behind the numbers that the header speaks of a file may go on for long."""
    bomb = gzip.compress(GOOD + bytes(400_000_000), 1)
    begun = time.monotonic()
    assert np.array_equal(read_volume(bomb, "scan.nii.gz", size=24).grey, read_volume(GOOD, "scan.nii", size=24).grey)
    assert time.monotonic() - begun < 0.5
    short = gzip.compress(patched(GOOD, dim=[3, 400, 400, 400, 1, 1, 1, 1]))
    with pytest.raises(InputError, match="cut short"):
        read_volume(short, "scan.nii.gz")


@pytest.mark.slow
def test_the_largest_scan_is_never_held_as_a_whole(tmp_path):
    """80 million float64, packed: 640 MB of numbers, of which the labels are kept as bytes."""
    header = nib.Nifti1Header()
    header.set_data_dtype(np.float64)
    header.set_data_shape((512, 512, 305))
    header.set_sform(np.eye(4), 2)
    header["magic"], header["vox_offset"] = b"n+1", 352
    path = tmp_path / "scan.nii.gz"
    with gzip.open(path, "wb", 1) as file:
        file.write(header.binaryblock + bytes(4))
        for _ in range(305):
            file.write(bytes(512 * 512 * 8))
    code = (
        "import resource, sys; from dbce.data.volumes import read_volume; data = open(sys.argv[1], 'rb').read(); "
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; "
        "v = read_volume(data, 'scan.nii.gz', ('labels.nii.gz', data)); "
        "print(v.grey.shape, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
    )
    shown = subprocess.run([sys.executable, "-c", code, str(path)], capture_output=True, text=True, check=True).stdout
    assert shown.startswith("(305, 320, 320) ")
    assert int(shown.split()[-1]) < 250_000  # kB


def test_any_bytes_get_a_sentence():
    rng = np.random.default_rng(3)
    for _ in range(300):
        bad = bytearray(GOOD)
        for at in rng.integers(0, 352, rng.integers(1, 8)):
            bad[at] = rng.integers(256)
        try:
            read_volume(bytes(bad), "scan.nii", size=24)
        except InputError as error:
            assert "scan.nii" in str(error)


def test_the_bounds_hold_for_what_is_turned():
    """A scan may lie so in its file that its slices run along the first axis."""
    lying = nib.Nifti1Image(np.zeros((500, 4, 4), np.int16), np.eye(4)[[2, 1, 0, 3]]).to_bytes()
    with pytest.raises(InputError, match="500 slices"):
        read_volume(lying, "scan.nii")
    assert stack.check_shape((500, 4), "a") == (1, 500, 4)
    assert nifti.is_valid(tilted(20)) and not nifti.is_valid(BROKEN)
    assert io.BytesIO(GOOD).read(4) == b"\x5c\x01\x00\x00"
