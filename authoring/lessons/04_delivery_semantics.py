# %% [markdown] tags=["promise"]
# # 04 · Delivery semantics: who says that it is done?
#
# In about 45 minutes you can
#
# - choose at most once, at least once or effectively once, by the harm that each does,
# - keep a message for as long as you work on it, and fence off a worker that comes back late,
# - retry with backoff and jitter, and put a poison message aside,
# - read dead letters, and send them again,
# - commit an offset, or answer for a batch, without calling undone work done.

# %% [markdown] tags=["predict"]
# ## One signup, one invoice
#
# Ann signs up, and `billing` writes an invoice. Then it **acks**: broker, I need this message no
# more. Work and ack are two steps, and a crash can fall between them. Which comes first?

# %%
from pubsub_kit import Violation, World, explore, show, sleep
from pubsub_kit.patterns import Inbox
from pubsub_kit.scenarios.delivery_semantics.semantics import rendered_once_at_a_time, worker

show.predict(
    "A worker acks a message on receipt, and crashes before it has written the invoice. What "
    "becomes of the invoice?",
    ["the message comes again, so it is written", "it is never written", "it is written twice"],
    key="04.receipt",
)


# %% tags=["run", "picture"]
def signup(world, semantics, handler):
    db = world.store("db", {"invoices": 0})
    world.topic("signups")
    world.consumer("billing", lambda: handler(db), "signups", semantics=semantics)
    world.publish("signups", {"name": "ann"}, id="signup-1")


def one_invoice(world):
    found = world.stores["db"].rows["invoices"]
    if found != 1:
        words = f"One signup, {found} invoices."
        where = max(i for i, s in enumerate(world.trace) if s.kind in ("effect", "crash"))
        return Violation(words, where, {"invoices": 1}, {"invoices": found})


def worst(scenario, oracle, faults):
    found = explore(scenario, oracle, faults=faults)
    if found.violation:
        return show.counterexample(found)
    return show.trace(found.trace, caption=f"No run breaks it. It {found}.")


# %%
def adds(db):
    return lambda event: db.add("invoices", 1)


def adds_once(db):
    return Inbox(db, lambda tx, event: tx.add("invoices", 1))


WAYS = {
    "at most once: ack, then work": ("at_most_once", adds),
    "at least once: work, then ack": ("at_least_once", adds),
    "effectively once: work by id, then ack": ("at_least_once", adds_once),
}


def billing(way, fault):
    return worst(lambda world: signup(world, *WAYS[way]), one_invoice, [fault])


billing("at most once: ack, then work", "crash")

# %%
show.compare("04.receipt", "it is never written")

# %% [markdown] tags=["play"]
# Now work first and ack afterwards; then let the ack get lost on its way. Which of the six runs
# lose the invoice, which double it?

# %%
show.play(
    billing,
    way=show.choice(list(WAYS), list(WAYS)[1], label="semantics"),
    fault=show.choice(["crash", "ack lost"], label="what goes wrong"),
)

# %% [markdown] tags=["why"]
# The broker cannot know whether a silent worker has done its work. So it either forgets the message
# or brings it again: nobody can promise to *deliver* exactly once. What there is:
#
# | | ack | a fault makes it | good for |
# |---|---|---|---|
# | at most once | before the work | missing | a welcome email: two look silly |
# | at least once | after the work | twice | an invoice under its own number: a repeat overwrites |
# | effectively once | after it, with an inbox | once, in this database | a payment |

# %%
show.quiz(
    "“Our queue is FIFO, so each deposit is handled exactly once.” What do you say?",
    [
        "right: in order means once",
        "the same deposit can come twice, in its place",
        "the order may break",
    ],
    answer="b",
    why={
        "a": "A crash before the ack brings the first deposit again, before the second.",
        "b": "Order says what comes after what, not how often. You still need its id.",
        "c": "The order holds: that is what FIFO promises.",
    },
)

# %% [markdown]
# ## A delivery is a lease
#
# How long does the broker wait for your ack? It lends you the message for a time: a **lease**. By
# default 30 s at SQS (*visibility timeout*) and NATS (*AckWait*), 10 s at Google Pub/Sub (*ack
# deadline*), 30 minutes at RabbitMQ (their documentation).
#
# To render a film takes 25 s, and the lease is 10 s. Guess how often it gets rendered. A long lease
# would do, but then a crash is noticed late: rather **extend** a short one while you work.


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


# %%
show.play(
    films,
    takes=show.slider(5, 60, 25, step=5, label="rendering takes, s"),
    lease=show.slider(5, 60, 10, step=5, label="the lease, s"),
    extends=show.toggle(label="extend after each fifth of the work"),
)

# %% [markdown] tags=["break"]
# ## The worker that came back
#
# The late acks were refused, and the work was done all the same. So this worker extends, and gives
# up if its lease is gone. But a process can stand still, in a long garbage collection say, and not
# notice.


# %%
class Careful:
    def __init__(self, db):
        self.db = db

    async def handle(self, delivery):
        for _ in range(5):
            await sleep(5)
            if not await delivery.extend(10):
                return
        await self.write(delivery)
        await delivery.ack()

    async def write(self, delivery):
        await self.db.put("film tea", delivery.attempt)


# %%
def rendering(answer, *faults):
    return worst(lambda world: worker(world, answer), rendered_once_at_a_time, faults)


show.predict(
    "It looks at its lease right before it writes. Can it still write over a newer film?",
    ["no: it has just looked", "yes"],
    key="04.zombie",
)

# %%
rendering(Careful, "pause")

# %%
show.compare("04.zombie", "yes")

# %% [markdown] tags=["fix"]
# ## Fix it: a fencing token
#
# No look at a clock or a lease helps, since you may stand still right after it. So the **store**
# has to refuse. Give it a number that grows with each lease, a *fencing token*: here the attempt.
# What is older than the row is not written.


# %%
class Fenced(Careful):
    async def write(self, delivery):
        async with self.db.transaction() as tx:
            if await tx.get("film tea", 0) <= delivery.attempt:
                await tx.put("film tea", delivery.attempt)


rendering(Fenced, "pause", "crash", "ack lost")

# %% [markdown]
# ## When it fails: wait, and wait longer
#
# A handler that raises is a **nack**: take it back. When does it come again? At once is too soon
# for a service that is down. So the waits grow (**backoff**), and are spread at random
# (**jitter**).

# %%
import inspect
from random import Random

from pubsub_kit import Broker, Consumer, RetryPolicy

print(inspect.getsource(RetryPolicy.bound), inspect.getsource(RetryPolicy.delay), sep="\n")


# %%
def herd(messages, cap, jitter):
    policy, luck = RetryPolicy(base=2.0, cap=cap, jitter=jitter), Random(1)
    counts = [0] * 120  # in each half second of a minute
    for _ in range(messages):
        at = 0.0
        for attempt in range(1, 6):
            at += policy.delay(attempt, luck)
            counts[min(int(2 * at), 119)] += 1
    words = f"The busiest half second sees {max(counts)} tries of {messages} messages."
    points = {"tries": [(slot / 2, count) for slot, count in enumerate(counts)]}
    return show.lines(points, x="seconds", y="tries in half a second", caption=words)


show.play(
    herd,
    messages=show.slider(10, 500, 100, label="failed together"),
    cap=show.slider(2, 20, 10, label="the longest wait, s"),
    jitter=show.toggle(label="jitter"),
)

# %% [markdown]
# ## Poison
#
# Waiting heals an outage. It does not heal a message that can never be handled, a **poison
# message**: at incident.io one crashed the whole app again and again (its own report). Here the
# first of twenty orders is one.

# %%
show.predict(
    "One worker, 0.1 s a try. A nack puts the bad order back at once, without a limit. How many "
    "of the other 19 are packed within 10 s?",
    ["19: they overtake it", "about half", "none"],
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
    tries = world.run(until=10).of("begin")
    bad = sum(step.text.startswith("bad") for step in tries)
    return show.bars({"tries of the bad one": bad, "tries of good ones": len(tries) - bad})


# %%
show.play(
    orders,
    limit=show.choice({"no limit": 0, "3 tries": 3, "10 tries": 10}, label="it is given up after"),
    wait=show.slider(0.0, 2.0, 0.0, step=0.5, label="the first wait, s"),
)

# %%
show.compare("04.poison", "none")

# %% [markdown]
# RabbitMQ's quorum queues give up after 20 deliveries since version 4.0; NATS JetStream has no
# limit unless you set one (their documentation). So set one. What was given up goes to a
# **dead-letter** topic, with its story. Read it, mend the cause, and **redrive**: the letter goes
# back to its topic under its own id, so whoever has seen it must know that id. Here the kit's
# broker is live; only its clock is in your hand.

# %%
now, stock = [0.0], {"tea"}
broker = Broker(clock=lambda: now[0])
broker.topic("orders")
retry = RetryPolicy(base=1.0, jitter=None, attempts=3)
packing = broker.subscribe("orders", "packing", retry=retry)
broker.publish("orders", "cake", id="order-1")
broker.publish("orders", "tea", id="order-2")


def pack(delivery):
    print(f"{now[0]:.0f} s: {delivery.id}, attempt {delivery.attempt}")
    if delivery.data not in stock:
        raise LookupError(f"no {delivery.data} here")


packer = Consumer(packing, pack)
while packing.lag:
    if not packer.step():
        now[0] = packing.next_wakeup()

# %%
for letter in broker.subscribe("orders.dead", "you", start="earliest").pull(10):
    print(letter.id, letter.data, letter.event.extensions["deadreason"], sep=" · ")

stock.add("cake")
print(broker.redrive("orders.dead"), "sent again")
packer.step()
print(packing.lag, "left to do")

# %% [markdown]
# ## Several at once
#
# A log's reader acks by an **offset**: all before it is done. This one works on four clicks side by
# side, the first one slow. When does it commit?


# %%
from pubsub_kit import gather, perform
from pubsub_kit.scenarios.delivery_semantics.batches import commit, every_click_counts


class Reader:
    def __init__(self, db):
        self.db = db

    async def one(self, offset, event):
        await sleep(event.data["takes"])
        await perform("count", event.id)
        await self.commit("each, as it ends", offset + 1)

    async def handle(self, batch):
        await self.commit("before the work", batch[-1][0] + 1)
        await gather(*(self.one(*row) for row in batch))
        await self.commit("when all are done", batch[-1][0] + 1)


# %%
def reading(when):
    class Chosen(Reader):
        async def commit(self, moment, offset):
            if moment == when:
                await self.db.put("committed", offset)

    return worst(lambda world: commit(world, Chosen), every_click_counts, ["crash"])


whens = ["each, as it ends", "before the work", "when all are done"]
show.play(reading, when=show.choice(whens, label="it commits"))

# %% [markdown]
# The highest finished offset passes over a slow one below it. Committed before the work, an offset
# says only that you have *received*: that is what a client's auto-commit may mean, so look yours
# up (clients differ).

# %%
show.quiz(
    "One record of a batch of ten is bad, and your handler raises. What happens to the other nine?",
    ["they are done", "all ten come again", "they are dead letters"],
    answer="b",
    why={
        "a": "The exception spoke for the whole batch.",
        "b": "So report which one failed; AWS Lambda calls that a partial batch response.",
        "c": "Only if it happens so often that the limit is reached. Then, indeed, all ten.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# Effectively once costs a row for each event and a transaction: leave it where a repeat, or a loss,
# does no harm. Leases and fencing are for work that is long; what takes milliseconds needs neither.
# Retries are for what can heal: refuse a malformed message at the first try. And a dead-letter
# topic that nobody reads is a slow way to lose messages.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Choose at most once, at least once or effectively once, by the harm that each does.
# - Keep a message for as long as you work on it, and fence off a worker that comes back late.
# - Retry with backoff and jitter, and put a poison message aside.
# - Read dead letters, and send them again.
# - Commit an offset, or answer for a batch, without calling undone work done.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Workers take video jobs of ten minutes from a queue. Sometimes a video is processed twice, and
# sometimes an old result overwrites a new one. What do you change?"* Take two minutes, then unfold
# ours.
#
# <details><summary>One good answer</summary>
#
# The job outlasts its lease, so the queue gives it to a second worker. I keep the lease short, and
# extend it from a heartbeat while the job runs, so that a crash is noticed soon. A paused worker
# still comes back late, so each attempt carries a growing number, and the store refuses a smaller
# one. I ack after the result is stored. A job that fails is tried again with backoff and jitter, a
# few times; then it goes to a dead-letter queue with its reason, an alarm on its age, and a redrive
# once the cause is mended. Twice may still happen, so the result is stored under the job's id.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 04](../exercises/04_delivery_semantics.ipynb), in your own copy: four
# services, a worker, a reader, and a poisoned queue.
