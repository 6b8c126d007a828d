"""A trial: one object under test, what was asked of it, and the promises that it has to keep.

A promise is a `Row`: a sentence, and the shortest scene that shows whether it is kept. The scene
asks things of the object, and writes each to a trace, so that a broken promise can be drawn.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from pubsub_kit.checks.sandbox.blame import own_line, told
from pubsub_kit.errors import brief
from pubsub_kit.world.trace import Step
from pubsub_kit.world.world import World

_ADDRESS = re.compile(r" at 0x[0-9a-f]+")


class Broken(Exception):
    """A promise was not kept: what was done in words, the step at fault, and both states.

    `belief` names the misconception that this shows, if it shows one.
    """

    def __init__(
        self, words: str, step: int | None, belief: str = "", expected: Any = None,
        actual: Any = None,
    ) -> None:  # fmt: skip
        super().__init__(words)
        self.words, self.step, self.belief = words, step, belief
        self.expected, self.actual = expected, actual


class Trial:
    """What a scene is played on; time is virtual, and a world that runs nothing keeps the trace."""

    def __init__(self) -> None:
        self.now = 0.0
        self.world = World()
        self.trace = self.world.trace
        self._messages = 0
        #: Whether an error is noted without its words, which take long to find.
        self.quiet = False
        #: Hears of each object that is made: a judge then gives it its time.
        self.making: Callable[[], Any] = lambda: None

    def begin(self) -> None:
        """Make the object under test."""

    def end(self) -> None:
        """Clear away what the trial has made."""

    def asked(self, who: str, does: str, call: Callable[[], Any]) -> Any:
        """Ask something of the object; an error or a coroutine is a promise not kept."""
        try:
            answer = call()
        except Exception as error:
            raise self.raised(who, does, error) from error
        if inspect.iscoroutine(answer):
            answer.close()
            self.note("note", who, text="an async def, which nobody awaits")
            words = f"{does} is an async def, so calling it does nothing: write def."
            raise Broken(words, len(self.trace) - 1, "async where none is awaited")
        return answer

    def raised(self, who: str, does: str, error: Exception) -> Broken:
        """Return that asking for something raised an error."""
        if self.quiet:
            return Broken("", None, "raises")
        self.note("end", who, text=f"failed: {told(error)}", fault=True)
        belief = "raises" if own_line(error) else "misuse"  # it lacks a verb, or takes others
        words = f"{does} raised {told(error)}"
        words += "" if words.endswith("?") else "."
        return Broken(words, len(self.trace) - 1, belief)

    def expect(
        self, kept: bool, words: str, step: int | None = None, belief: str = "",
        expected: Any = None, actual: Any = None,
    ) -> None:  # fmt: skip
        """Raise Broken with these words unless a promise was kept; points at the last step."""
        if not kept:
            last = len(self.trace) - 1 if step is None else step
            raise Broken(words, last, belief, expected, actual)

    def note(
        self, kind: str, node: str, peer: str = "", message: str = "", text: str = "",
        fault: bool = False, data: Any = None,
    ) -> None:  # fmt: skip
        """Write a step to the trace."""
        self.trace.steps.append(Step(self.now, kind, node, peer, message, text, fault, data))

    def mark(self) -> tuple[int, float]:
        """Return where the trace stands, to come `back` to."""
        return len(self.trace), self.now

    def back(self, mark: tuple[int, float]) -> None:
        """Forget what was played since."""
        del self.trace.steps[mark[0] :]
        self.now = mark[1]

    def message(self) -> str:
        """Return a key for a message that no other has."""
        self._messages += 1
        return f"m{self._messages}"


class Row(NamedTuple):
    """One promise; `needs` names the capabilities that it takes (none for a core row)."""

    name: str
    promise: str
    scene: Callable[[Any], None]
    needs: tuple[str, ...] = ()


class Breach(NamedTuple):
    """A row that was broken: what was done in words, and the trial with its trace."""

    row: Row
    words: str
    step: int | None
    trial: Trial
    belief: str = ""
    expected: Any = None
    actual: Any = None


Scene = Callable[[Any], None]


def kept_in(rows: list[Row], *needs: str) -> Callable[[Scene], Scene]:
    """Make a scene a row of these: its name is the row's, and its docstring the promise."""

    def keep(scene: Scene) -> Scene:
        rows.append(Row(scene.__name__.replace("_", " "), scene.__doc__ or "", scene, needs))
        return scene

    return keep


def breach_of(trial: Trial, row: Row) -> Breach | None:
    """Hold what a new trial is about to one row; return what it did wrong, or None."""
    try:
        trial.begin()
        row.scene(trial)
    except Broken as broken:
        states = broken.expected, broken.actual
        return Breach(row, broken.words, broken.step, trial, broken.belief, *states)
    except Exception as error:  # of what came, which can't be compared
        return Breach(row, f"Comparing what came raised {told(error)}.", None, trial, "raises")
    finally:
        trial.end()
    return None


def shown(value: Any) -> str:
    """Return a value as short text."""
    text = value if type(value) is str else _ADDRESS.sub("", brief(value))
    return text if len(text) <= 40 else text[:39] + "…"


def listed(values: Sequence[Any]) -> str:
    """Return values as a sentence lists them: "tea and jam"; "nothing" if there are none."""
    words = [*map(shown, values[:8])]
    if len(values) > 8:
        return f"{', '.join(words)} and more"
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]])) if words else "nothing"
