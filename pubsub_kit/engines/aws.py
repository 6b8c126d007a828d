"""How the kit talks to AWS, or to an emulator of it: boto3's clients, and what they say in words.

    sqs+sns://127.0.0.1:4566       an emulator such as ministack; it takes any credentials
    sqs+sns:///eu-west-1           AWS itself, in this region, with boto3's own credentials

The second form differs from the first in the endpoint and the credentials alone, and no test runs
it: what is said here of AWS itself is what its API references say.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from typing import Any, ClassVar

from pubsub_kit.broker.arguments import check_topic
from pubsub_kit.engines.adapter import Adapter
from pubsub_kit.engines.protocol import EngineError
from pubsub_kit.errors import brief

PORT = 4566  # which ministack listens on, unless it is told otherwise
DUMMY, REGION = "pubsub-kit", "us-east-1"  # what an emulator is told
TRIES = 3  # of a call to AWS; an emulator is on this machine, and gets one
THROTTLED = {"Throttling", "ThrottlingException", "RequestThrottled", "TooManyRequestsException"}
UNKNOWN = {
    "AuthFailure", "ExpiredToken", "ExpiredTokenException", "IncompleteSignature",
    "InvalidAccessKeyId", "InvalidClientTokenId", "InvalidSecurity", "MissingAuthenticationToken",
    "SignatureDoesNotMatch", "UnrecognizedClientException",
}  # fmt: skip


class AwsError(EngineError):
    """AWS refused a call; `code` is its name for why."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class Aws(Adapter):
    """A connection through boto3. Each call returns, or raises a sentence, within `timeout`."""

    #: What else than SQS it needs, as boto3 names it, and the options of its URL.
    service: ClassVar[str]
    options: ClassVar[tuple[str, ...]] = ()

    def open(self) -> None:
        """Make the clients, and see that the service answers."""
        if unknown := [*self.address.options.keys() - {*self.options}]:
            raise EngineError(
                f"{self.address.scheme}:// has the options {', '.join(self.options)}, not "
                f"{brief(unknown[0])}."
            )
        self.clients: list[Any] = []
        self._session = self._begun()
        try:
            self.sqs = self.client("sqs")
            self.polling = self.client("sqs", longer=math.ceil(min(self.wait, 20)))
            self.front = self.client(self.service)
            self.greet()
        except BaseException:
            self.shut()
            raise

    @abstractmethod
    def greet(self) -> None:
        """Make a call that fails unless the service is there and lets us in."""

    def shut(self) -> None:
        """Close the clients' sockets."""
        for client in self.clients:
            client.close()

    def client(self, service: str, longer: float = 0.0) -> Any:
        """Return a client whose answers may take `longer` than `timeout` seconds."""
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError

        tries = 1 if self.address.host else TRIES
        config = Config(
            connect_timeout=self.timeout / tries,
            read_timeout=self.timeout / tries + longer,
            retries={"mode": "standard", "total_max_attempts": tries},
            max_pool_connections=50,
        )
        try:
            found = self._session.client(service, config=config, endpoint_url=self._endpoint())
        except (BotoCoreError, ValueError) as error:
            raise self._translated(error) from None
        self.clients.append(found)
        return found

    def _endpoint(self) -> str | None:
        return f"http://{self.address.at(PORT)}" if self.address.host else None

    def _begun(self) -> Any:
        """Return a session: with dummy credentials for an emulator, else as boto3 is set up."""
        import boto3
        from botocore.exceptions import BotoCoreError

        known = {"region_name": self.address.path.strip("/") or None}
        if self.address.host:
            known["region_name"] = known["region_name"] or REGION
            known["aws_access_key_id"] = self.address.user or DUMMY
            known["aws_secret_access_key"] = self.address.password or DUMMY
        try:
            return boto3.session.Session(**known)
        except BotoCoreError as error:
            raise self._translated(error) from None

    def ask(self, client: Any, call: str, **arguments: Any) -> Any:
        """Return what a call answers; raises AwsError for a no, Unreachable for silence."""
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.parsers import ResponseParserError

        try:
            return getattr(client, call)(**arguments)
        except ClientError as error:
            raise self._refused(call, error.response) from None
        except (BotoCoreError, ResponseParserError, OSError) as error:
            raise self._translated(error) from None

    def _refused(self, call: str, response: Any) -> EngineError:
        said, status = response.get("Error", {}), response.get("ResponseMetadata", {})
        code = str(said.get("Code", "an error")).rpartition("#")[2]
        if status.get("HTTPStatusCode", 400) >= 500 or code in THROTTLED:
            return self.unreachable(f"{code}: {said.get('Message', '')}")
        if code in UNKNOWN:
            return EngineError(
                f"{self.engine} at {self.address.shown} does not know these credentials ({code}): "
                "look at AWS_PROFILE, at AWS_ACCESS_KEY_ID, or at what `aws configure` wrote."
            )
        return AwsError(
            f"{self.engine} refused {call} ({code}): {' '.join(str(said.get('Message')).split())}",
            code.rpartition(".")[2],
        )

    def _translated(self, error: Exception) -> EngineError:
        """Return what happened before there was an answer."""
        kind = type(error).__name__
        if "Credential" in kind or "Token" in kind or "SSO" in kind:
            return EngineError(
                f"boto3 found no credentials for {self.address.shown} ({error}): run `aws "
                "configure`, or name an emulator's HOST:PORT, which takes any."
            )
        if "Region" in kind or "Profile" in kind:
            return EngineError(
                f"boto3 has no region or profile for {self.address.shown} ({error}): write "
                f"{self.address.scheme}:///eu-west-1."
            )
        if "Validation" in kind or isinstance(error, ValueError):
            return EngineError(f"{self.engine} can't be asked this: {' '.join(str(error).split())}")
        return self.unreachable(" ".join(str(error).split()) or kind)

    def checked_topic(self, name: str, partitions: int | None) -> None:
        """Raise for a topic that can't be one; AWS has no partitions to count."""
        self.check(name)
        check_topic(partitions, None, None)
