"""What Python makes of folders of many files, of predictions and of tables of them, for the page's own readers."""

from __future__ import annotations

import base64
import gzip
import io
import tempfile
import zlib
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pytest
from PIL import Image

from dbce.data import predictions
from dbce.data.formats import InputError
from dbce.data.paired import pair_folders
from dbce.scores.comparison import Row, comparison_csv, groups_of
from dbce.scores.comparison_table import comparison_latex, comparison_markdown, comparison_table_csv
from dbce.study.compared import OBJECT, steps_of
from dbce.tasks import ORGANS
from tests.golden_noise import noise

SIZES = {2: 40, 9: 20}
"""Pixels a side of the grid, in place of the page's, by the number of classes."""

FOLDERS = [
    {
        "images": ["1.jpg", "2.jpg", "2b.tiff", "3.png", "odd name.webp", "n_0000.png"],
        "masks": ["1.png", "2_mask.png", "2b.bmp", "4.png", "odd name-seg.gif", "n_0000.png"],
        "predictions/a": ["1.npy", "2_pred.npz", "2b_prob.png", "odd name.npy", "n.npz", "far.npy"],
        "predictions/b b": ["1.npy", "1.png", "2.npz", "2b.png", "odd name.npy", "n.npz", "read.txt"],
    },
    {"images": ["x.png", "x.jpg", "y.png", "Thumbs.db"], "masks": ["x.png", "y.png", "y_mask.png", ".hidden.png"]},
    {
        "ISIC2018_Task1-2_Test_Input": ["ISIC_0000001.jpg", "ISIC_0000001_superpixels.png", "ISIC_0000002.jpg"],
        "ISIC2018_Task1_Test_GroundTruth": ["ISIC_0000001_segmentation.png", "ISIC_0000003_segmentation.png"],
    },
]
"""Files by folder: the images, the masks, then sets of predictions."""


def sorted_folders() -> list[dict[str, Any]]:
    """What belongs together in each of `FOLDERS`, and what is left out."""
    rows = []
    for content in FOLDERS:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name)
            for folder, files in content.items():
                (root / folder).mkdir(parents=True)
                for file in files:
                    (root / folder / file).touch()
            images, masks, *sets = (root / folder for folder in content)
            found = pair_folders(images, masks, {path.name: path for path in sets})

            def relative(path: Path, root: Path = root) -> str:
                return path.relative_to(root).as_posix()

            members = [
                [relative(one.image), relative(one.mask), {k: relative(path) for k, path in one.predictions.items()}]
                for one in found.members
            ]
            left = sorted(sentence.replace(f"{root}/", "") for sentence in found.left)
            files = [f"{folder}/{file}" for folder, names in content.items() for file in names]
            rows.append({"files": files, "members": members, "left": left, "notes": sorted(found.notes)})
    return rows


def _coarse(values: np.ndarray) -> np.ndarray:
    """In steps of 2^-20: the last bits of exponentials differ from one processor to the next."""
    return np.round(values * 2**20) / 2**20


def _arrays() -> dict[str, tuple[Any, tuple[int, int], str]]:
    """By name of a file: what it holds, the shape of its image, and what its values are said to be."""
    y, x = np.mgrid[:48, :64]
    smooth = _coarse(1 / (1 + np.exp(-(15 - np.hypot(y - 24, x - 30)) / 3)))
    rough = noise(48 * 64, 3).reshape(48, 64)
    both = np.stack([1 - smooth, smooth])
    whole, small = (48, 64), (96, 128)
    return {
        "float.npy": (smooth, whole, "auto"),
        "single.npy": (smooth.astype(np.float32)[None], whole, "auto"),
        "half.npy": (smooth.astype(np.float16), whole, "auto"),
        "fortran.npy": (np.asfortranarray(smooth), whole, "auto"),
        "classes.npy": (both.astype(np.float32), whole, "auto"),
        "last.npy": (np.moveaxis(both, 0, 2), whole, "auto"),
        "short.npy": (1 - both[:, :, :1], whole, "auto"),
        "off.npy": (both * 0.9, whole, "auto"),
        "bool.npy": (smooth > 0.5, whole, "auto"),
        "labels.npy": ((smooth > 0.5).astype(np.int64), whole, "auto"),
        "bytes.npy": ((255 * smooth).astype(np.uint8), whole, "auto"),
        "faint.npy": ((12 * smooth).astype(np.uint8), whole, "auto"),
        "deep.npy": ((65535 * smooth).astype(np.uint16), whole, "auto"),
        "logits.npy": ((30 * smooth - 12).astype(np.float32), whole, "auto"),
        "said.npy": ((30 * smooth - 12).astype(np.float32), whole, "logits"),
        "pairs.npy": (np.stack([12 - 30 * smooth, 30 * smooth - 12]), whole, "logits"),
        "square.npy": (np.resize(30 * smooth - 12, (40, 40)), whole, "logits"),
        "enlarged.npy": (smooth, small, "auto"),
        "turned.npy": (smooth.T, whole, "auto"),
        "other.npy": (smooth[:, :40], whole, "auto"),
        "grid.npy": (np.resize(smooth, (40, 40)), whole, "auto"),
        "nan.npy": (np.where(smooth > 0.9, np.nan, smooth), whole, "auto"),
        "volume.npy": (np.zeros((5, 48, 64)), whole, "auto"),
        "three.npy": ((3 * smooth).astype(np.int32), whole, "labels"),
        "one.npz": ({"anything": smooth}, whole, "auto"),
        "known.npz": ({"logits": smooth, "probabilities": both}, whole, "auto"),
        "several.npz": ({"a": smooth, "b": smooth}, whole, "auto"),
        "map.png": ((255 * smooth).astype(np.uint8), whole, "auto"),
        "deep.png": ((65535 * smooth).astype(np.uint16), whole, "auto"),
        "mask.png": ((255 * (smooth > 0.5)).astype(np.uint8), whole, "auto"),
        "grey.png": (np.repeat((255 * smooth).astype(np.uint8)[..., None], 3, 2), whole, "auto"),
        "map.nii.gz": (smooth.astype(np.float32), whole, "auto"),
        "map.nii": ((255 * smooth).astype(np.uint8), whole, "auto"),
        "slices.nii.gz": (np.stack([smooth] * 3), whole, "auto"),
        "colour.png": (np.stack([rough, rough.T.reshape(48, 64), rough // 2], 2), whole, "auto"),
    }


def _organs() -> dict[str, tuple[Any, tuple[int, int], str]]:
    """The same of a task of nine classes."""
    y, x = np.mgrid[:12, :16]
    away = _coarse(np.stack([np.hypot(y - 1.5 * c, x - 2 * c) for c in range(9)]))
    logits = -away / 2
    soft = _coarse(np.exp(logits) / np.exp(logits).sum(axis=0))
    labels = away.argmin(axis=0).astype(np.uint8)
    whole = (12, 16)
    return {
        "softmax.npz": ({"probabilities": soft[:, None].astype(np.float32), "other": labels}, whole, "auto"),
        "last.npy": (np.moveaxis(soft, 0, 2), whole, "auto"),
        "enlarged.npy": (soft, (24, 32), "auto"),
        "logits.npy": (logits, whole, "logits"),
        "asked.npy": (logits, whole, "auto"),
        "flat.npy": (soft, whole, "labels"),
        "off.npy": (soft * 0.9, whole, "auto"),
        "two.npy": (soft[:2], whole, "auto"),
        "one.npy": (soft[1], whole, "probabilities"),
        "half.npy": (soft[1], whole, "auto"),
        "bare.npy": (logits[1], whole, "logits"),
        "labels.png": (labels, whole, "auto"),
        "long.npy": (labels.astype(np.int64), whole, "auto"),
        "real.npy": (labels.astype(np.float32), whole, "auto"),
        "many.png": (labels + np.uint8(3), whole, "auto"),
        "said.png": (labels + np.uint8(3), whole, "labels"),
        "labels.nii.gz": (labels, whole, "auto"),
        "turned.nii": (labels.T, whole, "auto"),
        "volume.nii.gz": (np.stack([labels] * 4), whole, "auto"),
    }


def _nifti(content: np.ndarray, name: str) -> bytes:
    """Slices as `dbce.data.nifti` shows them, as a file whose axes run to the right, to the front and to the head."""
    volume = (content if content.ndim == 3 else content[None])[::-1, ::-1, ::-1].transpose(2, 1, 0)
    data = nib.Nifti1Image(np.ascontiguousarray(volume), np.diag([1.0, 1, 1, 1])).to_bytes()
    return gzip.compress(data, mtime=0) if name.endswith(".gz") else data


def _bytes(name: str, content: Any) -> bytes:
    if ".nii" in name:
        return _nifti(content, name)
    file = io.BytesIO()
    if name.endswith(".npz"):
        np.savez_compressed(file, **content)
    elif name.endswith(".npy"):
        np.save(file, content)
    else:
        Image.fromarray(content).save(file, "PNG")
    return file.getvalue()


def predicted() -> list[dict[str, Any]]:
    """Each of some files on the grid, in steps, or why it cannot be used."""
    rows = []
    monkey = pytest.MonkeyPatch()
    with tempfile.TemporaryDirectory() as folder:
        cases = [(OBJECT, *case) for case in _arrays().items()] + [(ORGANS, *case) for case in _organs().items()]
        for task, name, (content, shape, values) in cases:
            size = SIZES[task.num_classes]
            monkey.setattr(predictions, "WORK_SIZE", size)
            path = Path(folder) / name
            path.write_bytes(_bytes(name, content))
            packed = base64.b64encode(zlib.compress(path.read_bytes(), 9)).decode()
            found: dict[str, Any]
            try:
                raw = predictions.read_file(path, task)
                kind = predictions.decide_kind([raw], task, values)
                made = predictions.to_grid(raw, kind, shape, task)
                steps = base64.b64encode(zlib.compress(steps_of(made.logits).astype("<i2").tobytes(), 9)).decode()
                found = {"kind": made.kind, "note": made.note, "steps": steps}
            except InputError as error:
                found = {"error": str(error)}
            asked = {"shape": shape, "size": size, "values": values, "classes": task.num_classes}
            rows.append({"name": name, "file": packed, **asked, "found": found})
    monkey.undo()
    return rows


SETS = ("ce", 'net_1, "best" & 50 %', "flat")
"""The last is a label map."""


def tables() -> list[dict[str, Any]]:
    """Rows of images, and the tables of them."""
    return [_tables(*case) for case in ((1, False), (5, False), (7, False), (31, False), (40, True), (12, True))]


def _tables(count: int, grouped: bool) -> dict[str, Any]:
    rows, members = [], []
    for k in range(count):
        parts = noise(100, 100 * count + k) / 255
        score = [
            dict(zip(("dice", "iou", "precision", "recall"), map(float, parts[4 * n :]), strict=False))
            for n in range(3)
        ]
        blank = count == 7 and k == 3  # an image without a mask
        scores = {} if blank else dict(zip(SETS, score, strict=True))
        pixels = 102400 - 100 * k
        bins = {
            name: np.rint(np.outer(parts[20 + 30 * n :][:10], [400, 260, 190]) * [1, 1, parts[15 + n]])
            for n, name in enumerate(SETS[:2])
        }
        brier = {name: round(900 * float(parts[90 + n]), 2) for n, name in enumerate(SETS[:2])}
        sure: dict[str, Any] = {} if blank else {"bins": bins, "brier": brier}
        area = None if blank else float(parts[12])
        rows.append(Row(f"image {k}", area, scores, float(parts[13]), held=(0, 0 if blank else pixels), **sure))
        members.append(f"of {k % 9 if count == 40 else k % 4}" if grouped else str(k))
    groups = groups_of(rows, members)
    return {
        "rows": [
            {
                "name": row.name,
                "area": row.area,
                "scores": row.scores,
                "disagreement": row.disagreement,
                "pixels": row.held[1],
                "sure": {
                    name: {"bins": row.bins[name].ravel().tolist(), "brier": row.brier[name]} for name in row.bins
                },
            }
            for row in rows
        ],
        "members": members,
        "groups": [
            {"title": group.title, "count": group.count, "draws": group.draws, "clusters": group.clusters}
            for group in groups
        ],
        "csv": comparison_csv(rows),
        "table": comparison_table_csv(groups),
        "markdown": comparison_markdown(groups),
        "latex": comparison_latex(groups),
    }
