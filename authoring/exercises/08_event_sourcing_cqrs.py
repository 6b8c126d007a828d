# %% [markdown]
# # Exercise 08 · State from events
#
# Six questions about one small bank. Its accounts are streams of events, two branches write to
# them at the same time, and a view follows behind.
#
# | you have | |
# |---|---|
# | `await log.read("ann")` | ann's events, oldest first |
# | `await log.append("ann", event, expected=2)` | appends if there are 2, or raises `Conflict` |
# | `await log.append("ann", event)` | appends, however many there are |
# | `await db.get(key)`, `db.put(key, value)`, `db.add(key, amount)` | rows that survive a crash |
# | `async with db.transaction() as tx:` | everything that you write through `tx`, or none of it |
#
# A crash may fall at any `await`, or another branch may run first. Stuck? Try `q.aggregate.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import Conflict, exercise

q = exercise("08")

# %% [markdown]
# ## aggregate
#
# A command is `{"id", "account", "type", "amount"}`, and its type is `"deposit"` or `"withdraw"`.
# Append `{"type", "id", "amount"}` to the account's stream, with the type `"deposited"` or
# `"withdrawn"`, and the command's id and amount. Then answer `"ok"`.
#
# Answer `"refused"`, and append nothing, if a withdrawal exceeds the balance, or 100. (That limit
# is new, and ann took out 400 before it.) A client that hears nothing sends its command again,
# under the same id and perhaps to the other branch. If `handle` raises, it does so too.


# %% tags=["answer:aggregate"]
class Account:
    def __init__(self, log):
        self.log = log

    async def handle(self, command):
        ### BEGIN SOLUTION
        account, amount = command["account"], command["amount"]
        while True:
            events = await self.log.read(account)
            if any(event["id"] == command["id"] for event in events):
                return "ok"
            signs = {"deposited": 1, "withdrawn": -1}
            balance = sum(signs[event["type"]] * event["amount"] for event in events)
            if command["type"] == "withdraw" and amount > min(balance, 100):
                return "refused"
            done = {"deposit": "deposited", "withdraw": "withdrawn"}[command["type"]]
            event = {"type": done, "id": command["id"], "amount": amount}
            try:
                await self.log.append(account, event, expected=len(events))
                return "ok"
            except Conflict:
                continue  # decide again
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.aggregate.check(Account)

# %% [markdown] tags=["solution", "answer:aggregate"]
# **Why.** The decision rests on the events that you read, so the append must fail if there are more
# by now. After a `Conflict` you read and decide again. Appending the same event at the new end
# would be a decision that nobody made.
#
# Letting the `Conflict` through is just as good: the client asks again. The id in each event makes
# a repeat harmless. And only the command is held against the limit: an event has happened, so the
# fold takes it as it is.

# %% [markdown]
# ## projection
#
# A view follows the log. `event.data` is `{"position", "account", "type", "amount"}`, and positions
# count from 1. Keep a row for each account, `"ann"` and `"cy"`, and the row `"position"`. Somebody
# looks at all three after each write: the balances must be those that the first `position` events
# make. The position never falls, and in the end it is that of the last event. Events come in order,
# but some come again.


# %% tags=["answer:projection"]
class View:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        ### BEGIN SOLUTION
        data = event.data
        sign = 1 if data["type"] == "deposited" else -1
        async with self.db.transaction() as tx:
            if data["position"] > await tx.get("position", 0):
                await tx.add(data["account"], sign * data["amount"])
                await tx.put("position", data["position"])
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.projection.check(View)

# %% [markdown] tags=["solution", "answer:projection"]
# **Why.** Balance and position change in one transaction, so no look and no crash falls between
# them. The position is also the memory of what was counted: whatever isn't above it is a repeat.
#
# Just as good: keep every event as a row and put their sums in place, or mark each event's id. Both
# need more rows than one.

# %% [markdown]
# ## screens
#
# The view is about half a second behind, it has just been deployed, and it may be down for ten
# seconds. After a withdrawal, ann's
# screen must not show her old balance, and nobody looks at an empty screen for more than two
# seconds. And when two people sign up under one email at the same moment, one of them gets it.

# %%
print(q.screens)

# %% tags=["answer:screens"]
### BEGIN SOLUTION
screens = {
    "balance": "wait for the view up to 1 s, then read it or show the withdrawal as pending",
    "email": "append to a stream named after the email, expected=0",
}
### END SOLUTION
### BEGIN STUB
# screens = {"balance": ..., "email": ...}
### END STUB

q.screens.check(screens)

# %% [markdown] tags=["solution", "answer:screens"]
# **Why.** An append returns its position, so the screen knows what to wait for. A view without a
# position row is at 0, and a view that is down must not keep anybody waiting. Folding ann's stream
# is right as well: the aggregate has no lag.
#
# A view can't guard uniqueness, however long you wait, since both look before either writes. Let
# both write under one key, and let the store refuse one of them.

# %% [markdown]
# ## upcast
#
# A year ago an event of money was `{"v": 1, "type": "withdrawn", "amount": 80}`, in whole euros.
# Today it is `{"v": 2, "type", "cents", "currency", "rate"}`, and the rate is that of its currency
# to dollars at that moment, or `None` if nobody knows it. Nobody noted any rates back then. (With
# the kit's `call`, `await call("rates", "EUR")` asks a service for today's.) Return old events of
# money in the new form, as new dicts, and all others as they are.


# %% tags=["answer:upcast"]
def upcast(event):
    ### BEGIN SOLUTION
    if event["v"] == 2 or "amount" not in event:
        return event
    cents = 100 * event["amount"]
    return {"v": 2, "type": event["type"], "cents": cents, "currency": "EUR", "rate": None}
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.upcast.check(upcast)

# %% [markdown] tags=["solution", "answer:upcast"]
# **Why.** An upcaster runs at each read, so it has to be a pure function of the event. With a
# lookup, today's replay and tomorrow's make two states of one stream. What nobody noted is unknown,
# and `None` says so.
#
# If the new meaning can't be computed from the old event, it isn't a new version: it's another
# event, with a name of its own.

# %% [markdown]
# ## snapshot
#
# `load(log, db, code)` returns ann's balance, as this version of the code counts it:
# `apply(balance, event, code)`. Version 2 takes a fee for each withdrawal; version 1 doesn't. A
# load should only read events that its snapshot hasn't counted. Put the lines in order, as a list
# of their numbers. (`log.read("ann", after=3)` leaves out the first three events.)

# %%
print(q.snapshot)

# %% tags=["answer:snapshot"]
### BEGIN SOLUTION
snapshot = [8, 10, 6, 4, 9, 1, 3, 5]
### END SOLUTION
### BEGIN STUB
# snapshot = ...  # such as [8, 2, …]
### END STUB

q.snapshot.check(snapshot)

# %% [markdown] tags=["solution", "answer:snapshot"]
# **Why.** A snapshot is a cache of a fold, and the fold is code. So its key names the version of
# the code: the new one starts from no snapshot, and after a rollback the old one finds its own.
# You can delete all snapshots at any time and lose nothing but time.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the *oracle* for such views. `rows["log"]` has the events, each as
# `{"position", "account", "type", "amount"}`, in order. `rows["seen"]` has what somebody saw after
# each write, such as `{"position": 2, "ann": 100, "cy": 50}`. `trace` has the run's steps.
#
# Return `None` if the view was honest in every look, never went back, and reached the end. Return a
# text that says what is wrong if it wasn't. There may be no look at all. Four right views and 13
# wrong ones stand trial.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    at = 0
    for seen in rows["seen"]:
        sums = {"ann": 0, "cy": 0}
        for event in rows["log"][: seen["position"]]:
            sign = 1 if event["type"] == "deposited" else -1
            sums[event["account"]] += sign * event["amount"]
        if seen != {"position": seen["position"], **sums}:
            return f"{seen} was seen, and the events make {sums}"
        if seen["position"] < at:
            return f"the position fell from {at} to {seen['position']}"
        at = seen["position"]
    if at != len(rows["log"]):
        return f"it stays at position {at} of {len(rows['log'])}"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** Two rules say what must never happen: a look that isn't what its position says, and a
# position that falls. The third says what must happen, or a view that shows nothing would be right.
#
# A lag is no lie, and neither is a batch or a view that is built beside and switched in one step.
# Running sums instead of a fold for each look are just as good, and faster.

# %% [markdown]
# All ✓? Close the notebook and say aloud what a writer does after a conflict, and why.
