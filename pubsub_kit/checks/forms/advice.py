"""What can go wrong in any question: why it fails, and hints, the gentlest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Why an answer with this misconception fails, unless its question says it better.
LESSONS: Mapping[str, str] = {
    "hidden state": "The check runs your code thousands of times, and every crash or restart wipes "
    "its memory. Keep what may be lost in self, and what must survive in a store.",
    "never ends": "A loop that retries until it succeeds never ends if nothing ever succeeds.",
    "waits for ever": "A call without a timeout waits forever if its reply was lost.",
    "no await": "Calling an async function only creates a coroutine; await runs it.",
}

#: What helps then, the gentlest hint first.
HINTS: Mapping[str, Sequence[str]] = {
    "hidden state": ["Set it in __init__, as self.… = …, and pass the class itself to check()."],
    "never ends": ["What stops your loop if every attempt fails?"],
    "waits for ever": ["Give call() a timeout, in seconds."],
    "no await": ["Put await before the call, and async before the def around it."],
    "raises": ["Read that line with the values it had: print() them, then check again."],
    "misuse": ["The sentence above says what to change; .reset() shows the stub again."],
}
