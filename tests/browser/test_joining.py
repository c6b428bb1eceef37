"""A network of the visitor's own, dropped on the page: it is asked how it is read, and stands beside ours."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page

from dbce.bench.viewer import served
from dbce.page import page as app_page
from dbce.page.page import Offer
from dbce.page.serving import offers_of, with_guests
from dbce.site.build import write_beside
from dbce.study.predictor import Predictor
from dbce.study.studies import LOGIT_STEP
from dbce.train import checkpoints
from tests.browser.actions import READY, drop, fetched, show, watched
from tests.browser.test_site import VIEWER
from tests.test_guests import mixed, sigmoid

WEIGHTS = [4.0, -2.0, 1.0]
MEAN, STD = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])


def own_offer() -> Offer:
    """A predictor of its own for each page: a network that joins stays there."""
    return Offer(Predictor({"ce": checkpoints.bundled("polyp")["ce"]}, "polyp"))


@pytest.fixture(scope="module")
def server():
    with served(app_page.build(own_offer(), joins=True), **app_page.launch_options()) as url:
        yield url


@pytest.fixture(scope="module")
def in_browser(tmp_path_factory):
    """The page whose networks run in the visitor's browser, as they do without any server."""
    offer = own_offer()
    local = write_beside([offer], tmp_path_factory.mktemp("joining") / "networks")
    with served(app_page.build(offer, local=local), **app_page.launch_options(local=local)) as url:
        yield url


@pytest.fixture
def visit(browser):
    """Open a page; at the end nothing went wrong in it."""
    pages, trouble = [], []

    def go(url: str) -> Page:
        page = browser.new_page(viewport={"width": 1440, "height": 900})
        pages.append(page)
        watched(page, trouble)
        page.goto(url)
        page.wait_for_selector(READY, timeout=60000)
        return page

    yield go
    for page in pages:
        page.close()
    assert not trouble


def add(page: Page, file: Path, **fields: str) -> str:
    """Drop a network, answer what is asked, and give back what the page says."""
    page.evaluate("document.querySelector('.message').textContent = 'before'")
    drop(page, file)
    for name, value in fields.items():
        field = f"dialog.join [name={name}]"
        page.fill(field, value) if name == "name" else page.select_option(field, value)
    page.click("dialog.join button.primary")
    said = (
        "() => { const m = document.querySelector('.message').textContent; return !/before|Trying|Loading|^$/.test(m) }"
    )
    page.wait_for_function(said, timeout=90000)
    page.wait_for_selector(".dbce:not(.busy)")
    return page.inner_text(".message")


def shown(page: Page, name: str) -> np.ndarray:
    """(320, 320) logits of a network, as the page holds them."""
    code = f"(name) => {VIEWER}.study.arrays['logit:' + name]"
    return fetched(page, code, name).reshape(320, 320) * LOGIT_STEP


def seen(page: Page) -> np.ndarray:
    """(320, 320, 3) of the image in view."""
    return fetched(page, f"() => new Uint8Array({VIEWER}.image.buffer)").reshape(320, 320, 4)[..., :3].astype(float)


def expected(page: Page) -> np.ndarray:
    """The same of `mixed`, from the pixels in view."""
    return ((seen(page) / 255 - MEAN) / STD) @ WEIGHTS


@pytest.mark.parametrize("where", ["server", "in_browser"])
def test_a_dropped_network_is_a_further_column(where, visit, tmp_path, request):
    page = visit(request.getfixturevalue(where))
    said = add(page, mixed(tmp_path / "my net.onnx", [WEIGHTS]), name="mine")
    assert said.startswith("Your network mine joined.") and said.count("guessed") == 2 and "1 map of logits" in said
    assert np.abs(shown(page, "mine") - expected(page)).max() <= LOGIT_STEP
    assert page.inner_text(".model[data-loss=mine] h3") == "mine your network"
    dice = page.inner_text(".model[data-loss=mine] [data-score=dice] td")
    truth = fetched(page, f"() => {VIEWER}.study.labels").reshape(320, 320) == 1
    found = expected(page) > LOGIT_STEP / 2
    assert float(dice) == pytest.approx(200 * (found & truth).sum() / (found.sum() + truth.sum()), abs=0.1)
    assert page.inner_text("fieldset[data-field=loss]").startswith("Network") and "mine" in page.inner_text("footer")
    show(page, "anatomy")
    page.check("fieldset[data-field=loss] input[value=mine]", force=True)
    page.click(".examples button:nth-child(2)")
    page.wait_for_function("document.querySelector('.message').textContent.startsWith('Drawn example 2')")
    assert np.abs(shown(page, "mine") - expected(page)).max() <= LOGIT_STEP
    assert "loss=mine" in page.url
    show(page, "compare")
    with page.expect_download() as download:
        page.evaluate("document.querySelector('[data-export=csv]').click()")
    assert "mine" in Path(download.value.path()).read_text("utf-8")
    assert "3 maps, one a class; the task polyp has 2" in add(page, mixed(tmp_path / "three.onnx", np.eye(3).tolist()))
    assert page.evaluate(f"() => {VIEWER}.study.losses") == ["ce", "mine"]  # what is in view stays
    if where == "server":  # whoever opens the page again finds it
        page.reload()
        page.wait_for_selector(READY, timeout=60000)
        assert page.evaluate(f"() => {VIEWER}.study.losses") == ["ce", "mine"]
        assert "does not know" not in page.inner_text(".message")
        return
    add(page, mixed(tmp_path / "p.onnx", [[0.2, 0.2, 0.2]]), normalise="unit", values="probabilities")
    mean = seen(page).sum(2) / 255 / 5
    assert np.abs(sigmoid(shown(page, "p")) - mean).max() < 2e-3
    (tmp_path / "noise.onnx").write_bytes(np.random.default_rng(0).bytes(3000))
    assert "noise.onnx" in add(page, tmp_path / "noise.onnx") and page.query_selector(".message.error")
    assert page.evaluate(f"() => {VIEWER}.study.losses") == ["ce", "mine", "p"]


def test_a_pickle_is_refused_and_so_is_all_on_a_page_for_others(visit, tmp_path):
    for name in ("net.pth", "net.onnx"):
        (tmp_path / name).write_bytes(b"anything")
    with served(app_page.build(own_offer()), **app_page.launch_options()) as url:
        page = visit(url)
        drop(page, tmp_path / "net.pth")
        page.wait_for_selector(".message.error")
        assert "is a pickle, and reading one runs whatever code it holds" in page.inner_text(".message")
        drop(page, tmp_path / "net.onnx")
        page.wait_for_function("document.querySelector('.message').textContent.includes('served to others')")
        assert page.query_selector("dialog.join") is None


def test_the_set_is_compared_by_what_it_was_scored_with(visit, tmp_path):
    """Of a network that joins nothing was measured on the test set: A and B stay those of the set."""
    offer = next(offer for offer in offers_of(checkpoints.home()) if offer.predictor.task.name == "polyp")
    found = with_guests([offer], {"mine": str(mixed(tmp_path / "net.onnx", [WEIGHTS]))})
    with served(app_page.build(*found), **app_page.launch_options()) as url:
        page = visit(f"{url}#tab=set&first=mine&second=mine")
        letters = [page.input_value(f"#view-set select[name={name}]") for name in ("first", "second")]
        assert letters == ["ce", "dbce"] and "mine" not in page.inner_text("#view-set")
        page.click("#view-set [data-set=swap]")
        page.wait_for_function("document.querySelector('#view-set select[name=first]').value === 'dbce'")
