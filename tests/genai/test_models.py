"""The two models: their vectors, what they find, and what they say when something is missing."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest

from pubsub_kit.genai import models
from pubsub_kit.genai.corpus import documents, paragraphs, questions
from pubsub_kit.genai.models import ModelError, model

BOTH = pytest.mark.parametrize("name", ["wordllama", "minilm"])


@BOTH
def test_a_model_makes_vectors_of_its_width_and_of_length_1(name: str) -> None:
    found = model(name).embed(["tea", "a much longer text about a bank " * 40, "0"])
    assert found.shape == (3, model(name).width)
    assert found.dtype == np.float32
    assert np.allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)


@BOTH
def test_a_batch_embeds_as_its_texts_alone_do(name: str) -> None:
    texts = [f"{n} cups of tea" for n in range(20)]
    alone = np.concatenate([model(name).embed([text]) for text in texts])
    assert (model(name).embed(texts) * alone).sum(axis=1).min() > 0.97


@BOTH
@pytest.mark.parametrize("texts", [[], ()])
def test_no_texts_have_no_vectors(name: str, texts: Any) -> None:
    assert model(name).embed(texts).shape == (0, model(name).width)


@BOTH
@pytest.mark.parametrize("texts", ["tea", ["tea", None], [3]])
def test_what_is_no_list_of_texts_is_one_sentence(name: str, texts: Any) -> None:
    with pytest.raises(ModelError, match=r"takes a list of texts"):
        model(name).embed(texts)


@BOTH
def test_most_questions_find_the_paragraph_that_answers_them(name: str) -> None:
    chunks = [(d.id, part) for d in documents() for part in paragraphs(d.text)]
    among = model(name).embed([part for _, part in chunks])
    asked = model(name).embed([question.ask for question in questions()])
    best = [chunks[at] for at in (asked @ among.T).argmax(axis=1)]
    right = [
        q.doc == doc and q.words in part for q, (doc, part) in zip(questions(), best, strict=True)
    ]
    assert sum(right) >= 0.65 * len(right)


def test_the_two_models_agree_on_nothing_but_the_texts() -> None:
    assert model("wordllama").width != model("minilm").width


@pytest.mark.parametrize("name", ["gpt", "", None, [], 3])
def test_an_unknown_model_is_one_sentence(name: Any) -> None:
    with pytest.raises(ModelError, match=r"There is no model .*: there are wordllama, minilm"):
        model(name)


def test_a_missing_package_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "wordllama", None)
    with pytest.raises(ModelError, match=r"wordllama is not installed.*pubsub-kit\[genai\]"):
        models._wordllama()


def test_nothing_of_the_extra_is_missing_here() -> None:
    assert models.missing() == []


def test_each_question_has_one_paragraph_that_answers_it() -> None:
    parts = [(d.id, part) for d in documents() for part in paragraphs(d.text)]
    assert 20 <= len(parts) <= 60
    for question in questions():
        assert sum(doc == question.doc and question.words in part for doc, part in parts) == 1


def test_a_long_paragraph_is_cut_and_nothing_is_lost() -> None:
    words = [str(n) for n in range(200)]
    cut = paragraphs(" ".join(words) + "\n\n\n  \n\nlast")
    assert [len(part.split()) for part in cut] == [90, 90, 20, 1]
    assert " ".join(cut).split() == [*words, "last"]
