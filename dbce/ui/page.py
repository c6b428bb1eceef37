"""The page: one gradio component that holds the viewer, and what it asks of Python."""

from __future__ import annotations

import base64
import functools
import json
import logging
from pathlib import Path
from typing import Any

import gradio as gr
import matplotlib
import numpy as np

from dbce import inputs
from dbce.data import resize_image
from dbce.phantoms import POLYP_EXAMPLES, polyp
from dbce.predictor import Predictor
from dbce.tasks import LOSS_TITLES, MAX_RADIUS, WORK_SIZE
from dbce.ui.scene import jpeg, scene

_HERE = Path(__file__).parent
_SCRIPTS = (
    "maps.js",
    "viewer.js",
    "panel.js",
    "paint.js",
    "zoom.js",
    "chart.js",
    "anatomy.js",
    "compare.js",
    "radius.js",
    "results.js",
    "tour.js",
    "share.js",
    "start.js",
)
_SCORES = {"dice": "Dice", "iou": "IoU", "precision": "Precision", "recall": "Recall"}

CSS = """
body, gradio-app, .gradio-container { background: transparent !important; }
.gradio-container, .gradio-container .main, .gradio-container .wrap {
  max-width: none !important; padding: 0 !important;
}
.gradio-container .html-container { padding: 0 !important; }
"""
"""Lets the viewer fill gradio's page."""

log = logging.getLogger(__name__)


class Studio:
    """Answers the page: examples and visitors' files become scenes.

    Args:
        predictor: the networks of one task.
        results: what the Results tab shows, from `dbce.evaluation.summary`.
        radius_curve: what the Radius tab shows, from `dbce.evaluation.radius_summary`, if measured.
    """

    def __init__(
        self,
        predictor: Predictor,
        results: list[dict[str, Any]] | None = None,
        radius_curve: dict[str, Any] | None = None,
    ) -> None:
        self.predictor = predictor
        self.results = results or []
        self.radius_curve = radius_curve
        self.examples = [polyp(seed, WORK_SIZE, difficulty=difficulty) for seed, difficulty in POLYP_EXAMPLES]
        self.example_scene = functools.lru_cache(maxsize=len(self.examples))(self._example_scene)

    def title(self, index: int) -> str:
        """Caption of an example."""
        return f"Drawn example {index + 1} of {len(self.examples)}, not a patient"

    def _example_scene(self, index: int) -> str:
        image, mask = self.examples[index]
        return scene(self.predictor.set_image(image, mask), self.title(index))

    def open_study(self, request: str) -> dict[str, str]:
        """What the page asks: ``{"example": i}`` or ``{"image": file}``, either with ``"mask": file``.

        Returns:
            ``{"scene": JSON}``, or ``{"error": sentence}``.
        """
        try:
            return {"scene": self._scene(json.loads(request))}
        except inputs.InputError as error:
            return {"error": str(error)}
        except Exception:
            log.exception("request failed")
            return {"error": "Something went wrong on the server; what you see is unchanged. Try another file."}

    def _scene(self, request: dict[str, Any]) -> str:
        mask_file = request.get("mask")
        if "image" in request:
            name, data = inputs.decode_file(request["image"])
            image = inputs.read_image(data, name)
            title = f"{name}, {image.shape[1]} \u00d7 {image.shape[0]} px"
        else:
            index = request.get("example")
            if not isinstance(index, int) or not 0 <= index < len(self.examples):
                raise inputs.InputError("Choose one of the examples, or open an image.")
            if mask_file is None:
                return self.example_scene(index)
            name, image, title = "the example", self.examples[index][0], self.title(index)
        mask = None
        if mask_file is not None:
            mask_name, data = inputs.decode_file(mask_file)
            mask = inputs.read_mask(data, mask_name)
            inputs.check_sizes(image, mask, name, mask_name)
            title += f", mask {mask_name}"
        study = self.predictor.set_image(image, mask)
        if study.labels is not None and not study.labels.any():
            raise inputs.InputError(
                f"The object in {mask_name} vanishes at {WORK_SIZE} x {WORK_SIZE}: it is smaller than a pixel there. "
                "Crop the image around it."
            )
        note = "" if mask is not None else "No mask yet"
        return scene(study, title, note)

    def config(self) -> dict[str, Any]:
        """Everything the page must know before the first image."""
        table = np.asarray(matplotlib.colormaps["magma"](np.arange(256), bytes=True))[:, :3]
        losses = list(self.predictor.checkpoints)
        return {
            "titles": LOSS_TITLES,
            "short": {**LOSS_TITLES, "dbce": "Dilated"},
            "scores": _SCORES,
            "classes": list(self.predictor.task.classes),
            "losses": losses,
            "loss": losses[0],
            "radius": self.predictor.task.radius,
            "max_radius": MAX_RADIUS,
            "max_bytes": inputs.MAX_BYTES,
            "magma": base64.b64encode(table.tobytes()).decode(),
            "recipe": describe(self.predictor),
            "results": self.results,
            "radius_curve": self.radius_curve,
            "examples": [
                {"thumbnail": jpeg(resize_image(image, 96)), "title": self.title(index)}
                for index, (image, _) in enumerate(self.examples)
            ],
        }


def describe(predictor: Predictor) -> str:
    """One sentence on how the networks were trained."""
    recipe = next(iter(predictor.checkpoints.values())).recipe
    return (
        f"{len(predictor.checkpoints)} networks alike in all but the loss: {recipe['encoder']} encoder, "
        f"{recipe['epochs']} epochs on {recipe['images']} images of {recipe['data']} at "
        f"{recipe['size']} \u00d7 {recipe['size']} px, seed {recipe['seed']}."
    )


def build(
    predictor: Predictor, results: list[dict[str, Any]] | None = None, radius_curve: dict[str, Any] | None = None
) -> gr.Blocks:
    """The gradio app; launch it with ``css=CSS``. Arguments as of `Studio`."""
    studio = Studio(predictor, results, radius_curve)
    config = json.dumps(studio.config()).replace("</", "<\\/")
    script = "\n".join([f"const CONFIG = {config};", *((_HERE / name).read_text("utf-8") for name in _SCRIPTS)])

    def open_study(request: str) -> dict[str, str]:
        return studio.open_study(request)

    with gr.Blocks(title="dbce: where does the loss look?", analytics_enabled=False, fill_width=True) as demo:
        gr.HTML(
            value=studio.example_scene(0),
            html_template=(_HERE / "viewer.html").read_text("utf-8"),
            css_template="",
            js_on_load=script,
            head=f"<style>{(_HERE / 'viewer.css').read_text('utf-8')}</style>",
            apply_default_css=False,
            server_functions=[open_study],
            elem_id="dbce",
            padding=False,
        )
    return demo
