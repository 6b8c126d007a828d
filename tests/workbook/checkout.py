"""A checkout to set up, a stand-in for uv, and the command line run in it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import textwrap
from collections.abc import Sequence
from pathlib import Path

import psutil
import pytest

ROOT = Path(__file__).resolve().parents[2]


class FakeUv:
    """A stand-in for uv: makes bare environments, "installs" by borrowing ours, notes its calls."""

    SCRIPT = """\
        #!{python} -I
        import json, os, pathlib, re, subprocess, sys, time, tomllib
        folder = pathlib.Path({folder!r})
        said = folder / "says"
        if sys.argv[1:] == ["--version"]:
            print("uv 0")
        elif sys.argv[1:] == ["cache", "dir"]:
            print((folder / "cache").read_text() if (folder / "cache").exists() else folder)
        else:
            with (folder / "calls").open("a") as calls:
                calls.write(json.dumps(sys.argv[1:]) + chr(10))
            (folder / "variables").write_text(json.dumps(dict(os.environ)))
            if (folder / "slow").exists():
                (folder / "pid").write_text(str(os.getpid()))
                time.sleep(600)
            if said.exists():
                sys.exit(said.read_text())
        if sys.argv[1] == "venv":
            make = [{python!r}, "-m", "venv", "--without-pip", sys.argv[-1]]
            sys.exit(subprocess.call(make))
        if sys.argv[1] == "pip":
            venv = pathlib.Path(sys.argv[sys.argv.index("--python") + 1]).parents[1]
            root, _, extras = sys.argv[-1].rstrip("]").partition("[")
            project = tomllib.loads((pathlib.Path(root) / "pyproject.toml").read_text())["project"]
            names = [project["name"], *project["dependencies"]]
            for extra in filter(None, extras.split(",")):
                names += project["optional-dependencies"][extra]
            for packages in venv.glob("lib/*/site-packages"):
                (packages / "borrowed.pth").write_text(root + chr(10) + "{packages}")
                for name in names if not (folder / "misled").exists() else []:
                    name = re.split("[^A-Za-z0-9-]", name)[0].replace("-", "_")
                    (packages / (name + "-0.dist-info")).mkdir(exist_ok=True)
                    (packages / (name + "-0.dist-info") / "METADATA").write_text("Name: " + name)
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        packages = Path(pytest.__file__).parents[1]
        base = getattr(sys, "_base_executable", sys.executable)
        script = textwrap.dedent(self.SCRIPT)
        program = folder / "uv"
        program.write_text(script.format(python=base, folder=str(folder), packages=packages))
        program.chmod(0o755)

    def fails(self, output: str) -> None:
        """Make each further call fail with this output ("" mends it)."""
        (self.folder / "says").write_text(output)
        if not output:
            (self.folder / "says").unlink()

    def is_misled(self) -> None:
        """Let it put packages elsewhere, and report success."""
        (self.folder / "misled").touch()

    def keeps_its_cache_in(self, folder: Path) -> None:
        """Let it name this folder as its cache."""
        (self.folder / "cache").write_text(str(folder))

    def takes_its_time(self) -> None:
        """Let each further call last until it is ended."""
        (self.folder / "slow").touch()

    def process(self) -> psutil.Process | None:
        """Return the process that takes its time, once it is there."""
        noted = self.folder / "pid"
        number = noted.read_text() if noted.exists() else ""
        return psutil.Process(int(number)) if number else None

    def variables(self) -> dict[str, str]:
        """Return the environment variables of its last call."""
        found: dict[str, str] = json.loads((self.folder / "variables").read_text())
        return found

    def calls(self) -> list[list[str]]:
        """Return what it was called with since it was last asked."""
        noted = self.folder / "calls"
        lines = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def installed(self) -> list[str]:
        """Return what it was asked to install since it was last asked."""
        return [call[-1] for call in self.calls() if call[0] == "pip"]


def kit(
    root: Path,
    *arguments: str,
    python: str = sys.executable,
    start: Sequence[str] = ("-m", "pubsub_kit"),
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run the kit's command line in a checkout."""
    return subprocess.run(
        [python, *start, *arguments],
        cwd=root, env={**os.environ, **variables}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def the_complaint(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one sentence on stderr of a command that could not start."""
    assert done.returncode == 2, done
    (line,) = done.stderr.splitlines()
    return line
