"""What can go wrong in any question: its explanation, and its hints by degrees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Why what is named so fails, unless a question says it better.
LESSONS: Mapping[str, str] = {
    "hidden state": "A check runs your code thousands of times, and each crash or restart begins "
    "with an empty memory. What may be forgotten belongs into self, what may not into a store.",
    "never ends": "A loop of tries needs an end.",
    "waits for ever": "A call without a timeout waits for a reply that may have been lost.",
    "no await": "In Python, calling a coroutine only makes it; await runs it.",
}

#: What helps then, by degrees.
HINTS: Mapping[str, Sequence[str]] = {
    "hidden state": ["Set it in __init__, as self.… = …, and give check() the class itself."],
    "never ends": ["What ends the loop if nothing ever goes well?"],
    "waits for ever": ["Give call() a timeout."],
    "no await": ["Write await in front of it, and async in front of the def around it."],
    "raises": ["Read that line with the values it had: print() them, and check again."],
    "misuse": ["The sentence above says what to change; .reset() shows the stub once more."],
}
