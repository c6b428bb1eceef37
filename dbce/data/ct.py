"""Drawn abdominal CT scans with exact labels of the paper's eight organs: phantoms, nobody's body.

Every organ is a field over the body, below 1 inside: an ellipsoid or a chain of balls at a plausible place,
its pose drawn from the seed and its border made uneven by smooth noise. A voxel depends on its place alone,
so any slice can be drawn by itself and slices of a scan belong together. Lengths across are fractions of half
the image side, z runs from the head (0) to the feet (1); the patient's right is on the left, as radiologists
look at it.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import cv2
import numpy as np

SLICES = 64
"""Slices of a whole scan."""

WINDOW = (-125.0, 275.0)
"""Range in Hounsfield units that is shown and given to the networks, the usual one for Synapse (TransUNet)."""

AORTA, GALLBLADDER, LEFT_KIDNEY, RIGHT_KIDNEY, LIVER, PANCREAS, SPLEEN, STOMACH = range(1, 9)

_FAT, _MUSCLE, _AIR, _LUNG = -98.0, 58.0, -1000.0, -840.0


def window(hu: np.ndarray) -> np.ndarray:
    """Hounsfield units of any shape -> uint8 grey: `WINDOW` from black to white."""
    low, high = WINDOW
    return np.rint((np.clip(hu, low, high) - low) * (255 / (high - low))).astype(np.uint8)


class _Body:
    """The coordinates of some slices, and the random numbers of one scan."""

    def __init__(self, seed: int, size: int, slices: Sequence[int]) -> None:
        axis = (np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1
        self.x, self.y = axis[None, None, :], axis[None, :, None]  # (1, 1, W), (1, H, 1)
        self.z = ((np.asarray(slices, np.float32) + 0.5) / SLICES)[:, None, None]  # (D, 1, 1)
        self.size = size
        self.rng = np.random.default_rng([seed, 2])
        self.scale = self.rng.uniform(0.93, 1.07)  # of the whole body
        self.sink = self.rng.normal(0, 0.03)  # organs lie higher or lower

    def noise(self, cells: int, depth: int) -> np.ndarray:
        """(D, H, W) smooth noise of about unit variance, ``cells`` waves across and ``depth`` along z."""
        grid = self.rng.standard_normal((depth + 3, cells + 3, cells + 3)).astype(np.float32) * 1.4
        at = self.z.ravel() * depth + 0.5
        low = np.floor(at).astype(int)
        t = (at - low)[:, None, None]
        planes = grid[low] * (1 - t) + grid[low + 1] * t  # (D, cells, cells)
        return np.stack([cv2.resize(p, (self.size, self.size), interpolation=cv2.INTER_CUBIC) for p in planes])

    def jitter(self, centre: Sequence[float], amount: float = 0.035) -> np.ndarray:
        """Where an organ lies in this body."""
        moved = np.asarray(centre) + self.rng.normal(0, amount, 3) * (1, 1, 0.7)
        return moved * (self.scale, self.scale, 1) + (0, 0, self.sink)

    def ellipsoid(
        self, centre: Sequence[float], axes: Sequence[float], *, tilt: float = 0.0, wobble: float = 0.12
    ) -> np.ndarray:
        """(D, H, W) field of an uneven ellipsoid, turned in the slice by ``tilt`` and a random angle."""
        cx, cy, cz = self.jitter(centre)
        ax, ay, az = np.asarray(axes) * self.rng.normal(1, 0.07, 3).clip(0.8, 1.2) * self.scale
        turn = tilt + self.rng.normal(0, 0.12)
        dx, dy = self.x - cx, self.y - cy
        u, v = dx * np.cos(turn) + dy * np.sin(turn), -dx * np.sin(turn) + dy * np.cos(turn)
        reach = np.sqrt((u / ax) ** 2 + (v / ay) ** 2 + ((self.z - cz) / az) ** 2)
        return reach + wobble * self.noise(6, 6)

    def chain(self, points: Sequence[Sequence[float]], *, wobble: float = 0.12, flat: float = 0.55) -> np.ndarray:
        """(D, H, W) field of balls (x, y, z, radius) joined to a tube; ``flat`` is their extent along z."""
        moved = [(*self.jitter(p[:3], 0.022), p[3] * self.scale * self.rng.uniform(0.88, 1.12)) for p in points]
        field = np.full(np.broadcast_shapes(self.x.shape, self.y.shape, self.z.shape), np.inf, np.float32)
        for (x0, y0, z0, r0), (x1, y1, z1, r1) in pairwise(moved):
            ex, ey, ez = x1 - x0, y1 - y0, (z1 - z0) / flat
            dx, dy, dz = self.x - x0, self.y - y0, (self.z - z0) / flat
            t = np.clip((dx * ex + dy * ey + dz * ez) / (ex**2 + ey**2 + ez**2), 0, 1)
            gap = np.sqrt((dx - t * ex) ** 2 + (dy - t * ey) ** 2 + (dz - t * ez) ** 2)
            field = np.minimum(field, gap / (r0 + t * (r1 - r0)))
        return field + wobble * self.noise(9, 9)


def scan(seed: int, size: int = 320, slices: Sequence[int] | None = None) -> tuple[np.ndarray, np.ndarray]:
    """A drawn abdominal scan, or some slices of it.

    Args:
        seed: decides the body; the same seed gives the same bits, whichever slices are drawn.
        size: side in pixels of the square slices, at least 32.
        slices: which of the `SLICES` slices, from the head down; all when None.

    Returns:
        (D, H, W) float32 Hounsfield units and (D, H, W) uint8 labels: 0 background, then the organs in the
        order of ``dbce.tasks.TASKS["organs"].classes``.

    Raises:
        ValueError: a size below 32, a negative seed, or a slice out of range.
    """
    chosen = list(range(SLICES)) if slices is None else list(slices)
    if size < 32:
        raise ValueError(f"size is {size}; a drawing needs at least 32 pixels a side, for example 320.")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be a whole number >= 0.")
    if not chosen or min(chosen) < 0 or max(chosen) >= SLICES:
        raise ValueError(f"slices are {chosen[:5]}; name at least one, each from 0 to {SLICES - 1}.")
    body = _Body(seed, size, chosen)
    hu, inside, under = _trunk(body)
    labels = np.zeros(hu.shape, np.uint8)
    _loops(body, hu, inside)
    _organs(body, hu, labels, inside)
    _spine(body, hu, labels, under)
    for k, index in enumerate(chosen):  # blur of the scanner, then its grain
        own = np.random.default_rng([seed, 3, index])
        hu[k] = cv2.GaussianBlur(hu[k], (0, 0), 0.0030 * size)
        grain = cv2.GaussianBlur(own.standard_normal((size, size)).astype(np.float32), (0, 0), 0.0026 * size)
        hu[k] += grain * (17 / grain.std())
    return hu, labels


def _trunk(body: _Body) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Air, skin, fat, muscle, ribs and lungs; where organs can lie, and where bone can; each (D, H, W)."""
    rng = body.rng
    width, depth = 0.88 * body.scale, rng.uniform(0.60, 0.68) * body.scale
    waist = 1 - 0.05 * np.sin(np.pi * body.z)
    ring = (np.abs(body.x / (width * waist)) ** 2.3 + np.abs((body.y - 0.02) / (depth * waist)) ** 2.3) ** (1 / 2.3)
    ring = ring + 0.012 * body.noise(5, 4)
    fat, wall = rng.uniform(0.07, 0.16), rng.uniform(0.05, 0.07)
    hu = np.full(ring.shape, _AIR, np.float32)
    hu[ring < 1] = 10
    hu[ring < 0.985] = _FAT
    hu[ring < 1 - fat] = _MUSCLE
    angle = np.arctan2(body.y, body.x) + np.zeros_like(ring)
    cage = np.cos(11 * angle + 9 * body.z + rng.uniform(0, 6)) > 0.72 + 0.9 * np.clip(body.z - 0.55, 0, 1)
    middle = np.abs(ring - (1 - fat - wall * 0.55)) < wall * 0.33
    hu[cage & middle & (np.abs(body.x) > 0.25 * width)] = 330
    inside = ring < 1 - fat - wall
    hu[inside] = (_FAT + 9 * body.noise(14, 10))[inside]
    dome = 0.20 + rng.normal(0, 0.02)
    lungs = inside & (body.z - 0.30 * (ring / (1 - fat - wall)) ** 3 < dome - 0.22 + 0.02 * body.noise(4, 4))
    hu[lungs] = (_LUNG + 360 * np.clip(body.noise(16, 12) - 1.2, 0, None))[lungs]
    return hu, inside & ~lungs, ring < 1 - 0.6 * fat


def _loops(body: _Body, hu: np.ndarray, inside: np.ndarray) -> None:
    """Bowel: tubes with a wall, some filled with fluid, some with gas; they carry no label."""
    rng = body.rng
    for _ in range(14):
        start = np.array([rng.uniform(-0.55, 0.55), rng.uniform(-0.42, 0.10), rng.uniform(0.52, 1.0)])
        points = [(*(start + rng.normal(0, (0.16, 0.09, 0.06)) * k), rng.uniform(0.06, 0.09)) for k in range(3)]
        tube = body.chain(points, wobble=0.10)
        hu[inside & (tube < 1)] = rng.uniform(55, 85)
        content = _AIR * 0.9 if rng.random() < 0.35 else rng.uniform(5, 60)
        hu[inside & (tube < 0.68)] = content


def _organs(body: _Body, hu: np.ndarray, labels: np.ndarray, inside: np.ndarray) -> None:
    """The eight organs and the vena cava, each over those before it."""
    rng = body.rng
    phase = rng.uniform(-18, 18)  # when after the contrast agent the scan was taken

    def place(field: np.ndarray, value: float, label: int, texture: float = 5.0) -> np.ndarray:
        where = inside & (field < 1)
        hu[where] = (value + texture * body.noise(22, 16))[where]
        labels[where] = label
        return where

    right = body.ellipsoid((-0.40, -0.02, 0.34), (0.42, 0.46, 0.33))
    left = body.ellipsoid((-0.06, -0.27, 0.29), (0.40, 0.20, 0.19), tilt=0.25)
    liver = place(np.minimum(right, left), 112 + phase, LIVER)
    vessels = np.abs(body.noise(7, 7)) < 0.10
    hu[liver & vessels & (np.minimum(right, left) < 0.85)] += 32
    place(body.ellipsoid((-0.105, 0.12, 0.5), (0.070, 0.050, 2.0), wobble=0.05), 135 + phase, 0)
    gut = body.chain(
        [(0.40, -0.02, 0.20, 0.20), (0.36, -0.20, 0.36, 0.17), (0.20, -0.30, 0.50, 0.12), (-0.02, -0.24, 0.54, 0.09)]
    )
    stomach = place(gut, 78, STOMACH)
    content = stomach & (gut < 0.80)
    hu[content] = rng.uniform(12, 45)
    level = -0.28 + rng.normal(0, 0.05)  # gas gathers at the front
    hu[content & (body.y + 0 * gut < level)] = _AIR * 0.92
    place(body.ellipsoid((0.60, 0.12, 0.32), (0.15, 0.27, 0.20), tilt=-0.35), 122 + phase, SPLEEN)
    pancreas = [
        (-0.17, -0.03, 0.60, 0.085),
        (-0.02, -0.09, 0.54, 0.055),
        (0.18, -0.06, 0.49, 0.065),
        (0.42, 0.05, 0.42, 0.055),
    ]
    place(body.chain(pancreas, wobble=0.20), 92 + phase, PANCREAS, 9)
    for label, side, height in ((LEFT_KIDNEY, 1, 0.55), (RIGHT_KIDNEY, -1, 0.61)):
        kidney = body.ellipsoid((0.37 * side, 0.25, height), (0.125, 0.165, 0.20), tilt=0.5 * side, wobble=0.07)
        where = place(kidney, 168 + phase, label)
        hu[where & (kidney < 0.72)] -= 34
        sinus = body.ellipsoid((0.29 * side, 0.23, height), (0.06, 0.06, 0.10))
        hu[where & (sinus < 1)] = _FAT * 0.5
    place(
        body.ellipsoid((-0.25, -0.20, 0.53), (0.085, 0.12, 0.09), tilt=0.4, wobble=0.07),
        rng.uniform(2, 22),
        GALLBLADDER,
        3,
    )
    bend = 0.03 * np.sin(5 * body.z + rng.uniform(0, 6))
    tube = np.hypot(body.x - 0.055 - bend, body.y - 0.15 + 0.03 * body.z) / (rng.uniform(0.052, 0.064) * body.scale)
    place(tube + 0.05 * body.noise(9, 5), 158 + phase + rng.uniform(0, 60), AORTA, 4)


def _spine(body: _Body, hu: np.ndarray, labels: np.ndarray, under: np.ndarray) -> None:
    """Vertebrae with discs between them, the canal, processes and the muscles beside them."""
    x, y, z = body.x, body.y - 0.31, body.z
    for side in (-1, 1):
        muscle = np.hypot((x - 0.17 * side) / 0.15, (y - 0.10) / 0.12) + 0.06 * body.noise(8, 5)
        psoas = np.hypot((x - 0.16 * side) / 0.07, (y + 0.01) / 0.09) + 0.3 * np.clip(0.45 - z, 0, 1) * 8
        free = labels == 0
        hu[(np.minimum(muscle, psoas) < 1) & free] = _MUSCLE + 4
    reach = np.hypot(x / 0.125, y / 0.105) + 0.03 * body.noise(10, 8)
    disc = np.cos(2 * np.pi * 7 * z + body.rng.uniform(0, 6)) > 0.86
    wing = np.hypot(x / 0.26, (y - 0.10) / 0.028) + 0 * reach
    thorn = np.hypot(x / 0.024, (y - 0.18) / 0.10) + 0 * reach
    for part in (wing, thorn):
        hu[(part < 1) & ~disc & under] = 260
    bone = reach < 1
    hu[bone] = (185 + 22 * body.noise(24, 20))[bone]
    hu[bone & (reach > 0.88)] = 340
    hu[bone & disc] = 85
    canal = np.hypot(x / 0.048, (y - 0.125) / 0.042) + 0 * reach
    hu[(canal < 1.45) & (canal >= 1)] = 280
    hu[canal < 1] = 28
    labels[bone | (canal < 1.45)] = 0
