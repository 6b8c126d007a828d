"""The one root of every error that the kit raises on purpose.

Catch `PubSubKitError` and you catch them all; each module declares its own kinds below it,
next to the code that raises them.
"""

from __future__ import annotations


class PubSubKitError(Exception):
    """Something was wrong with what the kit was given; the message says what, and what to do."""
