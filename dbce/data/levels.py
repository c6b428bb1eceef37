"""Two levels in an array: what pixels that gather around two values or two colours gather around.

Exact masks hold two values. Soft edges hold more, all of them along the edge; JPEG adds noise. A photograph, a map of
probabilities and a map of three classes hold values elsewhere, and are told apart by that.
"""

from __future__ import annotations

import colorsys
from collections.abc import Callable

import cv2
import numpy as np

from dbce.data.formats import InputError

SNAP = 12
"""What a lossy format makes of 0 and, counted from there, of 255."""

_NEAR = 0.15  # distance to a level, in parts of that between the two, at which a pixel still is of this level
_BETWEEN = 0.35  # largest share of pixels between the levels: soft edges, not a photograph
_EXACT = 0.75  # least share of pixels that are at a level, or between the two; a hot pixel makes all others near one
_CONTRAST = 40  # least distance of two levels that more than two values gather around
_HUES = ("red", "yellow", "green", "cyan", "blue", "magenta")


def split(cells: np.ndarray, name: str) -> tuple[np.ndarray, tuple]:
    """Values or colours that gather around two -> which of the two a pixel is nearer to, and the two, darker first.

    Args:
        cells: (H, W) values, or (H, W, 3) colours.
        name: of the file.

    Returns:
        (H, W) uint8 0/1, and the two values or colours.

    Raises:
        InputError: a photograph, a map of probabilities, or three levels and more.
    """
    height, width = cells.shape[:2]
    step = int(np.sqrt(height * width / 20_000))
    if step > 1:  # a photograph shows in a part of its pixels
        part = _table(cells[::step, ::step])
        _, _, apart, modes = _ends(*part[:2], cells.ndim)
        _check_levels(*part[:2], modes, apart, name, cells.ndim, sample=True)
    table, counts, spread = _table(cells)
    ends, place, apart, modes = _ends(table, counts, cells.ndim)
    _check_levels(table, counts, modes, apart, name, cells.ndim)
    where = spread((place > 0.5).astype(np.uint8))
    odd = spread(apart.astype(np.uint8))
    if apart.any():
        _check_edges(cells, where, odd, table, counts, apart, name)
    dark, light = (tuple(int(part) for part in end) if cells.ndim == 3 else float(end[0]) for end in ends)
    return where, (dark, light)


def _table(cells: np.ndarray) -> tuple[np.ndarray, np.ndarray, Callable[[np.ndarray], np.ndarray]]:
    """The values or colours that occur, (N, 1) or (N, 3), how often, and what spreads N results over the pixels."""
    if cells.ndim == 2 and cells.dtype == np.uint8:
        counts = shades(cells)
        found = np.flatnonzero(counts)

        def spread(results: np.ndarray) -> np.ndarray:
            whole = np.zeros(256, results.dtype)
            whole[found] = results
            return cv2.LUT(cells, whole)

        return found[:, None].astype(np.float64), counts[found], spread
    packed = cells
    if cells.ndim == 3:
        wide = cells.astype(np.uint32)
        packed = wide[..., 0] << 16 | wide[..., 1] << 8 | wide[..., 2]
    found, inverse, counts = np.unique(packed, return_inverse=True, return_counts=True)
    table = found[:, None] if cells.ndim == 2 else np.stack([found >> 16, found >> 8 & 255, found & 255], axis=1)
    return table.astype(np.float64), counts, lambda results: results[inverse.reshape(packed.shape)]


def _ends(table: np.ndarray, counts: np.ndarray, ndim: int) -> tuple[np.ndarray, ...]:
    """The two levels that N values or colours gather around.

    Returns:
        (2, 1 or 3) levels, the darker first; (N,) place of every value between them, 0 to 1; (N,) bool, whether it is
        near neither; and (2, 1 or 3) the most frequent values or colours at the two.
    """
    first = table[counts.argmax()]
    distance = np.linalg.norm(table - first, axis=1)
    far = distance > 0.75 * distance.max()
    if not far.any():  # a single one, in the part that is looked at
        ends = np.stack([first, first])
        return ends, np.zeros(len(table)), np.zeros(len(table), bool), ends
    second = table[far][counts[far].argmax()]
    ends = np.stack([first, second])
    modes = ends = ends[np.lexsort((ends.sum(1), ends.max(1)))]
    if ndim == 2:  # the outermost values where the most frequent are near them
        outer = np.array([[table.min()], [table.max()]])
        ends = np.where(abs(outer - ends) <= 0.26 * (outer[1] - outer[0]), outer, ends)
    line = ends[1] - ends[0]
    length = np.linalg.norm(line)
    place = (table - ends[0]) @ line / length**2
    near = [np.linalg.norm(table - end, axis=1) <= _NEAR * length for end in ends]
    apart = ~(near[0] | near[1])
    return ends, place, apart, modes


def _check_levels(
    table: np.ndarray,
    counts: np.ndarray,
    modes: np.ndarray,
    apart: np.ndarray,
    name: str,
    ndim: int,
    sample: bool = False,
) -> None:
    """Raise an `InputError` unless most pixels are at one of the levels; a sample may hold a single one."""
    length = np.linalg.norm(modes[1] - modes[0])
    if sample and length < _CONTRAST:
        return
    at = np.minimum(*(np.abs(table - end).max(axis=1) for end in modes)) <= SNAP
    between, exact = (counts[chosen].sum() / counts.sum() for chosen in (apart, at | apart))
    if between > _BETWEEN or exact < _EXACT or (len(table) > 2 and length < _CONTRAST):
        what = f"a colour picture of {len(table)} colours" if ndim == 3 else f"a grey picture of {len(table)} shades"
        raise InputError(
            f"{name} is {what}, not a mask, which marks the object with one value or colour and all else with another. "
            "A map of probabilities must be cut first."
        )


def _check_edges(
    cells: np.ndarray,
    where: np.ndarray,
    odd: np.ndarray,
    table: np.ndarray,
    counts: np.ndarray,
    apart: np.ndarray,
    name: str,
) -> None:
    """Pixels near neither level must lie along the edge between the two, and form no level of their own."""
    odd = odd.astype(bool)
    kernel = np.ones((3, 3), np.uint8)
    planes = cells[..., None] if cells.ndim == 2 else cells
    planes = planes if planes.dtype in (np.uint8, np.uint16) else planes.astype(np.float32)
    flat = odd.copy()
    for plane in np.moveaxis(planes, -1, 0):
        plane = np.ascontiguousarray(plane)
        flat &= cv2.dilate(plane, kernel) == cv2.erode(plane, kernel)
    most = np.argmax(np.where(apart, counts, 0))
    plateau = np.count_nonzero(flat) > max(4, 0.2 * np.count_nonzero(odd))
    if plateau or (apart.sum() == 1 and len(table) == 3):
        kinds = [*table[~apart][np.argsort(-counts[~apart])][:2], *table[apart][np.argsort(-counts[apart])][:4]]
        shown = [colour(kind) if cells.ndim == 3 else f"{kind[0]:g}" for kind in kinds]
        share = percent(counts[most] / counts.sum())
        raise InputError(
            f"{name} holds more than two {'colours' if cells.ndim == 3 else 'values'} ({', '.join(shown)}; the "
            f"third in {share} of the pixels); a mask of this task has two, background and object. Save one class as "
            "255 and everything else as 0."
        )
    edge = cv2.dilate(where, kernel) != cv2.erode(where, kernel)
    reach = max(12, 0.04 * min(where.shape))
    away = cv2.distanceTransform((~edge).astype(np.uint8), cv2.DIST_L2, 3) > reach if edge.any() else np.ones_like(odd)
    stray = np.count_nonzero(odd & away)
    if stray > max(4, 0.02 * np.count_nonzero(odd)):
        raise InputError(
            f"{name} holds values between its two main ones far from any edge ({percent(stray / odd.size)} of the "
            "pixels), as a photograph or a map of probabilities does; a mask has two values. Cut it first."
        )


def shades(values: np.ndarray) -> np.ndarray:
    """(H, W) uint8 -> (256,) how often each value occurs."""
    return cv2.calcHist([np.ascontiguousarray(values)], [0], None, [256], [0, 256]).ravel().astype(np.int64)


def colour(rgb: np.ndarray | tuple[int, ...]) -> str:
    """A colour in words and numbers: "red (255, 0, 0)"."""
    values = tuple(int(value) for value in rgb)
    hue, saturation, value = colorsys.rgb_to_hsv(*(value / 255 for value in values))
    word = _HUES[round(6 * hue) % 6] if saturation > 0.15 else "white" if value > 0.87 else "grey"
    return f"{'black' if value < 0.1 else word} {values}"


def percent(share: float) -> str:
    """A share as people write it: never 0 % of something, never 100 % of not all."""
    if 0 < share < 0.01:
        return "less than 1 %"
    if 0.99 < share < 1:
        return "more than 99 %"
    return f"{100 * share:.0f} %"
