"""Where lesson 12's recorded results stand: lesson.json, a line for each thing that was tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pubsub_kit.errors import PubSubKitError, brief

SHELF = Path(__file__).parent / "lesson.json"


class Unreadable(PubSubKitError):
    """lesson.json is there, and can't be read."""


def _all() -> dict[str, Any]:
    if not SHELF.exists():
        return {}
    try:
        kept = json.loads(SHELF.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        kept = type(error).__name__
    if isinstance(kept, dict):
        return kept
    raise Unreadable(f"{SHELF.name} makes no sense ({brief(kept)}): get it back with git checkout.")


def read(part: str, default: Any) -> Any:
    """Return what was recorded of a part, or the default; raises Unreadable if that fails."""
    return _all().get(part, default)


def write(part: str, value: Any) -> None:
    """Record a part, in place of what was there."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(kept, ensure_ascii=False)}"
        for name, kept in {**_all(), part: value}.items()
    ]
    SHELF.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
