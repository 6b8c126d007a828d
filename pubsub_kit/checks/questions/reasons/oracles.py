"""What a learner's oracle may get wrong, whatever it judges, and hints for it."""

from __future__ import annotations

#: What any oracle may get wrong.
LESSONS = {
    "never complains": "Your oracle returned None every time, so it can't fail a wrong system. "
    "What does it return where it finds something?",
    "always complains": "It complains about every system's run without a single fault, the right "
    "ones included. Print rows: what is in there that you didn't expect?",
    "only the calm run counts": "It catches what is wrong without any fault, and nothing that "
    "takes a crash or a lost message. Those runs end in a state too. What keeps you from judging "
    "that state?",
    "a fault is a violation": "A crash, a duplicate or a lost message is the test and not the "
    "fault of the system. It did what it had to do all the same. What does the rule say about the "
    "end of the run?",
    "hidden state": "An oracle is asked about one run at a time, in any order, so it has to be a "
    "function of its two arguments alone. What does yours keep from one call to the next?",
    "a text means right": "Any text means that the run is wrong, and yours stands for the "
    "opposite. What do you return where nothing is wrong?",
    "raises": "An exception is no judgement, unless an assert raises it. A row may be missing "
    "when something went wrong, and that is the very run that you want to judge. What do you "
    "return then?",
    "the total is enough": "The total is right and the split is wrong: one account has what "
    "belongs to another one. Which sum can tell the two apart?",
    "one way to be right": "This system does it in another way than you would, and it ends up with "
    "what the rule asks for. What does the rule say, and what do you ask for beyond it?",
}

#: And hints for it.
HINTS = {
    "never complains": ["Print rows in your oracle: the last run that it sees is shown."],
    "always complains": ["Print what you compare, side by side: where do the two differ?"],
    "only the calm run counts": ["Judge the rows, whatever the trace has been through."],
    "a fault is a violation": ["trace.faults() says what went wrong around the system, not in it."],
    "hidden state": ["Set up every variable inside oracle()."],
    "a text means right": ["Return None, or nothing at all, where the run is right."],
    "raises": ["rows.get('ann', 0) is 0 where there is no such row."],
    "the total is enough": ["Compare account by account."],
    "one way to be right": ["Look at what is left at the end, not at the steps that led there."],
}
