"""Start the demo: ``python app.py``, then open the address it prints."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

if __name__ != "__mp_main__":  # what the workers, which read this file as well, do without
    from dbce.hub import networks
    from dbce.page import cache, page
    from dbce.page.headers import origin
    from dbce.scores import evidence, results
    from dbce.study.predictor import Predictor
    from dbce.train import checkpoints


def _offers(folder: Path | None) -> list[page.Offer]:
    """Every task that the folder has networks for, and what was measured of them."""
    offers = []
    for task, networks in checkpoints.collect_networks(folder).items():
        measured = ((folder or checkpoints.FOLDER) / task / "manifest.json").is_file()
        tables = (
            [results.summary(task, checkpoints.manifest(task, folder), evidence.read_evidence(task, folder))]
            if measured
            else []
        )
        offers.append(page.Offer(Predictor(networks, task), tables, results.read_radius(task, folder)))
    return offers


def _from_hub(reference: str) -> tuple[list[page.Offer], str]:
    """What a repository on the Hub offers; where it cannot be had, the bundled networks, and a notice that says so.

    Raises:
        ValueError: a reference that is none.
    """
    networks.parse(reference)
    try:
        return _offers(networks.download_networks(reference)), ""
    except ValueError as error:
        notice = f"The networks asked for are not here: {error} This page shows the bundled networks instead."
        print(f"dbce: {notice}", file=sys.stderr)
        return _offers(None), notice


def _stop(*_: object) -> None:
    """End as with Ctrl-C; what programs sent is gone before gradio has closed its connections."""
    cache.end()
    raise KeyboardInterrupt


def main() -> int:
    """Parse the options, build the page, launch it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    parser.add_argument(
        "--embed",
        nargs="+",
        default=[],
        type=origin,
        metavar="ORIGIN",
        help="who may show the page in a frame, such as https://school.example (Hugging Face may always)",
    )
    parser.add_argument(
        "--keep",
        type=float,
        default=cache.KEEP,
        metavar="SECONDS",
        help=f"how long files of programs stay on this machine (default {cache.KEEP:g})",
    )
    source = parser.add_mutually_exclusive_group()
    source.add_argument(
        "--checkpoints", type=Path, help="folder of .safetensors files, or of TASK/manifest.json (default: the bundled)"
    )
    source.add_argument(
        "--hub",
        metavar="USER/NAME@REVISION",
        default=os.environ.get("DBCE_HUB"),
        help="such a folder on the Hugging Face Hub (default: DBCE_HUB, if set)",
    )
    args = parser.parse_args()
    if not 0 < args.keep < 86400:
        parser.error(f"--keep is {args.keep:g}; it must be a number of seconds above 0, below a day.")
    signal.signal(signal.SIGTERM, _stop)
    cache.start_cache(args.keep)
    try:
        if args.checkpoints is None and args.hub:
            offers, notice = _from_hub(args.hub)
        else:
            offers, notice = _offers(args.checkpoints), ""
        demo = page.build(*offers, notice=notice)
    except ValueError as error:
        print(f"dbce: {error}", file=sys.stderr)
        return 2
    demo.launch(server_name=args.host, server_port=args.port, **page.launch_options(args.embed))
    return 0


if __name__ == "__main__":
    sys.exit(main())
