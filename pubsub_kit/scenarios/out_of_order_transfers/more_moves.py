"""The world and the oracle of exercise 05's account: four moves in any order, and then more.

Where the first four moves are booked rightly, and no fault befalls a run, eight more follow in
order. So neither four numbers nor one balance can be taken for granted, and no order of texts, in
which move 10 would come before move 2. Where the only fault was that the four came in another
order, move 10 comes before move 9: whoever looks through held moves as texts finds 10 first.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import drawn, short
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves
from pubsub_kit.scenarios.out_of_order_transfers.numbered_moves import BALANCE, ledger
from pubsub_kit.scenarios.plain import moment, plain
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.blocked import handled
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.verbs import clock, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

Move = Mapping[str, Any]
#: Each adds something, and some double the balance too, so that any other order makes another sum.
LATER: tuple[Move, ...] = tuple(
    {"seq": number, "times": 1 + (number % 3 == 0), "plus": number} for number in range(5, 13)
)
_NINE_LATE = (5, 6, 7, 8, 10, 9, 11, 12)
_AT = 60.0  # seconds
_WHICH = "A run without a fault, or with a single late move,"
_SENT_BACK = 3  # times a move that was applied is sent back, until it is sure to be for ever


def account(world: World, answer: Any) -> None:
    """The four moves, and eight more if all is well until then."""
    ledger(world, answer)

    async def later() -> None:
        await sleep(_AT)
        well = world.stores["db"].rows.get("balance") == BALANCE
        for move in _that_follow(world) if well else ():
            data = {**move, "at": clock() + move["seq"]}
            await publish("moves", data, key="ann", id=f"move-{move['seq']}")
            await sleep(0.01)

    world.spawn(later(), "later")


def _that_follow(world: World) -> Sequence[Move]:
    """Begin the second act, if there is one, and return its moves in the order of their coming."""
    came = [begin.text.split()[0] for begin in world.trace.of("begin") if begin.message]
    only = [s for s in world.trace if s.fault and s.kind != "end"]
    if not only:
        second_act.follows(world, _WHICH)
        return LATER
    if len(only) > 1 or came == sorted(came) or len(came) > len(numbered_moves.MOVES):
        return ()
    second_act.follows(world, _WHICH)
    return [LATER[number - 5] for number in _NINE_LATE]


def adds_up(world: World) -> Violation | None:
    """The balance is what all moves make, in order and once each, and each of them is acked."""
    if not world.second_act:
        return numbered_moves.adds_up(world) or _sent_back(world)
    found, wanted = world.stores["db"].rows.get("balance"), after(LATER[-1]["seq"])
    return None if found == wanted else _wrong_later(world, found, wanted)


def after(number: int) -> float:
    """Return the balance after the moves up to this number."""
    balance = BALANCE
    for move in LATER[: max(number - 4, 0)]:
        balance = balance * move["times"] + move["plus"]
    return balance


def _as_texts(numbers: Collection[int]) -> float:
    """Return what these moves make, if their numbers are sorted as texts."""
    moves = {move["seq"]: move for move in (*numbered_moves.MOVES, *LATER)}
    balance = 0
    for seq in sorted(numbers, key=str):
        balance = balance * moves[seq]["times"] + moves[seq]["plus"]
    return balance


def _wrong_later(world: World, found: Any, wanted: float) -> Violation:
    """Say after which move the balance is wrong for the first time, and what that one has made."""
    trace, balance, came, last_in_order = world.trace, BALANCE, {1, 2, 3, 4}, 4
    rows = dict[str, Any]()
    for begin, end in handled(trace).items():
        number = int(trace[begin].text.split()[0].removeprefix("move-"))
        for step in trace[begin : len(trace) if end is None else end]:
            if step.kind == "effect":
                rows |= step.data[2]
                balance = rows.get("balance", balance)
        if number <= 4:
            continue
        before, next_one = last_in_order, number == last_in_order + 1
        if next_one or (end is not None and trace[end].text == "done"):
            came.add(number)
        while last_in_order + 1 in came:
            last_in_order += 1
        if balance != after(last_in_order):
            early = max(came) > number
            before_it = f"move-{max(came)} came before move-{number}. " if early else ""
            words = (
                f"The first four moves made {BALANCE}. {before_it}After move-{number} the balance "
                f"is {str(plain(balance))[:20]}; it should be {after(last_in_order)}."
            )
            belief = "another sum"
            if balance == _as_texts(came) or _found_as_texts(rows, number, max(came)):
                belief = "numbers are texts"
            elif balance == after(before):
                belief = "four moves are all"
            last = begin if end is None else end
            states = {"balance": after(last_in_order)}, {"balance": balance}
            return Violation(words, last, *states, belief)
    words = f"In the end the balance is {str(plain(found))[:20]}; it should be {wanted}."
    return Violation(words, len(trace) - 1, {"balance": wanted}, {"balance": found})


def _found_as_texts(rows: Mapping[str, Any], number: int, early: int) -> bool:
    """Say whether two moves are held to the end of a handling, the later one under the first key.

    That is how it looks where the moves that are held are gone through in the order of their keys.
    """
    keys = [
        next((k for k, row in rows.items() if row is not None and k.split()[-1] == str(n)), "")
        for n in (number, early)
    ]
    return number < early and all(keys) and keys[1] < keys[0]


def _sent_back(world: World) -> Violation | None:
    """Find a move that was applied, and that is sent back each time it comes again."""
    trace, failed = world.trace, dict[str, list[int]]()
    done = set[str]()
    for begin, end in handled(trace).items():
        if end is None or trace[end].kind != "end":
            continue
        id = trace[begin].text.split()[0]
        if trace[end].text == "done":
            done.add(id)
        elif id in done:
            failed.setdefault(id, []).append(end)
    for id, ends in failed.items():
        if len(ends) > _SENT_BACK:
            words = (
                f"{id} was booked, and came again. Your code raised an error, so it was "
                f"redelivered at {moment(trace[ends[1]])}, at {moment(trace[ends[2]])}, and so "
                "on: it is never acked."
            )
            return Violation(words, ends[1], belief="sends back what is booked")
    return None


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run; of a wrong second part, the end."""
    if world.second_act and violation is not None:
        lanes = ("moves", "ledger")
        return drawn(world, violation, title, lanes, short, limit=60)
    return numbered_moves.in_lanes(world, violation, title)
