"""What each oracle says of a log: broken, holds, or undecidable for want of a field."""

from __future__ import annotations

from typing import Any

import pytest

from pubsub_kit.incidents import Finding, Incident, incident

Row = dict[str, Any]


def at(moment: float, what: str, message: str = "a", **fields: Any) -> Row:
    worker = {"published": "shop"}.get(what, "w1")
    return {"at": moment, "what": what, "message": message, "worker": worker, **fields}


def got(moment: float, message: str = "a", attempt: int = 1, **fields: Any) -> Row:
    return at(moment, "delivered", message, **{"attempt": attempt, "lease": 10, **fields})


def acked(moment: float, message: str = "a", attempt: int = 1, **fields: Any) -> Row:
    return at(moment, "acked", message, attempt=attempt, **fields)


def crash(moment: float, worker: str = "w1") -> Row:
    return {"at": moment, "what": "crashed", "worker": worker}


def nacked(moment: float, attempt: int, **fields: Any) -> Row:
    return at(moment, "nacked", attempt=attempt, **fields)


SENT_A, SENT_B = at(0, "published"), at(0.1, "published", "b")
A, B = [SENT_A, got(1), acked(2)], [SENT_B, got(1.1, "b"), acked(2.1, "b")]
KEYED = [at(0, "published", key="k", sequence=1), at(0.1, "published", "b", key="k", sequence=2)]
SECOND = got(11, attempt=2, worker="w2")
FAILS = [row for n in (1, 2, 3) for row in (got(n, attempt=n), nacked(n + 0.5, n, reason="no"))]

#: By oracle: a log in which it is broken, one in which it holds, one that can't tell, and the
#: field that is missing in that.
LOGS: dict[str, tuple[list[Row], list[Row], list[Row], str]] = {
    "lost": (
        [*B, SENT_A, got(1), at(30, "published", "c")],
        [*A, *B],
        [*B, SENT_A, got(1), at(5, "published", "c")],
        "what happens until 11 s",
    ),
    "doubled effect": (
        [SENT_A, got(1), at(2, "effect", target="ann"), SECOND, at(12, "effect", target="ann")],
        [SENT_A, got(1), at(2, "effect", target="ann"), at(2, "effect", target="log")],
        [SENT_A, got(1), at(2, "effect"), at(12, "effect")],
        "target",
    ),
    "acked without effect": (
        [*B, at(2, "effect", "b", target="x"), SENT_A, got(1), acked(3), crash(4)],
        [*B, at(2, "effect", "b", target="x")],
        [*B, at(2, "effect", "b", target="x"), *A],
        "effect",
    ),
    "redelivered though acked": (
        [*A, SECOND],
        [*A, *B],
        [SENT_A, got(1, lease=None), acked(2), SECOND],
        "lease",
    ),
    "late ack": (
        [SENT_A, got(1), SECOND, acked(12, refused=False)],
        [SENT_A, got(1), SECOND, acked(12, refused=True)],
        [SENT_A, got(1), SECOND, acked(12), acked(13, attempt=2, worker="w2")],
        "refused",
    ),
    "out of order": (
        [*KEYED, got(1), got(1, "b"), acked(2, "b"), acked(3)],
        [*KEYED, got(1), got(1, "b"), acked(2), acked(3, "b")],
        [at(0, "published", key="k", worker=""), at(0, "published", "b", key="k"),
         got(1), got(1, "b"), acked(2, "b"), acked(3)],
        "sequence",
    ),
    "stuck": (
        [SENT_A, *FAILS],
        [SENT_A, *FAILS, got(5, attempt=4), acked(6, attempt=4)],
        [SENT_A, *(got(n, attempt=n) for n in (1, 2, 3, 4))],
        "acked",
    ),
    "effect without message": (
        [*A, at(3, "effect", "z", target="ann")],
        [*A, at(3, "effect", target="ann")],
        [at(0, "effect", "z", target="ann"), *B],
        "delivered",
    ),
    "dead letter without reason": (
        [SENT_A, got(1), at(20, "dead")],
        [SENT_A, got(1), at(20, "dead", reason="no amount")],
        [SENT_A, at(20, "dead")],
        "delivered",
    ),
}  # fmt: skip


def finding(oracle: str, rows: list[Row], **options: Any) -> Finding:
    return incident(rows, **options).finding(oracle)


def test_each_oracle_has_logs_of_all_three_kinds() -> None:
    assert set(LOGS) == {each.oracle for each in incident(A).judged()}


@pytest.mark.parametrize("oracle", LOGS)
def test_a_log_can_prove_that_something_went_wrong(oracle: str) -> None:
    found = finding(oracle, LOGS[oracle][0])
    assert found.verdict == "broken"
    assert " s" in found.message
    assert found.records


@pytest.mark.parametrize("oracle", LOGS)
def test_a_log_in_which_nothing_went_wrong_holds(oracle: str) -> None:
    assert finding(oracle, LOGS[oracle][1]).verdict == "holds"


@pytest.mark.parametrize("oracle", LOGS)
def test_a_log_that_lacks_a_field_is_undecidable_and_the_field_is_named(oracle: str) -> None:
    *_, rows, field = LOGS[oracle]
    found = finding(oracle, rows)
    assert found.verdict == "undecidable"
    assert field in found.missing


@pytest.mark.parametrize("oracle", LOGS)
def test_a_finding_marks_steps_of_the_trace(oracle: str) -> None:
    case = incident(LOGS[oracle][0])
    found = case.finding(oracle)
    moments = [case.records[i].at for i in found.records]
    assert [case.trace[step].time for step in case.steps(found)] == moments


# -- what a log does not prove ---------------------------------------------------------------------


def test_without_a_lease_nothing_is_called_lost_unless_you_give_one() -> None:
    rows = [*B, SENT_A, got(1, lease=None), at(30, "published", "c")]
    assert "lease" in finding("lost", rows).missing
    assert finding("lost", rows, lease=20).broken


def test_without_any_ack_nothing_is_called_lost() -> None:
    rows = [SENT_A, got(1), at(60, "published", "c")]
    assert finding("lost", rows).missing == ("acked",)


def test_a_group_that_may_have_subscribed_later_has_lost_nothing() -> None:
    rows = [SENT_A, at(5, "published", "b"), got(6, "b"), acked(7, "b"), at(60, "published", "c")]
    assert "subscribed" in finding("lost", rows).message


def test_a_message_that_one_group_acked_can_be_lost_to_another() -> None:
    sent = [at(0, "published", "b"), at(0.1, "published"), at(60, "published", "c")]
    mine = [{**row, "group": "mine", "worker": "m"} for row in (*A[1:], *B[1:])]
    other = [{**row, "group": "other"} for row in B[1:]]
    assert "other has never got it" in finding("lost", [*sent, *mine, *other]).message


def test_two_groups_that_change_the_same_row_double_nothing() -> None:
    rows = [got(1, group=f"{name}s", worker=name) for name in "xy"]
    rows += [at(2, "effect", target="ann", worker=name) for name in "xy"]
    assert finding("doubled effect", rows).verdict == "holds"


def test_a_redelivery_after_a_late_ack_is_no_redelivery_after_an_ack() -> None:
    rows = [SENT_A, got(1), acked(14), got(15, attempt=2, worker="w2")]
    assert finding("redelivered though acked", rows).verdict == "holds"


def test_the_second_copy_of_a_message_is_no_redelivery() -> None:
    rows = [SENT_A, {**SENT_A, "at": 0.5}, got(1), acked(2), got(3)]
    assert finding("redelivered though acked", rows).missing == ("sequence",)
    told = [SENT_A, {**SENT_A, "at": 0.5}, got(1, sequence=7), acked(2), got(3, sequence=8)]
    assert finding("redelivered though acked", told).verdict == "holds"


def test_a_late_ack_counted_if_nobody_settled_the_message_and_it_never_came_back() -> None:
    rows = [SENT_A, got(1), SECOND, acked(12), at(60, "published", "b")]
    assert "never settled it" in finding("late ack", rows).message


def test_messages_of_one_publisher_have_the_order_in_which_it_sent_them() -> None:
    rows = [at(0, "published", key="k"), at(0.1, "published", "b", key="k"),
            got(1), got(1, "b"), acked(2, "b"), acked(3)]  # fmt: skip
    assert finding("out of order", rows).broken


def test_a_delivery_that_may_still_be_in_hand_is_not_counted_as_a_failure() -> None:
    rows = [SENT_A, *FAILS[:-1]]
    assert finding("stuck", rows).verdict == "holds"
    assert finding("stuck", [*rows, at(14, "published", "b")]).broken


def test_a_poison_message_is_named_with_its_reason() -> None:
    assert "It failed with: no." in finding("stuck", [SENT_A, *FAILS]).message


@pytest.mark.parametrize("oracle", ["redelivered though acked", "late ack", "lost"])
def test_where_some_lines_name_a_group_the_others_belong_to_nobody_knows_which(oracle: str) -> None:
    named = [{**row, "group": name, "worker": name} for name in "gh" for row in B[1:]]
    rows = [SENT_B, SENT_A, *named, *A[1:], SECOND, at(60, "published", "c")]
    assert "group" in finding(oracle, rows).missing


def test_an_effect_of_nobody_knows_which_group_may_be_the_second_one() -> None:
    named = [{**row, "group": name, "worker": name} for name in "gh" for row in A[1:]]
    mine = at(2, "effect", target="ann", worker="g")
    rows = [SENT_A, *named, mine, at(12, "effect", target="ann", worker="")]
    assert finding("doubled effect", rows).missing == ("group",)


def test_a_write_that_changed_nothing_is_no_second_effect() -> None:
    rows = [*A, at(2, "effect", target="ann", amount=5), at(3, "effect", target="ann", amount=0)]
    assert finding("doubled effect", rows).verdict == "holds"


def test_findings_print_as_a_line_each_with_what_is_missing() -> None:
    lines = repr(incident(LOGS["lost"][2]).judged()).split("\n")
    assert len(lines) == len(LOGS)
    assert lines[0].startswith("? lost: undecidable from this log. Nobody has acked a")
    assert lines[0].endswith("Missing: what happens until 11 s, what happens until 15 s.")


# -- clocks ----------------------------------------------------------------------------------------


def skewed(*rows: Row) -> Incident:
    """Return a log in which w9 gets a message before the shop has published it."""
    return incident([at(5, "published", "z"), got(4, "z", worker="w9"), *rows])


def test_a_message_delivered_before_it_was_published_shows_that_the_clocks_differ() -> None:
    case = skewed(*A)
    assert "differ by 1 s or more" in case.clocks[0]
    assert "The clocks differ" in str(case)
    assert incident(A).clocks == []


def test_an_attempt_that_arrives_late_says_nothing_of_clocks() -> None:
    rows = [SENT_A, got(3, attempt=2, worker="w2"), got(5, attempt=1)]
    assert incident(rows).clocks == []


def test_an_attempt_that_arrives_late_takes_nobodys_lease() -> None:
    rows = [SENT_A, got(3, attempt=2, worker="w2"), got(5), acked(6, attempt=2, worker="w2")]
    assert finding("late ack", rows).verdict == "holds"


def test_an_attempt_that_comes_after_an_ack_of_a_later_one_may_have_been_late() -> None:
    rows = [SENT_A, got(3, attempt=2, worker="w2"), acked(4, attempt=2, worker="w2"), got(5)]
    assert finding("redelivered though acked", rows).missing == ("when the broker sent it",)


def test_where_clocks_differ_two_workers_have_no_order() -> None:
    rows = [*KEYED, got(1), got(1, "b", worker="w2"), acked(2, "b", worker="w2"), acked(3)]
    assert incident(rows).finding("out of order").broken
    assert skewed(*rows).finding("out of order").verdict == "undecidable"
    late = [SENT_A, got(1), SECOND, acked(12, refused=False)]
    assert skewed(*late).finding("late ack").verdict == "undecidable"
    never = [*B, at(0.2, "published", "c"), at(60, "published", "d")]
    assert skewed(*never).finding("lost").verdict == "undecidable"
    assert skewed(*A, SECOND).finding("redelivered though acked").verdict == "undecidable"


def test_where_clocks_differ_what_one_worker_did_still_has_an_order() -> None:
    rows = [*KEYED, got(1), got(1, "b"), acked(2, "b"), acked(3)]
    assert skewed(*rows).finding("out of order").broken


def test_a_publication_is_drawn_above_its_delivery_whatever_the_clocks_say() -> None:
    case = skewed()
    sent, *_, begun = [step for step in case.trace if step.kind in ("send", "begin")]
    assert (sent.node, begun.node) == ("shop", "w9")
