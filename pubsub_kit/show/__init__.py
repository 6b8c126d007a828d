"""Pictures of runs: each a function from a trace to a `Picture`, which shows in any front-end.

`spacetime` (lessons call it `trace`) draws who sent what to whom and when, `topology` who talks to
whom and how well, `latency` how long it took, `rates` how often something happened; `lines` and
`bars` draw any curve or count, `points` choices measured two ways. `play` reruns a picture under
sliders; `predict`, `compare` and `quiz` ask before and after.
"""

from __future__ import annotations

from pubsub_kit.show.charts.bars import bars
from pubsub_kit.show.charts.latency import latency
from pubsub_kit.show.charts.lines import lines
from pubsub_kit.show.charts.points import points
from pubsub_kit.show.charts.rates import rates
from pubsub_kit.show.diagrams.counterexample import counterexample
from pubsub_kit.show.diagrams.spacetime import spacetime
from pubsub_kit.show.diagrams.topology import topology
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.show.widgets import ask
from pubsub_kit.show.widgets.ask import QuestionError, answer, compare, predict, quiz
from pubsub_kit.show.widgets.controls import choice, slider, toggle
from pubsub_kit.show.widgets.play import play

trace = spacetime

__all__ = [
    "Picture",
    "PictureError",
    "QuestionError",
    "answer",
    "ask",
    "bars",
    "choice",
    "compare",
    "counterexample",
    "latency",
    "lines",
    "play",
    "points",
    "predict",
    "quiz",
    "rates",
    "slider",
    "spacetime",
    "toggle",
    "topology",
    "trace",
]
