"""A page with a server, whose networks run in the visitor's browser: the same numbers, and nothing is sent."""

from __future__ import annotations

import base64
import json

import pytest
from PIL import Image

from dbce.bench.viewer import served
from dbce.data.phantoms import polyp
from dbce.page import page as app_page
from dbce.site.build import write_beside
from tests.browser.actions import READY, give, watched
from tests.browser.test_site import held
from tests.small_site import small_offers


@pytest.fixture(scope="module")
def offers():
    return small_offers()


@pytest.fixture(scope="module")
def place(offers, tmp_path_factory):
    local = write_beside(offers, tmp_path_factory.mktemp("local") / "networks")
    options = app_page.launch_options(local=local)
    with served(app_page.build(*offers, local=local), **options) as url:
        yield url


def test_an_opened_image_is_not_sent_and_is_seen_as_the_server_would_see_it(browser, place, offers, tmp_path):
    image, mask = polyp(23, 300)
    files = tmp_path / "mine.png", tmp_path / "mine-mask.png"
    Image.fromarray(image).save(files[0])
    Image.fromarray(mask * 255).save(files[1])
    studio = app_page.studio_of(offers[0].predictor)
    asked, trouble = [], []
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    watched(page, trouble)
    page.goto(place)
    page.wait_for_selector(READY, timeout=60000)
    assert "nothing is sent" in page.inner_text(".hint")
    page.on("request", lambda request: asked.append((request.method, request.url)))
    give(page, "image", files[0])
    give(page, "mask", files[1])
    sent = [{"name": file.name, "data": base64.b64encode(file.read_bytes()).decode()} for file in files]
    reply = studio.open_study(json.dumps({"image": sent[0], "mask": sent[1]}))
    held(page, json.loads(reply["scene"]))
    assert [method for method, _ in asked] == ["GET"] * len(asked) and any("/dbce-files/" in url for _, url in asked)
    with page.expect_download() as download:
        page.evaluate("document.querySelector('[data-export=csv]').click()")
    assert download.value.suggested_filename.startswith("dbce-mine-") and all(method == "GET" for method, _ in asked)
    page.click(".examples button:nth-child(2)")
    page.wait_for_function("document.querySelector('.message').textContent.startsWith('Drawn example 2')")
    assert any(method == "POST" for method, _ in asked)  # examples are the server's
    assert not trouble
    page.close()
