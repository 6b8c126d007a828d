# %% [markdown]
# # Exercise 10 · Living with events
#
# Six questions. A trace has to lead through a batch, a view is rebuilt from the log, somebody wants
# to be forgotten, and a schema changes.
#
# | you have | |
# |---|---|
# | `event.id`, `event.data`, `event.extensions` | an event; its extensions hold its context |
# | `with tracing.span("packing", "pack", links=[…]) as context:` | a span, and what caused it |
# | `await publish("packed", data, id=…, extensions=context)` | publishes an event |
# | `await call("rates", "dollar", timeout=…)` | calls a service, and returns its reply |
# | `await db.get(key)`, `db.put(key, value)`, `db.delete(key)` | rows that survive a crash |
# | `await db.insert(key, value)` | writes only if there is no such row; says whether it wrote |
# | `await db.scan("open ")` | a dict of all rows whose keys begin with this |
# | `async with db.transaction() as tx:` | either everything you write through `tx`, or nothing |
#
# A crash may fall at any `await`. Stuck? Call `q.trace.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import call, exercise, publish, sleep
from pubsub_kit.scenarios.living_with_events.secrets import SECRETS

q = exercise("10")

# %% [markdown]
# ## trace
#
# You are the packing service. `handle` gets one or two events at a time. Packing them takes 1.5 s
# for the whole batch: here, that is `sleep(1.5)`. Then publish each on `"packed"`, under its
# own id and with its data. From each order's trace, support must be able to reach the span in which
# it was packed, and whatever follows. Causes are contexts: `parent=` takes one, `links=` takes a
# list. Not every trace is kept, so also write each order's id to the log:
# `self.tracing.log("packing", …)`. No publish fails here, but the topic may have an event twice.


# %% tags=["answer:trace"]
class Packing:
    def __init__(self, tracing):
        self.tracing = tracing

    async def handle(self, events):
        ### BEGIN SOLUTION
        links = [event.extensions for event in events]
        with self.tracing.span("packing", "pack", links=links) as context:
            await sleep(1.5)
            for event in events:
                self.tracing.log("packing", f"packed {event.id}")
                await publish("packed", event.data, id=event.id, extensions=context)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.trace.check(Packing)

# %% [markdown] tags=["solution", "answer:trace"]
# **Why.** The span covers the work, links to each order's context, and its own context goes out
# with each event. A parent would be one of the two orders only, and the other one's trace would end
# here. The log line is for orders whose trace nobody kept.
#
# A span for each order is just as good, as a child of that order's span. But it doesn't show that
# the two were packed together.

# %% [markdown]
# ## replay
#
# `event.data["dollars"]` is an order's price. Multiply it by the rate, and add it to the row
# `"view total"`. Have one email sent for each order: `await call("mail", event.id, timeout=…)`. The
# mail service ignores an id that it has already had within a day.
# `await call("rates", "dollar", timeout=…)` returns today's rate, and no earlier one.
#
# The first order waits for two days until your consumer starts. On day 30 a new version is
# deployed: all rows that begin with `"view "` are deleted, and the log is replayed through your
# code. The total must come out as before, and nobody is mailed again. On day 31 a new order comes.


# %% tags=["answer:replay"]
class Invoices:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        ### BEGIN SOLUTION
        rate = await self.db.get(f"rate {event.id}")
        if rate is None:
            rate = await call("rates", "dollar", timeout=1.0)
            await self.db.put(f"rate {event.id}", rate)
        async with self.db.transaction() as tx:
            if await tx.insert(f"view seen {event.id}"):
                await tx.add("view total", event.data["dollars"] * rate)
        if not await self.db.get(f"mailed {event.id}"):
            await call("mail", event.id, timeout=1.0)
            await self.db.put(f"mailed {event.id}", True)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.replay.check(Invoices)

# %% [markdown] tags=["solution", "answer:replay"]
# **Why.** Three rows for an order, and they differ in how long they live. The mark of the total
# belongs to the view and goes with it, or the replay would add nothing. The rate and the mail
# happened outside, so their rows outlive the view.
#
# Mail first, mark afterwards: mail drops a repeat that comes soon, and your gate stops one that
# comes late. The other way round, a crash in between loses the mail. You can also put the rate into
# an event of its own. Don't judge by an event's age: after an outage, old orders are new to you.

# %% [markdown]
# ## forget
#
# `keys` has a row for each customer, such as `"c-1"`, with the key of their data in the log.
# `views` has rows about customers, each with their number under `"who"`: a view, a search index, a
# dead letter, and a campaign with a hash of a phone number. Its row `"statistics"` is about nobody.
# `backups` has the row `"keys of monday"`: a dict of keys.
#
# `event.data["who"]` wants to be forgotten: `"c-1"` today, and somebody else on another day. A
# projector decrypts the log into `views`. It is at least two seconds late, and projects an order
# more than once. In three days, somebody restores the keys from the backup, except those for which
# `keys` has a row such as `"forgotten c-1"`. You may use that row, or edit the backup. Your process
# may crash, or pause for 30 seconds.


# %% tags=["answer:forget"]
class Privacy:
    def __init__(self, keys, views, backups):
        self.keys, self.views, self.backups = keys, views, backups

    async def handle(self, event):
        ### BEGIN SOLUTION
        who = event.data["who"]
        await self.keys.put(f"forgotten {who}", True)
        await self.keys.delete(who)
        for name, row in (await self.views.scan()).items():
            if row.get("who") == who:
                await self.views.delete(name)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.forget.check(Privacy)

# %% [markdown] tags=["solution", "answer:forget"]
# **Why.** Without the key the log is noise, and the projector writes nothing more. Only then are
# the copies deleted: the other way round, a late projector writes a new one. After a crash, the
# request is redelivered, and every step may be done twice.
#
# You can also take the key out of the backup, or put a new key in its place. In life there are more
# copies: other teams' databases, logs, traces, and files on somebody's laptop. Neither redaction
# nor shredding reaches those.

# %% [markdown]
# ## phone
#
# A team "anonymises" phone numbers of 7 digits by SHA-256. One core computes 1.2 million hashes a
# second (measured in Python). How long does it take to hash every number there is? Give a text with
# a unit, or a number in seconds.

# %% tags=["answer:phone"]
### BEGIN SOLUTION
phone = 10**7 / 1.2e6
### END SOLUTION
### BEGIN STUB
# phone = ...
### END STUB

q.phone.check(phone)

# %% [markdown] tags=["solution", "answer:phone"]
# **Why.** A hash can't be inverted, but its inputs can be listed. Ten million numbers take
# seconds, and then every hash is a name. A salt that is kept secret helps, and is a key by another
# name. Law agrees: such data is still personal (GDPR, recital 26).

# %% [markdown]
# ## rollout
#
# A team needs the field `gift`. Four other changes are proposed as well: to delete the field `fax`,
# to drop `gift`'s default, to add an optional `note`, and to forbid a null in `cents`. The registry
# accepts or refuses each. What it accepts is rolled out, first on one side, then on the other. At
# the end the whole log is replayed with the newest schema. Choose so that every reader can read
# every event. The next cell shows the options.

# %%
print(q.rollout)

# %% tags=["answer:rollout"]
### BEGIN SOLUTION
rollout = {
    "mode": "BACKWARD_TRANSITIVE",
    "first": "consumers",
    "content": "closed",
    "check": "schemas are compared",
}
### END SOLUTION
### BEGIN STUB
# rollout = {"mode": ..., "first": ..., "content": ..., "check": ...}
### END STUB

q.rollout.check(rollout)

# %% [markdown] tags=["solution", "answer:rollout"]
# **Why.** A replay has new code read old events, which is what BACKWARD checks; and TRANSITIVE
# checks it against every version in the log. As new readers can read old events, and perhaps not
# the other way round, consumers upgrade first.
#
# FULL_TRANSITIVE is right too, in either order, and refuses to delete `fax`. One sample proves
# nothing: it had no null. And under an open schema a careful registry refuses every new field,
# since old data may hold that name already.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the *oracle* for `forget`. `rows` is what somebody with every store can
# read, three days later and after the restore: `"log 0"` to `"log 3"`, each a dict with `id`,
# `who`, `cents`, and `mail` and `phone` if a key opens it; the rows of `views`, such as
# `"view c-2"`; and `"backup c-2"` for a key in the backup. Print them to see more. A `"backup c-1"`
# may be left in a right run, since the restore obeys the list.
#
# Ann is `c-1`. None of her values in `SECRETS` may be readable. bob is `c-2`; his order is in
# `"log 1"`, and his row in the view stays. The log still has o-1 to o-4 in their places, and
# `"statistics"` is `{"orders": 4, "cents": 3200}`. Return `None` if all of that holds, or a text
# that says what is wrong. Five right systems and twenty wrong ones stand trial.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    for secret in SECRETS:
        if secret in str(rows):
            return f"{secret} can still be read"
    if [rows.get(f"log {i}", {}).get("id") for i in range(4)] != ["o-1", "o-2", "o-3", "o-4"]:
        return "the log has changed"
    if "view c-2" not in rows or "mail" not in rows["log 1"]:
        return "bob is forgotten too"
    if rows.get("statistics") != {"orders": 4, "cents": 3200}:
        return "the totals have changed"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** It asks what can be read, and not what was done: keys may be deleted, replaced, or taken
# out of a backup. It searches names as well as values, since an index has her address in its very
# name. And it knows all her values, the new address and the hash included.
#
# The other half is as important: a system that deletes everything forgets Ann as well. So bob's
# data, the offsets and the totals have to be there.

# %% [markdown]
# All ✓? Close the notebook and say aloud what a replay repeats, and where a person's data goes.
