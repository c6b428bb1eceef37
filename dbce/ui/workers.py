"""Where visitors' files are decoded: in processes with a memory and a time limit, which can be stopped.

A decoder that a crafted file drives mad ends with its process; the visitor reads one sentence, the next file gets
a fresh process, and nobody else notices.
"""

from __future__ import annotations

import logging
import math
import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import TimeoutError
from multiprocessing import get_all_start_methods, get_context
from typing import Any, TypeVar

from pebble import ProcessExpired, ProcessPool

from dbce.inputs import InputError

try:
    import resource
except ImportError:  # Windows: the time limit holds there, the memory limit does not
    resource = None  # type: ignore[assignment]

log = logging.getLogger(__name__)

Result = TypeVar("Result")

COUNT = 3
"""Worker processes: one a core of a small server, and one more, so that a long scan leaves two for pictures."""

PICTURE_SECONDS = 3.0
"""CPU time for a picture; the largest that is accepted takes about one second, a mask in colour up to two."""

PICTURE_BYTES = 1_200_000_000
"""Memory for a picture; the largest mask that is accepted, in colour, takes about 900 MB."""

SCAN_SECONDS = 20.0
"""CPU time for a scan; the largest that is accepted takes about five seconds, with its labels ten."""

SCAN_BYTES = 1_750_000_000
"""Memory for a scan; one is decoded at a time (see `dbce.ui.turns`), so that the whole app stays under 4 GB."""

_PATIENCE = 3
"""Wall clock over CPU time: how far a busy machine may slow a worker before it counts as stuck."""

_MODULES = ["dbce.inputs", "dbce.volumes", "dbce.ui.workers"]  # loaded once; every worker starts as a copy

_lock = threading.Lock()
_pool: ProcessPool | None = None


def start() -> None:
    """Start the worker processes and wait until one of them answers.

    Raises:
        ValueError: no process can be started here.
    """
    try:
        _running().schedule(os.getpid, timeout=60).result(90)
    except Exception as error:
        close()
        raise ValueError(
            f"no worker process can be started here ({error!r}), and visitors' files are decoded nowhere else; let "
            "this program start processes."
        ) from error
    if resource is None:
        log.warning("Processes have no memory limit on this system; files are decoded with a time limit alone.")


def close() -> None:
    """End the worker processes; a later file starts new ones."""
    global _pool
    with _lock:
        pool, _pool = _pool, None
    if pool is not None:
        pool.stop()
        pool.join(10)


def run(
    function: Callable[..., Result],
    data: bytes,
    name: str,
    *args: Any,
    seconds: float = PICTURE_SECONDS,
    memory: int = PICTURE_BYTES,
) -> Result:
    """``function(data, name, *args)`` in a worker process.

    Args:
        function: a reader, at the top level of its module.
        data: of a visitor's file.
        name: of the file.
        args: passed on; they and the result are pickled.
        seconds: CPU time that it may take.
        memory: bytes that its process may hold.

    Raises:
        InputError: the reader's own; or the file takes too long or too much memory, or kills its decoder.
    """
    task = _running().schedule(_limited, (seconds, memory, function, data, name, *args), timeout=seconds * _PATIENCE)
    try:
        return task.result()
    except InputError:
        raise
    except MemoryError as error:
        raise InputError(
            f"{name} takes more than {memory / 1e6:.0f} MB of memory to open; save it smaller, or crop it."
        ) from error
    except (TimeoutError, ProcessExpired) as error:
        if isinstance(error, ProcessExpired) and error.exitcode != -getattr(signal, "SIGXCPU", 0):
            log.warning("A worker ended with status %s.", error.exitcode)
            raise InputError(f"{name} cannot be decoded: it is damaged. Save or download it again.") from error
        raise InputError(
            f"{name} takes longer than {seconds:g} seconds to open, so it was stopped; save it again in an ordinary "
            "way, or smaller."
        ) from error
    except Exception as error:  # a reader's own fault, or a file of a kind that nobody thought of
        log.warning("A reader failed: %r.", error)
        raise InputError(f"{name} cannot be read: it is damaged or not what its name says. Save it again.") from error


def _running() -> ProcessPool:
    """The pool, started anew where there is none or it broke."""
    global _pool
    with _lock:
        if _pool is None or not _pool.active:
            method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
            context = get_context(method)
            if method == "forkserver":
                context.set_forkserver_preload(_MODULES)
            _pool = ProcessPool(COUNT, initializer=_prepare, context=context)
        return _pool


def _prepare() -> None:
    """Once in every worker: one thread, since the others work beside it."""
    import cv2

    cv2.setNumThreads(1)


def _limited(seconds: float, memory: int, function: Callable[..., Result], *args: Any) -> Result:
    """In a worker: call a function within limits."""
    if resource is not None:
        used = resource.getrusage(resource.RUSAGE_SELF)
        total = math.ceil(used.ru_utime + used.ru_stime + seconds)
        resource.setrlimit(resource.RLIMIT_CPU, (total, resource.getrlimit(resource.RLIMIT_CPU)[1]))
        resource.setrlimit(resource.RLIMIT_DATA, (memory, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    try:
        return function(*args)
    except MemoryError:
        raise
    except Exception as error:
        if "Insufficient memory" in str(error):  # OpenCV's own
            raise MemoryError(str(error)) from error
        raise
