"""The world and the oracle of exercise 05's account: numbered moves that arrive in any order.

Four moves of one account. The account's bank numbers them from 1, and one of two tellers stamps
each with its own clock. A move turns the balance into balance × times + plus. It may arrive twice
or late, a teller's clock may be wrong, and the ledger may crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.idempotency.payments import crash_between_effects
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.chance import FAULTS as LETTERS
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.search.explore import Exploration, Violation, run_once
from pubsub_kit.world.verbs import clock, publish, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("reorder", "duplicate", "ack lost", "crash", "skew")
MOVES: tuple[dict[str, Any], ...] = (
    {"seq": 1, "times": 0, "plus": 100},  # opened with 100
    {"seq": 2, "times": 1, "plus": 20},  # 20 paid in
    {"seq": 3, "times": 2, "plus": 0},  # doubled, by a bonus
    {"seq": 4, "times": 1, "plus": -30},  # 30 paid out
)
IN_ORDER = (1, 2, 3, 4)


def after(*numbers: int) -> float:
    """Return the balance after these moves, applied in this order."""
    balance = 0
    for number in numbers:
        move = MOVES[number - 1]
        balance = balance * move["times"] + move["plus"]
    return balance


BALANCE = after(*IN_ORDER)


def ledger(world: World, answer: Any) -> None:
    """The four moves, by two tellers in turn, and one worker with the learner's consumer."""
    keep_ledger(world, answer)

    async def teller(move: Mapping[str, Any]) -> None:
        data = {**move, "at": clock() + move["seq"]}
        await publish("moves", data, key="ann", id=f"move-{move['seq']}")

    async def branch() -> None:
        for i, move in enumerate(MOVES):
            world.spawn(teller(move), f"teller-{1 + i % 2}")
            await sleep(0.01)

    world.spawn(branch(), "branch")


def keep_ledger(world: World, answer: Any) -> None:
    """Let one worker with this consumer keep the balance, in a store of its own."""
    db = world.store("db")
    world.topic("moves")
    world.consumer("ledger", lambda: answer(db), "moves", start="earliest")


def adds_up(world: World) -> Violation | None:
    """The balance is what the moves make in the order of their numbers, each applied once."""
    found = world.stores["db"].rows.get("balance")
    return None if found == BALANCE else _wrong_balance(world, found)


def _wrong_balance(world: World, found: Any) -> Violation:
    step = _last_change(world)
    held = f"the balance is {str(found)[:20]}" if found is not None else "there is no row 'balance'"
    message = f"At {moment(world.trace[step])} {held}; it should be {BALANCE}.{_luck(world)}"
    belief = "" if world.trace.faults() else "keeps no balance"
    return Violation(message, step, {"balance": BALANCE}, {"balance": found}, belief)


def _luck(world: World) -> str:
    """Say in what order the moves came, whether the ledger crashed, or whose clock was wrong."""
    came = [s.text.split()[0] for s in world.trace.of("begin") if s.text.startswith("move-")]
    order = [number.removeprefix("move-") for number in came]
    parts = []
    if order != sorted(set(order)):
        parts.append(f"The moves were delivered in the order {', '.join(order)}.")
    parts += [f"The ledger crashed at {moment(s)}." for s in world.trace.of("crash")]
    slow = dict.fromkeys(s.node for s in world.trace.faults() if "clock" in s.text)
    parts += [f"{teller}'s clock was 60 s slow." for teller in slow]
    return "".join(f" {part}" for part in parts)


def _last_change(world: World) -> int:
    """Return where the last move was dropped, or else where the balance last changed."""
    trace = world.trace
    ends = [i for i, s in enumerate(trace) if s.kind == "end" and s.message]
    if ends and any(s.kind == "begin" for s in trace[ends[-1] - 1 : ends[-1]]):
        return ends[-1]
    effects = [i for i, s in enumerate(trace) if s.kind == "effect"]
    changes = [i for i in effects if "balance" in trace[i].data[2]]
    return (changes or effects or [len(trace) - 1])[-1]


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run from the tellers on the left to the ledger on the right."""
    return drawn(world, violation, title, ("teller-1", "teller-2", "moves", "ledger"), short)


# -- which belief is it ----------------------------------------------------------------------------


def diagnose(answer: Any, found: Exploration) -> str:
    """Name the belief behind a wrong balance, by the faults of the run and by trying other runs."""
    if found.violation is None or found.violation.belief or found.world is None:
        return ""
    faults = {name for name, letter in LETTERS.items() if letter in found.code}
    if faults == {"skew"}:
        return "sort by wall clock"
    if faults == {"reorder"}:
        return _why_late(answer, found.world)
    return _why_twice(answer, found.world)


def _why_late(answer: Any, world: World) -> str:
    """Tell those who drop what is late from those who do not look at the numbers."""
    late = next(int(s.text.split()[0][-1]) for s in world.trace.faults() if "arrives" in s.text)
    if late == 1 and _balance(answer, 1, 3, 2, 4) == BALANCE:
        return "created comes first"
    rest = [number for number in IN_ORDER if number != late]
    dropped = world.stores["db"].rows.get("balance") == after(*rest)
    return "late means stale" if dropped else "as they come"


def _why_twice(answer: Any, world: World) -> str:
    if _balance(answer, 1, 1, 2, 2, 3, 3, 4, 4) != BALANCE:
        return "no dedup"
    if crash_between_effects(world.trace):
        return "mark and effect apart"
    return "a memory is enough" if world.trace.of("crash") else "no dedup"


def _balance(answer: Any, *numbers: int) -> Any:
    """Return what an answer makes of moves that come in this order, where nothing goes wrong."""

    def scenario(world: World) -> None:
        keep_ledger(world, answer)
        world.spawn(_published(numbers), "teller")

    world, stuck = run_once(scenario, Schedule(), (), 1_000.0, 3_000)
    found = None if stuck else world.stores["db"].rows.get("balance")
    world.end_tasks()
    return found


async def _published(numbers: Sequence[int]) -> None:
    for number in numbers:
        data = {**MOVES[number - 1], "at": float(number)}
        await publish("moves", data, key="ann", id=f"move-{number}")
