"""The deck for other programs: an Anki package, and a table of comma-separated values.

Anki can't draw new numbers, so each family is frozen as five of its problems. A note's id is ours:
it depends on the card and not on its words, so a newer export updates a note, and keeps what Anki
knows of it. The same deck gives the same bytes of its collection, whenever it is exported.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from pubsub_kit.interviews.cards import writing
from pubsub_kit.interviews.cards.card import Card
from pubsub_kit.interviews.cards.families.forms import Choice
from pubsub_kit.interviews.cards.marked import marked

FROZEN = 5  # problems of each family
_DECK, _MODEL = 1_783_020_114, 1_783_020_115  # Anki tells decks and note types apart by these
_WHEN = 1_767_225_600.0  # 2026-01-01: a timestamp of now would make each export differ
_COLUMNS = ("id", "kind", "lesson", "front", "back", "source", "tags")


class Note(NamedTuple):
    """One exported card: its two sides as plain text, and its tags."""

    id: str
    kind: str
    lesson: str
    front: str
    back: str
    source: str
    tags: tuple[str, ...]

    @property
    def guid(self) -> str:
        """What Anki recognises the note by: 16 letters, from its id alone."""
        return sha256(f"pubsub-kit/{self.id}".encode()).hexdigest()[:16]


def notes(cards: Sequence[Card]) -> Iterator[Note]:
    """Yield the notes of cards: one each, and five of each family."""
    for card in cards:
        count = FROZEN if card.kind == "family" else 1
        for number in range(count):
            yield _note(card, number, f"{card.id}-{number + 1}" if count > 1 else card.id)


def _note(card: Card, number: int, name: str) -> Note:
    problem = card.problem(number)
    form = problem.form
    options = "\n".join(["", *form.lines]) if isinstance(form, Choice) else ""
    about = (f"misconception-{belief:02}" for belief in card.beliefs)
    tags = ("pubsub-kit", f"lesson-{card.lesson}", card.kind, *about)
    back = f"{form.right}\n{problem.back}"
    return Note(name, card.kind, card.lesson, f"{problem.front}{options}", back, card.source, tags)


def export(cards: Sequence[Card], path: Any) -> tuple[Path, int]:
    """Write cards to a file ending in .apkg or .csv; return its path and how many notes it has.

    Raises CardError if it can't be written; a file that was there before is then as it was.
    """
    where = writing.target(path, ".apkg", ".csv")
    made = list(notes(cards))
    table = where.suffix.casefold() == ".csv"
    writing.write(where, lambda part: _csv(made, part) if table else _apkg(made, part))
    return where, len(made)


def _csv(made: Sequence[Note], path: Path) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(_COLUMNS)
        table.writerows([*note[:-1], " ".join(note.tags)] for note in made)


def _apkg(made: Sequence[Note], path: Path) -> None:
    import genanki  # the extra "interview"; slow to import, and no other front needs it

    fields = [{"name": name} for name in ("Front", "Back", "Source")]
    sides = {
        "name": "Card",
        "qfmt": "{{Front}}",
        "afmt": '{{FrontSide}}<hr id="answer">{{Back}}<p><small>{{Source}}</small></p>',
    }
    model = genanki.Model(_MODEL, "Pub/Sub Kit", fields=fields, templates=[sides])
    deck = genanki.Deck(_DECK, "Pub/Sub Kit")
    for note in made:
        shown = [_html(side) for side in (note.front, note.back, note.source)]
        deck.add_note(genanki.Note(model=model, fields=shown, guid=note.guid, tags=[*note.tags]))
    genanki.Package(deck).write_to_file(str(path), timestamp=_WHEN)


def _html(text: str) -> str:
    """Return text as HTML: escaped, with its lines, and with the indentation of code."""
    lines = marked(text).split("\n")
    spaced = (line.replace("    ", "&nbsp;&nbsp;&nbsp;&nbsp;") for line in lines)
    return "<br>".join(spaced)
