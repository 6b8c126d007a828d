"""When things happen over a day, and to whom."""

from __future__ import annotations

import numpy as np
import pytest

from pubsub_kit.feed.people.arrivals import PEAK, PEAK_HOUR, Span, day_curve, drawn
from pubsub_kit.feed.people.chance import seeded

# The day's curve


def test_the_curve_has_a_mean_of_one_and_the_published_peak() -> None:
    hours = np.arange(0, 24, 0.001)
    curve = day_curve(hours)
    assert curve.mean() == pytest.approx(1)
    assert curve.max() == pytest.approx(7_000 / 5_000) == PEAK
    assert hours[curve.argmax()] == pytest.approx(PEAK_HOUR)
    assert curve.min() > 0


def test_the_curve_goes_round_the_clock() -> None:
    assert day_curve(24.0) == pytest.approx(day_curve(0.0))


def test_what_is_due_is_the_integral_of_the_curve_and_the_burst() -> None:
    span = Span(hour=18.0, seconds=7_200, burst=3.0, burst_at=600, burst_seconds=300)
    seconds = np.arange(0.25, 7_200, 0.5)
    rate = day_curve(18 + seconds / 3_600) * np.where((seconds > 600) & (seconds < 900), 3, 1)
    assert span.due(7_200) == pytest.approx(rate.sum() / 2, rel=1e-6)
    assert span.due(750) == pytest.approx(rate[:1_500].sum() / 2, rel=1e-6)


def test_times_rise_and_stay_in_the_span() -> None:
    span = Span(hour=23.9, seconds=3_600, burst=2.0, burst_at=3_000, burst_seconds=10_000)
    times = span.times(50_000, seeded(7))
    assert len(times) == 50_000
    assert (np.diff(times) >= 0).all()
    assert times[0] >= 0
    assert times[-1] <= 3_600


def test_as_many_come_by_a_second_as_are_due() -> None:
    span = Span(hour=8.0, seconds=50_000, burst=3.0, burst_at=20_000, burst_seconds=777)
    times = span.times(100_000, seeded(7))
    for second in (5_000, 20_000, 20_400, 20_777, 40_000):
        share = float(span.due(second) / span.due(50_000))
        sigma = np.sqrt(100_000 * share * (1 - share))
        assert abs((times < second).sum() - 100_000 * share) < 5 * sigma


# Who


def test_what_weighs_nothing_is_never_drawn() -> None:
    rng = seeded(7)
    counts = np.bincount(drawn(np.array([0.0, 1.0, 0.0, 3.0, 0.0]), 40_000, rng), minlength=5)
    assert counts[[0, 2, 4]].tolist() == [0, 0, 0]
    assert abs(counts[1] - 10_000) < 5 * 100


def test_equal_weights_are_drawn_alike() -> None:
    rng = seeded(7)
    counts = np.bincount(drawn(np.array([2.0, 0.0, 2.0, 2.0]), 30_000, rng))
    assert counts[1] == 0
    assert np.abs(counts[[0, 2, 3]] - 10_000).max() < 5 * 100
