"""How the page's scripts reach a browser: as modules under one address, which changes with their content."""

from __future__ import annotations

import hashlib
import posixpath
import re
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

WEB = Path(__file__).parent.parent / "web"
"""All that a browser runs."""

PATH = "dbce-web"
"""Where it lies, seen from the page."""

KINDS = {".js": "text/javascript", ".json": "application/json", ".wasm": "application/wasm", ".png": "image/png"}
"""What is served, by suffix; the HTML and the style travel inside the page."""

STYLES = (
    "base",
    "top",
    "tour",
    "source",
    "tray",
    "panels",
    "controls",
    "anatomy",
    "compare",
    "results",
    "set",
    "lab",
    "large",
    "join",
    "narrow",
    "paper",
)
"""The files of the style, in the order in which they override each other."""

IMPORT = re.compile(
    r"""^(?P<head>(?:import|export)\s[^;]*?)["'](?P<target>\.[^"']+)["'](?: with [^;]*)?;""", re.MULTILINE
)
"""A statement by which a module names another."""


def text(name: str) -> str:
    """A text file of the page."""
    return (WEB / name).read_text("utf-8")


def style() -> str:
    """The style of the page, from all its files."""
    return "".join(text(f"styles/{name}.css") for name in STYLES)


@cache
def modules() -> list[str]:
    """Every module of the page, relative to `WEB`."""
    every = [path for path in WEB.rglob("*") if path.suffix in KINDS and path.stem != "tsconfig"]
    return sorted(path.relative_to(WEB).as_posix() for path in every)


@cache
def content_hash() -> str:
    """Ten digits that change with any file that is served."""
    whole = hashlib.sha256()
    for name in modules():
        whole.update(name.encode() + b"\0" + hashlib.sha256((WEB / name).read_bytes()).digest())
    return whole.hexdigest()[:10]


@cache
def needed(*roots: str) -> list[str]:
    """These modules, what they import, and what that imports."""
    found: list[str] = []
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            waiting += imports(name)
    return sorted(found)


def imports(name: str) -> list[str]:
    """The modules that a module names as it starts, relative to `WEB`."""
    if name.endswith(".json"):
        return []
    return list(dict.fromkeys(beside(name, target) for _, target in IMPORT.findall(text(name))))


def ordered(*roots: str) -> list[str]:
    """What these modules need, and they themselves, each after what it imports.

    Raises:
        ValueError: modules that import each other in a circle.
    """
    try:
        return list(TopologicalSorter({name: imports(name) for name in needed(*roots)}).static_order())
    except CycleError as error:
        raise ValueError(f"the modules {' -> '.join(error.args[1])} import each other; part them.") from error


def beside(name: str, target: str) -> str:
    """A relative import of a module, relative to `WEB`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))
