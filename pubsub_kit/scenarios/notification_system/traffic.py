"""Who is to be told what: what other teams ask for, and a slice of five hours of load.

Load: 160M pushes, 36M emails and 4M SMS a day; a campaign to 50M people; FCM's default quota of
600K messages a minute. Assumed: 1K login codes a second, hours that last a minute in the slice
(backlog, campaign and deadlines but not latencies), a code that is valid for 30 s, news for 6
hours, 2% of users without a device, 1 in 50 who opts out while the provider is silent.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from math import inf
from typing import Any

import numpy as np

from pubsub_kit.designs.built import CLIENT, Built, Record
from pubsub_kit.designs.routes import entry
from pubsub_kit.scenarios.notification_system.providers import Note
from pubsub_kit.scenarios.notification_system.reasons import BOUND, told
from pubsub_kit.scenarios.notification_system.rules import twice
from pubsub_kit.world.publishing import PublishTimeout, publish
from pubsub_kit.world.services import CallError
from pubsub_kit.world.verbs import sleep

ONE_OF, HOUR = 1_000, 60.0  # an hour of backlog, campaign and news takes so many seconds
SECONDS, CAMPAIGN_AT = 300.0, 20.0
SILENT = (60.0, 180.0)  # two hours in which the push provider's replies time out
BURST = (CAMPAIGN_AT, SILENT[1])
DAY = 86_400
PER_SECOND = 500e6 / DAY  # candidates
CODES, PUSHES, EMAILS, TEXTS = 1_000.0, 160e6 / DAY, 36e6 / DAY, 4e6 / DAY  # a second
CAMPAIGN, QUOTA = 50e6, 600e3  # people; pushes a minute
VALID, NEWS_FOR = 30.0, 6 * HOUR  # seconds

# -- what people and other teams do ----------------------------------------------------------------


def note(user: str, event: str, kind: str, ways: list[str], due: float) -> Note:
    """Return what another team asks for; `due` is in virtual seconds."""
    named = {"id": f"{user} {event}", "user": user, "event": event, "user_way": f"{user} {ways[0]}"}
    return {**named, "kind": kind, "ways": ways, "due": due}


def given(built: Built, role: str, key: str, row: Any) -> None:
    """Store a row before the run begins."""
    built.kept_for(role).store.rows[f"{role}/{key}"] = row


def fact(built: Built, kind: str, id: str, **facts: Any) -> None:
    """Note what is so, without a word of it in the trace."""
    at = len(built.world.trace)
    built.records.append(Record(built.world.now, kind, id, facts, at))


async def wants(built: Built, at: float, asked: Note) -> None:
    """Ask for a notification, as another team does: until somebody has taken it."""
    await sleep(at)
    facts = {"of": asked["kind"], "due": asked["due"], "ways": asked["ways"]}
    fact(built, "wanted", asked["id"], **facts)
    way = entry(built.design, "decide")
    try:
        if way.how == "publish":  # as `ask` does, and the event bears the name of the note
            key = str(asked[way.key]) if way.key else None
            await publish(way.target, {**asked, "step": "decide"}, key=key, id=asked["id"])
        else:
            await built.ask("decide", asked, tries=3)
    except (CallError, PublishTimeout):
        return  # the other team knows that nobody has taken it
    fact(built, "accepted", asked["id"])


async def changes(built: Built, at: float, user: str, fact: str, **what: Any) -> None:
    """Change somebody's settings; it counts from when they are told that it is done."""
    await sleep(at)
    try:
        await built.ask("change", {"id": f"{user} {fact}", "user": user, **what}, tries=3)
    except (CallError, PublishTimeout):
        return
    built.record(fact, user, user, **({"of": what["off"]} if "off" in what else what))


# -- load ------------------------------------------------------------------------------------------


def five_hours(built: Built) -> None:
    """Send a slice of codes, news and one campaign; some opt out of news in the silence."""
    built.outside.update({"push quota": round(QUOTA / ONE_OF), "no device": set()})
    luck, users = built.luck, 0
    for rate, kind, ways, valid in (
        (CODES, "code", ["push", "sms"], VALID),
        (PUSHES - CODES, "news", ["push", "email"], NEWS_FOR),
        (EMAILS, "news", ["email"], NEWS_FOR),
        (TEXTS, "news", ["sms"], NEWS_FOR),
    ):
        at = 0.0
        while (at := at + luck.expovariate(rate / ONE_OF)) < SECONDS:
            users += 1
            _one(built, at, f"u{users}", kind, ways, at + valid)
    for number in range(round(CAMPAIGN / HOUR / ONE_OF)):
        at = CAMPAIGN_AT + luck.uniform(0.0, 10.0)
        _one(built, at, f"c{number}", "campaign", ["push"], SECONDS * 2)


def _one(built: Built, at: float, user: str, kind: str, ways: list[str], due: float) -> None:
    luck, event = built.luck, "offer" if kind == "campaign" else f"{kind}-{user}"
    given(built, "prefs", user, {"zone": 3, "off": []})
    if kind == "news" and luck.random() < 0.02:
        built.outside["no device"].add(user)
    built.client(wants(built, at, note(user, event, kind, ways, due)), CLIENT)
    if kind == "news" and SILENT[0] < at < SILENT[1] and luck.random() < 0.02:
        built.client(changes(built, at + 2.0, user, "opted out", off="news"), CLIENT)


def silent_push(built: Built) -> None:
    """For two hours the push provider delivers, and its replies time out."""
    for at, way in zip(SILENT, ("push", ""), strict=True):
        built.world.at(at, built.outside.__setitem__, "silent", way)


def more(built: Built) -> Mapping[str, float]:
    """Return what a slice says of each kind: seconds, and people who were told wrong.

    Whoever is never told waits for ever, unless they have opted out. The first four measures are
    of login codes.
    """
    first: dict[str, float] = {}
    for seen in built.of("seen"):
        first.setdefault(seen.id, seen.time)
    out = {said.id for said in built.of("opted out")}
    asked = [w for w in built.of("wanted") if w.id in first or w.id.split()[0] not in out]
    waits: dict[str, list[float]] = defaultdict(list)
    for want in asked:
        waits[want.facts["of"]].append(first.get(want.id, inf) - want.time)
        if want.facts["of"] == "code" and BURST[0] <= want.time < BURST[1]:
            waits["burst"].append(first.get(want.id, inf) - want.time)
    return {
        "p50": _percentile(waits["code"], 50),
        "p99": _percentile(waits["code"], 99),
        "p99 in the burst": _percentile(waits["burst"], 99),
        "oldest": max(waits["code"], default=inf),
        "news p99": _percentile(waits["news"], 99),
        "campaign p99": _percentile(waits["campaign"], 99),
        **_wrongs(built, first),
    }


def _percentile(waits: list[float], share: float) -> float:
    """Return one that was waited, not one between two: some are infinite."""
    return float(np.percentile(waits or [inf], share, method="higher"))


def _wrongs(built: Built, first: Mapping[str, float]) -> dict[str, float]:
    off = {said.id: said.time + BOUND for said in built.of("opted out")}
    dropped = {said.id for said in built.of("refused")}
    asked = {want.id for want in built.of("wanted")}
    taken = {said.id for said in built.of("accepted")}
    return {
        "lost": len(taken - first.keys() - dropped),
        "doubled": sum(1 for _ in twice(built)),
        "stale": sum(seen.time > want.facts["due"] for seen, want in told(built)),
        "after opt-out": sum(at > off.get(id.split()[0], inf) for id, at in first.items()),
        "shed": len((dropped | asked - taken) - first.keys()),
    }
