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
from dbce.page.views import shown
from dbce.study.predictor import Predictor
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
VIEW = VALUES | st.dictionaries(
    st.sampled_from(["figure", "loss", "weighting", "radius", "threshold", "palette", "x"]), VALUES
)


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


def test_painted_bits_of_the_right_length_are_taken(studios):
    bits = np.zeros(320 * 320 // 8, np.uint8)
    bits[1000:3000] = 255
    request = {"of": {"example": 0}, "view": {"loss": "ce"}, "kind": "csv", "labels": base64.b64encode(bits).decode()}
    assert studios[0].export_view(json.dumps(request))["type"] == "text/csv"
