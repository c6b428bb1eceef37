"""Chromium, Firefox and WebKit show the same of the page without a server, and run its networks to the same numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from dbce.site.build import write_site
from tests.browser.actions import READY
from tests.browser.engines import Seen, drawn_picture, held, in_chromium, in_firefox, in_webkit
from tests.small_site import hosted, small_offers


@pytest.fixture(scope="module")
def picture(tmp_path_factory) -> Path:
    return drawn_picture(tmp_path_factory.mktemp("engines"))


@pytest.fixture(scope="module")
def site(tmp_path_factory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("engines") / "built"
    write_site(small_offers()[:1], folder)
    with hosted(folder) as (address, _):
        yield address


@pytest.fixture(scope="module")
def chromium(browser, site, picture) -> Seen:
    """What Chromium sees; the others are held to it."""
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.goto(site)
    page.wait_for_selector(READY)
    seen = in_chromium(page, picture)
    page.close()
    return seen


def test_firefox_shows_the_same_without_a_server(chromium, site, picture):
    held(in_firefox(site, picture), chromium)


def test_webkit_shows_the_same_without_a_server(chromium, site, picture):
    held(in_webkit(site, picture), chromium)
