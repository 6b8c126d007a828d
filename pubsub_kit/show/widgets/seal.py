"""A seal: a quiz's answer and reasons, so written that nobody reads them by accident."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping


def seal(answer: str, why: Mapping[str, str] | str) -> str:
    """Return an answer and its reasons as one word of ASCII."""
    return b64encode(json.dumps([answer, why], ensure_ascii=False).encode()).decode()


def unseal(sealed: str) -> tuple[str, Mapping[str, str] | str]:
    """Return what was sealed; raises ValueError for any other text."""
    answer, why = json.loads(b64decode(sealed))
    return answer, why
