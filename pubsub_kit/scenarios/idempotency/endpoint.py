"""World and oracle of exercise 03's endpoint: what an idempotency key stands for, and for how long.

Three customers pay the same amount. One of them asks twice at the same moment, as a browser does
that gets no answer, and the other two ask at once. After a restart, the first one asks again under
the same key, for the same amount, for others, and for the same amount once more; the second one
asks for another amount at once. No message gets lost: what a client does then, it does here
without.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pubsub_kit.scenarios.idempotency.asks import (
    KEYS,
    LATER,
    NOW,
    OTHERS,
    TWICE,
    Ask,
    Heard,
    request_of,
)
from pubsub_kit.scenarios.idempotency.early import answers_too_early
from pubsub_kit.scenarios.idempotency.evidence import (
    NO_BLOCK,
    Evidence,
    is_stale,
    why_never,
    why_twice,
    why_wrong,
)
from pubsub_kit.scenarios.idempotency.looks import Deed, Watched, watched
from pubsub_kit.scenarios.plain import moment, shown
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.services import CallError, CallFailed
from pubsub_kit.world.trace import Trace
from pubsub_kit.world.verbs import call, gather, sleep
from pubsub_kit.world.world import World

FAULTS = ("crash", "preempt")


def endpoint(world: World, answer: Any, restart: bool = True) -> None:
    """Twice two requests at once, a restart if there is to be one, and five more."""
    db, heard = watched(world), world.store("heard")
    world.service("api", lambda: answer(db))

    async def ask(name: str, what: Ask) -> None:
        said, answered = await _insist({"key": what.key, "amount": what.amount})
        heard.rows[name] = Heard(said, len(world.trace) - 1, answered)

    async def later() -> None:
        for name, what in LATER.items():
            await ask(name, what)

    async def client() -> None:
        await gather(*(ask(name, what) for name, what in TWICE.items()))
        await gather(*(ask(name, what) for name, what in OTHERS.items()))
        if restart:
            world.crash("api", restart_after=1.0)
        await sleep(2.0)
        world.spawn(later(), "later")

    world.spawn(client(), "client")


async def _insist(request: dict[str, Any]) -> tuple[Any, bool]:
    tries = 0
    while tries < 6:
        try:
            return await call("api", request, timeout=5.0), True
        except CallError as error:
            tries += 2 if isinstance(error, CallFailed) else 1
            await sleep(1.0)
    return None, False


def key_is_kept(world: World) -> Violation | None:
    """Each key is charged once, for what it stands for; each request gets its answer."""
    db, heard = world.stores["db"], world.stores["heard"].rows
    assert isinstance(db, Watched)
    answers = {name: heard[name].answer if name in heard else None for name in NOW | LATER}
    wanted = {"charged": sum(KEYS.values()), **{n: ask.answer for n, ask in (NOW | LATER).items()}}
    found = {"charged": db.rows.get("charged", 0), **answers}
    run = Evidence(world.trace, db.deeds, ("charged",))
    if found == wanted:
        wrong = answers_too_early(run, heard)
        if wrong is None:
            return None
        wanted, found = {"charged by then": wrong.wanted}, {"charged by then": wrong.found}
        return Violation(wrong.words, wrong.step, wanted, found, wrong.belief)
    message, belief, step = (
        _charges_wrongly(run)
        or _charges_nothing(run, found["charged"], heard)
        or _answers_wrongly(run, heard)
    )
    return Violation(message, step, wanted, found, belief)


#: Words, a belief, and the step to point at.
Wrong = tuple[str, str, int]


# -- what was charged ------------------------------------------------------------------------------


def _charges_wrongly(run: Evidence) -> Wrong | None:
    """Find a charge that should not have been made, or was made of another amount."""
    firsts: dict[Any, Deed] = {}
    for deed in run.deeds:
        if not run.books(deed):
            continue
        key, amount = request_of(deed.lease)
        at = moment(run.trace[deed.step])
        before, after = deed.before.get("charged") or 0, deed.rows["charged"]
        changes = after != before
        if isinstance(after, int | float) and after < before and amount > 0 and key in firsts:
            words = f"At {at} the row 'charged' went from {before} to {shown(after, 20)} for the "
            words += f"request for {amount} under {key}, which had been charged at "
            words += f"{moment(run.trace[firsts[key].step])}."
            stale = is_stale(run, deed, "charged")
            return words, "lost update" if stale else "a repeat takes away", deed.step
        if changes and amount != KEYS.get(key):
            words = f"At {at} the request for {amount} was charged under {key}, which stood for "
            spoilt = _refusal_wrote(run, key, deed.step)
            belief = "a refusal changes the key" if spoilt else "same key, new payload"
            return f"{words}{KEYS.get(key)}.", belief, deed.step
        if changes and key in firsts:
            words = f"{key} was charged twice: at {moment(run.trace[firsts[key].step])}, and again "
            return f"{words}at {at}.", _why_twice(run, firsts[key], deed), deed.step
        if key not in firsts and (belief := why_wrong(run, deed, "charged", amount)):
            words = (
                f"At {at} the row 'charged' went from {before} to {shown(after, 20)} for {key}, "
            )
            words += f"a request for {amount}."
            return words, belief, deed.step
        firsts.setdefault(key, deed)
    return None


def _refusal_wrote(run: Evidence, key: Any, before: int) -> bool:
    """Say whether a request for another amount under this key wrote a row before a step."""
    mine = (d for d in run.deeds if d.kind == "write" and d.step < before and run.marks(d))
    return any(
        k == key and amount != KEYS[key] for k, amount in map(request_of, (d.lease for d in mine))
    )


def _why_twice(run: Evidence, first: Deed, again: Deed) -> str:
    """Return the belief behind a second charge; without any marks, a restart may tell."""
    belief = why_twice(run, first, again)
    if belief != "no dedup":
        return belief
    restart = next((i for i, s in enumerate(run.trace) if s.kind == "crash"), len(run.trace))
    key, amount = request_of(first.lease)
    asked = {s.message for s in run.trace.steps[:restart] if s.kind == "begin" and key in s.text}
    charged = sum(run.books(d) and request_of(d.lease) == (key, amount) and d.step < restart
                  for d in run.deeds)  # fmt: skip
    return "an in-memory set is enough" if len(asked) > charged > 0 else belief


def _charges_nothing(run: Evidence, charged: Any, heard: Mapping[str, Heard]) -> Wrong | None:
    """Find a key that was never charged, though the row shows too little."""
    booked = {request_of(deed.lease)[0] for deed in run.deeds if run.books(deed)}
    key = next((key for key in KEYS if key not in booked), None)
    if key is None:
        return None
    leases = {id(d.lease): d.lease for d in run.deeds if request_of(d.lease)[0] == key}
    why = why_never(run, [lease for lease in leases.values() if request_of(lease)[1] == KEYS[key]])
    words = f"{key} was never charged; 'charged' is {shown(charged, 20)}, not {sum(KEYS.values())}"
    other = request_of(why.by)[0]
    if other not in (None, key):
        words += f". Its request found the row {why.mark[:40]!r}, which was written for {other}"
    elif why.belief in ("a lock stays", "stops itself"):
        words += f". Its request found the row {why.mark[:40]!r}, which was written for itself"
    rows = dict.fromkeys(row for d in run.deeds if d.kind == "write" for row in d.rows)
    if why.belief == "books nothing" and rows:
        words += f"; what was written is {', '.join(map(repr, [*rows][:3]))}"
    name = next(name for name, ask in NOW.items() if ask.key == key)
    said = heard[name].answer if name in heard else None
    nothing = why.belief in ("books nothing", "stops itself")
    belief = "charges nothing" if nothing else why.belief
    if why.belief == "never entered":
        words += f": {NO_BLOCK}"
    if belief == "a conflict is done" and said == "conflict":
        belief = "a race is a refusal"
    words += f", and its client was told {shown(said, 40)}." if said is not None else "."
    return words, belief, _last_end(run.trace, key)


def _last_end(trace: Trace, key: str) -> int:
    """Return the step at which the last request under a key was done with."""
    mine = {s.message for s in trace.of("begin", node="api") if key in s.text}
    ends = [i for i, s in enumerate(trace) if s.kind == "end" and s.message in mine]
    return ends[-1] if ends else len(trace) - 1


# -- what was answered -----------------------------------------------------------------------------


def _answers_wrongly(run: Evidence, heard: Mapping[str, Heard]) -> Wrong:
    """Say which answer is wrong, the first one that was given first."""
    nothing = Heard(None, len(run.trace) - 1, False)
    wrong = [(heard.get(name, nothing), name, ask) for name, ask in (NOW | LATER).items()]
    said, name, ask = min(
        (each for each in wrong if each[0].answer != each[2].answer), key=lambda each: each[0].step
    )
    how = f"was answered {shown(said.answer, 40)}" if said.answered else "got nothing but errors"
    words = f"{ask.words} {how}, where {ask.answer!r} is right."
    return words, _why_answer(run, said, name, ask), said.step


def _why_answer(run: Evidence, said: Heard, name: str, ask: Ask) -> str:
    if not said.answered:
        return "refuses by silence" if ask.answer == "conflict" else "never answers"
    if ask.answer == "conflict":
        return "same key, new payload" if said.answer == "ok" else "another answer"
    if said.answer != "conflict":
        return "another answer"
    if name in LATER and _refusal_wrote(run, ask.key, said.step):
        return "a refusal changes the key"
    raced = [d for d in run.deeds if d.kind == "conflict" and request_of(d.lease) == ask[1:3]]
    if raced and name in NOW:
        return "a race is a refusal"
    return "a repeat is an error" if ask.key == "k-1" else ""
