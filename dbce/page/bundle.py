"""The page's modules as texts, each after those that it imports, so that a page can make modules of them itself."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Sequence
from graphlib import CycleError, TopologicalSorter

from dbce.page import assets

_FROM = re.compile(
    r"""^(?P<head>(?:import|export)\s[^;]*?)["'](?P<target>\.[^"']+)["'](?: with [^;]*)?;""", re.MULTILINE
)


def bundle(roots: Sequence[str]) -> list[dict[str, object]]:
    """Every module that these need.

    Args:
        roots: relative to `dbce.page.assets.WEB`.

    Returns:
        ``name``; ``text``, in which imports name ``"dbce:NAME"``; ``needs``, the names of these imports.

    Raises:
        ValueError: modules that import each other in a circle.
    """
    texts: dict[str, str] = {}
    needs: dict[str, list[str]] = {}
    waiting = list(roots)
    while waiting:
        name = waiting.pop()
        if name not in texts:
            texts[name], needs[name] = _rewritten(name)
            waiting += needs[name]
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as error:
        raise ValueError(f"the modules {' -> '.join(error.args[1])} import each other; part them.") from error
    return [{"name": name, "text": texts[name], "needs": needs[name]} for name in order]


def _rewritten(name: str) -> tuple[str, list[str]]:
    """The text of a module with its imports named whole, and these names."""
    text = assets.text(name)
    if name.endswith(".json"):
        return f"export default {json.dumps(json.loads(text))};", []
    found: list[str] = []

    def whole(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(name), match["target"]))
        found.append(target)
        return f'{match["head"]}"dbce:{target}";'

    text = _FROM.sub(whole, text)
    # a worker of a module has no file beside a report; whoever starts one there finds that out by itself
    return text.replace("import.meta.url", "document.baseURI"), list(dict.fromkeys(found))
