"""Study and Predictor: every number against a formula of its own in numpy, every network run once an image."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dbce.network import DeepSupervisionUnet
from dbce.study.predictor import Predictor
from dbce.study.studies import LOGIT_STEP, Study, quantise
from dbce.tasks import TASKS
from dbce.train.checkpoints import Checkpoint
from dbce.weightings import WEIGHTINGS
from tests.test_borders import unet_by_hand

STEP = 1 / 1024
LOGITS = hnp.arrays(np.int16, (7, 9), elements=st.integers(-32767, 32767) | st.integers(-3000, 3000))
MASKS = hnp.arrays(np.uint8, (7, 9), elements=st.integers(0, 1)) | st.sampled_from(
    [np.zeros((7, 9), np.uint8), np.ones((7, 9), np.uint8), np.eye(7, 9, dtype=np.uint8)]
)
RADII = st.sampled_from([0.0, 0.5, 1.0, 1.5, 2.0, 2.3, 4.0, 20.0])
THRESHOLDS = st.sampled_from([0.02, 0.3, 0.5, 0.77, 0.99])


def study(logits: dict[str, np.ndarray] | np.ndarray, labels: np.ndarray | None = None) -> Study:
    logits = logits if isinstance(logits, dict) else {"ce": logits}
    image = np.zeros((*next(iter(logits.values())).shape, 3), np.uint8)
    return Study(TASKS["polyp"], image, labels, logits, {"bce": (0.8, 0.2)})


def disk_dilation(mask: np.ndarray, radius: float) -> np.ndarray:
    """Eq. 3 word for word: a pixel is in if some pixel of the mask lies within the radius."""
    ys, xs = np.nonzero(mask)
    out = np.zeros(mask.shape, bool)
    for y, x in np.ndindex(mask.shape):
        out[y, x] = any((y - j) ** 2 + (x - i) ** 2 <= radius**2 for j, i in zip(ys, xs, strict=True))
    return out


def dilated_weight(labels: np.ndarray, radius: float) -> np.ndarray:
    """Eq. 3-5 word for word."""
    layers = []
    for label in (0, 1):
        dilated = disk_dilation(labels == label, radius)
        layers.append(dilated / (1 + dilated.sum()))
    return np.maximum(*layers)


def sigmoid(z: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -z))


def worked_example() -> Study:
    """An object of 2 pixels in a row of 8; the network claims the first of them and two more."""
    labels = np.array([[0, 0, 1, 1, 0, 0, 0, 0]], np.uint8)
    logit = np.array([[2.0, -1, 1, -2, -3, -1, -1, 3]])
    return study((logit * 1024).astype(np.int16), labels)


# --- quantisation -------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(hnp.arrays(np.float32, (3, 4), elements=st.floats(-100, 100, width=32)))
def test_quantised_logits_are_off_by_half_a_step_at_most(logit):
    got = quantise(logit)
    assert got.dtype == np.int16
    assert LOGIT_STEP == STEP
    limit = 32767 * STEP
    np.testing.assert_array_less(
        np.abs(got * STEP - np.clip(logit.astype(np.float64), -limit, limit)), STEP / 2 + 1e-12
    )


def test_quantisation_keeps_the_extremes_symmetric():
    assert quantise(np.array([[-np.inf, -40, 0, 40, np.inf]])).tolist() == [[-32767, -32767, 0, 32767, 32767]]


# --- maps ---------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(LOGITS)
def test_probability_is_the_logistic_function(logit):
    got = study(logit).probability("ce")
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, sigmoid(logit * STEP), rtol=2e-6, atol=1e-12)


@settings(deadline=None)
@given(LOGITS, MASKS)
def test_cross_entropy_is_minus_log_of_the_probability_of_the_truth(logit, labels):
    got = study(logit, labels).cross_entropy("ce")
    signed = np.where(labels == 1, 1, -1) * logit * STEP
    np.testing.assert_allclose(got, np.logaddexp(0, -signed), rtol=1e-5, atol=1e-6)


@settings(deadline=None)
@given(LOGITS, THRESHOLDS)
def test_prediction_is_where_the_probability_exceeds_the_threshold(logit, threshold):
    got, probability = study(logit).prediction("ce", threshold), sigmoid(logit * STEP)
    clear = np.abs(probability - threshold) > 1e-9
    assert got.dtype == bool
    np.testing.assert_array_equal(got[clear], (probability > threshold)[clear])


def test_a_probability_of_exactly_one_half_is_background():
    one = study(np.array([[-1, 0, 1]], np.int16))
    assert one.prediction("ce").tolist() == [[False, False, True]]


def test_thresholds_0_and_1_take_all_and_nothing():
    one = study(np.array([[-32767, 0, 32767]], np.int16))
    assert one.prediction("ce", 0).all()
    assert not one.prediction("ce", 1).any()


@settings(max_examples=60, deadline=None)
@given(MASKS, RADII)
def test_dilated_weight_is_equations_3_to_5(labels, radius):
    got = study(np.zeros((7, 9), np.int16), labels).weight(radius)
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, dilated_weight(labels, radius), rtol=1e-6)


@settings(deadline=None)
@given(MASKS, RADII)
def test_balanced_weight_is_the_inverse_area_of_the_class(labels, radius):
    got = study(np.zeros((7, 9), np.int16), labels).weight(radius, "balanced")
    area = np.where(labels == 1, (labels == 1).sum(), (labels == 0).sum())
    np.testing.assert_allclose(got, 1 / area, rtol=1e-6)


@settings(deadline=None)
@given(MASKS, RADII)
def test_sums_of_the_weights(labels, radius):
    one = study(np.zeros((7, 9), np.int16), labels)
    areas = [(labels == label).sum() for label in (0, 1)]
    keys = ("none", "balanced", "dilated")
    none, balanced, dilated = (one.weight(radius, name).sum(dtype=np.float64) for name in keys)
    assert none == pytest.approx(1, rel=1e-5)
    assert balanced == pytest.approx(sum(area > 0 for area in areas), rel=1e-5)
    assert dilated < balanced  # Eq. 4 divides by 1 + area, and Eq. 5 takes one class, not both
    undilated = one.weight(0).sum(dtype=np.float64)
    assert undilated == pytest.approx(sum(area / (1 + area) for area in areas), rel=1e-5)
    everywhere = one.weight(1e6).sum(dtype=np.float64)
    assert everywhere == pytest.approx(63 / 64, rel=1e-5)  # all of the 63 pixels


# --- numbers ------------------------------------------------------------------------------------------------


@settings(max_examples=60, deadline=None)
@given(MASKS, RADII, st.sampled_from(list(WEIGHTINGS)))
def test_shares_are_sums_over_object_rim_and_rest(labels, radius, weighting):
    got = study(np.zeros((7, 9), np.int16), labels).shares(radius, weighting)
    area = np.where(labels == 1, (labels == 1).sum(), (labels == 0).sum())
    weight = {
        "none": np.ones((7, 9)),
        "balanced": 1 / area,
        "balanced_set": np.where(labels == 1, 1 / 0.2, 1 / 0.8),
        "unet": unet_by_hand(labels),
        "dilated": dilated_weight(labels, radius),
    }[weighting]
    near = disk_dilation(labels == 1, radius)
    assert list(got) == ["object", "rim", "far"]
    assert got["object"] == pytest.approx(weight[labels == 1].sum() / weight.sum(), abs=1e-6)
    assert got["rim"] == pytest.approx(weight[near & (labels == 0)].sum() / weight.sum(), abs=1e-6)
    assert got["far"] == pytest.approx(weight[~near].sum() / weight.sum(), abs=1e-6)


def test_shares_worked_example():
    got = worked_example().shares(1)
    # object dilated: 4 of 8 pixels, 1/5 each; background dilated: all 8, 1/9 each
    total = 4 / 5 + 4 / 9
    assert got == pytest.approx({"object": 2 / 5 / total, "rim": 2 / 5 / total, "far": 4 / 9 / total})


@settings(max_examples=60, deadline=None)
@given(LOGITS, MASKS, RADII, THRESHOLDS)
def test_errors_partition_the_wrong_pixels(logit, labels, radius, threshold):
    one = study(logit, labels)
    got, prediction = one.errors("ce", radius, threshold), one.prediction("ce", threshold)
    near = disk_dilation(labels == 1, radius)
    counts = {"rim": 0, "far": 0, "missed": 0}
    for at in np.ndindex(labels.shape):
        if prediction[at] and not labels[at]:
            counts["rim" if near[at] else "far"] += 1
        if labels[at] and not prediction[at]:
            counts["missed"] += 1
    assert got == counts
    assert sum(got.values()) == (prediction != (labels == 1)).sum()


def test_errors_worked_example():
    one = worked_example()
    assert one.errors("ce", 1) == {"rim": 0, "far": 2, "missed": 1}
    assert one.errors("ce", 2) == {"rim": 1, "far": 1, "missed": 1}
    assert one.errors("ce", 5, threshold=0.9) == {"rim": 1, "far": 0, "missed": 2}  # 3 alone exceeds log 9


@settings(deadline=None)
@given(LOGITS, MASKS, THRESHOLDS)
def test_scores_are_ratios_of_set_sizes(logit, labels, threshold):
    one = study(logit, labels)
    claimed = {tuple(at) for at in np.argwhere(one.prediction("ce", threshold)).tolist()}
    true = {tuple(at) for at in np.argwhere(labels == 1).tolist()}
    both = len(claimed & true)
    nothing = not claimed and not true
    expected = {
        "dice": 1 if nothing else 2 * both / (len(claimed) + len(true)),
        "iou": 1 if nothing else both / len(claimed | true),
        "precision": 1 if nothing else both / max(len(claimed), 1),
        "recall": 1 if nothing else both / max(len(true), 1),
    }
    assert one.scores("ce", threshold) == pytest.approx(expected)


def test_scores_worked_example():
    expected = {"dice": 2 / 5, "iou": 1 / 4, "precision": 1 / 3, "recall": 1 / 2}
    assert worked_example().scores("ce") == pytest.approx(expected)


def test_agreement_is_the_dice_of_every_two_networks():
    logits = {"ce": np.array([[5, 5, -5, -5]]), "bce": np.array([[5, 5, 5, 5]]), "dbce": np.array([[-5, -5, -5, 5]])}
    one = study({loss: value.astype(np.int16) for loss, value in logits.items()})
    assert one.agreement() == pytest.approx({("ce", "bce"): 4 / 6, ("ce", "dbce"): 0, ("bce", "dbce"): 2 / 5})
    assert set(one.agreement(threshold=1).values()) == {1}  # all alike: nobody claims anything


# --- what cannot be asked -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "ask",
    [
        lambda one: one.cross_entropy("ce"),
        lambda one: one.weight(20),
        lambda one: one.shares(20),
        lambda one: one.scores("ce"),
        lambda one: one.errors("ce", 20),
    ],
)
def test_without_a_mask_the_sentence_says_what_a_mask_is_for(ask):
    one = study(np.zeros((7, 9), np.int16))
    with pytest.raises(ValueError, match=r"no mask.*give a mask"):
        ask(one)
    assert one.probability("ce").shape == one.prediction("ce").shape == (7, 9)


def test_unknown_loss_weighting_and_radius_are_refused():
    one = worked_example()
    for ask in (one.probability, one.prediction, one.cross_entropy, one.scores):
        with pytest.raises(ValueError, match="focal"):
            ask("focal")
    with pytest.raises(ValueError, match="none, balanced, balanced_set, unet, dilated"):
        one.weight(20, "inverse")
    for radius in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="radius"):
            one.weight(radius)


# --- networks -----------------------------------------------------------------------------------------------


def tiny(seed: int) -> DeepSupervisionUnet:
    torch.manual_seed(seed)
    network = DeepSupervisionUnet("mobilenet_v2", decoder_channels=(8, 8, 8), encoder_weights=None)
    with torch.no_grad():
        network.heads[-1].weight.mul_(2500)  # a fresh network says next to nothing
    return network.eval().requires_grad_(False)


class Counter:
    """Counts the forward passes of a network."""

    def __init__(self, network: torch.nn.Module) -> None:
        self.shapes: list[tuple[int, ...]] = []
        network.register_forward_pre_hook(lambda module, inputs: self.shapes.append(tuple(inputs[0].shape)))


@pytest.fixture(scope="module")
def networks() -> dict[str, DeepSupervisionUnet]:
    return {"ce": tiny(1), "dbce": tiny(2)}


@pytest.fixture
def predictor(networks) -> Predictor:
    sizes = {"ce": 320, "dbce": 96}
    return Predictor({loss: Checkpoint(networks[loss], {"size": size}) for loss, size in sizes.items()})


def photo(height: int, width: int) -> np.ndarray:
    noise = np.random.default_rng(3).random((6, 8, 3), np.float32)
    return (cv2.resize(noise, (width, height), interpolation=cv2.INTER_CUBIC).clip(0, 1) * 255).astype(np.uint8)


def difference(network: torch.nn.Module, image: np.ndarray) -> np.ndarray:
    """Foreground minus background logit of a network, for an image of the network's size."""
    batch = torch.from_numpy(np.moveaxis(image, 2, 0)[None] / np.float32(255))
    with torch.no_grad():
        background, foreground = network(batch)[0].numpy()
    return foreground - background


def test_every_network_runs_once_an_image_and_never_for_a_question(predictor, networks):
    counters = [Counter(network) for network in networks.values()]
    one = predictor.set_image(photo(90, 120), np.ones((90, 120)))
    for radius in (0, 20, 150):
        for threshold in (0.3, 0.5):
            for loss in one.logits:
                one.errors(loss, radius, threshold)
                one.scores(loss, threshold)
                one.cross_entropy(loss)
                one.probability(loss)
            one.agreement(threshold)
        one.shares(radius)
    assert [counter.shapes for counter in counters] == [[(1, 3, 320, 320)], [(1, 3, 96, 96)]]
    predictor.set_image(photo(40, 30))
    assert [len(counter.shapes) for counter in counters] == [2, 2]


def test_logits_are_those_of_the_network_at_its_size(predictor, networks):
    one = predictor.set_image(photo(400, 512))
    expected = difference(networks["ce"], one.image)
    assert expected.std() > 0.3 and np.abs(expected).max() < 31  # says something, and is not cut off
    np.testing.assert_allclose(one.logits["ce"] * STEP, expected, atol=STEP)


def test_a_network_of_another_size_sees_its_size_and_is_drawn_at_320(predictor, networks):
    one = predictor.set_image(photo(400, 512))
    small = cv2.resize(one.image, (96, 96), interpolation=cv2.INTER_AREA)
    expected = cv2.resize(difference(networks["dbce"], small), (320, 320), interpolation=cv2.INTER_LINEAR)
    assert expected.std() > 0.3
    np.testing.assert_allclose(one.logits["dbce"] * STEP, expected, atol=3 * STEP)


@pytest.mark.parametrize("shape", [(1, 1), (31, 500), (320, 320), (700, 640)])
def test_images_and_masks_of_any_size_come_to_320(predictor, shape):
    mask = np.zeros(shape, bool)
    mask[:, : max(1, shape[1] // 2)] = True
    one = predictor.set_image(photo(*shape), mask)
    assert one.image.shape == (320, 320, 3) and one.image.dtype == np.uint8
    assert one.labels.shape == (320, 320) and set(np.unique(one.labels)) <= {0, 1}
    assert one.labels.mean() == pytest.approx(mask.mean(), abs=1 / 100)
    assert {logit.shape for logit in one.logits.values()} == {(320, 320)}
    assert {logit.dtype for logit in one.logits.values()} == {np.dtype(np.int16)}


def test_an_image_of_320_is_taken_as_it_is(predictor):
    image = photo(320, 320)
    np.testing.assert_array_equal(predictor.set_image(image).image, image)


def test_a_mask_may_be_bool_0_1_or_0_255(predictor):
    mask = np.zeros((64, 64), np.uint8)
    mask[10:30, 20:50] = 1
    first, *others = (predictor.set_image(photo(64, 64), m).labels for m in (mask, mask * 255, mask.astype(bool)))
    assert first.sum() == pytest.approx(20 * 30 * 25, rel=0.01)  # corners are cut when a mask is enlarged
    for other in others:
        np.testing.assert_array_equal(other, first)


@pytest.mark.parametrize(
    ("shape", "dtype"), [((8, 8), "uint8"), ((8, 8, 4), "uint8"), ((8, 8, 3), "float64"), ((1, 8, 8, 3), "uint8")]
)
def test_other_images_are_refused(predictor, shape, dtype):
    image = np.zeros(shape, dtype)
    with pytest.raises(ValueError, match="uint8 RGB") as raised:
        predictor.set_image(image)
    assert str(image.shape) in str(raised.value)


def test_other_masks_are_refused(predictor):
    with pytest.raises(ValueError, match="mask") as raised:
        predictor.set_image(photo(8, 8), np.zeros((8, 8, 3), np.uint8))
    assert "(8, 8, 3)" in str(raised.value)


def test_an_unknown_task_is_named():
    with pytest.raises(ValueError, match="'nope'; it must be one of polyp"):
        Predictor({}, "nope")
