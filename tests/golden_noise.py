"""Noise that JavaScript can draw as well."""

from __future__ import annotations

import numpy as np


def noise(count: int, seed: int) -> np.ndarray:
    """(count,) uint8 that JavaScript can draw as well: a hash of the index."""
    x = (np.arange(count, dtype=np.uint32) + np.uint32(seed)) * np.uint32(2654435761)
    x = (x ^ x >> np.uint32(15)) * np.uint32(2246822519)
    return (x >> np.uint32(24)).astype(np.uint8)
