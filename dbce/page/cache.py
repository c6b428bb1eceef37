"""Where files of programs lie while they are answered: a private folder of this process, swept, gone at the end.

Only programs leave files here, because gradio passes an upload and a result as files. What the page sends and receives
stays in memory.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import tempfile
import threading
import time
from pathlib import Path

from filelock import FileLock, Timeout

KEEP = 240.0
"""Seconds after which a file is deleted; `SWEEP` later at the most it is gone."""

SWEEP = 15.0
"""Seconds from one look at the folder to the next."""

MAX_BYTES, MAX_FILES = 2_000_000_000, 10_000
"""Most that all visitors together may leave here."""

_PREFIX = "dbce-page-"
_UNLOCKED = 60.0  # seconds in which an app that starts has locked its folder
_lock = threading.Lock()
_home: Path | None = None
_held: FileLock | None = None


def start_cache(keep: float = KEEP) -> Path:
    """Make this process's folder and tell gradio of it; remove what apps that were killed have left. Once a process.

    The folder is ``dbce-page-*`` in the system's temporary folder (``TMPDIR``), mode 0700. A lock in it is held while
    this process lives, so that an app never removes the folder of another.

    Args:
        keep: seconds that a file may stay.

    Returns:
        The folder; uploads lie under ``gradio/`` in it, results under ``gradio/results/``.
    """
    global _home, _held
    with _lock:
        if _home is not None:
            return _home
        parent = Path(tempfile.gettempdir()).resolve()
        _remove_abandoned(parent)
        _home = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        _held = FileLock(_home / "lock")
        _held.acquire()
        results().mkdir(parents=True)
        os.environ["GRADIO_TEMP_DIR"] = str(uploads())
        atexit.register(_end_in, os.getpid())
        pause = min(SWEEP, keep / 4)
        threading.Thread(target=_sweep_for_ever, args=(uploads(), keep, pause), daemon=True, name="sweep").start()
        return _home


def uploads() -> Path:
    """The folder that gradio writes to."""
    assert _home is not None, "cache.start_cache() comes first"
    return _home / "gradio"


def results() -> Path:
    """The folder that files for visitors are written to, and the only one that they can be fetched from."""
    return uploads() / "results"


def put(name: str, data: bytes) -> Path:
    """Write a result to a folder of its own, whose name nobody can guess."""
    path = Path(tempfile.mkdtemp(dir=results())) / name
    path.write_bytes(data)
    return path


def full() -> bool:
    """Whether there is no room for another upload."""
    files = size = 0
    for path in uploads().rglob("*"):
        with contextlib.suppress(OSError):
            files, size = files + 1, size + path.lstat().st_size
    return files > MAX_FILES or size > MAX_BYTES


def sweep(folder: Path, keep: float) -> None:
    """Delete the files below a folder that nobody has written for ``keep`` seconds, and folders that stayed empty."""
    now = time.time()
    for path in sorted(folder.rglob("*"), reverse=True):  # what is in a folder comes before it
        with contextlib.suppress(OSError):  # gone already, or a folder that is not empty
            found = path.lstat()
            if now - max(found.st_mtime, found.st_ctime) <= keep or path == folder / "results":
                continue
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()


def _sweep_for_ever(folder: Path, keep: float, pause: float) -> None:
    while folder.is_dir():
        time.sleep(pause)
        sweep(folder, keep)


def _remove_abandoned(parent: Path) -> None:
    """Remove the folders of apps that ended without doing so: those whose lock nobody holds."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError, Timeout):
            if folder.is_symlink() or not folder.is_dir() or not os.access(folder, os.W_OK):
                continue
            if not (folder / "lock").exists():  # one that starts just now, or one that was being removed
                if time.time() - folder.stat().st_mtime > _UNLOCKED:
                    shutil.rmtree(folder, ignore_errors=True)
                continue
            with FileLock(folder / "lock", timeout=0):
                shutil.rmtree(folder, ignore_errors=True)


def end() -> None:
    """Remove the folder, and with it what was uploaded since it was removed last."""
    if _home is not None and _held is not None:
        _held.release()
        shutil.rmtree(_home, ignore_errors=True)


def _end_in(process: int) -> None:
    """The same in the process that made the folder, and in none that was forked from it."""
    if os.getpid() == process:
        end()
