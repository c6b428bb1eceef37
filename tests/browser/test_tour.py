"""The tour in a real browser: beside what it speaks of, never over it, at every size and for every task."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.actions import show, wait_for_text

SIZES = [(1280, 720), (1920, 1080), (390, 844)]
DISK, THRESHOLD = "#view-anatomy .slider", "#view-compare .steer > .range"
BAR = ".bars .one[data-weighting={}]"
MODEL = "#view-{} .model[data-loss={}] .panel:visible >> nth=0"
CHART = "#view-{} [data-chart={}]"
LEARNER = ".lab-column[data-loss={}] .lab-tiles"

# what each step speaks of, and how it is answered by its control
STEPS = {
    "vote": ["[data-panel=image]", "[data-panel=labels]", BAR.format("none"), ".tour .guess"],
    "raise": ["[data-panel=weight]", BAR.format("balanced"), "#view-anatomy [data-field=weighting]"],
    "push": ["[data-panel=product], [data-panel=gradient]", "#view-anatomy [data-field=map]"],
    "rim": [MODEL.format("compare", "ce"), MODEL.format("compare", "bce"), THRESHOLD],
    "cost": [MODEL.format("organs", "ce"), MODEL.format("organs", "bce"), "#view-organs [data-field=shown]"],
    "away": ["[data-panel=weight]", ".bars .one[data-weighting=dilated] [data-out=ratio]", DISK],
    "ceiling": ["[data-panel=weight]", CHART.format("anatomy", "weight"), DISK],
    "end": ["[data-panel=weight]", BAR.format("none"), BAR.format("dilated"), DISK],
    "honest": [CHART.format("compare", "dice"), THRESHOLD],
    "lab": [LEARNER.format("bce"), LEARNER.format("dbce"), ".lab-transport"],
}
TWO_CLASSES = ["vote", "raise", "push", "rim", "away", "ceiling", "end", "honest", "lab"]
ORGANS = ["vote", "raise", "cost", "away", "ceiling", "end", "lab"]

IN_VIEW = """(part) => {
  const box = document.querySelector('.tour');
  const [at, text] = [part.getBoundingClientRect(), box.getBoundingClientRect()];
  const apart = at.right <= text.left || at.left >= text.right || at.bottom <= text.top || at.top >= text.bottom;
  const middle = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
  return {
    sees: at.width > 0 && at.left >= 0 && at.top >= 0 && at.right <= innerWidth && at.bottom <= innerHeight,
    apart: box.contains(part) || apart,
    free: part.contains(middle) || middle.contains(part),
  };
}"""
CUT = """() => {
  const box = document.querySelector('.tour');
  const inner = box.getBoundingClientRect();
  const out = [...box.querySelectorAll('*')].filter((part) => {
    const at = part.getBoundingClientRect();
    return at.width && (part.scrollWidth > part.clientWidth + 1 && part.clientWidth || at.left < inner.left - 1
      || at.right > inner.right + 1 || at.top < inner.top - 1 || at.bottom > inner.bottom + 1);
  });
  return [...out.map((part) => part.outerHTML.slice(0, 80)), box.scrollHeight - box.clientHeight || null,
    document.documentElement.scrollWidth > innerWidth || null].filter(Boolean);
}"""
STATE = """() => {
  const { state, fields } = document.querySelector('.dbce').parentElement.dbce;
  return [...fields.table.keys()].map((name) => [name, state[name]]);
}"""


def begin(page: Page) -> None:
    page.get_by_role("button", name="Tour", exact=True).click()


def name_of(page: Page) -> str:
    """The step in view, once it is laid out."""
    page.wait_for_selector(".tour:visible")
    page.wait_for_selector(".marked:visible")
    return page.locator(".dbce").get_attribute("data-tour")


def assert_in_view(page: Page, step: str) -> None:
    spoken = page.locator(".spoken:visible").all()
    assert len(spoken) >= 2
    for part in [*spoken, *(page.locator(selector).locator("visible=true").first for selector in STEPS[step])]:
        found = part.evaluate(IN_VIEW)
        assert all(found.values()), (step, found, part.evaluate("part => part.outerHTML.slice(0, 120)"))
    assert not page.evaluate(CUT), step


def slide(page: Page, label: str, value: str) -> None:
    page.get_by_role("slider", name=label).locator("visible=true").fill(value)


def answer(page: Page, step: str) -> None:
    """Move what the step asks for."""
    if step == "vote":
        page.get_by_role("slider", name="Your guess").fill("30")
        page.get_by_role("button", name="Guess", exact=True).click()
    elif step == "raise":
        page.locator("#view-anatomy [data-field=weighting] label:has([value=balanced])").click()
    elif step == "push":
        page.locator("#view-anatomy [data-field=map]").get_by_text("gradient", exact=True).click()
    elif step == "cost":
        page.locator("#view-organs [data-field=shown] input[value=dbce]").check()
    elif step == "rim":
        slide(page, "Probability threshold", "0.93")
    elif step == "lab":
        page.get_by_role("button", name="Play", exact=True).click()
        page.wait_for_function("() => document.querySelector('.tour .answer').textContent", timeout=60000)
        page.get_by_role("button", name="Pause", exact=True).click()
    elif step == "honest":
        slide(page, "Probability threshold", "0.2")
        page.wait_for_function("() => document.querySelector('[data-out=threshold]').textContent === '0.20'")
        slide(page, "Probability threshold", "0.8")
    else:
        slide(page, "Radius of the disk in pixels", {"away": "9", "ceiling": "20", "end": "150"}[step])
    page.wait_for_function("() => document.querySelector('.tour .answer').textContent")
    page.wait_for_timeout(100)  # two frames, in which the figure may be laid out anew


@pytest.mark.parametrize(
    ("path", "size", "steps"),
    [
        *(("", size, TWO_CLASSES) for size in SIZES),
        ("lesion", SIZES[0], TWO_CLASSES),
        ("lesion", SIZES[2], TWO_CLASSES),
        ("organs", SIZES[0], ORGANS),
        ("organs", SIZES[2], ORGANS),
    ],
)
def test_every_step_shows_what_it_speaks_of_beside_its_text_before_and_after_it_is_answered(visit, path, size, steps):
    phone = {"has_touch": True, "is_mobile": True} if size[0] < 500 else {}
    page = visit(*size, path=path, reduced_motion="reduce", **phone)
    begin(page)
    for number, step in enumerate(steps):
        assert name_of(page) == step
        assert page.locator(".tour .count").inner_text() == f"{number + 1} of {len(steps)}"
        assert page.evaluate("() => document.activeElement.matches('.tour h2')")
        assert not page.locator(".tour .answer").inner_text()
        assert_in_view(page, step)
        if step != "lab" or (path, size) == ("", SIZES[0]):  # it takes its time: once is enough
            answer(page, step)
            assert not page.locator(".marked").count(), "it was moved"
            assert_in_view(page, step)
        page.locator(".tour [data-step='1']").click()
    page.wait_for_selector(".tour", state="hidden")
    assert not page.locator(".spoken, .aside, .marked").count()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_with_motion_the_page_comes_to_rest_where_all_is_in_view(visit, scheme):
    page = visit(1440, 900, color_scheme=scheme)
    begin(page)
    for step in TWO_CLASSES:
        assert name_of(page) == step
        page.wait_for_function(
            "() => { const now = scrollY, before = window.was; window.was = now; return now === before; }", polling=200
        )
        assert_in_view(page, step)
        page.locator(".tour [data-step='1']").click()


def test_escape_gives_the_old_state_back_from_wherever_the_focus_is(visit):
    page = visit(1280, 720)
    slide(page, "Radius of the disk in pixels", "33")
    page.locator("#view-anatomy [data-field=weighting] label:has([value=balanced])").click()
    show(page, "compare")
    slide(page, "Probability threshold", "0.7")
    page.locator("#view-compare [data-field=shown] input[value=dice_ce]").uncheck()
    page.locator("#view-compare .model[data-loss=ce] canvas >> nth=0").press("+")
    before = page.evaluate(STATE)
    zoom = page.locator("[data-out=zoom]").inner_text()
    for steps in (0, 3):
        begin(page)
        for _ in range(steps):
            name_of(page)
            page.keyboard.press("ArrowRight")
        step = name_of(page)
        assert step == TWO_CLASSES[steps]
        assert page.evaluate(STATE) != before
        if step == "rim":
            slide(page, "Probability threshold", "0.9")
            page.locator("#view-compare .steer > .range input").focus()
        page.keyboard.press("Escape")
        page.wait_for_selector(".tour", state="hidden")
        assert page.evaluate(STATE) == before
        assert page.locator("[data-out=zoom]").inner_text() == zoom
        assert page.evaluate("() => document.activeElement.dataset.do") == "tour"


def test_keys_reach_back_next_and_end_and_a_guess_is_made_without_a_mouse(visit):
    page = visit(1280, 720, reduced_motion="reduce")
    begin(page)
    name_of(page)
    page.keyboard.press("Tab")
    for _ in range(5):
        page.keyboard.press("ArrowLeft")
    assert page.locator(".tour output").inner_text().startswith("45")
    seen = "() => getComputedStyle(document.querySelector('.bars .one .bar')).visibility"
    assert page.evaluate(seen) == "hidden", "the bar would tell what is to be guessed"
    page.keyboard.press("Enter")
    wait_for_text(page, ".tour .answer", "You said 45")
    assert page.evaluate(seen) == "visible"
    page.locator(".tour h2").focus()
    page.keyboard.press("ArrowRight")
    wait_for_text(page, ".tour .count", "2 of")
    reached = []
    for _ in range(3):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("() => document.activeElement.textContent"))
    assert reached == ["Back", "Next", "End tour"]
    page.keyboard.press("Enter")
    page.wait_for_selector(".tour", state="hidden")


def test_an_image_without_labels_has_no_tour_and_another_image_begins_its_step_anew(visit):
    page = visit(1280, 720, path="organs", reduced_motion="reduce")
    begin(page)
    name_of(page)
    page.locator(".tour [data-step='1']").click()
    assert name_of(page) == "raise"
    answer(page, "raise")
    page.locator("[data-example='2']").click()
    page.wait_for_selector("[data-example='2'][aria-pressed=true]")
    assert name_of(page) == "raise"
    assert not page.locator(".tour .answer").inner_text()
    assert page.evaluate("() => document.activeElement.dataset.example") == "2", "the focus stays with the visitor"
