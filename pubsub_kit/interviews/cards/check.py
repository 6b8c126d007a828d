"""Does it teach? Ten questions before lesson 00, and their twins later, with other numbers.

    before   before lesson 00
    after    after lesson 06, and once more after 14
    again    when you come back after weeks

Each question is about one belief. What you answer stays in your own log; what you gained is shown
to you alone. `export` writes counts for a trainer, only if you agree, and nothing else ever leaves.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pubsub_kit.errors import brief
from pubsub_kit.interviews.cards import writing
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.interviews.cards.families.problem import Problem
from pubsub_kit.interviews.cards.families.registry import FAMILIES
from pubsub_kit.log.event import Event

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

ROUNDS = ("before", "after", "again")
#: The ten questions: a family, and the belief that it is about.
ITEMS: dict[str, str] = {
    "tail": "rare slowness stays rare",
    "layers": "retrying at every layer helps",
    "drain": "a backlog is gone as fast as it came",
    "groups": "sharing a group id fans out",
    "charges": "mark and effect may be two writes",
    "horizon": "any dedup window will do",
    "lost-by-commit": "commit the highest finished offset",
    "lease": "the lease outlasts the job",
    "resize": "adding partitions is harmless",
    "outbox": "save, then publish",
}
#: What keeps a problem from being about its belief: it is drawn again.
_SPARES: dict[str, Callable[[Problem], bool]] = {
    "layers": lambda p: min(p.given["tries"]) == 1,
    "charges": lambda p: p.form.judge(sum(p.given["amounts"])),
    "groups": lambda p: len(set(p.given["groups"])) == len(p.given["groups"]),
    "lease": lambda p: p.form.judge("1"),
    "resize": lambda p: p.form.judge("none"),
    "outbox": lambda p: p.given["before"] != 2 or p.given["how"].endswith("outbox"),
}
_TRIED = 200  # problems at most that are drawn to find one
_FIRST = 1_000  # the reviews of a family count from 0, and these problems are none of them
AWAY = 21  # days after which a check shows what has stayed: an assumption of ours
AGREED = "I agree"
CONSENT = (
    "This would write a file for your trainer: for each of the ten beliefs and each round, how "
    "many questions were asked and how many you had right. It has no name, no date, and no answer "
    "of yours. Nothing is sent: you give the file to whom you like. "
    f"Type {AGREED!r} to write it, or anything else to leave it."
)

#: The answers so far: by round, such as "after 1", and belief, whether it was right.
Results = dict[str, dict[str, bool]]


@dataclass(frozen=True)
class Asked:
    """A question of a round."""

    round: str
    family: str
    problem: Problem

    @property
    def belief(self) -> str:
        """The belief that it is about."""
        return ITEMS[self.family]


def results(events: Iterable[Event]) -> Results:
    """Return the answers of each round, in the order in which the rounds began."""
    found: Results = {}
    for event in events:
        data = event.data
        if event.type != "cards.checked" or not isinstance(data, dict):
            continue
        name, family, right = (data.get(key) for key in ("round", "family", "right"))
        if isinstance(name, str) and family in ITEMS and isinstance(right, bool):
            found.setdefault(name, {}).setdefault(ITEMS[str(family)], right)
    return found


def complete(found: Results) -> Results:
    """Return the rounds of which every question was answered."""
    return {name: answers for name, answers in found.items() if len(answers) == len(ITEMS)}


class Round:
    """One round of ten questions; what was answered before it was stopped is not asked again.

    Raises CardError for a round that there isn't, and for a second round "before".
    """

    def __init__(self, book: Book, name: Any) -> None:
        if not isinstance(name, str) or name not in ROUNDS:
            raise CardError(f"there is no round {brief(name)}: choose {', '.join(ROUNDS)}")
        self.book = book
        done = results(book.history())
        finished = [each for each in complete(done) if each.split()[0] == name]
        if name == "before" and finished:
            raise CardError(
                "you have done the check before lesson 00: --check after asks its twin, and "
                "--gains compares them"
            )
        self.name = name if name == "before" else f"{name} {len(finished) + 1}"
        place = 0 if name == "before" else ROUNDS.index(name) + 2 * len(finished)
        answered = done.get(self.name, {})
        self.left = [
            Asked(self.name, family, biting(family, place))
            for family in ITEMS
            if ITEMS[family] not in answered
        ]

    def answer(self, asked: Asked, given: Any) -> None:
        """Record an answer, without saying whether it was right.

        Raises UnreadableAnswer for what can't be read, PubSubKitError if it can't be recorded.
        """
        self._record(asked, asked.problem.form.judge(given))

    def skip(self, asked: Asked) -> None:
        """Record that there is no answer, which counts as wrong."""
        self._record(asked, False)

    def _record(self, asked: Asked, right: bool) -> None:
        if asked not in self.left:
            raise CardError("this question of the check was answered: go on to the next one")
        data = {"round": self.name, "family": asked.family, "right": right}
        self.book.record("checked", data)
        self.left.remove(asked)


def biting(family: str, place: int) -> Problem:
    """Return one of the problems of a family that its belief gets wrong, from place 0 up.

    Problems at different places differ, as far as the family has so many.
    """
    spares = _SPARES.get(family)
    found: dict[str, Problem] = {}
    for number in range(_FIRST, _FIRST + _TRIED):
        problem = FAMILIES[family].problem(number)
        if spares is None or not spares(problem):
            found.setdefault(problem.front, problem)
        if len(found) > place:
            break
    return list(found.values())[place % len(found)]


def suggestion(events: Sequence[Event], now: float) -> str:
    """Return a sentence if a check is worth its time now: at the start, or after weeks away."""
    if not events:
        return "New here? --check before asks ten questions: later you see what you gained."
    away = (now - max(event.time for event in events)) / 86_400
    if "before" in complete(results(events)) and away >= AWAY:
        return f"You were away for {away:.0f} days: --check again shows what has stayed."
    return ""


def gains(found: Results) -> str:
    """Return what was gained between the rounds, as text: in all, and for each belief."""
    rounds = complete(found)
    if not rounds:
        return (
            "No check is complete yet: --check before asks ten questions before lesson 00, and "
            "--check after their twins."
        )
    lines = [
        f"{name}: {sum(right.values())} of {len(ITEMS)} right" for name, right in rounds.items()
    ]
    if len(rounds) == 1:
        return "\n".join([*lines, "A second check, --check after, shows what you gained."])
    first, last = next(iter(rounds.values())), list(rounds.values())[-1]
    names = f"{next(iter(rounds))} → {list(rounds)[-1]}"
    change = sum(last.values()) - sum(first.values())
    lines.append(f"{names}: {change:+d} of {len(ITEMS)}")
    for belief in ITEMS.values():
        signs = f"{_sign(first[belief])} → {_sign(last[belief])}"
        lines.append(f"  {signs}  {belief}: {_said(first[belief], last[belief])}")
    return "\n".join(lines)


def _sign(right: bool) -> str:
    return "✓" if right else "✗"


def _said(before: bool, after: bool) -> str:
    if before == after:
        return "right both times" if after else "not yet"
    return "gained" if after else "lost again"


def chart(found: Results) -> Picture:
    """Draw how many answers were right in each complete round; raises CardError if none is."""
    rounds = complete(found)
    if not rounds:
        raise CardError(gains(found))
    from pubsub_kit import show  # slow to import, and only this needs it

    counts = {name: float(sum(right.values())) for name, right in rounds.items()}
    return show.bars(counts, x="right answers, of 10", title="What you gained")


def shared(found: Results) -> Mapping[str, Any]:
    """Return what a trainer may get: counts by belief and round, and nothing else."""
    rounds = complete(found)
    beliefs = {
        belief: {name: {"asked": 1, "right": int(right[belief])} for name, right in rounds.items()}
        for belief in ITEMS.values()
    }
    return {"format": "pubsub-kit gains 1", "rounds": [*rounds], "beliefs": beliefs}


def export(found: Results, path: Any, agreed: object) -> Path:
    """Write the counts to a file ending in .json, if the learner agreed in so many words.

    Raises CardError without that, if no round is complete, or if the file can't be written.
    """
    where = writing.target(path, ".json")
    if not complete(found):
        raise CardError(gains(found))
    if not isinstance(agreed, str) or agreed.strip().casefold() != AGREED.casefold():
        raise CardError(f"nothing was written, since you did not type {AGREED!r}")
    text = json.dumps(shared(found), indent=2, ensure_ascii=False) + "\n"
    return writing.write(where, lambda part: _text(part, text))


def _text(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8", newline="\n")
