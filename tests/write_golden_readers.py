"""What Python makes of files and of pictures that the page reads as well: `python -m tests.write_golden_readers`.

The files under tests/golden_readers are written by nothing else. tests/test_golden_readers.py proves that Python still
gives them, and tests/web that JavaScript does. Large arrays stand there as their SHA-256.
"""

from __future__ import annotations

import base64
import dataclasses
import functools
import hashlib
import io
import json
import warnings
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image

from dbce.data.formats import InputError
from dbce.data.inputs import read_picture
from dbce.data.masks import Mask, read_labels, read_mask
from dbce.data.pairs import read_given, recognise
from dbce.data.resize import resize_image, resize_labels, resize_mask
from dbce.data.volumes import read_volume
from dbce.page import workers
from dbce.page.scans import ScanStudio
from dbce.page.studio import Studio
from dbce.study.predictor import Predictor
from dbce.tasks import IGNORE, ORGANS, POLYP
from tests import golden_files, golden_scans, golden_sets
from tests.golden_noise import noise

FOLDER = Path(__file__).resolve().parent / "golden_readers"


def digest(array: np.ndarray) -> str:
    """SHA-256 of the values of an array, low bytes first."""
    return hashlib.sha256(array.astype(array.dtype.newbyteorder("<")).tobytes()).hexdigest()


SHAPES = [(1, 1), (3, 2), (2, 3), (319, 321), (321, 319), (320, 320), (100, 100), (150, 200), (90, 700), (700, 90)]
SHAPES += [(288, 384), (384, 288), (480, 640), (500, 574), (640, 640), (960, 1280), (448, 672), (224, 448)]
"""Height and width; some are divided evenly by 320 or 224, some are enlarged, some on one side only."""


def resized() -> list[dict[str, Any]]:
    """Every shape at the size of the page and at that of a network."""
    rows = []
    for number, (height, width) in enumerate(SHAPES):
        image = noise(height * width * 3, number).reshape(height, width, 3)
        y, x = np.mgrid[:height, :width]
        labels = np.array([0, 0, 1, IGNORE], np.uint8)[noise(20_000, number)[y // 7 * 100 + x // 13] >> 6]
        for size in (320, 224):
            results = {
                "image": resize_image(image, size),
                "mask": resize_mask(labels == 1, size),
                "ignoring": resize_mask(labels, size),
                "labels": resize_labels(labels, size),
            }
            hashes = {name: digest(array) for name, array in results.items()}
            rows.append({"seed": number, "height": height, "width": width, "size": size, **hashes})
    return rows


def enlarged() -> dict[str, Any]:
    """Maps of 6 x 6 at the size of a network, 24, and from there at 40, as both tasks take them on."""
    rows = {}
    for classes in (2, 4):
        values = noise(classes * 36, classes).reshape(1, classes, 6, 6).astype(np.float32) / 16 - 8
        own = F.interpolate(torch.from_numpy(values), size=(24, 24), mode="bilinear", align_corners=False)
        wanted = own[:, 1:] - own[:, :1] if classes == 2 else own
        whole = F.interpolate(wanted, size=(40, 40), mode="bilinear", align_corners=False)
        whole = whole if classes == 2 else whole.log_softmax(dim=1)
        rows[str(classes)] = base64.b64encode(whole.numpy().astype("<f4").tobytes()).decode()
    return rows


def told(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a reader gives, or the sentence with which it refuses."""
    try:
        return work()
    except InputError as error:
        return {"error": str(error)}


def of_picture(data: bytes, name: str) -> dict[str, Any]:
    picture = read_picture(data, name)
    size, orientation = list(picture.size), picture.orientation
    return {"pixels": digest(picture.pixels), "size": size, "orientation": orientation, "notes": list(picture.notes)}


def of_mask(mask: Mask) -> dict[str, Any]:
    size = list(mask.size)
    return {"labels": digest(mask.labels), "rule": mask.sentence(), "size": size, "orientation": mask.orientation}


def decoded(data: bytes) -> str | None:
    """RGBA as a browser decodes it, of the two formats that are left to browsers."""
    if data[:3] != b"\xff\xd8\xff" and data[8:12] != b"WEBP":
        return None
    return base64.b64encode(Image.open(io.BytesIO(data)).convert("RGBA").tobytes()).decode()


def read(name: str, data: bytes) -> dict[str, Any]:
    """A file as a picture, as a mask, and as labels of organs."""
    rgba = decoded(data)
    return {
        "name": name,
        "file": base64.b64encode(zlib.compress(data, 9)).decode(),
        **({"decoded": rgba} if rgba else {}),
        "picture": told(lambda: of_picture(data, name)),
        "mask": told(lambda: of_mask(read_mask(data, name))),
        "labels": told(lambda: of_mask(read_labels(data, name, 14))),
    }


def pictures() -> list[dict[str, Any]]:
    """Every file of `tests.golden_files`."""
    return [read(name, data) for files in golden_files.FILES.values() for name, data in files()]


BY_CLASSES = {2: POLYP, 9: ORGANS}

PAIRS: list[tuple[str, str | None, int, str | None]] = [
    ("rgb.png", "hard.png", 2, None),
    ("rgb.png", "ignored.png", 2, None),
    ("rgb.png", "three.png", 2, None),
    ("rgb.png", "big.png", 2, None),
    ("exif-6.png", "hard.png", 2, None),
    ("exif-3.png", "hard.png", 2, None),
    ("rgb.png", "exif-6.png", 2, None),
    ("rgb-noise.png", None, 2, None),
    ("hard.png", None, 2, None),
    ("grey.png", None, 2, None),
    ("rgb.png", "three.png", 9, None),
    ("rgb.png", "three.png", 9, "synapse"),
    ("rgb.png", "palette-organs.png", 9, "transunet"),
    ("rgb.png", "palette-organs.png", 9, "other"),
    ("rgb.png", "integers.tif", 9, None),
    ("text.png", "hard.png", 2, None),
]
"""Image, mask, classes and numbering, of files of `tests.golden_files` by name."""

DROPPED = [
    ["rgb-noise.png", "hard.png"],
    ["hard.png", "rgb-noise.png"],
    ["hard.png"],
    ["rgb-noise.png"],
    [],
    ["hard.png", "one.png"],
    ["twelve-bits.png", "photo.png"],
    ["text.png", "hard.png"],
    ["hard.png"] * 3,
]
"""Files that are dropped together."""


def paired() -> dict[str, Any]:
    """Images with their masks, and which file is which."""
    known = {name: data for files in golden_files.FILES.values() for name, data in files()}

    def together(image: str, mask: str | None, classes: int, numbering: str | None) -> dict[str, Any]:
        pair = read_given(
            (image, known[image]), None if mask is None else (mask, known[mask]), BY_CLASSES[classes], numbering
        )
        found = {"notes": list(pair.notes), "numbering": None, "labels": None}
        if pair.mask is not None:
            found |= {"labels": digest(pair.mask.labels), "numbering": pair.mask.numbering}
        return found

    def roles(files: list[str], classes: int) -> dict[str, Any]:
        return dataclasses.asdict(recognise([(name, known[name]) for name in files], BY_CLASSES[classes]))

    pairs = [{"given": one, "found": told(functools.partial(together, *one))} for one in PAIRS]
    dropped = [
        {"files": files, "classes": classes, "found": told(functools.partial(roles, files, classes))}
        for files in DROPPED
        for classes in (2, 9)
    ]
    return {"pairs": pairs, "dropped": dropped}


def packed(file: tuple[str, bytes] | None) -> dict[str, str] | None:
    """Name and deflated bytes of a file."""
    return file and {"name": file[0], "file": base64.b64encode(zlib.compress(file[1], 9)).decode()}


def scans() -> list[dict[str, Any]]:
    """Every case of `tests.golden_scans`, at 24 pixels a side."""

    def volume(image: tuple[str, bytes], mask: tuple[str, bytes] | None, numbering: str | None) -> dict[str, Any]:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = read_volume(image[1], image[0], mask, 24, numbering)
        labels = None if found.labels is None else digest(found.labels)
        shape = [len(found.grey), *found.shape]
        texts = {"notes": list(found.notes), "numbering": found.numbering}
        return {"grey": digest(found.grey), "labels": labels, "shape": shape, "fullest": found.fullest(), **texts}

    return [
        {
            "image": packed(image),
            "mask": packed(mask),
            "numbering": numbering,
            "found": told(functools.partial(volume, image, mask, numbering)),
        }
        for image, mask, numbering in golden_scans.cases()
    ]


REQUESTS: list[tuple[str, dict[str, Any]]] = [
    ("polyp", {"image": "rgb.png"}),
    ("polyp", {"image": "exif-6.png", "mask": "ignored.png"}),
    ("polyp", {"image": "rgb.png", "mask": "ignored.png"}),
    ("polyp", {"image": "rgb.png", "mask": "empty.png"}),
    ("polyp", {"image": "hard.png", "mask": "alpha.png"}),
    ("polyp", {"example": 1, "mask": "hard.png"}),
    ("polyp", {"example": 1, "mask": "square.png"}),
    ("polyp", {"files": ["square.png"], "example": 1}),
    ("polyp", {"example": 99, "mask": "hard.png"}),
    ("polyp", {"files": ["rgb-noise.png", "hard.png"], "example": 0}),
    ("polyp", {"files": ["hard.png"], "image": "rgb-noise.png"}),
    ("polyp", {"files": ["hard.png"], "example": 0}),
    ("polyp", {"files": ["rgb-noise.png"], "example": 0, "waiting": "hard.png"}),
    ("polyp", {"files": ["big.png"], "example": 0, "waiting": "hard.png"}),
    ("polyp", {"files": ["rgb-noise.png"], "example": 0, "waiting": "big.png"}),
    ("polyp", {"files": []}),
    ("organs", {"image": "rgb.png", "mask": "three.png", "numbering": "synapse"}),
    ("organs", {"image": "rgb.png", "mask": "one.png"}),
    ("organs", {"image": "rgb.png", "mask": "red.png"}),
    ("organs", {"image": "ct.nii"}),
    ("organs", {"image": "ct.nii", "mask": "ct-labels.nii", "numbering": "synapse"}),
    ("organs", {"image": "rgb.png", "mask": "ct-labels.nii"}),
    ("organs", {"files": ["ct-labels.nii", "ct.nii"], "example": 0}),
    ("organs", {"files": ["ct.nii"], "example": 0}),
    ("organs", {"files": ["ct.nii", "ct-labels.nii", "hard.png"], "example": 0}),
]
"""Task and request of the page, its files by name."""


def opened() -> list[dict[str, Any]]:
    """What Python answers to requests where there are no networks: image, labels, title and note."""
    known = {name: data for files in golden_files.FILES.values() for name, data in files()}
    known |= {"ct.nii": golden_scans.nifti(golden_scans.HU), "ct-labels.nii": golden_scans.nifti(golden_scans.LABELS)}
    studios = {task: kind(Predictor({}, task)) for task, kind in (("polyp", Studio), ("organs", ScanStudio))}

    drawn = noise(320 * 320 * 3, 1).reshape(320, 320, 3)  # in place of an example
    studios["polyp"].examples[1] = (drawn, np.zeros((320, 320), np.uint8))

    def sent(value: Any) -> Any:
        if isinstance(value, list):
            return [sent(one) for one in value]
        return {"name": value, "data": base64.b64encode(known[value]).decode()}

    rows = []
    monkey = pytest.MonkeyPatch()
    monkey.setattr(workers, "call", lambda _name, function, *args, **_limits: function(*args))  # in this process
    for task, request in REQUESTS:
        asked = {k: v if k in ("example", "numbering") else sent(v) for k, v in request.items()}
        reply = studios[task].open_study(json.dumps(asked))
        found = {key: reply[key] for key in ("error", "waiting", "took") if key in reply}
        if "scene" in reply:
            scene = json.loads(reply["scene"])
            image = np.asarray(Image.open(io.BytesIO(base64.b64decode(scene["image"].split(",")[1]))))
            block = zlib.decompress(base64.b64decode(scene["data"]))
            where = scene["arrays"].get("labels")
            labels = where and hashlib.sha256(block[where["offset"] :][: where["length"]]).hexdigest()
            found |= {"image": digest(image), "labels": labels, "data": hashlib.sha256(block).hexdigest()}
            found |= {key: scene[key] for key in ("title", "note", "place", "numbering")}
        if "volume" in reply:
            volume = json.loads(reply["volume"])
            grey = zlib.decompress(base64.b64decode(volume["grey"]))
            found["volume"] = {"title": volume["title"], "count": volume["count"], "shape": volume["shape"]}
            found["volume"]["grey"] = hashlib.sha256(grey).hexdigest()
        rows.append({"task": task, "request": request, "found": found})
    monkey.undo()
    return rows


FILES: dict[str, Callable[[], Any]] = {
    "resize.json": resized,
    "logits.json": enlarged,
    "pictures.json": pictures,
    "pairs.json": paired,
    "scans.json": scans,
    "requests.json": opened,
    "folders.json": golden_sets.sorted_folders,
    "predictions.json": golden_sets.predicted,
    "tables.json": golden_sets.tables,
}


def text(value: Any) -> str:
    """As the files hold it."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    FOLDER.mkdir(exist_ok=True)
    for name, make in FILES.items():
        (FOLDER / name).write_text(text(make()), encoding="utf-8")
