"""What the README says is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from dbce.__main__ import build_parser, main
from dbce.tasks import TASKS

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_six_lines_print_the_number_they_promise():
    (code,) = blocks("python")
    assert len([line for line in code.splitlines() if line]) == 6
    promised = re.search(r"# (\d\.\d+)\s*$", code.strip())[1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "README.md", "exec"), {})
    assert printed.getvalue().strip() == promised


def commands() -> list[str]:
    lines = "\n".join(blocks("sh")).splitlines()
    return [line.split("#")[0].strip() for line in lines if line.startswith("python -m dbce")]


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command):
    build_parser().parse_args(shlex.split(command)[3:])


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize("task", TASKS)
def test_the_tables_are_what_the_command_prints(task, capsys):
    shown = re.search(rf"<!-- results {task} -->\n(.*?)<!-- /results -->", README, re.DOTALL)[1]
    assert main(["table", task]) == 0
    assert shown.strip() == capsys.readouterr().out.strip()


def test_pictures_exist():
    for path in re.findall(r"!\[[^\]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
