"""The figures as files, and the overlay's colours against a count of the errors."""

from __future__ import annotations

import io

import h5py
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from dbce.__main__ import main
from dbce.data import ct
from dbce.data.phantoms import polyp
from dbce.registry import LOSSES
from dbce.study.colours import PALETTES, overlay
from dbce.study.figures import anatomy, comparison, radius_curve
from dbce.study.predictor import Study, quantise
from dbce.tasks import TASKS

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
        assert np.array_equal((rgb == colour).all(axis=2), where)


def test_without_a_mask_the_overlay_claims_no_errors(study):
    bare = Study(study.task, study.image, None, study.logits)
    colours = {tuple(c) for c in overlay(bare, "ce").reshape(-1, 3)}
    assert colours == {tuple(bytes.fromhex(PALETTES["paper"][k][1:])) for k in ("tp", "tn")}
    comparison(bare).savefig(io.BytesIO(), format="png", dpi=40)
    with pytest.raises(ValueError, match="no mask"):
        anatomy(bare, "ce", 20)


def test_figure_1_shows_the_maps_themselves(study):
    axes = anatomy(study, "dbce", 4).axes
    shown = [ax.get_images()[0].get_array() for ax in axes[:5]]
    assert np.array_equal(shown[2], study.cross_entropy("dbce")) and np.array_equal(shown[3], study.weight(4))
    assert np.array_equal(shown[4], study.weight(4) * study.cross_entropy("dbce"))


def test_figure_2_has_a_column_for_each_network(study):
    titles = [ax.get_title() for ax in comparison(study, 0.5).axes]
    assert [title for title in titles if title in TITLES] == TITLES
    assert f"Dice {100 * study.scores('ce')['dice']:.1f} %" in titles


@pytest.mark.parametrize("draw", [lambda study: anatomy(study, "ce", 4), comparison], ids=["figure 1", "figure 2"])
def test_no_title_is_cut_off(study, draw):
    figure = draw(study)
    FigureCanvasAgg(figure).draw()
    page = figure.bbox
    boxes = [axes.title.get_window_extent() for axes in figure.axes if axes.get_title()]
    assert len(boxes) >= 5
    for box in boxes:
        assert page.x0 <= box.x0 and box.x1 <= page.x1 and page.y0 <= box.y0 and box.y1 <= page.y1


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
