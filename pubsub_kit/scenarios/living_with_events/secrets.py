"""Personal data in events: sealed with a key for each person, and copied where nobody looks.

A log holds four orders, whose personal part is encrypted with the customer's key. A projector,
which lags, decrypts them into a view and an index. Ann asks to be forgotten; three days later
somebody restores the backup of the keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from hashlib import sha256
from typing import Any

from pubsub_kit.patterns.crypto_shredding import key_of, seal, unseal
from pubsub_kit.scenarios import second_act
from pubsub_kit.scenarios.attempts import left_early
from pubsub_kit.scenarios.drawn import drawn
from pubsub_kit.world.chance import constant
from pubsub_kit.world.publishing import publish
from pubsub_kit.world.search.violation import Violation
from pubsub_kit.world.world import World

FAULTS = ("crash", "pause")
DAY, UNTIL = 86_400.0, 4 * 86_400.0
STORES = ("keys", "views", "backups")
ANN, BOB, CY = "c-1", "c-2", "c-3"
CYS = "cy@tea.example"
PHONES = {ANN: "5550123", BOB: "5550199"}
#: The orders: offset, customer, cents, mail address. Ann's last one has a new address.
ORDERS = (
    ("o-1", ANN, 1200, "ann@tea.example"),
    ("o-2", BOB, 800, "bob@tea.example"),
    ("o-3", ANN, 500, "ann@tea.example"),
    ("o-4", ANN, 700, "ann@new.example"),
)
_HASH = sha256(PHONES[ANN].encode()).hexdigest()[:16]
#: What nobody may be able to read once she is forgotten.
SECRETS = ("ann@tea.example", "ann@new.example", PHONES[ANN], _HASH)
TOTALS = {"orders": len(ORDERS), "cents": sum(cents for _, _, cents, _ in ORDERS)}


def entries() -> dict[str, dict[str, Any]]:
    """Return the log, by offset: in clear who and how much, and sealed the rest."""
    log = {}
    for offset, (id, who, cents, mail) in enumerate(ORDERS):
        sealed = seal(key_of(who), id, {"mail": mail, "phone": PHONES[who]})
        log[f"{offset}"] = {"id": id, "who": who, "cents": cents, "sealed": sealed}
    return log


async def _project(world: World, offsets: Iterable[int]) -> None:
    """Bring entries of the log into the view and the index; one without a key is skipped."""
    stores = world.stores
    known = stores["log"].rows
    for entry in (known[f"{offset}"] for offset in offsets if f"{offset}" in known):
        key = stores["keys"].rows.get(entry["who"])
        if (data := unseal(key, entry["id"], entry["sealed"])) is not None:
            rows = {f"view {entry['who']}": {"who": entry["who"], **data},
                    f"search {data['mail']}": {"who": entry["who"]}}  # fmt: skip
            if any(stores["views"].rows.get(name) != row for name, row in rows.items()):
                stores["views"]._write(rows)


def forgetting_both(world: World, answer: Callable[..., Any]) -> None:
    """First ann asks, and two days later, when no more faults happen, cy, who has no order."""
    forgetting(world, answer)
    world.stores["views"].rows[f"view {CY}"] = {"who": CY, "mail": CYS}
    world.stores["keys"].rows[CY] = key_of(CY)
    world.at(2 * DAY, _asks_too, world)


def _asks_too(world: World) -> None:
    second_act.follows(world)
    world.publish("requests", {"who": CY}, id=f"forget {CY}")


def forgetting(world: World, answer: Callable[..., Any]) -> None:
    """Ann's request reaches the answer, once or more, while her newest order is projected."""
    world.effect_latency = constant(0.5)
    keys = {who: key_of(who) for who in (ANN, BOB)}
    world.store("keys", keys)
    world.store("backups", {"keys of monday": keys})
    letter = {"who": ANN, "why": "no such street", "mail": "ann@tea.example"}
    world.store("views", {"statistics": TOTALS, "letter o-3": letter,
                          f"campaign {_HASH}": {"who": ANN, "opened": 2}})  # fmt: skip
    world.store("log", entries())
    world.spawn(_project(world, range(3)), "projector")
    for n in range(20):  # it lags, and is told of an order more than once
        world.at(12.2 + 0.4 * n, lambda: world.spawn(_project(world, [3]), "projector"))
    world.topic("requests")
    given = [world.stores[name] for name in STORES]
    world.consumer("privacy", lambda: answer(*given), "requests", ack_deadline=40.0)
    world.at(10.0, lambda: world.spawn(_asks(), "ann"))
    world.at(3 * DAY, _restore, world)


async def _asks() -> None:
    await publish("requests", {"who": ANN}, id="forget c-1")


def _restore(world: World) -> None:
    """Bring back the keys of the backup, but none of somebody listed as forgotten."""
    if not world.second_act:
        second_act.follows(world)
    keys = world.stores["keys"].rows
    world.note("note", "projector", text="keys restored")
    for who, key in _backup(world).items():
        if not keys.get(f"forgotten {who}"):
            keys.setdefault(who, key)


def readable(world: World) -> dict[str, Any]:
    """Return all that somebody can read who has every store: the log as far as keys open it."""
    keys, views = world.stores["keys"].rows, world.stores["views"].rows
    found: dict[str, Any] = {}
    for offset, entry in sorted(world.stores["log"].rows.items()):
        opened = unseal(keys.get(entry["who"]), entry["id"], entry["sealed"]) or {}
        found[f"log {offset}"] = {k: entry[k] for k in ("id", "who", "cents")} | opened
    return views | found | {f"backup {who}": "a key" for who in _backup(world)}


def _backup(world: World) -> dict[str, Any]:
    kept = world.stores["backups"].rows.get("keys of monday")
    return kept if isinstance(kept, dict) else {}


def leaks(rows: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield each row that yields one of Ann's values, and the value."""
    for name, row in rows.items():
        yield from ((name, secret) for secret in SECRETS if secret in f"{name} {row}")


#: What somebody believes who leaves such a row.
_LEFT = {
    "log": "the key is back",
    "view": "key deleted, person forgotten",
    "search": "the index is left",
    "letter": "the dead letter is left",
    "campaign": "a hash is anonymous",
    "": "a copy of its own",
}


def forgotten(world: World) -> Violation | None:
    """No store and no restored backup yields Ann's values; Bob's and the totals stay."""
    rows = readable(world)
    kinds = [*_LEFT]
    for name, secret in sorted(leaks(rows), key=lambda leak: kinds.index(kind_of(leak[0]))):
        words = f"{secret} can still be read, in {name!r}."
        wanted, found = {"ann": "unreadable"}, {"ann": "readable"}
        return Violation(words, _last(world, name), wanted, found, _belief(world, name))
    for name in (name for name, row in rows.items() if CYS in f"{name} {row}"):
        words, found = f"{CYS} can still be read, in {name!r}. {CY} asked, too.", {CY: "readable"}
        belief = "one person for all" if kind_of(name) else "a copy of its own"
        return Violation(words, None, {CY: "unreadable"}, found, belief)
    kept = {f"view {BOB}": "bob's view", "search bob@tea.example": "bob's index row",
            "statistics": "the row of totals"}  # fmt: skip
    for name, what in kept.items():
        if name not in rows or (name == "statistics" and rows[name] != TOTALS):
            words = f"{what[0].upper()}{what[1:]} was deleted or changed, and nobody asked for it."
            pair = {name: "as before"}, {name: "deleted or changed"}
            return Violation(words, _last(world, name), *pair, "forgets others too")
    log = {offset: row["id"] for offset, row in world.stores["log"].rows.items()}
    if log != {f"{i}": order[0] for i, order in enumerate(ORDERS)}:
        words = "The log isn't what it was: entries are gone, or have other offsets."
        return Violation(words, None, {"log": "o-1 to o-4"}, {"log": "other"}, "rewrites the log")
    if "mail" not in rows["log 1"] or f"backup {BOB}" not in rows:
        words = "Bob's order can't be read any more, or his key is in no backup."
        return Violation(words, None, {"bob": "readable"}, {"bob": "lost"}, "forgets others too")
    return None


def kind_of(name: str) -> str:
    """Return which kind of row this is, "" for one that nobody but the answer wrote."""
    kind = name.partition(" ")[0]
    return kind if kind in _LEFT else ""


def _belief(world: World, name: str) -> str:
    """Return why this row is there, as far as the trace proves it."""
    kind, last = kind_of(name), _last(world, name)
    if left_early(world, "privacy"):
        return "returns early"
    if kind == "log":
        shred = any(s.kind == "effect" and s.data[0] == "keys" and ANN in s.data[2]
                    for s in world.trace)  # fmt: skip
        return "the key is back" if shred else "the key is kept"
    begun = any(s.kind == "begin" and s.node == "privacy" for s in world.trace[: last or 0])
    late = last is not None and world.trace[last].node == "projector" and begun
    return "the view is up to date" if late else _LEFT[kind]


def _last(world: World, name: str) -> int | None:
    writes = (i for i, s in enumerate(world.trace) if s.kind == "effect" and s.data[2].get(name))
    return max(writes, default=None)


def draw(world: World, violation: Violation | None, title: str) -> Any:
    """Draw a run in lanes, each write in a few words."""
    return drawn(world, violation, title, ["ann", "requests", "privacy", "projector"], _says)


def _says(before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    name, row = next(iter(after.items()))
    said = name.removesuffix(".example")[:18] if len(after) == 1 or row else f"{len(after)} rows"
    return said if row else f"deletes {said}"
