"""The page's modules in one: a browser asks for one file where it would ask for eighty, six at a time.

Each module becomes a function that gives what it exports; they stand in the order of their imports. What is loaded
later, the lab and workers, is loaded from the modules' own addresses.
"""

from __future__ import annotations

import json
import re
from functools import cache

from dbce.page import assets

START = ("main.js", "backends/gradio.js")
"""What gradio's page starts with."""

START_LOCAL = (*START, "backends/local.js")
"""The same where networks run in the browser."""

FILES = {"start.js": START, "start-local.js": START_LOCAL}
"""Name, beside the modules -> what is in it."""

_COMMENT = re.compile(r"^[ \t]*(?:/\*\*(?:(?!\*/).)*\*/|//[^\n]*)\n", re.MULTILINE | re.DOTALL)
_IMPORT = re.compile(
    r"""^import\s+(?:\{(?P<names>[^}]*)\}|(?P<whole>\w+))\s+from\s+"(?P<target>\.[^"]+)"(?:\s+with\s+[^;]*)?;\n""",
    re.MULTILINE,
)
_AGAIN = re.compile(r"""^export\s+\{(?P<names>[^}]*)\}\s+from\s+"(?P<target>\.[^"]+)";\n""", re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|class|const) (?P<name>\w+|\[[^\]]*\]))", re.MULTILINE)
_LATER = re.compile(r"""\bimport\("(?P<target>\.[^"]+)"\)""")


@cache
def joined(*roots: str) -> str:
    """One module that exports what these export.

    Args:
        roots: names of modules relative to `dbce.page.assets.WEB`, beside which the one is to lie.

    Raises:
        ValueError: modules that import each other in a circle, or a form of import or export that is not known here.
    """
    parts = ["const $of = {};\n"]
    exports: dict[str, list[str]] = {}
    for name in assets.ordered(*roots):
        if name.endswith(".json"):
            parts.append(f"$of[{json.dumps(name)}] = {json.dumps(json.loads(assets.text(name)))};\n")
            continue
        text, exports[name] = _function(name)
        parts.append(text)
    parts += [f"export const {{ {', '.join(exports[root])} }} = $of[{json.dumps(root)}];\n" for root in roots]
    return "".join(parts)


def _function(name: str) -> tuple[str, list[str]]:
    """A module as a function that is called at once, and the names that it gives."""
    text = _COMMENT.sub("", assets.text(name))
    given: list[str] = []  # what follows the name in an object: another name, or nothing

    def imported(match: re.Match[str]) -> str:
        held = f"$of[{json.dumps(assets.beside(name, match['target']))}]"
        if match["whole"]:
            return f"const {match['whole']} = {held};\n"
        return f"const {{ {', '.join(as_.replace(' as ', ': ') for as_ in _names(match))} }} = {held};\n"

    def again(match: re.Match[str]) -> str:
        held = f"$of[{json.dumps(assets.beside(name, match['target']))}]"
        for each in _names(match):
            inner, _, outer = each.partition(" as ")
            given.append(f"{outer or inner}: {held}.{inner}")
        return ""

    def exported(match: re.Match[str]) -> str:
        given.extend(re.findall(r"\w+", match["name"]))
        return ""

    for pattern, what in ((_AGAIN, again), (_IMPORT, imported), (_EXPORT, exported)):
        text = pattern.sub(what, text)
    left = re.search(r"^(?:import|export)\b(?!\().*", text, re.MULTILINE)
    if left:
        raise ValueError(f"{name} has a line that cannot be joined with other modules: {left[0]}")
    own = f"new URL({json.dumps(name)}, import.meta.url).href"
    text = text.replace("import.meta.url", own)
    text = _LATER.sub(lambda found: f"import(new URL({json.dumps(found['target'])}, {own}))", text)
    names = [each.partition(":")[0] for each in given]
    return f"$of[{json.dumps(name)}] = (() => {{\n{text}return {{ {', '.join(given)} }};\n}})();\n", names


def _names(match: re.Match[str]) -> list[str]:
    return [each.strip() for each in match["names"].split(",") if each.strip()]
