"""The house stands: every module imports from its own layer or from those below it, and no file grows beyond bounds."""

from __future__ import annotations

import ast
from collections import Counter
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "dbce"
LAYERS = ["bench", "site", "offline", "page", "hub", "scores", "study", "train", "data", "base"]
"""From the roof to the floor; "base" are the modules that belong to no folder, but for `ABOVE`."""

ABOVE = {PACKAGE / name for name in ("__init__.py", "__main__.py")} | set((PACKAGE / "commands").glob("*.py"))
"""What leads into the house: the command line, and the names that programs import."""

FILES = sorted(set(PACKAGE.rglob("*.py")) - ABOVE)


def layer(parts: tuple[str, ...]) -> int:
    """Of a module, by the parts of its name below ``dbce``."""
    return LAYERS.index(parts[0] if parts and parts[0] in LAYERS else "base")


def imported(path: Path) -> list[tuple[str, ...]]:
    """The modules of this project that a file imports, wherever it does so."""
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            inside = (PACKAGE.parent / node.module.replace(".", "/")).is_dir()
            names += [f"{node.module}.{alias.name}" for alias in node.names] if inside else [node.module]
        elif isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
    return [tuple(name.split(".")[1:]) for name in names if name.split(".")[0] == "dbce"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_arrows_point_downward(path):
    own = layer(path.relative_to(PACKAGE).with_suffix("").parts[:-1])
    above = [".".join(name) for name in imported(path) if name and layer(name) < own]
    assert not above, f"{path.name} imports from a layer above its own: {', '.join(above)}"


def test_the_check_would_see_an_arrow_that_points_upward(tmp_path):
    file = tmp_path / "low.py"
    file.write_text("def later():\n    from dbce.page import cache\n    import dbce.scores.evaluation\n")
    assert [layer(name) for name in imported(file)] == [LAYERS.index("page"), LAYERS.index("scores")]


def functions(path: Path) -> list[str]:
    """Names of a file's own functions that others may call."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def test_a_function_that_others_call_has_a_name_of_its_own():
    """Its name alone says which it is, and no module is hidden by a function of its name."""
    every = [path for path in PACKAGE.rglob("*.py") if not path.stem.startswith("__")]
    names = [(name, str(path.relative_to(PACKAGE))) for path in every for name in functions(path)]
    seen = Counter(name for name, _ in names)
    assert sum(seen.values()) > 150
    assert not [(name, where) for name, where in names if seen[name] > 1]
    commands = {name for path in (PACKAGE / "commands").glob("*.py") for name in functions(path)}
    assert not {path.stem for path in every} & commands


def test_a_file_of_tests_has_a_name_of_its_own():
    """Files of one name in two folders hide each other from pytest."""
    names = Counter(path.name for path in Path(__file__).parent.rglob("*.py"))
    assert not [name for name, count in names.items() if count > 1]
