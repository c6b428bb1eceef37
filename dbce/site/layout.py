"""A folder whose files never change under their names: each name carries the hash of its content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_DIGITS = 10


class Folder:
    """Writes files, and remembers what it wrote.

    Args:
        root: an empty folder, or one that is made.

    Raises:
        ValueError: there is something in it already.
    """

    def __init__(self, root: Path) -> None:
        if root.exists() and (not root.is_dir() or any(root.iterdir())):
            raise ValueError(f"{root} is there already and is no empty folder; name another, or delete it first.")
        root.mkdir(parents=True, exist_ok=True)
        self.root = root
        self.names: list[str] = []

    def fixed(self, name: str, data: bytes) -> str:
        """A file under exactly this name: what browsers ask for by it, or what is named after its folder's hash."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        self.names.append(name)
        return name

    def hashed(self, name: str, data: bytes) -> str:
        """``a/b.c`` -> the name under which it lies, ``a/b-HASH.c``."""
        path = Path(name)
        digits = hashlib.sha256(data).hexdigest()[:_DIGITS]
        stem, dot, suffix = path.name.partition(".")
        return self.fixed(path.with_name(f"{stem}-{digits}{dot}{suffix}").as_posix(), data)

    def together(self, name: str, contents: Mapping[str, bytes]) -> list[str]:
        """Files that name each other, below a folder ``name-HASH`` that carries the hash of them all."""
        whole = hashlib.sha256()
        for own, data in sorted(contents.items()):
            whole.update(own.encode() + b"\0" + hashlib.sha256(data).digest())
        digits = whole.hexdigest()[:_DIGITS]
        return [self.fixed(f"{name}-{digits}/{own}", data) for own, data in contents.items()]

    def packed(self, name: str, data: bytes) -> dict[str, Any]:
        """A large file, with gzip because plain hosts do not compress.

        Returns:
            ``url``, ``bytes`` of the file and ``size`` in bytes when unpacked, as dbce/web/backends/onnx/download.js
            takes them.
        """
        small = gzip.compress(data, 9, mtime=0)
        return {"url": self.hashed(f"{name}.gz", small), "bytes": len(small), "size": len(data)}
