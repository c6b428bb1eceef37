"""The other tasks in a real browser: lesions, and organs with their slices, scans, classes and label maps."""

from __future__ import annotations

import gzip
import io
import re

import nibabel as nib
import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from dbce.bench.viewer import served
from dbce.data import ct
from dbce.page import page as app_page
from dbce.registry import LOSSES
from dbce.scores.findings_tables import findings_summary
from dbce.scores.learning_text import learning_summary
from dbce.scores.repeats import repeats_summary
from dbce.scores.results import summary
from dbce.study.predictor import Predictor
from dbce.study.studies import LabelStudy
from dbce.tasks import TASKS
from dbce.train import checkpoints
from tests.browser.actions import READY, fetched, give, packed, pixels, show, wait_for_text

TASK = TASKS["organs"]
CASES = [["dilated", 0], ["dilated", 10], ["dilated", 64], ["dilated", 150], ["balanced", 10], ["none", 10]]
FETCH = """(asked) => {
  const {study} = document.querySelector('.dbce').parentElement.dbce;
  const out = {labels: study.labelled ? study.labels : null, found: {}};
  for (const loss of study.losses) out.found[loss] = study.found(loss);
  if (!study.labelled) return out;
  out.entropy = study.losses.map((loss) => study.crossEntropy(loss));
  out.weight = asked.cases.map(([w, r]) => study.weightMap(w, r));
  out.only = study.weightMap("dilated", asked.radius, undefined, 5);
  out.shares = asked.cases.map(([w, r]) => study.shares(w, r));
  out.lossShares = asked.cases.map(([w, r]) => study.shares(w, r, "bce"));
  out.compare = study.losses.map((l) => study.compareLabels(l, asked.radius));
  return out;
}"""


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return Predictor(checkpoints.bundled("organs"), "organs")


def slice_of(seed: int, number: int) -> tuple[np.ndarray, np.ndarray]:
    hu, labels = ct.scan(seed, 320, [number])
    return np.repeat(ct.window(hu[0])[..., None], 3, axis=2), labels[0]


def wait_for_slice(page: Page, number: int) -> None:
    page.wait_for_function(
        "n => document.querySelector('.dbce').parentElement.dbce.study.place[0] === n "
        "&& document.querySelector('.message').textContent.includes(`slice ${n + 1} of`)",
        arg=number,
    )


def nifti(stack: np.ndarray) -> bytes:
    world = np.ascontiguousarray(stack[::-1, ::-1, ::-1].transpose(2, 1, 0))
    return gzip.compress(nib.Nifti1Image(world, np.eye(4)).to_bytes())


def hold_together(found: dict, study: LabelStudy) -> None:
    """The page's numbers are Python's."""
    assert np.array_equal(np.array(found["labels"], np.uint8), study.labels.ravel())
    for k, loss in enumerate(LOSSES):
        assert np.array_equal(np.array(found["found"][loss]), study.label_map(loss).ravel())
        assert np.array_equal(np.array(found["entropy"][k], np.float32), study.cross_entropy(loss).ravel())
        result, scores = found["compare"][k], study.class_scores(loss)
        assert result["errors"] == study.errors(loss, 10)
        assert result["mean"] == pytest.approx(study.scores(loss)["dice"])
        for name, row in zip(TASK.classes[1:], result["scores"][1:], strict=True):
            assert (row is None) == (name not in scores)
            assert row is None or row == pytest.approx(scores[name])
    for (weighting, radius), weight, shares, losses in zip(
        CASES, found["weight"], found["shares"], found["lossShares"], strict=True
    ):
        assert np.array_equal(np.array(weight, np.float32), study.weight(radius, weighting).ravel())
        assert np.allclose(shares, list(study.shares(radius, weighting).values()), atol=1e-6)
        assert np.allclose(losses, list(study.loss_shares("bce", radius, weighting).values()), atol=1e-5)


def test_from_task_to_task_by_the_switch(visit):
    page = visit()
    links = page.locator(".tasks a")
    assert links.all_inner_texts() == ["Polyp", "Lesion", "Organs"]
    for name, classes in (("Lesion", ["background", "lesion"]), ("Organs", list(TASK.classes)), ("Polyp", None)):
        page.get_by_role("link", name=name, exact=True).click()
        page.wait_for_selector(f'.tasks a[aria-current=page]:text-is("{name}")')
        page.wait_for_selector(READY)
        assert page.locator("[data-panels=anatomy] figure:visible").count() == 5
        assert page.locator("#tab-organs:visible").count() == (name == "Organs")
        assert page.locator("#tab-compare:visible").count() == (name != "Organs")
        if classes:
            page.hover("[data-panels=anatomy] .frame canvas")
            assert any(f": {c}" in page.locator(".probe").inner_text() for c in classes)
    assert not page.get_by_text("Home", exact=True).locator("visible=true").count()  # gradio's own bar stays away


def test_the_theme_stays_from_task_to_task(visit):
    page = visit(color_scheme="light")
    page.get_by_role("button", name="Switch between dark and light").click()
    page.wait_for_selector('.dbce[data-theme="dark"]')
    page.get_by_role("link", name="Organs").click()
    page.wait_for_selector(f'{READY}[data-theme="dark"]')


def test_results_of_the_other_tasks(visit):
    page = visit(path="lesion")
    show(page, "results")
    for loss, entry in checkpoints.manifest("lesion").items():
        cells = page.locator(f'[data-row="{loss}"] td').all_inner_texts()
        assert cells == [f"{value:.2f}" for value in entry["scores"].values()] + [""] * 4  # Table 2 is not in our copy
    page = visit(path="organs")
    show(page, "results")
    for loss, entry in checkpoints.manifest("organs").items():
        row = page.locator(f'[data-row="{loss}"]')
        assert row.locator("td").all_inner_texts() == [f"{value:.2f}" for value in entry["scores"].values()]
        below = row.locator("xpath=following-sibling::tr[1]").locator("td").all_inner_texts()
        assert below == [f"{value:.2f}" for value in TASKS["organs"].paper[loss]]
    assert "phantoms" in page.locator("#view-results").inner_text()


def test_organs_open_on_a_phantom_and_agree_with_python(visit, predictor):
    page = visit(path="organs")
    seed, number = TASKS["organs"].examples[0]
    assert f"CT phantom 1 of {len(TASKS['organs'].examples)}, drawn" in page.locator(".message").inner_text()
    study = predictor.set_image(*slice_of(seed, number))
    found = fetched(page, FETCH, {"cases": CASES, "radius": 10})
    hold_together(found, study)
    alone = np.array(found["only"], np.float32)
    assert set(np.unique(alone)) <= {0, alone.max()}  # the liver by itself, Eq. 4
    assert (
        np.array_equal(alone > 0, (study.weight(10) > 0).ravel() & (alone > 0))
        and (alone > 0)[study.labels.ravel() == 5].all()
    )
    show(page, "organs")
    colours = np.array([list(bytes.fromhex(c[1:])) for c in TASK.colours])
    section = page.locator('#view-organs .model[data-loss="dbce"]')
    shown = pixels(section.locator(".frame canvas").nth(0))
    exact = colours[study.label_map("dbce")]
    exact[study.label_map("dbce") == 0] = shown[study.label_map("dbce") == 0]  # background as the page has it
    assert np.array_equal(shown, exact)
    wrong = (pixels(section.locator(".frame canvas").nth(1)) == [0xE5, 0x48, 0x4D]).all(axis=2)
    assert np.array_equal(wrong, study.label_map("dbce") != study.labels)
    scores = study.class_scores("dbce")
    for cls, name in enumerate(TASK.classes[1:], start=1):
        if name in scores:
            assert section.locator(f'[data-score="{cls}"] td').inner_text() == f"{100 * scores[name]['dice']:.1f}"
    assert section.locator('[data-score="mean"] td').inner_text() == f"{100 * study.scores('dbce')['dice']:.1f}"


def test_the_slice_slider_walks_through_the_scan(visit, predictor):
    page = visit(path="organs")
    slider = page.get_by_role("slider", name="Slice of the scan")
    for number in (12, 40):
        slider.fill(str(number))
        wait_for_slice(page, number)
        assert page.locator(".slices output").inner_text() == f"{number + 1} / {ct.SLICES}"
    study = predictor.set_image(*slice_of(TASKS["organs"].examples[0][0], 40))
    hold_together(fetched(page, FETCH, {"cases": CASES, "radius": 10}), study)
    slider.focus()
    page.keyboard.press("ArrowRight")
    wait_for_slice(page, 41)
    page.evaluate(  # a drag: many values in one go, of which the last one counts
        "() => { const i = document.querySelector('[data-slice]'); for (let k = 41; k >= 20; k--) "
        "{ i.value = k; i.dispatchEvent(new Event('input', {bubbles: true})); } }"
    )
    wait_for_slice(page, 20)


def test_a_class_can_be_picked_and_put_back(visit):
    page = visit(path="organs")
    page.locator("[data-legend=weights]").get_by_role("button", name="liver").click()
    page.wait_for_function(
        "() => document.querySelector('[data-panel=weight] figcaption').textContent.includes('liver')"
    )
    levels = "() => { const s = document.querySelector('.dbce').parentElement.dbce; return s.state.cls }"
    assert page.evaluate(levels) == 5
    weight = pixels(page.locator("[data-panel=weight] .frame canvas"))
    show(page, "organs")
    picked = page.locator("#view-organs tr.picked th")
    assert set(picked.all_inner_texts()) == {"liver"}
    page.locator("#view-organs tr.picked button").first.click()
    page.wait_for_function("() => !document.querySelector('#view-organs tr.picked')")
    show(page, "anatomy")
    assert not np.array_equal(weight, pixels(page.locator("[data-panel=weight] .frame canvas")))


def test_the_probe_names_the_class_that_won(visit):
    page = visit(path="organs")
    study = fetched(page, FETCH, {"cases": [["dilated", 10]], "radius": 10})
    labels = np.array(study["labels"]).reshape(320, 320)
    y, x = np.argwhere(labels == 1)[len(np.argwhere(labels == 1)) // 2]  # in the aorta, the smallest
    box = page.locator("[data-panels=anatomy] .frame canvas").first.bounding_box()
    page.mouse.move(box["x"] + (x + 0.5) / 320 * box["width"], box["y"] + (y + 0.5) / 320 * box["height"])
    text = page.locator(".probe").inner_text()
    assert f"pixel ({x}, {y}): aorta" in text and "the aorta\u2019s" in text.replace(
        "only the aorta reaches here", "the aorta\u2019s"
    )
    weight = np.array(study["weight"][0]).reshape(320, 320)[y, x]
    area = re.search(r"aorta 1/\(1\+([\d\u2009]+)\)", text)
    assert weight == pytest.approx(1 / (1 + int(area[1].replace("\u2009", ""))), rel=1e-6)


def test_an_opened_scan_its_labels_and_its_slices(visit, predictor, tmp_path):
    hu, labels = ct.scan(9, 200, range(18, 38))
    (tmp_path / "scan.nii.gz").write_bytes(nifti(np.rint(hu).astype(np.int16)))
    (tmp_path / "scan_labels.nii.gz").write_bytes(nifti(labels))
    page = visit(path="organs")
    give(page, "image", tmp_path / "scan.nii.gz")
    assert "slice 11 of 20" in page.locator(".message").inner_text()
    show(page, "organs")
    assert page.get_by_text("How far the networks agree").locator("visible=true").count() == 1
    give(page, "mask", tmp_path / "scan_labels.nii.gz")
    page.get_by_role("slider", name="Slice of the scan").fill("4")
    wait_for_slice(page, 4)
    study = predictor.set_image(np.repeat(ct.window(np.rint(hu[4]))[..., None], 3, axis=2), labels[4])
    found = fetched(page, FETCH, {"cases": CASES, "radius": 10})
    assert np.array_equal(np.array(found["labels"]), study.labels.ravel())
    same = np.mean([np.mean(np.array(found["found"][loss]) == study.label_map(loss).ravel()) for loss in LOSSES])
    assert same > 0.999  # grey values are windowed before or after the enlargement: a pixel or two
    page.click("[data-menu=download] summary")
    with page.expect_download() as waiting:
        page.get_by_role("button", name="NumPy").click()
    with np.load(waiting.value.path()) as arrays:
        assert np.array_equal(arrays["labels"], study.labels)
        assert arrays["original_size_prediction_ce"].shape == (200, 200)


def test_labels_as_a_palette_picture(visit, tmp_path):
    image, labels = slice_of(11, 28)
    Image.fromarray(image).save(tmp_path / "slice.png")
    picture = Image.fromarray(labels).convert("P")
    picture.putpalette([v for c in TASK.colours for v in bytes.fromhex(c[1:])])
    picture.save(tmp_path / "slice_labels.png")
    page = visit(path="organs")
    give(page, "image", tmp_path / "slice.png")
    give(page, "mask", tmp_path / "slice_labels.png")
    found = fetched(page, FETCH, {"cases": [], "radius": 10})
    assert np.array_equal(np.array(found["labels"]), labels.ravel())
    assert page.locator(".slices").is_hidden()


def test_a_scan_without_labels_offers_no_brush_and_keeps_no_map_of_another(visit, tmp_path):
    hu, _ = ct.scan(9, 128, range(20, 44))
    (tmp_path / "alone.nii.gz").write_bytes(nifti(np.rint(hu).astype(np.int16)))
    page = visit(path="organs")
    page.wait_for_selector("[data-panels=anatomy] figure:nth-child(3):visible")
    show(page, "organs")
    show(page, "anatomy")
    give(page, "image", tmp_path / "alone.nii.gz")
    assert "No labels yet" in page.locator(".message").inner_text()
    for tab in ("anatomy", "organs", "radius"):
        show(page, tab)
        assert not page.get_by_role("button", name=re.compile("paint", re.IGNORECASE)).locator("visible=true").count()
    show(page, "anatomy")
    assert page.get_by_text("There are no labels for this image yet").is_visible()
    assert page.locator(".nomask").get_by_role("button", name="Add its labels").is_visible()
    # no other way leads to the brush: not its button, which is hidden, and not a link
    page.evaluate(
        "() => { for (const b of document.querySelectorAll('[data-do=paint], [data-do=paint-now]')) b.click(); }"
    )
    page.wait_for_timeout(200)
    page.evaluate("() => { location.hash += '&painting=true'; }")
    wait_for_text(page, ".message", "The link asks for what this page does not know (painting)")
    look = "() => { const {state, study} = document.querySelector('.dbce').parentElement.dbce; "
    assert page.evaluate(look + "return [state.painting, study.labelled]; }") == [False, False]
    assert page.locator(".brush").is_hidden()
    for panel in page.locator("[data-panels=anatomy] figure").all()[1:]:  # those that need labels
        assert panel.is_hidden() and not pixels(panel.locator(".frame canvas")).any()
    wrong = page.locator("#view-organs .model .frame canvas")
    for number in range(1, wrong.count(), 2):  # wrong pixels, below each label map
        assert not pixels(wrong.nth(number)).any()
    page.get_by_role("button", name="See the predictions").click()
    page.wait_for_selector("#view-organs:not([hidden])")
    page.get_by_role("button", name="Tour").click()
    wait_for_text(page, ".message", "The tour needs labels")


def test_the_numbering_of_labels_can_be_switched_where_it_cannot_be_told(visit, tmp_path):
    hu, labels = ct.scan(9, 320, range(26, 30))
    raw = np.choose(labels, [0, 8, 4, 3, 2, 6, 0, 1, 7]).astype(np.uint8)  # Synapse's numbers, no pancreas among them
    ours = np.where(labels == 6, 0, labels)
    (tmp_path / "scan.nii.gz").write_bytes(nifti(np.rint(hu).astype(np.int16)))
    (tmp_path / "scan_labels.nii.gz").write_bytes(nifti(raw))
    Image.fromarray(ct.window(hu[2])).save(tmp_path / "slice.png")
    Image.fromarray(raw[2]).save(tmp_path / "slice_labels.png")
    page = visit(path="organs")
    assert page.locator(".numbering").is_hidden()
    shown = "() => document.querySelector('.dbce').parentElement.dbce.study.labels"
    for image, mask, number in (("scan.nii.gz", "scan_labels.nii.gz", 1), ("slice.png", "slice_labels.png", 2)):
        give(page, "image", tmp_path / image)
        give(page, "mask", tmp_path / mask)
        said = page.locator(".message").inner_text()
        assert f"{mask} does not tell which numbering" in said and "TransUNet" in said
        if image.endswith("gz"):
            page.get_by_role("slider", name="Slice of the scan").fill(str(number))
            wait_for_slice(page, number)
        assert np.array_equal(fetched(page, shown), raw[number].ravel())
        page.get_by_label("Numbering of the labels").select_option("synapse")
        page.wait_for_function(
            "text => String(document.querySelector('.dbce').parentElement.dbce.study.labels) === text",
            arg=",".join(map(str, ours[number].ravel())),
        )
        if image.endswith("gz"):
            wait_for_slice(page, number)
        assert page.get_by_label("Numbering of the labels").input_value() == "synapse"
    page.locator(".examples button").first.click()
    wait_for_text(page, ".message", "CT phantom 1")
    assert page.locator(".numbering").is_hidden()


def hole(value: float) -> bytes:
    box = np.zeros((3, 16, 16), np.float32)
    box[1, 4, 4] = value
    return nifti(box)


def png(array: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(array).save(buffer, "PNG")
    return buffer.getvalue()


MISTAKES = [
    ("image", "scan.nii.gz", hole(np.nan), "not numbers"),
    ("image", "scan.nii.gz", hole(0)[:-20], "damaged"),
    ("image", "scan.npz", b"PK no", "damaged"),
    ("mask", "labels.nii.gz", hole(1), "is a volume, the image is a single picture"),
    ("mask", "labels.png", png(np.full((320, 320), 200, np.uint8)), "class numbers 0 to 13"),
    ("mask", "labels.png", png(np.zeros((320, 320, 3), np.uint8)), "colour image"),
    ("mask", "labels.png", png(np.zeros((20, 20), np.uint8)), "same size"),
]


def test_a_mistake_is_one_sentence_and_loses_nothing(visit, tmp_path):
    page = visit(path="organs")
    before = None
    for kind, name, content, words in MISTAKES:
        page.get_by_role("slider", name="Slice of the scan").fill("31")
        wait_for_slice(page, 31)
        before = before or packed(page, FETCH, {"cases": [], "radius": 10})
        (tmp_path / name).write_bytes(content)
        page.set_input_files(f"[data-file={kind}]", tmp_path / name)
        page.locator(".message.error", has_text=words).wait_for()
        assert name in page.locator(".message").inner_text()
        assert packed(page, FETCH, {"cases": [], "radius": 10}) == before, words
        page.get_by_role("slider", name="Slice of the scan").fill("30")
        wait_for_slice(page, 30)  # and the scan goes on


def test_a_link_holds_the_slice_and_the_class(visit, browser):
    page = visit(path="organs", permissions=["clipboard-read", "clipboard-write"])
    page.locator(".examples button").nth(1).click()
    wait_for_text(page, ".message", "CT phantom 2 of")
    page.get_by_role("slider", name="Slice of the scan").fill("22")
    wait_for_slice(page, 22)
    show(page, "organs")
    page.locator("#view-organs [data-legend=classes]").get_by_role("button", name="spleen").click()
    page.get_by_role("button", name="Share").click()
    wait_for_text(page, ".message", "Link copied")
    other = page.context.new_page()
    other.goto(page.evaluate("() => navigator.clipboard.readText()"))
    other.wait_for_selector(READY)
    wait_for_slice(other, 22)
    state = other.evaluate("() => ({...document.querySelector('.dbce').parentElement.dbce.state})")
    assert (state["tab"], state["example"], state["slice"], state["cls"]) == ("organs", 1, 22, 7)


def test_every_tab_on_a_phone(visit):
    page = visit(390, 844, path="organs", has_touch=True, is_mobile=True)
    for tab in ("anatomy", "organs", "radius", "results"):
        show(page, tab)
        assert page.evaluate("() => document.documentElement.scrollWidth") <= 390
        swiped = ".strip *, .examples *, .models *, .scroll *"
        controls = f".dbce :is(button, summary, input[type=range]):visible:not({swiped})"
        for control in page.locator(controls).all():
            box = control.bounding_box()
            assert box["x"] >= -1 and box["x"] + box["width"] <= 391


def test_panels_have_names_that_state_the_numbers(visit):
    page = visit(path="organs")
    show(page, "organs")
    names = page.locator("#view-organs .frame canvas:visible").evaluate_all("all => all.map((c) => c.ariaLabel)")
    assert len(names) == 10 and all(names)
    assert sum("mean Dice" in name for name in names) == 4 and sum("wrong organ" in name for name in names) == 4


def test_a_training_that_was_followed_is_shown_with_what_python_says_of_it(visit):
    learning = learning_summary("organs")
    page = visit(path="organs")
    show(page, "results")
    card = page.locator(".learned")
    assert card.locator(".said li").all_inner_texts() == learning["said"]
    assert card.locator("p.quiet").inner_text().startswith(learning["note"])
    for k, row in enumerate(learning["rows"]):
        cells = card.locator("tbody tr").nth(k).locator("td").all_inner_texts()
        assert [cell for cell in cells if cell] == [f"{value:.1f}" for _, value in row["points"]]
    assert card.locator("path.curve").count() == len(learning["rows"]) * (1 + len(TASK.classes[1:]))
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_network_that_had_not_converged_is_named_where_its_label_map_is_seen(browser, predictor):
    entries = {
        loss: {**entry, "recipe": {**entry["recipe"], "epochs": 7}}
        for loss, entry in checkpoints.manifest("organs").items()
    }
    entries["ce"]["scores"] = {**entries["ce"]["scores"], "pancreas": 0.0}
    offer = app_page.Offer(predictor, results=[summary("organs", entries)])
    with served(app_page.build(offer), **app_page.launch_options()) as url:
        page = browser.new_page()
        page.goto(f"{url}#tab=organs")
        page.wait_for_selector(READY, timeout=60000)
        heads = page.locator("#view-organs .model h3")
        remarks = [head.locator("small").all_inner_texts() for head in heads.all()]
        assert remarks == [["not converged in 7 epochs"] if loss == "ce" else [] for loss in LOSSES]
        page.close()


@pytest.mark.parametrize("path", ["", "lesion", "organs"])
def test_the_verdict_stands_above_the_tables_and_marks_what_python_marks(visit, path):
    found = findings_summary(path or "polyp")
    page = visit(path=path)
    show(page, "results")
    heads = page.locator("#view-results h2").all_inner_texts()
    learning = learning_summary(path or "polyp")
    assert heads[0] == "What was found" and heads[-1] == "How it was made"
    repeats = repeats_summary(path or "polyp")
    between = [each["title"] for each in (repeats, learning) if each]
    assert heads[1 : 1 + len(between)] == between and heads[1 + len(between)].startswith("Curves of")
    if repeats:
        rows = page.locator(".repeated tbody tr")
        assert rows.locator("th").all_inner_texts() == [row["name"] for row in repeats["rows"]]
        assert rows.locator("td").all_inner_texts() == [text for row in repeats["rows"] for text in row["texts"]]
        chance = [not (t[1] > 0 or t[2] < 0) for row in repeats["rows"] for t in (row["shown"], row["repeated"])]
        bars = rows.locator("svg").evaluate_all("all => all.map((each) => each.classList.contains('chance'))")
        assert bars == chance and page.locator(".repeated .said li").all_inner_texts() == repeats["said"]
    titles = page.locator(".card:not(.learned) > .tested figcaption").all_inner_texts()
    first = found["curves"]["dice"] or found["curves"]["classes"]
    assert titles == [f"{each['said']}." for each in (first, found["curves"]["reliability"])]
    drawn = [sentence["interval"] for sentence in found["verdict"] if sentence["interval"]]
    assert page.locator(".verdict .said .interval").count() == len(drawn)
    said = page.locator(".verdict .said p").all_inner_texts()
    assert said == [sentence["text"] for sentence in found["verdict"]] + [found["errors"]]
    once = "one training each, and what another"  # below the paper's table it is not said again
    above = [*said, learning["note"] if learning else ""]
    assert page.locator("#view-results").inner_text().count(once) == sum(each.count(once) for each in above)
    for row in found["rows"]:
        cells = page.locator(f'[data-found="{row["row"]}"] td:not(.ahead)')
        assert [kind or "" for kind in cells.evaluate_all("all => all.map((cell) => cell.className)")] == [
            row["marks"][name] for name in found["columns"]
        ]
        for text, name in zip(cells.all_inner_texts(), found["columns"], strict=True):
            assert text.startswith(f"{row['values'][name]:.1f}")
    assert not page.locator("#view-results td.best").count()
