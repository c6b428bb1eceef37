"""Drawn example images with exact masks: a colon as an endoscope sees it, with one polyp, and skin as a
dermatoscope sees it, with one lesion.

Nothing here is a patient. A colon is a height field over the image (haustral folds around a lumen, one dome
with an irregular outline), lit by a lamp at the camera, coloured like mucosa, and seen through the lens:
vessels, highlights, vignette, octagonal frame, blur and noise. Skin is flat: pigment, its network, globules,
hairs. All lengths are fractions of the image side, so a scene looks the same at every size.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np


def _noise(rng: np.random.Generator, size: int, cells: int, octaves: int = 1) -> np.ndarray:
    """(size, size) smooth noise of mean 0 and about unit variance, ``cells`` waves across the image."""
    total = np.zeros((size, size), np.float32)
    for octave in range(octaves):
        n = max(2, cells * 2**octave)
        grid = rng.standard_normal((n + 3, n + 3)).astype(np.float32)
        total += cv2.resize(grid, (size, size), interpolation=cv2.INTER_CUBIC) * 0.55**octave
    return total / total.std()


def _grid(size: int) -> tuple[np.ndarray, np.ndarray]:
    """x and y of the pixel centres in [-1, 1], each (size, size) float32."""
    axis = ((np.arange(size, dtype=np.float32) + 0.5) / size * 2 - 1).astype(np.float32)
    return np.meshgrid(axis, axis)


def _smoothstep(value: np.ndarray, low: float, high: float) -> np.ndarray:
    t = np.clip((value - low) / (high - low), 0, 1)
    return t * t * (3 - 2 * t)


def _wall(
    rng: np.random.Generator, x: np.ndarray, y: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Height of the folds, distance into the tube (0 near, 1 in the lumen), shadow, and the lumen's centre."""
    size = len(x)
    centre = rng.uniform(-0.75, 0.75, 2).astype(np.float32)
    dx, dy = x - centre[0], y - centre[1]
    angle = np.arctan2(dy, dx)
    stretch = 1 + 0.25 * np.cos(2 * (angle - rng.uniform(0, np.pi)))
    radius = np.hypot(dx, dy) * stretch + 0.05 * _noise(rng, size, 3)
    depth = np.exp(-np.clip(radius, 0, None) / rng.uniform(0.28, 0.45))
    height = 0.030 * _noise(rng, size, 3, 2)
    shadow = np.zeros_like(x)
    for ring in np.cumprod(np.r_[rng.uniform(0.25, 0.35), rng.uniform(1.45, 1.9, 3)]):
        towards = rng.uniform(-np.pi, np.pi)
        span = rng.uniform(0.7, 1.5)
        turn = np.abs((angle - towards + np.pi) % (2 * np.pi) - np.pi)
        offset = radius - ring * (1 + 0.12 * np.cos(2 * angle + rng.uniform(0, 6)))
        offset = offset + 0.02 * _noise(rng, size, 5)
        arc = 1 - _smoothstep(turn, span * 0.35, span)
        profile = np.exp(-((offset / np.where(offset > 0, 0.34 * ring, 0.10 * ring)) ** 2))
        height = height + rng.uniform(0.10, 0.20) * ring * profile * arc
        behind = np.where(offset < 0, np.exp(offset / (0.28 * ring)), np.exp(-((offset / (0.03 * ring)) ** 2)))
        shadow = np.maximum(shadow, rng.uniform(0.45, 0.75) * behind * arc)
    return height, depth, shadow, centre


def _outline(
    rng: np.random.Generator, dx: np.ndarray, dy: np.ndarray, side: float, *, waves: int, wobble: float, slim: float
) -> np.ndarray:
    """Distance from a middle in units of an irregular ellipse of radius ``side``: 1 on its outline."""
    angle = np.arctan2(dy, dx)
    outline = np.ones(dx.shape, np.float32)
    for wave in range(2, waves):
        outline += rng.normal(0, wobble / wave) * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    tilt, aspect = rng.uniform(0, np.pi), rng.uniform(slim, 1.0)
    u = dx * np.cos(tilt) + dy * np.sin(tilt)
    v = -dx * np.sin(tilt) + dy * np.cos(tilt)
    return np.hypot(u * np.sqrt(aspect), v / np.sqrt(aspect)) / (side * outline)


def _dome(rng: np.random.Generator, x: np.ndarray, y: np.ndarray, centre: np.ndarray) -> tuple[np.ndarray, float]:
    """Distance from the middle of the polyp, 1 on its outline, and its radius. Keeps off the lumen."""
    side = float(np.sqrt(np.exp(rng.uniform(np.log(0.012), np.log(0.22))) * 4 / np.pi))  # radius from the area share
    for _ in range(100):
        px, py = rng.uniform(-0.72, 0.72, 2)
        if np.hypot(px - centre[0], py - centre[1]) > side + 0.22 and abs(px) + abs(py) < 1.05:
            break
    return _outline(rng, x - px, y - py, side, waves=7, wobble=0.10, slim=0.75), side


@dataclass(frozen=True)
class _Scene:
    """The parts of a drawing that several steps need; arrays are (size, size) float32."""

    x: np.ndarray
    y: np.ndarray
    depth: np.ndarray  # 0 near, 1 in the lumen
    shadow: np.ndarray  # share of the light that folds keep away
    rho: np.ndarray  # distance from the middle of the polyp, 1 on its outline
    lift: np.ndarray  # height of the dome, 0 outside the polyp, 1 at its top
    field: np.ndarray  # height of everything
    contrast: float  # 1 clear, towards 0 flat


def polyp(seed: int, size: int = 320, *, difficulty: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A colonoscopy-like picture with one polyp and its exact mask.

    Args:
        seed: decides everything about the scene; the same seed gives the same bits.
        size: side in pixels of the square picture, at least 32.
        difficulty: 0 for a clear polyp, 1 for a flat one in the colour of its surroundings with a soft rim.

    Returns:
        Image (size, size, 3) uint8 RGB and mask (size, size) uint8, 1 inside the polyp.

    Raises:
        ValueError: a size below 32, a negative seed, or a difficulty outside [0, 1].
    """
    _check_options(seed, size, difficulty)
    rng = np.random.default_rng(seed)
    scene = _scene(rng, size, 1 - difficulty)
    shade, gloss = _lamp(rng, scene)
    image = _albedo(rng, scene) * shade[..., None] * 1.18
    image = image * (1 - gloss[..., None]) + gloss[..., None] * np.array([1.0, 0.98, 0.95])
    image *= (1.02 - 0.32 * (scene.x**2 + scene.y**2))[..., None]
    aperture = _aperture(rng, scene)
    seen = 1 - _smoothstep(aperture, 0.985, 1.0)[..., None]
    image = _blur(np.clip(image * seen + 0.035 * (1 - seen), 0, 1.2), 0.0028)
    image += 0.012 * cv2.GaussianBlur(rng.standard_normal(image.shape).astype(np.float32), (0, 0), 0.6)
    mask = (scene.rho < 1) & (aperture < 0.985)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), mask.astype(np.uint8)


def _check_options(seed: int, size: int, difficulty: float) -> None:
    if size < 32:
        raise ValueError(f"size is {size}; a drawing needs at least 32 pixels a side, for example 320.")
    if seed < 0:
        raise ValueError(f"seed is {seed}; it must be a whole number >= 0.")
    if not 0 <= difficulty <= 1:
        raise ValueError(f"difficulty is {difficulty}; it must lie in [0, 1], from clear to flat.")


def _blur(image: np.ndarray, width: float) -> np.ndarray:
    """Gaussian blur with a standard deviation given as a fraction of the side."""
    return cv2.GaussianBlur(image.astype(np.float32), (0, 0), width * len(image))


def _unit(*parts: np.ndarray) -> np.ndarray:
    """(size, size) components -> (size, size, n) vectors of length 1."""
    vector = np.stack(parts, -1)
    return vector / np.linalg.norm(vector, axis=-1, keepdims=True)


def _normals(field: np.ndarray) -> np.ndarray:
    """Surface normals (size, size, 3) of a height field over [-1, 1]^2."""
    down, right = np.gradient(field, 2 / len(field))
    return _unit(-right, -down, np.ones_like(field))


def _scene(rng: np.random.Generator, size: int, contrast: float) -> _Scene:
    """Folds, lumen and polyp as one height field."""
    x, y = _grid(size)
    height, depth, shadow, centre = _wall(rng, x, y)
    rho, side = _dome(rng, x, y, centre)
    inside = rho < 1
    lift = np.clip(1 - np.clip(rho, 0, 1) ** 2.4, 0, 1) ** 0.75
    field = height * (1 - 0.85 * lift) + side * (0.14 + 0.48 * contrast) * lift
    field = field + 0.0022 * _noise(rng, size, 22, 2) + 0.0022 * contrast * inside * _noise(rng, size, 14, 2)
    return _Scene(x, y, depth, shadow, rho, lift, _blur(field, 0.006 + 0.008 * (1 - contrast)), contrast)


def _lamp(rng: np.random.Generator, scene: _Scene) -> tuple[np.ndarray, np.ndarray]:
    """Diffuse light and wet highlights in [0, 1], from a lamp beside the camera."""
    size = len(scene.x)
    lamp = rng.uniform(-0.3, 0.3, 2)
    light = _unit(lamp[0] - 0.55 * scene.x, lamp[1] - 0.55 * scene.y, np.ones_like(scene.x))
    lambert = np.clip((_normals(scene.field) * light).sum(-1), 0, 1)
    near = 1 - 0.97 * np.clip(1.25 * scene.depth, 0, 1) ** 0.8
    near += 0.25 * (1 - near) * scene.lift
    shade = near * (0.30 + 0.85 * lambert**1.5) * (1 - scene.shadow * (1 - scene.lift))
    foot = np.exp(-(((scene.rho - 1.02) / 0.12) ** 2)) * (scene.rho > 0.97)  # contact shadow
    shade *= 1 - 0.32 * scene.contrast * foot
    half = light + np.array([0, 0, 1.0])
    half /= np.linalg.norm(half, axis=-1, keepdims=True)
    wet = np.clip((_normals(scene.field + 0.006 * _noise(rng, size, 30, 2)) * half).sum(-1), 0, 1) ** 90
    patch = _smoothstep(_noise(rng, size, 9, 2), 0.55, 1.5) + 0.35 * scene.contrast * scene.lift
    return shade, _blur(_smoothstep(wet * patch * near, 0.42, 0.62), 0.003)


def _albedo(rng: np.random.Generator, scene: _Scene) -> np.ndarray:
    """Colour of the tissue, (size, size, 3): mucosa with blotches and vessels, and the polyp's own red."""
    size, ease = len(scene.x), scene.contrast
    mucosa = np.array([0.90, 0.53, 0.40]) + rng.uniform(-1, 1) * np.array([0.04, 0.05, 0.05])
    red = np.array([0.90, 0.42, 0.36]) + rng.uniform(-1, 1) * np.array([0.04, 0.04, 0.04])
    tissue = mucosa + _noise(rng, size, 5, 3)[..., None] * np.array([0.015, 0.03, 0.028])
    vessels = np.exp(-np.abs(_noise(rng, size, 7, 2)) / 0.035) * np.clip(_noise(rng, size, 3) + 0.4, 0, 1)
    tissue -= (_blur(vessels, 0.0025) * (1 - 0.8 * scene.lift))[..., None] * np.array([0.10, 0.17, 0.12])
    own = red + _noise(rng, size, 26, 2)[..., None] * np.array([0.02, 0.035, 0.03])
    blend = 1 - _smoothstep(scene.rho, 0.92 - 0.35 * (1 - ease), 1.02 + 0.14 * (1 - ease))
    blend = (blend * (0.16 + 0.84 * ease))[..., None]
    return tissue * (1 - blend) + own * blend


def _aperture(rng: np.random.Generator, scene: _Scene) -> np.ndarray:
    """Octagonal field of view of the endoscope: below 1 inside, above 1 in the black frame."""
    across, diagonal = rng.uniform(0.90, 0.97), rng.uniform(1.35, 1.6)
    ax, ay = np.abs(scene.x), np.abs(scene.y)
    return np.maximum(np.maximum(ax, ay) / across, (ax + ay) / diagonal)


def lesion(seed: int, size: int = 320, *, difficulty: float = 0.5) -> tuple[np.ndarray, np.ndarray]:
    """A dermoscopy-like picture with one pigmented lesion and its exact mask.

    Args:
        seed: decides everything about the scene; the same seed gives the same bits.
        size: side in pixels of the square picture, at least 32.
        difficulty: 0 for a dark, clear lesion, 1 for a pale one with a wide soft border and many hairs.

    Returns:
        Image (size, size, 3) uint8 RGB and mask (size, size) uint8, 1 inside the lesion.

    Raises:
        ValueError: a size below 32, a negative seed, or a difficulty outside [0, 1].
    """
    _check_options(seed, size, difficulty)
    rng = np.random.default_rng([seed, 1])
    x, y = _grid(size)
    rho = _blob(rng, x, y)
    skin = np.array([0.80, 0.62, 0.53]) + rng.uniform(-1, 1) * np.array([0.07, 0.06, 0.05])
    brown = np.array([0.38, 0.23, 0.17]) + rng.uniform(-1, 1, 3) * np.array([0.07, 0.05, 0.05])
    image = skin + _noise(rng, size, 4, 3)[..., None] * np.array([0.018, 0.022, 0.02])
    image = image + (0.010 * _noise(rng, size, 40, 2))[..., None]
    soft = 0.05 + 0.22 * difficulty
    pigment = (1 - _smoothstep(rho, 1 - soft, 1 + 0.6 * soft)) * (1 - 0.72 * difficulty)
    lattice = np.exp(-np.abs(_noise(rng, size, 26, 2)) / 0.25)  # the pigment network: dark lines, pale holes
    mottle = 1 + 0.16 * _noise(rng, size, 5, 3) + 0.22 * (lattice - 0.4)
    globules = 0.35 * _smoothstep(_noise(rng, size, 20), 1.2, 1.9)
    amount = np.clip(pigment * (mottle + globules), 0, 1)[..., None]
    image = image * (1 - amount) + brown * amount
    hairs = _hairs(rng, size, int(rng.integers(0, 4) + 14 * difficulty * rng.random()))[..., None]
    image = image * (1 - 0.75 * hairs) + 0.12 * 0.75 * hairs
    reach = np.hypot(x, y)
    image *= (1.05 - 0.20 * reach**2)[..., None]
    if rng.random() < 0.4:  # the dark corners of a round field of view
        image *= 1 - 0.92 * _smoothstep(reach, rng.uniform(1.10, 1.25), 1.30)[..., None]
    image = _blur(np.clip(image, 0, 1.2), 0.002)
    image += 0.010 * cv2.GaussianBlur(rng.standard_normal(image.shape).astype(np.float32), (0, 0), 0.6)
    return np.rint(np.clip(image, 0, 1) * 255).astype(np.uint8), (rho < 1).astype(np.uint8)


def _blob(rng: np.random.Generator, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Distance from the middle of a lesion, 1 on its irregular outline."""
    side = float(np.sqrt(np.exp(rng.uniform(np.log(0.03), np.log(0.35))) * 4 / np.pi))
    px, py = rng.uniform(-0.85, 0.85, 2) * max(0.0, 0.8 - side)
    return _outline(rng, x - px, y - py, side, waves=10, wobble=0.14, slim=0.65)


def _hairs(rng: np.random.Generator, size: int, count: int) -> np.ndarray:
    """(size, size) float32 in [0, 1]: thin dark curves across the picture."""
    canvas = np.zeros((size, size), np.float32)
    along = np.linspace(0, 1, 48)[:, None]
    for _ in range(count):
        start, end, bend = rng.uniform(-0.1, 1.1, (3, 2)) * size
        middle = (start + end) / 2 + 0.35 * (bend - size / 2)
        curve = (1 - along) ** 2 * start + 2 * along * (1 - along) * middle + along**2 * end
        points = np.rint(curve * 16).astype(np.int32)
        cv2.polylines(canvas, [points], False, 1.0, max(1, size // 200), cv2.LINE_AA, 4)
    return np.clip(canvas, 0, 1)
