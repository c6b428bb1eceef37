"""The ways in which programs write one and the same mask."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image


def encode(picture: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, kind, **options)
    return buffer.getvalue()


def two(mask: np.ndarray, background, inside, kind: str = "PNG", dtype: type = np.uint8, **options) -> bytes:
    """A mask in two values or two colours."""
    pixels = np.where(mask[..., None] if np.ndim(inside) else mask, inside, background).astype(dtype)
    return encode(Image.fromarray(pixels), kind, **options)


def palette(mask: np.ndarray, colours: list[int], swap: bool = False, kind: str = "PNG", **options) -> bytes:
    """Index 1 inside (0 if swapped), with the colours of the indices from 0 on."""
    picture = Image.fromarray((mask ^ swap).astype(np.uint8), "P")
    picture.putpalette(colours)
    return encode(picture, kind, **options)


def alpha(mask: np.ndarray, outside: tuple[int, int, int], inside: tuple[int, int, int]) -> bytes:
    """The object opaque, the background transparent."""
    return two(mask, (*outside, 0), (*inside, 255))


def big_endian(mask: np.ndarray, photometric: int, depth: int) -> bytes:
    """An uncompressed TIFF in the byte order of old Macs; photometric 0 runs from white to black."""
    height, width = mask.shape
    top = 2**depth - 1
    values = np.where(mask, top, 0) if photometric else np.where(mask, 0, top)
    pixels = values.astype(">u2" if depth > 8 else np.uint8).tobytes()
    tags = [(256, 4, width), (257, 4, height), (258, 3, depth), (259, 3, 1), (262, 3, photometric)]
    tags += [(273, 4, 8 + 2 + 12 * 8 + 4), (278, 4, height), (279, 4, len(pixels))]
    entries = b"".join(
        tag.to_bytes(2) + kind.to_bytes(2) + (1).to_bytes(4) + (value << (16 if kind == 3 else 0)).to_bytes(4)
        for tag, kind, value in tags
    )
    return b"MM\0*" + (8).to_bytes(4) + len(tags).to_bytes(2) + entries + bytes(4) + pixels


def group4(mask: np.ndarray, photometric: int) -> bytes:
    pixels = Image.fromarray(mask if photometric else ~mask)
    return encode(pixels, "TIFF", compression="group4", tiffinfo={262: photometric}) if photometric else _white(mask)


def _white(mask: np.ndarray) -> bytes:
    """Pillow writes bits as they are, so a file whose 0 is white is made by changing what it says of them."""
    data = bytearray(encode(Image.fromarray(~mask), "TIFF", compression="group4", tiffinfo={262: 1}))
    at = int.from_bytes(data[4:8], "little")
    for entry in range(at + 2, at + 2 + 12 * int.from_bytes(data[at : at + 2], "little"), 12):
        if int.from_bytes(data[entry : entry + 2], "little") == 262:
            data[entry + 8] = 0
    return bytes(data)


EXACT = {
    "0/1": lambda m: two(m, 0, 1),
    "0/2": lambda m: two(m, 0, 2),
    "1/2": lambda m: two(m, 1, 2),
    "0/255": lambda m: two(m, 0, 255),
    "0/100": lambda m: two(m, 0, 100),
    "1 bit": lambda m: encode(Image.fromarray(m), "PNG"),
    "0/1 16 bits": lambda m: two(m, 0, 1, dtype=np.uint16),
    "0/65535": lambda m: two(m, 0, 65535, dtype=np.uint16),
    "0/4095 TIFF": lambda m: two(m, 0, 4095, "TIFF", np.uint16),
    "0/1 32 bits TIFF": lambda m: two(m, 0, 1, "TIFF", np.int32),
    "0/1 float TIFF": lambda m: two(m, 0, 1, "TIFF", np.float32),
    "0/255 TIFF LZW": lambda m: two(m, 0, 255, "TIFF", compression="tiff_lzw"),
    "Group 4": lambda m: group4(m, 1),
    "Group 4, 0 is white": lambda m: group4(m, 0),
    "big-endian": lambda m: big_endian(m, 1, 8),
    "big-endian, 0 is white": lambda m: big_endian(m, 0, 8),
    "16 bits big-endian, 0 is white": lambda m: big_endian(m, 0, 16),
    "palette, black and red": lambda m: palette(m, [0, 0, 0, 128, 0, 0]),
    "palette, red and black": lambda m: palette(m, [128, 0, 0, 0, 0, 0], swap=True),
    "palette, white and red": lambda m: palette(m, [255, 255, 255, 255, 0, 0]),
    "palette of one colour": lambda m: palette(m, [7, 7, 7] * 256),
    "GIF": lambda m: two(m, 0, 255, "GIF"),
    "GIF 0/1": lambda m: two(m, 0, 1, "GIF"),
    "GIF in colour": lambda m: palette(m, [0, 0, 0, 0, 200, 0], kind="GIF"),
    "BMP": lambda m: two(m, 0, 255, "BMP"),
    "red on black": lambda m: two(m, (0, 0, 0), (255, 0, 0)),
    "dark blue on black": lambda m: two(m, (0, 0, 0), (0, 0, 90)),
    "red on blue": lambda m: two(m, (0, 0, 255), (255, 0, 0)),
    "black on white": lambda m: two(m, 255, 0),
    "red on white": lambda m: two(m, (255, 255, 255), (255, 0, 0)),
    "black on white, 1 bit": lambda m: encode(Image.fromarray(~m), "PNG"),
    "RGBA, alpha full": lambda m: two(m, (0, 0, 0, 255), (255, 255, 255, 255)),
    "RGBA, transparent black": lambda m: alpha(m, (0, 0, 0), (255, 255, 255)),
    "RGBA, transparent white": lambda m: alpha(m, (255, 255, 255), (0, 0, 255)),
    "RGBA, black object": lambda m: alpha(m, (255, 255, 255), (0, 0, 0)),
    "LA, alpha alone": lambda m: two(m, (255, 0), (255, 255)),
    "WebP": lambda m: two(m, (0, 0, 0), (255, 255, 255), "WEBP", lossless=True),
}
"""By what a person would call it: bytes of a mask whose every pixel can be told."""

SOFT = {
    "JPEG": lambda m: two(m, 0, 255, "JPEG", quality=75),
    "JPEG of low quality": lambda m: two(m, 0, 255, "JPEG", quality=25),
    "JPEG, black on white": lambda m: two(m, 255, 0, "JPEG", quality=75),
    "JPEG in colour": lambda m: two(m, (0, 0, 0), (255, 0, 0), "JPEG", quality=85),
    "lossy WebP": lambda m: two(m, (0, 0, 0), (255, 255, 255), "WEBP", quality=70),
}
"""Bytes of a mask whose pixels along the edge are not certain."""
