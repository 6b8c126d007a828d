"""What can go wrong in any question: why it fails, and hints, the gentlest first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

#: Why an answer with this misconception fails, unless its question says it better.
LESSONS: Mapping[str, str] = {
    "hidden state": "The check runs your code thousands of times, and every crash or restart wipes "
    "its memory. Keep what may be lost in self, and what must survive in a store.",
    "never ends": "A loop that retries until it succeeds never ends if nothing ever succeeds.",
    "expects an old version": "Every append was refused, since its stream didn't have the version "
    "that you expect. Where does your version come from after a Conflict, and of which stream?",
    "nobody ends its wait": "Your handler waits for something that nobody does any more, or for "
    "too long. A lock or a flag has to be given back after an error, too; sleep() takes seconds.",
    "one call takes too long": "That call has no timeout, or a very long one. A timeout is in "
    "seconds: timeout=500 waits for more than eight minutes.",
    "waits for ever": "A call without a timeout waits forever if no reply comes.",
    "an empty text": "A text says what is wrong, so it has to have words in it. Return None where "
    "nothing is wrong, and a sentence where something is.",
    "raises on any run": "An exception is no judgement, unless an assert raises it. This one comes "
    "where nothing is wrong, in a run without any fault.",
    "no await": "Calling an async function only creates a coroutine; await runs it.",
    "async where none is awaited": "Calling an async def only makes a coroutine, and nothing in it "
    "runs until somebody awaits it. Whoever calls this function doesn't.",
}

#: Slips of the pen, which say nothing about what somebody believes.
SLIPS = ("raises", "raises on any run", "misuse", "no await", "async where none is awaited")

#: What helps then, the gentlest hint first.
HINTS: Mapping[str, Sequence[str]] = {
    "hidden state": [
        "In a function, set it inside. In a class, set it in __init__, as self.… = …, and give "
        "check() the class and not an object of it."
    ],
    "never ends": ["What stops your loop if every attempt fails?"],
    "expects an old version": [
        "After a Conflict, what you read before it is old. What do you do again, and what not?"
    ],
    "nobody ends its wait": [
        "What is it waiting for, who is to bring that about, and what if they fail?",
        "try: … finally: … gives back what is held, whatever happens.",
    ],
    "one call takes too long": ["How long do you want to wait for that reply, in seconds?"],
    "waits for ever": ["Give call() a timeout, in seconds."],
    "no await": ["Put await before the call, and async before the def around it."],
    "async where none is awaited": ["Leave out the word async."],
    "raises": ["Read that line with the values it had: print() them, then check again."],
    "an empty text": ["return 'the position fell', say, and not return ''."],
    "raises on any run": ["Read that line with the values it had: print() them, then check again."],
    "misuse": [
        "Compare your names and arguments with the sentence above; .reset() shows the stub again."
    ],
}
