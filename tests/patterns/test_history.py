"""Undo, redo and branches, under every sequence of commands up to a length."""

from __future__ import annotations

from itertools import product

import pytest

from pubsub_kit import PubSubKitError
from pubsub_kit.patterns import History
from pubsub_kit.scenarios.time_travel import undo
from pubsub_kit.world.trace import Trace


def test_undo_and_redo_hold_under_every_sequence_of_up_to_six_commands() -> None:
    assert [case for case in undo.cases() if undo.run(History, case, Trace())] == []


def test_redo_only_reaches_states_seen_before_and_undo_after_do_is_identity() -> None:
    for commands in product("dur", repeat=7):
        history, seen, looks = History(""), {""}, 0
        for n, command in enumerate(commands):
            before = history.state
            if command == "d":
                seen.add(history.do(lambda text, n=n: f"{text}{n}"))  # type: ignore[misc]
                looks += 1
                assert history.undo() == before
                history.redo()
            elif command == "u":
                assert history.undo() in seen
            else:
                assert history.redo() in seen
        assert len(history.nodes) == looks + 1  # nothing is erased


def test_a_change_after_an_undo_begins_a_branch_and_the_old_one_can_be_visited() -> None:
    history = History(0)
    history.do(lambda n: n + 1, "+1")
    history.undo()
    history.do(lambda n: n + 5, "+5")
    assert [(n.parent, n.label, n.state) for n in history.nodes] == [
        (None, "start", 0), (0, "+1", 1), (0, "+5", 5)
    ]  # fmt: skip
    assert (history.path(), history.go(1), history.path()) == ([0, 2], 1, [0, 1])


def test_a_node_that_is_not_there_is_refused() -> None:
    with pytest.raises(PubSubKitError, match="numbered 0 to 0"):
        History("").go(1)
