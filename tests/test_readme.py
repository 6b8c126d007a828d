"""What README and the files around it promise is there: links, badges, the same dependencies."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "authoring").glob("*.md")})
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# The one without a desktop toolkit, and one that conda spells otherwise.
CONDA_NAMES = {"matplotlib": "matplotlib-base", "jupyter-client": "jupyter_client"}


def project() -> dict[str, Any]:
    """Return the [project] table of pyproject.toml."""
    with (ROOT / "pyproject.toml").open("rb") as file:
        table: dict[str, Any] = tomllib.load(file)["project"]
    return table


def slug() -> str:
    """Return owner/name of the repository, as pyproject.toml says it."""
    address: str = project()["urls"]["Homepage"]
    return urlsplit(address).path.strip("/")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_local_link_leads_somewhere(page: Path) -> None:
    targets = [target for target in LINK.findall(page.read_text()) if "://" not in target]
    missing = [target for target in targets if not (page.parent / target.split("#")[0]).exists()]
    assert missing == []


def test_the_badges_open_a_notebook_that_is_there() -> None:
    opened = {urlsplit(url).netloc: url for url in LINK.findall(README) if ".ipynb" in url}
    binder, colab = opened["mybinder.org"], opened["colab.research.google.com"]
    (page,) = parse_qs(urlsplit(binder).query)["urlpath"]
    assert (ROOT / page.removeprefix("lab/tree/")).is_file()
    assert (ROOT / colab.partition("/blob/main/")[2]).is_file()


def test_every_address_of_the_repository_is_the_same() -> None:
    said = re.findall(r"github\.com/([\w.-]+/[\w.-]+?)(?=[/\s)]|\.git)", README)
    said += re.findall(r"(?:/v2/gh|/github)/([\w.-]+/[\w.-]+)/", README)
    assert len(said) >= 3
    assert set(said) == {slug()}
    assert all(f"github.com/{slug()}" in url for url in project()["urls"].values())


def test_the_commands_of_readme_are_commands() -> None:
    from pubsub_kit.__main__ import COMMANDS

    named = re.findall(r"python3 -m pubsub_kit (\w+)", README)
    assert {"lab", "test"} <= set(named) <= set(COMMANDS)


def conda_dependencies() -> list[str]:
    """Return the conda specs of environment.yml."""
    listed = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    return [spec for spec in listed if isinstance(spec, str)]


def test_conda_installs_what_pip_installs() -> None:
    wanted = {"python =3.12", "pip"}
    for requirement in project()["dependencies"]:
        name, lowest = requirement.split(">=")
        wanted.add(f"{CONDA_NAMES.get(name, name)} >={lowest}")
    assert set(conda_dependencies()) == wanted


def test_conda_reads_each_line_as_it_is_meant() -> None:
    for spec in conda_dependencies():
        name, _, version = spec.partition(" ")
        spelled_out = f'{name}[version="{version}"]' if version else name
        assert str(MatchSpec(spec, strict=True)) == str(MatchSpec(spelled_out))


def test_conda_installs_a_python_that_the_kit_supports() -> None:
    _, version = conda_dependencies()[0].split(" =")
    assert f"Programming Language :: Python :: {version}" in project()["classifiers"]


def test_conda_installs_the_kit_itself() -> None:
    *_, last = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    assert last == {"pip": ["-e ."]}


def test_the_development_container_installs_an_extra_that_exists() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    (extra,) = re.findall(r"\.\[(\w+)\]", container["postCreateCommand"])
    assert extra in project()["optional-dependencies"]
    assert container["containerEnv"] == {"PUBSUB_KIT_ENV": "current"}
