"""A figure of every image of a comparison, as the page's tab draws it, in one archive."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dbce.offline.compose import Case
from dbce.page.views import stem
from dbce.study import export
from dbce.study.studies import Study
from dbce.study.view import View
from dbce.train.run_files import replacing

KIND = "pdf"
"""Of the figures: text stays text."""


class Figures:
    """Writes figures into an archive, one an image, named after it.

    Args:
        archive: that is written.
    """

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names: set[str] = set()

    def __call__(self, case: Case, study: Study, threshold: float, radius: float) -> None:
        """The figure of Compare, or of several classes, with all networks and sets."""
        tab = "organs" if study.task.several else "compare"
        view = View(figure=tab, loss=next(iter(study.logits)), threshold=threshold, radius=radius)
        shape = case.shape or case.image.shape[:2]
        name = bare = stem(case.name)
        number = 1
        while name in self.names:
            number += 1
            name = f"{bare}-{number}"
        self.names.add(name)
        self.archive.writestr(f"{name}.{KIND}", export.render(study, view, KIND, shape[:2], case.name))


def check_archive(path: str | Path) -> Path:
    """Where the figures go.

    Raises:
        ValueError: another ending, or no such folder.
    """
    path = Path(path)
    if path.suffix.lower() != ".zip":
        raise ValueError(f"--figures is {path}; its name must end in .zip.")
    if not path.resolve().parent.is_dir():
        raise ValueError(f"--figures is {path}; there is no such folder: make it first.")
    return path


@contextmanager
def figures_in(path: Path) -> Iterator[Figures]:
    """An archive that is there when all figures are in it, or not at all."""
    with replacing(path) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as archive:
        yield Figures(archive)
