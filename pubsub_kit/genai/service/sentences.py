"""What an app answers to a bad request: a status of 4xx, and one sentence in `detail`.

FastAPI by itself sends a list of what pydantic found, with the input in it. Half a surrogate in the
input can't be sent back, so that such a request would end as a 500.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import AfterValidator, StringConstraints

from pubsub_kit.broker.topic import BrokerError
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.errors import PubSubKitError, brief
from pubsub_kit.genai.service.served import App, Message, Receive, Send
from pubsub_kit.log.settings import LogError

LARGEST_BODY = 1_000_000  # bytes
_PATIENCE = 16  # bodies of that size that are read, and thrown away, so that an answer arrives
_BY_TYPE = {
    "missing": "is missing",
    "string_unicode": "holds half a surrogate pair, which is no text",
    "string_type": "must be a text",
    "string_too_short": "is empty",
}


def told(problem: Mapping[str, Any]) -> str:
    """Return one of pydantic's findings as a sentence."""
    kind, place = problem["type"], [str(each) for each in problem["loc"]]
    if kind == "json_invalid":
        return "The body is not valid JSON."
    name = " ".join(place[1:])
    if not name:
        return f"Send the {place[0]} as a JSON object with the fields that this path needs."
    words = problem["msg"].removeprefix("Value error, ")
    found = _BY_TYPE.get(kind) or f"can't be used: {words[:1].lower()}{words[1:]}"
    return f"{brief(name)} {found}."


def is_json(kind: str) -> bool:
    """Return whether a Content-Type says that the body is JSON."""
    main = kind.partition(";")[0].strip().lower()
    return main == "application/json" or (
        main.startswith("application/") and main.endswith("+json")
    )


def answer(status: int, sentence: str) -> JSONResponse:
    """Return an answer with one sentence; signs that UTF-8 has not got become question marks."""
    return JSONResponse({"detail": sentence.encode("utf-8", "replace").decode()}, status)


def status_of(error: PubSubKitError, otherwise: int) -> int:
    """Return 503 for an error of the broker's, its log's or an engine's; else `otherwise`."""
    return 503 if isinstance(error, BrokerError | LogError | EngineError) else otherwise


def speak_plainly(app: FastAPI) -> None:
    """Let an app answer a bad request with one sentence, and refuse a body that is too large."""

    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> JSONResponse:
        first = error.errors()[0]
        if first["loc"][0] == "body" and not is_json(request.headers.get("content-type", "")):
            return answer(415, "Send the body as JSON, with Content-Type: application/json.")
        return answer(422, told(first))

    app.add_middleware(Limited)


class Limited:
    """Refuses a body of more than a megabyte, whether its length was announced or not."""

    def __init__(self, app: App, most: int = LARGEST_BODY) -> None:
        self.app, self.most = app, most

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Serve one request."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read <= self.most:
                return message
            # An answer that is sent while the client still sends would be lost with the connection.
            while message.get("more_body") and read <= self.most * _PATIENCE:
                message = await receive()
                read += len(message.get("body", b""))
            raise HTTPException(413, f"The body is larger than {self.most:,} bytes: send less.")

        await self.app(scope, limited, send)


def _no_nul(text: str) -> str:
    if "\0" in text:
        raise ValueError("it holds a NUL character")
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _matches(pattern: str, wanted: str) -> AfterValidator:
    """Return a check of a text: it is all of this pattern, or a sentence says what is wanted."""

    def check(text: str) -> str:
        if not re.fullmatch(pattern, text):
            raise ValueError(wanted)
        return text

    return AfterValidator(check)


#: Short words of a person's: a name, a question.
Line = Annotated[str, StringConstraints(min_length=1, max_length=1000), AfterValidator(_no_nul)]
#: A document's text.
Text = Annotated[str, StringConstraints(min_length=1, max_length=200_000), AfterValidator(_no_nul)]
#: What names a document or a query.
Name = Annotated[
    str,
    StringConstraints(min_length=1),
    _matches(
        r"\w(?:[\w .-]{0,98}[\w.-])?",
        "it has 1 to 100 letters, digits, spaces, dots, dashes or underscores, and begins with a "
        "letter or a digit",
    ),
]
#: An address that a mail could be sent to.
Email = Annotated[
    str,
    StringConstraints(min_length=1),
    _matches(r"[^@\s\0]{1,100}@[^@\s\0]{1,100}", "an address looks like ann@example.com"),
]
