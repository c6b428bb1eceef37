"""The examples train: the loss they print falls. Each stays short enough to read at a glance."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
import torch

from dbce import weight_map

FOLDER = Path(__file__).resolve().parent.parent / "examples"


def example(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, FOLDER / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_an_example_is_short(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) < 40


@pytest.mark.parametrize("name", ["plain_pytorch", "smp_unet", "monai_unet", "lightning_module"])
def test_the_loss_falls(name):
    losses = example(name).main(steps=8)
    assert len(losses) == 8 and all(torch.isfinite(torch.tensor(losses)))
    assert losses[-1] < 0.85 * losses[0]


def test_a_watched_training_is_the_same_training(tmp_path):
    watched = example("watched_training").main(steps=4, folder=str(tmp_path))
    assert watched == example("smp_unet").main(steps=4) and any(tmp_path.iterdir())


def test_the_nnunet_trainer_builds_its_loss_for_every_resolution():
    module = example("nnunet_trainer")
    trainer = module.nnUNetTrainerDBCE.__new__(module.nnUNetTrainerDBCE)
    trainer.configuration_manager = SimpleNamespace(patch_size=[8, 16, 16], spacing=[5.0, 1.0, 1.0])
    trainer.label_manager = SimpleNamespace(ignore_label=None)
    trainer.enable_deep_supervision = True
    trainer._get_deep_supervision_scales = lambda: [[1, 1, 1], [1, 0.5, 0.5], [0.5, 0.25, 0.25]]
    loss = trainer._build_loss()
    torch.manual_seed(0)
    sizes = [(8, 16, 16), (8, 8, 8), (4, 4, 4)]
    outputs = [torch.randn(2, 3, *size) for size in sizes]
    targets = [torch.randint(0, 3, (2, 1, *size)).float() for size in sizes]
    spacings = [(5.0, 1.0, 1.0), (5.0, 2.0, 2.0)]
    expected = 0
    for output, target, spacing, share in zip(outputs, targets, spacings, (2 / 3, 1 / 3), strict=False):
        label = target[:, 0].long()
        pixel = torch.nn.functional.cross_entropy(output, label, reduction="none")
        expected += share * (weight_map(label, 3, 10, spacing=spacing) * pixel).sum(dim=(1, 2, 3)).mean()
    torch.testing.assert_close(loss(outputs, targets), expected)
