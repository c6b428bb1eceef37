"""What the README and the pages under docs/ say is what happens."""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import shutil
from pathlib import Path

import pytest
import torch
import yaml

import dbce
from dbce.__main__ import main
from dbce.commands.parsers import build_parser
from dbce.registry import LOSSES, loss_of
from dbce.scores import documents
from dbce.tasks import TASKS
from dbce.train import checkpoints

ROOT = Path(__file__).resolve().parent.parent
PAGES = {
    path.name: path.read_text(encoding="utf-8") for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
}
README = PAGES["README.md"]


def blocks(language: str, *pages: str) -> list[str]:
    """Blocks of code, of some pages or of all."""
    text = "\n".join(PAGES[page] for page in pages or PAGES)
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.DOTALL | re.MULTILINE)


def test_the_readme_is_short():
    assert len(README.splitlines()) <= 140


def test_six_lines_print_the_number_they_promise():
    (code,) = blocks("python", "README.md")
    assert len([line for line in code.splitlines() if line]) == 6


@pytest.mark.parametrize("code", blocks("python"))
def test_programs_print_what_they_promise(code):
    promised = re.search(r"# (\S+)\s*$", code)[1]
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, "page", "exec"), {})
    assert printed.getvalue().strip() == promised


def test_the_loss_of_ones_own_is_one(tmp_path, monkeypatch):
    (code,) = blocks("python loss", "README.md")
    (tmp_path / "my_losses.py").write_text(code)
    monkeypatch.syspath_prepend(tmp_path)
    logits, labels = torch.randn(2, 2, 8, 8), torch.ones(2, 8, 8, dtype=torch.long)
    assert 0 < loss_of("my_losses:tversky")()(logits, labels) < 1


def commands() -> list[str]:
    """Those of blocks, of stored benchmarks, and those in the middle of a sentence."""
    lines = "\n".join(blocks("sh")).splitlines()
    stored = [path.read_text(encoding="utf-8").splitlines()[0][2:] for path in benchmarks()]
    inside = re.findall(r"`(python -m dbce [^`]+)`", "\n".join(PAGES.values()))
    found = [line for line in (*lines, *stored, *inside) if line.startswith("python -m dbce") and "..." not in line]
    return list(dict.fromkeys(line.split("#")[0].strip() for line in found))


def benchmarks() -> list[Path]:
    return sorted((ROOT / documents.BENCHMARKS).glob("*.txt"))


@pytest.mark.parametrize("command", commands())
def test_commands_are_understood(command):
    words = shlex.split(command)[3:]
    if len(words) > 1:
        build_parser().parse_args(words)
    else:  # called by its name alone
        with pytest.raises(SystemExit) as end:
            build_parser().parse_args([*words, "--help"])
        assert end.value.code == 0


def test_options_of_the_page_exist(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["demo", "--help"])  # which app.py is
    known = capsys.readouterr().out
    lines = [line.split("#")[0] for line in "\n".join(blocks("sh")).splitlines() if line.startswith("python app.py")]
    assert lines
    for option in re.findall(r"--[\w-]+", " ".join(lines)):
        assert f"{option} " in known


def test_make_targets_exist():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE)


@pytest.mark.parametrize(
    "path", [ROOT / "README.md", *(ROOT / "docs").glob("*.md"), *ROOT.glob("[CS]*.md")], ids=lambda path: path.name
)
def test_links_and_pictures_lead_somewhere(path):
    for link in re.findall(r"\]\(([^):#\s]+)[^)]*\)", path.read_text(encoding="utf-8")):
        assert link in ("https", "http") or (path.parent / link).exists(), link


def test_every_page_is_found_from_the_readme():
    for page in PAGES.keys() - {"README.md"}:
        assert f"](docs/{page})" in README


def test_tables_and_benchmarks_are_what_the_stored_files_say():
    assert not documents.stale(), "run `python -m dbce docs`"


@pytest.mark.parametrize("task", TASKS)
def test_the_results_have_what_the_command_prints(task, capsys):
    assert main(["table", task]) == 0
    assert capsys.readouterr().out.strip() in PAGES["results.md"]
    assert main(["verdict", task]) == 0
    sentences, _, tables = capsys.readouterr().out.strip().partition("\n\n")
    assert sentences.count("\n") == 3 and sentences in PAGES["results.md"] and tables in PAGES["results.md"]


def test_the_readme_has_the_verdict_and_no_bold_that_it_contradicts(capsys):
    assert main(["verdict", "polyp"]) == 0
    assert capsys.readouterr().out.partition("\n\n")[0] in README
    (table,) = re.findall(r"<!-- seeds polyp -->\n(.*?)<!-- /seeds -->", README, re.DOTALL)
    tied = {line.split(" | ")[0].strip("| ") for line in table.splitlines() if "○ |" in line}
    assert "**" not in table and all(
        f"is not to be told from {loss}:" in README for loss in tied - {"Dilated balanced CE"}
    )
    assert "Dilated balanced CE" in tied and len(tied) > 1


def test_scores_of_the_readme_are_those_of_the_stored_files():
    """Read anew from the JSON, with no help of what wrote the table."""
    (table,) = re.findall(r"<!-- seeds polyp -->\n(.*?)<!-- /seeds -->", README, re.DOTALL)
    stored = yaml.safe_load((checkpoints.FOLDER / "polyp" / "evidence.json").read_text(encoding="utf-8"))
    for loss, row in stored["losses"].items():
        (line,) = [line for line in table.splitlines() if line.startswith(f"| {LOSSES[loss].title} |")]
        shown = [tuple(map(float, pair)) for pair in re.findall(r"([\d.]+) ± ([\d.]+)", line)]
        for (mean, std), name in zip(shown, ("dice", "iou", "precision", "recall"), strict=True):
            assert mean == pytest.approx(row["mean"][name], abs=0.006)
            assert std == pytest.approx(row["std"][name], abs=0.006)


def test_every_stored_benchmark_is_shown_with_its_command_and_day():
    assert benchmarks()
    for path in benchmarks():
        assert any(path.read_text(encoding="utf-8").rstrip() in page for page in PAGES.values()), path.name
        head = path.read_text(encoding="utf-8").splitlines()[0]
        assert re.fullmatch(r"\$ python -m dbce bench .+  # \d{4}-\d\d-\d\d", head)


@pytest.fixture
def copy(tmp_path, monkeypatch) -> Path:
    """The documents elsewhere."""
    shutil.copytree(ROOT / "docs", tmp_path / "docs")
    shutil.copy(ROOT / "README.md", tmp_path)
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    return tmp_path


def test_a_number_that_was_typed_is_found_and_written_over(copy, capsys):
    page = copy / "docs" / "results.md"
    honest = page.read_text(encoding="utf-8")
    page.write_text(honest.replace("81.03", "91.03"), encoding="utf-8")
    assert main(["docs"]) == 0 and capsys.readouterr().out.strip() == f"wrote {page}"
    assert page.read_text(encoding="utf-8") == honest
    assert main(["docs"]) == 0 and "already" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "<!-- figures polyp -->\n<!-- /figures -->\n",
            "a block of no known kind; kinds are results, seeds, verdict, findings, shares, learning, repeats, ",
        ),
        ("<!-- bench nothing -->\n<!-- /bench -->\n", "nothing.txt is missing; measure it with"),
        (
            "<!-- shares tools -->\n<!-- /shares -->\n",
            "no weights of 'tools' were measured; run `python -m dbce shares",
        ),
        ("<!-- bench viewer -->\n<!-- seeds polyp -->\n<!-- /seeds -->\n", "1 of 2 blocks end"),
        ("<!-- bench viewer -->\nwords\n<!-- /seeds -->\n", "0 of 1 blocks end"),
    ],
)
def test_a_block_that_cannot_be_filled_is_one_sentence(copy, capsys, text, words):
    (copy / "docs" / "more.md").write_text(text, encoding="utf-8")
    assert main(["docs"]) == 2
    said = capsys.readouterr().err.strip()
    assert said.startswith("dbce: more.md: ") and words in said and "\n" not in said


def test_outside_a_clone_the_command_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(documents, "ROOT", tmp_path)
    assert main(["docs"]) == 2
    assert "holds no README.md; the documents are written in a clone" in capsys.readouterr().err


def test_the_citation_names_this_version_and_the_paper():
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert cited["version"] == dbce.__version__ and {"name": "The dbce authors"} in cited["authors"]
    paper = cited["preferred-citation"]
    assert [author["family-names"] for author in paper["authors"]] == ["Hosseini", "Soleymani Baghshah"]
    assert paper["identifiers"][0]["value"] == "arXiv:2412.06045"
