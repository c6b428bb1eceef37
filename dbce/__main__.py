"""The command line: ``python -m dbce COMMAND``; every command explains itself with ``--help``."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from tqdm import tqdm

from dbce.tasks import LOSS_TITLES, TASKS, WORK_SIZE

if TYPE_CHECKING:
    from dbce.data import Dataset


def _train(args: argparse.Namespace) -> None:
    from dbce import data
    from dbce.training import Recipe, train

    weights = None if args.encoder_weights == "none" else args.encoder_weights
    task = TASKS[args.task]
    recipe = Recipe(
        task=args.task,
        loss=args.loss,
        encoder=args.encoder,
        encoder_weights=weights,
        size=args.size,
        epochs=task.epochs if args.epochs is None else args.epochs,
        batch_size=args.batch_size,
        lr=args.lr,
        weight_decay=args.weight_decay,
        radius=task.radius if args.radius is None else args.radius,
        seed=args.seed,
        augment=not args.no_augment,
    )
    folder = Path(args.out or f"runs/{args.task}/{args.loss}")
    reading = partial(tqdm, desc="reading", unit="img")
    dataset = data.load(args.data, args.size, reading, part="train", held_out=task.held_out)
    path = train(recipe, dataset, folder, source=Path(args.data).resolve().name, device=args.device)
    print(f"wrote {path}")


def _pack(args: argparse.Namespace) -> None:
    from dbce import data

    dataset = data.load(args.data, args.size, partial(tqdm, desc="reading", unit="img"))
    data.pack(dataset, args.out)
    print(f"wrote {args.out}: {len(dataset)} images, {Path(args.out).stat().st_size / 1e6:.1f} MB")


def _phantoms(args: argparse.Namespace) -> None:
    from dbce import volumes

    volumes.write_phantoms(Path(args.out), args.size, partial(tqdm, desc="drawing", unit="scan"))
    print(f"wrote {args.out}: 18 drawn scans for training, 12 for testing")


def _test_set(args: argparse.Namespace) -> tuple[Dataset, str]:
    """The images that a task is scored on, and what they are called."""
    from dbce import data

    held_out = TASKS[args.task].held_out
    dataset = data.load(args.data, part="test", held_out=held_out)
    name = Path(args.data).resolve().name
    return dataset, f"{name} ({len(dataset)} held-out images)" if held_out else name


def _evaluate(args: argparse.Namespace) -> None:
    from dbce import checkpoints
    from dbce.evaluation import evaluate, table

    if args.checkpoint:
        found = {Path(path).stem: checkpoints.load(path) for path in args.checkpoint}
        if len(found) < len(args.checkpoint):
            found = {path: checkpoints.load(path) for path in args.checkpoint}
    else:
        found = checkpoints.bundled(args.task)
    dataset, _ = _test_set(args)
    results = evaluate(found, dataset, partial(tqdm, desc=f"{len(dataset)} images", leave=False), args.task)
    if args.json:
        print(json.dumps({k: {n: round(v, 2) for n, v in row.items()} for k, row in results.items()}))
    else:
        print(table(results))


def _bundle(args: argparse.Namespace) -> None:
    from dbce import checkpoints
    from dbce.evaluation import evaluate, table

    files = {loss: Path(args.runs) / loss / f"{loss}.safetensors" for loss in LOSS_TITLES}
    found = {loss: checkpoints.load(path) for loss, path in files.items()}
    recipes = [{**checkpoint.recipe, "loss": None} for checkpoint in found.values()]
    if any(recipe != recipes[0] for recipe in recipes):
        raise ValueError(f"the runs under {args.runs} differ in more than the loss; train all four alike first.")
    dataset, source = _test_set(args)
    results = evaluate(found, dataset, partial(tqdm, leave=False), args.task)
    print(table(results))
    folder = checkpoints.FOLDER / args.task
    folder.mkdir(parents=True, exist_ok=True)
    for path in files.values():
        shutil.copyfile(path, folder / path.name)
    print(f"wrote {checkpoints.write_manifest(args.task, results, source)}")


def _radius(args: argparse.Namespace) -> None:
    from dbce import checkpoints, results
    from dbce.evaluation import evaluate

    files = sorted(Path(args.runs).glob("*/*.safetensors"))
    if not files:
        raise ValueError(f"{args.runs} holds no finished run (*/*.safetensors); train some radii first.")
    found = {str(path): checkpoints.load(path) for path in files}
    recipes = [{**checkpoint.recipe, "radius": None} for checkpoint in found.values()]
    if any(recipe != recipes[0] for recipe in recipes):
        raise ValueError(f"the runs under {args.runs} differ in more than the radius; train them alike.")
    dataset, source = _test_set(args)
    scores = evaluate(found, dataset, partial(tqdm, leave=False), args.task)
    points = [{"radius": found[path].recipe["radius"], **row} for path, row in scores.items()]
    label = "full run" if recipes[0]["epochs"] >= TASKS[args.task].epochs else "short run"
    path = results.write_radius(args.task, points, recipes[0], source, label)
    print(f"wrote {path}")


def _figure(args: argparse.Namespace) -> None:
    from dbce import checkpoints, export
    from dbce.predictor import Predictor

    kind = Path(args.out).suffix[1:].lower()
    if kind not in export.FIGURES:
        raise ValueError(f"the figure would be written to {args.out}; the name must end in .pdf, .svg or .png.")
    if args.number == 5:
        content = _radius_figure(args.task, kind)
    else:
        if args.image is None:
            raise ValueError(f"figure {args.number} is drawn of an image; name one with --image.")
        task = "organs" if args.number == 4 else args.task
        if TASKS[task].num_classes > 2 and args.number in (2, 3):
            raise ValueError(f"figure {args.number} does not belong to the task {task!r}; organs have figures 1 and 4.")
        image, mask = _picture(args, task)
        study = Predictor(checkpoints.bundled(task), task).set_image(image, mask)
        radius = TASKS[task].radius if args.radius is None else args.radius
        view = export.View(
            "anatomy" if args.number == 1 else export.figures_of(TASKS[task])[1],
            args.loss,
            args.weighting,
            radius,
            args.threshold,
            args.palette,
        )
        content = export.render(study, view, kind)
    Path(args.out).write_bytes(content)
    print(f"wrote {args.out}")


def _picture(args: argparse.Namespace, task: str) -> tuple[np.ndarray, np.ndarray | None]:
    """The image that a figure is drawn of, and its mask or labels: of files, or of a slice of volumes."""
    from dbce import volumes
    from dbce.inputs import check_sizes, read_image, read_labels, read_mask

    data, mask_data = (None if path is None else Path(path).read_bytes() for path in (args.image, args.mask))
    several = TASKS[task].num_classes > 2
    assert data is not None
    if several and volumes.is_volume(args.image):
        volume = volumes.read(data, args.image, None if mask_data is None else (args.mask, mask_data))
        number = volume.fullest() if args.slice is None else args.slice
        if not 0 <= number < len(volume.grey):
            raise ValueError(f"slice is {number}; {args.image} has the slices 0 to {len(volume.grey) - 1}.")
        image = np.repeat(volume.grey[number][..., None], 3, axis=2)
        return image, None if volume.labels is None else volume.labels[number]
    image = read_image(data, args.image)
    if mask_data is None:
        return image, None
    mask = read_labels(mask_data, args.mask, TASKS[task].num_classes) if several else read_mask(mask_data, args.mask)
    check_sizes(image, mask, args.image, args.mask)
    return image, mask


def _radius_figure(task: str, kind: str) -> bytes:
    from dbce import export, figures, results

    result = results.read_radius(task)
    if result is None:
        raise ValueError(f"no radius was measured for {task!r}; score finished runs with `python -m dbce radius`.")
    return export.figure_bytes(figures.radius_curve(result), kind)


def _bench(args: argparse.Namespace) -> None:
    from dbce import bench, checkpoints
    from dbce.predictor import Predictor

    print(bench.viewer(Predictor(checkpoints.bundled(args.task), args.task), args.repeats))


def _table(args: argparse.Namespace) -> None:
    from dbce import checkpoints
    from dbce.evaluation import markdown

    print(markdown(checkpoints.manifest(args.task), args.task))


def build_parser() -> argparse.ArgumentParser:
    """The parser of every command; ``parse_args(...).run`` is the function to call."""
    parser = argparse.ArgumentParser(prog="python -m dbce", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    train = commands.add_parser("train", help="train one network with one loss")
    train.set_defaults(run=_train)
    train.add_argument("task", choices=TASKS)
    train.add_argument("--loss", choices=LOSS_TITLES, default="dbce")
    train.add_argument("--data", required=True, help="data set folder, or a file made by `pack`")
    train.add_argument("--out", help="folder of the run (default runs/TASK/LOSS); a killed run resumes there")
    train.add_argument("--encoder", default="resnet34", help="SMP encoder (default: the paper's resnet34)")
    train.add_argument("--encoder-weights", default="imagenet", help='"imagenet", "none" or a file')
    train.add_argument("--size", type=int, default=WORK_SIZE, help="side of the images in pixels (default 320)")
    train.add_argument("--epochs", type=int, help="default: the paper's, 600 for polyps")
    train.add_argument("--batch-size", type=int, default=16)
    train.add_argument("--lr", type=float, default=5e-4, help="initial learning rate of Adam")
    train.add_argument("--weight-decay", type=float, default=1e-4)
    train.add_argument("--radius", type=float, help="disk radius in pixels at 320 (default: the paper's)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--no-augment", action="store_true")
    train.add_argument("--device", choices=("cpu",), help="stay off the GPU")

    pack = commands.add_parser("pack", help="write a data set as one small file that train and evaluate read")
    pack.set_defaults(run=_pack)
    pack.add_argument("task", choices=TASKS)
    pack.add_argument("--data", required=True, help="data set folder")
    pack.add_argument("-o", "--out", required=True, help="file to write, e.g. kvasir.npz")
    pack.add_argument("--size", type=int, default=WORK_SIZE, help="side of the images in pixels (default 320)")

    phantoms = commands.add_parser("phantoms", help="draw a data set of CT phantoms in TransUNet's layout")
    phantoms.set_defaults(run=_phantoms)
    phantoms.add_argument("-o", "--out", required=True, help="folder to write")
    phantoms.add_argument("--size", type=int, default=WORK_SIZE, help="side of the slices in pixels (default 320)")

    evaluate = commands.add_parser("evaluate", help="score networks on a test set")
    evaluate.set_defaults(run=_evaluate)
    evaluate.add_argument("task", choices=TASKS)
    evaluate.add_argument("--data", required=True, help="data set folder, or a file made by `pack`")
    evaluate.add_argument("--checkpoint", action="append", help="file to score, repeatable (default: the bundled)")
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")

    bundle = commands.add_parser("bundle", help="score finished runs and put them under checkpoints/")
    bundle.set_defaults(run=_bundle)
    bundle.add_argument("task", choices=TASKS)
    bundle.add_argument("--runs", required=True, help="folder with one run a loss, e.g. runs/polyp")
    bundle.add_argument("--data", required=True, help="test set to score on")

    radius = commands.add_parser("radius", help="score runs that differ in the radius, and record the curve of Fig. 5")
    radius.set_defaults(run=_radius)
    radius.add_argument("task", choices=TASKS)
    radius.add_argument("--runs", required=True, help="folder with one run a radius")
    radius.add_argument("--data", required=True, help="test set to score on")

    figure = commands.add_parser("figure", help="draw a figure of the paper for an image of yours")
    figure.set_defaults(run=_figure)
    figure.add_argument(
        "number",
        type=int,
        choices=(1, 2, 3, 4, 5),
        help="1: a loss taken apart; 2, 3: the networks compared; 4: the same for organs; 5: the radius",
    )
    figure.add_argument("--task", choices=TASKS, default="polyp")
    figure.add_argument("--image", help="needed for all but figure 5")
    figure.add_argument("--mask", help="needed for figure 1; labels for organs")
    figure.add_argument("--slice", type=int, help="organs: slice of a volume, from 0 (default: the fullest)")
    figure.add_argument("-o", "--out", required=True, help="file to write; its ending says how: .pdf, .svg, .png")
    figure.add_argument("--loss", choices=LOSS_TITLES, default="ce", help="figure 1: whose cross entropy")
    figure.add_argument("--radius", type=float, help="figure 1: disk radius in pixels at 320 (default: the paper's)")
    figure.add_argument("--weighting", choices=("none", "balanced", "dilated"), default="dilated")
    figure.add_argument("--threshold", type=float, default=0.5, help="2, 3: probability a prediction must exceed")
    figure.add_argument("--palette", choices=("paper", "safe"), default="paper", help="2, 3: colours of errors")

    table = commands.add_parser("table", help="print the scores of the bundled networks as Markdown")
    table.set_defaults(run=_table)
    table.add_argument("task", choices=TASKS)

    bench = commands.add_parser("bench", help="measure, and print ratios against peers")
    bench.set_defaults(run=_bench)
    bench.add_argument("what", choices=("viewer",), help="viewer: latency of the page beside plain gradio sliders")
    bench.add_argument("--task", choices=TASKS, default="polyp")
    bench.add_argument("--repeats", type=int, default=60, help="positions a slider is moved to")
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake prints one sentence and gives exit status 2."""
    args = build_parser().parse_args(argv)
    try:
        args.run(args)
    except (ValueError, OSError) as error:
        print(f"dbce: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
