"""The payment ledger as a problem: traffic, slice, levels, and what a proposal becomes.

300 million payments in 4 days, $18.6 billion (Stripe): 868 a second, $62 each. The peak of ten
times that, the latencies and the share of silent answers are assumptions of the question.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.designs.built import CLIENT, Built
from pubsub_kit.designs.components import (
    Cache,
    DesignError,
    Group,
    Provider,
    Scheduler,
    Service,
    Store,
    Topic,
    Wire,
)
from pubsub_kit.designs.design import Design
from pubsub_kit.designs.problem import Problem, Slice, Small, options_of
from pubsub_kit.errors import brief
from pubsub_kit.scenarios.payment_ledger.rules import (
    books_are_true,
    next_question,
    unposted,
)
from pubsub_kit.scenarios.payment_ledger.steps import Ledger, Processor
from pubsub_kit.world.chance import lognormal, sometimes
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import sleep

AMOUNT, PER_SECOND, PEAK, ONE_OF = 62, 868.0, 10, 1_000
DECISIONS: dict[str, tuple[Any, ...]] = {
    "key-scope": ("intent", "click", "attempt"),
    "payload": ("compared", "ignored"),
    "unknown": ("pending", "retry", "failed"),
    "books": ("entries", "entries-and-snapshot", "number"),
}
KEY_PLACES = ("same-transaction", "cache", "replica", "store of its own")
#: Decisions that move a box, with their options, the usual one first.
BOXES = {"path": ("queued", "sync"), "reconciled": ("yes", "no")}
#: Decisions of the question that no run of this world decides: holds and refunds are not in it.
UNDECIDED = ("capture",)


# -- traffic ---------------------------------------------------------------------------------------


def two_tabs(built: Built) -> None:
    """Ann pays for one order in two tabs, once with a tip; bob pays as much; later all ask again.

    A cache restarts meanwhile.
    """
    for who, order, at, click, amount, tries in (
        ("ann", "order-1", 0.0, "tab-1", AMOUNT, 2),
        ("ann", "order-1", 0.0, "tab-2", AMOUNT + 8, 1),
        ("bob", "order-2", 0.5, "tab-3", AMOUNT, 1),
        ("ann", "order-1", 40.0, "tab-1", AMOUNT, 1),
        ("ann", "order-1", 40.0, "tab-2", AMOUNT + 8, 1),
        ("bob", "order-2", 40.0, "tab-3", AMOUNT, 1),
    ):
        built.client(_pays(built, at, who, order, click, amount, tries), who)
    for kept in built.kept.values():
        if kept.keeps is not None:
            built.world.at(0.25, kept.wipe)


async def _pays(
    built: Built, at: float, who: str, order: str, click: str, amount: float, tries: int = 1
) -> None:
    await sleep(at)
    if built.load:
        built.record("asked", order)
    for attempt in range(tries):
        data = {"id": order, "order": order, "click": click, "amount": amount}
        data["attempt"] = f"{click} try {attempt + 1}"
        try:
            answer = await built.ask("accept", data)
        except CallError:
            await sleep(1.0)
            continue
        built.record("told", order, who, answer=str(answer or "pending"), amount=amount)
        return
    built.record("told", order, who, answer="no answer", amount=amount)


def peak_minute(built: Built) -> None:
    """Send a slice of the busiest minute: one in a hundred customers has two tabs open."""
    luck = built.luck
    rate, at, number = PER_SECOND * PEAK / ONE_OF, 0.0, 0
    while (at := at + luck.expovariate(rate)) < 60.0:
        number += 1
        order = f"order-{number}"
        built.client(_pays(built, at, CLIENT, order, f"click-{number}", AMOUNT, 3))
        if number % 100 == 0:
            again = f"click-{number} again"
            built.client(_pays(built, at + 0.2, CLIENT, order, again, AMOUNT, 3))


def silent_processor(built: Built) -> None:
    """For five seconds the processor accepts, and answers late; then a worker dies."""
    for part in built.design.components:
        if isinstance(part, Provider):
            built.world.at(20.0, built.world.slow, part.name, 5.0)
            built.world.at(25.0, built.world.slow, part.name, 1.0)
        elif isinstance(part, Group):
            node = next(name for name in built.world.nodes if name.startswith(part.name))
            built.world.at(30.0, built.world.crash, node)


# -- designs ---------------------------------------------------------------------------------------


def propose(decisions: Mapping[str, str]) -> Design:
    """Return the design that some decisions come to, on the usual boxes.

    `path` is "sync" or "queued", `key-place` one of `KEY_PLACES`, and `reconciled` "yes" or "no";
    the others are the ledger's own. Raises DesignError for an unknown option.
    """
    decisions = options_of(decisions)
    for name, options in BOXES.items():
        if (option := decisions.get(name, options[0])) not in options:
            known = ", ".join(map(repr, options))
            raise DesignError(f"the decision {name!r} is one of {known}, not {brief(option)}")
    queued = decisions.get("path") != "sync"
    reconciled = decisions.get("reconciled") != "no"
    parts: list[Any] = [Provider("processor", ("charge", "status"))]
    wires = []
    if queued:
        parts += [Service("api", ("accept",), workers=200), Topic("payments", key="key")]
        parts += [Group("payer", "payments", ("pay",), workers=4_000)]
        wires += [Wire("api", "payments"), Wire("payer", "processor")]
    else:
        parts += [Service("api", ("accept", "pay"), workers=4_000)]
        wires += [Wire("api", "processor")]
    if reconciled:
        parts += [Scheduler("reconciler", ("reconcile",), every=30.0)]
        wires += [
            Wire("reconciler", "processor"),
            Wire("reconciler", "payments" if queued else "api"),
        ]
    stores = _stores(decisions.get("key-place", KEY_PLACES[0]))
    wires += [Wire("payer" if queued else "api", store.name) for store in stores]
    parts += stores
    own = {name: value for name, value in decisions.items() if name in DECISIONS}
    return Design(str(decisions.get("name", "my design")), tuple(parts), tuple(wires), own)


def _stores(kept: str) -> list[Any]:
    if kept not in KEY_PLACES:
        raise DesignError(f"'key-place' is one of {', '.join(KEY_PLACES)}, not {brief(kept)}")
    if kept == "same-transaction":
        return [Store("db", ("keys", "entries"), nodes=12)]
    entries = Store("db", ("entries",), nodes=10)
    keys = {
        "cache": Cache("cache", ("keys",), keeps=86_400.0, nodes=2),
        "replica": Store("replicated", ("keys",), nodes=4, lag=1.0),
    }.get(kept, Store("keys", ("keys",), nodes=2))
    return [keys, entries]


def references() -> dict[str, Design]:
    """Return two designs to be held against: the API waits for the processor, or a queue does."""
    return {
        "blocking": propose({"name": "blocking", "path": "sync"}),
        "queued": propose({"name": "queued"}),
    }


PROBLEM = Problem(
    id="payment-ledger",
    title="a payment ledger",
    steps=Ledger,
    outside=Processor,
    decisions=DECISIONS,
    needs=("accept", "pay", "charge"),
    roles=("keys", "entries"),
    small=Small(
        two_tabs,
        faults=("crash", "loss", "ack lost", "reply lost"),
        at_most=2,
        reads=0.001,
        ticks=(30.0, 60.0, 90.0),
    ),
    oracle=books_are_true,
    slice=Slice(
        peak_minute,
        one_of=ONE_OF,
        per_second=PER_SECOND,
        latencies={
            "accept": lognormal(0.005),
            "charge": sometimes(10.0, 0.001, lognormal(0.3, 0.3)),
            "status": lognormal(0.1),
        },
        trouble=silent_processor,
        burst=(0.0, 60.0),  # the whole slice is of the busiest minute
    ),
    levels={"p99": 5.0, "oldest": 120.0, "lost": 0, "doubled": 0, "unposted": 0},
    more=unposted,
    units={"unposted": ("charged, not in the books", "$")},
    references=references,
    propose=propose,
    next_question=next_question,
)
