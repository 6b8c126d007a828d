"""Pre-emption: a task is held back while others run, and goes on after any later step of theirs.

Where it goes on is a choice of its own, which costs no fault. Somebody asks for it twice:

    resume   another task is about to pass a point, and has done something since: does the one
             that is held back go on first?
    stay     all others rest at this instant: does it stay held back until they have done more?

So one pre-emption finds every order in which one task is overtaken by others, whether these were
held back too or not; "delay bounding" (Emmi and others, POPL 2011) counts its delays in this way. A
task is held back for half of what is left of its lease, at most: a longer wait is a pause.

A run is redundant, and ends, if nothing could tell it from one in which the task went on earlier:
no deed that it overtook meets one of its own, and not both set something in motion. Those whom two
tasks start or wake run in the order in which they were woken, whatever the rows say.
"""

from __future__ import annotations

from heapq import heappush
from math import inf
from typing import Protocol

from simpy import Environment
from simpy import Event as Moment
from simpy.events import URGENT, EventPriority

from pubsub_kit.world import deeds
from pubsub_kit.world.chance import RESUME, STAY, Chance
from pubsub_kit.world.deeds import ANY, STIR, Deed, Point, any_meet
from pubsub_kit.world.held import Held
from pubsub_kit.world.odds import Odds
from pubsub_kit.world.running import WorldError
from pubsub_kit.world.tasks import Task, wait
from pubsub_kit.world.trace import Trace

#: How long a task without a lease is held back at most (seconds).
LONGEST = 1.0
_LAST = EventPriority(9)  # the priority of what happens when all else at this instant has happened


class Redundant(WorldError):
    """This run does what another one does: a pre-empted task met nobody while it was held back."""


class Ground(Protocol):
    """What pre-emption needs of the kernel that it happens on."""

    env: Environment
    chance: Chance
    trace: Trace
    prune: bool  # whether a redundant run is to end
    turn: int  # how often some task has gone on
    careful: bool  # whether handlers sleep, call, publish or wake others


_NO_CHOICE: Odds = ((), ())  # what is asked where the answer would change nothing


class Preemption:
    """The tasks of a world that are held back, those that came first in front."""

    __slots__ = ("ground", "heard", "held", "last", "look", "look_at", "released")

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.held: list[Held] = []
        self.last = 0
        self.heard = 0  # the number of the latest entry of the agenda that it knows of
        self.look: Moment | None = None  # when it will look at them again …
        self.look_at = 0.0  # … in virtual seconds
        self.released: Held | None = None  # the one that goes on at this instant

    @property
    def watches(self) -> bool:
        """Whether it has to hear what tasks do."""
        return bool(self.held or self.released)

    def could_run(self, task: Task) -> bool:
        """Say whether anything is to happen while this task would be held back."""
        env = self.ground.env
        if not (agenda := env._queue):
            return False
        soonest: float = agenda[0][0]
        return soonest == env._now or soonest <= self._latest(task)

    def _nobody_could(self, task: Task) -> bool:
        """Say whether nobody could run but those held back who have met nothing so far.

        To hold back one more task is redundant then: they could as well go one deed further.
        """
        agenda = self.ground.env._queue
        if agenda[0][3] is not self.look:
            return False
        held = [each for each in self.held if each.moment.callbacks]
        soonest = min(agenda[1:3])[0] if len(agenda) > 1 else inf
        latest = min([self._latest(task), *(each.latest for each in held)])
        return soonest > latest and not any(each.met for each in held)

    def comes_to(self, task: Task, deed: Deed) -> None:
        """Tell chance that a task comes to a deed before which it may be held back."""
        ground, now, held, late = self.ground, self.ground.env._now, self.released, None
        if held is not None and held.task is task and self._could_have(held):
            self._listen()
            late = [*held.deeds], held.meanwhile[held.since :]
        last = deed[0] == "ack" and all(entry[0] == now for entry in ground.env._queue)
        step = len(ground.trace) if last else -1
        idle = self._nobody_could(task)
        ground.chance.comes_to(Point(ground.turn, deed, not self.held, idle, late, step))

    def hold(self, task: Task, deed: Deed) -> Moment:
        """Hold a task back before a deed; return the moment that it has to wait for."""
        env = self.ground.env
        self._listen()
        self.ground.chance.overtaken(None)
        held = Held(task, deed, self._latest(task), Moment(env), env._now)
        for other in self.held:  # it may go on now, and this task in the middle of what it does
            other.meanwhile.append(ANY)
            other.news = True
        self.held.append(held)
        self._look_again(env._now)
        return held.moment

    async def passing(self) -> None:
        """Let a task come to a point, where those that are held back may go on first."""
        self._listen()
        while (held := self._overtaken()) is not None:
            held.news, may = False, held.met or not self.ground.prune
            if may and len(self.held) == 1:
                self.ground.chance.offers(tuple(held.meanwhile[held.since :]))
            if self.ground.chance.fault(*(RESUME if may else _NO_CHOICE)):
                await wait(self._go_on(held))
            elif may:
                self._passed_over(held)

    def _overtaken(self) -> Held | None:
        """Return the first one that others have overtaken since it was asked about."""
        for held in self.held:
            if held.news and held.moment.callbacks:
                return held
        return None

    def _passed_over(self, held: Held) -> None:
        held.since, held.asked = len(held.meanwhile), self.ground.env._now

    def saw(self, task: Task | None, deed: Deed) -> None:
        """Hear what a task does that is not held back, or what nobody in particular does."""
        for held in self.held:
            held.meanwhile.append(deed)
            held.news, held.before = True, held.met
            held.met = held.met or deeds.meet(held.deed, deed)
        released = self.released
        if released is not None and task is not None and released.task is task:
            released.deeds.append(deed)

    def wrote_nothing(self, task: Task | None) -> None:
        """Hear that the write just seen changed no row: all it did was to look."""
        for held in self.held:
            held.meanwhile[-1] = look = _look(held.meanwhile[-1])
            held.met = held.before or deeds.meet(held.deed, look)
        released = self.released
        if released is not None and released.task is task:
            released.deeds[-1] = _look(released.deeds[-1])

    def stirred(self) -> None:
        """Hear that what runs has woken or started somebody, set a timer, or drawn a number."""
        for held in self.held:
            held.meanwhile.append(STIR)
            # What is held back may do such a thing too, once its deed is done.
            held.news, may = True, self.ground.careful or held.deed is ANY
            held.met = held.met or may
        if self.released is not None:
            self.released.deeds.append(STIR)

    def _listen(self) -> None:
        """See whether anything has been put on the agenda since this was last called."""
        number = next(self.ground.env._eid)
        if number > self.heard + 1:
            self.stirred()
        self.heard = number

    def _latest(self, task: Task) -> float:
        now, lease = self.ground.env._now, task.lease
        if lease is None or (left := lease.deadline - now) == inf:
            return now + LONGEST
        return now + left / 2 if left > 0 else now

    def _look_again(self, when: float) -> None:
        """Look at those who are held back when all else of an instant has happened."""
        if self.look is not None:
            if self.look_at <= when:
                return
            self.look.callbacks.clear()
        env = self.ground.env
        look = self.look = Moment(env)
        self.look_at = when
        look._ok, look._value = True, None
        look.callbacks.append(self._all_rest)
        heappush(env._queue, (when, _LAST, next(env._eid), look))
        self.heard += 1

    def _all_rest(self, _: Moment) -> None:
        """Let one of those who are held back go on, or all of them stay."""
        self.look = None
        self._listen()
        self.held = [each for each in self.held if each.moment.callbacks]  # else it has crashed
        ground, agenda = self.ground, self.ground.env._queue
        next_at = agenda[0][0] if agenda else inf
        until = min((held.latest for held in self.held), default=0.0)
        for i, held in enumerate(self.held):
            if held.news:
                held.news = False
                asked = next_at <= held.latest or len(self.held) > 1
                may = next_at <= until or any(other.news for other in self.held[i + 1 :])
                may = may or not ground.prune
                if not (asked and ground.chance.fault(*(STAY if may else _NO_CHOICE))):
                    if ground.prune and not held.met:
                        self._tell(held)
                        raise Redundant("a pre-empted task could as well go one deed further")
                    return self._one_goes_on(held)
                self._passed_over(held)
        for held in self.held:
            if next_at > held.latest:
                if ground.prune:
                    self._tell(held)
                    raise Redundant("a pre-empted task met nobody")
                return self._one_goes_on(held)
        if self.held:
            self._look_again(next_at)

    def _one_goes_on(self, held: Held) -> None:
        self._go_on(held)
        self._look_again(self.ground.env._now)

    def _tell(self, held: Held) -> None:
        """Say what others did while a task was held back; None where whom they wake matters."""
        meanwhile = held.meanwhile
        unclear = self.ground.careful and STIR in meanwhile
        self.ground.chance.overtaken(None if unclear else tuple(meanwhile))

    def _go_on(self, held: Held) -> Moment:
        """Let a task go on at once; return the moment when it has gone as far as it can."""
        self._tell(held)
        self.held.remove(held)
        if self.released is not None:
            self.released.alone = False
        self.released = held
        done = Moment(self.ground.env)
        self._now(done)
        self._now(held.moment)
        done.callbacks.append(lambda _: self._has_gone(held))
        return done

    def _has_gone(self, held: Held) -> None:
        self._listen()
        self.released = None
        self.ground.chance.went_on(tuple(held.deeds) if held.whole else None)
        late = self.ground.prune and self._could_have(held)
        if late and not any_meet(held.deeds, held.meanwhile[held.since :]):
            raise Redundant("a pre-empted task could as well have gone on earlier")

    def _could_have(self, held: Held) -> bool:
        """Say whether a task that goes on could have done so earlier, unless its deeds matter."""
        return held.whole and held.asked == self.ground.env._now

    def _now(self, moment: Moment) -> None:
        """Let a moment come before all else that is due, what was let come so before included."""
        env = self.ground.env
        moment._ok, moment._value = True, None
        self.last -= 1
        heappush(env._queue, (env._now, URGENT, self.last, moment))


def _look(deed: Deed) -> Deed:
    _, where, keys = deed
    return "read", where, keys
