"""The parser of every command, in groups by what commands are for."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import Any

from dbce.commands import networks, pages, scoring
from dbce.commands.options import (
    bench_options,
    checkpoints_option,
    compile_option,
    labels_option,
    loss_named,
    modules_option,
    networks_options,
    own_losses_option,
    prior_option,
    set_options,
    share_given,
    task_named,
    training_options,
    weighting_named,
)
from dbce.registry import LOSSES
from dbce.tasks import DEFAULT, TASKS, WORK_SIZE

_LOSS_HELP = f"{', '.join(LOSSES)}, or package.module:function of your own (logits, labels -> scalar or map)"


def build_parser(description: str | None = None) -> argparse.ArgumentParser:
    """The parser of every command; ``parse_args(...).run`` is the function to call."""
    prog = "dbce" if Path(sys.argv[0]).stem == "dbce" else "python -m dbce"
    parser = argparse.ArgumentParser(prog=prog, description=description)
    add = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for group in (_showing, _training, _scoring, _keeping):
        group(add)
    return parser


def _showing(add: Any) -> None:
    """Pages and figures, here and elsewhere."""
    demo = add.add_parser("demo", help="serve the page")
    demo.set_defaults(run=pages.demo_command)
    demo.add_argument("--host", help="address to listen on (default 127.0.0.1, or GRADIO_SERVER_NAME)")
    demo.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    demo.add_argument(
        "--embed",
        nargs="+",
        default=[],
        metavar="ORIGIN",
        help="who may show the page in a frame, such as https://school.example (Hugging Face may always)",
    )
    demo.add_argument(
        "--keep", type=float, metavar="SECONDS", help="how long files of programs stay on this machine (default 240)"
    )
    demo.add_argument(
        "--data",
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="test sets of the networks, such as CVC-ClinicDB: every visitor can open their images under Set",
    )
    demo.add_argument(
        "--in-browser",
        action="store_true",
        help="run the networks in the visitor's browser: what is opened is not sent, and costs this machine nothing",
    )
    networks_options(demo, "[TASK/]NAME")
    demo.add_argument(
        "--no-networks", action="store_true", help="take none that is dropped on the page, on this machine neither"
    )
    own_losses_option(demo)
    modules_option(demo)
    source = demo.add_mutually_exclusive_group()
    checkpoints_option(source)
    source.add_argument(
        "--hub",
        metavar="USER/NAME@REVISION",
        default=os.environ.get("DBCE_HUB"),
        help="such a folder on the Hugging Face Hub (default: DBCE_HUB, if set)",
    )

    figure = add.add_parser("figure", help="draw a figure of the paper for an image of yours")
    figure.set_defaults(run=pages.figure_command)
    checkpoints_option(figure)
    figure.add_argument(
        "number",
        type=int,
        choices=(1, 2, 3, 4, 5),
        help="1: a loss taken apart; 2, 3: the networks compared; 4: the same for organs; 5: the radius",
    )
    figure.add_argument("--task", choices=TASKS, default=DEFAULT)
    figure.add_argument("--image", help="needed for all but figure 5")
    figure.add_argument("--mask", help="needed for figure 1; labels for organs")
    labels_option(figure)
    figure.add_argument("--slice", type=int, help="organs: slice of a volume, from 0 (default: the fullest)")
    figure.add_argument("-o", "--out", required=True, help="file to write; its ending says how: .pdf, .svg, .png")
    figure.add_argument("--loss", choices=LOSSES, default="ce", help="figure 1: whose cross entropy")
    figure.add_argument("--radius", type=float, help="figure 1: disk radius in pixels at 320 (default: the paper's)")
    figure.add_argument(
        "--weighting", type=weighting_named, default="dilated", metavar="NAME", help="figure 1 (default: dilated)"
    )
    figure.add_argument("--threshold", type=float, default=0.5, help="2, 3: probability a prediction must exceed")
    prior_option(figure)
    figure.add_argument("--palette", choices=("paper", "safe"), default="paper", help="2, 3: colours of errors")
    figure.add_argument(
        "--below",
        choices=("probability", "entropy", "weighted"),
        default="probability",
        help="2, 3: the map below each prediction",
    )
    figure.add_argument("--shape", choices=("fill", "outline"), default="fill", help="2 to 4: how objects are drawn")
    figure.add_argument("--scale", choices=("own", "shared"), default="own", help="colours of each map, or of all")
    figure.add_argument(
        "--opacity", type=share_given, default=1.0, help="of the maps over the image, 0 to 1 (default: 1)"
    )

    site = add.add_parser("site", help="write the page as files for any static host: no server, no install")
    site.set_defaults(run=pages.site_command)
    checkpoints_option(site)
    site.add_argument("-o", "--out", default="build/site", help="folder to write (default build/site)")
    modules_option(site)

    publish = add.add_parser("publish", help="upload networks to the Hugging Face Hub, and the page to a Space")
    publish.set_defaults(run=pages.publish_command)
    checkpoints_option(publish)
    publish.add_argument("tasks", nargs="*", type=task_named, metavar="TASK", help=f"for --repo: {', '.join(TASKS)}")
    publish.add_argument("--repo", metavar="USER/NAME", help="repository for the networks of these tasks")
    publish.add_argument("--space", metavar="USER/NAME", help="Space; shows the networks of --repo, else the bundled")
    publish.add_argument("--site", metavar="USER/NAME", help="static Space: the page without a server, as of `site`")
    modules_option(publish)
    publish.add_argument("--private", action="store_true", help="what is created is private")


def _training(add: Any) -> None:
    """Data, training, and what becomes of its networks."""
    fetch = add.add_parser("fetch", help="download a public data set from its official address")
    fetch.set_defaults(run=pages.fetch_command)
    fetch.add_argument("name", choices=("kvasir", "isic", "cvc", "synapse"), help="the last two: print where to ask")
    fetch.add_argument("-o", "--out", default="data", help="folder to put it in (default data)")
    fetch.add_argument("--mirror", metavar="URL", help="folder on another server that holds the same archives")

    phantoms = add.add_parser("phantoms", help="draw a data set of CT phantoms in TransUNet's layout")
    phantoms.set_defaults(run=networks.phantoms_command)
    phantoms.add_argument("-o", "--out", required=True, help="folder to write")
    phantoms.add_argument("--scans", type=int, nargs="+", metavar="N", help="numbers to draw (default: Synapse's 30)")
    phantoms.add_argument("--size", type=int, default=WORK_SIZE, help="side of the slices in pixels (default 320)")

    pack = add.add_parser("pack", help="write a data set as one small file that train and evaluate read")
    pack.set_defaults(run=networks.pack_command)
    pack.add_argument("task", choices=TASKS)
    pack.add_argument("--data", required=True, help="data set folder")
    labels_option(pack)
    pack.add_argument("-o", "--out", required=True, help="file to write, e.g. kvasir.npz")
    pack.add_argument("--size", type=int, default=WORK_SIZE, help="side of the images in pixels (default 320)")

    train = add.add_parser("train", help="train one network with one loss")
    train.set_defaults(run=networks.train_command)
    training_options(train)
    train.add_argument("--loss", type=loss_named, default="dbce", help=_LOSS_HELP)
    train.add_argument("--out", help="folder of the run (default runs/TASK/LOSS); a killed run resumes there")
    train.add_argument("--radius", type=float, help="disk radius in pixels at 320 (default: the paper's)")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument(
        "--watch",
        nargs="?",
        const="",
        metavar="DIR|FILE.html",
        help="write a page of the network while it learns: curves, and loss, gradient and prediction on a few images "
        "(default: watch.html in the folder of the run)",
    )
    train.add_argument("--watch-every", type=int, default=5, metavar="N", help="epochs between two such pages (5)")
    compile_option(train)

    campaign = add.add_parser("campaign", help="train every combination of losses, seeds and radii not done yet")
    campaign.set_defaults(run=networks.campaign_command)
    training_options(campaign)
    campaign.add_argument("--losses", nargs="+", type=loss_named, default=list(LOSSES), help=_LOSS_HELP)
    campaign.add_argument("--seeds", nargs="+", type=int, default=[0])
    campaign.add_argument("--radii", nargs="+", type=float, help="for dbce; pixels at 320 (default: the paper's)")
    campaign.add_argument("--out", help="folder of the runs (default runs/TASK); killed runs resume there")
    campaign.add_argument("--jobs", type=int, default=1, help="runs side by side, each on a core of its own")

    curves = add.add_parser("curves", help="draw the training loss and the validation score of runs")
    curves.set_defaults(run=networks.curves_command)
    curves.add_argument("runs", nargs="+", metavar="RUN", help="folders of runs")
    curves.add_argument("-o", "--out", required=True, help="file to write; its ending says how: .pdf, .svg, .png")

    bundle = add.add_parser("bundle", help="score finished runs and put them under checkpoints/")
    bundle.set_defaults(run=networks.bundle_command)
    checkpoints_option(bundle)
    bundle.add_argument("task", choices=TASKS)
    bundle.add_argument("--runs", required=True, help="folder with one run a loss, e.g. runs/polyp")
    set_options(bundle, "test set to score on")

    export = add.add_parser("export", help="write the bundled networks of a task for another runtime")
    export.set_defaults(run=networks.export_command)
    checkpoints_option(export)
    export.add_argument("format", choices=("onnx", "graphs"), help="graphs: all architectures, without weights")
    export.add_argument("--task", choices=TASKS, default=DEFAULT, help=f"onnx: whose networks (default {DEFAULT})")
    export.add_argument("-o", "--out", help="folder to write (default onnx; graphs: where the page reads them)")


def _scoring(add: Any) -> None:
    """Scores of networks and of predictions, and what is beyond chance."""
    evaluate = add.add_parser("evaluate", help="score networks on a test set")
    evaluate.set_defaults(run=scoring.evaluate_command)
    checkpoints_option(evaluate)
    evaluate.add_argument("task", choices=TASKS)
    set_options(evaluate, "data set folder, or a file made by `pack`")
    evaluate.add_argument("--checkpoint", action="append", help="file to score, repeatable (default: the bundled)")
    networks_options(evaluate, "NAME")
    prior_option(evaluate)
    evaluate.add_argument("--json", action="store_true", help="print JSON instead of a table")

    compare = add.add_parser("compare", help="see your own networks' predictions in one HTML file, scored")
    compare.set_defaults(run=scoring.compare_command)
    compare.add_argument("--images", required=True, metavar="DIR", help="pictures")
    compare.add_argument("--masks", required=True, metavar="DIR", help="their masks, paired by name")
    compare.add_argument(
        "--predictions",
        nargs="+",
        default=[],
        metavar="NAME=DIR",
        help="sets of .npy, .npz, grey PNG or NIfTI, paired by name: probabilities or label maps",
    )
    compare.add_argument(
        "--values",
        nargs="+",
        default=[],
        metavar="NAME=KIND",
        help="what a set holds: probabilities, logits or labels (default: as its values tell; logits never), or what a "
        "network answers with",
    )
    networks_options(compare, "NAME", values=False)
    compare.add_argument("--task", choices=TASKS, help="what is segmented (default: one object of any kind)")
    compare.add_argument("--networks", action="store_true", help="run the bundled networks of --task beside them")
    own_losses_option(compare)
    compare.add_argument("-o", "--out", default="report.html", help="file to write (default report.html)")
    compare.add_argument("--csv", metavar="FILE", help="also one row an image and set")
    compare.add_argument("--table", nargs="+", default=[], metavar="FILE", help="also the table: .md, .tex or .csv")
    compare.add_argument("--figures", metavar="FILE.zip", help="also a figure of every image, PDF, in one archive")

    evidence = add.add_parser("evidence", help="count errors image by image: scores, curves, intervals, pairs")
    evidence.set_defaults(run=scoring.evidence_command)
    checkpoints_option(evidence)
    evidence.add_argument("task", choices=TASKS)
    evidence.add_argument("--runs", help="folder with one run a loss and seed (default: the bundled networks)")
    set_options(evidence, "test set; sequences.csv in it groups its frames")
    evidence.add_argument(
        "--repeats",
        action="store_true",
        help="with --runs: record them beside the networks shown, several trainings of each loss at any recipe",
    )
    evidence.add_argument("-o", "--out", help="folder to write TASK/*.json below (default: where the networks lie)")

    variants = add.add_parser("variants", help="score runs that differ in one thing more than in the seed")
    variants.set_defaults(run=scoring.variants_command)
    checkpoints_option(variants)
    variants.add_argument("task", choices=TASKS)
    variants.add_argument("--runs", required=True, nargs="+", help="folders with one run a variant and seed")
    set_options(variants, "test set; sequences.csv in it groups its frames")
    variants.add_argument("--name", required=True, help="of the file, variants/NAME.json")
    variants.add_argument("-o", "--out", help="folder to write it below (default: where the networks lie)")

    learning = add.add_parser("learning", help="how far runs had come at which epoch: which loss learns sooner")
    learning.set_defaults(run=scoring.learning_command)
    checkpoints_option(learning)
    learning.add_argument("task", choices=TASKS)
    learning.add_argument("--runs", required=True, nargs="+", metavar="DIR", help="folders of runs, finished or not")
    learning.add_argument("--on", required=True, metavar="WHICH", help="the validation images in words")
    learning.add_argument("-o", "--out", help="folder to write TASK/learning.json below (default: where networks lie)")

    radius = add.add_parser("radius", help="score runs that differ in the radius, and record the curve of Fig. 5")
    radius.set_defaults(run=scoring.radius_command)
    checkpoints_option(radius)
    radius.add_argument("task", choices=TASKS)
    radius.add_argument("--runs", required=True, help="folder with one run a radius")
    set_options(radius, "test set to score on")

    verdict = add.add_parser("verdict", help="print what was found of a task, as Markdown, or draw its curves")
    verdict.set_defaults(run=scoring.verdict_command)
    checkpoints_option(verdict)
    verdict.add_argument("task", choices=TASKS)
    verdict.add_argument("-o", "--out", help="draw the reliability diagram instead: .pdf, .svg or .png")
    verdict.add_argument("--repeats", action="store_true", help="with --out: of the repeated trainings")
    verdict.add_argument("--curves", action="store_true", help="with --out: Dice and rim against the threshold")

    shares = add.add_parser("shares", help="what share of the weight objects hold, by size, under every weighting")
    shares.set_defaults(run=scoring.shares_command)
    checkpoints_option(shares)
    shares.add_argument("task", choices=TASKS)
    set_options(shares, "the set that was trained on")
    shares.add_argument("-o", "--out", help="folder to write TASK/shares.json below (default: where networks lie)")

    table = add.add_parser("table", help="print what was measured of a task as Markdown: scores, seeds, radius")
    table.set_defaults(run=scoring.table_command)
    checkpoints_option(table)
    table.add_argument("task", choices=TASKS)


def _keeping(add: Any) -> None:
    """What the repository is kept with."""
    docs = add.add_parser("docs", help="fill the tables and benchmarks of README.md and docs/ from the stored files")
    docs.set_defaults(run=pages.docs_command)

    bench = add.add_parser("bench", help="measure, and print ratios against peers")
    bench.set_defaults(run=pages.bench_command)
    checkpoints_option(bench)
    bench_options(bench)
    compile_option(bench)
