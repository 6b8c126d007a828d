# %% [markdown] tags=["promise"]
# # 05 · Transfers out of order
#
# In about 35 minutes you will be able to
#
# - show how one event to several services loses money although nothing breaks,
# - keep messages in order by key and by sequence number, and say what a gap costs,
# - move money across services with a saga that survives lost replies and crashes,
# - say when two-phase commit blocks, and what it doesn't hide,
# - save data and publish an event, both or neither, and explain the `id > last` trap,
# - say when not to use pub/sub at all.

# %% tags=["folded"]
# Imports, and a helper to explore and one to draw
import inspect

from pubsub_kit import Broker, CallTimeout, World, call, explore, publish, show, sleep
from pubsub_kit.patterns import Coordinator, Outbox, Participant, Relay, Saga, SagaStep, Sequencer
from pubsub_kit.scenarios.drawn import short, shortened
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves, outboxes, partitions
from pubsub_kit.scenarios.out_of_order_transfers import transfers as accounts
from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts


def explored(stage, answer, rule, faults):
    return explore(lambda world: stage(world, answer), rule, faults=faults)


def drawn(draw, found):
    return draw(found.world, found.violation, f"The shortest run that breaks it: {found.code}")


# %% [markdown] tags=["predict"]
# ## One event, two services
#
# Ann sends Bob 30, and the bank charges her a fee of 1. You publish one event, `ordered`, and two
# services subscribe. `transfer` takes 30 from Ann and gives it to Bob; `fee` takes 1 from Ann for
# the bank. Each one refuses what Ann can't cover.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Ann has 30, and the fee happens to be handled first. What did Bob and the bank get?",
    {
        "neither got anything": (0, 0),
        "the bank got its fee, and Bob got nothing": (0, 1),
        "both got their money, and Ann is at −1": (30, 1),
    },
    key="05.fee",
)


# %% tags=["run"]
def commission(has=30, fee_first=True):
    world = World()
    books = world.store("books", {"ann": has, "bob": 0, "bank": 0})

    async def take(amount, to):
        if await books.get("ann") < amount:
            raise ValueError("not covered")
        await books.add("ann", -amount)
        await books.add(to, amount)

    once, seconds = {"topic": "ordered", "max_deliveries": 1}, 1 if fee_first else 3
    world.topic("ordered")
    world.consumer("transfer", lambda event: take(30, "bob"), latency=2, **once)
    world.consumer("fee", lambda event: take(1, "bank"), latency=seconds, **once)
    world.publish("ordered", id="t-1")
    world.run()
    return world


books = commission().stores["books"].rows
bob, bank = books["bob"], books["bank"]


# %% tags=["picture", "folded"]
# Draw the run, beside the books as they should be
def compared(has=30, fee_first=True):
    world = commission(has, fee_first)
    whole = {"ann": has - 31, "bob": 30, "bank": 1}
    nothing = {"ann": has, "bob": 0, "bank": 0}
    wanted = whole if has >= 31 else nothing
    return show.trace(world.trace, expected=wanted, actual=world.stores["books"].rows)


compared()

# %% tags=["folded"]
# What came out
show.compare("05.fee", (bob, bank))

# %% [markdown] tags=["play"]
# Now let the transfer go first: Bob gets his 30, and the bank works for nothing. How much money
# does Ann need before the order stops mattering?

# %% tags=["folded"]
# Two controls: what Ann has, and which service goes first
show.play(
    compared,
    has=show.slider(25, 40, 30, label="Ann has"),
    fee_first=show.toggle(True, label="the fee is handled first"),
)

# %% [markdown] tags=["why"]
# Nothing crashed, and the broker kept its promise: both services got the event. But it promises
# **delivery, not agreement**. A service that acts never learns whether the other could. So you need
# two things: order, wherever it matters, and a way to do all of it or nothing.

# %% [markdown]
# ### source: Kafka: documentation, Introduction: order within a partition (4.3)
# ## A key keeps messages in order
#
# A topic keeps order within one partition, and nowhere else (Kafka's documentation). The key picks
# the partition: `hash(key) % partitions`. All of Ann's moves have her key, so they stay in order.
# For how long?

# %% tags=["folded"]
# Your prediction
show.predict(
    "A topic grows from 4 to 5 partitions. What share of the keys moves to another partition?",
    {"none: a key stays where it is": 0, "about 20%": 20, "about 80%": 80},
    key="05.grow",
)

# %%
KEYS = [f"account-{i}" for i in range(2000)]


def moved(before, after):
    """Return the share of keys, in %, that CRC32 sends to another partition afterwards."""
    crc = partitions.by_crc32
    return 100 * sum(crc(key, before) != crc(key, after) for key in KEYS) / len(KEYS)


# %% tags=["folded"]
# Two controls: partitions before and after
def strays(before, after):
    crc, murmur = partitions.by_crc32, partitions.by_murmur2
    mixed = 100 * sum(crc(key, before) != murmur(key, before) for key in KEYS) / len(KEYS)
    shares = {"after it has grown": moved(before, after), "CRC32 beside murmur2": mixed}
    return show.bars(shares, x="% of keys in another partition")


few, more = show.slider(1, 12, 4, label="partitions"), show.slider(1, 12, 5, label="grown to")
show.play(strays, before=few, after=more)

# %% tags=["folded"]
# What came out
show.compare("05.grow", round(moved(4, 5), -1))

# %% [markdown]
# ### source: librdkafka: CONFIGURATION.md, partitioner=consistent_random, CRC32 (2.16)
# ### source: librdkafka: its partitioner murmur2_random is the Java client's default (2.16)
# Such a key has old messages in one partition and new ones in another. The same happens when two
# clients use different hash functions: librdkafka defaults to CRC32, the Java client to murmur2
# (kafkajs #1154). Python's `hash()` of a string even differs between two processes.
#
# What about a message that fails? Ann pays 100 in, then 70 out, but the ledger is down when the 100
# arrives. Which choices keep her moves in order?

# %%
GOOD = {"key": "the account", "hash": "CRC32 in both clients", "partitions": "drain, then add one"}


def failing(failed):
    world = World()
    partitions.routed(world, {**GOOD, "failed": failed})
    world.run()
    wrong = partitions.in_order(world)
    return partitions.in_lanes(world, wrong, "" if wrong else "In order")


# %% tags=["folded"]
# One control: what happens to the move that fails
show.play(failing, failed=show.choice(partitions.OPTIONS["failed"], label="the failed move"))

# %% [markdown]
# A move that steps aside alone lets the next one pass. So either the whole key waits, or the whole
# key steps aside. That's the price of order: one bad message holds up its key.
#
# Do you need a partition for that? Several workers may also share an **ordered queue**. It keeps
# each key's order, whichever worker takes a message.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Ann's two moves and one of Bob's wait in an ordered queue. The workers pull all that they can "
    "get. Which moves do they hold before anybody acks?",
    {
        "all three": ["ann 1", "ann 2", "bob 1"],
        "one for each account": ["ann 1", "bob 1"],
        "the first alone": ["ann 1"],
    },
    key="05.ordered",
)


# %%
def held(**options):
    broker = Broker(clock=lambda: 0.0)
    broker.topic("moves")
    queue = broker.subscribe("moves", "ledger", **options)
    for move in ("ann 1", "ann 2", "bob 1"):
        broker.publish("moves", move, key=move[:3])
    return [delivery.data for delivery in queue.pull(3)]


print("any order:", held())
in_hand = held(ordered=True)

# %% tags=["folded"]
# What came out
show.compare("05.ordered", in_hand)

# %% [markdown]
# ### source: SQS: Developer Guide, "FIFO queue delivery logic" (2026-11)
# ### source: RabbitMQ: docs, Consumers, "Single Active Consumer" (since 3.8)
# ### source: Google Pub/Sub: docs, "Order messages": redelivery of a key's messages (2026-11)
# ### source: Kafka: upgrade notes: a partition of a consumer group has one consumer (4.2)
# An ordered queue holds back a key's next message until the one before is acked or dead-lettered.
# SQS does so by message group, in FIFO queues. Other engines:
#
# - RabbitMQ's **single active consumer** hands a whole queue to one reader; the others are spares.
# - Google Pub/Sub, with **ordering keys**, redelivers all later messages of a key with the one that
#   failed, even acked ones.
# - Kafka's consumer groups keep order by partition: each has one owner, who reads it in order.

# %% [markdown]
# ## Sequence numbers restore the order
#
# Moves that come through two topics, or by webhooks, share no partition. So the bank that owns the
# account numbers them: 1, 2, 3, 4. This ledger drops any move that is older than the newest it has
# seen. That's right for a price, where only the latest counts. Is it right for money?


# %%
def apply_to(balance, move):
    return balance * move["times"] + move["plus"]


class DropsWhatIsLate:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        async with self.db.transaction() as tx:
            if event.data["seq"] > await tx.get("version", 0):
                await tx.put("balance", apply_to(await tx.get("balance", 0), event.data))
                await tx.put("version", event.data["seq"])


# %% tags=["folded"]
# The rule that every run has to keep
print(inspect.getsource(numbered_moves.adds_up))

# %%
MOVES = (numbered_moves.adds_up, numbered_moves.FAULTS)
drawn(numbered_moves.in_lanes, explored(numbered_moves.ledger, DropsWhatIsLate, *MOVES))

# %% [markdown]
# Late isn't stale: every move changes the balance. Sorting by the tellers' clocks is no better,
# because two machines' clocks disagree. Nor can you rely on "opened" arriving before "paid in". A
# **sequencer** holds early moves until the gap before them closes. How long do they wait?

# %% tags=["folded"]
# The sequencer's source
print(inspect.getsource(Sequencer.handle))


# %%
async def apply(tx, key, move):
    await tx.put("balance", apply_to(await tx.get("balance", 0), move))


print(explored(numbered_moves.ledger, lambda db: Sequencer(db, apply), *MOVES))


# %% tags=["folded"]
# Two controls: which move is late, and by how much
def gap(late, seconds):
    world = World()
    numbered_moves.keep_ledger(world, lambda db: Sequencer(db, apply))
    for i, move in enumerate(numbered_moves.MOVES, 1):
        when = seconds if i == late else i / 10
        world.at(when, lambda i=i, move=move: world.publish("moves", move, key="ann", id=f"m-{i}"))
    words = f"Move {late + 1} waits {seconds - (late + 1) / 10:.1f} s for move {late}."
    words = words if late < 4 else "No move waits for move 4."
    return show.trace(shortened(world.run()), caption=words, nodes=["moves", "ledger"])


late = show.slider(1, 4, 2, label="late move")
show.play(gap, late=late, seconds=show.slider(1, 60, 5, label="it arrives after, s"))

# %% [markdown] tags=["break"]
# ## Three accounts, three services
#
# Now Ann's account, Bob's and the bank's belong to a service each. Your service, `transfers`, calls
# one after the other, and waits at most a second for each reply.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Your call to Ann's account times out. What do you know about the 31 you asked for?",
    {
        "Ann still has it": [100, 100],
        "it was taken": [69, 69],
        "nothing: it may be either": [100, 69],
    },
    key="05.timeout",
)


# %%
def balance_after_timeout(cut_at):
    """Return what Ann has after a call for 31 that times out, as the link is cut at this time."""
    world = World(latency=0.1)
    accounts.add_account(world, "ann", 100)
    order = {"id": "t-1", "amount": -31}
    world.client("transfers", "ann", payload=lambda i: order, timeout=1.0)
    world.at(cut_at, world.partition, "transfers", "ann")
    world.run()
    return world.stores["ann"].rows["balance"]


after = [balance_after_timeout(cut_at) for cut_at in (0.0, 0.05)]

# %% tags=["folded"]
# What came out
show.compare("05.timeout", after)

# %% [markdown]
# If the request gets lost, nothing happens; if the reply gets lost, the money is gone. Your timeout
# looks the same. The service below takes it for a no and undoes what it did before. Bob's account
# accepts the first transfer, of 30, and refuses the second, of 40.


# %%
class UndoesOnTimeout:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        done = []
        for name, change in parts(order):
            try:
                fine = await call(name, {"id": order["id"], "amount": change}, timeout=1.0)
            except CallTimeout:
                fine = False
            if not fine:
                for before, was in done:
                    await call(before, {"id": f"undo {order['id']}", "amount": -was})
                return False
            done.append((name, change))
        return True


# %% tags=["folded"]
# The rule that every run has to keep
print(inspect.getsource(accounts.money_is_conserved))

# %%
MONEY = (accounts.money_is_conserved, accounts.FAULTS)
found = explored(accounts.transfers, UndoesOnTimeout, MONEY[0], ["reply lost"])
drawn(accounts.one_transfer, found)

# %% [markdown] tags=["fix"]
# ## Fix it with a saga
#
# A timeout is neither yes nor no, so retry under the same id until you get an answer. If the answer
# is no, **compensate**: undo every step you have done. And save your progress after each step, so
# that a restart can continue after a crash.

# %% tags=["folded"]
# The saga's source
for method in (Saga._advance, Saga._move, Saga._insist):
    print(inspect.getsource(method))


# %%
def step(name, number):
    async def ask(order, id, sign=1):
        account, change = parts(order)[number]
        return await call(account, {"id": id, "amount": sign * change}, timeout=1.0)

    return SagaStep(name, ask, lambda order, id: ask(order, f"undo {id}", -1))


class Transfers(Saga):
    def __init__(self, db):
        steps = [step("take", 0), step("fee", 1), step("give", 2)]
        super().__init__(db, steps, lambda: sleep(1.0))

    async def handle(self, order):
        return await self.run(order["id"], order)


print(explored(accounts.transfers, Transfers, *MONEY))

# %% [markdown]
# Proven, for these two transfers and up to two faults. But a saga has **no isolation**: for a
# while, everyone sees the money half moved. That's **eventual consistency**: the sum is right once
# every step has been done or undone. Each step also needs an id, so that it is done once, and an
# undo that can't be refused. What if Bob has already spent the 30?

# %% [markdown]
# ## Two-phase commit: promise first, then decide
#
# **Two-phase commit** needs no undo. Each participant locks its row and promises that it can do its
# part; then the coordinator decides and tells everyone. No participant can break its promise, so
# all commit or none does. What if the coordinator is down just then?


# %%
async def send(name, message):
    words = "prepare" if "prepare" in message else "commit" if message["commit"] else "abort"
    return await call(name, {**message, "id": words}, timeout=2.0)


class Commits(Coordinator):
    def __init__(self, db):
        super().__init__(db, send, lambda: sleep(1.0))

    async def handle(self, order):
        return await self.run(order["id"], {"ann": ["balance", -30], "bob": ["balance", 30]})


# %% tags=["folded"]
# The coordinator's source, and a participant's
print(inspect.getsource(Coordinator.run), inspect.getsource(Participant._prepare), sep="\n")


# %%
def blocked(down, crashes_at=0.22):
    world = World(latency=0.05)
    for name, has in (("ann", 100), ("bob", 0)):
        db = world.store(name, {"balance": has})
        world.service(name, lambda db=db: Participant(db))
    world.service("coordinator", lambda: Commits(world.store("db")))
    world.client("client", "coordinator", payload=lambda i: {"id": "t-1"}, timeout=1.0)
    world.at(crashes_at, world.crash, "coordinator", down)
    return world.run()


# %% tags=["folded"]
# One control: how long the coordinator is down
def said(before, after):
    lock = {True: "locks the balance", False: "unlocks the balance"}
    row = "lock balance"
    return lock[after[row] is not None] if row in after else short(before, after)


def locked(down):
    trace = blocked(down)
    locks = [s.time for s in trace.of("effect", node="ann") if "lock balance" in s.data[2]]
    words = f"Ann's account is locked for {locks[1] - locks[0]:.1f} s."
    return show.trace(shortened(trace, said), caption=words)


show.play(locked, down=show.slider(1, 60, 10, label="the coordinator is down for, s"))


# %%
def sums(trace):
    """Return what a reader sees as ann's and bob's money, after each change of a balance."""
    has, seen = {"ann": 100, "bob": 0}, []
    for step in trace.of("effect"):
        if "balance" in step.data[2]:
            has[step.node] = step.data[2]["balance"]
            seen.append(sum(has.values()))
    return seen


print("Ann and Bob together, after each commit:", sums(blocked(1, crashes_at=9)))

# %% [markdown]
# The commits are **atomic, not isolated**. They reach one account after the other, and a reader in
# between misses 30. If nobody may see that, readers have to wait for the locks as well.

# %% tags=["folded"]
# A question for you
show.quiz(
    "You are Bob's account. You have promised, and then you hear nothing. Ann's account doesn't "
    "answer either. What may you do?",
    ["commit after a while", "abort after a while", "only wait, and keep the lock"],
    answer="c",
    why={
        "a": "The coordinator may have decided to abort, and Ann's account may have done so.",
        "b": "The coordinator may have decided to commit, and Ann's account may have done so.",
        "c": "Two-phase commit blocks while nobody whom you can reach knows the decision. If Ann's "
        "account had heard it, it could tell you.",
    },
)

# %% [markdown]
# ## Save and publish: the outbox
#
# A service that saves data and publishes an event writes to two systems. If it crashes in between,
# only one of them has it. So save the event with the data, in an **outbox**, and let a relay
# publish it. The relay below remembers the highest number it has published. Which order does it
# never publish?


# %%
class AboveTheLast:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            number = await self.db.add("last number", 1)  # as a database's sequence does
            await tx.put(f"outbox {number}", order)

    async def relay(self):
        last = await self.db.get("last sent", 0)
        for row, order in (await self.db.scan("outbox ")).items():
            if (number := int(row.split()[1])) > last:
                await publish("orders", order, id=order["id"])
                await self.db.put("last sent", number)


# %% tags=["folded"]
# The rule that every run has to keep
print(inspect.getsource(outboxes.told_what_is_saved))

# %%
SHOP = (outboxes.told_what_is_saved, outboxes.SHOP_FAULTS)
drawn(outboxes.in_lanes, explored(outboxes.shop, AboveTheLast, *SHOP))

# %% [markdown]
# ### source: PostgreSQL: documentation, 9.17 Sequence functions: nextval is never rolled back (18)
# A row gets its number at the insert, as from a PostgreSQL sequence, and transactions commit in any
# order (a trap that event-driven.io describes). So the relay should take every row it finds, oldest
# first, and delete what it has published. A crash before the delete publishes it twice, so readers
# need an inbox (lesson 03). And it publishes each event with its key, or the partitions lose its
# order.

# %% [markdown]
# ### source: Kafka: design documentation, Message Delivery Semantics (4.3)
# Send email the same way: you can't roll it back. Kafka's transactions don't help, since they cover
# Kafka's topics alone (Kafka's design documentation).


# %%
class Shop:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await Outbox(self.db).add(tx, order["id"], order, key=order["id"])

    async def relay(self):
        async def send(id, data, key):
            await publish("orders", data, id=id, key=key)

        await Relay(self.db, send).run_once()


print(explored(outboxes.shop, Shop, *SHOP))

# %% tags=["folded"]
# The outbox's source, and the relay's
print(inspect.getsource(Outbox.add), inspect.getsource(Relay.run_once), sep="\n")

# %% [markdown] tags=["when-not"]
# ## When not to use pub/sub at all
#
# If one database can hold all of it, use one transaction: it's simpler, it's isolated, and nothing
# needs an undo. If you need the answer now (is it covered?), make a call. If two things must never
# be seen apart, don't put a topic between them. Publish what **has happened**, for readers who can
# hear about it later.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Show how one event to several services loses money although nothing breaks.
# - Keep messages in order by key and by sequence number, and say what a gap costs.
# - Move money across services with a saga that survives lost replies and crashes.
# - Say when two-phase commit blocks, and what it doesn't hide.
# - Save data and publish an event, both or neither, and explain the `id > last` trap.
# - Say when not to use pub/sub at all.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"We split our bank into services, and we publish an event for each transfer. Some transfers
# charge the fee but move no money. What would you change?"* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# First I'd ask whether fee and transfer can share a database. Then it's one transaction, plus one
# event through an outbox. If they can't, one service runs a saga. It saves the order, takes the
# amount and the fee, and pays both out. Each step has an id that stays the same across retries, so
# it can retry after a timeout. If an account refuses, it undoes the steps already done. I'd tell
# product that customers see money in transit meanwhile. Two-phase commit needs no undo, but it
# locks accounts while the coordinator is down, and readers may still see one account before the
# other. Events about one account share a key and carry a sequence number.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 05](../exercises/05_out_of_order_transfers.ipynb), in your own copy: a
# topic, an account, a transfer, a shop, and the last ticket.
