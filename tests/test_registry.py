"""The registry of losses: it says of each what its module takes, and costs no torch."""

from __future__ import annotations

import inspect
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import dbce
from dbce import losses
from dbce.__main__ import main
from dbce.registry import LOSSES, METHOD, Loss, resolve, short_title, title

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("key", LOSSES)
def test_a_loss_needs_what_its_module_takes_beyond_the_others(key):
    loss = LOSSES[key]
    common = {"ignore_index", "reduction", "channel_target", "options", "spacing"}
    assert loss.needs == set(inspect.signature(resolve(loss.module)).parameters) - common
    assert loss.key == key and title(key) == loss.title and len(short_title(key)) <= len(loss.title)
    assert isinstance(loss(), torch.nn.Module)


def test_the_registry_is_one_wherever_it_is_imported_from():
    assert dbce.LOSSES is losses.LOSSES is LOSSES and METHOD in LOSSES
    assert title("my-own") == short_title("my-own") == "my-own"


def test_a_loss_of_ones_own_is_an_entry():
    """A class that takes a radius and knows nothing of several outputs."""
    own = Loss("own", "Own", "Own", f"{__name__}:Own", frozenset({"radius"}))
    assert own.has_radius and own(radius=3).radius == 3
    with pytest.raises(ValueError, match=r"'tests.test_registry:Other' names nothing .* the form is package\.module"):
        Loss("x", "X", "X", "tests.test_registry:Other")()
    for reference in ("tests.test_registry", "no.such.module:Own", ":Own", "os:"):
        with pytest.raises(ValueError, match="names nothing"):
            resolve(reference)


class Own(torch.nn.Module):
    def __init__(self, radius: float) -> None:
        super().__init__()
        self.radius = radius


@pytest.mark.parametrize("key", LOSSES)
@pytest.mark.parametrize("channel_target", [False, True])
def test_what_outputs_of_one_target_share_changes_no_loss(key, channel_target):
    generator = torch.Generator().manual_seed(1)
    logits = torch.randn(2, 3, 12, 17, generator=generator)
    target = torch.randint(0, 3, (2, 12, 17), generator=generator)
    target[0, :3] = 255
    loss = LOSSES[key](ignore_index=255, channel_target=channel_target)
    target = target[:, None] if channel_target else target
    assert torch.equal(loss(logits, target), loss(logits, target, **loss.shared(target, 3)))


def test_the_command_line_knows_the_losses_without_torch():
    parse = "import sys, dbce.__main__; from dbce.commands.parsers import build_parser; build_parser()"
    code = f"{parse}; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ("train polyp --loss ce --radius 20", "--radius is 20; CE has no radius. Leave --radius out, or choose"),
        (
            "campaign organs --losses bce dice_ce --radii 5 10",
            "--radii is 5 10; Balanced CE and Dice + CE have no radius. Leave --radii out, or choose a loss that has "
            "one: dbce.",
        ),
    ],
)
def test_a_radius_for_losses_that_have_none_is_refused(capsys, arguments, sentence):
    assert main([*arguments.split(), "--data", "nowhere"]) == 2
    assert sentence in capsys.readouterr().err


def test_a_radius_for_some_of_the_losses_is_not(capsys):
    assert main(["campaign", "polyp", "--losses", "ce", "dbce", "--radii", "5", "--data", "nowhere"]) == 2
    said = capsys.readouterr().err
    assert "nowhere" in said and "radius" not in said
