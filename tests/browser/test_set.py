"""The test set, image by image: what its dots, table and list say is one thing, and a link keeps it."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from tests.browser.actions import frame
from tests.browser.test_layout import PHONE, VIEWER, put

IMAGES = json.loads((Path(__file__).parents[2] / "checkpoints/polyp/images.json").read_text())


def dice(loss: str, prior: str = "trained") -> np.ndarray:
    (row,) = (each for each in IMAGES["networks"] if (each["loss"], each["prior"]) == (loss, prior))
    missed, false = np.array(row["missed"]), np.array(row["rim"]) + np.array(row["far"])
    hit = np.array(IMAGES["area"]) - missed
    return 2 * hit / (2 * hit + missed + false)


def listed(page) -> list[str]:
    return page.locator(".list tbody th button").all_inner_texts()


def test_dots_table_and_list_are_of_one_set_and_a_link_keeps_the_view(visit, tmp_path):
    page = visit(path="#tab=set")
    difference = dice("dbce") - dice("ce")
    better, worse = (difference > 0.05).sum(), (difference < -0.05).sum()
    even = len(difference) - better - worse
    title = page.locator(".wins")
    assert title.inner_text() == f"Dilated balanced CE is better on {better}, CE on {worse}; {even} are even"
    assert page.locator(".sizes tbody tr:last-child td").nth(0).inner_text() == f"{100 * dice('ce').mean():.1f}"
    order = np.argsort(-np.abs(difference), kind="stable")
    assert listed(page) == [IMAGES["names"][i] for i in order[:10]]

    page.focus(".scatter canvas")
    for _ in range(2):
        page.keyboard.press("ArrowDown")
        frame(page)
    third = IMAGES["names"][order[2]]
    assert page.locator(".list tr.now button").inner_text() == third
    assert page.locator(".one b").inner_text() == f"Image {third}"
    page.wait_for_function("n => location.hash.includes(`picked=${n}`)", arg=int(order[2]))

    box = page.locator(".scatter canvas").bounding_box()
    page.mouse.move(box["x"] + 40, box["y"] + 45)  # where CE finds nothing and the other does
    page.mouse.down()
    page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.5 * box["height"], steps=4)
    page.mouse.up()
    frame(page)
    inside = set(listed(page))
    scores = {name: (x, y) for name, x, y in zip(IMAGES["names"], dice("ce"), dice("dbce"), strict=True)}
    assert inside and all(scores[name][0] < 0.3 < scores[name][1] for name in inside)
    with page.expect_download() as download:
        page.click("[data-set=csv]")
    download.value.save_as(tmp_path / "set.csv")
    rows = list(csv.DictReader((tmp_path / "set.csv").open()))
    assert [float(row["dbce"]) for row in rows] == [round(value, 6) for value in dice("dbce")]
    selected = {row["image"] for row in rows if row["selected"] == "1"}
    assert inside <= selected and f"{len(selected)} selected" in page.locator(".set .count").inner_text()
    page.click("[data-set=all]")
    frame(page)
    assert len(listed(page)) == 10

    scatter = f"{VIEWER}.tabs.set.scatter"
    page.locator(".scatter canvas").scroll_into_view_if_needed()
    box = page.locator(".scatter canvas").bounding_box()
    lost = min(scores, key=lambda name: scores[name][0])  # where CE is lowest
    at = [page.evaluate(f"{scatter}.{axis}({score})") for axis, score in zip("xy", scores[lost], strict=True)]
    page.mouse.move(box["x"] + at[0], box["y"] + at[1])
    page.keyboard.down("Control")
    page.mouse.wheel(0, -300)
    page.keyboard.up("Control")
    frame(page)
    span = page.evaluate(f"{scatter}.plane.span")
    assert span == pytest.approx(np.exp(-1.2), rel=1e-6)
    page.keyboard.down("Shift")
    page.mouse.down()
    page.mouse.move(box["x"] + at[0] - 60, box["y"] + at[1], steps=3)
    page.mouse.up()
    page.keyboard.up("Shift")
    frame(page)
    side = page.evaluate(f"{scatter}.plane.side")
    assert page.evaluate(f"{scatter}.plane.left") == pytest.approx(60 * span / side, rel=1e-6)
    assert len(listed(page)) == 10, "moving selects nothing"
    page.focus(".scatter canvas")
    page.keyboard.press("0")
    frame(page)
    assert page.evaluate(f"{scatter}.plane.span") == 1
    assert page.locator(".set .count").inner_text() == "10 of 612 shown"

    page.select_option("#view-set [name=first]", "bce")
    page.select_option("#view-set [name=prior]", "corrected")
    page.select_option("#view-set [name=order]", "smallest")
    frame(page)
    small = np.argsort(np.array(IMAGES["area"]) / np.array(IMAGES["pixels"]), kind="stable")
    assert listed(page) == [IMAGES["names"][i] for i in small[:10]]
    mean = f"{100 * dice('bce', 'corrected').mean():.1f}"
    assert page.locator(".sizes tbody tr:last-child td").nth(1).inner_text() == mean
    for sentence in (".wins", ".gains"):
        assert "Balanced CE, prior corrected" in page.locator(sentence).inner_text()
    page.wait_for_function("location.hash.includes('order=smallest')")
    again = visit(path=page.evaluate("location.hash"))
    assert again.locator(".wins").inner_text() == title.inner_text() and listed(again) == listed(page)
    assert again.locator(".one b").inner_text() == f"Image {third}"


def test_on_a_phone_nothing_is_wider_than_it(visit):
    page = visit(path="#tab=set", **PHONE)
    for theme in ("light", "dark"):
        put(page, theme=theme)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    canvas = page.locator(".scatter canvas")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    x, y = page.evaluate(f"{VIEWER}.tabs.set.scatter.x(0)"), page.evaluate(f"{VIEWER}.tabs.set.scatter.y(0)")
    page.touchscreen.tap(box["x"] + x, box["y"] + y)  # where both find nothing
    page.wait_for_function("location.hash.includes('picked=')")
    lost = [name for name, a, b in zip(IMAGES["names"], dice("ce"), dice("dbce"), strict=True) if a == b == 0]
    assert page.locator(".one b").inner_text() in [f"Image {name}" for name in lost]
