"""The world and the oracle of exercise 05's account: numbered moves that arrive in any order.

Four moves of one account. The account's bank numbers them from 1, and one of two tellers stamps
each with its own clock. A move turns the balance into balance × times + plus. It may arrive twice
or late, a teller's clock may be wrong, and the ledger may crash.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.out_of_order_transfers.misread_moves import Ledger
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.chance import Schedule
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.explore import Exploration, Violation, run_once
from pubsub_kit.world.verbs import clock, sleep
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
_SHOWN = 8  # deliveries that a message lists


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
    belief, said = _why(world)
    more = f" {said}" if said else ""
    message = f"At {moment(world.trace[step])} {held}; it should be {BALANCE}.{_luck(world)}{more}"
    return Violation(message, step, {"balance": BALANCE}, {"balance": found}, belief)


def _why(world: World) -> tuple[str, str]:
    faults, wrote = world.trace.faults(), [s for s in world.trace if s.kind == "effect"]
    if not any("balance" in s.data[2] for s in wrote) and not faults:
        rows = world.stores["db"].rows
        read = Ledger(world.trace, MOVES)
        if not wrote and (sent := read.sent_back())[0]:
            return sent
        held = read.still_held(rows)
        return held if held[0] and BALANCE not in rows.values() else ("keeps no balance", "")
    if faults and all("clock" in step.text for step in faults):
        return "sort by wall clock", ""
    return Ledger(world.trace, MOVES).why(world.stores["db"].rows)


def _luck(world: World) -> str:
    """Say in what order the moves came, whether the ledger crashed, or whose clock was wrong."""
    came = [s.text.split()[0] for s in world.trace.of("begin") if s.text.startswith("move-")]
    order = [number.removeprefix("move-") for number in came]
    parts = []
    if order != sorted(set(order)):
        some = ", ".join(order[:_SHOWN]) + " …" * (len(order) > _SHOWN)
        parts.append(f"The moves were delivered in the order {some}.")
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
    """Name the belief of those who take the first to arrive for number 1, and wait from there on.

    That they do wait, another run tells.
    """
    if found.violation is None or found.world is None or not found.world.trace.faults():
        return ""
    if found.violation.belief not in ("late means stale", "as they come"):
        return ""
    first = Ledger(found.world.trace, MOVES).begins_with_another
    waits = first and _balance(answer, 1, 3, 2, 4) == BALANCE
    return "created comes first" if waits else ""


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
