"""Commands that score networks and predictions, and say what is beyond chance."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbce.commands.given import (
    figure_kind,
    guests_given,
    load_given,
    named_given,
    part_of,
    progress,
    scenes_given,
    test_set,
)
from dbce.tasks import TASKS

if TYPE_CHECKING:
    pass


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
    found |= guests_given(args, TASKS[args.task], found)
    dataset, _ = test_set(args)
    results = evaluate(found, dataset, progress(desc=f"{len(dataset)} images", leave=False), args.task, args.prior)
    if args.json:
        print(json.dumps({k: {n: round(v, 2) for n, v in row.items()} for k, row in results.items()}))
    else:
        print(score_table(results))


def compare_command(args: argparse.Namespace) -> None:
    """Compare sets of predictions on images with masks, in one HTML file."""
    from dbce.offline.compare import compare, tables_of
    from dbce.scores.comparison import comparison_csv
    from dbce.scores.comparison_table import comparison_markdown
    from dbce.study.compared import OBJECT

    tables = tables_of(args.table)
    folders = {name: Path(folder) for name, folder in named_given("--predictions", args.predictions).items()}
    values = named_given("--values", args.values)
    if not folders and not args.network:
        raise ValueError("nothing to compare; name --predictions NAME=DIR, --network NAME=PATH, or both.")
    guests = guests_given(args, TASKS[args.task] if args.task else OBJECT, folders, list(folders))
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
        progress=progress(unit="img", leave=False),
        say=partial(print, file=sys.stderr),
    )
    print(f"{args.out}: {made}", file=sys.stderr)
    made.write(args.out)
    for path, write in tables.items():
        path.write_text(write(made.groups) + "\n", "utf-8")
    if args.csv:
        Path(args.csv).write_text(comparison_csv(made.rows), "utf-8")
    print(comparison_markdown(made.groups))


def evidence_command(args: argparse.Namespace) -> None:
    """Count what networks get wrong on every image of a test set, and record scores, curves, intervals and pairs."""
    from dbce.prior import training_weights
    from dbce.scores import evidence, findings_tables, records, repeats
    from dbce.scores.findings import find
    from dbce.scores.tallies import tally
    from dbce.train import checkpoints

    if args.repeats and not args.runs:
        raise ValueError("--repeats records trainings beside the networks shown; name their folder with --runs.")
    if args.runs:
        files = [(path, None) for seeds in evidence.collect_runs(args.runs).values() for path in seeds.values()]
    else:
        base, entries = checkpoints.home() / args.task, checkpoints.manifest(args.task)
        files = [(base / entry["file"], entry["sha256"]) for entry in entries.values()]
    dataset, source = test_set(args)
    scenes, radius = scenes_given(args, dataset), TASKS[args.task].radius
    tallies, recipes = [], []
    for file, sha256 in progress(unit="network", leave=False)(files):
        network = checkpoints.load_checkpoint(file, sha256)
        tallies += tally(network, dataset, scenes, radius)
        recipes.append(network.recipe)
    found = find(scenes, tallies)
    folder = Path(args.out) if args.out else checkpoints.home()
    if args.repeats:
        written = [
            repeats.write_repeats(found, tallies, evidence.shared_recipe(recipes[0]), source, folder),
            records.write_images(scenes, tallies, source, radius, folder, records.REPEATED),
        ]
        if repeats.repeats_summary(args.task, folder):
            print(repeats.repeats_markdown(args.task, folder))
    else:
        frequencies = {str(recipe["loss"]): shares for recipe in recipes if (shares := training_weights(recipe))}
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
    dataset, source = test_set(args)
    scenes, radius = scenes_given(args, dataset), TASKS[args.task].radius
    tallies: dict[str, list[Any]] = {}
    held_out: dict[str, list[float]] = {}
    for key, network, file in progress(unit="network", leave=False)(runs):
        tallies.setdefault(key, []).append(tally(network, dataset, scenes, radius)[0])
        if not network.recipe.get("hold_out"):  # validated, if at all, on some other set
            continue
        if scored := [line["validation"]["dice"] for line in run_files.read_log(file.parent) if "validation" in line]:
            held_out.setdefault(key, []).append(scored[-1])
    means = {key: sum(values) / len(values) for key, values in held_out.items()}
    measured = variants.measure_variants(scenes, tallies, means)
    folder = Path(args.out) if args.out else None
    print(f"wrote {variants.write_variants(args.name, measured, networks[0].recipe, source, folder)}", file=sys.stderr)
    print(variants.variants_markdown(args.name, folder))


def learning_command(args: argparse.Namespace) -> None:
    """Put the validation scores of runs beside each other, epoch by epoch, and record them."""
    from dbce.scores import learning, learning_text

    measured = learning.measure_learning(learning.read_runs(args.runs))
    if measured["task"] != args.task:
        raise ValueError(f"the runs are of {measured['task']}, not of {args.task}; name folders of runs of one task.")
    folder = Path(args.out) if args.out else None
    print(f"wrote {learning.write_learning(measured, args.on, folder)}", file=sys.stderr)
    print(learning_text.learning_markdown(args.task, folder))


def verdict_command(args: argparse.Namespace) -> None:
    """Print the verdict on a task and the tables it rests on, or draw its curves."""
    from dbce.scores import findings_tables, records, repeats
    from dbce.scores.findings import row_title
    from dbce.study import export, figures

    if args.out is None:
        return print(findings_tables.findings_markdown(args.task))
    kind = figure_kind(args.out)
    if args.repeats and args.curves:
        raise ValueError("--curves has the threshold of the networks shown; of repeated trainings it is not kept.")
    curves = repeats.repeats_curves(args.task) if args.repeats else records.read_calibration(args.task)
    if curves is None:
        more = " --runs RUNS --repeats" if args.repeats else ""
        raise ValueError(
            f"nothing was measured of {args.task!r}; run `python -m dbce evidence {args.task}{more}` first."
        )
    draw = figures.threshold_curves if args.curves else figures.reliability_diagram
    figure = draw(curves, {row: row_title(row) for row in curves["rows"]})
    Path(args.out).write_bytes(export.figure_bytes(figure, kind))
    print(f"wrote {args.out}")


def shares_command(args: argparse.Namespace) -> None:
    """Record what share of the weight the objects of a set hold under every weighting, by their size."""
    from dbce.scores import shares

    dataset = load_given(args, args.data, part=part_of(args, "train"), held_out=TASKS[args.task].held_out)
    frequencies = dataset.class_frequencies(TASKS[args.task].num_classes)
    measured = shares.measure_shares(dataset, args.task, frequencies, progress(unit="img", leave=False))
    path = shares.write_shares(
        args.task, measured, Path(args.data).resolve().name, Path(args.out) if args.out else None
    )
    print(shares.shares_markdown(measured))
    print(f"wrote {path}")


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
    dataset, source = test_set(args)
    scores = evaluate(found, dataset, progress(leave=False), args.task)
    points = [{"radius": found[path].recipe["radius"], **row} for path, row in scores.items()]
    label = "full run" if recipes[0]["epochs"] >= TASKS[args.task].epochs else "short run"
    path = results.write_radius(args.task, points, recipes[0], source, label)
    print(f"wrote {path}")


def table_command(args: argparse.Namespace) -> None:
    """Print what was measured of a task: the bundled networks, several seeds, the radius."""
    from dbce.scores.results import results_markdown

    print(results_markdown(args.task))
