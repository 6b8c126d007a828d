"""Sliders that rerun a run: `play(draw, latency=slider(…))` redraws the picture as they move.

The picture goes into the page as SVG, which follows the page's theme, with its summary in words
below. A viewer without widgets shows the first picture and its words, and so does a notebook's
test: nothing that is compared depends on a slider or a clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import ceil, log10
from time import perf_counter
from typing import Any

from pubsub_kit.show.picture import Picture, PictureError

# Seconds: a run that takes less may follow a slider while it moves. Drawing comes on top, and isn't
# measured: a picture is drawn when it is shown, and the first chart waits for matplotlib.
_QUICK = 0.06
_LABELS = {"description_width": "200px"}


@dataclass(frozen=True)
class Control:
    """What a learner may change: a number in a range, one of several options, or a yes or no."""

    kind: str
    value: Any
    label: str | None = None
    low: float = 0.0
    high: float = 1.0
    step: float | None = None
    options: tuple[tuple[str, Any], ...] = ()


def slider(
    low: float,
    high: float,
    value: float | None = None,
    *,
    step: float | None = None,
    label: str | None = None,
) -> Control:
    """Describe a number from `low` to `high`; whole numbers give whole steps."""
    start = low if value is None else value
    if not all(isinstance(number, int | float) for number in (low, high, start)):
        raise PictureError(f"slider({low!r}, {high!r}, {start!r}): each of them must be a number.")
    if not low <= start <= high or low == high:
        raise PictureError(
            f"slider({low}, {high}, {start}): low must be below high, and the value between."
        )
    return Control("slider", start, label, low, high, step)


def choice(
    options: Sequence[Any] | Mapping[str, Any], value: Any = None, *, label: str | None = None
) -> Control:
    """Describe one of several options: a list of values, or a mapping from names to values."""
    named = options.items() if isinstance(options, Mapping) else ((str(o), o) for o in options)
    pairs = tuple((str(name), option) for name, option in named)
    if not pairs:
        raise PictureError("choice() has no options: give it at least one.")
    start = pairs[0][1] if value is None else value
    if start not in [option for _, option in pairs]:
        raise PictureError(f"choice(): {start!r} is not among its options.")
    return Control("choice", start, label, options=pairs)


def toggle(value: bool = False, *, label: str | None = None) -> Control:
    """Describe a yes or no."""
    return Control("toggle", value, label)


def play(draw: Callable[..., Picture], **controls: Control) -> Playground:
    """Show `draw(**values)` with a control for each value, and redraw when one changes."""
    given: Mapping[str, object] = controls
    for name, control in given.items():
        if not isinstance(control, Control):
            use = "use show.slider(), show.choice() or show.toggle()"
            raise PictureError(f"{name}={control!r} is no control: {use}.")
    return Playground(draw, controls)


class Playground:
    """A picture with its controls: `values` are the settings now, `picture` is what they give.

    An error inside `draw` becomes one sentence in the picture's place. `set(latency=0.2)` moves a
    control from code.
    """

    def __init__(self, draw: Callable[..., Picture], controls: Mapping[str, Control]) -> None:
        self._draw, self._controls = draw, dict(controls)
        self.values: dict[str, Any] = {name: c.value for name, c in controls.items()}
        start = perf_counter()
        self.picture, self.error = self._run()
        self._quick = perf_counter() - start < _QUICK
        self._first = self.picture
        self.text = f"{self._settings()}\n{self._words()}" if controls else self._words()
        self._widgets: dict[str, Any] = {}
        self._page: Any = None
        self._box: Any = None

    def set(self, **values: Any) -> None:
        """Move controls from code, and redraw once."""
        for name in values:
            if name not in self._controls:
                known = ", ".join(self._controls) or "none"
                raise PictureError(f"There is no control {name!r}; there are: {known}.")
        self.values |= values
        self._redraw()
        for name, value in values.items():
            if name in self._widgets:
                self._widgets[name].value = value

    def html(self) -> str:
        """Return the picture now as HTML: inline SVG and its summary, every name escaped."""
        shown = self.picture.svg() if self.picture else ""
        style = "margin:2px 0 0;white-space:pre-wrap;font-size:12px;line-height:1.4"
        return f'{shown}<pre style="{style}">{escape(self._words())}</pre>'

    @property
    def widget(self) -> Any:
        """Return the ipywidgets box: the controls above, the picture below."""
        if self._box is None:
            self._box = self._build()
        return self._box

    def _run(self) -> tuple[Picture | None, str]:
        try:
            drawn: object = self._draw(**self.values)
        except Exception as error:
            return None, f"This setting did not run: {type(error).__name__}: {error}"
        if not isinstance(drawn, Picture):
            return None, f"draw() must return a picture; it returned {type(drawn).__name__}."
        return drawn, ""

    def _words(self) -> str:
        return self.picture.text if self.picture else " ".join(self.error.split())

    def _settings(self) -> str:
        return "with " + ", ".join(f"{name} = {value}" for name, value in self.values.items())

    def _build(self) -> Any:
        import ipywidgets as widgets

        self._page = widgets.HTML(self.html())
        self._widgets = {name: self._control(name, c) for name, c in self._controls.items()}
        for name, control in self._widgets.items():
            control.observe(lambda change, name=name: self._moved(name, change["new"]), "value")
        return widgets.VBox([*self._widgets.values(), self._page])

    def _control(self, name: str, control: Control) -> Any:
        import ipywidgets as widgets

        label = control.label or name.replace("_", " ")
        common = {"description": label, "style": _LABELS, "value": self.values[name]}
        wide = widgets.Layout(width="560px", max_width="98%")
        if control.kind == "toggle":
            return widgets.Checkbox(**common, layout=wide)
        if control.kind == "choice":
            return widgets.Dropdown(**common, options=list(control.options), layout=wide)
        numbers = (control.low, control.high, control.value, control.step or 1)
        whole = all(isinstance(number, int) for number in numbers)
        make = widgets.IntSlider if whole else widgets.FloatSlider
        step = control.step or (1 if whole else (control.high - control.low) / 100)
        bounds = {"min": control.low, "max": control.high, "step": step, "layout": wide}
        if not whole:
            bounds["readout_format"] = f".{max(0, ceil(-log10(step) - 1e-9))}f"
        return make(**common, **bounds, continuous_update=self._quick)

    def _moved(self, name: str, value: Any) -> None:
        if self.values[name] != value:
            self.values[name] = value
            self._redraw()

    def _redraw(self) -> None:
        self.picture, self.error = self._run()
        if self._page is not None:
            self._page.value = self.html()

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> tuple[Any, Any]:
        """Give the live widget, and for every other viewer the first picture and its words."""
        data, about = self._first._repr_mimebundle_() if self._first else ({}, {})
        try:
            live = self.widget._repr_mimebundle_() or {}
        except ImportError:
            live = {}
        return {**live, **data, "text/plain": self.text}, about
