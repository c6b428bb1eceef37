"""Start the demo: ``python app.py``, then open the address it prints."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from dbce import checkpoints, results
from dbce.predictor import Predictor
from dbce.ui import page


def _offer(task: str, folder: Path | None) -> page.Offer:
    """The networks of a task and what was measured of them."""
    table = results.summary(task, checkpoints.manifest(task, folder))
    return page.Offer(Predictor(checkpoints.bundled(task, folder), task), [table], results.read_radius(task, folder))


def main() -> int:
    """Parse the options, build the page, launch it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", help="address to listen on (default 127.0.0.1, or GRADIO_SERVER_NAME)")
    parser.add_argument("--port", type=int, help="port (default: the first free one from 7860)")
    parser.add_argument("--checkpoints", type=Path, help="folder with TASK/manifest.json (default: the bundled)")
    args = parser.parse_args()
    try:
        offers = [_offer(task, args.checkpoints) for task in checkpoints.tasks(args.checkpoints)]
    except ValueError as error:
        print(f"dbce: {error}", file=sys.stderr)
        return 2
    page.build(*offers).launch(server_name=args.host, server_port=args.port, **page.LAUNCH)
    return 0


if __name__ == "__main__":
    sys.exit(main())
