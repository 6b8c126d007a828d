"""The oracle of exercise 04's worker: each film is rendered, and no older one replaces a newer one.

What counts is the row of the film, and the number in it. Why a number is wrong, the deeds of the
workers tell: what each of them took, looked at and wrote while it had the film in hand.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from pubsub_kit.scenarios.delivery_semantics.in_hand import LAX, Held, held
from pubsub_kit.scenarios.delivery_semantics.leases import AHEAD, FAST, FILM, JOB, STANDSTILL
from pubsub_kit.scenarios.delivery_semantics.renderings import Rendering
from pubsub_kit.scenarios.plain import moment, plain, shown
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

#: The beliefs that a wrong number shows, beside those of a rendering.
OLD, LATE, WRONG_WAY = "the old worker has stopped", "numbered after the work", "the wrong way"
TWO_STEPS, APART, CLOCK = "counts in two steps", "compares, then puts", "a clock is a fencing token"


def rendered_once_at_a_time(world: World) -> Violation | None:
    """The film is rendered, by one worker at a time, and no older one overwrites a newer one."""
    run = _Run(world)
    rendering = Rendering(world.trace, run.writes, run.held)
    return (
        run.overwritten()
        or rendering.never()
        or rendering.in_no_time()
        or rendering.by_two()
        or (rendering.unacked() if world.broker.subscriptions["films", "render"].lag else None)
        or run.alike()
        or run.kept_out(rendering)
        or run.refused()
    )


class _Run:
    """A run: who had the film in hand, and which numbers came into its row."""

    def __init__(self, world: World) -> None:
        self.trace = world.trace
        self.held = held(world)
        self.writes = [i for i, step in enumerate(self.trace) if _writes_film(step)]

    def number(self, write: int) -> Any:
        """Return the number that a step wrote into the row."""
        return self.trace[write].data[2][FILM]

    def holder(self, write: int) -> Held:
        """Return who wrote at this step."""
        node = self.trace[write].node
        return max(h for h in self.held if h.node == node and h.begin < write)

    # -- an older one over a newer one -------------------------------------------------------------

    def overwritten(self) -> Violation | None:
        """Find a number that is none, one that is lower than the one it replaces, or an old film.

        An old film is one that was begun, and done, before the one that it replaces, under a number
        that it took when it was done.
        """
        for i in self.writes:
            if type(self.number(i)) not in (int, float):
                message = f"The film carries {shown(self.number(i))}, but a lease has a number."
                states = {FILM: "a number"}, {FILM: plain(self.number(i))}
                return Violation(message, i, *states, "no number")
        for at, i in pairwise(self.writes):
            if self.number(i) < self.number(at):
                return self._by_clock(at, i) or self._lower(at, i)
        for at, i in pairwise(self.writes):
            if self._is_older(at, i):
                return self._numbered_late(at, i)
        return None

    def _lower(self, at: int, i: int) -> Violation:
        worker, before, now = self.holder(i), self.number(at), self.number(i)
        write = next(d for d in worker.deeds if d.step == i and d.kind == "write")
        look = next(reversed(worker.looks(FILM, i)), None)
        words, belief = self._paused(i), OLD
        if look is not None:
            had = look.rows[FILM]
            words = f" At {moment(self.trace[look.step])} it had found "
            words += "no film there" if had is None else f"number {shown(had)} there"
            belief = APART
            if not _less(had, now):
                words, belief = f"{words}, and wrote its own all the same", WRONG_WAY
            elif worker.of_one_transaction(look, write):
                words, belief = f"{words}, in a transaction that is {LAX}", LAX
            words += "."
        elif own := self._looked_at_its_own(worker, i):
            words, belief = f" {own}", APART
        message = (
            f"At {moment(self.trace[i])} {self.trace[i].node} wrote the film with number {now} "
            f"over that with number {before}.{words}"
        )
        blocker = at if belief in (APART, LAX) else None
        return Violation(message, i, {FILM: before}, {FILM: now}, belief, blocker)

    def _looked_at_its_own(self, worker: Held, until: int) -> str:
        """Say that a worker had made sure of its number in another row, if it had."""
        for look in reversed(worker.deeds):
            for key, row in look.rows.items() if look.kind == "look" and look.step <= until else ():
                if key != FILM and row == self.number(until):
                    return f"At {moment(self.trace[look.step])} it had found {row} in {key!r}."
        return ""

    def _is_older(self, at: int, i: int) -> bool:
        mine, other = self.holder(i), self.holder(at)
        late = self.trace[i].time - self.trace[self._taken(i)].time < JOB - 0.001
        return late and mine.begin < other.begin and self._done(mine) < self._done(other)

    def _done(self, worker: Held) -> float:
        """Return when a film was done whose worker does one thing after another."""
        done = self.trace[worker.begin].time + JOB
        for step in self.trace[worker.begin : worker.end].of("pause", node=worker.node):
            if step.time < done:
                done += STANDSTILL
        return done

    def _taken(self, write: int) -> int:
        """Return the step at which the number of a film was taken, as far as the store knows."""
        number, worker = self.number(write), self.holder(write)
        others = [d for d in worker.writes(but=FILM) if d.step < write]
        same = [d.step for d in others if number in d.rows.values()]
        looks = [d.step for d in worker.looks(FILM, write)]
        return [*same[-1:], *(d.step for d in others[:1]), *looks[-1:], write][0]

    def _numbered_late(self, at: int, i: int) -> Violation:
        mine, other, taken = self.holder(i), self.holder(at), self._taken(i)
        message = (
            f"At {moment(self.trace[i])} {mine.node} wrote the film that it had begun at "
            f"{moment(self.trace[mine.begin])} over the one that {other.node} had begun at "
            f"{moment(self.trace[other.begin])}. It took its number, {self.number(i)}, only at "
            f"{moment(self.trace[taken])}."
        )
        wanted, found = {FILM: self.number(at)}, {FILM: self.number(i)}
        return Violation(message, i, wanted, found, LATE, taken if taken != i else None)

    def _paused(self, until: int) -> str:
        """Say when the node of a step had paused before it, if it had."""
        pauses = self.trace[:until].of("pause", node=self.trace[until].node)
        if not pauses:
            return ""
        return (
            f" It had paused at {moment(pauses[-1])}, and didn't notice that it had been replaced."
        )

    def _compared(self, worker: Held) -> bool:
        """Say whether a worker read the number in the row: an insert that fails reads none."""
        return any(not self.trace[look.step].text.endswith("? yes") for look in worker.looks(FILM))

    # -- numbers -----------------------------------------------------------------------------------

    def _by_clock(self, kept: int, step: int) -> Violation | None:
        """Say that a number was read off a clock, if it was: one clock is an hour fast."""
        number, worker = self.number(kept), self.holder(kept)
        begun, now = self.trace[worker.begin].time + AHEAD, self.trace[kept].time + AHEAD
        times = (number / scale for scale in (1, 1e3, 1e6, 1e9))
        if worker.node != FAST or not any(begun - 1 <= time <= now + 1 for time in times):
            return None
        other = next(h.node for h in self.held if h.node != FAST)
        message = (
            f"{FAST} numbered its film by its clock, {shown(number)}, which is an hour ahead of "
            f"{other}'s. At {moment(self.trace[step])} {self.trace[step].node} had a newer film, "
            "and a lower number."
        )
        return Violation(message, step, {FILM: "the new one"}, {FILM: number}, CLOCK)

    def _counted_back(self) -> str:
        """Say that a row was put that had changed since its writer's look; "" if none was."""
        for worker in self.held:
            for write in worker.writes(but=FILM):
                for key, now in write.rows.items():
                    before, looks = write.before.get(key), worker.looks(key, write.step)
                    if key == FILM or not looks or looks[-1].rows[key] == before:
                        continue
                    return (
                        f" At {moment(self.trace[write.step])} {worker.node} had put {shown(now)} "
                        f"into the row {key!r}, over {shown(before)}: it had looked at "
                        f"{moment(self.trace[looks[-1].step])}."
                    )
        return ""

    def own(self, worker: Held, until: int) -> tuple[str, Any] | None:
        """Return the row from which a worker took its number, and the number, if it can be seen."""
        found = [
            (key, row)
            for d in worker.writes(but=FILM)
            if d.step <= until
            for key, row in d.rows.items()
            if key != FILM and type(row) is int
        ]
        return found[-1] if found else None

    def alike(self) -> Violation | None:
        """Find two deliveries that wrote the same number: the store can't tell which is newer."""
        by: dict[Any, tuple[Held, int]] = {}
        for i in self.writes:
            number, worker = self.number(i), self.holder(i)
            first, at = by.setdefault(number, (worker, i))
            if first is worker:
                continue
            message = (
                f"The films of {moment(self.trace[at])} and {moment(self.trace[i])} carry the same "
                f"number, {number}, so the store can't tell which one is newer."
            )
            back, own, belief = self._counted_back(), self.own(worker, i), "two leases, one number"
            if all(h.attempt == number for h in (first, worker)):
                belief = "the attempt is a fencing token"
            elif back:
                message, belief = f"{message}{back}", TWO_STEPS
            elif own is not None and own[1] != number and _looks_for(worker, number, i):
                belief = "another's number"
                message = (
                    f"At {moment(self.trace[i])} {worker.node}, whose lease had the number "
                    f"{own[1]}, wrote the film with number {number}, which is {first.node}'s."
                )
            wanted, found = {FILM: "a higher number"}, {FILM: number}
            return Violation(message, i, wanted, found, belief)
        return None

    def kept_out(self, rendering: Rendering) -> Violation | None:
        """Find that the new film is missing after the replay: refused, or never rendered."""
        replay = rendering.replayed
        if replay is None or (self.writes and self.writes[-1] > replay):
            return None
        worker = rendering.last_done(replay)
        if worker is None or rendering.took(worker) < JOB:
            return rendering.not_rendered(since=replay)
        kept, end = self.number(self.writes[-1]), worker.end
        message = (
            f"By {moment(self.trace[end])} the film had been rendered again and acked, but the row "
            f"still holds the old one, number {kept}"
        )
        wanted, found = {FILM: "the new one"}, {FILM: kept}
        if (clock := self._by_clock(self.writes[-1], end)) is not None:
            return clock
        belief, own = "a newer film is refused", self.own(worker, end)
        if back := self._counted_back():
            message, belief = f"{message}.{back}", TWO_STEPS
        elif worker.past_its_transaction is None and (marks := worker.found(but=FILM)):
            message += f": {worker.node} had found the row {next(iter(marks))!r}."
            belief = "a mark refuses it"
        elif own is not None and _less(kept, own[1]) and self._compared(worker):
            message += f": {worker.node}, whose lease had the number {own[1]}, wrote nothing."
            belief = WRONG_WAY
        elif own is not None:
            higher = "" if _less(kept, own[1]) else ", which isn't higher"
            message += f": the lease of {worker.node} had the number {own[1]}{higher}."
        else:
            message += "."
        return Violation(message, end, wanted, found, belief)

    def refused(self) -> Violation | None:
        """Find a worker that left an older film in the row, and was done all the same."""
        for worker in self.held:
            wrote = any(d.kind == "write" and FILM in d.rows for d in worker.deeds)
            before = [i for i in self.writes if i < worker.end]
            if worker.how != "done" or wrote or not before or not worker.looks(FILM):
                continue
            kept = self.holder(before[-1])
            if kept.number_taken(FILM) >= worker.number_taken(FILM):
                continue
            number = self.number(before[-1])
            conflict = any(d.kind == "conflict" for d in worker.deeds)
            why = (
                "its commit raised Conflict, and it wrote nothing"
                if conflict
                else "it wrote nothing"
            )
            message = (
                f"At {moment(self.trace[worker.end])} {worker.node} was done with the newer film: "
                f"{why}. So the row keeps {kept.node}'s film, number {number}."
            )
            belief = "a conflict is no refusal" if conflict else "two leases, one number"
            wanted, found = {FILM: "the new one"}, {FILM: number}
            return Violation(message, worker.end, wanted, found, belief, before[-1])
        return None


def _less(found: Any, number: Any) -> bool:
    """Say whether what a look found is older than a number."""
    try:
        return found is None or bool(found < number)
    except TypeError:
        return False


def _looks_for(worker: Held, number: Any, until: int) -> bool:
    """Say whether a worker had seen this number in the row of the film."""
    return any(look.rows[FILM] == number for look in worker.looks(FILM, until))


def _writes_film(step: Step) -> bool:
    return step.kind == "effect" and step.data[2].get(FILM) is not None
