"""What the page asks of Python: examples and visitors' files become scenes, and views become files."""

from __future__ import annotations

import base64
import dataclasses
import functools
import json
import logging
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from dbce.data import inputs, pairs
from dbce.page import workers
from dbce.page.limits import GENERIC
from dbce.page.scene import scene
from dbce.page.views import file_name, read_view, shown
from dbce.registry import added_losses, resolve
from dbce.study import export
from dbce.study.predictor import Predictor
from dbce.study.studies import Study
from dbce.study.view import Measured, View
from dbce.study.words import NEEDS_MASK
from dbce.tasks import IGNORE, WORK_SIZE

log = logging.getLogger(__name__)


@dataclasses.dataclass(frozen=True)
class Opened:
    """An image that was opened: what the networks say of it, its caption, its height and width as it came, its name,
    and for a slice of a scan its number and that of all slices; sentences on how its files were read; and the numbering
    of its labels, if they could be in the other one as well; and whether it is an example, which many ask for."""

    study: Study
    title: str
    shape: tuple[int, int]
    name: str
    place: tuple[int, int] | None = None
    notes: tuple[str, ...] = ()
    numbering: str | None = None
    example: bool = False

    @property
    def named(self) -> str:
        """Its name, and that of its slice."""
        return self.name if self.place is None else f"{self.name}, slice {self.place[0] + 1}"


def answer_page(method: Callable[..., dict[str, Any]]) -> Callable[..., dict[str, Any]]:
    """Decode a request, and turn what goes wrong into ``{"error": sentence}``."""

    @functools.wraps(method)
    def asked(self: Any, request: str) -> dict[str, Any]:
        try:
            return method(self, _decode(request))
        except inputs.InputError as error:
            return {"error": str(error).encode("utf-8", "replace").decode()}
        except Exception:
            log.exception("request failed")
            return {"error": GENERIC}

    return asked


def _decode(request: Any) -> dict[str, Any]:
    """A request as the page sends it, an object as JSON text -> the object."""
    if not isinstance(request, str):
        raise inputs.InputError(f"The request is {shown(request)}; it must be a JSON text. Reload the page.")
    try:
        fields = json.loads(request)
    except (ValueError, RecursionError) as error:  # cut short, nested too deep, a number of thousands of digits
        raise inputs.InputError("The request is not JSON that can be read; reload the page.") from error
    if not isinstance(fields, dict):
        raise inputs.InputError(f"The request is {shown(fields)}; it must be a JSON object. Reload the page.")
    return fields


class Studio:
    """Answers the page, and keeps nothing of what a visitor sends.

    Args:
        predictor: the networks of one task.
        measured: what was measured of them.
        pictures: image and mask of a test set that lies on this machine, numbered on from the examples.
    """

    def __init__(
        self, predictor: Predictor, measured: Measured | None = None, pictures: Sequence[tuple[Path, Path]] = ()
    ) -> None:
        self.predictor, self.measured = predictor, measured or Measured()
        self.examples = self._drawings()
        self.pictures = pictures
        self.example = functools.lru_cache(maxsize=len(self.examples))(self._example)

    def _drawings(self) -> list[tuple[np.ndarray, np.ndarray]]:
        """Image and labels of every example."""
        draw, task = resolve(self.predictor.task.draw), self.predictor.task
        return [draw(seed, WORK_SIZE, difficulty=difficulty) for seed, difficulty in task.examples]

    def title(self, index: int) -> str:
        """Caption of an example."""
        return f"Drawn example {index + 1} of {len(self.examples)}, not a patient"

    def _example(self, index: int) -> Opened:
        image, mask = self.examples[index]
        study = self.predictor.set_image(image, mask)
        return Opened(study, self.title(index), mask.shape, example_name(index), example=True)

    def open(
        self,
        image: tuple[str, bytes],
        mask: tuple[str, bytes] | None = None,
        number: int = -1,
        labels_in: str | None = None,
    ) -> Opened:
        """Files with their names -> an opened image.

        Args:
            image: name and bytes.
            mask: of its mask, or None.
            number: the slice of a scan, where there are scans.
            labels_in: numbering of the labels, of `dbce.data.numbering.NUMBERINGS`, where there are several classes.

        Raises:
            InputError: a file that cannot be read, or a mask that does not belong to the image.
        """
        pair = workers.call(
            image[0] if mask is None else f"{image[0]} with {mask[0]}",
            pairs.read_given,
            image,
            mask,
            self.predictor.task,
            labels_in,
            seconds=2 * workers.PICTURE_SECONDS,  # for two files; one alone is tried as a mask as well
        )
        width, height = pair.picture.size
        return self._opened(pair, image[0], f"{image[0]}, {width} \u00d7 {height} px", mask)

    def _opened(self, pair: pairs.Pair, name: str, title: str, mask: tuple[str, bytes] | None) -> Opened:
        """What the networks say of an image, which may have a mask that was read from this file."""
        labels = None if pair.mask is None else pair.mask.labels
        if labels is not None and mask is not None:
            title += f", mask {mask[0]}"
            if not _holds_object(labels):
                raise inputs.InputError(f"{mask[0]} marks no object: every pixel is background or ignored.")
        study = self.predictor.set_image(pair.picture.pixels, labels)
        if mask is not None and study.labels is not None and not _holds_object(study.labels):
            raise inputs.InputError(
                f"The object in {mask[0]} vanishes at {WORK_SIZE} x {WORK_SIZE}: it is smaller than a pixel there. "
                "Crop the image around it."
            )
        numbering = None if pair.mask is None else pair.mask.numbering
        shape, name = pair.picture.pixels.shape[:2], inputs.plain_name(name)
        return Opened(study, title, shape, name, notes=pair.notes, numbering=numbering)

    def _recognised(self, request: dict[str, Any]) -> tuple[dict[str, Any], pairs.Roles]:
        """Files that were dropped, sorted into image and mask, and which is which."""
        given = request["files"]
        if not isinstance(given, list):
            raise inputs.InputError("The files did not arrive whole; drop them again.")
        roles = self._roles([self._file(file) for file in given])
        base = {key: value for key, value in request.items() if key not in ("files", "waiting")}
        if roles.image is not None:
            base = {"image": given[roles.image]}
        if roles.mask is not None:
            base["mask"] = given[roles.mask]
            base.pop("numbering", None)  # other labels may be in another one
        return base, roles

    def _file(self, entry: dict[str, Any]) -> pairs.File:
        return inputs.decode_file(entry)

    def _roles(self, files: list[pairs.File]) -> pairs.Roles:
        names = " and ".join(name for name, _ in files[:2]) or "What was dropped"
        seconds = 2 * workers.PICTURE_SECONDS * min(2, len(files))  # each file is tried as a mask and as a picture
        return workers.call(names, pairs.recognise, files, self.predictor.task, seconds=seconds)

    def _requested(self, request: dict[str, Any]) -> Opened:
        """``{"example": i}`` or ``{"image": file}``, either with ``"mask": file`` and perhaps its ``"numbering"``."""
        mask = inputs.decode_file(request["mask"]) if request.get("mask") else None
        labels_in = request.get("numbering")
        if "image" in request:
            return self.open(inputs.decode_file(request["image"]), mask, labels_in=labels_in)
        index = request.get("example")
        most = len(self.examples) + len(self.pictures)
        if isinstance(index, bool) or not isinstance(index, int) or not 0 <= index < most:
            raise inputs.InputError("Choose one of the examples, or open an image.")
        if index >= len(self.examples):
            image_path, mask_path = self.pictures[index - len(self.examples)]
            mask = mask or (mask_path.name, mask_path.read_bytes())
            return self.open((image_path.name, image_path.read_bytes()), mask, labels_in=labels_in)
        if mask is None:
            return self.example(index)
        image = self.examples[index][0]
        picture = inputs.Picture(image, (image.shape[1], image.shape[0]))
        read = workers.call(mask[0], pairs.read_any, mask, self.predictor.task, labels_in)
        notes = (*pairs.fit(picture, read, "the example", mask[0]), *pairs.say(read))
        return self._opened(pairs.Pair(picture, read, notes), example_name(index), self.title(index), mask)

    @answer_page
    def open_study(self, request: dict[str, Any]) -> dict[str, Any]:
        """A request as of `_requested`, as JSON -> ``{"scene": JSON}`` or ``{"error": sentence}``.

        With ``"files": [file, ...]`` the image and the mask are told from each other here; a mask alone is added to
        what the rest of the request asks for. ``"took"`` then says which is which. A mask that does not fit comes
        back as ``"waiting"``: when the page sends it as such with the next file, it is taken if it is of that.
        """
        if "files" not in request:
            return self._scene(request)
        sorted_, roles = self._recognised(request)
        took = {"image": roles.image, "mask": roles.mask}
        try:
            if roles.mask is None and request.get("waiting"):
                try:
                    reply = self._scene(
                        {**sorted_, "mask": request["waiting"]}, "with the mask that was dropped before"
                    )
                    return {**reply, "took": {**took, "mask": "waiting"}}
                except inputs.InputError:
                    pass  # of another image
            return {**self._scene(sorted_, roles.sentence), "took": took}
        except inputs.InputError as error:
            if roles.image is not None:
                raise
            return {"error": f"{error} Or drop its image now: then both are opened.", "waiting": True}

    def _scene(self, request: dict[str, Any], said: str = "") -> dict[str, str]:
        """What `open_study` answers to a request whose files are sorted; ``said`` is how."""
        return {"scene": described(self._requested(request), said)}

    @answer_page
    def export_view(self, request: dict[str, Any]) -> dict[str, str]:
        """``{"of": request, "labels": bits painted in the page or null, "view": as of `read_view`, "kind": suffix}``.

        Beside ``labels``, ``ignored`` may hold the bits of the pixels that do not count.

        Returns:
            ``{"name", "type", "data" (base64)}`` or ``{"error": sentence}``.
        """
        of, kind = request.get("of"), request.get("kind")
        if not isinstance(of, dict):
            raise inputs.InputError(f"of is {shown(of)}; it must be the request that opened the image.")
        view = read_view(request.get("view"), self.predictor)
        formats = export.formats_of(view.figure)
        if not formats:
            raise inputs.InputError(f"Of the tab {view.figure} the server has no file; choose another tab.")
        if not isinstance(kind, str) or kind not in formats:
            raise inputs.InputError(f"The format must be one of {', '.join(formats)}.")
        if view.figure == "results":
            if not (self.measured.results or self.measured.findings):
                raise inputs.InputError("Nothing was measured of these networks: there is no table to take along.")
            return self._answer(export.render_results(self.measured, kind), view, kind)
        opened = self._requested(of)
        study = opened.study
        if request.get("labels") and not self.predictor.task.several:
            labels = _labels(request["labels"])
            if request.get("ignored"):
                labels[_labels(request["ignored"]) == 1] = IGNORE
            study = dataclasses.replace(study, labels=labels)
        if study.labels is None and self._needs_mask(view, kind):
            raise inputs.InputError(NEEDS_MASK)
        data = export.render(study, view, kind, opened.shape, opened.named, self.measured)
        return self._answer(data, view, kind, opened.named)

    def _needs_mask(self, view: View, kind: str) -> bool:
        """Whether a file cannot be made without one: what was measured, and predictions, can be seen without."""
        if view.figure == "radius":
            return kind not in ("npz", "zip") and not self.measured.radius_curve
        return kind == "csv" or (kind in export.FIGURES and view.figure == "anatomy")

    def _answer(self, data: bytes, view: View, kind: str, image: str = "") -> dict[str, str]:
        name = file_name(view, kind, image, self.predictor.task.name)
        return {"name": name, "type": export.FORMATS[kind], "data": base64.b64encode(data).decode()}


def example_name(index: int) -> str:
    """What an example is called in files."""
    return f"example {index + 1}"


def _holds_object(labels: np.ndarray) -> bool:
    return bool(((labels > 0) & (labels != IGNORE)).any())


def described(opened: Opened, said: str = "", missing: str = "No mask yet") -> str:
    """The scene of an opened image, with how its files were taken and read, and what is missing, in its note."""
    taken = [f"Taken: {said}."] if said else []
    note = " ".join([*taken, *opened.notes, *([] if opened.study.labels is not None else [missing])])
    level = 9 if opened.example else 1
    place, numbering, shape = opened.place, opened.numbering, opened.shape
    return scene(opened.study, opened.title, note, place, numbering, shape, level, added_losses())


def _labels(text: Any) -> np.ndarray:
    """Bits in base64, row by row, the highest first -> (WORK_SIZE, WORK_SIZE) uint8 0/1."""
    try:
        bits = np.unpackbits(np.frombuffer(base64.b64decode(text, validate=True), np.uint8))
        return bits.reshape(WORK_SIZE, WORK_SIZE)
    except (TypeError, ValueError) as error:
        raise inputs.InputError("The painted mask did not arrive whole; try again.") from error
