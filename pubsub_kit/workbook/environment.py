"""The kit's own Python environment: made on first use, recognised at once on the next.

`.venv` in the checkout holds what pyproject.toml lists. A stamp file in it says what was installed
(a hash of pyproject.toml, the Python, the extras), so a second start only compares two strings.

    no stamp, or a stamp that differs    install on top of what is there
    the stamp says "unfinished"          a set-up was interrupted: make the folder anew
    its Python does not start            likewise
    the stamp fits                       ready

`PUBSUB_KIT_ENV` names another folder to use, or says "current": no set-up, this very Python.
Only the standard library is used here, since nothing else is there yet.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pubsub_kit.errors import PubSubKitError

CHOICE = "PUBSUB_KIT_ENV"
ENTERED = "PUBSUB_KIT_ENTERED"
INSTALLER = "PUBSUB_KIT_INSTALLER"
STAMP = "pubsub-kit.json"
UNFINISHED = "unfinished"
LOG = "pubsub-kit-setup.log"
# How pip and uv speak of a network that is not there.
OFFLINE = (
    "connection error",
    "connection refused",
    "could not connect",
    "dns error",
    "error sending request",
    "name resolution",
    "network is unreachable",
    "new connection",
    "timed out",
)
# Their own last word on any other trouble.
TELLING = re.compile(r"(\w*Error|error|ERROR): (?!subprocess-exited)")


class SetupError(PubSubKitError):
    """The kit's environment cannot be made or used here; the message says why, and what to do."""


def enter(extras: Sequence[str] = ()) -> None:
    """Return once this process runs with the kit's dependencies and these extras of pyproject.toml.

    Makes or completes the environment where needed, then starts this command over in it: where
    that happens, the call does not return. Raises `SetupError`.
    """
    if os.environ.pop(ENTERED, "") or os.environ.get(CHOICE) == "current":
        return
    root = checkout()
    folder = environment_folder(root)
    try:
        prepare(root, folder, extras)
    except OSError as error:
        raise SetupError(
            f"cannot make the environment {folder} ({error}): free the folder, or name another one "
            f"in {CHOICE}"
        ) from error
    restart(folder)


def checkout() -> Path:
    """Return the root of the checkout that this package is part of; raises `SetupError`."""
    root = Path(__file__).resolve().parents[2]
    if not (root / "pyproject.toml").is_file():
        raise SetupError(
            f"{root} is not a checkout of the kit, and the lessons come with a checkout: clone the "
            "repository and run the command in it"
        )
    return root


def environment_folder(root: Path) -> Path:
    """Return the folder of this Python's environment: .venv, or .venv-3.12 beside another's."""
    if chosen := os.environ.get(CHOICE):
        return Path(chosen).absolute()
    minor = version_name(sys.version_info)
    taken = version(root / ".venv") not in ("", minor)
    return root / (f".venv-{minor}" if taken else ".venv")


def prepare(root: Path, folder: Path, extras: Sequence[str]) -> None:
    """Make `folder` an environment that holds the dependencies and extras; raises `SetupError`."""
    if ready(root, folder, extras):
        return
    with alone(folder):
        if not ready(root, folder, extras):
            build(root, folder, extras)


def ready(root: Path, folder: Path, extras: Sequence[str]) -> bool:
    """Tell whether the folder's Python starts and its stamp fits the checkout and the extras."""
    found = read_stamp(folder)
    everything = {*extras, *found.get("extras", ())}
    return found == stamp(root, version(folder), everything)


def build(root: Path, folder: Path, extras: Sequence[str]) -> None:
    """Install into the folder, made anew if need be; its stamp is right at every moment."""
    uv, before = find_uv(), read_stamp(folder)
    extras = sorted({*extras, *before.get("extras", ())})
    new = UNFINISHED in before or not version(folder)
    if new:
        check_venv_module(uv)
        clear(folder)
    print(
        f"Setting up {folder.name} with {'uv' if uv else 'pip'}, once: about a minute.", flush=True
    )
    write_stamp(folder, {UNFINISHED: True})
    try:
        if new:
            create(folder, uv)
        install(root, folder, extras, uv)
    except SetupError:
        write_stamp(folder, {UNFINISHED: True} if new else before)
        raise
    write_stamp(folder, stamp(root, version(folder), extras))


def create(folder: Path, uv: str | None) -> None:
    """Make an empty environment in the folder."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    if uv:
        make = [uv, "venv", "--seed", "--allow-existing", "--python", base, str(folder)]
    else:
        make = [base, "-m", "venv", str(folder)]
    run(make, folder, "make a Python environment")


def install(root: Path, folder: Path, extras: Sequence[str], uv: str | None) -> None:
    """Install the checkout, editable, with its dependencies and extras."""
    python = str(python_of(folder))
    if uv:
        installer = [uv, "pip", "install", "--python", python, "--compile-bytecode"]
    else:
        installer = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    what = f"{root}[{','.join(extras)}]" if extras else str(root)
    run([*installer, "--editable", what], folder, "install the packages")


def run(command: list[str], folder: Path, aim: str) -> None:
    """Run a tool with its output in the log; raises `SetupError` with its telling line."""
    log = folder / LOG
    patience = {"PIP_RETRIES": "2", "UV_HTTP_RETRIES": "2", **os.environ}
    with log.open("wb") as output:
        status = subprocess.call(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=patience
        )
    if status:
        raise SetupError(f"could not {aim}: {reason(log.read_text(errors='replace'))} ({log})")


def reason(output: str) -> str:
    """Return what a tool's output says went wrong, in one line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it said nothing"]
    if any(sign in output.lower() for sign in OFFLINE):
        return "the package index is out of reach; check the network and run the same command again"
    return next((line for line in reversed(lines) if TELLING.match(line)), lines[-1])


def restart(folder: Path) -> None:
    """Start this command over with the folder's Python, as if the environment were activated."""
    python = python_of(folder)
    path = os.pathsep.join((str(python.parent), os.environ.get("PATH", os.defpath)))
    variables = {**os.environ, ENTERED: "1", "VIRTUAL_ENV": str(folder), "PATH": path}
    variables.pop("PYTHONHOME", None)
    command = [str(python), "-m", "pubsub_kit", *sys.argv[1:]]
    sys.stdout.flush()
    if os.name == "nt":  # there exec returns to the shell at once
        raise SystemExit(subprocess.run(command, env=variables, check=False).returncode)
    os.execve(python, command, variables)


def find_uv() -> str | None:
    """Return the uv on PATH, if one is there, runs, and was not ruled out."""
    uv = shutil.which("uv") if os.environ.get(INSTALLER, "uv") == "uv" else None
    return uv if uv and answer([uv, "--version"]) else None


def check_venv_module(uv: str | None) -> None:
    """Raise `SetupError` where neither uv nor the standard library can make an environment."""
    if uv or all(importlib.util.find_spec(name) for name in ("venv", "ensurepip")):
        return
    raise SetupError(
        "this Python comes without its venv module: install it (on Debian or Ubuntu: "
        "apt install python3-venv), or put uv on PATH, then run the same command again"
    )


def python_of(folder: Path) -> Path:
    """Return the path of an environment's Python, whether it is there or not."""
    return folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def version(folder: Path) -> str:
    """Return the version of an environment's Python, such as "3.12", or "" if it does not start."""
    return answer(
        [str(python_of(folder)), "-c", "import sys; print('%d.%d' % sys.version_info[:2])"]
    )


def version_name(version_info: Sequence[int | str]) -> str:
    """Return a version as it is spoken of, such as "3.12"."""
    return f"{version_info[0]}.{version_info[1]}"


def answer(command: list[str]) -> str:
    """Return what a command prints, or "" if it cannot be run or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.strip()


def stamp(root: Path, python: str, extras: Iterable[str]) -> dict[str, Any]:
    """Return what a stamp says when these extras of this checkout stand in an environment."""
    project = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    return {"project": project, "root": str(root), "python": python, "extras": sorted(extras)}


def read_stamp(folder: Path) -> dict[str, Any]:
    """Return the folder's stamp, empty if it has none that can be read."""
    try:
        found = json.loads((folder / STAMP).read_text())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamp(folder: Path, content: dict[str, Any]) -> None:
    """Replace the folder's stamp in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{STAMP}.new"
    draft.write_text(json.dumps(content))
    draft.replace(folder / STAMP)


def clear(folder: Path) -> None:
    """Remove an old environment; raises `SetupError` rather than remove anything else."""
    if not folder.exists() and not folder.is_symlink():
        return
    if not (folder / "pyvenv.cfg").is_file() and not (folder / STAMP).is_file():
        raise SetupError(
            f"{folder} is there but is no Python environment: move it away, or name another folder "
            f"in {CHOICE}"
        )
    shutil.rmtree(folder)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one set-up at a time work on the folder; another waits for it to end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_LOCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
