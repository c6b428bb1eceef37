"""The page: one gradio component that holds the viewer, and what it asks of Python."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import gradio as gr
import matplotlib
import numpy as np
from starlette.middleware import Middleware

from dbce import inputs
from dbce.data import resize_image
from dbce.predictor import Predictor
from dbce.tasks import LOSS_TITLES, MAX_RADIUS
from dbce.ui.api import add_endpoints
from dbce.ui.limits import RequestLimit
from dbce.ui.scene import jpeg
from dbce.ui.studio import Studio

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
    "export.js",
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

LAUNCH: dict[str, Any] = {
    "css": CSS,
    "footer_links": [],
    "show_error": True,
    "max_file_size": inputs.MAX_BYTES,
    "app_kwargs": {"middleware": [Middleware(RequestLimit)]},
}
"""Arguments of ``launch`` that belong to the page."""


def config(
    studio: Studio, results: list[dict[str, Any]] | None = None, radius_curve: dict[str, Any] | None = None
) -> dict[str, Any]:
    """Everything the page must know before the first image."""
    table = np.asarray(matplotlib.colormaps["magma"](np.arange(256), bytes=True))[:, :3]
    losses = list(studio.predictor.checkpoints)
    return {
        "titles": LOSS_TITLES,
        "short": {**LOSS_TITLES, "dbce": "Dilated"},
        "scores": _SCORES,
        "classes": list(studio.predictor.task.classes),
        "losses": losses,
        "loss": losses[0],
        "radius": studio.predictor.task.radius,
        "max_radius": MAX_RADIUS,
        "max_bytes": inputs.MAX_BYTES,
        "magma": base64.b64encode(table.tobytes()).decode(),
        "recipe": describe(studio.predictor),
        "results": results or [],
        "radius_curve": radius_curve,
        "examples": [
            {"thumbnail": jpeg(resize_image(image, 96)), "title": studio.title(index)}
            for index, (image, _) in enumerate(studio.examples)
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
    """The gradio app; launch it with `LAUNCH`.

    Args:
        predictor: the networks of one task.
        results: what the Results tab shows, from `dbce.results.summary`.
        radius_curve: what the Radius tab shows, if measured.
    """
    studio = Studio(predictor)
    settings = json.dumps(config(studio, results, radius_curve)).replace("</", "<\\/")
    script = "\n".join([f"const CONFIG = {settings};", *((_HERE / name).read_text("utf-8") for name in _SCRIPTS)])

    # gradio takes functions, not methods
    def open_study(request: str) -> dict[str, str]:
        return studio.open_study(request)

    def export_view(request: str) -> dict[str, str]:
        return studio.export_view(request)

    title = "dbce: where does the loss look?"
    with gr.Blocks(title=title, analytics_enabled=False, fill_width=True, delete_cache=(3600, 3600)) as demo:
        gr.HTML(
            value=studio.open_study('{"example": 0}')["scene"],
            html_template=(_HERE / "viewer.html").read_text("utf-8"),
            css_template="",
            js_on_load=script,
            head=f"<style>{(_HERE / 'viewer.css').read_text('utf-8')}</style>",
            apply_default_css=False,
            server_functions=[open_study, export_view],
            elem_id="dbce",
            padding=False,
        )
        add_endpoints(studio)
    return demo
