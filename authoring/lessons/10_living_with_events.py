# %% [markdown] tags=["promise"]
# # 10 · Living with events: what they cost
#
# In about 30 minutes you will be able to
#
# - trace one order through five services and a broker, and find the one that got lost,
# - replay events without repeating emails, or changing the answers of the first time,
# - say who can read a secret in an event, and what deleting a key undoes,
# - choose a schema's compatibility mode, and say who upgrades first,
# - estimate what a broker costs a team, and what it costs to leave.

# %% tags=["folded"]
# Imports
import inspect
from collections import Counter
from hashlib import sha256

from pubsub_kit import Broker, World, call, explore, publish, show, sleep
from pubsub_kit.patterns import crypto_shredding
from pubsub_kit.patterns.schema_registry import Incompatible, Registry, read
from pubsub_kit.patterns.tracing import Tracing, what_follows
from pubsub_kit.scenarios.batches import Batches, traced
from pubsub_kit.scenarios.living_with_events import replays, schemas, secrets
from pubsub_kit.world.permissions import NotAllowed

# %% [markdown] tags=["predict"]
# ## One order, five services
#
# An order goes from the shop to payments, stock, packing and delivery, through four topics. A stack
# trace ends at each of them. So every service records a **span**: what it did, from when to when,
# and what caused it. The span's **context** travels in the event's extensions.
#
# Packing takes whatever is there, up to two orders at a time. So its one span has two causes.


# %%
def station(tracing, service, verb, seconds, then, forgets):
    async def handle(event):
        links = [event.extensions]
        with tracing.span(service, f"{verb} {event.id}", links=links) as context:
            await sleep(seconds)
            tracing.log(service, f"{verb} {event.id}: done")
            if then:
                sent = {} if forgets else context
                await publish(then, {}, id=event.id, extensions=sent)

    return handle


# %%
def packer(tracing):
    async def pack(events):
        links = [event.extensions for event in events]
        with tracing.span("packing", f"pack {len(events)}", links=links) as context:
            await sleep(1.5)
            for event in events:
                await publish("packed", {}, id=event.id, extensions=context)

    return pack


# %% tags=["folded"]
# The shop, and how the five are put together
STATIONS = [
    ("payments", "charge", 0.4, "orders", "paid"),
    ("stock", "reserve", 0.6, "paid", "reserved"),
    ("delivery", "deliver", 0.3, "packed", ""),
]


async def shop(tracing, orders):
    for number in range(1, orders + 1):
        with tracing.span("shop", f"place o-{number}") as context:
            await sleep(0.2)
            await publish("orders", {}, id=f"o-{number}", extensions=context)
        await sleep(0.6)


def five_services(forgets="nobody", share=1.0, orders=2, crashes=(), stock="at_most_once"):
    """Run the line; `forgets` sends no context, and stock acks its orders before its work."""
    world = World()
    tracing = traced(world, share=share)
    for topic in ("orders", "paid", "reserved", "packed"):
        world.topic(topic)
    for name, verb, seconds, topic, then in STATIONS:
        handle = station(tracing, name, verb, seconds, then, name == forgets)
        acks = stock if name == "stock" else "at_least_once"
        world.consumer(name, lambda handle=handle: handle, topic, semantics=acks)
    pack = packer(tracing)
    world.service("packing", lambda: Batches(world, "reserved", pack, every=3.0, until=90.0))
    world.spawn(shop(tracing, orders), "shop")
    for moment in crashes:
        world.at(moment, world.crash, "stock", 0.1)
    world.run(100.0)
    return world, tracing.spans


# %% tags=["folded"]
# Your prediction
show.predict(
    "Payments opens a span for each order, and publishes it without the context. From the shop's "
    "span, how many of the five services do you reach?",
    {"all 5: the order has an id": 5, "4: payments is missing": 4, "2: shop and payments": 2},
    key="10.context",
)

# %% tags=["run"]
_, spans = five_services(forgets="payments")
reached = what_follows(spans, "place o-1")

# %% tags=["folded"]
# What came out
show.compare("10.context", len(reached))

# %% tags=["picture"]
_, spans = five_services()
show.waterfall(what_follows(spans, "place o-1"), title="One order through five services")

# %% [markdown] tags=["play"]
# Where did the order spend most of its time? A dotted line is a wait in a queue, which no service's
# own clock shows. Let one of them forget the context, and see where the trace ends.

# %% tags=["folded"]
# Choose who forgets the context
show.play(
    lambda forgets: show.waterfall(what_follows(five_services(forgets)[1], "place o-1")),
    forgets=show.choice(["nobody", "payments", "stock"], label="who forgets the context"),
)

# %% [markdown] tags=["why"]
# ### source: OpenTelemetry: semantic conventions for messaging spans, Development (v1.44)
# A context doesn't follow by itself: behind a broker there's another process. It's one line of
# text, `traceparent`, which the W3C has standardised. A span has one parent, but packing had two
# causes. So OpenTelemetry's conventions let a consumer **link** to each message's context; a parent
# is only for single messages. A trace that crosses a broker is a graph, not a tree.

# %% tags=["folded"]
# How a span is opened, on a world's clock
print(inspect.getsource(Tracing.span))

# %% [markdown] tags=["break"]
# ## The lost order
#
# Stock acks on receipt, and crashes with an order in hand. Nobody raises an error. Find the order
# that isn't delivered, and look at its trace.

# %%
world, spans = five_services(orders=3, crashes=[1.9])
logged = {s.text.split(":")[0] for s in world.trace.of("note", node="delivery")}
lost = [f"o-{n}" for n in (1, 2, 3) if f"deliver o-{n}" not in logged]
show.waterfall(what_follows(spans, f"place {lost[0]}"), title=f"{lost[0]}, as far as it came")

# %% [markdown]
# The trace ends at payments: its event was sent, and no span links to it. A span that a crash cut
# off never ended, so it was never exported. You find the lost one by what's **missing**. The fix is
# lesson 04's: ack when the work is done. Here is the same crash both ways.
#
# Tracing has a catch, though: storing every trace is expensive, so many are thrown away. Below the
# two runs, move the slider.

# %% tags=["folded"]
# Two runs on one clock
show.compare_runs(
    five_services(crashes=[1.9])[0].trace,
    five_services(crashes=[1.9], stock="at_least_once")[0].trace,
    labels=("acks first", "works first"),
    nodes=["paid", "stock", "reserved"],
)


# %% tags=["folded"]
# Choose the share of traces that is kept
def found(percent):
    world, spans = five_services("nobody", percent / 100, 40, [1.9, 9.1, 14.7, 20.3, 26.7])
    said = {s.text.split(":")[0] for s in world.trace.of("note")}
    lost = [n for n in range(1, 41) if f"deliver o-{n}" not in said]
    named = [n for n in lost if f"charge o-{n}" in said]
    traced = [n for n in lost if any(span.name == f"place o-{n}" for span in spans)]
    return show.bars(
        {"orders lost": len(lost), "named by a log": len(named), "with a trace": len(traced)},
        caption=f"Of 40 traces, about {percent} % are kept, and all lines of the logs.",
    )


show.play(found, percent=show.slider(1, 100, 10, label="traces kept, %"))

# %% [markdown]
# A trace explains an order that you're already looking for; it may not find it. So write each
# order's id to a log at every step: that costs little, and nobody samples it.
#
# ## A replay runs your effects again
#
# This consumer keeps a **view**, that is, rows computed from events: a total in euros. It asks for
# the rate, and has each order mailed. On day 30 somebody deletes the view and replays the log, to
# build it anew.


# %%
class Hasty:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        rate = await call("rates", "dollar", timeout=1.0)
        async with self.db.transaction() as tx:
            if await tx.insert(f"view seen {event.id}"):
                await tx.add("view total", event.data["dollars"] * rate)
        await call("mail", event.id, timeout=1.0)


# %% tags=["folded"]
# Your prediction
show.predict(
    "The mail service drops a repeated id for a day. How many emails does o-1's customer get?",
    {"1: the id is the same": 1, "2: one more on day 30": 2},
    key="10.replay",
)


# %%
def run_of(answer):
    world = World()
    replays.invoices(world, answer)
    world.run(replays.UNTIL)
    return world


hasty = run_of(Hasty)
mails = [row for row in hasty.stores["mailbox"].rows if row.startswith("o-1")]
print("Emails about o-1:", mails)
print("Total:", hasty.stores["db"].rows["view total"], "instead of", replays.AFTER)

# %% tags=["folded"]
# What came out
show.compare("10.replay", len(mails))

# %% [markdown] tags=["fix"]
# Turning the emails off for the replay isn't enough. The total is wrong too, since the rate has
# changed. So **record** every answer that you got from outside, and put every effect behind a
# **gate** that outlives the view (Fowler, "Event Sourcing", 2005).


# %%
class Replayable(Hasty):
    async def handle(self, event):
        id = event.id
        if (rate := await self.db.get(f"rate {id}")) is None:
            rate = await call("rates", "dollar", timeout=1.0)
            await self.db.put(f"rate {id}", rate)  # the recorded answer
        async with self.db.transaction() as tx:
            if await tx.insert(f"view seen {id}"):
                await tx.add("view total", event.data["dollars"] * rate)
        if not await self.db.get(f"mailed {id}"):  # the gate
            await call("mail", id, timeout=1.0)
            await self.db.put(f"mailed {id}", True)


rules = {"faults": replays.FAULTS, "until": replays.UNTIL}
print(explore(lambda world: replays.invoices(world, Replayable), replays.replay_safe, **rules))

# %% [markdown]
# ## An event doesn't say when it will be handled
#
# A call is answered now, or it fails. An event waits until somebody has time. Here a sale brings
# all its orders within a minute, and each confirmation takes a worker one second.


# %%
def sale(orders, workers):
    world, late = World(), []
    world.topic("orders")
    world.consumer("mail", lambda event: late.append((world.now, world.now - event.time)),
                   "orders", workers=workers, latency=1.0)  # fmt: skip
    for number in range(orders):
        world.at(60 * number / orders, world.publish, "orders")
    world.run()
    return [(round(when / 60, 2), round(wait / 60, 2)) for when, wait in late]


# %% tags=["folded"]
# Two controls: how many orders, and how many workers
show.play(
    lambda orders, workers: show.lines(
        {"confirmations": sale(orders, workers)},
        x="minutes since the sale began",
        y="minutes late",
        caption=f"The last of {orders} confirmations comes "
        f"{sale(orders, workers)[-1][1]:.1f} minutes after its order.",
    ),
    orders=show.slider(60, 900, 600, step=60, label="orders"),
    workers=show.slider(1, 10, 2, label="workers"),
)

# %% [markdown]
# If "reserved for 10 minutes" arrives after 12, it's worse than silence. So put a deadline into the
# event and drop what is past it. If somebody waits for the answer, make a call.
#
# ## Secrets in events
#
# Orders hold addresses. Today the team for adverts subscribes.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The topic has four orders, from last month. How many addresses can the new subscriber read?",
    {"0: it sees what comes from now on": 0, "4: all that the log still has": 4},
    key="10.subscriber",
)

# %%
broker = Broker(clock=lambda: 0.0)
broker.topic("orders")
for id, who, cents, mail in secrets.ORDERS:
    broker.publish("orders", {"who": who, "cents": cents, "mail": mail}, id=id)
adverts = broker.subscribe("orders", "adverts", start="earliest")
seen = [delivery.event.data["mail"] for delivery in adverts.pull(9)]
print(seen)

# %% tags=["folded"]
# What came out
show.compare("10.subscriber", len(seen))

# %% [markdown]
# A log shows its past to everybody who may subscribe. So say who may. And **redact**: leave out of
# the event what its readers don't need, since you can't take it out later. Hashing isn't redaction:
# if you can list what was hashed, you can find it, as with this PIN.

# %%
world = World()
world.topic("orders", publishers=["shop"], subscribers=["stock", "billing"])
try:
    world.consumer("adverts", lambda event: None, "orders")
except NotAllowed as refusal:
    print(refusal)

hidden = sha256(b"7391").hexdigest()
print(next(pin for pin in range(10_000) if sha256(f"{pin:04}".encode()).hexdigest() == hidden))

# %% [markdown]
# Ann asks to be forgotten, but the log is immutable. With **crypto-shredding**, each person's data
# is encrypted under a key of their own, and you delete the key. Tying the ciphertext to its event's
# id keeps anybody from moving it to another event.

# %%
key = crypto_shredding.key_of("c-1")
sealed = crypto_shredding.seal(key, "o-1", {"mail": "ann@tea.example"})
print(crypto_shredding.unseal(key, "o-1", sealed))
print("without the key:", crypto_shredding.unseal(None, "o-1", sealed))
print("in another event:", crypto_shredding.unseal(key, "o-2", sealed))

# %% tags=["folded"]
# Your prediction
show.predict(
    "Her key is deleted. In how many of the five places can somebody still read what was hers: the "
    "log, the view, the search index, the dead letters, a table of hashed phone numbers?",
    {"0": 0, "1: the view": 1, "4: all but the log": 4, "5, and the log is one": 5},
    key="10.forget",
)


# %%
class DeletesTheKey:
    def __init__(self, keys, views, backups):
        self.keys, self.views, self.backups = keys, views, backups

    async def handle(self, event):
        await self.keys.delete(event.data["who"])


def left(answer):
    world = World()
    secrets.forgetting(world, answer)
    world.run(secrets.UNTIL)
    return secrets.readable(world)


def places_of(values, rows):
    named = (name for name, row in rows.items() if any(v in f"{name} {row}" for v in values))
    return Counter(map(secrets.kind_of, named))


places = places_of(secrets.SECRETS, left(DeletesTheKey))
print(places)

# %% tags=["folded"]
# What came out
show.compare("10.forget", len(places))

# %% [markdown]
# Even the log: on day 3 somebody restored the keys from a backup. And the view, the index, the dead
# letter and the hash were copies all along. Shredding undoes neither the backup nor the copies.


# %%
class AndANote(DeletesTheKey):
    async def handle(self, event):
        await self.keys.put(f"forgotten {event.data['who']}", True)  # a restore obeys it
        await super().handle(event)


class AndTheCopies(AndANote):
    async def handle(self, event):
        await super().handle(event)
        for name, row in (await self.views.scan()).items():
            if row.get("who") == event.data["who"]:
                await self.views.delete(name)


# %% tags=["folded"]
# Choose what is deleted
NAMES = {"log": "log", "view": "view", "search": "search index", "letter": "dead letters",
         "campaign": "hashed phone numbers"}  # fmt: skip
WAYS = {
    "her key": DeletesTheKey,
    "her key, with a note for the restore": AndANote,
    "her key, with a note, and then the copies": AndTheCopies,
}


def still_readable(way):
    rows = left(WAYS[way])
    hers, his = places_of(secrets.SECRETS, rows), places_of(["bob@tea.example"], rows)
    grid = {name: {"Ann's": "– gone"} for name in NAMES.values()}
    for kind, name in NAMES.items():
        grid[name] |= {"Ann's": "✗ readable"} if kind in hers else {}
        grid[name] |= {"Bob's": "✓ readable"} if kind in his else {}
    return show.grid(grid, title="Three days later, after the keys were restored")


show.play(still_readable, way=show.choice(list(WAYS), label="delete"))

# %% [markdown]
# The key goes first. Otherwise the **projector**, which builds the view and is always a little
# behind the log, writes a new copy after you have deleted the old one. Whether that satisfies the
# law is another matter: France's data protection authority says that losing the key comes close to
# erasure (CNIL, on blockchains, 2018). Ask your lawyer.
#
# ## Schemas: new readers, old events
#
# A log holds what every version has ever written. A **schema registry** compares versions when a
# producer registers a new one, before anything is published under it.

# %%
V1 = {"id": {"type": "text"}, "cents": {"type": "int"}}
V2 = {**V1, "gift": {"type": "text", "default": ""}}
V3 = {**V1, "gift": {"type": "text"}}
registry = Registry("BACKWARD")
print([registry.register({"fields": fields}) for fields in (V1, V2, V3)])

# %% tags=["folded"]
# Your prediction
show.predict(
    "BACKWARD has accepted all three. A new service with V3 replays the log. Can it read what V1 "
    "wrote?",
    {"yes: BACKWARD promises it": True, "no: V1 wrote no gift": False},
    key="10.schema",
)


# %%
def can_read(fields, data):
    try:
        return bool(read({"fields": fields}, data))
    except Incompatible as error:
        print(error)
        return False


old = can_read(V3, {"id": "o-1", "cents": 1200})

# %% tags=["folded"]
# What came out
show.compare("10.schema", old)

# %%
careful = Registry("BACKWARD_TRANSITIVE")
for fields in (V1, V2, V3):
    try:
        print("version", careful.register({"fields": fields}))
    except Incompatible as refusal:
        print(refusal)

# %% [markdown]
# ### source: Confluent: Schema Registry, "Schema Evolution and Compatibility" (8.4)
# BACKWARD compares with the last version alone; a replay needs **BACKWARD_TRANSITIVE**, which
# compares with all of them. Confluent's registry gave the modes their names:
#
# | mode | may change | upgrade first |
# |---|---|---|
# | BACKWARD (default) | delete fields, add optional ones | consumers |
# | FORWARD | add fields, delete optional ones | producers |
# | FULL | add or delete optional ones | either |
#
# Under BACKWARD, what happens if producers upgrade first? In this rollout the second change is to
# delete a field, `fax`. (The picture begins where that goes wrong.)

# %%
choice = {"mode": "BACKWARD", "first": "producers", "content": "closed",
          "check": "schemas are compared"}  # fmt: skip
broken = explore(lambda world: schemas.rollout(world, choice), schemas.everybody_reads)
schemas.draw(broken.world, broken.violation, "BACKWARD, and producers go first")

# %% tags=["folded"]
# A question for you
show.quiz(
    "An open schema lets producers add fields that it doesn't name. You add an optional text "
    "field, note. Is that safe for a replay?",
    ["yes: it's optional", "yes, if one old event can be read", "no: old data may hold a note"],
    answer="c",
    why={
        "a": "A default helps where the field is missing. Somebody may have used the name already.",
        "b": "One event shows one case. Compare the schemas: they say all that data may hold.",
        "c": "It may be a number there. A closed schema keeps unused names free.",
    },
)

# %% [markdown] tags=["when-not"]
# ## When not to use a broker: what it costs a team
#
# A broker costs more than its servers. This estimate is a worked example, and every number in it is
# an **assumption**: put in your own. If two services need one answer, a call is cheaper.


# %%
def days_a_year(people, upgrades, pages):
    return {
        "learning: 5 days each in year one": 5 * people,
        "upgrades: 4 days each": 4 * upgrades,
        "on call: half a day a page": 0.5 * pages * 12,
        "schemas, access: 1 day a month": 12,
    }


# %% tags=["folded"]
# Three controls: the assumptions
def bill(people, upgrades, pages):
    days = days_a_year(people, upgrades, pages)
    said = f"Together {sum(days.values()):g} working days in the first year."
    return show.bars(days, x="working days a year", caption=said)


show.play(
    bill,
    people=show.slider(2, 30, 8, label="people who use it"),
    upgrades=show.slider(0, 6, 2, label="upgrades a year"),
    pages=show.slider(0, 12, 3, label="pages a month"),
)

# %% [markdown]
# ## Leaving, one reader at a time
#
# The cost of leaving grows with readers × event types × versions still in the log: so many
# combinations somebody has to move. A **strangler** moves one reader at a time. Publish *and* call,
# compare the answers, let the call decide, and freeze the topic. Fold what is left in the log into
# tables first.


# %%
def leaving(step):
    world = World(latency=0.02)
    world.topic("orders", publishers=["shop"] if step < 3 else [])
    reserved = world.store("reserved")
    if step < 3:
        world.consumer("stock-by-event", lambda event: reserved.add("events", 1), "orders")
    if step > 1:
        world.service("stock", lambda order: reserved.add("calls", 1))

    async def shop():
        for number in range(3):
            if step < 3:
                await publish("orders", {}, id=f"o-{number}")
            if step > 1:
                await call("stock", {"id": f"o-{number}"}, timeout=1.0)

    world.spawn(shop(), "shop")
    return world.run(), reserved.rows


# %% tags=["folded"]
# Two controls: the step, and what there is to move
STEPS = {"1: events alone": 1, "2: both, and compare": 2, "3: calls alone, topic frozen": 3}


def strangled(step, readers, types, versions):
    trace, counts = leaving(step)
    got = f"Stock got {counts.get('events', 0)} events and {counts.get('calls', 0)} calls."
    moves = f"{readers} × {types} × {versions} = {readers * types * versions:,}"
    return show.topology(trace, caption=f"{got} In all, {moves} combinations have to move.")


show.play(
    strangled,
    step=show.choice(STEPS, 2, label="step"),
    readers=show.slider(1, 12, 6, label="readers"),
    types=show.slider(1, 20, 8, label="event types"),
    versions=show.slider(1, 6, 3, label="versions in the log"),
)

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Pass a context through a broker, link a batch to its causes, and find a lost order by its id.
# - Replay safely: record answers from outside, and gate each effect outside the view.
# - Say what a new subscriber reads, and delete a key, then the copies, and think of the backup.
# - Choose a mode: BACKWARD_TRANSITIVE for replays, and consumers upgrade first.
# - Put a number, with its assumptions, on running a broker and on leaving it.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Our events are kept for ever. Now a customer wants to be forgotten, and next week we want to
# rebuild a view. What worries you?"* Take two minutes, then unfold ours.
#
# <details><summary>One good answer</summary>
#
# First, where her data is: the log, the views, the search index, dead letters, logs and traces,
# backups, and whatever other teams copied. If each person's data is encrypted under its own key, I
# delete the key first, then every copy, and I list her as forgotten, so that no restored backup
# brings the key back. Hashes go too, if what they hide can be listed. Without such keys, I'd keep
# personal data out of events, and put a reference there. Then the rebuild. I'd check that nothing
# in the consumer reaches outside: emails need a gate that outlives the view, and rates or times
# need recorded answers. The newest code reads the oldest event, so I'd check the schema against all
# versions. And I'd rebuild beside the old view, compare, and switch.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 10](../exercises/10_living_with_events.ipynb), in your own copy: a trace, a
# replay, somebody who wants to be forgotten, and a schema.
