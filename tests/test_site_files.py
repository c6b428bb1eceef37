"""The page as a folder of files: their names, what its HTML asks for, what is said where something is missing."""

from __future__ import annotations

import gzip
import hashlib
import json
import re
import shutil
from pathlib import Path

import pytest

from dbce.site import build, runtime
from dbce.site.layout import Folder
from dbce.train import checkpoints
from tests.small_site import small_offers
from tests.stand_in_hub import Store, serve
from tests.test_hub import python

ROOT = Path(__file__).resolve().parent.parent
FIXED = {"index.html", "sw.js"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("site") / "built"
    names = build.write_site(small_offers()[:1], path)
    assert sorted(names) == sorted(file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    return path


def files_of(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


def test_every_name_has_the_hash_of_its_content(folder):
    together: dict[str, dict[str, bytes]] = {}
    for name in files_of(folder) - FIXED:
        data = (folder / name).read_bytes()
        alone = re.fullmatch(r"(?:.*/)?[^/]*?-([0-9a-f]{10})\.[^/]+", name)
        if alone:
            assert hashlib.sha256(data).hexdigest().startswith(alone[1]), name
        else:
            base, own = name.split("/", 1)
            together.setdefault(base, {})[own] = data
    assert {base.rpartition("-")[0] for base in together} == {"web", "h5wasm"}
    for base, contents in together.items():
        again = Folder(folder.parent / f"again-{base}").together(base.rpartition("-")[0], contents)
        assert {name.split("/")[0] for name in again} == {base}  # the same files, the same name
        changed = {**contents, next(iter(contents)): b"other"}
        other = Folder(folder.parent / f"other-{base}").together(base.rpartition("-")[0], changed)
        assert other[0].split("/")[0] != base


def test_the_page_asks_for_files_beside_it_and_for_nothing_else(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    named = [url for url in re.findall(r'(?:href|src)="([^"]+)"', text) if not url.startswith("#")]
    own = {url for url in named if not url.startswith(("https://arxiv.org", "https://www.gradio.app", "./"))}
    assert own and own <= files_of(folder)  # relative, and there
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', text)[1]
    assert "https:" not in policy and "default-src &#x27;none&#x27;" in policy
    assert text.index("Content-Security-Policy") < text.index("<script")
    assert not re.search(r"<script(?![^>]*(src=|application/json))", text)  # none that the policy would have to let in
    told = json.loads(re.search(r'<script type="application/json" id="files">(.*?)</script>', text, re.DOTALL)[1])
    files = told["files"]
    sources = [*files["networks"].values(), files["runtime"]["wasm"]]
    for source in sources:
        data = (folder / source["url"]).read_bytes()
        assert (len(data), len(gzip.decompress(data))) == (source["bytes"], source["size"])
    assert {*files["scenes"], *files["h5"], files["runtime"]["module"], files["runtime"]["mjs"]} <= files_of(folder)
    assert files["networks"].keys() == checkpoints.bundled("polyp").keys()
    first, *others = (source["bytes"] for source in [files["runtime"]["wasm"], *files["networks"].values()])
    assert first + others[0] <= 10e6 and first + sum(others) <= 28e6


def test_the_service_worker_knows_the_files_of_its_version(folder):
    site = json.loads((folder / "sw.js").read_text(encoding="utf-8").partition("self.SITE = ")[2].partition(";\n")[0])
    assert {*site["pages"], *site["shell"]} <= set(site["all"]) == files_of(folder) - {"sw.js"}
    assert sum((folder / name).stat().st_size for name in site["shell"]) < 2.5e6


def test_it_can_be_installed(folder):
    text = (folder / "index.html").read_text(encoding="utf-8")
    manifest = json.loads((folder / re.search(r'rel="manifest" href="([^"]+)"', text)[1]).read_text(encoding="utf-8"))
    assert {"name", "start_url", "display", "icons"} <= manifest.keys() and manifest["start_url"] == "./"
    assert all((folder / icon["src"]).read_bytes().startswith(b"\x89PNG") for icon in manifest["icons"])


def test_what_is_missing_is_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"ort\.wasm\.min\.mjs is not there; run `npm ci` in the repository, or name"):
        runtime.find_packages(tmp_path)
    for name, files in runtime.PACKAGES.items():
        for file in files:
            (tmp_path / name / "dist" / file).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / name / "dist" / file).write_bytes(b"")
        (tmp_path / name / "package.json").write_text('{"version": "0.0.1"}')
    with pytest.raises(ValueError, match=r"onnxruntime-web is version 0\.0\.1, package\.json pins \d"):
        runtime.find_packages(tmp_path)
    (tmp_path / "mine.txt").write_text("kept")
    with pytest.raises(ValueError, match="is no empty folder; name another, or delete it first"):
        build.write_site([], tmp_path, ROOT / "node_modules")
    assert (tmp_path / "mine.txt").read_text() == "kept"


PUBLISH = """
import sys
from pathlib import Path
from dbce.hub.publish import publish_site
print(publish_site(sys.argv[1], Path(sys.argv[2])))
"""


def test_a_static_space_holds_this_version_and_nothing_of_the_one_before(folder, tmp_path):
    store = Store()
    with serve(store) as address:
        for number in (1, 2):
            copy = shutil.copytree(folder, tmp_path / str(number))
            (copy / f"only-in-{number}.txt").write_text("x")
            done = python(tmp_path / "home", address, "-c", PUBLISH, "user/page", str(copy))
            assert done.returncode == 0, done.stderr
    assert "spaces/user/page" in done.stdout
    assert [made["sdk"] for made in store.created][:1] == ["static"]
    files = store.files("spaces", "user/page", "main")
    assert files.keys() - {"README.md", ".gitattributes"} == files_of(tmp_path / "2")
    assert files["index.html"] == (folder / "index.html").read_bytes()
    head = files["README.md"].decode().split("---")[1]
    assert "sdk: static" in head and "app_file: index.html" in head
    assert "nothing is sent anywhere" in files["README.md"].decode()
