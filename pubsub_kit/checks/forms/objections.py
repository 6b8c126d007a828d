"""What a learner's oracle says of a run, and which step of the run its words point at.

An oracle is `oracle(rows, trace)`: it returns None if the run is right, and says what is wrong if
it is not. A text, a list of texts, a Violation and a failed `assert` are all understood. It gets
copies, so it can change what it likes.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from pubsub_kit.checks.forms.question import AnswerError
from pubsub_kit.checks.sandbox.blame import own_line, told
from pubsub_kit.scenarios.plain import short, shown
from pubsub_kit.world.handlers import copied
from pubsub_kit.world.search.explore import Violation
from pubsub_kit.world.trace import Step, Trace
from pubsub_kit.world.world import World

Rows = Mapping[str, Any]
_FINE = {"ok", "okay", "fine", "good", "right", "correct", "pass", "passed", "true", "yes"}
_NOTHING = ("set()", "[]", "{}")
_RETURN = "return None if the run is right, and a text that says what is wrong if it is not"
_MOMENT = re.compile(r"(\d+(?:\.\d+)?) ?s\b")
_NAME = re.compile(r"[\w-]+")


class Raised(Exception):
    """An oracle raised an error about one run: carries that run's world, and a sentence."""

    def __init__(self, world: World, words: str) -> None:
        super().__init__(words)
        self.world = world


def asked(oracle: Callable[..., Any], rows: Mapping[str, Any], trace: Trace) -> Violation | None:
    """Ask an oracle about one run; return what it objects to, with the step that it points at.

    Raises AnswerError for an answer that is none, and whatever the oracle raises.
    """
    try:
        said = oracle(copied(dict(rows)), _copy(trace))
    except AssertionError as error:
        said = str(error) or f"the assertion in {own_line(error)} failed"
    return objection(said, trace)


def words(oracle: Callable[..., Any], rows: Mapping[str, Any], trace: Trace) -> str:
    """Return what an oracle says of a run, or the error that it raises; "" if it is content."""
    try:
        said = asked(oracle, rows, trace)
    except Exception as error:
        return told(error)
    return said.message if said else ""


def says_nothing(oracle: Callable[..., Any], rows: Mapping[str, Any], trace: Trace) -> str:
    """Return a sentence on the empty text that an oracle returns about a wrong run, or ""."""
    with suppress(Exception):
        said = oracle(copied(dict(rows)), _copy(trace))
        if isinstance(said, str) and not said.strip():
            return f" It returned {said[:3]!r}, and an empty text counts as nothing."
    return ""


def objection(said: Any, trace: Trace) -> Violation | None:
    """Return what an oracle's answer objects to; raises AnswerError for an answer that is none."""
    if isinstance(said, Violation):
        words, step = str(said.message), said.step
        inside = isinstance(step, int) and 0 <= step < len(trace)
        return Violation(short(words), step if inside else pointed_at(words, trace))
    if isinstance(said, list | tuple) and all(isinstance(part, str) for part in said):
        said = next(filter(str.strip, said), None)
    if said is None or (isinstance(said, str) and not said.strip()):
        return None
    if isinstance(said, str):
        return Violation(short(said), pointed_at(said, trace))
    raise AnswerError(_refusal(said))


def means_fine(said: str) -> bool:
    """Say whether a text that an oracle returned means to say that all is well.

    "lost: set()" does so as well: it quotes a collection in which there is nothing.
    """
    return said.strip(" .!").lower() in _FINE or said.rstrip(" .!").endswith(_NOTHING)


def spares(oracle: Callable[..., Any], others: Mapping[str, Rows], trace: Trace) -> str:
    """Return the name of the first of these rows with which an oracle spares a run; "" if none."""
    for name, rows in others.items():
        with suppress(Exception):
            if asked(oracle, rows, trace) is None:
                return name
    return ""


def _refusal(said: Any) -> str:
    if inspect.iscoroutine(said):
        said.close()
        return "your oracle is an async def, so calling it judges nothing: write def"
    if inspect.isgenerator(said) or inspect.isasyncgen(said):
        return f"your oracle contains a yield, so calling it judges nothing: {_RETURN}"
    if isinstance(said, bool):
        return (
            f"your oracle returned {said}, which doesn't say whether the run is right or wrong: "
            f"{_RETURN}"
        )
    return f"your oracle returned {shown(said, 40)}, which is no judgement: {_RETURN}"


def checked(oracle: Any) -> Any:
    """Return an oracle that takes rows and a trace; raises AnswerError for any other answer."""
    if isinstance(oracle, type):
        raise AnswerError(f"{oracle.__name__} is a class: give a function, def oracle(rows, trace)")
    try:
        inspect.signature(oracle).bind({}, Trace())
    except TypeError:
        takes = f"{getattr(oracle, '__name__', 'it')}{inspect.signature(oracle)}"
        raise AnswerError(
            f"an oracle takes two arguments, the final rows and the trace of a run: write def "
            f"oracle(rows, trace), not {takes[:60]}"
        ) from None
    except ValueError:  # a builtin, which does not say what it takes
        pass
    return oracle


def pointed_at(words: str, trace: Trace) -> int | None:
    """Return the step that words are about: the last one that has most of the names in them.

    A moment in the words, such as "1.05 s", counts for more than a name. None in an empty trace.
    """
    if not trace:
        return None
    moments = {float(found) for found in _MOMENT.findall(words)}
    names = set(_NAME.findall(words))

    def fits(i: int) -> tuple[int, int]:
        step = trace[i]
        at = 3 * any(abs(step.time - moment) < 0.0005 for moment in moments)
        kind = any(name.startswith(step.kind) for name in names)  # "crashed" means a crash
        return at + kind + len(names & _names_in(step)), i

    return (
        max(range(len(trace)), key=fits)
        if any(fits(i)[0] for i in range(len(trace)))
        else (len(trace) - 1)
    )


def _names_in(step: Step) -> set[str]:
    return {step.node, step.peer, *_NAME.findall(step.text)} - {""}


def _copy(trace: Trace) -> Trace:
    """Return a copy of a trace that shares nothing with it that could be changed."""
    return Trace(
        [
            step._replace(data=tuple(map(copied, step.data)))
            if isinstance(step.data, tuple)
            else step
            for step in trace.steps
        ]
    )
