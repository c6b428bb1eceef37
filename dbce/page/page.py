"""The page: one gradio component that holds the viewer, and what it asks of Python."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gradio as gr
from starlette.middleware import Middleware

from dbce.data import inputs
from dbce.page import assets, cache, start, workers
from dbce.page.api import Blocks, add_endpoints
from dbce.page.desk import Desk
from dbce.page.document import download_of
from dbce.page.headers import Compressed, SafeHeaders
from dbce.page.joining import Joining
from dbce.page.limits import Door, RequestLimit
from dbce.page.local import Local, sends_nothing
from dbce.page.preview import TITLE, Preview
from dbce.page.room import Room
from dbce.page.route import mount, shell_route, shell_url
from dbce.page.scans import ScanStudio
from dbce.page.settings import Offer, config
from dbce.page.studio import Studio
from dbce.page.turns import Turns
from dbce.study.predictor import Predictor
from dbce.study.view import Measured

CSS = """
body, gradio-app, .gradio-container { background: transparent !important; }
.gradio-container, .gradio-container .main, .gradio-container .wrap {
  max-width: none !important; padding: 0 !important;
}
.gradio-container .html-container { padding: 0 !important; }
.gradio-container { overflow: visible !important; } /* so that what is sticky can stick to the window */
.nav-holder { display: none !important; } /* the page has its own way from task to task */
"""
"""Lets the viewer fill gradio's page."""

FONTS = ("system-ui", "sans-serif")
"""The viewer's style names its own; gradio's would be a tenth of what a first visit loads."""


def launch_options(embed: Sequence[str] = (), local: Local | None = None) -> dict[str, Any]:
    """Arguments of ``launch`` that belong to the page.

    Args:
        embed: origins that may show the page in a frame, besides those of `dbce.page.headers.FRAMES`.
        local: as of `build`.
    """
    return {
        "css": CSS,
        "theme": gr.themes.Default(font=FONTS, font_mono=("ui-monospace", "monospace")),
        "footer_links": [],
        "show_error": False,  # of our faults; the sentences for visitors are shown always
        "run_history": False,
        "ssr_mode": False,  # another server would stand before the middleware
        "max_file_size": inputs.MAX_BYTES,
        "app_kwargs": {
            "routes": [mount(), shell_route(), *([local.mount()] if local else [])],
            "middleware": [
                Middleware(Compressed),
                Middleware(SafeHeaders, embed=tuple(embed)),
                Middleware(Preview),
                Middleware(RequestLimit),
                Middleware(Door),
                Middleware(Room),
            ],
        },
    }


LAUNCH = launch_options()
"""The same without further origins."""


def build(*offers: Offer, notice: str = "", local: Local | None = None, joins: bool = False) -> gr.Blocks:
    """The gradio app, one page a task, the first at the root; launch it with `LAUNCH`.

    Args:
        offers: the tasks.
        notice: a sentence that every page shows at its top.
        local: what browsers need, where they run the networks by themselves.
        joins: whether a network that is dropped on the page runs here from then on, as of `dbce.page.joining`.

    Raises:
        ValueError: the processes that decode visitors' files cannot be started.
    """
    cache.start_cache()
    workers.start_workers()
    turns = Turns()
    names = [offer.predictor.task.name for offer in offers]
    with Blocks(title=TITLE, analytics_enabled=False, fill_width=True) as demo:
        _fill(offers[0], names, notice, turns, local, joins)
    for offer, name in zip(offers[1:], names[1:], strict=True):
        with demo.route(name.capitalize(), f"/{name}", show_in_navbar=False):
            _fill(offer, names, notice, turns, local, joins)
    return demo


def studio_of(
    predictor: Predictor, measured: Measured | None = None, pictures: Sequence[tuple[Path, Path]] = ()
) -> Studio:
    """What answers the page of a task."""
    if predictor.task.is_scan:
        return ScanStudio(predictor, measured)
    return Studio(predictor, measured, pictures)


def _fill(offer: Offer, names: list[str], notice: str, turns: Turns, local: Local | None, joins: bool) -> None:
    """The viewer of one task, and its endpoints, in the page at hand."""
    found = offer.findings, offer.radius_curve, offer.calibration, offer.learning, offer.repeats
    measured = Measured(tuple(offer.results), *found)
    studio = studio_of(offer.predictor, measured, offer.pictures)
    known = {**config(studio, offer, names, notice), "page": download_of(shell_url())}
    if joins:
        known["joins"] = "server"
    settings = json.dumps(sends_nothing(known) if local else known).replace("</", "<\\/")
    desk = Desk(studio, turns)

    # gradio takes functions, not methods; they wait without a thread of gradio's
    async def open_study(request: str) -> dict[str, Any]:
        return await desk.open_study(request)

    async def export_view(request: str) -> dict[str, Any]:
        return await desk.export_view(request)

    async def queue_place(request: str) -> dict[str, int | None]:
        return await desk.queue_place(request)

    first = start.keep_first(offer.predictor.task.name, studio.open_study('{"example": 0}')["scene"])
    joining = Joining(studio, desk)

    async def join(request: str) -> dict[str, Any]:
        return await joining.answer(request)

    shown = gr.HTML(
        value="",
        html_template=assets.text("viewer.html"),
        css_template="",
        js_on_load=start.loader(settings, first, local.script(offer.predictor.task.name) if local else ""),
        head=f"<style>{assets.style()}</style>",
        apply_default_css=False,
        server_functions=[open_study, export_view, queue_place, *([join] if joins and not local else [])],
        elem_id="dbce" if offer.predictor.task.name == names[0] else f"dbce-{offer.predictor.task.name}",
        padding=False,
    )
    # gradio takes a name that it does not know of for an event: one of this name stood in the configuration, and with
    # it the app, its loop and the waiting requests, which gradio tried to copy for every visitor
    vars(shown)["inputs"] = None
    add_endpoints(studio, turns)
