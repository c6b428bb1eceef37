"""The demo, as a Space starts it: ``python app.py`` is ``python -m dbce demo``."""

from __future__ import annotations

import sys

if __name__ == "__main__":  # and not in the workers, which read this file as well
    from dbce.__main__ import main

    sys.exit(main(["demo", *sys.argv[1:]]))
