"""What several commands are given, and how it is read."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbce.registry import LOSSES, loss_of, title
from dbce.tasks import TASKS, WORK_SIZE, Task

if TYPE_CHECKING:
    from dbce.data.datasets import Dataset
    from dbce.scores.tallies import Scenes
    from dbce.train.checkpoints import Checkpoint
    from dbce.train.guests import Reading


def progress(**options: Any) -> Callable:
    """What wraps an iteration in a bar of its progress, or makes one."""
    from tqdm import tqdm

    return partial(tqdm, **options)


def load_given(
    args: argparse.Namespace, path: str, size: int = WORK_SIZE, progress: Callable = iter, **part: Any
) -> Dataset:
    """A data set as the options say, summed up on standard error before work on it starts."""
    from dbce.data import datasets
    from dbce.data.survey import of_labels

    classes = TASKS[args.task].num_classes
    dataset = datasets.load_dataset(path, size, progress, labels_in=args.labels, num_classes=classes, **part)
    print(dataset.survey or of_labels(Path(path).name, dataset.labels), file=sys.stderr)
    return dataset


def part_of(args: argparse.Namespace, part: str) -> str:
    """The part of a data set that a command takes: this one of the task's own set, all of any other, or as asked."""
    from dbce.data import datasets

    return args.part or (part if datasets.holds_own_split(args.data, TASKS[args.task]) else "all")


def test_set(args: argparse.Namespace) -> tuple[Dataset, str]:
    """The images that a task is scored on, and what they are called."""
    task, part = TASKS[args.task], part_of(args, "test")
    dataset = load_given(args, args.data, part=part, held_out=task.held_out)
    name = Path(args.data).resolve().name
    split = part != "all" and (task.held_out or task.is_scan)
    which = f"the {part} part; --part all takes every one" if split else "all of it"
    print(f"{len(dataset)} {task.seen} of {name}: {which}", file=sys.stderr)
    return dataset, f"{name} ({len(dataset)} held-out images)" if part == "test" and task.held_out else name


def scenes_given(args: argparse.Namespace, dataset: Dataset) -> Scenes:
    """The scenes of a test set: scans, or images in the groups of its ``sequences.csv``."""
    from dbce.data.datasets import scan_of
    from dbce.scores.evidence import groups
    from dbce.scores.tallies import scenes_of

    scans = TASKS[args.task].is_scan
    members = list(dict.fromkeys(map(scan_of, dataset.names))) if scans else groups(dataset.names, args.data)
    return scenes_of(dataset, args.task, members)


def figure_kind(name: str) -> str:
    """What kind of figure a file's name asks for."""
    from dbce.study import export

    kind = Path(name).suffix[1:].lower()
    if kind not in export.FIGURES:
        raise ValueError(f"the figure would be written to {name}; the name must end in .pdf, .svg or .png.")
    return kind


def named_given(option: str, given: Sequence[str], example: str = "ours=predictions/ours") -> dict[str, str]:
    """``NAME=VALUE`` several times -> by name."""
    found: dict[str, str] = {}
    for text in given:
        name, sign, value = text.partition("=")
        if not (name and sign and value):
            raise ValueError(f"{option} is given {text!r}; the form is NAME=VALUE, as in {example}.")
        if name in found:
            raise ValueError(f"{option} names {name!r} twice; give every set a name of its own.")
        found[name] = value
    return found


def networks_given(args: argparse.Namespace, sets: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Reading]]:
    """What the options say of networks of somebody's own: where they lie, and how they are read, by name.

    Raises:
        ValueError: an option of another form, or for a network that is not named.
    """
    networks = named_given("--network", args.network, "mine=unet.onnx")
    told: dict[str, dict[str, Any]] = {name: {} for name in networks}
    for option, field in (
        ("normalise", "normalise"),
        ("channels", "channels"),
        ("input_size", "size"),
        ("values", "values"),
    ):
        flag = f"--{option.replace('_', '-')}"
        for name, value in named_given(
            flag, getattr(args, option), "mine=320" if field == "size" else "mine=..."
        ).items():
            if name not in told:
                if option == "values" and name in sets:
                    continue
                known = " and ".join([*(["sets"] if sets else []), *(["networks"] if networks or not sets else [])])
                raise ValueError(f"{flag} names {name!r}; the {known} are {', '.join([*sets, *networks]) or 'none'}.")
            if field == "size" and not value.isdecimal():
                raise ValueError(f"{flag} is {name}={value}; it must be a number of pixels.")
            told[name][field] = int(value) if field == "size" else value
    if not networks:
        return {}, {}
    from dbce.train.guests import Reading

    return networks, {name: Reading(**fields) for name, fields in told.items()}


def guests_given(
    args: argparse.Namespace, task: Task, beside: Iterable[str] = (), sets: Sequence[str] = ()
) -> dict[str, Checkpoint]:
    """The networks of somebody's own that the options name, after it was said how they are read."""
    networks, readings = networks_given(args, sets)
    if not networks:
        return {}
    from dbce.hub.guests import load_guests
    from dbce.train.guests import about_guests

    found = load_guests(networks, task, readings, beside)
    for name, guest in found.items():
        print(about_guests({name: guest.about}), file=sys.stderr)
    return found


def check_radius(option: str, given: list[float], losses: Sequence[str]) -> None:
    """A radius for losses that have none would silently change nothing."""
    if given and not any(loss_of(loss).has_radius for loss in losses):
        values = " ".join(f"{radius:g}" for radius in given)
        have = ", ".join(key for key, loss in LOSSES.items() if loss.has_radius)
        raise ValueError(
            f"{option} is {values}; {' and '.join(map(title, losses))} {'has' if len(losses) == 1 else 'have'} no "
            f"radius. Leave {option} out, or choose a loss that has one: {have}."
        )
