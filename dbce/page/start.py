"""How the page starts in a browser: all its modules in one file, and the first scene in another, both asked for early.

Both are made once a process, kept packed, and named by what they hold, so that browsers keep them too.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import re

from dbce.page.assets import PATH, content_hash
from dbce.page.joined import FILES, joined

_FIRST = "first"
_packed: dict[str, bytes] = {}  # by name below `PATH`

_THEIRS = re.compile(rb'<script type="module"[^>]*\ssrc="(\./assets/[^"]+\.js)"')  # needed first: it asks for others
_NAMED = re.compile(rf"{PATH}/(?:{_FIRST}/[a-z]+-[0-9a-f]{{10}}\.json|[0-9a-f]{{10}}/start[a-z-]*\.js)".encode())


def keep_first(task: str, scene: str) -> str:
    """Keep the scene of a task's first example for those who come.

    Args:
        task: its name.
        scene: as of `dbce.page.scene.scene`.

    Returns:
        Its address, seen from the page.
    """
    code = scene.encode()
    name = f"{_FIRST}/{task}-{hashlib.sha256(code).hexdigest()[:10]}.json"
    _packed[name] = gzip.compress(code)
    return f"{PATH}/{name}"


def kept(name: str) -> tuple[bytes, str] | None:
    """What is served beside the modules.

    Args:
        name: of a file, seen from `PATH`.

    Returns:
        The file, packed with gzip, and its type; None where there is no such file.
    """
    given, _, file = name.partition("/")
    if given == content_hash() and file in FILES and name not in _packed:
        _packed[name] = gzip.compress(joined(*FILES[file]).encode())
    if name not in _packed:
        return None
    return _packed[name], "text/javascript" if name.endswith(".js") else "application/json"


def loader(settings: str, first: str, local: str = "") -> str:
    """The script that gradio calls with ``element``, ``props`` and ``server``: it loads what starts the page.

    Addresses are taken from the page's own, so that they hold behind any prefix of a proxy.

    Args:
        settings: `dbce.page.settings.config` as JSON.
        first: as of `keep_first`.
        local: as of `dbce.page.local.Local.script`, where networks run in the browser.
    """
    backend = "gradioBackend(server, first, settings.formats)"
    if local:
        backend = f"localBackend({backend}, {local})"
    return f"""
const at = (name) => new URL(name, document.baseURI);
const first = fetch(at({json.dumps(first)})).then((answer) => (answer.ok ? answer.text() : null), () => null);
import(at({json.dumps(f"{PATH}/{content_hash()}/start{'-local' if local else ''}.js")})).then((loaded) => {{
  const {{ mount, gradioBackend, localBackend }} = loaded;
  const settings = {settings};
  return mount(element, settings, {backend});
}}).catch((error) => {{
  element.querySelector(".message").textContent = `The page did not start (${{error.message}}); reload it.`;
  throw error;
}});
"""


def preloads(page: bytes) -> bytes:
    """Elements for the head of a page, by which a browser asks for its scripts while it still reads the page.

    Args:
        page: whole, with gradio's script, and what `loader` names.
    """
    kinds = {b".js": b'rel="modulepreload"', b".json": b'rel="preload" as="fetch" fetchpriority="low" crossorigin'}
    names = dict.fromkeys([*_THEIRS.findall(page), *_NAMED.findall(page)])
    return b"".join(b'<link %s href="%s">' % (kinds[name[name.rindex(b".") :]], name) for name in names)
