"""A loss of one's own trains, under its own name, and what it returns wrongly is told in a sentence."""

from __future__ import annotations

import re

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from scipy import ndimage
from torch import Tensor, nn

import dbce
from dbce.__main__ import main
from dbce.data.datasets import Dataset
from dbce.own_loss import OwnLoss
from dbce.registry import LOSSES, Loss, loss_of
from dbce.train.checkpoints import collect_networks, load_checkpoint
from dbce.train.recipe import Recipe, build_loss
from dbce.train.training import train
from examples import border_losses, own_losses

HERE = "tests.test_own_loss"


def squares(logits: Tensor, target: Tensor) -> Tensor:
    """A map: the square of what is left of the probability."""
    return (1 - logits.softmax(dim=1).gather(1, target[:, None])[:, 0]) ** 2


def shifted(logits: Tensor, target: Tensor, radius: float, class_frequencies: list[float]) -> Tensor:
    return F.cross_entropy(logits, target) + radius + sum(class_frequencies)


def masked(logits: Tensor, target: Tensor, ignore_index: int) -> Tensor:
    return F.cross_entropy(logits, target, ignore_index=ignore_index, reduction="none")


class Half(nn.Module):
    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(input, target) / 2


def batch(seed: int = 0, classes: int = 2) -> tuple[Tensor, Tensor]:
    generator = torch.Generator().manual_seed(seed)
    target = torch.randint(0, classes, (3, 20, 24), generator=generator)
    return torch.randn(3, classes, 20, 24, generator=generator), target


@pytest.mark.parametrize("reference", [f"{HERE}:squares", f"{HERE}:Half", "examples.own_losses:tversky"])
def test_a_scalar_and_a_map_are_the_mean_of_what_the_function_says(reference):
    logits, target = batch()
    loss = loss_of(reference)()
    by_hand = {"squares": lambda: squares(logits, target).mean(), "Half": lambda: Half()(logits, target)}
    expected = by_hand.get(reference.partition(":")[2], lambda: own_losses.tversky(logits, target))()
    torch.testing.assert_close(loss(logits, target), expected)


def test_the_map_is_there_where_the_function_gives_one():
    logits, target = batch()
    torch.testing.assert_close(OwnLoss(squares).map(logits, target), squares(logits, target))
    assert OwnLoss(F.cross_entropy).map(logits, target) is None


def test_ignored_pixels_count_in_no_mean():
    logits, target = batch()
    target[:, :7] = 255
    assert loss_of(f"{HERE}:masked").needs == {"ignore_index"}
    value = loss_of(f"{HERE}:masked")(ignore_index=255)(logits, target)
    torch.testing.assert_close(value, F.cross_entropy(logits, target, ignore_index=255))


def dataset(ignored: bool = False) -> Dataset:
    generator = np.random.default_rng(0)
    images = generator.integers(0, 255, (6, 32, 32, 3), dtype=np.uint8)
    labels = (images[..., 0] > 200).astype(np.uint8)
    labels[0, 0, 0] = 255 if ignored else 0
    return Dataset([str(number) for number in range(6)], images, labels)


def recipe(loss: str) -> Recipe:
    return Recipe(loss=loss, encoder="mobilenet_v2", encoder_weights=None, size=32, epochs=1, batch_size=3)


def test_a_function_gets_the_radius_and_the_frequencies_that_it_has_parameters_for():
    data, (logits, target) = dataset(), batch()
    value = build_loss(recipe(f"{HERE}:shifted"), data)(logits, target)
    expected = F.cross_entropy(logits, target) + 20 * 32 / 320 + sum(data.class_frequencies(2))
    torch.testing.assert_close(value, expected)


def test_a_loss_of_ones_own_trains_and_is_called_by_its_name(tmp_path):
    path = train(recipe(f"{HERE}:squares"), dataset(), tmp_path, device="cpu")
    assert path.name == "squares.safetensors"
    assert load_checkpoint(path).recipe["loss"] == f"{HERE}:squares"
    assert list(collect_networks(tmp_path)["polyp"]) == ["squares"]


def test_ignored_pixels_that_a_loss_does_not_know_are_refused_before_training():
    with pytest.raises(ValueError, match=r"ignored pixels \(label 255\), and .*:squares has no parameter ignore_index"):
        build_loss(recipe(f"{HERE}:squares"), dataset(ignored=True))
    build_loss(recipe(f"{HERE}:masked"), dataset(ignored=True))
    build_loss(recipe("ce"), dataset(ignored=True))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (lambda logits, target: 1.0, "returned float; it must return a floating-point scalar"),
        (lambda logits, target: logits, r"returned (3, 2, 20, 24) torch.float32; .* a map (3, 20, 24)"),
        (lambda logits, target: target, "returned (3, 20, 24) torch.int64"),
    ],
)
def test_what_a_function_returns_is_checked(wrong, words):
    with pytest.raises(ValueError, match=re.escape(words).replace(r"\.\*", ".*")):
        OwnLoss(wrong)(*batch())


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        ("hinge", "loss is 'hinge'; it must be one of ce, bce, dice_ce, dbce, or package.module:function"),
        ("examples.own_losses:gone", "names nothing"),
        (f"{HERE}:HERE", "a str; it must be a function of (logits, target)"),
    ],
)
def test_a_reference_to_nothing_is_one_sentence(reference, words, capsys):
    with pytest.raises(ValueError, match=re.escape(words)):
        loss_of(reference)
    with pytest.raises(SystemExit):
        main(["train", "polyp", "--data", "x", "--loss", reference])
    assert words in capsys.readouterr().err


def test_a_registered_loss_is_one_of_the_losses(monkeypatch):
    monkeypatch.setattr(dbce.registry, "LOSSES", dict(LOSSES))
    dbce.register_loss(Loss("squares", "Squares", "Squares", f"{HERE}:squares"))
    assert loss_of("squares").title == "Squares" and recipe("squares").loss == "squares"
    with pytest.raises(ValueError, match="'ce' is taken by CE"):
        dbce.register_loss(Loss("ce", "Mine", "Mine", f"{HERE}:squares"))
    with pytest.raises(ValueError, match="letters, digits and _"):
        dbce.register_loss(Loss("my loss", "Mine", "Mine", f"{HERE}:squares"))


@pytest.mark.parametrize("name", ["focal", "tversky", "lovasz", "dice_focal", "dilated_set"])
def test_the_examples_fall_when_they_are_followed(name):
    logits, target = batch()
    loss = loss_of(f"examples.own_losses:{name}")
    loss = loss(radius=3) if loss.has_radius else loss()
    logits.requires_grad_()
    start = loss(logits, target)
    (slope,) = torch.autograd.grad(start, logits)
    assert slope.abs().sum() > 0 and loss(logits - 0.5 * slope / slope.abs().max(), target) < start


def test_the_focal_example_is_the_formula():
    logits, target = batch()
    true = logits.softmax(dim=1).gather(1, target[:, None])[:, 0]
    torch.testing.assert_close(own_losses.focal(logits, target), -((1 - true) ** 2) * true.log())


def test_the_dilated_example_weighs_by_the_largest_class_that_covers():
    logits, target = batch(1)
    target[0] = 0
    value = own_losses.dilated_set(logits, target, 2.5)
    weight = np.zeros(target.shape)
    for cls, share in enumerate((0.9191, 0.2463)):
        for image, labels in enumerate(target.numpy()):
            if (labels == cls).any():
                near = ndimage.distance_transform_edt(labels != cls) <= 2.5
                weight[image] = np.maximum(weight[image], near / share)
    expected = F.cross_entropy(logits, target, reduction="none") * torch.from_numpy(weight).float()
    torch.testing.assert_close(value, expected)


def test_weights_of_unet_are_one_over_the_area_where_no_other_object_is_near():
    logits, target = batch()
    target[:] = 0
    target[:, 5:9, 5:9] = 1
    weight = torch.where(target == 1, 1 / 16, 1 / (20 * 24 - 16))
    expected = F.cross_entropy(logits, target, reduction="none") * weight * 20 * 24
    torch.testing.assert_close(border_losses.unet(logits, target), expected)


def test_the_boundary_loss_is_least_where_the_object_is_met_and_grows_with_the_distance():
    _, target = batch()
    target[:] = 0
    target[:, 6:14, 6:14] = 1

    def at(shift: int) -> float:
        found = torch.roll(target, shift, dims=2)
        return float(border_losses.boundary(torch.stack([-9.0 * found, 9.0 * found], dim=1), target))

    assert at(0) < at(1) < at(3) < at(5)
    inside = target[0].numpy() > 0
    distance = border_losses.signed_distance(inside)
    points, outline = np.argwhere(~inside), np.argwhere(inside)
    nearest = [np.sqrt(((outline - point) ** 2).sum(axis=1)).min() for point in points]
    np.testing.assert_allclose(distance[~inside], nearest)
    assert (distance[inside] < 0).all() and not border_losses.signed_distance(np.zeros((3, 3), bool)).any()
