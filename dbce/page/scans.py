"""The studio of the organ task: scans instead of pictures, of which the page sees a slice at a time."""

from __future__ import annotations

import base64
import functools
import json
import zlib
from typing import Any

import numpy as np

from dbce.data import ct, inputs, pairs, volumes
from dbce.data.stack import MAX_SIDE
from dbce.page import workers
from dbce.page.studio import Opened, Studio, described, example_name
from dbce.page.views import shown
from dbce.registry import resolve
from dbce.study.predictor import Predictor
from dbce.study.view import Measured
from dbce.tasks import IGNORE, WORK_SIZE

_PIXELS = WORK_SIZE * WORK_SIZE


class ScanStudio(Studio):
    """Answers the page for tasks of scans, and keeps nothing of what a visitor sends.

    A volume goes to the page whole, as grey slices at ``WORK_SIZE``; from there one slice at a time comes back
    to be segmented. So nothing waits here between two requests.

    Args:
        predictor: the networks of the task.
        measured: what was measured of them.
    """

    def __init__(self, predictor: Predictor, measured: Measured | None = None) -> None:
        super().__init__(predictor, measured)
        self.phantom = functools.lru_cache(maxsize=24)(self._phantom)

    def _drawings(self) -> list[tuple[np.ndarray, np.ndarray]]:
        return [self._drawn(*example) for example in self.predictor.task.examples]

    def _drawn(self, seed: int, number: float) -> tuple[np.ndarray, np.ndarray]:
        """Image and labels of a slice."""
        hu, labels = resolve(self.predictor.task.draw)(seed, WORK_SIZE, [int(number)])
        return _rgb(ct.window(hu[0])), labels[0]

    def title(self, index: int) -> str:
        """Caption of an example."""
        return f"CT phantom {index + 1} of {len(self.examples)}, drawn, not a patient"

    def _phantom(self, index: int, number: int) -> Opened:
        seed, first = self.predictor.task.examples[index]
        image, labels = self._drawn(seed, number)
        study = self.predictor.set_image(image, labels)
        title = f"{self.title(index)}, slice {number + 1} of {ct.SLICES}"
        place = number, ct.SLICES
        return Opened(study, title, labels.shape, example_name(index), place, example=number == int(first))

    def open(
        self,
        image: tuple[str, bytes],
        mask: tuple[str, bytes] | None = None,
        number: int = -1,
        labels_in: str | None = None,
    ) -> Opened:
        """A picture of a slice, or a volume of which one slice is taken (the one with most in it by default)."""
        if not volumes.is_volume(*image):
            return super().open(image, mask, labels_in=labels_in)
        volume = _read_scan(image, mask, labels_in)
        if number >= len(volume.grey):
            raise inputs.InputError(f"slice is {shown(number)}; {image[0]} has the slices 0 to {len(volume.grey) - 1}.")
        number = volume.fullest() if number < 0 else number
        title = f"{image[0]}, slice {number + 1} of {len(volume.grey)}"
        labels = None if volume.labels is None else volume.labels[number]
        study = self.predictor.set_image(_rgb(volume.grey[number]), labels)
        place = (number, len(volume.grey))
        return Opened(study, title, volume.shape, inputs.plain_name(image[0]), place, volume.notes, volume.numbering)

    def _file(self, entry: dict[str, Any]) -> pairs.File:
        return inputs.decode_file(entry, volumes.MAX_BYTES)

    def _roles(self, files: list[pairs.File]) -> pairs.Roles:
        """Scans are told from their labels by name; where neither is called so, the second is the labels."""
        if not any(volumes.is_volume(*file) for file in files) or len(files) > 2:
            return super()._roles(files)
        if len(files) == 1:
            return pairs.Roles(0, None, "")
        names = [name for name, _ in files]
        mask = 0 if pairs.named_mask(names[0]) and not pairs.named_mask(names[1]) else 1
        return pairs.Roles(1 - mask, mask, f"{names[1 - mask]} as the scan, {names[mask]} as its labels")

    def _requested(self, request: dict[str, Any]) -> Opened:
        """As of `Studio`, or ``{"example": i, "slice": k}``, or ``{"plane": a slice as the page holds it}``."""
        if "plane" in request:
            return self._plane(request["plane"])
        number = request.get("slice")
        if request.get("mask") or "image" in request or not isinstance(request.get("example"), int):
            return super()._requested(request)
        index = request["example"]
        if isinstance(index, bool) or not 0 <= index < len(self.examples):
            raise inputs.InputError("Choose one of the examples, or open an image.")
        if number is None:
            number = int(self.predictor.task.examples[index][1])
        if isinstance(number, bool) or not isinstance(number, int) or not 0 <= number < ct.SLICES:
            raise inputs.InputError(f"slice is {shown(number)}; it must be a whole number from 0 to {ct.SLICES - 1}.")
        return self.phantom(index, number)

    def _plane(self, plane: Any) -> Opened:
        """``{"grey", "labels" or null, "title", "name", "place": [k, n], "shape": [height, width]}`` of a scan."""
        try:
            grey = _unpack(plane["grey"])
            labels = None if plane.get("labels") is None else _unpack(plane["labels"])
            (number, count), (height, width) = plane["place"], plane["shape"]
            place, shape = (int(number), int(count)), (int(height), int(width))
            title = str(plane["title"])[:200]
            name = inputs.plain_name(str(plane.get("name", "scan")))
        except (KeyError, TypeError, ValueError, OverflowError, RecursionError, zlib.error) as error:
            raise inputs.InputError("The slice did not arrive whole; try again.") from error
        if not 0 <= place[0] < place[1] < 100_000:
            raise inputs.InputError(f"The slice claims to be number {shown(place[0])} of {shown(place[1])}; try again.")
        if not (0 < shape[0] <= MAX_SIDE and 0 < shape[1] <= MAX_SIDE):
            claimed = f"{shown(shape[1])} x {shown(shape[0])}"
            raise inputs.InputError(f"The slice claims {claimed} pixels; at most {MAX_SIDE} a side.")
        if labels is not None and labels[labels != IGNORE].max(initial=0) >= self.predictor.task.num_classes:
            raise inputs.InputError("The slice holds labels that this task does not know; open the labels again.")
        return Opened(self.predictor.set_image(_rgb(grey), labels), title, shape, name, place)

    def _scene(self, request: dict[str, Any], said: str = "") -> dict[str, str]:
        """As of `Studio`; for a volume also ``"volume"``: what the page needs to ask for its slices."""
        if not isinstance(request.get("image"), dict):
            return super()._scene(request, said)
        name, data = inputs.decode_file(request["image"], volumes.MAX_BYTES)
        if not volumes.is_volume(name, data):
            return super()._scene(request, said)
        mask = inputs.decode_file(request["mask"], volumes.MAX_BYTES) if request.get("mask") else None
        volume = _read_scan((name, data), mask, request.get("numbering"))
        number, count = volume.fullest(), len(volume.grey)
        labels = None if volume.labels is None else volume.labels[number]
        title = f"{name}, {volume.shape[1]} \u00d7 {volume.shape[0]} px" + (f", labels {mask[0]}" if mask else "")
        study = self.predictor.set_image(_rgb(volume.grey[number]), labels)
        content = {
            "title": title,
            "name": name,
            "count": count,
            "numbering": volume.numbering,
            "shape": volume.shape,
            "grey": _pack(volume.grey),
            "labels": None if volume.labels is None else _pack(volume.labels),
        }
        caption = f"{title}, slice {number + 1} of {count}"
        opened = Opened(study, caption, volume.shape, name, (number, count), volume.notes, volume.numbering)
        return {"volume": json.dumps(content), "scene": described(opened, said, "No labels yet")}


def _read_scan(image: pairs.File, mask: pairs.File | None, labels_in: str | None) -> volumes.Volume:
    """Names and bytes of a scan and perhaps its labels -> a volume; see `dbce.data.volumes.read_volume`."""
    name, data = image
    limits: dict[str, Any] = {"seconds": workers.SCAN_SECONDS, "memory": workers.SCAN_BYTES}
    return workers.run(volumes.read_volume, data, name, mask, WORK_SIZE, labels_in, **limits)


def _rgb(grey: np.ndarray) -> np.ndarray:
    """(H, W) -> (H, W, 3)"""
    return np.repeat(grey[..., None], 3, axis=2)


def _pack(array: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(array.tobytes(), 1)).decode()


def _unpack(text: str) -> np.ndarray:
    """Deflated bytes in base64 -> (WORK_SIZE, WORK_SIZE) uint8; inflates no more than that."""
    data = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), _PIXELS + 1)
    return np.frombuffer(data, np.uint8).reshape(WORK_SIZE, WORK_SIZE).copy()
