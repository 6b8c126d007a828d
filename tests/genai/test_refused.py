"""What the pipeline can't take is one sentence: folders, files, engines, odd arguments, the end."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.errors import PubSubKitError
from pubsub_kit.genai.asked import PipelineError
from pubsub_kit.genai.corpus import hits
from pubsub_kit.genai.faults import right
from pubsub_kit.genai.models import ModelError, model
from pubsub_kit.genai.pipeline import Pipeline


@pytest.mark.parametrize("folder", [None, 3, b"x", ["a"], "", "a\0b", "\ud800"])
def test_what_is_no_folder_is_one_sentence(
    folder: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(PipelineError, match=r"folder is a folder's path|name another folder"):
        Pipeline(folder)
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("below", [".", "below"])
def test_a_file_in_the_folders_place_is_one_sentence(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(PipelineError, match=r"can't keep its data in .*: name another folder"):
        Pipeline(tmp_path / "file" / below)


@pytest.mark.parametrize(
    "given",
    [{"url": "nonsense"}, {"url": 3}, {"url": []}, {"model": "gpt"}, {"lease": 0}, {"tracing": 3}],
)
def test_a_pipeline_that_was_refused_leaves_the_folder_free(tmp_path: Path, given: Any) -> None:
    with pytest.raises(PubSubKitError) as refused:
        Pipeline(tmp_path, **given)
    assert refused.value.__traceback__ is not None  # it is looked at, and holds nothing open
    with Pipeline(tmp_path) as pipeline:
        assert pipeline.ingest("cups", "Cups are made of glass.") == 1


def test_a_second_pipeline_on_a_folder_is_one_sentence_and_the_first_goes_on(
    tmp_path: Path,
) -> None:
    with Pipeline(tmp_path) as first:
        with pytest.raises(PubSubKitError, match="is open elsewhere"):
            Pipeline(tmp_path)
        first.ingest("cups", "Cups are made of glass.")
        assert first.drain() == 1


# -- the file --------------------------------------------------------------------------------------


def garbled(path: Path) -> None:
    path.write_bytes(b"garbage" * 500)


def of_something_else(path: Path) -> None:
    path.unlink()
    with closing(sqlite3.connect(path)) as file:
        file.execute("CREATE TABLE rows (a)")


def broken_at_the_end(path: Path) -> None:
    found = path.read_bytes()
    path.write_bytes(found[:4096] + b"\xff" * (len(found) - 4096))


def with_a_row_that_is_no_json(path: Path) -> None:
    with closing(sqlite3.connect(path)) as file:
        file.execute("UPDATE rows SET value = 'nonsense' WHERE key LIKE 'chunks%'")
        file.commit()


@pytest.mark.parametrize(
    "damage", [garbled, of_something_else, broken_at_the_end, with_a_row_that_is_no_json]
)
def test_a_damaged_index_is_one_sentence(tmp_path: Path, damage: Callable[[Path], None]) -> None:
    with Pipeline(tmp_path) as pipeline:
        pipeline.ingest("cups", "Cups are made of glass.")
        pipeline.drain()
    damage(tmp_path / "index.sqlite")
    with pytest.raises(PubSubKitError, match=r"index\.sqlite.*(no file for a store|can't be used)"):
        Pipeline(tmp_path).ask("What are cups made of?")


# -- the end ---------------------------------------------------------------------------------------

CALLS: dict[str, Callable[[Pipeline], object]] = {
    "ingest": lambda pipeline: pipeline.ingest("cups", "Cups."),
    "remove": lambda pipeline: pipeline.remove("cups"),
    "ask": lambda pipeline: pipeline.ask("cups?"),
    "click": lambda pipeline: pipeline.click("a", "cups"),
    "watch": lambda pipeline: pipeline.watch("nora", "cups?"),
    "drain": lambda pipeline: pipeline.drain(),
    "models": lambda pipeline: pipeline.models,
    "backfill": lambda pipeline: pipeline.backfill("minilm"),
    "switch": lambda pipeline: pipeline.switch("minilm"),
    "retire": lambda pipeline: pipeline.retire("minilm"),
    "chunks": lambda pipeline: pipeline.chunks(),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_closed_pipeline_says_so(tmp_path: Path, name: str) -> None:
    pipeline = Pipeline(tmp_path)
    pipeline.close()
    pipeline.close()
    with pytest.raises(PubSubKitError, match=r"This (pipeline|broker) is closed: make a new one"):
        CALLS[name](pipeline)


def test_a_closed_backfill_says_so_and_the_next_one_goes_on(tmp_path: Path) -> None:
    with Pipeline(tmp_path, "memory://") as pipeline:
        pipeline.ingest("cups", "Cups are made of glass.")
        pipeline.drain()
        filling = pipeline.backfill("minilm")
        filling.close()
        for refused in (filling.step, lambda: [*filling.run()], filling.restart):
            with pytest.raises(PipelineError, match=r"This backfill is closed: pipeline\.backfill"):
                refused()
        assert pipeline.backfill("minilm").step() == 1


# -- odd arguments ---------------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [None, "x", -1, float("nan"), True])
def test_an_odd_time_to_drain_is_one_sentence(tmp_path: Path, seconds: Any) -> None:
    refused = pytest.raises(PipelineError, match="seconds is a number of seconds, not")
    with Pipeline(tmp_path, "memory://") as pipeline, refused:
        pipeline.drain(seconds)


@pytest.mark.parametrize("text", ["", " ", None, 3, [], "\ud800", "x" * 100_001])
def test_an_odd_watch_is_one_sentence(tmp_path: Path, text: Any) -> None:
    with Pipeline(tmp_path, "memory://") as pipeline:
        for name, question in (("nora", text), (text, "cups?")):
            with pytest.raises(PipelineError, match=r"^(a watch's name|a question) "):
                pipeline.watch(name, question)
        assert pipeline.drain() == 0


def test_one_name_watches_one_question_and_is_told_once(tmp_path: Path) -> None:
    with Pipeline(tmp_path, "memory://") as pipeline:
        notices = pipeline.watch("nora", "What are cups made of?")
        assert pipeline.watch("nora", "What are cups made of?") is notices
        with pytest.raises(PipelineError, match="'nora' watches another question: 'What are cups"):
            pipeline.watch("nora", "What are pots made of?")
        pipeline.ingest("cups", "Cups are made of glass.")
        pipeline.drain()
        assert [notice.doc for notice in notices] == ["cups"]


@pytest.mark.parametrize("name", ["gpt", "", [], 3])
def test_the_index_of_an_unknown_model_is_one_sentence(tmp_path: Path, name: Any) -> None:
    refused = pytest.raises(ModelError, match="There is no model")
    with Pipeline(tmp_path, "memory://") as pipeline, refused:
        pipeline.chunks(name)


@pytest.mark.parametrize("texts", ["tea", None, 3, [3], {"tea"}])
def test_what_is_no_list_of_texts_is_not_embedded(texts: Any) -> None:
    with pytest.raises(ModelError, match="takes a list of texts"):
        model("wordllama").embed(texts)


@pytest.mark.parametrize(
    "refused",
    [
        lambda: hits(3),  # type: ignore[arg-type]
        lambda: right(3),  # type: ignore[arg-type]
    ],
)
def test_what_the_lesson_shows_refuses_in_a_sentence(refused: Callable[[], object]) -> None:
    with pytest.raises(PubSubKitError, match=r"\.$"):
        refused()
