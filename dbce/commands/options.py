"""Options that several commands have, and values that must be one of some."""

from __future__ import annotations

import argparse
import sys

from dbce.data.numbering import NUMBERINGS
from dbce.prior import PRIORS
from dbce.registry import loss_of
from dbce.tasks import DEFAULT, TASKS, WORK_SIZE


def training_options(parser: argparse.ArgumentParser) -> None:
    """What `train` and `campaign` have in common."""
    parser.add_argument("task", choices=TASKS)
    set_options(parser, "data set folder, or a file made by `pack`")
    parser.add_argument("--encoder", default="resnet34", help="SMP encoder (default: the paper's resnet34)")
    parser.add_argument("--encoder-weights", default="imagenet", help='"imagenet", "none" or a file')
    parser.add_argument("--size", type=int, default=WORK_SIZE, help="side of the images in pixels (default 320)")
    parser.add_argument("--epochs", type=int, help="default: the paper's, 600 for polyps")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--optimizer", default="adam", help="adam, the paper's, or adamw")
    parser.add_argument("--lr", type=float, default=5e-4, help="initial learning rate")
    parser.add_argument("--weight-decay", type=float, default=1e-4)
    parser.add_argument("--no-augment", action="store_true")
    parser.add_argument("--device", choices=("cpu",), help="stay off the GPU")
    parser.add_argument("--hold-out", type=float, default=0.0, metavar="SHARE", help="validate on 0.1 of --data, say")
    parser.add_argument("--validate", metavar="DATA", help="validate on this data set")
    parser.add_argument("--validate-every", type=int, default=5, metavar="N", help="epochs between two validations (5)")


def set_options(parser: argparse.ArgumentParser, what: str) -> None:
    """A data set, how its labels are numbered, and which part of it is meant."""
    parser.add_argument("--data", required=True, help=what)
    labels_option(parser)
    part_option(parser)


def part_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--part",
        choices=("all", "train", "test"),
        help="of --data (default: the part meant for this of the task's own set, all of any other)",
    )


def labels_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--labels",
        choices=NUMBERINGS,
        help="organs: numbering of the labels, TransUNet's 0 to 8 or Synapse's own 0 to 13 (default: as the set tells)",
    )


def prior_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--prior",
        choices=PRIORS,
        default=PRIORS[0],
        help="corrected: class weights are taken out of networks that were trained with some (balanced CE)",
    )


def task_named(name: str) -> str:
    if name not in TASKS:
        raise argparse.ArgumentTypeError(f"{name!r} is no task; choose from {', '.join(TASKS)}")
    return name


def checkpoints_option(parser: argparse.ArgumentParser | argparse._MutuallyExclusiveGroup) -> None:
    parser.add_argument(
        "--checkpoints",
        metavar="FOLDER",
        help="of .safetensors files, or of TASK/manifest.json (default: DBCE_CHECKPOINTS, else the bundled networks)",
    )


def networks_options(parser: argparse.ArgumentParser, form: str, values: bool = True) -> None:
    """Networks of somebody's own, and what a file may not tell of them."""
    parser.add_argument(
        "--network",
        nargs="+",
        default=[],
        metavar=f"{form}=PATH",
        help="a network of your own beside ours: a .safetensors of `train`, an .onnx, a folder of save_pretrained of "
        "segmentation-models-pytorch, or user/name@COMMIT of such a one on the Hugging Face Hub",
    )
    options = {
        "--normalise": ("KIND", "of its input: imagenet, unit (0 to 1) or none (0 to 255); default: as the file tells"),
        "--channels": ("ORDER", "of its input: RGB or BGR (default: as the file tells, else RGB)"),
        "--input-size": ("PIXELS", "side of its input, where the file leaves it free (default 320)"),
    }
    if values:
        options["--values"] = ("KIND", "it answers with: logits or probabilities (default: as its values tell)")
    for option, (what, words) in options.items():
        parser.add_argument(option, nargs="+", default=[], metavar=f"{form}={what}", help=words)


def modules_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--modules", metavar="FOLDER", help="npm packages, as `npm ci` installs them (default: node_modules here)"
    )


def loss_named(reference: str) -> str:
    if ":" in reference and "" not in sys.path:  # the folder one works in, as `python -m` has it
        sys.path.insert(0, "")
    try:
        loss_of(reference)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return reference


def own_losses_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--loss",
        nargs="+",
        type=loss_named,
        default=[],
        metavar="MODULE:FUNCTION",
        help="losses of your own (logits, labels -> scalar or map) whose map and gradient Anatomy shows",
    )


def weighting_named(key: str) -> str:
    from dbce.weightings import weighting_of  # and torch with it, only where it is asked for

    try:
        return weighting_of(key).key
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def share_given(text: str) -> float:
    """A number from 0 to 1."""
    try:
        share = float(text)
    except ValueError:
        share = -1
    if 0 <= share <= 1:
        return share
    raise argparse.ArgumentTypeError(f"{text!r} is no number from 0 to 1")


def compile_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--compile",
        nargs="?",
        const="inductor",
        metavar="BACKEND",
        help="compile the network with torch.compile (default backend: inductor, which needs a C++ compiler)",
    )


def bench_options(parser: argparse.ArgumentParser) -> None:
    """What is measured, and of what."""
    parser.add_argument(
        "what",
        choices=("viewer", "lab", "site", "folder", "dilation", "train", "load"),
        help="viewer: latency of the page beside plain gradio sliders; lab: how fast its networks learn in a browser, "
        "and the frames meanwhile; site: the page without a server beside the one with; folder: a test set in "
        "the page, from the folder to the last dot, and how its dots pan; dilation: ours beside other "
        "libraries; "
        "train: what input and weight map add to a step; load: visitors that send pictures or scans all at once",
    )
    parser.add_argument("--task", choices=TASKS, default=DEFAULT)
    parser.add_argument(
        "--data", metavar="FOLDER", help="site, folder: test set to open (default: CVC-ClinicDB in DBCE_DATA)"
    )
    parser.add_argument("--images", type=int, metavar="N", help="folder: how many of its images (default: all)")
    parser.add_argument("--throttle", type=float, default=1, help="viewer: slow the browser so many times; phone: 4")
    parser.add_argument("--repeats", type=int, help="viewer: positions of a slider (60); else: measurements (5)")
    parser.add_argument("--encoder", default="mobilenet_v2", help="train: SMP encoder")
    parser.add_argument("--size", type=int, help="train: side of the images in pixels (default 320)")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--visitors", type=int, nargs="+", metavar="N", help="load: how many at once (20 50 200)")
    parser.add_argument("--scans", type=int, metavar="N", help="load: instead, memory under N of the largest scans")
    parser.add_argument("-o", "--out", metavar="FILE", help="keep what is printed, as docs/benchmarks/NAME.txt")
