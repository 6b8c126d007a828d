"""The space-time diagram shows what the trace says: arrows, losses, faults, the violation."""

from __future__ import annotations

import pytest

from pubsub_kit import show
from pubsub_kit.show.canvas import Canvas
from pubsub_kit.show.diagrams.rows import rows
from pubsub_kit.show.diagrams.story import handlers, messages, outages, pauses, sentence
from pubsub_kit.show.marks import Box, Disc, Path
from pubsub_kit.world.trace import Step, Trace
from tests.show.runs import (
    canvas_of,
    chatter,
    crash_at_one_instant,
    outside,
    overlapping,
    retry_charges_twice,
)


def written(picture: show.Picture) -> list[str]:
    return [text.text for text in canvas_of(picture).texts()]


def paths(canvas: Canvas, **wanted: object) -> list[Path]:
    found = [mark for mark in canvas.marks if isinstance(mark, Path)]
    return [p for p in found if all(getattr(p, name) == value for name, value in wanted.items())]


# --- what the trace tells -------------------------------------------------------------------------


def test_a_send_is_paired_with_its_receive_its_loss_and_its_duplicate() -> None:
    fates = {(m.start, m.end): m.fate for m in messages(list(crash_at_one_instant()))}
    assert fates == {(0, 1): "arrives", (6, 7): "arrives", (6, 8): "duplicate"}
    lost = [m for m in messages(list(retry_charges_twice())) if m.fate == "lost"]
    assert [(m.start, m.end) for m in lost] == [(5, 6)]


def test_a_message_that_nobody_received_yet_is_open() -> None:
    trace = Trace()
    trace.add(0, "send", "a", "b", "m1")
    assert [m.fate for m in messages(list(trace))] == ["open"]


def test_a_crash_ends_the_handlers_of_its_node_alone() -> None:
    trace = Trace()
    for node, key in (("a", "1"), ("a", "2"), ("b", "3")):
        trace.add(0, "begin", node, "", key)
    trace.add(1, "crash", "a")
    trace.add(2, "end", "b", "", "3")
    spans = {(s.node, s.start): (s.end, s.depth) for s in handlers(list(trace))}
    assert spans == {("a", 0): (3, 0), ("a", 1): (3, 1), ("b", 2): (4, 0)}


def test_an_outage_lasts_from_the_crash_to_the_restart_or_the_end() -> None:
    trace = Trace()
    trace.add(0, "crash", "a")
    trace.add(1, "restart", "a")
    trace.add(2, "crash", "b")
    assert [(s.node, s.start, s.end) for s in outages(list(trace))] == [("a", 0, 1), ("b", 2, None)]


def test_a_pause_lasts_until_its_node_does_something() -> None:
    trace = Trace()
    trace.add(0, "pause", "a")
    trace.add(1, "receive", "a", "b", "m1")
    trace.add(9, "effect", "a", text="late")
    assert [(s.start, s.end) for s in pauses(list(trace))] == [(0, 2)]


# --- what is drawn --------------------------------------------------------------------------------


def test_every_node_has_a_lane_and_every_message_its_words() -> None:
    words = written(show.spacetime(retry_charges_twice()))
    assert words.count("shop") == words.count("bank") == 1
    assert words.count("charge 30") == words.count("charged") == 2
    assert {"balance = 70", "balance = 40"} <= set(words)


def test_a_lost_message_stops_midway_at_a_cross() -> None:
    trace = Trace()
    trace.add(0.0, "send", "a", "b", "m1", "ack")
    trace.add(0.0, "lose", "a", "b", "m1", fault=True)
    canvas = canvas_of(show.spacetime(trace))
    lanes = sorted({p.points[0][0] for p in paths(canvas, stroke="muted", width=1)})
    strokes = paths(canvas, stroke="fault")
    ends = [p.points[1][0] for p in strokes]
    assert len(strokes) == 3  # the arrow's line and the two strokes of the ✗
    assert all(lanes[0] < end < lanes[1] for end in ends)
    assert paths(canvas, fill="message") == []  # no arrow head
    assert "lost" in [text.text for text in canvas.texts()]


def test_a_second_arrival_is_a_dashed_arrow_that_says_so() -> None:
    picture = show.spacetime(crash_at_one_instant())
    assert len(paths(canvas_of(picture), stroke="message", dash="dashed")) == 1
    assert "dup" in written(picture)


def test_a_node_is_dotted_while_it_is_down() -> None:
    picture = show.spacetime(crash_at_one_instant())
    (down,) = paths(canvas_of(picture), stroke="fault", dash="dotted")
    assert down.points[0][0] == down.points[1][0]
    assert down.points[0][1] < down.points[1][1]


def test_a_rebalance_is_a_line_through_all_lanes_that_says_who_owns_what() -> None:
    trace = Trace()
    for time, generation, owners in ((0, 2, {"a": [0, 2], "b": [1], "c": []}), (9, 3, {"b": [0]})):
        trace.add(time, "rebalance", "orders", data={"generation": generation, "owners": owners})
        for name in owners:
            trace.add(time + 1, "note", name, text="works")
    picture = show.trace(trace)
    words = written(picture)
    assert {"generation 2", "owns partitions 0, 2", "owns partition 1", "owns nothing"} <= set(
        words
    )
    assert {"generation 3", "owns partition 0"} <= set(words)
    lines = paths(canvas_of(picture), stroke="message", width=2.2)
    assert [len({y for _, y in line.points}) for line in lines] == [1, 1]
    assert "2 rebalances" in picture.text


def test_a_refused_ack_says_so_where_it_arrives() -> None:
    trace = Trace()
    trace.add(0, "send", "w", "orders", "m1", "ack a")
    trace.add(1, "receive", "orders", "w", "m1", "ack a refused: stale")
    assert {"ack a", "refused: stale"} <= set(written(show.trace(trace)))


def test_faults_are_numbered_in_the_picture_and_named_below_it_and_in_words() -> None:
    picture = show.spacetime(crash_at_one_instant())
    words = written(picture)
    assert words.count("1") == words.count("2") == 2
    assert any("worker: crash before the ack" in text for text in words)
    assert "fault 1: 0 s · worker: crash before the ack" in picture.text
    assert "fault 2: 0 s · payment-1 arrives again (topic → worker)" in picture.text


def test_the_marked_step_has_a_ring_and_words() -> None:
    picture = show.spacetime(retry_charges_twice(), mark=12)
    rings = [m for m in canvas_of(picture).marks if isinstance(m, Disc) and m.stroke == "fault"]
    assert len(rings) == 1
    assert "✗ here: balance = 40" in written(picture)
    assert "✗ here, step 13: 360 ms · bank: balance = 40" in picture.text


LONG = "the payment of order-7 is charged again, since nobody remembers that it was charged before"


def crowded(mark_text: str, nodes: int) -> Trace:
    """A run with much at one instant beside the step that matters, its last but one."""
    trace = chatter(30, nodes=nodes)
    time = trace[-1].time
    trace.add(time, "timeout", "service-0", text="no reply to order-7 in 0.3 s")
    trace.add(time, "effect", "service-0", text=mark_text, fault=True)
    trace.add(time, "effect", "service-1", text="balance of account 17 = 40", data="account 17")
    return trace


def test_what_blocks_it_has_a_frame_and_words_of_its_own() -> None:
    picture = show.trace(retry_charges_twice(), mark=2, blocker=6)
    frames = [
        box
        for box in canvas_of(picture).marks
        if isinstance(box, Box) and box.stroke == "fault" and not box.fill
    ]
    assert len(frames) == 1
    said = " ".join(written(picture))
    assert "✗ here" in said
    assert "✗ why:" in said
    assert [line[:15] for line in picture.text.splitlines() if line.startswith("✗")] == [
        "✗ here, step 3:",
        "✗ why, step 7: ",
    ]


@pytest.mark.parametrize(("mark", "blocker", "shown"), [(5, 90, True), (5, 150, False)])
def test_a_cut_run_shows_what_blocks_it_if_it_can(mark: int, blocker: int, shown: bool) -> None:
    trace = Trace([Step(float(i), "effect", "a", text=f"n = {i}") for i in range(200)])
    said = written(show.trace(trace, mark=mark, blocker=blocker, limit=100))
    assert f"✗ here: n = {mark}" in said
    assert (f"✗ why: n = {blocker}" in said) is shown


@pytest.mark.parametrize("text", [LONG, LONG * 3, "n" * 300, "short"])
@pytest.mark.parametrize("nodes", [2, 6, 12])
@pytest.mark.parametrize("axis", ["time", "order"])
def test_the_words_of_the_mark_and_of_a_fault_are_never_cut(
    text: str, nodes: int, axis: str
) -> None:
    trace = crowded(text, nodes)
    picture = show.spacetime(trace, mark=len(trace) - 2, axis=axis)
    words = "".join(written(picture)).replace(" ", "")
    assert f"✗here:{text}".replace(" ", "") in words
    assert f"service-0:{text}".replace(" ", "") in words  # in the list of faults
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


def test_a_fault_has_its_whole_words_or_its_number_alone() -> None:
    trace = crowded(LONG, 12)
    texts = [text for text in canvas_of(show.spacetime(trace)).texts() if text.fill == "fault"]
    assert not any("…" in text.text for text in texts)


def test_a_dozen_faults_without_numbers_are_named_whole() -> None:
    trace = Trace()
    for i in range(12):
        trace.add(i * 0.01, "send", "a", "b", f"m{i}", "reply")
        trace.add(i * 0.01, "lose", "a", "b", f"m{i}", f"the reply {i} of {LONG}", fault=True)
    faults = [t.text for t in canvas_of(show.spacetime(trace)).texts() if t.fill == "fault"]
    assert len(faults) >= 12
    assert not any("…" in text for text in faults)


def test_words_keep_off_the_other_lanes_where_they_can() -> None:
    trace = Trace()
    trace.add(0.0, "send", "a", "b", "m1", "request")
    trace.add(0.1, "receive", "b", "a", "m1")
    trace.add(0.2, "crash", "a", text="crash: " + "slow " * 8, fault=True)
    trace.add(0.9, "send", "b", "c", "m2", "request")
    canvas = canvas_of(show.spacetime(trace))
    lanes = sorted({p.points[0][0] for p in paths(canvas, stroke="muted", width=1)})
    labels = [text for text in canvas.texts() if text.halo]
    assert "slow slow" in " ".join(text.text for text in labels)
    for text in labels:
        left, _, right, _ = text.bounds()
        assert not any(left < lane < right for lane in lanes)


def test_states_stand_side_by_side_and_the_entries_that_differ_come_first() -> None:
    picture = show.spacetime(
        retry_charges_twice(),
        expected={"stock": 9, "balance": 70},
        actual={"stock": 9, "balance": 40},
    )
    words = written(picture)
    assert words.index("balance") < words.index("stock")
    assert {"expected", "actual", "70", "40"} <= set(words)
    assert "✗ balance expected 70, was 40" in picture.text


def test_what_one_state_lacks_is_a_difference() -> None:
    picture = show.spacetime(retry_charges_twice(), expected={"mail": "sent"}, actual={})
    assert "✗ mail expected sent, was nothing" in picture.text


def test_states_may_be_plain_words() -> None:
    picture = show.spacetime(retry_charges_twice(), expected="one charge", actual="two charges")
    assert "✗ expected one charge, was two charges" in picture.text


def test_a_large_state_is_cut_but_never_where_it_differs() -> None:
    expected = {f"entry {i}": i for i in range(40)}
    picture = show.spacetime(
        retry_charges_twice(), expected=expected, actual={**expected, "entry 39": 0}
    )
    assert "entry 39" in written(picture)
    assert "… 28 more entries" in written(picture)


# --- the axis -------------------------------------------------------------------------------------


def test_a_run_at_one_instant_is_drawn_in_order() -> None:
    laid = rows(list(crash_at_one_instant()), None)
    assert laid.axis == "order"
    assert laid.ys == sorted(set(laid.ys))


def test_a_sparse_run_is_drawn_to_scale() -> None:
    trace = Trace()
    for time in (0.0, 1.0, 3.0, 4.0):
        trace.add(time, "note", "a", text="tick")
    laid = rows(list(trace), None)
    assert laid.axis == "time"
    assert laid.ys[2] - laid.ys[1] == pytest.approx(2 * (laid.ys[1] - laid.ys[0]))


def test_a_long_wait_in_order_is_a_break_with_its_length() -> None:
    trace = crash_at_one_instant()
    trace.add(10.0, "note", "topic", text="the deadline passed")
    laid = rows(list(trace), "order")
    assert [words for _, words in laid.breaks] == ["+ 10 s"]
    assert "+ 10 s" in written(show.spacetime(trace))


def test_times_of_a_wall_clock_are_counted_from_the_first_step() -> None:
    trace = Trace([s._replace(time=s.time + 1.75e9) for s in retry_charges_twice()])
    assert "fault 1: 60 ms ·" in show.spacetime(trace).text.replace("60.0", "60")


def test_a_run_of_days_is_told_in_days() -> None:
    trace = Trace([*retry_charges_twice()])
    trace.add(6 * 86_400.0, "note", "bank", text="redriven by hand")
    picture = show.spacetime(trace)
    assert "6 days" in written(picture)
    assert "in 6 days" in picture.text


@pytest.mark.parametrize(("time", "words"), [(0.99999, "1 s"), (0.00099999, "1 ms")])
def test_a_time_just_below_a_unit_is_told_in_that_unit(time: float, words: str) -> None:
    trace = Trace()
    trace.add(0.0, "note", "bank", text="opens")
    trace.add(time, "note", "bank", text="closes")
    assert f"in {words}" in show.spacetime(trace).text


# --- long runs, and what cannot be drawn ----------------------------------------------------------


def test_a_long_run_is_cut_and_says_so() -> None:
    picture = show.spacetime(chatter(1000))
    assert "(first 400 of 2000 steps shown)" in picture.text
    assert "first 400 of 2000 steps shown" in written(picture)
    assert canvas_of(picture).h < 2000


def test_a_cut_run_ends_with_its_violation() -> None:
    picture = show.spacetime(chatter(1000), mark=1500, limit=50)
    assert "(steps 1452 to 1501 of 2000 steps shown)" in picture.text
    assert any(text.startswith("✗ here") for text in written(picture))


def test_until_ends_the_picture_at_a_time() -> None:
    words = written(show.spacetime(chatter(100), until=0.101))
    assert "request 10" in words
    assert "request 11" not in words


def test_nodes_choose_the_lanes_and_their_order() -> None:
    picture = show.spacetime(chatter(20), nodes=["service-1", "service-0"])
    names = [text for text in written(picture) if text.startswith("service-")]
    assert names == ["service-1", "service-0"]
    assert "2 of 4 nodes shown" in written(picture)


def test_a_tall_picture_names_its_lanes_at_both_ends() -> None:
    assert written(show.spacetime(chatter(100))).count("service-0") == 2
    assert written(show.spacetime(chatter(3))).count("service-0") == 1


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(show.PictureError, match="'bnak' is no node of this run; there are: shop"):
        show.spacetime(retry_charges_twice(), nodes=["shop", "bnak"])


def test_too_many_nodes_give_way_to_the_busiest_and_the_violation() -> None:
    trace = chatter(200, nodes=40)
    trace.add(9.0, "effect", "quiet", text="wrong")
    picture = show.spacetime(trace, mark=len(trace) - 1)
    assert "quiet" in written(picture)
    assert any("nodes shown" in text for text in written(picture))


def test_an_empty_run_is_a_picture_too() -> None:
    assert show.spacetime(Trace()).text == "nobody: 0 messages in 0 s"


def test_the_same_run_gives_the_same_picture() -> None:
    one, two = (show.spacetime(retry_charges_twice(), mark=12) for _ in range(2))
    assert one.svg() == two.svg()
    assert one.png() == two.png()


@pytest.mark.parametrize("mark", [-1, 17, 99])
def test_a_mark_that_is_no_step_is_refused(mark: int) -> None:
    with pytest.raises(show.PictureError, match="it has 17 steps"):
        show.spacetime(retry_charges_twice(), mark=mark)


def test_a_blocker_that_is_no_step_is_refused() -> None:
    with pytest.raises(show.PictureError, match="blocker=99 is not a step of this trace"):
        show.trace(retry_charges_twice(), mark=0, blocker=99)


def test_an_unknown_axis_is_refused() -> None:
    with pytest.raises(show.PictureError, match="'time' nor 'order'"):
        show.spacetime(retry_charges_twice(), axis="log")


def test_trace_is_the_lessons_word_for_it() -> None:
    assert show.trace is show.spacetime


def test_a_message_that_is_published_again_is_told_as_one_sentence() -> None:
    again = "pay-1, published again: got no confirm"
    sent = Step(0.0, "send", "shop", "payments", "m2", again, True)
    assert sentence(sent, again) == f"0 s · {again} (shop → payments)"
    arrives = Step(0.0, "receive", "payments", "shop", "m2", "pay-1")
    assert sentence(arrives, again) == "0 s · pay-1 arrives (shop → payments)"
