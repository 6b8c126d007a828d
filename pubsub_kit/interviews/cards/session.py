"""A session of reviews, without a screen: which card comes next, and what an answer means for it.

    weak beliefs first, then what is due, then what is new
    wrong: again · after a hint, or slowly: hard · right: good

A front shows a turn's problem, takes a hint or an answer, and shows what comes of it. Each answer
is in the log before anybody is told how it went.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pubsub_kit.checks.desk import journal
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import Card, CardError
from pubsub_kit.interviews.cards.families.forms import LONGEST, Said
from pubsub_kit.interviews.cards.families.problem import Problem
from pubsub_kit.interviews.cards.schedule import Standing, fresh, standings
from pubsub_kit.interviews.cards.weak import weak
from pubsub_kit.log.event import Event

if TYPE_CHECKING:
    from pubsub_kit.show.picture import Picture

#: Seconds after which a right answer counts as a slow one: an assumption of ours.
SLOW = {"belief": 60.0, "number": 60.0, "recap": 240.0, "family": 240.0}
GONE = 1_800.0  # seconds after which nobody was thinking: the card stood open in a notebook
LIMIT = 20  # reviews in a session


@dataclass(frozen=True)
class Told:
    """What came of an answer: `words` say it; `problem` can be drawn; `due` is when it is next."""

    right: bool
    rating: str
    words: str
    due: float
    problem: Problem = field(repr=False)

    def picture(self) -> Picture | None:
        """Draw the run that decides a problem which was answered wrong; None if there is none."""
        return None if self.right else self.problem.picture()


class Turn:
    """One review: a card with its problem, from the moment at which it is shown."""

    def __init__(self, session: Session, card: Card, standing: Standing, weak_since: float) -> None:
        self.card, self.number, self.weak = card, standing.reviews, bool(weak_since)
        self.problem = card.problem(self.number)
        self.hinted = False
        self.told: Told | None = None
        self._session, self._standing = session, standing
        self._since = session.book.now()

    @property
    def judged_by_you(self) -> bool:
        """Whether the answer is words, which you judge yourself by y or n."""
        return isinstance(self.problem.form, Said)

    def hint(self) -> str:
        """Return the hint; an answer after it counts as hard at best."""
        self.hinted = True
        return self.problem.hint

    def answer(self, given: Any) -> Told:
        """Judge an answer, record the review, and say how it went.

        Raises UnreadableAnswer for what can't be read, and PubSubKitError where the review can't be
        recorded: then it does not count, and may be answered again.
        """
        if self.told is not None:
            raise CardError("this card was answered: go on to the next one")
        return self._settle(self.problem.form.judge(given), str(given)[:LONGEST])

    def skip(self) -> Told:
        """Give up on it: that counts as wrong, and the answer is shown."""
        if self.told is not None:
            raise CardError("this card was answered: go on to the next one")
        return self._settle(False, "")

    def _settle(self, right: bool, given: str) -> Told:
        now = self._session.book.now()
        slow = SLOW[self.card.kind] < now - self._since <= GONE
        rating = "again" if not right else "hard" if self.hinted or slow else "good"
        self._session.book.record(
            "reviewed",
            {
                "card": self.card.id,
                "number": self.number,
                "seed": self.card.seed(self.number),
                "rating": rating,
                "at": now,
                "seconds": round(max(0.0, now - self._since), 3),
                "hinted": self.hinted,
                "right": right,
                "answer": given,
            },
        )
        after = self._standing.after(rating, now)
        words = _words(self, right, rating, after.due - now)
        self.told = Told(right, rating, words, after.due, self.problem)
        return self.told


class Session:
    """Up to `limit` reviews of some cards; `note` has a sentence if your progress can't be read.

    Raises PubSubKitError where the log of reviews can't be read.
    """

    def __init__(self, book: Book, cards: Sequence[Card], limit: int = LIMIT) -> None:
        self.book, self.cards, self.limit, self.note = book, list(cards), limit, book.note
        self.done = self.right = 0
        self.turn: Turn | None = None
        self._progress = self._read_progress()
        standings(book.history())  # so that a damaged log says so before the first card

    def next(self) -> Turn | None:
        """Return the next turn, or None if nothing is due and new, or the limit is reached.

        A turn that was not answered comes back as the same one.
        """
        if self.turn is not None and self.turn.told is None:
            return self.turn
        self._count()
        if self.done >= self.limit:
            return None
        for card, standing, since in self._queue():
            self.turn = Turn(self, card, standing, since)
            return self.turn
        return None

    def due_next(self) -> float | None:
        """Return when the next of these cards is due, or None if none was ever reviewed."""
        table = standings(self.book.history())
        return min((table[card.id].due for card in self.cards if card.id in table), default=None)

    def _count(self) -> None:
        if self.turn is not None and self.turn.told is not None:
            self.done += 1
            self.right += self.turn.told.right
            self.turn = None

    def _queue(self) -> Iterator[tuple[Card, Standing, float]]:
        """Yield the cards that may come next, the first one first."""
        now, reviews = self.book.now(), self.book.history()
        table = standings(reviews)
        first = weak(self.cards, self._progress, reviews, table)

        def rank(pair: tuple[int, Card]) -> tuple[float, ...]:
            number, card = pair
            standing = table.get(card.id)
            due = (0.0, standing.due) if standing else (1.0, number)
            return (0.0, -first[card.id], *due) if card.id in first else (1.0, 0.0, *due)

        open_to = [
            (number, card)
            for number, card in enumerate(self.cards)
            if card.id not in table or table[card.id].due <= now
        ]
        for _, card in sorted(open_to, key=rank):
            yield card, table.get(card.id) or fresh(now), first.get(card.id, 0.0)

    def _read_progress(self) -> list[Event]:
        try:
            return journal.history(self.book.root)
        except (PubSubKitError, OSError) as error:
            self.note = (
                f"your progress with the exercises can't be read, so no card is put first: {error}"
            )
            return []


def _words(turn: Turn, right: bool, rating: str, seconds: float) -> str:
    """Say how it went, why, where to read on, and when the card comes back."""
    problem, card = turn.problem, turn.card
    head = ("✓ Right" if right else "✗ Not yet") + (
        ", after a hint" if turn.hinted and right else ""
    )
    answer = "" if turn.judged_by_you else f" The answer: {problem.form.right.rstrip('.')}."
    why = "" if turn.judged_by_you and right else f" {problem.back}"
    lines = [f"{head}.{answer}{why}"]
    if card.source:
        lines.append(f"Source: {card.source}.")
    where = f"Lesson {card.lesson}" + (f": {card.link}. " if card.link else ". ")
    return "\n".join([*lines, f"{where}Again in {span(seconds)}."])


def span(seconds: float) -> str:
    """Return a time in the words that a schedule needs."""
    for size, name in ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size * 0.95:
            count = round(seconds / size)
            return f"{count:,} {name}{'s' * (count != 1)}"
    return "a moment"
