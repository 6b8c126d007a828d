# %% [markdown] tags=["promise"]
# # 13 · A GenAI pipeline: documents in, answers out
#
# In about 35 minutes you will be able to
#
# - answer a signup at once, and say what that costs,
# - bring a document from an upload to a vector index, an agent and a ranking, by events,
# - keep an old version, a deleted document and half a document out of an index,
# - change the embedding model without downtime, and go back,
# - say what an embedding costs, what SIGTERM does, and when a nightly batch is enough.

# %% tags=["folded"]
# Imports
import inspect
from itertools import islice
from tempfile import TemporaryDirectory

from pubsub_kit import Broker, show
from pubsub_kit.genai.shown import bar, chain, ready

ready()
from pubsub_kit.genai.corpus import documents, hits
from pubsub_kit.genai.deploy.files import manifest
from pubsub_kit.genai.deploy.termination import terminated
from pubsub_kit.genai.faults import MISTAKES, broken, deleted, drawn, edited, right
from pubsub_kit.genai.pipeline import Pipeline
from pubsub_kit.genai.service import Served, band, documents_app, latencies, signup_app
from pubsub_kit.patterns.tracing import Tracing
from pubsub_kit.scenarios.rag_ingestion.steps import Ingestion

# %% [markdown] tags=["predict"]
# ## Sign up: wait, or publish
#
# Somebody signs up at a FastAPI service. A welcome email takes 80 ms, analytics 30 ms, and the
# vector index 120 ms; these three are assumptions. `POST /signup/blocking` calls them one after the
# other. `POST /signup` publishes one event and answers 202, "accepted".

# %% tags=["folded"]
# Your prediction
show.predict(
    "How long does the caller wait for each of the two?",
    {
        "over 200 ms for both": ("over 200 ms", "over 200 ms"),
        "over 200 ms, and under 50 ms": ("over 200 ms", "under 50 ms"),
        "under 50 ms for both": ("under 50 ms", "under 50 ms"),
    },
    key="13.signup",
)

# %% tags=["run"]
with Served(signup_app(Broker())) as signup:
    waits = latencies(signup.url, n=20)
both = band(waits["blocking"]), band(waits["evented"])
print("blocking:", both[0], "· evented:", both[1])

# %% tags=["folded"]
# What came out
show.compare("13.signup", both)

# %% [markdown]
# Those are medians of 20 requests, printed as bands because your machine isn't ours. The work takes
# as long as before, but nobody waits for it. So nobody hears of its failure either: 202 says that
# the event is in the log, and no more.

# %% [markdown]
# ## From an upload to an index
#
# An API takes documents in the same way. An event goes into the log, and the **indexer** does the
# rest: it cuts the text into paragraphs (**chunks**), turns each into a vector of 256 numbers (its
# **embedding**), and writes both into an index. Similar texts get similar vectors.

# %%
folder = TemporaryDirectory()
tracing = Tracing(clock=iter(range(10**6)).__next__)  # a clock that counts
pipeline = Pipeline(folder.name, tracing=tracing)
api = Served(documents_app(pipeline))
for document in documents():
    answer = api.client.post("/documents", json=document._asdict() | {"doc": document.id})
print(answer.status_code, answer.json())
print(pipeline.drain(), "events handled,", len(pipeline.chunks()), "chunks in the index")

# %% [markdown]
# Ten documents make up the handbook of a tea shop. The model, WordLlama, came with its package: it
# needs no GPU, and nothing is downloaded when it runs. A question is embedded too, and compared
# with every chunk. So the search is exact, and takes longer with each chunk.

# %%
found = api.client.get("/search", params={"q": "Can I use the leaves a second time?", "k": 2})
for hit in found.json()["hits"]:
    print(f"{hit['rank']}. {hit['doc']}: {hit['text']}")

# %% [markdown] tags=["predict"]
# We wrote 20 questions that the handbook answers, in words of our own, such as "How hot should the
# water be for sencha?". One paragraph answers each. It counts if that paragraph comes first.

# %% tags=["folded"]
# Your prediction
show.predict(
    "For how many of the 20 does the right paragraph come first?",
    {"all of them": 20, "about two thirds": 14, "about a third": 7},
    key="13.hits",
)

# %% tags=["run"]
first = hits(lambda question: pipeline.ask(question).hits)

# %% tags=["folded"]
# What came out
show.compare("13.hits", first)

# %% [markdown]
# This small model has no idea of a sentence: it averages over pieces of words. Measure your own in
# the same way before you tune anything else.
#
# ## An agent, and people who click
#
# The indexer publishes an event too, once a document can be found. The **agent** subscribes to it.
# It is a rule and no language model: it asks Nora's question again, and tells her if the document
# is among the answers.

# %%
notices = pipeline.watch("nora", "What do we do if a parcel is damaged?")
pipeline.ingest("claims", "A damaged parcel is photographed and reported on the same day.")
pipeline.ingest("cups", "Cups are made of glass.")
pipeline.drain()
for notice in notices:
    print(f"{notice.watch}: {notice.doc} is answer {notice.rank} to {notice.question!r}")

# %% [markdown] tags=["predict"]
# Each question is logged with the answers that were shown, and each click is logged too. A
# projection of the two, **feedback**, adds 0.6 times the clicked chunk's vector to the question's.
# Here is what one question finds.

# %% tags=["folded"]
# Ask, and show five answers
QUESTION = "Is there an event where visitors can try different teas?"
before = pipeline.ask(QUESTION, k=5)
for rank, hit in enumerate(before.hits, 1):
    print(f"{rank}. {hit.doc}: {hit.text.partition('.')[0]}.")

# %% tags=["folded"]
# Your prediction
show.predict(
    "The fifth answer is the right one, and somebody clicks on it. Where does it stand when the "
    "same question is asked again?",
    {"first": 1, "second": 2, "fifth, as before": 5},
    key="13.click",
)

# %% tags=["run"]
right_one = before.hits[4]
pipeline.click(before.id, right_one.doc)
after = pipeline.ask(QUESTION, k=5)
rank = [hit.text for hit in after.hits].index(right_one.text) + 1

# %% tags=["folded"]
# What came out
show.compare("13.click", rank)

# %% [markdown]
# Nothing was trained: there are two kinds of events, and a fold over them. A replay of the log
# gives the same ranking of the same chunks. What it costs: people click more on what is shown
# first, best or not.

# %% [markdown] tags=["predict"]
# ## An old version that lands last
#
# Now test the handlers. In this small world each word is a chunk. "brew milk salt" is tea 1; two
# seconds later it is edited to "brew", tea 2. The first message reaches the indexer late, after its
# lease has ended. This indexer writes whatever arrives, in the order of arrival.

# %% tags=["folded"]
# Your prediction
show.predict(
    "A minute later, which version does a query see?",
    {"tea 1, the old one": "tea 1", "tea 2, the new one": "tea 2", "chunks of both": "tea 1+2"},
    key="13.late",
)

# %% tags=["run"]
found = broken("an old version lands last")
seen = found.violation.actual

# %% tags=["picture", "folded"]
# Draw the shortest run that breaks it
drawn(found, "An old version lands last")

# %% tags=["folded"]
# What came out
show.compare("13.late", seen)

# %% [markdown] tags=["play"]
# These are the pipeline's own handlers, and `explore()` may crash or pause them, delay a message or
# lose an ack. One decision is wrong each time. What does a query see? (The model is called m1.)


# %% tags=["folded"]
# One control: which decision is wrong
def wrong(mistake):
    return drawn(broken(mistake), mistake[0].upper() + mistake[1:])


show.play(wrong, mistake=show.choice(list(MISTAKES), label="mistake"))

# %% [markdown] tags=["why"]
# After an expired lease, a retry or a pause, the oldest version may arrive last. So the order of
# arrival must not decide. And one change is several writes: the new chunks, the version, the old
# chunks that go. A crash can fall between any two of them, unless they are one transaction.

# %% [markdown] tags=["break"]
# A deletion is the worst case: nothing is left that could turn a late chunk away. So leave
# something there on purpose, a **tombstone**: the document's name, and the version of its deletion.

# %% tags=["folded"]
# A question for you
show.quiz(
    "For how long do you keep the tombstone of a deleted document?",
    [
        "until its chunks are gone from the index",
        "until every lease that was running has ended",
        "for as long as an older message may still be delivered or replayed",
    ],
    answer="c",
    why={
        "a": "They are gone at once, and a message that is still in flight arrives after that.",
        "b": "A message in the log or in a dead-letter topic has no lease, and may be older too.",
        "c": "A late message, a redrive and a replay could each bring the document back.",
    },
)

# %% [markdown] tags=["fix"]
# Three rules keep the first five away:
#
# 1. A write compares versions, and the higher one wins: a **version-keyed upsert**.
# 2. A deletion is a version too, and stays as a tombstone.
# 3. Chunks, version and tombstone change in one transaction.
#
# The sixth takes a cache: each vector is kept under its model and the hash of its text, so a known
# text isn't embedded again.

# %% tags=["folded"]
# The handler's source
print(inspect.getsource(Ingestion.standing))
print(inspect.getsource(Ingestion.replace))

# %%
print("edited: ", right(edited))
print("deleted:", right(deleted))

# %% [markdown]
# ### source: Kafka: our test of a killed indexer, tests/engines/test_pipeline_killed.py (4.4.0)
# ### source: NATS: our test of a killed indexer, tests/engines/test_pipeline_killed.py (2.15.1)
# ### source: Redis: our test of a killed indexer, tests/engines/test_pipeline_killed.py (7.0.15)
# That is one document, two workers, and at most one crash, pause, delay or lost ack. Since the
# order of delivery no longer decides, the pipeline also runs on Redis, NATS and Kafka:
# `Pipeline(folder, "redis://127.0.0.1")`. Our tests kill its indexer on all three.

# %% [markdown] tags=["predict"]
# ## Another model, without downtime
#
# MiniLM is a transformer: it reads whole sentences, and takes longer. Its vectors have 384 numbers,
# so they can't be compared with WordLlama's. They get an index of their own, filled by a
# **backfill**: a second group that reads the log from offset 0. Live changes don't wait for it, and
# go to both indexes. Here it has read five events when cups is edited.

# %%
backfill = pipeline.backfill("minilm")
for left in islice(backfill.run(), 5):
    bar(left, total=12)
pipeline.ingest("cups", "Cups are made of tin.")
live = pipeline.drain()

# %% tags=["folded"]
# Your prediction
show.predict(
    "Which models' vectors does a question meet at this moment?",
    {"WordLlama's alone": ["wordllama"], "MiniLM's alone": ["minilm"],
     "both": ["minilm", "wordllama"]},
    key="13.both",
)  # fmt: skip

# %% tags=["run"]
switched = pipeline.switch("minilm")
answer = pipeline.ask("What is a cup made of?")
met = sorted({row["model"] for row in pipeline.chunks(answer.model)})  # all that it searched
print("switched:", switched, "· documents left:", len(backfill.left))
print("chunks by minilm so far:", len(pipeline.chunks("minilm")))

# %% tags=["folded"]
# What came out
show.compare("13.both", met)

# %% [markdown]
# A query reads once, in one row, which model answers, and searches its index alone. `switch()`
# leaves that row as it is until every document is there. Let the backfill finish.

# %%
for left in backfill.run():
    bar(left, total=12)
print("\nswitched:", pipeline.switch("minilm"), "· lag:", backfill.lane.lag)
print("right:", hits(lambda question: pipeline.ask(question).hits), "of 20 with minilm")
print("cups:", pipeline.ask("What is a cup made of?", k=1).hits[0].text)

# %% [markdown]
# The backfill read the old version of cups too, and didn't overwrite the new one: the version
# decided. Live changes still go to the old index, so one row takes you back.

# %%
print("back:", pipeline.switch("wordllama"))
print("cups:", pipeline.ask("What is a cup made of?", k=1).hits[0].text)
print("again:", pipeline.switch("minilm"), "· chunks deleted:", pipeline.retire("wordllama"))

# %% [markdown] tags=["predict"]
# ## What it costs
#
# The embedding is what you pay for: a provider bills by the token. Chai has three paragraphs, and
# you edit one of them.

# %% tags=["folded"]
# Your prediction
show.predict(
    "How many of its three chunks are embedded again?",
    {"none": 0, "one": 1, "three": 3},
    key="13.cost",
)

# %% tags=["run"]
paid = pipeline.count("minilm")
chai = next(each.text for each in documents() if each.id == "chai")
pipeline.ingest("chai", chai.replace("half litre", "litre"))
pipeline.drain()
again = pipeline.count("minilm") - paid

# %% tags=["folded"]
# What came out
show.compare("13.cost", again)

# %% [markdown]
# ## Follow one document
#
# Each event carries the context of the span that published it, as in lesson 10. So the notice to
# Nora leads back to the upload that caused it.

# %% tags=["folded"]
# What led to the notice
print(chain(tracing.spans, "claims"))

# %% [markdown] tags=["predict"]
# ### source: Kubernetes: documentation, termination of pods (November 2026)
# ### source: KEDA: documentation, the scaler for Apache Kafka (2.13)
# ## What Kubernetes does to a consumer
#
# Kubernetes runs each worker in a **pod**, and KEDA, an autoscaler, adds pods as the lag grows.
# When a rollout or a scale-down ends a pod, its process gets SIGTERM, which asks it to stop. After
# a **grace period** it gets SIGKILL, which ends it at once. Below, a real process gets both.

# %% tags=["folded"]
# What scales the indexer: validated by schema, not deployed
print(manifest("indexer", "ScaledObject"))

# %% tags=["folded"]
# Your prediction
show.predict(
    "A worker holds a document whose work takes longer than the grace period. How many documents "
    "are lost, and how many are begun twice?",
    {"one lost": (1, 0), "one begun twice": (0, 1), "neither": (0, 0)},
    key="13.sigterm",
)

# %% tags=["run"]
ended = terminated(work=60, grace=0.5)
fate = ended.lost, len(ended.repeated)
print(ended)

# %% tags=["folded"]
# What came out
show.compare("13.sigterm", fate)

# %% [markdown]
# So make the grace period longer than the longest piece of work: try `terminated(work=0.2,
# grace=10)`. And keep the handler idempotent, since a machine can fail without any SIGTERM.

# %% tags=["folded"]
# Stop the service, and delete the folder
api.stop()
pipeline.close()
folder.cleanup()

# %% [markdown] tags=["when-not"]
# ## When not to
#
# If answers may be a day old, embed what has changed in a nightly batch: one script, no lag. If the
# person who uploads waits for the result anyway, call the indexer
# directly. A managed pipeline saves you all of this, if its rules on deletion suit you. And if all
# documents fit into the prompt, or a full-text search finds them, you need no vectors.

# %% [markdown] tags=["recap"]
# ## What you can do now
#
# - Answer a signup at once, and say what that costs.
# - Bring a document from an upload to a vector index, an agent and a ranking, by events.
# - Keep an old version, a deleted document and half a document out of an index.
# - Change the embedding model without downtime, and go back.
# - Say what an embedding costs, what SIGTERM does, and when a nightly batch is enough.

# %% [markdown] tags=["aloud"]
# ## Say it aloud
#
# *"Documents change all day, and an assistant answers from them. It must see a change within
# minutes, and never quote a deleted document. Design the ingestion."* Take two minutes, then unfold
# ours.
#
# <details><summary>One good answer</summary>
#
# An upload is an event with a version, and the API answers 202. Consumers chunk it, embed it and
# write it. Chunks, the current version and a tombstone change in one transaction, and a lower
# version changes nothing. So redelivery, late workers and replays are harmless. Tombstones stay for
# as long as anything older can return.
#
# Vectors are cached by the hash of text and model, because the embedding is what we pay for. A new
# model gets a second index: a group of its own reads the log from the start, live changes go to
# both, and one row switches when every document is there. We keep the old index until we are sure.
# The backfill has its own lane and its own share of the quota, or live changes wait behind it. I'd
# watch the age of the oldest unindexed change, and count answers from deleted documents, which must
# be zero.
#
# </details>

# %% [markdown] tags=["next"]
# **Now you:** [exercise 13](../exercises/13_genai_pipeline.ipynb), in your own copy: an upsert, a
# tombstone, a migration, a notification, an estimate, and an oracle. In the rehearsals of lesson
# 14, "Ingestion for retrieval" is the same system as an interview question.
