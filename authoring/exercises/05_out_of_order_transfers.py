# %% [markdown]
# # Exercise 05 · Money in the right order, or not at all
#
# Six questions. Messages overtake each other, replies get lost, and services crash halfway
# through. In the end no money may be missing, and nobody may have heard of something that isn't
# true.
#
# | you have | |
# |---|---|
# | `await db.get(key)`, `db.put(key, value)`, `db.delete(key)` | rows that survive a crash |
# | `await db.scan("open ")` | a dict of all rows whose keys begin with this |
# | `async with db.transaction() as tx:` | either everything you write through `tx`, or nothing |
# | `await call("ann", request, timeout=…, retry=RetryPolicy())` | retries until the reply comes |
# | `await publish("orders", data, id=…)` | publishes an event on a topic |
# | `await perform("mail", id)` | sends an email, which you can't roll back |
#
# A crash may fall at any `await`. Stuck? Call `q.account.hint()`.

# %% tags=["folded"]
# Imports, and q, which holds the questions
from pubsub_kit import RetryPolicy, call, exercise, publish

q = exercise("05")

# %% [markdown]
# ## routing
#
# Ann pays 100 in with an app, then 70 out on a website, then a fee of 20 with the app. The topic
# has two partitions, soon three, and each has a worker. The ledger is down when her first move
# arrives. Choose so that her moves are booked in this order. The next cell shows the options.

# %%
print(q.routing)

# %% tags=["answer:routing"]
### BEGIN SOLUTION
routing = {
    "key": "the account",
    "hash": "CRC32 in both clients",
    "partitions": "drain, then add one",
    "failed": "stays in place and is retried",
}
### END SOLUTION
### BEGIN STUB
# routing = {"key": ..., "hash": ..., "partitions": ..., "failed": ...}
### END STUB

q.routing.check(routing)

# %% [markdown] tags=["solution", "answer:routing"]
# **Why.** Order holds within one partition. So all of Ann's moves need the same key, the same hash
# in every client, and a number of partitions that doesn't change while messages are in flight. And
# while one of her moves waits, the others have to wait behind it.
#
# Starting with enough partitions is right too, and cheaper than draining. So is setting the whole
# account aside: other accounts go on, and Ann's moves stay in order. Order has a price: one bad
# move holds up its key, and a busy key has only one worker.

# %% [markdown]
# ## account
#
# Here no partition helps: the moves come from two tellers, and they arrive late or twice.
# `event.data` holds `"seq"` (1, 2, 3 and so on, counted by the account's bank), `"times"` and
# `"plus"`. A move turns the balance into `balance * times + plus`. (`"at"` is the time on the
# teller's clock.) Write the row `"balance"`: in the end it must be what the moves make in order,
# each applied once. First there are four moves, and then eight more may follow.


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
# **Why.** Each move goes into a row first. Then you apply the next number, and any held numbers
# that follow it. A lower number was applied before, so this deduplicates as well. It's all one
# transaction.
#
# You can also raise if a number is too high, so that the move is redelivered later: no rows, but
# more deliveries. Or keep every move and add them up in order: simple, but the rows grow (and as
# keys, `"move 10"` comes before `"move 2"`). The price
# is the same: a number that never arrives holds up the account for ever. So alert on the age of the
# oldest held row.

# %% [markdown]
# ## transfer
#
# `order` is `{"id", "from", "to", "amount", "fee"}`. Take the amount and the fee from one account,
# pay the fee to `"bank"`, and give the amount to the other account. Or leave everything as it was.
# An account answers `{"id": …, "amount": …}` with `True`, or with `False` if it refuses. It does
# each id only once, and then repeats its answer. What it gets may be spent at once. Orders come at
# the same time, equal ones too. `recover()` runs after each restart. A client asks once.


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
    #     ...  # return True if it was done, False if it was not
    #
    # async def recover(self):
    #     ...  # after a restart
    #
    ### END STUB


q.transfer.check(Transfers)

# %% [markdown] tags=["solution", "answer:transfer"]
# **Why.** It's a saga. The order is saved before the first call, so `recover()` finds it and starts
# again from the first step. The accounts know the id, so nothing is done twice, and a refusal stays
# a refusal. No step has to be noted, so no note can be wrong.
#
# The kit's `Saga` saves its progress after each step and asks again for the last one; that's right
# too. The price: others see the money half moved, and each step before the last needs an undo that
# can't be refused. So take before you give: what the payee got may be spent when you want it back.

# %% [markdown]
# ## relay
#
# This shop saves an order and then publishes it for the kitchen. See how it fails.


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
# Fix it. The kitchen gets the whole order as an event's data, under the order's id. `publish()` may
# fail too: it raises `PublishTimeout` if the broker doesn't confirm. `relay()` is called after each
# restart, after five seconds, and once more much later; and again if a publish failed. You may
# publish an order twice after a fault, but not if nothing went wrong.


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
# **Why.** Two writes to one database can be one transaction; a write and a publish can't. So save
# the event with the order and publish it later, at least once. The kitchen deduplicates by its id.
#
# The order can be its own outbox, with a flag `told`. Numbered rows work too, if the relay
# remembers every number it has published. Remembering only the highest skips a row that got its
# number earlier and was committed later. The kit's `Outbox` numbers its rows too, so that a relay
# publishes them in order, each with its key. The price: one more write for each event, and some
# delay.

# %% [markdown]
# ## mail
#
# Two clients want the last ticket. A row says who got it; that client is sent an email, and nobody
# else is. Put the lines in order, as a list of their numbers; some lines are traps. `relay()` is
# called as above.

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
# **Why.** You can't roll back an email, so it may leave only once the ticket is sold for certain.
# And a crash after the sale must not lose it. So the transaction notes that a mail is due, and the
# relay sends it.
#
# After a crash it may be sent twice. For *effectively once*, pass an id along, so that the mail
# provider can drop the duplicate. The order of the three writes in the transaction doesn't matter.

# %% [markdown]
# ## audit
#
# Now judge the judge: write the *oracle* for the transfers above. `rows` are the three balances at
# the end of a run, and what the client was told, such as
# `{"ann": 69, "bob": 30, "bank": 1, "t-1": True, "t-2": False}`. It may also have heard
# `"unknown"`, if no answer came. `trace` has the run's steps, and `trace.faults()` those that were
# faults.
#
# ann begins with 100. Transfer t-1 sends bob 30, and the fee is 1. bob's account always refuses
# t-2. If nothing fails, t-1 has to be done. After a fault it may be done or not, but in whole, and
# the client must not hear a lie. Return `None` if all of that holds, or a text that says what is
# wrong. Five right services and sixteen wrong ones stand trial.


# %% tags=["answer:audit"]
def oracle(rows, trace):
    ### BEGIN SOLUTION
    balances = rows["ann"], rows["bob"], rows["bank"]
    if balances not in ((69, 30, 1), (100, 0, 0)):
        return f"a part of a transfer is left: {balances}"
    done = rows["bank"] == 1
    if rows["t-1"] not in (done, "unknown") or rows["t-2"] not in (False, "unknown"):
        return f"the client heard {rows['t-1']} and {rows['t-2']}: t-1 done is {done}"
    if not done and not trace.faults():
        return "nothing failed, and t-1 was not done"
    ### END SOLUTION
    ### BEGIN STUB
    # ...  # return None, or what is wrong
    ### END STUB


q.audit.check(oracle)

# %% [markdown] tags=["solution", "answer:audit"]
# **Why.** Safety first: of all the balances that three accounts could have, two sets are right. The
# total alone isn't enough, since a service may give the bank's fee to bob. What the client hears
# belongs to the state too: somebody who hears "no" about a transfer that was done will pay again.
#
# Then liveness: a service that refuses everything never loses money. So where nothing failed, ask
# that the transfer is done. With faults you can't: a crash before the order was saved leaves
# nothing to finish. Rebuilding the balances from the trace's effects is just as good.

# %% [markdown]
# All ✓? Close the notebook and say aloud what a timeout tells you, and what it doesn't. Recalling
# something teaches you more than reading it again (Karpicke and Roediger, 2007).
