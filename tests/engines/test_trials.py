"""The contract suite itself: what it says of rows, of expectations, and of what is recorded."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from pubsub_kit import show
from pubsub_kit.checks.contract.trial import Row
from pubsub_kit.engines.protocol import EngineError, NotSupported
from pubsub_kit.engines.shown.page import BEGIN, END, PAGE, README, generated, merged, short
from pubsub_kit.engines.trials import __main__ as command
from pubsub_kit.engines.trials import expected as expecting
from pubsub_kit.engines.trials.contract import BROKEN, HOLDS, LACKING, Outcome, play
from pubsub_kit.engines.trials.expected import (
    NOT_PROMISED,
    Expected,
    difference,
    differences,
    engine_of,
    engines,
    expectations,
)
from pubsub_kit.engines.trials.result import ORDER, Result, held, record, recorded, signs, versions
from pubsub_kit.engines.trials.rows import BY_NAME, LESSON, ROWS
from pubsub_kit.engines.trials.stage import EngineCase, Venue

EMBEDDED = True  # no server is needed
MEMORY = Venue("memory", "memory://", lease=0.4)


def played(scene: object) -> tuple[str, str]:
    outcome = play(MEMORY, Row("a row", "It says something.", scene))  # type: ignore[arg-type]
    return outcome.outcome, outcome.words


def lacking(case: EngineCase) -> None:
    raise NotSupported("There is no such thing.")


def lacking_when_asked(case: EngineCase) -> None:
    case.asked("you", "replay()", lambda: lacking(case))


def broken(case: EngineCase) -> None:
    case.worker("w1").needs("tea")


def failing(case: EngineCase) -> None:
    raise ValueError("no")


@pytest.mark.parametrize(
    ("scene", "outcome", "words"),
    [
        (lambda case: None, HOLDS, ""),
        (lacking, LACKING, "There is no such thing."),
        (lacking_when_asked, LACKING, "There is no such thing."),
        (broken, BROKEN, "w1 pulled and got nothing, but tea was due."),
        (failing, BROKEN, "The scene raised ValueError: no"),
    ],
    ids=["holds", "lacking", "lacking when asked", "broken", "failing"],
)
def test_a_row_holds_or_not_or_is_not_supported(scene: object, outcome: str, words: str) -> None:
    said = played(scene)
    assert said[0] == outcome
    assert said[1].startswith(words)


def test_no_row_has_the_name_of_another() -> None:
    assert len(BY_NAME) == len(ROWS)
    assert all(row.promise.strip().endswith(".") for row in ROWS)
    assert {row.name for row in LESSON} < {*BY_NAME}


# ── what is expected ────────────────────────────────────────────────────────────────────────────

FINE = Outcome("ack", HOLDS)
BROKE = Outcome("ack", BROKEN, "w1 got tea, although it was acked.")


@pytest.mark.parametrize(
    ("expected", "outcome", "says"),
    [
        (Expected(), FINE, ""),
        (Expected(BROKEN, "got tea"), BROKE, ""),
        (Expected(), BROKE, "“ack” does not hold (w1 got tea, although it was acked.), but expec"),
        (Expected(BROKEN, "got tea"), FINE, "“ack” holds, but expected was: does not hold (got"),
        (Expected(BROKEN, "got jam"), BROKE, "but expected were the words: got jam"),
        (Expected(LACKING), BROKE, "but expected was: not supported"),
        (Expected(NOT_PROMISED), BROKE, ""),
        (Expected(NOT_PROMISED), FINE, ""),
        (Expected(NOT_PROMISED), Outcome("ack", LACKING), "but expected was: not promised"),
    ],
    ids=[
        "as it should",
        "broken as it should",
        "broken",
        "mended",
        "other words",
        "not lacking",
        "kept by chance",
        "broken by chance",
        "lacking",
    ],
)
def test_an_outcome_that_is_not_expected_is_told(
    expected: Expected, outcome: Outcome, says: str
) -> None:
    said = difference(expected, outcome)
    assert says in said
    assert bool(says) == bool(said)


def test_expectations_name_rows_that_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "odd.toml").write_text('shown = "Odd"\nscheme = "odd"\n[does_not_hold]\n"x" = ""\n')
    monkeypatch.setattr(expecting, "FOLDER", tmp_path)
    with pytest.raises(EngineError, match=r"odd\.toml names a row that is none: 'x'"):
        expectations("odd")
    with pytest.raises(EngineError, match="Nothing is expected of 'kafka': there are odd"):
        expectations("kafka")


def test_a_url_has_its_engine() -> None:
    assert engine_of("kafka+share://u:p@127.0.0.1:9") == "kafka_share"
    with pytest.raises(EngineError, match="Nothing is expected of http"):
        engine_of("http://example.com")


# ── what is recorded ────────────────────────────────────────────────────────────────────────────


def test_what_is_recorded_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "recorded.json"
    rows = {"ack": BROKE, "fan out": Outcome("fan out", HOLDS)}
    one = Result("redis", "Redis Streams", "7.0.15", "redis 8.1.0", "2026-11-30", rows, {})
    record([one], file)
    record([one._replace(engine="memory", shown="memory")], file)
    assert [result.engine for result in recorded(file)] == ["memory", "redis"]
    assert recorded(file)[1] == one
    assert (one.sign("ack"), one.sign("fan out"), one.sign("large")) == ("✗", "✓", "")


def test_what_is_recorded_can_be_drawn() -> None:
    results = recorded()
    drawn = show.engines(signs(results, ["ack", "in turn"]), caption=versions(results))
    assert "ack: kept by memory, file" in drawn.text
    assert "in turn: kept by" in drawn.text
    assert "not promised by SNS and SQS, EventBridge and SQS, Google Pub/Sub" in drawn.text
    assert "Played: memory (" in drawn.text


def test_the_embedded_broker_is_held_to_all_rows() -> None:
    result = held("memory://", day=date(2026, 11, 30))
    assert result.date == "2026-11-30"
    assert [*result.rows] == [*BY_NAME]
    assert differences(expectations("memory"), result.rows.values()) == []


def test_every_engine_is_recorded_and_as_expected() -> None:
    results = recorded()
    assert [result.engine for result in results] == ORDER
    assert sorted(ORDER) == engines()
    for result in results:
        assert differences(expectations(result.engine), result.rows.values()) == []
        assert [*result.rows] == [*BY_NAME], result.engine


def test_where_an_engine_keeps_all_no_kill_has_lost_anything() -> None:
    for result in recorded():
        lost = {kind: killed.lost for kind, killed in result.kills.items()}
        if expectations(result.engine).kept == "all":
            assert lost, result.engine
            assert {*lost.values()} == {0}, result.engine


@pytest.mark.parametrize("file", [PAGE, README], ids=lambda file: file.stem)
def test_the_pages_say_what_is_recorded(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert merged(text, generated(recorded()) if file == PAGE else short()) == text
    assert text.index(BEGIN) < text.index(END)


def test_a_command_that_is_none_is_told_of(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["paly"]) == 2
    assert "play ENGINE" in capsys.readouterr().out
    assert command.main(["at", "http://example.com"]) == 2
    assert "Nothing is expected of http" in capsys.readouterr().err
