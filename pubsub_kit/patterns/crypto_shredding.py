"""Crypto-shredding: data is sealed with a key of its own, and is noise once the key is deleted."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from pubsub_kit.errors import PubSubKitError


def key_of(who: str) -> str:
    """Return a key of 256 bits in hex: here from a name, so that each run is the same."""
    return sha256(f"a key for {who}".encode()).hexdigest()


class NotSealed(PubSubKitError):
    """What can't be sealed or unsealed, for it is no key, no id or no data: nothing was done."""


def _cipher(key: str) -> AESGCM:
    try:
        return AESGCM(bytes.fromhex(key))
    except (TypeError, ValueError):
        raise NotSealed("a key is 64 hex digits, as key_of(who) gives them") from None


def seal(key: str, id: str, data: Mapping[str, Any]) -> str:
    """Encrypt data for one event: AES-GCM, which refuses it under another key or another id.

    Raises NotSealed for a key that is none, an id that is no text, and data that is no JSON.
    """
    if not isinstance(id, str) or not isinstance(data, Mapping):
        raise NotSealed("seal(key, id, data) takes the event's id as text, and its data as a dict")
    try:
        plain = json.dumps(data, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise NotSealed(f"only JSON can be sealed: {error}") from None
    nonce = sha256(id.encode()).digest()[:12]  # in life: os.urandom(12), never twice with one key
    sealed = _cipher(key).encrypt(nonce, plain, id.encode())
    return (nonce + sealed).hex()


def unseal(key: str | None, id: str, sealed: str) -> dict[str, Any] | None:
    """Decrypt an event's data, or return None where the key or the id is another one, or no key.

    Raises NotSealed for what seal() has not returned, and for a key or an id that is none.
    """
    if not isinstance(sealed, str) or not isinstance(id, str):
        raise NotSealed("unseal(key, id, sealed) takes the event's id, and what seal() returned")
    if key is None or key == "":  # an empty row is what some stores keep of a deleted one
        return None
    try:
        raw = bytes.fromhex(sealed)
        return dict(json.loads(_cipher(key).decrypt(raw[:12], raw[12:], id.encode())))
    except InvalidTag:
        return None
    except ValueError:
        raise NotSealed("this is not what seal() returned: it is hex digits") from None
