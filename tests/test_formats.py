"""What a file claims is checked before it is decoded: no container costs more than its picture."""

from __future__ import annotations

import io
import struct
import time
import zlib

import numpy as np
import pytest
from PIL import Image

from dbce.data.formats import InputError
from dbce.data.inputs import read_picture
from dbce.data.masks import read_mask
from tests.encodings import EXACT, big_endian, encode

GREY = np.add.outer(np.arange(40), np.arange(60)).astype(np.uint8)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def after_header(extra: bytes) -> bytes:
    """A PNG with this behind its header."""
    data = encode(Image.fromarray(GREY), "PNG")
    return data[:33] + extra + data[33:]


def scans(count: int) -> bytes:
    """A progressive JPEG whose last scan is repeated."""
    data = encode(Image.fromarray(GREY).resize((600, 400)), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:last] + data[last:-2] * count + data[-2:]


def pointing_tags(count: int, size: int) -> bytes:
    """A TIFF whose tags all point at the same bytes, as long as the file."""
    tags = [(256, 4, 1, 4), (257, 4, 1, 4), (258, 3, 1, 8), (259, 3, 1, 1), (262, 3, 1, 1), (273, 4, 1, 8)]
    tags += [(278, 4, 1, 4), (279, 4, 1, 16), *((40000 + k, 1, size, 8) for k in range(count))]
    entries = b"".join(struct.pack("<HHII", *tag) for tag in tags)
    return b"II*\0" + struct.pack("<I", 8 + size) + bytes(size) + struct.pack("<H", len(tags)) + entries + bytes(4)


def gif(comment: bytes) -> bytes:
    data = encode(Image.fromarray(GREY), "GIF")
    at = 13 + (3 << (data[10] & 7) + 1)
    return data[:at] + b"\x21\xfe" + comment + b"\0" + data[at:]


JPEG = encode(Image.fromarray(GREY), "JPEG")


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (after_header(chunk(b"abCd", b"") * 200_000), "more than 20000 chunks"),
        (after_header(chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(50_000_000)))), "damaged"),
        (after_header(chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(50_000_000)))), "damaged"),
        (JPEG[:2] + b"\xff\xfe\0\2" * 300_000 + JPEG[2:], "segments before its pixels"),
        (JPEG[:2] + b"\xff" * 3_000_000 + JPEG[2:], "segments before its pixels"),
        (scans(300), "scans; at most 100"),
        (gif(b"\1a" * 400_000), "a comment of more than 300 kB"),
        (pointing_tags(300, 2_000_000), "claim more bytes than the file has"),
        (b"II*\0\xff\xff\xff\xff", "damaged or cut short"),
        (b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 4, 4, 1, 8, 1) + bytes(2_000_100), "run-length coded BMP"),
        (b"RIFF\0\0\0\0WEBPVP8X" + bytes(8) + b"\xff\x3f\0\xff\x3f\0", "16384 x 16384"),
    ],
)
def test_a_bomb_is_refused_at_once(data, words):
    began = time.process_time()
    for read in (read_picture, read_mask):
        with pytest.raises(InputError, match=words):
            read(data, "bomb.png")
    assert time.process_time() - began < 2


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (b"\0\0\0\x18ftypheic", "is HEIC.*export it as JPEG"),
        (b"\0\0\0\x18ftypavif", "is AVIF"),
        (bytes(128) + b"DICM", "is DICOM.*page for organs"),
        (b"%PDF-1.4", "is PDF"),
        (b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>', "is SVG"),
        (b"8BPS\0\1", "is a Photoshop file"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", "is PostScript"),
        (b"icns", "is not an image"),
        (b"P6 1 1 255 abc", "is not an image"),
        (b"\x89HDF\r\n\x1a\n", "is HDF5"),
    ],
)
def test_other_formats_are_named_with_the_way_out_whatever_the_name_says(start, words):
    with pytest.raises(InputError, match=words):
        read_picture(start + bytes(500), "photo.png")


def test_a_wrong_ending_does_no_harm():
    assert read_picture(JPEG, "photo.png").pixels.shape == (40, 60, 3)


def test_a_usual_progressive_jpeg_is_read():
    assert read_picture(scans(20), "p.jpg").pixels.shape == (400, 600, 3)


# --- pages


@pytest.mark.parametrize(
    ("kind", "number"), [("TIFF", "3 pictures"), ("GIF", "more than one picture"), ("PNG", "3 pictures")]
)
def test_later_pages_are_mentioned(kind, number):
    pages = [Image.fromarray(np.roll(GREY, 9 * k, 1)) for k in range(3)]
    read = read_picture(encode(pages[0], kind, save_all=True, append_images=pages[1:]), "p")
    assert any(number in note and "the first was read" in note for note in read.notes)
    assert np.abs(read.pixels[..., 0].astype(int) - GREY).max() <= 2


def test_one_page_is_no_news():
    for kind in ("TIFF", "GIF", "PNG", "WEBP", "BMP", "JPEG"):
        assert read_picture(encode(Image.fromarray(GREY), kind), "p").notes == ()


# --- depth


def test_12_bits_are_read_by_what_they_hold_and_a_hot_pixel_changes_nothing():
    twelve = np.random.default_rng(0).integers(0, 256, (80, 90)).astype(np.uint16) * 16
    hot = twelve.copy()
    hot[3, 3] = 65535
    plain, struck = (
        read_picture(encode(Image.fromarray(a), "TIFF"), "d.tif").pixels.astype(int) for a in (twelve, hot)
    )
    assert abs(plain.mean() - (twelve / 16).mean()) < 1
    difference = np.abs(plain - struck)
    assert np.delete(difference.reshape(-1, 3), 3 * 90 + 3, 0).max() <= 1


@pytest.mark.parametrize("dtype", [np.uint16, np.int32, np.float32])
def test_8_bits_are_never_scaled_whatever_holds_them(dtype):
    dim = (GREY // 2).astype(dtype)
    kind = "TIFF" if dtype != np.uint16 else "PNG"
    assert np.array_equal(read_picture(encode(Image.fromarray(dim), kind), "d").pixels[..., 0], GREY // 2)


def test_real_numbers_up_to_one_are_shares_of_white():
    share = (GREY / 255).astype(np.float32)
    assert np.array_equal(read_picture(encode(Image.fromarray(share), "TIFF"), "d").pixels[..., 0], GREY)


@pytest.mark.parametrize("depth", [8, 16])
def test_white_is_zero_where_the_file_says_so(depth):
    mask = np.zeros((20, 30), bool)
    mask[5:15, 5:20] = True
    black, white = (read_picture(big_endian(mask, photometric, depth), "m.tif").pixels for photometric in (1, 0))
    assert np.array_equal(black, white) and np.array_equal(black[..., 0] == 255, mask)


# --- size and transparency


def test_a_large_photograph_is_shrunk_and_its_mask_with_it():
    width, height = 6748, 4499
    mask = np.zeros((height, width), bool)
    mask[1000:3000, 2000:5000] = True
    picture = read_picture(encode(Image.fromarray(mask.astype(np.uint8) * 200).convert("RGB"), "JPEG"), "large.jpg")
    found = read_mask(EXACT["1 bit"](mask), "large.png")
    assert picture.size == found.size == (width, height)
    assert picture.pixels.shape[:2] == found.labels.shape == (2250, 3374)
    assert (abs(picture.pixels[..., 0] / 200 - found.labels) > 0.5).mean() < 1e-3
    assert picture.notes == ("Shrunk to 3374 × 2250 px.",)


def test_transparent_pixels_are_black_and_it_is_said():
    pixels = np.dstack([np.full((*GREY.shape, 3), 200), np.where(GREY > 50, 255, 0)]).astype(np.uint8)
    read = read_picture(encode(Image.fromarray(pixels), "PNG"), "p.png")
    assert np.array_equal(read.pixels[..., 1], np.where(GREY > 50, 200, 0)) and "transparent" in read.notes[0]
    pixels[..., 3] = 255
    assert read_picture(encode(Image.fromarray(pixels), "PNG"), "p.png").notes == ()


def test_damaged_exif_is_no_reason_to_refuse():
    buffer = io.BytesIO()
    Image.fromarray(GREY).save(buffer, "JPEG", exif=b"Exif\0\0II*\0\xff\xff")
    assert read_picture(buffer.getvalue(), "p.jpg").orientation == 1
