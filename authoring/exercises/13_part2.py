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
