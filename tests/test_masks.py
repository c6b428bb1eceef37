"""Masks: the object is found the same way however the mask is written; what is no mask is told from one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dbce.data.formats import InputError
from dbce.data.masks import read_labels, read_levels, read_mask
from dbce.data.phantoms import lesion, polyp
from dbce.tasks import IGNORE
from tests.encodings import EXACT, SOFT, encode, palette, two


def blob(seed: int, height: int = 90, width: int = 120) -> np.ndarray:
    """Some ellipses away from the border."""
    rng = np.random.default_rng(seed)
    canvas = np.zeros((height, width), np.uint8)
    for _ in range(rng.integers(1, 4)):
        centre = int(rng.integers(width // 4, 3 * width // 4)), int(rng.integers(height // 4, 3 * height // 4))
        axes = int(rng.integers(4, width // 6)), int(rng.integers(4, height // 6))
        cv2.ellipse(canvas, centre, axes, float(rng.integers(180)), 0, 360, 1, -1)
    return canvas.astype(bool)


@pytest.mark.parametrize("kind", EXACT)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_one_mask_in_every_writing_is_one_object(kind, seed):
    mask = blob(seed)
    assert np.array_equal(read_mask(EXACT[kind](mask), "m.png").labels, mask)


@pytest.mark.parametrize("kind", SOFT)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_lossy_masks_are_the_same_but_for_their_edges(kind, seed):
    mask = blob(seed, 240, 320)
    found = read_mask(SOFT[kind](mask), "m.jpg").labels
    edge = cv2.dilate(mask.astype(np.uint8), np.ones((9, 9))) != cv2.erode(mask.astype(np.uint8), np.ones((9, 9)))
    assert np.array_equal(found[~edge], mask[~edge]) and (found != mask).mean() < 0.01


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10**6), sigma=st.floats(0.5, 5), high=st.sampled_from([255, 200, 65535]))
def test_soft_edges_are_cut_at_the_half(seed, sigma, high):
    mask = blob(seed, 240, 320)
    soft = cv2.GaussianBlur(mask.astype(np.float32), None, sigma)
    soft = np.rint(soft / soft.max() * high).astype(np.uint16 if high > 255 else np.uint8)
    assert np.array_equal(read_mask(encode(Image.fromarray(soft), "PNG"), "m").labels, soft > high / 2)


@pytest.mark.parametrize("number", range(2, 9))
@pytest.mark.parametrize("kind", ["0/255", "Group 4", "JPEG"])
def test_exif_turns_a_mask_as_it_turns_an_image(kind, number):
    mask = blob(3)
    exif = Image.Exif()
    exif[0x0112] = number
    turned = {  # what is stored, by Pillow's own words, so that it is upright again
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[number]
    stored = Image.fromarray(mask.astype(np.uint8) * 255).transpose(turned)
    form, options = {
        "0/255": ("PNG", {}),
        "Group 4": ("TIFF", {"compression": "group4"}),
        "JPEG": ("JPEG", {"quality": 95}),
    }[kind]
    picture = stored.convert("1") if kind == "Group 4" else stored
    found = read_mask(encode(picture, form, exif=exif, **options), "m")
    assert found.orientation == number and found.size == (120, 90) and np.array_equal(found.labels, mask)


def test_the_rule_is_said_with_its_share():
    mask = np.zeros((10, 10), bool)
    mask[2:9, 3:7] = True
    said = {kind: read_mask(EXACT[kind](mask), "m").sentence() for kind in ("0/1", "red on blue", "black on white")}
    assert said["0/1"] == "object: value 1, 28 % of the pixels"
    assert said["red on blue"] == "object: red (255, 0, 0) on blue (0, 0, 255), 28 % of the pixels"
    assert said["black on white"] == "object: value 0 on value 255, 28 % of the pixels"


# --- 255 beside 0 and 1


def with_ring(mask: np.ndarray) -> np.ndarray:
    """0/1 with a ring of 255 around the object, as VOC's labels have it."""
    inside = mask.astype(np.uint8)
    inside[(cv2.dilate(inside, np.ones((3, 3))) > 0) & ~mask] = IGNORE
    return inside


@pytest.mark.parametrize("kind", ["grey", "16 bits", "palette", "short palette", "RGB", "GIF"])
def test_255_beside_0_and_1_is_ignored(kind):
    values = with_ring(blob(5))
    picture, depth = Image.fromarray(values), {}
    if kind == "16 bits":
        picture = Image.fromarray(values.astype(np.uint16))
    elif "palette" in kind:
        depth = {"bits": 8}  # else Pillow writes the indices with one
        picture.putpalette([0, 0, 0, 128, 0, 0] + ([0, 64, 0] * 253 + [224, 224, 192] if kind == "palette" else []))
    elif kind == "RGB":
        picture = picture.convert("RGB")
    found = read_mask(encode(picture, "GIF") if kind == "GIF" else encode(picture, "PNG", **depth), "m")
    assert np.array_equal(found.labels, values)
    assert found.sentence().startswith("object: value 1, ") and found.sentence().endswith("are ignored (value 255)")


def test_the_share_is_of_the_pixels_that_count():
    values = np.zeros((10, 10), np.uint8)
    values[:5] = IGNORE
    values[5, :] = 1
    assert read_mask(encode(Image.fromarray(values), "PNG"), "m").sentence() == (
        "object: value 1, 20 % of the pixels; 50 % are ignored (value 255)"
    )


# --- what surrounds is the background


def test_an_object_that_fills_the_picture_is_still_the_object():
    mask = np.ones((100, 100), bool)
    mask[:3, :3] = mask[-4:, -2:] = False  # dark corners: the border is 96 % object, the whole more
    assert np.array_equal(read_mask(EXACT["0/255"](mask), "m").labels, mask)


def test_numbers_are_never_turned_over():
    mask = ~blob(7)
    for kind in ("0/1", "0/2", "1/2"):
        assert np.array_equal(read_mask(EXACT[kind](mask), "m").labels, mask)


# --- what is no mask

RAMP = np.linspace(0, 255, 160).astype(np.uint8)[None].repeat(120, 0)
BUMP = cv2.GaussianBlur(np.pad(np.full((1, 1), 255, np.float32), 100), None, 25)
TRIMAP = np.where(blob(1), 255, np.where(cv2.dilate(blob(1).astype(np.uint8), np.ones((15, 15))) > 0, 127, 0))
THREE = np.stack([blob(1) * 255, blob(2) & ~blob(1) * 255, np.zeros((90, 120))], axis=2).astype(np.uint8)
THREE[40:60, 50:80] = (0, 0, 255)
THREE[10:30, 10:60] = (0, 255, 0)


@pytest.mark.parametrize(
    ("picture", "words"),
    [
        (Image.fromarray(polyp(1, 200)[0]), "is a colour picture"),
        (Image.fromarray(lesion(2, 200)[0]), "as a photograph"),
        (Image.fromarray(polyp(1, 200)[0]).convert("L"), "is a grey picture"),
        (Image.fromarray(RAMP), "is a grey picture"),
        (Image.fromarray(np.rint(BUMP / BUMP.max() * 255).astype(np.uint8)), "a map of probabilities"),
        (Image.fromarray(TRIMAP.astype(np.uint8)), "(0, 255, 127; the third in"),
        (Image.fromarray(THREE), "holds more than two colours"),
        (Image.fromarray(np.arange(5, dtype=np.uint8)[None].repeat(5, 0)), "5 classes (0, 1, 2, 3, 4)"),
        (Image.fromarray(np.where(blob(1), 255, 1).astype(np.uint8)), "holds 1 and 255"),
        (Image.fromarray(np.where(blob(1), 0.5, 0).astype(np.float32)), "0, 0.5; a mask or labels hold whole numbers"),
        (Image.fromarray(np.where(blob(1), -1, 0).astype(np.int32)), "-1, 0"),
        (Image.fromarray(np.where(blob(1), np.inf, 0).astype(np.float32)), "NaN or infinity"),
        (Image.fromarray(np.where(blob(1), np.nan, 0).astype(np.float32)), "NaN or infinity"),
    ],
)
def test_what_is_no_mask_gets_a_sentence_of_what_it_is(picture, words):
    kind = "TIFF" if picture.mode in ("F", "I") else "PNG"
    with pytest.raises(InputError) as caught:
        read_mask(encode(picture, kind), "m.png")
    assert words in str(caught.value) and "m.png" in str(caught.value)


def test_two_colours_that_share_the_border_cannot_be_told_apart():
    half = np.zeros((60, 60), bool)
    half[:, 30:] = True
    with pytest.raises(InputError, match="cannot be told which is the object"):
        read_mask(two(half, (0, 0, 255), (255, 0, 0)), "m.png")
    data = palette(half, [0, 0, 255, 255, 0, 0])  # here the indices tell
    assert np.array_equal(read_mask(data, "m.png").labels, half)


def test_a_dark_photograph_with_a_hot_pixel_is_no_mask():
    deep = (polyp(3, 200)[0][..., 1].astype(np.uint16)) * 16
    deep[5, 5] = 65535
    with pytest.raises(InputError, match="is a grey picture"):
        read_mask(encode(Image.fromarray(deep), "PNG"), "m.png")


# --- labels of several classes


@pytest.mark.parametrize("mode", ["L", "P", "I;16"])
def test_labels_keep_their_numbers_and_255_is_ignored(mode):
    labels = np.random.default_rng(0).choice(np.array([0, 3, 8, IGNORE], np.uint8), (9, 12))
    picture = Image.fromarray(labels.astype(np.uint16) if mode == "I;16" else labels)
    if mode == "P":
        picture.putpalette(list(range(256)) * 3)
    found = read_labels(encode(picture, "PNG"), "l.png", 9)
    assert np.array_equal(found.labels, labels) and found.rule == "labels: 0, 3, 8"


@pytest.mark.parametrize(
    ("labels", "words"),
    [
        (np.full((4, 4), 9, np.uint8), "values up to 9; labels must be the class numbers 0 to 8"),
        (np.full((4, 4), 0.5, np.float32), "0.5"),
        (np.full((4, 4), np.nan, np.float32), "NaN"),
        (np.full((4, 4), -1, np.int32), "-1"),
        (np.zeros((4, 4, 3), np.uint8), "colour image"),
    ],
)
def test_other_labels_get_a_sentence(labels, words):
    picture = Image.fromarray(labels)
    with pytest.raises(InputError, match=words):
        read_labels(encode(picture, "TIFF" if picture.mode in ("F", "I") else "PNG"), "l.png", 9)


def test_levels_tell_what_they_hold():
    levels = read_levels(EXACT["0/1"](blob(2)), "m.png")
    assert levels.kind == "numbers" and levels.held() == ("value 0", "value 1") and levels.pixels == 90 * 120
    assert sum(levels.shares()) == pytest.approx(1)
