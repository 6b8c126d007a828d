"""The world and the oracle of exercise 08's account: two branches, one stream of events, one ann.

Ann has 100. Two withdrawals of 80 and a deposit of 10 come at the same time, and a client asks
again under the same id until it hears an answer. In an old event she took out 400, which today's
limit of 100 would refuse. A second act, without faults, asks for the edges. In it, if a
fault went before, south is quicker than north twice: with other deposits, and with the same one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.event_store import EventStore
from pubsub_kit.world.search.explore import Exploration, Violation, explore
from pubsub_kit.world.services import CallError
from pubsub_kit.world.stores import Conflict
from pubsub_kit.world.verbs import call, sleep
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

FAULTS = ("reply lost", "crash", "preempt")
LIMIT = 100
OLD = [("d-0", "deposited", 500), ("w-0", "withdrawn", 400)]
#: Asked for at once: by whom, at which branch, id, type of command, amount.
AT_ONCE = [
    ("ann", "north", "w-1", "withdraw", 80), ("ann's card", "south", "w-2", "withdraw", 80),
    ("shop", "south", "d-1", "deposit", 10),
]  # fmt: skip
#: Asked for in the second act: id, account, type of command, amount, and the right answer.
LATER = [
    ("w-3", "ann", "withdraw", 31, "refused"), ("d-2", "ann", "deposit", 180, "ok"),
    ("w-4", "ann", "withdraw", 101, "refused"), ("w-5", "ann", "withdraw", 100, "ok"),
    ("d-3", "cy", "deposit", 50, "ok"), ("w-6", "cy", "withdraw", 50, "ok"),
    ("w-7", "ann", "withdraw", 100, "ok"), ("w-8", "ann", "withdraw", 11, "refused"),
    ("d-4", "joint", "deposit", 7, "ok"), ("d-5", "joint", "deposit", 8, "ok"),
]  # fmt: skip
#: Commands that south does just before north appends, by the command at north.
QUICKER = {"d-4": ["d-6", "d-7", "d-8", "d-9", "d-10"], "d-5": ["d-5"]}
ASKED = {id: ("ann", type, amount) for _, _, id, type, amount in AT_ONCE}
ASKED |= dict.fromkeys(QUICKER["d-4"], ("joint", "deposit", 1))
ASKED |= {id: (account, type, amount) for id, account, type, amount, _ in LATER}
DONE = {"withdraw": "withdrawn", "deposit": "deposited"}


class Watched(EventStore):
    """An event store that notes what each handling saw first, and whether it met a conflict."""

    def __init__(self, world: World, old: Any) -> None:
        super().__init__(world, {"ann": [event(*each) for each in old]})
        self.old, self.saw = len(old), dict[Any, int]()  # how many events, by task
        self.bounced, self.writers = list[Any](), list[Any]()  # tasks
        self.tried, self.refused = set[str](), set[str]()  # ids: an append, and a conflict
        self.quicker = {id: [*before] for id, before in QUICKER.items()}

    async def read(self, stream: str, after: int = 0) -> list[Any]:
        """Read, and note how many events there are."""
        found = await super().read(stream, after)
        self.saw.setdefault(self.world.current(), after + len(found))
        return found

    async def append(self, stream: str, *events: Any, expected: int | None = None) -> int:
        """Append, and note a conflict; south may have been quicker."""
        ids = {str(each.get("id")) for each in events if isinstance(each, dict)}
        self.tried |= ids
        for id in ids:
            await self._south_is_quicker(id)
        try:
            return await super().append(stream, *events, expected=expected)
        except Conflict:
            self.bounced.append(self.world.current())
            self.refused |= ids
            raise

    async def _south_is_quicker(self, id: str) -> None:
        world = self.world
        assert isinstance(world, World)
        if (ids := self.quicker.get(id)) and world.second_act and second_act.bad_luck(world.trace):
            world.spawn(_asks(world, "south", ids[0], *ASKED[ids.pop(0)]), "shop")
            await sleep(0.1)

    def _write(self, changes: dict[str, Any]) -> None:
        self.writers += [self.world.current()] * len(changes)
        super()._write(changes)


def event(id: str, type: str, amount: int) -> dict[str, Any]:
    """Return an event of an account."""
    return {"type": type, "id": id, "amount": amount}


def accounts(world: World, answer: Any, old: Any = OLD) -> None:
    """Two branches that run the learner's code on one event store, and a client at each."""
    log = Watched(world, old)
    world.store("answers")
    for branch in ("north", "south"):
        world.service(branch, lambda: answer(log))
    for client, branch, id, type, amount in AT_ONCE:
        world.spawn(_asks(world, branch, id, "ann", type, amount), client)
    world.spawn(_later(world, log), "auditor")


async def _asks(world: World, branch: str, id: str, account: str, type: str, amount: int) -> None:
    command = {"id": id, "account": account, "type": type, "amount": amount}
    for _ in range(6):
        try:
            world.stores["answers"].rows[id] = await call(branch, command, timeout=2.0)
            return
        except CallError:
            await sleep(1.0)


async def _later(world: World, log: Watched) -> None:
    await sleep(60.0)
    if _wrong_append(world, log):
        return
    second_act.follows(world)
    for id, account, type, amount, _ in LATER:
        await _asks(world, "north", id, account, type, amount)
        if id == "w-8":
            await _asks(world, "south", "d-3", "cy", "deposit", 50)  # once more


# -- the oracle ------------------------------------------------------------------------------------


def decided_on_what_was(world: World) -> Violation | None:
    """No withdrawal exceeds what was there; each command is done once, and its answer is true."""
    log, answers = world.stores["log"], world.stores["answers"].rows
    assert isinstance(log, Watched)
    return _wrong_append(world, log) or _wrong_answer(world, log, answers)


def _wrong_append(world: World, log: Watched) -> Violation | None:
    has, done = Counter(ann=sum(_change(row) for row in [*log.rows.values()][: log.old])), set()
    size = Counter(ann=log.old)
    effects = [(i, s) for i, s in enumerate(world.trace) if s.kind == "effect"]
    writes = [(i, s, key, row) for i, s in effects for key, row in s.data[2].items()]
    for (i, step, key, row), task in zip(writes, log.writers, strict=True):
        says = f"At {moment(step)} {step.node} appended {shown(row, 70)} to {_account(key)}"
        row = row if isinstance(row, dict) else {}
        id, account = str(row.get("id")), _account(key)
        wanted, type, amount = ASKED.get(id, ("nobody", "", 0))
        right = event(id, DONE.get(type, ""), amount)
        if account != wanted or any(row.get(field) != right[field] for field in right):
            return Violation(f"{says}: nobody asked for that.", i, right, row, "another event")
        before, seen = has[account], log.saw.get(task) == size[account]
        if id in done:
            why = "a repeat is a new command" if seen else "any version"
            why = "looks for the id once" if task in log.bounced else why
            why = "two events" if len(step.data[2]) > 1 else why
            return Violation(f"{says}: {id} had been done.", i, belief=why)
        done.add(id)
        has[account] += _change(row)
        size[account] += 1
        if has[account] < 0:
            words = f"{says}, and the balance went from {before} to {has[account]}."
            why = "no rule" if seen else "any version"
            why = "append again" if task in log.bounced else why
            return Violation(words, i, before, has[account], why)
        if type == "withdraw" and amount > LIMIT:
            return Violation(f"{says}: the limit is {LIMIT}.", i, belief="no rule")
    return None


def _account(key: str) -> str:
    return key.rpartition(" ")[0] or key


def _change(row: Any) -> int:
    return int(row["amount"]) * {"deposited": 1, "withdrawn": -1}[row["type"]]


def _wrong_answer(world: World, log: Watched, answers: dict[str, Any]) -> Violation | None:
    done = {row["id"] for row in log.rows.values()}
    both = done & {"w-1", "w-2"}
    right = {id: "ok" if id in both or not both else "refused" for id in ("w-1", "w-2")}
    right |= {"d-1": "ok", **{id: answer for id, *_, answer in LATER}}
    for id, wanted in right.items():
        said, words = answers.get(id), f"{id} was answered {shown(answers.get(id), 40)}"
        steps = [i for i, s in enumerate(world.trace) if s.text.split(" (")[0] == f"reply {id}"]
        step = steps[-1] if steps else len(world.trace) - 1
        if id not in answers:
            words = f"{id} never got an answer, although its client asked six times."
            errors = [error for i, error in world.raised if steps and steps[0] - 2 <= i <= step]
            own = [error for error in errors if not isinstance(error, Conflict)]
            for error in (own or errors)[-1:]:
                words += f" handle raised {error.__class__.__name__}: {shown(str(error), 60)}."
            why = "raises its answer" if own else "never answers"
            return Violation(words, step, wanted, None, why)
        if said not in ("ok", "refused"):
            return Violation(f"{words}.", step, wanted, said, "another answer")
        if said == "ok" and id not in done:
            why = "ok without event" if id in log.tried else "ok without append"
            return Violation(f"{words}, and has no event.", step, wanted, said, why)
        if said != wanted:
            account, _, amount = ASKED[id]
            had = f"it asks for {amount}, and {account} has {_balance(world, log, account, step)}"
            words += ", and was done." if id in done else f": {had}."
            why = "a conflict is a refusal" if id in log.refused else "refuses what it should do"
            return Violation(words, step, wanted, said, why)
    return None


def _balance(world: World, log: Watched, account: str, step: int) -> int:
    rows = {key: row for s in world.trace.steps[:step] if s.kind == "effect" and s.data[0] == "log"
            for key, row in s.data[2].items()}  # fmt: skip
    old = [*log.rows.items()][: log.old]
    return sum(_change(row) for key, row in [*old, *rows.items()] if _account(key) == account)


def diagnose(answer: Callable[..., Any], found: Exploration) -> str:
    """See whether it is the old event that an answer can't take: without it, all is well."""
    young = [("d-0", "deposited", 100)]
    again = explore(lambda world: accounts(world, answer, young), decided_on_what_was, max_faults=0)
    return "apply may refuse" if found.code == "-" and again.outcome == "holds" else ""


def in_lanes(world: World, violation: Violation | None, title: str) -> Picture:
    """Draw a run, each client beside its branch."""
    lanes = ("ann", "north", "south", "ann's card", "shop", "auditor")
    return drawn(world, violation, title, lanes, _said)


def _said(before: Any, after: Any) -> str:
    rows = [(key, row) for key, row in after.items() if isinstance(row, dict)]
    return ", ".join(f"{key}: {row.get('type')} {row.get('amount')}" for key, row in rows)
