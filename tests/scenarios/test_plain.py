"""A learner's values as a sentence shows them: short, cut after a word, without addresses."""

from __future__ import annotations

from pubsub_kit.scenarios.plain import cut, shown


def test_a_long_text_is_cut_after_a_word() -> None:
    assert cut("one two three", 13) == "one two three"
    assert cut("one two three", 10) == "one two…"
    assert cut("one two three", 8) == "one two…"
    assert cut("a" * 20, 5) == "aaaa…"


def test_addresses_are_left_out() -> None:
    assert shown(test_addresses_are_left_out) == "the function test_addresses_are_left_out"
    assert shown([object()]) == "[<object object>]"
    assert shown(f"{object()}") == "'<object object>'"
