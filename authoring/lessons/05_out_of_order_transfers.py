# %% [markdown] tags=["promise"]
# # 05 · Out-of-order transfers: money half moved
#
# In about 50 minutes you can
#
# - show how one event to several services loses money, with nothing broken,
# - keep messages in order by keys and by numbers, and say what a gap costs,
# - move money over services by a saga that survives lost replies and crashes,
# - say why two-phase commit blocks,
# - change data and publish an event, both or neither, and explain the `id > last` trap,
# - say when not to use pub/sub at all.

# %%
import inspect

from pubsub_kit import CallTimeout, World, call, explore, publish, show, sleep
from pubsub_kit.patterns import Coordinator, Outbox, Participant, Relay, Saga, SagaStep, Sequencer
from pubsub_kit.scenarios.out_of_order_transfers import numbered_moves, outboxes, partitions
from pubsub_kit.scenarios.out_of_order_transfers import transfers as accounts
from pubsub_kit.scenarios.out_of_order_transfers.transfers import parts

MOVES = (numbered_moves.adds_up, numbered_moves.FAULTS)
MONEY = (accounts.money_is_conserved, accounts.FAULTS)
SHOP = (outboxes.told_what_is_saved, outboxes.SHOP_FAULTS)


def explored(stage, answer, rule, faults):
    return explore(lambda world: stage(world, answer), rule, faults=faults)


def drawn(draw, found):
    return draw(found.world, found.violation, f"The shortest run that breaks it: {found.code}")


# %% [markdown] tags=["predict"]
# ## The commission
#
# Ann sends Bob 30, and the bank charges her 1. You publish one event, `ordered`. Two services
# subscribe: `transfer` takes 30 from Ann and gives it to Bob, `fee` takes 1 for the bank. Each
# refuses what Ann cannot cover.

# %%
show.predict(
    "Ann has 30, and the fee is handled first. What do the books say in the end?",
    ["nothing moved", "the bank has its fee, Bob has nothing", "both moved, and Ann has −1"],
    key="05.fee",
)


# %% tags=["run", "picture"]
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
    whole = {"ann": has - 31, "bob": 30, "bank": 1} if has >= 31 else dict(books.rows)
    return show.trace(world.run(), expected=whole, actual=books.rows)


commission()

# %%
show.compare("05.fee", "the bank has its fee, Bob has nothing")

# %% [markdown] tags=["play"]
# Let the transfer come first: now Bob has his 30, and the bank worked for nothing. How much must
# Ann have before the order stops to matter?

# %%
show.play(
    commission,
    has=show.slider(25, 40, 30, label="Ann has"),
    fee_first=show.toggle(True, label="the fee is handled first"),
)

# %% [markdown] tags=["why"]
# Nothing crashed, and the broker kept its word: both services got the event. It promises
# **delivery, not agreement**. Nobody who acts hears whether the others could. So two things are
# needed: order, where it matters; and a way to do all or nothing.

# %% [markdown]
# ## Order, by key
#
# A topic keeps order within one partition, and nowhere else (Kafka's documentation). The key
# decides the partition: `hash(key) % partitions`. So Ann's moves share a key, and stay in line. For
# how long?

# %%
show.predict(
    "A topic grows from 4 to 5 partitions. What share of the keys changes its partition?",
    ["none: a key keeps its partition", "one in five", "four in five"],
    key="05.grow",
)


# %%
def strays(before, after):
    keys, crc = [f"account-{i}" for i in range(2000)], partitions.by_crc32
    moved = sum(crc(key, before) != crc(key, after) for key in keys)
    mixed = sum(crc(key, before) != partitions.by_murmur2(key, before) for key in keys)
    shares = {"once it has grown": moved / 20, "CRC32 beside murmur2": mixed / 20}
    return show.bars(shares, x="% of the keys are in another partition")


few, more = show.slider(1, 12, 4, label="partitions"), show.slider(1, 12, 5, label="grown to")
show.play(strays, before=few, after=more)

# %%
show.compare("05.grow", "four in five")

# %% [markdown]
# Such a key has older messages in one partition and newer ones in another. The same happens where
# two clients hash differently: librdkafka's default is CRC32, the Java client's murmur2
# (kafkajs #1154). Python's own `hash()` differs from process to process.
#
# And a message that fails? Ann's 100 find the ledger away; her 70 come behind. Choose what becomes
# of the 100.

# %%
GOOD = {"key": "the account", "hash": "CRC32 in both clients", "partitions": "drain, then add one"}


def failing(failed):
    world = World()
    partitions.routed(world, {**GOOD, "failed": failed})
    world.run()
    wrong = partitions.in_order(world)
    return partitions.in_lanes(world, wrong, "" if wrong else "In order")


show.play(failing, failed=show.choice(partitions.OPTIONS["failed"], label="the failed move"))

# %% [markdown]
# Whatever steps aside lets the next one pass. Order has its price: one bad move holds up its key.
#
# ## Order, by number
#
# Where no partition helps (two topics, webhooks), the owner of an account numbers its moves: 1, 2,
# 3, 4. This ledger drops what is older than what it has seen. Right for a price, where the newest
# is all you need. For money?


# %%
def add_up(balance, move):
    return balance * move["times"] + move["plus"]


class DropsWhatIsLate:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        async with self.db.transaction() as tx:
            if event.data["seq"] > await tx.get("version", 0):
                await tx.put("balance", add_up(await tx.get("balance", 0), event.data))
                await tx.put("version", event.data["seq"])


drawn(numbered_moves.in_lanes, explored(numbered_moves.ledger, DropsWhatIsLate, *MOVES))

# %% [markdown]
# Late is not stale: each move changes the balance. To sort by the tellers' clocks is no better, for
# two machines' clocks disagree; nor does "opened" always arrive before "paid in". The **sequencer**
# holds what is early until the gap before it closes.


# %%
async def apply(tx, key, move):
    await tx.put("balance", add_up(await tx.get("balance", 0), move))


print(inspect.getsource(Sequencer.handle))
print(explored(numbered_moves.ledger, lambda db: Sequencer(db, apply), *MOVES))


# %%
def gap(late, seconds):
    world = World()
    numbered_moves.keep_ledger(world, lambda db: Sequencer(db, apply))
    for i, move in enumerate(numbered_moves.MOVES, 1):
        when = seconds if i == late else i / 10
        world.at(when, lambda i=i, move=move: world.publish("moves", move, key="ann", id=f"m-{i}"))
    words = f"{4 - late} moves wait for number {late}, up to {seconds} s."
    return show.trace(world.run(), caption=words, nodes=["moves", "ledger"])


show.play(
    gap,
    late=show.slider(1, 4, 2, label="this number is late"),
    seconds=show.slider(1, 60, 5, label="by, seconds"),
)

# %% [markdown] tags=["break"]
# ## All or nothing
#
# Now three services own the three accounts: Ann's, Bob's and the bank's. Yours, `transfers`, calls
# one after the other. If one does not answer within a second, it undoes what was done, and says
# no. Bob takes the first transfer, of 30, and refuses the second, of 40.

# %%
show.predict(
    "Ann's account does not answer in time. What do you know about her money?",
    ["it was not taken", "it was taken", "nothing"],
    key="05.timeout",
)


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


found = explored(accounts.transfers, UndoesOnTimeout, MONEY[0], ["reply lost"])
drawn(accounts.one_transfer, found)

# %%
show.compare("05.timeout", "nothing")

# %% [markdown] tags=["fix"]
# ## Fix it: a saga
#
# A timeout is neither yes nor no. So ask again under the same id, until there is an answer. After a
# no, **compensate**: undo each step that was done. And save how far you are, for after a crash.

# %%
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
# Proven for these two transfers, and up to two faults. The price: for a while everybody sees the
# money half moved, since a saga has **no isolation**. Each step needs an id by which it is done
# once, and an undo that cannot be refused: has Bob spent the 30 meanwhile?

# %% [markdown]
# ## Or ask for a promise first
#
# **Two-phase commit** hides what is half done. Each participant locks, and promises that it can do
# its part; then the coordinator decides, and tells. Whoever has promised cannot go back. What if
# the coordinator is down just then?


# %%
async def send(name, message):
    words = "prepare" if "prepare" in message else "commit" if message["commit"] else "abort"
    return await call(name, {**message, "id": words}, timeout=2.0)


class Commits(Coordinator):
    def __init__(self, db):
        super().__init__(db, send, lambda: sleep(1.0))

    async def handle(self, order):
        return await self.run(order["id"], {"ann": ["balance", -30], "bob": ["balance", 30]})


print(inspect.getsource(Coordinator.run), inspect.getsource(Participant._prepare), sep="\n")


# %%
def blocked(down):
    world = World(latency=0.05)
    for name, has in (("ann", 100), ("bob", 0)):
        db = world.store(name, {"balance": has})
        world.service(name, lambda db=db: Participant(db))
    world.service("coordinator", lambda: Commits(world.store("db")))
    world.client("client", "coordinator", payload=lambda i: {"id": "t-1"}, timeout=1.0)
    world.at(0.22, world.crash, "coordinator", down)
    trace = world.run()
    locks = [s.time for s in trace.of("effect", node="ann") if "lock balance" in s.data[2]]
    return show.trace(trace, caption=f"Ann's account is locked for {locks[1] - locks[0]:.1f} s.")


show.play(blocked, down=show.slider(1, 60, 10, label="the coordinator is down for, s"))

# %%
show.quiz(
    "You have promised, and hear nothing more. What may you do?",
    ["commit, after a while", "abort, after a while", "only wait, and keep the lock"],
    answer="c",
    why={
        "a": "The decision may be to abort.",
        "b": "The decision may be to commit, and Bob may have done so already.",
        "c": "Two-phase commit blocks: all depend on one, and no timeout helps.",
    },
)

# %% [markdown]
# ## Save, and tell
#
# Whoever changes data and publishes an event writes to two systems; a crash in between leaves one.
# So save the event with the data, in an **outbox**; a relay publishes it. This relay remembers the
# highest number it has told. Look which order it never tells.


# %%
class AboveTheLast:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        number = await self.db.add("last number", 1)  # as a database's sequence gives it
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put(f"outbox {number}", order)

    async def relay(self):
        last = await self.db.get("last told", 0)
        for row, order in (await self.db.scan("outbox ")).items():
            if (number := int(row.split()[1])) > last:
                await publish("orders", order, id=order["id"])
                await self.db.put("last told", number)


drawn(outboxes.in_lanes, explored(outboxes.shop, AboveTheLast, *SHOP))

# %% [markdown]
# Numbers are given when a transaction begins; transactions end in another order (a trap that
# event-driven.io describes). So the relay takes every row that is there, and deletes what it has
# told. A crash before that tells it twice: its reader needs an inbox.
#
# A mail is told in the same way. No transaction takes it back; Kafka's transactions cover Kafka's
# topics alone (its design documentation, 4.6).


# %%
class Shop:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await Outbox().add(tx, order["id"], order)

    async def relay(self):
        await Relay(self.db, lambda id, data: publish("orders", data, id=id)).run_once()


print(inspect.getsource(Relay.run_once))
print(explored(outboxes.shop, Shop, *SHOP))

# %% [markdown] tags=["when-not"]
# ## When not to use pub/sub at all
#
# Where one database can hold all of it, use one transaction: it is simpler, isolated, and no step
# needs an undo. Where you need the answer now (is it covered?), call. Where two things must never
# be seen apart, do not put a topic between them. Publish what **has happened**, to those who may
# hear of it later.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Show how one event to several services loses money, with nothing broken.
# - Keep messages in order by keys and by numbers, and say what a gap costs.
# - Move money over services by a saga that survives lost replies and crashes.
# - Say why two-phase commit blocks.
# - Change data and publish an event, both or neither, and explain the `id > last` trap.
# - Say when not to use pub/sub at all.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"We split our bank into services, and publish an event for each transfer. Some transfers charge a
# fee and move no money. What do you change?"* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# First I ask whether fee and transfer can share a database: then it is one transaction, and one
# event afterwards, by an outbox. If not, one service runs a saga: it saves the order, takes amount
# and fee, pays both, each under an id that stays the same, and asks again after a timeout. A
# refusal undoes what was done. I tell product that money is visibly under way meanwhile. Two-phase
# commit would hide that, and lock accounts while the coordinator is down. Events about one account
# share a key, and carry a number.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 05](../exercises/05_out_of_order_transfers.ipynb), in your own copy: a
# topic, an account, a transfer, a shop, and the last ticket.
