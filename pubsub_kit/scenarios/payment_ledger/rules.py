"""What a ledger must keep: one charge an intent, its entries beside it, and a true answer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pubsub_kit.designs.built import Built, Record
from pubsub_kit.designs.told import moment, question
from pubsub_kit.scenarios.payment_ledger.steps import CUSTOMER, MERCHANT
from pubsub_kit.world.search.explore import Violation

_YES = ("paid", "pending")
_MOMENT = 0.1  # seconds: two requests that are closer race each other


def books_are_true(built: Built) -> Iterator[Violation]:
    """Yield what is wrong after a run, the worst first: a double charge, a lie, a gap."""
    for rule in (_charged_twice, _told_wrong, _not_posted, _not_charged):
        yield from rule(built)


def _charged_twice(built: Built) -> Iterator[Violation]:
    firsts: dict[str, Record] = {}
    for charge in built.of("charged"):
        first = firsts.setdefault(charge.id, charge)
        if first is not charge:
            words = (
                f"{_payer(charge.id)} is charged twice for {charge.id}: ${first.facts['amount']} "
                f"at {_at(first)} under the reference {first.facts['ref']!r}, and "
                f"${charge.facts['amount']} at {_at(charge)} under {charge.facts['ref']!r}."
            )
            wanted, found = {charge.id: "1 charge"}, {charge.id: "2 charges"}
            yield Violation(words, _step(built, charge), wanted, found, "charged twice")


def _told_wrong(built: Built) -> Iterator[Violation]:
    charged = {charge.id: charge for charge in built.of("charged")}
    for told in built.of("told"):
        charge, answer, amount = charged.get(told.id), told.facts["answer"], told.facts["amount"]
        if answer == "paid" and charge is None:
            words = f"{_payer(told.id)} is told at {_at(told)} that {told.id} is paid, and "
            words += "isn't charged."
            yield Violation(words, _step(built, told), "charged", "not charged", "paid by nobody")
        elif answer == "declined" and charge is not None and amount == charge.facts["amount"]:
            yield _declined(built, told, charge)
        elif charge is not None and answer in _YES and amount != charge.facts["amount"]:
            yield _another_amount(built, told, charge)


def _declined(built: Built, told: Record, charge: Record) -> Violation:
    words = (
        f"{_payer(told.id)} is told at {_at(told)} that {told.id} was declined. The processor "
        f"charges ${charge.facts['amount']} for it at {_at(charge)}."
    )
    waited = [s for s in built.world.trace.of("timeout") if s.peer == charge.who]
    belief = "a timeout is a no" if waited else "declined though charged"
    return Violation(words, _step(built, told), "paid", "declined", belief)


def _another_amount(built: Built, told: Record, charge: Record) -> Violation:
    words = (
        f"At {_at(told)} {_payer(told.id)} is told {told.facts['answer']!r} for {told.id} with "
        f"${told.facts['amount']}, and is charged ${charge.facts['amount']} for it."
    )
    belief = "payload not compared"
    accepted = built.of("accepted", told.id)
    if len(accepted) > 1:
        words += " Both requests were accepted as new."
        together = accepted[1].time - accepted[0].time < _MOMENT
        belief = "a look and a leap" if together else "the key was forgotten"
    return Violation(words, _step(built, told), "refused", told.facts["answer"], belief)


def _not_posted(built: Built) -> Iterator[Violation]:
    charged = sum(charge.facts["amount"] for charge in built.of("charged"))
    posted = _posted(built)
    if posted[MERCHANT] != charged:
        words = (
            f"At rest the processor has charged ${charged:g}, and the merchant's entries come to "
            f"${posted[MERCHANT]:g}."
        )
        step, belief = _decided_at(built), _why_unequal(built, posted[MERCHANT] - charged)
        if (gone := _gone(built)) is not None and posted[MERCHANT] < charged:
            step, belief = gone, "what was posted is gone"
            words += f" They were there, until {built.world.trace[gone].node} restarted."
        wanted, found = {"posted": charged}, {"posted": posted[MERCHANT]}
        yield Violation(words, step, wanted, found, belief)
    if posted[MERCHANT] + posted[CUSTOMER] != 0:
        words = f"The entries sum to ${posted[MERCHANT] + posted[CUSTOMER]:g} instead of 0."
        last = len(built.world.trace) - 1
        yield Violation(words, last, 0, posted[MERCHANT] + posted[CUSTOMER], "half an entry")


def _gone(built: Built) -> int | None:
    """Return the step at which rows of entries were lost, if a store restarted empty after them."""
    trace = built.world.trace
    for n, step in enumerate(trace):
        if step.kind == "note" and step.text == "restarts empty":
            wrote = (s for s in trace[:n] if s.kind == "effect" and "entries/" in s.text)
            return n if next(wrote, None) else None
    return None


def _not_charged(built: Built) -> Iterator[Violation]:
    """Yield a payment that comes to nothing: for ever, or though nothing had failed."""
    charged = {charge.id for charge in built.of("charged")}
    failed, last = built.world.trace.faults(), len(built.world.trace) - 1
    for order in dict.fromkeys(told.id for told in built.of("told")):
        answers = [told.facts["answer"] for told in built.of("told", order)]
        if order in charged:
            continue
        if "pending" in answers and "declined" not in answers:
            words = f"{_payer(order)} was told that {order} is pending, and hears nothing else: it "
            words += "is never charged."
            yield Violation(words, last, "charged", "pending", "nobody comes back")
        elif not failed:
            words = f"Nothing fails, and {order} is not charged: {_payer(order)} is told "
            words += f"{answers[0]!r}."
            yield Violation(words, last, "charged", answers[0], "no sale")


def _at(record: Record) -> str:
    return moment(record.time)


def _payer(order: str) -> str:
    return "bob" if order == "order-2" else "ann"


def _decided_at(built: Built) -> int:
    """Return the last write after the last charge, or that charge: where the books went wrong."""
    trace = built.world.trace
    charge = built.of("charged")[-1:]
    since = charge[0].step if charge else 0
    writes = [n for n, step in enumerate(trace) if step.kind == "effect" and n > since]
    return writes[-1] if writes else since


def _why_unequal(built: Built, surplus: float) -> str:
    if surplus < 0:
        return "charged and not posted"
    charged = {charge.id for charge in built.of("charged")}
    accepted = {record.id for record in built.of("accepted")}
    return "posted twice" if accepted <= charged else "posted and not charged"


def unposted(built: Built) -> dict[str, float]:
    """Return the dollars that were charged and are in no entry, or the other way round."""
    charged = sum(charge.facts["amount"] for charge in built.of("charged"))
    return {"unposted": abs(charged - _posted(built)[MERCHANT])}


def _posted(built: Built) -> Mapping[str, float]:
    rows = built.rows("entries")
    return {
        side: sum(amount for key, amount in rows.items() if key.split()[-1] == side)
        for side in (MERCHANT, CUSTOMER)
    }


def _step(built: Built, record: Record) -> int:
    return min(record.step, len(built.world.trace) - 1)


def next_question(built: Built, wrong: Violation) -> str:
    """Put the next question, with the names and moments of the run that broke the design."""
    otherwise = "What does the customer see, and what do your books say?"
    return question(built.world, wrong, _ASKED.get(wrong.belief, otherwise))


_ASKED = {
    "charged twice": "What does the bank statement say?",
    "a timeout is a no": "The processor had charged already. What do you tell the customer?",
    "charged and not posted": "The charge went through. Who posts its entries, and when?",
    "posted and not charged": "The books have money that nobody was charged. Which comes first?",
    "posted twice": "The work is done a second time. What keeps it from being posted twice?",
    "a look and a leap": "Two requests at one moment: what keeps both from being the first?",
    "the key was forgotten": "What remembers a key, and for how long?",
    "what was posted is gone": "Where do your entries live, and what does a restart cost?",
    "nobody comes back": "The customer was told that it is pending. Who comes back to it?",
}
