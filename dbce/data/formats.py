"""What a picture file is and what it claims, read from its bytes before any decoder runs.

A decoder is trusted with the pixels, not with the container around them: a file of some megabytes can hold a million
empty parts, a thousand scans or a tag that points at the whole file a thousand times. So the container is walked here
first, and what no camera and no program writes is refused.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass


class InputError(ValueError):
    """A visitor's mistake; the message is the sentence that the page shows."""


MAX_SCANS = 100
"""Most scans of a progressive JPEG; programs write about ten."""

_MAX_PARTS = 20_000  # chunks, segments or blocks of a file: libpng's chunks of 8 kB make 4,000 of the largest file
_MAX_ASIDE = 2_000_000  # bytes of a GIF before its first picture, and of a run-length coded BMP, both slow to read
_MAX_PAGES = 1000  # of a TIFF are counted

_STARTS = {
    b"\x89PNG\r\n\x1a\n": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"II*\0": "TIFF",
    b"MM\0*": "TIFF",
    b"II+\0": "TIFF",
    b"MM\0+": "TIFF",
    b"GIF87a": "GIF",
    b"GIF89a": "GIF",
    b"BM": "BMP",
}
_OTHERS = {
    b"%PDF": ("PDF", "export the picture in it as PNG"),
    b"<svg": ("SVG, a drawing without pixels", "export it as PNG"),
    b"8BPS": ("a Photoshop file", "export it as PNG"),
    b"%!PS": ("PostScript", "export it as PNG"),
    b"\xc5\xd0\xd3\xc6": ("PostScript", "export it as PNG"),
    b"\0\0\0\x0cjP  ": ("JPEG 2000", "export it as PNG"),
    b"\xff\x4f\xff\x51": ("JPEG 2000", "export it as PNG"),
    b"\xff\x0a": ("JPEG XL", "export it as JPEG"),
    b"\0\0\0\x0cJXL ": ("JPEG XL", "export it as JPEG"),
    b"v/1\x01": ("OpenEXR", "export it as PNG or TIFF"),
    b"SIMPLE  =": ("FITS", "export it as PNG or TIFF"),
    b"PK\x03\x04": ("a zip archive (.zip, .npz or an office document)", "take the picture out of it"),
    b"\x1f\x8b": ("a gzip archive", "unpack it; scans (.nii.gz) are opened on the page for organs"),
    b"\x89HDF": ("HDF5", "scans are opened on the page for organs"),
}
_BRANDS = {b"heic": "HEIC", b"heix": "HEIC", b"hevc": "HEIC", b"mif1": "HEIC", b"msf1": "HEIC", b"heim": "HEIC"}
_BRANDS |= {b"avif": "AVIF", b"avis": "AVIF", b"crx ": "a camera's raw file"}


@dataclass(frozen=True)
class Claims:
    """What the container of a picture says.

    Attributes:
        kind: Pillow's name of the one decoder that may open it.
        pages: pictures in the file, of which only the first is read; of GIF and WebP 2 stands for several.
    """

    kind: str
    pages: int = 1


def examine(data: bytes, name: str) -> Claims:
    """Look into the container of a picture file.

    Raises:
        InputError: another format, or a container that no program writes.
    """
    kind = _kind_of_file(data, name)
    try:
        return Claims(kind, _WALKS[kind](data, name))
    except (struct.error, IndexError) as error:
        raise InputError(f"{name} is damaged or cut short; save or download it again.") from error


def _kind_of_file(data: bytes, name: str) -> str:
    for start, kind in _STARTS.items():
        if data.startswith(start):
            return kind
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return "WEBP"
    found = next((words for start, words in _OTHERS.items() if data.startswith(start)), None)
    if data[4:8] == b"ftyp" and data[8:12] in _BRANDS:
        found = (_BRANDS[data[8:12]], "export it as JPEG (iPhones: Settings, Camera, Formats, Most Compatible)")
    elif data[128:132] == b"DICM":
        found = ("DICOM", "export the picture as PNG; slices of a CT are opened on the page for organs")
    elif data[:5].lower() == b"<?xml" and b"<svg" in data[:2000]:
        found = _OTHERS[b"<svg"]
    if found:
        raise InputError(f"{name} is {found[0]}, not an image that can be read here: {found[1]}.")
    raise InputError(f"{name} is not an image that can be read here; open a PNG, JPEG, TIFF, WebP, BMP or GIF file.")


def _strange(name: str, what: str) -> InputError:
    return InputError(f"{name} {what}, as no program writes it; open it and save it again as PNG.")


def _png(data: bytes, name: str) -> int:
    at = count = 8
    frames = 1
    while at + 8 <= len(data):
        length, kind = struct.unpack_from(">I4s", data, at)
        if kind == b"acTL":
            frames = struct.unpack_from(">I", data, at + 8)[0]
        if kind == b"IEND":
            break
        at += 12 + length
        count += 1
        if count > _MAX_PARTS:
            raise _strange(name, f"consists of more than {_MAX_PARTS} chunks")
    return frames


def _jpeg(data: bytes, name: str) -> int:
    at = 2
    for _ in range(_MAX_PARTS):
        if data[at] != 0xFF:  # between segments; the decoder skips it or refuses it
            at = data.find(b"\xff", at)
            if at < 0:
                return 1
        elif data[at + 1] == 0xFF:  # a byte of filling
            at += 1
        elif data[at + 1] in (0xDA, 0xD9):
            break
        elif data[at + 1] in (0, 1) or 0xD0 <= data[at + 1] <= 0xD8:  # no length
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]
    else:
        raise _strange(name, f"holds more than {_MAX_PARTS} segments before its pixels")
    scans = data.count(b"\xff\xda", at)  # within coded pixels 0xFF is followed by 0
    if scans > MAX_SCANS:
        raise InputError(
            f"{name} is a JPEG of {scans} scans; at most {MAX_SCANS} are decoded. Save it again as JPEG or PNG."
        )
    return 1


def _gif(data: bytes, name: str) -> int:
    def after_table(at: int, flags: int) -> int:
        return at + (3 << (flags & 7) + 1 if flags & 0x80 else 0)

    def after_blocks(at: int) -> int:
        while data[at]:
            at += 1 + data[at]
        return at + 1

    at, pages = after_table(13, data[10]), 0
    while at < len(data) and pages < 2 and data[at] != 0x3B:
        if not pages and at > _MAX_ASIDE:
            raise _strange(name, "holds more beside its picture than in it")
        if data[at] == 0x21:
            start, at = at, after_blocks(at + 2)
            if at - start > 300_000:  # a comment: the decoder copies it block by block
                raise _strange(name, "holds a comment of more than 300 kB")
        elif data[at] == 0x2C:
            pages += 1
            if len(data) - at > 40 * _MAX_ASIDE:
                break
            at = after_blocks(after_table(at + 10, data[at + 9]) + 1)
        else:
            break
    return max(pages, 1)


def _bmp(data: bytes, name: str) -> int:
    if struct.unpack_from("<I", data, 14)[0] >= 40 and len(data) > _MAX_ASIDE:
        compression = struct.unpack_from("<I", data, 30)[0]
        if compression in (1, 2):
            raise InputError(f"{name} is a run-length coded BMP of more than {_MAX_ASIDE // 10**6} MB; save it as PNG.")
    return 1


def _webp(data: bytes, name: str) -> int:
    return 2 if data[12:16] == b"VP8X" and data[20] & 2 else 1  # animated


def webp_size(data: bytes) -> tuple[int, int] | None:
    """Width and height of a WebP by its header: its decoder sets memory aside before it tells them."""
    if data[12:16] == b"VP8X":
        return 1 + int.from_bytes(data[24:27], "little"), 1 + int.from_bytes(data[27:30], "little")
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    if data[12:16] == b"VP8 ":
        return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF
    return None


_UNITS = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4, 16: 8, 17: 8, 18: 8}
_COMPRESSION, _PHOTOMETRIC, _BITS, _STRIPS, _TILES, _COPY, _FORMAT = 259, 262, 258, 273, 324, 254, 339


@dataclass(frozen=True)
class Tag:
    """An entry of a TIFF's directory: type, number of values, the first where it stands in place, and where that is."""

    kind: int
    count: int
    value: int
    at: int


def _tiff(data: bytes, name: str) -> int:
    order, big, at = _tiff_start(data)
    pages = 0
    seen: set[int] = set()
    while at and at not in seen and len(seen) < _MAX_PAGES and (not seen or at < len(data)):
        tags, following = _directory(data, at, order, big)
        if sum(tag.count * _UNITS.get(tag.kind, 1) for tag in tags.values()) > len(data) + 1000:
            raise _strange(name, "has tags that claim more bytes than the file has")  # each would be read
        if not seen and _COMPRESSION in tags and tags[_COMPRESSION].value in (6, 7):
            strips = max(tags[tag].count if tag in tags else 1 for tag in (_STRIPS, _TILES))
            if data.count(b"\xff\xda") > MAX_SCANS + 4 * strips:
                raise InputError(f"{name} is a TIFF of JPEGs of too many scans; save it again as PNG.")
        if not seen or _COPY not in tags or not tags[_COPY].value & 1:  # the others are small copies of a page
            pages += 1
        seen.add(at)
        at = following
    return pages


def _tiff_start(data: bytes) -> tuple[str, bool, int]:
    """Byte order, whether it is a BigTIFF, and where the first directory is."""
    order = "<" if data[:2] == b"II" else ">"
    big = 0x2B in data[2:4]
    return order, big, struct.unpack_from(order + ("Q" if big else "I"), data, 8 if big else 4)[0]


def _directory(data: bytes, at: int, order: str, big: bool) -> tuple[dict[int, Tag], int]:
    """A directory of a TIFF, and where the next one is."""
    number = struct.unpack_from(order + ("Q" if big else "H"), data, at)[0]
    at += 8 if big else 2
    tags = {}
    for _ in range(min(number, 0xFFFF)):
        tag, kind, count = struct.unpack_from(order + ("HHQ" if big else "HHI"), data, at)
        place = at + (12 if big else 8)
        tags[tag] = Tag(kind, count, struct.unpack_from(order + ("H" if kind == 3 else "I"), data, place)[0], place)
        at += 20 if big else 12
    return tags, int.from_bytes(data[at : at + (8 if big else 4)], "little" if order == "<" else "big")


def tiff_orientation(data: bytes) -> int:
    """The orientation tag of the first page; Pillow has turned the page by the time it is decoded."""
    order, big, at = _tiff_start(data)
    tag = _directory(data, at, order, big)[0].get(274)
    return 1 if tag is None else tag.value


def tiff_upright(data: bytes) -> tuple[bytes, int]:
    """A TIFF whose grey of more than 8 bits is not said to run from white to black, and its depth if it was said so.

    Pillow turns such grey over up to 8 bits, and beyond that it depends on the depth whether it reads it at all.

    Returns:
        The file, and the number of bits of a pixel whose value v then stands for ``2**bits - 1 - v``; 0 if none does.
    """
    order, big, at = _tiff_start(data)
    tags = _directory(data, at, order, big)[0]
    photometric, bits = tags.get(_PHOTOMETRIC), tags.get(_BITS)
    if photometric is None or photometric.value != 0 or bits is None or bits.count != 1 or bits.value <= 8:
        return data, 0
    if _FORMAT in tags and tags[_FORMAT].value != 1:  # of signed and of real numbers none is white
        return data, 0
    changed = bytearray(data)
    struct.pack_into(order + "H", changed, photometric.at, 1)
    return bytes(changed), bits.value


_WALKS = {"PNG": _png, "JPEG": _jpeg, "GIF": _gif, "BMP": _bmp, "WEBP": _webp, "TIFF": _tiff}
