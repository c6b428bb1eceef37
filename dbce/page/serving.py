"""The page as a running server: which networks it shows, where they come from, and how it ends."""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from dbce.data.folders import find_pairs
from dbce.hub import networks as hub
from dbce.hub.guests import load_guests, task_of
from dbce.page import cache, page
from dbce.page.headers import origin
from dbce.page.joining import stays_here
from dbce.page.local import Local
from dbce.registry import added_losses
from dbce.scores import evidence, records, results, variants
from dbce.scores.findings_tables import findings_summary
from dbce.scores.learning_text import learning_summary
from dbce.scores.repeats import repeats_summary
from dbce.scores.set_summary import set_summary
from dbce.scores.shares import shares_summary
from dbce.study.predictor import Predictor
from dbce.train import checkpoints
from dbce.train.guests import Reading, about_guests


def offers_of(folder: Path) -> list[page.Offer]:
    """Every task that the folder has networks for, and what was measured of them.

    Raises:
        ValueError: a folder without networks, or a damaged one.
    """
    offers = []
    for task, networks in checkpoints.collect_networks(folder).items():
        tables, findings = [], None
        if (folder / task / "manifest.json").is_file():
            measured = evidence.read_evidence(task, folder)
            findings = findings_summary(task, folder)
            tables = [results.summary(task, checkpoints.manifest(task, folder), measured, findings is not None)]
        offers.append(
            page.Offer(
                Predictor(networks, task),
                tables,
                radius_curve=variants.beside_radius(results.read_radius(task, folder), folder),
                findings=findings,
                learning=learning_summary(task, folder),
                repeats=repeats_summary(task, folder),
                shares=shares_summary(task, folder),
                calibration=records.read_calibration(task, folder),
                set=set_summary(task, folder) if tables else None,
                losses=added_losses(),
            )
        )
    return offers


def offers_from_hub(reference: str) -> tuple[list[page.Offer], str]:
    """What a repository on the Hub offers; where it cannot be had, the bundled networks, and a notice that says so.

    Raises:
        ValueError: a reference that is none.
    """
    hub.parse(reference)
    try:
        return offers_of(hub.download_networks(reference)), ""
    except ValueError as error:
        notice = f"The networks asked for are not here: {error} This page shows the bundled networks instead."
        print(f"dbce: {notice}", file=sys.stderr)
        return offers_of(checkpoints.home()), notice


def with_pictures(offers: Sequence[page.Offer], folders: Sequence[str]) -> list[page.Offer]:
    """The same offers, with the files of test sets that lie on this machine: whoever sees the page can see them.

    Raises:
        ValueError: a folder that cannot be read, or that is not the test set of any of these networks.
    """
    found = list(offers)
    for folder in folders:
        pairs = {image.stem: (image, mask) for image, mask in find_pairs(folder)}
        sets = [(k, offer.set) for k, offer in enumerate(found) if offer.set]
        whose = [(k, known["names"]) for k, known in sets if set(known["names"]) <= pairs.keys()]
        if not whose:
            names = [f"{known['test_data']} ({len(known['names'])} images)" for _, known in sets]
            raise ValueError(
                f"--data is {folder}, which does not hold all images of {' or of '.join(names) or 'any set measured'}; "
                "name the folder on which the networks were scored."
            )
        for k, order in whose:
            found[k] = replace(found[k], pictures=[pairs[name] for name in order])
    return found


def with_guests(
    offers: Sequence[page.Offer], networks: Mapping[str, str], readings: Mapping[str, Reading] | None = None
) -> list[page.Offer]:
    """The same offers, with networks of somebody's own beside theirs.

    Args:
        offers: the tasks of the page.
        networks: by ``NAME`` or ``TASK/NAME``, as of `dbce.hub.guests.load_guests`. Without a task it is that which a
            file of `dbce train` names, else the first.
        readings: by the same, what their owner says of them.

    Raises:
        ValueError: a task that is not offered, and as of `dbce.hub.guests.load_guests`.
    """
    found = {offer.predictor.task.name: offer for offer in offers}
    for key, reference in networks.items():
        own, _, name = key.rpartition("/")
        task = own or task_of(reference) or next(iter(found))
        if task not in found:
            raise ValueError(f"network {key} is for the task {task!r}; this page has {', '.join(found)}.")
        predictor = found[task].predictor
        guest = load_guests(
            {name: reference}, predictor.task, {name: (readings or {}).get(key, Reading())}, predictor.checkpoints
        )
        found[task] = replace(found[task], predictor=Predictor({**predictor.checkpoints, **guest}, predictor.task))
        print(f"dbce: {task}: {about_guests({name: guest[name].about})}", file=sys.stderr)
    return list(found.values())


def _stop(*_: object) -> None:
    """End as with Ctrl-C; what programs sent is gone before gradio has closed its connections."""
    cache.end()
    raise KeyboardInterrupt


def serve(
    host: str | None = None,
    port: int | None = None,
    *,
    reference: str | None = None,
    embed: Sequence[str] = (),
    keep: float | None = None,
    data: Sequence[str] = (),
    local: Callable[[Sequence[page.Offer], Path], Local] | None = None,
    networks: Mapping[str, str] | None = None,
    readings: Mapping[str, Reading] | None = None,
    closed: bool = False,
) -> None:
    """Build the page and answer visitors until the process is told to end.

    Args:
        host: address to listen on; GRADIO_SERVER_NAME, or this machine alone, if None.
        port: the first free one from 7860 if None.
        reference: ``user/name@revision`` of networks on the Hub; those of `dbce.train.checkpoints.home` if None.
        embed: origins that may show the page in a frame, as of `dbce.page.page.launch_options`.
        data: folders of test sets, whose images the page can then open, as of `with_pictures`.
        networks: of somebody's own, as of `with_guests`.
        readings: of these.
        closed: whether a network that is dropped on the page is refused on this machine too.
        local: writes to a folder what browsers need, where they run the networks by themselves.
        keep: seconds for which files of programs stay on this machine; `dbce.page.cache.KEEP` if None.

    Raises:
        ValueError: no networks, an origin that is none, or a time out of range.
    """
    keep = cache.KEEP if keep is None else keep
    if not 0 < keep < 86400:
        raise ValueError(f"--keep is {keep:g}; it must be a number of seconds above 0, below a day.")
    origins = [origin(text) for text in embed]
    signal.signal(signal.SIGTERM, _stop)
    place = cache.start_cache(keep)
    offers, notice = offers_from_hub(reference) if reference else (offers_of(checkpoints.home()), "")
    offers = with_guests(with_pictures(offers, data), networks or {}, readings)
    files = local(offers, place / "networks") if local else None
    options = page.launch_options(origins, files)
    page.build(*offers, notice=notice, local=files, joins=not closed and stays_here(host)).launch(
        server_name=host, server_port=port, **options
    )
