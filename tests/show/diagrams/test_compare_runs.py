"""A run beside its fix: where the two part, which numbers changed, and what is cut."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from pubsub_kit import World, publish, show
from pubsub_kit.show import PictureError
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.numbers import changed
from pubsub_kit.show.diagrams.parting import cut, parting, told, window
from pubsub_kit.show.diagrams.rows import rows_of
from pubsub_kit.show.marks import Path
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.trace import Step, Trace
from tests.show.runs import (
    canvas_of,
    chatter,
    outside,
    overlapping,
    retry_charges_twice,
    traces,
)


def billing(dedup: bool, code: str = "2a", count: int = 2) -> World:
    """Payments to a worker that adds them up; the schedule 2a loses the first ack."""
    world = World(chance=Schedule(code), faults=dict.fromkeys(("ack lost", "crash"), 0.0))
    db = world.store("db")
    world.topic("payments")

    async def add(event: Any) -> None:
        async with db.transaction() as tx:
            if not dedup or await tx.insert(f"seen {event.id}"):
                await tx.add("ann", event.data)

    world.consumer("billing", lambda: add, "payments", start="earliest")

    async def shop() -> None:
        for n in range(count):
            await publish("payments", 10, id=f"pay-{n + 1}")

    world.spawn(shop(), "shop")
    world.run(1000)
    return world


def before_and_after(code: str = "2a") -> tuple[Trace, Trace]:
    return billing(dedup=False, code=code).trace, billing(dedup=True, code=code).trace


def without_reply_lost() -> Trace:
    """The run of retry_charges_twice in which the reply arrives."""
    trace = Trace(list(retry_charges_twice())[:6])
    trace.add(0.06, "receive", "shop", "bank", "m2")
    trace.add(0.06, "end", "shop", data={"latency": 0.06, "ok": True})
    return trace


def diamonds(canvas: Canvas) -> list[Path]:
    found = [mark for mark in canvas.marks if isinstance(mark, Path)]
    return [p for p in found if p.closed and len(p.points) == 4 and p.stroke == "ink"]


def table(*runs: Trace, **also: tuple[object, object]) -> dict[str, tuple[str, str]]:
    before, after = runs
    return {name: (a, b) for name, a, b in changed(before.steps, after.steps, also)}


# --- where they part ------------------------------------------------------------------------------


def test_it_names_the_first_step_at_which_the_runs_differ() -> None:
    text = show.compare_runs(*before_and_after()).text
    assert text.splitlines()[:2] == [
        "before beside after",
        "First difference, at 0 s: before: billing writes ann = 10; "
        "after: billing writes seen pay-1 = True, ann = 10.",
    ]


def test_only_shared_rows_finds_where_what_both_write_differs() -> None:
    text = show.compare_runs(*before_and_after(), only_shared_rows=True).text
    assert (
        "First difference, at 10 s: before: billing writes ann = 30; "
        "after: billing is done with pay-1 (attempt 2)."
    ) in text


def test_both_runs_are_marked_at_the_parting_by_the_same_sign() -> None:
    canvas = canvas_of(show.compare_runs(*before_and_after()))
    assert len(diamonds(canvas)) == 2
    words = [text.text for text in canvas.texts() if text.text.startswith("≠")]
    assert len(words) == 3  # the sentence, and a mark in each run


def test_runs_that_are_the_same_say_so_and_have_no_mark() -> None:
    picture = show.compare_runs(retry_charges_twice(), retry_charges_twice())
    assert "The two runs are the same, step for step." in picture.text
    assert diamonds(canvas_of(picture)) == []
    assert table(retry_charges_twice(), retry_charges_twice()) == {}


def test_a_run_that_is_over_does_nothing_more() -> None:
    whole = retry_charges_twice()
    text = show.compare_runs(whole, whole[:5], labels=("all", "a part")).text
    assert "all: 50 ms · charged sent (bank → shop); a part: nothing more." in text.replace(
        "First difference, at 50 ms: all: ", "all: 50 ms · "
    )


def test_another_moment_is_a_difference_and_another_key_is_none() -> None:
    steps = list(retry_charges_twice())
    late = [step._replace(time=step.time + (n >= 7)) for n, step in enumerate(steps)]
    assert parting(steps, late) == 7
    assert parting(steps, [step._replace(message=f"x{step.message}") for step in steps]) is None


@pytest.mark.parametrize(
    ("step", "words"),
    [
        (Step(1, "begin", "mail", "", "m1", "order-1"), "1 s · mail begins order-1"),
        (Step(1, "end", "mail", "", "m1", "done"), "1 s · mail is done with order-1"),
        (Step(1, "end", "mail", "", "m1", "failed: no"), "1 s · mail failed: no"),
        (Step(1, "read", "mail", text="ann? no"), "1 s · mail reads ann? no"),
        (Step(1, "crash", "mail", text="crashes before x"), "1 s · mail: crashes before x"),
        (None, "nothing more"),
    ],
)
def test_a_step_is_told_in_words(step: Step | None, words: str) -> None:
    sent = Step(0, "send", "orders", "mail", "m1", "order-1")
    assert told(step, [sent, *([step] if step else [])]) == words


# --- the numbers that changed ---------------------------------------------------------------------


def test_numbers_come_from_the_traces_and_only_those_that_differ() -> None:
    assert table(*before_and_after()) == {"writes": ("3", "2"), "ann at the end": ("30", "20")}


def test_a_lost_ack_costs_a_redelivery_a_second_handling_lag_and_time() -> None:
    calm, rough = billing(True, "-").trace, billing(True, "2a").trace
    assert table(rough, calm) == {
        "messages handled twice or more": ("1", "0"),
        "redeliveries": ("1", "0"),
        "messages lost on the way": ("1", "0"),
        "publish to ack, median": ("5 s", "0 s"),
        "publish to ack, longest": ("10 s", "0 s"),
    }


def two_groups(mail_works: bool) -> Trace:
    world = World(seed=1)
    world.topic("orders")

    def mail(_: Any) -> None:
        if not mail_works:
            raise ValueError("no mail server")

    world.consumer("stock", lambda _: None, "orders", start="earliest")
    world.consumer("mail", mail, "orders", start="earliest")
    world.spawn(publish("orders", id="order-1"), "shop")
    world.run(20)
    return world.trace


def test_what_one_group_never_handles_is_lost_to_it_alone() -> None:
    numbers = table(two_groups(mail_works=False), two_groups(mail_works=True))
    assert numbers["messages never handled"] == ("1", "0")
    assert numbers["lag of mail at the end (messages)"] == ("1", "0")
    assert "lag of stock at the end (messages)" not in numbers
    assert "messages handled twice or more" not in numbers


def test_what_was_published_from_outside_has_no_lag_and_no_wait() -> None:
    def run(crashes: bool) -> Trace:
        world = World(seed=1)
        world.topic("orders")
        world.consumer("mail", lambda _: None, "orders", start="earliest", latency=1.0)
        world.publish("orders", id="order-1")
        if crashes:
            world.at(0.5, world.crash, "mail", 1.0)
        world.run(100)
        return world.trace

    numbers = table(run(crashes=True), run(crashes=False))
    assert numbers == {"redeliveries": ("1", "0")}


def test_a_dead_letter_is_no_lag() -> None:
    def run(fails: bool) -> Trace:
        def mail(_: Any) -> None:
            if fails:
                raise ValueError("no")

        world = World(seed=1)
        world.topic("orders")
        world.topic("dead")
        world.consumer("mail", mail, "orders", start="earliest", dead_letter="dead",
                       max_deliveries=2)  # fmt: skip
        world.spawn(publish("orders", id="order-1"), "shop")
        world.run(500)
        return world.trace

    numbers = table(run(True), run(False))
    assert numbers["messages never handled"] == ("1", "0")
    assert "lag at the end (messages)" not in numbers


def test_where_the_trace_knows_no_broker_nothing_is_said_of_messages() -> None:
    assert table(retry_charges_twice(), without_reply_lost()) == {
        "messages lost on the way": ("1", "0"),
        "timeouts": ("1", "0"),
        "writes": ("2", "1"),
    }


def test_further_numbers_are_given_with_their_two_values() -> None:
    run = retry_charges_twice()
    assert table(run, run, cost=(1_200, 80), share=(0.25, 0.5), copies=(3, 3)) == {
        "cost": ("1,200", "80"),
        "share": ("0.25", "0.5"),
    }
    text = show.compare_runs(run, run, also={"cost in dollars": (1_200, 80)}).text
    assert "cost in dollars: 1,200 (before), 80 (after)" in text


# --- one clock ------------------------------------------------------------------------------------


@settings(max_examples=100)
@given(traces(), traces())
def test_a_moment_is_at_one_height_in_both_runs(before: Trace, after: Trace) -> None:
    one, other = rows_of([before.steps, after.steps], None)
    assert (one.height, one.ticks, one.breaks) == (other.height, other.ticks, other.breaks)
    for run, rows in ((before, one), (after, other)):
        assert len(rows.ys) == len(run)
        assert rows.ys == sorted(rows.ys)
    firsts: dict[float, float] = {}
    for run, rows in ((before, one), (after, other)):
        seen = set()
        for step, y in zip(run, rows.ys, strict=True):
            if step.time not in seen:
                assert firsts.setdefault(step.time, y) == y
            seen.add(step.time)


def test_few_lanes_stand_side_by_side_and_many_one_above_the_other() -> None:
    few = canvas_of(show.compare_runs(*before_and_after()))
    tops = {t.text: t.y for t in few.texts() if t.text in ("before", "after") and t.bold}
    assert tops["before"] == tops["after"]
    many = canvas_of(show.compare_runs(chatter(10, 5), chatter(12, 5)))
    tops = {t.text: t.y for t in many.texts() if t.text in ("before", "after") and t.bold}
    assert tops["before"] < tops["after"]
    assert few.w == many.w == 700


# --- long runs and odd ones -----------------------------------------------------------------------


def test_a_long_run_is_cut_to_what_is_around_the_parting() -> None:
    steps = list(chatter(500))
    other = [s._replace(text="another") if n == 700 else s for n, s in enumerate(steps)]
    picture = show.compare_runs(Trace(steps), Trace(other))
    assert "(before: steps 695 to 734 of 1,000 shown)" in picture.text
    assert len(diamonds(canvas_of(picture))) == 2


def test_a_mark_far_behind_the_parting_is_shown_too() -> None:
    steps = list(chatter(500))
    other = [s._replace(text="another") if n == 10 else s for n, s in enumerate(steps)]
    before = show.trace(Trace(steps), mark=900)
    picture = show.compare_runs(before, Trace(other))
    assert "(before: steps 5 to 37 and 898 to 904 of 1,000 shown)" in picture.text
    assert "before, ✗ here: 4.5 s" in picture.text


@pytest.mark.parametrize("count", [0, 1, 5, 59, 60, 61, 500])
@pytest.mark.parametrize("parts", [0, 3, 58, 400])
@pytest.mark.parametrize("mark", [0, 30, 499])
def test_a_window_has_the_parting_the_mark_and_no_more_than_the_limit(
    count: int, parts: int, mark: int
) -> None:
    steps = list(chatter(count // 2 + 1))[:count]
    parts = min(parts, count)  # at which the shorter run is over
    marks = [mark] if mark < count else []
    (keep,) = window([steps], parts, [marks], 60)
    assert keep == sorted(set(keep))
    assert len(keep) <= 60
    if count:
        assert parts in keep or parts == count
    if marks and mark >= parts:
        assert mark in keep
    assert cut(keep, count) == "" or len(keep) < count


def test_marks_lanes_and_captions_of_a_picture_are_taken_over() -> None:
    before = show.trace(retry_charges_twice(), mark=12, nodes=["bank", "shop"])
    after = show.trace(without_reply_lost(), nodes=["bank", "shop"])
    picture = show.compare_runs(
        before, after, labels=("yours", "the fix"), captions=("Charged twice.", "Charged once.")
    )
    names = [t for t in canvas_of(picture).texts() if t.text in ("shop", "bank")]
    assert [t.text for t in sorted(names, key=lambda t: t.x)] == ["bank", "shop"] * 2
    assert "yours, ✗ here: 360 ms · bank: balance = 40" in picture.text
    assert {"yours: Charged twice.", "the fix: Charged once."} <= set(picture.text.splitlines())


def test_faults_of_both_runs_are_listed_once_where_they_are_the_same() -> None:
    same = canvas_of(show.compare_runs(*before_and_after()))
    said = [t.text for t in same.texts() if re.search(r" · ack of pay-1 is lost", t.text)]
    assert len(said) == 1
    calm = billing(True, "-").trace
    differ = canvas_of(show.compare_runs(billing(False).trace, calm))
    assert [t.text for t in differ.texts() if t.text.startswith("before: 0 s")] == [
        "before: 0 s · ack of pay-1 is lost (billing → payments)"
    ]


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(traces(), traces())
def test_no_labels_overlap_and_none_leaves_the_page(before: Trace, after: Trace) -> None:
    canvas = canvas_of(show.compare_runs(before, after, captions=("x" * 300, "")))
    assert overlapping(canvas) == []
    assert outside(canvas) == []


@pytest.mark.parametrize(
    ("before", "options", "why"),
    [
        ("no run", {}, "two runs are compared, not 'no run'"),
        (None, {"labels": ("a", "a")}, "do not tell two runs apart"),
        (None, {"labels": ("a", "")}, "do not tell two runs apart"),
        (None, {"nodes": ["nobody"]}, "'nobody' is no node of these runs; there are: shop, bank"),
        (None, {"axis": "sideways"}, "neither 'time' nor 'order'"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_sentence(
    before: Any, options: dict[str, Any], why: str
) -> None:
    run = retry_charges_twice()
    with pytest.raises(PictureError, match=re.escape(why)):
        show.compare_runs(run if before is None else before, run, **options)


def test_it_is_the_same_bytes_each_time() -> None:
    one, other = (show.compare_runs(*before_and_after()) for _ in range(2))
    assert one.svg() == other.svg()
    assert one.png().startswith(b"\x89PNG")
