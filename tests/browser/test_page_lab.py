"""The live lab on the server's page: it starts, pauses, changes, rewinds and is shared; on a phone as well."""

from __future__ import annotations

from playwright.sync_api import Page

from tests.browser.actions import frame, packed, show
from tests.browser.test_layout import PHONE, in_view

AT = "+document.querySelector('[data-lab=at]').textContent"
STATE = "document.querySelector('[data-lab=state]')?.textContent"
FOUR = ("ce", "bce", "dice_ce", "dbce")
MAP = ".lab-column[data-loss={}] .lab-tiles canvas"


def drawn(page: Page) -> None:
    """All that is known is in view: a part of it is drawn a frame."""
    frame(page)
    page.wait_for_selector("#view-lab:not([aria-busy])")


def ready(page: Page) -> None:
    """The first weights are in view."""
    page.wait_for_function(f"() => {STATE} === 'steps, ready'", timeout=60000)
    drawn(page)


def rewound(page: Page) -> None:
    """From what was recorded to the first weights."""
    page.wait_for_function(f"() => {STATE} === 'steps, recorded'", timeout=60000)
    page.get_by_role("button", name="Rewind to the first weights").click()
    ready(page)


def learn(page: Page, until: int) -> int:
    """Play up to some step, pause, and wait until all rest there."""
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"() => {AT} >= {until}", timeout=60000)
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function(f"() => {STATE} === 'steps, paused'", timeout=60000)
    drawn(page)
    return int(page.inner_text("[data-lab=at]"))


def picture(page: Page, loss: str) -> dict[str, str]:
    return packed(page.locator(MAP.format(loss)).first, "c => c.getContext('2d').getImageData(0, 0, 64, 64).data")


def setting(page: Page) -> list[str]:
    """What the controls of the lab stand at."""
    return page.evaluate(
        "[...document.querySelectorAll('#view-lab :is(input, select, textarea)')].map((e) => e.name + ':' +"
        " (e.matches('[type=checkbox], [type=radio]') ? e.checked : e.value))"
    )


def test_a_lab_starts_pauses_changes_rewinds_and_is_shared(visit):
    page = visit(path="#tab=lab")
    page.wait_for_function(f"() => {STATE} === 'steps, recorded'", timeout=60000)
    page.wait_for_function("() => document.querySelectorAll('.lab-counts .false').length === 4")
    drawn(page)
    assert page.locator(".source, .intro, [data-menu=download]").locator("visible=true").count() == 0
    assert page.inner_text(".lab-said").startswith("Recorded: at step 120 balanced CE has the highest recall of all")
    assert page.inner_text("[data-lab=at]") == "120" and "lab.step" not in page.url
    assert page.locator(".lab-curves path.ghost").count() >= 16
    recorded = {loss: picture(page, loss) for loss in FOUR}
    assert len({str(each) for each in recorded.values()}) == 4
    box = "() => document.querySelector('[data-curve=dice] svg').getBoundingClientRect().toJSON()"
    chart = page.evaluate(box)  # at once: another frame may draw another one
    page.mouse.move(chart["x"] + 0.2 * chart["width"], chart["y"] + 40)
    page.mouse.down()
    page.mouse.move(chart["x"] + 0.25 * chart["width"], chart["y"] + 40)
    page.mouse.up()
    page.wait_for_function(f"() => {AT} === 40")
    drawn(page)
    assert all(picture(page, loss) != recorded[loss] for loss in FOUR)
    page.wait_for_function("() => location.hash.includes('lab.step=40')")
    page.locator("[data-lab=head]").fill("0")
    ready(page)
    page.locator("h1").click()
    first = {loss: picture(page, loss) for loss in FOUR}
    assert len({str(each) for each in first.values()}) == 1, "all start from the same weights"

    page.keyboard.press("Space")
    page.wait_for_function(f"() => {AT} >= 5", timeout=60000)
    page.keyboard.press("Space")
    page.wait_for_function(f"() => {STATE} === 'steps, paused'", timeout=60000)
    step = learn(page, 20)
    assert len({str(picture(page, loss)) for loss in first}) == 4

    newest = {loss: picture(page, loss) for loss in FOUR}
    page.keyboard.press("ArrowLeft")  # the pictures of an earlier step were kept
    page.wait_for_function(f"() => {AT} < {step} && {AT} % 10 === 0")
    drawn(page)
    assert any(picture(page, loss) != newest[loss] for loss in FOUR)
    assert page.inner_text("[data-lab=state]") == f"steps, of {step}"
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {AT} === {step}")
    drawn(page)
    assert {loss: picture(page, loss) for loss in FOUR} == newest
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"() => {AT} === {step + 1} && {STATE} === 'steps, paused'", timeout=60000)
    drawn(page)
    dice = page.inner_text(".lab-column[data-loss=bce] .lab-score b")
    before = picture(page, "bce"), picture(page, "ce")
    page.keyboard.press("c")
    page.wait_for_function(
        "(was) => document.querySelector('.lab-column[data-loss=bce] .lab-score b').textContent !== was", arg=dice
    )
    drawn(page)
    assert picture(page, "bce") != before[0] and picture(page, "ce") == before[1], "correction is of balanced CE alone"
    page.locator("[data-lab=threshold]").fill("0.9")
    frame(page)
    assert picture(page, "ce") != before[1]
    assert int(page.inner_text("[data-lab=at]")) == step + 1, "looking teaches nothing"
    page.locator("[data-lab=threshold]").fill("0.5")
    page.keyboard.press("c")

    page.keyboard.press("r")
    ready(page)
    assert {loss: picture(page, loss) for loss in first} == first
    learn(page, 10)
    assert "again, bit for bit" in page.inner_text("[data-lab=seen]")

    page.fill("#lab-formula", "hard = (1 - q)^2\nhard * ce")
    page.click("[data-lab=train-own]")
    assert page.inner_text("#lab-verdict").startswith('Line 1, letter 13: "q" is no name here')
    assert page.locator(".lab-column[data-loss=own]").count() == 0
    page.fill("#lab-formula", "x = log(y)\nx * p")
    page.click("[data-lab=train-own]")
    page.wait_for_function("() => document.querySelector('#lab-verdict').textContent.includes('no finite number')")
    learn(page, 15)  # the others go on
    page.click("[data-preset=faint]")
    page.locator("[data-dial=noise]").fill("1")
    page.keyboard.press("]")
    ready(page)
    step = learn(page, 10)
    page.wait_for_function(f"() => location.hash.includes('lab.step={step}')")
    page.wait_for_function("() => !document.querySelector('.lab-score b').closest('[aria-busy]')")

    now, shown = setting(page), {loss: picture(page, loss) for loss in FOUR}
    page.wait_for_function("() => location.hash.includes('lab=faint') && location.hash.includes('lab.radius=5')")
    for part in ("lab.noise=1", "lab.losses=ce.bce.dice_ce.dbce.own", "lab.formula="):
        assert part in page.url
    other = visit(path=page.url.split("/", 3)[3])
    other.wait_for_selector("[data-lab=seen]")  # it learns up to the step of the link
    other.wait_for_function(f"() => {AT} === {step} && {STATE} === 'steps, paused'", timeout=60000)
    drawn(other)
    assert setting(other) == now and {loss: picture(other, loss) for loss in FOUR} == shown
    other.wait_for_function("() => document.querySelector('#lab-verdict').textContent.includes('no finite number')")
    step = learn(other, 20)  # nothing was recorded of this one: it tells of the run at hand
    start = "(step) => document.querySelector('.lab-said').textContent.startsWith(`At step ${step} `)"
    other.wait_for_function(start, arg=step)
    drawn(other)
    recall = other.inner_text(".lab-column[data-loss=bce] .lab-scores").split("recall ")[1]
    assert f"recall {recall} %" in other.inner_text(".lab-said")


def test_keys_and_dials_go_by_what_was_just_asked_for_not_by_the_last_frame(visit):
    """Five things in one task of the browser, before anything of them is drawn: needles has 8 px, all others 4."""
    page = visit(path="#tab=lab")
    page.wait_for_function(f"() => {STATE} === 'steps, recorded'", timeout=60000)
    drawn(page)
    page.evaluate(
        """() => {
            const key = (key) => document.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true}));
            document.querySelector("[data-preset=faint]").click();
            for (const each of ["]", "]", "c"]) key(each);
            const contrast = document.querySelector("[data-dial=contrast]");
            contrast.value = "0.6"; // faint's own, not that of needles
            contrast.dispatchEvent(new Event("input", {bubbles: true}));
        }"""
    )
    page.wait_for_function("() => location.hash.includes('lab.radius=6')")
    assert "lab=faint" in page.url and "lab.correction=yes" in page.url and "lab.contrast" not in page.url
    page.evaluate(
        """() => {
            document.dispatchEvent(new KeyboardEvent("keydown", {key: "c"}));
            document.dispatchEvent(new KeyboardEvent("keydown", {key: "["}));
            document.dispatchEvent(new KeyboardEvent("keydown", {key: "c"}));
        }"""
    )
    page.wait_for_function("() => location.hash.includes('lab.radius=5')")
    assert "lab.correction=yes" in page.url, "twice is as before"


def test_a_phone_of_two_cores_trains_two_networks_and_rests_while_nobody_looks(visit):
    page = visit(**PHONE, color_scheme="dark")
    page.add_init_script("Object.defineProperty(navigator, 'hardwareConcurrency', {get: () => 2})")
    page.goto(page.url.split("#")[0] + "#tab=lab&lab=look-alikes")
    page.reload()
    rewound(page)
    assert page.locator(".lab-column[data-loss]:visible").evaluate_all("all => all.map((e) => e.dataset.loss)") == [
        "bce",
        "dbce",
    ]
    assert "two networks learn at a time" in page.locator(".lab-few:visible").inner_text()
    assert in_view(page, ".lab-keys") and in_view(page, MAP.format("dbce"))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.get_by_role("button", name="Play", exact=True).tap()
    page.wait_for_function(f"() => {AT} >= 5", timeout=60000)
    show(page, "anatomy")
    page.wait_for_function(f"() => {STATE} !== 'steps, ready'")
    page.wait_for_timeout(1500)  # what was granted is done
    show(page, "lab")
    frame(page)
    step = int(page.inner_text("[data-lab=at]"))
    assert step <= 20, "it rested while another tab was in view"
    page.wait_for_function(f"() => {AT} > {step}", timeout=60000)  # and goes on
    page.get_by_role("button", name="Pause", exact=True).tap()
    page.get_by_role("button", name="Train six radii").tap()
    page.wait_for_function("() => document.querySelector('.lab-swept').textContent.startsWith('After ')", timeout=60000)
    assert page.locator(".lab-six figure:visible").count() == 6
    page.locator(".lab-sweep").get_by_role("button", name="Pause").tap()
