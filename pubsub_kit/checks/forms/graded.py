"""Judges of a feed's design: `Acted` by five people, `Graded` by millions as well.

`Acted` tries every schedule of faults in a few small scenes, so a wrong answer gets its shortest
run. `Graded` does that first, and then simulates the design in an arena, and holds what it reached
against service levels: an answer that fails gets the levels that it misses, and a picture of one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pubsub_kit.checks.forms import luck, searching
from pubsub_kit.checks.forms.question import AnswerError
from pubsub_kit.checks.forms.verdict import Judgement
from pubsub_kit.checks.sandbox import guard
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.feed.arena import Arena
from pubsub_kit.feed.designs import FeedDesign, unsteady
from pubsub_kit.feed.five.messages import SCENES, FeedExploration, explore_design, replay_scene
from pubsub_kit.feed.five.people import TinyNetwork
from pubsub_kit.feed.five.pictures import draw
from pubsub_kit.feed.grading.levels import ServiceLevels
from pubsub_kit.feed.machines.delivery import destinations
from pubsub_kit.feed.machines.measures import MEASURES, Trial, Tries, Values, amount, measure
from pubsub_kit.feed.machines.simulate import simulate
from pubsub_kit.feed.people.network import Network
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

MOST_MESSAGES = 1_000_000  # that a check has time and memory to simulate
_ASKED = 8  # times that a rule is asked about five people: as few may come out alike by chance
MOST_TIMES = 10  # a design whose machines cost so many times the bound is too dear unseen


@dataclass(frozen=True)
class Acted:
    """Every scene among five people, under every schedule of up to `max_faults` faults.

    `diagnose` names the belief behind a failure. A code is the scene's number and the schedule.
    """

    diagnose: Callable[[FeedExploration], str]
    max_faults: int = 2
    patience: float = 10.0

    def judge(self, answer: FeedDesign) -> Judgement:
        """Try every scene."""
        guard.next_run()
        _check_steady(answer, TinyNetwork(), _ASKED)
        found = explore_design(answer, self.max_faults, searching.report)
        _check_steady(answer, TinyNetwork(), _ASKED)
        if found.world is not None:
            found.world.end_tasks()
        if found.violation is None or found.world is None:
            return Judgement(_outcome(found), str(found), claim=found.claim, hardest=found.hardest)
        world, seen = found.world, found.violation.belief  # which also says what is worth drawing
        violation = replace(found.violation, belief=self.diagnose(found))
        calm = replay_scene(answer, found.scene, "-")
        calm.end_tasks()
        summary = luck.needed(found.code, world.trace, calm.trace)
        code = f"{[*SCENES].index(found.scene) + 1}/{found.code}"

        def picture(title: str, wrong: Violation) -> Picture:
            return draw(world, replace(wrong, belief=seen), title)

        heading = f", {found.scene}: the shortest run that breaks it"
        return Judgement(
            "fails", summary, violation, code, world.trace, picture, heading, found.claim
        )

    def replay(self, answer: FeedDesign, code: str) -> tuple[World, Violation | None]:
        """Run one scene under one schedule: "3/4o" is the third scene under 4o."""
        number, _, schedule = code.partition("/")
        if not number.isdecimal() or not 1 <= int(number) <= len(SCENES):
            raise PubSubKitError(
                f"{code!r} names no scene: write its number, 1 to {len(SCENES)}, and a schedule, "
                "as in '3/4o'"
            )
        name = [*SCENES][int(number) - 1]
        guard.next_run()
        world = replay_scene(answer, name, schedule)
        world.end_tasks()
        return world, SCENES[name].oracle(answer)(world)

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run."""
        return draw(world, violation, title)


def _outcome(found: FeedExploration) -> Any:
    return found.outcome if found.outcome == "holds" else "not exercised"


@dataclass(frozen=True)
class Graded:
    """What `acted` says; then a simulation in the arena, held against levels with a cost bound.

    `arena` makes it when it is first needed. `diagnose` names the belief behind what is missed; it
    may try other designs. `draws` shows what is missed, under a title and with a caption.
    """

    acted: Acted
    arena: Callable[[], Arena]
    levels: ServiceLevels
    diagnose: Callable[[Trial, Tries, ServiceLevels], str]
    draws: Callable[[Trial, ServiceLevels, str, str], Picture]
    too_dear: Callable[[FeedDesign, Arena], str]
    patience: float = 10.0

    def judge(self, answer: FeedDesign) -> Judgement:
        """Try every scene, then simulate and grade."""
        acted = self.acted.judge(answer)
        if acted.outcome != "holds":
            return acted
        arena = self.arena()
        guard.next_run()
        _check_steady(answer, arena.load.network)
        if (dear := _machines(answer, arena)) > MOST_TIMES * self.levels.bounds["cost"]:
            priced = self._too_dear(answer, arena, dear)
            return replace(priced, claim=f"{acted.claim} Nothing was simulated.")
        _check_size(answer, arena)
        trial = self._try(answer)
        missed = self.levels.missed(trial.values)
        claim = f"{acted.claim} {self._simulated(arena, bool(missed))}"
        if not missed:
            said = f"{acted.summary}; {_slack(self.levels, trial.values)}"
            return replace(acted, summary=said, claim=claim)
        belief = self.diagnose(trial, self._try, self.levels)
        return replace(self._failed(trial, missed, belief), claim=claim)

    def _simulated(self, arena: Arena, missed: bool) -> str:
        did = "missed some of" if missed else "kept"
        return (
            f"One simulation of {arena.load.seconds:,.0f} s {did} the {len(self.levels.bounds)} "
            "levels; other loads, other failures, and speeds or prices other than the arena's "
            "are not covered."
        )

    def replay(self, answer: FeedDesign, code: str) -> tuple[World, Violation | None]:
        """Run one scene under one schedule."""
        return self.acted.replay(answer, code)

    def picture(self, world: World, violation: Violation | None, title: str) -> Picture:
        """Draw a run of a scene."""
        return self.acted.picture(world, violation, title)

    def _try(self, design: FeedDesign) -> Trial:
        guard.next_run()
        run = simulate(design, self.arena())
        return Trial(design, run, measure(run))

    def _failed(self, trial: Trial, missed: list[str], belief: str) -> Judgement:
        told = [self.levels.words(name, trial.values) for name in missed[:2]]
        if "cost" in missed[:2]:
            told.append(_split(trial))
        message = _told(told, [MEASURES[name].words for name in missed[2:]])
        wanted = {MEASURES[n].words: _printed(n, self.levels.bounds[n]) for n in missed[:4]}
        actual = {MEASURES[n].words: _printed(n, trial.values[n]) for n in missed[:4]}

        def picture(title: str, wrong: Violation) -> Picture:
            return self.draws(trial, self.levels, title, wrong.message)

        of = f"{len(missed)} of {len(self.levels.bounds)} levels"
        summary = f"fails: {of} {'is' if len(missed) == 1 else 'are'} missed"
        violation = Violation(message, None, wanted, actual, belief)
        return Judgement("fails", summary, violation, picture=picture)

    def _too_dear(self, design: FeedDesign, arena: Arena, dear: float) -> Judgement:
        bound, words = self.levels.bounds["cost"], MEASURES["cost"].words
        paid, most = amount(dear, "dollars"), amount(bound, "dollars")
        message = f"{words.capitalize()}: {paid} for the machines alone, at most {most}."

        def picture(title: str, wrong: Violation) -> Picture:
            from pubsub_kit import show

            bars = {"your machines": dear, "at most": bound}
            return show.bars(
                bars, x="dollars a month", mark="your machines", title=title, caption=wrong.message
            )

        belief = self.too_dear(design, arena)
        violation = Violation(message, None, {words: most}, {words: paid}, belief)
        summary, heading = "fails: it is too expensive to simulate", ": what it costs"
        return Judgement("fails", summary, violation, picture=picture, heading=heading)


def _split(trial: Trial) -> str:
    """Return what the machines cost, and what the messages do."""
    machines = _machines(trial.design, trial.run.arena)
    messages = max(trial.values["cost"] - machines, 0.0)
    return f"machines: {amount(machines, 'dollars')}, messages: {amount(messages, 'dollars')}"


def _check_steady(design: FeedDesign, network: Network, times: int = 2) -> None:
    """Raise AnswerError if a rule of a design says different things about the same accounts."""
    with np.errstate(all="ignore"):
        rule = unsteady(design, network, times)
    if rule:
        raise AnswerError(
            f"{rule}(network) gave two different answers about the same "
            f"{len(network.followers):,} accounts: it is asked again and again, so let it depend "
            "on network alone, without random numbers or counters"
        )


def _machines(design: FeedDesign, arena: Arena) -> float:
    return design.workers * arena.prices.worker + design.stores * arena.prices.node


def _check_size(design: FeedDesign, arena: Arena) -> None:
    """Raise AnswerError if the fan-out is in more messages than can be simulated."""
    network = arena.load.network
    pushed, kept = (np.asarray(rule(network)) for rule in (design.pushed, design.kept))
    if {(a.dtype.kind, a.shape) for a in (pushed, kept)} != {("b", network.active.shape)}:
        return  # the simulator says what is wrong with it
    many = np.where(pushed, destinations(network, kept), 0.0)[arena.load.author]
    messages = float((-(-many // design.chunk)).sum())
    if messages > MOST_MESSAGES:
        raise AnswerError(
            f"chunk={design.chunk} makes {messages / 1e6:.1f} million messages in "
            f"{arena.load.seconds:.0f} s, more than this check can run: use larger chunks"
        )


def _told(failures: list[str], more: list[str]) -> str:
    """Return the worst of what is missed in sentences, and the rest by name."""
    shown = [f"{words[0].upper()}{words[1:]}." for words in failures]
    return " ".join([*shown, *[f"Also missed: {', '.join(more)}."][: bool(more)]])


def _printed(name: str, value: float) -> str:
    return amount(value, MEASURES[name].unit)


def _slack(levels: ServiceLevels, values: Values) -> str:
    """Return by how much a design passes: its cost, and the level that it comes closest to."""
    counted = [name for name, bound in levels.bounds.items() if bound and name != "cost"]
    closest = max(counted, key=lambda name: levels.excess(name, values))
    cost = f"{_printed('cost', values['cost'])} of {_printed('cost', levels.bounds['cost'])}"
    return f"{cost}; all {len(levels.bounds)} levels, closest: {levels.words(closest, values)}"
