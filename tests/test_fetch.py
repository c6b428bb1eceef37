"""Downloads from a server on loopback that can break off, change its file, or lose it."""

from __future__ import annotations

import io
import re
import threading
import zipfile
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np
import pytest
from tqdm import tqdm

from dbce.__main__ import main
from dbce.data.datasets import load_dataset
from dbce.data.phantoms import polyp
from dbce.hub import fetch

BAR = partial(tqdm, disable=True)


def archive(count: int, images: str, masks: str, parts: str = "both", ending: str = "") -> bytes:
    """A zip of drawn images, masks, or both."""
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w") as file:
        for seed in range(count):
            image, mask = polyp(seed, 64)
            for folder, pixels, part in ((images, image, "images"), (masks, mask * 255, "masks")):
                if parts in ("both", part):
                    name = f"{folder}/ISIC_{seed}{ending if part == 'masks' else ''}.png"
                    file.writestr(name, cv2.imencode(".png", pixels)[1].tobytes())
    return memory.getvalue()


class Server(BaseHTTPRequestHandler):
    """Files with ranges, as the official servers have them."""

    files: dict[str, bytes] = {}
    served: list[tuple[str, int]] = []
    cut: int | None = None  # break off after so many bytes, once
    ranges = True

    def do_GET(self) -> None:
        content = self.files.get(self.path)
        if content is None:
            return self.send_error(404)
        etag = f'"{hash(content)}"'
        start = 0
        asked = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        if asked and self.ranges and self.headers.get("If-Range") in (None, etag):
            start = int(asked[1])
        self.served.append((self.path, start))
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.send_header("ETag", etag)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        self.end_headers()
        cut, type(self).cut = self.cut, None
        self.wfile.write(content[start:] if cut is None else content[start : start + cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(monkeypatch):
    """An address that serves what Server.files holds, and data sets of six images."""
    for name, source in fetch.SOURCES.items():
        small = fetch.Source(source.urls, source.folder, source.inside, 6)
        monkeypatch.setitem(fetch.SOURCES, name, small)
    Server.files, Server.served, Server.cut, Server.ranges = {}, [], None, True
    running = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    threading.Thread(target=running.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{running.server_address[1]}"
    running.shutdown()
    running.server_close()


KVASIR = "/kvasir-seg.zip"


def test_kvasir_comes_whole_and_is_not_fetched_twice(server, tmp_path, capsys):
    Server.files = {KVASIR: archive(6, "Kvasir-SEG/images", "Kvasir-SEG/masks")}
    for _ in range(2):
        assert main(["fetch", "kvasir", "-o", str(tmp_path), "--mirror", server]) == 0
    assert len(Server.served) == 1
    assert "Kvasir-SEG" in capsys.readouterr().out
    dataset = load_dataset(tmp_path / "Kvasir-SEG", 64)
    assert len(dataset) == 6 and np.array_equal(dataset.labels[2], polyp(2, 64)[1])


def test_an_archive_that_is_there_already_is_used(server, tmp_path):
    (tmp_path / "kvasir-seg.zip").write_bytes(archive(6, "Kvasir-SEG/images", "Kvasir-SEG/masks"))
    assert len(load_dataset(fetch.fetch_dataset("kvasir", tmp_path, BAR, server), 64)) == 6 and Server.served == []


def test_isic_is_two_archives_in_one_folder(server, tmp_path):
    images, masks = "ISIC2018_Task1-2_Training_Input", "ISIC2018_Task1_Training_GroundTruth"
    Server.files = {
        f"/{images}.zip": archive(6, images, masks, "images"),
        f"/{masks}.zip": archive(6, images, masks, "masks", "_segmentation"),
    }
    folder = fetch.fetch_dataset("isic", tmp_path, BAR, server)
    assert folder == tmp_path / "ISIC2018" and len(load_dataset(folder, 64)) == 6
    assert len((tmp_path / fetch.CHECKSUMS).read_text().splitlines()) == 2


def test_a_download_that_broke_off_goes_on_where_it_was(server, tmp_path):
    content = archive(6, "Kvasir-SEG/images", "Kvasir-SEG/masks")
    Server.files, Server.cut = {KVASIR: content}, 10_000
    with pytest.raises(ValueError, match=r"give the same command again to go on"):
        fetch.fetch_dataset("kvasir", tmp_path, BAR, server)
    assert fetch.fetch_dataset("kvasir", tmp_path, BAR, server).is_dir()
    assert Server.served == [(KVASIR, 0), (KVASIR, 10_000)]
    assert (tmp_path / "kvasir-seg.zip").read_bytes() == content


@pytest.mark.parametrize("change", ["file", "server"])
def test_a_part_of_another_file_is_not_continued(server, tmp_path, change):
    first, second = (archive(6, f"Kvasir-SEG/{name}", "Kvasir-SEG/masks") for name in ("other", "images"))
    Server.files, Server.cut = {KVASIR: first if change == "file" else second}, 10_000
    with pytest.raises(ValueError, match="to go on"):
        fetch.fetch_dataset("kvasir", tmp_path, BAR, server)
    Server.files, Server.ranges = {KVASIR: second}, change == "file"
    fetch.fetch_dataset("kvasir", tmp_path, BAR, server)
    assert Server.served[-1] == (KVASIR, 0) and (tmp_path / "kvasir-seg.zip").read_bytes() == second


def test_a_damaged_archive_and_another_one_than_before_are_named(server, tmp_path):
    content = archive(6, "Kvasir-SEG/images", "Kvasir-SEG/masks")
    middle = len(content) // 2
    Server.files = {KVASIR: content[:middle] + bytes(200) + content[middle + 200 :]}
    with pytest.raises(ValueError, match=r"kvasir-seg.zip is damaged .* remove it"):
        fetch.fetch_dataset("kvasir", tmp_path, BAR, server)
    (tmp_path / "kvasir-seg.zip").unlink()
    (tmp_path / fetch.CHECKSUMS).write_text(f"{'0' * 64}  kvasir-seg.zip\n")
    Server.files = {KVASIR: content}
    with pytest.raises(ValueError, match=r"has sha256 \w{12}\.\.\., checksums.sha256 says 000000000000"):
        fetch.fetch_dataset("kvasir", tmp_path, BAR, server)


def test_too_few_images_a_lost_file_and_no_server_get_a_sentence(server, tmp_path, capsys):
    Server.files = {KVASIR: archive(4, "Kvasir-SEG/images", "Kvasir-SEG/masks")}
    with pytest.raises(ValueError, match="holds 4 images with masks, kvasir has 6"):
        fetch.fetch_dataset("kvasir", tmp_path / "a", BAR, server)
    assert main(["fetch", "isic", "-o", str(tmp_path / "b"), "--mirror", server]) == 2
    assert "answers 404 Not Found; the data set may have moved" in capsys.readouterr().err
    assert main(["fetch", "isic", "-o", str(tmp_path / "b"), "--mirror", "http://127.0.0.1:9"]) == 2
    assert "could not be downloaded" in capsys.readouterr().err


def test_the_addresses_are_the_owners_and_the_others_say_where_to_ask(capsys):
    hosts = {url.split("/")[2] for source in fetch.SOURCES.values() for url in source.urls}
    assert hosts == {"datasets.simula.no", "isic-challenge-data.s3.amazonaws.com"}
    assert (fetch.SOURCES["kvasir"].pairs, fetch.SOURCES["isic"].pairs) == (1000, 2594)
    for name, words in (("cvc", "grand-challenge.org"), ("synapse", "synapse.org")):
        assert main(["fetch", name]) == 0
        assert words in capsys.readouterr().out
