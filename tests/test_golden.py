"""Python still gives what the golden files hold, and scipy and the formulas themselves say that it is right."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from scipy import ndimage
from scipy.ndimage import distance_transform_edt
from scipy.special import expit

from dbce.page import studio
from dbce.page.scene import FAR
from dbce.study.studies import LOGIT_STEP
from dbce.tasks import IGNORE, MAX_RADIUS
from dbce.weightings import WEIGHTINGS
from tests.golden_cases import FREQUENCIES, NETWORKS, RADII, label_maps
from tests.write_golden import GOLDEN, contents, unpacked

AGAIN = "if the change is meant, run `python -m tests.write_golden`"
LABELLED = [name for name, (_, _, labels) in label_maps().items() if labels is not None]


@pytest.fixture(scope="module")
def given() -> dict[str, dict]:
    return contents()


def stored(name: str) -> dict:
    return json.loads((GOLDEN / name).read_text(encoding="utf-8"))


def compare(old, new, where: str, rtol: float) -> None:
    """Whole numbers, words and arrays of whole numbers are equal; real numbers are as near as float32 allows."""
    if isinstance(new, dict) and len(new) == 1 and next(iter(new)) in ("uint8", "int16", "int32", "float32"):
        assert old.keys() == new.keys(), where
        near = 0 if where.startswith("weights") else rtol  # of exponentials the last bit is the processor's
        np.testing.assert_allclose(unpacked(old), unpacked(new), rtol=near, atol=near, err_msg=f"{where}: {AGAIN}")
    elif isinstance(new, dict):
        assert old.keys() == new.keys(), f"{where}: {AGAIN}"
        for key in new:
            compare(old[key], new[key], f"{where}, {key}", rtol)
    elif isinstance(new, (list, tuple)):
        assert len(old) == len(new), where
        for i, value in enumerate(new):
            compare(old[i], value, f"{where}, {i}", rtol)
    elif isinstance(new, float):
        assert old == pytest.approx(new, rel=1e-6, abs=1e-12), f"{where}: {AGAIN}"
    else:
        assert old == new, f"{where}: {AGAIN}"


def test_files_are_those_that_python_writes(given):
    assert {path.relative_to(GOLDEN).as_posix() for path in GOLDEN.rglob("*") if path.is_file()} == set(given)


def test_every_weighting_has_a_file_and_every_file_a_weighting():
    assert {path.stem for path in (GOLDEN / "weights").iterdir()} == set(WEIGHTINGS)


def test_python_gives_what_is_stored(given):
    for name, content in given.items():
        old, new = stored(name), json.loads(json.dumps(content))
        coarse = [case["scene"] for given in (old, new) for case in given.get("coarse", {}).values()]
        for scene in (*old.get("scenes", {}).values(), *new.get("scenes", {}).values(), *coarse):
            scene["data"] = {"uint8": scene["data"]}  # what is inflated is compared: libraries deflate differently
            assert scene.pop("image").startswith("data:image/png;base64,")
        compare(old, new, name, 2e-6)


def test_files_are_small():
    sizes = [path.stat().st_size for path in GOLDEN.rglob("*.json")]
    assert max(sizes) < 150_000 and sum(sizes) < 500_000


# --- oracles ------------------------------------------------------------------------------------------------


def to_class(labels: np.ndarray, label: int) -> np.ndarray:
    """(H, W) float64 distance to a class, by scipy; infinite where it does not occur."""
    return distance_transform_edt(labels != label) if (labels == label).any() else np.full(labels.shape, np.inf)


def classes_of(name: str) -> tuple[np.ndarray, list[np.ndarray]]:
    """Labels, and the distance to every class."""
    count, _, labels = label_maps()[name]
    return labels, [to_class(labels, label) for label in range(count)]


@pytest.mark.parametrize("name", LABELLED)
def test_distances_and_areas_are_those_of_scipy(name):
    labels, distances = classes_of(name)
    image = stored("images.json")[name]
    assert np.array_equal(unpacked(image["arrays"]["labels"]), labels.ravel())
    for label, distance in enumerate(distances):
        field = unpacked(image["arrays"][f"distance:{label}"])
        assert np.array_equal(field, np.minimum(np.ceil(distance), FAR).ravel())
        for radius in (*RADII, FAR - 1):
            assert image["areas"][str(radius)][label] == ((distance <= radius) & (labels != IGNORE)).sum()


def border_term(masks: list[np.ndarray]) -> np.ndarray:
    """What U-Net's map adds to the weights of the classes, by scipy: w0 = 10, sigma = 5."""
    apart = [np.full(masks[0].shape, np.inf)] * 2
    for inside in masks:
        component, count = ndimage.label(inside, np.ones((3, 3)))
        for number in range(1, count + 1):
            edge = component == number
            edge = edge & ~ndimage.binary_erosion(edge, border_value=1)
            if edge.any():
                apart.append(distance_transform_edt(~edge))
    first, second = np.sort(apart, axis=0)[:2]
    return 10 * np.exp(-((first + second) ** 2) / 50)


@pytest.mark.parametrize("name", LABELLED)
def test_weights_and_shares_are_those_of_the_paper(name):
    labels, distances = classes_of(name)
    valid = labels != IGNORE
    entropy = {loss: unpacked(stored("study.json")[name][loss]["entropy"]) for loss in NETWORKS}
    near = np.min(distances[1:], axis=0)
    own = [labels == label for label in range(len(distances))]
    shares, border = FREQUENCIES[len(own)], border_term(own[1:])
    for radius in RADII:
        covered = [(distance <= radius) & valid for distance in distances]
        expected = {
            "none": valid / max(valid.sum(), 1),
            "balanced": np.sum([mask / max(mask.sum(), 1) for mask in own], axis=0),
            "balanced_set": np.sum(
                [mask / (f * max(valid.sum(), 1)) for mask, f in zip(own, shares, strict=True) if f], axis=0
            ),
            "unet": np.sum([mask / max(mask.sum(), 1) for mask in own], axis=0) + valid * border / max(valid.sum(), 1),
            "dilated": np.max([mask / (1 + mask.sum()) for mask in covered], axis=0),
        }
        assert expected.keys() == WEIGHTINGS.keys()
        inside = valid & (labels > 0)
        parts = [inside, valid & ~inside & (near <= radius), valid & ~inside & (near > radius)]
        for weighting, weight in expected.items():
            radii = stored(f"weights/{weighting}.json")[name]
            one, held = radii[str(radius)], radii[str(radius if weighting == "dilated" else RADII[0])]
            np.testing.assert_allclose(unpacked(held["map"]), weight.ravel(), rtol=1e-6, atol=0)
            losses = {loss: weight * values.reshape(labels.shape) for loss, values in entropy.items()}
            for values, found in ((weight, one["shares"]), *((losses[k], one["loss_shares"][k]) for k in NETWORKS)):
                sums = [values[where].sum() / max(values.sum(), 1e-300) for where in parts]
                assert found == pytest.approx(sums, abs=1e-6)
            assert one["top"] == pytest.approx(weight.max(), rel=1e-6)
            assert one["top_loss"] == pytest.approx(max(v.max() for v in losses.values()), rel=1e-6)


def test_probabilities_and_cross_entropy_are_those_of_scipy_in_double_precision():
    held = stored("losses.json")
    logit = unpacked(held["logit"]) * LOGIT_STEP
    assert np.abs(logit).max() == 32767 / 1024
    np.testing.assert_allclose(unpacked(held["probability"]), expit(logit), rtol=1e-6, atol=1e-7)
    for label, sign in ((0, 1), (1, -1)):
        np.testing.assert_allclose(
            unpacked(held["entropy"][str(label)]), np.logaddexp(0, sign * logit), rtol=1e-6, atol=2e-7
        )
    assert not unpacked(held["entropy"][str(IGNORE)]).any()
    assert {t: expit(limit * LOGIT_STEP) for t, limit in held["limits"].items()} == pytest.approx(
        {t: float(t) for t in held["limits"]}
    )


# --- the cases bite -----------------------------------------------------------------------------------------


def test_a_class_is_absent_where_twice_the_side_does_not_exceed_the_largest_radius():
    sides = {
        size
        for count, size, labels in label_maps().values()
        if labels is not None and not all((labels == label).any() for label in range(count))
    }
    assert {1, 64, 75, 76} <= sides and any(2 * side == MAX_RADIUS for side in sides)


def test_distances_are_capped_and_every_radius_divides_an_image():
    capped = [math.inf > to_class(labels, 1).max() > FAR for _, _, labels in map(label_maps().get, LABELLED)]
    assert any(capped)
    for radius in RADII[1:]:
        assert any(0 < (to_class(labels, 1) > radius).mean() < 1 for _, _, labels in map(label_maps().get, LABELLED))


def test_the_painted_mask_is_read_as_the_page_packs_it():
    """`studio` unpacks what `packLabels` packs."""
    for name, (_, size, labels) in label_maps().items():
        if size == 320:
            assert np.array_equal(studio._labels(stored("scene.json")["bits"][name][0]), labels == 1)
