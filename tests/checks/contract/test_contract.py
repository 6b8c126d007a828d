"""The contract: the kit's brokers pass every core row, and a broker with one fault breaks a row."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from pubsub_kit.broker.settings import Assignment
from pubsub_kit.checks.contract.case import Case, Factory
from pubsub_kit.checks.contract.held import KNOWN, ROWS, UnknownCapability, held_to, rows_for
from pubsub_kit.checks.contract.rows import CORE
from pubsub_kit.checks.contract.trial import Row, breach_of
from pubsub_kit.show.diagrams.spacetime import spacetime
from pubsub_kit.workbook.editions import Edition, edition
from tests.checks.contract.kit import ALL, LEASE, kit

ROOT = Path(__file__).resolve().parents[3]


#: A partitioned group reads on from a position and goes back to it: it has no lease a message.
KEPT = [(kind, row) for kind in ("shared", "partitioned") for row in ROWS
        if kind == "shared" or "single leases" not in row.needs]  # fmt: skip


@pytest.mark.parametrize("where", ["memory", "durable"])
@pytest.mark.parametrize(("kind", "row"), KEPT, ids=[f"{row.name}-{kind}" for kind, row in KEPT])
def test_the_kit_keeps_the_contract(row: Row, kind: Assignment, where: str, tmp_path: Path) -> None:
    durable = where == "durable"
    with patch("os.fsync"):
        case = Case(kit(kind, tmp_path / "data" if durable else None), LEASE)
        breach = breach_of(case, row) if durable or "restart" not in row.needs else None
    assert breach is None, breach


def test_a_broker_is_not_held_to_what_it_does_not_say_that_it_can() -> None:
    report = held_to(kit("shared", None), [name for name in ALL if name != "restart"], lease=LEASE)
    assert report.not_held_to == ["restart"]
    assert (
        str(report) == f"{len(report.kept)} of {len(report.kept)} rows kept. Not held to: restart."
    )
    assert held_to(kit("shared", None)).not_held_to == [*KNOWN]
    assert len(rows_for(ALL)) == len(ROWS)


def test_what_a_broker_cannot_do_and_says_it_can_is_a_breach() -> None:
    report = held_to(made(SMALLEST), ["extend", "nack"])
    assert {breach.row.needs for breach in report.breaches} == {("nack",), ("extend",)}
    assert "Broken, nack: nack(0) raised AttributeError" in str(report)


def test_a_capability_that_no_row_needs_is_refused() -> None:
    with pytest.raises(
        UnknownCapability, match="No row needs 'replay': the capabilities are single"
    ):
        held_to(made(SMALLEST), ["replay"])


# ── the smallest broker that keeps it, and what is wrong without a line of it ───────────────────


def solution(cell: str) -> str:
    """Return the code of exercise 07's solution that stands in a cell before its check."""
    source = ROOT / "authoring" / "exercises" / "07_event_log_and_replay.py"
    cells = edition(source.read_text(encoding="utf-8"), Edition.SOLUTION).cells
    (code,) = [each.source for each in cells if f"{cell}.check(" in each.source]
    return str(code.partition(f"{cell}.check(")[0])


SMALLEST = solution("q.broker")

WITHOUT = [
    ("until <= self.clock()", "until > self.clock()", "one holder"),
    ("            return []\n", "            return None\n", "nothing to pull"),
    ("clock() + 30", "clock() + 3000", "redelivery"),
    ("clock() + 30", "clock() + 3", "one holder"),
    (".attempt + 1", ".attempt", "redelivery"),
    ("        del held[self.offset]\n", "", "ack"),
    ("held.get(self.offset) is not self or ", "", "ack twice"),
    (" or self.until <= self.group.clock()", "", "late ack unnoticed"),
    ("            return False\n", "            return True\n", "ack twice"),
    ("        return True\n", "", "in turn"),
    ("(topic, group), Group", "(topic, len(self.groups)), Group", "sharing"),
    ("(topic, group), Group", "topic, Group", "fan out"),
    ("(topic, group), Group", "group, Group", "topics apart"),
    ("self.next - 1, 1", "len(self.log) - 1, 1", "in turn"),
    ("in self.held.values()", "in reversed(self.held.values())", None),
]


def made(source: str) -> Factory:
    space: dict[str, Any] = {"hostile": Hostile}
    exec(source, space)
    factory: Factory = space["Broker"]
    return factory


def test_forty_lines_keep_it() -> None:
    assert held_to(made(SMALLEST)).breaches == []
    assert len([line for line in SMALLEST.splitlines() if line.strip()]) <= 40


@pytest.mark.parametrize(("line", "instead", "row"), WITHOUT)
def test_without_a_line_of_it_a_row_is_broken(line: str, instead: str, row: str | None) -> None:
    assert line in SMALLEST
    broken = [breach.row.name for breach in held_to(made(SMALLEST.replace(line, instead))).breaches]
    assert broken[:1] == ([row] if row else []), broken


def test_what_a_broken_row_says_is_drawn_from_its_trace() -> None:
    source = SMALLEST.replace(" or self.until <= self.group.clock()", "")
    (breach, *_) = held_to(made(source)).breaches
    assert breach.words == (
        "w1's ack of tea returned True, although its lease had ended. It has to return False."
    )
    assert breach.step is not None
    picture = spacetime(breach.trial.trace, mark=breach.step)
    assert "ack tea: True" in picture.text


class Hostile:
    """Data that cannot be shown or compared."""

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparing")

    def __repr__(self) -> str:
        raise RuntimeError("no words")


@pytest.mark.parametrize(
    ("line", "instead", "words"),
    [
        ("len(log), {}", "len(log), []", "raised AttributeError: 'list' object has no attribute"),
        ("def publish(", "def send(", "raised AttributeError: 'Broker' object has no attribute"),
        ("def subscribe(", "def join(", "raised AttributeError: 'Broker' object has no attribute"),
        ("        return self.groups.setdefault", "        self.groups.setdefault",
         "pull() raised AttributeError: 'NoneType' object has no attribute 'pull'"),
        ("def ack(", "def done(", "ack() raised AttributeError: 'Delivery' object has no"),
        ("self.data, self.until =", "_, self.until =", "in it, which has no data"),
        ("def publish(", "async def publish(", "is an async def, so calling it does nothing"),
        ("def pull(", "async def pull(", "pull() is an async def, so calling it does nothing"),
        ("def __init__(self, clock)", "def __init__(self)", "making the broker raised TypeError"),
        ("self.data, self.until = group.log[offset]", "self.data, self.until = hostile()",
         "Comparing what came raised RuntimeError: no comparing"),
        ("return [self.held[offset]]", "return (each for each in ())", "it has to return a list"),
        ("return [self.held[offset]]", "return [7]", "put a delivery into the list"),
        ("return [self.held[offset]]", "return [self.held[offset]] * 2", "returned 2 messages"),
    ],
)  # fmt: skip
def test_what_is_no_broker_is_told_in_a_sentence(line: str, instead: str, words: str) -> None:
    assert line in SMALLEST
    breaches = [*held_to(made(SMALLEST.replace(line, instead))).breaches]
    assert any(words in breach.words for breach in breaches), [each.words for each in breaches]
    for breach in breaches:
        assert "\n" not in breach.words


@pytest.mark.parametrize("factory", [7, None, lambda: 1])
def test_what_makes_no_broker_breaks_every_row(factory: Any) -> None:
    breaches = held_to(factory).breaches
    assert len(breaches) == len(CORE)
    assert all(breach.words.startswith("making the broker raised TypeError") for breach in breaches)


def test_core_rows_need_no_capability() -> None:
    assert {row.needs for row in CORE} == {()}
    assert len({row.name for row in ROWS}) == len(ROWS)
