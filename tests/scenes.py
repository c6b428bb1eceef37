"""What a scene holds, taken apart again."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import numpy as np

from dbce.page import coarse


def unpack(scene: str | dict[str, Any]) -> dict[str, np.ndarray]:
    """Name -> (S, S) array, as what `dbce.page.scene.scene` was given."""
    content = json.loads(scene) if isinstance(scene, str) else scene
    size = content["size"]
    block = zlib.decompress(base64.b64decode(content["data"]))
    return {name: _array(block[part["offset"] :], part, size) for name, part in content["arrays"].items()}


def _array(block: bytes, part: dict[str, Any], size: int) -> np.ndarray:
    if part["type"] == "uint8":
        return np.frombuffer(block, np.uint8, size * size).reshape(size, size)
    if part["type"] == "int16":
        return _summed(block, 2, size).astype(np.uint16).view(np.int16)
    quarter = part["side"] // 4
    rest = np.frombuffer(block, np.int8, size * size, 4 * quarter * quarter).reshape(size, size)
    grid = _summed(block, 4, quarter).astype(np.uint32).view(np.int32)
    return (coarse.restored(grid, part["side"], size) + rest).astype(np.int16)


def _summed(block: bytes, width: int, size: int) -> np.ndarray:
    """Low bytes first, then higher ones, of differences to the neighbours on the left and above."""
    planes = np.frombuffer(block, np.uint8, width * size * size).reshape(width, size, size).astype(np.int64)
    return sum(plane << (8 * k) for k, plane in enumerate(planes)).cumsum(0).cumsum(1)
