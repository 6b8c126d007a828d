"""How a question's file is read: TOML, held against `schema.json`, then against itself.

Whatever is wrong becomes one sentence: which file, which place in it, what is wrong there, and what
to do. What a place should hold is said by its description in the schema. What no schema can say,
such as that a formula computes, is in `consistency.py`.
"""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Iterable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.interviews.bank import consistency

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator
    from jsonschema.exceptions import ValidationError

FOLDER = Path(__file__).parent
LARGEST = 100_000  # bytes: the bank's own files have a fifth of that
# What is reported first: a misspelt key is also a missing one, and the spelling is the reason.
_FIRST = ("additionalProperties", "required", "type")


class BankError(PubSubKitError):
    """A question's file can't be used; the message names the file, the place and the remedy."""


def files() -> dict[str, Path]:
    """Return the bank's files by their questions' ids, in the order of their numbers."""
    return {id_of(path): path for path in sorted(FOLDER.glob("[0-9][0-9]_*.toml"))}


def id_of(path: Path) -> str:
    """Return the id that a file's name stands for: "chat" for 04_chat.toml."""
    return path.stem[3:].replace("_", "-")


def read(path: str | Path) -> dict[str, Any]:
    """Return what a question's file holds, once it fits the schema.

    Raises BankError, in one sentence, if it doesn't.
    """
    found = parsed(path)
    path = Path(path)
    errors = list(_validator().iter_errors(found))
    if errors:
        first = min(errors, key=_rank)
        raise BankError(f"{path.name}, {_sentence(first)}")
    for place, remedy in consistency.faults(found, path.name, id_of(path), _rubric()):
        raise BankError(f"{path.name}, {place}: {remedy}")
    return found


def parsed(path: str | Path) -> dict[str, Any]:
    """Return what a question's file holds, whatever that is. Raises BankError if it isn't TOML."""
    if not isinstance(path, str | Path):
        raise BankError(f"give the path of a question's file, not {brief(path)}")
    return _parsed(_text(Path(path)), Path(path).name)


@cache
def schema() -> dict[str, Any]:
    """Return the schema that each file must fit."""
    found: dict[str, Any] = json.loads((FOLDER / "schema.json").read_text(encoding="utf-8"))
    return found


def _rubric() -> dict[str, list[str]]:
    """Return the dimensions and the levels that the signs have to cover."""
    sign = schema()["properties"]["signs"]["items"]["properties"]
    return {key: sign[key]["enum"] for key in ("dimension", "level")}


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # it takes a second to import

    return Draft202012Validator(schema())


def _text(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise BankError(f"{path.name} is larger than {LARGEST:,} bytes: shorten it")
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BankError(f"{path.name} is not written in UTF-8: save it as UTF-8") from None
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or error
        raise BankError(
            f"{brief(path.name)} can't be read ({why}): check that the file is there"
        ) from None


def _parsed(text: str, name: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        why = str(error).split("\n")[0][:120]
        raise BankError(f"{name} is not TOML ({why}): correct it there") from None


# --- the sentence ---------------------------------------------------------------------------------


def _rank(error: ValidationError) -> tuple[int, int, list[str]]:
    kind = str(error.validator)
    first = _FIRST.index(kind) if kind in _FIRST else len(_FIRST)
    place = [f"{part:06}" if isinstance(part, int) else part for part in error.absolute_path]
    return (first, len(place), place)


def _sentence(error: ValidationError) -> str:
    value: Any = error.instance
    rule: Any = error.validator_value
    place, schema = list(error.absolute_path), _table(error.schema)
    known = _table(schema.get("properties"))
    if error.validator == "additionalProperties":
        return f"{_place(place)}: {_unknown(value, known)}"
    if error.validator == "required":
        key = next(key for key in rule if key not in value)
        return f"{_place([*place, key])}: is missing; add {_meaning(known[key])}"
    return f"{_place(place)}: {_misfit(str(error.validator), value, rule, _meaning(schema))}"


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _unknown(found: dict[str, Any], known: dict[str, Any]) -> str:
    key = next(key for key in found if key not in known)
    near = difflib.get_close_matches(key[:40], known, 1, cutoff=0.5)
    advice = f"write {near[0]!r}" if near else f"use only {', '.join(known)}"
    return f"the schema knows no key {brief(key)}; {advice}"


def _misfit(kind: str, value: Any, rule: Any, meaning: str) -> str:
    match kind:
        case "minItems":
            return f"has {len(value)} of at least {rule}; add {meaning}"
        case "maxItems":
            return f"has {len(value)} where at most {rule} are read; keep {meaning}"
        case "uniqueItems":
            return f"has the same entry twice; keep each once among {meaning}"
        case "minLength":
            return f"is empty; write {meaning}"
        case "maxLength":
            return f"has {len(value):,} characters; write {meaning} in at most {rule}"
        case "enum":
            near = difflib.get_close_matches(str(value)[:80], rule, 1)
            offer = " or ".join(map(repr, near or rule))
            return f"{brief(value)} is not known; write {offer}"
        case "type":
            return f"{brief(value)} is of the wrong type; write {_kind(rule)}: {meaning}"
    return f"{brief(value)} does not fit; write {meaning}"


def _kind(rule: str) -> str:
    kinds = {"string": "a text in quotes", "array": "a list", "object": "a table"}
    kinds |= {"boolean": "true or false", "integer": "a whole number", "number": "a number"}
    return kinds[rule]


def _meaning(schema: dict[str, Any]) -> str:
    described = schema.get("description")
    return str(described) if described else f"its keys {', '.join(schema.get('properties', {}))}"


def _place(path: Iterable[str | int]) -> str:
    """Return a place in words: "estimate 2, unit" for estimates, 1, unit."""
    words: list[str] = []
    for part in path:
        if isinstance(part, int):
            words[-1] = f"{words[-1].removesuffix('s')} {part + 1}"
        else:
            words.append(part)
    return ", ".join(words) or "at the top"
