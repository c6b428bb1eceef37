"""The app as an API: two endpoints for `gradio_client`; the page itself does not use them."""

# no `from __future__ import annotations`: gradio reads the types of the endpoints from their functions

import functools
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import gradio as gr

from dbce.data import inputs
from dbce.page import cache
from dbce.page.desk import queued
from dbce.page.limits import GENERIC
from dbce.page.studio import Opened, Studio
from dbce.page.turns import Turns
from dbce.page.views import read_view, shown
from dbce.study import export
from dbce.study.studies import LabelStudy
from dbce.study.view import View, figures_of
from dbce.tasks import DEFAULT

log = logging.getLogger(__name__)


def answer_client(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn what goes wrong in an endpoint into one sentence for the client; the log has a traceback of our faults."""

    @functools.wraps(method)
    def asked(*arguments: Any) -> Any:
        try:
            return method(*arguments)
        except inputs.InputError as error:
            raise gr.Error(str(error), print_exception=False) from error
        except Exception as error:
            log.exception("request failed")
            raise gr.Error(GENERIC, print_exception=False) from error

    return asked


class API:
    """Answers programs as `Studio` answers the page.

    Args:
        studio: the same that serves the page.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def loss_maps(
        self,
        image: Any,
        mask: Any,
        loss: str = "dbce",
        radius: float = 20,
        weighting: str = "dilated",
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Fig. 1 as arrays: every map of an image and its mask, at 320 x 320.

        Args:
            image: an uploaded image file, as `_read_upload` takes it.
            mask: its mask.
            loss: whose shares of the loss are returned: "ce", "bce" (balanced), "dice_ce" or "dbce".
            radius: of the disk, 0 to 150 px at 320 x 320.
            weighting: "none", "balanced" (by the image's own areas), "balanced_set" (by the class frequencies of the
                data set that the networks learnt from), "unet" or "dilated".
            slice: of a scan, from 0; -1 for the one with the most organs in it. Pictures have none.
            numbering: of the labels of organs, "transunet" or "synapse"; "": as their values tell.

        Returns:
            An ``.npz`` as of `dbce.study.export.maps`, and the parts of the weight and of the loss that fall on
            object, rim and far background; and ``"notes"``: sentences on how the files were read.
        """
        view = self._view({"loss": loss, "radius": radius, "weighting": weighting})  # before anything is read
        opened = self._open(image, mask, slice, numbering)
        if opened.study.labels is None:
            raise inputs.InputError("A loss map compares a prediction with a mask; give a mask.")
        numbers = {
            "weight_shares": opened.study.shares(radius, weighting),
            "loss_shares": opened.study.loss_shares(loss, radius, weighting),
            "notes": list(opened.notes),
        }
        return self._file(opened, view), numbers

    def compare(
        self,
        image: Any,
        mask: Any = None,
        threshold: float = 0.5,
        radius: float = 20,
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[gr.FileData, dict[str, Any]]:
        """Figs. 2 and 3 as arrays and numbers: the four networks on one image.

        Args:
            image: an uploaded image file, as `_read_upload` takes it.
            mask: its mask, or None.
            threshold: probability that a prediction must exceed, 0 to 1.
            radius: how far the rim reaches, 0 to 150 px at 320 x 320.
            slice: of a scan, as of `loss_maps`.
            numbering: as of `loss_maps`.

        Returns:
            An ``.npz`` as of `dbce.study.export.maps`, and ``{"scores", "errors"}`` by loss with a mask, else
            ``{"agreement"}``: Dice between every two predictions; in both cases ``"notes"`` as of `loss_maps`.
        """
        figure = figures_of(self.studio.predictor.task)[1]
        loss = next(iter(self.studio.predictor.checkpoints))  # every network is in the answer
        view = self._view({"figure": figure, "loss": loss, "threshold": threshold, "radius": radius})
        opened = self._open(image, mask, slice, numbering)
        study = opened.study
        if study.labels is None:
            pairs = study.agreement(threshold).items()
            agreement = {f"{a} {b}": value for (a, b), value in pairs}
            return self._file(opened, view), {"agreement": agreement, "notes": list(opened.notes)}
        classes = {}
        if isinstance(study, LabelStudy):
            classes["classes"] = {name: study.class_scores(name) for name in study.logits}
        return self._file(opened, view), {
            **classes,
            "scores": {name: study.scores(name, threshold) for name in study.logits},
            "errors": {name: study.errors(name, radius, threshold) for name in study.logits},
            "notes": list(opened.notes),
        }

    def _open(self, image: Any, mask: Any, number: Any, numbering: Any) -> Opened:
        if image is None:
            raise inputs.InputError("No image was given; pass gradio_client.handle_file(path).")
        whole = number.is_integer() if isinstance(number, float) else type(number) is int
        if not whole or number < -1:
            raise inputs.InputError(f"slice is {shown(number)}; it must be a whole number, -1 for the fullest slice.")
        files = _read_upload(image, "image"), None if mask is None else _read_upload(mask, "mask")
        return self.studio.open(*files, int(number), numbering or None)

    def _view(self, fields: dict[str, Any]) -> View:
        return read_view(fields, self.studio.predictor)

    def _file(self, opened: Opened, view: View) -> gr.FileData:
        """Written to the folder that the client fetches it from, and soon deleted there; see `dbce.page.cache`."""
        path = cache.put("maps.npz", export.render(opened.study, view, "npz", opened.shape))
        return gr.FileData(path=str(path), orig_name=path.name, size=path.stat().st_size)


def _read_upload(file: Any, what: str) -> tuple[str, bytes]:
    """A file as gradio's clients upload and name it, ``{"path": ...}`` -> its name and bytes.

    Raises:
        InputError: another form, a file that was not uploaded, or that is no longer here.
    """
    path = file.get("path") if isinstance(file, dict) else None
    if not isinstance(path, str):
        raise inputs.InputError(f"{what} is {shown(file)}; it must be a file: gradio_client.handle_file(path).")
    try:
        place = Path(path).resolve()
        if not place.is_relative_to(cache.uploads().resolve()):
            raise inputs.InputError(f"{what} is no file that was uploaded here; pass gradio_client.handle_file(path).")
        return inputs.plain_name(place.name), place.read_bytes()
    except (OSError, ValueError) as error:
        if isinstance(error, inputs.InputError):
            raise
        words = f"The {what} is not here, or no longer: uploads are soon deleted. Send it again."
        raise inputs.InputError(words) from error


class Blocks(gr.Blocks):
    """gradio's Blocks, whose endpoints answer a call that does not fit with one sentence and no traceback."""

    def __exit__(self, *how: Any) -> None:
        """As of gradio, which describes every component anew for every visitor: a viewer's script took it 20 ms."""
        super().__exit__(*how)
        for block in self.blocks.values():
            if isinstance(block, gr.HTML):
                vars(block)["get_config"] = functools.partial(dict, block.get_config())

    def validate_inputs(self, block_fn: Any, inputs: list[Any]) -> None:
        """Values that are missing at the end take their defaults; too many are refused."""
        known = [block.label for block in block_fn.inputs]
        if len(inputs) > len(known):
            raise gr.Error(f"{len(inputs)} values came; this endpoint takes {len(known)}.", print_exception=False)
        inputs += [block.value for block in block_fn.inputs[len(inputs) :]]

    async def preprocess_data(self, block_fn: Any, inputs: list[Any], *arguments: Any, **named: Any) -> list[Any]:
        """As of gradio, which checks here that the files named in a request were uploaded; none is fetched."""
        try:
            if any(str(path).startswith(("http:", "https:")) for path in _paths(inputs)):  # gradio would fetch it
                raise ValueError("the address of a file")
            return await super().preprocess_data(block_fn, inputs, *arguments, **named)
        except gr.Error:
            raise
        except Exception as error:
            words = "A value is no file that was uploaded here; pass gradio_client.handle_file(path)."
            raise gr.Error(words, print_exception=False) from error


def _paths(value: Any) -> Iterator[Any]:
    """What a JSON value names as ``path``, however deep."""
    if isinstance(value, dict):
        yield value.get("path")
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from _paths(part)


def add_endpoints(studio: Studio, turns: Turns) -> None:
    """Add ``/loss_maps`` and ``/compare`` to the page in whose context this is called.

    Those of another task than polyps carry its name: ``/lesion_loss_maps``, ``/organs_compare``.
    """
    api = API(studio)
    task = studio.predictor.task
    prefix = "" if task.name == DEFAULT else f"{task.name}_"
    ours = [name for name in studio.predictor.checkpoints if name not in studio.predictor.guests]
    default = (ours or list(studio.predictor.checkpoints))[-1]

    @answer_client
    def loss_maps(
        image: gr.FileData,
        mask: gr.FileData | None = None,
        loss: str = default,
        radius: float = task.radius,
        weighting: str = "dilated",
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[gr.FileData, dict]:
        return api.loss_maps(image, mask, loss, radius, weighting, slice, numbering)

    @answer_client
    def compare(
        image: gr.FileData,
        mask: gr.FileData | None = None,
        threshold: float = 0.5,
        radius: float = task.radius,
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[gr.FileData, dict]:
        return api.compare(image, mask, threshold, radius, slice, numbering)

    for endpoint in (loss_maps, compare):
        name = endpoint.__name__
        words = getattr(API, name).__doc__
        line = queued(turns, endpoint)
        gr.api(line, api_name=f"{prefix}{name}", api_description=words, concurrency_limit=None)
