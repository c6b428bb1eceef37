"""Pictures, masks and labels at another size: what is a mean of pixels, what a majority, and what the middle one."""

from __future__ import annotations

import cv2
import numpy as np

from dbce.tasks import IGNORE


def resize_image(image: np.ndarray, size: int) -> np.ndarray:
    """(H, W) or (H, W, 3) -> a square of ``size``, same type; averages when shrinking, so that nothing aliases."""
    shrinks = size < max(image.shape[:2])
    return cv2.resize(image, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)


def resize_mask(mask: np.ndarray, size: int) -> np.ndarray:
    """(H, W) bool, or 0, 1 and `IGNORE` -> (size, size) uint8 of the same.

    A pixel is ignored if at least half of it is; else it belongs to the object if half of what counts in it does.
    """
    mask = np.asarray(mask)
    if mask.dtype == bool or mask.max() != IGNORE:
        grey = resize_image((mask != 0).view(np.uint8) * np.uint8(255), size)
        return (grey > 127).view(np.uint8)
    ignored = mask == IGNORE
    left_out, inside = (resize_image(part.astype(np.float32), size) for part in (ignored, (mask > 0) & ~ignored))
    almost = 1e-6  # of a half, in float32
    labels = (inside >= (1 - left_out) / 2 - almost).astype(np.uint8)
    labels[left_out >= 0.5 - almost] = IGNORE
    return labels


def resize_labels(labels: np.ndarray, size: int) -> np.ndarray:
    """(H, W) uint8 labels -> (size, size) uint8: the label at the middle of each new pixel."""
    return cv2.resize(labels, (size, size), interpolation=cv2.INTER_NEAREST_EXACT)
