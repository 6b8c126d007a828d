# %% [markdown]
# # Exercise 13 · Documents into an index
#
# Six questions about one pipeline: documents are cut into chunks, embedded, and put into an index
# that readers search. They change, and they get deleted.
#
# | you have | |
# |---|---|
# | `await embed(texts)` | a vector for each text, in their order |
# | `await db.get(key, default)`, `db.put(key, value)`, `db.delete(key)` | rows that survive |
# | `await db.scan("chunk ")` | all rows whose keys begin so, by key |
# | `async with db.transaction() as tx:` | `tx.get`, `tx.put`, `tx.delete`: all or nothing |
# | `clock()` | the time, in seconds |
#
# A transaction fails with a `Conflict` if a row that it read has changed by its commit. A handler
# that raises gets its event again. A crash may fall at any `await`, or another worker may run
# first. Stuck? Try `q.upsert.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import Conflict, clock, exercise

q = exercise("13")

# %% [markdown]
# ## upsert
#
# An event has a whole version of a document, `event.data` is `{"doc", "version", "chunks"}`, and
# its chunks are texts. Write each as a row whose key begins with `"chunk "`, and whose value has
# `"doc"`, `"text"` and `"vector"`. The rest of the key is yours, and so are other rows.
#
# Two workers run your class, events come late or again, and somebody looks at the rows after each
# write. Of each document they must see all chunks of one version, and nothing else. That version
# never goes back, and in the end it is the newest. Versions only grow, but not always by one.
#
# You may embed a version in vain: what counts is which one gets into the index.


# %% tags=["answer:upsert"]
class Index:
    def __init__(self, db, embed):
        self.db = db
        self.embed = embed

    async def handle(self, event):
        ### BEGIN SOLUTION
        doc, version, texts = event.data["doc"], event.data["version"], event.data["chunks"]
        vectors = await self.embed(texts)
        async with self.db.transaction() as tx:
            head = await tx.get(f"head {doc}", {"version": 0, "chunks": 0})
            if version <= head["version"]:
                return
            for n in range(head["chunks"]):
                await tx.delete(f"chunk {doc} {n}")
            for n, (text, vector) in enumerate(zip(texts, vectors, strict=True)):
                row = {"doc": doc, "text": text, "vector": vector}
                await tx.put(f"chunk {doc} {n}", row)
            await tx.put(f"head {doc}", {"version": version, "chunks": len(texts)})
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.upsert.check(Index)

# %% [markdown] tags=["solution", "answer:upsert"]
# **Why.** One commit replaces the old chunks by the new ones, together with the version that says
# which they are. It has read that version, so it fails if another worker was quicker, and the
# retry then finds the newer one. The old version's chunks go by their count, or the longer of two
# versions would leave strays.
#
# Embedding takes long, so it stands before the transaction. An early look at the version saves the
# money for a stale one, and proves nothing. Just as good: a loop that begins the transaction again
# after a `Conflict`, or keys that the head lists. An index without transactions takes more: write
# under the new version, flip the head, and filter by it at each query.

# %% [markdown]
# ## tombstone
#
# Now each document is one chunk, and an event without a text deletes it: `event.data` is `{"doc",
# "version", "text"}`, and `text` may be `None`. A deletion has a version too. When its handler is
# done, no row holds the document's text, and versions below it never bring the document back. A
# version above it does, as a new document.
#
# The broker keeps events for a week, so each can be replayed for as long. Now and then,
# `purge(now)` runs in a worker of its own. Once more than a week has passed since a deletion, the
# next purge leaves no row that names the document, unless it was written anew. Repair the class: it
# forgets what it deletes.


# %% tags=["answer:tombstone"]
WEEK = 7 * 24 * 3600  # seconds


class Documents:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        doc, version, text = event.data["doc"], event.data["version"], event.data["text"]
        ### BEGIN SOLUTION
        async with self.db.transaction() as tx:
            chunk = await tx.get(f"chunk {doc}", {"version": 0})
            tombstone = await tx.get(f"tombstone {doc}", {"version": 0})
            if version <= max(chunk["version"], tombstone["version"]):
                return
            if text is None:
                await tx.delete(f"chunk {doc}")
                await tx.put(f"tombstone {doc}", {"version": version, "at": clock()})
            else:
                await tx.put(f"chunk {doc}", {"version": version, "text": text})
        ### END SOLUTION
        ### BEGIN STUB
        # async with self.db.transaction() as tx:
        #     chunk = await tx.get(f"chunk {doc}", {"version": 0})
        #     if version <= chunk["version"]:
        #         return
        #     if text is None:
        #         await tx.delete(f"chunk {doc}")
        #     else:
        #         await tx.put(f"chunk {doc}", {"version": version, "text": text})
        ### END STUB

    async def purge(self, now):
        ### BEGIN SOLUTION
        for key in await self.db.scan("tombstone "):
            async with self.db.transaction() as tx:
                tombstone = await tx.get(key)
                if tombstone is not None and now - tombstone["at"] > WEEK:
                    await tx.delete(key)
        ### END SOLUTION
        ### BEGIN STUB
        # pass
        ### END STUB


q.tombstone.check(Documents)

# %% [markdown] tags=["solution", "answer:tombstone"]
# **Why.** A tombstone is a version without a text. Whatever comes has to be above it, and so it
# stops late chunks, late deletions, and a text that its deletion has overtaken. It is written even
# if there is nothing to delete.
#
# The purge reads each tombstone again in the transaction that deletes it. After its scan, a new
# deletion may have put a younger one there. Just as good: one row for both, which holds a text or
# the time of the deletion. A flag beside the text isn't: it hides, and deletes nothing.

# %% [markdown]
# ## migrate
#
# A new embedding model makes longer vectors, so it needs an index of its own. Move every query
# from index `m1` to `m2` without downtime. The row `"model"` in `db` says which index answers.
# Three processes each run an object of your class. They have no memory in common, and may be
# replaced by new ones:
#
# - `live(change)` is called for each change from now on, one at a time. After a crash it may be
#   called again for the same change, even after a later one.
# - `backfill()` is called once, beside live changes, and again after a crash. When `m2` has
#   everything, it switches: `await self.db.put("model", "m2")`. It may go on after that.
# - `query(text)` returns what one search has found, in the index that the row names.
#
# A change has `offset`, `doc`, `version` and `text`, which is `None` for a deletion. An index
# keeps a row for each document: a version, and a vector or a deletion.
#
# | | |
# |---|---|
# | `await log.read(offset)` | up to two changes from an offset on; all of history begins at 0 |
# | `await log.end()` | the offset that the next change will get |
# | `await indexes["m2"].embed(text)` | a vector by that index's model; `None` for `None` |
# | `await index.put(doc, version, vector)` | writes a row, whatever was there |
# | `await index.put_newer(doc, version, vector)` | the same, unless the row is as new or newer |
# | `await index.version(doc)` | the version of a row, deleted or not; 0 without a row |
# | `await index.delete(doc)` | removes a row, and its version with it |
# | `await index.search(vector)` | a list of what is nearest, with distances |
#
# A deleted document never comes back, and no row goes back to an older version, not even for a
# moment, since somebody compares the two indexes. Days later an operator rolls back by one write:
# `m1` in the row `"model"`. `m1` then needs every change, too. `check()` tries every schedule of up
# to two crashes or pauses (30 s), and a night on which nothing changes.


# %% tags=["answer:migrate"]
class Search:
    def __init__(self, log, indexes, db):
        self.log, self.indexes, self.db = log, indexes, db

    async def live(self, change):
        ### BEGIN SOLUTION
        for index in self.indexes.values():
            await self.write(index, change)

    async def write(self, index, change):
        vector = await index.embed(change.text)
        await index.put_newer(change.doc, change.version, vector)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB

    async def backfill(self):
        ### BEGIN SOLUTION
        at = await self.db.get("position", 0)
        while page := await self.log.read(at):
            for change in page:
                await self.write(self.indexes["m2"], change)
                at = change.offset + 1
                await self.db.put("position", at)
        await self.db.put("model", "m2")
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB

    async def query(self, text):
        ### BEGIN SOLUTION
        index = self.indexes[await self.db.get("model")]
        return await index.search(await index.embed(text))
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.migrate.check(Search)

# %% [markdown] tags=["solution", "answer:migrate"]
# **Why.** Both lanes write with the same comparison of versions, so it doesn't matter which of them
# comes first. A deletion is a row with a version, so history can't bring the document back. The
# position follows the write: after a crash, a change may be embedded twice, and none is left out.
#
# The backfill switches at lag 0, when a read finds nothing. A query reads the row once, and takes
# both the embedding and the index from it. Live changes go to both indexes after the switch too:
# that's what keeps the way back open, until somebody retires `m1`.
#
# Just as good: no position at all, so that a crash begins again at 0 (and pays again, for weeks); a
# backfill that ends where the log ended when live changes began to go to both; or a reader for each
# index, of which the second one goes on after the switch.

# %% [markdown]
# ## notify
#
# An agent is to act once on each version of a document, as soon as it can find it. It looks the
# version up when it is told. Choose for each; `check()` runs your choice, with up to two crashes or
# lost acks. A month later, the log is replayed into the index of a new model.
#
# | | |
# |---|---|
# | `tell` | when the agent is told |
# | `id` | what the message's id is made of |
# | `agent` | what the agent does with an id |
# | `backfill` | what the replay runs |

# %%
print(q.notify)

# %% tags=["answer:notify"]
### BEGIN SOLUTION
notify = {
    "tell": "from an outbox, written with the version",
    "id": "the document and its version",
    "agent": "drops an id that it had within a day",
    "backfill": "runs without effects",
}
### END SOLUTION
### BEGIN STUB
# notify = {"tell": ..., "id": ..., "agent": ..., "backfill": ...}
### END STUB

q.notify.check(notify)

# %% [markdown] tags=["solution", "answer:notify"]
# **Why.** The outbox is written in the same commit as the version, so nobody hears of what isn't
# there, and no crash loses the message. It may be sent twice. Its id says what happened and not
# who tried, so the agent drops the repeat: at-least-once delivery, and effectively one act.
#
# To tell after every attempt is right too, and simpler, if a redelivery always tells again. What
# fails is to tell only if the write was new: a crash in between leaves nobody who knows. And no
# memory for ids lasts for ever. So a replay needs a lane that writes, and tells nobody.

# %% [markdown]
# ## estimate
#
# There are 10 million documents of 20 chunks, with 300 tokens a chunk. A vector has 1,024 numbers
# of 4 bytes. The embedding service takes 2 million tokens a minute. Estimate:
#
# | | |
# |---|---|
# | `vectors` | the size of all vectors, in GB of 10⁹ bytes |
# | `alone` | how long the backfill of a new model takes with the whole quota |
# | `beside` | how long it takes beside live changes, which use 42% of the quota |
# | `hashed` | how long it takes if live changes skip chunks whose hash is known |
#
# For the last one, assume that 16 of a changed document's 20 chunks are as before. Give texts with
# units, such as `"12 GB"` or `"3 days"`.

# %% tags=["answer:estimate"]
### BEGIN SOLUTION
days = 10e6 * 20 * 300 / 2e6 / 60 / 24
estimate = {
    "vectors": 10e6 * 20 * 1_024 * 4 / 1e9,
    "alone": days,
    "beside": days / (1 - 0.42),
    "hashed": days / (1 - 0.42 * 4 / 20),
}
### END SOLUTION
### BEGIN STUB
# estimate = {"vectors": ..., "alone": ..., "beside": ..., "hashed": ...}
### END STUB

q.estimate.check(estimate)

# %% [markdown] tags=["solution", "answer:estimate"]
# **Why.** Three weeks are too long for a copy at the end, and too long for one lane: hence the
# second index, which doubles the 819 GB while both exist. With 58% of the quota, the three weeks
# become five. Hashing saves 13 days, and not because of history: to a new model, all of it is new.
# It makes live changes cheap, and the backfill gets what they leave.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the *oracle* for deletions. In a migration there are two indexes, and a
# query may go to either. `run` is a list of steps, such as
#
# `Step(at=300.0, did="delete", doc="tea", version=2, old={"tea": 1}, new={})`
#
# `at` is in seconds, `did` is `"write"`, `"delete"`, `"purge"` or `"look"`, and the last two have
# the document `""` and the version 0. `old` and `new` are what a reader of each index sees at that
# moment: of each document, its version. A deletion may take 60 seconds. After that, nobody may see
# the document at its version, or at a lower one.
#
# Return `None` if the run is right, or a text that says what is wrong; a failed `assert` counts as
# one. Three right systems and 20 wrong ones stand trial. Whether what should be seen *is* seen is
# another oracle's business.


# %% tags=["answer:audit"]
def oracle(run):
    ### BEGIN SOLUTION
    deletions = []
    for step in run:
        if step.did == "delete":
            deletions.append(step)
        for gone in deletions:
            for index in (step.old, step.new):
                seen = index.get(gone.doc)
                if seen is not None and seen <= gone.version and step.at - gone.at > 60:
                    return f"{gone.doc} {seen} is seen {step.at - gone.at:g} s after its deletion"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** The rule has no end: it holds at every later step, in both indexes, for each deletion,
# and whatever was purged or written since. So the oracle forgets nothing. It compares versions and
# not names, since a new document may have an old name.
#
# What an oracle forgets is what a system may get wrong unseen. An early look, the last look, or one
# of two indexes would have missed several of those on trial.

# %% [markdown]
# All ✓? Close the notebook and say aloud for how long a tombstone has to be kept, and why.
