"""Buttons whose clicks are events, a slider that travels through them, and branches.

The state is nothing but the events, replayed by a reducer. A click after a journey back begins a
branch beside what was there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any

from pubsub_kit.show import given
from pubsub_kit.show.diagrams.branches import branches
from pubsub_kit.show.picture import Picture
from pubsub_kit.show.widgets import live

Reducer = Callable[[Any, str], Any]
_MOST, _DEEPEST = 30, 12  # states that fit into a picture, and in a row of it


def travel(reducer: Reducer, start: Any, buttons: Sequence[str]) -> Panel:
    """Show buttons whose clicks are events, and a slider that travels through their states."""
    return Panel(reducer, start, buttons)


class Panel:
    """A small user interface, live in a notebook; elsewhere, the picture of its history.

    `buttons` are ipywidgets by name, which a hand or `click()` presses. `slider` travels: its value
    is the number of a state. `log` has each event with the number of the state before it.
    """

    def __init__(self, reducer: Reducer, start: Any, buttons: Sequence[str]) -> None:
        import ipywidgets

        given.several("travel()", "a list of the buttons' names", buttons, str)
        if not callable(reducer):
            raise given.wrong("travel()", "a function reducer(state, event)", reducer)
        self.reducer, self.start, self.here = reducer, start, 0
        self.log: list[tuple[int, str]] = []
        self.buttons = {name: ipywidgets.Button(description=name) for name in buttons}
        self.slider = ipywidgets.IntSlider(0, 0, 0, description="state")
        self._shown = ipywidgets.HTML()
        self._widget = ipywidgets.VBox(
            [ipywidgets.HBox([*self.buttons.values()]), self.slider, self._shown]
        )
        for button in self.buttons.values():
            button.on_click(self._clicked)
        self.slider.observe(self._moved, "value")
        self._draw()

    def path(self, number: int | None = None) -> list[str]:
        """Return the events that lead to a state, or to the one at the slider, in order."""
        return [self.log[n - 1][1] for n in self._numbers(number)[1:]]

    def state(self, number: int | None = None) -> Any:
        """Return a state by number, or the one at the slider: its events are replayed for it."""
        return reduce(self.reducer, self.path(number), self.start)

    @property
    def picture(self) -> Picture:
        """The history as a tree of states; of a large one, the last that led to the slider's."""
        numbers, caption = list(range(len(self.log) + 1)), ""
        if len(numbers) > _MOST or max(len(self._numbers(n)) for n in numbers) > _DEEPEST:
            numbers = self._numbers(self.here)[-_DEEPEST:]
            caption = f"These are {len(numbers)} of {len(self.log) + 1} states."
        drawn: list[tuple[int | None, str, Any]] = []
        for n in numbers:
            parent, event = self.log[n - 1] if n else (None, "")
            before = numbers.index(parent) if parent in numbers else None
            drawn.append((before, event, self.state(n)))
        return branches(drawn, here=numbers.index(self.here), caption=caption or None)

    def _numbers(self, number: int | None) -> list[int]:
        """Return the numbers of the states that lead to one, from 0 to its own."""
        at = self.here if number is None else number
        numbers = [at]
        while at:
            at = self.log[at - 1][0]
            numbers.append(at)
        return numbers[::-1]

    def _clicked(self, button: Any) -> None:
        self.log.append((self.here, button.description))
        self.slider.max = len(self.log)
        self.slider.value = len(self.log)

    def _moved(self, change: Any) -> None:
        self.here = change["new"]
        self._draw()

    def _draw(self) -> None:
        try:
            self._shown.value = self.picture.svg("page")
        except Exception as error:  # a reducer's own
            self._shown.value = f"<pre>{type(error).__name__}: the history can't be drawn</pre>"

    def __repr__(self) -> str:
        return self.picture.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Give the live panel, and for every other viewer its picture and the words."""
        data, about = self.picture._repr_mimebundle_()
        return {**live.view(lambda: self._widget), **data}, about
