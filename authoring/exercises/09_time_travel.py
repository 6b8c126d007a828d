# %% [markdown]
# # Exercise 09 · Travel in time, and arrive where you meant to
#
# Seven questions. There are no faults here: what can go wrong is the order of events, a clock in
# the wrong place, or a state that was never there. So the kit tries your code on every case up to a
# size, the smallest first, and draws the first one that fails.
#
# Stuck? Call `q.undo.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import exercise
from pubsub_kit.git.objects import object_id

q = exercise("09")

# %% [markdown]
# ## stored
#
# A file of 1,000 lines of 40 bytes gets 50 commits. The first one adds it, and each of the others
# changes one line. How many bytes of file contents has git stored, before it compresses or packs
# anything?

# %% tags=["answer:stored"]
### BEGIN SOLUTION
stored = "2 MB"
### END SOLUTION
### BEGIN STUB
# stored = ...  # a number and a unit, such as "12 KB"
### END STUB

q.stored.check(stored)

# %% [markdown] tags=["solution", "answer:stored"]
# **Why.** Each commit names a tree, which names a blob, and a blob is the whole file: 50 versions
# of 40 KB. A diff is computed when you ask for one, from two blobs. git compresses each object.
# Later it may pack many of them as deltas, and no id changes by that.

# %% [markdown]
# ## tree
#
# Write `tree_id(folder)`: git's id of a folder, as text of 40 hex digits. `folder` maps names to
# `bytes` (a file) or to another such dict (a folder, never an empty one). A tree's body has an
# entry for each name: `100644` for a file or `40000` for a folder, a space, the name, a zero byte,
# and the 20 bytes of its id. You know git's order from the lesson. `object_id("blob", body)` and
# `object_id("tree", body)` return ids as hex.


# %% tags=["answer:tree"]
def tree_id(folder):
    ### BEGIN SOLUTION
    def place(entry):
        name, inside = entry
        return (name + "/" if isinstance(inside, dict) else name).encode()

    body = b""
    for name, inside in sorted(folder.items(), key=place):
        if isinstance(inside, dict):
            body += b"40000 " + name.encode() + b"\0" + bytes.fromhex(tree_id(inside))
        else:
            body += b"100644 " + name.encode() + b"\0" + bytes.fromhex(object_id("blob", inside))
    return object_id("tree", body)
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.tree.check(tree_id)

# %% [markdown] tags=["solution", "answer:tree"]
# **Why.** The id of a folder depends on the ids of all that is in it, so one id stands for a whole
# state. Two folders with one id are equal, and git needn't look inside. That only works if
# everybody sorts alike. git sorts by bytes, a folder as if its name ended in a slash, and so
# `foo.txt` comes before `foo/`. Most folders hold no such pair, so plain name order passes most
# tests.

# %% [markdown]
# ## order
#
# What runs first? `main.cjs` and `main.mjs` hold the lesson's program. In `asyncio`, a coroutine
# makes a task, asks for a callback with `call_soon`, and awaits a third thing. For `replay`, Bob's
# clock is ten minutes slow: in which order do you apply his and Ann's commits? The next cell shows
# the options.

# %%
print(q.order)

# %% tags=["answer:order"]
### BEGIN SOLUTION
order = {
    "main.cjs": "tick, promise, timer",
    "main.mjs": "promise, tick, timer",
    "asyncio": "awaited, task, callback",
    "replay": "parents first",
}
### END SOLUTION
### BEGIN STUB
# order = {"main.cjs": ..., "main.mjs": ..., "asyncio": ..., "replay": ...}
### END STUB

q.order.check(order)

# %% [markdown] tags=["solution", "answer:order"]
# ### source: Node: process.nextTick, queueMicrotask, difference in ES modules (26.10)
# **Why.** Node empties the ticks, then the promise jobs, before it takes the next task. But a
# module is run by a promise job, so there the promise jobs go on first. In asyncio, `await` runs a
# coroutine at once; a task and a callback wait for the next pass, first in, first out.
#
# Commits name their parents, and that is the only order that counts. A date is what somebody's
# clock showed. Breaking ties by date is fine, as long as no commit comes before its parents.

# %% [markdown]
# ## undo
#
# Write `History(state)` with `do(change)`, `undo()`, `redo()`, and the current state as the
# attribute `state`. `change(state)` returns a new state, and may look at a clock. Redo brings back
# what was undone, until something new is done. With nothing to undo or redo, nothing changes.


# %% tags=["answer:undo"]
class History:
    def __init__(self, state):
        self.state = state
        ### BEGIN SOLUTION
        self.past, self.undone = [], []
        ### END SOLUTION

    def do(self, change):
        ### BEGIN SOLUTION
        self.past.append(self.state)
        self.state = change(self.state)
        self.undone.clear()
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB

    def undo(self):
        ### BEGIN SOLUTION
        if self.past:
            self.undone.append(self.state)
            self.state = self.past.pop()
        ### END SOLUTION
        ### BEGIN STUB
        # ...
        ### END STUB

    def redo(self):
        ### BEGIN SOLUTION
        if self.undone:
            self.past.append(self.state)
            self.state = self.undone.pop()
        ### END SOLUTION
        ### BEGIN STUB
        # ...
        ### END STUB


q.undo.check(History)

# %% [markdown] tags=["solution", "answer:undo"]
# **Why.** Undo and redo move between states that you keep, so neither runs a change again, and no
# clock is read twice. A new change begins another future, so what was undone no longer follows.
#
# A list of states with a cursor does the same. So does a tree like the lesson's, which keeps the
# other future as a branch. The price is memory: keep fewer states, or keep what each change made of
# the state, as an event.

# %% [markdown]
# ## reducer
#
# Repair `Game(clock, die)`. `clicked(button)` runs once for each click, and returns an event that
# JSON can store. `reduce(state, event)` makes the next state. It runs again whenever the slider
# moves, perhaps in another process. `"roll"` adds what the die showed at the click to
# `state["rolls"]`, and `"clear"` empties that list. `state["at"]` is the time of the last click.


# %% tags=["answer:reducer"]
class Game:
    def __init__(self, clock, die):
        self.clock, self.die = clock, die

    ### BEGIN SOLUTION
    def clicked(self, button):
        face = self.die() if button == "roll" else None
        return {"type": button, "at": self.clock(), "face": face}

    def reduce(self, state, event):
        rolls = [*state["rolls"], event["face"]] if event["type"] == "roll" else []
        return {"rolls": rolls, "at": event["at"]}

    ### END SOLUTION
    ### BEGIN STUB
    # def clicked(self, button):
    #     return {"type": button}
    #
    # def reduce(self, state, event):
    #     rolls = [*state["rolls"], self.die()] if event["type"] == "roll" else []
    #     return {"rolls": rolls, "at": self.clock()}
    ### END STUB


q.reducer.check(Game)

# %% [markdown] tags=["solution", "answer:reducer"]
# **Why.** An event says what happened, and what the outside world said belongs to that: the time,
# and what the die showed. Ask once, at the click, and write the answer down. The reducer is then a
# function of its two arguments, so every replay ends in the same state.
#
# It also has to return a new state. If it appended to the old list, the slider would find the past
# changed.

# %% [markdown]
# ## hit
#
# Write `hit(now, target, shot)`, which returns `True` or `False`. All times are in seconds, on the
# server's clock.
#
# | you have | |
# |---|---|
# | `target(t)` | where the target stood at time `t`, in units |
# | `shot["aim"]` | where the shot went; up to 16 units beside the target is a hit |
# | `shot["latency"]` | the usual time from the snapshot that the client got to the shot's arrival |
# | `shot["interpolation"]` | how far in the past the client draws others |
# | `shot["tick"]` | the time that the client's game had reached when it fired, as the client says |
#
# Go back to what the shooter saw. Your own estimate of the tick is `now` minus the latency. The
# client's is more exact, since it belongs to this very shot: take it, but only if the two differ by
# at most 0.2 s. Whichever you took, what was seen is older by the interpolation. Your history
# begins 1 s ago, so go back no further than that.


# %% tags=["answer:hit"]
def hit(now, target, shot):
    ### BEGIN SOLUTION
    fired = now - shot["latency"]
    if abs(shot["tick"] - fired) <= 0.2:
        fired = shot["tick"]
    seen = max(fired - shot["interpolation"], now - 1.0)
    return abs(target(seen) - shot["aim"]) <= 16
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.hit.check(hit)

# %% [markdown] tags=["solution", "answer:hit"]
# ### source: Valve: Source SDK 2013, player_lagcompensation.cpp: 0.2 s, sv_maxunlag 1 s (2013)
# **Why.** What the shooter saw is older than the network's delay: the client draws others in the
# past by its interpolation. The tick corrects your estimate for a packet that took longer than
# usual. But the client wrote it, so trust it only as far as an honest one could be off. That is
# Valve's rule, and it has a price: a target that has
# reached cover can still be hit there.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the *oracle* for undo in a document that Ann and Bob share. Each has a
# line of their own, and each `do` adds a letter to it that nobody has used before. `run` is a list
# of edits, such as
#
# `Edit(who="ann", did="do", before={"ann": "", "bob": ""}, after={"ann": "a", "bob": ""})`
#
# `did` is `"do"`, `"undo"` or `"redo"`, and each counts for the person who does it: Bob's edits
# don't end Ann's redo. Return `None` if the run is right, or a text that says what is wrong; a
# failed `assert` counts as one. Three right systems and nine wrong ones stand trial, each under
# every run of up to four commands, and the right ones under a few longer runs.


# %% tags=["answer:audit"]
def oracle(run):
    ### BEGIN SOLUTION
    past, undone = {"ann": [], "bob": []}, {"ann": [], "bob": []}
    for edit in run:
        who, line, wanted = edit.who, edit.before[edit.who], dict(edit.before)
        if edit.did == "do":
            past[who].append(line)
            undone[who] = []
            wanted[who] = line + edit.after[who][-1:]
        elif edit.did == "undo" and past[who]:
            undone[who].append(line)
            wanted[who] = past[who].pop()
        elif edit.did == "redo" and undone[who]:
            past[who].append(line)
            wanted[who] = undone[who].pop()
        if edit.after != wanted:
            return f"{who}'s {edit.did} led to {edit.after} and not to {wanted}"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** Two rules say it all. An undo takes back the last edit of that person that still counts,
# and nothing else in the document changes. A redo only leads to a line that was seen before, namely
# the one undone last, and a new edit ends that.
#
# You can write the rules down, as here, or run a system that you trust beside the one on trial. The
# second way is shorter, but then both may share a mistake.

# %% [markdown]
# All ✓? Close the notebook and say aloud what undo, `git checkout` and a rewinding server have in
# common. Recalling something teaches you more than reading it again (Karpicke and Roediger, 2007).
