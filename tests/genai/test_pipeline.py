"""The pipeline on real rows, a real log and real models: what holds in it, and what it refuses."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pubsub_kit.genai.asked import PipelineError
from pubsub_kit.genai.corpus import documents, hits, paragraphs, questions
from pubsub_kit.genai.live import read, written
from pubsub_kit.genai.models import ModelError, model
from pubsub_kit.genai.pipeline import DOCUMENTS, Pipeline
from pubsub_kit.genai.watching import INDEXED
from pubsub_kit.patterns.tracing import Tracing
from pubsub_kit.scenarios.rag_ingestion.steps import MODELS

PARTS = sum(len(paragraphs(document.text)) for document in documents())


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    with Pipeline(tmp_path, "memory://") as made:
        yield made


@pytest.fixture
def full(pipeline: Pipeline) -> Pipeline:
    for document in documents():
        pipeline.ingest(document.id, document.text)
    pipeline.drain()
    return pipeline


def told(pipeline: Pipeline) -> list[Any]:
    """Return what was told of documents that can be found."""
    worker = pipeline.engine.subscribe(INDEXED, "test", start="earliest")
    return [delivery.event for delivery in worker.pull(1000)]


def test_each_paragraph_is_found_by_the_model_that_answers(full: Pipeline) -> None:
    assert len(full.chunks()) == full.count("wordllama") == PARTS
    assert hits(lambda q: full.ask(q).hits) >= 0.65 * len(questions())
    answer = full.ask("Can I use the leaves a second time?")
    assert (answer.model, answer.hits[0].doc, len(answer.hits)) == ("wordllama", "green tea", 3)


def test_a_new_edition_takes_the_place_of_the_old_one_and_pays_for_what_is_new(
    full: Pipeline,
) -> None:
    chai = next(document for document in documents() if document.id == "chai")
    assert full.ingest("chai", chai.text.split("\n\n")[0] + "\n\nServed in a glass.") == 2
    full.drain()
    rows = [row for row in full.chunks() if row["doc"] == "chai"]
    assert ({row["version"] for row in rows}, len(rows)) == ({2}, 2)
    assert full.count("wordllama") == PARTS + 1


def test_each_document_that_can_be_found_is_told_once_with_its_version(full: Pipeline) -> None:
    full.ingest("chai", "Served in a glass.")
    full.drain()
    assert [(event.data["doc"], event.data["version"]) for event in told(full)] == [
        *((document.id, 1) for document in documents()), ("chai", 2),
    ]  # fmt: skip


def test_an_old_version_that_is_delivered_late_is_refused_and_not_paid_for(full: Pipeline) -> None:
    full.ingest("chai", "Served in a glass.")
    full.drain()
    paid, before = full.count("wordllama"), full.chunks()
    late = {"id": "chai 1", "doc": "chai", "version": 1, "text": "old", "step": "chunk"}
    full.engine.publish(DOCUMENTS, late, key="chai")
    full.drain()
    assert (full.chunks(), full.count("wordllama")) == (before, paid)
    assert full.skipped == ["chai 1"]
    assert len(told(full)) == len(documents()) + 1


def test_a_repeat_changes_nothing_and_is_told_under_the_same_id(full: Pipeline) -> None:
    before, paid = full.chunks(), full.count("wordllama")
    again = {"id": "chai 1", "doc": "chai", "version": 1, "step": "chunk"}
    text = next(document.text for document in documents() if document.id == "chai")
    full.engine.publish(DOCUMENTS, {**again, "text": text}, key="chai")
    full.drain()
    assert (full.chunks(), full.count("wordllama")) == (before, paid)
    ids = [event.id for event in told(full) if event.data["doc"] == "chai"]
    assert ids == ["indexed chai 1"] * 2


def test_a_deleted_document_is_gone_and_a_late_chunk_does_not_bring_it_back(full: Pipeline) -> None:
    assert full.remove("chai") == 2
    full.drain()
    late = {"id": "chai 1", "doc": "chai", "version": 1, "text": "old", "step": "chunk"}
    full.engine.publish(DOCUMENTS, late, key="chai")
    full.drain()
    assert not [row for row in full.chunks() if row["doc"] == "chai"]
    assert full.ingest("chai", "Chai is back.") == 3
    full.drain()
    assert [row["version"] for row in full.chunks() if row["doc"] == "chai"] == [3]


def test_what_is_deleted_before_it_was_ever_there_stays_away(pipeline: Pipeline) -> None:
    pipeline.remove("ghost")
    pipeline.drain()
    assert pipeline.chunks() == []
    assert pipeline.ask("Is there a ghost?").hits == []


# -- another model ---------------------------------------------------------------------------------


def test_a_new_model_answers_only_when_it_has_each_document(full: Pipeline) -> None:
    assert full.switch("minilm") is False
    filling = full.backfill("minilm")
    left = []
    for n in filling.run():
        left.append(n)
        if len(left) < len(documents()):
            assert full.switch("minilm") is False
            assert full.ask("tea?").model == "wordllama"
    assert (left, filling.left) == ([*reversed(range(len(documents())))], [])
    assert full.switch("minilm") is True
    answer = full.ask("Can I use the leaves a second time?")
    assert (answer.model, answer.hits[0].doc) == ("minilm", "green tea")
    assert {len(read(row["vec"])) for row in full.chunks()} == {384}


def test_live_changes_reach_both_indexes_while_the_log_is_read_again(full: Pipeline) -> None:
    filling = full.backfill("minilm")
    filling.step(3)
    full.ingest("cups", "Cups are made of glass.")
    full.remove("chai")
    full.ingest("compost", "Nothing rots here.")
    full.drain()
    assert [*filling.run()][-1] == 0
    for name in ("wordllama", "minilm"):
        rows = {(row["doc"], row["version"]) for row in full.chunks(name)}
        assert {("cups", 1), ("compost", 2)} < rows
        assert {doc for doc, _ in rows}.isdisjoint({"chai"})
        assert ("compost", 1) not in rows
    assert len(told(full)) == len(documents()) + 2  # the lane tells nobody


def test_a_backfill_that_is_stopped_goes_on_where_it_was(full: Pipeline) -> None:
    first = full.backfill("minilm")
    assert first.step(4) == 4
    first.close()
    second = full.backfill("minilm")
    [*second.run()]
    assert (second.read, second.left) == (len(documents()) - 4, [])
    assert full.count("minilm") == PARTS


def test_the_way_back_is_one_write_and_loses_nothing(full: Pipeline) -> None:
    [*full.backfill("minilm").run()]
    assert full.switch("minilm")
    full.ingest("cups", "Cups are made of glass.")
    full.drain()
    assert full.switch("wordllama")
    assert full.ask("What are cups made of?").hits[0].doc == "cups"
    assert full.switch("minilm")
    assert full.ask("What are cups made of?").hits[0].doc == "cups"


def test_a_retired_index_is_gone_and_can_be_filled_again(full: Pipeline) -> None:
    [*full.backfill("minilm").run()]
    full.switch("minilm")
    assert full.retire("wordllama") == PARTS
    assert (full.chunks("wordllama"), dict(full.models)) == ([], {"active": "minilm", "next": ""})
    full.ingest("cups", "Cups are made of glass.")
    full.drain()
    assert full.chunks("wordllama") == []
    assert full.switch("wordllama") is False
    again = full.backfill("wordllama")
    again.restart()
    [*again.run()]
    assert (again.left, len(full.chunks("wordllama"))) == ([], PARTS + 1)


def test_the_model_that_answers_is_not_retired(full: Pipeline) -> None:
    with pytest.raises(PipelineError, match="wordllama answers questions: switch"):
        full.retire("wordllama")
    assert len(full.chunks()) == PARTS


def test_the_switch_waits_until_the_lane_has_read_the_log_to_its_end(pipeline: Pipeline) -> None:
    pipeline.ingest("cups", "Cups are made of glass.")
    pipeline.drain()
    pipeline.ingest("pots", "Pots are made of clay.")  # and the live lane is slow with it
    filling = pipeline.backfill("minilm")
    assert (filling.step(), filling.left, filling.done) == (1, [], False)
    assert pipeline.switch("minilm") is False
    assert (filling.step(), filling.done) == (1, True)
    assert pipeline.switch("minilm") is True
    assert pipeline.ask("What are pots made of?").hits[0].doc == "pots"


# -- who asks, clicks and watches ------------------------------------------------------------------

ASKED = "Is there an event where visitors can try different teas?"


def test_a_click_lifts_what_was_clicked_when_the_same_question_is_asked(full: Pipeline) -> None:
    before = full.ask(ASKED, 5)
    chosen = before.hits[-1]
    full.click(before.id, chosen.doc)
    after = full.ask(ASKED, 5)
    assert [hit.doc for hit in after.hits].index(chosen.doc) < 4
    assert full.ask("Can I use the leaves a second time?").hits[0].doc == "green tea"


def test_a_click_is_one_models_and_ends_with_its_document(full: Pipeline) -> None:
    before = full.ask(ASKED, 5)
    full.click(before.id, before.hits[-1].doc)
    moved = full.ask(ASKED, 5)
    [*full.backfill("minilm").run()]
    full.switch("minilm")
    fresh = full.ask(ASKED, 5)
    assert fresh.model == "minilm"
    full.switch("wordllama")
    assert full.ask(ASKED, 5).hits == moved.hits
    full.remove(before.hits[-1].doc)
    full.drain()
    assert before.hits[-1].doc not in [hit.doc for hit in full.ask(ASKED, 5).hits]


def test_clicks_are_there_after_a_restart(tmp_path: Path) -> None:
    with Pipeline(tmp_path) as first:
        for document in documents():
            first.ingest(document.id, document.text)
        first.drain()
        before = first.ask(ASKED, 5)
        first.click(before.id, before.hits[-1].doc)
        learned = first.ask(ASKED, 5).hits
    with Pipeline(tmp_path) as second:
        assert second.ask(ASKED, 5).hits == learned != before.hits


@pytest.mark.parametrize("query", ["", "nobody", None, 3, []])
def test_a_click_on_no_answer_is_one_sentence(full: Pipeline, query: Any) -> None:
    with pytest.raises(PipelineError, match="No answer has the id"):
        full.click(query, "chai")


def test_an_agent_tells_once_of_a_document_that_answers_what_it_watches(full: Pipeline) -> None:
    notices = full.watch("nora", "What do we do if a parcel is damaged?")
    full.ingest("claims", "A damaged parcel is photographed and reported on the same day.")
    full.ingest("cups", "Cups are made of glass.")
    full.drain()
    assert [(notice.watch, notice.doc, notice.version) for notice in notices] == [
        ("nora", "claims", 1)
    ]
    again = {"id": "claims 1", "doc": "claims", "version": 1, "step": "chunk"}
    text = "A damaged parcel is photographed and reported on the same day."
    full.engine.publish(DOCUMENTS, {**again, "text": text}, key="claims")
    full.drain()
    [*full.backfill("minilm").run()]
    assert len(notices) == 1


def test_an_agent_tells_nothing_again_after_a_restart(tmp_path: Path) -> None:
    question = "What do we do if a parcel is damaged?"
    with Pipeline(tmp_path) as first:
        assert first.watch("nora", question) == []
        first.ingest("claims", "A damaged parcel is photographed.")
        first.drain()
        assert len(first.watch("nora", question)) == 1
    with Pipeline(tmp_path) as second:
        notices = second.watch("nora", question)
        again = {"doc": "claims", "version": 1}
        second.engine.publish(INDEXED, again, id="indexed claims 1", type="document.indexed")
        second.drain()
        assert notices == []
        second.ingest("claims", "A damaged parcel is photographed at once.")
        second.drain()
        assert [notice.version for notice in notices] == [2]


# -- after a restart -------------------------------------------------------------------------------


def test_all_is_there_after_a_restart(tmp_path: Path) -> None:
    with Pipeline(tmp_path) as first:
        first.ingest("cups", "Cups are made of glass.")
        first.drain()
        first.ingest("pots", "Pots are made of clay.")
    with Pipeline(tmp_path) as second:
        assert second.drain() == 1
        assert second.ingest("cups", "Cups are made of tin.") == 2
        second.drain()
        assert {(row["doc"], row["version"]) for row in second.chunks()} == {
            ("cups", 2),
            ("pots", 1),
        }


def test_a_crash_after_the_commit_repeats_the_event_and_not_the_work(tmp_path: Path) -> None:
    with Pipeline(tmp_path, "memory://", lease=0.01) as pipeline:
        pipeline.ingest("cups", "Cups are made of glass.")
        (taken,) = pipeline.lane.pull(1)
        pipeline.index(taken)  # and no ack follows
        while not pipeline.drain():
            pass
        assert (len(pipeline.chunks()), pipeline.count("wordllama")) == (1, 1)
        assert [event.id for event in told(pipeline)] == ["indexed cups 1"] * 2


def test_a_document_is_followed_from_its_upload_to_its_index(tmp_path: Path) -> None:
    tracing = Tracing(lambda: 1.0)
    with Pipeline(tmp_path, "memory://", tracing=tracing) as pipeline:
        pipeline.ingest("cups", "Cups are made of glass.")
        pipeline.drain()
        (event,) = told(pipeline)
    names = [span.name for span in tracing.spans]
    assert names == ["upload cups", "index cups"]
    upload, index = tracing.spans
    assert upload.context is not None
    assert [link.context.span_id for link in index.links] == [upload.context.span_id]
    assert event.extensions["traceparent"]


# -- what it refuses -------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["", "  \n", None, 3, b"tea", ["tea"], "\ud800", "x" * 100_001])
def test_what_is_no_text_is_one_sentence_and_nothing_is_published(
    pipeline: Pipeline, text: Any
) -> None:
    for refused in (lambda: pipeline.ingest("tea", text), lambda: pipeline.ingest(text, "tea"),
                    lambda: pipeline.remove(text), lambda: pipeline.ask(text)):  # fmt: skip
        with pytest.raises(PipelineError, match=r"^(a document|a question).*\.$|split it up|half"):
            refused()
    assert pipeline.drain() == 0
    assert pipeline.ingest("tea", "Tea.") == 1


def test_the_row_of_the_models_is_no_documents_name(pipeline: Pipeline) -> None:
    with pytest.raises(PipelineError, match="a row of the pipeline's own: choose another name"):
        pipeline.ingest(MODELS, "tea")
    with pytest.raises(PipelineError, match="a row of the pipeline's own: choose another name"):
        pipeline.remove(MODELS)
    assert dict(pipeline.models) == {"active": "wordllama", "next": ""}


@pytest.mark.parametrize("k", [0, -1, 101, 10**9, 2.0, True, None, "3"])
def test_an_odd_number_of_chunks_is_one_sentence(pipeline: Pipeline, k: Any) -> None:
    with pytest.raises(PipelineError, match="1 to 100"):
        pipeline.ask("tea?", k)


@pytest.mark.parametrize("name", ["gpt", "", None, [], 3])
def test_an_unknown_model_changes_nothing(pipeline: Pipeline, name: Any) -> None:
    for refused in (pipeline.backfill, pipeline.switch, pipeline.retire):
        with pytest.raises(ModelError, match="There is no model"):
            refused(name)
    assert dict(pipeline.models) == {"active": "wordllama", "next": ""}


@pytest.mark.parametrize(
    "text", ["\x00", "🫖" * 50, "ﷺ ́" * 30, "a\n\nb\n\n" * 40, "'; DROP TABLE rows"]
)
def test_odd_texts_are_kept_as_they_are(pipeline: Pipeline, text: str) -> None:
    pipeline.ingest(text[:20], text)
    pipeline.drain()
    found = [row["text"] for row in sorted(pipeline.chunks(), key=lambda row: row["n"])]
    assert found == list(paragraphs(text))
    pipeline.remove(text[:20])
    pipeline.drain()
    assert pipeline.chunks() == []


def test_a_document_whose_name_begins_like_anothers_is_another(pipeline: Pipeline) -> None:
    for doc in ("a", "a b", "a 1", "a b 1"):
        pipeline.ingest(doc, f"About {doc}.")
    pipeline.drain()
    [*pipeline.backfill("minilm").run()]
    pipeline.switch("minilm")
    assert pipeline.retire("wordllama") == 4
    pipeline.remove("a")
    pipeline.drain()
    assert {row["doc"] for row in pipeline.chunks()} == {"a b", "a 1", "a b 1"}


def test_a_vector_is_the_same_after_it_was_written_down() -> None:
    vector = model("wordllama").embed(["tea"])[0]
    assert np.array_equal(read(written(vector)), vector)
