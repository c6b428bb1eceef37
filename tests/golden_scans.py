"""Small scans in every file that Python reads, with labels, turned and broken in many ways: cases for readers."""

from __future__ import annotations

import gzip
import io
import itertools
from collections.abc import Iterator
from typing import Any

import h5py
import nibabel as nib
import numpy as np

from tests.golden_noise import noise

SHAPE = (9, 8, 7)  # of axes that run to the right, the front and the head
File = tuple[str, bytes]
Case = tuple[File, "File | None", "str | None"]

HU = (noise(504, 1).reshape(SHAPE).astype(np.int16) * 2 - 200).astype(np.int16)
LABELS = (noise(504, 2).reshape(SHAPE) % 9).astype(np.uint8)
AFFINE = np.array([[0.8, 0, 0, -30], [0, 0.9, 0, 12], [0, 0, 3, 100], [0, 0, 0, 1.0]])


def tilted(degrees: float) -> np.ndarray:
    """A gantry that was tilted around the axis from left to right."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return np.array([[1, 0, 0, 0], [0, c, -s, 0], [0, s, c, 0], [0, 0, 0, 1]]) @ AFFINE


def nifti(values: np.ndarray, affine: np.ndarray = AFFINE, axes: Any = None, kind: Any = nib.Nifti1Image) -> bytes:
    """A file whose axes are in another order, or run the other way: ``axes`` are (axis, sign)."""
    image = nib.Nifti1Image(values, affine, dtype=values.dtype)
    if axes is not None:
        image = image.as_reoriented(np.array(axes))
    image = kind(np.asarray(image.dataobj), image.affine, dtype=values.dtype)
    image.header.set_data_dtype(values.dtype)
    data = image.to_bytes()
    for part in ("quatern_b", "quatern_c", "quatern_d"):  # their last bits are the processor's
        data = changed(data, part, round(float(image.header[part]), 6) + 0.0)
    return data


def changed(data: bytes, field: str, value: Any) -> bytes:
    """With another value in its header."""
    header = nib.Nifti1Header(data[:348], check=False)
    header[field] = value
    return header.binaryblock + data[348:]


def npz(**arrays: np.ndarray) -> bytes:
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    return out.getvalue()


def h5(options: dict[str, Any], **arrays: Any) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for name, array in arrays.items():
            file.create_dataset(name, data=array, **options)
    return out.getvalue()


def virtual() -> bytes:
    """An array whose numbers lie in another file."""
    out = io.BytesIO()
    with h5py.File(out, "w", libver="latest") as file:
        space, options = h5py.h5s.create_simple((7, 8, 9)), h5py.h5p.create(h5py.h5p.DATASET_CREATE)
        options.set_obj_track_times(False)  # the same bytes at any time
        options.set_virtual(space, b"/etc/passwd", b"image", space)
        h5py.h5d.create(file.id, b"image", h5py.h5t.IEEE_F32LE, space, options)
    return out.getvalue()


def niftis() -> Iterator[Case]:
    plain, labels = ("scan.nii", nifti(HU)), ("labels.nii", nifti(LABELS))
    yield ("ct.nii", plain[1]), ("ct-labels.nii", labels[1]), "synapse"
    for order in itertools.permutations(range(3)):
        signs = [1 - 2 * int(noise(3, sum(order) * 7 + order[0])[k] & 1) for k in range(3)]
        axes = [(axis, sign) for axis, sign in zip(order, signs, strict=True)]
        yield (
            ("scan.nii", nifti(HU, AFFINE, axes)),
            ("labels.nii.gz", gzip.compress(nifti(LABELS), mtime=0)),
            "transunet",
        )
    for degrees in (10, -20, 40):
        yield ("scan.nii", nifti(HU, tilted(degrees))), ("labels.nii", nifti(LABELS, tilted(degrees))), None
    for dtype in (np.uint8, np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64, np.int64):
        yield (f"{np.dtype(dtype)}.nii", nifti(np.abs(HU // 4).astype(dtype))), None, None
    yield ("scan.nii.gz", gzip.compress(plain[1], mtime=0)), labels, "synapse"
    yield ("two.nii", nifti(HU, AFFINE, None, nib.Nifti2Image)), labels, "transunet"
    yield ("big.nii", nib.Nifti1Image(HU, AFFINE).as_reoriented(nib.io_orientation(np.eye(4))).to_bytes()), None, None
    swapped = nib.Nifti1Image(HU.astype(">i2"), AFFINE, nib.Nifti1Header(endianness=">"))
    yield ("swapped.nii", swapped.to_bytes()), None, None
    scaled = changed(changed(plain[1], "scl_slope", 2.5), "scl_inter", -100.25)
    yield ("scaled.nii", scaled), None, None
    yield ("scaled-real.nii", changed(nifti(HU.astype(np.float32)), "scl_slope", 1.7)), None, None
    yield ("share.nii", nifti((noise(504, 5).reshape(SHAPE) / 255).astype(np.float32))), None, None
    for field, value in [
        ("sform_code", 0),
        ("srow_x", [0, 0, 0, 0]),
        ("scl_slope", np.inf),
        ("vox_offset", 4),
        ("vox_offset", np.nan),
        ("datatype", 128),
        ("datatype", 32),
        ("datatype", 77),
        ("dim", [4, 9, 8, 1, 7, 1, 1, 1]),
        ("dim", [1, 9, 1, 1, 1, 1, 1, 1]),
        ("dim", [3, 9, 8, 70, 1, 1, 1, 1]),
        ("magic", b"ni1"),
        ("sizeof_hdr", 12),
    ]:
        broken = changed(plain[1], field, value)
        yield (f"{field}.nii", broken), None, None
        yield (f"{field}.nii", changed(changed(broken, "qform_code", 0), "sform_code", 0)), labels, None
    yield ("cut.nii", plain[1][:700]), None, None
    yield ("cut.nii.gz", gzip.compress(plain[1], mtime=0)[:300]), None, None
    yield ("checksum.nii.gz", gzip.compress(plain[1], mtime=0)[:-8] + bytes(8)), None, None
    yield ("coronal.nii", nifti(HU[:, :1, :].transpose(0, 2, 1).copy(), np.array(AFFINE)[:, [0, 2, 1, 3]])), None, None
    yield ("slice.nii", nifti(HU[:, :, :1])), ("labels.nii", nifti(LABELS[:, :, :1])), None
    moved = AFFINE.copy()
    moved[:3, 3] += [1.6, 0.9, 3]
    yield plain, ("moved.nii", nifti(LABELS, moved)), "transunet"
    moved[:3, 3] += 500
    yield plain, ("far.nii", nifti(LABELS, moved)), None
    fine = AFFINE.copy()
    fine[:3, :3] /= 2
    doubled = LABELS.repeat(2, 0).repeat(2, 1).repeat(2, 2)
    yield plain, ("fine.nii", nifti(doubled, fine)), "transunet"
    yield plain, ("lost.nii", nifti(LABELS, np.diag([1.0, 1, 1, 1]))), None
    yield plain, ("other.nii", changed(changed(nifti(LABELS), "qform_code", 0), "sform_code", 0)), None
    yield plain, ("real.nii", nifti(LABELS.astype(np.float32) * np.float32(1.0001))), "transunet"
    yield plain, ("scan2.nii", plain[1]), None
    yield plain, ("thirteen.nii", nifti((LABELS + 5).astype(np.uint8))), None
    yield plain, ("thirteen.nii", nifti((LABELS + 5).astype(np.uint8))), "transunet"
    yield ("nan.nii", nifti(np.where(HU > 100, np.nan, 0).astype(np.float32))), None, None


def arrays() -> Iterator[Case]:
    image = (noise(504, 5).reshape(7, 8, 9) / 255).astype(np.float32)
    labels = (noise(504, 2).reshape(7, 8, 9) % 9).astype(np.uint8)
    for dtype in (np.float32, np.float64, np.float16, np.uint8, np.int32, np.bool_, np.int64):
        yield (
            (f"{np.dtype(dtype)}.npz", npz(image=(image * 2).astype(dtype), label=labels.astype(np.int64))),
            None,
            None,
        )
    yield ("slice.npz", npz(image=image[0], label=labels[0])), None, "synapse"
    yield ("fortran.npz", npz(image=np.asfortranarray(image), label=np.asfortranarray(labels))), None, "transunet"
    yield ("big-endian.npz", npz(image=image.astype(">f4"), label=labels)), None, None
    yield ("image.npz", npz(image=image)), ("label.npz", npz(label=labels)), "transunet"
    yield ("image.npz", npz(image=image)), ("labels.nii", nifti(LABELS)), "transunet"
    yield ("none.npz", npz(other=image)), None, None
    yield ("label.npz", npz(label=labels)), None, None
    yield ("shapes.npz", npz(image=image, label=labels[1:])), None, None
    yield ("flat.npz", npz(image=image.ravel())), None, None
    yield ("complex.npz", npz(image=image.astype(np.complex64))), None, None
    yield ("text.npz", npz(image=np.array([["a", "b"]]))), None, None
    yield ("objects.npz", npz(image=np.array([[{}, 1]], object))), None, None
    good = npz(image=image)
    yield ("cut.npz", good[:200]), None, None
    yield ("damaged.npz", good[:120] + bytes(30) + good[150:]), None, None
    yield ("no.npz", b"hello"), None, None
    for name, options in {
        "plain": {},
        "gzip": {"compression": "gzip"},
        "shuffled": {"compression": "gzip", "shuffle": True},
        "lzf": {"compression": "lzf"},
        "chunks": {"chunks": (3, 5, 4)},
    }.items():
        yield (f"{name}.npy.h5", h5(options, image=image, label=labels)), None, "transunet"
    yield ("slice.h5", h5({}, image=image[0], label=labels[0])), None, None
    yield ("checked.h5", h5({"fletcher32": True}, image=image)), None, None
    yield ("none.h5", h5({}, other=image)), None, None
    yield ("text.h5", h5({}, image=np.array([[b"a"]]))), None, None
    yield ("doubles.h5", h5({"compression": "gzip"}, image=image.astype(">f8") * 900 - 300)), None, None
    yield ("virtual.h5", virtual()), None, None
    yield ("cut.h5", h5({}, image=image)[:1500]), None, None
    yield ("no.h5", b"hello"), None, None


def cases() -> Iterator[Case]:
    yield from niftis()
    yield from arrays()
