"""The page's own readers say what Python says: every sentence of their table stands, word for word, in Python."""

from __future__ import annotations

import ast
import json
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "dbce"
TABLE = json.loads((PACKAGE / "web" / "readers" / "sentences.json").read_text(encoding="utf-8"))


def templates() -> str:
    """Every text of the readers in Python, each place for a value as "{}", one after the other."""
    found = []
    for path in [*sorted((PACKAGE / "data").glob("*.py")), *sorted((PACKAGE / "page").glob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.JoinedStr):
                parts = (part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)
                found.append("".join(str(part) for part in parts))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
    return "\n".join(found)


PYTHON = templates()


@pytest.mark.parametrize("key", TABLE)
def test_python_says_the_same(key):
    assert re.sub(r"{\w+}", "{}", TABLE[key]) in PYTHON


def test_every_sentence_is_used_and_no_other():
    scripts = [path for path in (PACKAGE / "web").rglob("*.js")]
    used = set()
    for path in scripts:
        text = path.read_text(encoding="utf-8")
        if "refusal" in text:
            used |= {key for key in TABLE if f'"{key}"' in text}
            said = re.findall(r'(?:refusal|sentence)\("(\w+)"', text)
            assert set(said) <= TABLE.keys(), path.name
    assert used == TABLE.keys()
