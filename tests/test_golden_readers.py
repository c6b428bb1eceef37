"""Python still gives what the golden files of the readers say; tests/web holds the page's own readers to the same."""

from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from tests.write_golden_readers import FILES, FOLDER, text

EXACT = sorted(FILES.keys() - {"logits.json"})  # where the last bit depends on the processor


@pytest.mark.parametrize("name", EXACT)
def test_python_gives_what_the_file_says(name):
    assert text(FILES[name]()) == (FOLDER / name).read_text(encoding="utf-8")


def test_python_gives_the_logits_of_the_file_up_to_rounding():
    stored = json.loads((FOLDER / "logits.json").read_text(encoding="utf-8"))
    for classes, text_now in FILES["logits.json"]().items():
        now, then = (np.frombuffer(base64.b64decode(one), "<f4") for one in (text_now, stored[classes]))
        assert np.abs(now - then).max() < 1e-5
