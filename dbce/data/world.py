"""Where labels lie: on the voxels of their scan, or, by both affines, somewhere else in the same space."""

from __future__ import annotations

import numpy as np

from dbce.data.inputs import InputError
from dbce.data.stack import Stack
from dbce.tasks import IGNORE

TOLERANCE = 0.01
"""Distance in voxels below which two grids are the same; headers keep about seven digits."""

LEAST_INSIDE = 0.5
"""Share of the labelled voxels that must lie within a scan of as many voxels; of its own labels nearly all do."""


def on_one_grid(scan: Stack, labels: Stack) -> bool:
    """Whether labels lie voxel on voxel; if not, they can be brought there by `placed`.

    Raises:
        InputError: other shapes, or affines that do not say where the labels lie.
    """
    if scan.affine is None or labels.affine is None:
        if scan.lost != labels.lost and (scan.affine is not None or labels.affine is not None):
            unknown, known = (scan, labels) if scan.lost else (labels, scan)
            raise InputError(
                f"{unknown.name} has no valid affine in its header, {known.name} has one, so they cannot be laid over "
                "each other. Save the labels with the header of their scan."
            )
        if scan.shape != labels.shape:
            raise InputError(
                f"{labels.name} has {_words(labels)} voxels, {scan.name} has {_words(scan)}; a scan and its labels "
                "must have the same shape. Export the labels on the grid of the scan."
            )
        return True
    if scan.shape != labels.shape:
        return False
    corners = np.array([[d, h, w, 1] for d in (0, 1) for h in (0, 1) for w in (0, 1)]).T
    corners[:3] *= np.array(scan.shape)[:, None] - 1
    moved = np.linalg.inv(scan.affine) @ labels.affine @ corners - corners  # in voxels of the scan
    if np.abs(moved).max() < TOLERANCE:
        return True
    ours, theirs = (np.linalg.norm(affine[:3, :3], axis=0) for affine in (scan.affine, labels.affine))
    if np.abs(theirs / ours - 1).max() > TOLERANCE:
        raise InputError(
            f"{labels.name} has as many voxels as {scan.name}, but other sizes of a voxel in its header "
            f"({_sizes(theirs)} against {_sizes(ours)} mm): its affine was lost. Save the labels with the header of "
            "their scan."
        )
    return False


def placed(values: np.ndarray, labels: Stack, scan: Stack) -> tuple[np.ndarray, str]:
    """Labels on the grid of a scan: at every voxel the nearest label, `IGNORE` where there is none.

    Args:
        values: (D, H, W) uint8, of ``labels``.
        labels: where they lie; its affine is known.
        scan: whose grid is wanted; its affine is known.

    Returns:
        uint8 of the scan's shape, and a sentence.

    Raises:
        InputError: labels that lie elsewhere.
    """
    assert scan.affine is not None and labels.affine is not None
    share = _share_inside(values, np.linalg.inv(scan.affine) @ labels.affine, scan.shape)
    if share == 0 or (share < LEAST_INSIDE and labels.shape == scan.shape):
        raise InputError(
            f"Only {100 * share:.0f} % of what {labels.name} marks lies within {scan.name}, by the affines in their "
            "headers: the labels belong to another scan, or lost their place. Save them with the header of their scan."
        )
    step = _tidy(np.linalg.inv(labels.affine) @ scan.affine, scan.shape)
    out, held = np.full(scan.shape, IGNORE, np.uint8), 0
    rows, columns = np.arange(scan.shape[1])[:, None], np.arange(scan.shape[2])[None, :]
    for number, plane in enumerate(out):
        index, inside = [], np.ones(plane.shape, bool)
        for (d, h, w, start), length in zip(step[:3], values.shape, strict=True):
            at = np.array(start + d * number + 0.5)  # a term that is zero is left out, so that axes stay apart
            at = at + h * rows if h else at
            at = np.floor(at + w * columns if w else at).astype(np.int64)
            inside &= (at >= 0) & (at < length)
            index.append(at.clip(0, length - 1))
        np.copyto(plane, values[tuple(index)], where=inside)
        held += int(inside.sum())
    note = f"{labels.name} lies on another grid than {scan.name}: every voxel took the label nearest to it in space"
    if held < out.size:
        note += f"; {100 * (1 - held / out.size):.2g} % of the scan lie beyond the labels and do not count"
    note += "."
    return out, note


def _share_inside(values: np.ndarray, affine: np.ndarray, shape: tuple[int, int, int]) -> float:
    """Share of the labelled voxels whose place in another grid lies within it."""
    inside = total = 0
    for number, plane in enumerate(values):
        rows, columns = np.nonzero((plane > 0) & (plane != IGNORE))
        where = np.stack([np.full(len(rows), number), rows, columns, np.ones(len(rows), int)])
        at = (affine @ where)[:3] + 0.5
        inside += int(((at >= 0) & (at < np.array(shape)[:, None])).all(axis=0).sum())
        total += len(rows)
    return inside / total if total else 1.0


def _tidy(affine: np.ndarray, shape: tuple[int, int, int]) -> np.ndarray:
    """Without what rounding leaves of directions that are at right angles, and of whole numbers."""
    affine = affine.copy()
    affine[:3, :3][np.abs(affine[:3, :3]) * np.array(shape) < 1e-4] = 0
    near = np.rint(affine * 2) / 2
    return np.where(np.abs(affine - near) * max(shape) < 1e-4, near, affine)


def _words(stack: Stack) -> str:
    return " x ".join(map(str, stack.shape[::-1]))


def _sizes(lengths: np.ndarray) -> str:
    return " x ".join(f"{length:.3g}" for length in lengths[::-1])
