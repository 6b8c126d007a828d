"""Whether the film of exercise 04's worker was rendered, by whom, how long, and whether it's acked.

It is rendered if a worker spent its time on it, put it into its row, and said so by an ack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pubsub_kit.scenarios.delivery_semantics.in_hand import Held
from pubsub_kit.scenarios.delivery_semantics.leases import FILM, ID, JOB
from pubsub_kit.scenarios.plain import crashes, moment
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Trace

PAST = "writes past its transaction"


class Rendering:
    """A run: its trace, the steps that wrote the film, and who had it in hand."""

    def __init__(self, trace: Trace, writes: Sequence[int], held: Sequence[Held]) -> None:
        self.trace, self.writes, self.held = trace, writes, held
        self.replayed = next(
            (i for i, step in enumerate(trace) if step.text.startswith("replayed")), None
        )

    def last_done(self, since: int = 0, until: int | None = None) -> Held | None:
        """Return the last handler that came to its end between two steps."""
        stop = len(self.trace) if until is None else until
        done = [h for h in self.held if h.how == "done" and since <= h.begin and h.end < stop]
        return max(done, key=lambda h: h.end, default=None)

    def took(self, worker: Held) -> float:
        """Return how many seconds a worker had the film in hand."""
        return self.trace[worker.end].time - self.trace[worker.begin].time

    def never(self) -> Violation | None:
        """Find that the film was not written before it was wanted again."""
        if self.writes and self.writes[0] < (self.replayed or len(self.trace)):
            return None
        return self.not_rendered(until=self.replayed)

    def not_rendered(self, since: int = 0, until: int | None = None) -> Violation:
        """Say that the film was not rendered in these steps, and what kept it from being."""
        stop = len(self.trace) if until is None else until
        again, states = "new " * bool(since), ({FILM: "done"}, dict[str, Any]())
        for worker in self.held:
            if worker.how != "crash" or not since <= worker.begin < worker.end < stop:
                continue
            if (acked := self._acked(worker)) is not None:
                did = "never rendered."
                if self.trace[acked].time - self.trace[worker.begin].time >= JOB:
                    did = "its row was not written yet."
                message = f"The {again}film was acked, but {did}{crashes(self.trace[:stop])}"
                return Violation(message, stop - 1, *states, "ack on receipt is fine", acked)
        last = self.last_done(since, stop)
        if last is None:
            if (past := self._past(since, stop)) is not None:
                return past
            message = f"The {again}film was never rendered.{crashes(self.trace[:stop])}"
            return Violation(message, stop - 1, *states)
        who = f"{last.node} was done with {last.text} after {self.took(last):g} s"
        if self.took(last) < JOB:
            return Violation(
                f"{who}, and had rendered nothing.", last.end, *states, "leaves it out"
            )
        if last.never_entered:
            message = f"{who}, but it never entered its transaction, so nothing was committed."
            return Violation(message, last.end, *states, "never entered")
        if looks := last.looks(FILM):
            had = looks[-1].rows[FILM]
            found = "no film there" if had is None else f"number {had} there"
            message = f"{who}: it found {found}, and wrote nothing."
            return Violation(message, last.end, *states, "the wrong way")
        return Violation(
            f"{who}, but never wrote the row {FILM!r}.", last.end, *states, "writes no film"
        )

    def _acked(self, worker: Held) -> int | None:
        """Return where the ack of a worker arrived, while it had the film in hand."""
        for i in range(worker.begin, worker.end):
            step = self.trace[i]
            if step.kind == "receive" and step.peer == worker.node and step.text == f"ack {ID}":
                return i
        return None

    def _past(self, since: int, until: int) -> Violation | None:
        """Find a worker whose own write, past its transaction, made the commit fail."""
        for worker in self.held:
            own = worker.past_its_transaction
            if own is None or not since <= worker.begin < until:
                continue
            write, conflict, key = own
            message = (
                f"{worker.node} never came to its ack: at {moment(self.trace[conflict.step])} its "
                f"commit raised Conflict, because {worker.node} itself had written the row {key!r} "
                "past its transaction, which had read that row."
            )
            states = {"acked": "once"}, {"acked": "never"}
            return Violation(message, worker.end, *states, PAST, write.step)
        return None

    def in_no_time(self) -> Violation | None:
        """Find that the film was written too soon."""
        first = self.writes[0]
        node = self.trace[first].node
        begun = [h.begin for h in self.held if h.node == node and h.begin < first]
        worked = self.trace[first].time - self.trace[begun[-1]].time if begun else 0.0
        if worked > JOB - 0.001:
            return None
        worker = next(h for h in self.held if begun and h.begin == begun[-1])
        if worker.how == "done" and self.took(worker) > JOB - 0.001:
            message = (
                f"At {moment(self.trace[first])} {node} wrote the film, and was done with it only "
                f"at {moment(self.trace[worker.end])}: so it wasn't rendered yet."
            )
            states = {"rendered for": f"{JOB:g} s"}, {"rendered for": f"{worked:g} s"}
            return Violation(message, first, *states, "writes first")
        message = f"The film was written after {worked:g} s of work, but rendering takes {JOB:g} s."
        states = {"rendered for": f"{JOB:g} s"}, {"rendered for": f"{worked:g} s"}
        belief = "skips the work" if worked == 0 else "renders too short"
        return Violation(message, first, *states, belief)

    def by_two(self) -> Violation | None:
        """Find a second worker that began before the replay, though nobody crashed or paused."""
        if self.trace.of("pause", "crash"):
            return None
        stop = len(self.trace) if self.replayed is None else self.replayed
        for worker in self.held:
            if worker.begin < stop and any(h.begin < worker.begin < h.end for h in self.held):
                message = (
                    f"Two workers rendered the same film at once: its lease ran out, so "
                    f"{worker.node} began it at {moment(self.trace[worker.begin])} while the first "
                    "worker was still busy."
                )
                states = {"workers at it": "1"}, {"workers at it": "2"}
                return Violation(message, worker.begin, *states, "the lease outlasts the job")
        return None

    def unacked(self) -> Violation:
        """Say that the film was written, and is redelivered for ever."""
        acks = [
            i for i, s in enumerate(self.trace) if s.kind == "send" and s.text.startswith("ack ")
        ]
        count = len(self.writes)
        times = "once" if count == 1 else f"{count} times"
        states = {"acked": "once"}, {"acked": "never"}
        if not acks:
            if (past := self._past(0, len(self.trace))) is not None:
                return past
            message = f"The film was rendered {times}, because it was never acked."
            return Violation(message, self.writes[-1], *states, "never acks")
        last = self.last_done(acks[-1])
        if last is not None and self.took(last) < JOB:
            message = f"{last.node} was done with {last.text} after {self.took(last):g} s, unacked."
            return Violation(message, last.end, *states, "leaves it out")
        message = (
            f"The film was rendered {times}, and no ack of it counted: the last was sent at "
            f"{moment(self.trace[acks[-1]])}."
        )
        return Violation(message, acks[-1], *states)
