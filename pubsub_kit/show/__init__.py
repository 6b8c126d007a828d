"""Pictures of runs: each a function from a trace to a `Picture`, which shows in any front-end.

`spacetime` (lessons call it `trace`) draws who sent what to whom and when. `play` reruns a picture
under sliders; `predict`, `compare` and `quiz` ask before and after.
"""

from __future__ import annotations

from pubsub_kit.show import ask
from pubsub_kit.show.ask import QuestionError, answer, compare, predict, quiz
from pubsub_kit.show.diagram import spacetime
from pubsub_kit.show.picture import Picture, PictureError
from pubsub_kit.show.play import choice, play, slider, toggle

trace = spacetime

__all__ = [
    "Picture",
    "PictureError",
    "QuestionError",
    "answer",
    "ask",
    "choice",
    "compare",
    "play",
    "predict",
    "quiz",
    "slider",
    "spacetime",
    "toggle",
    "trace",
]
