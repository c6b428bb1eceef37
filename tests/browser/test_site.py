"""The page without a server, from a plain host below a path of its own, with every other host out of reach."""

from __future__ import annotations

import base64
import csv
import gzip
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect, sync_playwright

from dbce.data.phantoms import polyp
from dbce.page.page import studio_of
from dbce.page.studio import Studio
from dbce.site.build import write_site
from dbce.study.view import Measured
from tests.browser.actions import (
    READY,
    STUDY,
    VIEWER,
    drop,
    fetched,
    frame,
    give,
    opened_offline,
    packed,
    page_of,
    show,
    wait_for_text,
    watched,
)
from tests.browser.test_layout import PHONE
from tests.browser.test_page_lab import AT, MAP, STATE, drawn, learn, picture, rewound
from tests.conftest import CHROMIUM_OPTIONS
from tests.encodings import EXACT
from tests.golden_scans import nifti
from tests.scenes import unpack
from tests.small_site import hosted, quick_scan, small_offers

WATCH = f"""() => {{
  window.partly = [];
  const look = () => {{
    const {{losses, pending}} = {VIEWER}.study;
    if (pending.length) window.partly.push(String(losses));
    setTimeout(look, 5);
  }};
  look();
}}"""
"""Notes which networks have answered, while some have not."""


@pytest.fixture(scope="module")
def offers():
    return small_offers()


@pytest.fixture(scope="module")
def studios(offers) -> dict[str, Studio]:
    found = {}
    for offer in offers:
        measured = Measured(tuple(offer.results), offer.findings, offer.radius_curve, offer.calibration)
        found[offer.predictor.task.name] = studio_of(offer.predictor, measured)
    return found


@pytest.fixture(scope="module")
def folder(offers, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("site") / "built"
    write_site(offers, path)
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium that finds no host but this machine."""
    nowhere = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1"
    with sync_playwright() as playwright:
        path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        yield playwright.chromium.launch(executable_path=path, args=[*CHROMIUM_OPTIONS, nowhere])


@pytest.fixture(scope="module")
def host(folder) -> Iterator[tuple[str, list[str]]]:
    with hosted(folder) as found:
        yield found


@pytest.fixture
def visit(browser) -> Iterator[Callable[..., Page]]:
    """Open an address in a browser that knows nothing; at the end nothing went wrong, and nobody else was asked."""
    contexts, trouble = [], []

    def go(address: str, **options) -> Page:
        viewport = {"width": options.pop("width", 1440), "height": options.pop("height", 900)}
        context = browser.new_context(viewport=viewport, accept_downloads=True, **options)
        contexts.append(context)
        origin = address.split("/some/")[0]
        context.on("request", lambda r: r.url.startswith((origin, "data:", "blob:")) or trouble.append(r.url))
        page = context.new_page()
        watched(page, trouble)
        page.goto(address)
        page.wait_for_selector(READY, timeout=60000)
        return page

    yield go
    for context in contexts:
        context.close()
    assert not trouble


def kept(page: Page) -> None:
    """Until the page says that it does without a network."""
    page.wait_for_selector("[data-offline=true]", state="attached", timeout=90000)


def held(page: Page, scene: dict, most: float = 1) -> None:
    """What is in view is Python's: the sentence, labels and distances to the last bit, logits within one step."""
    note = f". {scene['note']}" if scene["note"] else ""
    expect(page.locator(".message")).to_have_text(scene["title"] + note, timeout=60000)
    found = fetched(page, STUDY)
    expected = unpack(scene)
    assert found.keys() == expected.keys()
    for name, there in expected.items():
        here = found[name].reshape(there.shape)
        if there.dtype == np.int16:
            assert np.abs(here.astype(int) - there).max() <= most, name
        elif name.startswith("found:"):
            assert (here != there).mean() < 1e-3, name  # where two classes are as likely
        else:
            assert np.array_equal(here, there), name


def asked_of(studio: Studio, request: dict) -> dict:
    """What Python answers to the same files."""
    given = {
        key: {"name": value.name, "data": base64.b64encode(value.read_bytes()).decode()}
        if isinstance(value, Path)
        else value
        for key, value in request.items()
    }
    return studio.open_study(json.dumps(given))


def test_the_first_view_is_small_and_needs_no_network_of_ours(visit, host, folder):
    address, _ = host
    page = visit(address)
    loaded = page.evaluate("() => performance.getEntriesByType('resource').map((entry) => entry.name)")
    first = [name.removeprefix(address) for name in loaded if name.startswith(address)]  # but for the service worker's
    assert not [name for name in first if "/lab/" in name], "the lab is loaded when it is opened"
    expect(page.locator(".message")).to_have_text("Drawn example 1 of 2, not a patient")
    assert not [name for name in first if re.match(r"(networks|runtime|h5wasm)", name)]
    files = {"index.html", *(name.partition("?")[0] for name in first)} - {"sw.js"}
    assert 3 < len(files) < 12, "all modules that a view starts with are one file"
    assert sum(len(gzip.compress((folder / name).read_bytes())) for name in files) <= 1e6
    page.click(".examples button:nth-child(2)")
    wait_for_text(page, ".message", "Drawn example 2")
    assert "nothing is sent" in page.locator(".hint").inner_text()
    assert "Nothing you open leaves" in page.locator(".foot").inner_text() and "Gradio" not in page.inner_text("body")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory) -> dict[str, Path]:
    """A drawn polyp in the formats that people have, and its mask."""
    base = tmp_path_factory.mktemp("pictures")
    pixels, mask = polyp(41, 300)
    image = Image.fromarray(pixels[:, :260])
    paths = {}
    for name, options in {
        "plain.png": {},
        "photo.jpg": {"quality": 90},
        "small.webp": {"quality": 80},
        "scan.tif": {"compression": "tiff_lzw"},
        "old.bmp": {},
    }.items():
        paths[name] = base / name
        image.save(paths[name], **options)
    for name, kind in {"mask.png": "red on blue", "mask-0-255.png": "0/255"}.items():
        paths[name] = base / name
        encoded = EXACT.get(kind) or EXACT[next(iter(EXACT))]
        paths[name].write_bytes(encoded(mask[:, :260].astype(bool)))
    paths["torn.png"] = base / "torn.png"
    paths["torn.png"].write_bytes(paths["plain.png"].read_bytes()[:5000])
    return paths


def test_files_of_many_kinds_are_pythons_and_mistakes_its_sentences(visit, host, studios, pictures):
    page, studio = visit(f"{host[0]}#loss=dbce"), studios["polyp"]
    page.evaluate(WATCH)
    give(page, "image", pictures["plain.png"])
    held(page, json.loads(asked_of(studio, {"image": pictures["plain.png"]})["scene"]))
    partly = page.evaluate("window.partly")
    assert partly[0] == "dbce" and "ce,dbce" in partly, "the one in view comes first, each as soon as it is there"
    assert page.locator("[data-out=runs]").inner_text() == "Networks run in WebAssembly, on one thread."
    give(page, "mask", pictures["mask.png"])
    both = {"image": pictures["plain.png"], "mask": pictures["mask.png"]}
    held(page, json.loads(asked_of(studio, both)["scene"]))
    for name in ("torn.png",):
        page.set_input_files("[data-file=image]", pictures[name])
        expect(page.locator(".message")).to_have_text(asked_of(studio, {"image": pictures[name]})["error"])
        assert page.evaluate(f"() => {VIEWER}.study.labelled")  # what was in view stays
    page.set_input_files("[data-file=mask]", pictures["photo.jpg"])
    asked = {"image": pictures["plain.png"], "mask": pictures["photo.jpg"]}
    expect(page.locator(".message")).to_have_text(asked_of(studio, asked)["error"])
    for name in ("photo.jpg", "small.webp", "scan.tif", "old.bmp"):
        give(page, "image", pictures[name])
        held(page, json.loads(asked_of(studio, {"image": pictures[name]})["scene"]))
    drop(page, pictures["mask-0-255.png"], pictures["photo.jpg"])
    expect(page.locator(".message")).to_contain_text("Taken: photo.jpg as the image, mask-0-255.png as its mask.")
    page.click("[data-do=paint]")
    place = page.locator("[data-paint] canvas").first.bounding_box()
    page.mouse.click(place["x"] + 0.8 * place["width"], place["y"] + 0.8 * place["height"])
    assert page.evaluate(f"() => {VIEWER}.study.drawn")


def test_many_images_are_run_in_the_browser_and_scored_as_python_scores_them(visit, host, offers, tmp_path):
    page = visit(host[0])
    (tmp_path / "images").mkdir()
    (tmp_path / "masks").mkdir()
    dice = {}
    for seed in range(6):
        image, mask = polyp(60 + seed, 200)
        Image.fromarray(image).save(tmp_path / "images" / f"{seed}.png")
        Image.fromarray(mask * 255).save(tmp_path / "masks" / f"{seed}.png")
        study = offers[0].predictor.set_image(image, mask)
        dice[f"{seed}.png"] = {loss: study.scores(loss)["dice"] for loss in study.logits}
    page.set_input_files("[data-file=folder]", tmp_path)
    page.click("[data-intake=run]")
    expect(page.locator(".message")).to_have_text("6 images scored.", timeout=120000)
    show(page, "set")
    expect(page.locator(".set .count")).to_have_text("6 of 6 shown")
    with page.expect_download() as download:
        page.click("[data-set=csv]")
    rows = list(csv.DictReader(io.StringIO(Path(download.value.path()).read_text())))
    titles = page.evaluate(f"{VIEWER}.config.titles")
    found = {(row["image"], row["set"]): float(row["dice"]) for row in rows}
    for name, scores in dice.items():
        for loss, value in scores.items():
            assert found[name, titles[loss]] == pytest.approx(value, abs=2e-3)
    page.click(".take summary")
    with page.expect_download() as download:
        page.click("[data-take=page]")
    assert download.value.suggested_filename == "dbce-6-images.html"
    download.value.save_as(tmp_path / "all.html")
    again = opened_offline(page.context.browser, tmp_path / "all.html")
    for name, stored in again.evaluate(f"{VIEWER}.settings.report.rows.map(({{name, dice}}) => [name, dice])"):
        assert stored == pytest.approx(dice.pop(name), abs=2e-3)
    assert not dice
    again.context.close()
    show(page, "compare")
    page.click(".take summary")
    with page.expect_download() as download:
        page.click("[data-take=figures]")
    with zipfile.ZipFile(download.value.path()) as figures:
        assert sorted(figures.namelist()) == [f"{seed}.svg" for seed in range(6)]


def saved(page: Page, kind: str) -> tuple[str, bytes]:
    page.get_by_text("Download", exact=True).click()
    with page.expect_download() as begun:
        page.click(f"[data-export={kind}]")
    return begun.value.suggested_filename, Path(begun.value.path()).read_bytes()


def test_files_to_take_along_are_pythons(visit, host, studios, pictures):
    page, studio = visit(host[0]), studios["polyp"]
    give(page, "image", pictures["plain.png"])
    give(page, "mask", pictures["mask.png"])
    held(page, json.loads(asked_of(studio, {"image": pictures["plain.png"], "mask": pictures["mask.png"]})["scene"]))
    files = {"image": pictures["plain.png"], "mask": pictures["mask.png"]}
    of = {key: {"name": path.name, "data": base64.b64encode(path.read_bytes()).decode()} for key, path in files.items()}
    page.evaluate(f"() => {VIEWER}.set({{threshold: 0.35, radius: 12, weighting: 'balanced', prior: 'corrected'}})")
    view = {"threshold": 0.35, "radius": 12, "weighting": "balanced"}
    for tab, kinds in {"compare": ("csv", "npz", "zip"), "anatomy": ("csv",), "radius": ("csv", "npz")}.items():
        show(page, tab)
        for kind in kinds:
            name, data = saved(page, kind)
            prior = "corrected" if tab == "compare" else "trained"
            asked = {"of": of, "view": {**view, "tab": tab, "prior": prior}, "kind": kind}
            expected = studio.export_view(json.dumps(asked))
            assert name == expected["name"]
            alike(kind, data, base64.b64decode(expected["data"]))
    show(page, "results")
    text = saved(page, "csv")[1].decode()
    assert len(list(csv.DictReader(io.StringIO(text)))) > 20
    for kind, start in {"png": b"\x89PNG", "svg": b"<svg"}.items():
        show(page, "compare")
        frame(page)
        name, data = saved(page, kind)
        assert name.endswith(kind) and data.startswith(start)
    words = data.decode()
    assert "Dilated balanced CE, prior" not in words and "plain.png" in words and words.count("<image") >= 10


def alike(kind: str, here: bytes, there: bytes) -> None:
    """Two files hold the same: cells, arrays, or pictures; logits within a step."""
    if kind == "csv":
        rows = [list(csv.DictReader(io.StringIO(data.decode(), newline=""))) for data in (here, there)]
        assert [list(row) for row in rows[0]] == [list(row) for row in rows[1]]
        for mine, theirs in zip(*rows, strict=True):
            for key, value in theirs.items():
                if re.fullmatch(r"-?[\d.]+(e-\d+)?", value):
                    far = 3 if key.endswith("_px") else 0.1 if "percent" in key else 1e-3
                    assert float(mine[key]) == pytest.approx(float(value), abs=far), key
                    assert ("." in mine[key]) == ("." in value)
                else:
                    assert mine[key] == value
        return
    if kind == "npz":
        mine, theirs = (np.load(io.BytesIO(data)) for data in (here, there))
        assert mine.files == theirs.files
        pairs = {name: (mine[name], theirs[name]) for name in mine.files}
    else:
        archives = [zipfile.ZipFile(io.BytesIO(data)) for data in (here, there)]
        assert archives[0].namelist() == archives[1].namelist() and archives[0].testzip() is None
        pictures = [name for name in archives[0].namelist() if name.endswith(".png")]
        pairs = {name: tuple(np.asarray(Image.open(a.open(name))) for a in archives) for name in pictures}
        scales = [json.loads(archive.read("scales.json")) for archive in archives]
        assert scales[0].keys() == scales[1].keys()
        np.testing.assert_allclose(list(scales[0].values()), list(scales[1].values()), rtol=2e-3)
    for name, (a, b) in pairs.items():
        assert (a.dtype, a.shape) == (b.dtype, b.shape), name
        if a.dtype == np.float32:
            np.testing.assert_allclose(a, b, rtol=2e-3, atol=5e-4 * max(1e-3, float(b.max())), err_msg=name)
        elif a.dtype == np.bool_ or "prediction" in name:
            assert (a != b).mean() < 1e-3, name
        elif a.dtype == np.uint8:
            assert np.array_equal(a, b), name
        else:  # 16-bit PNG
            assert np.abs(a.astype(int) - b).max() < 300, name


def test_organs_slices_and_scans_are_pythons(visit, host, studios, tmp_path):
    page, studio = visit(f"{host[0]}organs.html"), studios["organs"]
    held(page, json.loads(asked_of(studio, {"example": 0})["scene"]))
    slider = page.locator("[data-slice]")
    slider.evaluate("(e) => { e.value = 40; e.dispatchEvent(new Event('input', {bubbles: true})) }")
    held(page, json.loads(asked_of(studio, {"example": 0, "slice": 40})["scene"]))
    hu, labels = quick_scan(103, 96, [20, 26, 30])
    affine = np.diag([-3.0, -3.0, 5.0, 1.0])
    paths = {}
    for name, values in {"scan.nii.gz": hu, "label.nii.gz": labels}.items():
        plain = nifti(values.transpose(2, 1, 0)[..., ::-1].astype(np.int16), affine)
        paths[name] = tmp_path / name
        paths[name].write_bytes(gzip.compress(plain))
    drop(page, paths["label.nii.gz"], paths["scan.nii.gz"])
    expect(page.locator(".message")).to_contain_text(
        "scan.nii.gz as the scan, label.nii.gz as its labels", timeout=60000
    )
    request = {
        "files": [
            {"name": name, "data": base64.b64encode(paths[name].read_bytes()).decode()}
            for name in ("label.nii.gz", "scan.nii.gz")
        ]
    }
    reply = studio.open_study(json.dumps(request))
    held(page, json.loads(reply["scene"]))
    assert page.evaluate(f"() => {VIEWER}.study.place") == json.loads(reply["scene"])["place"]


@pytest.mark.parametrize("device", [{}, PHONE], ids=["desktop", "phone"])
def test_the_lab_starts_pauses_changes_rewinds_and_is_shared(visit, host, device):
    address, _ = host
    page = visit(address, **device)
    page.evaluate(f"() => {VIEWER}.set({{tab: 'lab', 'lab.losses': ['bce', 'dbce']}})")
    rewound(page)
    first = picture(page, "bce")
    step = learn(page, 10)
    learned = picture(page, "bce")
    assert learned != first
    page.evaluate(f"() => {VIEWER}.set({{'lab.rate': '0.01'}})")
    assert learn(page, step + 1) > step
    page.get_by_role("button", name="Rewind to the first weights").click()
    page.wait_for_function(f"() => {STATE} === 'steps, ready'")
    page.evaluate(f"() => {VIEWER}.set({{'lab.rate': '0.003'}})")
    drawn(page)
    assert picture(page, "bce") == first
    other = visit(f"{address}#tab=lab&lab.losses=bce.dbce&lab.step={step}", **device)
    other.wait_for_function(f"() => document.querySelector('[data-lab=at]') && {AT} === {step}", timeout=60000)
    other.wait_for_function(f"() => {STATE} === 'steps, paused'", timeout=60000)
    drawn(other)
    assert picture(other, "bce") == learned, "the same bits, and so the same picture"
    assert other.locator(MAP.format("dbce")).first.is_visible()
    assert other.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_policy_binds_page_and_workers(browser, host, folder, tmp_path):
    page = browser.new_page()
    page.goto(host[0])
    page.wait_for_selector(READY)
    with hosted(tmp_path) as (other, asked):
        assert page.request.get(other).status == 200 and asked  # it can be reached, by anybody but the page
        asked.clear()
        url = f"{other}x"
        asking = "fetch(url, {mode: 'no-cors'}).then(() => 'came', () => 'blocked')"
        assert page.evaluate(f"(url) => {asking}", url) == "blocked"
        worker = f"""async ([url, module]) => {{
          const {{ boundWorker }} = await import(module);
          const code = `const url = ${{JSON.stringify(url)}}; {asking}.then(postMessage);`;
          const made = boundWorker("data:text/javascript," + encodeURIComponent(code));
          return new Promise((done) => {{
            made.onmessage = ({{data}}) => done(data);
            made.onerror = () => done("no such module");
          }});
        }}"""
        module = f"{host[0]}{next(folder.glob('web-*')).name}/backends/onnx/networks.js"
        assert page.evaluate(worker, [url, module]) == "no such module"  # only our own host gives it code
        inline = worker.replace(
            'boundWorker("data:text/javascript," + encodeURIComponent(code))',
            """new Worker(
            URL.createObjectURL(new Blob([code], {type: "text/javascript"})), {type: "module"})""",
        )
        assert page.evaluate(inline, [url, module]) == "blocked"
        assert not asked
    page.close()


def test_without_a_network_the_page_works_on_and_a_new_version_waits(visit, folder, tmp_path, studios, pictures):
    copy = shutil.copytree(folder, tmp_path / "copy")
    with hosted(copy) as (address, asked):
        page = visit(address)
        kept(page)
        port = int(re.search(r":(\d+)/", address)[1])
        assert any("networks/" in path for path in asked)
    # the host is gone
    page.reload()
    page.wait_for_selector(READY)
    page.click(".examples button:nth-child(2)")
    wait_for_text(page, ".message", "Drawn example 2")
    give(page, "image", pictures["plain.png"])
    held(page, json.loads(asked_of(studios["polyp"], {"image": pictures["plain.png"]})["scene"]))
    page.reload()  # and the image is still there
    page.wait_for_selector(READY)
    expect(page.locator(".message")).to_contain_text("plain.png", timeout=60000)
    before = page.evaluate("caches.keys()")
    service = copy / "sw.js"
    service.write_text(service.read_text().replace('"version": "', '"version": "next', 1))
    with hosted(copy, port):
        page.evaluate("navigator.serviceWorker.getRegistration().then((r) => r.update())")
        expect(page.locator(".notice.offer")).to_contain_text("new version", timeout=30000)
        assert page.evaluate(f"() => {VIEWER}.state.own")  # nothing happened to what is in view
        page.evaluate("window.before = true")
        page.click(".notice.offer button")
        page.wait_for_function("() => !window.before")
        page.wait_for_selector(READY)
        after = page.evaluate("caches.keys()")
        assert len(set(after) - set(before)) == 1 and "next" in "".join(set(after) - set(before))
        assert page.locator(".notice.offer").count() == 0


def test_an_image_of_ones_own_becomes_a_page_of_its_own(visit, host, browser, pictures, tmp_path):
    page = visit(host[0])
    give(page, "image", pictures["photo.jpg"])
    give(page, "mask", pictures["mask.png"])
    show(page, "anatomy")
    page.locator(".controls [data-field=radius]").fill("37")
    path, said = page_of(page, tmp_path)
    assert path.name == "dbce-photo-anatomy-dilated-r37.html" and "it holds the image itself" in said
    again = opened_offline(browser, path)
    assert packed(again, STUDY) == packed(page, STUDY)
    assert again.inner_text('[data-out="radius"]').startswith("R = 37")
    assert again.inner_text(".message") == page.evaluate(f"() => {VIEWER}.shown.title + '. ' + {VIEWER}.shown.note")
    assert [tab.inner_text() for tab in again.locator(".tabs button:visible").all()] == ["Anatomy", "Compare", "Radius"]
    again.context.close()
    page.goto(host[0] + "organs.html")
    page.wait_for_selector(READY)
    show(page, "organs")
    path, _ = page_of(page, tmp_path)
    again = opened_offline(browser, path)
    assert packed(again, STUDY) == packed(page, STUDY) and again.locator("#view-organs").is_visible()
    again.context.close()
