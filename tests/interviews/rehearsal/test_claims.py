"""The grammar of claims: what is read, how it is written, and what is refused with an example."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pubsub_kit.interviews.rehearsal.claims import (
    GRAMMAR,
    MEASURE,
    MOST,
    ORACLE,
    Claim,
    ClaimError,
    fault,
    parse,
    words,
)
from pubsub_kit.interviews.rehearsal.runner import MEASURES
from pubsub_kit.world.chance import FAULTS, NODE_FAULTS


@pytest.mark.parametrize(
    ("text", "claim"),
    [
        (
            "no double charge under crash, ack lost up to 2",
            Claim(ORACLE, "double charge", ("crash", "ack lost"), 2),
        ),
        ("p99 under 5 s in the burst", Claim(MEASURE, measure="p99", side="under", bound=5.0,
                                             moment="burst")),
        ("No double charge under crashes and lost acks, up to two, 80 %.",
         Claim(ORACLE, "double charge", ("crash", "ack lost"), 2, confidence=0.8)),
        ("nobody is charged twice", Claim(ORACLE, "person charged twice")),
        ("we never charge the customer twice, 90%",
         Claim(ORACLE, "we never charge the customer twice", confidence=0.9)),
        ("A customer is never charged twice even if a worker crashes",
         Claim(ORACLE, "customer charged twice", ("crash",))),
        ("I am 70% sure that we never lose a charge",
         Claim(ORACLE, "we never lose a charge", confidence=0.7)),
        ("I claim that no order is lost", Claim(ORACLE, "order is lost")),
        ("the p99 stays under 5 s, I'm 80% sure",
         Claim(MEASURE, measure="p99", side="under", bound=5.0, confidence=0.8)),
        ("nothing is lost under crash", Claim(ORACLE, "thing lost", ("crash",))),
        ("it holds", Claim(ORACLE)),
        ("my design survives crash", Claim(ORACLE, "", ("crash",))),
        ("it holds under any fault up to 3", Claim(ORACLE, "", (), 3)),
        ("never a lost order under zombie", Claim(ORACLE, "lost order", ("pause",))),
        ("p99 < 5000 ms with 70% confidence",
         Claim(MEASURE, measure="p99", side="under", bound=5.0, confidence=0.7)),
        ("oldest age stays below 2 min", Claim(MEASURE, measure="oldest age", side="under",
                                               bound=120.0)),
        ("lost at most 0, confidence 1", Claim(MEASURE, measure="lost", side="at most", bound=0.0,
                                               confidence=1.0)),
        ("cost under $12,000 with confidence 0.6",
         Claim(MEASURE, measure="cost", side="under", bound=12_000.0, confidence=0.6)),
        ("doubled ≤ 3", Claim(MEASURE, measure="doubled", side="at most", bound=3.0)),
        ("no loss under crash (with confidence of 55.5%)",
         Claim(ORACLE, "loss", ("crash",), confidence=0.555)),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)  # fmt: skip
def test_a_claim_is_read(text: str, claim: Claim) -> None:
    assert parse(text) == claim


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "an empty claim says nothing"),
        ("\x00\x1b", "an empty claim says nothing"),
        ("it is good", "'it is good' is no claim that a run can decide"),
        ("no", "'no' is no claim"),
        ("no under crash", "is no claim"),
        ("no !!! under crash", "does not say what never happens"),
        ("p99 under", "is no claim"),
        ("p99 under banana", "'banana' is not a quantity"),
        ("p99 under 5 GB", "can't be converted to seconds"),
        ("p99 under 80%", "is no claim"),
        ("no loss under moonlight", "there is no fault 'moonlight'"),
        ("no loss under crsh", "did you mean 'crash'?"),
        ("no loss under crash up to 0", "up to 1 to 9 faults, not '0'"),
        ("no loss under crash up to 10", "up to 1 to 9 faults, not '10'"),
        ("no loss under crash up to many", "not 'many'"),
        ("no loss under crash up to 1e3", "not '1e3'"),
        ("no loss, 180%", "between 0% and 100%, and 180 does not"),
        ("no loss with confidence -3%", "between 0% and 100%, and -3 does not"),
        ("no loss with confidence 1.2.3%", "'1.2.3' is no confidence"),
        ("no loss under , ,", "names no fault"),
        ("x" * 301, "too long for one claim"),
        ("no " + "x" * 10_000_000, "too long for one claim"),
        (None, "a claim is a text, not None"),
        (5, "a claim is a text, not 5"),
        (float("nan"), "a claim is a text, not nan"),
        (["no loss"], "a claim is a text"),
    ],
    ids=lambda value: str(value)[:24].encode("unicode_escape").decode(),
)
def test_what_is_no_claim_gets_a_sentence(text: Any, why: str) -> None:
    with pytest.raises(ClaimError) as raised:
        parse(text)
    assert why in str(raised.value)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 500


@pytest.mark.parametrize("text", ["", "it is good", "no"])
def test_the_grammar_is_shown(text: str) -> None:
    with pytest.raises(ClaimError, match="no double charge under crash, ack lost up to 2"):
        parse(text)


@pytest.mark.parametrize("name", [*FAULTS, *NODE_FAULTS])
def test_every_fault_of_a_world_is_known_by_its_name(name: str) -> None:
    assert fault(name) == name
    assert parse(f"no loss under {name} up to 2").faults == (name,)


@pytest.mark.parametrize(
    ("said", "meant"),
    [("crashes", "crash"), ("lost acks", "ack lost"), ("message loss", "loss"),
     ("losing the reply", "reply lost"), ("lost replies", "reply lost"), ("a timeout", "delay"),
     ("Duplicates", "duplicate"), ("broker crashes", "broker crash"), ("pauses", "pause")],
)  # fmt: skip
def test_a_fault_is_known_by_other_words(said: str, meant: str) -> None:
    assert fault(said) == meant


def test_what_the_grammar_shows_can_be_read() -> None:
    first, second, _ = GRAMMAR.replace("”", "“").split("“")[1::2]
    assert words(parse(first)) == first
    assert words(parse(second)) == second


CONFIDENCE = st.none() | st.integers(0, 1_000).map(lambda n: round(n / 1_000, 6))
WORDS = st.lists(
    st.sampled_from(["double", "charge", "order", "lost", "notice", "7", "stale", "it", "holds"]),
    min_size=1, max_size=4,
).map(" ".join)  # fmt: skip
ORACLES = st.builds(
    Claim,
    kind=st.just(ORACLE),
    oracle=st.just("") | WORDS,
    faults=st.lists(st.sampled_from([*FAULTS, *NODE_FAULTS]), unique=True, max_size=5).map(tuple),
    at_most=st.integers(1, MOST),
    confidence=CONFIDENCE,
)
BOUNDS = st.builds(
    Claim,
    kind=st.just(MEASURE),
    measure=st.sampled_from(list(MEASURES)),
    side=st.sampled_from(["under", "at most", "over", "at least"]),
    bound=st.floats(0, 1e15, allow_nan=False),
    moment=st.sampled_from(["", "burst", "first hour", "peak"]),
    confidence=CONFIDENCE,
).filter(lambda claim: claim.bound > 0 or claim.side in ("at most", "over"))


@settings(max_examples=150)
@given(ORACLES | BOUNDS)
def test_a_claim_that_is_written_is_read_as_the_same_claim(claim: Claim) -> None:
    assert parse(words(claim)) == claim


@settings(max_examples=150)
@given(st.text(max_size=60) | st.text("no p9under5%s,. ithl", max_size=40))
def test_any_text_is_a_claim_that_can_be_written_again_or_gets_a_sentence(text: str) -> None:
    try:
        claim = parse(text)
    except ClaimError:
        return
    assert parse(words(claim)) == claim


@pytest.mark.parametrize(
    "text", ["p99 under -5 s", "cost over -1", "lost at least 0", "p99 under 0 s", "stale < -1"]
)
def test_a_bound_that_decides_itself_is_no_claim(text: str) -> None:
    with pytest.raises(ClaimError, match=r"is below 0, so .* needs no run"):
        parse(text)
    assert parse("lost at most 0").bound == 0


def test_a_claim_that_would_be_read_otherwise_from_the_log_is_refused() -> None:
    for text in (
        "no 2, at charge [ sure of confidence 80% (",
        "never confidence * up in . at most . in",
    ):
        with pytest.raises(ClaimError, match="can be read in two ways"):
            parse(text)


@pytest.mark.parametrize("odd", [None, 7, b"crash", ["crash"]], ids=str)
def test_a_fault_that_is_no_text_gets_a_sentence(odd: Any) -> None:
    with pytest.raises(ClaimError, match="a fault is a name"):
        fault(odd)
