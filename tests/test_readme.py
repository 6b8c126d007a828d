"""What README and the files around it promise is there: links, badges, the same dependencies."""

from __future__ import annotations

import json
import os
import pydoc
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import yaml
from rattler import MatchSpec

from pubsub_kit.workbook.contents import WorkbookContents

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted({*ROOT.glob("*.md"), *(ROOT / "authoring").glob("*.md")})
README = (ROOT / "README.md").read_text(encoding="utf-8")
LINK = re.compile(r"\]\(([^)\s]+)\)")
# The one without a desktop toolkit, and one that conda spells otherwise.
CONDA_NAMES = {
    "matplotlib": "matplotlib-base",
    "jupyter-client": "jupyter_client",
    "jupyter-server": "jupyter_server",
}
PIP_ALONE = {"eventsourcing", "fsrs"}  # conda-forge does not have it: pip brings it, with the kit


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


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a checkout in which Binder has run what it runs once the packages are there."""
    root = tmp_path_factory.mktemp("binder") / "kit"
    for name in ("pubsub_kit", "notebooks", "exercises", "solutions"):
        shutil.copytree(ROOT / name, root / name)
    for name in ("pyproject.toml", "postBuild"):
        shutil.copy(ROOT / name, root)
    python = root.parent / "environment"
    subprocess.run(
        [sys.executable, "-m", "venv", "--without-pip", "--system-site-packages", python],
        check=True,
    )
    (packages,) = python.glob("lib/*/site-packages")
    (packages / "ours.pth").write_text(str(Path(pytest.__file__).parents[1]))
    path = os.pathsep.join([str(python / "bin"), os.environ["PATH"]])
    variables = os.environ | {"PATH": path, "JUPYTER_DATA_DIR": str(root.parent / "data")}
    variables["PYTHONPATH"] = str(root)
    subprocess.run([root / "postBuild"], cwd=root, env=variables, check=True)
    return root


def badge(host: str) -> str:
    """Return the address that README's badge for a host opens."""
    found: list[str] = [url for url in LINK.findall(README) if urlsplit(url).netloc == host]
    (opened,) = (url for url in found if ".ipynb" in url)
    return opened


def test_the_badge_for_colab_opens_a_notebook_that_is_there() -> None:
    assert (ROOT / badge("colab.research.google.com").partition("/blob/main/")[2]).is_file()


def test_the_badge_for_binder_opens_a_copy_that_binder_makes(built: Path) -> None:
    (page,) = parse_qs(urlsplit(badge("mybinder.org")).query)["urlpath"]
    opened = built / page.removeprefix("lab/tree/")
    assert opened.is_file()
    assert opened.parent.name == "my_lessons"
    assert not (ROOT / ".binder").exists()  # either would be read in postBuild's place
    assert not (ROOT / "binder").exists()


def test_binders_jupyterlab_opens_and_saves_files_as_ours_does(built: Path) -> None:
    config = built.parent.glob("environment/etc/jupyter/jupyter_server_config.d/*.json")
    (name,) = (json.loads(it.read_text())["ServerApp"]["contents_manager_class"] for it in config)
    assert pydoc.locate(name) is WorkbookContents


def test_the_development_container_makes_the_copies_too() -> None:
    container = json.loads((ROOT / ".devcontainer" / "devcontainer.json").read_text())
    *_, last = container["postCreateCommand"].split(" && ")
    assert f"{last}\n" in (ROOT / "postBuild").read_text()


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
        if name in PIP_ALONE:
            continue
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
