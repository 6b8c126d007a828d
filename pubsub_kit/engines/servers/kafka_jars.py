"""Kafka's programs: Java files that Maven fetches once, and the two that we run from them."""

from __future__ import annotations

from pathlib import Path

from pubsub_kit.engines.servers import cache
from pubsub_kit.engines.servers.programs import Way, find, need
from pubsub_kit.engines.servers.wire import HOST

VERSION = "4.4.0"
_KEY = f"kafka-{VERSION}"
_WAY = Way(
    "apt-get install default-jre-headless maven",
    "brew install openjdk maven",
    f"-p {HOST}:9092:9092 apache/kafka:{VERSION}",
)
# The second one prints the log. Kafka brings none that does, and would end without a word.
_POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>pubsub-kit</groupId>
  <artifactId>kafka</artifactId>
  <version>1</version>
  <packaging>pom</packaging>
  <dependencies>
    <dependency>
      <groupId>org.apache.kafka</groupId>
      <artifactId>kafka_2.13</artifactId>
      <version>{VERSION}</version>
    </dependency>
    <dependency>
      <groupId>org.slf4j</groupId>
      <artifactId>slf4j-simple</artifactId>
      <version>1.7.36</version>
    </dependency>
  </dependencies>
</project>
"""
_COPY = ["dependency:copy-dependencies", "-DincludeScope=runtime", "-DoutputDirectory=jars"]
# A small broker that starts fast: it is to be stopped again soon.
_JVM = ["-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"]
_SIMPLE = "-Dorg.slf4j.simpleLogger."
_LOGGING = [
    f"{_SIMPLE}defaultLogLevel=warn",
    f"{_SIMPLE}log.org.apache.kafka.common.utils.AppInfoParser=info",
]


def missing() -> str | None:
    """Return what to install, or None: Java, and Maven unless the files are here already."""
    needed = ["java"] if cache.kept(_KEY) else ["java", "mvn"]
    return next((_sentence(name) for name in needed if find(name) is None), None)


def _sentence(program: str) -> str:
    return _WAY.missing("Kafka", {"java": "java (17 or newer)", "mvn": "mvn (Maven)"}[program])


def jars() -> Path:
    """Return the folder of Kafka's Java files, fetched now if need be; raises ServerError."""
    return cache.made(_KEY, f"Apache Kafka {VERSION} (43 MB) with Maven", _fetch) / "jars"


def _fetch(folder: Path) -> None:
    (folder / "pom.xml").write_text(_POM, encoding="utf-8")
    maven = need("mvn", _sentence("mvn"))
    cache.run([maven, "-q", "-B", *_COPY], folder, f"Fetching Kafka {VERSION} with Maven")


def java(program: str, *arguments: str | Path, heap: int = 512) -> list[str | Path]:
    """Return the command of one of Kafka's programs, with a heap of so many MB."""
    known = need("java", _sentence("java"))
    start: list[str | Path] = [known, f"-Xmx{heap}m", *_JVM, *_LOGGING]
    return [*start, "-cp", f"{jars()}/*", program, *arguments]


def format_folder(settings: Path, cluster: str) -> None:
    """Write a cluster's id into the folders of its data, once; raises ServerError."""
    command = java("kafka.tools.StorageTool", "format", "-t", cluster, "-c", settings)
    cache.run(command, settings.parent, "Preparing Kafka's folder")
