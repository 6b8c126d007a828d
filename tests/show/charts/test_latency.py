"""Latencies: a histogram for each client, its median and p99, and how many requests failed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.charts.latency import Times
from pubsub_kit.world.trace import Trace
from tests.show.charts.figures import axes_of, outside, overlapping, written
from tests.show.runs import labels

pytestmark = pytest.mark.once


def test_a_quantile_is_the_least_latency_that_the_share_does_not_exceed() -> None:
    times = Times([float(n) for n in range(1, 101)], 0)
    assert (times.quantile(0.5), times.quantile(0.99), times.quantile(1.0)) == (50, 99, 100)
    assert Times([7.0], 0).quantile(0.5) == 7.0


def test_latencies_come_from_the_ends_of_clients_requests_and_count_failures() -> None:
    trace = Trace()
    for n in range(1, 101):
        trace.add(n, "end", "client", data={"latency": n / 100, "ok": n > 3})
        trace.add(n, "end", "server", "", "m", "done")
    picture = show.latency(trace)
    assert picture.text == (
        "client: 100 done, p50 500 ms, p99 990 ms, slowest 1 s; 3 of them failed (3.0%)"
    )
    assert {"p50 500 ms", "p99 990 ms", "100 done", "✗ 3 failed"} <= set(written(picture))


def test_latencies_may_be_given_as_lists_of_seconds() -> None:
    picture = show.latency({"direct": [0.1, 0.2], "broker": [0.3]})
    assert picture.text.splitlines()[1] == (
        "broker: 1 done, p50 300 ms, p99 300 ms, slowest 300 ms; none failed"
    )


def test_the_axis_is_logarithmic_where_the_slowest_is_far_from_the_median() -> None:
    times = {"a": [0.01, 0.01, 5.0]}
    assert axes_of(show.latency(times)).get_xscale() == "log"
    assert axes_of(show.latency(times, log=False)).get_xscale() == "linear"
    assert axes_of(show.latency({"a": [0.01, 0.02]})).get_xscale() == "linear"


def test_a_histogram_counts_every_request() -> None:
    picture = show.latency({"a": [0.1, 0.1, 0.4]}, log=False)
    (steps,) = axes_of(picture).patches
    values = steps.get_data().values  # type: ignore[attr-defined]
    filled = values[values > 0]
    assert len(filled) == 2
    assert filled[0] == pytest.approx(2 * filled[1])


def test_a_run_without_a_finished_request_is_refused() -> None:
    with pytest.raises(show.PictureError, match="No finished request"):
        show.latency(Trace())


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -1.0])
def test_a_latency_that_is_no_duration_is_refused(bad: float) -> None:
    with pytest.raises(show.PictureError, match="not a finite number"):
        show.latency({"a": [0.1, bad]})


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(
        labels,
        st.lists(st.floats(0, 1e4), min_size=1, max_size=30),
        min_size=1,
        max_size=7,
    )
)
def test_no_two_labels_overlap_and_none_leaves_the_paper(times: dict[str, list[float]]) -> None:
    picture = show.latency(times, title="A title", caption="A caption. " * 20)
    assert overlapping(picture) == []
    assert outside(picture) == []
