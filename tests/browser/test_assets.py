"""The page's modules: under an address that changes with them, kept by browsers, found behind any prefix."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dbce.page import assets
from dbce.page.joined import FILES, START, joined
from dbce.page.route import mount
from tests.browser.actions import READY
from tests.browser.prefix_proxy import under
from tests.conftest import ROOT, wait_for


@pytest.fixture
def client():
    return TestClient(Starlette(routes=[mount()]))


def url(name: str, given: str | None = None) -> str:
    return f"/{assets.PATH}/{given or assets.content_hash()}/{name}"


def test_every_module_is_served_as_javascript_and_kept(client):
    assert {"main.js", "core/weights.js", "backends/gradio.js"} <= set(assets.modules())
    for name in assets.modules():
        reply = client.get(url(name))
        assert reply.content == (assets.WEB / name).read_bytes()
        assert reply.headers["content-type"].split(";")[0] == assets.KINDS[Path(name).suffix]
        assert "immutable" in reply.headers["cache-control"]
    assert client.get(url("main.js"), headers={"accept-encoding": "gzip"}).headers["content-encoding"] == "gzip"


@pytest.mark.parametrize(
    "path",
    [
        url("main.js", "0000000000"),
        url("viewer.html"),
        url("core/tsconfig.json"),
        url("__init__.py"),
        url("../page/page.py"),
        url("core/%2e%2e/%2e%2e/page/page.py"),
        f"/{assets.PATH}/main.js",
        f"/{assets.PATH}/",
    ],
)
def test_nothing_else_is_served(client, path):
    assert client.get(path).status_code == 404


def test_what_the_page_starts_with_is_loaded_at_once_and_nothing_else(client):
    needed = assets.needed(*START)
    assert {"main.js", "core/dilation.js", "tabs/anatomy.js"} <= set(needed) <= set(assets.modules())
    imported = {
        ((assets.WEB / name).parent / target).resolve().relative_to(assets.WEB.resolve()).as_posix()
        for name in needed
        for target in re.findall(r"from \"([^\"]+)\"", (assets.WEB / name).read_text("utf-8"))
    }
    assert imported | {"main.js", "backends/gradio.js"} == set(needed)


def test_the_address_changes_with_a_module(tmp_path, monkeypatch):
    before = assets.content_hash()
    copy = shutil.copytree(assets.WEB, tmp_path / "web")
    monkeypatch.setattr(assets, "WEB", copy)
    assets.modules.cache_clear()
    assets.content_hash.cache_clear()
    try:
        assert assets.content_hash() == before
        (copy / "core" / "format.js").write_text("export {};\n")
        assets.content_hash.cache_clear()
        assert assets.content_hash() != before
    finally:
        monkeypatch.undo()
        assets.modules.cache_clear()
        assets.content_hash.cache_clear()


def scripts() -> list[str]:
    return [name for name in assets.modules() if name.endswith(".js")]


def test_every_import_is_relative_and_there():
    for name in scripts():
        folder = (assets.WEB / name).parent
        for target in re.findall(r"^import [^;]*?\"([^\"]+)\";", (assets.WEB / name).read_text("utf-8"), re.MULTILINE):
            assert target.startswith("."), f"{name} imports {target}"
            assert (folder / target).resolve().relative_to(assets.WEB).as_posix() in assets.modules()


def test_arrows_between_modules_point_downward():
    layers = ["core", "readers", "lab", "files", "backends", "parts", "app", "tabs", "main.js", "site"]
    for name in scripts():
        for target in re.findall(r"^import [^;]*?\"([^\"]+)\";", (assets.WEB / name).read_text("utf-8"), re.MULTILINE):
            found = ((assets.WEB / name).parent / target).resolve().relative_to(assets.WEB.resolve())
            assert layers.index(found.parts[0]) <= layers.index(name.split("/")[0]), f"{name} imports {found}"


def test_the_page_opens_behind_a_prefix(browser: Browser):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    app = subprocess.Popen(
        [sys.executable, "app.py", "--port", str(port)], cwd=ROOT, env={**os.environ, "GRADIO_ROOT_PATH": "/some/where"}
    )
    try:
        wait_for(app, f"http://127.0.0.1:{port}")
        with under("/some/where", f"http://127.0.0.1:{port}") as address:
            for path in ("/", "/lesion"):
                page = browser.new_page()
                errors: list[str] = []
                page.on("pageerror", lambda error, errors=errors: errors.append(str(error)))
                page.goto(address + path)
                page.wait_for_selector(READY, timeout=60000)
                page.click(".examples button:nth-child(2)")
                page.wait_for_function("() => document.querySelector('.message').textContent.includes('2 of 8')")
                assert not errors
                page.close()
    finally:
        app.terminate()
        app.wait(20)


@pytest.mark.parametrize("name", FILES)
def test_the_modules_in_one_export_what_they_would_by_themselves(client, tmp_path, name):
    reply = client.get(url(name), headers={"accept-encoding": "gzip"})
    assert reply.headers["content-encoding"] == "gzip" and "immutable" in reply.headers["cache-control"]
    assert reply.headers["content-type"].split(";")[0] == "text/javascript"
    assert client.get(url(name), headers={"accept-encoding": "identity"}).text == reply.text
    whole = tmp_path / "start.mjs"
    whole.write_text(reply.text, "utf-8")
    roots = [(assets.WEB / root).as_uri() for root in FILES[name]]
    code = (
        f"const each = await Promise.all({roots!r}.map((root) => import(root)));"
        f"const [one, all] = [await import({whole.as_uri()!r}), Object.assign({{}}, ...each)];"
        "const told = (m) => Object.entries(m).map(([k, v]) => [k, typeof v]).sort();"
        "console.log(JSON.stringify([told(one), told(all)]));"
    )
    node = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    joined_, apart = json.loads(node.stdout)
    assert joined_ == apart and ["mount", "function"] in apart
    assert "\n/**" not in reply.text  # comments stay behind


def test_forms_that_cannot_be_joined_are_named(tmp_path, monkeypatch):
    (tmp_path / "a.js").write_text('import { b as c } from "./b.js";\nexport const [d, e] = [c, 2];\n')
    (tmp_path / "b.js").write_text('export { b } from "./c.js";\n')
    (tmp_path / "c.js").write_text("// three\nexport const b = 3;\n")
    (tmp_path / "star.js").write_text('export * from "./c.js";\n')
    (tmp_path / "circle.js").write_text('import { x } from "./circle2.js";\nexport const y = x;\n')
    (tmp_path / "circle2.js").write_text('import { y } from "./circle.js";\nexport const x = y;\n')
    monkeypatch.setattr(assets, "WEB", tmp_path)
    (tmp_path / "start.mjs").write_text(joined("a.js"))
    code = f"import({(tmp_path / 'start.mjs').as_uri()!r}).then(({{ d, e }}) => console.log(d, e));"
    node = subprocess.run(["node", "--input-type=module", "-e", code], capture_output=True, text=True, check=True)
    assert node.stdout.split() == ["3", "2"]
    with pytest.raises(ValueError, match=r"star\.js has a line that cannot be joined"):
        joined("star.js")
    with pytest.raises(ValueError, match="import each other"):
        joined("circle.js")
