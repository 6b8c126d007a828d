# %% [markdown] tags=["promise"]
# # 07 · Event log and replay: history you can run again
#
# In about 30 minutes you will be able to
#
# - write a log on a real disk, kill its writer, and say what survives and why,
# - let a subscriber that was down catch up, and a new service bootstrap from history,
# - rebuild a read model by replay, find a bug with it, and roll back to a point,
# - replace a service while events arrive, with no gap and no double,
# - choose what a log may forget: retention, compaction, snapshots.

# %% tags=["folded"]
# Imports
import inspect
import tempfile
from pathlib import Path
from struct import Struct
from zlib import crc32

from pubsub_kit import (
    Broker,
    DurableEventLog,
    Event,
    EventLog,
    Retention,
    World,
    call,
    explore,
    show,
    sleep,
)
from pubsub_kit.log.segments import LogCorrupt
from pubsub_kit.patterns import Projection, Snapshot
from pubsub_kit.scenarios.event_log_and_replay import cut_over
from pubsub_kit.scenarios.event_log_and_replay.keeping import oldest
from pubsub_kit.scenarios.event_log_and_replay.on_disk import (
    daily,
    kill_a_writer,
    last_file,
)
from pubsub_kit.show.diagrams.hexdump import hexdump

cleanup = tempfile.TemporaryDirectory()  # it goes when the kernel does
disk = Path(cleanup.name)
HEAD = Struct("<II")  # length and checksum, 4 bytes each

# %% [markdown] tags=["predict"]
# ## A writer that gets killed
#
# An event says that something has happened, so nobody ever changes it. A **log** only appends, and
# numbers what it appends: 0, 1, 2 … That number is the event's **offset**.
#
# Below, another process appends to a log on your disk, and reports each append that has returned.
# Once 50 have, we kill it with `kill -9`: no warning, no cleanup.

# %% tags=["folded"]
# Your prediction
show.predict(
    "We open the log again. How many of the appends that had returned are lost?",
    {"none": 0, "only the last one": 1, "all of those since the file was last closed: 50": 50},
    key="07.kill",
)

# %% tags=["run"]
acked = kill_a_writer(disk / "killed")

with DurableEventLog(disk / "killed") as log:
    found = [event.data for _, event in log.read(0, 0)]

lost = set(acked) - set(found)

# %% tags=["folded"]
# What came out
show.compare("07.kill", len(lost))

# %% [markdown]
# `append` returns when the bytes are with the disk, so an acknowledged event is never only in the
# memory of the process. The event that was being written may be there, in part, or not at all:
# nobody was promised that one. What do the bytes look like?

# %% tags=["picture"]
fields = {"header": 20, "length": 24, "~length": 28, "offset": 32, "count": 36, "crc32": 40}
data = last_file(disk / "killed").read_bytes()
hexdump(data[:89], parts=[*fields.items(), ("size", 44), ("record", 89)])

# %% [markdown]
# ### source: Kafka: documentation, message format: record batch, CRC-32C (4.3)
# A **frame** says how long it is, and has a checksum of what it holds. So a reader can tell a whole
# record from half of one. Kafka frames a batch of records in the same spirit, with a
# checksum called CRC-32C.
#
# Why is the length there twice? Here are frames without that, and a reader that stops at the first
# bad one. What does it make of 64 zero bytes, which a power cut can leave in a file?


# %%
def naive(data):
    at, records = 0, []
    while at + 8 <= len(data):
        length, check = HEAD.unpack_from(data, at)
        record = data[at + 8 : at + 8 + length]
        if crc32(record) != check:
            break  # a torn tail, isn't it?
        records.append(record)
        at += 8 + length
    return records


# %%
zeros = naive(bytes(64))

events = [b"event %d" % n for n in range(1000)]
thousand = bytearray(b"".join(HEAD.pack(len(each), crc32(each)) + each for each in events))
thousand[len(thousand) // 2] ^= 1  # one bit flips in the middle of the file
kept = naive(thousand)
print(f"zeros: {len(zeros)} valid records; one bit flipped: {len(kept)} of 1,000 records left")

# %% [markdown]
# Both are wrong. The checksum of nothing is 0, so eight zero bytes pass for an empty record. And
# cutting at the first bad record loses hundreds of acknowledged ones. So a log must tell a **torn
# tail**, which it cuts off, from **damage**, which it must refuse. Cut or damage the kit's file:


# %% tags=["play", "folded"]
# Choose what happens to the file
def harmed(how, byte):
    with daily(Path(tempfile.mkdtemp(dir=disk)) / "log", 5) as log:
        path = log.path
    data = bytearray(last_file(path).read_bytes())
    data[byte] ^= 1
    last_file(path).write_bytes(data if how == "flip" else data[:byte])
    try:
        with DurableEventLog(path) as log:
            words = f"Opened: cut off at byte {byte}, it has {log.end()} of 5 events, all whole."
    except LogCorrupt:
        words = f"Refused: byte {byte} is in a damaged record, and nothing is deleted."
    return show.segments(path, caption=words)


show.play(
    harmed,
    how=show.choice({"cut off there": "cut", "flip a bit there": "flip"}, label="the file"),
    byte=show.slider(20, 320, 200, label="at byte"),
)

# %% [markdown] tags=["why"]
# ### source: Kafka: broker configs, log.flush.interval.messages: no forced fsync by default (4.3)
# A `kill -9` spares the operating system, which still has the bytes. A power cut doesn't, so the
# kit waits for **fsync** before it returns. Kafka doesn't force one by default: it counts on copies
# on other machines (lesson 11).
#
# ## A subscriber that was down
#
# A reader's position is a number of its own, its **cursor**. Mail goes down before the orders come.

# %%
orders = {"ann": 30, "bob": 20, "cid": 50, "dan": 10, "eve": 70, "fay": 40}

with Broker(disk / "shop", clock=lambda: 0.0) as broker:
    broker.topic("orders")
    for group in ("billing", "mail"):
        broker.subscribe("orders", group)
    for customer, total in orders.items():
        broker.publish("orders", {"total": total}, id=f"order-{customer}", key=customer)
    for delivery in broker.subscriptions["orders", "billing"].pull(4):
        delivery.ack()

# %% [markdown]
# The broker has been shut down, too. Now both come back, and somebody starts a new service,
# analytics, twice: once from `latest`, and once from `earliest`.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Analytics subscribes from `latest`, after six orders. How many of them does it get?",
    {"none": 0, "the two that billing hasn't read": 2, "all six": 6},
    key="07.latest",
)

# %%
with Broker(disk / "shop", clock=lambda: 0.0) as broker:
    mail = [each.event.key for each in broker.subscriptions["orders", "mail"].pull(10)]
    late = broker.subscribe("orders", "late", start="latest").pull(10)
    whole = broker.subscribe("orders", "analytics", start="earliest").pull(10)
    picture = show.segments(
        broker.topics["orders"].log,
        {"mail and earliest": 0, "billing": 4, "latest": 6},
        title="One log, and where each reader goes on",
    )

print(f"mail catches up with {', '.join(mail)}; from earliest, analytics gets {len(whole)}")

# %% tags=["folded"]
# What came out
show.compare("07.latest", len(late))

# %%
picture

# %% [markdown]
# Nobody had to resend anything: mail **caught up** by itself, since the log had kept all of it. And
# a new service can bootstrap from history, long after the events, if it starts at the
# beginning.
#
# ## A read model: your own copy
#
# A service that asks another one at each request is down whenever that one is. Instead it can keep
# its own copy, made from the log: a **projection**.

# %% tags=["folded"]
# The pattern's source
print(inspect.getsource(Projection.catch_up))


# %%
async def add(tx, event):
    await tx.add("stock", event.data["amount"])


class Shop:
    def __init__(self, db, log):
        self.db, self.view = db, Projection(db, log, add)

    async def recover(self):
        await self.view.catch_up()

    async def handle(self, request):
        return await self.db.get("stock")


# %%
MOVES = [("in", 5), ("out", -3), ("back", 1), ("out", -3), ("in", 6), ("out", -2)]
log = EventLog("moves")
for n, (kind, amount) in enumerate(MOVES):
    log.append(Event(f"move-{n}", "warehouse", kind, float(n), {"amount": amount}))

world = World(latency=0.05)
world.service("shop", lambda: Shop(world.store("db"), log))
answers = []


async def customer():
    await sleep(5.0)
    log.close()
    world.note("note", "customer", text="the log is down")
    answers.append(await call("shop", "how many?"))


world.spawn(customer(), "customer")
show.trace(world.run(), axis="order", expected={"answer": 4}, actual={"answer": answers[0]})

# %% [markdown]
# The log was down, and the shop still answered. The copy may be behind, and that is its price. Look
# at the source again: the position and the sums are written in **one transaction**. What would a
# crash do between two writes? You'll find out in the exercise.
#
# ## A bug, found by replay
#
# Yesterday somebody shipped new code for the stock. Then, for a while, the website showed a stock
# below zero. Nobody knows why, but the events are all there: run them again, one by one.


# %%
def shipped(stock, kind, amount):
    return stock if kind == "back" else stock + amount


def fixed(stock, kind, amount):
    return stock + amount


def replay(code, until=None):
    states = [0]
    for kind, amount in MOVES[:until]:
        states.append(code(states[-1], kind, amount))
    return states


# %%
stocks = replay(shipped)
first = next(n for n, stock in enumerate(stocks) if stock < 0)
print(f"after offset {first - 1}, a move {MOVES[first - 1]}, the stock is {stocks[first]}")
print(f"shipped code: {stocks}")
print(f"fixed code:   {replay(fixed)}")
print(f"the stock as it was before offset 3: {replay(fixed, until=3)[-1]}")

# %% [markdown]
# The two part at the third move: the shipped code ignores a return. **Replay** finds the bug, and
# it corrects the data as well: fix the code, throw the read model away, and build it anew. The last
# line is a **rollback**: stop the replay at a point, and you have the state of then.

# %% [markdown]
# ## Replace a service while it runs
#
# v2 has to take over from v1. Each sends an invoice for an order, and you can't take an invoice
# back. Set where v1 stops and where v2 starts: which settings are right?


# %% tags=["folded"]
# Twelve orders on disk
twelve = daily(disk / "twelve", 12)


# %% tags=["folded"]
# Choose where v1 stops, and where v2 starts
def cut(stop, start):
    done = {"v1": range(stop), "v2": range(start, 12)}
    return show.segments(twelve, {"v1 stops": stop, "v2 starts": start}, handled=done)


show.play(
    cut,
    stop=show.slider(0, 12, 7, label="v1 stops before offset"),
    start=show.slider(0, 12, 5, label="v2 starts at offset"),
)

# %% [markdown] tags=["break"]
# Only one number is right: where v1 has stopped. But orders keep arriving, and v1 moves on while
# you look. Here an operator asks v1 where it is, and v2 learns the history up to there without
# sending anything. Then v1 is stopped, and v2 starts.


# %%
async def asks_then_stops(v1, v2, log):
    at = await v1.where()
    await v2.replay(until=at)
    await v1.stop()
    await v2.start(at)


def search(operator):  # "preempt": the operator is held up for a moment
    def scenario(world):
        cut_over.cut_over(world, operator)

    return explore(scenario, cut_over.taken_over, faults=["preempt"], max_faults=2)


# %%
asked = search(asks_then_stops)
show.trace(asked.trace, mark=asked.violation.step, axis="order", caption=asked.violation.message)

# %% [markdown] tags=["fix"]
# v1 was still at work on order 4 when it answered, and finished it. So **drain, then switch**: let
# it stop first, and go by the offset that it returns.


# %%
async def drains_then_switches(v1, v2, log):
    at = await v1.stop()
    await v2.replay(until=at)
    await v2.start(at)


print(search(drains_then_switches))

# %% tags=["folded"]
# The two operators on one clock


def invoices(world):
    return sum(step.text.startswith("order-4 ") for step in world.trace.of("effect"))


calm = World()
cut_over.cut_over(calm, drains_then_switches)
calm.run()
show.compare_runs(
    asked.trace,
    calm.trace,
    labels=("asks, then stops", "drains, then switches"),
    also={"invoices for order-4": (invoices(asked.world), invoices(calm))},
    until=4.0,
    axis="order",
)

# %% [markdown]
# Two other ways are right as well: let both stop at a **barrier**, an offset that v1 confirms, or
# stop v1, let v2 start a little earlier than that, and **dedup** by order. With v1 as the old and
# v2 as the new colour, this is a blue/green replacement.
#
# Mind what `replay` doesn't do: it sends no invoice. Replay is safe for what you compute, and never
# for what reaches other people.

# %% tags=["folded"]
# A question for you
show.quiz(
    "You replay two years of orders through a handler that updates a view and emails the customer. "
    "What happens?",
    ["the broker knows that it is a replay", "every customer gets old emails", "nothing new"],
    answer="b",
    why={
        "a": "To a handler, a replayed event looks like any other: same id, same content.",
        "b": "So split it: one handler computes and may be replayed, the other one acts once.",
        "c": "The view may end up the same. The emails are sent again.",
    },
)

# %% [markdown]
# ### source: Kafka: broker configs, log.retention.hours 168, log.roll.hours 168 (4.3)
# ## What a log may forget
#
# A disk is finite. **Retention** deletes old events, in Kafka after 7 days by default. Here one
# event comes a day, and seven fit into a file.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Events are kept for 7 days. It is day 13. How many days old is the oldest event in the log?",
    {"7": 7, "8": 8, "13": 13},
    key="07.age",
)

# %%
age = oldest(days_in_a_file=7, until=13)

# %% tags=["folded"]
# What came out
show.compare("07.age", age)


# %% tags=["folded"]
# Choose the day, and how a log forgets
def forgets(day, how):
    log = daily(Path(tempfile.mkdtemp(dir=disk)) / "log", day + 1, keys=4, segment_bytes=490)
    if how == "retention":
        log.retention = Retention(max_age=7.0)
        log.retain(now=day)
    else:
        log.compact()
    words = "Whole files go." if how == "retention" else "Each key's latest event is left."
    return show.segments(log, {"a reader that was off": 3}, caption=words)


show.play(
    forgets,
    how=show.choice(["retention", "compaction"], label="how it forgets"),
    day=show.slider(4, 30, 16, label="day"),
)

# %% [markdown]
# ### source: Kafka: documentation, log compaction; delete.retention.ms 24 h; active segment (4.3)
# ### source: Kafka: broker configs, offsets.retention.minutes 10080 (4.3)
# Whole files go, by their newest event, so a record can live about twice as long as you'd think.
# **Compaction** keeps each key's latest event. Offsets stay, so they get gaps: never count by
# subtracting them. In Kafka the newest file isn't compacted, so a key may have several records. A
# deletion is an event too, a **tombstone**, which goes after 24 hours by default. And the cursor of
# a group that is empty for 7 days expires.

# %% [markdown]
# Never compact changes such as +5 and -2: only the last one would be left. And where replay takes
# too long, save a **snapshot**: the state, with the offset that it was computed up to.

# %% tags=["folded"]
# The pattern's source
print(inspect.getsource(Snapshot.state))

# %%
world, moves, seen = World(), EventLog("moves"), []
for n in range(1_030):
    moves.append(Event(f"move-{n}", "warehouse", "in", float(n), 1))


def count(stock, event):
    seen.append(event)
    return stock + event.data


async def start_twice():
    for which in ("first", "second"):
        seen.clear()
        stock = await Snapshot(world.store("db"), moves, count, 0).state()
        print(f"{which} start: a stock of {stock}, from {len(seen):,} events")


world.spawn(start_twice(), "shop")
trace = world.run()

# %% [markdown] tags=["when-not"]
# ## When not to
#
# A log that nobody replays is a queue with a large bill. Keep no history of what you must be able
# to delete (lesson 10). Don't rebuild by replay what a backup restores in a minute. And a replay
# runs today's code on old events: if you can't read their old form any more, there is nothing to
# replay (lesson 08).

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Write a log on a real disk, kill its writer, and say what survives and why.
# - Let a subscriber that was down catch up, and a new service bootstrap from history.
# - Rebuild a read model by replay, find a bug with it, and roll back to a point.
# - Replace a service while events arrive, with no gap and no double.
# - Choose what a log may forget: retention, compaction, snapshots.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Our invoice service has a bug in its totals. Replace it, without downtime, and correct what it
# stored."* Take two minutes, then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# Every order is in the log, so I deploy the new version beside the old one, with a read model of
# its own and its emails off. It replays from the beginning until it has caught up, and I compare
# both versions' totals. Then I stop the old one, let it finish what it has in hand, and take the
# offset that it committed. The new version starts to act from exactly that offset. Each invoice
# carries an id from its order, so a double would be dropped by the receiver. I keep the old read
# model until I'm sure, and I check first that retention or compaction hasn't removed the history
# that I need.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 07](../exercises/07_event_log_and_replay.ipynb), in your own copy: a read
# model, a cut-over, what a log keeps, your own log and your own broker.
