"""`dbce.report` and `python -m dbce compare`: what is paired, scored and written, beside counts made here."""

from __future__ import annotations

import base64
import csv
import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest

import dbce
from dbce.__main__ import main
from dbce.data.phantoms import polyp
from dbce.page.bundle import bundle
from dbce.page.document import POLICY, ROOTS
from dbce.scores.comparison import HALVES, THIRDS, Row, groups_of
from dbce.scores.comparison_table import comparison_latex, comparison_markdown

ROOT = Path(__file__).resolve().parent.parent
SEEDS = range(7)


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """An image, its mask, probabilities and a label map, 320 x 320."""
    image, mask = polyp(seed, 320, difficulty=0.5)
    noise = cv2.GaussianBlur(np.random.default_rng(seed).standard_normal(mask.shape), (0, 0), 6) * 4
    soft = 1 / (1 + np.exp(-(cv2.GaussianBlur(mask.astype(np.float64), (0, 0), 5) * 8 - 4 + noise)))
    return image, mask.astype(bool), soft.astype(np.float32), np.roll(mask, (4, 7), (0, 1)).astype(bool)


def counted(found: np.ndarray, truth: np.ndarray) -> dict[str, float]:
    """Scores from the pixels that are in both, in one and in the other."""
    both = np.logical_and(found, truth).sum()
    one, other = found.sum(), truth.sum()
    return {
        "dice": 2 * both / (one + other),
        "iou": both / (one + other - both),
        "precision": both / one if one else 0.0,
        "recall": both / other,
    }


def data_of(text: str, name: str):
    """What a report holds under this id."""
    return json.loads(re.search(rf'id="{name}">(.*?)</script>', text, re.DOTALL)[1])


@pytest.fixture
def folders(tmp_path) -> Path:
    """Seven images; predictions of two sets, and some files that cannot be used."""
    for name in ("images", "masks", "ours", "theirs"):
        (tmp_path / name).mkdir()
    for seed in SEEDS:
        image, mask, soft, flat = drawn(seed)
        cv2.imwrite(str(tmp_path / f"images/frame{seed}_0000.png"), image[..., ::-1])
        cv2.imwrite(str(tmp_path / f"masks/frame{seed}_0000.png"), mask * np.uint8(255))
        np.savez_compressed(tmp_path / f"ours/frame{seed}.npz", probabilities=np.stack([1 - soft, soft])[:, None])
        cv2.imwrite(str(tmp_path / f"ours/frame{seed}.png"), (soft > 0.5) * np.uint8(1))
        cv2.imwrite(str(tmp_path / f"theirs/frame{seed}_0000_pred.png"), flat * np.uint8(255))
    return tmp_path


def run(folders: Path, *more: str) -> int:
    sets = [f"ours={folders}/ours", f"theirs={folders}/theirs"]
    where = ["--images", f"{folders}/images", "--masks", f"{folders}/masks"]
    return main(["compare", *where, "--predictions", *sets, "-o", f"{folders}/report.html", *more])


def test_scores_and_table_are_those_of_an_independent_count(folders, capsys):
    table, latex, file = folders / "t.md", folders / "t.tex", folders / "rows.csv"
    assert run(folders, "--csv", str(file), "--table", str(table), str(latex)) == 0
    wanted = {}
    for seed in SEEDS:
        _, mask, soft, flat = drawn(seed)
        wanted |= {(f"frame{seed}_0000.png", "ours"): counted(soft > 0.5, mask)}
        wanted |= {(f"frame{seed}_0000.png", "theirs"): counted(flat, mask)}
    rows = list(csv.DictReader(file.open()))
    assert {(row["image"], row["set"]) for row in rows} == set(wanted)
    for row in rows:
        for score, value in wanted[row["image"], row["set"]].items():
            assert float(row[score]) == pytest.approx(value, abs=2e-6), (row, score)
        _, mask, soft, flat = drawn(int(row["image"][5]))
        assert float(row["object_share"]) == pytest.approx(mask.mean(), abs=1e-6)
        assert float(row["disagreement"]) == pytest.approx(1 - counted(soft > 0.5, flat)["dice"], abs=2e-6)
    means = [np.mean([wanted[f"frame{seed}_0000.png", "ours"][name] for seed in SEEDS]) for name in counted(mask, mask)]
    line = next(line for line in table.read_text().splitlines() if line.startswith("| ours |"))
    values = " [|] ".join(rf"{100 * mean:.2f} \[\d\d\.\d\d, \d\d\.\d\d\]" for mean in means)
    assert re.match(rf"\| ours \| {values} \| – \| ", line)
    assert re.search(rf"ours & {values.replace('[|]', '&')} & -- & ", latex.read_text())
    said = capsys.readouterr()
    assert table.read_text() == said.out  # the table is printed as well
    assert "ours: probabilities, from .npz" in said.err and "theirs: labels, from .png" in said.err
    assert "frame0.png lies beside frame0.npz, which was read" in said.err
    size = (folders / "report.html").stat().st_size
    assert f"report.html: 7 images, ours and theirs, {size / 1e6:.1f} MB" in said.err


def test_a_bad_file_is_a_sentence_and_the_rest_goes_on(folders, capsys):
    (folders / "images/frame0_0000.png").write_bytes(b"no picture")
    (folders / "theirs/frame1_0000_pred.png").unlink()
    np.savez_compressed(folders / "ours/frame2.npz", probabilities=np.full((2, 1, 320, 320), np.nan))
    np.savez_compressed(folders / "ours/frame3.npz", np.full((100, 90), 0.5))
    (folders / "ours/dataset.json").write_text("{}")
    np.save(folders / "theirs/<i>stray.npy", np.zeros((9, 9)))
    (folders / "masks/frame4_0000.png").unlink()
    assert run(folders) == 0
    settings = data_of((folders / "report.html").read_text(), "dbce-settings")
    left = "\n".join(settings["report"]["left"])
    for words in (
        "frame0_0000.png is not an image",
        "frame1_0000.png: no prediction of theirs",
        "frame2.npz holds 204800 values that are not numbers",
        "frame3.npz has 90 x 100 pixels, its image 320 x 320",
        "dataset.json: no prediction by its ending",
        "&lt;i&gt;stray.npy: no image of that name",
        "frame4_0000.png: no mask of that name",
    ):
        assert left.count(words) == 1, words
    assert str(folders) not in json.dumps(settings)  # where it lay concerns nobody
    assert [row["name"] for row in settings["report"]["rows"]] == ["frame5_0000.png", "frame6_0000.png"]
    said = capsys.readouterr()
    assert "frame1_0000.png: no prediction of theirs" in said.err.partition("report.html:")[0]


def test_calibration_and_intervals_are_those_of_plain_loops(folders):
    """Against numpy's own resampling of images, and bins counted one by one."""
    from scipy import stats

    sequences = {seed: "ab"[seed % 2] + str(seed // 5) for seed in SEEDS}  # four, too few to be drawn
    file = folders / "table.csv"
    assert run(folders, "--table", str(file)) == 0
    rows = {row["set"]: row for row in csv.DictReader(file.open())}
    dice = {name: [] for name in ("ours", "theirs")}
    bins, squares = np.zeros((10, 3)), []
    for seed in SEEDS:
        _, mask, soft, flat = drawn(seed)
        dice["ours"].append(100 * counted(soft > 0.5, mask)["dice"])
        dice["theirs"].append(100 * counted(flat, mask)["dice"])
        squares.append(100 * np.mean((soft.astype(float) - mask) ** 2))
        for k in range(10):
            here = (soft > max(0.05, k / 10)) & (soft < min(0.95, (k + 1) / 10))
            bins[k] += here.sum(), soft[here].sum(dtype=float), mask[here].sum()
    gap = 100 * np.abs(bins[:, 1] - bins[:, 2]).sum() / bins[:, 0].sum()
    assert float(rows["ours"]["ECE"]) == pytest.approx(gap, abs=0.02)  # logits are kept in steps
    assert float(rows["ours"]["Brier"]) == pytest.approx(np.mean(squares), abs=0.002)
    assert rows["theirs"]["ECE"] == rows["theirs"]["Brier"] == rows["theirs"]["ECE, low"] == ""  # label maps
    between = np.subtract(dice["theirs"], dice["ours"])
    for name, column, values in (
        ("ours", "mDice", dice["ours"]),
        ("theirs", "mDice", dice["theirs"]),
        ("theirs", "Dice less that of ours", between),
        ("ours", "Brier", squares),
    ):
        options = {"n_resamples": 20_000, "method": "percentile", "rng": 1}
        found = stats.bootstrap((np.array(values),), np.mean, **options).confidence_interval
        width = found.high - found.low
        assert float(rows[name][column]) == pytest.approx(np.mean(values), abs=0.003)
        assert float(rows[name][f"{column}, low"]) == pytest.approx(found.low, abs=0.05 * width), (name, column)
        assert float(rows[name][f"{column}, high"]) == pytest.approx(found.high, abs=0.05 * width), (name, column)
    lines = [f"frame{seed}_0000,{sequence}" for seed, sequence in sequences.items()]
    (folders / "sequences.csv").write_text("\n".join(["frame,sequence", *lines]))
    assert run(folders, "--table", str(file)) == 0
    assert "mDice, low" not in next(csv.reader(file.open()))  # four sequences are too few


def test_images_of_one_sequence_are_drawn_together():
    rng = np.random.default_rng(0)
    level = np.repeat(rng.random(8), 5)  # frames of one sequence are nearly alike
    rows = [
        Row(str(k), 0.1, {"a": dict.fromkeys(("dice", "iou", "precision", "recall"), v)}, 0, held=(1, 10))
        for k, v in enumerate(level)
    ]
    alone, together = (groups_of(rows, members)[0] for members in (None, np.arange(40) // 5))
    widths = [of.intervals["a"]["dice"].high - of.intervals["a"]["dice"].low for of in (alone, together)]
    assert widths[1] > 1.7 * widths[0] and (alone.clusters, together.clusters) == (40, 8)
    assert "of the 8 sequences" in comparison_markdown([together]) and "of the images" in comparison_markdown([alone])
    assert "ECE" not in comparison_markdown([alone])


def test_the_figures_of_all_images_are_one_archive(folders, capsys):
    (folders / "masks/frame0_0000.png").unlink()
    file = folders / "figures.zip"
    assert run(folders, "--figures", str(file)) == 0
    with zipfile.ZipFile(file) as archive:
        assert sorted(archive.namelist()) == [f"frame{seed}_0000.pdf" for seed in SEEDS if seed]
        assert all(archive.read(name).startswith(b"%PDF") for name in archive.namelist())
    assert f"{file}: 6 figures, " in capsys.readouterr().err
    assert not list(folders.glob("*.part"))
    for name, words in (("figures.tar", "its name must end in .zip"), ("no/f.zip", "there is no such folder")):
        assert run(folders, "--figures", str(folders / name)) == 2
        assert words in capsys.readouterr().err


def test_logits_are_asked_for_by_name(folders, capsys):
    for seed in SEEDS:
        soft = drawn(seed)[2].astype(np.float64)
        (folders / f"ours/frame{seed}.npz").unlink()
        (folders / f"ours/frame{seed}.png").unlink()
        np.save(folders / f"ours/frame{seed}.npy", np.log(soft / (1 - soft)))
    assert run(folders) == 2
    assert "ours: frame0.npy holds values from" in capsys.readouterr().err
    assert run(folders, "--values", "ours=logits") == 0
    assert "| ours | " in capsys.readouterr().out
    assert run(folders, "--values", "mine=logits") == 2
    assert "--values names 'mine'; the sets are ours, theirs." in capsys.readouterr().err


@pytest.mark.parametrize(
    ("count", "titles"),
    [(1, 0), (HALVES - 1, 0), (HALVES, 2), (THIRDS - 1, 2), (THIRDS, 3)],
)
def test_images_are_parted_by_the_size_of_the_object(count, titles):
    areas = np.random.default_rng(0).permutation(count) / 100
    groups = groups_of(
        [Row(str(a), float(a), {"a_b": dict.fromkeys(counted(*2 * [np.ones(1)]), float(a))}, 0) for a in areas]
    )
    assert len(groups) == 1 + titles and sum(group.count for group in groups[1:]) == (count if titles else 0)
    dice = [group.means["a_b"]["dice"] for group in groups]
    assert dice[1:] == sorted(dice[1:]) and dice[0] == pytest.approx(100 * areas.mean())
    assert r"a\_b & " in comparison_latex(groups) and "| a_b | " in comparison_markdown(groups)


def test_a_report_of_arrays_is_one_file_that_asks_for_nothing(tmp_path, capsys):
    image, mask, soft, flat = drawn(3)
    made = dbce.report(image, mask, {"mine": soft, "label map": flat}, tmp_path / "r.html", radius=35, threshold=0.4)
    text = (tmp_path / "r.html").read_text()
    assert made.size == len(text.encode()) and f"{made.size / 1e6:.1f} MB" in capsys.readouterr().err
    settings, scene = data_of(text, "dbce-settings"), data_of(text, "dbce-scene-0")
    assert settings["losses"] == scene["losses"] == ["mine", "label map"]
    assert settings["remarks"] == {"label map": "label map: no probabilities"}
    start = {field["name"]: field["start"] for field in settings["fields"]}
    assert (start["tab"], start["radius"], start["threshold"]) == ("compare", 35, 0.4)
    assert [tab for tab, _ in settings["fields"][0]["choices"]] == ["anatomy", "compare", "radius"]
    assert base64.b64decode(scene["image"].partition(",")[2]).startswith(b"\x89PNG")
    assert "connect-src" not in POLICY and POLICY.startswith("default-src 'none'")
    assert not re.search(
        r'(src|href)="(?!data:|https://(arxiv\.org|www\.gradio\.app))',
        re.sub(r"<script.*?</script>", "", text, flags=re.DOTALL),
    )


def test_modules_come_after_those_that_they_import():
    modules = bundle(ROOTS)
    seen: set[str] = set()
    for module in modules:
        assert set(module["needs"]) <= seen, module["name"]
        named = set(re.findall(r'^(?:import|[^"\n]* from) "([^"]+)";', module["text"], re.MULTILINE))
        assert named == {f"dbce:{name}" for name in module["needs"]}
        seen.add(module["name"])
    assert {"main.js", "core/study.js", "backends/baked.js"} <= seen and "backends/gradio.js" not in seen


@pytest.mark.parametrize(
    ("arguments", "options", "words"),
    [
        ({}, {}, "predictions holds no set"),
        ({"ce": 0}, {}, "called 'ce', as a network here is"),
        ({"<b>": 0}, {}, "a name has up to 40 letters"),
        ({"mine": np.zeros((3, 4))}, {}, "mine has 4 x 3 pixels, its image 320 x 320"),
        ({"mine": np.zeros((320, 320))}, {"task": "cats"}, "task is 'cats'"),
        ({"mine": np.zeros((320, 320))}, {"networks": True}, "say which one"),
        ({"mine": np.zeros((320, 320))}, {"values": "odds"}, "values is 'odds'"),
        ({"mine": np.zeros((320, 320))}, {"mask": np.zeros((3, 3))}, "mask is .3, 3."),
        ({"mine": np.zeros((320, 320))}, {"mask": np.full((320, 320), 0.5)}, "mask holds 0.5"),
        ({"mine": np.zeros((320, 320))}, {"radius": 151}, "radius is 151"),
        ({"mine": np.zeros((320, 320))}, {"threshold": 1}, "threshold is 1"),
    ],
)
def test_what_does_not_fit_is_one_sentence(arguments, options, words):
    image, mask, _, _ = drawn(0)
    with pytest.raises(ValueError, match=words):
        dbce.report(image, **{"mask": mask, "predictions": arguments, **options})


@pytest.mark.parametrize(("top", "ignored"), [(True, 0), (1, 0), (255, 0), (1, 255)])
def test_a_mask_is_read_as_its_values_say(top, ignored):
    _, mask, soft, _ = drawn(1)
    given = mask * np.asarray(top)
    valid = np.ones_like(mask)
    if ignored:
        half = int(np.median(np.where(mask)[1]))  # of the object
        given[:, :half], valid[:, :half] = ignored, False
    made = dbce.report(np.zeros((320, 320), np.uint8), given, {"mine": soft})
    wanted = counted((soft > 0.5) & valid, mask & valid)
    assert made.rows[0].scores["mine"] == pytest.approx(wanted)
    assert made.rows[0].area == pytest.approx((mask & valid).sum() / valid.sum())


def test_networks_stand_beside_predictions():
    image, mask, soft, _ = drawn(1)
    made = dbce.report([image], [mask], {"mine": [soft]}, task="polyp", networks=True)
    settings = data_of(made.text, "dbce-settings")
    assert settings["losses"] == ["ce", "bce", "dice_ce", "dbce", "mine"] and settings["own"] == ["mine"]
    assert "25 epochs" in settings["recipe"] and "The predictions of mine were given" in settings["recipe"]
    assert made.rows[0].scores["mine"]["dice"] == pytest.approx(counted(soft > 0.5, mask)["dice"])


def test_neither_the_server_nor_its_libraries_are_needed():
    code = """
import sys
for name in ("gradio", "starlette", "uvicorn", "fastapi"):
    sys.modules[name] = None
import numpy as np, dbce
print(dbce.report(np.zeros((8, 8, 3), np.uint8), None, {"mine": np.full((8, 8), 0.5)}))
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("1 image, mine, ")


def test_what_a_set_is_called_is_set_as_text_and_so_not_escaped():
    """Headings become HTML on the page; the name of a set does not."""
    images, masks, softs, flats = zip(*map(drawn, range(1, 7)), strict=True)
    made = dbce.report(list(images), list(masks), {"a": list(softs), "b": list(flats)}, title="A & <B>")
    settings = data_of(made.text, "dbce-settings")
    assert settings["set"]["test_data"] == "A & <B>" and settings["report"]["title"] == "A &amp; &lt;B&gt;"
