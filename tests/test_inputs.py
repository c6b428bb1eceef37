"""What visitors upload: every kind of file that is accepted, and one clear sentence for each that is not."""

from __future__ import annotations

import base64
import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dbce.data import inputs, pairs
from dbce.data.inputs import InputError, decode_file, read_picture
from dbce.data.masks import read_mask

TRUTH = np.zeros((12, 18), bool)
TRUTH[3:9, 4:11] = True


def encode(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def palette_mask() -> Image.Image:
    """Index 0 is white (the object), index 1 black: the order of a palette means nothing."""
    picture = Image.fromarray(np.where(TRUTH, 0, 1).astype(np.uint8), "P")
    picture.putpalette([255, 255, 255, 0, 0, 0] + [0] * 762)
    return picture


MASKS = {
    "0/1 PNG": lambda: encode(Image.fromarray(TRUTH.astype(np.uint8)), "PNG"),
    "0/255 PNG": lambda: encode(Image.fromarray(TRUTH.astype(np.uint8) * 255), "PNG"),
    "1-bit PNG": lambda: encode(Image.fromarray(TRUTH), "PNG"),
    "16-bit PNG 0/65535": lambda: encode(Image.fromarray(TRUTH.astype(np.uint16) * 65535), "PNG"),
    "16-bit PNG 0/1": lambda: encode(Image.fromarray(TRUTH.astype(np.uint16)), "PNG"),
    "16-bit TIFF": lambda: encode(Image.fromarray(TRUTH.astype(np.uint16) * 300), "TIFF"),
    "palette PNG, object first": lambda: encode(palette_mask(), "PNG"),
    "colour PNG": lambda: encode(Image.fromarray(TRUTH[..., None] * np.array([0, 200, 90], np.uint8)), "PNG"),
    "alpha only PNG": lambda: encode(
        Image.fromarray(np.dstack([np.full((*TRUTH.shape, 3), 255), TRUTH * 255]).astype(np.uint8)), "PNG"
    ),
    "grey with alpha PNG": lambda: encode(Image.fromarray((TRUTH * 255).astype(np.uint8)).convert("LA"), "PNG"),
    "lossless WebP": lambda: encode(
        Image.fromarray(TRUTH.astype(np.uint8) * 255).convert("RGB"), "WEBP", lossless=True
    ),
    "float TIFF": lambda: encode(Image.fromarray(TRUTH.astype(np.float32)), "TIFF"),
}


@pytest.mark.parametrize("kind", MASKS)
def test_masks_of_every_kind_are_read_exactly(kind):
    assert np.array_equal(read_mask(MASKS[kind](), "mask").labels, TRUTH)


def test_jpeg_mask_noise_is_cut_at_half():
    large = np.kron(TRUTH, np.ones((15, 15), bool))
    data = encode(Image.fromarray(large.astype(np.uint8) * 255), "JPEG", quality=60)
    assert len(np.unique(np.asarray(Image.open(io.BytesIO(data))))) > 2
    assert np.array_equal(read_mask(data, "mask.jpg").labels, large)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 20), st.integers(1, 20), st.integers(0, 2**32 - 1), st.sampled_from(["PNG", "TIFF"]))
def test_lossless_colour_images_arrive_bit_for_bit(height, width, seed, kind):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert np.array_equal(read_picture(encode(Image.fromarray(image), kind), "x").pixels, image)


def test_grey_and_16_bit_images_become_rgb():
    ramp = np.linspace(0, 255, 18).astype(np.uint8)[None].repeat(12, 0)
    assert np.array_equal(read_picture(encode(Image.fromarray(ramp), "PNG"), "x").pixels, ramp[..., None].repeat(3, 2))
    deep = read_picture(encode(Image.fromarray(ramp.astype(np.uint16) * 257), "PNG"), "x").pixels
    assert np.array_equal(deep, ramp[..., None].repeat(3, 2))


def test_exif_rotation_is_applied():
    image = np.zeros((8, 16, 3), np.uint8)
    image[:, :8] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned a quarter
    turned = read_picture(encode(Image.fromarray(image), "PNG", exif=exif), "x").pixels
    assert turned.shape == (16, 8, 3)
    assert turned[0].min() == 255 and turned[-1].max() == 0


def huge_png() -> bytes:
    """A PNG of a few bytes whose header claims 60 000 x 60 000 pixels."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60000, 60000, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
NAN = Image.fromarray(np.full((4, 4), np.nan, np.float32))


@pytest.mark.parametrize(
    ("read", "data", "words"),
    [
        (read_picture, b"just some text", "not an image"),
        (read_picture, b"", "not an image"),
        (read_picture, encode(NOISE, "JPEG")[:900], "damaged or cut short"),
        (read_picture, encode(NOISE, "PNG")[:5000], "damaged or cut short"),
        (read_picture, huge_png(), "claims more pixels"),
        (read_picture, encode(Image.new("L", (16385, 2)), "PNG"), "16385 x 2"),
        (read_picture, encode(NAN, "TIFF"), "NaN"),
        (read_mask, encode(Image.new("L", (5, 5), 255), "PNG"), "single value 255"),
        (read_mask, encode(Image.new("L", (5, 5), 0), "PNG"), "single value 0"),
        (read_mask, encode(Image.fromarray(np.arange(5, dtype=np.uint8)[None].repeat(5, 0)), "PNG"), "5 classes"),
        (read_mask, b"text", "not an image"),
    ],
)
def test_each_mistake_gets_one_sentence_that_names_the_file(read, data, words):
    with pytest.raises(InputError) as caught:
        read(data, "scan.png")
    assert words in str(caught.value) and "scan.png" in str(caught.value)


def test_sizes_must_agree():
    with pytest.raises(InputError, match=r"m\.png has 18 x 12 pixels, i\.png has 6 x 4; .* same size"):
        pairs.read_pair(("i.png", encode(Image.new("RGB", (6, 4)), "PNG")), ("m.png", MASKS["0/1 PNG"]()))


def test_files_from_the_page_are_decoded_and_bounded():
    good = {"name": "a.png", "data": base64.b64encode(b"hello").decode()}
    assert decode_file(good) == ("a.png", b"hello")
    for bad in ({"name": "a.png", "data": "%%%"}, {"name": "a.png"}, {"data": "aGk="}):
        with pytest.raises(InputError, match="did not arrive whole"):
            decode_file(bad)
    with pytest.raises(InputError, match="32 MB"):
        decode_file({"name": "a.png", "data": "A" * (inputs.MAX_BYTES * 4 // 3 + 8)})
