"""How the page's scripts reach a browser: as modules under one address, which changes with their content."""

from __future__ import annotations

import hashlib
import json
import posixpath
import re
from functools import cache
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
    "narrow",
    "paper",
)
"""The files of the style, in the order in which they override each other."""

STARTS = ("main.js", "backends/gradio.js")
"""What gradio's page loads by itself."""

_IMPORT = re.compile(r"""^(?:import|export)\s[^;]*?["'](\.[^"']+)["'](?: with [^;]*)?;""", re.MULTILINE)


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
    """The modules that the page starts with: what these import, and what that imports; by default, what gradio's
    page starts with."""
    found: list[str] = []
    waiting = list(roots or STARTS)
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.append(name)
            if name.endswith(".json"):
                continue
            waiting += [_beside(name, target) for target in _IMPORT.findall(text(name))]
    return sorted(found)


def _beside(name: str, target: str) -> str:
    """A relative import of a module, relative to `WEB`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), target))


def loader(settings: str, local: str = "") -> str:
    """The script that gradio calls with ``element``, ``props`` and ``server``: it loads the modules and starts them.

    The address is taken from the page's own, so that it holds behind any prefix of a proxy.

    Args:
        settings: `dbce.page.settings.config` as JSON.
        local: as of `dbce.page.local.Local.script`, where networks run in the browser.
    """
    names = ["main.js", "backends/gradio.js", *(["backends/local.js"] if local else [])]
    made = "gradioBackend(server, props.value, settings.formats)"
    backend = f"localBackend({made}, {local})" if local else made
    base = json.dumps(f"{PATH}/{content_hash()}/")
    return f"""
const base = new URL({base}, document.baseURI);
for (const name of {json.dumps([name for name in needed(*names) if name.endswith(".js")])}) {{
  const link = Object.assign(document.createElement("link"), {{ rel: "modulepreload", href: new URL(name, base) }});
  document.head.append(link);
}}
const load = (name) => import(new URL(name, base));
Promise.all({json.dumps(names)}.map(load)).then((loaded) => {{
  const {{ mount, gradioBackend, localBackend }} = Object.assign({{}}, ...loaded);
  const settings = {settings};
  return mount(element, settings, {backend});
}}).catch((error) => {{
  element.querySelector(".message").textContent = `The page did not start (${{error.message}}); reload it.`;
  throw error;
}});
"""
