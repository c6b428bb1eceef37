"""Requests as the page sends them, and of every other form: each gets a sentence that names what is wrong."""

from __future__ import annotations

import base64
import json
import logging

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dbce.data import inputs
from dbce.network import DeepSupervisionUnet
from dbce.page.limits import GENERIC
from dbce.page.scans import ScanStudio
from dbce.page.studio import Studio
from dbce.page.views import file_name, shown, stem
from dbce.study.predictor import Predictor
from dbce.study.view import View
from dbce.train.checkpoints import Checkpoint

RECIPE = {"size": 64, "encoder": "mobilenet_v2", "epochs": 1, "images": 1, "data": "x", "seed": 0}


@pytest.fixture(scope="module")
def studios() -> list[Studio]:
    torch.manual_seed(0)
    polyps, organs = (
        Predictor({"ce": Checkpoint(DeepSupervisionUnet("mobilenet_v2", classes).eval(), RECIPE)}, task)
        for task, classes in (("polyp", 2), ("organs", 9))
    )
    return [Studio(polyps), ScanStudio(organs)]


def sentence(answer: dict[str, str]) -> str:
    """The error of an answer, which must be fit for the wire and for a reader."""
    (words,) = answer.values()
    assert list(answer) == ["error"] and words != GENERIC and len(words) < 400, words[:500]
    words.encode()  # no lone surrogate
    assert (
        "Traceback" not in words and "Error" not in words and "NoneType" not in words and "object is not" not in words
    )
    return words


VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.sampled_from([10**30, -(10**400), 2**63, 1e99, -0.0])
    | st.floats()
    | st.text(st.characters(exclude_categories=()), max_size=8)
    | st.sampled_from(["\ud800", "\x00", "../../etc/passwd", "é", "a.nii.gz", "a.npz", "eHg=", "ce", "__proto__"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FILE = st.fixed_dictionaries({}, optional={"name": VALUES, "data": VALUES})
PLANE = st.fixed_dictionaries({}, optional={name: VALUES for name in ("grey", "labels", "title", "place", "shape")})
OPEN = st.fixed_dictionaries(
    {"image": VALUES | FILE}, optional={"mask": VALUES | FILE, "example": VALUES, "slice": VALUES}
) | st.fixed_dictionaries({"plane": VALUES | PLANE, "image": FILE})
FIELDS = (
    "tab loss weighting radius threshold palette prior map below shape scale opacity outline shown layers cls slice"
)
VIEW = VALUES | st.dictionaries(st.sampled_from(["figure", "zoom", "x", *FIELDS.split()]), VALUES)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(request=VALUES | OPEN)
def test_anything_that_is_opened(studios, request):
    for studio in studios:
        sentence(studio.open_study(json.dumps(request)))


@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(view=VIEW, kind=VALUES, labels=VALUES, of=VALUES | OPEN)
def test_anything_that_is_exported(studios, view, kind, labels, of):
    for studio in studios:
        sentence(studio.export_view(json.dumps({"of": of, "view": {}, "kind": "npz"})))
        sentence(studio.export_view(json.dumps({"of": {"example": 0}, "view": {}, "kind": kind, "labels": None})))
        answer = studio.export_view(json.dumps({"of": {"example": 0}, "view": view, "kind": "exe"}))
        sentence(answer)
    if labels:
        request = {"of": {"example": 0}, "view": {"loss": "ce"}, "kind": "csv", "labels": labels}
        assert "did not arrive whole" in sentence(studios[0].export_view(json.dumps(request)))


@pytest.mark.parametrize(
    ("request_text", "words"),
    [
        (None, "JSON text"),
        (5, "JSON text"),
        ({"example": 0}, "JSON text"),
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 200_000, "not JSON"),
        ('{"a":' * 200_000, "not JSON"),
        ('{"example": ' + "9" * 5000 + "}", "not JSON"),
        ("null", "JSON object"),
        ('"x"', "JSON object"),
        ("{}", "Choose one of the examples"),
        ('{"example": true}', "Choose one of the examples"),
        ('{"example": NaN}', "Choose one of the examples"),
        ('{"example": -1}', "Choose one of the examples"),
        ('{"example": "0"}', "Choose one of the examples"),
        ('{"image": null}', "did not arrive whole"),
        ('{"example": 0, "mask": 7}', "did not arrive whole"),
        ('{"image": {"name": "\\ud800.png", "data": "eHg="}}', "\ufffd.png is not an image"),
        ('{"image": {"name": "a\\u0000\\u202eb.png", "data": "eHg="}}', "a\ufffd\ufffdb.png is not an image"),
        ('{"image": {"name": "", "data": "eHg="}}', "The file is not an image"),
    ],
)
def test_what_is_wrong_is_named(studios, request_text, words, caplog):
    with caplog.at_level(logging.ERROR):
        for studio in studios:
            assert words in sentence(studio.open_study(request_text))
            if not isinstance(request_text, str) or words in ("not JSON", "JSON object"):
                assert words in sentence(studio.export_view(request_text))
    assert not caplog.records  # a visitor's mistake leaves no traceback


def test_our_fault_is_logged_and_told_in_general(studios, monkeypatch, caplog):
    monkeypatch.setattr(studios[0], "example", lambda index: 1 / 0)
    assert studios[0].open_study('{"example": 0}') == {"error": GENERIC}
    assert "ZeroDivisionError" in caplog.text


def test_a_name_is_shown_short_and_keeps_its_suffix():
    assert inputs.plain_name("x" * 10**6 + ".nii.gz").endswith("x.nii.gz")
    assert len(inputs.plain_name("\n" * 10**6)) < 130
    assert inputs.plain_name("Bild\u202f5.png") == "Bild 5.png"


@given(value=VALUES)
def test_a_value_is_shown_short(value):
    assert len(shown(value)) < 250
    shown(value).encode()


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("tab", "settings", "tab is 'settings'; it must be one of anatomy, compare, radius, results, lab."),
        ("lab.formula", 3, "lab.formula is 3; it must be a text of at most 2000 letters."),
        ("below", 5, "below is 5; it must be one of probability, entropy, weighted."),
        ("shape", ["fill"], "it must be one of fill, outline."),
        ("shown", "ce", "shown is 'ce'; it must be a list of some of ce."),
        ("shown", ["ce", "focal"], "it must be a list of some of ce."),
        ("layers", ["tp", 5], "it must be a list of some of tp, fp, fn."),
        ("outline", 1, "outline is 1; it must be true or false."),
        ("opacity", 1.5, "opacity is 1.5; it must be a number from 0 to 1."),
        ("opacity", True, "opacity is True; it must be a number from 0 to 1."),
        ("radius", float("nan"), "radius is nan; it must be a number from 0 to 150."),
        ("radius", 10**400, "it must be a number from 0 to 150."),
        ("cls", 1, "cls is 1; it must be a whole number from 1 to 0."),
        ("zoom", 2, "zoom is 2; it must be [scale, x, y]"),
        ("zoom", [0.5, 0, 0], "it must be [scale, x, y]"),
        ("zoom", [2, -1.5, 0], "it must be [scale, x, y]"),
        ("zoom", [2, -0.5, 0.5], "it must be [scale, x, y]"),
        ("zoom", [2, float("nan"), 0], "it must be [scale, x, y]"),
        ("zoom", [10**400, 0, 0], "it must be [scale, x, y]"),
        ("x", 1, "fields that are not known here"),
    ],
)
def test_a_view_that_cannot_be_is_one_sentence(studios, name, value, words):
    view = {"loss": "ce", name: value}
    answer = studios[0].export_view(json.dumps({"of": {"example": 0}, "view": view, "kind": "png"}))
    assert words in sentence(answer)


def test_what_another_task_has_is_refused_and_nothing_chosen_is_nothing(studios):
    ask = {"of": {"example": 0}, "kind": "csv"}
    for name, value in (("prior", "corrected"), ("map", "gradient")):
        answer = studios[1].export_view(json.dumps({**ask, "view": {"loss": "ce", name: value}}))
        assert f"{name} is '{value}'; this task has no such choice" in sentence(answer)
    for view in (
        {"prior": "trained", "cls": None},
        {"example": None, "slice": None, "picked": None},  # an image of one's own
        {"cls": 5, "zoom": [4, -3, 0]},
        {"figure": "organs", "threshold": 0},
    ):
        assert "data" in studios[1].export_view(json.dumps({**ask, "view": {"loss": "ce", **view}}))
    assert "threshold is None" in sentence(studios[1].export_view(json.dumps({**ask, "view": {"threshold": None}})))
    assert "png, svg, pdf, csv" in sentence(
        studios[0].export_view(json.dumps({**ask, "view": {"tab": "results"}, "kind": "npz"}))
    )
    lab = {"tab": "lab", "lab": "faint", "lab.formula": "ce", "lab.size": None}
    assert "Of the tab lab the server has no file" in sentence(studios[0].export_view(json.dumps({**ask, "view": lab})))
    assert "Nothing was measured" in sentence(studios[0].export_view(json.dumps({**ask, "view": {"tab": "results"}})))


@pytest.mark.parametrize(
    ("view", "image", "name"),
    [
        (View(), "example 1", "dbce-example-1-anatomy-dilated-r20.svg"),
        (View(radius=7.5), "IMG_0042.JPG", "dbce-IMG_0042-anatomy-dilated-r7.5.svg"),
        (View(weighting="none", map="gradient"), "a.png", "dbce-a-anatomy-gradient-none.svg"),
        (View(figure="compare"), "example 1", "dbce-example-1-compare-t0.50.svg"),
        (View(figure="compare", prior="corrected"), "x.tiff", "dbce-x-compare-t0.50-corrected.svg"),
        (View(figure="organs"), "case 3.nii.gz, slice 12", "dbce-case-3-slice-12-organs.svg"),
        (View(figure="radius"), "../../etc/passwd", "dbce-etc-passwd-radius.svg"),
        (View(figure="radius"), "v1.2 final.png", "dbce-v1.2-final-radius.svg"),
        (View(figure="radius"), "\u80a0\u955c.png", "dbce-\u80a0\u955c-radius.svg"),
        (View(figure="radius"), '<b>"a|b?*:', "dbce-b-a-b-radius.svg"),
        (View(figure="radius"), ".png", "dbce-image-radius.svg"),
        (View(figure="results"), "a.png", "dbce-polyp-results.svg"),
    ],
)
def test_a_file_is_called_after_the_image_and_the_view(view, image, name):
    assert file_name(view, "svg", image, "polyp") == name


@given(image=st.text(max_size=300))
def test_any_image_gives_a_name_that_any_system_takes(image):
    found = stem(inputs.plain_name(image))
    assert 0 < len(found) <= 60 and not set(found) & set('/\\:*?"<>| \n\t') and found.strip("-._") == found


def test_painted_bits_of_the_right_length_are_taken(studios):
    bits = np.zeros(320 * 320 // 8, np.uint8)
    bits[1000:3000] = 255
    request = {"of": {"example": 0}, "view": {"loss": "ce"}, "kind": "csv", "labels": base64.b64encode(bits).decode()}
    answer = studios[0].export_view(json.dumps(request))
    assert answer["type"] == "text/csv" and answer["name"] == "dbce-example-1-anatomy-dilated-r20.csv"
    assert base64.b64decode(answer["data"]).decode().splitlines()[1].startswith("example 1,")
