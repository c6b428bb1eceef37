"""A proxy that shows a server under a path of its own, as a Space's host or a laboratory's gateway does."""

from __future__ import annotations

import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

_OWN = {"transfer-encoding", "connection", "content-length", "content-encoding", "date", "server"}


@contextmanager
def under(prefix: str, address: str) -> Iterator[str]:
    """The same pages below ``prefix``, which the server behind never sees; everything else is not found.

    Args:
        prefix: such as ``/some/where``.
        address: of the server, without a slash at its end.

    Yields:
        The new address, without a slash at its end.
    """

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            if not self.path.startswith(prefix + "/"):
                return self.send_error(404)
            length = int(self.headers.get("content-length", 0))
            headers = {name: value for name, value in self.headers.items() if name.lower() != "accept-encoding"}
            host = self.headers["host"]
            headers |= {"x-forwarded-host": host, "x-forwarded-proto": "http", "x-forwarded-prefix": prefix}
            request = urllib.request.Request(
                address + self.path.removeprefix(prefix),
                self.rfile.read(length) if length else None,
                headers,
                method=self.command,
            )
            try:
                reply = urllib.request.urlopen(request, timeout=60)
            except urllib.error.HTTPError as error:
                reply = error
            body = reply.read()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                if name.lower() not in _OWN:
                    self.send_header(name, value)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_HEAD = answer

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{prefix}"
    finally:
        server.shutdown()
        server.server_close()
