"""`cards()` in a notebook: reviews with buttons and keys, or from code, and what they have brought.

What a saved notebook shows is the deck, which is the same for everybody: no answer, no time. The
session begins when the live widget is made, or at the first card that code asks for.
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from html import escape
from pathlib import Path
from textwrap import fill
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.cards import check
from pubsub_kit.interviews.cards.book import Book
from pubsub_kit.interviews.cards.card import CALLED, KINDS, CardError
from pubsub_kit.interviews.cards.deck import chosen, deck
from pubsub_kit.interviews.cards.families.forms import Choice, UnreadableAnswer
from pubsub_kit.interviews.cards.marked import marked
from pubsub_kit.interviews.cards.session import LIMIT, Session, Turn, span
from pubsub_kit.show import page
from pubsub_kit.show.ink import clean
from pubsub_kit.show.picture import Picture
from pubsub_kit.show.widgets import live
from pubsub_kit.show.widgets.ask import WIDE, Words

_MOST = 1_000


def cards(lesson: str | int | None = None, family: str | None = None, limit: int = LIMIT) -> Cards:
    """Review cards: `cards()`, `cards(lesson="03")` or `cards(family="tail")`.

    Raises CardError for a lesson or a family without cards, and for a limit that is none.
    """
    return Cards(lesson, family, limit)


class Cards:
    """Cards to review, live or from code: `ask()`, `answer("63%")`, `hint()`, `skip()`."""

    def __init__(
        self,
        lesson: str | int | None = None,
        family: str | None = None,
        limit: int = LIMIT,
        book: Book | None = None,
    ) -> None:
        if type(limit) is not int or not 1 <= limit <= _MOST:
            raise CardError(f"{brief(limit)} is no limit: give how many reviews, from 1 to {_MOST}")
        self.cards, self.limit = chosen(deck(), lesson, family), limit
        self._book = book
        self._session: Session | None = None
        self._widget: Any = None

    # --- from code --------------------------------------------------------------------------------

    def ask(self) -> Words:
        """Show the card to answer now; raises PubSubKitError if your reviews can't be read."""
        turn = self.session.next()
        return Words(self._end() if turn is None else shown(turn))

    def answer(self, given: Any) -> Answered:
        """Answer the card; raises UnreadableAnswer for what can't be read, which does not count."""
        told = self._open().answer(given)
        return Answered(told.words, told.picture())

    def hint(self) -> Words:
        """Return a hint; an answer after it counts as hard at best."""
        return Words(self._open().hint())

    def skip(self) -> Answered:
        """Give up on the card, and see the answer."""
        told = self._open().skip()
        return Answered(told.words, told.picture())

    def gains(self) -> Picture:
        """Draw what you gained between the checks before and after; raises CardError if none."""
        return check.chart(check.results(self.session.book.history()))

    @property
    def session(self) -> Session:
        """The session, begun when it is first needed; raises PubSubKitError if it can't begin."""
        if self._session is None:
            self._session = Session(self._book or Book(), self.cards, self.limit)
        return self._session

    def _open(self) -> Turn:
        turn = self.session.next()
        if turn is None:
            raise CardError(f"there is no card to answer: {self._end()}")
        return turn

    def _end(self) -> str:
        session, due = self.session, self.session.due_next()
        score = f"{session.right} of {session.done} right. " if session.done else ""
        if session.done >= session.limit or due is None:
            return f"{score}That was the last card of this session."
        wait = span(due - session.book.now())
        return f"{score}Nothing is due now; the next card is, in {wait}."

    # --- what a notebook shows --------------------------------------------------------------------

    @property
    def text(self) -> str:
        """Return what a saved notebook keeps: the deck, and how to answer from code."""
        kinds = Counter(card.kind for card in self.cards)
        parts = [f"{kinds[kind]} {_NAMES[kind][kinds[kind] > 1]}" for kind in KINDS if kinds[kind]]
        return fill(
            f"Cards to review: {', '.join(parts)}. In code: c = cards(), then c.ask(), "
            'c.answer("…"), c.hint() and c.skip().',
            WIDE,
        )

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        """Give the widget where there are widgets, and the same plain text everywhere."""
        return {**live.view(lambda: self.widget), "text/plain": self.text}

    @property
    def widget(self) -> Any:
        """Return the live widget; raises ImportError where anywidget is not installed."""
        if self._widget is None:
            self._widget = _kind()(turn={"stage": "end", "front": ""})
            self._widget.on_msg(lambda _, message, buffers: self._pressed(message))
            self._next()
        return self._widget

    def _pressed(self, message: Any) -> None:
        """Take what a button sent, an act and perhaps a text; what fails becomes a sentence."""
        act, text = (message.get(key) if isinstance(message, dict) else None for key in _KEYS)
        try:
            self._do(str(act), text)
        except UnreadableAnswer as error:
            self._say(f"That can't be read: {clean(error)}.")
            self._empty()
        except PubSubKitError as error:
            self._say(f"{clean(error)}.")
        except Exception as error:  # nothing that a page sends may end in a traceback
            self._say(f"That was not kept: {clean(error)}.")

    def _do(self, act: str, text: Any) -> None:
        if act == "next":
            self._next()
            return
        turn = self.session.turn
        if turn is None or turn.told is not None:
            return  # a button of a card that was answered
        if act == "hint":
            self._say(turn.hint())
        elif act == "look" and turn.judged_by_you:
            self._say(turn.problem.form.right)
            self._widget.turn = {**self._widget.turn, "stage": "judge"}
        elif act in ("answer", "skip"):
            told = turn.answer(text) if act == "answer" else turn.skip()
            signs = _signs(turn, text if act == "answer" else None)
            self._widget.turn = {**self._widget.turn, "stage": "told", "signs": signs}
            self._say(told.words)
            picture = told.picture()
            self._widget.picture = page.live(picture) if picture is not None else ""

    def _next(self) -> None:
        self._widget.picture = ""
        try:
            turn = self.session.next()
            note = self.session.note
        except PubSubKitError as error:
            self._say(f"{clean(error)}.")
            return
        if turn is None:
            self._widget.turn = {"stage": "end", "front": "", "count": ""}
            self._say(self._end())
            return
        self._widget.turn = self._sent(turn)
        self._say(f"{clean(note)}." if note else "")
        self.session.note = ""

    def _sent(self, turn: Turn) -> dict[str, Any]:
        form = turn.problem.form
        options = form.lines if isinstance(form, Choice) else []
        return {
            "stage": "said" if turn.judged_by_you else "ask",
            "count": _head(turn, self.session),
            "front": marked(turn.problem.front),
            "how": form.how,
            "options": [[line[0], marked(line)] for line in options],
        }

    def _empty(self) -> None:
        """Let the page begin the answer anew: what could not be read is not added to."""
        turn = self._widget.turn
        self._widget.turn = {**turn, "refused": turn.get("refused", 0) + 1}

    def _say(self, words: str) -> None:
        self._widget.said = marked(words)


def _signs(turn: Turn, given: Any) -> list[str]:
    """Say of each option, once the card was answered, whether it is right, and whether yours."""
    form = turn.problem.form
    if not isinstance(form, Choice):
        return []
    yours = None if given is None else form.place(given)
    right = {form.index: "✓ right"}
    if yours == form.index:
        return ["✓ right, your answer" if at == yours else "" for at in range(len(form.options))]
    return [right.get(at, "✗ your answer" * (at == yours)) for at in range(len(form.options))]


_KEYS = ("act", "text")
_NAMES = {
    "belief": ("common misconception", "common misconceptions"),
    "number": ("number worth knowing", "numbers worth knowing"),
    "recap": ("question on what a lesson taught", "questions on what a lesson taught"),
    "family": ("problem with new numbers each time", "problems with new numbers each time"),
}


class Answered:
    """How a review went, and the run that decides it if the answer was wrong."""

    def __init__(self, words: str, picture: Picture | None) -> None:
        self.words, self.picture = words, picture

    def __repr__(self) -> str:
        lines = [fill(line, WIDE) for line in self.words.split("\n")]
        return "\n".join([*lines, *([self.picture.text] if self.picture else [])])

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Give the picture, if there is one, and the words of both."""
        if self.picture is None:
            return {"text/plain": repr(self)}, {}
        data, about = self.picture._repr_mimebundle_()
        html = f'<div style="white-space:pre-wrap">{escape(self.words)}</div>{data["text/html"]}'
        return {**data, "text/plain": repr(self), "text/html": html}, about


def shown(turn: Turn) -> str:
    """Return a turn's problem as plain text."""
    form = turn.problem.form
    front = [fill(line, WIDE) if len(line) > WIDE else line for line in _lines(turn)]
    options = [f"  {line}" for line in form.lines] if isinstance(form, Choice) else []
    return "\n".join([*front, *options, form.how])


def _lines(turn: Turn) -> list[str]:
    return turn.problem.front.split("\n")


def _head(turn: Turn, session: Session) -> str:
    weak = " (it comes first: you had it wrong before)" if turn.weak else ""
    head = f"Card {session.done + 1} of {session.limit}, lesson {turn.card.lesson}"
    return f"{head}, {CALLED[turn.card.kind]}{weak}"


@cache
def _kind() -> Any:
    """Return the kind of widget, made at the first use: anywidget is slow to import."""
    import anywidget
    import traitlets

    here, there = Path(__file__), Path(live.__file__)
    module = [there.with_name("keys.js"), there.with_name("gone.js"), here.with_name("cards.js")]
    styles = [there.with_name("live.css"), here.with_name("cards.css")]

    class Review(anywidget.AnyWidget):  # type: ignore[misc]
        _esm = "".join(path.read_text(encoding="utf-8") for path in module)
        _css = "".join(path.read_text(encoding="utf-8") for path in styles)
        turn = traitlets.Dict().tag(sync=True)
        said = traitlets.Unicode().tag(sync=True)
        picture = traitlets.Unicode().tag(sync=True)

    return Review
