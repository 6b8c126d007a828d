"""Sliders that rerun a run: `play(draw, latency=slider(…))` redraws the picture as they move.

The picture goes into the page as SVG, which follows the page's theme, with those of its words below
that the drawing does not have; a screen reader hears them all. A viewer without widgets shows the
first picture, and so does a notebook's test: nothing that is compared depends on a slider or a
clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from html import escape
from time import perf_counter
from typing import Any

from pubsub_kit.show import page
from pubsub_kit.show.ink import clean
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.show.widgets import live
from pubsub_kit.show.widgets.controls import Control

# Seconds: a run that takes longer, its drawing included, waits until a slider is let go.
_SLOW = 0.15

#: The latest playground of each cell, by the cell's id and the names of its controls.
_of_cells: dict[tuple[str, ...], Playground] = {}


def play(draw: Callable[..., Picture], **controls: Control) -> Playground:
    """Show `draw(**values)` with a control for each value, and redraw when one changes.

    A cell of a notebook that is run again keeps its controls where they were moved to, unless it
    describes other controls than before.
    """
    given: Mapping[str, object] = controls
    for name, control in given.items():
        if not isinstance(control, Control):
            use = "use show.slider(), show.choice() or show.toggle()"
            raise PictureError(f"{name}={control!r} is no control: {use}.")
    return _in_cell(live.cell(), draw, controls)


def _in_cell(
    cell: str, draw: Callable[..., Picture], controls: Mapping[str, Control]
) -> Playground:
    """Return a playground whose controls stand where those of the same cell stood."""
    before = _of_cells.get((cell, *controls)) if cell else None
    same = before is not None and before.controls == dict(controls)
    made = Playground(draw, controls, before.values if before is not None and same else None)
    if cell:
        _of_cells[(cell, *controls)] = made
    return made


class Playground:
    """A picture with its controls: `values` are the settings now, `picture` is what they give.

    An error inside `draw` becomes one sentence in the picture's place. `set(latency=0.2)` moves a
    control from code.
    """

    def __init__(
        self,
        draw: Callable[..., Picture],
        controls: Mapping[str, Control],
        moved: Mapping[str, Any] | None = None,
    ) -> None:
        self._draw, self._controls = draw, dict(controls)
        self.values: dict[str, Any] = {name: c.value for name, c in controls.items()}
        self.values |= moved or {}
        start = perf_counter()
        self.picture, self.error = self._run(Exception, SystemExit)
        self._spent = perf_counter() - start
        self._first = self.picture
        self.text = f"{self._settings()}\n{self._words()}" if controls else self._words()
        self._widget: Any = None

    @property
    def controls(self) -> dict[str, Control]:
        """What may be changed, by name."""
        return dict(self._controls)

    def set(self, **values: Any) -> None:
        """Move controls from code, and redraw once; raises PictureError, and then moves none."""
        for name, value in values.items():
            if name not in self._controls:
                known = ", ".join(self._controls) or "none"
                raise PictureError(f"There is no control {name!r}; there are: {known}.")
            if why := self._controls[name].refusal(value):
                raise PictureError(f"{name}={value!r} {why}.")
        self._change(values)
        if self._widget is not None:
            self._widget.values = self._sent()

    def html(self) -> str:
        """Return the picture now as HTML: inline SVG, and the words that it does not have."""
        shown = self._shown()
        words = "\n".join(line for line, drawn in shown["words"] if not drawn)
        return f'{shown["picture"]}<pre style="white-space:pre-wrap">{escape(words)}</pre>'

    @property
    def widget(self) -> Any:
        """Return the live widget: the controls above, the picture and its words below.

        Raises ImportError where anywidget is not installed.
        """
        if self._widget is None:
            described = [c.described(name) for name, c in self._controls.items()]
            self._widget = live.playground(described, self._sent(), self._timed())
            self._widget.observe(lambda change: self._moved(change["new"]), "values")
        return self._widget

    def _sent(self) -> dict[str, Any]:
        return {name: c.sent(self.values[name]) for name, c in self._controls.items()}

    def _run(self, *caught: type[BaseException]) -> tuple[Picture | None, str]:
        """Draw, or say why not; while the cell still runs, an interrupt stays the cell's own."""
        try:
            drawn: object = self._draw(**self.values)
        except caught as error:
            return None, _failed(error)
        if not isinstance(drawn, Picture):
            return None, f"draw() must return a picture; it returned {type(drawn).__name__}."
        return drawn, ""

    def _words(self) -> str:
        return self.picture.text if self.picture else self.error

    def _settings(self) -> str:
        return "with " + ", ".join(f"{name} = {value}" for name, value in self.values.items())

    def _moved(self, sent: Mapping[str, Any]) -> None:
        values = {}
        for name in self._controls.keys() & sent.keys():
            try:
                values[name] = self._controls[name].received(sent[name])
            except ValueError:
                continue  # a page's slip changes nothing
        if any(self.values[name] != value for name, value in values.items()):
            self._change(values)

    def _change(self, values: Mapping[str, Any]) -> None:
        self.values |= values
        start = perf_counter()
        self.picture, self.error = self._run(BaseException)
        self._spent = perf_counter() - start
        if self._widget is not None:
            self._widget.shown = self._timed()

    def _timed(self) -> dict[str, Any]:
        """Return what the page shows, and whether the next move has to wait for its end."""
        start = perf_counter()
        shown = self._shown()
        slow = self._spent + perf_counter() - start > _SLOW
        return shown | {"slow": slow, "count": self._count()}

    def _count(self) -> int:
        """Number what is shown: a redraw that gives the same picture is an answer too."""
        return 0 if self._widget is None else int(self._widget.shown["count"]) + 1

    def _shown(self) -> dict[str, Any]:
        """Return the picture, and each line of its words with whether the drawing has it too."""
        if self.picture is None:
            return {"picture": "", "words": [[self.error, False]]}
        try:
            drawing = page.live(self.picture)
        except BaseException as error:
            return {"picture": "", "words": [[_failed(error), False]]}
        beyond = self.picture.beyond.split("\n")
        words = [[line, line not in beyond] for line in self.picture.text.split("\n")]
        return {"picture": drawing, "words": words}

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Give the live widget, and for every other viewer the first picture and its words."""
        data, about = self._first._repr_mimebundle_() if self._first else ({}, {})
        return {**live.view(lambda: self.widget), **data, "text/plain": self.text}, about


def _failed(error: BaseException) -> str:
    """Say in a sentence what an error in `draw` was; its own words may fail as well."""
    try:
        words = clean(error)
    except BaseException:
        words = ""
    name = type(error).__name__
    return f"This setting did not run: {name}: {words}" if words else f"This setting raised {name}."
