"""Words as HTML, as a notebook shows them."""

from __future__ import annotations

import html


def as_html(words: str) -> str:
    """Return words as HTML in which dollars are money, and not the marks of a formula."""
    return html.escape(words).replace("$", '<span class="tex2jax_ignore">$</span>')
