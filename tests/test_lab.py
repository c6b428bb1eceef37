"""The live lab in real workers: every browser gets the bits that Node gets, and its workers have no network."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import CHROMIUM_OPTIONS

ROOT = Path(__file__).resolve().parent.parent
RECORDED = json.loads((ROOT / "tests/web/lab_fingerprints.json").read_text(encoding="utf-8"))

PAGE = """<!doctype html><link rel=icon href="data:,"><script type=module>
import { loadKernels, Member } from "/lab/crew.js";
const tell = (what) => fetch("/said", { method: "POST", body: JSON.stringify(what) });
const { steps, runs } = RECORDED;
try {
  const probe = new Worker("/probe.js", { type: "module" });
  const open = await new Promise((done, fail) => { probe.onmessage = (e) => done(e.data); probe.onerror = fail; });
  probe.terminate();
  const kernels = await loadKernels();
  const all = Object.entries(runs).map(([name, { start }]) => new Promise((done, fail) => {
    const member = new Member(kernels, (report) => {
      if (report.say === "mistake") fail(new Error(report.message));
      if (report.say === "snapshot" && report.step === steps) {
        member.end();
        done([name, report.fingerprint]);
      }
    }, (message) => fail(new Error(message)));
    member.start(start);
    member.tell({ do: "run", until: steps });
  }));
  await tell({ open, fingerprints: Object.fromEntries(await Promise.all(all)) });
} catch (error) {
  await tell({ error: String(error.message ?? error) });
}
</script>"""
PROBE = """import "/lab/worker.js";
const doors = ["fetch", "XMLHttpRequest", "WebSocket", "EventSource", "WebTransport", "Worker", "caches", "navigator"];
postMessage(doors.filter((door) => globalThis[door] !== undefined));
"""


class Handler(SimpleHTTPRequestHandler):
    """dbce/web, the page, and an ear for what it says."""

    def __init__(self, *args, said: list, heard: threading.Event, **kwargs) -> None:
        self.said, self.heard = said, heard
        super().__init__(*args, directory=str(ROOT / "dbce/web"), **kwargs)

    def do_GET(self) -> None:
        page = PAGE.replace("RECORDED", json.dumps(RECORDED))
        texts = {"/": ("text/html", page), "/probe.js": ("text/javascript", PROBE)}
        if self.path not in texts:
            return super().do_GET()
        kind, text = texts[self.path]
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.end_headers()
        self.wfile.write(text.encode())

    def do_POST(self) -> None:
        self.said.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()
        self.heard.set()

    def log_message(self, *args: object) -> None:
        pass


def chromium(profile: Path) -> list[str] | None:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    return path and [path, "--headless", f"--user-data-dir={profile}", *CHROMIUM_OPTIONS]


def firefox(profile: Path) -> list[str] | None:
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    return path and [path, "--headless", "--no-remote", "--profile", str(profile)]


@pytest.mark.parametrize("command", [chromium, firefox])
def test_a_browser_learns_the_bits_that_node_learns(command, tmp_path):
    given = command(tmp_path)
    if given is None:
        pytest.skip(f"no {command.__name__} here: apt-get install chromium firefox-esr")
    said: list[dict] = []
    heard = threading.Event()
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, said=said, heard=heard))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    address = f"http://127.0.0.1:{server.server_address[1]}/"
    environment = {"HOME": str(tmp_path), "PATH": "/usr/bin:/bin", "MOZ_HEADLESS": "1"}
    browser = subprocess.Popen(
        [*given, address], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True
    )
    try:
        assert heard.wait(300), "the browser said nothing"
    finally:
        browser.terminate()
        browser.wait(30)
        server.shutdown()
        server.server_close()
    expected = {name: run["fingerprint"] for name, run in RECORDED["runs"].items()}
    assert said[0] == {"open": [], "fingerprints": expected}
