"""Wherever a cell names a product, a line beside it says where the sentence was checked."""

from __future__ import annotations

import re
from pathlib import Path

import jupytext
import pytest

from pubsub_kit.workbook.build import KIT
from pubsub_kit.workbook.editions import Edition, edition

#: Products whose behaviour changes with a version, and companies whose incidents we tell. Twitter's
#: numbers are not here: their source, a talk, stands in the text of lesson 06.
PRODUCTS = (
    "Kafka", "librdkafka", "RabbitMQ", "SQS", "SNS", "EventBridge", "AWS Lambda",
    "Google Pub/Sub", "NATS", "JetStream", "Redis", "Stripe", "PostgreSQL", "PagerDuty", "Segment",
    "incident.io", "KurrentDB", "Marten", "fisher",
    "incident.io",
    "Node", "Pro Git", "Redux", "Valve",
    "incident.io", "OpenTelemetry", "Confluent", "FastStream", "Kubernetes", "KEDA",
)  # fmt: skip
LINE = re.compile(r"^### source: (.+?): (.+)$", re.MULTILINE)
VERSION = re.compile(r"\(.*\d.*\)$")
SOURCES = sorted((KIT / "authoring").glob("*/[01]*.py"))
QUESTIONS = sorted((KIT / "pubsub_kit" / "checks" / "questions").glob("[a-z]*.py"))


def named(text: str) -> set[str]:
    """Return the products that a text names, its source lines apart."""
    said = LINE.sub("", text)
    return {name for name in PRODUCTS if re.search(rf"\b{re.escape(name)}(?!\w)", said)}


def unsourced(text: str) -> set[str]:
    """Return the products that a cell names without a source line of their own."""
    sources = {name for name, where in LINE.findall(text) if VERSION.search(where)}
    return named(text) - sources


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_each_product_in_a_cell_has_a_source_with_a_version_beside_it(path: Path) -> None:
    cells = jupytext.reads(path.read_text(encoding="utf-8"), "py:percent").cells
    found = [(names, cell.source[:60]) for cell in cells if (names := unsourced(cell.source))]
    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_source_line_is_about_a_product_that_its_cell_names(path: Path) -> None:
    cells = jupytext.reads(path.read_text(encoding="utf-8"), "py:percent").cells
    idle = [
        name
        for cell in cells
        for name, _ in LINE.findall(cell.source)
        if name not in named(cell.source)
    ]
    assert idle == []


@pytest.mark.parametrize("path", QUESTIONS, ids=lambda path: path.stem)
def test_each_product_in_a_question_has_a_source_in_its_file(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    lines = re.findall(r"^ *# source: (.+?): .*\(.*\d.*\)$", text, re.MULTILINE)
    assert named(re.sub(r"^ *# source: .*$", "", text, flags=re.MULTILINE)) - {*lines} == set()


def test_a_product_without_a_source_is_found() -> None:
    assert unsourced("As in Kafka, and in SQS.") == {"Kafka", "SQS"}
    assert unsourced("### source: Kafka: docs (4.3)\nAs in Kafka.") == set()
    assert unsourced("### source: Kafka: docs\nAs in Kafka.") == {"Kafka"}  # of which version?
    assert unsourced("### source: SQS: docs (2026-11)\nAs in Kafka.") == {"Kafka"}


@pytest.mark.parametrize("kind", Edition, ids=lambda kind: kind.value)
def test_no_edition_shows_a_source_line(kind: Edition) -> None:
    text = (
        "# %% [markdown]\n# ### source: Kafka: docs (4.3)\n# As in Kafka.\n\n"
        "# %%\n# A question\n### source: Kafka: docs (4.3)\nprint(1)\n"
    )
    prose, code = edition(text, kind).cells
    assert (prose.source, code.source) == ("As in Kafka.", "# A question\nprint(1)")
