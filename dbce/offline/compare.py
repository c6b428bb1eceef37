"""``python -m dbce compare``: folders of images, masks and predictions become a report."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from dbce.data.folders import is_image_folder
from dbce.data.paired import Member, Pairing, kinds_of_sets, open_members, pair_folders
from dbce.offline.compose import Case, Report, compose
from dbce.offline.figures import check_archive, figures_in
from dbce.offline.report import compared_of
from dbce.registry import title
from dbce.scores.comparison import Group
from dbce.scores.comparison_table import comparison_latex, comparison_markdown, comparison_table_csv
from dbce.scores.evidence import groups
from dbce.study.compared import check_names
from dbce.study.own import own_losses
from dbce.tasks import Task
from dbce.train.checkpoints import Checkpoint

TABLES = {".md": comparison_markdown, ".tex": comparison_latex, ".csv": comparison_table_csv}
"""How a table is written, by the ending of its file."""

_SHOWN = 20  # sentences on files that are left out, before it is said how many more there are


def compare(
    images: Path,
    masks: Path,
    predictions: Mapping[str, Path],
    task: str | None = None,
    values: Mapping[str, str] | None = None,
    *,
    networks: bool = False,
    guests: Mapping[str, Checkpoint] | None = None,
    losses: Sequence[str] | None = None,
    figures: str | None = None,
    progress: Callable = iter,
    say: Callable[[str], object] = print,
) -> Report:
    """Pair the files of folders, say what was paired and left out, and compose a report of all that can be used.

    Args:
        images: a folder of pictures.
        masks: a folder of their masks.
        predictions: by name, a folder of predictions.
        task: key of `dbce.tasks.TASKS`; one object of any kind if None.
        values: by name, what the values of a set are, as of `dbce.data.predictions.KINDS`.
        networks: whether the bundled networks of the task stand beside them.
        guests: by name, networks of somebody's own that do too, from `dbce.hub.guests.load_guests`.
        losses: of one's own, as of `dbce.study.own.own_losses`.
        figures: archive to write, a figure an image, as of `dbce.offline.figures`.
        progress: wraps the iteration over images.
        say: gets the sentences on what was found, before anything runs.

    Raises:
        ValueError: no such folder, no image with all that belongs to it, or a set whose values cannot be told.
    """
    names = check_names(predictions) if predictions or not guests else ()
    compared = compared_of(names, task, networks, guests)
    own = own_losses(losses)
    archive = check_archive(figures) if figures else None
    unknown = [name for name in values or {} if name not in predictions]
    if unknown:
        raise ValueError(f"--values names {unknown[0]!r}; the sets are {', '.join(predictions)}.")
    pairing = pair_folders(images, masks, predictions)
    folders = [images, masks, *predictions.values()]
    left = [_shared(sentence, folders) for sentence in pairing.left]
    kinds = kinds_of_sets(pairing.members, compared.task, values or {})
    for sentence in _found(pairing, kinds, left, images):
        say(sentence)
    paired, told = pairing.members, len(left)
    cases = _cases(progress(paired), compared.task, kinds, left, folders)
    folder = images.resolve()
    where = folder.parent.name if is_image_folder(folder) else folder.name
    heading = f"{' and '.join(map(title, compared.losses))} on {where}"
    base = folder.parent if is_image_folder(folder) else folder
    options: dict[str, Any] = {"left": left, "members": partial(_groups, base), "losses": own}
    with figures_in(archive) if archive else nullcontext() as drawn:
        made = compose(cases, compared, heading, figures=drawn, **options)
    if archive:
        say(f"{archive}: {len(made.rows)} figures, {archive.stat().st_size / 1e6:.1f} MB")
    for sentence in left[told:]:
        say(f"left out: {sentence}")
    return made


def _groups(folder: Path, names: list[str]) -> list[str]:
    """The sequence of every image, where ``sequences.csv`` lies beside them."""
    return groups([Path(name).stem for name in names], folder)


def _shared(sentence: str, folders: Sequence[Path]) -> str:
    """A sentence without where the folders lie on this machine: a report is for others, too."""
    for folder in folders:
        sentence = sentence.replace(f"{folder}/", f"{folder.resolve().name}/")
    return sentence


def _found(pairing: Pairing, kinds: Mapping[str, str], left: Sequence[str], images: Path) -> list[str]:
    """What was paired, read how, and left out."""
    sets = " and a prediction of every set" if kinds else ""
    lines = [f"{images}: {len(pairing.members)} images with a mask{sets}"]
    for name, kind in kinds.items():
        endings = sorted({"".join(member.predictions[name].suffixes[-1:]) for member in pairing.members})
        lines.append(f"  {name}: {kind}, from {', '.join(endings)}")
    lines += [f"  {note}" for note in pairing.notes[:_SHOWN]]
    lines += [f"left out: {sentence}" for sentence in left[:_SHOWN]]
    more = len(left) - _SHOWN
    return [*lines, f"left out: {more} more; the report lists them all"] if more > 0 else lines


def _cases(
    members: Sequence[Member], task: Task, kinds: Mapping[str, str], left: list[str], folders: Sequence[Path]
) -> Iterator[Case]:
    unusable: list[str] = []
    for opened in open_members(members, task, kinds, unusable):
        logits = {name: prediction.logits for name, prediction in opened.predictions.items()}
        flat = frozenset(name for name, kind in kinds.items() if kind == "labels")
        yield Case(opened.name, opened.image, opened.labels, logits, opened.notes, opened.shape, flat)
    left += [_shared(sentence, folders) for sentence in unusable]


def tables_of(files: Sequence[str]) -> dict[Path, Callable[[Sequence[Group]], str]]:
    """What writes each table.

    Raises:
        ValueError: a file of another ending.
    """
    for file in files:
        if Path(file).suffix not in TABLES:
            raise ValueError(f"--table is {file}; its name must end in {' or '.join(TABLES)}.")
    return {Path(file): TABLES[Path(file).suffix] for file in files}
