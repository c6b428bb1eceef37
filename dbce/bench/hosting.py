"""A static host as GitHub Pages is one: it compresses text, and counts what it sends."""

from __future__ import annotations

import functools
import gzip
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

KINDS = {
    **{".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".json": "application/json"},
    **{".webmanifest": "application/manifest+json", ".png": "image/png", ".wasm": "application/wasm"},
}
_TEXT = (".html", ".js", ".mjs", ".json", ".webmanifest")


@contextmanager
def static_host(folder: Path) -> Iterator[tuple[str, dict[str, int]]]:
    """Serve a folder on this machine.

    Yields:
        Its address, and what was sent so far: path -> bytes on the wire.
    """
    sent: dict[str, int] = {}

    @functools.cache
    def answer(path: str) -> tuple[bytes, str, bool]:
        data, packs = (folder / path).read_bytes(), path.endswith(_TEXT)
        kind = KINDS.get(Path(path).suffix, "application/octet-stream")
        return (gzip.compress(data, 6), kind, True) if packs else (data, kind, False)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = self.path.partition("?")[0].lstrip("/") or "index.html"
            if not (folder / path).resolve().is_relative_to(folder.resolve()) or not (folder / path).is_file():
                return self.send_error(404)
            data, kind, packed = answer(path)
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(data)))
            self.send_header("cache-control", "max-age=600")
            if packed:
                self.send_header("content-encoding", "gzip")
            self.end_headers()
            sent[path] = sent.get(path, 0) + len(data)
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/", sent
    finally:
        server.shutdown()
        server.server_close()
