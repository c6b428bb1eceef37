"""Public data sets from their official addresses: with progress, resumed where a download broke off, and checked."""

from __future__ import annotations

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from dbce.data.folders import find_pairs
from dbce.train.checkpoints import file_sha256

CHECKSUMS = "checksums.sha256"
"""Beside the data, in the form of ``sha256sum``. The owners publish none: the first download writes it, later ones must
agree with it, and whoever wants to check against a colleague puts the colleague's file there first."""

_CHUNK = 1 << 18


@dataclass(frozen=True)
class Source:
    """A public data set.

    Attributes:
        urls: its archives.
        folder: where it lies afterwards, in the folder it is fetched to.
        inside: whether the archives hold that folder themselves.
        pairs: number of images with masks.
    """

    urls: Sequence[str]
    folder: str
    inside: bool
    pairs: int


_ISIC = "https://isic-challenge-data.s3.amazonaws.com/2018/"
SOURCES = {
    "kvasir": Source(("https://datasets.simula.no/downloads/kvasir-seg.zip",), "Kvasir-SEG", True, 1000),
    "isic": Source(
        (_ISIC + "ISIC2018_Task1-2_Training_Input.zip", _ISIC + "ISIC2018_Task1_Training_GroundTruth.zip"),
        "ISIC2018",
        False,
        2594,
    ),
}

ASK = {
    "cvc": "CVC-ClinicDB is given out by its authors: ask at https://polyp.grand-challenge.org/CVCClinicDB/, and put "
    "its folders 'Original' and 'Ground Truth' into CVC-ClinicDB/.",
    "synapse": "The Synapse scans may not be passed on: register at https://www.synapse.org/Synapse:syn3193805, join "
    "the challenge, and name the folder with 'img' and 'label', or TransUNet's 'train_npz' and 'test_vol_h5'.",
}
"""Data sets that cannot simply be downloaded, and where to ask for them."""


def fetch_dataset(name: str, out: Path, progress: Callable[..., Any], mirror: str | None = None) -> Path:
    """Download a data set and unpack it; what is there already is not fetched again.

    Args:
        name: key of `SOURCES`.
        out: folder to put it in.
        progress: like ``tqdm`` of bytes: called with ``total``, ``initial`` and ``desc``, a context with ``update``.
        mirror: address of a folder with the same archives.

    Returns:
        The data set's folder, as `dbce.data.datasets.load_dataset` takes it.

    Raises:
        ValueError: a server that does not answer or lacks the file, a damaged archive, another checksum than before, or
            an archive of another number of images.
    """
    source = SOURCES[name]
    folder = out / source.folder
    out.mkdir(parents=True, exist_ok=True)
    for url in source.urls:
        file = url.rsplit("/", 1)[-1]
        archive = out / file
        if not archive.is_file():
            download_file(f"{mirror.rstrip('/')}/{file}" if mirror else url, archive, progress)
        _check(archive, out / CHECKSUMS)
        with ZipFile(archive) as opened:
            opened.extractall(out if source.inside else folder)
    pairs = len(find_pairs(folder))
    if pairs != source.pairs:
        raise ValueError(
            f"{folder} holds {pairs} images with masks, {name} has {source.pairs}; remove the folder and its archives, "
            "and fetch them again."
        )
    return folder


def download_file(url: str, path: Path, progress: Callable[..., Any]) -> None:
    """Download a file; what an earlier call got is kept beside it as ``.part`` and not fetched again.

    Raises:
        ValueError: no answer, an error of the server, a connection that breaks off, or a disk that is full.
    """
    part = path.with_name(path.name + ".part")
    tag = path.with_name(path.name + ".etag.part")  # a part is continued only if the server's file is the same
    have = part.stat().st_size if part.is_file() and tag.is_file() else 0
    headers = {"User-Agent": "dbce"} | ({"Range": f"bytes={have}-", "If-Range": tag.read_text()} if have else {})
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=60) as answer:
            if answer.status != 206:
                have = 0
            length = answer.headers.get("Content-Length")
            total = have + int(length) if length else None
            if etag := answer.headers.get("ETag"):
                tag.write_text(etag)
            with part.open("ab" if have else "wb") as file, progress(total=total, initial=have, desc=path.name) as bar:
                while chunk := answer.read(_CHUNK):
                    file.write(chunk)
                    bar.update(len(chunk))
    except urllib.error.HTTPError as error:
        if error.code == 416:  # the part is not of this file
            part.unlink(missing_ok=True)
        raise ValueError(
            f"{url} answers {error.code} {error.reason}; the data set may have moved: look at its page."
        ) from error
    except (OSError, ValueError) as error:
        got = part.stat().st_size if part.is_file() else 0
        # a browser finds a link that is missing in a server's chain of certificates
        raise ValueError(
            f"{url} could not be downloaded ({error}) after {got / 1e6:.1f} MB; give the same command again to go on, "
            f"or download it with a browser into {path.parent} first."
        ) from error
    if total is not None and part.stat().st_size != total:
        raise ValueError(
            f"{url} broke off after {part.stat().st_size} of {total} bytes; give the same command again to go on."
        )
    os.replace(part, path)
    tag.unlink(missing_ok=True)


def _check(archive: Path, checksums: Path) -> None:
    """Whether an archive is whole, by the checksums inside it, and the same as the first time, by its SHA-256."""
    try:
        with ZipFile(archive) as opened:
            bad = opened.testzip()
    except (BadZipFile, OSError) as error:
        bad = f"{error}"
    if bad is not None:
        raise ValueError(f"{archive} is damaged ({bad}); remove it, and give the same command again.")
    found = file_sha256(archive)
    lines = checksums.read_text().splitlines() if checksums.is_file() else []
    known = {name: value for value, _, name in (line.partition("  ") for line in lines)}
    if known.setdefault(archive.name, found) != found:
        raise ValueError(
            f"{archive} has sha256 {found[:12]}..., {checksums.name} says {known[archive.name][:12]}...; it is not "
            "the file that was meant. Remove one of the two."
        )
    checksums.write_text("".join(f"{value}  {name}\n" for name, value in sorted(known.items())))
