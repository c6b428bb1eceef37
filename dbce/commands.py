"""What each command of ``python -m dbce`` does; imports wait until a command is chosen."""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from dbce.registry import LOSSES, loss_of, register_loss, title
from dbce.tasks import TASKS, WORK_SIZE, Task

if TYPE_CHECKING:
    from dbce.data.datasets import Dataset
    from dbce.scores.tallies import Scenes
    from dbce.train.checkpoints import Checkpoint
    from dbce.train.guests import Reading
    from dbce.train.training import Recipe


def _recipe(args: argparse.Namespace, loss: str, seed: int, radius: float | None) -> Recipe:
    """The recipe that the options of `train` and `campaign` describe."""
    from dbce.train.training import Recipe

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


def _bar(**options: Any) -> Callable:
    """What wraps an iteration in a bar of its progress, or makes one."""
    from tqdm import tqdm

    return partial(tqdm, **options)


def _load(
    args: argparse.Namespace, path: str, size: int = WORK_SIZE, progress: Callable = iter, **part: Any
) -> Dataset:
    """A data set as the options say, summed up on standard error before work on it starts."""
    from dbce.data import datasets
    from dbce.data.survey import of_labels

    classes = TASKS[args.task].num_classes
    dataset = datasets.load_dataset(path, size, progress, labels_in=args.labels, num_classes=classes, **part)
    print(dataset.survey or of_labels(Path(path).name, dataset.labels), file=sys.stderr)
    return dataset


def _training_set(args: argparse.Namespace) -> tuple[Dataset, Dataset | None]:
    """The images to train on, at their size, and those to validate on, if any, at ``WORK_SIZE``."""
    if args.hold_out and args.validate:
        raise ValueError("--hold-out and --validate both name a validation set; give one of them.")
    reading = _bar(desc="reading", unit="img")
    held_out = TASKS[args.task].held_out
    size = WORK_SIZE if args.hold_out else args.size
    dataset, validation = _load(args, args.data, size, reading, part=_part(args, "train"), held_out=held_out), None
    if args.hold_out:
        dataset, validation = dataset.hold_out(args.hold_out)
    elif args.validate:
        validation = _load(args, args.validate, progress=reading)
    return dataset.at(args.size), validation


def _check_radius(option: str, given: list[float], losses: Sequence[str]) -> None:
    """A radius for losses that have none would silently change nothing."""
    if given and not any(loss_of(loss).has_radius for loss in losses):
        values = " ".join(f"{radius:g}" for radius in given)
        have = ", ".join(key for key, loss in LOSSES.items() if loss.has_radius)
        raise ValueError(
            f"{option} is {values}; {' and '.join(map(title, losses))} {'has' if len(losses) == 1 else 'have'} no "
            f"radius. Leave {option} out, or choose a loss that has one: {have}."
        )


def demo_command(args: argparse.Namespace) -> None:
    """Serve the page."""
    from dbce.page.serving import serve

    for named in args.loss:
        if named not in LOSSES:
            register_loss(loss_of(named))
    reference = None if args.checkpoints else args.hub
    local = None
    if args.in_browser:
        from dbce.site.build import write_beside

        local = partial(write_beside, modules=args.modules)
    networks, readings = _own_networks(args)
    if networks and local:
        raise ValueError(
            "--in-browser runs networks in the visitor's browser, and --network here; leave one of them out, or drop "
            "an ONNX file on the page."
        )
    options = {"embed": args.embed, "keep": args.keep, "data": args.data, "local": local, "closed": args.no_networks}
    serve(args.host, args.port, reference=reference, networks=networks, readings=readings, **options)


def _own_networks(args: argparse.Namespace, sets: Sequence[str] = ()) -> tuple[dict[str, str], dict[str, Reading]]:
    """What the options say of networks of somebody's own: where they lie, and how they are read, by name.

    Raises:
        ValueError: an option of another form, or for a network that is not named.
    """
    networks = _named("--network", args.network, "mine=unet.onnx")
    told: dict[str, dict[str, Any]] = {name: {} for name in networks}
    for option, field in (
        ("normalise", "normalise"),
        ("channels", "channels"),
        ("input_size", "size"),
        ("values", "values"),
    ):
        flag = f"--{option.replace('_', '-')}"
        for name, value in _named(flag, getattr(args, option), "mine=320" if field == "size" else "mine=...").items():
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


def train_command(args: argparse.Namespace) -> None:
    """Train one network."""
    from dbce.scores.evaluation import validator
    from dbce.train import training

    _check_radius("--radius", [] if args.radius is None else [args.radius], [args.loss])
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

    _check_radius("--radii", args.radii or [], args.losses)
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

    kind = _figure_kind(args.out)
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


def _scenes(args: argparse.Namespace, dataset: Dataset) -> Scenes:
    """The scenes of a test set: scans, or images in the groups of its ``sequences.csv``."""
    from dbce.data.datasets import scan_of
    from dbce.scores.evidence import groups
    from dbce.scores.tallies import scenes_of

    scans = TASKS[args.task].is_scan
    members = list(dict.fromkeys(map(scan_of, dataset.names))) if scans else groups(dataset.names, args.data)
    return scenes_of(dataset, args.task, members)


def evidence_command(args: argparse.Namespace) -> None:
    """Count what networks get wrong on every image of a test set, and record scores, curves, intervals and pairs."""
    from dbce.prior import training_weights
    from dbce.scores import evidence, findings_tables, records
    from dbce.scores.findings import find
    from dbce.scores.tallies import tally
    from dbce.train import checkpoints

    if args.runs:
        files = [(path, None) for seeds in evidence.collect_runs(args.runs).values() for path in seeds.values()]
    else:
        base, entries = checkpoints.home() / args.task, checkpoints.manifest(args.task)
        files = [(base / entry["file"], entry["sha256"]) for entry in entries.values()]
    dataset, source = _test_set(args)
    scenes, radius = _scenes(args, dataset), TASKS[args.task].radius
    tallies, recipes = [], []
    for file, sha256 in _bar(unit="network", leave=False)(files):
        network = checkpoints.load_checkpoint(file, sha256)
        tallies += tally(network, dataset, scenes, radius)
        recipes.append(network.recipe)
    found = find(scenes, tallies)
    frequencies = {str(recipe["loss"]): shares for recipe in recipes if (shares := training_weights(recipe))}
    folder = Path(args.out) if args.out else checkpoints.home()
    written = [
        records.write_images(scenes, tallies, source, radius, folder),
        records.write_calibration(scenes, tallies, found, frequencies, source, folder),
        findings_tables.write_findings(args.task, found, source, folder),
    ]
    if args.runs:
        measured = evidence.measure(scenes, tallies)
        written.append(evidence.write_evidence(args.task, measured, recipes[0], source, folder))
        print("\n".join(evidence.sentences(measured)))
    for path in written:
        print(f"wrote {path}: {path.stat().st_size / 1e3:.0f} kB")


def variants_command(args: argparse.Namespace) -> None:
    """Score runs that differ in one thing more than in the seed, and record which differences are beyond chance."""
    from dbce.scores import variants
    from dbce.scores.tallies import tally
    from dbce.train import checkpoints, run_files

    files = sorted(path for runs in args.runs for path in Path(runs).glob("*/*.safetensors"))
    if not files:
        raise ValueError(f"{' '.join(args.runs)} holds no finished run (*/*.safetensors); train some with `campaign`.")
    networks = [checkpoints.load_checkpoint(file) for file in files]
    runs = variants.in_order(variants.row_keys([network.recipe for network in networks]), networks, files)
    dataset, source = _test_set(args)
    scenes, radius = _scenes(args, dataset), TASKS[args.task].radius
    tallies: dict[str, list[Any]] = {}
    held_out: dict[str, list[float]] = {}
    for key, network, file in _bar(unit="network", leave=False)(runs):
        tallies.setdefault(key, []).append(tally(network, dataset, scenes, radius)[0])
        if scored := [line["validation"]["dice"] for line in run_files.read_log(file.parent) if "validation" in line]:
            held_out.setdefault(key, []).append(scored[-1])
    means = {key: sum(values) / len(values) for key, values in held_out.items()}
    measured = variants.measure_variants(scenes, tallies, means)
    folder = Path(args.out) if args.out else None
    print(f"wrote {variants.write_variants(args.name, measured, networks[0].recipe, source, folder)}", file=sys.stderr)
    print(variants.variants_markdown(args.name, folder))


def verdict_command(args: argparse.Namespace) -> None:
    """Print the verdict on a task and the tables it rests on, or draw its curves."""
    from dbce.scores import findings_tables, records
    from dbce.scores.findings import row_title
    from dbce.study import export, figures

    if args.out is None:
        return print(findings_tables.findings_markdown(args.task))
    kind = _figure_kind(args.out)
    curves = records.read_calibration(args.task)
    if curves is None:
        raise ValueError(f"nothing was measured of {args.task!r}; run `python -m dbce evidence {args.task}` first.")
    draw = figures.threshold_curves if args.curves else figures.reliability_diagram
    figure = draw(curves, {row: row_title(row) for row in curves["rows"]})
    Path(args.out).write_bytes(export.figure_bytes(figure, kind))
    print(f"wrote {args.out}")


def shares_command(args: argparse.Namespace) -> None:
    """Record what share of the weight the objects of a set hold under every weighting, by their size."""
    from dbce.scores import shares

    dataset = _load(args, args.data, part=_part(args, "train"), held_out=TASKS[args.task].held_out)
    frequencies = dataset.class_frequencies(TASKS[args.task].num_classes)
    measured = shares.measure_shares(dataset, args.task, frequencies, _bar(unit="img", leave=False))
    path = shares.write_shares(
        args.task, measured, Path(args.data).resolve().name, Path(args.out) if args.out else None
    )
    print(shares.shares_markdown(measured))
    print(f"wrote {path}")


def _figure_kind(name: str) -> str:
    """What kind of figure a file's name asks for."""
    from dbce.study import export

    kind = Path(name).suffix[1:].lower()
    if kind not in export.FIGURES:
        raise ValueError(f"the figure would be written to {name}; the name must end in .pdf, .svg or .png.")
    return kind


def pack_command(args: argparse.Namespace) -> None:
    """Write a data set as one file."""
    from dbce.data import datasets

    dataset = _load(args, args.data, args.size, _bar(desc="reading", unit="img"))
    datasets.pack_dataset(dataset, args.out)
    print(f"wrote {args.out}: {len(dataset)} images, {Path(args.out).stat().st_size / 1e6:.1f} MB")


def phantoms_command(args: argparse.Namespace) -> None:
    """Draw a data set of CT phantoms."""
    from dbce.data import volumes

    numbers = args.scans or volumes.SCANS
    volumes.write_phantoms(Path(args.out), args.size, _bar(desc="drawing", unit="scan"), numbers)
    tested = sum(f"case{number:04d}" in volumes.TEST_SCANS for number in numbers)
    print(f"wrote {args.out}: {len(numbers) - tested} drawn scans for training, {tested} for testing")


def _part(args: argparse.Namespace, part: str) -> str:
    """The part of a data set that a command takes: this one of the task's own set, all of any other, or as asked."""
    from dbce.data import datasets

    return args.part or (part if datasets.holds_own_split(args.data, TASKS[args.task]) else "all")


def _test_set(args: argparse.Namespace) -> tuple[Dataset, str]:
    """The images that a task is scored on, and what they are called."""
    task, part = TASKS[args.task], _part(args, "test")
    dataset = _load(args, args.data, part=part, held_out=task.held_out)
    name = Path(args.data).resolve().name
    split = part != "all" and (task.held_out or task.is_scan)
    which = f"the {part} part; --part all takes every one" if split else "all of it"
    print(f"{len(dataset)} {task.seen} of {name}: {which}", file=sys.stderr)
    return dataset, f"{name} ({len(dataset)} held-out images)" if part == "test" and task.held_out else name


def evaluate_command(args: argparse.Namespace) -> None:
    """Score networks on a test set."""
    from dbce.scores.evaluation import evaluate, score_table
    from dbce.train import checkpoints

    if args.checkpoint:
        found = {Path(path).stem: checkpoints.load_checkpoint(path) for path in args.checkpoint}
        if len(found) < len(args.checkpoint):
            found = {path: checkpoints.load_checkpoint(path) for path in args.checkpoint}
    else:
        found = checkpoints.bundled(args.task)
    found |= _guests(args, TASKS[args.task], found)
    dataset, _ = _test_set(args)
    results = evaluate(found, dataset, _bar(desc=f"{len(dataset)} images", leave=False), args.task, args.prior)
    if args.json:
        print(json.dumps({k: {n: round(v, 2) for n, v in row.items()} for k, row in results.items()}))
    else:
        print(score_table(results))


def _guests(
    args: argparse.Namespace, task: Task, beside: Iterable[str] = (), sets: Sequence[str] = ()
) -> dict[str, Checkpoint]:
    """The networks of somebody's own that the options name, after it was said how they are read."""
    networks, readings = _own_networks(args, sets)
    if not networks:
        return {}
    from dbce.hub.guests import load_guests
    from dbce.train.guests import about_guests

    found = load_guests(networks, task, readings, beside)
    for name, guest in found.items():
        print(about_guests({name: guest.about}), file=sys.stderr)
    return found


def compare_command(args: argparse.Namespace) -> None:
    """Compare sets of predictions on images with masks, in one HTML file."""
    from dbce.offline.compare import compare, tables_of
    from dbce.scores.comparison import comparison_csv
    from dbce.scores.comparison_table import comparison_markdown
    from dbce.study.compared import OBJECT

    tables = tables_of(args.table)
    folders = {name: Path(folder) for name, folder in _named("--predictions", args.predictions).items()}
    values = _named("--values", args.values)
    if not folders and not args.network:
        raise ValueError("nothing to compare; name --predictions NAME=DIR, --network NAME=PATH, or both.")
    guests = _guests(args, TASKS[args.task] if args.task else OBJECT, folders, list(folders))
    made = compare(
        Path(args.images),
        Path(args.masks),
        folders,
        args.task,
        {name: kind for name, kind in values.items() if name in folders},
        networks=args.networks,
        guests=guests,
        losses=args.loss or None,
        figures=args.figures,
        progress=_bar(unit="img", leave=False),
        say=partial(print, file=sys.stderr),
    )
    print(f"{args.out}: {made}", file=sys.stderr)
    made.write(args.out)
    for path, write in tables.items():
        path.write_text(write(made.groups) + "\n", "utf-8")
    if args.csv:
        Path(args.csv).write_text(comparison_csv(made.rows), "utf-8")
    print(comparison_markdown(made.groups))


def _named(option: str, given: Sequence[str], example: str = "ours=predictions/ours") -> dict[str, str]:
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


def bundle_command(args: argparse.Namespace) -> None:
    """Score finished runs and put them under checkpoints/."""
    from dbce.scores.evaluation import evaluate, score_table
    from dbce.train import checkpoints

    files = {loss: Path(args.runs) / loss / f"{loss}.safetensors" for loss in LOSSES}
    found = {loss: checkpoints.load_checkpoint(path) for loss, path in files.items()}
    recipes = [{**checkpoint.recipe, "loss": None} for checkpoint in found.values()]
    if any(recipe != recipes[0] for recipe in recipes):
        raise ValueError(f"the runs under {args.runs} differ in more than the loss; train all four alike first.")
    dataset, source = _test_set(args)
    results = evaluate(found, dataset, _bar(leave=False), args.task)
    print(score_table(results))
    folder = checkpoints.home() / args.task
    folder.mkdir(parents=True, exist_ok=True)
    for path in files.values():
        shutil.copyfile(path, folder / path.name)
    print(f"wrote {checkpoints.write_manifest(args.task, results, source)}")


def radius_command(args: argparse.Namespace) -> None:
    """Score runs that differ in the radius."""
    from dbce.scores import results
    from dbce.scores.evaluation import evaluate
    from dbce.train import checkpoints

    files = sorted(Path(args.runs).glob("*/*.safetensors"))
    if not files:
        raise ValueError(f"{args.runs} holds no finished run (*/*.safetensors); train some radii first.")
    found = {str(path): checkpoints.load_checkpoint(path) for path in files}
    recipes = [{**checkpoint.recipe, "radius": None} for checkpoint in found.values()]
    if any(recipe != recipes[0] for recipe in recipes):
        raise ValueError(f"the runs under {args.runs} differ in more than the radius; train them alike.")
    dataset, source = _test_set(args)
    scores = evaluate(found, dataset, _bar(leave=False), args.task)
    points = [{"radius": found[path].recipe["radius"], **row} for path, row in scores.items()]
    label = "full run" if recipes[0]["epochs"] >= TASKS[args.task].epochs else "short run"
    path = results.write_radius(args.task, points, recipes[0], source, label)
    print(f"wrote {path}")


def figure_command(args: argparse.Namespace) -> None:
    """Draw a figure of the paper."""
    from dbce.scores.records import read_calibration
    from dbce.study import export
    from dbce.study.predictor import Predictor
    from dbce.study.view import Measured, View, figures_of
    from dbce.train import checkpoints

    kind = _figure_kind(args.out)
    if args.number == 5:
        content = _radius_figure(args.task, kind)
    else:
        if args.image is None:
            raise ValueError(f"figure {args.number} is drawn of an image; name one with --image.")
        task = args.task
        if args.number == 4 and not TASKS[task].several:
            task = next(name for name, other in TASKS.items() if other.several)
        if TASKS[task].several and args.number in (2, 3):
            raise ValueError(f"figure {args.number} does not belong to the task {task!r}, which has figures 1 and 4.")
        image, mask = _picture(args, task)
        study = Predictor(checkpoints.bundled(task), task).set_image(image, mask)
        radius = TASKS[task].radius if args.radius is None else args.radius
        view = View(
            "anatomy" if args.number == 1 else figures_of(TASKS[task])[1],
            args.loss,
            args.weighting,
            radius,
            args.threshold,
            args.palette,
            args.prior,
            below=args.below,
            shape=args.shape,
            scale=args.scale,
            opacity=args.opacity,
        )
        measured = Measured(calibration=read_calibration(task) if (checkpoints.home() / task).is_dir() else None)
        content = export.render(study, view, kind, image=Path(args.image).name, measured=measured)
    Path(args.out).write_bytes(content)
    print(f"wrote {args.out}")


def _picture(args: argparse.Namespace, task: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The image that a figure is drawn of, and its mask or labels: of files, or of a slice of volumes."""
    from dbce.data import volumes
    from dbce.data.pairs import read_pair

    data, mask_data = (None if path is None else Path(path).read_bytes() for path in (args.image, args.mask))
    assert data is not None
    if TASKS[task].is_scan and volumes.is_volume(args.image, data):
        volume = volumes.read_volume(
            data, args.image, None if mask_data is None else (args.mask, mask_data), labels_in=args.labels
        )
        for note in volume.notes:
            print(note, file=sys.stderr)
        number = volume.fullest() if args.slice is None else args.slice
        if not 0 <= number < len(volume.grey):
            raise ValueError(f"slice is {number}; {args.image} has the slices 0 to {len(volume.grey) - 1}.")
        image = np.repeat(volume.grey[number][..., None], 3, axis=2)
        return image, None if volume.labels is None else volume.labels[number]
    mask = None if mask_data is None else (args.mask, mask_data)
    pair = read_pair((args.image, data), mask, TASKS[task], args.labels)
    for note in pair.notes:
        print(note, file=sys.stderr)
    return pair.picture.pixels, None if pair.mask is None else pair.mask.labels


def _radius_figure(task: str, kind: str) -> bytes:
    from dbce.scores import results, variants
    from dbce.study import export, figures

    result = variants.beside_radius(results.read_radius(task))
    if result is None:
        raise ValueError(f"no radius was measured for {task!r}; score finished runs with `python -m dbce radius`.")
    return export.figure_bytes(figures.radius_curve(result), kind)


def bench_command(args: argparse.Namespace) -> None:
    """Measure, print ratios, and keep what was printed if asked to."""
    if args.out and not Path(args.out).resolve().parent.is_dir():
        raise ValueError(f"what is measured would be written to {args.out}; there is no such folder: make it first.")
    text = _measured(args)
    print(text)
    if args.out:
        head = f"$ python -m dbce {shlex.join(args.words)}  # {date.today()}"
        Path(args.out).write_text(f"{head}\n{text}\n", encoding="utf-8")
        print(f"wrote {args.out}; `python -m dbce docs` brings it into the documents", file=sys.stderr)


def _measured(args: argparse.Namespace) -> str:
    """What a benchmark prints."""
    from dbce.bench import compute, viewer
    from dbce.study.predictor import Predictor
    from dbce.train import checkpoints

    if args.what == "dilation":
        return compute.dilation(repeats=args.repeats or 5)
    if args.what in ("site", "folder"):
        return _set_measured(args)
    if args.what == "load":
        from dbce.bench import load

        return load.scans(args.scans) if args.scans else load.pictures(args.visitors or load.VISITORS)
    if args.what == "train":
        size, repeats = args.size or WORK_SIZE, args.repeats or 5
        return compute.training(args.task, args.encoder, size, args.batch_size, repeats, backend=args.compile)
    predictor = Predictor(checkpoints.bundled(args.task), args.task)
    if args.what == "lab":
        from dbce.bench import lab

        return lab.lab(predictor)
    return viewer.viewer(predictor, args.repeats or 60, args.throttle)


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


def site_command(args: argparse.Namespace) -> None:
    """Write the page as a folder of files, which needs no server of ours."""
    root = Path(args.out)
    names = _write_site(root, args.modules)
    size = sum((root / name).stat().st_size for name in names)
    print(f"wrote {len(names)} files, {size / 1e6:.1f} MB, to {root}; to look at it: python -m http.server -d {root}")


def _write_site(root: Path, modules: str | None) -> list[str]:
    """As of `dbce.site.build.write_site`, with what this machine has networks of."""
    from dbce.page import serving
    from dbce.site.build import write_site
    from dbce.train import checkpoints

    return write_site(serving.offers_of(checkpoints.home()), root, modules, print)


def _set_measured(args: argparse.Namespace) -> str:
    """What a benchmark prints that opens a test set."""
    from dbce.bench.folder import folder
    from dbce.bench.site import site_beside_server
    from dbce.page import serving
    from dbce.train import checkpoints

    data = args.data or ("DBCE_DATA" in os.environ and Path(os.environ["DBCE_DATA"]) / "CVC-ClinicDB")
    if not data:
        raise ValueError("this benchmark opens a test set; name its folder with --data, or set DBCE_DATA.")
    offers = {offer.predictor.task.name: offer for offer in serving.offers_of(checkpoints.home())}
    if TASKS[args.task].several or args.task not in offers:
        raise ValueError(f"the task is {args.task!r}; it must have two classes, and networks.")
    if args.what == "folder":
        return folder(data, args.images, args.task)
    return site_beside_server(offers[args.task], data)


def publish_command(args: argparse.Namespace) -> None:
    """Upload networks, or the page, with a server or without one."""
    from tempfile import TemporaryDirectory

    from dbce.hub import publish

    if not args.repo and not args.space and not args.site:
        raise ValueError(
            "nothing to publish to; name --repo user/name for networks, --space user/name for the page with its "
            "server, --site user/name for the page without one."
        )
    if args.repo and not args.tasks:
        raise ValueError(f"--repo {args.repo} needs the tasks whose networks to upload: {', '.join(TASKS)}.")
    networks = None
    if args.repo:
        networks = publish.publish_networks(args.tasks, args.repo, args.private)
        print(f"published; open the page with: python app.py --hub {networks}")
    if args.space:
        print(f"the page is at {publish.publish_space(args.space, networks, args.private)}")
    if args.site:
        with TemporaryDirectory() as name:
            _write_site(Path(name), args.modules)
            print(f"the page without a server is at {publish.publish_site(args.site, Path(name), args.private)}")


def fetch_command(args: argparse.Namespace) -> None:
    """Download a public data set."""
    from dbce.hub import fetch

    if args.name in fetch.ASK:
        print(fetch.ASK[args.name])
        return
    folder = fetch.fetch_dataset(args.name, Path(args.out), _bar(unit="B", unit_scale=True), args.mirror)
    print(f"wrote {folder}; its archives' checksums stand in {fetch.CHECKSUMS}")


def table_command(args: argparse.Namespace) -> None:
    """Print what was measured of a task: the bundled networks, several seeds, the radius."""
    from dbce.scores.results import results_markdown

    print(results_markdown(args.task))


def docs_command(args: argparse.Namespace) -> None:
    """Bring the tables and benchmarks of README.md and docs/ up to what the stored files say."""
    from dbce.scores import documents

    texts = documents.stale()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    if not texts:
        print("README.md and docs/ already say what the stored files say")
