"""A run that takes seconds: its recipe, its drawn images, and the folder they can lie in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from dbce.data.datasets import Dataset
from dbce.data.phantoms import polyp
from dbce.train.recipe import Recipe

TINY = Recipe(encoder="mobilenet_v2", encoder_weights=None, size=64, epochs=3, batch_size=4)


def drawn(count: int, size: int = 64) -> Dataset:
    """Drawn polyps, named a, b, c, ..."""
    images, labels = zip(*(polyp(seed, size) for seed in range(count)), strict=True)
    return Dataset(tuple("abcdefgh"[:count]), np.stack(images), np.stack(labels))


def written(dataset: Dataset, base: Path) -> Path:
    """The images and masks of a set as PNG, in Kvasir-SEG's layout."""
    for name in ("images", "masks"):
        (base / name).mkdir()
    for name, image, label in zip(dataset.names, dataset.images, dataset.labels, strict=True):
        Image.fromarray(image).save(base / "images" / f"{name}.png")
        Image.fromarray(label * 255).save(base / "masks" / f"{name}.png")
    return base
