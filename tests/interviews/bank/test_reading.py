"""A question's file that doesn't fit is refused in one sentence that names the file and the place.

The broken files are made from a right one: every key removed, every key misspelt, every value
replaced by those that people, programs and accidents write.
"""

from __future__ import annotations

import copy
import datetime
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from pubsub_kit.interviews.bank import reading
from pubsub_kit.interviews.bank.question import UnknownQuestion, load, question_in, questions
from pubsub_kit.interviews.bank.reading import BankError

NAME = "05_ride_dispatch.toml"
OPTIONAL = {"within", "seen", "run", "url"}
Path_ = tuple[str | int, ...]


def toml(value: Any) -> str:
    """Return a value as TOML writes it in one line."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} = {toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    return value.isoformat() if isinstance(value, datetime.date) else repr(value)


def text_of(found: dict[str, Any]) -> str:
    return "".join(f"{key} = {toml(value)}\n" for key, value in found.items())


def right() -> dict[str, Any]:
    """Return a right question with every key, also those that may be left out."""
    found = copy.deepcopy(reading.read(reading.FOLDER / NAME))
    found["estimates"][0]["within"] = 3.0
    found["sources"][0]["url"] = "https://example.org/source"
    return found


def places(value: Any, path: Path_ = ()) -> Iterator[Path_]:
    """Yield each place of a question; of a list, the first entry stands for all."""
    if path:
        yield path
    if isinstance(value, dict):
        for key, one in value.items():
            yield from places(one, (*path, key))
    if isinstance(value, list) and value:
        yield from places(value[0], (*path, 0))


PLACES = list(places(right()))
KEYS = [path for path in PLACES if isinstance(path[-1], str)]


def named(path: Path_) -> str:
    return ".".join(map(str, path))


def holder(found: dict[str, Any], path: Path_) -> Any:
    """Return the table or list in which a place stands."""
    within: Any = found
    for part in path[:-1]:
        within = within[part]
    return within


def in_words(path: Path_) -> str:
    """Return a place as the sentence names it: "estimate 1, unit"."""
    words: list[str] = []
    for part in path:
        if isinstance(part, int):
            words[-1] = f"{words[-1].removesuffix('s')} {part + 1}"
        else:
            words.append(part)
    return ", ".join(words)


def refusal(path: Path, content: str | bytes) -> str:
    """Return what the bank says of a file that it refuses; "" if it takes it."""
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    try:
        question_in(path)
    except BankError as refused:
        said = str(refused)
        assert "\n" not in said
        assert len(said) < 500
        assert said.startswith(path.name)
        return said
    return ""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / NAME


def test_the_right_file_is_taken(file: Path) -> None:
    assert refusal(file, text_of(right())) == ""


@pytest.mark.parametrize("path", KEYS, ids=named)
def test_a_missing_key_is_named_with_its_place(path: Path_, file: Path) -> None:
    found = right()
    del holder(found, path)[path[-1]]
    said = refusal(file, text_of(found))
    if path[-1] in OPTIONAL:
        assert said == ""
    else:
        assert said.startswith(f"{NAME}, {in_words(path)}: is missing; add ")


@pytest.mark.parametrize("path", KEYS, ids=named)
def test_a_misspelt_key_is_refused_and_the_right_one_offered(path: Path_, file: Path) -> None:
    found = right()
    key = str(path[-1])
    table = holder(found, path)
    table[key[0] + key] = table.pop(key)
    said = refusal(file, text_of(found))
    place = in_words(path[:-1]) or "at the top"
    assert said == f"{NAME}, {place}: the schema knows no key {key[0] + key!r}; write {key!r}"


def test_a_key_that_is_like_none_is_answered_with_all_that_there_are(file: Path) -> None:
    said = refusal(file, text_of({**right(), "zzz": 1}))
    assert "use only id, number, title, pitch" in said


STRANGE: dict[str, Any] = {
    "a whole number": 7,
    "a fraction": 1.5,
    "a huge number": 10**30,
    "not a number": math.nan,
    "infinity": math.inf,
    "a boolean": True,
    "a date": datetime.date(2026, 1, 1),
    "an empty text": "",
    "blanks": "  \n ",
    "a bell": "ding\a",
    "a deleted letter": "x\x7f",
    "a long text": "x" * 5_000,
    "a word": "word",
    "an empty list": [],
    "an empty table": {},
    "lists in a list": [[[]]],
    "many": ["x"] * 200,
    "a table": {"a": {"b": 1}},
}
WORDS = {"a whole number", "a fraction", "a word"}  # what may be right in some place


@pytest.mark.parametrize("path", PLACES, ids=named)
def test_a_strange_value_is_refused_where_it_stands(path: Path_, file: Path) -> None:
    for kind, value in STRANGE.items():
        found = right()
        holder(found, path)[path[-1]] = value
        said = refusal(file, text_of(found))
        fits = kind in WORDS or (kind == "a boolean" and path[-1] == "full")
        fits = fits or (kind == "an empty text" and path[-1] in ("unit", "seen", "run", "url"))
        assert said or fits, kind
        assert not said or in_words(path[:1]).split(",")[0].removesuffix("s") in said, (kind, said)


def test_the_place_counts_from_one(file: Path) -> None:
    found = right()
    found["estimates"][1]["unit"] = "furlongs/fortnite"
    said = refusal(file, text_of(found))
    assert said.startswith(
        f"{NAME}, estimate 2, unit: no answer can be read in 'furlongs/fortnite'"
    )
    found = right()
    found["decisions"][1]["options"][0]["cost"] = 3
    assert f"{NAME}, decision 2, option 1, cost: 3 is of the wrong type" in refusal(
        file, text_of(found)
    )


@pytest.mark.parametrize("formula", ["__import__('os')", "9**9**9", "drivers / 4", "1 / 0", "1 -"])
def test_a_formula_that_is_no_arithmetic_is_refused(formula: str, file: Path) -> None:
    found = right()
    found["estimates"][2]["formula"] = formula
    assert refusal(file, text_of(found)).startswith(f"{NAME}, estimate 3, formula: the formula ")


@pytest.mark.parametrize("within", [math.nan, math.inf, 1.0, 0, -2, 1e9])
def test_a_factor_that_accepts_everything_or_nothing_is_refused(within: float, file: Path) -> None:
    found = right()
    found["estimates"][0]["within"] = within
    assert refusal(file, text_of(found)).startswith(f"{NAME}, estimate 1, within: ")


def test_ids_stand_once(file: Path) -> None:
    for key in ("estimates", "decisions"):
        found = right()
        found[key][1]["id"] = found[key][0]["id"]
        assert f"{key[:-1]} 2, id: " in refusal(file, text_of(found))
    found = right()
    options = found["decisions"][0]["options"]
    options[1]["id"] = options[0]["id"]
    assert "decision 1, option 2, id: " in refusal(file, text_of(found))


def test_the_files_name_says_number_and_id(file: Path) -> None:
    assert "id: 'chat' is not what the file's name says" in refusal(
        file, text_of({**right(), "id": "chat"})
    )
    assert f"{NAME}, number: " in refusal(file, text_of({**right(), "number": 6}))


@pytest.mark.parametrize(("key", "one"), [("dimension", "failure"), ("level", "staff")])
def test_the_rubric_is_covered(key: str, one: str, file: Path) -> None:
    found = right()
    kept = [sign for sign in found["signs"] if sign[key] != one]
    other = [copy.deepcopy(kept[0]) for _ in found["signs"][len(kept) :]]
    found["signs"] = kept + other
    assert refusal(file, text_of(found)) == f"{NAME}, signs: none has the {key} {one!r}; add one"


BROKEN: dict[str, str | bytes] = {
    "nothing": "",
    "half a line": "id = ",
    "no TOML": "<html>",
    "another encoding": "id = 'é'".encode("latin-1"),
    "zeros": b"\0" * 100,
    "a key twice": "id = 'a'\nid = 'b'\n",
    "deep lists": "a = " + "[" * 5_000,
    "many digits": "a = " + "1" * 10_000,
    "ten megabytes": "a = '" + "x" * 10_000_000 + "'",
    "a date that never was": "a = 2026-02-31",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_no_question_at_all_gets_a_sentence(kind: str, file: Path) -> None:
    assert refusal(file, BROKEN[kind]).startswith(NAME)


@pytest.mark.parametrize("kind", ["nowhere", "a folder", "a null byte", "None", "a number"])
def test_what_is_no_file_gets_a_sentence(kind: str, tmp_path: Path) -> None:
    paths: dict[str, Any] = {
        "nowhere": tmp_path / "no.toml", "a folder": tmp_path, "a null byte": "a\0.toml",
        "None": None, "a number": 3,
    }  # fmt: skip
    with pytest.raises(BankError, match=r"can't be read|give the path"):
        question_in(paths[kind])


# --- the question that you ask for ----------------------------------------------------------------


def test_a_misspelt_id_is_answered_with_the_nearest() -> None:
    with pytest.raises(UnknownQuestion, match="did you mean 'notification-system'"):
        load("notifications")
    with pytest.raises(UnknownQuestion, match="did you mean 'ci-cd'"):
        load("CI/CD")


STRANGE_IDS: list[Any] = ["", " ", "zzz", "x" * 10_000_000, "\0\n", None, 3, math.nan, b"chat", [1]]


@pytest.mark.parametrize("number", range(len(STRANGE_IDS)))
def test_a_strange_id_gets_a_sentence(number: int) -> None:
    with pytest.raises(UnknownQuestion) as refused:
        load(STRANGE_IDS[number])
    assert len(str(refused.value)) < 600
    assert "\n" not in str(refused.value)


def test_a_question_is_read_once() -> None:
    assert load("chat") is load("chat")
    assert load("chat") in questions()
