"""Files of TransUNet from strangers: nothing but the numbers in the file itself is ever read, within bounds."""

from __future__ import annotations

import io
import pickle
import stat
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import h5py
import numpy as np
import pytest
from h5py import h5d, h5p, h5s, h5t, h5z
from hypothesis import given, settings
from hypothesis import strategies as st

from dbce.data import stored
from dbce.data.inputs import InputError
from dbce.data.volumes import read_volume

BOX = np.arange(2 * 16 * 16, dtype=np.float32).reshape(2, 16, 16)


def h5(build) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w") as file:
        build(file)
    return buffer.getvalue()


def npy(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array)
    return buffer.getvalue()


def archive(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", kind) as file:
        for name, content in members.items():
            file.writestr(name, content)
    return buffer.getvalue()


def arrays(data: bytes, name: str) -> dict[str, np.ndarray]:
    return {
        key: np.stack([plane for _, plane in stack.planes()]) for key, stack in stored.read_stored(data, name).items()
    }


# --- other files stay closed --------------------------------------------------------------------------------


@pytest.fixture
def secret(tmp_path) -> Path:
    """A file of the server, as an HDF5 file and as raw bytes at once."""
    path = tmp_path / "secret.h5"
    with h5py.File(path, "w") as file:
        file["image"] = BOX
    return path


def external(file: h5py.File, key: str, secret: Path) -> None:
    file.create_dataset(key, (2, 16, 16), "u1", external=[(str(secret), 0, 512)])


def set_external(file: h5py.File, key: str, secret: Path) -> None:
    plist = h5p.create(h5p.DATASET_CREATE)
    plist.set_external(str(secret).encode(), 0, h5s.UNLIMITED)
    h5d.create(file.id, key.encode(), h5t.STD_U8LE, h5s.create_simple((2, 16, 16)), plist)


def external_link(file: h5py.File, key: str, secret: Path) -> None:
    file[key] = h5py.ExternalLink(str(secret), "/image")


def soft_link_through_external(file: h5py.File, key: str, secret: Path) -> None:
    file["out"] = h5py.ExternalLink(str(secret), "/")
    file[key] = h5py.SoftLink("/out/image")


def virtual(file: h5py.File, key: str, secret: Path) -> None:
    layout = h5py.VirtualLayout((2, 16, 16), "f4")
    layout[...] = h5py.VirtualSource(str(secret), "image", (2, 16, 16))
    file.create_virtual_dataset(key, layout)


def growing_virtual(file: h5py.File, key: str, secret: Path) -> None:
    layout = h5py.VirtualLayout((2, 16, 16), "f4", maxshape=(None, 16, 16))
    source = h5py.VirtualSource(str(secret), "image", (2, 16, 16), maxshape=(None, 16, 16))
    layout[: h5s.UNLIMITED, :, :] = source[: h5s.UNLIMITED, :, :]
    file.create_virtual_dataset(key, layout)


WAYS_OUT = [external, set_external, external_link, soft_link_through_external, virtual, growing_virtual]


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("key", ["image", "label"])
def test_an_hdf5_file_that_points_to_another_is_refused(secret, way, key):
    def build(file):
        way(file, key, secret)
        if key == "label":  # beside an image that is in order
            file["image"] = BOX

    with pytest.raises(InputError, match=f"keeps its {key} .* only arrays in the file itself are read"):
        read_volume(h5(build), "case.npy.h5")


@pytest.mark.parametrize("way", WAYS_OUT)
def test_such_files_do_lead_out_where_nobody_looks(secret, tmp_path, way):
    """The bait works: h5py by itself returns the other file's bytes."""
    bait = tmp_path / "bait.h5"
    bait.write_bytes(h5(lambda file: way(file, "image", secret)))
    with h5py.File(bait) as file:
        got = file["image"][()]
    raw = np.frombuffer(secret.read_bytes()[:512], np.uint8).reshape(2, 16, 16)
    assert np.array_equal(got, raw if way in (external, set_external) else BOX)


def test_an_archive_is_no_way_to_run_code_or_to_another_file(secret, tmp_path):
    class Bomb:
        def __reduce__(self):
            return (Path.touch, (tmp_path / "ran",))

    link = zipfile.ZipInfo("image.npy")
    link.create_system, link.external_attr = 3, (stat.S_IFLNK | 0o777) << 16
    linked = io.BytesIO()
    with zipfile.ZipFile(linked, "w") as file:
        file.writestr(link, str(secret))
    baits = [
        archive({"image.npy": pickle.dumps(Bomb())}),
        archive({"image.npy": npy(np.array([[Bomb()]], object))}),
        archive({"image.npy": npy(np.zeros((2, 2), [("a", "f4"), ("b", object)]))}),
        linked.getvalue(),
        archive({"../image.npy": npy(BOX), str(secret): npy(BOX)}),
    ]
    for bait in baits:
        with pytest.raises(InputError, match=r"scan\.npz"):
            read_volume(bait, "scan.npz")
    assert not (tmp_path / "ran").exists()


# --- plain numbers only -------------------------------------------------------------------------------------


def odd(dtype, value=None):
    def build(file):
        file.create_dataset("image", (4, 4), dtype)
        if value is not None:
            file["image"][...] = value

    return build


ODD = [
    (odd(h5py.string_dtype()), "as text"),
    (odd("S8"), "as text"),
    (odd(h5py.vlen_dtype(np.int32)), "as rows of varying length"),
    (odd(h5py.ref_dtype), "as references"),
    (odd(h5py.regionref_dtype), "as references"),
    (odd(np.dtype([("a", "f4"), ("b", "i4")])), "as records"),
    (odd("c8"), "plain numbers"),
    (odd(np.dtype("V8")), "as values of an unusual type"),
    (odd(np.dtype(("f4", (3000,)))), "as arrays within an array"),
    (odd(h5py.enum_dtype({"a": 0, "b": 1})), "as named values"),
    (odd(np.longdouble), "plain numbers"),
    (lambda file: file.create_group("image"), "a group named image"),
    (lambda file: file.__setitem__("image", np.dtype("f4")), "a type named image"),
    (lambda file: file.__setitem__("image", 5.0), "no slices"),
    (lambda file: file.__setitem__("image", h5py.Empty("f4")), "no slices"),
    (lambda file: file.create_dataset("image", (4, 4), "i4", scaleoffset=0), "compressed in an unusual way"),
    (lambda file: file.create_dataset("image", (4, 4), "i4", fletcher32=True), "compressed in an unusual way"),
    (lambda file: file.create_dataset("image", (401, 4, 4), "i4"), "401 slices"),
    (lambda file: file.create_dataset("image", (2, 9000, 4), "i4"), "at most 4096 a side"),
    (lambda file: file.create_dataset("image", (300, 4000, 4000), "i4", chunks=(1, 100, 100)), "million voxels"),
    (lambda file: file.create_dataset("image", (300, 500, 500), "i4", chunks=(1, 1, 9)), "is cut into"),
    (lambda file: file.create_dataset("image", (400, 400, 400), "f8", chunks=(400, 400, 400)), "is cut into 1 pieces"),
]


@pytest.mark.parametrize(("build", "words"), ODD)
def test_anything_but_numbers_in_slices_is_named(build, words):
    with pytest.raises(InputError) as caught:
        read_volume(h5(build), "case.npy.h5")
    assert words in str(caught.value) and "case.npy.h5" in str(caught.value)


@settings(deadline=None, max_examples=60)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9), st.integers(1, 9)),
    dtype=st.sampled_from(["<f4", ">f4", "<f8", "f2", "u1", "i1", "<i2", ">i2", "<u2", "<i8", "?"]),
    options=st.sampled_from(
        [
            {},
            {"compression": "gzip"},
            {"compression": "gzip", "shuffle": True},
            {"compression": "lzf"},
            {"compression": "lzf", "shuffle": True},
            {"shuffle": True, "chunks": True},
            {"chunks": True},
            {"compression": "gzip", "chunks": "odd"},
            {"compression": "lzf", "chunks": "odd"},
        ]
    ),
    flat=st.booleans(),
    seed=st.integers(0, 99),
)
def test_plain_arrays_come_back_as_they_were_written(shape, dtype, options, flat, seed):
    values = np.random.default_rng(seed).integers(0, 2 if dtype == "?" else 90, shape).astype(dtype)
    values = values[0] if flat else values
    options = dict(options)
    if options.get("chunks") == "odd":
        options["chunks"] = tuple(min(2, n) for n in values.shape)
    found = arrays(h5(lambda file: file.create_dataset("image", data=values, **options)), "a.h5")
    assert np.array_equal(found["image"], values.reshape(-1, *values.shape[-2:]))
    for array in (values, np.asfortranarray(values)):
        for kind in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            found = arrays(archive({"image.npy": npy(array), "label.npy": npy(array)}, kind), "a.npz")
            assert np.array_equal(found["image"], found["label"])
            assert np.array_equal(found["image"], values.reshape(-1, *values.shape[-2:]))


# --- bombs --------------------------------------------------------------------------------------------------


def with_chunk(raw: bytes, **options) -> bytes:
    """A file of one piece, (1, 512, 512) float32, whose packed bytes are these."""

    def build(file):
        dataset = file.create_dataset("image", (1, 512, 512), "f4", chunks=(1, 512, 512), **options)
        dataset.id.write_direct_chunk((0, 0, 0), raw)

    return h5(build)


def packed(count: int) -> bytes:
    packer = zlib.compressobj(6)
    return b"".join(packer.compress(bytes(1_000_000)) for _ in range(count)) + packer.flush()


LZF_ZEROS = b"\x00\x00" + b"\xe0\xff\x00" * 5000  # a zero, then 5000 times the 264 before, by the format
BOMBS = [
    ("case.npy.h5", lambda: with_chunk(packed(300), compression="gzip")),
    ("case.npy.h5", lambda: with_chunk(zlib.compress(bytes(999)), compression="gzip")),  # HDF5 would read on behind it
    ("case.npy.h5", lambda: with_chunk(LZF_ZEROS, compression="lzf")),
    ("case.npy.h5", lambda: with_chunk(b"\x03abcd", compression="lzf")),
    ("case.npy.h5", lambda: with_chunk(bytes(512))),
    (
        "scan.npz",
        lambda: archive(
            {
                "image.npy": b"\x93NUMPY\x01\x00\x76\x00"
                + b"{'descr': '<f4', 'fortran_order': False, 'shape': (100000, 100000, 1000), }".ljust(117)
                + b"\n"
            }
        ),
    ),
    ("scan.npz", lambda: archive({"image.npy": b"\x93NUMPY\x02\x00\xff\xff\xff\xff" + bytes(1000)})),
    ("scan.npz", lambda: archive({f"{k}.npy": b"" for k in range(5000)})),
    ("scan.npz", lambda: archive({"image.npy": npy(BOX)}, zipfile.ZIP_LZMA)),
]


@pytest.mark.parametrize(("name", "bomb"), BOMBS)
def test_no_more_is_unpacked_than_the_array_says(name, bomb):
    content = bomb()
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=name):
            read_volume(content, name)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 60_000_000


def test_a_piece_that_claims_more_bytes_than_the_file_has_is_refused():
    content = bytearray(h5(lambda file: file.create_dataset("image", data=BOX, chunks=(1, 16, 16))))
    with h5py.File(io.BytesIO(bytes(content))) as file:
        info = file["image"].id.get_chunk_info(0)
    at = bytes(content).index(struct.pack("<Q", info.byte_offset))
    size = bytes(content).rindex(struct.pack("<I", info.size), 0, at)
    content[size : size + 4] = struct.pack("<I", len(content) + 1)
    with pytest.raises(InputError, match=r"case\.h5 is damaged"):
        read_volume(bytes(content), "case.h5")


@pytest.mark.parametrize("name", ["case.h5", "case.npz"])
def test_any_bytes_under_these_names_get_a_sentence(name):
    good = h5(lambda file: file.create_dataset("image", data=BOX, compression="gzip"))
    if name.endswith("npz"):
        good = archive({"image.npy": npy(BOX)})
    rng = np.random.default_rng(1)
    for _ in range(150):
        bad = bytearray(good)
        for at in rng.integers(0, len(bad), rng.integers(1, 6)):
            bad[at] = rng.integers(256)
        try:
            read_volume(bytes(bad[: rng.integers(1, len(bad) + 1)] if rng.random() < 0.2 else bad), name)
        except InputError as error:
            assert name in str(error)


def test_the_filters_that_are_known_are_those_of_hdf5_and_h5py():
    assert {h5z.FILTER_DEFLATE, h5z.FILTER_SHUFFLE, 32000} == set(stored._FILTERS)
