"""Many runs from one command: every combination of losses, seeds and radii, resumable, one view of the progress."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from torch import nn
from tqdm import tqdm

from dbce.data.datasets import Dataset, pack_dataset
from dbce.registry import loss_of
from dbce.tasks import TASKS
from dbce.train.recipe import Recipe
from dbce.train.run_files import read_log
from dbce.train.training import train

Validator = Callable[[Dataset, str, int], Callable[[nn.Module], dict[str, float]]]
"""As `dbce.scores.evaluation.validator`."""


def combinations(
    losses: Sequence[str], seeds: Sequence[int], radii: Sequence[float] | None
) -> list[tuple[str, int, float | None]]:
    """(loss, seed, radius) of every run; losses without a radius are run once a seed, whatever the radii."""
    return [
        (loss, seed, radius)
        for seed in seeds
        for loss in losses
        for radius in (radii if radii and loss_of(loss).has_radius else [None])
    ]


def folder_of(recipe: Recipe, out: Path) -> Path:
    """Where a run lies: ``dbce-s1``, or ``dbce-s1-r40`` with another radius than the task's."""
    loss = loss_of(recipe.loss)
    plain = not loss.has_radius or recipe.radius == TASKS[recipe.task].radius
    return out / (f"{loss.key}-s{recipe.seed}" + ("" if plain else f"-r{recipe.radius:g}"))


def is_done(recipe: Recipe, out: Path) -> bool:
    """Whether the run has written its network."""
    return (folder_of(recipe, out) / f"{loss_of(recipe.loss).key}.safetensors").is_file()


def run_campaign(
    recipes: Sequence[Recipe],
    load: Callable[[], tuple[Dataset, Dataset | None]],
    out: Path,
    *,
    source: str,
    device: str | None = None,
    jobs: int = 1,
    validator: Validator | None = None,
    validate_every: int = 5,
) -> list[Path]:
    """Train what is not done yet; give the same command again after any interruption.

    One after the other, each run is spread over all processes of ``accelerate launch``. With ``jobs`` > 1 that many
    runs go side by side instead, each on one core (the fastest way on a CPU).

    Args:
        recipes: what to train.
        load: reads the training set, and the validation set if there is one; called once, and only if something is
            left to do.
        out: folder of the runs.
        source: name of the training data, for the record.
        device: "cpu" to stay off the GPU.
        jobs: runs side by side.
        validator: makes, of a validation set, a task and a size, what scores a network; at the top level of its module.
        validate_every: epochs from one validation to the next.

    Returns:
        Folders of the finished runs.

    Raises:
        ValueError: a run failed; its folder's ``log.txt`` says why.
    """
    left = [recipe for recipe in recipes if not is_done(recipe, out)]
    if left:
        dataset, validation = load()
        options: dict[str, Any] = {"source": source, "device": device, "validate_every": validate_every}
        if jobs > 1:
            _side_by_side(left, dataset, validation, validator, out, options, jobs)
        else:
            for number, recipe in enumerate(left, start=1):
                if os.environ.get("RANK", "0") == "0":
                    print(f"run {number} of {len(left)}: {folder_of(recipe, out)}", file=sys.stderr)
                scored = validator(validation, recipe.task, recipe.size) if validator and validation else None
                train(recipe, dataset, folder_of(recipe, out), validate=scored, **options)
    return [folder_of(recipe, out) for recipe in recipes if is_done(recipe, out)]


_RUN = """
import importlib, json, sys
from dbce.data import datasets
from dbce.train.recipe import Recipe
from dbce.train.training import train
recipe, packed, scorer, folder, options = json.loads(sys.argv[1])
scored = None
if scorer:
    module, name, held = scorer
    scored = getattr(importlib.import_module(module), name)(datasets.load_dataset(held), recipe["task"], recipe["size"])
train(Recipe(**recipe), datasets.load_dataset(packed, recipe["size"]), folder, validate=scored, **options)
"""


def _side_by_side(
    recipes: Sequence[Recipe],
    dataset: Dataset,
    validation: Dataset | None,
    validator: Validator | None,
    out: Path,
    options: dict[str, Any],
    jobs: int,
) -> None:
    """A process a run, ``jobs`` at a time; the epochs of all of them move one bar."""
    out.mkdir(parents=True, exist_ok=True)
    packed, held = out / "training-set.npz", out / "validation-set.npz"
    pack_dataset(dataset, packed, quality=None)
    scorer = None
    if validator and validation:
        pack_dataset(validation, held, quality=None)
        scorer = [validator.__module__, validator.__qualname__, str(held)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    waiting = list(recipes)
    running: dict[Path, subprocess.Popen] = {}
    failed: Path | None = None
    total = sum(recipe.epochs for recipe in recipes)
    try:
        with tqdm(total=total, unit="epoch", desc=f"{len(recipes)} runs") as bar:
            while (waiting and failed is None) or running:
                while waiting and len(running) < jobs and failed is None:
                    recipe = waiting.pop(0)
                    folder = folder_of(recipe, out)
                    folder.mkdir(parents=True, exist_ok=True)
                    order = json.dumps([asdict(recipe), str(packed), scorer, str(folder), options])
                    with (folder / "log.txt").open("a") as log:
                        command = [sys.executable, "-c", _RUN, order]
                        running[folder] = subprocess.Popen(command, stdout=log, stderr=log, env=environment)
                time.sleep(0.5)
                for folder, process in list(running.items()):
                    if process.poll() is not None:
                        del running[folder]
                        failed = folder if process.returncode else failed
                bar.n = sum(len(read_log(folder_of(recipe, out))) for recipe in recipes)
                bar.refresh()
    finally:
        for process in running.values():  # a keyboard interrupt: the runs resume with the next call
            process.terminate()
        for file in (packed, held):
            file.unlink(missing_ok=True)
    if failed is not None:
        raise ValueError(f"the run in {failed} failed; {failed / 'log.txt'} says why. The others went on as they were.")
