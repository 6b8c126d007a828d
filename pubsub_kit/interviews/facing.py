"""What the page shows of a sitting, and what it may ask for.

The page gets words, numbers and pictures, never code, and whatever it sends is checked: a message
that makes no sense does nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from threading import RLock
from typing import Any

from pubsub_kit.errors import PubSubKitError, said
from pubsub_kit.interviews import live
from pubsub_kit.interviews.bank.question import BANDS, DIMENSIONS
from pubsub_kit.interviews.rehearsal.state import ENDED, RUNNING
from pubsub_kit.interviews.rehearsal.turn import CANDIDATE, KIT, Line, sentence
from pubsub_kit.interviews.sitting import READY, Sitting
from pubsub_kit.show import page

_COMMANDS = ("next", "hint", "run", "pause", "resume", "end")


class Facing:
    """A sitting as a page sees it; the widget is made when it is first shown."""

    def __init__(self, sitting: Sitting) -> None:
        self._sitting = sitting
        self._widget: Any = None
        self._saved = self._last = ""
        self._turn = RLock()  # JupyterLab may hand in messages in several threads

    @property
    def widget(self) -> Any:
        """Return the live widget. Raises ImportError where anywidget is not installed."""
        if self._widget is None:
            self._widget = live.rehearsing(self._shown(), self._timer())
            self._widget.on_msg(lambda _, message, buffers: self._received(message))
        return self._widget

    def show(self) -> None:
        """Send the page what has changed."""
        if self._widget is None:
            return
        sitting = self._sitting
        self._widget.timer = self._timer()
        self._widget.shown = self._shown()
        ended = sitting.status == ENDED and sitting.rated
        self._widget.report = sitting.report().html() if ended else self._last
        drawn = None if sitting.unrun else sitting.pictures().get(sitting.runs)
        self._widget.picture = page.live(drawn) if drawn else ""

    def _shown(self) -> dict[str, Any]:
        """Return all that the page shows, but for the clock, the picture and the report."""
        sitting, going = self._sitting, self._sitting.rehearsal
        ready = sitting.status == READY
        standing = sitting.standing() if ready else ""
        return {
            "title": sitting.question.title,
            "about": "\n".join([sitting.question.pitch, standing]).strip() if ready else "",
            "stopped": bool(standing),
            "last": ready and not self._last and sitting.last() is not None,
            "status": sitting.status,
            "boxes": [[name, minute(seconds)] for name, seconds in self._sitting.boxes()],
            "box": going.state.box if going else 0,
            "lines": [list(line) for line in sitting.lines],
            "history": [line.text for line in sitting.lines if line.who == CANDIDATE],
            "decision": self._decision(),
            "dimensions": list(DIMENSIONS),
            "bands": list(BANDS),
            "rated": sitting.rated,
            "saved": self._saved,
        }

    def _decision(self) -> dict[str, Any] | None:
        """Return the decision that the interviewer waits for, with its options."""
        going = self._sitting.rehearsal
        kind, _, id = going.state.awaits.partition(":") if going else ("", "", "")
        for each in self._sitting.question.decisions if kind == "decision" else ():
            if each.id == id:
                options = [[option.id, option.label] for option in each.options]
                return {"id": each.id, "ask": each.ask, "options": options}
        return None

    def _timer(self) -> dict[str, Any]:
        going = self._sitting.rehearsal
        if going is None:
            return {}
        box, box_left, left = going.timer
        given = dict(self._sitting.boxes())[box]
        running, ended = self._sitting.status == RUNNING, self._sitting.status == ENDED
        return {"box": box, "box_left": box_left, "left": left, "box_given": given,
                "running": running, "ended": ended}  # fmt: skip

    def _received(self, message: object) -> None:
        """Do what the page asks for; what goes wrong, it says in a line of the kit's."""
        asked = message if isinstance(message, Mapping) else {}
        with self._turn:
            try:
                self._act(str(asked.get("do", "")), asked)
            except (PubSubKitError, OSError) as error:
                self._sitting.lines.append(Line(KIT, sentence(said(error))))
            self.show()

    def _act(self, do: str, asked: Mapping[str, Any]) -> None:
        sitting, text = self._sitting, str(asked.get("text", ""))
        if do in ("start", "anew"):
            self._last = ""
            sitting.start(anew=do == "anew")
        elif do == "last":
            last = sitting.last()
            self._last = last.html() if last else ""
        elif do == "save":
            path = sitting.save()
            self._saved = f"Saved as {path.relative_to(path.parents[3]).as_posix()}"
        elif do == "rate":
            bands = asked.get("bands")
            sitting.rate(bands if isinstance(bands, Mapping) else {})
        elif do == "tick":
            sitting.tick()
        elif self._sitting.status == READY:
            return
        elif do == "say":
            sitting.hear(text)
        elif do == "decide":
            id, option = str(asked.get("id")), str(asked.get("option"))
            sitting.hear(f"/decide {id} {option}", self._label(id, option))
        elif do == "claim":
            sitting.hear(f"/claim {text}, {asked.get('sure')}%", f"I claim: {text}")
        elif do in _COMMANDS:
            sitting.hear(f"/{do}", "")

    def _label(self, id: str, option: str) -> str:
        """Return the words of an option."""
        options = (o for d in self._sitting.question.decisions if d.id == id for o in d.options)
        return next((each.label for each in options if each.id == option), option)


def minute(seconds: float) -> str:
    """Return the minutes of a box, such as "5 min" or "0.6 min"."""
    return f"{round(seconds / 60, 1):g} min"
