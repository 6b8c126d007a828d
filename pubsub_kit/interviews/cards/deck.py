"""The deck: a card for each misconception, number, recap and family, and how to choose among them.

All but the families are data in `data/`; a recap's question is about a bullet of a lesson's recap.
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any
from zlib import crc32

from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import brief
from pubsub_kit.interviews.cards.card import Card, CardError
from pubsub_kit.interviews.cards.families.dice import Dice, seed_of
from pubsub_kit.interviews.cards.families.forms import Number, Said, choice
from pubsub_kit.interviews.cards.families.problem import Family, Problem
from pubsub_kit.interviews.cards.families.registry import FAMILIES
from pubsub_kit.interviews.cards.recaps import links

_DATA = Path(__file__).with_name("data")


@cache
def deck(root: Path = ROOT) -> tuple[Card, ...]:
    """Return every card, by lesson; within one, in an order that mixes the kinds and never changes.

    A recap stands among the next lesson's cards: by then it takes an effort to recall.
    Raises CardError if a file of the deck cannot be read.
    """
    where = links(root)
    cards = [
        *(_belief(row, where) for name in BELIEFS for row in rows(name)),
        *(_number(row, where) for row in rows("numbers")),
        *(_recap(row, where) for name in RECAPS for row in rows(name)),
        *(_family(family, where) for family in FAMILIES.values()),
    ]
    return tuple(sorted(cards, key=_place))


def _place(card: Card) -> tuple[int, int]:
    return int(card.lesson) + (card.kind == "recap"), seed_of(card.id, 0)


BELIEFS = ("beliefs_00_06", "beliefs_07_11")
RECAPS = ("recaps_00_05", "recaps_06_14")


@cache
def rows(name: str) -> tuple[dict[str, Any], ...]:
    """Return the rows of a file of the deck; raises CardError if it cannot be read."""
    path = _DATA / f"{name}.toml"
    try:
        return tuple(tomllib.loads(path.read_text(encoding="utf-8"))["card"])
    except (OSError, ValueError, KeyError) as error:
        raise CardError(
            f"{path.name} of the deck can't be read ({error}): git restore brings it back"
        ) from error


def verdicts_of(beliefs: Sequence[int]) -> tuple[str, ...]:
    """Return the names by which verdicts call these misconceptions."""
    found = (row for name in BELIEFS for row in rows(name) if row["number"] in beliefs)
    return tuple(name for row in found for name in row["verdicts"])


def _belief(row: dict[str, Any], where: dict[str, str]) -> Card:
    name = f"belief-{row['number']:02}"

    def make(number: int) -> Problem:
        form = choice(Dice(seed_of(name, number)), row["right"], row["wrong"])
        hint = "Which systems know what, at the moment that matters?"
        return Problem(row["front"], form, row["why"], hint, {"belief": row["number"]})

    return Card(
        name, "belief", row["lesson"], row["front"], make, where.get(row["lesson"], ""),
        row["source"], (row["number"],), tuple(row["verdicts"]),
    )  # fmt: skip


def _number(row: dict[str, Any], where: dict[str, str]) -> Card:
    form = Number(row["value"], row["unit"], row.get("within", 0.02), row.get("factor", 0.0))
    hint = f"It has {len(str(int(row['value'])))} digits before the point."
    problem = Problem(row["front"], form, row["back"], hint, {"value": row["value"]})
    return Card(
        f"number-{row['id']}", "number", row["lesson"], row["front"], lambda _: problem,
        where.get(row["lesson"], ""), row["source"],
    )  # fmt: skip


def _recap(row: dict[str, Any], where: dict[str, str]) -> Card:
    """Make a card of a bullet; its id goes with its words, so that a new wording is a new card."""
    name = f"recap-{row['lesson']}-{crc32(row['words'].encode()):08x}"
    hint = f'The lesson ends with: "{row["words"]}" Which of its runs showed that?'

    def make(number: int) -> Problem:
        if "right" not in row:
            return Problem(row["front"], Said(row["back"]), _MISSED, hint)
        form = choice(Dice(seed_of(name, number)), row["right"], row["wrong"])
        return Problem(row["front"], form, row["back"], hint)

    link = where.get(row["lesson"], "")
    return Card(name, "recap", row["lesson"], row["words"], make, link)


_MISSED = "What was missing is what to read again."


def _family(family: Family, where: dict[str, str]) -> Card:
    return Card(
        f"family-{family.name}", "family", family.lesson, family.title, partial(family.problem),
        where.get(family.lesson, ""), family.source, family.beliefs, verdicts_of(family.beliefs),
    )  # fmt: skip


def _named(given: Any) -> str:
    """Return what a lesson or a family is called by; "" for what names neither."""
    if type(given) is int and abs(given) < 100:
        return str(given)
    return given[:80] if isinstance(given, str) else ""


def chosen(cards: Sequence[Card], lesson: Any = None, family: Any = None) -> list[Card]:
    """Return the cards of a lesson, or of a family; raises CardError where there are none."""
    picked = list(cards)
    if lesson is not None:
        digits = _named(lesson).strip().partition("_")[0]
        picked = [card for card in picked if digits and card.lesson == digits.zfill(2)]
        if not picked:
            there = ", ".join(sorted({card.lesson for card in cards}))
            raise CardError(f"there are no cards for lesson {brief(lesson)}: there are {there}")
    if family is not None:
        name = _named(family).strip().removeprefix("family-")
        picked = [card for card in picked if card.id == f"family-{name}"]
        if not picked:
            names = [card.id.removeprefix("family-") for card in cards if card.kind == "family"]
            near = difflib.get_close_matches(name[:40], names, 1)
            there = f"did you mean {near[0]}?" if near else f"there are {', '.join(names)}"
            raise CardError(f"there is no family {brief(family)} among these cards: {there}")
    return picked
