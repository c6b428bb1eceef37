"""2,000 mutated files of every format: no reader dies, hangs, grows, opens another file, or says
anything but a sentence."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("seed", range(4))
def test_mutated_files_are_read_or_refused_in_a_sentence(seed):
    """In a process of its own, so that a crash of a decoder is seen; 8,000 files in all, with fixed seeds."""
    command = [sys.executable, "-m", "tests.fuzz_reading", str(seed), "2000"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert sum(found["counts"].values()) == 2000
    assert all(found["counts"].get(f"{kind} read", 0) > 0 for kind in ("scan", "picture", "mask", "labels"))
    assert found["longest"] < 5  # seconds
    assert found["grown"] < 500  # MB
