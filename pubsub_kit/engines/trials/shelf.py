"""Where lesson 12's recorded results stand: lesson.json, a part for each thing that was tried."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SHELF = Path(__file__).parent / "lesson.json"


def read(part: str, default: Any) -> Any:
    """Return what was recorded of a part, or the default."""
    if not SHELF.exists():
        return default
    return json.loads(SHELF.read_text(encoding="utf-8")).get(part, default)


def write(part: str, value: Any) -> None:
    """Record a part, in place of what was there."""
    kept = json.loads(SHELF.read_text(encoding="utf-8")) if SHELF.exists() else {}
    text = json.dumps({**kept, part: value}, indent=1, ensure_ascii=False)
    SHELF.write_text(f"{text}\n", encoding="utf-8")
