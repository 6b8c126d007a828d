# %% [markdown] tags=["promise"]
# # 08 · Event sourcing and CQRS
#
# In about 25 minutes you will be able to
#
# - tell a command from an event, and say what intent and audit you get for it,
# - keep two writers from deciding on the same state, and say what the loser does,
# - read your own write from a view that lags, in four ways,
# - key a snapshot, and read old events without changing what they mean,
# - put an application of the `eventsourcing` library on the kit's durable log,
# - say when a table is enough.

# %% tags=["folded"]
# Imports, and a helper to explore
import inspect
from functools import reduce
from tempfile import TemporaryDirectory
from uuid import UUID

import eventsourcing.domain
from eventsourcing.application import Application

from pubsub_kit import Conflict, RetryPolicy, Violation, World, call, explore, publish, show, sleep
from pubsub_kit.patterns import Aggregate, recorder, recorder_factory
from pubsub_kit.scenarios.drawn import shortened
from pubsub_kit.world.event_store import EventStore


def explored(account, rule, max_faults=2):
    return explore(lambda world: bank(world, account), rule, faults=FAULTS, max_faults=max_faults)


# %% [markdown]
# ## State from events
#
# A table holds what is true now, and each update destroys what was true before. With **event
# sourcing** you keep every change as an event instead, and you never edit one. The state is what
# you get when you add them up: a **fold**. Here is Ann's account.

# %%
ANN = [
    {"type": "deposited", "amount": 120, "why": "salary"},
    {"type": "withdrawn", "amount": 90, "why": "rent"},
    {"type": "deposited", "amount": 90, "why": "rent, paid twice in May"},
    {"type": "withdrawn", "amount": 20, "why": "groceries"},
]
SIGN = {"deposited": 1, "withdrawn": -1}


def apply(balance, event):
    return balance + SIGN[event["type"]] * event["amount"]


print("now:", reduce(apply, ANN, 0), "· after two events:", reduce(apply, ANN[:2], 0))

# %% [markdown]
# The fold gives you the state at any time, and the events give you the **audit**: who did what, and
# why. That takes events that say what was meant. `AccountUpdated(balance=100)` has lost the
# **intent**: nobody can tell whether the bank corrected an error or Ann paid something in.
#
# A **command** asks: "withdraw 80". It can be refused. An **event** says what has happened:
# "withdrawn 80". It can't be refused any more, only followed by another one.

# %% tags=["folded"]
# A question for you
show.quiz(
    "Since today, a withdrawal may be at most 50. Where do you check that?",
    ["where a command is decided", "where an event is applied", "in both places"],
    answer="a",
    why={
        "a": "A rule decides about commands. Events that older rules allowed have happened.",
        "b": "Ann's 90 for the rent has happened. Her account could no longer be loaded.",
        "c": "Ann's 90 for the rent has happened. Her account could no longer be loaded.",
    },
)

# %% [markdown] tags=["predict"]
# ## Two writers, one slot
#
# Two branches serve Ann's account. Each reads her events, decides, and appends. She has 100, and
# two withdrawals of 80 arrive at the same time. The code below checks the balance first. Is that
# enough?


# %%
def bank(world, account, amount=80):
    log = EventStore(world, {"ann": ANN})
    for branch, id in (("north", "w-1"), ("south", "w-2")):
        world.service(branch, lambda: account(log))
        command = {"id": id, "amount": amount}
        world.spawn(call(branch, command, timeout=5.0, retry=RetryPolicy()), id)


class ChecksFirst:
    def __init__(self, log):
        self.log = log

    async def handle(self, command):
        if command["amount"] > reduce(apply, await self.log.read("ann"), 0):
            return "refused"
        await self.log.append("ann", {"type": "withdrawn", "amount": command["amount"]})
        return "ok"


# %% tags=["folded"]
# Your prediction
show.predict(
    "What is the lowest balance that Ann can end with?",
    {"20": 20, "−60": -60, "100: both are refused": 100},
    key="08.race",
)

# %% tags=["run"]
FAULTS = ["preempt"]


def never_overdrawn(world):
    balance = reduce(apply, world.stores["log"].of("ann"), 0)
    writes = [i for i, step in enumerate(world.trace) if step.kind == "effect"]
    words = f"Two withdrawals were decided on one state: Ann has {balance}."
    return Violation(words, writes[-1], "0 or more", balance) if balance < 0 else None


found = explored(ChecksFirst, never_overdrawn)
lowest = found.violation.actual

# %% tags=["picture", "folded"]
# Draw the shortest run that breaks the rule


def said(before, after):
    return ", ".join(f"slot {key.split()[1]}: −{row['amount']}" for key, row in after.items())


def drawn(found, words=None):
    wrong, nodes = found.violation, ["w-1", "north", "south", "w-2"]
    mark = {"mark": wrong.step, "expected": wrong.expected, "actual": wrong.actual} if wrong else {}
    words = words or wrong.message
    return show.trace(shortened(found.trace, said), caption=words, nodes=nodes, **mark)


drawn(found)

# %% tags=["folded"]
# What came out
show.compare("08.race", lowest)

# %% [markdown] tags=["play"]
# Two withdrawals at once aren't always too much. Which amounts are safe, whatever the schedule?


# %% tags=["folded"]
# One control: how much each of them withdraws
def raced(amount):
    found = explore(lambda world: bank(world, ChecksFirst, amount), never_overdrawn, faults=FAULTS)
    return drawn(found, "" if found.violation else f"Two times {amount} is fine in any schedule.")


show.play(raced, amount=show.slider(10, 100, 80, step=10, label="each withdraws"))

# %% [markdown] tags=["why"]
# ### source: KurrentDB: client documentation, appending events: expected state (25.1)
# ### source: Kafka: KAFKA-2260 and KIP-27, conditional publish: open (2026-11)
# Both branches decided on the same four events, and one of the decisions was out of date when it
# was written. So say what it rests on: **append only if the stream still has four events**. This is
# **optimistic concurrency**: no lock, and whoever comes second gets a conflict.
#
# KurrentDB takes such an expected state with each append: a revision, "no stream", "exists" or
# "any". Kafka can't refuse an append in this way (KAFKA-2260), so a topic alone is no event store.

# %% [markdown] tags=["break"]
# Now the second branch gets a `Conflict` when it tries to fill slot 5. It still has its event in
# hand. The code below appends that event again, at the new end.


# %%
class AppendsAgain(ChecksFirst):
    async def handle(self, command):
        events = await self.log.read("ann")
        if command["amount"] > reduce(apply, events, 0):
            return "refused"
        event, version = {"type": "withdrawn", "amount": command["amount"]}, len(events)
        while True:
            try:
                await self.log.append("ann", event, expected=version)
                return "ok"
            except Conflict:
                version = len(await self.log.read("ann"))


# %% tags=["folded"]
# Your prediction
show.predict(
    "What is the lowest balance that Ann can end with now?",
    {"20": 20, "−60": -60},
    key="08.again",
)

# %%
again = explored(AppendsAgain, never_overdrawn)
drawn(again)

# %% tags=["folded"]
# What came out
show.compare("08.again", again.violation.actual)

# %% [markdown] tags=["fix"]
# The conflict says that the *decision* is out of date. A new version number doesn't make it a new
# decision. So the loser **reads again, and decides again**: this time it refuses. Two functions
# know the domain, `decide` and `apply`; the kit's `Aggregate` does the rest.

# %% tags=["folded"]
# The aggregate's source
print(inspect.getsource(Aggregate.execute))


# %%
def decide(balance, command):
    amount = command["amount"]
    return [{"type": "withdrawn", "amount": amount}] if amount <= balance else []


class Branch:
    def __init__(self, log):
        self.ann = Aggregate(log, "ann", decide, apply, 0)

    async def handle(self, command):
        return "ok" if await self.ann.execute(command) else "refused"


FAULTS = ["preempt", "reply lost", "crash"]
print(explored(Branch, never_overdrawn))

# %% [markdown]
# Proven, for these two commands and up to two faults. Here is the race once more. South is late for
# slot 5, bounces off, reads five events, and refuses.


# %% tags=["folded"]
# Find the race, and draw it
def one_slot(world):
    bounced = [i for i, step in enumerate(world.trace) if "conflict" in step.text]
    return Violation("bounced", bounced[0]) if bounced else None


FAULTS = ["preempt"]
race = explored(Branch, one_slot)
show.trace(
    shortened(race.trace, said),
    caption="South bounces off slot 5, decides again on five events, and refuses.",
    nodes=["w-1", "north", "south", "w-2"],
)

# %% [markdown]
# All writers of one aggregate take turns, so keep aggregates small: an account, not a bank. How
# much work do conflicts cost if everyone writes at the same moment?


# %%
def crowd(writers, accounts):
    world = World(effect_latency=0.01)
    log = EventStore(world, {})

    async def writer(n):
        account = Aggregate(log, f"account {n % accounts}", lambda s, c: [{}], lambda s, e: s, 0)
        await account.execute({"id": n})

    for n in range(writers):
        world.service(f"writer {n}", lambda n=n: lambda request: writer(n))
        world.client(f"client {n}", f"writer {n}")
    return sum("conflict" in step.text for step in world.run())


# %% tags=["folded"]
# One control: how many accounts the writers share
def crowded(accounts):
    counts = {f"{n} writers": crowd(n, accounts) for n in (2, 4, 8, 16)}
    return show.bars(counts, x="conflicts until all have written")


show.play(crowded, accounts=show.slider(1, 8, 1, label="accounts"))

# %% [markdown] tags=["predict"]
# ## Views that lag
#
# Who has more than 1,000? No single stream can tell. So a **projection** follows the log and keeps
# a view for such questions. One model for commands and another for queries is all that **CQRS**
# means (Young); it asks for no events, no broker and no second database.
#
# The view below takes half a second for each event. Ann withdraws 80 of her 100, and her screen
# reads the view.


# %%
def viewed(lag=0.5, patience=0.0):
    world = World()
    log, db = EventStore(world, {"ann": ANN}), world.store("view", {"ann": 100, "position": 4})

    async def project(event):
        async with db.transaction() as tx:
            if event.data["position"] > await tx.get("position"):
                await tx.put("ann", apply(await tx.get("ann"), event.data["event"]))
                await tx.put("position", event.data["position"])

    async def screen():
        event = {"type": "withdrawn", "amount": 80}
        position = await log.append("ann", event, expected=4)
        await publish("log", {"position": position, "event": event}, id="w-1")
        while await db.get("position") < position and world.now < patience:
            await sleep(0.1)
        late = await db.get("position") < position
        await shown.put("shows", "pending" if late and patience else await db.get("ann"))

    shown = world.store("screen")
    world.topic("log")
    world.consumer("view", lambda: project, "log", latency=lag)
    world.spawn(screen(), "ann")
    world.run()
    return world


# %% tags=["folded"]
# Your prediction
show.predict(
    "What does Ann's screen show right after her withdrawal?",
    {"20": 20, "100, as before": 100, "an error": None},
    key="08.read",
)

# %%
at_once = viewed().stores["screen"].rows["shows"]

# %% tags=["folded"]
# What came out
show.compare("08.read", at_once)

# %% [markdown]
# ### source: Marten: documentation, async daemon: QueryForNonStaleData (9.47)
# There are four ways to **read your own write**:
#
# 1. Wait until the view has reached the append's position, but not for ever. That's what `wait` in
#    `eventsourcing` and `QueryForNonStaleData` in Marten do.
# 2. Ask the aggregate: fold its stream.
# 3. Update the view in the append's transaction, where one database holds both.
# 4. Show it as pending.
#
# How long should her screen wait?


# %% tags=["folded"]
# Two controls: the view's lag, and the screen's patience
def lagging(lag, patience):
    world = viewed(lag, patience)
    words = f"Ann's screen shows: {world.stores['screen'].rows['shows']}."
    nodes = ["ann", "log", "view"]
    return show.trace(shortened(world.trace), caption=words, nodes=nodes)


lag = show.slider(0.1, 3, 0.5, label="the view lags, s")
show.play(lagging, lag=lag, patience=show.slider(0, 2, 0, label="the screen waits, s"))

# %% [markdown]
# ### source: fisher: release notes, waits on the shards that a store registers (0.9.1)
# A view that has never run has no position row, and "no row" must not pass for "nothing behind". In
# JasperFx's fisher it did, until 0.9.1. A view is **honest** if at position p it equals the fold of
# the first p events, and if p never falls. It may lag as far as it likes.

# %% tags=["folded"]
# A question for you
show.quiz(
    "No two accounts may have the same email. Where do you check that?",
    [
        "look it up in a view of all accounts",
        "wait for the view to catch up, then look it up",
        "append to a stream named after the email, expecting it to be empty",
    ],
    answer="c",
    why={
        "a": "Two people sign up within the lag, and neither is in the view yet.",
        "b": "Two people wait at the same time, and then neither is in the view yet.",
        "c": "Both write to the same stream, so one of them gets the conflict.",
    },
)

# %% [markdown]
# ## Long streams: snapshots
#
# We measured how long the `eventsourcing` library takes to load 10,001 events: 310 ms, or 31 µs an
# event. A **snapshot** saves the state at some version, so that you only read what came after it.
# When is it worth having one?

# %%
PER_EVENT = 310 / 10_001  # ms, measured with eventsourcing 9.5.6


def loading(every):
    """Return (events, ms) for streams of up to 3,000 events, with a snapshot every so many."""
    return [(n, PER_EVENT * (n % every if every else n)) for n in range(0, 3001, 50)]


# %% tags=["folded"]
# One control: how often a snapshot is taken
def loads(every):
    curves = {"none": loading(0), f"every {every}": loading(every)}
    return show.lines(curves, x="events in the stream", y="ms to load")


show.play(loads, every=show.slider(100, 2000, 1000, step=100, label="a snapshot every"))

# %% [markdown]
# An account with 300 events loads in 9 ms, so most streams need none. And a snapshot is a
# **cache**: it holds what some version of `apply` made of the events. What if you deploy another?


# %%
async def load(log, db, apply, key):
    version, balance = await db.get(key) or (0, 0)
    for event in await log.read("ann", after=version):
        version, balance = version + 1, apply(balance, event)
    await db.put(key, [version, balance])
    return balance


def with_fee(balance, event):
    return apply(balance, event) - (1 if event["type"] == "withdrawn" else 0)


def redeployed(first_key, second_key):
    world = World()
    log, db = EventStore(world, {"ann": ANN}), world.store()

    async def deploy():
        await load(log, db, apply, first_key)
        await db.put("answer", await load(log, db, with_fee, second_key))

    world.spawn(deploy(), "account")
    world.run()
    return world.stores["db"].rows["answer"]


# %% tags=["folded"]
# Your prediction
show.predict(
    "Version 1 saves a snapshot of 100. Version 2 takes a fee of 1 for each withdrawal, also for "
    "the two in the past. Both use the key 'ann'. What does version 2 load?",
    {"98": 98, "100": 100},
    key="08.snapshot",
)

# %%
stale = redeployed("ann", "ann")
print("keyed by the version of the code:", redeployed("ann v1", "ann v2"))

# %% tags=["folded"]
# What came out
show.compare("08.snapshot", stale)

# %% [markdown]
# So the key has to name the version of the code, as it does in the kit's `Snapshot` (lesson 07).
# Then the new code starts without a snapshot, and after a rollback the old code finds its own.
#
# ## Old events: upcasting
#
# Events live longer than the code that wrote them. An **upcaster** turns an old event into today's
# form whenever it is read. Amounts are in cents now, with the rate to dollars at the time.


# %%
def upcast(event, rate=None):
    if "cents" in event:
        return event
    return {"type": event["type"], "cents": 100 * event["amount"], "rate": rate}


print(upcast(ANN[0]))
for today in (1.1, 1.3):
    print("with a rate that is looked up:", upcast(ANN[0], rate=today))

# %% [markdown]
# Nobody noted the rate back then, so the honest value is `None`. If the upcaster asks for today's
# rate, or the time, each replay makes another state of the same events. So it must be a **pure
# function**. If you can't compute the new form from the old one, it isn't a new version but a new
# event (Young).

# %% [markdown]
# ## The same account in a library
#
# The `eventsourcing` library makes an event of each decorated call. Its body is the `apply`: it
# runs now, and again at each load. So the check stands outside. Why would it be wrong inside?


# %%
class Account(eventsourcing.domain.Aggregate):
    def __init__(self):
        self.balance = 0

    @eventsourcing.domain.event("Deposited")
    def deposit(self, amount):
        self.balance += amount

    def withdraw(self, amount, why):
        if amount > self.balance:
            raise ValueError(f"{amount} for {why} is refused")
        self._withdraw(amount, why)

    @eventsourcing.domain.event("Withdrawn")
    def _withdraw(self, amount, why):
        self.balance -= amount


# %% [markdown]
# ### source: PostgreSQL: recorders on the Persistence page of eventsourcing's docs (9.5.6)
# The library (version 9.5.6) adds what our page of code lacks: names and versions for event
# classes, snapshots, encryption and compression, notifications for other applications, and
# recorders for SQLite and PostgreSQL. A **recorder** stores the events. Ours puts them on the kit's
# durable log, and it passes the library's own tests for recorders.

# %% tags=["folded"]
# The recorder's source: how it writes
print(inspect.getsource(recorder.LogRecorder.insert_events))

# %%
folder = TemporaryDirectory()
settings = {"PERSISTENCE_MODULE": recorder_factory.__name__, "LOG_PATH": folder.name}
account = Account()
account.deposit(100)
with Application[UUID](settings) as before:
    before.save(account)
    before.close()

after = Application[UUID](settings)  # as after a restart
mine, yours = after.repository.get(account.id), after.repository.get(account.id)
mine.withdraw(80, "rent")
yours.withdraw(80, "a bicycle")
saved = after.save(mine)

# %%
try:
    after.save(yours)
except Exception as error:
    print("the second save:", type(error).__name__)

reloaded = after.repository.get(account.id)
try:
    reloaded.withdraw(80, "a bicycle")
except ValueError as refused:
    print("decided again:", refused)
print("balance:", after.repository.get(account.id).balance)

# %% tags=["folded"]
# Close the log, and delete its folder
after.close()
folder.cleanup()

# %% [markdown]
# The restart found the account, the second writer's save failed, and deciding again refused. It's
# the race from above, on files.

# %% [markdown] tags=["when-not"]
# ## When a table is enough
#
# If nobody asks how a row came about, keep a row with a version number: an expected version works
# there too. If you only need an audit, add a table of changes, written in the same transaction.
# Event sourcing costs you upcasters forever, views that lag, and a plan for data that must be
# erased (lesson 10). For most systems CQRS is a risk (Fowler, 2011). Use both where the history
# *is* the business, as in a ledger.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Tell a command from an event, and say what intent and audit you get for it.
# - Keep two writers from deciding on the same state, and say what the loser does.
# - Read your own write from a view that lags, in four ways.
# - Key a snapshot, and read old events without changing what they mean.
# - Put an application of the `eventsourcing` library on the kit's durable log.
# - Say when a table is enough.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Our accounts are event-sourced. Sometimes a customer withdraws, and the page still shows the old
# balance; and last week an account went below zero. What happened?"* Take two minutes, then unfold
# ours.
#
# <details><summary>One good answer</summary>
#
# Those are two problems. The page reads a view that lags behind the log. I'd return the position
# of the append and wait for the view to reach it, for a second at most, and then show the
# withdrawal as pending. Or the page asks the aggregate.
#
# The negative balance means that somebody appended a decision that rested on an older state. I'd
# look for appends without an expected version, and for a retry that appends the same event again
# after a conflict. After a conflict you load the events and decide again. "We only have one
# writer" is no answer, since during a deployment there are two. And I'd check that each event
# carries the id of its command, so that a repeated command isn't a second withdrawal.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 08](../exercises/08_event_sourcing_cqrs.ipynb), in your own copy: an
# account, a view, two screens, an upcaster, a snapshot, and an oracle.
