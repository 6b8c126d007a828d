"""pip or uv at work: an environment is made, filled, and looked through before it counts as done.

uv is used where it is on PATH and runs, unless `PUBSUB_KIT_INSTALLER` says pip. Each tool runs with
the variables of variables.py, from inside the environment's folder, its output kept in a log there
and read for the steps that the person at the terminal sees.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import queue
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO, Any

from pubsub_kit.workbook import variables
from pubsub_kit.workbook.interpreters import ALONE, answer, python_of
from pubsub_kit.workbook.steps import FETCH, Steps
from pubsub_kit.workbook.trouble import SetupError, reason

INSTALLER = "PUBSUB_KIT_INSTALLER"
LOG = "pubsub-kit-setup.log"
PIP_LOG = "pubsub-kit-pip.log"
# What pip's log says beside the tale of its work, without the time of day before it.
REMARK = re.compile(r"^[\dT:,-]+ +((?:WARNING|ERROR|Could not fetch URL).*)", re.MULTILINE)
NOT_FOUND = "No matching distribution found"
TICK = 0.5  # seconds
# Looks for each distribution, and where the kit itself is imported from.
LOOK = """
import importlib.metadata, importlib.util, sys
for name in sys.argv[1:]:
    try:
        importlib.metadata.distribution(name)
    except importlib.metadata.PackageNotFoundError:
        sys.exit(name)
print(importlib.util.find_spec("pubsub_kit").origin)
"""


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


def create(folder: Path, uv: str | None, steps: Steps) -> None:
    """Make an empty environment in the folder."""
    base = getattr(sys, "_base_executable", None) or sys.executable
    if uv:
        make = [uv, "venv", "--seed", "--allow-existing", "--python", base, str(folder)]
    else:
        make = [base, ALONE, "-m", "venv", str(folder)]
    steps.begin("make the environment")
    run(make, folder, "make a Python environment", settings(folder, uv), steps)


def install(root: Path, folder: Path, extras: Sequence[str], uv: str | None, steps: Steps) -> None:
    """Install the checkout, editable, with its dependencies and extras; then look for each."""
    python = str(python_of(folder))
    if uv:
        installer = [uv, "pip", "install", "--python", python, "--compile-bytecode"]
    else:
        (folder / PIP_LOG).unlink(missing_ok=True)
        installer = [*pip(folder), "install", "--disable-pip-version-check", "--no-input"]
        installer += ["--log", str(folder / PIP_LOG)]
    what = f"{root}[{','.join(extras)}]" if extras else str(root)
    chosen = settings(folder, uv)
    steps.begin(FETCH)
    run([*installer, "--editable", what], folder, "install the packages", chosen, steps)
    steps.end()
    look(root, folder, extras)


def pip(folder: Path) -> list[str]:
    """Return how to call the environment's own pip."""
    return [str(python_of(folder)), ALONE, "-X", "utf8", "-u", "-m", "pip"]


def settings(folder: Path, uv: str | None) -> dict[str, str]:
    """Return the variables for the tool; raises `SetupError` where pip cannot read its own."""
    chosen = variables.for_installer(folder)
    if uv:
        if not variables.can_write(Path(answer([uv, "cache", "dir"]) or folder)):
            chosen["UV_NO_CACHE"] = "1"
    elif python_of(folder).exists():
        listed = subprocess.run(
            [*pip(folder), "config", "list"], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, encoding="utf-8", errors="replace", check=False,
        )  # fmt: skip
        if listed.returncode:
            raise SetupError(f"pip cannot read its settings: {reason(listed.stdout)}")
        chosen |= variables.from_pip(listed.stdout)
        chosen["PIP_CONFIG_FILE"] = os.devnull  # all that is wanted of it was just listed
    return chosen


def look(root: Path, folder: Path, extras: Sequence[str]) -> None:
    """Raise `SetupError` where something that was to be installed is not in the environment."""
    done = subprocess.run(
        [str(python_of(folder)), ALONE, "-c", LOOK, *wanted(root, extras)],
        stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", errors="replace",
        check=False,
    )  # fmt: skip
    found = Path(done.stdout.strip() or os.devnull)
    if done.returncode or root / "pubsub_kit" not in found.parents:
        lacks = reason(done.stderr) if done.returncode else "the kit itself, as it stands here"
        raise SetupError(
            f"the installer reports success, but {folder} lacks {lacks}: a setting of pip or uv "
            "(target, prefix, no-deps or no-editable, say) leads elsewhere; take it out, or try "
            f"{INSTALLER}=pip, and run the same command again"
        )


def wanted(root: Path, extras: Sequence[str]) -> list[str]:
    """Return the names of what pyproject.toml lists for every machine, for these extras too."""
    project: dict[str, Any] = tomllib.loads(
        (root / "pyproject.toml").read_text(encoding="utf-8")
    )["project"]  # fmt: skip
    listed = list(project["dependencies"])
    for extra in extras:
        listed += project["optional-dependencies"][extra]
    everywhere = [each for each in listed if ";" not in each]  # a marker may leave it out here
    return [project["name"], *(re.split(r"[<>=!~\[ ]", each)[0] for each in everywhere)]


def run(
    command: list[str], folder: Path, aim: str, environment: dict[str, str], steps: Steps
) -> None:
    """Run a tool, its output in the log; raises `SetupError` with what it says went wrong."""
    tool = "uv" if Path(command[0]).stem == "uv" else "pip"
    said: list[str] = []
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
    )  # fmt: skip
    try:
        with stopped_by_signals():
            for line in lines_of(process):
                if line is None:
                    steps.tick()
                else:
                    said.append(line)
                    steps.hear(line)
    except BaseException:
        process.terminate()
        raise
    finally:
        process.wait()
        keep(folder / LOG, said)
    if process.returncode:
        steps.end()
        remarks = pip_remarks(folder, environment) if "--log" in command else []
        told = reason("".join([*said, *remarks, *killed(process.returncode)]), tool, folder)
        raise SetupError(f"could not {aim}: {told} ({folder / LOG})")


def lines_of(process: subprocess.Popen[str]) -> Iterator[str | None]:
    """Yield what a process prints, line by line, and None whenever it is silent for a moment."""
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()

    def listen(stream: IO[str]) -> None:
        for line in stream:
            heard.put(line)
        heard.put("")

    assert process.stdout is not None
    threading.Thread(target=listen, args=[process.stdout], daemon=True).start()
    while True:
        try:
            line = heard.get(timeout=TICK)
        except queue.Empty:
            yield None
            continue
        if not line:
            return
        yield line


@contextlib.contextmanager
def stopped_by_signals() -> Iterator[None]:
    """End with the status of a signal (143 for SIGTERM), where one comes, but tidily."""
    numbers = [getattr(signal, name, None) for name in ("SIGTERM", "SIGHUP")]
    before = {n: signal.getsignal(n) for n in numbers if n is not None}
    for number in before:
        if before[number] is not signal.SIG_IGN:  # as nohup has it
            signal.signal(number, lambda number, _: sys.exit(128 + number))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def keep(log: Path, said: list[str]) -> None:
    """Write a tool's output to the log, as far as there is room."""
    with contextlib.suppress(OSError):
        log.write_text("".join(said), encoding="utf-8")


def pip_remarks(folder: Path, environment: dict[str, str]) -> list[str]:
    """Return what pip tells to its own log alone, or not at all, of why it failed."""
    try:
        log = (folder / PIP_LOG).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    if NOT_FOUND in log and told_no_index(environment):
        return ["told to ask no index\n"]
    remarks = REMARK.findall(log)
    if NOT_FOUND in log and not any("Retrying" in remark for remark in remarks):
        remarks += refusals(folder, environment)
    return [f"{remark}\n" for remark in remarks]


def told_no_index(environment: dict[str, str]) -> bool:
    """Tell whether pip's settings forbid it to ask an index."""
    return environment.get("PIP_NO_INDEX", "").lower() not in ("", "0", "false", "no", "off")


def refusals(folder: Path, environment: dict[str, str]) -> list[str]:
    """Return what the index answers to a question of pip's, which it shows when asked to."""
    with tempfile.TemporaryDirectory() as nowhere:
        ask = [*pip(folder), "download", "-vv", "--no-input", "--no-deps", "--dest", nowhere]
        done = subprocess.run(
            [*ask, "simpy"], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace",
            check=False,
        )  # fmt: skip
    return [line for line in done.stdout.splitlines() if "Could not fetch URL" in line]


def killed(status: int) -> list[str]:
    """Return a remark where a signal ended the tool."""
    if status >= 0:
        return []
    memory = ", as happens when memory runs out" if status == -9 else ""
    return [f"error: it was ended by signal {-status}{memory}\n"]
