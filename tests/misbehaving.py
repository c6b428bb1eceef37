"""Readers that do what readers must not; workers find them by the name of this module, which imports little."""

from __future__ import annotations

import os
import sys
import time

import numpy as np


def spin(data: bytes, name: str) -> None:
    while True:
        pass


def sleep(data: bytes, name: str, seconds: float) -> None:
    time.sleep(seconds)


def hold(data: bytes, name: str, count: int) -> int:
    return len(np.ones(count, np.uint8))


def die(data: bytes, name: str) -> None:
    os.abort()


def fail(data: bytes, name: str) -> None:
    raise KeyError("a reader's own fault")


def whoami(data: bytes, name: str) -> int:
    return os.getpid()


def loaded(data: bytes, name: str) -> list[str]:
    return sorted({"torch", "gradio", "matplotlib"} & sys.modules.keys())
