"""A folder of one's own images, dropped on the page: sorted, run, ordered, opened and taken along, with predictions."""

from __future__ import annotations

import csv
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect
from scipy import stats

from dbce.data import ct
from dbce.data.phantoms import polyp
from tests.browser.actions import fetched, frame, opened_offline, show
from tests.browser.test_accessible import violations
from tests.browser.test_layout import VIEWER, put
from tests.browser.test_state import wait_for_address

COUNT = 40
LOSSES = ("ce", "bce", "dice_ce", "dbce", "mine")

SCRIPT = """
import sys
from pathlib import Path
import numpy as np
from PIL import Image

masks, out = map(Path, sys.argv[1:])
out.mkdir(parents=True)
for k, path in enumerate(sorted(masks.glob("*.png"))):
    truth = np.asarray(Image.open(path).convert("L")) > 127
    y, x = np.indices(truth.shape)
    ys, xs = np.nonzero(truth)
    ys, xs = (ys, xs) if len(ys) else (y.ravel(), x.ravel())
    away = np.hypot(y - ys.mean() - k % 9, x - xs.mean()) / (1 + np.sqrt(truth.sum() / np.pi))
    np.save(out / f"{path.stem}.npy", (1 / (1 + np.exp(6 * (away - 1)))).astype(np.float32))
"""
"""The network of somebody else: a soft disk where the object is."""


@pytest.fixture(scope="module")
def pairs(tmp_path_factory) -> Path:
    """40 real frames and their masks; drawn ones where DBCE_DATA is unset; predictions, and five files that are bad."""
    folder = tmp_path_factory.mktemp("own") / "frames"
    images, masks = folder / "images", folder / "masks"
    images.mkdir(parents=True)
    masks.mkdir()
    if "DBCE_DATA" in os.environ:
        base = Path(os.environ["DBCE_DATA"]) / "CVC-ClinicDB"
        for image in sorted((base / "Original").iterdir())[:COUNT]:
            shutil.copy(image, images)
            shutil.copy(base / "Ground Truth" / f"{image.stem}.png", masks)
    else:
        for seed in range(COUNT):
            image, mask = polyp(seed, 240)
            Image.fromarray(image).save(images / f"{seed}.png")
            Image.fromarray(mask * 255).save(masks / f"{seed}.png")
    subprocess.run([sys.executable, "-c", SCRIPT, masks, folder / "predictions" / "mine"], check=True)
    good, truth = sorted(images.iterdir())[0], sorted(masks.iterdir())[0]
    (folder / "notes.txt").write_text("no picture")
    (images / f"cut{good.suffix}").write_bytes(good.read_bytes()[:2000])
    shutil.copy(truth, masks / "cut.png")
    shutil.copy(good, images / f"bare{good.suffix}")
    shutil.copy(truth, masks / "lonely.png")
    shutil.copy(good, images / f"empty{good.suffix}")
    Image.new("L", Image.open(truth).size).save(masks / "empty.png")
    return folder


def drop_folder(page: Page, folder: Path) -> None:
    """As from a file manager: Chromium itself tells the page what lies in it."""
    tools = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(folder)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        tools.send("Input.dispatchDragEvent", {"type": kind, "x": 300, "y": 300, "data": data})
    page.wait_for_selector("dialog.intake[open]")


def taken(page: Page, kind: str, path: Path) -> list[dict[str, str]]:
    """The rows of a table that Set gives to take along."""
    with page.expect_download() as download:
        page.click(f"[data-set={kind}]")
    download.value.save_as(path)
    return list(csv.DictReader(path.open()))


def listed(page: Page) -> list[str]:
    """The names of the tray, in its order."""
    return page.evaluate(f"{VIEWER}.bench.listed.map(({{name}}) => name)")


def dice(found: np.ndarray, truth: np.ndarray) -> float:
    return 2 * (found & truth).sum() / (found.sum() + truth.sum())


def test_a_folder_is_sorted_run_ordered_opened_and_taken_along(visit, pairs, tmp_path):
    page = visit()
    before = page.locator(".message").inner_text()
    drop_folder(page, pairs)
    dialog = page.locator("dialog.intake")
    expect(dialog.locator("h2")).to_have_text("42 images, each with its mask")
    expect(dialog.locator(".sets")).to_contain_text("mine 40 of 42 images")
    left = dialog.locator("details[open] li").all_inner_texts()
    bare = next(pairs.glob("images/bare.*")).name
    assert [line.partition(" is ")[0] if "notes" in line else line for line in sorted(left)] == [
        f"frames/images/{bare}: no mask of that name",
        "frames/masks/lonely.png: no image of that name",
        "frames/notes.txt",
    ]
    page.click("[data-intake=cancel]")
    expect(page.locator(".message")).to_have_text("Nothing was opened; what was there is unchanged.")
    expect(page.locator(".tray")).to_be_hidden()
    assert before and page.evaluate(f"{VIEWER}.state.own") is None

    drop_folder(page, pairs)
    page.click("[data-intake=run]")
    page.wait_for_function(f"{VIEWER}.bench.listed.length > 2", timeout=60000)
    page.click("[data-tray=stop]")
    page.wait_for_function(f"!{VIEWER}.bench.running")
    done = len(listed(page))
    expect(page.locator(".tray .progress output")).to_have_text(f"Stopped at {done} of {42 - (done > 40)}")
    page.click("[data-tray=on]")
    expect(page.locator(".message")).to_have_text(f"{COUNT} images scored; 5 left out.", timeout=120000)
    page.click(".tray summary")
    why = page.locator(".tray .sheet li").all_inner_texts()
    assert len(why) == 5 and sum(line.startswith(("cut.", "empty.")) for line in why) == 2
    page.click(".tray summary")

    page.select_option(".tray select", "disagreement")
    page.focus(".reel")
    for key in ("Home", "ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    expect(page.locator(".tray .step output")).to_have_text(f"3 of {COUNT}")
    third = listed(page)[2]
    page.wait_for_function("n => document.querySelector('.message').textContent.startsWith(n)", arg=third)
    show(page, "set")
    rows = taken(page, "csv", tmp_path / "own.csv")
    assert len(rows) == COUNT * len(LOSSES)
    apart = {row["image"]: float(row["disagreement"]) for row in rows}
    assert [apart[name] for name in listed(page)] == sorted(apart.values(), reverse=True)
    found = fetched(page, f"() => Object.fromEntries({list(LOSSES)}.map((l) => [l, {VIEWER}.study.logits(l)]))")
    maps = [found[loss] > 0 for loss in LOSSES]
    pairwise = [dice(a, b) for k, a in enumerate(maps) for b in maps[k + 1 :]]
    assert apart[third] == pytest.approx(1 - np.mean(pairwise), abs=1e-6)

    mine = {row["image"]: row for row in rows if row["set"] == "mine"}
    for name, row in mine.items():
        stem = Path(name).stem
        truth = np.asarray(Image.open(pairs / "masks" / f"{stem}.png").convert("L")) > 127
        own = np.load(pairs / "predictions" / "mine" / f"{stem}.npy").astype(np.float64)
        area = cv2.INTER_AREA if max(own.shape) > 320 else cv2.INTER_LINEAR
        small = cv2.resize(truth.astype(np.uint8) * 255, (320, 320), interpolation=area) > 127
        soft = cv2.resize(own, (320, 320), interpolation=area)
        assert float(row["dice"]) == pytest.approx(dice(soft > 0.5, small), abs=1e-6)
        assert float(row["brier"]) == pytest.approx(np.mean((soft - small) ** 2), abs=2e-5)

    table = taken(page, "table", tmp_path / "means.csv")
    assert [line["set"] for line in table] == ["CE", "Balanced CE", "Dice + CE", "Dilated balanced CE", "mine"]
    own = {score: [100 * float(row[score]) for row in mine.values()] for score in ("dice", "brier")}
    ce = [100 * float(row["dice"]) for row in rows if row["set"] == "CE"]
    for column, values in (
        ("mDice", own["dice"]),
        ("Brier", own["brier"]),
        ("Dice less that of CE", np.subtract(own["dice"], ce)),
    ):
        options = {"n_resamples": 20_000, "method": "percentile", "rng": 1}
        interval = stats.bootstrap((np.array(values),), np.mean, **options).confidence_interval
        slack = 0.05 * (interval.high - interval.low)
        assert float(table[-1][column]) == pytest.approx(np.mean(values), abs=1e-4), column
        assert float(table[-1][f"{column}, low"]) == pytest.approx(interval.low, abs=slack), column
        assert float(table[-1][f"{column}, high"]) == pytest.approx(interval.high, abs=slack), column
    cells = page.locator(".means tbody tr:last-child td").all_inner_texts()
    assert float(cells[0].split()[0]) == round(float(table[-1]["mDice"]), 2)
    assert page.locator(".means b, .means .bold").count() == 0  # an interval says what is chance


def test_a_dot_opens_its_image_and_back_returns_to_it(visit, pairs, tmp_path):
    page = visit()
    chosen = tmp_path / "few"
    for part in ("images", "masks", "predictions/mine"):
        (chosen / part).mkdir(parents=True)
        for path in sorted((pairs / part).glob("[0-9]*"))[:7]:
            shutil.copy(path, chosen / part)
    page.set_input_files("[data-file=folder]", chosen)
    page.wait_for_selector("dialog.intake[open]")
    assert violations(page) == []
    page.click("[data-intake=run]")
    expect(page.locator(".message")).to_have_text("7 images scored.", timeout=60000)
    show(page, "set")
    for theme in ("dark", "light"):
        put(page, theme=theme)
        assert violations(page) == [], theme
    expect(page.locator(".set .count")).to_have_text("7 of 7 shown")
    page.click(".list tbody tr:nth-child(2) button")
    frame(page)
    name = page.locator(".list tbody tr:nth-child(2) button").inner_text()
    shown = page.locator(".one b").inner_text()
    page.wait_for_function("location.hash.includes('picked=')")
    page.click(".one [data-to=compare]")
    page.wait_for_function("n => document.querySelector('.message').textContent.startsWith(n)", arg=name)
    wait_for_address(page, tab="compare")
    assert page.locator("#view-compare .model:visible").count() == len(LOSSES)
    page.go_back()
    page.wait_for_selector("#view-set")
    expect(page.locator(".one b")).to_have_text(shown)

    before = taken(page, "csv", tmp_path / "before.csv")
    painted = listed(page)[3]
    page.locator(".reel [data-id]").nth(3).click()
    page.wait_for_function("n => document.querySelector('.message').textContent.startsWith(n)", arg=painted)
    page.click("[data-do=paint]")
    place = page.locator("[data-paint] canvas").first.bounding_box()
    page.mouse.move(place["x"] + 20, place["y"] + 30)
    page.mouse.down()
    page.mouse.move(place["x"] + 150, place["y"] + 40, steps=4)
    page.mouse.up()
    page.click("[data-do=done]")
    for _ in range(2):  # and once more when another image was looked at
        labels, logits = fetched(page, f"() => [{VIEWER}.study.labels, {VIEWER}.study.logits('mine')]")
        show(page, "set")
        after = taken(page, "csv", tmp_path / "after.csv")
        assert [row for row in after if row["image"] != painted] == [row for row in before if row["image"] != painted]
        (row,) = (row for row in after if (row["image"], row["set"]) == (painted, "mine"))
        assert row not in before and float(row["dice"]) == pytest.approx(dice(logits > 0, labels == 1), abs=1e-6)
        assert float(row["object_share"]) == pytest.approx((labels == 1).mean(), abs=1e-6)
        for k, name in ((0, listed(page)[0]), (3, painted)):
            page.locator(".reel [data-id]").nth(k).click()
            page.wait_for_function("n => document.querySelector('.message').textContent.startsWith(n)", arg=name)

    expect(page.locator(".means tbody tr")).to_have_count(len(LOSSES))
    for kind in ("md", "tex"):
        with page.expect_download() as download:
            page.click(f"[data-set={kind}]")
        assert download.value.suggested_filename == f"dbce-your-means.{kind}"
    take_all_along(page, tmp_path)
    page.select_option("[name=whose]", "test")
    expect(page.locator(".set .count")).to_have_text("10 of 612 shown")
    page.click("[data-tray=close]")
    page.select_option("[name=whose]", "own")
    expect(page.locator(".nothing")).to_contain_text("Drop a folder of images and masks here")


def take_all_along(page: Page, tmp_path: Path) -> None:
    """The images of the tray as one page that works offline, with their masks as they are by now, and as figures."""
    rows = taken(page, "csv", tmp_path / "all.csv")
    names = {row["image"] for row in rows}
    page.click(".take summary")
    offer = page.locator("[data-take=page]")
    expect(offer).to_have_text(re.compile(rf"Page of {len(names)} images that works offline, HTML, about [\d.]+ MB"))
    promised = float(offer.inner_text().rpartition("about ")[2].split()[0])
    with page.expect_download() as download:
        offer.click()
    path = tmp_path / "all.html"
    download.value.save_as(path)
    assert path.stat().st_size / 1e6 == pytest.approx(promised, rel=0.25)
    again = opened_offline(page.context.browser, path)
    show(again, "images")
    listing = again.locator("#view-images")
    for name in names:
        expect(listing).to_contain_text(name)
    shown = again.evaluate(f"{VIEWER}.settings.report.rows.map(({{name, dice}}) => [name, dice])")
    stored = {name: dice for name, dice in shown}
    keys = {title: loss for loss, title in page.evaluate(f"Object.entries({VIEWER}.config.titles)")}
    assert sum(bool(row["dice"]) for row in rows) >= len(LOSSES)
    for row in rows:
        if row["dice"]:
            assert stored[row["image"]][keys[row["set"]]] == pytest.approx(float(row["dice"]), abs=1e-4)
    again.context.close()
    show(page, "compare")
    nothing: list[object] = []
    page.once("download", lambda download: nothing.append(download))
    slow = "await new Promise((done) => setTimeout(done, 200))"
    page.evaluate(
        f"() => {{ const {{bench}} = {VIEWER}; bench.open = async (id) => {{ {slow}; "
        "await Object.getPrototypeOf(bench).open.call(bench, id); }; }"
    )
    in_view = page.evaluate(f"{VIEWER}.state.own")
    page.click(".take summary")
    page.click("[data-take=figures]")
    expect(page.locator(".progress output")).to_contain_text(f"Drawing figures: 1 of {len(names)}")
    expect(page.locator(".take")).to_be_hidden()
    page.click("[data-tray=stop]")
    expect(page.locator(".message")).to_have_text("Stopped; nothing was written, and all images are still here.")
    expect(page.locator(".progress")).to_be_hidden()
    assert not nothing and page.evaluate(f"{VIEWER}.state.own") == in_view
    page.evaluate(f"() => {{ delete {VIEWER}.bench.open; }}")
    page.click(".take summary")
    with page.expect_download(timeout=60000) as download:
        page.click("[data-take=figures]")
    download.value.save_as(tmp_path / "figures.zip")
    with zipfile.ZipFile(tmp_path / "figures.zip") as figures:
        assert len(figures.namelist()) == len(names)
        assert all(b"<text" in figures.read(name) for name in figures.namelist())
    show(page, "set")


def test_predictions_of_several_classes_stand_beside_the_networks(visit, tmp_path):
    """Probabilities of nine classes as nnU-Net stores them, and label maps as PNG."""
    folder = tmp_path / "abdomen"
    for part in ("images", "masks", "predictions/soft", "predictions/flat"):
        (folder / part).mkdir(parents=True)
    found = {}
    for name, number in (("a", 24), ("b", 36)):
        (hu,), (labels,) = ct.scan(3, 320, [number])
        found[name] = np.roll(labels, (3, 2), (0, 1)), np.roll(labels, 5, 0), labels
        soft = np.where(found[name][0] == np.arange(9)[:, None, None], 0.84, 0.02).astype(np.float32)
        np.savez_compressed(folder / f"predictions/soft/{name}.npz", probabilities=soft[:, None])
        Image.fromarray(found[name][1]).save(folder / f"predictions/flat/{name}.png")
        Image.fromarray(labels).save(folder / f"masks/{name}.png")
        Image.fromarray(ct.window(hu)).save(folder / f"images/{name}.png")
    np.save(folder / "predictions/flat/c.npy", np.zeros((4, 4)))
    page = visit(path="organs")
    page.set_input_files("[data-file=folder]", folder)
    page.wait_for_selector("dialog.intake[open]")
    assert [page.locator(f".sets [name={kind}]").input_value() for kind in ("soft", "flat")] == [
        "probabilities",
        "labels",
    ]
    page.click("[data-intake=run]")
    expect(page.locator(".message")).to_have_text("2 images scored; 1 left out.", timeout=60000)
    for k, maps in enumerate(found.values()):
        page.locator(".reel [data-id]").nth(k).click()
        page.wait_for_function(f"{VIEWER}.state.own === {VIEWER}.bench.listed[{k}].id")
        state = fetched(
            page,
            f"() => {{ const {{study}} = {VIEWER}; return [study.found('soft'), study.found('flat'), study.labels, "
            "study.crossEntropy('soft')]; }",
        )
        for here, wanted in zip(state, maps, strict=False):
            assert (here.reshape(320, 320) == wanted).all()
        truth = np.where(maps[0] == maps[2], -np.log(0.84), -np.log(0.02))
        assert np.abs(state[3].reshape(320, 320) - truth).max() < 1e-3
