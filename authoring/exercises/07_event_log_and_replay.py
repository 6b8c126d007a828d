# %% [markdown]
# # Exercise 07 · Replay, replace, and a log of your own
#
# Seven questions. You keep a read model that a crash can't spoil, replace a service while it runs,
# and say what a log may forget. Then you write a log and a broker of your own.
#
# | you have | |
# |---|---|
# | `await log.read(offset)` | the next events of a log, from an offset on |
# | `await db.get(key)`, `db.put(key, value)`, `db.add(key, amount)` | rows that survive a crash |
# | `async with db.transaction() as tx:` | everything that you write through `tx`, or none of it |
#
# Stuck? Try `q.rebuild.hint()`.

# %% tags=["folded"]
# Imports
from pubsub_kit import exercise

q = exercise("07")

# %% [markdown]
# ## rebuild
#
# A log has the moves of a warehouse, each an amount. Keep their sum in the row `"stock"`.
# `await log.read(offset)` returns a list of up to two `(offset, amount)` pairs, from the first
# offset ≥ `offset` on; an empty one if there is nothing yet. `await log.end()` returns the offset
# that the next move will get. The log has been compacted, and it grows.
#
# `run()` is called now and then, on one object, and returns when there is nothing more to read.
# When the view crashes, the object is thrown away, and a new one goes on. `check()` tries every
# schedule of up to two crashes.


# %% tags=["answer:rebuild"]
class View:
    def __init__(self, db, log):
        self.db, self.log = db, log

    async def run(self):
        ### BEGIN SOLUTION
        while True:
            async with self.db.transaction() as tx:
                page = await self.log.read(await tx.get("position", 0))
                for offset, amount in page:
                    await tx.add("stock", amount)
                    await tx.put("position", offset + 1)
            if not page:
                return
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.rebuild.check(View)

# %% [markdown] tags=["solution", "answer:rebuild"]
# **Why.** One commit writes the position and the sum, so a crash leaves both or neither. The
# position is the offset of the last event plus one: compaction leaves gaps, so counting events
# would go wrong.
#
# Just as good: one row `{"position": …, "sum": …}`, which is one write; a row for each move, which
# may be written twice; or no position at all, and the whole sum computed anew from offset 0 each
# time. That last one is the simplest, as long as history is short.

# %% [markdown]
# ## replace
#
# v1 sends an invoice for each order of a log, one after the other. It takes 1 s for each, and lags.
# v2 is to take over, while orders arrive. Each order must get one invoice, and order 9, which comes
# last, from v2. An invoice says how many orders the customer has made, so v2 must know the history.
# `check()` may hold up your code for a moment at each `await`, up to twice. You may replay
# more than once, before you start v2.
#
# | | |
# |---|---|
# | `await old.where()` | the offset that v1 is at |
# | `await old.stop()` | lets v1 end the order in hand, and returns the offset that is next |
# | `await old.stop_at(offset)` | the same, once v1 has handled all before an offset |
# | `await new.replay(until)` | v2 learns from all orders before an offset, and sends nothing |
# | `await new.start(offset)` | v2 sends invoices from an offset on; to be called once |
# | `await new.start(offset, dedup=True)` | the same, but not for orders that have an invoice |
# | `await log.end()` | the offset that the next order will get |


# %% tags=["answer:replace"]
async def cut_over(old, new, log):
    ### BEGIN SOLUTION
    at = await old.stop()
    await new.replay(at)
    await new.start(at)
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # your code
    ### END STUB


q.replace.check(cut_over)

# %% [markdown] tags=["solution", "answer:replace"]
# **Why.** Drain, then switch: once `stop()` has returned, no order before that offset is without
# its invoice, and none after it has one. To ask v1 where it is proves nothing, because it moves on.
#
# Just as good: a barrier (`at = await old.stop_at(await log.end())`), as long as you go by what it
# returns; or an overlap with dedup, once v1 has stopped. Replay most of the history before you
# stop v1, and the pause becomes short.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the oracle of a cut-over. `rows` say who sent an invoice for each
# order: `{"order-0": ["v1"], …, "order-9": ["v2"]}`. `trace` is the list of the run's steps. Return
# `None` if the run is right, or a text that says what is wrong. Each order must have one invoice,
# and order-9, long after the cut-over, must have v2's.
#
# `check()` runs five cut-overs that are right and sixteen that are wrong. Spare the right ones in
# every run, and catch each wrong one in at least one. An `assert` that fails counts as a text. The
# trace begins in mid-history: the first orders were invoiced before it.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    for order, senders in rows.items():
        if len(senders) != 1:
            return f"{order} has {len(senders)} invoices"
    if rows["order-9"] != ["v2"]:
        return "v1 has never handed over"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** It asks each order for itself. One of the wrong cut-overs sends ten invoices for ten
# orders, and doubles one order and loses another: a total can't see that. Where v2 takes over is up
# to the run, so it isn't judged. In a real system you'd compare ids of events with ids of effects,
# in just this way.

# %% [markdown]
# ## keep
#
# What may each of these forget? Choose one option for each. `check()` runs a year with your choice.
#
# | | |
# |---|---|
# | `moves` | changes such as +5 and -2 on accounts; in a year a new service adds them up |
# | `prices` | each event is a product's new price; a year later each one's latest is needed |
# | `price reader` | how that service reads them |
# | `tombstones` | how long a deletion stays in a compacted topic; a new reader takes 3 days |
# | `visits` | one a day, kept for 7 days; no visit may get to be 10 days old |
# | `cursor` | how long a reader's position is kept; one reader is down for 8 days |

# %%
print(q.keep)

# %% tags=["answer:keep"]
### BEGIN SOLUTION
keep = {
    "moves": "keep everything",
    "prices": "compact by key",
    "price reader": "takes the last record of each key",
    "tombstones": "5 days",
    "visits": "a file a day",
    "cursor": "30 days",
}
### END SOLUTION
### BEGIN STUB
# keep = {
#     "moves": ...,
#     "prices": ...,
#     "price reader": ...,
#     "tombstones": ...,
#     "visits": ...,
#     "cursor": ...,
# }
### END STUB

q.keep.check(keep)

# %% [markdown] tags=["solution", "answer:keep"]
# ### source: Kafka: broker configs, offsets.retention.minutes 10080; delete.retention.ms 24 h (4.3)
# **Why.** Moves are changes, so only all of them add up. Prices are whole values, so the latest is
# enough; to keep everything is right too, and only costs more. A compacted topic still has old
# records at its end, so a reader takes the last one of each key. A tombstone has to outlive the
# slowest bootstrap: Kafka keeps it for 24 hours by default. A file goes when its newest event is
# old enough, so small files forget sooner. And a cursor must outlive your longest outage: Kafka's
# expires 7 days after its group is empty.

# %% [markdown]
# ## longest
#
# A log deletes whole files. A file is closed once its first record is 7 days old, and deleted once
# its newest record is 7 days old. How long can a record live, at most? Give a text with a unit,
# such as `"3 hours"`, or a number of days.

# %% tags=["answer:longest"]
### BEGIN SOLUTION
longest = "14 days"
### END SOLUTION
### BEGIN STUB
# longest = ...
### END STUB

q.longest.check(longest)

# %% [markdown] tags=["solution", "answer:longest"]
# ### source: Kafka: broker configs, log.roll.hours 168, log.retention.hours 168 (4.3)
# **Why.** The first record of a file waits up to 7 days until the last one is there, and then 7
# more until that one is old enough. Those are Kafka's defaults. (It looks for old files every five
# minutes, which adds a little.) If you have promised to delete somebody's data after 7 days, a
# retention of 7 days doesn't keep the promise.

# %% [markdown]
# ## log
#
# Write a log of your own, in about 25 lines. `path` is a `pathlib.Path` at which there is nothing
# yet, or what your log left there. Make a file of it, or a folder.
#
# `append(data)` stores bytes and returns their offset: 0, 1, 2, and so on. `read(offset=0)` returns
# a list of all data from that offset on. Once `append` has returned, the record is acknowledged:
# it survives whatever happens to the process.
#
# `check()` lets the process die after every byte that your log writes, and opens what is left. It
# has to find every acknowledged record, and go on from there. Then `check()` changes each byte of
# the file. Your log may refuse, with any error. It must not return other data, or silently fewer
# records. (The last record alone may count as torn: half written when the process died.) Zeros at
# the end of the file, as a power cut can leave them, are no records.


# %% tags=["answer:log"]
### BEGIN SOLUTION
from zlib import crc32

### END SOLUTION
### BEGIN STUB
# # import what you need
### END STUB


class Log:
    def __init__(self, path):
        ### BEGIN SOLUTION
        self.records, self.file, good = [], path.open("a+b"), 0
        self.file.seek(0)
        for line in self.file:
            if not line.endswith(b"\n"):
                break  # torn: nobody was told that it is stored
            data = bytes.fromhex(line[9:].decode())
            if line != self.line(data):
                raise ValueError(f"record {len(self.records)} is damaged")
            self.records.append(data)
            good += len(line)
        self.file.truncate(good)

    def line(self, data):
        text = b"%d %b" % (len(self.records), data.hex().encode())
        return b"%08x %b\n" % (crc32(text), data.hex().encode())
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code: open the file, and read what is in it
        ### END STUB

    def append(self, data):
        ### BEGIN SOLUTION
        self.file.write(self.line(data))
        self.file.flush()
        self.records.append(data)
        return len(self.records) - 1
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code: return the offset
        ### END STUB

    def read(self, offset=0):
        ### BEGIN SOLUTION
        return self.records[offset:]
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code: return a list
        ### END STUB


q.log.check(Log)

# %% [markdown] tags=["solution", "answer:log"]
# **Why.** A newline ends each record, and hex digits contain none. So a line without one can only
# be the last, and only if it's torn: the log cuts it off, and goes on from there. A line that is
# whole and wrong is damage, and the log refuses it. Its checksum covers the offset too, so a
# missing line is noticed. `flush()` hands the bytes to the system, which outlives the process.
#
# Just as good: a length in front of each record, if you can tell that the length is right (write it
# twice, or give it a checksum); a file for each record, put in place by `os.replace()`; or a
# database, with a checksum in each row.
#
# The kit's own log does the same in `log/records.py`, and more. It frames records in batches, so
# that a batch is there as a whole or not at all. It starts a new file before one gets too large,
# forgets old ones, and finds an offset without reading everything. It waits for the disk with
# `fsync`, since a power cut takes what only the system has. And a lock keeps a second process out.

# %% [markdown]
# ## broker
#
# Write a broker of your own, in about 40 lines. It keeps everything in memory.
#
# | you write | |
# |---|---|
# | `Broker(clock)` | `clock()` returns the time in seconds |
# | `publish(topic, data)` | stores a message; the topic may be new |
# | `subscribe(topic, group)` | returns a worker of that group |
# | `worker.pull()` | returns a list: the next delivery, or nothing |
# | `delivery.data`, `delivery.attempt` | the message, and 1 for its first delivery, then 2, 3 … |
# | `delivery.ack()` | returns `True` if it counted, and `False` if it came too late |
#
# A pull lends a message for 30 seconds. If nobody acks it in that time, it's due again, for any
# worker of the group; exactly at 30 seconds, either is right. Every group gets every message, and
# its workers share them. Whether a new group gets what was published before it, is up to you.
#
# `check()` plays the rows of the contract that the kit's own brokers keep: each is one promise,
# and a short scene that shows whether it's kept.


# %% tags=["answer:broker"]
class Broker:
    def __init__(self, clock):
        ### BEGIN SOLUTION
        self.clock, self.logs, self.groups = clock, {}, {}
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB

    def publish(self, topic, data):
        ### BEGIN SOLUTION
        self.logs.setdefault(topic, []).append(data)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB

    def subscribe(self, topic, group):
        ### BEGIN SOLUTION
        log = self.logs.setdefault(topic, [])
        return self.groups.setdefault((topic, group), Group(log, self.clock))


class Group:
    def __init__(self, log, clock):
        self.log, self.clock, self.next, self.held = log, clock, len(log), {}

    def pull(self):
        for delivery in self.held.values():
            if delivery.until <= self.clock():
                return self.lend(delivery.offset, delivery.attempt + 1)
        if self.next == len(self.log):
            return []
        self.next += 1
        return self.lend(self.next - 1, 1)

    def lend(self, offset, attempt):
        self.held[offset] = Delivery(self, offset, attempt)
        return [self.held[offset]]


class Delivery:
    def __init__(self, group, offset, attempt):
        self.group, self.offset, self.attempt = group, offset, attempt
        self.data, self.until = group.log[offset], group.clock() + 30

    def ack(self):
        held = self.group.held
        if held.get(self.offset) is not self or self.until <= self.group.clock():
            return False
        del held[self.offset]
        return True
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code: return something that has pull()
        ### END STUB


q.broker.check(Broker)

# %% [markdown] tags=["solution", "answer:broker"]
# **Why.** A topic is a list that only grows. A group is a position in it, and the latest delivery
# of each message that is in flight. Acks move nothing: they only take a delivery out of `held`.
# Comparing with `is self` is what makes a late ack harmless, since a redelivery is another object.
#
# Just as good: a queue for each group that `publish` fills, a token for each delivery, a dictionary
# of deadlines, or a group that gets its next message only after it has acked the one before. A new
# group may begin at the first message, or at the next.
#
# The kit's broker keeps the same rows, and others for what it can do besides: `nack` and `extend`,
# dead letters, the order of a key, replay, filters, pause, and a restart from its files. Threads
# may share it, and a pull doesn't look through everything that is in flight.

# %% [markdown]
# All ✓? Close the notebook and say aloud which number your position is, which write it shares, and
# who knows where v1 has stopped.
