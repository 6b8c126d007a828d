"""The manifests, and what validates them: ours are valid, and each slip gets a sentence."""

from __future__ import annotations

import copy
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from pubsub_kit.engines.address import address_of
from pubsub_kit.genai.deploy.__main__ import job_of, main
from pubsub_kit.genai.deploy.files import NAMES, manifest
from pubsub_kit.genai.deploy.rules import KEYS, SECRETS
from pubsub_kit.genai.deploy.validation import KUBERNETES, scaled_object, validate
from pubsub_kit.genai.deploy.worker import DeployError, Job

CONSUMERS = ("indexer", "backfill", "agent")
SETTINGS: dict[str, str] = yaml.safe_load(manifest("pipeline"))["data"]


def parts(name: str) -> list[Any]:
    return [*yaml.safe_load_all(manifest(name))]


def pod(name: str) -> Any:
    return parts(name)[0]["spec"]["template"]["spec"]


def given(name: str) -> dict[str, str]:
    (container,) = pod(name)["containers"]
    return {each["name"]: each["value"] for each in container["env"]}


# ── ours ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_ours_is_valid_and_says_that_it_was_not_deployed(name: str) -> None:
    text = manifest(name)
    assert validate(text, f"{name}.yaml") == []
    first = re.sub(r"\n#", "", re.split(r"\n(#\n|[^#])", text)[0])
    keda = " and KEDA 2.21" if "keda.sh" in text else ""
    schema = "schemas" if keda else "schema"
    assert first == (
        f"# Validated against the {schema} of Kubernetes {KUBERNETES}{keda}. It has not been "
        "deployed to a cluster."
    )


@pytest.mark.parametrize("name", CONSUMERS)
def test_a_consumer_is_a_job_of_the_worker(name: str) -> None:
    job = job_of([], {**SETTINGS, **given(name)})
    assert job.url.startswith("kafka://")
    assert (job.partitions, job.start, job.alive) == (6, "earliest", "/tmp/alive")
    assert job.lease < pod(name)["terminationGracePeriodSeconds"]
    (container,) = pod(name)["containers"]
    assert container["command"] == ["python3", "-m", "pubsub_kit.genai.deploy", "worker"]


@pytest.mark.parametrize("name", CONSUMERS)
def test_keda_asks_the_engine_that_the_worker_reads(name: str) -> None:
    (trigger,) = parts(name)[1]["spec"]["triggers"]
    address = address_of(SETTINGS["PUBSUB_URL"])
    assert trigger["metadata"]["bootstrapServers"] == f"{address.host}:{address.port}"


@pytest.mark.parametrize("name", CONSUMERS)
@pytest.mark.skipif(sys.platform == "win32", reason="the probes are commands of Linux")
def test_the_probe_restarts_a_worker_whose_file_is_older_than_its_lease(
    name: str, tmp_path: Path
) -> None:
    (container,) = pod(name)["containers"]
    alive, lease = tmp_path / "alive", float(given(name)["PUBSUB_LEASE"])

    def healthy(probe: str, age: float | None) -> bool:
        alive.unlink(missing_ok=True)
        if age is not None:
            alive.touch()
            os.utime(alive, (time.time() - age,) * 2)
        command = [w.replace("/tmp/alive", str(alive)) for w in container[probe]["exec"]["command"]]
        done = subprocess.run(command, check=False, capture_output=True)
        return done.returncode == 0

    assert [healthy("startupProbe", age) for age in (None, 0)] == [False, True]
    assert [healthy("livenessProbe", age) for age in (0, lease, 3600)] == [True, True, False]


def test_no_container_may_more_than_it_needs() -> None:
    for name in ("api", *CONSUMERS):
        assert pod(name)["automountServiceAccountToken"] is False
        assert pod(name)["securityContext"]["runAsNonRoot"] is True
        (container,) = pod(name)["containers"]
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }


def test_a_manifest_is_read_whole_or_one_resource_of_it() -> None:
    assert yaml.safe_load(manifest("indexer", "ScaledObject")) == parts("indexer")[1]
    assert manifest("api") == "---\n".join(manifest("api", k) for k in ("Deployment", "Service"))
    with pytest.raises(DeployError, match=r"no manifest 'index': there are pipeline, api, "):
        manifest("index")
    with pytest.raises(DeployError, match=r"api has no 'Job': it has Deployment, Service\."):
        manifest("api", "Job")


# ── slips ───────────────────────────────────────────────────────────────────────────────────────

SLIPS = [
    # what is there, what is written instead, where and what is said
    ('lagThreshold: "20"', "lagThreshold: 20", "ScaledObject indexer, spec.triggers[0].metadata."
     "lagThreshold: it is 20, and it has to be text. Put it in quotes."),
    ('lagThreshold: "20"', 'lagTreshold: "20"', "ScaledObject indexer, spec.triggers[0].metadata."
     "lagTreshold: KEDA's Kafka scaler has no such key. Did you mean lagThreshold?"),
    ('lagThreshold: "20"', 'lagThreshold: "0"', "ScaledObject indexer, spec.triggers[0].metadata."
     "lagThreshold: it is '0'. It has to be a whole number from 1 up, as text."),
    ('lagThreshold: "20"', 'password: "20"', "ScaledObject indexer, spec.triggers[0].metadata."
     "password: it is not read here. Put it into a TriggerAuthentication."),
    ("        topic: documents\n", "        topic: orders\n", "ScaledObject indexer, spec.triggers"
     "[0].metadata.topic: it is 'orders', and the worker's is 'documents'. Write the worker's."),
    ("documents/indexer", "indexer", "ScaledObject indexer, spec.triggers[0].metadata.consumerGroup"
     ": it is 'indexer', and the worker's is 'documents/indexer'. Write the worker's."),
    ("        consumerGroup: documents/indexer\n", "", "ScaledObject indexer, spec.triggers[0]."
     "metadata.consumerGroup: it is missing, and KEDA's Kafka scaler needs it. Add it."),
    ("        offsetResetPolicy: earliest\n", "", "ScaledObject indexer, spec.triggers[0].metadata."
     "offsetResetPolicy: it is 'latest', and a new group of the worker starts at 'earliest'. Write "
     "the worker's."),
    ("type: kafka", "type: Kafka", "ScaledObject indexer, spec.triggers[0].type: 'Kafka' is no "
     "scaler of KEDA. Did you mean kafka?"),
    ("maxReplicaCount: 6", "maxReplicaCount: 7", "ScaledObject indexer, spec.maxReplicaCount: 7 "
     "replicas are more than the 6 partitions of 'documents': the others would get none. Set it to "
     "6 at most."),
    ("  maxReplicaCount: 6\n", "", "ScaledObject indexer, spec.maxReplicaCount: 100 replicas are "
     "more than the 6 partitions of 'documents': the others would get none. Set it to 6 at most."),
    ("minReplicaCount: 1", "minReplicaCount: 7", "ScaledObject indexer, spec.minReplicaCount: it "
     "is 7 and maxReplicaCount is 6. Set 0 ≤ min ≤ max."),
    ("maxReplicaCount: 6", "maxReplicaCount: six", "ScaledObject indexer, spec.maxReplicaCount: it "
     "is 'six', and it has to be a whole number. Correct it."),
    ("maxReplicaCount: 6", "maxReplicas: 6", "ScaledObject indexer, spec: there is no field "
     "'maxReplicas' here. Did you mean maxReplicaCount?"),
    ('value: "6"', 'value: "six"', "ScaledObject indexer, spec.maxReplicaCount: PUBSUB_PARTITIONS "
     "of Deployment 'indexer' is no number from 1 up. Set it."),
    ("  scaleTargetRef:\n    name: indexer", "  scaleTargetRef:\n    name: index", "ScaledObject "
     "indexer, spec.scaleTargetRef.name: there is no Deployment 'index' in this file. Keep both in "
     "one file, so that topic, group and partitions can be compared."),
    ("  selector:", "  replicas: 3\n  selector:", "ScaledObject indexer, spec.scaleTargetRef.name: "
     "Deployment 'indexer': it sets replicas as well, so each apply sets back what KEDA has set. "
     "Leave them out."),
    ("PeriodSeconds: 45", "PeriodSeconds: 30", "Deployment indexer, spec.template.spec."
     "terminationGracePeriodSeconds: 30 s of grace are too few: PUBSUB_LEASE is 30 s. Set it above "
     "30, or SIGKILL ends what is not finished by then."),
    ("      terminationGracePeriodSeconds: 45\n", "", "Deployment indexer, spec.template.spec."
     "terminationGracePeriodSeconds: 30 s of grace are too few: PUBSUB_LEASE is 30 s. Set it above "
     "30, or SIGKILL ends what is not finished by then."),
    ("          resources:", "          lifecycle: {preStop: {sleep: {seconds: 20}}}\n"
     "          resources:", "Deployment indexer, spec.template.spec."
     "terminationGracePeriodSeconds: 45 s of grace are too few: PUBSUB_LEASE is 30 s, and "
     "preStop takes 20 s. Set it above 50, or SIGKILL ends what is not finished by then."),
    ("PeriodSeconds: 45", "PeriodSeconds: soon", "Deployment indexer, spec.template.spec."
     "terminationGracePeriodSeconds: it is 'soon', and it has to be a whole number. Correct it."),
    ("GracePeriodSeconds: 45", "GracePeriod: 45", "Deployment indexer, spec.template.spec: there "
     "is no field 'terminationGracePeriod' here. Did you mean terminationGracePeriodSeconds?"),
    ('value: "30"', "value: 30", "Deployment indexer, spec.template.spec.containers[0].env[3].value"
     ": it is 30, and it has to be text. Put it in quotes."),
    ('value: "30"', 'value: "30s"', "Deployment indexer, PUBSUB_LEASE: '30s' is no number of "
     "seconds. Write one."),
    ("name: PUBSUB_LEASE", "name: PUBSUB_LEESE", "Deployment indexer, PUBSUB_LEESE: the worker "
     "reads no such variable. Did you mean PUBSUB_LEASE?"),
    ("drop: [ALL]", "drop: ALL", "Deployment indexer, spec.template.spec.containers[0]."
     "securityContext.capabilities.drop: it is 'ALL', and it has to be a list. Correct it."),
    ("  selector:\n    matchLabels:\n      app.kubernetes.io/name: indexer", "  selector:\n    "
     "matchLabels:\n      app: indexer", "Deployment indexer, spec.selector.matchLabels: "
     "app=indexer is no label of its own pods. Write the same in spec.template.metadata.labels."),
    ("apiVersion: apps/v1", "apiVersion: apps/v2", "Deployment indexer, apiVersion: Kubernetes "
     "1.37 has no Deployment in apps/v2. Correct either."),
]  # fmt: skip


@pytest.mark.parametrize(("there", "instead", "says"), SLIPS, ids=range(len(SLIPS)))
def test_a_slip_gets_one_sentence(there: str, instead: str, says: str) -> None:
    text = manifest("indexer")
    assert there in text
    expected = [f"indexer.yaml, {says}"]
    assert validate(text.replace(there, instead, 1), "indexer.yaml") == expected


@pytest.mark.parametrize(
    ("triggers", "says"),
    [
        ("", "spec: triggers is missing. Add it."),
        ("  triggers: []\n", "spec.triggers: it is empty. Give at least one."),
    ],
)
def test_a_scaled_object_without_triggers_is_refused(triggers: str, says: str) -> None:
    text = manifest("agent").split("  triggers:")[0]
    assert validate(text + triggers) == [f"manifest, ScaledObject agent, {says}"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "it has no resource"),
        ("---\n---\n", "it has no resource"),
        ("a: [", "it is not YAML: line 1: "),
        ("a\x00b", "it is not YAML: "),
        ("- a", r"resource 1: \['a'\] is no resource"),
        ("kind: Pod", "apiVersion is None"),
        ("apiVersion: v1\nkind: ../x\nmetadata: {name: a}", r"kind is '\.\./x'"),
        ("apiVersion: v1\nkind: Pod", "metadata has no name"),
        (
            "apiVersion: keda.sh/v1alpha1\nkind: ScaledJob\nmetadata: {name: a}",
            "only that is known",
        ),
        ("apiVersion: v1\nkind: ScaledObject\nmetadata: {name: a}", "is of keda.sh/v1alpha1"),
    ],
)
def test_what_is_no_manifest_gets_a_sentence(text: str, says: str) -> None:
    (found,) = validate(text, "mine.yaml")
    assert re.match(rf"mine\.yaml[:,] .*{says}", found)


def test_lists_of_keys_do_not_overlap_and_have_what_the_documentation_begins_with() -> None:
    assert not SECRETS & {*KEYS}
    assert {"bootstrapServers", "consumerGroup", "topic", "lagThreshold"} <= {*KEYS}


# ── anything at all ─────────────────────────────────────────────────────────────────────────────


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in inside:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def changed(whole: Any, path: tuple[Any, ...], value: Any) -> Any:
    whole = copy.deepcopy(whole)
    within = whole
    for key in path[:-1]:
        within = within[key]
    within[path[-1]] = value
    return whole


@pytest.mark.parametrize("name", ["indexer", "api"])
def test_whatever_stands_anywhere_is_answered_in_sentences(name: str) -> None:
    whole, rng = parts(name), Random(0)
    odd = [None, 7, -1, "text", [], {}, [None], {"a": None}, True, float("inf")]
    for path in rng.sample([*places(whole)], 20):
        found = validate(yaml.safe_dump_all(changed(whole, path, rng.choice(odd))), "x.yaml")
        assert all(re.match(r"x\.yaml[:,] .*[.?]$", each) for each in found), path


def test_a_field_that_keda_does_not_list_is_refused_at_every_place() -> None:
    schema = scaled_object()
    its_own = {"metadata", "conditions"}  # any mapping; what KEDA itself writes

    def mappings(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
        if "properties" in node:
            assert node["additionalProperties"] is False
            yield path
            for key, value in node["properties"].items():
                if key not in its_own:
                    yield from mappings(value, (*path, key))

    assert {(), ("spec",), ("spec", "scaleTargetRef"), ("spec", "fallback")} <= {*mappings(schema)}
    whole = parts("agent")
    for path in places(whole):
        if path[0] == 1 and path[1:2] == ("spec",) and isinstance(path[-1], str):
            (*above, _) = path
            found = validate(yaml.safe_dump_all(changed(whole, (*above, "surprise"), "x")))
            assert len(found) == 1, path
            assert "surprise" in found[0]


# ── the command ─────────────────────────────────────────────────────────────────────────────────


def test_the_command_validates_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.yaml", tmp_path / "bad.yaml"
    good.write_text(manifest("agent"), encoding="utf-8")
    bad.write_text(manifest("agent").replace("maxReplicaCount: 6", "maxReplicaCount: 9"))
    assert main(["validate", str(good)]) == 0
    assert capsys.readouterr().out == f"Valid by schema, not deployed: {good}.\n"
    assert main(["validate", str(good), str(bad)]) == 1
    assert capsys.readouterr().out.startswith("bad.yaml, ScaledObject agent, spec.maxReplicaCount:")
    assert main(["validate", str(tmp_path / "none.yaml")]) == 2
    assert "none.yaml can't be read" in capsys.readouterr().err


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "kubernetes_validate", None)
    monkeypatch.delitem(sys.modules, "pubsub_kit.genai.deploy.validation")
    assert main(["validate", "x.yaml"]) == 2
    assert "pip install 'pubsub-kit[test]'" in capsys.readouterr().err


def test_each_setting_of_a_job_is_explained() -> None:
    assert main.__module__
    doc = sys.modules[main.__module__].__doc__ or ""
    for name in Job._fields:
        assert f"--{name.replace('_', '-')} " in doc
        assert f"(PUBSUB_{name.upper()})" in doc
