"""Holds manifests to schemas and to our rules, offline: `validate(text)`.

    Kubernetes' kinds   kubernetes-validate, strictly: no field that Kubernetes does not have
    KEDA's ScaledObject its CustomResourceDefinition, made strict in the same way: the file in keda/
                        is KEDA 2.21's own, unchanged, under the licence beside it
    both                rules.py

It needs the extra `test`. No cluster is asked, so no image, no quota and no admission rule is
checked: a manifest that passes may still be refused.
"""

from __future__ import annotations

import copy
import difflib
import re
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import Any

import kubernetes_validate
import yaml
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from pubsub_kit.errors import brief
from pubsub_kit.genai.deploy.rules import Resource, problems
from pubsub_kit.genai.deploy.worker import DeployError

KUBERNETES = "1.37"
KEDA = "keda.sh/v1alpha1"
_TYPES = {
    "object": "a mapping", "array": "a list", "string": "text", "integer": "a whole number",
    "number": "a number", "boolean": "true or false", "null": "nothing",
}  # fmt: skip


def validate(text: str, name: str = "manifest") -> list[str]:
    """Return what is wrong with the resources of a YAML file: a sentence each, none if all is well.

    Each names the file, the resource, the place in it, what is wrong there, and what to do. Our
    own rules are asked once the schemas accept all of the file. Raises DeployError for what is no
    text.
    """
    if not isinstance(text, str):
        raise DeployError(f"validate() takes the text of a YAML file, not {brief(text)}.")
    try:
        read = [each for each in yaml.safe_load_all(text) if each is not None]
    except yaml.YAMLError as error:
        return [f"{name}: it is not YAML: {_parsed(error)}. Correct that first."]
    if not read:
        return [f"{name}: it has no resource. Write at least one."]
    found, good = list[str](), list[Resource]()
    for number, each in enumerate(read, 1):
        if sentence := _stranger(each):
            found.append(f"{name}, resource {number}: {sentence}")
        elif errors := [*_errors(each)]:
            found += [_said(name, each, where, what) for where, what in errors]
        else:
            good.append(each)
    return found or [_said(name, each, *problem) for each, problem in problems(good)]


def _said(name: str, it: Resource, where: str, what: str) -> str:
    return f"{name}, {it['kind']} {it['metadata'].get('name')}, {where}: {what}"


def _parsed(error: yaml.YAMLError) -> str:
    mark, why = getattr(error, "problem_mark", None), getattr(error, "problem", None)
    return f"line {mark.line + 1}: {why}" if mark and why else " ".join(str(error).split())


def _stranger(it: Any) -> str | None:
    """Return why something is no resource that can be validated at all."""
    if not isinstance(it, dict):
        return f"{brief(it)} is no resource. Begin with apiVersion, kind and metadata."
    for key, pattern in (("apiVersion", r"[a-z0-9./-]+"), ("kind", r"[A-Za-z]+")):
        if not (isinstance(it.get(key), str) and re.fullmatch(pattern, it[key])):
            return f"{key} is {brief(it.get(key))}. Write it as in the documentation."
    if not isinstance(it.get("metadata"), dict) or not isinstance(it["metadata"].get("name"), str):
        return "metadata has no name, as text. Give it one."
    if (it["apiVersion"] == KEDA) != (it["kind"] == "ScaledObject"):
        return f"a ScaledObject is of {KEDA}, and only that is known of KEDA. Correct either."
    return None


def _errors(it: dict[str, Any]) -> Iterator[tuple[str, str]]:
    if it["apiVersion"] == KEDA:
        for error in Draft202012Validator(scaled_object()).iter_errors(it):
            yield _explained(error)
        return
    try:
        kubernetes_validate.validate(it, KUBERNETES, strict=True)
    except kubernetes_validate.ValidationError as error:
        yield _explained(error)
    except kubernetes_validate.SchemaNotFoundError:
        yield (
            "apiVersion",
            (f"Kubernetes {KUBERNETES} has no {it['kind']} in {it['apiVersion']}. Correct either."),
        )


@cache
def scaled_object() -> dict[str, Any]:
    """Return the schema of a ScaledObject, which refuses what it does not list."""
    source = files("pubsub_kit.genai.deploy") / "keda" / "keda.sh_scaledobjects.yaml"
    (version,) = yaml.safe_load(source.read_text(encoding="utf-8"))["spec"]["versions"]
    schema: dict[str, Any] = copy.deepcopy(version["schema"]["openAPIV3Schema"])
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    """Refuse unlisted fields wherever fields are listed; metadata is any mapping."""
    if isinstance(schema, dict):
        if isinstance(schema.get("properties"), dict):
            schema.setdefault("additionalProperties", False)
        for value in schema.values():
            _close(value)
    elif isinstance(schema, list):
        for value in schema:
            _close(value)


# ── sentences ───────────────────────────────────────────────────────────────────────────────────


def _explained(error: ValidationError) -> tuple[str, str]:
    """Return where a schema objects, and a sentence that says to what."""
    where = "".join(f"[{each}]" if isinstance(each, int) else f".{each}" for each in error.path)
    return where.lstrip(".") or "the resource", _what(error)


def _what(error: ValidationError) -> str:
    value: Any = error.instance
    schema: Any = error.schema
    rule: Any = error.validator_value
    if error.validator == "type":
        wanted = [rule] if isinstance(rule, str) else [each for each in rule if each != "null"]
        words = " or ".join(_TYPES.get(each, each) for each in wanted)
        bare = "string" in wanted and isinstance(value, int | float)
        quotes = " Put it in quotes." if bare else " Correct it."
        return f"it is {_yaml(value)}, and it has to be {words}.{quotes}"
    if error.validator == "additionalProperties":
        listed = [*schema.get("properties", {})]
        extra = [key for key in value if key not in listed]
        near = difflib.get_close_matches(str(extra[0]), listed, 1)
        return f"there is no field {brief(extra[0])} here. " + (
            f"Did you mean {near[0]}?" if near else "Leave it out."
        )
    if error.validator == "required":
        missing = [key for key in rule if key not in value]
        return f"{missing[0]} is missing. Add it."
    if error.validator == "enum":
        allowed = ", ".join(str(each) for each in rule if each is not None)
        return f"it is {_yaml(value)}, and it has to be one of {allowed}. Correct it."
    if error.validator == "minItems":
        return "it is empty. Give at least one."
    return f"{' '.join(error.message.split())}. Correct it."


def _yaml(value: object) -> str:
    """Return a value in a few words, as a manifest has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "empty"
    return "a mapping" if isinstance(value, dict) else brief(value)
