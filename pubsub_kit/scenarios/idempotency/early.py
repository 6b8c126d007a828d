"""Whether exercise 03's endpoint says "ok" before the charge is made: a promise of somebody else's.

The answer of a request is made up at the step at which its handler ends, and by then its key must
have been charged, by this handler or by another one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from pubsub_kit.scenarios.idempotency.asks import KEYS, LATER, NOW, Heard, request_of
from pubsub_kit.scenarios.idempotency.evidence import Evidence
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.trace import Trace


class Early(NamedTuple):
    """An "ok" that was given before the charge: words, a belief, a step, and what was charged."""

    words: str
    belief: str
    step: int
    wanted: int
    found: Any


def answers_too_early(run: Evidence, heard: Mapping[str, Heard]) -> Early | None:
    """Find a request that was told "ok" before anything was charged under its key."""
    told = [(_decided(run.trace, heard[name].step), ask) for name, ask in (NOW | LATER).items()
            if heard[name].answer == "ok"]  # fmt: skip
    keys: set[str] = set()
    for step, ask in sorted(told, key=lambda each: each[0]):
        keys.add(ask.key)
        books = [deed for deed in run.deeds if run.books(deed) and deed.step <= step]
        sums = [deed.rows["charged"] for deed in books]
        charged, owed = sums[-1] if sums else 0, sum(KEYS[key] for key in keys)
        own = any(request_of(deed.lease)[0] == ask.key for deed in books)
        if own or not isinstance(charged, int | float) or charged >= owed:
            continue
        words = f"{ask.words} was answered 'ok' at {moment(run.trace[step])}, when nothing was "
        words += f"charged yet under {ask.key}."
        return Early(words, _why_early(run, step), step, owed, charged)
    return None


def _decided(trace: Trace, heard: int) -> int:
    """Return the step at which the api had made up an answer that was heard at another step."""
    reply = trace[heard].message
    sent = next((i for i in range(heard, -1, -1)
                 if (trace[i].kind, trace[i].node, trace[i].message) == ("send", "api", reply)),
                heard)  # fmt: skip
    ends = (i for i in range(sent, -1, -1) if (trace[i].kind, trace[i].node) == ("end", "api"))
    return next(ends, sent)


def _why_early(run: Evidence, step: int) -> str:
    """Tell a mark that was found without its charge from an answer that rests on no look at all."""
    message = run.trace[step].message
    looks = (d for d in run.deeds if d.kind == "look" and d.step <= step
             and getattr(d.lease, "message", "") == message)  # fmt: skip
    found = any(value is not None for d in looks for value in run.marks(d).values())
    return "mark and effect apart" if found else "answers too early"
