"""Pictures of runs: each a function from a trace to a `Picture`, which shows in any front-end.

`spacetime` (lessons call it `trace`) draws who sent what to whom and when, `compare_runs` a run
beside its fix, `topology` who talks to whom and how well, `waterfall` the spans of a trace,
`segments` a log's files and who reads them, `replicas` the logs of several brokers, `branches` what
was done and undone, `arena` a shot from above, `grid` how each thing is, `engines` what each
keeps of a contract, `latency` how long it took, `rates` how often something happened; `lines` and
`bars` draw any curve or count, `points` choices measured two ways. `play` reruns a picture under
sliders, `travel` is a panel with a past; `predict`, `compare` and `quiz` ask before and after.
"""

from __future__ import annotations

from pubsub_kit.show.charts.bars import bars
from pubsub_kit.show.charts.latency import latency
from pubsub_kit.show.charts.lines import lines
from pubsub_kit.show.charts.points import points
from pubsub_kit.show.charts.rates import rates
from pubsub_kit.show.diagrams.arena import arena
from pubsub_kit.show.diagrams.branches import branches
from pubsub_kit.show.diagrams.compare_runs import compare_runs
from pubsub_kit.show.diagrams.counterexample import counterexample, hardest
from pubsub_kit.show.diagrams.engines import engines
from pubsub_kit.show.diagrams.grid import grid
from pubsub_kit.show.diagrams.replicas import replicas
from pubsub_kit.show.diagrams.segments import segments
from pubsub_kit.show.diagrams.spacetime import spacetime
from pubsub_kit.show.diagrams.topology import topology
from pubsub_kit.show.diagrams.travel import travel
from pubsub_kit.show.diagrams.waterfall import waterfall
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
    "arena",
    "ask",
    "bars",
    "branches",
    "choice",
    "compare",
    "compare_runs",
    "counterexample",
    "engines",
    "grid",
    "hardest",
    "latency",
    "lines",
    "play",
    "points",
    "predict",
    "quiz",
    "rates",
    "replicas",
    "segments",
    "slider",
    "spacetime",
    "toggle",
    "topology",
    "trace",
    "travel",
    "waterfall",
]
