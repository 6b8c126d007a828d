"""What a worker saw before it wrote: a race is about looks, so its picture has to show them.

A store notes only its writes in the trace. The one here also notes each look outside a transaction:
a `get`, and an `insert` that finds its row already there. What happens inside of transactions, it
keeps beside the trace, so that an oracle can say what was looked at in vain.
"""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pubsub_kit.world.handlers import short
from pubsub_kit.world.kernel import Kernel
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.stores import Conflict, Isolation, Store, Transaction
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture


class Deed(NamedTuple):
    """What code did with the store: at which step, on which node, and for which message.

    `lease` is the delivery or the request in hand. A look has the rows that it found (None: there
    is no such row), a write has what it wrote, beside the rows before it, and the others have none.
    `isolation` is that of the transaction that looked, or "".
    """

    step: int
    kind: str  # "look", "write", "conflict"; of a transaction "begin", "enter", "own" (its own row)
    node: str
    lease: Any
    rows: dict[str, Any]
    before: dict[str, Any]
    isolation: str = ""


_deed: Callable[..., Deed] = tuple.__new__  # what Deed(…) does, without its detour for keywords


class Watched(Store):
    """A store that keeps each deed, and notes looks outside a transaction in the trace too."""

    __slots__ = ("deeds",)

    def __init__(self, world: Kernel, name: str) -> None:
        super().__init__(world, name, {})
        self.deeds: list[Deed] = []

    async def get(self, key: str, default: Any = None) -> Any:
        """Return the row of a key, or the default, and note whether there was one."""
        value = await super().get(key, default)
        self._saw(key, short(self.rows[key]) if key in self.rows else "no")
        return value

    async def insert(self, key: str, value: Any = True) -> bool:
        """Write a row only if its key is new, in one step; note it if the key isn't."""
        done = await super().insert(key, value)
        if not done:
            self._saw(key, "yes")
        return done

    def transaction(self, isolation: Isolation = "serializable") -> Transaction:
        """Return a transaction whose looks, and whose conflict, are kept too."""
        super().transaction(isolation)
        if self.world.task is not None:
            self.keep("begin", {})
        return _Watched(self, isolation)

    def keep(
        self,
        kind: str,
        rows: dict[str, Any],
        before: dict[str, Any] | None = None,
        isolation: str = "",
    ) -> None:
        """Keep a deed of the task that runs now."""
        world = self.world
        task = world.task or world.current()
        fields = (
            len(world.trace.steps), kind, task.node.name, task.lease, rows, before or {}, isolation
        )  # fmt: skip
        self.deeds.append(_deed(Deed, fields))

    def _saw(self, key: str, what: str) -> None:
        self.keep("look", {key: self.rows.get(key)})
        self.world.note("read", self.world.current().node.name, text=f"{key}? {what}")

    def _write(self, changes: dict[str, Any]) -> None:
        before = {key: self.rows.get(key) for key in changes}
        self.keep("write", {}, before)
        super()._write(changes)
        self.deeds[-1].rows.update({key: self.rows.get(key) for key in changes})


class _Watched(Transaction):
    """A transaction on a watched store."""

    store: Watched

    def _read(self, key: str, default: Any) -> Any:
        self.store.keep("look", {key: self.store.rows.get(key)}, isolation=self.isolation)
        return super()._read(key, default)

    async def insert(self, key: str, value: Any = True) -> bool:
        done = await super().insert(key, value)
        if not done and key in self.changes:
            self.store.keep("own", {key: self.changes[key]})
        return done

    async def get(self, key: str, default: Any = None) -> Any:
        if key in self.changes:
            self.store.keep("own", {key: self.changes[key]})
        return await super().get(key, default)

    async def __aenter__(self) -> Transaction:
        self.store.keep("enter", {})
        return await super().__aenter__()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            await super().__aexit__(kind, error, trace)
        except Conflict:
            self.store.keep("conflict", {})
            raise


def watched(world: World, name: str = "db") -> Store:
    """Add a durable store that notes each look in the trace, and return it."""
    world.stores[name] = Watched(world, name)
    return world.stores[name]


class Failed(Protocol):
    """A search that found a run in which something went wrong."""

    @property
    def trace(self) -> Trace:
        """The run."""

    violation: Violation | None


def race(found: Failed, event: str) -> Picture:
    """Draw only what happened to one event: who looked at what, what they saw, who wrote what.

    Raises ValueError for a search that found no violation.
    """
    from pubsub_kit import show

    wrong = found.violation
    if wrong is None or wrong.step is None:
        raise ValueError("nothing went wrong in this run: there is no race to draw")
    kept = _of(event, found.trace)
    steps = [_as_change(found.trace[i]) for i in kept]
    return show.spacetime(
        Trace(steps),
        mark=kept.index(wrong.step) if wrong.step in kept else None,
        blocker=kept.index(wrong.blocker) if wrong.blocker in kept else None,
        expected=wrong.expected,
        actual=wrong.actual,
        caption=f"Only what happened to {event} is drawn. {wrong.message}",
        title=_title(event, [step.kind for step in steps]),
        axis="order",
    )


def _title(event: str, kinds: list[str]) -> str:
    """Say how many looked before anybody wrote, if more than one did."""
    before = kinds[: kinds.index("effect")] if "effect" in kinds else kinds
    looks, writes = before.count("read"), kinds.count("effect")
    if looks < 2:
        return f"What happened to {event}"
    return f"{looks} looks, then {writes} writes: what happened to {event}"


def _of(event: str, trace: Trace) -> list[int]:
    """Return the steps that handle the event or carry it."""
    in_hand: dict[str, str] = {}
    kept = []
    for i, step in enumerate(trace):
        if step.kind == "begin":
            in_hand[step.node] = step.text
        if step.kind in ("send", "receive", "lose"):
            mine = event in step.text
        else:
            mine = event in in_hand.get(step.node, "")
        if mine:
            kept.append(i)
    return kept


def _as_change(step: Step) -> Step:
    """Label a write by how much it changed a number, since the writes in between aren't drawn."""
    if step.kind == "pause":
        return step._replace(text="pauses")
    if step.kind != "effect":
        return step
    _, before, after = step.data
    numbers = {k: v for k, v in after.items() if type(v) in (int, float)}
    words = [f"{k} {v - (before[k] or 0):+g}" for k, v in numbers.items()]
    return step._replace(text=", ".join(words) or step.text)
