"""What a ledger must keep: one charge an intent, its entries beside it, and a true answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import faults
from pubsub_kit.scenarios.payment_ledger.steps import CUSTOMER, MERCHANT
from pubsub_kit.world.search.explore import Violation


def books_are_true(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first: a double charge, a lie, a gap."""
    for rule in (_charged_twice, _told_wrong, _not_posted):
        yield from rule(built)


def _charged_twice(built: Built) -> Iterator[Violation]:
    firsts: dict[str, Record] = {}
    for charge in built.of("charged"):
        first = firsts.setdefault(charge.id, charge)
        if first is not charge:
            words = (
                f"ann is charged twice for {charge.id}: ${first.facts['amount']} at "
                f"{first.time:g} s under the reference {first.facts['ref']!r}, and "
                f"${charge.facts['amount']} at {charge.time:g} s under {charge.facts['ref']!r}."
            )
            wanted, found = {charge.id: "1 charge"}, {charge.id: "2 charges"}
            yield Violation(words, _step(built, charge), wanted, found, "charged twice")


def _told_wrong(built: Built) -> Iterator[Violation]:
    charged = {charge.id: charge for charge in built.of("charged")}
    for told in built.of("told"):
        charge, answer = charged.get(told.id), told.facts["answer"]
        if answer == "declined" and charge is not None:
            words = (
                f"ann is told at {told.time:g} s that {told.id} was declined. The processor "
                f"charged her ${charge.facts['amount']} at {charge.time:g} s."
            )
            yield Violation(words, _step(built, told), "paid", "declined", "a timeout is a no")
        changed = charge is not None and told.facts["amount"] != charge.facts["amount"]
        if changed and answer not in ("refused", "no answer"):
            words = (
                f"At {told.time:g} s ann asks for {told.id} again with ${told.facts['amount']} "
                f"instead of ${charge.facts['amount'] if charge else 0}, and is told {answer!r}."
            )
            yield Violation(words, _step(built, told), "refused", answer, "payload not compared")


def _not_posted(built: Built) -> Iterator[Violation]:
    charged = sum(charge.facts["amount"] for charge in built.of("charged"))
    posted = _posted(built)
    last = len(built.world.trace) - 1
    if posted[MERCHANT] != charged:
        words = (
            f"At rest the processor has charged ${charged:g}, and the merchant's entries come to "
            f"${posted[MERCHANT]:g}."
        )
        belief = _why_unequal(built, posted[MERCHANT] - charged)
        wanted, found = {"posted": charged}, {"posted": posted[MERCHANT]}
        yield Violation(words, _decided_at(built), wanted, found, belief)
    if posted[MERCHANT] + posted[CUSTOMER] != 0:
        words = f"The entries sum to ${posted[MERCHANT] + posted[CUSTOMER]:g} instead of 0."
        yield Violation(words, last, 0, posted, "half an entry")
    accepted = {record.id for record in built.of("accepted")}
    unpaid = sorted(accepted - {charge.id for charge in built.of("charged")})
    if unpaid:
        words = f"{unpaid[0]} was accepted and never charged: it waits for ever."
        yield Violation(words, last, "charged", "pending", "nobody comes back")


def _why_unequal(built: Built, surplus: float) -> str:
    if surplus < 0:
        return "charged and not posted"
    charged = {charge.id for charge in built.of("charged")}
    accepted = {record.id for record in built.of("accepted")}
    return "posted twice" if accepted <= charged else "posted and not charged"


def _posted(built: Built) -> Mapping[str, float]:
    rows = built.rows("entries")
    return {
        side: sum(amount for key, amount in rows.items() if key.split()[-1] == side)
        for side in (MERCHANT, CUSTOMER)
    }


def _decided_at(built: Built) -> int:
    """Return the last write after the last charge, or that charge: where the books went wrong."""
    trace = built.world.trace
    charge = built.of("charged")[-1:]
    since = charge[0].step if charge else 0
    writes = [n for n, step in enumerate(trace) if step.kind == "effect" and n > since]
    return writes[-1] if writes else since


def _step(built: Built, record: Record) -> int:
    return min(record.step, len(built.world.trace) - 1)


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    befell = faults(built.world.trace)
    if not befell:
        return f"Nothing has failed here, and still: {wrong.message} Which decision makes it so?"
    asked = _ASKED.get(wrong.belief, "What does ann see, and what do your books say?")
    return f"{befell} {asked}"


_ASKED = {
    "charged twice": "She gets no answer and asks again. What does her bank statement say?",
    "a timeout is a no": "The processor had already charged her. What do you tell ann?",
    "charged and not posted": "The charge went through. Who posts its entries, and when?",
    "posted and not charged": "The books have money that nobody was charged. Which comes first?",
    "posted twice": "The work is done a second time. What keeps it from being posted twice?",
    "nobody comes back": "Ann was told that it is pending. Who comes back to it?",
}
