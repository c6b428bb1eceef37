"""The command line: ``dbce COMMAND`` or ``python -m dbce COMMAND``; every command explains itself with ``--help``."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from dbce.commands.parsers import build_parser

_EXTRAS = {
    "bench": "dev",
    "site": "dev",
    "compare": "notebook",
    **dict.fromkeys(("demo", "figure", "export", "publish", "table", "verdict"), "page"),
}
"""The extra of the package that brings what a command needs; of all others it is "train"."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; a user's mistake prints one sentence and gives exit status 2."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = build_parser(__doc__).parse_args(words, argparse.Namespace(words=words))
    try:
        with _home(getattr(args, "checkpoints", None)):
            args.run(args)
    except ModuleNotFoundError as error:
        missing = (error.name or "").split(".")[0]
        if missing in ("", "dbce"):  # a fault of ours
            raise
        extra = _EXTRAS.get(args.command, "train")
        print(
            f"dbce: {missing} is not installed, which `{args.command}` needs; install the extra {extra}: "
            f'pip install ".[{extra}]" in the repository.',
            file=sys.stderr,
        )
        return 2
    except (ValueError, OSError) as error:
        print(f"dbce: {error}", file=sys.stderr)
        return 2
    return 0


@contextmanager
def _home(folder: str | None) -> Iterator[None]:
    """The option is the environment variable for the time of one command, and of the processes that it starts."""
    before = os.environ.get("DBCE_CHECKPOINTS")
    if folder is not None:
        os.environ["DBCE_CHECKPOINTS"] = folder
    try:
        yield
    finally:
        if folder is not None:
            os.environ.pop("DBCE_CHECKPOINTS")
            if before is not None:
                os.environ["DBCE_CHECKPOINTS"] = before


if __name__ == "__main__":
    sys.exit(main())
