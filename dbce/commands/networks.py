"""Commands that train networks, and bring them from place to place."""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dbce.commands.given import check_radius, figure_kind, load_given, part_of, progress, test_set
from dbce.registry import LOSSES, loss_of
from dbce.tasks import TASKS, WORK_SIZE

if TYPE_CHECKING:
    from dbce.data.datasets import Dataset
    from dbce.train.recipe import Recipe


def _recipe(args: argparse.Namespace, loss: str, seed: int, radius: float | None) -> Recipe:
    """The recipe that the options of `train` and `campaign` describe."""
    from dbce.train.recipe import Recipe

    task = TASKS[args.task]
    return Recipe(
        task=args.task,
        loss=loss,
        encoder=args.encoder,
        encoder_weights=None if args.encoder_weights == "none" else args.encoder_weights,
        size=args.size,
        epochs=task.epochs if args.epochs is None else args.epochs,
        batch_size=args.batch_size,
        optimizer=args.optimizer,
        lr=args.lr,
        weight_decay=args.weight_decay,
        radius=task.radius if radius is None else radius,
        seed=seed,
        augment=not args.no_augment,
        hold_out=args.hold_out,
    )


def _training_set(args: argparse.Namespace) -> tuple[Dataset, Dataset | None]:
    """The images to train on, at their size, and those to validate on, if any, at ``WORK_SIZE``."""
    if args.hold_out and args.validate:
        raise ValueError("--hold-out and --validate both name a validation set; give one of them.")
    reading = progress(desc="reading", unit="img")
    held_out = TASKS[args.task].held_out
    size = WORK_SIZE if args.hold_out else args.size
    dataset, validation = (
        load_given(args, args.data, size, reading, part=part_of(args, "train"), held_out=held_out),
        None,
    )
    if args.hold_out:
        dataset, validation = dataset.hold_out(args.hold_out)
    elif args.validate:
        validation = load_given(args, args.validate, progress=reading)
    return dataset.at(args.size), validation


def train_command(args: argparse.Namespace) -> None:
    """Train one network."""
    from dbce.scores.evaluation import validator
    from dbce.train import training

    check_radius("--radius", [] if args.radius is None else [args.radius], [args.loss])
    recipe = _recipe(args, args.loss, args.seed, args.radius)
    folder = Path(args.out or f"runs/{args.task}/{loss_of(args.loss).key}")
    watched = None
    if args.watch is not None:
        from dbce.offline.watch import page_path

        watched = page_path(args.watch or None, folder)
    dataset, validation = _training_set(args)
    source = Path(args.data).resolve().name
    path = training.train(
        recipe,
        dataset,
        folder,
        source=source,
        device=args.device,
        backend=args.compile,
        validate=None if validation is None else validator(validation, args.task, args.size),
        validate_every=args.validate_every,
        watch=_watcher(watched, recipe, dataset, validation, source, args.watch_every) if watched else None,
    )
    print(f"wrote {path}")


def _watcher(
    path: Path, recipe: Recipe, dataset: Dataset, validation: Dataset | None, source: str, every: int
) -> Callable[..., None]:
    """What writes the page of a network while it learns, of images that it does not learn from if there are some."""
    from dbce.offline.watch import WatchPage, spread_images

    shown = spread_images(validation or dataset)
    part = "of the validation set" if validation else "that it is trained on"
    frequencies = dataset.class_frequencies(TASKS[recipe.task].num_classes)
    return WatchPage(path, recipe, shown, data=source, part=part, every=every, frequencies=frequencies)


def campaign_command(args: argparse.Namespace) -> None:
    """Train every combination of losses, seeds and radii that is not done yet."""
    from dbce.scores.evaluation import validator
    from dbce.train import campaign

    check_radius("--radii", args.radii or [], args.losses)
    recipes = [_recipe(args, *choice) for choice in campaign.combinations(args.losses, args.seeds, args.radii)]
    out = Path(args.out or f"runs/{args.task}")
    done = campaign.run_campaign(
        recipes,
        partial(_training_set, args),
        out,
        source=Path(args.data).resolve().name,
        device=args.device,
        jobs=args.jobs,
        validator=validator,
        validate_every=args.validate_every,
    )
    print(f"{len(done)} of {len(recipes)} runs are finished under {out}")


def curves_command(args: argparse.Namespace) -> None:
    """Draw how the loss and the validation scores of runs went."""
    from dbce.study import export, figures
    from dbce.train.run_files import read_log

    kind = figure_kind(args.out)
    logs = {folder: read_log(folder) for folder in args.runs}
    for folder, lines in logs.items():
        if not lines:
            raise ValueError(f"{folder} holds no log of a run (log.jsonl); name folders that `train` wrote.")
    names = {folder: Path(folder).name for folder in logs}
    if len(set(names.values())) < len(names):
        names = {folder: folder for folder in logs}
    figure = figures.training_curves({names[folder]: lines for folder, lines in logs.items()})
    Path(args.out).write_bytes(export.figure_bytes(figure, kind))
    print(f"wrote {args.out}")


def pack_command(args: argparse.Namespace) -> None:
    """Write a data set as one file."""
    from dbce.data import datasets

    dataset = load_given(args, args.data, args.size, progress(desc="reading", unit="img"))
    datasets.pack_dataset(dataset, args.out)
    print(f"wrote {args.out}: {len(dataset)} images, {Path(args.out).stat().st_size / 1e6:.1f} MB")


def phantoms_command(args: argparse.Namespace) -> None:
    """Draw a data set of CT phantoms."""
    from dbce.data import volumes

    numbers = args.scans or volumes.SCANS
    volumes.write_phantoms(Path(args.out), args.size, progress(desc="drawing", unit="scan"), numbers)
    tested = sum(f"case{number:04d}" in volumes.TEST_SCANS for number in numbers)
    print(f"wrote {args.out}: {len(numbers) - tested} drawn scans for training, {tested} for testing")


def bundle_command(args: argparse.Namespace) -> None:
    """Score finished runs and put them under checkpoints/."""
    from dbce.scores.evaluation import evaluate, score_table
    from dbce.train import checkpoints

    files = {loss: Path(args.runs) / loss / f"{loss}.safetensors" for loss in LOSSES}
    found = {loss: checkpoints.load_checkpoint(path) for loss, path in files.items()}
    recipes = [{**checkpoint.recipe, "loss": None} for checkpoint in found.values()]
    if any(recipe != recipes[0] for recipe in recipes):
        raise ValueError(f"the runs under {args.runs} differ in more than the loss; train all four alike first.")
    dataset, source = test_set(args)
    results = evaluate(found, dataset, progress(leave=False), args.task)
    print(score_table(results))
    folder = checkpoints.home() / args.task
    folder.mkdir(parents=True, exist_ok=True)
    for path in files.values():
        shutil.copyfile(path, folder / path.name)
    print(f"wrote {checkpoints.write_manifest(args.task, results, source)}")


def export_command(args: argparse.Namespace) -> None:
    """Write the bundled networks of a task for another runtime, or what the page runs of all of them."""
    from dbce.hub import onnx
    from dbce.study import graphs
    from dbce.train import checkpoints

    if args.format == "graphs":
        folder = Path(args.out or graphs.FOLDER)
        folder.mkdir(parents=True, exist_ok=True)
        networks = [one.unet for task in TASKS for one in checkpoints.bundled(task).values()]
        for place, network in {graphs.place(network.config): network for network in networks}.items():
            onnx.write_graph(network, folder / place.name)
            print(f"wrote {folder / place.name}")
        return
    folder = Path(args.out or "onnx")
    folder.mkdir(parents=True, exist_ok=True)
    for loss, checkpoint in checkpoints.bundled(args.task).items():
        path = folder / f"{args.task}-{loss}.onnx"
        onnx.to_onnx(checkpoint, path)
        print(f"wrote {path}")
