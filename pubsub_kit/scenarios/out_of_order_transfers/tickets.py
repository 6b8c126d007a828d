"""The world and the oracle of exercise 05's mail: whoever gets the last ticket hears of it.

Two clients want the last ticket of a box office, which mails the one who gets it. Its `relay()` is
called as the shop's is, see `outboxes.py`. It may crash at any await, and either client's order may
be handled between any two steps of the other's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from pubsub_kit.scenarios.out_of_order_transfers.outboxes import serve
from pubsub_kit.scenarios.out_of_order_transfers.untold import listed, writes
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.scenarios.second_act import bad_luck
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.world import World

FAULTS = ("crash", "preempt")
States = tuple[dict[str, Any], dict[str, Any]]


def box_office(world: World, answer: Any) -> None:
    """Two clients who want the last ticket, and the learner's box office."""
    db = world.store("db", {"left": 1})
    serve(world, "tickets", lambda: answer(db), "client-1", "client-2")


def mailed_who_has_it(world: World) -> Violation | None:
    """The client who has the ticket gets a mail, and nobody else does; one, if nothing fails."""
    return _Office(world).wrong()


class _Office:
    """Who has a ticket, who was mailed, and what of that is wrong."""

    def __init__(self, world: World) -> None:
        rows = world.stores["db"].rows
        self.world, self.trace, self.left = world, world.trace, rows.get("left", 0)
        self.has = sorted(k.removeprefix("ticket ") for k in rows if k.startswith("ticket "))
        self.mails = list(_mails(world.trace))
        self.lucky = not bad_luck(world.trace)
        self.count = Counter(id for _, id in self.mails)

    def wrong(self) -> Violation | None:
        """Return what is wrong, with its reason if the trace proves one."""
        return self._sold() or self._mailed_wrongly() or self._never_mailed() or self._too_often()

    def _sold(self) -> Violation | None:
        takes = writes(self.world, "left")
        if len(self.has) > 1:
            message = "There was one ticket, and both clients got it."
            blames = takes if len(takes) > 1 else []
            last = writes(self.world, f"ticket {self.has[-1]}")[-1]
            return self._said(message, blames[-1] if blames else last, "sold twice")
        if self.left < 0:
            message = f"There was one ticket, and now there are {self.left}."
            return self._said(message, takes[-1], "takes, then looks")
        if self.has or not self.lucky:
            return None
        if takes:
            message = f"Nobody got the ticket, but at {moment(self.trace[takes[0]])} it was taken."
            return self._said(message, takes[0], "sells nothing")
        return self._said("Nobody got the ticket.", None, "sells nothing")

    def _mailed_wrongly(self) -> Violation | None:
        for step, id in self.mails:
            if id in self.has:
                continue
            message = f"{id} was sent a mail about a ticket that it doesn't have."
            noted = [i for i in writes(self.world, f"mail {id}") if i < step]
            if noted:
                return self._said(message, step, "notes a mail before it looks", noted[-1])
            cut = self._cut(step)
            if cut is None and self.lucky:
                return self._said(message, step, "mails before it looks")
            belief = "a transaction covers the mail"
            return self._said(message, step, belief if cut is not None else "", cut)
        return None

    def _cut(self, mail: int) -> int | None:
        """Return where the handler ended that sent this mail: in a crash, or by an error."""
        for i in range(mail, len(self.trace)):
            step = self.trace[i]
            if step.node == "tickets" and step.kind in ("crash", "end") and step.text != "done":
                return i
        return None

    def _never_mailed(self) -> Violation | None:
        unheard = [id for id in self.has if not self.count[id]]
        if not unheard:
            return None
        id = unheard[0]
        saved = writes(self.world, f"ticket {id}")[0]
        message = f"{id} got the ticket at {moment(self.trace[saved])}, but never the mail."
        notes = writes(self.world, f"mail {id}")
        gone = [i for i in notes if self.trace[i].data[2][f"mail {id}"] is None]
        crash = next((i for i, s in enumerate(self.trace) if s.kind == "crash"), None)
        if gone and crash is not None and crash > gone[-1]:
            return self._said(message, saved, "forgets before it tells", gone[-1])
        if gone:
            return self._said(message, saved, "deletes the note unsent", gone[-1])
        if notes:
            left = f"{message} The row 'mail {id}' is still there."
            return self._said(left, saved, "leaves the note")
        if crash is not None and crash > saved:
            return self._said(message, saved, "after the commit is soon enough", crash)
        return self._said(message, saved, "tells nobody" if crash is None else "")

    def _too_often(self) -> Violation | None:
        if not self.lucky or not self.mails[1:]:
            return None
        message = (
            f"One ticket was sold and {len(self.mails)} mails were sent, although nothing went "
            "wrong."
        )
        again = self.mails[1][0]
        if self._by_handle(self.mails[0][0]):
            at = [moment(self.trace[step]) for step, _ in self.mails[:2]]
            second = "handle()" if self._by_handle(again) else "relay()"
            message = f"{message} handle() sent one at {at[0]}, and {second} one at {at[1]}."
            return self._said(message, again, "tells it in two places")
        return self._said(message, again, "tells it for ever")

    def _by_handle(self, mail: int) -> bool:
        """Say whether a mail was sent before the relay was called for the first time."""
        called = [i for i, s in enumerate(self.trace) if (s.kind, s.text) == ("begin", "relay")]
        return mail < min(called, default=len(self.trace))

    def _said(
        self, message: str, step: int | None, belief: str, blocker: int | None = None
    ) -> Violation:
        states: States = (
            {"ticket": listed(self.has), "mail": listed(self.has)},
            {"ticket": listed(self.has), "mail": listed(self.count)},
        )
        return Violation(message, step, *states, belief, blocker)


def _mails(trace: Trace) -> Iterator[tuple[int, str]]:
    """Yield each mail: its step in the trace, and about which order it is."""
    for i, step in enumerate(trace):
        if step.kind == "effect" and step.data[0] == "outside":
            yield i, step.text.partition(" (")[0].rpartition(" ")[2]
