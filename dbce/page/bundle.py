"""The page's modules as texts, each after those that it imports, so that a page can make modules of them itself."""

from __future__ import annotations

import json
from collections.abc import Sequence

from dbce.page import assets


def bundle(roots: Sequence[str]) -> list[dict[str, object]]:
    """Every module that these need.

    Args:
        roots: relative to `dbce.page.assets.WEB`.

    Returns:
        ``name``; ``text``, in which imports name ``"dbce:NAME"``; ``needs``, the names of these imports.

    Raises:
        ValueError: modules that import each other in a circle.
    """
    return [{"name": name, "text": _rewritten(name), "needs": assets.imports(name)} for name in assets.ordered(*roots)]


def _rewritten(name: str) -> str:
    """The text of a module with its imports named whole."""
    text = assets.text(name)
    if name.endswith(".json"):
        return f"export default {json.dumps(json.loads(text))};"
    text = assets.IMPORT.sub(lambda found: f'{found["head"]}"dbce:{assets.beside(name, found["target"])}";', text)
    # a worker of a module has no file beside a report; whoever starts one there finds that out by itself
    return text.replace("import.meta.url", "document.baseURI")
