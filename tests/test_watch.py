"""`dbce.Watch`: what TensorBoard's files hold when they are read again, and what W&B is given."""

from __future__ import annotations

import sys
from types import ModuleType, SimpleNamespace

import cv2
import numpy as np
import pytest
import torch
from torch import nn

import dbce
from dbce.data.phantoms import polyp

SIZE, COUNT, RADIUS = 64, 2, 6
FOUND, FALSE, MISSED = (0xED, 0xED, 0xF0), (0xE5, 0x48, 0x4D), (0x3B, 0x82, 0xF6)


@pytest.fixture(scope="module")
def data() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Images, masks, and logits that are right but for noise."""
    images, masks = zip(*(polyp(seed, SIZE) for seed in range(COUNT)), strict=True)
    images = torch.from_numpy(np.stack(images)).permute(0, 3, 1, 2).float() / 255
    masks = torch.from_numpy(np.stack(masks)).long()
    noise = torch.randn(COUNT, SIZE, SIZE, generator=torch.Generator().manual_seed(0))
    z = (2 * masks - 1) * 1.5 + 2 * noise
    return images, masks, torch.stack([torch.zeros_like(z), z], dim=1)


def logged(folder) -> tuple[dict[str, dict[int, np.ndarray]], dict[str, dict[int, float]]]:
    """Images and numbers of TensorBoard's files, by tag and step."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    read = EventAccumulator(str(folder)).Reload()
    tags = read.Tags()
    images = {
        tag: {
            event.step: cv2.imdecode(np.frombuffer(event.encoded_image_string, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
            for event in read.Images(tag)
        }
        for tag in tags["images"]
    }
    return images, {tag: {event.step: event.value for event in read.Scalars(tag)} for tag in tags["scalars"]}


def close(watch: dbce.Watch) -> None:
    watch.writer.writer.close()


def test_tensorboard_reads_back_what_the_network_did(data, tmp_path):
    images, masks, logits = data
    watch = dbce.Watch(images, masks, tmp_path, radius=RADIUS, every=10)
    watch(0, logits, loss=0.5)
    watch(7, logits, loss=0.25)
    close(watch)
    pictures, numbers = logged(tmp_path)
    panels = {"image", "labels", "prediction", "loss", "weight", "gradient"}
    assert {tag.removeprefix("dbce/maps/") for tag in pictures} == panels
    assert all(list(steps) == [0] and steps[0].shape == (SIZE, COUNT * SIZE, 3) for steps in pictures.values())
    assert numbers["dbce/loss"] == {0: 0.5, 7: 0.25}
    truth = np.hstack(masks.numpy()) == 1
    found = np.hstack((logits[:, 1] > 0).numpy())
    wanted = np.full((*truth.shape, 3), (8, 8, 10))
    wanted[found & truth], wanted[found & ~truth], wanted[~found & truth] = FOUND, FALSE, MISSED
    np.testing.assert_array_equal(pictures["dbce/maps/prediction"][0], wanted)
    dice = [
        2 * float((f & t).sum()) / float(f.sum() + t.sum()) for f, t in zip(logits[:, 1] > 0, masks == 1, strict=True)
    ]
    assert numbers["dbce/dice"] == {0: pytest.approx(np.mean(dice), abs=1e-6)}


def test_the_maps_are_weight_times_cross_entropy_and_its_gradient(data, tmp_path):
    images, masks, logits = data
    watch = dbce.Watch(images, masks, tmp_path, radius=RADIUS)
    watch(0, logits)
    close(watch)
    pictures, _ = logged(tmp_path)
    leaf = logits.clone().requires_grad_()
    weight = dbce.weight_map(masks, 2, RADIUS)
    loss = weight * nn.functional.cross_entropy(leaf, masks, reduction="none")
    (slope,) = torch.autograd.grad(loss.sum(), leaf)
    for k in range(COUNT):
        part = slice(k * SIZE, (k + 1) * SIZE)
        for name, values in (("loss", loss.detach()[k]), ("weight", weight[k])):
            shown = pictures[f"dbce/maps/{name}"][0][:, part].sum(axis=2, dtype=int).ravel()
            order = np.argsort(values.numpy().ravel(), kind="stable")
            assert (np.diff(shown[order]) >= -6).all(), name  # magma grows brighter, within rounding
            assert shown.argmax() == values.numpy().argmax() or shown.max() == shown[values.numpy().argmax()]
        push = pictures["dbce/maps/gradient"][0][:, part].astype(int)
        up = slope[k, 1].numpy()
        strong = np.abs(up) > 0.1 * np.abs(up).max()
        assert ((push[..., 2] > push[..., 0]) == (up < 0))[strong].all()  # blue raises, red lowers


class Net(nn.Module):
    """Draws numbers and keeps statistics while it learns."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8), nn.Dropout(0.5), nn.ReLU())
        self.head = nn.Conv2d(8, channels, 1)

    def forward(self, images):
        return self.head(self.body(images))


def test_a_network_is_left_as_it_was_and_one_channel_is_as_good_as_two(data, tmp_path):
    images, masks, _ = data
    torch.manual_seed(0)
    one, two = Net(1), Net(2)
    two.body.load_state_dict(one.body.state_dict())
    with torch.no_grad():
        two.head.weight.copy_(torch.cat([torch.zeros_like(one.head.weight), one.head.weight]))
        two.head.bias.copy_(torch.cat([torch.zeros(1), one.head.bias]))
    one.train()
    one.body[1].eval()  # a frozen normalisation stays frozen
    before = {name: value.clone() for name, value in one.state_dict().items()}
    drawn = torch.get_rng_state()
    for name, network in (("one", one), ("two", two)):
        watch = dbce.Watch(images, masks[:, None], tmp_path / name, radius=RADIUS)
        watch(3, network)
        close(watch)
    assert torch.equal(drawn, torch.get_rng_state())
    assert one.training and one.body[2].training and not one.body[1].training
    assert all(torch.equal(value, before[name]) for name, value in one.state_dict().items())
    (of_one, numbers), (of_two, same) = logged(tmp_path / "one"), logged(tmp_path / "two")
    assert numbers == same and all((of_one[tag][3] == of_two[tag][3]).all() for tag in of_one)


def test_several_classes_have_label_maps_and_no_gradient(tmp_path):
    masks = torch.zeros(1, 40, 48, dtype=torch.long)
    masks[0, 5:20, 5:20], masks[0, 25:35, 10:30], masks[0, 0, 0] = 1, 2, 255
    logits = nn.functional.one_hot(masks.where(masks < 3, 0), 3).permute(0, 3, 1, 2).float() * 5
    watch = dbce.Watch(torch.rand(1, 3, 40, 48), masks, tmp_path, radius=4)
    watch(0, [logits * 0, logits])
    close(watch)
    pictures, numbers = logged(tmp_path)
    assert "dbce/maps/gradient" not in pictures and numbers["dbce/dice"][0] == pytest.approx(1)
    shown = pictures["dbce/maps/prediction"][0]
    assert len({tuple(shown[y, x]) for y, x in ((2, 2), (10, 10), (30, 20))}) == 3


@pytest.fixture
def wandb(monkeypatch) -> ModuleType:
    """A module of its name, whose run keeps what it is given."""
    module = ModuleType("wandb")
    module.calls = []
    module.Image = lambda pixels: SimpleNamespace(pixels=pixels)
    module.run = SimpleNamespace(log=lambda values, step: module.calls.append((step, values)))
    monkeypatch.setitem(sys.modules, "wandb", module)
    return module


def test_a_run_of_wandb_gets_a_step_in_one_call(data, wandb):
    images, masks, logits = data
    watch = dbce.Watch((images * 255).byte().permute(0, 2, 3, 1), masks, "wandb", every=2, tag="val")
    watch(0, logits, loss=1.5)
    watch(1, logits, loss=1.25)
    watch(3, logits)
    assert [step for step, _ in wandb.calls] == [0, 1]
    values = wandb.calls[0][1]
    assert values["val/loss"] == 1.5 and wandb.calls[1][1] == {"val/loss": 1.25}
    assert values["val/maps/prediction"].pixels.shape == (SIZE, COUNT * SIZE, 3)
    np.testing.assert_array_equal(
        values["val/maps/image"].pixels[:, :SIZE], (images[0] * 255).round().byte().permute(1, 2, 0).numpy()
    )
    own = []
    dbce.Watch(images, masks, SimpleNamespace(log=lambda values, step: own.append(step)))(5, logits)
    assert own == [5]
    wandb.run = None
    with pytest.raises(ValueError, match=r"no run has begun; call wandb.init"):
        dbce.Watch(images, masks, "wandb")


@pytest.mark.parametrize(("writer", "module"), [("wandb", "wandb"), ("runs/mine", "tensorboard")])
def test_what_is_not_installed_is_named_with_its_extra(data, monkeypatch, writer, module):
    monkeypatch.setitem(sys.modules, module, None)
    words = rf"{module} is not installed, which .* needs; install the extra {module}: pip install \"dbce\[{module}\]\""
    with pytest.raises(ModuleNotFoundError, match=words):
        dbce.Watch(data[0], data[1], writer)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"images": torch.zeros(2, 1, SIZE, SIZE)}, r"images is \(2, 1, 64, 64\); it must be \(N, 3, H, W\)"),
        ({"masks": torch.zeros(2, 8, 8)}, r"masks is \(2, 8, 8\); it must be \(2, 64, 64\)"),
        ({"masks": torch.full((2, SIZE, SIZE), 0.5)}, "it must hold whole numbers"),
        ({"every": 0}, "every is 0"),
        ({"weighting": "balanced_set"}, "needs frequencies of a data set"),
        ({"weighting": "mine"}, "weighting is 'mine'; it must be one of"),
        ({"writer": 3}, "writer is a int"),
    ],
)
def test_what_does_not_fit_is_one_sentence(data, change, words):
    given = {"images": data[0], "masks": data[1], "writer": SimpleNamespace(log=print), **change}
    with pytest.raises(ValueError, match=words):
        dbce.Watch(given.pop("images"), given.pop("masks"), given.pop("writer"), **given)


def test_logits_of_another_shape_are_refused(data):
    watch = dbce.Watch(data[0], data[1], SimpleNamespace(log=print))
    with pytest.raises(ValueError, match=r"answers with \(2, 3, 64, 64\) for 2 images of 64 x 64 px and 2 classes"):
        watch(0, torch.zeros(2, 3, SIZE, SIZE))
    with pytest.raises(ValueError, match="answers with str; give its logits"):
        watch(0, "logits")
