# %% [markdown]
# # Exercise 05 · Money in the right order, or not at all
#
# Five questions. Messages overtake each other, replies get lost, services crash in the middle of
# something. In the end no money may be missing, and nothing may be told that is not so.
#
# | you have | |
# |---|---|
# | `await db.get(key)`, `db.put(key, value)`, `db.delete(key)` | rows that survive a crash |
# | `await db.scan("open ")` | all rows whose key begins so, as a dict |
# | `async with db.transaction() as tx:` | all that you write by `tx`, or none of it |
# | `await call("ann", request, timeout=…, retry=RetryPolicy())` | the reply; with no end of tries |
# | `await publish("orders", data, id=…)` | puts an event on a topic |
# | `await perform("mail", id)` | sends a mail: nobody can take it back |
#
# Every `await` is a place where a crash may fall. Stuck? `q.account.hint()`.

# %%
from pubsub_kit import RetryPolicy, call, exercise, publish

q = exercise("05")

# %% [markdown]
# ## routing
#
# Ann pays 100 in by an app, 70 out by a website, then a fee of 20. The topic has two partitions,
# soon three, and each has a worker; the ledger is away for a moment. Choose so that her moves are
# booked in this order. To see the options, print the question.

# %%
print(q.routing)

# %% tags=["answer:routing"]
### BEGIN SOLUTION
routing = {
    "key": "the account",
    "hash": "CRC32 in both clients",
    "partitions": "drain, then add one",
    "failed": "waits in its place",
}
### END SOLUTION
### BEGIN STUB
# routing = {"key": ..., "hash": ..., "partitions": ..., "failed": ...}
### END STUB

q.routing.check(routing)

# %% [markdown] tags=["solution", "answer:routing"]
# **Why.** Order holds in one partition, so all of Ann's moves need one key, one hash in every
# client, and a number of partitions that does not change under way. And while one of them waits,
# the others have to wait behind it.
#
# Enough partitions from the start are right too, and cheaper than to drain. So is to put the whole
# account aside: the other accounts go on, and Ann's moves stay in line. The price of order: one
# bad move holds up its key, and a busy key has only one worker.

# %% [markdown]
# ## account
#
# Here no partition helps: the moves come from two tellers, late or twice. `event.data` has
# `"seq"` (1, 2, 3, 4, counted by the account's bank), `"times"` and `"plus"`: a move turns the
# balance into `balance * times + plus`. (`"at"` is what the teller's clock said.) Keep the row
# `"balance"` so that in the end it is what the moves make in order, each once.


# %% tags=["answer:account"]
class Ledger:
    def __init__(self, db):
        self.db = db

    async def handle(self, event):
        ### BEGIN SOLUTION
        async with self.db.transaction() as tx:
            number = await tx.get("next", 1)
            if event.data["seq"] < number:
                return  # applied already
            await tx.put(f"held {event.data['seq']}", event.data)
            while (move := await tx.get(f"held {number}")) is not None:
                balance = await tx.get("balance", 0)
                await tx.put("balance", balance * move["times"] + move["plus"])
                await tx.delete(f"held {number}")
                number += 1
            await tx.put("next", number)
        ### END SOLUTION
        ### BEGIN STUB
        # ...  # your code
        ### END STUB


q.account.check(Ledger)

# %% [markdown] tags=["solution", "answer:account"]
# **Why.** Each move goes into a row first; then whatever is next is applied, and what it lets
# follow. A lower number was applied before, so this dedups as well. All of it is one transaction.
#
# Also right: raise where a number is too high, so that the move comes again later (no rows, more
# deliveries); or keep every move and add up in order (simple; the rows grow). The price: a number
# that never comes holds up the account for ever, so watch the age of the oldest held row.

# %% [markdown]
# ## transfer
#
# `order` is `{"id", "from", "to", "amount", "fee"}`. Take amount and fee from one account, pay the
# fee to `"bank"`, give the amount to the other; or leave all as it was. An account answers
# `{"id": …, "amount": …}` with `True`, or `False` if it refuses. It does an id once, and repeats
# its answer. `recover()` runs after each restart. The client asks only once.


# %% tags=["answer:transfer"]
class Transfers:
    def __init__(self, db):
        self.db = db

    ### BEGIN SOLUTION
    async def handle(self, order):
        await self.db.put(f"open {order['id']}", order)
        return await self.finish(order)

    async def recover(self):
        for order in (await self.db.scan("open ")).values():
            await self.finish(order)

    async def finish(self, order):
        amount, fee, done = order["amount"], order["fee"], []
        moves = [(order["from"], -amount - fee), ("bank", fee), (order["to"], amount)]
        for name, change in moves:
            if not await self.ask(name, order["id"], change):
                for before, done_change in reversed(done):
                    await self.ask(before, f"undo {order['id']}", -done_change)
                break
            done.append((name, change))
        await self.db.delete(f"open {order['id']}")
        return len(done) == 3

    async def ask(self, name, id, amount):
        request = {"id": id, "amount": amount}
        return await call(name, request, timeout=1.0, retry=RetryPolicy())

    ### END SOLUTION
    ### BEGIN STUB
    # async def handle(self, order):
    #     ...  # True if it was done, False if it was not
    #
    # async def recover(self):
    #     ...  # after a restart
    #
    ### END STUB


q.transfer.check(Transfers)

# %% [markdown] tags=["solution", "answer:transfer"]
# **Why.** A saga. The order is saved before the first call, so `recover()` finds it. It begins from
# the beginning: what was done is not done again, since the accounts know its id, and a refusal
# stays a refusal. So no step has to be noted, and none can be noted wrongly.
#
# The kit's `Saga` notes each step instead, and asks the last one again; it is right too. To call
# the giving account first needs fewer undos. The price: others see the money half moved, and each
# step needs an undo that cannot be refused.

# %% [markdown]
# ## relay
#
# This shop saves an order, then tells the kitchen. See how it fails.


# %%
class Hasty:
    def __init__(self, db):
        self.db = db

    async def handle(self, order):
        await self.db.put(f"order {order['id']}", order)
        await publish("orders", order, id=order["id"])

    async def relay(self):
        pass


q.relay.check(Hasty)

# %% [markdown]
# Repair it. `relay()` is called after each restart, after five seconds, and once more later. To
# tell an order twice is allowed after a crash, not otherwise.


# %% tags=["answer:relay"]
class Shop:
    def __init__(self, db):
        self.db = db

    ### BEGIN SOLUTION
    async def handle(self, order):
        async with self.db.transaction() as tx:
            await tx.put(f"order {order['id']}", order)
            await tx.put(f"outbox {order['id']}", order)

    async def relay(self):
        for row, order in (await self.db.scan("outbox ")).items():
            await publish("orders", order, id=order["id"])
            await self.db.delete(row)

    ### END SOLUTION
    ### BEGIN STUB
    # async def handle(self, order):
    #     ...  # your code
    #
    # async def relay(self):
    #     ...  # your code
    #
    ### END STUB


q.relay.check(Shop)

# %% [markdown] tags=["solution", "answer:relay"]
# **Why.** Two writes to one database can be one transaction; a write and a publish cannot. So the
# event is saved with the order, and told later, at least once: the kitchen dedups by its id.
#
# The order can be its own outbox, with a flag `told`. Numbered rows do as well, if the relay
# remembers each number that it told. To remember the highest alone skips a row whose transaction
# began earlier and ended later. The price: one write more for each event, and some delay.

# %% [markdown]
# ## mail
#
# Two clients want the last ticket. Whoever gets it is sent a mail, and nobody else. Put the lines
# in order, as a list of numbers; some are traps. `relay()` is called as above.

# %%
print(q.mail)

# %% tags=["answer:mail"]
### BEGIN SOLUTION
mail = [4, 8, 2, 12, 6, 9, 14, 3, 13, 10, 5, 1]
### END SOLUTION
### BEGIN STUB
# mail = ...  # such as [4, 8, …]
### END STUB

q.mail.check(mail)

# %% [markdown] tags=["solution", "answer:mail"]
# **Why.** A mail cannot be taken back, so it may leave only once the ticket is sold for sure; and a
# crash after the sale must not lose it. So the transaction writes down that a mail is due, and the
# relay sends it.
#
# After a crash it may be sent twice. To be *effectively* once, hand an id along, by which the mail
# provider can tell a repeat. The order of the three writes in the transaction does not matter.

# %% [markdown]
# All ✓? Close the notebook, and say aloud what a timeout tells you, and what it does not. To recall
# something teaches you more than to read it again (Karpicke and Roediger, 2007).
