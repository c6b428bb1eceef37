"""The figures as files, and the overlay's colours against a count of the errors."""

from __future__ import annotations

import dataclasses
import io
import itertools

import h5py
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text
from PIL import Image

from dbce import registry
from dbce.__main__ import main
from dbce.data import ct
from dbce.data.phantoms import polyp
from dbce.registry import LOSSES
from dbce.scores.findings_tables import findings_summary
from dbce.scores.learning_text import HEADS
from dbce.scores.marks import SHADES_MEAN
from dbce.scores.records import read_calibration
from dbce.study.colours import PALETTES, overlay
from dbce.study.figures import radius_curve
from dbce.study.sheet import drawing
from dbce.study.studies import Study, quantise
from dbce.study.tabs.anatomy import draw_anatomy
from dbce.study.tabs.bars import beside_outline
from dbce.study.tabs.charts import THRESHOLDS, dice_curve
from dbce.study.tabs.compare import draw_comparison
from dbce.study.tabs.pair import dissent, overlap
from dbce.study.tabs.radius import draw_radii
from dbce.study.tabs.results import draw_results
from dbce.study.view import Measured, View
from dbce.tasks import TASKS
from dbce.weightings import offered_weightings
from tests.measured import CURVE, FOUND, RESULT

TITLES = [loss.title for loss in LOSSES.values()]


@pytest.fixture(scope="module")
def study() -> Study:
    rng = np.random.default_rng(0)
    image, mask = polyp(3, 64)
    logits = {loss: quantise(rng.normal(0, 2, (64, 64)) + 3 * mask - 1.5) for loss in LOSSES}
    return Study(TASKS["polyp"], image, mask, logits)


@pytest.mark.parametrize("palette", PALETTES)
def test_overlay_colours_are_the_counted_errors(study, palette):
    rgb = overlay(study, "bce", 0.3, palette)
    found, real = study.prediction("bce", 0.3), study.labels == 1
    expected = {"tp": found & real, "fp": found & ~real, "fn": ~found & real, "tn": ~found & ~real}
    for name, where in expected.items():
        colour = list(bytes.fromhex(PALETTES[palette][name][1:]))
        seen = (rgb == colour).all(axis=2)
        if palette == "safe" and name in ("fp", "fn"):  # a line through every sixth wrong pixel
            row, column = np.indices(where.shape)
            where = where & ((column + row if name == "fp" else column - row) % 6 != 0)
        if name == "tn" and palette == "safe":
            assert seen[where].all()
        else:
            assert np.array_equal(seen, where)


def test_without_a_mask_the_overlay_claims_no_errors(study):
    bare = Study(study.task, study.image, None, study.logits)
    colours = {tuple(c) for c in overlay(bare, "ce").reshape(-1, 3)}
    assert colours == {tuple(bytes.fromhex(PALETTES["paper"][k][1:])) for k in ("tp", "tn")}
    draw_comparison(bare, View()).savefig(io.BytesIO(), format="png", dpi=40)
    with pytest.raises(ValueError, match="no mask"):
        draw_anatomy(bare, View(loss="ce"))


def shown(figure) -> dict[str, np.ndarray]:
    """The pixels of every picture by its title."""
    return {axes.get_label(): axes.get_images()[0].get_array() for axes in figure.axes if axes.get_label()}


def texts(figure) -> list[str]:
    return [text.get_text() for text in figure.findobj(Text) if text.get_text()]


def in_magma(values: np.ndarray, top: float) -> np.ndarray:
    """By matplotlib itself, which rounds down as well, but reaches its last colour a little before ``top``."""
    index = np.minimum(np.floor(values.astype(np.float64) / top * 255), 255).astype(int)
    return matplotlib.colormaps["magma"](index, bytes=True)[..., :3]


@pytest.mark.parametrize("scale", ["own", "shared"])
def test_figure_1_shows_the_maps_themselves(study, scale):
    pictures = shown(draw_anatomy(study, View(radius=4, scale=scale)))
    entropy, weight = study.cross_entropy("dbce"), study.weight(4)
    every = [study.weight(4, weighting) for weighting in offered_weightings(study.class_frequencies)]
    tops = {"ce": entropy.max(), "w": weight.max(), "wce": (weight * entropy).max()}
    if scale == "shared":
        entropies = [study.cross_entropy(loss) for loss in LOSSES]
        tops = {
            "ce": np.max(entropies),
            "w": np.max(every),
            "wce": max((w * e).max() for w in every for e in entropies),
        }
    maps = {"(c) cross entropy, nats": (entropy, "ce"), "(d) weight, R = 4 px": (weight, "w")}
    for title, (values, key) in {**maps, "(e) weight × cross entropy": (weight * entropy, "wce")}.items():
        off = np.abs(pictures[title].astype(int) - in_magma(values, tops[key]))
        assert off.max() <= 4 and (off == 0).mean() > 0.999, title


def test_figure_2_has_a_column_for_each_network_in_view(study):
    said = texts(draw_comparison(study, View(figure="compare")))
    assert list(dict.fromkeys(text for text in said if text in TITLES)) == TITLES
    assert f"{100 * study.scores('ce')['dice']:.1f}" in said
    some = texts(draw_comparison(study, View(figure="compare", shown=("dbce", "ce"))))
    assert list(dict.fromkeys(text for text in some if text in TITLES)) == ["CE", "Dilated balanced CE"]


LONG = "a_very_long_name_of_an_image_" * 8 + "$x^2.png"
NOTE = f"{SHADES_MEAN} \u2020 of the networks shown alone."
_EPOCHS = [[epoch, 10.0 + 8 * epoch / 10] for epoch in range(10, 110, 10)]
LEARNING = {
    **{
        "title": "Which loss learns sooner",
        "heads": HEADS,
        "said": ["Dilated balanced CE is 45.0 points of Dice ahead of CE after 10 epochs (90.2 and 45.2 %). " * 3],
        "note": NOTE,
    },
    "last": 100,
    "rows": [
        {
            "key": key,
            "loss": key,
            "title": registry.title(key),
            "points": _EPOCHS,
            "classes": dict.fromkeys(TASKS["organs"].classes[1:], _EPOCHS),
        }
        for key in LOSSES
    ],
}

DRAWN = {
    "figure 1": lambda study: draw_anatomy(study, View(loss="ce", weighting="balanced"), LONG),
    "gradient": lambda study: draw_anatomy(study, View(map="gradient", scale="shared", opacity=0.5), LONG, (100, 400)),
    "figure 2": lambda study: draw_comparison(study, View(below="weighted", opacity=0.4), LONG, (400, 100)),
    "one network": lambda study: draw_comparison(study, View(figure="compare", shown=("dbce",), shape="outline"), LONG),
    "no mask": lambda study: draw_comparison(dataclasses.replace(study, labels=None), View(figure="compare"), LONG),
    "charts": lambda study: draw_comparison(
        study, View(figure="compare", first="bce"), LONG, None, study, read_calibration("polyp")
    ),
    "charts of one": lambda study: draw_comparison(
        study, View(figure="compare", shown=("bce",), threshold=0.05), LONG, None, study, read_calibration("lesion")
    ),
    "shares of the loss": lambda study: draw_anatomy(study, View(of="loss", radius=0, loss="bce"), LONG),
    "corrected": lambda study: draw_comparison(
        dataclasses.replace(study, frequencies={"bce": [0.9, 0.1]}).corrected(), View(prior="corrected"), LONG
    ),
    "radius": lambda study: draw_radii(study, View(radius=150), CURVE, LONG),
    "results of organs": lambda study: draw_results(
        Measured((RESULT,), findings_summary("organs"), None, read_calibration("organs"), LEARNING)
    ),
    "results of polyps": lambda study: draw_results(
        Measured((RESULT,), findings_summary("polyp"), None, read_calibration("polyp"))
    ),
    "results": lambda study: draw_results(Measured((RESULT,), {**FOUND, "note": NOTE})),
}


@pytest.mark.parametrize("draw", DRAWN.values(), ids=DRAWN)
def test_no_text_is_cut_off_or_lies_on_another(study, draw):
    with drawing():
        figure = draw(study)
        FigureCanvasAgg(figure).draw()
        drawn = [text for text in figure.findobj(Text) if text.get_text() and text.get_visible()]
        boxes = {text: text.get_window_extent() for text in drawn}
    page = figure.bbox
    assert len(boxes) >= 8
    for text, box in boxes.items():
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1, text
    for (one, a), (other, b) in itertools.combinations(boxes.items(), 2):
        apart = a.x1 <= b.x0 or b.x1 <= a.x0 or a.y1 <= b.y0 + 2 or b.y1 <= a.y0 + 2
        assert apart, (one.get_text(), other.get_text())


def test_the_curve_is_the_score_at_every_threshold(study):
    ignored = np.where(np.arange(64)[:, None] < 9, 255, study.labels).astype(np.uint8)
    for labels in (study.labels, ignored):
        judged = dataclasses.replace(study, labels=labels)
        for loss in ("ce", "dbce"):
            expected = [judged.scores(loss, float(threshold))["dice"] for threshold in THRESHOLDS]
            assert dice_curve(judged, loss) == pytest.approx(expected, abs=1e-6)


def test_two_networks_and_their_disagreement_are_counted_pixel_by_pixel(study):
    found = {loss: study.prediction(loss, 0.4) for loss in LOSSES}
    kind, counts = overlap(study, ("bce", "dbce"), 0.4)
    apart, share = dissent(study, list(LOSSES), 0.4)
    pixels = list(np.ndindex(64, 64))
    for pixel in pixels[::7]:
        assert kind[pixel] == found["bce"][pixel] + 2 * found["dbce"][pixel]
        votes = sum(bool(found[loss][pixel]) for loss in LOSSES)
        assert apart[pixel] == min(votes, len(LOSSES) - votes)
    assert counts == [int((kind == k).sum()) for k in range(4)]
    assert share == sum(len({bool(found[loss][pixel]) for loss in LOSSES}) > 1 for pixel in pixels) / len(pixels)
    half = np.where(np.arange(64)[:, None] < 32, 255, 0).astype(np.uint8) + 0 * study.labels
    ignoring = dataclasses.replace(study, labels=half.astype(np.uint8))
    assert sum(overlap(ignoring, ("bce", "dbce"), 0.4)[1]) == 32 * 64


def test_the_bars_hold_the_weights_beside_the_outline_and_the_shares(study):
    weight, labels = study.weight(3), study.labels
    near = {"outside": [], "inside": []}
    for y, x in np.ndindex(64, 64):
        beside = [(y + a, x + b) for a, b in ((0, 1), (1, 0), (0, -1), (-1, 0))]
        others = [labels[p] for p in beside if 0 <= p[0] < 64 and 0 <= p[1] < 64]
        if any(other != labels[y, x] for other in others):
            near["inside" if labels[y, x] else "outside"].append(float(weight[y, x]))
    assert beside_outline(study, weight) == pytest.approx((np.mean(near["outside"]), np.mean(near["inside"])))
    said = texts(draw_anatomy(study, View(of="loss", radius=3, loss="bce")))
    shares = study.loss_shares("bce", 3)
    assert "Where the loss of Balanced CE falls" in said
    assert all(any(text == f"{100 * part:.0f} %" or text == f"{100 * part:.1f} %" for text in said)
               for part in shares.values())  # fmt: skip


def test_unknown_palette_gets_a_sentence(study):
    with pytest.raises(ValueError, match="palette is 'rainbow'"):
        overlay(study, "ce", palette="rainbow")


FILES = [("1", "pdf", b"%PDF"), ("3", "pdf", b"%PDF"), ("2", "svg", b"<?xml"), ("1", "png", b"\x89PNG")]


@pytest.mark.parametrize(("number", "suffix", "start"), FILES)
def test_figures_from_the_command_line(tmp_path, number, suffix, start):
    image, mask = polyp(7, 96)
    Image.fromarray(image).save(tmp_path / "i.png")
    Image.fromarray(mask * 255).save(tmp_path / "m.png")
    out = tmp_path / f"figure.{suffix}"
    files = ["--image", str(tmp_path / "i.png"), "--mask", str(tmp_path / "m.png"), "-o", str(out)]
    assert main(["figure", number, *files]) == 0 and out.read_bytes().startswith(start)


@pytest.mark.parametrize("number", ["1", "4"])
def test_figures_of_a_slice_of_a_scan(tmp_path, number, capsys):
    hu, labels = ct.scan(2, 64, range(20, 30))
    with h5py.File(tmp_path / "scan.npy.h5", "w") as file:
        file["image"], file["label"] = ct.window(hu).astype(np.float32) / 255, labels
    files = ["--task", "organs", "--image", str(tmp_path / "scan.npy.h5"), "-o", str(tmp_path / "f.png")]
    assert main(["figure", number, *files, "--slice", "3"]) == 0
    third = (tmp_path / "f.png").read_bytes()
    assert main(["figure", number, *files]) == 0 and (tmp_path / "f.png").read_bytes() != third  # the fullest one
    assert main(["figure", number, *files, "--slice", "10"]) == 2
    assert "has the slices 0 to 9" in capsys.readouterr().err
    assert main(["figure", "2", *files]) == 2 and "'organs', which has figures 1 and 4" in capsys.readouterr().err


def test_figure_1_without_a_mask_gets_a_sentence(tmp_path, capsys):
    Image.fromarray(polyp(7, 96)[0]).save(tmp_path / "i.png")
    assert main(["figure", "1", "--image", str(tmp_path / "i.png"), "-o", str(tmp_path / "f.pdf")]) == 2
    assert "no mask" in capsys.readouterr().err and not (tmp_path / "f.pdf").exists()


def test_figure_5_is_the_measured_curve(tmp_path):
    points = [
        {"radius": r, "dice": d, "iou": 1, "precision": 1, "recall": 1} for r, d in ((0, 70), (20, 80), (150, 75))
    ]
    axes = radius_curve({"task": "polyp", "label": "short run", "test_data": "CVC", "points": points}).axes[0]
    assert axes.lines[0].get_xydata().tolist() == [[0, 70], [20, 80], [150, 75]]
    assert "short run" in axes.get_title() and "CVC" in axes.get_ylabel()


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["1", "--image", "a.png", "-o", "f.txt"], "must end in .pdf, .svg or .png"),
        (["2", "-o", "f.pdf"], "name one with --image"),
        (["2", "--image", "nowhere.png", "-o", "f.pdf"], "nowhere.png"),
    ],
)
def test_a_figure_that_cannot_be_drawn_gets_a_sentence(arguments, words, capsys):
    assert main(["figure", *arguments]) == 2
    error = capsys.readouterr().err
    assert words in error and error.count("\n") == 1
