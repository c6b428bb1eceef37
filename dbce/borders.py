"""How far the two nearest objects of a label map are from every pixel: what U-Net's weight map is made of.

An object is an 8-connected component of one foreground class; its border are its pixels beside one of another label.

Source: Ronneberger et al., U-Net, MICCAI 2015, Eq. 2.
"""

from __future__ import annotations

import cv2
import numpy as np

from dbce.dilation import squared_distance

REACH = 32
"""Borders further away than this, in pixels, count as infinitely far: no float32 weight would show them."""


def border_pixels(labels: np.ndarray) -> np.ndarray:
    """(H, W) labels -> (H, W) bool, True where one of the four neighbours in the image has another label."""
    edge = np.zeros(labels.shape, bool)
    for axis in (0, 1):
        differs = np.diff(labels, axis=axis) != 0
        before, after = [(0, 0), (0, 0)], [(0, 0), (0, 0)]
        before[axis], after[axis] = (0, 1), (1, 0)
        edge |= np.pad(differs, before) | np.pad(differs, after)
    return edge


def border_distances(labels: np.ndarray, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Distance to the border of the nearest object and to that of the second nearest.

    Args:
        labels: (H, W) integers; what lies outside ``[0, num_classes)`` belongs to no object.
        num_classes: number of classes, background included.

    Returns:
        Two (H, W) float64 arrays in pixels, exact up to `REACH`, infinite beyond it and where there is no such object.
    """
    nearest, second = np.full(labels.shape, np.inf), np.full(labels.shape, np.inf)
    edge = border_pixels(labels)
    for label in range(1, num_classes):
        inside = (labels == label).astype(np.uint8)
        count, component, boxes, _ = cv2.connectedComponentsWithStats(inside, connectivity=8, ltype=cv2.CV_32S)
        for number in range(1, count):
            left, top, width, height, _ = map(int, boxes[number])
            part = np.s_[max(0, top - REACH) : top + height + REACH, max(0, left - REACH) : left + width + REACH]
            squared = squared_distance((component[part] == number) & edge[part])
            distance = np.where(squared <= REACH**2, np.sqrt(squared.astype(np.float64)), np.inf)
            second[part] = np.minimum(second[part], np.maximum(nearest[part], distance))
            nearest[part] = np.minimum(nearest[part], distance)
    return nearest, second
