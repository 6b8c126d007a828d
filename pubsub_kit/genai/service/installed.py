"""What the HTTP service needs beside the kit: said in one sentence if it is not installed."""

from __future__ import annotations

from importlib.util import find_spec

from pubsub_kit.errors import PubSubKitError

PACKAGES = ("fastapi", "httpx", "pydantic", "uvicorn")


class ServiceError(PubSubKitError):
    """A service can't start, or was asked for something that can't work."""


def check_installed(*packages: str) -> None:
    """Raise ServiceError if a package of the extra `genai` is not installed."""
    missing = [name for name in packages or PACKAGES if find_spec(name) is None]
    if missing:
        be = "is" if len(missing) == 1 else "are"
        raise ServiceError(
            f"The HTTP service needs {', '.join(missing)}, which {be} not installed: "
            "python3 -m pip install 'pubsub-kit[genai]', or -e '.[genai]' in a checkout."
        )
