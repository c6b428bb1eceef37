"""The address and the history of the page, and what a browser keeps of opened images."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from dbce.data import ct
from dbce.data.phantoms import polyp
from tests.browser.actions import READY, give, show

STATE = "({...document.querySelector('.dbce').parentElement.dbce.state})"
LABELS = "String(document.querySelector('.dbce').parentElement.dbce.study.labels)"
PRIVATE = "This link was made from an image that its maker kept private"
expect.set_options(timeout=20000)
BLOCKED = """for (const name of ['indexedDB', 'localStorage']) Object.defineProperty(window, name, {
  get() { throw new DOMException('storage is blocked', 'SecurityError'); },
});"""
COUNTED = """window.writes = [];
for (const name of ['pushState', 'replaceState']) {
  const real = history[name];
  history[name] = function (...given) {
    window.writes.push(performance.now());
    return real.apply(this, given);
  };
}"""


@pytest.fixture(scope="module")
def pair(tmp_path_factory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("own")
    image, mask = polyp(31, 240)
    paths = folder / "frame.png", folder / "frame_mask.png"
    Image.fromarray(image).save(paths[0])
    Image.fromarray(mask * 255).save(paths[1])
    return paths


def asked(page: Page) -> dict[str, str]:
    """The fields of the address."""
    return {name: texts[0] for name, texts in parse_qs(urlsplit(page.url).fragment).items()}


def wait_for_address(page: Page, **fields: str) -> None:
    page.wait_for_function(
        """(fields) => {
          const now = new URLSearchParams(location.hash.slice(1));
          return Object.entries(fields).every(([name, text]) => now.get(name) === text);
        }""",
        arg=fields,
    )


def wait_for_state(page: Page, **fields) -> None:
    page.wait_for_function(
        f"(fields) => {{ const now = {STATE}; return Object.entries(fields).every(([k, v]) => now[k] === v); }}",
        arg=fields,
    )


def said(page: Page):
    return page.locator(".message")


def radius(page: Page, value: int) -> None:
    page.get_by_role("slider", name="Radius of the disk in pixels").fill(str(value))


def again(page: Page) -> None:
    page.reload()
    page.wait_for_selector(READY)


def until_kept(page: Page, text: str) -> None:
    expect(page.locator("[data-out=kept]")).to_have_text(re.compile(text))


def test_a_reload_keeps_the_whole_view(visit):
    page = visit()
    assert not urlsplit(page.url).fragment  # nothing was changed yet
    page.locator(".examples button").nth(3).click()
    wait_for_address(page, example="3")
    radius(page, 63)
    page.locator("input[name=weighting][value=none]").check(force=True)
    page.locator("[data-panels=anatomy] .frame canvas").first.click()
    page.locator("dialog.large .frame canvas").dblclick()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Colour-blind").click()
    wait_for_address(page, radius="63", weighting="none", palette="safe")
    corner = """() => {
      const box = document.querySelector('[data-panels=anatomy] .stage').getBoundingClientRect();
      return [box.width, box.left, box.top + scrollY];
    }"""
    before, where = page.evaluate(STATE), page.evaluate(corner)
    again(page)
    assert {**page.evaluate(STATE), "pixel": None} == {**before, "pixel": None}
    assert page.evaluate(corner) == pytest.approx(where, abs=0.5)  # pixels of the screen
    radius(page, 12)  # what was written stays there
    wait_for_address(page, radius="12")
    assert asked(page)["view"].startswith("2.000_")


def test_back_and_forward_go_through_tab_and_example_without_a_reload(visit):
    page = visit()
    page.evaluate("() => { window.same = true; }")
    radius(page, 44)
    wait_for_address(page, radius="44")
    show(page, "compare")
    wait_for_address(page, tab="compare")
    page.locator(".examples button").nth(2).click()
    wait_for_address(page, example="2")
    page.get_by_role("slider", name="Probability threshold").fill("0.3")
    wait_for_address(page, threshold="0.3")
    page.go_back()
    wait_for_state(page, tab="compare", example=0, threshold=0.5, radius=44)
    expect(said(page)).to_contain_text("example 1 of")
    page.go_back()
    wait_for_state(page, tab="anatomy", example=0, radius=44)
    assert page.locator("#view-anatomy").is_visible() and not page.locator("#view-compare").is_visible()
    page.go_forward()
    page.go_forward()
    wait_for_state(page, tab="compare", example=2, threshold=0.3)
    expect(said(page)).to_contain_text("example 3 of")
    assert page.evaluate("() => window.same")


def test_a_class_that_is_picked_is_an_entry_of_the_history(visit):
    page = visit(path="organs#tab=organs")
    page.locator("#view-organs [data-legend=classes]").get_by_role("button", name="spleen").click()
    wait_for_address(page, cls="7")
    page.go_back()
    wait_for_state(page, cls=None)
    page.go_forward()
    wait_for_state(page, cls=7)


def test_a_link_that_is_pasted_over_the_address_is_followed(visit):
    page = visit()
    page.evaluate("() => { window.same = true; }")
    page.evaluate("() => { location.hash = '#tab=compare&example=4&radius=9'; }")
    wait_for_state(page, tab="compare", example=4, radius=9, threshold=0.5)
    wait_for_address(page, tab="compare", example="4", radius="9", threshold="0.5")  # as it would be written
    page.evaluate("() => { location.hash = '#radius=30&loss=focal&nonsense=1'; }")
    wait_for_state(page, tab="anatomy", example=0, radius=30)
    expect(said(page)).to_contain_text("what this page does not know (loss, nonsense); that was left out.")
    page.go_back()
    wait_for_state(page, tab="compare", example=4, radius=9)
    assert page.evaluate("() => window.same")


def test_a_change_of_task_carries_the_settings_and_back_returns(visit):
    page = visit(path="?__theme=light#example=2")
    radius(page, 37)
    page.locator("input[name=loss][value=bce]").check(force=True)
    page.locator("input[name=map][value=gradient]").check(force=True)
    show(page, "compare")
    page.get_by_role("slider", name="Probability threshold").fill("0.25")
    page.get_by_role("button", name="Colour-blind").click()
    page.get_by_role("link", name="Organs").click()
    page.wait_for_url("**/organs*")
    page.wait_for_selector(f'{READY}[data-theme="light"]')
    wait_for_state(page, tab="organs", radius=37, loss="bce", threshold=0.25, palette="safe", example=0)
    expect(said(page)).to_contain_text("CT phantom 1")  # and no word on what organs do not have
    wait_for_address(page, tab="organs", example="0", threshold="0.25")
    assert "from" not in asked(page)
    page.go_back()
    page.wait_for_url("**/?__theme=light#tab=compare*")
    page.wait_for_selector(READY)
    wait_for_state(page, tab="compare", example=2, radius=37, loss="bce", map="gradient", threshold=0.25)


def test_dragging_writes_within_the_bound_and_ends_where_it_ended(visit):
    page = visit()
    page.add_init_script(COUNTED)
    again(page)
    slider = page.get_by_role("slider", name="Radius of the disk in pixels")
    box = slider.bounding_box()
    page.mouse.move(box["x"] + 5, box["y"] + box["height"] / 2)
    page.mouse.down()
    for step in range(150):
        page.mouse.move(box["x"] + 5 + abs(75 - step) / 75 * (box["width"] - 10), box["y"] + box["height"] / 2)
        page.wait_for_timeout(15)
    page.mouse.up()
    now = page.evaluate(STATE)["radius"]
    wait_for_address(page, radius=str(now))
    times = page.evaluate("() => window.writes")
    assert len(times) >= 4 and (np.diff(times)[:-1] > 390).all()  # the last one ends the gesture
    for _ in range(60):  # held arrow keys on the tabs
        page.locator(".tabs button[aria-selected=true]").press("ArrowRight", no_wait_after=True)
    wait_for_address(page, tab=page.evaluate(STATE)["tab"])
    times = np.array(page.evaluate("() => window.writes"))
    assert max(((times >= t) & (times < t + 30000)).sum() for t in times) < 100  # beyond that Safari throws


def test_an_opened_image_its_mask_and_the_settings_survive_a_reload(visit, pair):
    page = visit()
    give(page, "image", pair[0])
    give(page, "mask", pair[1])
    show(page, "compare")
    labels = page.evaluate(LABELS)
    until_kept(page, r"^1 image kept, \d+ kB$")
    wait_for_address(page, tab="compare")
    assert "example" not in asked(page) and re.fullmatch("[a-z0-9]{10}", asked(page)["own"])
    again(page)
    expect(said(page)).to_contain_text("frame.png, 240 \u00d7 240 px, mask frame_mask.png")
    assert page.evaluate(LABELS) == labels and page.evaluate(STATE)["tab"] == "compare"
    page.locator(".examples button").nth(1).click()
    wait_for_address(page, example="1")
    assert "own" not in asked(page)
    page.go_back()
    expect(said(page)).to_contain_text("frame.png, 240 \u00d7 240 px, mask frame_mask.png")
    assert page.evaluate(LABELS) == labels


def paint(page: Page) -> None:
    page.get_by_role("button", name="Paint a mask").first.click()
    page.wait_for_selector(".brush:visible")
    box = page.locator("[data-panels=anatomy] .frame canvas").first.bounding_box()
    page.mouse.move(box["x"] + 0.2 * box["width"], box["y"] + 0.2 * box["height"])
    page.mouse.down()
    page.mouse.move(box["x"] + 0.4 * box["width"], box["y"] + 0.3 * box["height"], steps=4)
    page.mouse.up()


def test_a_painted_mask_is_kept_when_it_is_done(visit):
    page = visit()
    page.locator(".examples button").nth(1).click()
    wait_for_address(page, example="1")
    plain = page.evaluate(LABELS)
    paint(page)
    page.get_by_role("button", name="Done").click()
    until_kept(page, "^1 image kept")
    labels = page.evaluate(LABELS)
    assert labels != plain
    own = asked(page)["own"]
    again(page)
    assert page.evaluate(LABELS) == labels and asked(page)["own"] == own
    expect(said(page)).to_contain_text("With the mask you painted.")
    page.go_back()
    wait_for_state(page, example=1, own=None)
    page.wait_for_function(f"(plain) => {LABELS} === plain", arg=plain)


def test_a_painting_that_is_left_by_back_is_there_again(visit):
    page = visit()
    paint(page)
    wait_for_state(page, painting=True)
    labels = page.evaluate(LABELS)
    page.go_back()
    wait_for_state(page, own=None, painting=False)
    until_kept(page, "^1 image kept")
    page.go_forward()
    page.wait_for_function(f"(labels) => {LABELS} === labels", arg=labels)


def with_one_kept(page: Page, image: Path) -> None:
    """Open an image, which is then kept, and the menu that tells so."""
    give(page, "image", image)
    until_kept(page, "^1 image kept")
    page.get_by_text("Display", exact=True).click()


def test_forget_deletes_all_at_once_and_says_so(visit, pair):
    page = visit()
    with_one_kept(page, pair[0])
    page.get_by_role("button", name="Forget").press("Enter")
    expect(said(page)).to_have_text("1 image deleted from this browser. What is in view stays until you leave it.")
    until_kept(page, "^None is kept now$")
    give(page, "mask", pair[1])  # of a forgotten image nothing is kept
    page.wait_for_timeout(300)
    until_kept(page, "^None is kept now$")
    again(page)
    expect(said(page)).to_contain_text("Your image is no longer kept in this browser")
    assert page.evaluate(STATE)["example"] == 0
    give(page, "image", pair[0])  # opened anew, it is
    until_kept(page, "^1 image kept")


def test_who_wants_nothing_kept_has_nothing_kept(visit, pair):
    page = visit()
    with_one_kept(page, pair[0])
    page.get_by_role("checkbox", name="Keep opened images").press("Space")
    expect(said(page)).to_contain_text("Images you open are not kept any more; 1 image deleted from this browser.")
    until_kept(page, "^None is kept now$")
    page.locator(".examples button").nth(1).click()
    wait_for_address(page, example="1")
    page.go_back()  # while the page is open, it is in its memory
    expect(said(page)).to_contain_text("frame.png")
    again(page)
    assert not page.locator("[name=keep]").is_checked()  # the choice holds
    expect(said(page)).to_contain_text("Your image is no longer kept in this browser")
    page.get_by_text("Display", exact=True).click()
    page.get_by_role("checkbox", name="Keep opened images").press("Space")
    give(page, "image", pair[0])
    until_kept(page, "^1 image kept")


def test_only_the_last_five_are_kept(visit, tmp_path):
    page = visit()
    first = ""
    for number in range(6):
        path = tmp_path / f"frame{number}.png"
        Image.fromarray(polyp(number, 64)[0]).save(path)
        give(page, "image", path)
        until_kept(page, f"^{min(number + 1, 5)} image")
        wait_for_state(page, example=None)
        first = first or page.evaluate(STATE)["own"]
    page.wait_for_timeout(300)
    until_kept(page, "^5 images kept")
    page.evaluate(f"() => {{ location.hash = '#own={first}'; }}")
    expect(said(page)).to_contain_text(PRIVATE)  # it has gone


def test_a_link_from_an_opened_image_tells_its_reader_that_it_was_private(visit, pair):
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    radius(page, 52)
    give(page, "image", pair[0])
    page.get_by_role("button", name="Share").click()
    expect(said(page)).to_contain_text("Your image is not in it")
    link = page.evaluate("() => navigator.clipboard.readText()")
    assert link == page.url
    other = visit(path=f"#{urlsplit(link).fragment}")
    expect(said(other)).to_contain_text(PRIVATE)
    wait_for_state(other, example=0, own=None, radius=52)
    page.locator(".examples button").nth(2).click()
    wait_for_address(page, example="2")
    paint(page)
    page.get_by_role("button", name="Done").click()
    page.get_by_role("button", name="Share").click()
    expect(said(page)).to_contain_text("Your mask is not in it")
    other = visit(path=f"#{urlsplit(page.evaluate('() => navigator.clipboard.readText()')).fragment}")
    expect(said(other)).to_contain_text("made with a mask that its maker kept private")
    wait_for_state(other, example=2, own=None, radius=52)


def test_a_scan_comes_back_at_its_slice(visit, tmp_path):
    hu = np.tile(ct.scan(3, 160, range(20, 40))[0], (4, 1, 1))  # more slices than a drawn scan has
    path = tmp_path / "scan.nii.gz"
    nib.save(nib.Nifti1Image(np.rint(hu).astype(np.int16).transpose(2, 1, 0), np.diag([-2, -2, 3, 1])), path)
    page = visit(path="organs")
    give(page, "image", path)
    page.get_by_role("slider", name="Slice of the scan").fill("71")
    expect(said(page)).to_contain_text("slice 72 of 80")
    until_kept(page, "^1 image kept")
    wait_for_state(page, slice=71)
    page.wait_for_function("() => location.hash.endsWith('.71')")
    again(page)
    expect(said(page)).to_contain_text("scan.nii.gz, 160 \u00d7 160 px, slice 72 of 80")
    wait_for_state(page, slice=71, example=None)


def test_where_a_kept_image_cannot_be_read_again_the_first_example_is_shown(visit, pair):
    page = visit()
    give(page, "image", pair[0])
    until_kept(page, "^1 image kept")
    link = page.url
    page.locator(".examples button").nth(2).click()
    wait_for_address(page, example="2")
    page.evaluate(
        """() => new Promise((resolve) => {
          const asked = indexedDB.open("dbce");
          asked.onsuccess = () => {
            const files = asked.result.transaction("files", "readwrite").objectStore("files");
            files.getAll().onsuccess = ({target: {result: [kept]}}) => {
              kept.request.image.bytes = new Uint8Array([1, 2, 3]);
              files.put(kept).onsuccess = () => { asked.result.close(); resolve(); };
            };
          };
        })"""
    )
    page.go_back()  # what is in view stays there
    expect(said(page)).to_contain_text("frame.png is")
    expect(said(page)).to_have_class("message error")
    wait_for_state(page, example=2, own=None)
    page.goto("about:blank")
    page.goto(link)
    page.wait_for_selector(READY)
    expect(said(page)).to_contain_text("The first example is shown instead.")
    wait_for_state(page, example=0, own=None)
    assert page.evaluate(LABELS)


@pytest.mark.parametrize(("asked_for", "prefers"), [("dark", "light"), ("light", "dark"), ("system", "light")])
def test_the_theme_of_the_query_as_gradio_has_it(visit, asked_for, prefers):
    page = visit(path=f"?__theme={asked_for}", color_scheme=prefers)
    theme = prefers if asked_for == "system" else asked_for
    assert page.locator(".dbce").get_attribute("data-theme") == theme
    page.get_by_role("button", name="Switch between dark and light").click()
    other = {"dark": "light", "light": "dark"}[theme]
    page.wait_for_function("(other) => location.search === `?__theme=${other}`", arg=other)
    again(page)
    assert page.locator(".dbce").get_attribute("data-theme") == other


@pytest.mark.parametrize("blocked", [False, True])
def test_in_a_frame_with_a_theme_and_with_storage_blocked(browser, address, pair, blocked):
    context = browser.new_context(viewport={"width": 1280, "height": 800}, color_scheme="dark")
    trouble = []
    page = context.new_page()
    page.on("pageerror", lambda error: trouble.append(str(error)))
    if blocked:
        context.add_init_script(BLOCKED)
    html = f'<h1>A lecture</h1><iframe src="{address}/?__theme=light" style="width:100%;height:700px"></iframe>'
    page.route("**/lecture.html", lambda route: route.fulfill(content_type="text/html", body=html))
    page.goto(f"{address}/lecture.html")
    inside = page.frame_locator("iframe")
    inside.locator(f'{READY}[data-theme="light"]').wait_for(timeout=60000)
    frame = page.frames[1]
    inside.locator("#tab-compare").click()
    inside.locator(".examples button").nth(2).click()
    frame.wait_for_function("() => location.hash.includes('tab=compare&example=2')")
    assert "__theme=light" in frame.url and page.url.endswith("/lecture.html")
    inside.locator("[data-file=image]").set_input_files(pair[0])
    expect(inside.locator(".message")).to_contain_text("frame.png")
    if blocked:
        expect(inside.locator(".message")).to_contain_text("This browser keeps no images for the page")
        inside.get_by_role("button", name="Switch between dark and light").click()
        frame.wait_for_function("() => location.search === '?__theme=dark'")  # nowhere else is it kept
    page.evaluate("() => history.back()")  # the lecture stays, its frame goes back
    expect(inside.locator(".message")).to_contain_text("Drawn example 3 of")
    page.evaluate("() => history.forward()")
    expect(inside.locator(".message")).to_contain_text("frame.png, 240")  # from memory, where there is no storage
    inside.get_by_role("link", name="Lesion").click()
    inside.locator('.tasks a[aria-current=page]:text-is("Lesion")').wait_for()
    inside.locator(f'{READY}[data-theme="{"dark" if blocked else "light"}"][data-tab=compare]').wait_for()
    assert page.frames[1].url.startswith(f"{address}/lesion?__theme=")
    context.close()
    assert not trouble
