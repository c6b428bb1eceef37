"""The maps of losses of somebody's own: their formulas by hand, what a scene holds of them, and what is refused."""

from __future__ import annotations

import base64
import json
import re
import zlib

import numpy as np
import pytest
import torch
from torch import Tensor

import dbce
from dbce.__main__ import main
from dbce.page.scene import scene
from dbce.page.studio import Opened, described
from dbce.registry import LOSSES, Loss
from dbce.study.compared import OBJECT
from dbce.study.own import own_losses, own_maps
from dbce.study.studies import LOGIT_STEP, LabelStudy, Study, quantise
from dbce.tasks import ORGANS
from tests.test_comparison import data_of, drawn
from tests.test_own_loss import masked, squares

HERE = "tests.test_own_maps"


def overlap(logits: Tensor, target: Tensor) -> Tensor:
    """A scalar: 1 less the soft Dice."""
    p, truth = logits.softmax(dim=1)[:, 1], (target == 1).float()
    return 1 - 2 * (p * truth).sum() / (p.sum() + truth.sum())


def broken(logits: Tensor, target: Tensor) -> Tensor:
    raise RuntimeError("no good")


def infinite(logits: Tensor, target: Tensor) -> Tensor:
    return squares(logits, target) / 0


def weighed(logits: Tensor, target: Tensor, class_frequencies: list[float]) -> Tensor:
    return squares(logits, target) / class_frequencies[1]


def unpacked(content: dict) -> dict[str, np.ndarray]:
    """The int16 arrays of a scene, each the sum of its differences above and to the left."""
    data = np.frombuffer(zlib.decompress(base64.b64decode(content["data"])), np.uint8)
    found = {}
    for name, entry in content["arrays"].items():
        if entry["type"] == "int16":
            low, high = data[entry["offset"] :][: 2 * entry["length"]].reshape(2, -1).astype(np.uint16)
            parts = (low + 256 * high).reshape(content["size"], -1)
            found[name] = parts.cumsum(0, np.uint16).cumsum(1, np.uint16).view(np.int16)
    return found


def study(ignored: bool = False) -> Study:
    generator = np.random.default_rng(1)
    labels = (generator.random((24, 24)) > 0.6).astype(np.uint8)
    if ignored:
        labels[:5] = 255
    logits = quantise(generator.normal(0, 2, (24, 24)))
    return Study(OBJECT, np.zeros((24, 24, 3), np.uint8), labels, {"net": logits})


def probability(of: Study) -> np.ndarray:
    return 1 / (1 + np.exp(-of.logits["net"] * LOGIT_STEP))


def test_a_map_and_its_gradient_are_the_formulas():
    of = study()
    found = own_maps(of, own_losses([squares])[0], "net")
    p, y = probability(of), of.labels.astype(float)
    true = np.where(y == 1, p, 1 - p)
    np.testing.assert_allclose(found.map, (1 - true) ** 2, atol=1e-6)
    slope = np.where(y == 1, -2 * (1 - p) * p * (1 - p), 2 * p * p * (1 - p)) / p.size  # of the mean, by z
    np.testing.assert_allclose(found.gradient, slope, atol=1e-9, rtol=1e-4)
    assert found.value == pytest.approx(((1 - true) ** 2).mean(), rel=1e-5)


def test_a_scalar_has_a_gradient_alone():
    of = study()
    found = own_maps(of, own_losses([f"{HERE}:overlap"])[0], "net")
    p, y = probability(of), of.labels.astype(float)
    both, total = (p * y).sum(), p.sum() + y.sum()
    np.testing.assert_allclose(found.gradient, -2 * (y * total - both) / total**2 * p * (1 - p), rtol=1e-3, atol=1e-9)
    assert found.map is None and found.value == pytest.approx(1 - 2 * both / total, rel=1e-5)


def test_ignored_pixels_cost_nothing_or_are_a_reason_to_draw_nothing():
    of = study(ignored=True)
    found = own_maps(of, own_losses([masked])[0], "net")
    assert (found.map[:5] == 0).all() and (found.gradient[:5] == 0).all()
    valid = of.labels != 255
    assert found.value == pytest.approx(of.cross_entropy("net")[valid].mean(), rel=1e-5)
    said = own_maps(of, own_losses([squares])[0], "net")
    assert said == "squares has no parameter ignore_index, so it cannot be drawn where pixels are ignored."
    assert own_maps(of, LOSSES["ce"], "net").value == pytest.approx(found.value, rel=1e-6)


def test_several_classes_have_a_map_and_no_single_gradient():
    generator = torch.Generator().manual_seed(2)
    scores = torch.randn(9, 16, 16, generator=generator).log_softmax(dim=0)
    labels = torch.randint(0, 9, (16, 16), generator=generator)
    logits = {"net": quantise(scores.numpy())}
    of = LabelStudy(ORGANS, np.zeros((16, 16, 3), np.uint8), labels.numpy().astype(np.uint8), logits)
    found = own_maps(of, own_losses([squares])[0], "net")
    true = scores.exp().gather(0, labels[None])[0]
    np.testing.assert_allclose(found.map, (1 - true) ** 2, atol=2e-3)
    assert found.gradient is None


def test_what_cannot_be_drawn_is_said():
    of = study()
    assert "squares" not in own_maps(of, own_losses([infinite])[0], "net")
    assert own_maps(of, own_losses([infinite])[0], "net").startswith("infinite gives values that are not numbers")
    assert own_maps(of, own_losses([weighed])[0], "net") == (
        "weighed needs the class frequencies of a training set, which no network here knows."
    )
    with pytest.raises(ValueError, match=r"the loss broken failed \(RuntimeError: no good\); mend it"):
        own_maps(of, own_losses([broken])[0], "net")
    with pytest.raises(ValueError, match="has no name of its own in its module"):
        own_losses([lambda logits, target: logits.sum()])
    with pytest.raises(ValueError, match="holds 'squares' twice"):
        own_losses([squares, "tests.test_own_loss:squares"])


def test_a_scene_holds_the_maps_to_within_half_a_step():
    of = study()
    losses = own_losses([squares, overlap])
    content = json.loads(scene(of, "t", losses=losses))
    arrays = unpacked(content)
    found = {loss.key: own_maps(of, loss, "net") for loss in losses}
    for key, maps in found.items():
        said = content["own"][key]["net"]
        assert said["value"] == pytest.approx(maps.value)
        for kind, values in (("map", maps.map), ("gradient", maps.gradient)):
            if values is None:
                assert said[kind] is None and f"{kind}:{key}:net" not in arrays
                continue
            shown = arrays[f"{kind}:{key}:net"] * said[kind]
            assert np.abs(shown - values).max() <= said[kind] / 2 * 1.001
            assert said[kind] == pytest.approx(np.abs(values).max() / 32767)
    assert "own" not in json.loads(scene(of, "t"))


def test_a_report_draws_what_is_given_or_what_was_registered(monkeypatch):
    image, mask, soft, _ = drawn(2)
    asked = dbce.report(image, mask, {"mine": soft}, losses=[squares])
    assert asked.settings["own_losses"] == [{"key": "squares", "title": "squares"}]
    assert set(data_of(asked.text, "dbce-scene-0")["own"]["squares"]) == {"mine"}
    monkeypatch.setattr(dbce.registry, "LOSSES", dict(LOSSES))
    dbce.register_loss(Loss("mine_own", "My loss", "Mine", "tests.test_own_loss:squares"))
    plain = dbce.report(image, mask, {"mine": soft})
    assert [loss["key"] for loss in plain.settings["own_losses"]] == ["mine_own"]
    assert dbce.report(image, mask, {"mine": soft}, losses=[]).settings["own_losses"] == []
    of = study()  # and so does the served page
    assert set(json.loads(described(Opened(of, "t", (24, 24), "n")))["own"]) == {"mine_own"}


def test_the_command_names_them(tmp_path, capsys):
    import cv2

    image, mask, soft, _ = drawn(2)
    for name, pixels in (("images", image), ("masks", mask * np.uint8(255))):
        (tmp_path / name).mkdir()
        cv2.imwrite(str(tmp_path / name / "a.png"), pixels)
    (tmp_path / "ours").mkdir()
    np.save(tmp_path / "ours/a.npy", soft)
    where = ["--images", f"{tmp_path}/images", "--masks", f"{tmp_path}/masks", "--predictions", f"ours={tmp_path}/ours"]
    out = tmp_path / "r.html"
    assert main(["compare", *where, "--loss", "examples.own_losses:focal", "-o", str(out)]) == 0
    assert re.search(r'"own_losses": \[\{"key": "focal"', out.read_text())
    assert main(["compare", *where, "--loss", f"{HERE}:broken", "-o", str(tmp_path / "no.html")]) == 2
    assert "the loss broken failed (RuntimeError: no good)" in capsys.readouterr().err
    assert not (tmp_path / "no.html").exists()
