"""The arrays ``image`` and ``label`` of TransUNet's files: slices (``.npz``) and scans (``.npy.h5``).

Both formats can do far more than hold two arrays: name files of the machine that reads them, run code, or unpack
to many times their size. So everything but plain numbers is refused before a byte of it is read.
"""

from __future__ import annotations

import io
import math
import zipfile
import zlib
from collections.abc import Iterator
from tokenize import TokenError
from typing import Any

import h5py
import numpy as np
from h5py import h5d, h5g, h5l, h5o, h5s, h5t, h5z

from dbce.data.inputs import InputError
from dbce.data.stack import Stack, check_shape, check_type, readable

KEYS = ("image", "label")
"""Names of the arrays."""

MAX_MEMBERS = 100
"""Most files in an ``.npz``."""

MAX_CHUNKS = 50_000
"""Most pieces that an HDF5 array may be cut into."""

MAX_CHUNK = 256_000_000
"""Bytes of the largest piece."""

MAX_LZF = 16_000_000
"""Most bytes compressed with LZF; their length is counted in Python, a byte at a time."""

_FILTERS = (h5z.FILTER_SHUFFLE, h5z.FILTER_DEFLATE, h5z.FILTER_LZF)
_LAYOUTS = (h5d.COMPACT, h5d.CONTIGUOUS, h5d.CHUNKED)


def read_stored(data: bytes, name: str) -> dict[str, Stack]:
    """Bytes of a file -> its arrays by name, at least one of `KEYS`.

    Raises:
        InputError: another format, a damaged file, none of the arrays, arrays of different shapes, too large ones,
            or anything but plain numbers that lie in the file itself.
    """
    found = _npz(data, name) if name.lower().endswith(".npz") else _h5(data, name)
    if not found:
        raise InputError(f"{name} holds no array named image; save it as TransUNet does: image, and perhaps label.")
    if len({stack.shape for stack in found.values()}) > 1:
        raise InputError(f"{name} holds an image and a label of different shapes; save them on one grid.")
    return found


# --- npz ------------------------------------------------------------------------------------------------------


def _npz(data: bytes, name: str) -> dict[str, Stack]:
    if not data.startswith(b"PK"):
        raise InputError(f"{name} is no .npz file, whatever its name; save it with numpy.savez_compressed.")
    if data.count(b"PK\x01\x02") > MAX_MEMBERS:  # counted before a directory of millions is built
        raise InputError(f"{name} holds more than {MAX_MEMBERS} files; save image and label by themselves.")
    with readable(name, NotImplementedError), zipfile.ZipFile(io.BytesIO(data)) as archive:
        members = {info.filename: info for info in archive.infolist()}
        return {key: _npy(data, members[f"{key}.npy"], f"{name} ({key})") for key in KEYS if f"{key}.npy" in members}


def _npy(data: bytes, member: zipfile.ZipInfo, name: str) -> Stack:
    """One array of the archive; its header is read now, its numbers when they are asked for."""
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise InputError(f"{name} is packed in an unusual way; save it with numpy.savez_compressed.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(member) as file:
        shape, fortran, dtype = _npy_header(file, name)
    depth, height, width = check_shape(shape, name)
    check_type(dtype, name)

    def planes() -> Iterator[tuple[int, np.ndarray]]:
        with zipfile.ZipFile(io.BytesIO(data)) as archive, archive.open(member) as file:
            _npy_header(file, name)
            if fortran:
                whole = _take(file, depth * height * width, dtype, name)
                yield from enumerate(whole.reshape(shape, order="F").reshape(depth, height, width))
            else:
                for number in range(depth):
                    yield number, _take(file, height * width, dtype, name).reshape(height, width)
            file.read(1)  # at its end the checksum is compared

    return Stack(name, (depth, height, width), planes)


def _npy_header(file: Any, name: str) -> tuple[tuple[int, ...], bool, np.dtype]:
    """Shape, whether the first axis runs fastest, type; the file stands at the first number afterwards."""
    try:
        version = np.lib.format.read_magic(file)
        parse = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}[version]
        return parse(file)
    except (ValueError, KeyError, TypeError, SyntaxError, TokenError, RecursionError) as error:  # of Python's parser
        raise InputError(f"{name} is no array of numbers; save it with numpy.savez_compressed.") from error


def _take(file: Any, count: int, dtype: np.dtype, name: str) -> np.ndarray:
    """The next numbers of a stream."""
    raw = file.read(count * dtype.itemsize)
    if len(raw) < count * dtype.itemsize:
        raise InputError(f"{name} is damaged or cut short; save or download it again.")
    return np.frombuffer(raw, dtype)


# --- HDF5 -----------------------------------------------------------------------------------------------------


def _h5(data: bytes, name: str) -> dict[str, Stack]:
    if not data.startswith(b"\x89HDF\r\n\x1a\n"):
        raise InputError(f"{name} is no HDF5 file, or it is damaged; save or download it again.")
    with readable(name, TypeError), h5py.File(io.BytesIO(data), "r") as file:
        # not `key in file`, which would follow a link out of the file
        return {key: _dataset(data, file, key, name) for key in KEYS if file.id.links.exists(key.encode())}


def _dataset(data: bytes, file: h5py.File, key: str, name: str) -> Stack:
    """One array of the file, once nothing in it leads elsewhere or unpacks to more than it says."""
    found = _plain(file, key, name)
    shape = check_shape(found.shape, f"{name} ({key})")
    steps = 1
    if found.get_create_plist().get_layout() == h5d.CHUNKED:
        _check_chunks(data, found, name)
        steps = found.get_create_plist().get_chunk()[0] if found.rank == 3 else 1

    def planes() -> Iterator[tuple[int, np.ndarray]]:
        with h5py.File(io.BytesIO(data), "r") as file:
            dataset = h5py.Dataset(h5o.open(file.id, key.encode()))
            if dataset.ndim == 2:
                yield 0, dataset[()]
                return
            for start in range(0, shape[0], steps):  # whole pieces, so that each is unpacked once
                yield from enumerate(dataset[start : start + steps], start)

    return Stack(f"{name} ({key})", shape, planes)


def _plain(file: h5py.File, key: str, name: str) -> h5d.DatasetID:
    """An array of numbers that lie in this file."""
    where = f"{name} keeps its {key}"
    if file.id.links.get_info(key.encode()).type != h5l.TYPE_HARD:
        raise InputError(f"{where} behind a link; only arrays in the file itself are read. Save the array in it.")
    found = h5o.open(file.id, key.encode())
    if not isinstance(found, h5d.DatasetID):
        kind = "a group" if isinstance(found, h5g.GroupID) else "a type"
        raise InputError(f"{name} holds {kind} named {key}; it must be an array of numbers. Save it as TransUNet does.")
    plist = found.get_create_plist()
    if plist.get_layout() not in _LAYOUTS or plist.get_external_count():
        raise InputError(f"{where} in other files; only arrays in the file itself are read. Save the array in it.")
    filters = [plist.get_filter(index)[0] for index in range(plist.get_nfilters())]
    packed = [code for code in filters if code != h5z.FILTER_SHUFFLE]
    if any(code not in _FILTERS for code in filters) or len(packed) > 1 or packed != filters[-1:][: len(packed)]:
        raise InputError(f"{where} compressed in an unusual way; save it with gzip, or without compression.")
    kind = found.get_type()
    boolean = kind.get_class() == h5t.ENUM and kind.get_size() == 1 and kind.dtype == bool
    if kind.get_class() not in (h5t.INTEGER, h5t.FLOAT) and not boolean:
        raise InputError(
            f"{where} as {_kind_of_numbers(kind)}; a scan and its labels are plain numbers. Export it again."
        )
    check_type(kind.dtype, f"{name} ({key})")
    space = found.get_space()
    if space.get_simple_extent_type() != h5s.SIMPLE:
        raise InputError(f"{name} holds no slices as its {key}; it must be one slice or one volume.")
    size = math.prod(check_shape(space.shape, f"{name} ({key})")) * kind.get_size()
    if plist.get_layout() != h5d.CHUNKED and found.get_storage_size() not in (0, size):
        raise InputError(f"{name} is damaged or cut short; save or download it again.")
    return found


def _kind_of_numbers(kind: h5t.TypeID) -> str:
    """What an HDF5 type is called."""
    names = {
        h5t.STRING: "text",
        h5t.COMPOUND: "records",
        h5t.REFERENCE: "references",
        h5t.VLEN: "rows of varying length",
        h5t.ARRAY: "arrays within an array",
        h5t.ENUM: "named values",
    }
    return names.get(kind.get_class(), "values of an unusual type")


def _check_chunks(data: bytes, found: h5d.DatasetID, name: str) -> None:
    """Raise an `InputError` unless every piece of an array unpacks to exactly the size that all of them have.

    HDF5 unpacks a piece to whatever it comes to, and reads on behind a piece that comes out too short.
    """
    plist = found.get_create_plist()
    chunk = plist.get_chunk()
    size = math.prod(chunk) * found.get_type().get_size()
    count = math.prod(-(-length // step) for length, step in zip(found.shape, chunk, strict=True))
    if size > MAX_CHUNK or count > MAX_CHUNKS:
        raise InputError(f"{name} is cut into {count} pieces of {size} bytes; save it with chunks of one slice each.")
    pieces: list[Any] = []

    def collect(info: Any) -> bool | None:
        pieces.append(info)
        return True if len(pieces) > count else None  # true ends the walk

    found.chunk_iter(collect)
    wrong = InputError(f"{name} is damaged: a piece of it does not unpack to its size. Save or download it again.")
    if len(pieces) > count or sum(piece.size for piece in pieces) > len(data):
        raise wrong
    filters = [plist.get_filter(index)[0] for index in range(plist.get_nfilters())]
    last = filters[-1] if filters else None
    if last == h5z.FILTER_LZF:
        guess = [*plist.get_filter(len(filters) - 1)[2], 0, 0, 0][2]  # the filter allots as much at once
        if guess > size or sum(piece.size for piece in pieces) > MAX_LZF:
            raise InputError(f"{name} holds much that is compressed with LZF; save it with gzip.")
    for piece in pieces:
        _, raw = found.read_direct_chunk(piece.chunk_offset)
        skipped = bool(filters) and piece.filter_mask >> (len(filters) - 1) & 1
        if last == h5z.FILTER_DEFLATE and not skipped:
            length = len(zlib.decompressobj().decompress(raw, size + 1))
        elif last == h5z.FILTER_LZF and not skipped:
            length = _lzf_length(raw)
        else:
            length = len(raw)
        if length != size:
            raise wrong


def _lzf_length(raw: bytes) -> int:
    """How many bytes an LZF stream unpacks to."""
    at, length, end = 0, 0, len(raw)
    while at < end:
        control = raw[at]
        if control < 32:  # so many bytes as they are, and one more
            at += control + 2
            length += control + 1
        elif control < 224:  # a repetition of 3 to 8 bytes
            at += 2
            length += (control >> 5) + 2
        else:  # a longer one
            length += raw[at + 1] + 9 if at + 1 < end else 0
            at += 3
    return length
