# %% [markdown] tags=["promise"]
# # 04 · Delivery semantics: who says that it's done?
#
# In about 35 minutes you will be able to
#
# - choose at most once, at least once or effectively once, by which failure does less harm,
# - keep a message for as long as you work on it, and fence off a worker that comes back late,
# - retry with backoff and jitter, and put a poison message aside,
# - read dead letters, and redrive them,
# - commit an offset, or report on a batch, without calling unfinished work done.

# %% tags=["folded"]
# Imports, and how a run is drawn
import inspect
from itertools import pairwise
from random import Random

from pubsub_kit import RetryPolicy, Violation, World, explore, gather, perform, show, sleep
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.delivery_semantics.batches import commit, commits, counted
from pubsub_kit.scenarios.delivery_semantics.clicks import draw_clicks
from pubsub_kit.scenarios.delivery_semantics.leases import worker


def drawn(found):
    if found.violation:
        return show.counterexample(found)
    return show.trace(found.trace, caption=f"No schedule breaks it. It {found}.")


# %% [markdown] tags=["predict"]
# ## One signup, one invoice
#
# Ann signs up, and `billing` writes an invoice. Then it **acks**: it tells the broker that it
# doesn't need the message any more. The work and the ack are two steps, and a crash can fall
# between them. Which one should come first?

# %% tags=["folded"]
# Your prediction
show.predict(
    "A worker acks a message on receipt, and crashes before it has written the invoice. What "
    "happens to the invoice?",
    {"it is written after a redelivery": 1, "it is never written": 0, "it is written twice": 2},
    key="04.receipt",
)


# %%
def signup(world, semantics, handler):
    db = world.store("db", {"invoices": 0})
    world.topic("signups")
    world.consumer("billing", lambda: handler(db), "signups", semantics=semantics)
    world.publish("signups", {"name": "ann"}, id="signup-1")


def adds(db):
    return lambda event: db.add("invoices", 1)


def adds_once(db):
    return Inbox(db, lambda tx, event: tx.add("invoices", 1))


def one_invoice(world):
    found = world.stores["db"].rows["invoices"]
    if found != 1:
        where = max(i for i, step in enumerate(world.trace) if step.kind in ("effect", "crash"))
        words = f"Ann got {found} invoices instead of 1."
        return Violation(words, where, {"invoices": 1}, {"invoices": found})


# %% tags=["run", "picture"]
WAYS = {
    "at most once: ack, then work": ("at_most_once", adds),
    "at least once: work, then ack": ("at_least_once", adds),
    "effectively once: work once per id, then ack": ("at_least_once", adds_once),
}


def billing(way, fault):
    return explore(lambda world: signup(world, *WAYS[way]), one_invoice, faults=[fault])


drawn(billing("at most once: ack, then work", "crash"))

# %% tags=["folded"]
# What came out
invoices = billing("at most once: ack, then work", "crash").violation.actual["invoices"]
show.compare("04.receipt", invoices)

# %% [markdown] tags=["play"]
# Now do the work first, and ack afterwards. Then let the ack get lost on its way. With three
# semantics and two faults there are six runs. Which of them lose the invoice, and which double it?

# %% tags=["folded"]
# Choose the semantics, and what goes wrong
show.play(
    lambda way, fault: drawn(billing(way, fault)),
    way=show.choice(list(WAYS), list(WAYS)[1], label="semantics"),
    fault=show.choice({"a crash": "crash", "a lost ack": "ack lost"}, label="what goes wrong"),
)

# %% [markdown] tags=["why"]
# If a worker goes silent, the broker can't know whether it did its work. So it either forgets the
# message or redelivers it, and nobody can promise to *deliver* exactly once. You can have:
#
# | | when you ack | under a fault, the work is | good for |
# |---|---|---|---|
# | at most once, or fire and forget | before the work | lost | a welcome email: two look silly |
# | at least once | after the work | repeated | a numbered invoice: a repeat overwrites it |
# | effectively once | after it, with an inbox | done once, in this database | a payment |

# %% tags=["folded"]
# A question for you
show.quiz(
    "“Our queue is FIFO, so each deposit is processed exactly once.” What do you say?",
    [
        "right: in order means once",
        "the same deposit can be redelivered, in its place",
        "the order may break",
    ],
    answer="b",
    why={
        "a": "A worker that crashes before its ack gets the first deposit again, before the next.",
        "b": "Order says what comes after what, not how often. You still need the id.",
        "c": "The order holds: that is what FIFO promises.",
    },
)

# %% [markdown]
# ### source: SQS: ChangeMessageVisibility: 30 s by default, at most 12 h (2026-11)
# ### source: NATS: as JetStream (nats-server 2.14.6)
# ### source: JetStream: ConsumerConfig, AckWait, 30 s by default (nats-server 2.14.6)
# ### source: Google Pub/Sub: "Extend ack time with lease management": up to an hour (2026-11)
# ### source: Google Pub/Sub: subscription properties, ack deadline 10 s by default (2026-11)
# ## A delivery is a lease
#
# How long does the broker wait for your ack? It lends you the message for a limited time: a
# **lease**. The default is 30 s in SQS (*visibility timeout*) and NATS JetStream (*AckWait*), and
# 10 s in Google Pub/Sub (*ack deadline*), whose client libraries extend it by themselves, for up to
# an hour (their documentation).

# %% [markdown]
# ### source: Kafka: KafkaConsumer's javadoc: a partition has one owner until a rebalance (4.3)
# ### source: Kafka: share.record.lock.duration.ms, 30 s by default (group configs, 4.3)
# ### source: RabbitMQ: consumer timeout, 30 min; release notes, consumer_timeout_response (4.3.7)
# Not every broker leases single messages. In a classic Kafka group, a worker owns whole partitions,
# until a rebalance; Kafka's newer share groups lock a message, for 30 s by default. In RabbitMQ a
# message is yours until your **channel** closes, your session within a connection. Its timeout of
# 30 minutes is no lease: it ends your consumer (until version 4.2, the whole channel).

# %% [markdown]
# Rendering a film takes 25 s; the lease lasts 10 s. How many times does the film get rendered? A
# longer lease would help, but then the broker notices a crash late. It's better to **extend** a
# short lease while you work.


# %%
def films(takes, lease, extends):
    world = World()
    db = world.store("db", {"rendered": 0})

    async def render(delivery):
        for _ in range(5):
            await sleep(takes / 5)
            if extends:
                await delivery.extend(lease)
        await db.add("rendered", 1)
        await delivery.ack()

    how = {"semantics": "manual", "ack_deadline": lease, "max_deliveries": 3}
    world.topic("films")
    world.consumer("worker", render, "films", workers=2, **how)
    world.publish("films", id="film-1")
    return show.trace(world.run(), expected={"rendered": 1}, actual=db.rows)


# %% tags=["folded"]
# Choose the work, the lease, and whether to extend it
show.play(
    films,
    takes=show.slider(5, 60, 25, step=5, label="rendering takes, s"),
    lease=show.slider(5, 60, 10, step=5, label="the lease lasts, s"),
    extends=show.toggle(label="extend after each fifth of the work"),
)

# %% [markdown] tags=["break"]
# ## The worker that came back
#
# The broker refused the late acks, but the film was rendered more than once all the same. So this
# worker extends its lease, and gives up once the lease is gone. But a process can pause, in a long
# garbage collection for example, and it won't notice.


# %%
class Careful:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        token = await self.token(delivery)
        for _ in range(5):
            await sleep(5)
            if not await delivery.extend(10):
                return
        await self.write(token)
        await delivery.ack()

    async def token(self, delivery):
        return delivery.attempt

    async def write(self, token):
        await self.db.put("film tea", token)


# %% tags=["folded"]
# Your prediction
show.predict(
    "It checks its lease right before it writes. Can it still overwrite a newer film?",
    {"no: it has just checked": "holds", "yes": "fails"},
    key="04.zombie",
)


# %%
def newest_film_stays(world):
    steps = [(i, s) for i, s in enumerate(world.trace) if s.kind == "effect"]
    films = [(i, s.data[2]["film tea"]) for i, s in steps if "film tea" in s.data[2]]
    if not films:
        return Violation("The film was never rendered.")
    for (_, before), (i, now) in pairwise(films):
        if now < before:
            words = f"The film with number {now} replaced the one with number {before}."
            return Violation(words, i, {"film tea": before}, {"film tea": now})
    replayed = [i for i, s in enumerate(world.trace) if s.text.startswith("replayed")]
    if replayed and films[-1][0] < replayed[0]:
        words = f"The replayed film was refused: the store kept number {films[-1][1]}."
        return Violation(words, None, {"film tea": "the new one"}, {"film tea": films[-1][1]})


# %%
def rendering(answer, *faults, **how):  # two workers, one film of 25 s, a lease of 10 s
    return explore(lambda world: worker(world, answer, **how), newest_film_stays, faults=faults)


zombie = rendering(Careful, "pause")
drawn(zombie)

# %% tags=["folded"]
# What came out
show.compare("04.zombie", zombie.outcome)

# %% [markdown] tags=["fix"]
# ## Fix it: a fencing token
#
# Checking a clock or a lease can't help, because you may pause right after the check. So the
# **store** has to refuse. Give it a number that grows with every lease, a *fencing token*. The
# store rejects any write whose token is older than the one in the row.
#
# Is the attempt such a number? It grows with each redelivery. But here the film is wanted again, so
# somebody replays it.


# %%
class ByAttempt(Careful):
    async def write(self, token):
        async with self.db.transaction() as tx:
            if await tx.get("film tea", 0) <= token:
                await tx.put("film tea", token)


drawn(rendering(ByAttempt, "crash", replays=True))

# %% [markdown]
# A replay counts attempts from 1 again, and so does a redrive (lesson 03). Then the store takes the
# new film for an old one. So let the **store** count the leases: its number never starts again.


# %%
class Fenced(ByAttempt):
    async def token(self, delivery):
        return await self.db.add("leases", 1)


drawn(rendering(Fenced, "pause", "crash", "ack lost", replays=True))

# %% [markdown]
# ## Retry with backoff and jitter
#
# A handler that raises sends a **nack**: the broker takes the message back. When should it
# redeliver? At once is too soon if a service is down. So the waits grow (**backoff**), and are
# spread at random (**jitter**). Two methods of the kit's `RetryPolicy`, below, compute them.
#
# A hundred messages have failed together. What does jitter do to their retries?

# %% tags=["folded"]
# The policy's source, and a hundred retries
print(inspect.getsource(RetryPolicy.bound), inspect.getsource(RetryPolicy.delay), sep="\n")


def herd(messages, cap, jitter):
    policy, luck = RetryPolicy(base=2.0, cap=cap, jitter=jitter), Random(1)
    counts = [0] * 120  # in each half second of a minute
    for _ in range(messages):
        at = 0.0
        for attempt in range(1, 6):
            at += policy.delay(attempt, luck)
            counts[min(int(2 * at), 119)] += 1
    words = f"The busiest half second gets {max(counts)} retries of {messages} messages."
    points = {"retries": [(slot / 2, count) for slot, count in enumerate(counts)]}
    return show.lines(points, x="seconds", y="retries per half second", caption=words)


show.play(
    herd,
    messages=show.slider(10, 500, 100, label="messages that failed"),
    cap=show.slider(2, 20, 10, label="the longest wait, s"),
    jitter=show.toggle(label="jitter"),
)

# %% [markdown]
# ### source: incident.io: blog, "Intermittent downtime from repeated crashes" (2022-11-30)
# ## Poison messages
#
# Waiting helps against an outage. It doesn't help against a message that can never be handled, a
# **poison message**. At incident.io, one crashed the whole app again and again (its own report).
# Here the first of twenty orders is poison.

# %% tags=["folded"]
# Your prediction
show.predict(
    "One worker, 0.1 s per attempt. A nack puts the bad order back at the front of the queue, "
    "without a limit. How many of the 19 good orders are packed within 10 s?",
    {"19: they overtake it": 19, "about half": 10, "none": 0},
    key="04.poison",
)


# %%
def refuses_bad(event):
    if event.id == "bad":
        raise ValueError("no such item")


def orders(limit, wait):
    world = World()
    retry = RetryPolicy(base=wait, jitter=None, attempts=limit or None)
    world.topic("orders")
    world.consumer("packing", refuses_bad, "orders", latency=0.1, retry=retry)
    for id in ["bad", *(f"good-{i}" for i in range(1, 20))]:
        world.publish("orders", id=id)
    attempts = world.run(until=10).of("begin")
    bad = sum(step.text.startswith("bad") for step in attempts)
    return {"attempts at the bad order": bad, "good orders packed": len(attempts) - bad}


# %% tags=["folded"]
# Choose a limit, and a wait
show.play(
    lambda limit, wait: show.bars(orders(limit, wait)),
    limit=show.choice({"no limit": 0, "3 attempts": 3, "10 attempts": 10}, label="give up after"),
    wait=show.slider(0.0, 2.0, 0.0, step=0.5, label="the first wait, s"),
)

# %% tags=["folded"]
# What came out
good = orders(limit=0, wait=0.0)["good orders packed"]
show.compare("04.poison", good)

# %% [markdown]
# ### source: RabbitMQ: docs, Negative Acknowledgements: delivery-limit 20, reject counts (4.3)
# ### source: NATS: as JetStream (nats-server 2.14.6)
# ### source: JetStream: ConsumerConfig, MaxDeliver, -1 (no limit) by default (nats-server 2.14.6)
# RabbitMQ's quorum queues have a delivery limit of 20 since version 4.0. Since 4.3 a `basic.reject`
# counts towards it, but a `basic.nack` doesn't. NATS JetStream has no limit unless you set one
# (their documentation). So set one. Whatever you give up on goes to a **dead-letter** topic, with
# the reason.
#
# Read it, fix the cause, and **redrive**: the message goes back to its topic under its own id, so
# an inbox still recognises it. Here the kit's broker runs live; only its clock is in your hands.

# %%
from pubsub_kit import Broker, Consumer

now, stock = [0.0], {"tea"}
broker = Broker(clock=lambda: now[0])
broker.topic("orders")
packing = broker.subscribe("orders", "packing", retry=RetryPolicy(jitter=None, attempts=3))
broker.publish("orders", "cake", id="order-1")
broker.publish("orders", "tea", id="order-2")


def pack(delivery):
    print(f"{now[0]:.1f} s: {delivery.id}, attempt {delivery.attempt}")
    if delivery.data not in stock:
        raise LookupError(f"no {delivery.data} in stock")


packer = Consumer(packing, pack)
while packing.lag:
    if not packer.step():
        now[0] = packing.next_wakeup()

# %%
for dead in broker.subscribe("orders.dead", "you", start="earliest").pull(10):
    print(dead.id, dead.data, dead.event.extensions["deadreason"], sep=" · ")

stock.add("cake")
print(broker.redrive("orders.dead"), "redriven")
packer.step()
print(packing.lag, "left to do")

# %% [markdown]
# ## Several messages at once
#
# A log's reader doesn't ack each message. It commits an **offset**, which says that everything
# before it is done. This reader works on four clicks at once, and the first one is slow. When
# should it commit?


# %%
class Reader:
    def __init__(self, db):
        self.db = db

    async def one(self, offset, event):
        await sleep(event.data["takes"])
        await perform("count", event.id)
        await self.commit("after each click", offset + 1)

    async def handle(self, batch):
        await self.commit("before the work", batch[-1][0] + 1)
        await gather(*(self.one(*row) for row in batch))
        await self.commit("after the whole batch", batch[-1][0] + 1)


def every_click_counts(world):
    missing = [i for i in range(4) if not counted(world.trace, i)]
    if missing:
        words = f"click-{missing[0]} was never counted."
        past = min(commits(world.trace), default=None)  # the commit to point at
        return Violation(words, past, {"counted": 4}, {"counted": 4 - len(missing)})


# %% tags=["folded"]
# Choose when it commits
def reading(when):
    class Chosen(Reader):
        async def commit(self, moment, offset):
            if moment == when:
                await self.db.put("committed", offset)

    found = explore(lambda world: commit(world, Chosen), every_click_counts, faults=["crash"])
    title = f"The shortest run that breaks it, schedule {found.code}"
    if found.violation is None:
        title = "A run without faults"
    return draw_clicks(found.world, found.violation, title, f"No schedule breaks it. It {found}.")


moments = ["after each click", "before the work", "after the whole batch"]
show.play(reading, when=show.choice(moments, label="it commits"))

# %% [markdown]
# If you commit the highest finished offset, you pass over any slower click below it. If you commit
# before the work, the offset only says that you *received* the clicks. A client's auto-commit may
# mean just that. Clients differ, so look up what yours does.

# %% tags=["folded"]
# A question for you
### source: AWS Lambda: Developer Guide, SQS event source, ReportBatchItemFailures (2026-11)
show.quiz(
    "One record in a batch of ten is bad, and your handler raises. What happens to the other nine?",
    ["they are done", "all ten are redelivered", "they become dead letters"],
    answer="b",
    why={
        "a": "The exception spoke for the whole batch.",
        "b": "So report which record failed. AWS Lambda calls that a partial batch response.",
        "c": "Only if it fails often enough to reach the limit. And then it's all ten.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# Effectively once costs a row per event and a transaction, so skip it where a repeat or a loss does
# no harm. Leases and fencing are for long work; a handler that takes milliseconds needs neither.
# Retries are for failures that can pass: reject a malformed message at the first attempt. And a
# dead-letter topic that nobody reads is a slow way to lose messages.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Choose at most once, at least once or effectively once, by which failure does less harm.
# - Keep a message for as long as you work on it, and fence off a worker that comes back late.
# - Retry with backoff and jitter, and put a poison message aside.
# - Read dead letters, and redrive them.
# - Commit an offset, or report on a batch, without calling unfinished work done.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Workers take ten-minute video jobs from a queue. Sometimes a video is processed twice, and
# sometimes an old result overwrites a new one. What do you change?"* Take two minutes, then unfold
# our answer.
#
# <details><summary>One good answer</summary>
#
# The job outlasts its lease, so the queue gives it to a second worker. I keep the lease short and
# extend it from a heartbeat while the job runs, so a crash is noticed soon. A paused worker can
# still come back late, so each lease gets a number that the store counts up, and the store rejects
# a smaller one. I ack after the result is stored. A job that fails is retried a few times, with
# backoff and jitter. Then it goes to a dead-letter queue with its reason; I alert on the age of its
# oldest message, and redrive it once the cause is fixed. A job may still run twice, so I store the
# result under the job's id.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 04](../exercises/04_delivery_semantics.ipynb), in your own copy: four
# services, a worker, a reader, and a poisoned queue.
