"""The file for Docker: each engine as a container, for this machine alone. No container is run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from pubsub_kit.engines.address import address_of
from pubsub_kit.engines.servers import NAMES
from pubsub_kit.engines.servers.kafka_jars import VERSION

FILE = Path(__file__).resolve().parents[3] / "docs" / "compose.yaml"
TEXT = FILE.read_text(encoding="utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, Any] = COMPOSE["services"]
# A subset of what https://github.com/compose-spec/compose-spec allows in a service.
KEYS = {"image", "ports", "command", "environment"}
IMAGE = re.compile(r"[a-z0-9.-]+(/[a-z0-9._-]+)*(:[\w][\w.-]*)?")
PORT = re.compile(r"127\.0\.0\.1:(\d+):(\d+)")


def test_it_has_each_engine_and_nothing_that_docker_does_not_know() -> None:
    assert set(COMPOSE) == {"name", "services"}
    assert tuple(SERVICES) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_a_service_has_an_image_and_ports_of_this_machine_alone(name: str) -> None:
    service = SERVICES[name]
    assert {"image", "ports"} <= set(service) <= KEYS
    assert IMAGE.fullmatch(service["image"])
    ports = [PORT.fullmatch(port) for port in service["ports"]]
    assert all(port and port[1] == port[2] and int(port[1]) < 65_536 for port in ports)
    assert all(isinstance(word, str) for word in service.get("command", []))


def test_no_two_services_share_a_port() -> None:
    ports = [port for service in SERVICES.values() for port in service["ports"]]
    assert len(ports) == len(set(ports))


@pytest.mark.parametrize("name", NAMES)
def test_the_url_beside_a_service_leads_to_its_first_port(name: str) -> None:
    (url,) = re.findall(rf'^  {name}: #.*connect\("([^"]+)"\)', TEXT, re.MULTILINE)
    assert f":{address_of(url).port}:" in SERVICES[name]["ports"][0]


def test_it_runs_the_kafka_that_the_kit_runs_and_says_that_ci_does_not() -> None:
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{VERSION}"
    assert "CI starts no container" in TEXT
