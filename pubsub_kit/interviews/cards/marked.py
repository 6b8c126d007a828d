"""A card's words as HTML: escaped, and what stands between backticks as code."""

from __future__ import annotations

import re
from html import escape

_CODE = re.compile(r"`([^`\n]+)`")


def marked(text: str) -> str:
    """Return text as HTML; its lines and spaces are as they were."""
    return _CODE.sub(r"<code>\1</code>", escape(text))
