"""Commands that show and publish: the page, the site, figures, documents, benchmarks."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dbce.commands.given import figure_kind, networks_given, progress
from dbce.registry import LOSSES, loss_of, register_loss
from dbce.tasks import TASKS, WORK_SIZE

if TYPE_CHECKING:
    pass


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
    networks, readings = networks_given(args)
    if networks and local:
        raise ValueError(
            "--in-browser runs networks in the visitor's browser, and --network here; leave one of them out, or drop "
            "an ONNX file on the page."
        )
    options = {"embed": args.embed, "keep": args.keep, "data": args.data, "local": local, "closed": args.no_networks}
    serve(args.host, args.port, reference=reference, networks=networks, readings=readings, **options)


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


def figure_command(args: argparse.Namespace) -> None:
    """Draw a figure of the paper."""
    from dbce.scores.records import read_calibration
    from dbce.study import export
    from dbce.study.predictor import Predictor
    from dbce.study.view import Measured, View, figures_of
    from dbce.train import checkpoints

    kind = figure_kind(args.out)
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


def docs_command(args: argparse.Namespace) -> None:
    """Bring the tables and benchmarks of README.md and docs/ up to what the stored files say."""
    from dbce.scores import documents

    texts = documents.stale()
    for path, text in texts.items():
        path.write_text(text, encoding="utf-8")
        print(f"wrote {path}")
    if not texts:
        print("README.md and docs/ already say what the stored files say")


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
    folder = fetch.fetch_dataset(args.name, Path(args.out), progress(unit="B", unit_scale=True), args.mirror)
    print(f"wrote {folder}; its archives' checksums stand in {fetch.CHECKSUMS}")
