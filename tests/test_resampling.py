"""Bootstrap with seeds in it: against scipy, against the variance it should have, and against plain Python."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from dbce.scores.resampling import Interval, Resampling, draws_of, interval, page_draws, with_training_chance

CLUSTERS = [str(k // 5) for k in range(60)]


def images_only(values: np.ndarray, members: list[str], **options) -> Interval:
    drawn = Resampling(members, **options).ratios("x", values[None], np.ones(len(values)))
    return interval(values.mean(), drawn)


def test_single_images_give_scipys_bootstrap():
    values = np.random.default_rng(1).normal(0.02, 0.1, 200)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=2).confidence_interval
    found = images_only(values, [str(k) for k in range(200)])
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-3)


def test_the_draws_of_the_page_are_mulberry32s_and_give_scipys_bootstrap_too():
    """Against the generator written out number by number, as in random.js."""
    state, drawn = 0, np.zeros((3, 7))
    for k in range(21):
        state = (state + 0x6D2B79F5) & 0xFFFFFFFF
        t = ((state ^ (state >> 15)) * (state | 1)) & 0xFFFFFFFF
        t ^= (t + (((t ^ (t >> 7)) * (t | 61)) & 0xFFFFFFFF)) & 0xFFFFFFFF
        drawn[k // 7, int((t ^ (t >> 14)) / 2**32 * 7)] += 1
    assert (page_draws(7, 3) == drawn).all()
    values = np.random.default_rng(1).normal(0.02, 0.1, 200)
    theirs = stats.bootstrap((values,), np.mean, n_resamples=10_000, method="percentile", rng=2).confidence_interval
    found = images_only(values, [str(k) for k in range(200)], as_page=True)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=1e-3)


def test_so_many_samples_are_drawn_as_a_page_can_hold():
    assert [draws_of(groups) for groups in (1, 29, 612, 1000, 5000, 10_000, 50_000)] == [10_000] * 4 + [
        2000,
        1000,
        1000,
    ]


def test_a_ratio_of_sums_gives_scipys_bootstrap_of_pairs():
    rng = np.random.default_rng(3)
    bottom = rng.integers(50, 400, 150)
    top = rng.binomial(bottom, 0.3)
    theirs = stats.bootstrap(
        (top, bottom),
        lambda a, b, axis: a.sum(axis=axis) / b.sum(axis=axis),
        paired=True,
        n_resamples=10_000,
        method="percentile",
        rng=2,
    ).confidence_interval
    drawn = Resampling(range(150)).ratios("x", top[None], bottom)
    found = interval(top.sum() / bottom.sum(), drawn)
    assert (found.low, found.high) == pytest.approx((theirs.low, theirs.high), abs=2e-3)


def test_every_draw_is_what_plain_python_computes():
    rng = np.random.default_rng(4)
    values, bottom = rng.normal(size=(3, 60)), rng.random(60)
    resampling = Resampling(CLUSTERS, draws=40, seed=9)
    got = resampling.ratios("ce", values, bottom)
    groups = sorted(set(CLUSTERS))
    seeds = np.random.default_rng([9, zlib.crc32(b"ce")]).multinomial(2, [1 / 3] * 3, size=40)
    for draw in range(40):
        mean = 0.0
        for seed, times in enumerate(seeds[draw]):
            top = below = 0.0
            for k, member in enumerate(CLUSTERS):
                often = resampling.drawn[draw, groups.index(member)]
                top, below = top + often * values[seed, k], below + often * bottom[k]
            mean += times / 2 * top / below
        assert got[draw] == pytest.approx(mean)


@pytest.mark.parametrize("seeds", [2, 3, 5])
def test_the_variance_over_seeds_is_that_of_their_mean(seeds):
    """Images that are all alike leave only the chance of training: s^2 / n, without the bias of drawing n of n."""
    level = np.random.default_rng(seeds).normal(size=seeds)
    values = np.repeat(level[:, None], 60, axis=1)
    drawn = Resampling(CLUSTERS, draws=40_000).ratios("ce", values, np.ones(60))
    assert drawn.mean() == pytest.approx(level.mean(), abs=0.02)
    assert drawn.var() == pytest.approx(level.var(ddof=1) / seeds, rel=0.05)


def test_seeds_widen_the_interval_and_one_seed_cannot():
    rng = np.random.default_rng(5)
    images = rng.normal(size=60)
    values = np.stack([images + shift for shift in (-0.5, 0.0, 0.5)])
    resampling = Resampling(CLUSTERS)
    widths = []
    for some in (values, values.mean(axis=0, keepdims=True)):
        found = interval(values.mean(), resampling.ratios("ce", some, np.ones(60)))
        widths.append(found.high - found.low)
    assert widths[0] > 1.2 * widths[1]


def test_the_same_loss_draws_the_same_seeds_and_another_loss_others():
    values = np.repeat(np.array([[0.0], [1.0], [5.0]]), 60, axis=1)
    resampling = Resampling(CLUSTERS, draws=200)
    ones = np.ones(60)
    assert (resampling.ratios("bce", values, ones) == resampling.ratios("bce", values, ones)).all()
    assert (resampling.ratios("bce", values, ones) != resampling.ratios("ce", values, ones)).any()


@settings(deadline=None, max_examples=30)
@given(st.lists(st.floats(-1, 1), min_size=2, max_size=40), st.integers(1, 8), st.integers(0, 99))
def test_the_interval_lies_between_the_extremes_of_the_groups_and_is_reproducible(values, count, seed):
    members = [str(k % count) for k in range(len(values))]
    found = images_only(np.array(values), members, draws=500, seed=seed)
    means = [np.mean([v for v, m in zip(values, members, strict=True) if m == g]) for g in set(members)]
    assert min(means) - 1e-9 <= found.low <= found.high <= max(means) + 1e-9
    assert images_only(np.array(values), members, draws=500, seed=seed) == found


def test_draws_without_an_image_of_the_stratum_are_left_out():
    top = np.array([[1.0, 0, 0, 0]])
    drawn = Resampling("abcd", draws=1000).ratios("x", top, np.array([1.0, 0, 0, 0]))
    assert np.isnan(drawn).any()
    assert interval(1.0, drawn) == (1, 1, 1)


def test_copies_of_a_frame_do_not_make_the_interval_narrower():
    values = np.random.default_rng(1).normal(0.02, 0.1, 30)
    members = [str(k) for k in range(30)]
    one, twenty = images_only(values, members), images_only(np.repeat(values, 20), list(np.repeat(members, 20)))
    assert twenty == pytest.approx(one, abs=1e-9)
    frames = images_only(np.repeat(values, 20), [str(k) for k in range(600)])
    assert frames.high - frames.low < 0.5 * (one.high - one.low)  # what treating frames as independent would claim


def test_widening_adds_the_variance_of_training():
    """Against a normal draw of images and of either loss's mean over seeds."""
    rng = np.random.default_rng(7)
    spread, deviations, seeds = 0.36, (0.35, 0.6), 3
    drawn = 0.13 + rng.normal(0, spread, 400_000)
    for s in deviations:
        drawn += rng.normal(0, s / seeds**0.5, 400_000)
    alone = Interval(0.13, 0.13 - 1.959964 * spread, 0.13 + 1.959964 * spread)
    found = with_training_chance(alone, deviations, seeds)
    assert (found.low, found.high) == pytest.approx(np.percentile(drawn, [2.5, 97.5]), abs=0.01)
    assert with_training_chance(alone, (0, 0), 3) == pytest.approx(alone)


@pytest.mark.parametrize(("low", "high", "beyond"), [(0.1, 2, True), (-2, -0.1, True), (-1, 1, False), (0, 1, False)])
def test_beyond_chance_is_an_interval_without_0(low, high, beyond):
    assert Interval((low + high) / 2, low, high).beyond_chance is beyond
