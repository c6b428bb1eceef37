"""What Python makes of files and of pictures that the page reads as well: `python -m tests.write_golden_readers`.

The files under tests/golden_readers are written by nothing else. tests/test_golden_readers.py proves that Python still
gives them, and tests/web that JavaScript does. Large arrays stand there as their SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.tasks import IGNORE

FOLDER = Path(__file__).resolve().parent / "golden_readers"


def digest(array: np.ndarray) -> str:
    """SHA-256 of the values of an array, low bytes first."""
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


def noise(count: int, seed: int) -> np.ndarray:
    """(count,) uint8 that JavaScript can draw as well: a hash of the index."""
    x = (np.arange(count, dtype=np.uint32) + np.uint32(seed)) * np.uint32(2654435761)
    x = (x ^ x >> np.uint32(15)) * np.uint32(2246822519)
    return (x >> np.uint32(24)).astype(np.uint8)


SHAPES = [(1, 1), (3, 2), (2, 3), (319, 321), (321, 319), (320, 320), (100, 100), (150, 200), (90, 700), (700, 90)]
SHAPES += [(288, 384), (384, 288), (480, 640), (500, 574), (640, 640), (960, 1280), (448, 672), (224, 448)]
"""Height and width; some are divided evenly by 320 or 224, some are enlarged, some on one side only."""


def resized() -> list[dict[str, Any]]:
    """Every shape at the size of the page and at that of a network."""
    rows = []
    for number, (height, width) in enumerate(SHAPES):
        image = noise(height * width * 3, number).reshape(height, width, 3)
        y, x = np.mgrid[:height, :width]
        labels = np.array([0, 0, 1, IGNORE], np.uint8)[noise(20_000, number)[y // 7 * 100 + x // 13] >> 6]
        for size in (320, 224):
            results = {
                "image": resize_image(image, size),
                "mask": resize_mask(labels == 1, size),
                "ignoring": resize_mask(labels, size),
                "labels": resize_labels(labels, size),
            }
            hashes = {name: digest(array) for name, array in results.items()}
            rows.append({"seed": number, "height": height, "width": width, "size": size, **hashes})
    return rows


def enlarged() -> dict[str, Any]:
    """Maps of 6 x 6 at the size of a network, 24, and from there at 40, as both tasks take them on."""
    rows = {}
    for classes in (2, 4):
        values = noise(classes * 36, classes).reshape(1, classes, 6, 6).astype(np.float32) / 16 - 8
        own = F.interpolate(torch.from_numpy(values), size=(24, 24), mode="bilinear", align_corners=False)
        wanted = own[:, 1:] - own[:, :1] if classes == 2 else own
        whole = F.interpolate(wanted, size=(40, 40), mode="bilinear", align_corners=False)
        whole = whole if classes == 2 else whole.log_softmax(dim=1)
        rows[str(classes)] = base64.b64encode(whole.numpy().astype("<f4").tobytes()).decode()
    return rows


FILES: dict[str, Callable[[], Any]] = {"resize.json": resized, "logits.json": enlarged}


def text(value: Any) -> str:
    """As the files hold it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, make in FILES.items():
        (FOLDER / name).write_text(text(make()), encoding="utf-8")
