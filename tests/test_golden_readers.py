"""Python still gives what the golden files of the readers say; tests/web holds the page's own readers to the same."""

from __future__ import annotations

import pytest

from tests.write_golden_readers import FILES, FOLDER, text


@pytest.mark.parametrize("name", FILES)
def test_python_gives_what_the_file_says(name):
    assert text(FILES[name]()) == (FOLDER / name).read_text(encoding="utf-8")
