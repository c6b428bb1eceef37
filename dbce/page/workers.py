"""Where visitors' files are decoded: in processes with a memory and a time limit, which can be stopped.

A decoder that a crafted file drives mad ends with its process; the visitor reads one sentence, the next file gets
a fresh process, and nobody else notices. Every worker has a pipe of its own, so that one that is killed halfway
through an answer disturbs no other (pools that share a pipe break as a whole there).
"""

from __future__ import annotations

import atexit
import logging
import math
import queue
import signal
from collections.abc import Callable, Mapping
from multiprocessing import get_all_start_methods, get_context
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from dbce.data.inputs import InputError

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
"""Memory for a scan; one is decoded at a time (see `dbce.page.turns`), so that the whole app stays under 4 GB."""

_PATIENCE = 3  # wall clock over CPU time: how far a busy machine may slow a worker before it counts as stuck
_START = 60  # seconds that a process may take to load what its function needs
_MODULES = ["dbce.data.pairs", "dbce.data.volumes", "dbce.page.workers"]  # loaded once; every worker starts as a copy


class _Stopped(Exception):
    """A worker ended before it answered, by itself with this exit status, or because its time was over (None)."""


class _Worker:
    """A process and the pipe to it; used by one thread at a time."""

    def __init__(self) -> None:
        method = "forkserver" if "forkserver" in get_all_start_methods() else "spawn"
        context: Any = get_context(method)
        if method == "forkserver":
            context.set_forkserver_preload(_MODULES)
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs,), name="dbce-worker", daemon=True)
        self.process.start()
        theirs.close()

    def ask(self, task: tuple[Any, ...], patience: float) -> tuple[str, Any]:
        """Send a task, and wait for how it ended (see `_attempt`).

        Raises:
            _Stopped: it did not end by itself in time, or took its process with it.
        """
        try:
            self.connection.send(task)
            if self.connection.poll(patience):
                return self.connection.recv()
            status = None
        except (EOFError, OSError):
            self.process.join(1)
            status = self.process.exitcode
        self.stop()
        raise _Stopped(status)

    def stop(self) -> None:
        """End the process, whatever it does."""
        self.process.kill()
        self.process.join()
        self.connection.close()


def call_once(
    function: Callable[..., Result],
    *args: Any,
    said: Mapping[str, str],
    seconds: float = SCAN_SECONDS,
    memory: int = SCAN_BYTES,
) -> Result:
    """``function(*args)`` in a process of its own, which ends with it; else as of `call`.

    Args:
        function: as of `call`, like ``args``, ``seconds`` and ``memory``.
        said: what is said, in a sentence, where it was "slow", "heavy" or "broken".

    Raises:
        InputError: the function's own, or one of these.
    """
    worker = _Worker()
    try:
        kind, result = worker.ask((seconds, memory, function, *args), seconds * _PATIENCE + _START)
    except _Stopped as stopped:
        status = stopped.args[0]
        log.warning("A process ended with status %s.", status)
        timed = status in (None, -getattr(signal, "SIGXCPU", 0), -getattr(signal, "SIGKILL", 0))
        raise InputError(said["slow" if timed else "broken"]) from stopped
    worker.stop()
    if kind == "result":
        return result
    if kind == "failure":
        log.warning("A function failed: %s", result)
    raise InputError(result if kind == "input" else said["heavy" if kind == "memory" else "broken"])


_free: queue.LifoQueue[_Worker | None] = queue.LifoQueue()  # None stands for one that is still to be started
for _ in range(COUNT):
    _free.put(None)


def start_workers() -> None:
    """Start a worker process and wait until it answers.

    Raises:
        ValueError: no process can be started here.
    """
    try:
        run(_greet, b"", "a greeting", seconds=30)
    except Exception as error:
        raise ValueError(
            f"no worker process can be started here ({error}), and visitors' files are decoded nowhere else; let this "
            "program start processes."
        ) from error
    if resource is None:
        log.warning("Processes have no memory limit on this system; files are decoded with a time limit alone.")


@atexit.register
def close() -> None:
    """End the worker processes that do nothing now; a later file starts new ones."""
    idle = []
    while not _free.empty():
        idle.append(_free.get())
    for worker in idle:
        if worker is not None:
            worker.stop()
        _free.put(None)


def run(
    function: Callable[..., Result],
    data: bytes,
    name: str,
    *args: Any,
    seconds: float = PICTURE_SECONDS,
    memory: int = PICTURE_BYTES,
) -> Result:
    """``function(data, name, *args)`` in a worker process; see `call`."""
    return call(name, function, data, name, *args, seconds=seconds, memory=memory)


def call(
    name: str,
    function: Callable[..., Result],
    *args: Any,
    seconds: float = PICTURE_SECONDS,
    memory: int = PICTURE_BYTES,
) -> Result:
    """``function(*args)`` in a worker process.

    Args:
        name: of the file or files, for sentences.
        function: a reader, at the top level of its module.
        args: passed on; they and the result are pickled.
        seconds: CPU time that it may take.
        memory: bytes that its process may hold.

    Raises:
        InputError: the reader's own; or the file takes too long or too much memory, or kills its decoder.
    """
    worker = _free.get()
    try:
        if worker is None or not worker.process.is_alive():
            worker = _Worker()
        kind, result = worker.ask((seconds, memory, function, *args), seconds * _PATIENCE)
    except _Stopped as stopped:
        worker = None
        if stopped.args[0] not in (None, -getattr(signal, "SIGXCPU", 0)):
            log.warning("A worker ended with status %s.", stopped.args[0])
            raise InputError(f"{name} cannot be decoded: it is damaged. Save or download it again.") from stopped
        raise InputError(
            f"{name} takes longer than {seconds:g} seconds to open, so it was stopped; save it again in an ordinary "
            "way, or smaller."
        ) from stopped
    finally:
        _free.put(worker)
    if kind == "result":
        return result
    if kind == "input":
        raise InputError(result)
    if kind == "memory":
        raise InputError(
            f"{name} takes more than {memory / 1e6:.0f} MB of memory to open; save it smaller, or crop it."
        )
    log.warning("A reader failed: %s", result)  # its own fault, or a file of a kind that nobody thought of
    raise InputError(f"{name} cannot be read: it is damaged or not what its name says. Save it again.")


def _greet(data: bytes, name: str) -> None:
    """What a worker does that is only to show that it is there."""


def _serve(connection: Connection) -> None:
    """A worker: answer tasks until the other end of the pipe is gone."""
    import cv2

    cv2.setNumThreads(1)  # others work beside it
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the app, which ends its workers
    try:
        while True:
            connection.send(_attempt(*connection.recv()))
    except (EOFError, OSError):
        return


def _attempt(seconds: float, memory: int, function: Callable[..., Any], *args: Any) -> tuple[str, Any]:
    """Call a function within limits -> how it ended ("result", "input", "memory" or "failure"), and with what."""
    try:
        if resource is None:
            return "result", function(*args)
        used = resource.getrusage(resource.RUSAGE_SELF)
        _limit(math.ceil(used.ru_utime + used.ru_stime + seconds), memory)
        try:
            return "result", function(*args)
        finally:
            _limit(None, None)
    except InputError as error:
        return "input", str(error)
    except MemoryError:
        return "memory", ""
    except Exception as error:
        return ("memory" if "Insufficient memory" in str(error) else "failure"), repr(error)[:500]  # OpenCV's words


def _limit(seconds: int | None, memory: int | None) -> None:
    """Bound this process from now on: CPU time since its start, and bytes; None for what the system allows."""
    for kind, most in ((resource.RLIMIT_CPU, seconds), (resource.RLIMIT_DATA, memory)):
        highest = resource.getrlimit(kind)[1]
        resource.setrlimit(kind, (highest if most is None else most, highest))
