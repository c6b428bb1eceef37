"""Downloads of a real page: the figure is what is on the screen, pixel by pixel, and its numbers are the page's."""

from __future__ import annotations

import base64
import csv
import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from dbce.data.phantoms import polyp
from dbce.registry import LOSSES, title
from tests.browser.actions import give
from tests.browser.test_compare import frame

SVG = "{http://www.w3.org/2000/svg}"
TITLES = [title(loss) for loss in LOSSES]


def take(page: Page, kind: str) -> tuple[str, bytes]:
    """Name and bytes of what the menu gives."""
    page.click("[data-menu=download] summary")
    with page.expect_download() as waiting:
        page.click(f"[data-export={kind}]")
    return waiting.value.suggested_filename, Path(waiting.value.path()).read_bytes()


def texts(svg: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]


def pictures(svg: ElementTree.Element) -> list[np.ndarray]:
    """The pixels of every picture, in the order in which they were drawn."""
    found = []
    for image in svg.iter(f"{SVG}image"):
        code = image.get("{http://www.w3.org/1999/xlink}href").partition(",")[2]
        shown = np.asarray(Image.open(io.BytesIO(base64.b64decode(code))).convert("RGB"))
        if shown.shape == (320, 320, 3):
            found.append(shown[::-1] if "scale(1 -1)" in (image.get("transform") or "") else shown)
    return found


def panels(page: Page, where: str) -> list[np.ndarray]:
    """What the visible panels show."""
    codes = page.locator(f"{where} .frame canvas:visible").evaluate_all("all => all.map((c) => c.toDataURL())")
    files = [io.BytesIO(base64.b64decode(code.partition(",")[2])) for code in codes]
    return [np.asarray(Image.open(file).convert("RGB")) for file in files]


def alike(drawn: np.ndarray, shown: np.ndarray) -> bool:
    """The same, but for a pixel in a thousand whose value lies between two colours: the page computes on its own."""
    off = np.abs(drawn.astype(int) - shown.astype(int)).max(axis=2)
    return (off == 0).mean() > 0.999 and off.max() <= 12


@pytest.mark.parametrize("weighting", ["none", "balanced", "dilated"])
def test_figure_1_is_the_screen(visit, weighting):
    page = visit(path=f"#tab=anatomy&weighting={weighting}&radius=23&loss=bce&outline=no")
    name, data = take(page, "svg")
    assert name == f"dbce-example-1-anatomy-{weighting}{'-r23' * (weighting == 'dilated')}.svg"
    svg = ElementTree.fromstring(data)
    image, labels, weight, entropy, product = pictures(svg)
    on_screen = panels(page, "[data-panels=anatomy]")
    assert len(on_screen) == 5
    for drawn, shown in zip((image, labels, weight), (on_screen[0], on_screen[1], on_screen[3]), strict=True):
        assert np.array_equal(drawn, shown)
    assert alike(entropy, on_screen[2]) and alike(product, on_screen[4])
    ends = page.locator("[data-panels=anatomy] .scale:visible span:last-child").all_inner_texts()
    said = texts(svg)
    assert set(ends) <= set(said) and "network: Balanced CE" in said
    bars = page.locator(".bars .one")
    numbers = bars.locator("output, .values span:visible").all_inner_texts()
    assert bars.count() == 5 and len(numbers) >= 20 and set(numbers) <= set(said)
    assert {"Where the weight goes", *bars.locator("span.name").all_inner_texts()} <= set(said)


def test_figure_2_is_the_screen(visit):
    state = "threshold=0.35&shown=bce.dbce&below=entropy&prior=corrected&palette=safe&layers=tp.fp&scale=shared"
    page = visit(path=f"#tab=compare&example=2&{state}")
    name, data = take(page, "svg")
    assert name == "dbce-example-3-compare-t0.35-corrected.svg"
    svg = ElementTree.fromstring(data)
    said = texts(svg)
    assert list(dict.fromkeys(text for text in said if text in TITLES)) == ["Balanced CE", "Dilated balanced CE"]
    assert said.count("prior corrected") == 1 and any("threshold 0.35 \u00b7 class prior corrected" in t for t in said)
    image, truth, *drawn = pictures(svg)
    networks, (overlap, dissent, first, second) = drawn[:4], drawn[4:]
    shown = panels(page, "[data-panels=rail]")
    assert np.array_equal(image, shown[0]) and np.array_equal(truth, shown[1])
    on_screen = panels(page, "[data-panels=compare]")
    assert len(networks) == len(on_screen) == 4
    for drawn, shown, exact in zip(networks, on_screen, [True, False] * 2, strict=True):
        assert np.array_equal(drawn, shown) if exact else alike(drawn, shown)
    scores = page.locator("[data-panels=compare] [data-score] td:visible")
    assert scores.count() == 8 and set(scores.all_inner_texts()) <= set(said)
    numbers = page.locator(".thresholds tbody td").all_inner_texts()
    titles = page.locator(".thresholds figcaption").all_inner_texts()
    assert len(numbers) == 10 and set(numbers) <= set(said) and len(titles) == 2 and set(titles) <= set(said)
    page.locator(".difference").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.difference .legend').textContent.includes('only')")
    turn, pair, all_of_them = panels(page, "[data-panels=difference]")
    assert np.array_equal(first, turn) and np.array_equal(overlap, pair) and alike(dissent, all_of_them)
    page.keyboard.press("b")
    frame(page)
    assert np.array_equal(second, panels(page, "[data-panels=difference]")[0])
    assert set(page.locator(".difference .legend span").all_inner_texts()) <= set(said)
    entry = page.locator("[data-menu=download] [data-export=npz]").text_content()
    assert entry == "Maps of the networks in view, NumPy .npz"


def test_maps_that_lie_over_the_image_lie_so_in_the_figure(visit):
    page = visit(path="#tab=compare&opacity=0.6&palette=safe&example=2")
    drawn = pictures(ElementTree.fromstring(take(page, "svg")[1]))
    on_screen = panels(page, "[data-panels=compare]")
    assert len(drawn) == 2 + len(on_screen) + 4 == 14
    del drawn[10:]  # two networks in turn
    assert all(np.array_equal(a, b) for a, b in zip(drawn[2::2], on_screen[::2], strict=True))
    assert np.array_equal(drawn[1], panels(page, "[data-panels=rail]")[1])
    assert all(alike(a, b) for a, b in zip(drawn[3::2], on_screen[1::2], strict=True))


def test_the_gradient_is_the_screen(visit):
    page = visit(path="#tab=anatomy&map=gradient&loss=ce&radius=20&outline=no&example=2")
    name, data = take(page, "svg")
    assert name == "dbce-example-3-anatomy-gradient-dilated-r20.svg"
    drawn = pictures(ElementTree.fromstring(data))
    on_screen = panels(page, "[data-panels=anatomy]")
    assert alike(drawn[3], on_screen[2]) and alike(drawn[4], on_screen[4])


def test_organs_are_the_screen(visit):
    page = visit(path="organs#tab=organs&cls=5&shown=ce.dbce")
    name, data = take(page, "svg")
    assert re.fullmatch(r"dbce-example-1-slice-\d+-organs\.svg", name)
    svg = ElementTree.fromstring(data)
    drawn, on_screen = pictures(svg), panels(page, "[data-panels=organs]")
    assert len(drawn) == 2 + len(on_screen) == 6
    assert all(np.array_equal(a, b) for a, b in zip(drawn[2:], on_screen, strict=True))
    assert np.array_equal(drawn[1], panels(page, "[data-panels=organ-rail]")[1])
    cells = page.locator("[data-panels=organs] [data-score] td:visible").all_inner_texts()
    assert len(cells) >= 8 and set(cells) <= set(texts(svg))


def test_a_zoom_is_in_the_figure(visit):
    page = visit(path="#tab=compare&view=4.000_-1.500_-1.000")
    zoomed = Image.open(io.BytesIO(take(page, "png")[1]))
    pixels_in_sight = panels(page, "[data-panels=rail]")[0][80:160, 120:200]
    side, left, top = round(2.1 * 300), round(0.14 * 300), round(0.3 * 300)  # the first picture
    drawn = np.asarray(zoomed.convert("RGB"))[top : top + side, left : left + side]
    middles = (np.arange(80) * side / 80 + side / 160).astype(int)[2:-2]
    assert np.array_equal(drawn[np.ix_(middles, middles)], pixels_in_sight[2:-2, 2:-2])


def test_numbers_are_the_tables_and_name_the_image(visit, tmp_path):
    image, mask = polyp(31, 240)
    for name, array in (("IMG_0042.png", image), ("mask.png", mask * 255)):
        Image.fromarray(array).save(tmp_path / name)
    page = visit(path="#tab=compare&threshold=0.42&shown=bce.dice_ce")
    give(page, "image", tmp_path / "IMG_0042.png")
    give(page, "mask", tmp_path / "mask.png")
    frame(page)
    name, data = take(page, "csv")
    assert name == "dbce-IMG_0042-compare-t0.42.csv"
    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert [row["loss"] for row in rows] == ["Balanced CE", "Dice + CE"]
    for row, loss in zip(rows, ("bce", "dice_ce"), strict=True):
        assert row["image"] == "IMG_0042.png" and row["threshold"] == "0.42"
        for score in ("dice", "iou", "precision", "recall"):
            cell = page.locator(f'[data-loss="{loss}"] [data-score="{score}"] td').get_attribute("data-value")
            assert float(row[f"{score}_percent"]) == pytest.approx(100 * float(cell), abs=1e-4)
        chips = page.locator(f'[data-loss="{loss}"] .chips span').all_inner_texts()
        counts = [int(re.sub(r"\s", "", re.match(r"[\d\s]+", chip)[0])) for chip in chips]
        assert counts == [int(row[f"{kind}_px"]) for kind in ("rim", "far", "missed")]


def test_radius_and_results_can_be_taken_along(visit):
    page = visit(path="#tab=radius&radius=20")
    name, data = take(page, "svg")
    assert name == "dbce-example-1-radius.svg"
    svg = ElementTree.fromstring(data)
    rims = page.locator("[data-panels=radius] figcaption b").all_inner_texts()
    assert len(pictures(svg)) == len(rims) == 6
    assert all(f"rim {rim} of the weight" in texts(svg) for rim in rims)
    page.click("#tab-results")
    frame(page)
    offered = page.locator("[data-menu=download] [data-export]").evaluate_all("all => all.map((b) => b.dataset.export)")
    assert offered == ["png", "svg", "pdf", "csv"]
    name, data = take(page, "svg")
    assert name == "dbce-polyp-results.svg"
    said = texts(ElementTree.fromstring(data))
    cells = page.locator("#view-results .found tbody td").all_inner_texts()
    titles = page.locator("#view-results .tested figcaption").all_inner_texts()
    assert len(titles) == 2 and all(title in " ".join(said) for title in titles)
    assert len(cells) >= 8 and {re.sub(r"\s", "", cell) for cell in cells if cell} <= {
        re.sub(r"\s", "", text) for text in said
    }
    sentence = page.locator("#view-results .verdict .said p").first.inner_text()
    assert sentence in " ".join(said)
