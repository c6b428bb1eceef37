"""A stand-in for the Hugging Face Hub on loopback: the part of its API that the real client uses to create
repositories, to upload (git blobs and LFS) and to download, with the answers the Hub gives."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import unquote

TOKEN = "hf_stand_in"


@dataclass
class Store:
    """Repositories by kind and name: every commit's files, newest last."""

    repos: dict[tuple[str, str], dict[str, dict[str, bytes]]] = field(default_factory=dict)
    blobs: dict[str, bytes] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    created: list[dict] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    writable: bool = True

    def commit(self, kind: str, name: str, files: dict[str, bytes]) -> str:
        commits = self.repos.setdefault((kind, name), {})
        sha = hashlib.sha1(f"{kind}{name}{len(commits)}".encode()).hexdigest()
        commits[sha] = files
        return sha

    def files(self, kind: str, name: str, revision: str) -> dict[str, bytes] | None:
        commits = self.repos[kind, name]
        if revision in ("main", ""):
            return list(commits.values())[-1] if commits else {}
        return commits.get(revision)

    def sha(self, kind: str, name: str, revision: str) -> str:
        return list(self.repos[kind, name])[-1] if revision in ("main", "") else revision


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    store: Store

    def answer(self, status: int, body: object = b"", **headers: str) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Length": str(len(content)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    def missing(self, what: str) -> None:
        self.answer(404, {}, X_Error_Code=f"{what}NotFound", X_Error_Message=f"{what} not found")

    @property
    def body(self) -> bytes:
        if self.headers.get("Transfer-Encoding") != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", 0)))
        parts = []
        while size := int(self.rfile.readline(), 16):
            parts.append(self.rfile.read(size))
            self.rfile.readline()
        self.rfile.readline()
        return b"".join(parts)

    def do_GET(self) -> None:
        path = unquote(self.path.split("?")[0])
        self.store.asked.append(path)
        api = re.fullmatch(r"/api/(models|spaces)/([^/]+/[^/]+)(?:/(revision|tree)/([^/]+).*)?", path)
        file = re.fullmatch(r"/(spaces/)?([^/]+/[^/]+)/resolve/([^/]+)/(.+)", path)
        if api:
            kind, name, what, revision = api[1], api[2], api[3], api[4] or "main"
        elif file:
            kind, name, what, revision = "spaces" if file[1] else "models", file[2], "file", file[3]
        else:
            return self.missing("Repo")
        if (kind, name) not in self.store.repos:
            return self.missing("Repo")
        files = self.store.files(kind, name, revision)
        if files is None:
            return self.missing("Revision")
        if what == "file":
            if file[4] not in files:
                return self.missing("Entry")
            content = files[file[4]]
            etag = f'"{hashlib.sha256(content).hexdigest()}"'
            return self.answer(200, content, ETag=etag, X_Repo_Commit=self.store.sha(kind, name, revision))
        if what == "tree":
            return self.answer(
                200,
                [
                    {"type": "file", "path": path, "size": len(content), "oid": hashlib.sha1(content).hexdigest()}
                    for path, content in files.items()
                ],
                Content_Type="application/json",
            )
        siblings = [{"rfilename": path} for path in files]
        sha = self.store.sha(kind, name, revision)
        self.answer(
            200,
            {"id": name, "modelId": name, "sha": sha, "siblings": siblings, "tags": []},
            Content_Type="application/json",
        )

    do_HEAD = do_GET

    def do_PUT(self) -> None:
        content = self.body
        self.store.blobs[hashlib.sha256(content).hexdigest()] = content
        self.answer(200)

    def do_POST(self) -> None:
        path, body = unquote(self.path.split("?")[0]), self.body
        self.store.asked.append(path)
        if self.headers.get("Authorization") != f"Bearer {TOKEN}":
            return self.answer(401, {"error": "Invalid username or password."})
        if not self.store.writable:
            return self.answer(403, {"error": "this token may not write"}, X_Error_Message="this token may not write")
        if path == "/api/repos/create":
            given = json.loads(body)
            kind = f"{given.get('type', 'model')}s"
            name = f"{given['organization']}/{given['name']}" if given.get("organization") else f"user/{given['name']}"
            self.store.created.append(given)
            if (kind, name) in self.store.repos:
                return self.answer(409, {"url": self.address(kind, name), "error": "exists"})
            self.store.commit(kind, name, {".gitattributes": b""})
            return self.answer(200, {"url": self.address(kind, name), "name": name})
        if path == "/api/validate-yaml":
            return self.answer(200, {"errors": [], "warnings": []})
        if path.endswith("/info/lfs/objects/batch"):
            host = f"http://{self.headers['Host']}"
            objects = [
                {**given, "actions": {"upload": {"href": f"{host}/upload/{given['oid']}"}}}
                for given in json.loads(body)["objects"]
            ]
            return self.answer(
                200, {"transfer": "basic", "objects": objects}, Content_Type="application/vnd.git-lfs+json"
            )
        found = re.fullmatch(r"/api/(models|spaces)/([^/]+/[^/]+)/(preupload|commit|variables)(?:/(.+))?", path)
        if not found or (found[1], found[2]) not in self.store.repos:
            return self.missing("Repo")
        kind, name = found[1], found[2]
        if found[3] == "variables":
            given = json.loads(body)
            self.store.variables[given["key"]] = given["value"]
            return self.answer(200, {given["key"]: {"value": given["value"]}})
        if found[3] == "preupload":
            files = [
                {"path": f["path"], "shouldIgnore": False, "uploadMode": "lfs" if f["size"] > 1_000_000 else "regular"}
                for f in json.loads(body)["files"]
            ]
            return self.answer(200, {"files": files})
        files = dict(self.store.files(kind, name, "main") or {})
        for line in map(json.loads, body.splitlines()):
            value = line["value"]
            if line["key"] == "file":
                files[value["path"]] = base64.b64decode(value["content"])
            elif line["key"] == "lfsFile":
                files[value["path"]] = self.store.blobs[value["oid"]]
            elif line["key"] == "deletedFile":
                del files[value["path"]]
        sha = self.store.commit(kind, name, files)
        self.answer(200, {"commitUrl": f"{self.address(kind, name)}/commit/{sha}", "commitOid": sha, "success": True})

    def address(self, kind: str, name: str) -> str:
        return f"http://{self.headers['Host']}/{'spaces/' if kind == 'spaces' else ''}{name}"

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serve(store: Store):
    """The address of a server of what is in the store."""
    handler = type("Handler", (_Handler,), {"store": store})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
