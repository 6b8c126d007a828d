"""The pipeline on real engines: its indexer is killed in mid-run, and another one goes on."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pubsub_kit.genai.corpus import documents, hits, paragraphs, questions
from pubsub_kit.genai.pipeline import Pipeline
from pubsub_kit.genai.watching import INDEXED
from tests.engines.streams import running, until

LEASE = 2.0
VICTIM = """
import os, signal, sys
from pubsub_kit.genai.pipeline import INDEXED, Pipeline

pipeline = Pipeline(sys.argv[1], sys.argv[2], lease=float(sys.argv[3]))
committed = told = 0
publish = pipeline._publish

async def committing(words):
    global committed
    committed += words.startswith("committing chunks")
    if (committed, sys.argv[4]) == (4, "before its commit"):
        os.kill(os.getpid(), signal.SIGKILL)

def telling(topic, *rest, **more):
    global told
    told += topic == INDEXED
    if (told, sys.argv[4]) == (4, "after its commit"):
        os.kill(os.getpid(), signal.SIGKILL)
    publish(topic, *rest, **more)

pipeline.files.store.point, pipeline._publish = committing, telling
while True:
    pipeline.drain()
"""


@pytest.mark.parametrize("moment", ["before its commit", "after its commit"])
@pytest.mark.parametrize("engine", ["redis", "nats", "kafka"])
def test_an_indexer_that_is_killed_loses_nothing_and_repeats_no_chunk(
    tmp_path: Path, engine: str, moment: str
) -> None:
    with running(engine) as server, Pipeline(tmp_path, server.url, lease=LEASE) as pipeline:
        for document in documents():
            pipeline.ingest(document.id, document.text)
        pipeline.lane.close()
        command = [sys.executable, "-c", VICTIM, str(tmp_path), server.url, str(LEASE), moment]
        ended = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        before = {row["doc"] for row in pipeline.chunks()}
        assert len(before) == (3 if moment == "before its commit" else 4)

        with Pipeline(tmp_path, server.url, lease=LEASE) as after:
            assert until(lambda: after.drain() * 0 or len(_found(after)) == len(documents()), 90)
            rows = after.chunks()
            keys = Counter((row["doc"], row["version"], row["n"]) for row in rows)
            assert set(keys.values()) == {1}
            assert len(rows) == sum(len(paragraphs(document.text)) for document in documents())
            assert hits(lambda q: after.ask(q).hits) >= 0.65 * len(questions())
            worker = after.engine.subscribe(INDEXED, "test", start="earliest")
            told: Counter[str] = Counter()
            assert until(lambda: told.update(d.id for d in worker.pull(100)) or len(told) == 10, 60)
            assert max(told.values()) <= 2


def _found(pipeline: Pipeline) -> set[str]:
    return {row["doc"] for row in pipeline.chunks()}


@pytest.mark.parametrize("engine", ["redis", "nats"])
def test_clicks_are_there_after_a_restart(tmp_path: Path, engine: str) -> None:
    question = "Is there an event where visitors can try different teas?"
    with running(engine) as server:
        with Pipeline(tmp_path, server.url, lease=LEASE) as first:
            for document in documents():
                first.ingest(document.id, document.text)
            assert until(lambda: first.drain() * 0 or len(_found(first)) == len(documents()), 60)
            before = first.ask(question, 5)
            assert until(lambda: first.drain() * 0 or first.feedback.knows(before.id))
            first.click(before.id, before.hits[-1].doc)
            assert until(lambda: first.drain() * 0 or first.ask(question, 5).hits != before.hits)
            learned = first.ask(question, 5).hits
        with Pipeline(tmp_path, server.url, lease=LEASE) as second:
            assert until(lambda: second.drain() * 0 or second.ask(question, 5).hits == learned)
