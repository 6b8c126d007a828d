"""The manifests that the kit ships, as text: `manifest("indexer")`, or one resource of it."""

from __future__ import annotations

import re
from importlib.resources import files

from pubsub_kit.errors import brief
from pubsub_kit.genai.deploy.worker import DeployError

#: The kit's manifests, in the order in which a cluster would be given them.
NAMES = ("pipeline", "api", "indexer", "backfill", "agent")


def manifest(name: str, kind: str | None = None) -> str:
    """Return a manifest's text; with `kind`, that of its one resource of this kind.

    Raises DeployError where there is no such manifest, or no such resource in it.
    """
    if name not in NAMES:
        raise DeployError(f"There is no manifest {brief(name)}: there are {', '.join(NAMES)}.")
    found = files("pubsub_kit.genai.deploy") / "manifests" / f"{name}.yaml"
    text = found.read_text(encoding="utf-8")
    if kind is None:
        return text
    parts = {_kind(part): part for part in text.split("---\n")}
    if not isinstance(kind, str) or kind not in parts:
        raise DeployError(f"{name} has no {brief(kind)}: it has {', '.join(parts)}.")
    return parts[kind]


def _kind(part: str) -> str:
    found = re.search(r"^kind: (\w+)$", part, re.MULTILINE)
    assert found
    return found[1]
