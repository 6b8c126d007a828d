# %% [markdown] tags=["promise"]
# # 03 · Idempotency: the same message, twice
#
# In about 30 minutes you will be able to
#
# - say why duplicates are certain, and where they come from,
# - tell a repeat from a new request by its id, and say who creates that id,
# - break four kinds of dedup that look right, each with its shortest failing run,
# - build one that survives every schedule of up to three faults, and say what it costs,
# - choose how long to remember an id, and refuse a key that is reused for another request.

# %% tags=["folded"]
# Imports
import inspect
from contextlib import suppress

from pubsub_kit import CallTimeout, Violation, World, call, explore, publish, show
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.idempotency.looks import race, watched
from pubsub_kit.scenarios.idempotency.payments import PAYMENTS, culprit

# %% [markdown] tags=["predict"]
# ## Three payments
#
# Ann pays 10, then 10 again, and Bob pays 5. Two billing workers share the work: each adds a
# payment's amount to the payer's row in the database. In the end Ann must have been charged 20 and
# Bob 5.
#
# We'll write that rule as code. Then `explore()` tries every schedule, that is, what goes wrong and
# when. It starts with the fewest faults, and returns the shortest run that breaks the rule, if any
# does.


# %%
async def shop():
    for number, (account, amount) in PAYMENTS.items():
        await publish("payments", {"account": account, "amount": amount}, id=number)


def billing(world, consumer):
    db = watched(world)  # a database that notes each look in the trace
    world.topic("payments")
    world.consumer("billing", lambda: consumer(db), "payments", workers=2, start="earliest")
    world.spawn(shop(), "shop")


class Adds:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        await self.db.add(event.data["account"], event.data["amount"])


# %% tags=["folded"]
# Your prediction
show.predict(
    "A worker has just charged Ann's first 10, and it crashes before its ack. How much has Ann "
    "been charged in the end?",
    {
        "10: the first payment is lost": 10,
        "20, as it should be": 20,
        "30: one payment counts twice": 30,
    },
    key="03.crash",
)

# %% tags=["run", "picture"]
PAID = {"ann": 20, "bob": 5}
FAULTS = ["crash", "duplicate", "ack lost", "preempt"]  # preempt: one worker pauses


def books_balance(world):
    for name, paid in PAID.items():
        charged = world.stores["db"].rows.get(name, 0)
        if charged != paid:
            words = f"{name} was charged {charged} instead of {paid}."
            return Violation(words, culprit(world), {name: paid}, {name: charged})


def search(consumer, faults=FAULTS, **bounds):
    return explore(lambda world: billing(world, consumer), books_balance, faults=faults, **bounds)


crashed = search(Adds, ["crash"])
show.counterexample(crashed)

# %% tags=["folded"]
# What came out
charged = crashed.violation.actual["ann"]
show.compare("03.crash", charged)

# %% [markdown] tags=["play"]
# A crash isn't the only way. Here are two more: the ack gets lost, or the shop gets no confirm and
# publishes again. In each picture, find where the second `pay-1` comes from.

# %% tags=["folded"]
# Choose what goes wrong
ways = {"a crash": "crash", "a lost ack": "ack lost", "a lost confirm": "duplicate"}

show.play(
    lambda fault: show.counterexample(search(Adds, [fault])),
    fault=show.choice(ways, label="what goes wrong"),
)

# %% [markdown] tags=["why"]
# If you hear nothing back, you can't tell which happened: the work was done and the reply got lost,
# or the work was never done. Give up, and you may lose a payment. Retry, and you may double one. A
# system that must lose nothing has to retry, so duplicates are **certain**. The receiver has to
# make them harmless.

# %% [markdown]
# ### source: Segment: "Delivering billions of messages exactly once" (2017-06-29)
# How rare is rare? Segment saw 0.6% duplicates over four weeks (its engineering blog, 2017): 6,000
# of a million. The slider starts at that rate. Would you notice it in a day of 400 payments?


# %% tags=["folded"]
# Choose how many are duplicated
def day(percent, payments=400):
    world = World(seed=3, faults={"duplicate": percent / 100})
    books = world.store("books", {"booked": 0})
    world.topic("payments")
    world.consumer("billing", lambda event: books.add("booked", 1), "payments")

    async def customers():
        for _ in range(payments):
            await publish("payments", 1)

    world.spawn(customers(), "customers")
    world.run()
    twice = books.rows["booked"] - payments
    bars = {"charged once": payments - twice, "charged twice": twice}
    words = f"Of a million payments, about {10_000 * percent:,.0f} would be published twice."
    return show.bars(bars, caption=words)


show.play(day, percent=show.slider(0.0, 5.0, 0.6, step=0.1, label="published twice, %"))

# %% [markdown]
# ## One id per intent, not per attempt
#
# An operation is **idempotent** if doing it again changes nothing. Setting a balance is idempotent,
# but adding to it isn't. So before you add, you have to recognise a repeat. Its content won't tell
# you: Ann really did mean to pay 10 twice. What you need is an **id**.
#
# This bank charges once per id. Its client waits 1 s for a reply, then tries again. Make the bank
# slow. Then give both attempts the same id.


# %%
def bank(seconds, one_id):
    world = World(latency=0.05)
    db = world.store("db")

    async def charge(request):
        async with db.transaction() as tx:
            if await tx.insert(request["id"]):
                await tx.add("charged", 10)

    async def client():
        for id in ["buy-1", "buy-1"] if one_id else ["try-1", "try-2"]:
            with suppress(CallTimeout):
                return await call("bank", {"id": id}, timeout=1.0)

    world.service("bank", charge, latency=seconds)
    world.spawn(client(), "client")
    return world.run(), db.rows["charged"]


# %% tags=["folded"]
# Choose how slow the bank is, and whose id it gets
def one_purchase(seconds, one_id):
    trace, charged = bank(seconds, one_id)
    return show.trace(trace, expected={"charged": 10}, actual={"charged": charged}, axis="order")


show.play(
    one_purchase,
    seconds=show.slider(0.1, 2.0, 1.3, step=0.1, label="the bank takes, s"),
    one_id=show.toggle(label="one id for both attempts"),
)

# %% [markdown] tags=["break"]
# ### source: Stripe: API reference, "Idempotent requests" (API v1, 2026-11)
# So the client creates the id once, before its first attempt. Stripe calls it an **idempotency
# key**. An id that is created inside the retry loop names the attempt, and every attempt looks new.
#
# ## Four ways to remember an id
#
# The ids are there. Now billing has to remember which ones it has handled. The faults are a crash,
# a duplicate, a lost ack, and a worker that pauses while another one runs.

# %% [markdown]
# Four ways look right:
#
# - **In memory:** each worker keeps the ids that it has seen in a set.
# - **Look first:** is the id in the database? If not, charge and write the id, in one transaction.
# - **Mark first:** write the id, then charge.
# - **Compare the content:** skip a payment that has the account and amount of an earlier one.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Take each of the four ways, and try to break it with one or two of the faults. How many "
    "survive all schedules?",
    {"none": 0, "one": 1, "two": 2},
    key="03.four",
)


# %%
class InMemory(Adds):
    def __init__(self, db):
        super().__init__(db)
        self.seen = set()

    async def handle(self, event):
        if event.id not in self.seen:
            self.seen.add(event.id)
            await super().handle(event)


in_memory = search(InMemory)
show.counterexample(in_memory)

# %% [markdown]
# **In memory.** The crash wiped out what this worker knew, and the other worker never knew it. The
# memory has to live where the money is: in the database.


# %%
class LooksFirst(Adds):
    async def handle(self, event):
        if await self.db.get(f"seen {event.id}"):
            return
        async with self.db.transaction() as tx:
            await tx.add(event.data["account"], event.data["amount"])
            await tx.put(f"seen {event.id}", True)


looks_first = search(LooksFirst)
race(looks_first, "pay-1")

# %% [markdown]
# **Look first, then act.** Both workers looked before either had written. So both saw nothing, and
# both charged Ann. It takes two faults at once: your tests will hardly ever hit that, but a busy
# day will.


# %%
class MarksFirst(Adds):
    async def handle(self, event):
        if await self.db.insert(f"seen {event.id}"):
            await super().handle(event)


marks_first = search(MarksFirst)
show.counterexample(marks_first)

# %% [markdown]
# **Mark first, then act.** `insert` looks and marks in one step, so there is no race left. But the
# crash fell between the mark and the money. The redelivered payment finds the mark, and Ann is
# never charged for it. Swap the two steps, and the same crash charges her twice.


# %%
class ByContent(Adds):
    async def handle(self, event):
        async with self.db.transaction() as tx:
            if await tx.insert(f"seen {event.data}"):
                await tx.add(event.data["account"], event.data["amount"])


by_content = search(ByContent)
show.counterexample(by_content)

# %% [markdown]
# ### source: SQS: Developer Guide, FIFO queues, ContentBasedDeduplication (2026-11)
# **Compare the content.** This one fails without any fault: Ann's second payment looks just like
# her first. A hash of the body is no better. SQS FIFO queues offer that as content-based
# deduplication (its documentation). Leave it off wherever two equal messages can both be meant.

# %% tags=["folded"]
# What came out
four = [in_memory, looks_first, marks_first, by_content]
survivors = [found for found in four if found.violation is None]
show.compare("03.four", len(survivors))

# %% [markdown] tags=["fix"]
# ## Fix it: an inbox
#
# The look, the mark and the money belong in **one transaction**: either all of it happens, or none
# of it does. The store's transactions are **serializable**: a commit fails if something that it
# read has changed. So if two workers hold the same payment, the second commit fails, and its
# message is redelivered.
#
# The search below allows three faults, which makes thousands of schedules. It may take 5 to 20
# seconds.

# %% tags=["folded"]
# The pattern's source
print(inspect.getsource(Inbox))


# %%
async def charge(tx, event):
    await tx.add(event.data["account"], event.data["amount"])


print(search(lambda db: Inbox(db, charge), max_faults=3, seconds=50))  # 50 s of real time at most

# %% [markdown]
# That isn't luck. `explore()` tried every schedule of up to three faults for these payments, and
# not one breaks the rule. A payment may still be *delivered* more than once, but it takes effect in
# this database only once. People call that **effectively once**. Which part of the inbox makes the
# difference? Take one out.


# %%
class NoMark(Inbox):
    async def handle(self, event):
        async with self.db.transaction() as tx:
            await self.effect(tx, event)


class NoTransaction(Inbox):
    async def handle(self, event):
        if await self.db.insert(f"seen {event.source} {event.id}"):
            await self.effect(self.db, event)


# %% tags=["folded"]
# Choose what to take out
without = {"the mark": NoMark, "the transaction": NoTransaction}

show.play(
    lambda part: show.counterexample(search(lambda db: without[part](db, charge))),
    part=show.choice(list(without), label="the inbox without"),
)

# %% [markdown]
# ### source: PostgreSQL: documentation, 13.2 Transaction Isolation: Read Committed (18)
# ## What your database has to promise
#
# A database's **isolation level** says how much a transaction may notice of others that run at the
# same time. Serializable is the strictest. PostgreSQL's default is READ COMMITTED: what you have
# read may change before you commit, and nobody tells you. Here is the inbox once more, at that
# level. It looks for the mark, and then writes it.


# %%
class LooksInside(Adds):
    async def handle(self, event):
        async with self.db.transaction("read committed") as tx:
            if not await tx.get(f"seen {event.id}"):
                await tx.put(f"seen {event.id}", True)
                await tx.add(event.data["account"], event.data["amount"])


race(search(LooksInside), "pay-1")

# %% [markdown]
# Two workers looked, saw no mark, and committed. A transaction alone doesn't help; a **unique
# constraint** on the mark does. Of two transactions that insert one key, only one can commit,
# whatever the isolation level. That's what `insert` does here, and an `INSERT` where the id is the
# primary key.


# %%
class Inserts(Adds):
    async def handle(self, event):
        async with self.db.transaction("read committed") as tx:
            if await tx.insert(f"seen {event.id}"):
                await tx.add(event.data["account"], event.data["amount"])


print(search(Inserts))

# %% [markdown]
# ### source: SQS: Developer Guide, FIFO queues, deduplication interval of 5 minutes (2026-11)
# ### source: NATS: nats-server, stream's duplicate_window, 2 minutes by default (2.14.6)
# ### source: JetStream: as NATS (nats-server 2.14.6)
# ## How long to remember an id
#
# You can't keep marks for ever. SQS FIFO queues remember an id for 5 minutes, and NATS JetStream
# for 2 minutes by default (their documentation). What happens to a payment that comes back later
# than that?


# %%
def later(window, back):
    world = World()
    db = world.store("db")

    async def billing(event):
        async with db.transaction() as tx:
            seen = await tx.get(event.id)
            if seen is None or world.now - seen > 60 * window:
                await tx.put(event.id, world.now)
                await tx.add("ann", 10)

    world.topic("payments")
    world.consumer("billing", billing, "payments")
    for minute in (0, back):
        world.at(60 * minute, lambda: world.publish("payments", id="pay-1"))
    return world.run(), db.rows["ann"]


# %% tags=["folded"]
# Choose a window, and when the payment comes back
### source: JetStream: duplicate_window, 2 minutes by default (nats-server 2.14.6)
### source: SQS: FIFO queues, deduplication interval of 5 minutes (2026-11)
def comes_back(window, back):
    trace, charged = later(window, back)
    return show.trace(trace, expected={"ann": 10}, actual={"ann": charged})


windows = {"2 minutes, as JetStream": 2, "5 minutes, as SQS FIFO": 5, "an hour": 60}

show.play(
    comes_back,
    window=show.choice(windows, 5, label="an id is remembered for"),
    back=show.slider(1, 90, 12, label="redelivered after, minutes"),
)

# %% [markdown]
# The window must outlast the longest way back: retries, a consumer that was down all weekend, or a
# **redrive**. (Messages that were given up on are set aside in a **dead-letter topic**; a redrive
# sends them back. Lesson 04 has more.) If it can't, make the effect itself safe to repeat.

# %% tags=["folded"]
# A question for you
### source: Stripe: "Idempotent requests": parameters are compared (API v1, 2026-11)
show.quiz(
    "A key that you know stands for a charge of 10. Now a request for 99 arrives under the same "
    "key. What do you do?",
    ["send the first reply again", "charge 99", "refuse it as a conflict"],
    answer="c",
    why={
        "a": "Then the client believes that it was charged 99, when it was charged 10.",
        "b": "Then the key no longer protects anybody from being charged twice.",
        "c": "The client has a bug. Stripe compares the parameters and answers with an error.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# You need no marks where doing it twice is the same as doing it once: setting a status, deleting a
# row, storing a version unless a newer one is there. And where the effect happens elsewhere, an
# inbox isn't enough: you can't roll back an email or a card charge. Pass your id on, and let the
# other side keep an inbox. The price of yours is a row per event, in the same database, for the
# whole window.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say why duplicates are certain, and where they come from.
# - Tell a repeat from a new request by its id, and say who creates that id.
# - Break four kinds of dedup that look right, each with its shortest failing run.
# - Build one that survives every schedule of up to three faults, and say what it costs.
# - Choose how long to remember an id, and refuse a key that is reused for another request.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Your payment consumer reads from an at-least-once queue. How do you make sure that nobody is
# charged twice?"* Take two minutes, then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# The client creates an id before its first attempt, and sends it with every attempt. My consumer
# inserts that id, which is a unique key, and books the payment in one transaction, and acks after
# the commit. A repeat finds the id and does nothing. If two workers handle the same payment at
# once, one commit fails, and that worker tries again. I keep ids for longer than the longest
# redrive, and I refuse a known id with a different amount. The card itself is charged by a
# provider, outside my transaction, so I pass the same id on to it. That is effectively once, not
# exactly once.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 03](../exercises/03_idempotency.ipynb), in your own copy: a consumer, an
# endpoint, a client, and what a window costs.
