# %% [markdown] tags=["promise"]
# # 11 · Broker availability: one failure point made many
#
# In about 30 minutes you will be able to
#
# - say what a leader, a follower, an epoch and the high watermark are for,
# - tell which settings lose an acked record, and show the shortest run that does,
# - choose `acks`, `min_insync`, elections and flushes by what each costs,
# - do the arithmetic of quorums,
# - say what a broker that fails over can't do for your producers and consumers.

# %% tags=["folded"]
# Imports
from contextlib import suppress

from pubsub_kit import PublishTimeout, Violation, World, explore, publish, show
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.broker_availability import seats
from pubsub_kit.scenarios.broker_availability.orders import kept_ids
from pubsub_kit.scenarios.broker_availability.table import measured, table
from pubsub_kit.scenarios.idempotency import payments

# %% [markdown] tags=["predict"]
# ## Three copies of one log
#
# A broker takes many failure points out of your services, and becomes one itself. So keep its log
# on several machines. One of them is the **leader**: producers write to it, and consumers read from
# it. The others are **followers**: they fetch what the leader has.
#
# `acks` says what a producer waits for: nothing (`"0"`), the leader (`"1"`), or every replica that
# is in sync (`"all"`).


# %%
def orders(world, **settings):
    world.brokers(3, **settings)
    world.topic("orders")

    async def shop():
        for number in (1, 2):
            with suppress(PublishTimeout):
                await publish("orders", number, id=f"m{number}")

    world.spawn(shop(), "shop")


# %% tags=["folded"]
# Your prediction
show.predict(
    "acks='all'. A hop from one machine to another takes 1 ms. After how many hops does the "
    "producer of a record hear its ack?",
    {
        "2: to the leader, and back": 2,
        "3: one more to the followers": 3,
        "4: to the leader, the followers, the leader, and back": 4,
    },
    key="11.hops",
)

# %% tags=["run"]
world = World()
orders(world, acks="all", min_insync=2)
trace = world.run()

# %% tags=["picture", "folded"]
# How the logs grow
show.replicas(trace, title="Two records, three replicas")

# %% tags=["folded"]
# What came out
ack = next(step for step in trace.of("receive") if step.peer == "shop")
show.compare("11.hops", round(1_000 * ack.time))

# %% [markdown]
# The leader learns how far a follower is by its *next* fetch. When all replicas in sync have a
# record, it is **committed**: the leader moves its **high watermark** past it, acks it, and lets
# consumers read it. The followers hear of that one fetch later. Keep that delay in mind.

# %% [markdown] tags=["play"]
# ## Kill the leader
#
# Choose what the producer waits for, and when broker-1 dies for good. If it stays silent for 9
# seconds, a **controller** makes another replica the leader, in a new **epoch**. When is an acked
# record lost?

# %% tags=["folded"]
# Choose acks, and the moment of its death


def dies(acks, ms):
    world = World()
    orders(world, acks=acks, min_insync=2)
    world.at(ms / 1_000, world.cluster.kill, "broker-1")
    world.run()
    return world


show.play(
    lambda acks, ms: show.replicas(dies(acks, ms).trace, moments=4),
    acks=show.choice(["0", "1", "all"], "1", label="acks"),
    ms=show.slider(0.5, 8.5, 1.5, step=1.0, label="broker-1 dies after, ms"),
)

# %% [markdown] tags=["why"]
# ### source: Kafka: design, Replication; producer configs, acks=all by default since 3.0 (4.3)
# With `acks="1"` the leader acks a record that nobody else has, and then it dies. The controller
# never fails in this world; in Kafka it is a small cluster of its own. Its producers have waited
# for `acks=all` by default since 3.0.

# %% [markdown]
# That death, twice. What does `acks="all"` cost the shop?

# %% tags=["folded"]
# The same death, on one clock
KILLED = {acks: dies(acks, 1.5) for acks in ("1", "all")}


def heard(world):
    return f"{next(step.time for step in world.trace.of('receive') if step.peer == 'shop'):.3f} s"


lost = [
    sum(order not in kept_ids(world.cluster) for order in world.cluster.seen.acked)
    for world in KILLED.values()
]
show.compare_runs(
    *(world.trace for world in KILLED.values()),
    labels=("acks=1", "acks=all"),
    nodes=["shop", "orders", "broker-1", "broker-2"],
    also={"acked, and lost": tuple(lost), "m1 is acked after": tuple(map(heard, KILLED.values()))},
    axis="order",
)

# %% [markdown]
# ## What does it take to lose an acked record?
#
# Here is the rule as code, and a search for the shortest run that breaks it. The faults: a broker
# dies for good, or is cut off from the other brokers for a minute.


# %%
def acked_stays(world):
    for order in world.cluster.seen.acked:
        if order not in kept_ids(world.cluster):
            return Violation(f"{order} was acked, and it is lost.")


def search(*faults, rule=acked_stays, **settings):
    def scenario(world):
        orders(world, **settings)

    return explore(scenario, rule, faults=faults, max_faults=2)


# %% [markdown] tags=["predict"]
# ### source: Kafka: broker configs, min.insync.replicas, 1 by default (4.3)
# A replica that falls behind is taken out of the **in-sync set**, or writes would wait for it for
# ever. `min_insync` says how many must be left in it. Somebody reads that and sets `min_insync=2`,
# with `acks="1"` for speed. In Kafka it is `min.insync.replicas`, and its default is 1.

# %% tags=["folded"]
# Your prediction
show.predict(
    "acks='1', min_insync=2. How many faults does it take to lose an acked record?",
    {"one": 1, "two": 2, "more than two": 3},
    key="11.guard",
)

# %% tags=["run"]
guarded = search("node down", "node cut", acks="1", min_insync=2)

# %% tags=["picture", "folded"]
# The shortest run
show.replicas(guarded, moments=4)

# %% tags=["folded"]
# What came out
show.compare("11.guard", len(guarded.trace.faults()))

# %% [markdown]
# The leader consults `min_insync` only for writes with `acks="all"`. So take those, and leave
# `min_insync` at 1, as Kafka's default has it. Is `acks="all"` enough?
#
# ### source: Kafka: design, Replication: acks=all waits for the in-sync replicas (4.3)

# %% tags=["break"]
lone = search("node down", "node cut", acks="all", min_insync=1)

# %% tags=["picture", "folded"]
# The shortest run
show.replicas(lone)

# %% [markdown]
# "All" means all that are in sync, and that was the leader alone. Broker-1 was cut off, the others
# fell out of sync, and it went on by itself. Then its disk died, and with it the only copy.
#
# ## Three of three?
#
# So ask for more: `min_insync=3`, every copy, before any ack.

# %% tags=["predict", "folded"]
# Your prediction
show.predict(
    "Three brokers, min_insync=3. How many of them may be down while producers still get acks?",
    {"none": 0, "one": 1, "two": 2},
    key="11.three",
)

# %% tags=["run"]
three = measured("3 of 3", min_insync=3)

# %% tags=["folded"]
# What came out
show.compare("11.three", three.down)

# %% [markdown]
# One restart for an upgrade, and nobody can write. With n copies and `min_insync=m`, acked records
# survive at least m − 1 losses, and writes go on with n − m brokers down.
#
# ## Who may lead?
#
# Take the lone leader's run once more. Nobody in sync was left to lead. An **unclean
# election** takes a broker that lives instead. The rule this time: an offset shows the same
# record to every reader.


# %% tags=["break"]
def one_record_per_offset(world):
    for offset, seen in world.cluster.seen.changed():
        return Violation(f"Offset {offset} held {seen[0]}, and holds {seen[1]} now.")


unclean = search("node down", "node cut", rule=one_record_per_offset, unclean=True)

# %% tags=["picture", "folded"]
# The shortest run
show.replicas(unclean)

# %% [markdown]
# ### source: Kafka: topic configs, unclean.leader.election.enable, false by default (4.3)
# The topic is up again, and the loss isn't just a tail that nobody saw. Consumers had read m1 at
# offset 0, and the next reader finds m2 there. Both are right about what they saw. That's why the
# default in Kafka is to wait.

# %% [markdown]
# ## Where a follower cuts its log
#
# ### source: Kafka: KIP-101, leader epoch instead of high watermark for truncation (0.11)
# A new leader may lack records that a follower has. The follower cuts them. Until version 0.11,
# Kafka's followers cut at their own high watermark. What is above it may not be committed, so
# that's safe, isn't it?

# %% tags=["break"]
watermark = search("node crash", "node down", min_insync=2, epochs=False)

# %% tags=["picture", "folded"]
# The shortest run
show.replicas(watermark)

# %% [markdown]
# Here is the delay again. Broker-3 had m1, and hadn't yet heard that it was committed. It cut m1,
# and was elected before it could fetch it back. The fix: each record carries its **epoch**. One
# leader writes all records of an epoch, so a follower keeps what agrees, epoch by epoch, and cuts
# the rest.

# %% tags=["run"]
print(search("node crash", "node down", "loss", min_insync=2, epochs=True))

# %% [markdown]
# ## Memory, and disks
#
# ### source: NATS: Jepsen's report on NATS 2.12.1 (2025-12-08)
# ### source: Kafka: KIP-966, Eligible Leader Replicas: unclean shutdown (4.1)
# Three copies in memory are still in memory. Jepsen cut the power of all nodes at once, and NATS
# 2.12.1 lost acked writes: it flushes every two minutes by default. And a broker that comes back
# with an empty disk, under its old name, may still count as in sync. Kafka's KIP-966 is about that.
# The cures: flush before the ack, and look at the disk before the election.

# %% tags=["folded"]
# Choose what goes wrong, and whether it is cured
troubles = {"the power fails": "power loss", "a broker's disk is new": "node wiped"}


def disks(trouble, cured):
    cure = {"fsync": cured} if trouble == "power loss" else {"checks_disk": cured}
    found = search(trouble, min_insync=2, **cure)
    if found.violation:
        return show.replicas(found)
    return show.replicas(found, moments=4, caption=f"Nothing acked is lost. {found}.")


show.play(
    disks,
    trouble=show.choice(troubles, "power loss", label="what goes wrong"),
    cured=show.toggle(label="with its cure"),
)

# %% [markdown] tags=["fix"]
# ## The table
#
# Every number below is computed: the time of an ack from a calm run, the rest from all schedules of
# up to two brokers that die or are cut off. With `acks="0"` the producer goes on as if it had an
# ack. We assume that a hop takes 1 ms, and a flush 5 ms.
#
# ### source: Kafka: broker configs, default.replication.factor 1, min.insync.replicas 1 (4.3)
# The first row is what Kafka gives a topic if you set nothing: one copy.

# %%
choices = {
    "Kafka's defaults: 1 copy": {"nodes": 1},
    "3 copies, acks=0": {"acks": "0"},
    "… acks=1, min_insync=2": {"acks": "1", "min_insync": 2},
    "… acks=all, min_insync=1": {},
    "… acks=all, min_insync=2": {"min_insync": 2},
    "… acks=all, min_insync=2, fsync": {"min_insync": 2, "fsync": True},
    "… acks=all, min_insync=3": {"min_insync": 3},
    "5 copies, acks=all, min_insync=3": {"nodes": 5, "min_insync": 3},
}
print(table([measured(name, **settings) for name, settings in choices.items()]))
### source: Kafka: broker configs, default.replication.factor 1, min.insync.replicas 1 (4.3)

# %% [markdown]
# For most topics the choice is three copies, `acks="all"`, `min_insync=2`, no unclean elections. It
# takes two more hops than `acks="1"`, and one broker may be away. If all power can fail, spread the
# copies, or pay for the flush.

# %% [markdown]
# ## Quorums
#
# ### source: Kafka: design, Replication: f + 1 replicas tolerate f failures (4.3)
# Many systems commit by **majority** instead: more than half of all copies, no in-sync set, no
# controller. Then f failures take 2f + 1 copies. An in-sync set, as in Kafka, needs f + 1, because
# its controller, a majority itself, keeps the list.

# %% tags=["predict", "folded"]
# Your prediction
show.predict(
    "A majority of 3 copies stands one failure. How many does a majority of 4 stand?",
    {"one": 1, "two": 2, "three": 3},
    key="11.four",
)

# %% tags=["run"]
survives = {copies: (copies - 1) // 2 for copies in (3, 4, 5)}
print(survives)

# %% tags=["folded"]
# What came out
show.compare("11.four", survives[4])

# %% [markdown]
# The fourth copy buys nothing: it takes three of four. So such clusters have 3 or 5 members.
#
# ## What failing over leaves to you
#
# **Producers.** A leader that dies between a write and its ack leaves the producer in doubt, and it
# retries. Does the log get the record twice?


# %%
def no_twins(world):
    ids = kept_ids(world.cluster)
    for order in ids:
        if ids.count(order) > 1:
            return Violation(f"{order} was published once, and the log has it twice.")


for idempotent in (False, True):
    found = search("confirm lost", rule=no_twins, min_insync=2, idempotent=idempotent)
    print(f"idempotent={idempotent}: {found}")

# %% [markdown]
# ### source: Kafka: producer configs, enable.idempotence, true by default in Java (4.3)
# An **idempotent producer** numbers its records, and the leader recognises a number that it has.
# Java's client for Kafka does it by default. It covers the client's own retries, and no record that
# you publish once more.
#
# **Consumers.** Their broker is back, and a worker that was paused may be a **zombie**: its
# partition has moved on, in a new **generation** of the group. Its commit is refused. Does that
# protect your database?


# %% tags=["break"]
class Writes:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        await self.db.put("A1", delivery.data["price"])
        await delivery.ack()  # refused, if the partition has moved on


zombie = explore(
    lambda world: seats.seats(world, Writes), seats.the_last_price_stands, faults=["pause"]
)

# %% tags=["picture", "folded"]
# The shortest run
seats.draw(zombie.world, zombie.violation, "A price that has been overtaken")

# %% [markdown]
# The broker guards its own offsets. The write has to carry its generation too, so that the database
# can refuse it: a fencing token, as in lesson 04.
#
# ## The lessons before, on three brokers
#
# Nothing else changes. Here is lesson 03's world of payments with its inbox, one line added. Its
# leader dies after 2 ms.


# %% tags=["run"]
async def charge(tx, event):
    await tx.add(event.data["account"], event.data["amount"])


def on_three(world):
    world.brokers(3, acks="all", min_insync=2)
    payments.payments(world, lambda db: Inbox(db, charge))
    world.at(0.002, world.cluster.kill, "broker-1")


print(explore(on_three, payments.books_balance, faults=["crash", "ack lost"], max_faults=1))

# %% [markdown] tags=["when-not"]
# ## When not to
#
# Copies cost disks, hops and upgrades that take turns. Where losing a few records is fine, as with
# page views, `acks="1"` or a single broker will do. Three copies in one rack, on one switch, or
# with one bad release are one failure point again. And replication copies mistakes as faithfully
# as orders: it is no backup.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Say what a leader, a follower, an epoch and the high watermark are for.
# - Tell which settings lose an acked record, and show the shortest run that does.
# - Choose `acks`, `min_insync`, elections and flushes by what each costs.
# - Do the arithmetic of quorums.
# - Say what a broker that fails over can't do for your producers and consumers.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"You put a broker in the middle of your system. Isn't that a single point of failure? How do you
# make sure that no order is lost?"* Take two minutes, then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# I'd keep three copies of each partition, in three places with their own power. Producers wait for
# `acks=all`, and at least two replicas have to be in sync, so one broker may be away and a second
# copy of everything acked is left. I need both settings: the minimum guards nothing with `acks=1`,
# and "all" may be the leader alone without it.
#
# I'd forbid unclean elections for orders: better to wait than to show two records at one offset.
# Epochs keep followers from cutting what was committed. With two brokers gone, writes are refused,
# so producers need somewhere to wait, an outbox, say. They are idempotent, so a retry after a
# failover writes once. Consumers may still see a message twice, and a zombie may write late, so
# they deduplicate and fence. And I'd test it: kill the leader every week.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 11](../exercises/11_broker_availability.ipynb), in your own copy: settings
# for three topics, a follower's cut, an election, a zombie, and an oracle.
