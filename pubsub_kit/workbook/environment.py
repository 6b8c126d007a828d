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

import contextlib
import errno
import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pubsub_kit.workbook import installer, variables
from pubsub_kit.workbook.interpreters import python_of, version, version_name
from pubsub_kit.workbook.steps import Steps
from pubsub_kit.workbook.trouble import SetupError as SetupError
from pubsub_kit.workbook.trouble import reason

CHOICE = "PUBSUB_KIT_ENV"
ENTERED = "PUBSUB_KIT_ENTERED"
STAMP = "pubsub-kit.json"
UNFINISHED = "unfinished"


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
        raise SetupError(refused(folder, error)) from error
    restart(folder)


def refused(folder: Path, error: OSError) -> str:
    """Return what to tell where the machine does not let the environment be made."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"cannot make the environment {folder}: {reason(str(error), folder=folder)}"
    return (
        f"cannot make the environment {folder} ({error}): free the folder, or name another one in "
        f"{CHOICE}"
    )


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
    uv, before, began = installer.find_uv(), read_stamp(folder), time.monotonic()
    extras = sorted({*extras, *before.get("extras", ())})
    new = UNFINISHED in before or not version(folder)
    if new:
        installer.check_venv_module(uv)
        clear(folder)
    listed = len(installer.wanted(root, extras)) - 1
    print(
        f"Setting up {folder.name} with {'uv' if uv else 'pip'}, once, in a minute or two: "
        f"{listed} packages and what they need.",
        flush=True,
    )
    write_stamp(folder, {UNFINISHED: True})
    steps = Steps()
    try:
        if new:
            installer.create(folder, uv, steps)
        installer.install(root, folder, extras, uv, steps)
    except SetupError:
        with contextlib.suppress(OSError):  # on a full disk it stays unfinished, which is true
            write_stamp(folder, {UNFINISHED: True} if new else before)
        raise
    write_stamp(folder, stamp(root, version(folder), extras))
    print(f"{folder.name} is ready after {time.monotonic() - began:.0f} s.", flush=True)


def restart(folder: Path) -> None:
    """Start this command over with the folder's Python, as if the environment were activated."""
    # Without the current folder on its path: a random.py there would be taken for Python's own.
    command = [str(python_of(folder)), "-P", "-m", "pubsub_kit", *sys.argv[1:]]
    chosen = {**variables.for_command(folder), ENTERED: "1"}
    sys.stdout.flush()
    if os.name == "nt":  # there exec returns to the shell at once
        raise SystemExit(status_of(command, chosen))
    os.execve(command[0], command, chosen)


def status_of(command: list[str], environment: dict[str, str]) -> int:
    """Run a command to its end, leaving Ctrl-C to it, and return its status as a shell tells it."""
    with subprocess.Popen(command, env=environment) as process:
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            status = process.wait()
        finally:
            signal.signal(signal.SIGINT, before)
    return status if status >= 0 else 128 - status


def stamp(root: Path, python: str, extras: Iterable[str]) -> dict[str, Any]:
    """Return what a stamp says when these extras of this checkout stand in an environment."""
    project = hashlib.sha256((root / "pyproject.toml").read_bytes()).hexdigest()
    return {"project": project, "root": str(root), "python": python, "extras": sorted(extras)}


def read_stamp(folder: Path) -> dict[str, Any]:
    """Return the folder's stamp, empty if it has none that can be read."""
    try:
        found = json.loads((folder / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def write_stamp(folder: Path, content: dict[str, Any]) -> None:
    """Replace the folder's stamp in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f"{STAMP}.new"
    draft.write_text(json.dumps(content), encoding="utf-8")
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


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Let one set-up at a time work on the folder; another says so, and waits for it to end."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("a") as lock:
        if not locked(lock):
            print(f"Another set-up is at work on {folder.name}: waiting for it.", flush=True)
            while not locked(lock):
                time.sleep(0.2)
        yield


def locked(lock: IO[str]) -> bool:
    """Lock an open file until it is closed, and return True, or False where another holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
            return False
        if error.errno in (errno.ENOLCK, errno.ENOTSUP):  # a file system without locks
            return True
        raise
    return True
