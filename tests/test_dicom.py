"""A CT slice as DICOM: the same picture as NIfTI gives, and one sentence for what it is not."""

from __future__ import annotations

import builtins
import gzip
import io

import nibabel as nib
import numpy as np
import pydicom
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    CTImageStorage,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
)

from dbce.data import ct
from dbce.data.inputs import InputError
from dbce.data.volumes import is_volume, read_volume

SHAPE = (20, 24)  # rows, columns
HU = np.random.default_rng(5).integers(-200, 400, SHAPE).astype(np.int16)
UPRIGHT = [1, 0, 0, 0, 1, 0]


def slice_of(
    stored: np.ndarray = HU + 1024, syntax=ExplicitVRLittleEndian, pixels: bytes | None = None, **tags
) -> bytes:
    """A DICOM file of these stored values, otherwise an ordinary CT slice; a tag that is None is left out."""
    dataset = Dataset()
    dataset.file_meta = FileMetaDataset()
    dataset.file_meta.MediaStorageSOPClassUID = dataset.SOPClassUID = CTImageStorage
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID = "1.2.3"
    dataset.file_meta.TransferSyntaxUID = syntax
    usual = {
        "Modality": "CT", "Rows": stored.shape[0], "Columns": stored.shape[1], "SamplesPerPixel": 1,
        "PhotometricInterpretation": "MONOCHROME2", "BitsAllocated": 16, "BitsStored": 16, "HighBit": 15,
        "PixelRepresentation": 1, "RescaleSlope": 1, "RescaleIntercept": -1024, "PixelSpacing": [0.8, 0.7],
        "SliceThickness": 3, "ImageOrientationPatient": UPRIGHT, "ImagePositionPatient": [-100, -120, 40],
    }  # fmt: skip
    for name, value in {**usual, **tags}.items():
        if value is not None:
            setattr(dataset, name, value)
    order = ">" if syntax == ExplicitVRBigEndian else "<"
    raw = stored.astype(f"{order}i{int(dataset.BitsAllocated) // 8}").tobytes()
    dataset.PixelData = pixels if pixels is not None else raw
    dataset["PixelData"].VR = "OB" if pixels is not None else "OW"
    if syntax.is_compressed:
        dataset.PixelData = encapsulate([pixels or b""])
        dataset["PixelData"].is_undefined_length = True
    buffer = io.BytesIO()
    dataset.save_as(buffer, enforce_file_format=True)
    return buffer.getvalue()


@pytest.mark.parametrize("syntax", [ExplicitVRLittleEndian, ImplicitVRLittleEndian, ExplicitVRBigEndian])
@pytest.mark.parametrize("name", ["slice.dcm", "IM000001", "slice.png"])
def test_a_slice_is_known_by_its_bytes(syntax, name):
    content = slice_of(syntax=syntax)
    assert is_volume(name, content) and not is_volume("IM000001", b"\x89PNG")
    found = read_volume(content, name, size=24)
    expected = nib.Nifti1Image(HU.T[:, :, None], np.diag([-1, -1, 1, 1]))  # DICOM's axes: to the left, to the back
    assert np.array_equal(found.grey, read_volume(expected.to_bytes(), "s.nii", size=24).grey)
    assert found.grey.shape == (1, 24, 24) and found.shape == SHAPE and not found.notes and found.labels is None


@settings(deadline=None, max_examples=30)
@given(turns=st.integers(0, 3), mirrored=st.booleans(), tilt=st.sampled_from([0.0, 0.1, -0.3]))
def test_however_the_slice_is_stored_the_patients_right_is_on_the_left(turns, mirrored, tilt):
    along, down = np.array([1.0, 0, 0]), np.array([0, np.cos(tilt), np.sin(tilt)])
    stored = HU
    if mirrored:
        stored, along = stored[:, ::-1], -along
    for _ in range(turns):  # a quarter to the left: rows become columns
        stored = np.rot90(stored)
        along, down = down, -along
    content = slice_of(stored + 1024, ImageOrientationPatient=[float(f"{v:.6f}") for v in [*along, *down]])
    found = read_volume(content, "slice.dcm", size=24)
    assert np.array_equal(found.grey, read_volume(slice_of(), "slice.dcm", size=24).grey) and found.shape == SHAPE


def test_units_padding_and_inverted_grey():
    halved = read_volume(slice_of(HU * 2, RescaleSlope=0.5, RescaleIntercept=0), "s.dcm", size=24)
    upright = read_volume(slice_of(), "s.dcm", size=24)
    assert np.array_equal(halved.grey, upright.grey)
    stored = HU + 1024
    stored[:5] = 3000
    padded = read_volume(slice_of(stored, PixelPaddingValue=3000), "s.dcm", size=24)
    dark = HU.copy()
    dark[:5] = -1000
    assert np.array_equal(padded.grey, read_volume(slice_of(dark + 1024), "s.dcm", size=24).grey)
    span = slice_of(stored, PixelPaddingValue=2900, PixelPaddingRangeLimit=3100)
    assert np.array_equal(read_volume(span, "s.dcm", size=24).grey, padded.grey)
    # Hounsfield units stay what they are, however a viewer is asked to paint them
    assert np.array_equal(
        read_volume(slice_of(PhotometricInterpretation="MONOCHROME1"), "s.dcm", size=24).grey, upright.grey
    )
    bare = {"RescaleSlope": None, "RescaleIntercept": None}
    plain = read_volume(slice_of(HU, **bare), "s.dcm", size=24)
    assert np.array_equal(plain.grey, upright.grey) and "Hounsfield units" in plain.notes[0]
    inverted = read_volume(
        slice_of(HU.max() + HU.min() - HU, PhotometricInterpretation="MONOCHROME1", **bare), "s.dcm", size=24
    )
    assert np.array_equal(inverted.grey, upright.grey) and any("MONOCHROME1" in note for note in inverted.notes)


def test_a_slice_that_does_not_say_how_the_patient_lies_is_shown_as_it_is_stored():
    for missing in ({"ImageOrientationPatient": None}, {"ImageOrientationPatient": [0, 0, 0, 0, 0, 0]}):
        found = read_volume(slice_of(**missing), "s.dcm", size=24)
        assert "how the patient lies" in found.notes[0]
        assert np.array_equal(found.grey, read_volume(slice_of(), "s.dcm", size=24).grey)


def test_labels_of_a_slice_from_a_volume_in_the_same_space():
    values = np.random.default_rng(1).integers(0, 9, (*SHAPE[::-1], 3)).astype(np.uint8)  # columns, rows, slices
    affine = np.diag([-0.7, -0.8, 3, 1.0])
    affine[:3, 3] = 100, 120, 37  # the slice at 40 mm is the second
    labels = nib.Nifti1Image(values, affine).to_bytes()
    found = read_volume(slice_of(), "s.dcm", ("labels.nii.gz", gzip.compress(labels)), 24, "transunet")
    rows = np.floor((np.arange(24) + 0.5) * SHAPE[0] / 24).astype(int)
    columns = np.floor((np.arange(24) + 0.5) * SHAPE[1] / 24).astype(int)
    assert np.array_equal(found.labels[0], values[..., 1].T[rows][:, columns])


def packed(image: np.ndarray, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, kind, **options)
    return buffer.getvalue()


GREY = np.random.default_rng(2).integers(0, 255, SHAPE).astype(np.uint8)
EIGHT = {"BitsAllocated": 8, "BitsStored": 8, "HighBit": 7, "PixelRepresentation": 0, "RescaleIntercept": -100}


def test_packed_pixels_are_unpacked_where_a_decoder_is_there():
    exact = packed(GREY, "JPEG2000", irreversible=False, no_jp2=True)
    found = read_volume(slice_of(GREY, JPEG2000Lossless, exact, **EIGHT), "s.dcm", size=24)
    expected = nib.Nifti1Image((GREY.astype(np.int16) - 100).T[:, :, None], np.diag([-1, -1, 1, 1])).to_bytes()
    assert np.array_equal(found.grey, read_volume(expected, "s.nii", size=24).grey)
    smooth = np.add.outer(np.arange(20) * 4, np.arange(24) * 4).astype(np.uint8)
    found = read_volume(
        slice_of(smooth, JPEGBaseline8Bit, packed(smooth, "JPEG", quality=100), **EIGHT), "s.dcm", size=24
    )
    assert (
        np.abs(
            found.grey.astype(int)
            - read_volume(slice_of(smooth.astype("i2"), RescaleIntercept=-100), "s.dcm", size=24).grey
        ).max()
        < 4
    )
    dataset = pydicom.dcmread(io.BytesIO(slice_of()))
    dataset.compress(RLELossless)
    buffer = io.BytesIO()
    dataset.save_as(buffer)
    assert np.array_equal(
        read_volume(buffer.getvalue(), "s.dcm", size=24).grey, read_volume(slice_of(), "s.dcm", size=24).grey
    )


WIDE = np.zeros((4000, 4000), np.uint8)
BAD = [
    (slice_of(NumberOfFrames=3), "holds 3 frames"),
    (slice_of(SamplesPerPixel=3, PhotometricInterpretation="RGB"), "is a colour picture (RGB)"),
    (slice_of(PhotometricInterpretation="PALETTE COLOR"), "is a colour picture"),
    (slice_of(ImageOrientationPatient=[1, 0, 0, 0, 0, -1]), "slice along the body"),
    (slice_of(ImageOrientationPatient=[0, 1, 0, 0, 0, -1]), "slice along the body"),
    (slice_of(Rows=60000, Columns=60000), "million voxels"),
    (slice_of(Rows=5000, Columns=10), "at most 4096 a side"),
    (slice_of(Rows=0), "one slice or one volume"),
    (slice_of(Rows=500), "cut short"),
    (slice_of(BitsAllocated=64, BitsStored=64), "64 bits a pixel"),
    (slice_of()[:900], "damaged"),
    (slice_of(RescaleSlope="1e400"), "these must be ordinary numbers"),
    (slice_of(RescaleSlope=0), "these must be ordinary numbers"),
    (slice_of(GREY, JPEGLSLossless, b"\xff\xd8nothing", **EIGHT), "JPEG-LS Lossless"),
    (slice_of(GREY, JPEGBaseline8Bit, packed(WIDE, "JPEG"), **EIGHT), "more packed data"),
    (slice_of(GREY, JPEGBaseline8Bit, packed(WIDE[:99], "JPEG", quality=1)[:9000], **EIGHT), "not of the size or kind"),
    (slice_of(GREY, JPEGBaseline8Bit, packed(GREY, "JPEG", progressive=True), **EIGHT), "not of the size or kind"),
    (slice_of(GREY, JPEGBaseline8Bit, b"nothing", **EIGHT), "damaged"),
    (slice_of(syntax=DeflatedExplicitVRLittleEndian), "is a deflated DICOM file"),
    (b"\0" * 128 + b"DICM", "holds no picture"),
    (b"\0" * 128 + b"DIKM" + b"\0" * 500, "is no DICOM file"),
    (slice_of().replace(b"DICM", b"DICX", 1), "is no DICOM file"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BAD)
def test_what_is_no_ct_slice_gets_one_sentence(content, words):
    with pytest.raises(InputError) as caught:
        read_volume(content, "slice.dcm")
    assert words in str(caught.value) and str(caught.value).startswith("slice.dcm ") and "\n" not in str(caught.value)


def test_any_bytes_get_a_sentence():
    good = slice_of()
    rng = np.random.default_rng(9)
    for _ in range(200):
        bad = bytearray(good)
        for at in rng.integers(132, len(bad) - 2 * HU.size, rng.integers(1, 6)):
            bad[at] = rng.integers(256)
        try:
            read_volume(bytes(bad), "slice.dcm", size=24)
        except InputError as error:
            assert "slice.dcm" in str(error)


def test_without_pydicom_one_sentence_says_how_to_get_it(monkeypatch):
    content, real = slice_of(), builtins.__import__

    def without(name, *rest, **more):
        if name.split(".")[0] == "pydicom":
            raise ImportError(name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InputError, match=r"slice is a DICOM file.*`pip install pydicom`"):
        read_volume(content, "slice")


def test_the_window_is_that_of_every_scan():
    flat = np.full(SHAPE, 75, np.int16)
    assert (read_volume(slice_of(flat + 1024), "s.dcm", size=24).grey == ct.window(np.full(1, 75, np.float32))[0]).all()
