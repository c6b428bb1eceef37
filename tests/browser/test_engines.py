"""Chromium, Firefox and WebKit show the same: the first screen, an opened file, another radius."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.browser.engines import Seen, drawn_picture, held, in_chromium, in_firefox, in_webkit


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    return drawn_picture(tmp_path_factory.mktemp("engines"))


@pytest.fixture
def chromium(visit, picture) -> Seen:
    """What Chromium sees; the others are held to it."""
    return in_chromium(visit(), picture)


def test_chromium_tells_first_screen_upload_and_radius_apart(chromium):
    held(chromium, chromium)


def test_firefox_shows_the_same(chromium, address, picture):
    held(in_firefox(address, picture), chromium)


def test_webkit_shows_the_same(chromium, address, picture):
    held(in_webkit(address, picture), chromium)
