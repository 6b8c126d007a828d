# %% [markdown] tags=["promise"]
# # 12 · Real engines: the same consumer, somebody else's broker
#
# In about 35 minutes you will be able to
#
# - move a publisher and a consumer from the kit's broker to a real engine by its URL,
# - say what each engine calls a topic, a group, an ack and a lease,
# - predict what becomes of a failure, a late ack and a dead leader on each of them,
# - name the defaults that lose, repeat or stall messages,
# - choose an engine by what you need, and by what it costs.

# %% tags=["folded"]
# Imports
from pubsub_kit import Consumer, show
from pubsub_kit.engines import connect
from pubsub_kit.engines.shown.lesson import (
    REAL,
    Shop,
    answers,
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
# An **engine** is somebody else's broker. `connect` takes its URL and returns what you know:
# topics, `publish`, `subscribe`. Below is the kit's own broker, and a shop whose handler fails
# once, at order 2.

# %%
engine = connect("memory://")
engine.topic("orders")
billing = engine.subscribe("orders", "billing")
engine.publish_batch("orders", range(5))

shop = Shop(fails_at=2)
consumer = Consumer(billing, shop.bill)
while len(shop.billed) < 5:
    consumer.step()
print(shop.billed)

# %% [markdown] tags=["predict"]
# ### source: Kafka: design, the consumer's position and consumer groups (4.3)
# Order 2 failed, went back to the queue, and was redelivered once the others were done. Now run the
# same code with `connect("kafka://…")`. A Kafka group has no queue. It has a position in each
# partition, and everything before that position counts as done.

# %% tags=["folded"]
# Your prediction
### source: Kafka: design, the consumer's position and consumer groups (4.3)
show.predict(
    "Five orders in one partition, and order 2 fails once. In which place does a Kafka group bill "
    "it?",
    {"third: the partition waits for it": 2, "last: the others overtake it": 4},
    key="12.place",
)

# %% [markdown]
# The next cell runs that shop on each engine that answers on your machine. In a second terminal,
# `python3 -m pubsub_kit engine redis` starts one, until Ctrl-C; so do `kafka`, `rabbitmq` and
# `nats`, and for emulators `sqs` and `pubsub`. For the others the cell shows what we recorded, with
# the version of the server or emulator.

# %% tags=["run"]
stops = tour()
for stop in stops:
    print(stop)
kafka = stops["kafka"]

# %% tags=["folded"]
# What came out
show.compare("12.place", kafka.billed.index(2))

# %% [markdown]
# ### source: Kafka: KIP-932, share groups: delivery count, acquisition lock; ready since 4.2 (4.3)
# A Kafka group can only go back. So order 2 holds up its partition until it succeeds, and nobody
# counts the attempts: that's the `None`. Since 4.2 there is a second kind of group. In a **share
# group**, Kafka lends each record on its own, counts, and takes it back: a queue over the same log.
# What does that cost?

# %% tags=["picture", "folded"]
# Two ways to read one topic
show.engines(
    contract(
        "order by key",
        "attempts",
        "slow worker",
        "dead letter",
        "nack with delay",
        "replay by position",
        only=("kafka", "kafka_share"),
    ),
    title="A group, and a share group",
    caption=versions("kafka"),
)

# %% [markdown]
# It costs order, and replay. A group keeps both, since its position is all that it has.
#
# ## The same things, under other names
#
# ### source: Kafka: KIP-932 and consumer configs (4.3)
# ### source: RabbitMQ: documentation on consumers, quorum queues and dead lettering (4.2)
# ### source: NATS: documentation on JetStream's consumers (2.12)
# ### source: SNS: developer guide, subscriptions to SQS; visibility timeout (November 2026)
# ### source: Google Pub/Sub: documentation on subscriptions and ack deadlines (November 2026)
# ### source: Redis: documentation on streams (7.0)
#
# | here | Kafka | RabbitMQ | Redis | NATS | SNS | Google Pub/Sub |
# |---|---|---|---|---|---|---|
# | topic | topic | exchange | stream | stream | topic | topic |
# | group | group | queue | group | consumer | a queue | subscription |
# | ack | commit | `basic.ack` | `XACK` | `Ack` | delete | acknowledge |
# | lease | share: lock | none | idle time | `AckWait` | visibility | deadline |
# | attempts | share: yes | yes | yes | yes | yes | with dead letters |

# %% [markdown] tags=["predict"]
# ## A late ack
#
# Ann pulls a message and hangs. Her lease ends, and Bob has the message now. Ann wakes up and acks.
# Then Bob crashes. In lesson 04, the broker refused Ann's ack: an ack is for a lease, and hers was
# over. We played just that on eight kinds of worker, each on its real engine or an emulator. In the
# words of the runs, Ann is `w1`, Bob is `w2`, and the message is `tea`.

# %% tags=["folded"]
# Your prediction
show.predict(
    "On how many of the eight does Ann's late ack end Bob's lease, so that his crash loses the "
    "message?",
    {"none": 0, "one": 1, "two": 2, "most of them": 5},
    key="12.late",
)

# %% tags=["run"]
takes = []
for name in REAL:
    said = words(name, "late ack takes nothing")
    if "late ack ended" in said:
        takes.append(name)
        print(f"{name}: {said}")

# %% tags=["folded"]
# What came out
show.compare("12.late", len(takes))

# %% [markdown]
# ### source: Redis: commands, XACK takes a group and message ids (7.0)
# ### source: NATS: documentation on JetStream, an ack goes to the message's reply subject (2.12)
# `XACK` in Redis names the message and not the lease, and NATS takes the ack that comes late. So
# Ann's late ack counts as Bob's. A longer lease makes that rarer. The fix is yours: a worker acks
# only after its own transaction has committed the work.
#
# ## All rows
#
# The same contract runs on every engine: the rows of lesson 07, and more. Which engines do you
# think can replay?

# %% tags=["picture", "folded"]
# What each engine keeps
show.engines(
    contract(
        "acknowledged",
        "two workers at once",
        "slow worker",
        "gone worker",
        "nack",
        "attempts",
        "nack with delay",
        "extend",
        "late ack",
        "late ack takes nothing",
        "order by key",
        "dead letter",
        "deduplicates",
        "late subscriber",
        "replay by position",
        "replay by time",
    ),
    title="One contract, every engine",
    caption=versions(),
)

# %% [markdown] tags=["play"]
# ## How to choose
#
# ### source: SQS: quotas, FIFO queues: 300 calls a second, 3,000 in batches (November 2026)
# ### source: Google Pub/Sub: quotas, 1 MB/s for an ordering key; kept 7 days (November 2026)
# Start with what you need. Choose two things, and see which engines keep both. Then look at the
# limits: an SQS FIFO queue takes 300 calls a second, an ordering key of Google Pub/Sub 1 MB.

# %% tags=["folded"]
# Choose what you need
NEEDS = {
    "replay": ["replay by position"],
    "order by key": ["order by key"],
    "a lease for each message": ["slow worker"],
    "delayed retries": ["nack with delay"],
    "late subscribers": ["late subscriber"],
}


def left(first, second):
    rows = contract(*dict.fromkeys([*NEEDS[first], *NEEDS.get(second, []), "acknowledged"]))
    return show.engines(rows, title=f"You need {first}, and {second}", caption=versions())


show.play(
    left,
    first=show.choice(list(NEEDS), "replay", label="you need"),
    second=show.choice([*NEEDS, "nothing else"], "order by key", label="and"),
)

# %% [markdown]
# What does a million orders of 1 KB cost? SQS bills requests: send, receive, delete. Google Pub/Sub
# bills bytes, in and out. Kafka on your own machines costs three of them, busy or idle.
#
# ### source: SQS: price list for us-east-1, $0.40 a million requests (March 2026)
# ### source: Google Pub/Sub: price list, $40 a TiB, at least 1,000 bytes a request (November 2026)
# ### source: Kafka: operations, three replicas in production (4.3)

# %%
### source: SQS: price list for us-east-1, $0.40 a million requests (March 2026)
### source: Google Pub/Sub: price list, $40 a TiB, at least 1,000 bytes a request (November 2026)
million, tib = 1_000_000, 2**40
one_by_one = 3 * million * 0.40 / million
in_tens = one_by_one / 10
by_bytes = 2 * million * 1_000 / tib * 40
print(f"SQS ${one_by_one:.2f}, in tens ${in_tens:.2f}; Google Pub/Sub ${by_bytes:.2f}")

# %% [markdown] tags=["why"]
# Where an engine does not keep a row, our test *expects* that, and fails once the engine does keep
# it. The page `docs/engines.md` has every row, with the words of the run. Where an engine has no
# such thing, the adapter raises `NotSupported` and says what there is instead:

# %%
print(words("rabbitmq", "replay by position"))
print(words("sns_sqs", "late subscriber"))

# %% [markdown]
# ## Your answers, and processes that really die
#
# Here are answers to exercises 03, 04 and 05, unchanged, each in a process of its own with a real
# database. The process is killed where the row says, or stopped until its lease is over, and then
# goes on. ✓ means that the lesson's rule holds afterwards.

# %% tags=["folded"]
# Right and wrong answers, on each engine
show.engines(
    answers(
        "mark and money at once, dies before the ack",
        "adds each time, dies before the ack",
        "acks, then handles, dies between the two",
        "knows the last id, a repeat comes after others",
        "extends and fences, stopped past its lease",
        "extends, never fences, stopped past its lease",
        "publishes, then deletes the note, dies between",
        "deletes the note, then publishes, dies between",
    ),
    title="Lessons 03 to 05 on real engines",
    caption=versions(),
)

# %% [markdown]
# ### source: NATS: documentation on JetStream, message deduplication by Nats-Msg-Id (2.12)
# What `explore` proved in a world holds on machines, and what it broke breaks there. Two signs
# stand out, and each is luck that an engine lends you. The kit's own broker, on a disk, saves acks
# in batches, so an ack that came too early died with its process. And NATS drops an id that it has
# seen lately.

# %% [markdown] tags=["predict"]
# ## Fifty acked messages
#
# ### source: Kafka: producer configs, acks (4.3)
# Lesson 11 lost an acked record in a simulation. Here are three Kafka brokers. Both followers
# are paused. A producer with `acks=1` publishes 50 messages, and the leader acks them all. Then the
# leader is killed, and the followers go on.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Then the old leader comes back, with its disk. How many of the 50 can be read?",
    {"none": 0, "some, by chance": 25, "all 50": 50},
    key="12.fifty",
)

# %% tags=["break"]
fates = lost_leader()
for fate in fates:
    print(fate)
lost = len(fates[0].lost)

# %% tags=["folded"]
# What came out
show.compare("12.fifty", 50 - lost)

# %% [markdown]
# ### source: Kafka: design, Replication: a follower cuts what its leader has not got (4.3)
# The old leader had all 50 on its disk. It came back as a follower, found that its log differed
# from the new leader's, and truncated its own. With `acks=all` Kafka loses nothing here: what only
# one broker had was never acked. Does lesson 11's world agree?

# %%
for acks in ("1", "all"):
    acked, gone = dead_leader(acks)
    print(f"simulated, acks={acks}: {acked} were acked, and {gone} of them are gone")

# %% [markdown]
# With `acks=all`, the simulated shop retried until the new leader acked, and the real one gave up.
# Neither got an ack for a message that is gone.

# %% [markdown] tags=["fix"]
# ## Defaults that bite
#
# ### source: Kafka: consumer configs, auto.offset.reset latest, enable.auto.commit true (4.3)
# ### source: RabbitMQ: quorum queues, delivery limit 20 since 4.0; dead lettering (4.2)
# ### source: SQS: developer guide, visibility timeout 30 seconds (November 2026)
# ### source: SNS: developer guide, delivery retries: 100,015 attempts over 23 days (November 2026)
# ### source: EventBridge: user guide, retries for 24 hours, 185 times (November 2026)
# ### source: NATS: documentation on JetStream's consumers, MaxDeliver -1 (2.12)
#
# | default | what it does |
# |---|---|
# | Kafka: `auto.offset.reset=latest` | a group without a position skips what waits |
# | Kafka: `enable.auto.commit=true` | a poll commits the batch before, done or not |
# | Kafka: `min.insync.replicas=1` | `acks=all` may mean the leader alone |
# | SQS: visible after 30 s | a slower handler shares its message |
# | RabbitMQ 4: 20 deliveries | dropped, unless there is a dead-letter exchange |
# | SNS: 100,015 attempts | dropped, unless there is a dead-letter queue |
# | EventBridge: 24 hours | dropped, unless there is a dead-letter queue |
# | NATS: no limit | a poison message is redelivered forever |

# %% tags=["folded"]
# A question about frameworks
show.quiz(
    "A framework acks a message as soon as it has it, and then calls your handler, which raises. "
    "What becomes of the message?",
    ["it is redelivered", "it is dropped", "it goes to the dead letters"],
    answer="it is dropped",
    why="Its ack has been given. That is at most once, whatever your handler does.",
)

# %% [markdown]
# ### source: FastStream: AckPolicy: ACK_FIRST on Kafka, REJECT_ON_ERROR on RabbitMQ (0.7.8)
# ### source: Kafka: FastStream's documentation on acknowledgement (FastStream 0.7.8)
# ### source: RabbitMQ: FastStream's documentation on acknowledgement (FastStream 0.7.8)
# That's FastStream's default on Kafka. On RabbitMQ it rejects a message whose handler raised, which
# drops it too, unless there is a dead-letter exchange. FastStream is still a good next step: one
# decorator for many brokers. State the policy yourself:
#
# ```python
# @broker.subscriber("orders", ack_policy=AckPolicy.NACK_ON_ERROR)
# async def bill(order: Order): ...
# ```
#
# These defaults are from documentation. RabbitMQ 3.10 ran here, and not 4.

# %% [markdown] tags=["predict"]
# ## Where does a key go?
#
# ### source: librdkafka: configuration, partitioner, consistent_random by default: CRC32 (2.16)
# ### source: Kafka: the Java client's default partitioner, murmur2 (4.3)
# Order by key needs every producer to choose the same partition for a key. Kafka's own client, in
# Java, hashes a key with murmur2. librdkafka, which Python's client is built on, takes CRC32
# unless you say otherwise.

# %% tags=["folded"]
# Your prediction
show.predict(
    "Two services publish the same 1,000 keys to 12 partitions, one with each hash. How many keys "
    "end up in two partitions?",
    {"none": 0, "about half": 500, "more than nine in ten": 900},
    key="12.hash",
)

# %% tags=["run"]
apart = two_hashes()
print(apart)

# %% tags=["folded"]
# What came out
show.compare("12.hash", apart.differ // 100 * 100)

# %% [markdown]
# ### source: librdkafka: configuration, partitioner, murmur2_random (2.16)
# About one key in twelve agrees by chance. So the kit's adapter tells librdkafka to use
# `murmur2_random`, and so should every producer of a topic.

# %% [markdown] tags=["when-not"]
# ## When not to
#
# An engine is a system of its own: a cluster to run or a bill to pay, upgrades, quotas, one more
# thing that pages you. For many teams, a table and an outbox in their database are enough. An
# engine also hides its schedule: test your handler where you choose it.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Move a publisher and a consumer from the kit's broker to a real engine by its URL.
# - Say what each engine calls a topic, a group, an ack and a lease.
# - Predict what becomes of a failure, a late ack and a dead leader on each of them.
# - Name the defaults that lose, repeat or stall messages.
# - Choose an engine by what you need, and by what it costs.

# %% [markdown] tags=["aloud"]
# ### source: Kafka: KIP-932 and consumer configs (4.3)
# ### source: SQS: developer guide, visibility timeout, delay, redrive policy (November 2026)
# ### source: Redis: commands, XACK takes a group and message ids (7.0)
# ## Say it aloud
#
# *"Why Kafka and not SQS here? And what changes in your code if we are wrong?"* Take two minutes,
# then unfold our answer.
#
# <details><summary>One good answer</summary>
#
# I'd ask first who needs the past. Search and analytics will be rebuilt, so they need replay, and
# account changes need order by key. That's a log, so Kafka. E-mails need neither. There I want a
# lease for each message, delayed retries and dead letters, and SQS has those without a cluster.
#
# What moves with us is the handler. It deduplicates by the event's id and checks versions, so it
# needs neither order nor an attempt count. The settings don't move. On Kafka a failing record
# blocks its partition, so I'd set it aside, or use a share group. On SQS I'd make the visibility
# timeout longer than the slowest handler. On Redis a late ack ends somebody else's lease, so a
# worker acks only what its own transaction has done. And before the switch I'd run our contract
# tests against the new engine.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 12](../exercises/12_real_engines.ipynb), in your own copy: port a consumer,
# predict engines, and bring your own incident.
