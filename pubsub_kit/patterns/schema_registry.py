"""A registry of schemas: it compares versions before anything is published under a new one.

A schema is {"fields": {name: {"type": "int", "default": 0}}, "open": False}. Types are "int",
"text", and with a question mark, as in "int?", also null. A reader skips fields that it does not
know. Under an open schema, a writer may add fields that it does not name. The modes have the names
that Confluent's registry gave them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief

Schema = Mapping[str, Any]
Data = Mapping[str, Any]
_TYPES: dict[str, type] = {"int": int, "text": str}


class Incompatible(PubSubKitError):
    """A schema breaks a rule of its registry, or data does not fit a schema."""


def check(schema: Schema) -> None:
    """Raise Incompatible, in a sentence that says what is due, for what is no schema."""
    due = "a schema is {'fields': {name: {'type': 'int'}}}, of 'int', 'int?', 'text' or 'text?'"
    fields = schema.get("fields") if isinstance(schema, Mapping) else None
    if not isinstance(fields, Mapping):
        raise Incompatible(f"{due}: this has no fields")
    for name, field in fields.items():
        kind = field.get("type") if isinstance(field, Mapping) else None
        if not isinstance(kind, str) or kind.removesuffix("?") not in _TYPES:
            raise Incompatible(f"{due}: the field {brief(name)} has none of these types")


def read(schema: Schema, data: Data) -> dict[str, Any]:
    """Return data as a reader with this schema sees it; raises Incompatible if it can't."""
    check(schema)
    if not isinstance(data, Mapping):
        raise Incompatible(f"data is a mapping from fields to values, not a {type(data).__name__}")
    seen = {}
    for name, field in schema["fields"].items():
        if name not in data and "default" not in field:
            raise Incompatible(f"the field {name!r} is missing and has no default")
        seen[name] = data.get(name, field.get("default"))
        kind, null = _TYPES[field["type"].rstrip("?")], field["type"].endswith("?")
        if name in data and not (isinstance(seen[name], kind) or (null and seen[name] is None)):
            raise Incompatible(f"{name!r} is {seen[name]!r}, and not of type {field['type']}")
    return seen


def obstacles(reader: Schema, writer: Schema) -> Iterator[str]:
    """Yield why a reader's schema can't read all that a writer's schema allows."""
    for name, field in reader["fields"].items():
        wrote = writer["fields"].get(name)
        if wrote is None and "default" not in field:
            yield f"the reader needs {name!r}, which the writer lacks"
        elif wrote is None and writer.get("open"):
            yield f"the writer is open: its data may hold a {name!r} of any type"
        elif wrote is not None and wrote["type"] not in (field["type"], field["type"].rstrip("?")):
            yield f"{name!r} may be {wrote['type']}, and the reader takes {field['type']}"


#: The modes, by their names at Confluent: who must read whose data (new, old), and which versions.
MODES = ("NONE", *(mode + more for mode in ("BACKWARD", "FORWARD", "FULL")
                   for more in ("", "_TRANSITIVE")))  # fmt: skip


class Registry:
    """The versions of a topic's schema; a new one must obey the mode.

    With `sample`, it reads one typical event instead of comparing the schemas, which is no proof.
    """

    def __init__(self, mode: str = "BACKWARD", sample: bool = False) -> None:
        if mode not in MODES:
            raise Incompatible(f"mode={brief(mode)} is none of {', '.join(MODES)}")
        self.mode, self.sample = mode, sample
        self.versions: list[Schema] = []

    def register(self, schema: Schema) -> int:
        """Return the number of the new version; raises Incompatible with the first reason."""
        check(schema)
        last = [] if self.mode == "NONE" else self.versions[-1:]
        for old in self.versions if self.mode.endswith("TRANSITIVE") else last:
            pairs = {"new reads old": (schema, old), "old reads new": (old, schema)}
            if self.mode.startswith("BACKWARD"):
                del pairs["old reads new"]
            elif self.mode.startswith("FORWARD"):
                del pairs["new reads old"]
            for which, (reader, writer) in pairs.items():
                for why in self._obstacles(reader, writer):
                    version = self.versions.index(old) + 1
                    raise Incompatible(f"{self.mode}: {which}, version {version}: {why}")
        self.versions.append(schema)
        return len(self.versions)

    def _obstacles(self, reader: Schema, writer: Schema) -> Iterator[str]:
        if not self.sample:
            yield from obstacles(reader, writer)
            return
        try:
            read(reader, typical(writer))
        except Incompatible as error:
            yield str(error)


def typical(schema: Schema) -> dict[str, Any]:
    """Return data with a value in every field, as tests like to have it."""
    return {name: _TYPES[f["type"].rstrip("?")](7) for name, f in schema["fields"].items()}
