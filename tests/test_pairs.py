"""An image and its mask: told apart by content and name, and held to each other's size and EXIF."""

from __future__ import annotations

import base64
import io
import itertools
import json

import numpy as np
import pytest
from PIL import Image

from dbce.data import pairs
from dbce.data.formats import InputError
from dbce.data.pairs import named_mask, read_pair, recognise
from dbce.data.phantoms import polyp
from dbce.page.scans import ScanStudio
from dbce.page.studio import Studio
from dbce.study.predictor import Predictor
from dbce.tasks import TASKS
from dbce.train import checkpoints
from tests.encodings import EXACT, SOFT, encode

IMAGE, TRUTH = polyp(4, 160)
MASK = TRUTH.astype(bool)
PHOTO = encode(Image.fromarray(IMAGE), "JPEG")
GREY = encode(Image.fromarray(IMAGE).convert("L"), "PNG")


def turned(picture: Image.Image, number: int, kind: str = "PNG") -> bytes:
    exif = Image.Exif()
    exif[0x0112] = number
    return encode(picture, kind, exif=exif)


@pytest.mark.parametrize("kind", [*EXACT, *SOFT])
@pytest.mark.parametrize("photo", [PHOTO, GREY])
def test_the_mask_is_told_by_its_content_in_either_order(kind, photo):
    files = [("a.png", {**EXACT, **SOFT}[kind](MASK)), ("b.png", photo)]
    for order in itertools.permutations(files):
        roles = recognise(list(order))
        assert (order[roles.image][0], order[roles.mask][0]) == ("b.png", "a.png")
        assert roles.sentence == "b.png as the image, a.png as its mask"
    assert recognise(files[:1]).mask == 0 and recognise(files[:1]).image is None
    assert recognise(files[1:]).image == 0


def test_a_colour_photograph_is_never_a_mask_whatever_its_name():
    assert recognise([("face_mask.jpg", PHOTO)]).image == 0
    with pytest.raises(InputError, match="neither is a mask"):
        recognise([("a.jpg", PHOTO), ("b.jpg", PHOTO)])


def test_names_tell_where_the_content_does_not():
    binary = EXACT["0/255"](MASK)
    assert recognise([("x_mask.png", binary), ("x.png", binary)]).mask == 0
    trimap = encode(Image.fromarray(np.where(MASK, 255, np.roll(MASK, 30, 1) * 127).astype(np.uint8)), "PNG")
    assert recognise([("frame_mask.png", trimap)]).mask == 0  # where it is told why it is none
    with pytest.raises(InputError, match="both look like masks"):
        recognise([("x.png", binary), ("y.png", binary)])
    with pytest.raises(InputError, match="3 files"):
        recognise([("x.png", binary)] * 3)


def test_names_of_masks():
    masks = "a_mask.png ISIC_1_Segmentation.png gt.png 12-GT.png p_seg.tif Ground Truth.png label0001.png mask.png"
    assert all(map(named_mask, masks.replace("Ground T", "GroundT").split()))
    assert not any(map(named_mask, ("frame.png", "budget.png", "segovia2.jpg", "ISIC_1.jpg")))


@pytest.mark.parametrize("number", [5, 6, 7, 8])
def test_exif_is_named_where_it_is_why_the_sizes_differ(number):
    stored = Image.new("RGB", (60, 40))
    mask = encode(Image.fromarray(np.pad(np.full((10, 10), 255, np.uint8), ((15, 15), (25, 25)))), "PNG")
    for image, drawn in (
        (turned(stored, number, "JPEG"), mask),
        (encode(stored, "PNG"), turned(Image.open(io.BytesIO(mask)), number)),
    ):
        with pytest.raises(InputError, match=f"orientation {number}.*The EXIF orientation is the cause"):
            read_pair(("p.jpg", image), ("m.png", drawn))


@pytest.mark.parametrize("number", [2, 3, 4])
def test_a_turned_image_of_the_same_size_gets_a_warning(number):
    stored = Image.fromarray(IMAGE)
    pair = read_pair(("p.jpg", turned(stored, number)), ("m.png", EXACT["0/255"](MASK)))
    assert any(f"orientation {number}" in note and "Check that they fit" in note for note in pair.notes)
    both = read_pair(("p.jpg", turned(stored, number)), ("m.png", turned(Image.fromarray(TRUTH * 255), number)))
    assert not any("Check" in note for note in both.notes)


# --- what the page is told


@pytest.fixture(scope="module")
def studio() -> Studio:
    return Studio(Predictor(checkpoints.bundled("polyp"), "polyp"))


def entry(name: str, data: bytes) -> dict[str, str]:
    return {"name": name, "data": base64.b64encode(data).decode()}


def ask(studio: Studio, request: dict) -> dict:
    reply = studio.open_study(json.dumps(request))
    return {**reply, **({"scene": json.loads(reply["scene"])} if "scene" in reply else {})}


def test_dropped_files_come_back_sorted_and_said(studio):
    photo, mask = entry("frame.jpg", PHOTO), entry("cut.png", EXACT["red on blue"](MASK))
    reply = ask(studio, {"example": 0, "files": [mask, photo]})
    assert reply["took"] == {"image": 1, "mask": 0} and reply["scene"]["arrays"]["labels"]
    assert "Taken: frame.jpg as the image, cut.png as its mask." in reply["scene"]["note"]
    assert "Object: red (255, 0, 0) on blue (0, 0, 255), " in reply["scene"]["note"]
    alone = ask(studio, {"image": photo, "files": [mask]})
    assert alone["took"] == {"image": None, "mask": 0} and "frame.jpg" in alone["scene"]["title"]


def test_a_mask_that_came_first_waits_for_its_image(studio):
    photo, mask = entry("frame.jpg", PHOTO), entry("frame_mask.png", EXACT["0/1"](MASK))
    refused = ask(studio, {"example": 0, "files": [mask]})
    assert refused["waiting"] is True and "frame_mask.png has 160 x 160 pixels, the example has 320" in refused["error"]
    both = ask(studio, {"example": 0, "files": [photo], "waiting": mask})
    assert both["took"] == {"image": 0, "mask": "waiting"} and both["scene"]["arrays"]["labels"]
    other = entry("other.jpg", encode(Image.fromarray(polyp(5, 200)[0]), "JPEG"))
    alone = ask(studio, {"example": 0, "files": [other], "waiting": mask})
    assert alone["took"] == {"image": 0, "mask": None} and "labels" not in alone["scene"]["arrays"]


def test_a_mask_opened_as_an_image_is_named(studio):
    reply = ask(studio, {"image": entry("m.png", EXACT["0/255"](MASK))})
    assert "m.png looks like a mask" in reply["scene"]["note"]


@pytest.mark.parametrize("files", [None, 3, [], [None], [{"name": "a.png"}], ["x"]])
def test_files_of_another_form_get_a_sentence(studio, files):
    reply = ask(studio, {"example": 0, "files": files})
    assert "error" in reply and "went wrong" not in reply["error"]


def test_an_object_of_which_nothing_is_left_gets_a_sentence(studio):
    tiny = np.zeros((1600, 1600), np.uint8)
    tiny[800:] = 255
    tiny[5, 5] = 1
    image = entry("p.png", encode(Image.new("RGB", (1600, 1600)), "PNG"))
    reply = ask(studio, {"image": image, "mask": entry("m.png", encode(Image.fromarray(tiny), "PNG"))})
    assert "vanishes at 320 x 320" in reply["error"]


def test_scans_and_labels_are_told_by_name():
    roles = ScanStudio._roles
    studio = ScanStudio.__new__(ScanStudio)
    for order in (["label0001.nii.gz", "img0001.nii.gz"], ["img0001.nii.gz", "label0001.nii.gz"]):
        found = roles(studio, [(name, b"") for name in order])
        assert (order[found.image], order[found.mask]) == ("img0001.nii.gz", "label0001.nii.gz")


@pytest.mark.parametrize("kind", [*EXACT, *SOFT])
def test_what_saves_an_attempt_to_read_a_mask_never_hides_one(kind, monkeypatch):
    """Photographs are told at a glance; a mask, however it is written, still gets the note."""
    attempts = []
    monkeypatch.setattr(pairs, "recognise", lambda *given: attempts.append(1) or recognise(*given))
    found = pairs.read_given(("frame.jpg", PHOTO), None, TASKS["polyp"], None)
    assert not attempts and not any("looks like a mask" in note for note in found.notes)
    found = pairs.read_given(("it.png", {**EXACT, **SOFT}[kind](MASK)), None, TASKS["polyp"], None)
    assert attempts and any("looks like a mask" in note for note in found.notes)
