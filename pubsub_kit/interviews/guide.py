"""The decision guide: eight answers about your system, and what they advise, as a pure function.

The rules are short. Whoever needs the result makes a call. What must happen all or none is a
transaction, a saga or a two-phase commit. What has to be handed on goes over one of four: pub/sub,
a log, a queue, or a table. Everything else is sentences, in `guide_reasons.py`. What would flip the
advice is no sentence that somebody wrote: each other answer is tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.guidance import CHOICES, LEAVING, QUESTIONS, Asking, Choice
from pubsub_kit.interviews.guide_reasons import AGAINST, FOR, Sentence

Answers = Mapping[str, str]
_CHOICES = {choice.id: choice for choice in CHOICES}

#: The usual answers: where each question starts in the notebook's guide.
USUAL: Answers = {asking.id: asking.words[0] for asking in QUESTIONS}


class GuideError(PubSubKitError):
    """An answer to the guide can't be used; the message says which, and what may be answered."""


@dataclass(frozen=True)
class Reason:
    """Why: a sentence, the answers that it rests on, by question, and the lesson that shows it."""

    why: str
    answers: Mapping[str, str]
    lesson: str

    def __str__(self) -> str:
        """Return the sentence, and after it the answers and the lesson."""
        rests = ", ".join(f"{question}: {words}" for question, words in self.answers.items())
        return f"{self.why} ({rests}; lesson {self.lesson})"


@dataclass(frozen=True)
class Recommended:
    """What to use: one choice, why, and what it costs."""

    choice: str
    name: str
    reasons: tuple[Reason, ...]
    price: str
    lessons: tuple[str, ...]


@dataclass(frozen=True)
class Discouraged:
    """What not to use, and why."""

    choice: str
    name: str
    reason: Reason


@dataclass(frozen=True)
class Flip:
    """An answer that would change the advice, and the choices that it would lead to."""

    question: str
    answer: str
    gains: tuple[str, ...]
    drops: tuple[str, ...]

    def __str__(self) -> str:
        """Return it as a sentence."""
        given = next(a.given for a in _asking(self.question).answers if a.words == self.answer)
        gains, drops = (
            joint.join(_CHOICES[name].short for name in names)
            for joint, names in ((" and ", self.gains), (" or ", self.drops))
        )
        if not gains:
            return f"If {given}: do without {drops}."
        return f"If {given}: {gains} instead of {drops}." if drops else f"If {given}: also {gains}."


@dataclass(frozen=True)
class Advice:
    """What eight answers lead to: what to use, what not to, what flips it, what leaving costs.

    `leaving` is empty where no broker is needed.
    """

    answers: Mapping[str, str]
    recommended: tuple[Recommended, ...]
    against: tuple[Discouraged, ...]
    flips: tuple[Flip, ...]
    leaving: str

    @property
    def choices(self) -> tuple[str, ...]:
        """Return the ids of what to use."""
        return tuple(each.choice for each in self.recommended)

    @property
    def title(self) -> str:
        """Return what to use, in a line."""
        *names, last = (each.name for each in self.recommended)
        return f"Use {', '.join(names)}, and {last}" if names else f"Use {last}"

    def __repr__(self) -> str:
        """Return the advice as plain text, the same everywhere."""
        lines = [f"{self.title}."]
        for each in self.recommended:
            lines += [f"{each.name}", *(f"  + {reason}" for reason in each.reasons)]
            lines.append(f"  price: {each.price} (lesson {', '.join(each.lessons)})")
        lines += [f"not {each.name}\n  – {each.reason}" for each in self.against]
        lines += ["what would change it", *(f"  {flip}" for flip in self.flips)]
        return "\n".join([*lines, *([self.leaving] if self.leaving else [])])


def advise(answers: Mapping[str, str]) -> Advice:
    """Return what your eight answers lead to: `advise({"reply": "yes", …})`, by question.

    Raises GuideError for an answer that is missing, unknown, or to no question.
    """
    given = _checked(answers)
    chosen = _chosen(given)
    needs_broker = any(_CHOICES[name].broker for name in chosen)
    return Advice(
        given,
        tuple(_recommended(_CHOICES[name], given) for name in chosen),
        tuple(_against(chosen, given)),
        tuple(_flips(chosen, given)),
        LEAVING[given["broker"]] if needs_broker else "",
    )


# --- the rules ------------------------------------------------------------------------------------


def _chosen(given: Answers) -> tuple[str, ...]:
    called = "call" if given["reply"] == "yes" else ""
    return tuple(filter(None, (called, _all_or_none(given), _handed_on(given))))


def _all_or_none(given: Answers) -> str:
    if given["together"] == "across services":
        return "two-phase commit" if given["between"] == "never" else "saga"
    return "transaction" if given["together"] == "in one database" else ""


def _handed_on(given: Answers) -> str:
    """Return how what happened, or what is to be done, reaches others; "" if it need not."""
    if given["history"] == "yes":
        return "log"
    if given["readers"] == "several services":
        return "log" if given["order"] == "everything" else "pub/sub"
    if given["reply"] == "yes" or (given["together"] != "no" and given["load"] != "in bursts"):
        return ""
    if given["load"] == "a few a minute" and given["broker"] == "no":
        return "table"
    return "log" if given["order"] == "everything" else "queue"


# --- the sentences --------------------------------------------------------------------------------


def _rests(sentence: Sentence, given: Answers) -> bool:
    return all(given[question] == words for question, words in sentence.rests_on.items())


def _reason(sentence: Sentence) -> Reason:
    return Reason(sentence.why, dict(sentence.rests_on), sentence.lesson)


def _recommended(choice: Choice, given: Answers) -> Recommended:
    said = [s for s in FOR if s.choice == choice.id and _rests(s, given)]
    reasons = tuple(map(_reason, said))
    return Recommended(choice.id, choice.name, reasons, choice.price, choice.lessons)


def _against(chosen: tuple[str, ...], given: Answers) -> Iterator[Discouraged]:
    """Yield each choice that an answer speaks against, with the first such reason."""
    for choice in CHOICES:
        said = (s for s in AGAINST if s.choice == choice.id and _rests(s, given))
        first = next(said, None)
        if choice.id not in chosen and first is not None:
            yield Discouraged(choice.id, choice.name, _reason(first))


def _flips(chosen: tuple[str, ...], given: Answers) -> Iterator[Flip]:
    """Try each other answer to each question, and yield those that change what to use."""
    for asking in QUESTIONS:
        for words in asking.words:
            other = _chosen({**given, asking.id: words})
            gains = tuple(name for name in other if name not in chosen)
            drops = tuple(name for name in chosen if name not in other)
            if gains or drops:
                yield Flip(asking.id, words, gains, drops)


# --- the answers ----------------------------------------------------------------------------------


def _asking(question: str) -> Asking:
    return next(asking for asking in QUESTIONS if asking.id == question)


def _checked(answers: Mapping[str, str]) -> dict[str, str]:
    """Return one of its answers for each question, in the questions' order."""
    given: object = answers
    if not isinstance(given, Mapping):
        raise GuideError(
            f"advise() takes answers by question, such as {{'reply': 'yes'}}, not {brief(given)}."
        )
    ids = [asking.id for asking in QUESTIONS]
    if odd := [key for key in given if key not in ids]:
        near = get_close_matches(str(odd[0])[:40], ids, 1)
        known = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(ids)}."
        raise GuideError(f"There is no question {brief(odd[0])}: {known}")
    return {asking.id: _answer(asking, given) for asking in QUESTIONS}


def _answer(asking: Asking, given: Mapping[object, object]) -> str:
    known = " or ".join(repr(words) for words in asking.words)
    if asking.id not in given:
        raise GuideError(f"{asking.ask} Answer {asking.id}: {known}.")
    said = given[asking.id]
    words = " ".join(said[:100].split()).casefold() if isinstance(said, str) else ""
    if words not in asking.words:
        raise GuideError(f"{brief(said)} is no answer to {asking.id!r}: answer {known}.")
    return words
