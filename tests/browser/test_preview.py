"""What a link to the page shows of itself."""

from __future__ import annotations

import io
import re
import urllib.request

import pytest
from PIL import Image

from dbce.page import preview


def fetched(url: str, **headers: str) -> str:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("path", ["", "organs"])
def test_a_link_has_our_title_sentence_and_picture(address, path):
    page = fetched(f"{address}/{path}")
    found = dict(re.findall(r'<meta (?:property|name)="((?:og|twitter):\w+)" content="([^"]*)"', page))
    assert found["og:title"] == preview.TITLE and found["og:description"].startswith("How much does each pixel weigh")
    assert set(found) == {"og:type", "og:title", "og:description", "og:image", "twitter:card"}  # none of gradio's
    assert found["og:image"].startswith(address)
    with urllib.request.urlopen(found["og:image"], timeout=30) as answer:
        assert Image.open(io.BytesIO(answer.read())).size == (1200, 630)


def test_behind_a_proxy_the_picture_has_the_address_that_was_asked_for(address):
    page = fetched(address, **{"X-Forwarded-Proto": "https", "X-Forwarded-Host": "see.example"})
    assert 'property="og:image" content="https://see.example/' in page


def test_a_host_that_is_none_cannot_leave_the_tag(address):
    page = fetched(address, **{"X-Forwarded-Host": '"><script>alert(1)</script>'})
    assert "<script>alert(1)" not in page
