"""The questions that go to an engine: what is published, and what must be true once all is settled.

The scenarios' oracles read the trace of a run, which no real run has. Here each question keeps its
scenario's messages, names and sums, and asks the same of the rows that are left. A test holds the
two against each other, run by run. What a rule says is a sentence, or "" if it is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from pubsub_kit.log.event import Event
from pubsub_kit.scenarios.delivery_semantics import deposits, leases
from pubsub_kit.scenarios.idempotency import payments
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves
from pubsub_kit.scenarios.out_of_order_transfers.untold import ORDERS, listed


class Left(NamedTuple):
    """What a trial has left: the rows, which messages were handled, how often a process died.

    `heard` are the events of a shop (id and data), `answered` the orders whose clients got an
    answer.
    """

    rows: Mapping[str, Any]
    handled: Sequence[str] = ()
    mishaps: int = 0
    heard: Sequence[tuple[str, Any]] = ()
    answered: Sequence[str] = ()


class Question(NamedTuple):
    """A question of an exercise: its messages by id, what its group needs, and its rule."""

    lesson: str
    topic: str
    messages: Mapping[str, tuple[str | None, Any]]  # id: key, data
    rule: Callable[[Left], str]
    manual: bool = False  # the answer acks by itself
    ordered: bool = False

    def event(self, id: str) -> Event:
        """Return one of its events."""
        key, data = self.messages[id]
        return Event.new(self.topic, data, id=id, key=key, source="pubsub-kit")


def _books_balance(left: Left) -> str:
    """Each payment counts exactly once, as in `payments.books_balance`."""
    for name, owed in payments.OWED.items():
        if (found := left.rows.get(name, 0)) != owed:
            return f"{name} was charged {found} instead of {owed}."
    return ""


def _deposited_once(left: Left) -> str:
    """The balance is the sum of the deposits, as in `balances.deposited_once`."""
    found = left.rows.get(deposits.ROW, 0)
    return "" if found == deposits.OWED else f"The balance is {found} instead of {deposits.OWED}."


def _adds_up(left: Left) -> str:
    """The balance is what the moves make in order, as in `numbered_moves.adds_up`."""
    found, wanted = left.rows.get("balance"), numbered_moves.BALANCE
    return "" if found == wanted else f"The balance is {found} instead of {wanted}."


def _newest_film(left: Left) -> str:
    """The row has the number of the last lease, and no more leases were needed than mishaps.

    As in `films.rendered_once_at_a_time`, for answers that count their leases: 1, 2, 3 …
    """
    found, last = left.rows.get(leases.FILM), len(left.handled)
    if found is None:
        return "The film was never rendered, and nobody has it in hand any more."
    if found != last:
        return f"The film carries number {found}, though number {last} was handed out after it."
    needed = 1 + left.mishaps
    return "" if last <= needed else f"The film was rendered {last} times instead of {needed}."


def _told_what_is_saved(left: Left) -> str:
    """Each saved order was heard of, whole, and no other; as in `outboxes.told_what_is_saved`."""
    saved = {key.removeprefix("order ") for key in left.rows if key.startswith("order ")}
    heard = {id for id, _ in left.heard}
    if missing := sorted(set(left.answered) - saved):
        return f"{missing[0]} was answered and never saved."
    if untrue := sorted(heard - saved):
        return f"{untrue[0]} was published, but the shop has no such order."
    if lost := sorted(saved - heard):
        return f"{lost[0]} was saved, but nobody heard of it."
    if garbled := [id for id, data in left.heard if not _tells(data, id)]:
        return f"{garbled[0]} was published without its item."
    if not left.mishaps and len(left.heard) > len(heard):
        return f"{listed(heard)} came in {len(left.heard)} copies, although nothing went wrong."
    return ""


def _tells(data: Any, id: str) -> bool:
    return isinstance(data, Mapping) and {**data, **order(id)} == data


def order(id: str) -> dict[str, str]:
    """Return an order as a client makes it."""
    return {"id": id, "item": "tea"}


QUESTIONS = {
    "consumer": Question(
        "03", "payments",
        {id: (None, {"account": account, "amount": amount})
         for id, (account, amount) in payments.PAYMENTS.items()},
        _books_balance,
    ),
    "fifo": Question(
        "04", "deposits", {id: (key, deposits.AMOUNT) for id, key in deposits.DEPOSITS.items()},
        _deposited_once, ordered=True,
    ),
    "worker": Question(
        "04", "films", {leases.ID: (None, {"film": "tea"})}, _newest_film, manual=True,
    ),
    "account": Question(
        "05", "moves",
        {f"move-{move['seq']}": ("ann", {**move, "at": float(move["seq"])})
         for move in numbered_moves.MOVES},
        _adds_up,
    ),
    "relay": Question("05", "orders", {id: (None, order(id)) for id in ORDERS},
                      _told_what_is_saved),
}  # fmt: skip
