"""The documents of the repository: blocks of README.md and docs/ that stored files fill, so that nobody types a number.

A block stands between ``<!-- KIND NAME -->`` and ``<!-- /KIND -->``; `MAKERS` names the kinds.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from dbce.scores import evidence
from dbce.scores.evaluation import HEADINGS, data_name
from dbce.scores.findings_tables import read_findings, tables_markdown, verdict_markdown
from dbce.scores.learning_text import learning_markdown
from dbce.scores.repeats import repeats_markdown
from dbce.scores.results import results_markdown, setting
from dbce.scores.shares import read_shares, shares_markdown
from dbce.scores.variants import variants_markdown

ROOT = Path(__file__).resolve().parents[2]
"""The repository."""

BENCHMARKS = "docs/benchmarks"
"""Folder of what `python -m dbce bench` printed, a file a run, its first line the command and the day."""

_OPENED = re.compile(r"^<!-- (\w+) ([\w-]+) -->$", re.MULTILINE)
_BLOCK = re.compile(r"^<!-- (\w+) ([\w-]+) -->\n(?:(?!^<!-- ).*\n)*?<!-- /\1 -->$", re.MULTILINE)


def seeds_table(task: str) -> str:
    """The scores of a task over all seeds, marked where chance allows it, as Markdown.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    measured = evidence.read_evidence(task)
    if measured is None:
        raise ValueError(f"no seeds of {task!r} were measured; score finished runs with `python -m dbce evidence`.")
    known = next(iter(measured["losses"].values()))
    names = {name: words for name, words in HEADINGS.items() if name in known["mean"]}
    trained = setting({**measured["recipe"], "seed": ", ".join(map(str, known["seeds"]))}, measured["test_data"])
    parts = [
        evidence.marked_table(measured, names),
        f"Percent, {trained}",
        f"{evidence.how(measured)} `python -m dbce evidence {task} --runs RUNS --data "
        f"{data_name(measured['test_data'])}` computes them.",
    ]
    return "\n\n".join(parts)


def findings_text(task: str) -> str:
    """The tables of findings of a task, and the commands that make and draw them.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    data = data_name((read_findings(task) or {}).get("test_data", "DATA"))
    return (
        f"{tables_markdown(task)}\n\n`python -m dbce evidence {task} --data {data}` counts all this, `python -m dbce "
        f"verdict {task}` prints it with the verdict; `python -m dbce verdict {task} -o calibration.pdf` draws the "
        "reliability diagram."
    )


def shares_text(task: str) -> str:
    """What share of the weight the objects of a task hold, and the command that measures it.

    Raises:
        ValueError: nothing was measured, or a file is damaged.
    """
    measured = read_shares(task)
    if measured is None:
        raise ValueError(f"no weights of {task!r} were measured; run `python -m dbce shares {task} --data DATA` first.")
    return f"{shares_markdown(measured)}\n\n`python -m dbce shares {task} --data {measured['data']}` measures them."


def bench_text(name: str) -> str:
    """What a benchmark printed, as a block of Markdown.

    Args:
        name: of its file in `BENCHMARKS`, without ``.txt``.

    Raises:
        ValueError: there is no such file.
    """
    file = f"{BENCHMARKS}/{name}.txt"
    path = ROOT / file
    if not path.is_file():
        raise ValueError(f"{file} is missing; measure it with `python -m dbce bench ... -o {file}`.")
    return f"```text\n{path.read_text(encoding='utf-8').rstrip()}\n```"


MAKERS: dict[str, Callable[[str], str]] = {
    "results": results_markdown,
    "seeds": seeds_table,
    "verdict": verdict_markdown,
    "findings": findings_text,
    "shares": shares_text,
    "learning": learning_markdown,
    "repeats": repeats_markdown,
    "variants": variants_markdown,
    "bench": bench_text,
}
"""By kind of a block, the function that makes its text from its name: a task, a file of `BENCHMARKS` or of variants."""


def filled(text: str) -> str:
    """A document with every block of it as the stored files have it.

    Raises:
        ValueError: a block of a kind or a name that there is none of, or one that does not end.
    """

    def fill(found: re.Match[str]) -> str:
        kind, name = found[1], found[2]
        if kind not in MAKERS:
            raise ValueError(f"<!-- {kind} {name} --> is a block of no known kind; kinds are {', '.join(MAKERS)}.")
        return f"<!-- {kind} {name} -->\n{MAKERS[kind](name)}\n<!-- /{kind} -->"

    whole = len(_BLOCK.findall(text))
    if whole != len(_OPENED.findall(text)):
        raise ValueError(f"{whole} of {len(_OPENED.findall(text))} blocks end; close each with its own <!-- /KIND -->.")
    return _BLOCK.sub(fill, text)


def stale() -> dict[Path, str]:
    """The documents that are not what the stored files say, each with the text that it should have.

    Raises:
        ValueError: no repository, or a block that cannot be filled.
    """
    if not (ROOT / "README.md").is_file():
        raise ValueError(f"{ROOT} holds no README.md; the documents are written in a clone of the repository.")
    texts = {}
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))):
        text = path.read_text(encoding="utf-8")
        try:
            new = filled(text)
        except ValueError as error:
            raise ValueError(f"{path.name}: {error}") from error
        if new != text:
            texts[path] = new
    return texts
