# %% [markdown] tags=["promise"]
# # 12 · Real engines: the same consumer, somebody else's broker
#
# In about 35 minutes you will be able to
#
# - move a publisher and a consumer from the kit's broker to a real engine by its URL,
# - say what each engine calls a topic, a group, an ack and a lease, and what it lacks,
# - predict what becomes of a late ack, a failure and a dead leader on each of them,
# - name the defaults that lose, repeat or stall messages, and set them,
# - choose an engine by what you need, and by what it costs.

# %% tags=["folded"]
# Imports
from pubsub_kit import Consumer, show
from pubsub_kit.engines import connect
from pubsub_kit.engines.trials.lesson import (
    Shop,
    contract,
    lost_leader,
    tour,
    two_hashes,
    versions,
    words,
)
from pubsub_kit.scenarios.real_engines.dead_leader import dead_leader

# %% [markdown]
# ## One consumer
#
# An engine is somebody else's broker. `connect` takes its URL and returns what you know: topics,
# `publish`, `subscribe`. Below is the kit's own broker, and a shop whose handler fails once, at its
# third order.

# %%
engine = connect("memory://")
engine.topic("orders")
billing = engine.subscribe("orders", "billing")
engine.publish_batch("orders", range(5))

shop = Shop(fails_at=2)
Consumer(billing, shop.bill).step(20)
print(shop.billed)

# %% [markdown] tags=["predict"]
# ### source: Kafka: design, the consumer's position and consumer groups (4.3)
# Order 2 failed, went back to the queue, and came again when the others were done. Now the same
# code with `connect("kafka://…")`. There, a group has no queue. It has a position in each
# partition, and all that lies before it counts as done.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Five orders in one partition, and order 2 fails once. In which place does Kafka's consumer "
    "group bill it?",
    {"third: the partition waits for it": 2, "last: the others overtake it": 4},
    key="12.place",
)

# %% [markdown]
# The next cell runs the shop on each engine that answers on your machine. In a second terminal,
# `python3 -m pubsub_kit engine redis` starts one; so do `kafka`, `rabbitmq`, `nats`, `sqs` and
# `pubsub`. For the others it shows what we recorded, with the date.

# %% tags=["run"]
stops = tour()
for stop in stops:
    print(stop)

# %% tags=["folded"]
# What came out
show.compare("12.place", stops["kafka"].billed.index(2))

# %% [markdown] tags=["why"]
# ### source: Kafka: KIP-932, share groups: delivery count, acquisition lock; ready since 4.2 (4.3)
# A Kafka group can only go back. So order 2 holds up its whole partition until it succeeds, and
# nobody counts the attempts: that's the `None`. Since 4.2 there is another kind of group. In a
# **share group** the broker lends each record on its own, counts, and takes it back. It is a queue
# over the same log, and it gives up order.

# %% tags=["picture", "folded"]
# Kafka twice: a group, and a share group
show.engines(
    contract(
        "order by key", "attempts", "slow worker", "extend", "nack with delay", "replay by position",
        only=("kafka", "kafka_share"),
    ),
    title="Two ways to read one topic",
    caption=versions("kafka"),
)  # fmt: skip

# %% [markdown]
# ## What the words mean elsewhere
#
# ### source: Kafka: KIP-932 and consumer configs (4.3)
# ### source: RabbitMQ: documentation on consumers, quorum queues and dead lettering (4.2)
# ### source: NATS: JetStream documentation, consumers (2.12)
# ### source: SQS: developer guide, visibility timeout (November 2026)
# ### source: SNS: developer guide, subscriptions to SQS (November 2026)
# ### source: Pub/Sub: documentation on subscriptions and ack deadlines (November 2026)
# ### source: Redis: documentation on streams (7.0)
#
# | here | Kafka | RabbitMQ | Redis | NATS | SNS + SQS | Pub/Sub |
# |---|---|---|---|---|---|---|
# | topic | topic | exchange | stream | stream | SNS topic | topic |
# | group | group | queue | group | consumer | queue | subscription |
# | ack | commit | `basic.ack` | `XACK` | `Ack` | delete | acknowledge |
# | lease | none; share: a lock | none | idle time | `AckWait` | visibility | deadline |
# | attempts | none; share: counted | counted | counted | counted | counted | sometimes |

# %% [markdown] tags=["predict"]
# ## A late ack
#
# Ann pulls a message and hangs. Her lease ends, and Bob has the message now. Ann wakes up and acks.
# In lesson 04 the broker refused: an ack is for a lease, and hers was over. Then Bob crashes.
#
# We played just that on eight ways to read, on seven products. On how many was the message never
# seen again?

# %% tags=["folded"]
# Your prediction
late = contract("late ack takes nothing", real=True)["late ack takes nothing"]
show.predict(
    "On how many of the eight does Ann's late ack end Bob's lease, so that his crash loses the "
    "message?",
    {"none": 0, "one": 1, "two": 2, "most of them": 5},
    key="12.late",
)

# %% tags=["run"]
takes = [name for name, sign in late.items() if sign == "✗"]
print(takes)

# %% tags=["folded"]
# What came out
show.compare("12.late", len(takes))

# %% [markdown]
# ### source: Redis: commands, XACK takes a group and message ids (7.0)
# ### source: NATS: JetStream, an ack is sent to the message's reply subject (2.12)
# Their acks name the message, not the lease. So whoever is late speaks for whoever holds it. A
# longer lease makes that rarer, and an inbox makes it harmless for what was done twice. What was
# lost stays lost, so on these engines a worker that may have overslept must not ack.
#
# ## All rows
#
# One suite of rows is played on every engine: those that your own broker met in lesson 07, and
# others. A row that isn't kept is *expected* not to be kept, and the test fails if that changes.
# Before you look: which engines can replay?

# %% tags=["picture", "folded"]
# What each engine keeps
show.engines(
    contract(
        "acknowledged", "fan out", "sharing", "redelivery", "slow worker", "attempts",
        "nack with delay", "extend", "late ack", "late ack takes nothing", "order by key",
        "dead letter", "deduplicates", "late subscriber", "replay by position", "replay by time",
    ),
    title="One contract, every engine",
    caption=versions(),
)  # fmt: skip

# %% [markdown]
# The page `docs/engines.md` has every row, and the words of each breach. Where an engine has no
# such thing, the adapter raises `NotSupported`, and names what there is instead:

# %%
print(words("rabbitmq", "replay by position"))
print(words("sns_sqs", "late subscriber"))

# %% [markdown] tags=["predict"]
# ## Fifty acked messages
#
# ### source: Kafka: producer configs, acks (4.3)
# Lesson 11 lost an acked record in a simulation. Here are three real brokers. Both followers are
# paused. A producer with `acks=1` publishes 50 messages, and the leader acks them all. Then the
# leader is killed, and the followers go on.

# %% tags=["folded"]
# Your prediction
show.predict(
    "The old leader comes back half a minute later, with its disk. How many of the 50 can be read?",
    {"none": 0, "some, by chance": 25, "all 50": 50},
    key="12.fifty",
)

# %% tags=["break"]
fates = lost_leader()
for fate in fates.values():
    print(fate)

# %% tags=["folded"]
# What came out
show.compare("12.fifty", 50 - len(fates["1"].lost))

# %% [markdown]
# The old leader had all 50 on its disk. It came back as a follower, found that the new leader's log
# was another, and cut its own. With `acks=all` the same minute loses nothing: what was not on two
# brokers was never acked. Does lesson 11's world agree with the machines?

# %%
for acks in ("1", "all"):
    acked, lost = dead_leader(acks)
    print(f"simulated, acks={acks}: {acked} were acked, and {lost} are lost")

# %% [markdown]
# With `acks=all` the simulated shop retried until the new leader acked. The real one gave up after
# five seconds. Neither was told of an order that is gone.


# %% [markdown]
# ## Defaults that bite
#
# ### source: Kafka: consumer configs, auto.offset.reset latest, enable.auto.commit true (4.3)
# ### source: Kafka: broker configs, min.insync.replicas 1 (4.3)
# ### source: RabbitMQ: quorum queues, delivery limit 20 since 4.0; dead lettering (4.2)
# ### source: SQS: developer guide, visibility timeout 30 seconds (November 2026)
# ### source: SNS: developer guide, delivery retries: 100,015 attempts over 23 days (November 2026)
# ### source: EventBridge: user guide, retries for 24 hours, 185 times (November 2026)
# ### source: NATS: JetStream consumers, MaxDeliver -1 (2.12)
#
# | default | what it does to you | what you want |
# |---|---|---|
# | Kafka: `auto.offset.reset=latest` | a group without a position skips what waits | `earliest` |
# | Kafka: `enable.auto.commit=true` | a poll acks the batch before, done or not | `false` |
# | Kafka: `min.insync.replicas=1` | `acks=all` may mean the leader alone | 2 of 3 |
# | SQS: visible again after 30 s | a slower handler shares its message | more, or extend |
# | RabbitMQ: 20 deliveries, since 4.0 | dropped, if there is no dead-letter exchange | one |
# | SNS: no dead-letter queue | dropped after 100,015 attempts | a queue |
# | EventBridge: 24 h and 185 attempts | dropped | a queue |
# | NATS: no limit on deliveries | a poison message comes for ever | `MaxDeliver` |

# %% tags=["folded"]
# A question about frameworks
show.quiz(
    "A framework acks a message as soon as it has it, and then calls your handler, which raises. "
    "What becomes of the message?",
    ["it is redelivered", "it is dropped", "it goes to the dead letters"],
    answer="it is dropped",
    why="Its position has moved past it. That is at most once, whatever your handler does.",
)

# %% [markdown]
# ### source: FastStream: AckPolicy; default ACK_FIRST on Kafka, REJECT_ON_ERROR on RabbitMQ (0.7.8)
# FastStream 0.7.8 does so by default on Kafka, and on RabbitMQ it rejects what raised, which drops
# it too unless there is a dead-letter exchange. It's a fine next step: one decorator for many
# brokers. Say what you mean:
#
# ```python
# @broker.subscriber("orders", ack_policy=AckPolicy.NACK_ON_ERROR)
# async def bill(order: Order): ...
# ```

# %% [markdown] tags=["predict"]
# ## Where does a key go?
#
# ### source: Kafka: the Java client's default partitioner, murmur2 (4.3)
# ### source: librdkafka: configuration, partitioner, default consistent_random, CRC32 (2.16)
# Order by key needs every producer to choose the same partition for a key. Java's client hashes
# with murmur2. librdkafka, on which Python's client stands, hashes with CRC32 by default.

# %% tags=["folded"]
# Your prediction
show.predict(
    "A service in Java and one in Python publish 1,000 keys to 12 partitions, each with its "
    "client's default. How many keys go to two partitions?",
    {"none": 0, "about half": 500, "more than nine in ten": 900},
    key="12.hash",
)

# %% tags=["run"]
apart = two_hashes()
print(apart)

# %% tags=["folded"]
# What came out
show.compare("12.hash", 900 if apart.differ > 900 else apart.differ)

# %% [markdown] tags=["play", "fix"]
# One of twelve agrees by chance. The kit's adapter sets `partitioner=murmur2_random`, as Java has
# it.
#
# ## How to choose
#
# Begin with what you need, not with what is popular. Choose, and see who is left.

# %% tags=["folded"]
# Choose what you need
NEEDS = {
    "replay": ("replay by position",),
    "order by key": ("order by key",),
    "a lease a message": ("slow worker",),
    "delayed retries": ("nack with delay",),
    "late subscribers": ("late subscriber",),
    "nothing": (),
}


def left(first, second):
    rows = contract(*dict.fromkeys([*NEEDS[first], *NEEDS[second], "acknowledged"]))
    return show.engines(rows, title=f"You need {first} and {second}", caption=versions())


show.play(
    left,
    first=show.choice(list(NEEDS), "replay", label="you need"),
    second=show.choice(list(NEEDS), "order by key", label="and"),
)

# %% [markdown] tags=["when-not"]
# ## When not to
#
# ### source: Kafka: KRaft, controllers and brokers, three for a cluster (4.3)
# An engine is a system of its own: a cluster to run or a bill to pay, upgrades, quotas, one more
# thing that pages you. A database table with an outbox serves many services for years. And a real
# engine hides what it does. Test your handler's logic in a world where you choose the schedule, and
# keep the engine for what only it can show.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Move a publisher and a consumer from the kit's broker to a real engine by its URL.
# - Say what each engine calls a topic, a group, an ack and a lease, and what it lacks.
# - Predict what becomes of a late ack, a failure and a dead leader on each of them.
# - Name the defaults that lose, repeat or stall messages, and set them.
# - Choose an engine by what you need, and by what it costs.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Why Kafka and not SQS here? And what changes in your code if we are wrong?"* Take two minutes,
# then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# I'd ask first who needs the past. Search and analytics will be rebuilt, so they need replay, and
# order by key matters for account changes. That's a log: Kafka, or NATS. E-mails need neither. There
# I want a lease a message, delayed retries and native dead letters, and SQS has those without a
# cluster.
#
# What moves with us is the handler: it deduplicates by the event's id and checks versions, so it
# needs neither order nor an attempt count. What does not move are the settings. On Kafka a failing
# record blocks its partition, so I'd retry elsewhere or use a share group. On SQS I'd set the
# visibility timeout above the slowest handler. With Redis or NATS a late ack ends another worker's
# lease, so a worker that overslept must not ack. And I'd run our contract tests against the new
# engine before the switch.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 12](../exercises/12_real_engines.ipynb), in your own copy: port a consumer,
# predict engines, and bring your own incident.
