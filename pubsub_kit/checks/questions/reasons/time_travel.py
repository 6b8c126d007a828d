"""Why wrong answers to exercise 09 fail, and hints, by what they show."""

from __future__ import annotations

STORED = {
    "git stores diffs": "A commit names a tree, and a tree names blobs; each blob is a whole "
    "file. A diff is computed when you ask for one. What does a blob of the second version hold?",
    "the last version alone": "You can check out every one of the 50 versions. Where would git "
    "get the first one from?",
    "a version too few": "Each of the 50 commits brings a version of the file, the first one too.",
    "a version too many": "The first of the 50 commits adds the file. How many versions is that?",
}
TREE = {
    "plain name order": "git sorts a folder as if its name ended in a slash, and “/” comes after "
    "“-” and “.” and before “0”. Where does foo/ belong beside foo.txt?",
    "every name with a slash": "Only a folder sorts with a slash. Where does a file foo belong "
    "beside foo.txt?",
    "as they come": "The same folder, given in another order, is the same folder to git: it sorts "
    "the entries. By what?",
    "folders first": "Files and folders are in one order, by their bytes. What do you compare "
    "first?",
    "mode with a zero": "`git ls-tree` prints 040000, but the tree holds 40000, without the zero.",
    "ids as hex": "In a tree, an id is 20 raw bytes, not 40 digits. How do you make bytes of hex?",
}
TREE_HINTS = {
    "plain name order": ["Sort by the name plus “/” for a folder, and by the name for a file."],
    "mode with a zero": ["b'40000 ' begins the entry of a folder."],
    "ids as hex": ["bytes.fromhex(id)"],
    "": [
        "An entry is mode, space, name, zero byte, and the 20 bytes of the id.",
        "The id of a folder inside is what your own function returns for it.",
    ],
}
# source: Node: process.nextTick, queueMicrotask, differences in modules (26.10)
ORDER = {
    "ticks always come first": "A module runs as a promise job itself. So the jobs that it adds "
    "run before Node looks at its ticks. What runs the file main.mjs?",
    "promises always come first": "A CommonJS file is no promise job. After it, Node runs the "
    "ticks first. What is empty when main.cjs ends?",
    "a timer of 0 ms is at once": "A timer is a task of its own, and Node takes it only when no "
    "tick and no promise job waits any more. What waits when the program has run?",
    "await waits for the next pass": "`await say(…)` runs the coroutine at once, like a function. "
    "A task and a callback wait for the next pass, first in, first out.",
    "sort by wall clock": "Bob's clock is ten minutes slow, so his change sorts before the commit "
    "that it builds on. What in a commit says what came before, whatever the clocks say?",
    "ids are in order": "An id is a hash, so its order means nothing. What else does a commit "
    "name?",
}
ORDER_HINTS = {
    "ticks always come first": ["Run EventLoop.run(main, module=True) in your head."],
    "await waits for the next pass": ["Which of the three is not put off?"],
    "sort by wall clock": ["A commit names its parents."],
    "": ["Take one queue after the other.", "What is in each when the program has run?"],
}
UNDO = {
    "redo survives a new command": "After an undo and a new change, what was undone no longer "
    "follows from here: redo leads to a state that never came after this one. What should a "
    "change do to what was undone?",
    "redo without an undo": "Redo led somewhere, though there was nothing to redo. What may it do "
    "then?",
    "redo takes another one": "Redo led to another state than the one that was undone last. In "
    "which order do you keep what was undone?",
    "runs the change again": "The change looked at the clock once more, so it led somewhere else. "
    "Undo and redo must not run a change. What could you keep instead?",
    "do runs it twice": "One do ran its change more than once, so the clock was read again. Call "
    "change once. Where do you keep what it returns?",
    "undo after a redo": "The undo after a redo led elsewhere. What does a redo have to write down "
    "for the next undo, and what does it have to take away?",
    "undo into another future": "Undo led to a state that this one never came from. Where did the "
    "last change begin?",
    "one step only": "An undo right after another did nothing. How many states back do you "
    "remember?",
    "undo undoes itself": "Two undos in a row led back to where they began: yours swaps two "
    "states. Which state was before the one that you undid?",
    "undo does nothing": "After an undo, the state is still the one that was to be undone.",
    "redo does nothing": "What was undone can't be brought back. Where does it go at an undo?",
    "back to the start": "One undo took back every change. Which one is the last?",
    "hidden state": "Two histories share something, so one sees what the other did. Set it in "
    "__init__, as self.… = ….",
}
UNDO_HINTS = {
    "redo survives a new command": ["At a do, forget what was undone, or begin a branch."],
    "runs the change again": ["Keep states, not changes."],
    "one step only": ["A list of states has room for more than one."],
    "redo does nothing": ["Keep the undone states, the last one on top."],
    "": ["Keep a list of states, and where in it you are.", "Or two stacks: one for what comes "
         "before, and one for what was undone."],
}  # fmt: skip
REDUCER = {
    "the reducer throws the die": "Each time the slider moves, the reducer throws again, and the "
    "past changes. Throw once, at the click. How does the reducer hear what fell?",
    "the reducer reads the clock": "Replayed later, the reducer reads a later clock. When did the "
    "click happen, and where would you write that down?",
    "in place": "A later click changed a state that was there before it. The slider shows old "
    "states, so each state has to be a new object. What do you append to?",
    "outside": "After a journey back, a click has to start from that state, in this process and "
    "in another. What does your Game keep in self that is in no event?",
    "what a button does": "The slider has not moved yet, so this is the click alone. What does the "
    "question say of this button?",
    "as stored": "JSON turns every key into text, and a tuple into a list. Which keys do you use?",
    "changes the event": "The log keeps that event, and the next replay reads it again. How do you "
    "read it without a change?",
    "another die": "The state shows something that the die never fell to at that click. Throw "
    "self.die() in clicked(), once.",
    "hidden state": "Two games share something. Keep it in self, or better in the state.",
}
REDUCER_HINTS = {
    "the reducer throws the die": ["The event can carry what fell: {'type': 'roll', 'face': …}."],
    "the reducer reads the clock": ["The event can carry the time: {'at': …}."],
    "in place": ["[*state['rolls'], face] is a new list."],
    "outside": ["reduce() may use only its two arguments."],
    "": ["What the outside world says goes into the event, once.", "reduce() is then a function of "
         "the state and the event alone."],
}  # fmt: skip
# source: Valve: Source SDK 2013, player_lagcompensation.cpp (2013)
HIT = {
    "no rewind": "The target has moved on since the shooter saw it. At which time was it where "
    "the shooter aimed?",
    "latency without interpolation": "The client draws others in the past, so that they move "
    "smoothly. So what it shows is older than the network's delay by that much. By how much?",
    "trusts the client's time": "The client claims to have fired long before the network says "
    "that it can have. Anybody can write a client that does so. How far do you trust it?",
    "never believes the client": "This packet took longer than usual, and the client's tick says "
    "so: it is within 0.2 s of your estimate. Whose number is more exact then?",
    "no limit": "The server keeps one second of history. How far back do you go for this shot?",
    "a limit for one of two": "Your estimate stays within the second of history, and the tick "
    "leads beyond it. Which time does the limit hold for?",
    "a limit for the latency alone": "The interpolation counts, too: together you go back further "
    "than the second of history. What do you cap?",
    "an old shot is a miss": "The limit says how far back you look, and not that an old shot is "
    "lost. Where was the target 1 s ago?",
    "the tick spoils the shot": "This client's clock is wrong by more than 0.2 s, so its tick says "
    "nothing. What do you judge the shot by then?",
    "16 units are beside": "Up to 16 units beside the target is a hit. Is 16?",
    "always a hit": "You call every shot a hit. Which of them went beside the target?",
    "always a miss": "You call every shot a miss. What did the shooter see?",
}
HIT_HINTS = {
    "latency without interpolation": ["Go back by latency plus interpolation."],
    "trusts the client's time": ["Compare tick − interpolation with your own estimate."],
    "never believes the client": ["Within 0.2 s, take tick − interpolation."],
    "no limit": ["Which is later: the time that you go back to, or the oldest that is kept?"],
    "": ["When was what the shooter saw? Ask target() for that time.", "Estimate it from latency "
         "and interpolation. The tick replaces the estimate where they differ by at most 0.2 s. "
         "Cap the result."],
}  # fmt: skip
AUDIT = {
    "never complains": "An oracle that finds nothing wrong with any system can't fail a wrong one. "
    "What does edit.after have to be after an undo?",
    "too strict": "This system keeps the rules, and your oracle asks for more. With nothing to "
    "undo or redo, nothing changes. What does yours expect of the last step here?",
    "minds a right step": "This system keeps the rules, and the last step is right. What does your "
    "oracle expect of it instead, and why?",
    "minds another's edits": "Without the other person's edits, your oracle would spare this run. "
    "But whatever one of them does, the other's undo and redo stay as they are.",
    "hidden state": "Your oracle is asked about one run after another, and each begins with empty "
    "lines. Where do you make your lists?",
    "do may write anything": "A do replaced what stood in the line before. Which line does a do "
    "have to lead to?",
    "a text means right": "Any text means that the run is wrong. Return None if it is right.",
    "undo may do nothing": "The edit still stands after the undo. Which line do you expect there?",
    "redo may do nothing": "What was undone is gone for good. Which line must a redo bring back?",
    "anybody's edit will do": "An undo took back what somebody else had written. Whose last edit "
    "may an undo take back?",
    "other lines don't matter": "One line is right, and the other one has changed too: undo by "
    "snapshot takes others' work with it. Which lines do you compare?",
    "redo may run it again": "The redo led to a line that never was. Redo only reaches states that "
    "were seen before. How do you remember those?",
    "one undo is one step": "One undo took back two edits. Which line was there before the last?",
    "one undo is enough": "The second undo in a row did nothing, and there was an edit left to "
    "take back. How many lines back can your oracle look?",
    "redo survives a new command": "After an undo and a new edit, redo brought back what no longer "
    "follows. What may a redo do right after a do?",
}
AUDIT_HINTS = {
    "never complains": ["Print the run, and say for each edit what should come of it."],
    "too strict": ["What does your oracle expect of an undo with nothing left to undo?"],
    "anybody's edit will do": ["Compare edit.after[edit.who] with that person's own past."],
    "other lines don't matter": ["Compare all of edit.after, not only edit.after[edit.who]."],
    "redo survives a new command": ["What happens to the undone lines at a do?"],
    "": ["For each person, keep a list of lines, and where in it they are.", "do cuts the list "
         "there and appends; undo and redo move one step, inside the list."],
}  # fmt: skip
