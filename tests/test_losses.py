"""The four losses against the paper's equations, written out in NumPy, and the rules all of them keep."""

from __future__ import annotations

import math
import os
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import dbce
from dbce import (
    LOSSES,
    balanced_cross_entropy,
    cross_entropy,
    dice_cross_entropy,
    dilated_balanced_cross_entropy,
    weight_map,
)

quick = settings(max_examples=40, deadline=None)
IGNORE = -100
FUNCTIONS = {
    "ce": cross_entropy,
    "bce": balanced_cross_entropy,
    "dice_ce": dice_cross_entropy,
    "dbce": lambda *args, **options: dilated_balanced_cross_entropy(*args, radius=2.5, **options),
}
every_loss = pytest.mark.parametrize("name", FUNCTIONS)


def case(seed: int, n: int = 2, c: int = 3, h: int = 9, w: int = 11, ignored: float = 0.0):
    """Logits (n, c, h, w) and labels (n, h, w), some of them ignored."""
    rng = np.random.default_rng(seed)
    target = rng.integers(0, c, (n, h, w))
    target[rng.random((n, h, w)) < ignored] = IGNORE
    return torch.from_numpy(rng.normal(0, 2, (n, c, h, w)).astype(np.float32)), torch.from_numpy(target)


def log_softmax(logits: np.ndarray) -> np.ndarray:
    z = logits.astype(np.float64)
    return z - np.log(np.exp(z).sum(0, keepdims=True))


def disk(radius: float) -> np.ndarray:
    reach = math.floor(radius)
    y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
    return (x * x + y * y <= radius * radius).astype(np.uint8)


def numpy_weight_map(target: np.ndarray, classes: int, radius: float) -> np.ndarray:
    """Eq. 3 to 5 for one image, with OpenCV's dilation by an explicit disk."""
    valid = target != IGNORE
    layers = []
    for c in range(classes):
        mask = (target == c).astype(np.uint8)
        dilated = cv2.dilate(mask, disk(radius), borderType=cv2.BORDER_CONSTANT, borderValue=0)
        dilated = dilated.astype(bool) & valid
        layers.append(dilated / (1 + dilated.sum()))
    return np.max(layers, axis=0)


def numpy_losses(logits: np.ndarray, target: np.ndarray, radius: float) -> dict[str, float]:
    """The loss of one image, by the paper's formulas."""
    classes = len(logits)
    valid = target != IGNORE
    n = max(valid.sum(), 1)
    y = np.stack([target == c for c in range(classes)])  # all 0 where ignored
    log_p = log_softmax(logits)
    p = np.exp(log_p)
    ce = -(y * log_p).sum(0)
    area = y.sum((1, 2))
    w = np.array([n / a if a else 0 for a in area])
    dice = [2 * (p[c] * y[c]).sum() / ((p[c] * valid).sum() + area[c]) for c in range(1, classes) if area[c]]
    return {
        "ce": ce.sum() / n,
        "bce": -(w[:, None, None] * y * log_p).sum() / n,
        "dice_ce": ce.sum() / n + (1 - np.mean(dice) if dice else 0),
        "dbce": (numpy_weight_map(target, classes, radius) * ce).sum(),
    }


@every_loss
@quick
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.3]))
def test_equals_the_papers_formula(name, seed, ignored):
    logits, target = case(seed, ignored=ignored)
    expected = [numpy_losses(z.numpy(), t.numpy(), 2.5)[name] for z, t in zip(logits, target, strict=True)]
    assert FUNCTIONS[name](logits, target).item() == pytest.approx(np.mean(expected), rel=1e-5)
    assert FUNCTIONS[name](logits, target, reduction="sum").item() == pytest.approx(np.sum(expected), rel=1e-5)


@every_loss
def test_a_batch_is_the_mean_of_its_images(name):
    logits, target = case(1, n=4, ignored=0.2)
    single = [FUNCTIONS[name](logits[i : i + 1], target[i : i + 1]) for i in range(4)]
    assert FUNCTIONS[name](logits, target).item() == pytest.approx(torch.stack(single).mean().item(), rel=1e-6)


@pytest.mark.parametrize("name", ["ce", "bce", "dbce"])
def test_classes_may_be_renamed(name):
    logits, target = case(2)
    order = torch.tensor([2, 0, 1])
    renamed = torch.argsort(order)[target]
    assert FUNCTIONS[name](logits[:, order], renamed).item() == pytest.approx(FUNCTIONS[name](logits, target).item())


@every_loss
def test_gradient_is_that_of_finite_differences(name):
    logits, target = case(3, n=2, h=4, w=5, ignored=0.2)
    assert torch.autograd.gradcheck(lambda z: FUNCTIONS[name](z, target), logits.double().requires_grad_())


@every_loss
def test_everything_ignored_is_zero_with_a_gradient(name):
    logits, target = case(4)
    logits.requires_grad_()
    loss = FUNCTIONS[name](logits, torch.full_like(target, IGNORE))
    loss.backward()
    assert loss.item() == 0 and logits.grad.abs().max() == 0


@every_loss
def test_logits_at_ignored_pixels_do_not_matter(name):
    logits, target = case(5, ignored=0.4)
    changed = torch.where((target == IGNORE)[:, None], torch.tensor(1e4), logits).requires_grad_()
    loss = FUNCTIONS[name](changed, target)
    loss.backward()
    assert loss.item() == pytest.approx(FUNCTIONS[name](logits, target).item(), rel=1e-6)
    assert (
        torch.isfinite(changed.grad).all() and (changed.grad[(target == IGNORE)[:, None].expand_as(logits)] == 0).all()
    )


@every_loss
def test_ignore_index_may_be_a_class(name):
    logits, target = case(6, c=3)
    hidden = torch.where(target == 1, IGNORE, target)
    expected = FUNCTIONS[name](logits, hidden).item()
    assert FUNCTIONS[name](logits, target, ignore_index=1).item() == pytest.approx(expected, rel=1e-6)


@every_loss
def test_stays_in_float32_under_autocast(name):
    logits, target = case(7, n=1, c=2, h=64, w=64)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        inside = FUNCTIONS[name](logits, target)
    assert inside.dtype == torch.float32
    assert inside.item() == FUNCTIONS[name](logits, target).item()
    half = FUNCTIONS[name](logits.half(), target)
    assert half.dtype == torch.float32 and half.item() == pytest.approx(inside.item(), rel=2e-3)


@every_loss
def test_reduction_none_gives_the_map_that_sums_to_the_loss(name):
    logits, target = case(8, ignored=0.2)
    each = FUNCTIONS[name](logits, target, reduction="none")
    if name == "dice_ce":
        assert each.shape == (2,)
        total = each
    else:
        assert each.shape == target.shape and (each[target == IGNORE] == 0).all()
        count = 1 if name == "dbce" else (target != IGNORE).sum((1, 2))
        total = each.sum((1, 2)) / count
    assert FUNCTIONS[name](logits, target).item() == pytest.approx(total.mean().item(), rel=1e-6)


@every_loss
def test_module_and_function_agree(name):
    logits, target = case(9)
    options = {"radius": 2.5} if name == "dbce" else {}
    for reduction in ("none", "mean", "sum"):
        module = LOSSES[name](**options, reduction=reduction)
        assert torch.equal(module(logits, target), FUNCTIONS[name](logits, target, reduction=reduction))
        module = LOSSES[name](**options, reduction=reduction, ignore_index=2)
        assert torch.equal(module(logits, target), FUNCTIONS[name](logits, target, reduction=reduction, ignore_index=2))


@quick
@given(st.integers(0, 2**32 - 1), st.floats(0, 12), st.sampled_from([0.0, 0.3]))
def test_weight_map_equals_equations_3_to_5(seed, radius, ignored):
    _, target = case(seed, ignored=ignored)
    weight = weight_map(target, 4, radius)  # class 3 never occurs: it weighs nothing
    assert weight.dtype == torch.float32 and not weight.requires_grad
    expected = np.stack([numpy_weight_map(image, 4, radius) for image in target.numpy()])
    np.testing.assert_allclose(weight.numpy(), expected, rtol=1e-6)
    assert (weight[target == IGNORE] == 0).all() and (weight[target != IGNORE] > 0).all()


def test_radius_zero_is_the_inverse_area_of_the_own_class():
    _, target = case(10, n=1)
    area = torch.bincount(target.flatten())
    assert torch.equal(weight_map(target, 3, 0), (1 / (1 + area.float()))[target])


def test_radius_beyond_the_diagonal_makes_all_pixels_equal():
    _, target = case(11, h=12, w=5)
    assert torch.equal(weight_map(target, 3, 13), torch.full(target.shape, 1 / (1 + 12 * 5)))


def test_small_objects_and_their_rim_weigh_most():
    target = torch.zeros(1, 40, 40, dtype=torch.long)
    target[:, 20, 20] = 1
    weight = weight_map(target, 2, 5)[0]
    assert weight[20, 25] == weight[20, 20] == 1 / (1 + disk(5).sum())
    assert weight[20, 26] == 1 / (1 + 1600)  # the background reaches everywhere


def test_weight_map_of_a_real_mask():
    if "DBCE_DATA" in os.environ:
        path = sorted((Path(os.environ["DBCE_DATA"]) / "Kvasir-SEG" / "masks").iterdir())[7]
        mask = cv2.resize(cv2.imread(str(path), cv2.IMREAD_GRAYSCALE), (320, 320)) > 127
    else:
        from dbce.data.phantoms import polyp

        mask = polyp(7)[1] > 0
    target = torch.from_numpy(mask.astype(np.int64))[None]
    for radius in (0, 20, 47.5):
        np.testing.assert_allclose(
            weight_map(target, 2, radius)[0], numpy_weight_map(target[0].numpy(), 2, radius), rtol=1e-6
        )


def test_balanced_ce_uses_given_frequencies_and_divides_by_the_pixels():
    logits, target = case(12)
    frequencies = [0.7, 0.2, 0.1]
    weight = 1 / torch.tensor(frequencies)
    each = torch.nn.functional.cross_entropy(logits, target, weight=weight, reduction="none")
    given_frequencies = balanced_cross_entropy(logits, target, frequencies)
    assert given_frequencies.item() == pytest.approx(each.mean().item(), rel=1e-6)
    torchs_mean = torch.nn.functional.cross_entropy(logits, target, weight=weight)
    assert abs(given_frequencies.item() - torchs_mean.item()) > 0.5  # torch divides by the weights instead
    module = LOSSES["bce"](frequencies)
    assert torch.equal(module(logits, target), given_frequencies)


def test_dice_counts_only_foreground_classes_that_are_present():
    logits = torch.zeros(1, 3, 4, 4)
    target = torch.zeros(1, 4, 4, dtype=torch.long)
    assert dice_cross_entropy(logits, target).item() == pytest.approx(math.log(3))  # no foreground: plain CE
    target[0, 0] = 2
    dice = 2 * (4 / 3) / (16 / 3 + 4)
    assert dice_cross_entropy(logits, target).item() == pytest.approx(math.log(3) + 1 - dice)


def bad_cases():
    logits, target = case(0)
    yield "target's shape", (logits, target[:, None]), r"target has shape .* must be \(N, H, W\)"
    yield "target's type", (logits, target.float()), "dtype torch.float32; labels must be whole"
    yield "label too large", (logits, target + 1), r"label\(s\) \[3\].*\[0, 2\]"
    yield "label negative", (logits, target - 1), r"label\(s\) \[-1\]"
    yield "0/255 mask", (logits, target.clamp(max=1) * 255), "mask > 127"
    yield "input's shape", (logits[0], target), r"input has shape .* must be logits"
    yield "one channel", (logits[:, :1], target), "C >= 2"
    yield "input's type", (logits.long(), target), "logits must be floating point"
    yield "sizes", (logits, target[:, 1:]), "disagree"
    yield "empty", (logits[:0], target[:0]), "at least one pixel"


@every_loss
@pytest.mark.parametrize(("arguments", "words"), [pytest.param(*c[1:], id=c[0]) for c in bad_cases()])
def test_bad_input_gets_a_sentence(name, arguments, words):
    with pytest.raises(ValueError, match=words):
        FUNCTIONS[name](*arguments)


@every_loss
def test_bad_reduction_gets_a_sentence(name):
    logits, target = case(0)
    with pytest.raises(ValueError, match="reduction is 'avg'"):
        FUNCTIONS[name](logits, target, reduction="avg")


@pytest.mark.parametrize("radius", [-1, math.nan, math.inf])
def test_bad_radius_gets_a_sentence(radius):
    logits, target = case(0)
    for call in (
        lambda: dilated_balanced_cross_entropy(logits, target, radius),
        lambda: weight_map(target, 3, radius),
        lambda: LOSSES["dbce"](radius),
    ):
        with pytest.raises(ValueError, match="radius"):
            call()


@pytest.mark.parametrize("frequencies", [[0.5, 0.5], [0.0, 0.0, 0.0], [0.5, -0.1, 0.6], [math.nan] * 3, [2, 1, 1]])
def test_bad_frequencies_get_a_sentence(frequencies):
    logits, target = case(0)
    with pytest.raises(ValueError, match="class_frequencies is"):
        balanced_cross_entropy(logits, target, frequencies)


def test_public_names():
    assert set(LOSSES) == {"ce", "bce", "dice_ce", "dbce"}
    for name in dbce.__all__:
        assert hasattr(dbce, name)


def test_a_class_that_the_set_does_not_hold_weighs_nothing():
    logits, target = torch.randn(2, 3, 8, 8), torch.randint(0, 2, (2, 8, 8))
    found = balanced_cross_entropy(logits, target, [0.9, 0.1, 0.0])
    weight = torch.tensor([1 / 0.9, 10.0])[target]
    assert found.item() == pytest.approx(
        (torch.nn.functional.cross_entropy(logits, target, reduction="none") * weight).mean().item()
    )
    moved = balanced_cross_entropy(logits, target.where(target == 0, 2), [0.9, 0.1, 0.0], reduction="none")
    assert moved[target == 1].abs().max() == 0
