"""What `pip install .` brings: built in a copy of the repository, and run without what the extras bring."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable
from email.parser import HeaderParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from dbce import __version__

ROOT = Path(__file__).resolve().parent.parent
LOSS = {"torch", "numpy", "opencv-python-headless"}
ABSENT = {
    "PIL", "accelerate", "filelock", "gradio", "h5py", "huggingface_hub", "kornia", "matplotlib", "nibabel",
    "safetensors", "segmentation_models_pytorch", "starlette", "torchvision", "tqdm",
}  # fmt: skip
"""Modules that only the extras bring (torch itself brings filelock)."""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("copy") / "dbce"
    ignored = shutil.ignore_patterns(".*", "__pycache__", "checkpoints", "node_modules", "runs", "build", "*.egg-info")
    shutil.copytree(ROOT, place, ignore=ignored)
    code = "import setuptools.build_meta as build; print(build.build_wheel('.'))"
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return place / done.stdout.split()[-1]


@pytest.fixture(scope="module")
def metadata(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return HeaderParser().parsestr(archive.read(f"dbce-{__version__}.dist-info/METADATA").decode())


def needs(metadata, extra: str = "") -> list[str]:
    """Requirements of the package itself, or those that an extra adds."""
    mark = f'; extra == "{extra}"'
    lines = metadata.get_all("Requires-Dist")
    return [line.removesuffix(mark) for line in lines if (line.endswith(mark) if extra else ";" not in line)]


def wanted(lines: Iterable[str]) -> set[Requirement]:
    """Requirements without the extra that they belong to."""
    return {Requirement(line) for line in lines}


def listed(name: str) -> set[Requirement]:
    lines = (ROOT / name).read_text().splitlines()
    return wanted(line for line in lines if line.strip() and not line.startswith(("#", "-")))


def test_the_package_itself_needs_three_others(metadata):
    assert {line.name for line in wanted(needs(metadata))} == LOSS


def test_the_extras_are_the_files_lists(metadata):
    extras = ("page", "train", "dicom", "evidence", "notebook", "tensorboard", "dev")
    assert set(metadata.get_all("Provides-Extra")) == {*extras, "wandb"}
    page, train, dicom, evidence, notebook, tensorboard, dev = (wanted(needs(metadata, extra)) for extra in extras)
    everything = wanted(["dbce[page,train,dicom,evidence,notebook,tensorboard]"])
    assert listed("requirements.txt") == wanted(needs(metadata)) | page | train
    added = (notebook | tensorboard) - page
    assert listed("requirements-dev.txt") == dicom | evidence | added | dev - everything
    assert everything < dev  # so it brings the others' lists as well
    names = {line.name for line in page}
    assert "gradio" not in {line.name for line in notebook} and page & notebook
    assert "gradio" in names and not names & {"kornia", "accelerate"}


def test_the_metadata_lead_to_the_readme_and_the_paper(metadata):
    assert metadata["Version"] == __version__ and metadata["Description-Content-Type"] == "text/markdown"
    assert "dilated" in metadata.get_payload()
    assert any("arxiv.org/abs/2412.06045" in url for url in metadata.get_all("Project-URL"))


def test_the_wheel_holds_the_code_and_the_page_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
        entry = archive.read(f"dbce-{__version__}.dist-info/entry_points.txt").decode()
    kinds = {".py", ".js", ".css", ".html", ".onnx", ".wasm", ".png"}
    ours = {str(path.relative_to(ROOT)) for path in (ROOT / "dbce").rglob("*") if path.suffix in kinds}
    assert names == ours | {"dbce/py.typed", "dbce/web/readers/sentences.json"}
    assert "dbce = dbce.__main__:main" in entry


@pytest.fixture(scope="module")
def run(wheel, tmp_path_factory):
    """Run code with the wheel's files, away from the repository, where the extras' modules cannot be imported."""
    base = tmp_path_factory.mktemp("installed")
    zipfile.ZipFile(wheel).extractall(base)
    block = (
        "import sys\n"
        "class Absent:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in ABSENT:\n"
        "            raise ModuleNotFoundError(f'No module named {name!r}', name=name)\n"
        "sys.meta_path.insert(0, Absent())\n"
    )

    def run(code: str, *arguments: str, absent: set[str] = ABSENT, **environment: str) -> subprocess.CompletedProcess:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("DBCE", "PYTHONPATH"))}
        return subprocess.run(
            [sys.executable, "-c", f"ABSENT = {sorted(absent)}\n{block}{code}", *arguments],
            cwd=base,
            env={
                **kept,
                **environment,
                "PYTHONPATH": str(base),
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONWARNINGS": "ignore",
            },
            capture_output=True,
            text=True,
        )

    return run


LEARN = """
import torch, dbce
from dbce import LOSSES, dilated_balanced_cross_entropy, weight_map, weight_map_numpy
labels = torch.eye(64, dtype=torch.long)[None]
logits = torch.zeros(1, 2, 64, 64, requires_grad=True)
losses = [loss()(logits, labels) for loss in LOSSES.values()]
dilated_balanced_cross_entropy(logits, labels, radius=5).backward()
assert logits.grad.abs().sum() > 0 and weight_map(labels, 2, 5).shape == labels.shape
assert weight_map_numpy(labels[0].numpy(), 2, 5).shape == (64, 64)
print(dbce.__file__, *(f"{loss.item():.4f}" for loss in losses))
"""


def test_the_losses_work_without_any_extra(run):
    done = run(LEARN)
    assert done.returncode == 0, done.stderr
    file, *values = done.stdout.split()
    assert not file.startswith(str(ROOT)) and len(values) == 4 and values[0] == "0.6931"  # ln 2


COMMAND = "from dbce.__main__ import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ("demo", 'pip install ".[page]"'),
        ("table polyp", 'pip install ".[page]"'),
        ("train polyp --data nowhere", 'pip install ".[train]"'),
        ("bench dilation", 'pip install ".[dev]"'),
    ],
)
def test_a_command_that_lacks_an_extra_says_which(run, arguments, words):
    done = run(COMMAND, *arguments.split())
    assert done.returncode == 2 and not done.stdout
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("dbce: ") and "is not installed" in line and words in line


def test_help_needs_no_extra(run):
    done = run(COMMAND, "--help")
    assert done.returncode == 0 and "serve the page" in done.stdout


def test_without_networks_one_sentence_says_how_to_name_them(run, tmp_path):
    done = run(COMMAND, "table", "polyp", absent=set())
    assert done.returncode == 2 and "--checkpoints or DBCE_CHECKPOINTS" in done.stderr
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("dbce: no checkpoints are bundled for 'polyp'")
    done = run(COMMAND, "demo", absent=set())
    assert done.returncode == 2 and "checkpoints holds no networks" in done.stderr.strip().splitlines()[-1]


def test_networks_are_found_where_option_or_variable_says(run):
    folder = str(ROOT / "checkpoints")
    named = run(COMMAND, "table", "polyp", "--checkpoints", folder, absent=set())
    set_ = run(COMMAND, "table", "polyp", absent=set(), DBCE_CHECKPOINTS=folder)
    here = subprocess.run([sys.executable, "-m", "dbce", "table", "polyp"], cwd=ROOT, capture_output=True, text=True)
    assert named.stdout == set_.stdout == here.stdout != ""


def test_the_option_is_over_after_its_command(monkeypatch, capsys, tmp_path):
    from dbce.__main__ import main
    from dbce.train.checkpoints import FOLDER, home

    monkeypatch.setenv("DBCE_CHECKPOINTS", "elsewhere")
    assert main(["table", "polyp", "--checkpoints", str(tmp_path)]) == 2
    assert str(tmp_path) in capsys.readouterr().err and str(home()) == "elsewhere"
    monkeypatch.delenv("DBCE_CHECKPOINTS")
    assert main(["table", "polyp", "--checkpoints", str(tmp_path)]) == 2 and home() == FOLDER
