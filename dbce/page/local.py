"""Networks that run in the visitor's browser, though the page has a server: what that changes of the page."""

from __future__ import annotations

import json
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from starlette.routing import Mount

from dbce.page.route import KeptFiles

PATH = "dbce-files"
"""Where the files lie, seen from the page."""

PROMISE = (
    "Nothing you open leaves this browser: files are read, and networks run, on this device. It keeps the last "
    "images until you forget them, or none at all: see Display."
)
"""What a page says of images at its foot."""

HINT = "or drop files; nothing is sent"
"""The same beside the buttons that open them."""


def sends_nothing(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Settings as of `dbce.page.settings.config`, of a page that reads files and writes them by itself."""
    return {
        **settings,
        "accept": settings["accept"].replace(",.dcm", ""),  # DICOM stays with Python, and so do figures as PDF
        "formats": {tab: [kind for kind in kinds if kind != "pdf"] for tab, kinds in settings["formats"].items()},
        "hint": HINT,
        "joins": "browser",
        "promise": PROMISE,
    }


@dataclass(frozen=True)
class Local:
    """What browsers need to run the networks.

    Attributes:
        root: the folder of the files; each carries the hash of its content in its name.
        told: by task, ``files`` and ``task`` as dbce/web/backends/onnx/backend.js takes them; addresses from `PATH`.
    """

    root: Path
    told: Mapping[str, Mapping[str, Any]]

    def mount(self) -> Mount:
        """The route of the files."""
        mimetypes.add_type("text/javascript", ".mjs")
        return Mount(f"/{PATH}", KeptFiles(PATH, self.root))

    def script(self, task: str) -> str:
        """The object that dbce/web/backends/local.js is given, as JSON."""
        return json.dumps(self.told[task])
