"""Small picture files of every kind that Python reads, as cases for readers: good ones, odd ones and damaged ones."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import tifffile
from PIL import Image

from tests.encodings import EXACT, SOFT
from tests.golden_noise import noise

H, W = 30, 40


def disk(height: int = H, width: int = W, soft: bool = False) -> np.ndarray:
    """(H, W) uint8 0 to 255: an object, with a hard or a soft edge."""
    y, x = np.mgrid[:height, :width]
    inside = 1 - np.hypot((x - 0.55 * width) / (0.3 * width), (y - 0.45 * height) / (0.33 * height))
    edge = np.clip(inside * (3 if soft else 1e6) + 0.5, 0, 1)
    return np.rint(255 * edge).astype(np.uint8)


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png(width: int, height: int, depth: int, colour: int, rows: list[bytes], *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG whose unfiltered rows are given, with further chunks before them."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))]
    parts += [chunk(*one) for one in chunks]
    packed = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    return b"".join([*parts, chunk(b"IDAT", packed), chunk(b"IEND", b"")])


def interlaced() -> bytes:
    """An Adam7 PNG of RGB noise, which Pillow does not write."""
    image = noise(11 * 13 * 3, 5).reshape(13, 11, 3)
    rows = b""
    for x0, y0, dx, dy in [
        (0, 0, 8, 8),
        (4, 0, 8, 8),
        (0, 4, 4, 8),
        (2, 0, 4, 4),
        (0, 2, 2, 4),
        (1, 0, 2, 2),
        (0, 1, 1, 2),
    ]:
        for row in image[y0::dy, x0::dx]:
            if row.size:
                rows += b"\0" + row.tobytes()
    head = struct.pack(">IIBBBBB", 11, 13, 8, 2, 0, 0, 1)

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def oriented(image: Image.Image, kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x112] = orientation
    return saved(image, kind, exif=exif)


def tiff(array: np.ndarray, **options: Any) -> bytes:
    out = io.BytesIO()
    tifffile.imwrite(out, array, **{"metadata": None, **options})
    return out.getvalue()


def colours(mask: np.ndarray, back: tuple[int, ...], front: tuple[int, ...]) -> Image.Image:
    return Image.fromarray(np.where(mask[..., None] > 127, front, back).astype(np.uint8))


def paletted(indices: np.ndarray, table: list[int]) -> Image.Image:
    image = Image.fromarray(indices)
    image.putpalette(table)
    return image


def masks() -> Iterator[tuple[str, bytes]]:
    hard, soft = disk(), disk(soft=True)
    one = (hard > 0).astype(np.uint8)
    ring = np.where((disk(soft=True) > 20) & (disk(soft=True) < 120), 255, one).astype(np.uint8)
    grey = {
        "hard": hard,
        "soft": soft,
        "one": one,
        "ignored": ring,
        "inverted": 255 - hard,
        "empty": one * 0,
        "doubt": 254 * one + 1,
        "three": one + 2 * (disk()[::-1] > 0),
        "shades": soft // 8 * 8,
        "photo": noise(H * W, 1).reshape(H, W),
        "two": 90 * one + 60,
        "plateau": np.where(hard > 0, 255, np.where(disk()[:, ::-1] > 0, 128, 0)).astype(np.uint8),
        "stray": np.where(noise(H * W, 2).reshape(H, W) > 250, 128, hard),
    }
    for name, array in grey.items():
        yield f"{name}.png", saved(Image.fromarray(array.astype(np.uint8)), "PNG")
    big = np.where(noise(400 * 320, 3).reshape(320, 400) > 254, 3, disk(320, 400, soft=True)).astype(np.uint8)
    yield "square.png", saved(Image.fromarray(disk(320, 320)), "PNG")
    yield "big.png", saved(Image.fromarray(big), "PNG", optimize=True)
    for name, back, front in [
        ("red", (0, 0, 0), (255, 0, 0)),
        ("white", (255, 255, 255), (10, 200, 30)),
        ("red-green", (255, 0, 0), (0, 255, 0)),
        ("grey", (90, 90, 90), (180, 180, 180)),
        ("near", (10, 20, 30), (30, 50, 70)),
    ]:
        yield f"{name}.png", saved(colours(hard, back, front), "PNG")
    half = np.repeat(np.arange(W) < W // 2, H).reshape(W, H).T * np.uint8(255)
    yield "halves.png", saved(colours(half, (255, 0, 0), (0, 0, 255)), "PNG")
    three = np.array(colours(hard, (0, 0, 0), (255, 0, 0)))
    three[5:9, 3:9] = (0, 255, 0)
    yield "three-colours.png", saved(Image.fromarray(three), "PNG")
    yield "soft-colour.png", saved(Image.fromarray((soft[..., None] * np.array([1, 0.4, 0])).astype(np.uint8)), "PNG")
    voc = [0, 0, 0, 128, 0, 0] + [0] * 759 + [224, 224, 192]
    for name, indices, table in [
        ("palette", one, [0, 0, 0, 128, 0, 0]),
        ("palette-same", one, [9, 9, 9, 9, 9, 9]),
        ("palette-voc", ring, voc),
        ("palette-halves", (half > 0).astype(np.uint8), [255, 0, 0, 0, 0, 255]),
        ("palette-organs", one * 6, [i for i in range(48)]),
    ]:
        yield f"{name}.png", saved(paletted(indices, table), "PNG")
        yield f"{name}.gif", saved(paletted(indices, table), "GIF")
        yield f"{name}.bmp", saved(paletted(indices, table), "BMP")
        yield f"{name}.tif", saved(paletted(indices, table), "TIFF")
    for bits in (1, 2, 4):
        most = 2**bits - 1
        digits = [np.unpackbits((row * most // 255).astype(np.uint8)[:, None], axis=1)[:, 8 - bits :] for row in hard]
        packed = [np.packbits(row.ravel()).tobytes() for row in digits]
        yield f"grey-{bits}.png", png(W, H, bits, 0, packed)
        yield f"palette-{bits}.png", png(W, H, bits, 3, packed, (b"PLTE", bytes([0, 0, 0] + [200, 30, 30] * most)))
    yield "bilevel.tif", saved(Image.fromarray(hard).convert("1"), "TIFF")
    yield "bilevel.bmp", saved(Image.fromarray(hard).convert("1"), "BMP")
    yield "bilevel-g4.tif", saved(Image.fromarray(hard).convert("1"), "TIFF", compression="group4")
    lengths = [*range(64), *range(64, 2700, 64)]  # one of every code, between empty rows
    across = np.arange(5400)
    pairs = zip(lengths, lengths[::-1], strict=True)
    runs = [[(across >= one) & (across < one + other), across < 0] for one, other in pairs]
    stripes = Image.fromarray((np.concatenate(runs) * 255).astype(np.uint8)).convert("1")
    yield "runs-g4.tif", saved(stripes, "TIFF", compression="group4")
    dots = Image.fromarray(noise(64 * 61, 6).reshape(61, 64) & 128).convert("1")
    yield "dots-g4.tif", saved(dots, "TIFF", compression="group4")
    alpha = np.dstack([np.full((H, W, 3), 200, np.uint8), hard])
    yield "alpha.png", saved(Image.fromarray(alpha), "PNG")
    yield "alpha-la.png", saved(Image.fromarray(np.dstack([hard, np.full_like(hard, 255)])), "PNG")
    yield "alpha-soft.png", saved(Image.fromarray(np.dstack([soft, soft // 2 + 100])), "PNG")
    yield "clear-colour.png", png(W, H, 8, 0, [row.tobytes() for row in hard], (b"tRNS", b"\0\0"))
    yield "clear-palette.png", saved(paletted(one, [0, 0, 0, 128, 0, 0]), "PNG", transparency=0)
    yield "sixteen.png", saved(Image.fromarray(hard.astype(np.uint16) * 257), "PNG")
    yield "sixteen-one.png", saved(Image.fromarray(one.astype(np.uint16)), "PNG")
    for kind in (np.uint16, np.int16, np.int32, np.float32, np.float64):
        yield f"{np.dtype(kind)}.tif", tiff(one.astype(kind) * 40)
    yield "share.tif", tiff(soft.astype(np.float32) / 255)
    yield "nan.tif", tiff(np.where(one, np.nan, 0).astype(np.float32))
    yield "negative.tif", tiff(-one.astype(np.int16))
    yield "miniswhite.tif", tiff(hard, photometric="miniswhite")
    yield "miniswhite-16.tif", tiff(hard.astype(np.uint16) * 100, photometric="miniswhite")


def encodings() -> Iterator[tuple[str, bytes]]:
    """One mask as every program writes it."""
    inside = disk() > 0
    for name, encode in {**EXACT, **SOFT}.items():
        yield f"{name}.{'jpg' if name.startswith('JPEG') else 'png'}", encode(inside)


def pictures() -> Iterator[tuple[str, bytes]]:
    rgb = noise(H * W * 3, 9).reshape(H, W, 3)
    smooth = np.dstack([disk(soft=True), disk()[::-1], disk(soft=True)[:, ::-1]])
    yield "rgb.png", saved(Image.fromarray(smooth), "PNG")
    yield "rgb-noise.png", saved(Image.fromarray(rgb), "PNG")
    yield "interlaced.png", interlaced()
    yield "rgb-16.png", png(5, 3, 16, 2, [noise(30, k).tobytes() for k in range(3)])
    yield "rgba-16.png", png(5, 3, 16, 6, [noise(40, k).tobytes() for k in range(3)])
    yield "la-16.png", png(5, 3, 16, 4, [noise(20, k).tobytes() for k in range(3)])
    yield "clear-rgb.png", png(4, 2, 8, 2, [bytes([9, 8, 7] * 2 + [1, 2, 3] * 2)] * 2, (b"tRNS", b"\0\x09\0\x08\0\x07"))
    yield "rgba.png", saved(Image.fromarray(np.dstack([smooth, disk(soft=True)])), "PNG")
    deep = disk(soft=True).astype(np.uint16) * 16
    deep[0, 0] = 60000
    yield "twelve-bits.png", saved(Image.fromarray(deep), "PNG")
    yield "twelve-bits.tif", tiff(deep)
    yield "twelve-bits-big-endian.tif", tiff(deep, byteorder=">")
    yield "real.tif", tiff(disk(soft=True).astype(np.float32) * 7.3)
    yield "integers.tif", tiff(disk(soft=True).astype(np.int32) * 3000 - 1000)
    yield "photo.jpg", saved(Image.fromarray(smooth), "JPEG", quality=90)
    yield "grey.jpg", saved(Image.fromarray(disk(soft=True)), "JPEG", quality=90, progressive=True)
    yield "photo.webp", saved(Image.fromarray(smooth), "WEBP")
    yield "opaque-parts.webp", saved(Image.fromarray(np.dstack([smooth, disk()])), "WEBP", lossless=True)
    for orientation in (1, 3, 6, 8):
        for kind in ("JPEG", "WEBP"):
            yield f"exif-{orientation}.{kind.lower()}", oriented(Image.fromarray(smooth), kind, orientation)
    for orientation in range(1, 9):
        for kind in ("PNG", "TIFF"):
            yield f"exif-{orientation}.{kind[:3].lower()}", oriented(Image.fromarray(smooth), kind, orientation)
    for compression in ("tiff_lzw", "tiff_adobe_deflate", "packbits", "raw"):
        yield f"{compression}.tif", saved(Image.fromarray(smooth), "TIFF", compression=compression)
    for name, options in {
        "planar": {"planarconfig": "separate", "photometric": "rgb"},
        "tiles": {"tile": (16, 16), "photometric": "rgb"},
        "predictor": {"compression": "zlib", "predictor": True, "photometric": "rgb"},
        "strips": {"rowsperstrip": 7, "photometric": "rgb"},
        "bigtiff": {"bigtiff": True, "photometric": "rgb"},
        "lzw-predictor": {"compression": "lzw", "predictor": True, "photometric": "rgb"},
    }.items():
        array = np.moveaxis(smooth, 2, 0) if name == "planar" else smooth
        yield f"{name}.tif", tiff(array, **options)
    yield (
        "rgb-16.tif",
        tiff(noise(H * W * 6, 4).view(np.uint16).reshape(H, W, 3), photometric="rgb", compression="zlib"),
    )
    yield "floats.tif", tiff(disk(soft=True).astype(np.float32) / 3, compression="zlib", predictor=3)
    yield "rgba.tif", saved(Image.fromarray(np.dstack([smooth, disk(soft=True)])), "TIFF")
    yield "cmyk.tif", saved(Image.fromarray(smooth).convert("CMYK"), "TIFF")
    pages = [Image.fromarray(smooth), Image.fromarray(smooth[::-1])]
    yield "pages.tif", saved(pages[0], "TIFF", save_all=True, append_images=pages[1:])
    yield "pages.gif", saved(pages[0], "GIF", save_all=True, append_images=pages[1:])
    yield "frames.png", saved(pages[0], "PNG", save_all=True, append_images=pages[1:])
    yield "rgb.gif", saved(Image.fromarray(smooth), "GIF")
    yield "grey.gif", saved(Image.fromarray(disk(soft=True)), "GIF")
    yield "clear.gif", saved(paletted((disk() > 0).astype(np.uint8), [0, 0, 0, 9, 99, 199]), "GIF", transparency=0)
    yield "noise.gif", saved(Image.fromarray(noise(90 * 120, 3).reshape(90, 120)), "GIF", optimize=False)
    yield "rgb.bmp", saved(Image.fromarray(smooth), "BMP")
    yield "rgba.bmp", saved(Image.fromarray(np.dstack([smooth, disk(soft=True)])), "BMP")
    yield "grey.bmp", saved(Image.fromarray(disk(soft=True)), "BMP")


def odd() -> Iterator[tuple[str, bytes]]:
    good = saved(Image.fromarray(disk(soft=True)), "PNG")
    yield "cut.png", good[:-40]
    end = good.index(b"IEND") - 8  # of the pixels' own checksum
    yield "wrong-checksum.png", good[: end - 4] + bytes(4) + good[end:]
    yield "cut-early.png", good[:40]
    yield "broken-header.png", good[:20] + b"\xff" + good[21:]
    yield "wide.png", png(20_000, 1, 8, 0, [bytes(20_000)])
    yield "huge.png", png(9000, 9000, 8, 0, [b""])
    yield "cut.gif", saved(Image.fromarray(noise(900, 1).reshape(30, 30)), "GIF")[:200]
    yield "cut.bmp", saved(Image.fromarray(disk()), "BMP")[:1500]
    yield "cut.tif", saved(Image.fromarray(disk()), "TIFF")[:600]
    yield "nothing.png", b""
    yield "text.png", b"hello, this is no picture at all"
    for name, start in {
        "a.pdf": b"%PDF-1.4 ",
        "b.svg": b"<svg xmlns=''>",
        "c.xml": b"<?xml version='1'?><svg>",
        "d.psd": b"8BPS",
        "e.heic": b"\0\0\0\x18ftypheic",
        "f.avif": b"\0\0\0\x18ftypavif",
        "g.zip": b"PK\x03\x04",
        "h.nii.gz": b"\x1f\x8b\x08",
        "i.h5": b"\x89HDF\r\n",
        "j.dcm": bytes(128) + b"DICM",
        "k.jxl": b"\xff\x0a",
    }.items():
        yield name, start + bytes(40)
    many = [(b"tEXt", b"k\0v")] * 20_000
    yield "chunks.png", png(2, 2, 8, 0, [b"\0\0"] * 2, *many)
    yield "comment.gif", b"GIF89a\x01\0\x01\0\0\0\0" + b"!\xfe" + (b"\xff" + bytes(255)) * 1200 + b"\0;"


FILES = {"masks": masks, "encodings": encodings, "pictures": pictures, "odd": odd}
