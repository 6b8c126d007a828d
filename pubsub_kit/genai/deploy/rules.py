"""What no schema knows of a manifest: a scaler's keys, and what has to agree between resources.

`problems` yields a place and a sentence each, for resources that their schemas accept.

    a ScaledObject     the Kafka scaler's keys and values; and, beside the consumer that it scales,
                       no more replicas than partitions, the same topic, group and start
    a consumer         a grace period above the lease (with a preStop, above both together), and
                       the variables that the worker reads
    any Deployment     a selector that selects its own pods
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pubsub_kit.errors import brief
from pubsub_kit.genai.deploy.worker import Job

Resource = Mapping[str, Any]
Problem = tuple[str, str]  # where, and a sentence
Trigger = tuple[str, Mapping[str, str]]  # where, and its metadata

# Of KEDA 2.21's scaler for Kafka. What each value may be: a pattern, and its words.
_TEXT = r"(?s).+", "text"
_COUNT = r"0*[1-9]\d*", "a whole number from 1 up, as text"
_FROM_0 = r"\d+", "a whole number from 0 up, as text"
_FLAG = r"true|false", '"true" or "false", as text'
KEYS: dict[str, tuple[str, str]] = {
    "bootstrapServers": (r"[^\s,:/]+:\d+(\s*,\s*[^\s,:/]+:\d+)*", "HOST:PORT, with commas between"),
    "consumerGroup": _TEXT,
    "topic": _TEXT,
    "partitionLimitation": (r"\s*\d+(-\d+)?(\s*,\s*\d+(-\d+)?)*\s*", "partitions such as 0,2-4"),
    "lagThreshold": _COUNT,
    "activationLagThreshold": _FROM_0,
    "offsetResetPolicy": (r"latest|earliest", "latest or earliest"),
    **dict.fromkeys(
        ("allowIdleConsumers", "excludePersistentLag", "scaleToZeroOnInvalidOffset",
         "limitToPartitionsWithLag", "ensureEvenDistributionOfPartitions", "fullMetadata",
         "unsafeSsl"),
        _FLAG,
    ),
    "version": (r"\d+(\.\d+)+", "a version such as 2.8.0"),
    "tls": (r"enable|disable", "enable or disable"),
    "sasl": (
        r"none|plaintext|scram_sha256|scram_sha512|oauthbearer|gssapi",
        "none, plaintext, scram_sha256, scram_sha512, oauthbearer or gssapi",
    ),
    "saslTokenProvider": (r"bearer|aws_msk_iam", "bearer or aws_msk_iam"),
    "awsRegion": _TEXT,
    **dict.fromkeys(("bootstrapServersFromEnv", "consumerGroupFromEnv", "topicFromEnv"), _TEXT),
}  # fmt: skip
#: What it takes from a TriggerAuthentication alone.
SECRETS = {
    "ca", "cert", "key", "keyPassword", "username", "password", "scopes", "oauthTokenEndpointUri",
    "oauthExtensions", "keytab", "ccacheName", "realm", "kerberosConfig", "kerberosServiceName",
    "kerberosDisableFAST",
}  # fmt: skip
MOST = 100  # replicas, where maxReplicaCount is not given
GRACE = 30  # seconds, where terminationGracePeriodSeconds is not given


def problems(resources: Sequence[Resource]) -> Iterator[tuple[Resource, Problem]]:
    """Yield what is wrong with resources of one file, each with its resource."""
    for each in resources:
        found: Iterator[Problem] = iter(())
        if each["kind"] == "Deployment" and each.get("spec"):
            found = _deployment(each)
        elif each["kind"] == "ScaledObject":
            found = _scaled(each, resources)
        yield from ((each, problem) for problem in found)


# ── a deployment ────────────────────────────────────────────────────────────────────────────────


def _pod(deployment: Resource) -> Mapping[str, Any]:
    return (deployment["spec"].get("template") or {}).get("spec") or {}


def _listed(them: Any) -> list[Mapping[str, Any]]:
    """Return a list's mappings: the schemas let an item be empty."""
    return [each for each in them or [] if each]


def _consumer(deployment: Resource) -> tuple[dict[str, str], Mapping[str, Any]]:
    """Return the environment and the container of a worker; empty where there is none."""
    for container in _listed(_pod(deployment).get("containers")):
        given = {each["name"]: each.get("value") or "" for each in _listed(container.get("env"))}
        if "PUBSUB_GROUP" in given:
            return given, container
    return {}, {}


def _deployment(it: Resource) -> Iterator[Problem]:
    selector = it["spec"].get("selector") or {}
    wanted = selector.get("matchLabels") or {}
    if not wanted and not selector.get("matchExpressions"):
        yield "spec.selector", "it selects nothing, which is refused. Write matchLabels."
    labels = ((it["spec"].get("template") or {}).get("metadata") or {}).get("labels") or {}
    if missing := [key for key in wanted if labels.get(key) != wanted[key]]:
        advice = "Write the same in spec.template.metadata.labels."
        said = f"{missing[0]}={wanted[missing[0]]} is no label of its own pods. {advice}"
        yield "spec.selector.matchLabels", said
    given, container = _consumer(it)
    if not given:
        return
    yield from _environment(given)
    lease = _number(given.get("PUBSUB_LEASE", ""), Job._field_defaults["lease"])
    if lease is None:
        yield "PUBSUB_LEASE", f"{brief(given['PUBSUB_LEASE'])} is no number of seconds. Write one."
        return
    hook = (container.get("lifecycle") or {}).get("preStop") or {}
    waits = (hook.get("sleep") or {}).get("seconds") or 0
    grace = _pod(it).get("terminationGracePeriodSeconds")
    grace = GRACE if grace is None else grace
    if grace <= lease + waits:
        spent = f"PUBSUB_LEASE is {lease:g} s" + (f", and preStop takes {waits} s" if waits else "")
        advice = f"Set it above {lease + waits:g}, or SIGKILL ends what is not finished by then."
        said = f"{grace} s of grace are too few: {spent}. {advice}"
        yield "spec.template.spec.terminationGracePeriodSeconds", said


def _environment(given: Mapping[str, str]) -> Iterator[Problem]:
    """Yield what the worker would not find in its environment, and what is misspelt there."""
    known = [f"PUBSUB_{name.upper()}" for name in Job._fields]
    for key in {*given} - {*known}:
        if near := difflib.get_close_matches(key, known, 1, 0.8):
            yield key, f"the worker reads no such variable. Did you mean {near[0]}?"
    for key in ("PUBSUB_TOPIC", "PUBSUB_HANDLER"):
        if not given.get(key):
            yield key, "it is missing, and the worker would not start. Set it."


def _number(text: str, default: float) -> float | None:
    if not text:
        return default
    return float(text) if re.fullmatch(r"\d+(\.\d+)?", text) else None


# ── a ScaledObject ──────────────────────────────────────────────────────────────────────────────


def _scaled(it: Resource, resources: Sequence[Resource]) -> Iterator[Problem]:
    spec = it["spec"]
    least, most = spec.get("minReplicaCount", 0), spec.get("maxReplicaCount", MOST)
    if not 0 <= least <= most:
        said = f"it is {least} and maxReplicaCount is {most}. Set 0 ≤ min ≤ max."
        yield "spec.minReplicaCount", said
    kafka = []
    for place, trigger in enumerate(spec["triggers"]):
        kind, where = trigger["type"], f"spec.triggers[{place}]"
        if kind == "kafka":
            kafka.append((f"{where}.metadata", trigger["metadata"]))
            yield from _kafka(f"{where}.metadata", trigger["metadata"])
        elif kind != "apache-kafka" and difflib.get_close_matches(kind.lower(), ["kafka"]):
            yield f"{where}.type", f"{brief(kind)} is no scaler of KEDA. Did you mean kafka?"
    if kafka:
        yield from _together(it, most, kafka, resources)


def _kafka(where: str, given: Mapping[str, str]) -> Iterator[Problem]:
    for key, value in given.items():
        if key in SECRETS:
            yield f"{where}.{key}", "it is not read here. Put it into a TriggerAuthentication."
        elif key not in KEYS:
            near = difflib.get_close_matches(key, KEYS, 1)
            advice = f"Did you mean {near[0]}?" if near else f"It knows {', '.join(KEYS)}."
            yield f"{where}.{key}", f"KEDA's Kafka scaler has no such key. {advice}"
        elif not re.fullmatch(KEYS[key][0], value):
            yield f"{where}.{key}", f"it is {brief(value)}. It has to be {KEYS[key][1]}."
    for key in ("bootstrapServers", "consumerGroup"):
        if key not in given and f"{key}FromEnv" not in given:
            yield f"{where}.{key}", "it is missing, and KEDA's Kafka scaler needs it. Add it."
    if given.get("limitToPartitionsWithLag") == "true":
        for key in ("allowIdleConsumers", "ensureEvenDistributionOfPartitions"):
            if given.get(key) == "true":
                yield f"{where}.{key}", "it contradicts limitToPartitionsWithLag. Leave one out."


def _together(
    it: Resource, most: int, kafka: list[Trigger], resources: Sequence[Resource]
) -> Iterator[Problem]:
    """Yield what does not agree with the consumer that is scaled."""
    name = it["spec"]["scaleTargetRef"]["name"]
    scaled = [
        each for each in resources
        if each["kind"] == "Deployment" and each["metadata"]["name"] == name and each.get("spec")
    ]  # fmt: skip
    if not scaled:
        advice = "Keep both in one file, so that topic, group and partitions can be compared."
        said = f"there is no Deployment {brief(name)} in this file. {advice}"
        yield "spec.scaleTargetRef.name", said
        return
    if scaled[0]["spec"].get("replicas") is not None:
        said = (
            "it sets replicas as well, so each apply sets back what KEDA has set. Leave them out."
        )
        yield "spec.scaleTargetRef.name", f"Deployment {brief(name)}: {said}"
    given, _ = _consumer(scaled[0])
    if not given:
        said = f"Deployment {brief(name)} has no worker: no container has PUBSUB_GROUP. Set it."
        yield "spec.scaleTargetRef.name", said
        return
    topic, partitions = given.get("PUBSUB_TOPIC"), given.get("PUBSUB_PARTITIONS", "")
    if not re.fullmatch(r"[1-9]\d{0,8}", partitions):
        said = f"PUBSUB_PARTITIONS of Deployment {brief(name)} is no number from 1 up. Set it."
        yield "spec.maxReplicaCount", said
    elif most > int(partitions):
        said = f"{most} replicas are more than the {partitions} partitions of {topic!r}"
        advice = f"the others would get none. Set it to {partitions} at most."
        yield "spec.maxReplicaCount", f"{said}: {advice}"
    wanted = {"topic": topic, "consumerGroup": f"{topic}/{given['PUBSUB_GROUP']}"}
    for where, metadata in kafka:
        for key, value in wanted.items():
            if key in metadata and metadata[key] != value:
                said = f"it is {brief(metadata[key])}, and the worker's is {brief(value)}."
                yield f"{where}.{key}", f"{said} Write the worker's."
        policy = metadata.get("offsetResetPolicy", "latest")
        if policy != (start := given.get("PUBSUB_START") or Job._field_defaults["start"]):
            said = f"it is {brief(policy)}, and a new group of the worker starts at {brief(start)}."
            yield f"{where}.offsetResetPolicy", f"{said} Write the worker's."
