"""Whose turn it is: one bounded queue for all work that costs, the page's and the API's, fair between visitors.

Every job gets a round: one later than the last of its visitor, and no earlier than the one being served. Jobs run in
order of rounds, then of arrival, so a visitor with many jobs waits behind one with few (start-time fair queueing).
"""

from __future__ import annotations

import itertools
import os
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from dbce.data.inputs import InputError

RUNNERS = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
"""Cores: as many jobs run at once, and one more that may be a long one."""

MOST = 400
"""Jobs that may wait; at ten images a second the last of them waits 40 seconds."""

EACH = 4
"""Jobs of one visitor that may wait or run; the page itself asks for one or two."""

TOGETHER = 64
"""Jobs from one address that may wait or run: a class behind one router, but no flood."""


class Visitor(NamedTuple):
    """Who asks: a network address, and a session of it (a tab of a browser, or a client)."""

    address: str
    session: str

    @property
    def local(self) -> bool:
        """Whether it comes from this machine: its owner, or a proxy that hides who asks."""
        return self.address in ("", "127.0.0.1", "::1", "localhost", "testclient")


@dataclass(order=True)
class _Job:
    round: int
    number: int
    visitor: Visitor = field(compare=False)
    work: Callable[[], Any] = field(compare=False)
    long: bool = field(compare=False)
    done: Future[Any] = field(compare=False, default_factory=Future)


class Turns:
    """A queue with threads that serve it; they start with the first job and end with `close` or the program.

    Args:
        runners: jobs that run at once; at most one of these and one more is long.
        most: jobs that may wait.
        each: jobs of one visitor that may wait or run.
        together: jobs from one address, unless it is this machine's, that may wait or run.
    """

    def __init__(self, runners: int = RUNNERS, most: int = MOST, each: int = EACH, together: int = TOGETHER) -> None:
        self._runners, self._most, self._each, self._together = runners, most, each, together
        self._waiting: list[_Job] = []
        self._running: list[_Job] = []
        self._now = 0  # the latest round that was served
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._threads: list[threading.Thread] = []
        self._open = True

    def take(self, visitor: Visitor, work: Callable[[], Any], long: bool = False) -> Future[Any]:
        """Put a job at the end of its visitor's, and return what will hold its result.

        Args:
            visitor: who asks.
            work: what to do.
            long: of seconds rather than of a fraction of one; a single long job runs at a time.

        Raises:
            InputError: the queue is full, or the visitor has too many jobs in it.
        """
        with self._changed:
            jobs = self._waiting + self._running
            own = [job.round for job in jobs if job.visitor == visitor]
            if len(own) >= self._each:
                raise InputError(
                    f"{self._each} of your files are still being worked on; wait for one of them, then try again."
                )
            if not visitor.local and sum(job.visitor.address == visitor.address for job in jobs) >= self._together:
                raise InputError(
                    f"{self._together} files from your network are being worked on already; try again in a minute."
                )
            if len(self._waiting) >= self._most:
                raise InputError(
                    f"The server is busy: {len(self._waiting)} files wait already. Try again in a minute; what you see "
                    "stays as it is."
                )
            self._start()
            job = _Job(max([self._now, *(number + 1 for number in own)]), next(self._numbers), visitor, work, long)
            self._waiting.append(job)
            self._changed.notify()
        return job.done

    def place(self, visitor: Visitor) -> int | None:
        """How many jobs come before the visitor's next one, those that run included; None if none of theirs waits."""
        with self._changed:
            own = min((job for job in self._waiting if job.visitor == visitor), default=None)
            if own is None:
                return None
            return len(self._running) + sum(job < own for job in self._waiting)

    def waiting(self) -> int:
        """How many jobs wait or run."""
        with self._changed:
            return len(self._waiting) + len(self._running)

    def close(self) -> None:
        """Let the threads end after what they do now; jobs that wait are cancelled."""
        with self._changed:
            self._open = False
            for job in self._waiting:
                job.done.cancel()
            self._changed.notify_all()
        for thread in self._threads:
            thread.join()

    def _start(self) -> None:
        while len(self._threads) <= self._runners:  # one more than the short jobs need
            thread = threading.Thread(target=self._serve, name=f"turn-{len(self._threads)}", daemon=True)
            self._threads.append(thread)
            thread.start()

    def _next(self) -> _Job | None:
        """The first job that may run now: as many short ones as runners, and one long one beside them."""
        long = any(job.long for job in self._running)
        short = sum(not job.long for job in self._running)
        possible = [job for job in self._waiting if (not long if job.long else short < self._runners)]
        return min(possible, default=None)

    def _serve(self) -> None:
        while True:
            with self._changed:
                while self._open and (job := self._next()) is None:
                    self._changed.wait()
                if not self._open:
                    return
                assert job is not None
                self._waiting.remove(job)
                self._running.append(job)
                self._now = max(self._now, job.round)
            if job.done.set_running_or_notify_cancel():
                try:
                    job.done.set_result(job.work())
                except BaseException as error:
                    job.done.set_exception(error)
            with self._changed:
                self._running.remove(job)
                self._changed.notify_all()
            del job
