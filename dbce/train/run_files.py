"""The files of a training run: its state, behind a checksum, its log, and the lock that keeps others out."""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from filelock import FileLock, Timeout

_MAGIC = b"dbce-state-1\n"
_DIGEST = hashlib.sha256().digest_size


def write_state(folder: Path, state: dict[str, Any]) -> None:
    """Replace ``state.pt``, at once or not at all: a magic line, the SHA-256 of the rest, and what torch saves.

    Raises:
        OSError: it cannot be written; the state of the epoch before is still there.
    """
    buffer = io.BytesIO()
    torch.save(state, buffer)
    content = buffer.getvalue()
    _replace(folder / "state.pt", _MAGIC + hashlib.sha256(content).digest() + content)


def read_state(folder: Path) -> dict[str, Any] | None:
    """The state of a run, or None before its first epoch has ended.

    Raises:
        ValueError: a byte of the file is not as it was written.
    """
    path = folder / "state.pt"
    if not path.is_file():
        return None
    data = path.read_bytes()
    start = len(_MAGIC) + _DIGEST
    if data[:start] != _MAGIC + hashlib.sha256(data[start:]).digest():
        raise ValueError(
            f"{path} is damaged: its checksum does not fit, so the run cannot go on from it. Put back a copy of the "
            "file, or delete it to begin the run again."
        )
    return torch.load(io.BytesIO(data[start:]), map_location="cpu", weights_only=True)


def write_log(folder: Path, lines: Sequence[dict[str, Any]]) -> None:
    """Replace ``log.jsonl``: a line an epoch."""
    _replace(folder / "log.jsonl", "".join(json.dumps(line) + "\n" for line in lines).encode())


def read_log(folder: str | Path) -> list[dict[str, Any]]:
    """The lines of a run's ``log.jsonl``, one dictionary an epoch; empty before the first.

    Raises:
        ValueError: a line that is none. A run that goes on writes the log anew.
    """
    path = Path(folder) / "log.jsonl"
    lines = []
    for number, text in enumerate(path.read_bytes().splitlines() if path.is_file() else [], start=1):
        try:
            line = json.loads(text)
            lines.append({**line, "epoch": int(line["epoch"]), "loss": float(line["loss"])})
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(
                f"{path}, line {number}, is damaged. If state.pt is there, give the command of the run again: it "
                "writes the log anew; else remove the line."
            ) from error
    return lines


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """No other process trains in this folder meanwhile; a killed one leaves it free.

    The processes of one ``accelerate launch`` share the folder: the first of them holds the lock.

    Raises:
        ValueError: another process holds it.
    """
    if os.environ.get("RANK", "0") != "0":
        yield
        return
    lock = FileLock(folder / "lock", blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise ValueError(
            f"another process trains in {folder}; wait until it has finished, or give another --out."
        ) from error
    try:
        yield
    finally:
        lock.release()


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Where to write a file that then takes its place, at once or not at all: whoever reads it meanwhile has the one
    before."""
    part = path.with_name(path.name + ".part")
    try:
        yield part
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)


def _replace(path: Path, content: bytes) -> None:
    try:
        with replacing(path) as part:
            part.write_bytes(content)
    except OSError as error:
        kept = "the epoch before is kept" if path.is_file() else "nothing of the run is lost that was there before"
        raise OSError(
            f"{path} cannot be written ({error.strerror}); {kept}. Make room, then give the same command again: the "
            "run goes on."
        ) from error
