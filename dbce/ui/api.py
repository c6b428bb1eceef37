"""The app as an API: two endpoints for `gradio_client`; the page itself does not use them."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import gradio as gr

from dbce import export, inputs
from dbce.predictor import WEIGHTINGS, LabelStudy
from dbce.ui.studio import Opened, Studio, read_view


class API:
    """Answers programs as `Studio` answers the page.

    Args:
        studio: the same that serves the page.
    """

    def __init__(self, studio: Studio) -> None:
        self.studio = studio

    def loss_maps(
        self,
        image: str,
        mask: str,
        loss: str = "dbce",
        radius: float = 20,
        weighting: str = "dilated",
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Fig. 1 as arrays: every map of an image and its mask, at 320 x 320.

        Args:
            image: path of an image file.
            mask: path of its mask.
            loss: whose shares of the loss are returned: "ce", "bce" (balanced), "dice_ce" or "dbce".
            radius: of the disk, 0 to 150 px at 320 x 320.
            weighting: "none", "balanced" or "dilated".
            slice: of a scan, from 0; -1 for the one with the most organs in it. Pictures have none.
            numbering: of the labels of organs, "transunet" or "synapse"; "": as their values tell.

        Returns:
            Path of an ``.npz`` as of `dbce.export.maps`, and the parts of the weight and of the loss that fall on
            object, rim and far background; and ``"notes"``: sentences on how the files were read.
        """
        opened = self._open(image, mask, slice, numbering)
        view = self._view({"loss": loss, "radius": radius, "weighting": weighting})
        if opened.study.labels is None:
            raise gr.Error("A loss map compares a prediction with a mask; give a mask.")
        numbers = {
            "weight_shares": opened.study.shares(radius, weighting),
            "loss_shares": opened.study.loss_shares(loss, radius, weighting),
            "notes": list(opened.notes),
        }
        return self._file(opened, view), numbers

    def compare(
        self,
        image: str,
        mask: str | None = None,
        threshold: float = 0.5,
        radius: float = 20,
        slice: float = -1,
        numbering: str = "",
    ) -> tuple[str, dict[str, Any]]:
        """Figs. 2 and 3 as arrays and numbers: the four networks on one image.

        Args:
            image: path of an image file.
            mask: path of its mask, or None.
            threshold: probability that a prediction must exceed, 0 to 1.
            radius: how far the rim reaches, 0 to 150 px at 320 x 320.
            slice: of a scan, as of `loss_maps`.
            numbering: as of `loss_maps`.

        Returns:
            Path of an ``.npz`` as of `dbce.export.maps`, and ``{"scores", "errors"}`` by loss with a mask, else
            ``{"agreement"}``: Dice between every two predictions; in both cases ``"notes"`` as of `loss_maps`.
        """
        opened = self._open(image, mask, slice, numbering)
        figure = export.figures_of(self.studio.predictor.task)[1]
        view = self._view({"figure": figure, "threshold": threshold, "radius": radius})
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

    def _open(self, image: str | None, mask: str | None, number: float, numbering: str) -> Opened:
        if not image:
            raise gr.Error("No image was given; pass gradio_client.handle_file(path).")
        files = [None if path is None else (Path(path).name, Path(path).read_bytes()) for path in (image, mask)]
        try:
            assert files[0] is not None
            return self.studio.open(files[0], files[1], int(number), numbering or None)
        except inputs.InputError as error:
            raise gr.Error(str(error)) from error

    def _view(self, fields: dict[str, Any]) -> export.View:
        try:
            return read_view(fields, self.studio.predictor)
        except inputs.InputError as error:
            raise gr.Error(str(error)) from error

    def _file(self, opened: Opened, view: export.View) -> str:
        """Written to a new folder; gradio copies it to its cache, from where the client fetches it."""
        path = Path(tempfile.mkdtemp(prefix="dbce-")) / "maps.npz"
        path.write_bytes(export.render(opened.study, view, "npz", opened.shape))
        return str(path)


def add_endpoints(studio: Studio) -> None:
    """Add ``/loss_maps`` and ``/compare`` to the page in whose context this is called.

    Those of another task than polyps carry its name: ``/lesion_loss_maps``, ``/organs_compare``.
    """
    api = API(studio)
    task = studio.predictor.task
    prefix = "" if task.name == "polyp" else f"{task.name}_"
    losses = list(studio.predictor.checkpoints)
    with gr.Row(visible=False):
        image, mask = gr.File(label="image"), gr.File(label="mask")
        loss = gr.Dropdown(losses, value=losses[-1], label="loss")
        radius = gr.Number(task.radius, label="radius")
        weighting = gr.Dropdown(list(WEIGHTINGS), value="dilated", label="weighting")
        threshold = gr.Number(0.5, label="threshold")
        number = gr.Number(-1, label="slice")
        numbering = gr.Textbox("", label="numbering")
        maps, numbers = gr.File(label="maps"), gr.JSON(label="numbers")
        asked = gr.Button()
        asked.click(
            api.loss_maps,
            [image, mask, loss, radius, weighting, number, numbering],
            [maps, numbers],
            api_name=f"{prefix}loss_maps",
        )
        asked.click(
            api.compare,
            [image, mask, threshold, radius, number, numbering],
            [maps, numbers],
            api_name=f"{prefix}compare",
        )
