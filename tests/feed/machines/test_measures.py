"""What is measured has a name, a unit and words; levels are bounds of it; a card shows both."""

from __future__ import annotations

from math import inf, isnan, nan
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.designs import FeedDesign
from pubsub_kit.feed.grading import card
from pubsub_kit.feed.grading.levels import LevelsError, ServiceLevels
from pubsub_kit.feed.machines.measures import MEASURES, Unit, Values, amount, measure, rounded
from pubsub_kit.feed.machines.run import FeedRun, RunError

ZEROS = {
    *("lost", "doubled", "early_replies", "ghosts", "write_amplification", "lookups_per_read"),
    *("memory", "worker_load", "store_load", "hot_load", "backlog", "cost"),
}


class ByHand(FeedRun):
    """A run whose numbers are given."""

    def __init__(self, **numbers: Any) -> None:
        self.__dict__.update(numbers)


def by_hand() -> FeedRun:
    """Return a run: 1 s at up to 1K followers, 2 s up to 1M, 100 s above."""

    def delivery(q: float, *, at_least: float = 0, below: float = inf) -> float:
        sizes = {500: 1.0, 5_000: 2.0, 5_000_000: 100.0}
        return max(s * q for size, s in sizes.items() if at_least <= size < below)

    network = SimpleNamespace(followers=np.array([500, 5_000, 5_000_000]))
    load = SimpleNamespace(network=network, author=np.arange(3))
    zeros = dict.fromkeys(ZEROS, 0.0)
    return ByHand(
        arena=SimpleNamespace(load=load), delivery=delivery, read=lambda q: q / 100, **zeros
    )


def values(**known: float) -> Values:
    return {**dict.fromkeys(MEASURES, 0.0), **known}


def sheet(mine: Values, advice: str = "", name: str = "mine", **bounds: float) -> card.Sheet:
    others = {
        "fan-out on write": values(delivery_p99=140.0, cost=90_000.0, read_p99=0.01),
        "hybrid": values(delivery_p99=0.7, cost=36_000.0, read_p99=0.02),
    }
    return card.Sheet(name, mine, others, ServiceLevels(**bounds), "In 60 s.", advice)


# --- measures -------------------------------------------------------------------------------------


@pytest.mark.parametrize("given", [None, "run", FeedDesign, 3])
def test_only_a_run_is_measured(given: Any) -> None:
    with pytest.raises(RunError, match="a run is what simulate"):
        measure(given)


def test_a_design_is_simulated_before_it_is_measured() -> None:
    with pytest.raises(RunError, match="not FeedDesign: simulate the design first"):
        measure(FeedDesign())  # type: ignore[arg-type]


@pytest.mark.parametrize("given", [None, "3.5", [3.5], True])
def test_an_amount_is_a_number(given: Any) -> None:
    with pytest.raises(RunError, match=r"an amount is a number, such as 3\.5, not"):
        amount(given, "s")


def test_an_amount_has_a_unit_that_there_is() -> None:
    with pytest.raises(RunError, match=r"a unit is one of 's', '', 'bytes'.*, not 'ms'"):
        amount(3.5, "ms")  # type: ignore[arg-type]


def test_authors_are_measured_by_how_many_follow_them() -> None:
    measured = measure(by_hand())
    assert [measured[f"delivery_p50_{size}"] for size in ("small", "middle", "large")] == [
        0.5,
        1.0,
        50.0,
    ]
    assert measured["delivery_p99"] == pytest.approx(99.0)
    assert measured["read_p99"] == pytest.approx(0.0099)
    assert set(measured) == set(MEASURES)


def test_authors_of_whom_none_writes_are_not_measured() -> None:
    run = by_hand()
    load: Any = run.arena.load
    load.author = np.array([0, 1])
    assert isnan(measure(run)["delivery_p99_large"])
    assert measure(run)["delivery_p99_middle"] == pytest.approx(1.98)


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (139.62, "s", "140 s"),
        (8.24, "s", "8.2 s"),
        (5.0, "s", "5 s"),
        (0.9996, "s", "1 s"),
        (0.0824, "s", "82 ms"),
        (0.00012, "s", "0.12 ms"),
        (0.0, "s", "0 s"),
        (0.0, "", "0"),
        (77.3, "", "77"),
        (1_240.0, "", "1.2K"),
        (41_500_000.0, "", "42M"),
        (7.2e12, "bytes", "7.2 TB"),
        (512.0, "bytes", "510 B"),
        (62_340.0, "dollars", "$62,300"),
        (0.617, "share", "62%"),
        (nan, "s", "–"),
    ],
)
def test_a_value_is_printed_in_two_digits_and_its_unit(
    value: float, unit: Unit, words: str
) -> None:
    assert amount(value, unit) == words


def test_a_value_never_looks_as_if_it_were_on_the_other_side_of_its_bound() -> None:
    assert amount(5.0012, "s", 5.0) == "5.001 s"
    assert amount(4.96, "s", 5.0) == "4.96 s"
    assert amount(5.0, "s", 5.0) == "5 s"
    assert amount(60_010.0, "dollars", 60_000.0) == "$60,010"


@given(st.floats(1e-6, 1e12), st.integers(1, 6))
def test_a_rounded_value_is_off_by_half_a_digit_at_most(value: float, digits: int) -> None:
    assert abs(rounded(value, digits) - value) <= value * 0.5000001 * 10 ** (1 - digits)


# --- levels ---------------------------------------------------------------------------------------


def test_a_level_is_kept_at_its_bound_and_missed_above_it() -> None:
    levels = ServiceLevels(read_p99=0.1, delivery_p99=5, lost=0)
    assert levels.missed(values(read_p99=0.1, delivery_p99=5.1)) == ["delivery_p99"]
    assert levels.words("delivery_p99", values(delivery_p99=139.6)) == (
        "delivery p99: 140 s, at most 5 s"
    )


def test_what_could_not_be_measured_is_missed() -> None:
    levels = ServiceLevels(delivery_p99_large=5)
    unknown = values(delivery_p99_large=nan)
    assert levels.missed(unknown) == ["delivery_p99_large"]
    assert levels.words("delivery_p99_large", unknown) == (
        "delivery p99, author > 1M: the load has none to measure"
    )


@pytest.mark.parametrize(
    ("bounds", "message"),
    [
        ({}, "give at least one level, of delivery_p50, "),
        ({"delivery": 5}, "there is no measure 'delivery': the levels are of delivery_p50, "),
        ({"lost": True}, "lost is at most a number, not True"),
        ({"cost": "low"}, "cost is at most a number, not 'low'"),
        ({"cost": -1}, "cost is at most a number from 0 on, not -1"),
        ({"cost": nan}, "cost is at most a number from 0 on, not nan"),
    ],
)
def test_levels_that_nothing_can_be_held_to_are_refused(
    bounds: dict[str, Any], message: str
) -> None:
    with pytest.raises(LevelsError) as refused:
        ServiceLevels(**bounds)
    assert str(refused.value).startswith(message)
    assert isinstance(refused.value, PubSubKitError)


# --- the card -------------------------------------------------------------------------------------


def test_a_card_holds_each_value_against_its_bound_beside_the_references() -> None:
    mine = values(delivery_p99=139.6, cost=36_300.0)
    lines = card.text(sheet(mine, delivery_p99=5, cost=40_000)).splitlines()
    assert lines[0] == "mine misses 1 of 2 levels"
    assert [line.split() for line in lines[2:6]] == [
        ["at", "this", "fan-out"],
        ["most", "design", "on", "write", "hybrid"],
        ["delivery", "p99", "5", "s", "140", "s", "✗", "140", "s", "✗", "700", "ms", "✓"],
        ["cost", "a", "month", *["$40,000", "$36,300", "✓", "$90,000", "✗", "$36,000", "✓"]],
    ]
    assert "memory, with replicas" in card.text(sheet(mine, cost=40_000))


def test_a_card_is_aligned_and_no_wider_than_a_page() -> None:
    text = card.text(sheet(values(), "so. " * 80, "a name " * 30, lost=0))
    lines = text.splitlines()
    assert max(map(len, lines)) <= card.WIDE
    table = [line for line in lines if line.startswith(("lost", "read p50"))]
    assert len({line.rstrip(" ✓✗").__len__() for line in table}) <= 2
    assert text.endswith("so.")


def test_a_measure_that_the_load_does_not_have_is_left_out_unless_it_is_a_level() -> None:
    unknown = {"delivery_p50_large": nan, "delivery_p99_large": nan}
    there_is_none = sheet(values(**unknown), lost=0)
    for one in there_is_none.others.values():
        one.update(unknown)
    assert "author > 1M" not in card.text(there_is_none)
    asked = there_is_none._replace(levels=ServiceLevels(delivery_p99_large=5))
    assert "delivery p99, author > 1M" in card.text(asked)
    assert "– ✗" in card.text(asked)


def test_html_is_escaped_and_has_no_colours_of_its_own() -> None:
    html = card.html(sheet(values(lost=3), "<b>more</b>", "<i>mine</i>", lost=0))
    assert "<i>" not in html
    assert "<b>" not in html
    assert "&lt;i&gt;mine&lt;/i&gt; misses the" not in html
    assert "#" not in html
    assert html.count("<tr") == html.count("</tr>") > 10


def test_the_picture_sets_cost_against_the_latency_that_is_worst_for_its_bound() -> None:
    mine = values(delivery_p99=10.0, read_p99=0.05, cost=50_000.0)
    picture = card.picture(sheet(mine, delivery_p99=5, read_p99=0.1, cost=40_000))
    assert "mine: 50,000 dollars a month, 2 times the latency allowed" in picture.text
    assert "fan-out on write: 90,000 dollars a month, 28 times" in picture.text
    assert "on the front: hybrid" in picture.text
    assert "at most 1" in [text.get_text() for text in picture.figure.axes[0].texts]


def test_without_a_latency_among_the_levels_the_picture_shows_reads() -> None:
    picture = card.picture(sheet(values(read_p99=0.03, cost=1_000.0), lost=0))
    assert "mine: 1,000 dollars a month, 30 ms, read p99" in picture.text


def test_a_design_that_is_called_like_a_reference_is_drawn_beside_it() -> None:
    picture = card.picture(sheet(values(read_p99=0.03, cost=1_000.0), name="hybrid", lost=0))
    assert "hybrid (this design): 1,000 dollars" in picture.text
    assert "hybrid: 36,000 dollars" in picture.text


def test_what_takes_no_time_or_costs_nothing_is_drawn_all_the_same() -> None:
    picture = card.picture(sheet(values(delivery_p99=0.0, cost=0.0), delivery_p99=5))
    assert "mine: 0 dollars a month, 0 times the latency allowed" in picture.text
    assert "hybrid: 36,000 dollars" in picture.text


def test_a_level_without_a_name_is_refused() -> None:
    with pytest.raises(LevelsError, match="name each level"):
        ServiceLevels(5)


def test_what_is_not_finite_is_no_amount() -> None:
    assert amount(inf, "s") == "–"
