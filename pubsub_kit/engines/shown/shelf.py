"""Where lesson 12's recorded results stand: lesson.json, a line for each thing that was tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SHELF = Path(__file__).parent / "lesson.json"


def _all() -> dict[str, Any]:
    kept: dict[str, Any] = json.loads(SHELF.read_text(encoding="utf-8")) if SHELF.exists() else {}
    return kept


def read(part: str, default: Any) -> Any:
    """Return what was recorded of a part, or the default."""
    return _all().get(part, default)


def write(part: str, value: Any) -> None:
    """Record a part, in place of what was there."""
    lines = [
        f"{json.dumps(name)}: {json.dumps(kept, ensure_ascii=False)}"
        for name, kept in {**_all(), part: value}.items()
    ]
    SHELF.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
