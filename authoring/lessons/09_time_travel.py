# %% [markdown] tags=["promise"]
# # 09 · Time travel: one idea in four systems
#
# In about 25 minutes you will be able to
#
# - read git's commits as events, replay them, and arrive at git's own hash,
# - build a UI whose state is its clicks, replayed, and say what must never be in a reducer,
# - predict what an event loop runs first, in JavaScript and in Python,
# - decide a shot fairly although the network is slow, and say who pays for that,
# - build undo, redo and branches as one pattern.

# %% tags=["folded"]
# Imports
import asyncio
import inspect
from random import Random

from pubsub_kit import show
from pubsub_kit.git.objects import folder_of, tree_id
from pubsub_kit.git.repository import START, Repository, replay
from pubsub_kit.patterns import EventLoop, History
from pubsub_kit.scenarios.time_travel import orders, shooter

# %% [markdown] tags=["predict"]
# ## git: a log that you use every day
#
# We'll make a real repository in a temporary folder, with git itself. A file has 1,000 lines of 10
# bytes. You change one line, and commit.

# %% tags=["folded"]
# Your prediction
show.predict(
    "What does git store of this file for the second commit?",
    {"the line that changed": 10, "the whole file, once more": 10_000, "nothing yet": 0},
    key="09.stored",
)

# %% tags=["run"]
repo = Repository()
lines = [f"line {n:04}\n" for n in range(1000)]
repo.commit({"foo.txt": "".join(lines)}, "begin")
lines[500] = "LINE 0500\n"
second = repo.commit({"foo.txt": "".join(lines)}, "edit", minute=5)
stored = int(repo.git("cat-file", "-s", f"{second}:foo.txt"))
print(f"{stored} bytes in the object that the second commit has for foo.txt")

# %% tags=["folded"]
# What came out
show.compare("09.stored", stored)

# %% [markdown]
# ### source: Pro Git: chapter 10, Git Objects and Packfiles (2nd edition, 2014)
# A **blob** is a whole file. A diff is computed when you ask for one. Later git may pack many
# objects as deltas to save space (Pro Git, chapter 10), and no id changes by that. So a commit
# names a whole state. But what Ann and Bob *did* is in it too: who, when, after which commit, and
# which files changed. Read that way, it's an event.

# %%
repo.git("reset", "-q", "--hard", second)  # in case you run this cell again
repo.commit({"foo/a.md": "1\n", "foo-bar": "2\n", "plan": "ann's\n"}, "plan", minute=10)
repo.commit({"plan": "bob's, better\n"}, "improve", who="bob", minute=1)  # his clock is slow
repo.commit({"foo0": "3\n"}, "add", minute=12)
commits = repo.events()
for commit in commits:
    clock = (commit.at - START) // 60
    print(commit.id[:7], f"{commit.who}, {clock:2} min:", commit.message, [*commit.changes])

# %% [markdown] tags=["picture"]
# ## Replay the events, and meet git's hash
#
# `replay` applies the changes to an empty folder, one commit after another. Then `tree_id` hashes
# the folder as git would. Each box below is the state after a commit. Is it the one that git has?


# %%
def after(count):
    return tree_id(folder_of(replay(commits[:count])))


equal = [after(n) == commit.tree for n, commit in enumerate(commits, 1)]
print("equal to git's own tree:", equal)
ids = [after(n)[:7] for n in range(len(commits) + 1)]
steps = [(n - 1, f"{c.who}: {c.message}", ids[n]) for n, c in enumerate(commits, 1)]
show.branches([(None, "", ids[0]), *steps])

# %% [markdown] tags=["play"]
# Travel to any commit. `git checkout` does the same: it moves a cursor, which git calls HEAD, and
# writes the state there into your folder.

# %% tags=["folded"]
# Choose a commit to travel to
show.play(
    lambda count: show.branches(
        [(None, "", ids[0]), *steps],
        here=count,
        caption=f"Files: {', '.join(sorted(replay(commits[:count]))) or 'none'}.",
    ),
    count=show.slider(0, len(commits), 3, label="commits replayed"),
)

# %% tags=["folded"]
# Your prediction
show.predict(
    "A folder holds the files foo-bar, foo.txt and foo0, and the folder foo. git sorts them before "
    "it hashes. In which order?",
    {
        "foo, foo-bar, foo.txt, foo0": ("foo", "foo-bar", "foo.txt", "foo0"),
        "foo-bar, foo.txt, foo, foo0": ("foo-bar", "foo.txt", "foo", "foo0"),
        "foo-bar, foo.txt, foo0, foo": ("foo-bar", "foo.txt", "foo0", "foo"),
    },
    key="09.sorted",
)

# %%
names = tuple(repo.git("ls-tree", "--name-only", "main").split())
in_order = tuple(name for name in names if name != "plan")
print(in_order)

# %% tags=["folded"]
# What came out
show.compare("09.sorted", in_order)

# %% [markdown] tags=["why"]
# git sorts by bytes, a folder as if its name ended in `/`. A log that two programs replay needs
# such rules, down to the last byte: otherwise equal states get different hashes, and nobody can
# compare anything.
#
# And in which order do you replay? Bob's clock is slow, so by the dates his change comes before the
# plan that it improves.

# %%
by_date = sorted(commits, key=lambda commit: commit.at)
print("parents first:", replay(commits)["plan"].strip())
print("by date:      ", replay(by_date)["plan"].strip())

# %% [markdown]
# Sort by wall clock, and Bob's change is lost. Order comes from what somebody had *seen*: a commit
# names its parents. Clocks only tell you when somebody thinks that it happened.
#
# ## A UI: clicks are the events
#
# The buttons below are real. Each click is an event, and a **reducer** makes the state of the
# events: `state = reducer(state, event)`, one after another. Click some yourself.


# %%
def reducer(count, event):
    return count + 1 if event == "+1" else count * 2


panel = show.travel(reducer, 0, ["+1", "×2"])
for name in ("+1", "+1", "×2", "+1"):
    panel.buttons[name].click()  # what your mouse does
panel

# %% tags=["folded"]
# Your prediction
show.predict(
    "A new panel gets the same four clicks. Then its slider goes back to state 2, and somebody "
    "clicks ×2. How many states are there now, with state 0?",
    {"4: what came after state 2 is gone": 4, "5: state 3 is overwritten": 5, "6: all stay": 6},
    key="09.branch",
)

# %%
trip = show.travel(reducer, 0, ["+1", "×2"])
for name in ("+1", "+1", "×2", "+1"):
    trip.buttons[name].click()
trip.slider.value = 2
trip.buttons["×2"].click()
states = len(trip.log) + 1
trip

# %% tags=["folded"]
# What came out
show.compare("09.branch", states)

# %% [markdown] tags=["break"]
# Nothing is overwritten. A click after a journey back begins a **branch**, as a commit in git does.
# And no state is stored here: it is replayed from its events whenever you ask. So what if a reducer
# looks at a clock, or throws a die?

# %%
die = Random(7)
dice = show.travel(lambda total, event: total + die.randint(1, 6), 0, ["roll"])
for _ in range(3):
    dice.buttons["roll"].click()
print("state 3:", dice.state(3), "and once more:", dice.state(3))

# %% [markdown]
# ### source: Redux: Prerequisite Reducer Concepts: no Date.now or Math.random (2026-11)
# Look twice, and the past has changed. So a reducer must be **pure**: the same state and event give
# the same new state. Redux demands that too: no clock, no chance, and no change to the old state.
# Throw the die once, at the click, and write what fell into the event.

# %% [markdown]
# ### source: Node: event loop, process.nextTick, microtasks (26.10)
# ## Who runs first: the event loop
#
# A click's handler runs from a queue: the **event loop** takes one callback after another. Node has
# two more queues, which it empties after each callback: **ticks**, and jobs of settled promises. A
# loop like that is short.

# %%
print(inspect.getsource(EventLoop.run), inspect.getsource(EventLoop.drain), sep="\n")
print(orders.PROGRAM)

# %% tags=["folded"]
# Your prediction
### source: Node: process.nextTick and queueMicrotask in ES modules (26.10)
show.predict(
    "Node runs this program from the file main.mjs, as a module, so as a promise job. What does it "
    "print after main?",
    {
        "tick, promise, timer": ("main", "tick", "promise", "timer"),
        "promise, tick, timer": ("main", "promise", "tick", "timer"),
        "timer, tick, promise": ("main", "timer", "tick", "promise"),
    },
    key="09.module",
)

# %%
### source: Node: ran both files (20.20 and 26.10)
for file in ("main.cjs", "main.mjs"):
    ours = orders.printed(module=file.endswith(".mjs"))
    print(file, "our loop:", *ours, "| Node, recorded:", *orders.RECORDED[file])

# %% tags=["folded"]
# What came out
show.compare("09.module", orders.printed(module=True))

# %% [markdown]
# ### source: Node: process.nextTick and queueMicrotask in ES modules; ran both files (20.20, 26.10)
# "`nextTick` comes before promises" holds in CommonJS only. In a module, Node is emptying the
# promise jobs already. And Python? This notebook has an asyncio loop, so you can ask it.


# %%
async def say(word):
    print(word, end=" ")


async def main():
    task = asyncio.create_task(say("task"))
    asyncio.get_running_loop().call_soon(print, "callback")
    await say("awaited")
    print("main", end=" ")
    await task


await main()

# %% [markdown]
# `await say(…)` starts at once, like a call. A task and a callback wait for the next pass, in the
# order in which they came. Whatever the loop: it decides in which order events enter your log, and
# after that the log keeps it.

# %% [markdown]
# ### source: Valve: wiki, Source Multiplayer Networking, 100 ms and 1 s of history (2026-11)
# ## A shooter: the server goes back in time
#
# You aim at what your screen shows, and that's the past. From the server's snapshot to your shot's
# arrival, the network takes 75 ms. And your client draws the others another 100 ms late, so that
# they move smoothly from one snapshot to the next: Valve's default **interpolation**. The target
# runs at 300 units/s, and is 32 units wide.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The server goes back by the network's 75 ms, and tests your exact shot there. By how far does "
    "it miss the target's middle?",
    {
        "0 units, so it's a hit": 0.0,
        "7.5 units, so it's a hit": 7.5,
        "22.5 units, so it's a miss": 22.5,
        "30 units, so it's a miss": 30.0,
    },
    key="09.missed",
)

# %%
latency, back = 0.075, 0.075
seen, tested = (shooter.runner(t) for t in (shooter.seen(latency), shooter.NOW - back))
missed = round(tested - seen, 1)
shooter.shot(latency, shooter.NOW - back)

# %% tags=["folded"]
# What came out
show.compare("09.missed", missed)

# %% [markdown]
# So the server has to go back by both: latency *and* interpolation. Move the slider, and untick a
# box. Then untick both, so that the server doesn't rewind at all. At which latency do you hit now?


# %% tags=["folded"]
# Choose a latency, and what the server rewinds by
def duel(latency, network, interpolation):
    drawn = shooter.INTERPOLATION if interpolation else 0.0
    to = shooter.rewound(latency / 1000, drawn) if network else shooter.NOW - drawn
    return shooter.shot(latency / 1000, to)


show.play(
    duel,
    latency=show.slider(0, 300, 75, step=5, label="the network takes, ms"),
    network=show.toggle(True, label="rewind by the network's time"),
    interpolation=show.toggle(True, label="rewind by the interpolation"),
)

# %% [markdown]
# ## The price: a hit around a corner
#
# Now the target is safe behind a wall. The server has just rewound it to where you saw it.

# %%
shooter.shot(0.075, shooter.rewound(0.075), wall=True)

# %% [markdown]
# ### source: Valve: Source SDK 2013, player_lagcompensation.cpp: sv_maxunlag 1 s, 0.2 s (2013)
# Fair to you, unfair to them: they are hit around a corner. No rule pleases both, so a game chooses
# who pays. Valve limits the price: the server goes back by 1 s at most.
#
# And who says when you fired? Your client does, and players write their own clients. The server
# takes its word only within 0.2 s of its own estimate; beyond that, the estimate counts.

# %%
for claim in (0.0, 0.15, 0.9):
    tick = shooter.NOW - latency - claim
    back = shooter.NOW - shooter.rewound(latency, tick=tick)
    print(f"a client that claims {claim:.2f} s more is taken back by {back:.3f} s")

# %% [markdown] tags=["fix"]
# ## One pattern: keep the states, move a cursor
#
# git, the panel and the server do one thing. They keep what was (the server for 1 s), and move a
# cursor through it. So does **undo**. You can keep the states, as below, or replay them from
# events, as the panel does. Your bank statement is like that too: after a mistake, the bank deletes
# no line. It books a new one that takes the first one back.

# %% tags=["folded"]
# The pattern's source
print(inspect.getsource(History))

# %%
text = History("")
text.do(lambda words: words + "to", "to")
text.do(lambda words: words + " be", "be")
text.undo()
text.do(lambda words: words + " do", "do")
text.redo()
show.branches([(n.parent, n.label, n.state) for n in text.nodes], here=text.here)

# %% [markdown]
# `redo()` did nothing, and that's right: "to be" never came after "to do". Only a change that was
# undone and still follows can be redone. The other future is kept, on its branch. `go(2)` gets you
# there.

# %% tags=["folded"]
# A question for you
show.quiz(
    "Ann and Bob edit one document. Ann writes a line, Bob writes another, and Ann presses undo. "
    "What should happen?",
    [
        "the whole document goes back to before Ann's line",
        "Bob's line, which came last, goes",
        "Ann's line goes, and Bob's stays",
    ],
    answer="c",
    why={
        "a": "That is a snapshot put back: Bob's work would be gone, and he never asked for it.",
        "b": "Undo would take back somebody else's event. Ann means her own last one.",
        "c": "Undo is a new event: it takes back one earlier event of the same person.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# Time travel needs every event, so it costs space, and replays cost time: keep snapshots, or forget
# on purpose. It works for your own state alone. You can't unsend an email, or undo a shot that has
# already killed somebody: there you need a compensating event. And where nobody ever asks what
# was, a current value in a row is simpler.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Read git's commits as events, replay them, and arrive at git's own hash.
# - Build a UI whose state is its clicks, replayed, and say what must never be in a reducer.
# - Predict what an event loop runs first, in JavaScript and in Python.
# - Decide a shot fairly although the network is slow, and say who pays for that.
# - Build undo, redo and branches as one pattern.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Design undo and redo for an editor that two people use at once."* Take two minutes, then unfold
# our answer.
#
# <details><summary>One good answer</summary>
#
# I keep the edits as events in one log: who, what, and after which edit. What the outside world
# said at the time, such as a clock or a random id, is in the event, so that a replay gives the same
# document. Undo is an event too: it takes back the last edit of that person that still counts, and
# touches nobody else's. Redo takes the undo back, and only as long as that person has done nothing
# new. Order comes from the log, not from clocks. Nothing is erased, so each state can be shown
# again, and a change after an undo becomes a branch. It costs storage, so I take snapshots. What
# has left the system, such as an email, can't be undone: there I send a correction.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 09](../exercises/09_time_travel.ipynb), in your own copy: git's tree id, a
# reducer to repair, undo, a fair hit, and an oracle for undo.
