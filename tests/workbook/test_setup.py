"""From a clone to a running command: the environment is made once, and trouble is one sentence."""

from __future__ import annotations

import ast
import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import nbformat
import psutil
import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from nbformat.sign import NotebookNotary

from pubsub_kit import __main__ as command_line
from pubsub_kit.workbook import environment, installer, lab
from pubsub_kit.workbook.interpreters import python_of, version
from pubsub_kit.workbook.trouble import SetupError
from tests.workbook.checkout import ROOT, FakeUv, kit, the_complaint

pytestmark = pytest.mark.usefixtures("plain_variables")
MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"


# --- the environment ------------------------------------------------------------------------------


def test_a_command_runs_in_an_environment_made_for_it(copy: Path, uv: FakeUv) -> None:
    done = kit(copy, "test", "--version")
    assert done.stderr == ""
    assert done.stdout.splitlines()[0].startswith("Setting up .venv")
    assert done.stdout.splitlines()[-1].startswith("pytest ")
    assert (copy / ".venv" / "pyvenv.cfg").is_file()


def test_a_second_command_installs_nothing(copy: Path, uv: FakeUv) -> None:
    kit(copy, "test", "--version")
    assert uv.installed() == [f"{copy}[engines,genai,interview,test]"]
    assert "Setting up" not in kit(copy, "test", "--version").stdout
    assert uv.calls() == []


def test_what_a_marker_may_leave_out_is_not_looked_for() -> None:
    looked_for = installer.wanted(ROOT, ["bench"])
    assert "salabim" in looked_for
    assert "simloom" not in looked_for  # it needs a newer Python than the kit's oldest


def test_a_changed_project_is_installed_on_top(copy: Path, uv: FakeUv) -> None:
    folder = copy / ".venv"
    environment.prepare(copy, folder, [])
    (folder / "mine").touch()
    (copy / "pyproject.toml").open("a").write("\n# changed\n")
    environment.prepare(copy, folder, [])
    assert uv.installed() == [str(copy), str(copy)]
    assert (folder / "mine").exists()


def test_extras_add_up(copy: Path, uv: FakeUv) -> None:
    for extras in ([], ["test"], ["bench"], ["test"], []):
        environment.prepare(copy, copy / ".venv", extras)
    assert uv.installed() == [str(copy), f"{copy}[test]", f"{copy}[bench,test]"]


def test_a_moved_checkout_is_installed_anew(copy: Path, uv: FakeUv) -> None:
    environment.prepare(copy, copy / ".venv", [])
    moved = copy.rename(copy.with_name("moved"))
    environment.prepare(moved, moved / ".venv", [])
    assert uv.installed() == [str(copy), str(moved)]


@pytest.mark.parametrize("where", ["venv", "pip"])
def test_an_interrupted_setup_is_begun_anew(
    copy: Path, uv: FakeUv, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = copy / ".venv"

    def interrupted(*_: object) -> None:
        (folder / "half").touch()
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(installer, "create" if where == "venv" else "install", interrupted)
        with pytest.raises(KeyboardInterrupt):
            environment.prepare(copy, folder, [])
    assert not environment.ready(copy, folder, [])
    environment.prepare(copy, folder, [])
    assert environment.ready(copy, folder, [])
    assert not (folder / "half").exists()


def test_a_broken_python_is_replaced(copy: Path, uv: FakeUv) -> None:
    folder = copy / ".venv"
    environment.prepare(copy, folder, [])
    python_of(folder).unlink()
    python_of(folder).symlink_to("/nowhere/python3")
    environment.prepare(copy, folder, [])
    assert version(folder) == MINOR


def test_a_failed_update_leaves_what_worked(copy: Path, uv: FakeUv) -> None:
    folder = copy / ".venv"
    environment.prepare(copy, folder, [])
    uv.fails("error: no room")
    with pytest.raises(SetupError, match="error: no room"):
        environment.prepare(copy, folder, ["test"])
    assert environment.ready(copy, folder, [])


def test_two_setups_at_once_become_one(copy: Path, uv: FakeUv) -> None:
    both = [
        subprocess.Popen([sys.executable, "-m", "pubsub_kit", "test", "--version"], cwd=copy)
        for _ in range(2)
    ]
    assert [process.wait() for process in both] == [0, 0]
    assert uv.installed() == [f"{copy}[engines,genai,interview,test]"]


def test_each_python_has_an_environment_of_its_own(copy: Path, uv: FakeUv) -> None:
    assert environment.environment_folder(copy) == copy / ".venv"
    environment.prepare(copy, copy / ".venv", [])
    assert environment.environment_folder(copy) == copy / ".venv"
    other = copy / ".venv" / "bin" / "python"
    other.unlink()
    other.write_text("#!/bin/sh\necho 3.99\n")
    other.chmod(0o755)
    assert environment.environment_folder(copy) == copy / f".venv-{MINOR}"


def test_another_folder_can_be_chosen(
    copy: Path, uv: FakeUv, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(environment.CHOICE, str(tmp_path / "elsewhere"))
    assert kit(copy, "test", "--version").returncode == 0
    assert not (copy / ".venv").exists()
    assert (tmp_path / "elsewhere" / "pyvenv.cfg").is_file()


def test_the_current_python_can_be_chosen(copy: Path, uv: FakeUv) -> None:
    done = kit(copy, "test", "--version", PUBSUB_KIT_ENV="current")
    assert done.stdout.startswith("pytest ")
    assert uv.calls() == []


def test_a_folder_of_the_learners_own_is_never_removed(
    copy: Path, uv: FakeUv, tmp_path: Path
) -> None:
    thesis = tmp_path / "documents" / "thesis.txt"
    thesis.parent.mkdir()
    thesis.write_text("the only copy")
    done = kit(copy, "test", PUBSUB_KIT_ENV=str(thesis.parent))
    assert "is no Python environment" in the_complaint(done)
    assert thesis.read_text() == "the only copy"


@pytest.mark.parametrize("broken", [True, False])
def test_without_a_uv_that_runs_pip_is_used(uv: FakeUv, broken: bool) -> None:
    program = uv.folder / "uv"
    assert installer.find_uv() == str(program)
    if broken:  # as a shim is, whose tool belongs to another Python
        program.write_text("#!/bin/sh\nexit 127\n")
    else:
        program.unlink()
    assert installer.find_uv() is None


# --- trouble --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["__init__.py", "__main__.py", "errors.py"])
def test_an_old_python_can_read_what_it_must(name: str) -> None:
    ast.parse((ROOT / "pubsub_kit" / name).read_text(), feature_version=(3, 7))


def test_an_old_python_is_told_which_to_get(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 13, "final", 0))
    assert command_line.main(["lab"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "needs Python 3.11 or newer" in line
    assert "is Python 3.10.13" in line


def test_every_old_python_of_this_machine_is_told_so(copy: Path) -> None:
    found = (Path.home() / ".pyenv" / "versions").glob("3.*/bin/python")
    for python in found:
        minor = int(python.parts[-3].split(".")[1])
        if 7 <= minor < 11:
            assert "needs Python 3.11" in the_complaint(kit(copy, "lab", python=str(python)))


def test_a_python_without_venv_is_told_how_to_get_it(copy: Path, tmp_path: Path) -> None:
    as_debian_ships_it = "import sys\nsys.modules['ensurepip'] = None\n"
    (tmp_path / "sitecustomize.py").write_text(as_debian_ships_it)
    done = kit(copy, "lab", PYTHONPATH=str(tmp_path), PATH="")
    assert "apt install python3-venv" in the_complaint(done)
    assert not (copy / ".venv").exists()


def test_without_a_network_pip_gives_up_and_the_reason_is_told(copy: Path) -> None:
    done = kit(
        copy, "lab",
        PUBSUB_KIT_INSTALLER="pip", PIP_INDEX_URL="http://127.0.0.1:9/simple", PIP_NO_CACHE_DIR="1",
        PIP_FIND_LINKS="", PIP_CONFIG_FILE=os.devnull, PIP_RETRIES="1",
    )  # fmt: skip
    assert "the package index is out of reach; check the network" in the_complaint(done)
    assert not environment.ready(copy, copy / ".venv", [])


def test_a_failing_installer_is_quoted_and_its_log_named(copy: Path, uv: FakeUv) -> None:
    uv.fails("error: the disk is full")
    line = the_complaint(kit(copy, "lab"))
    assert "error: the disk is full" in line
    assert str(copy / ".venv" / installer.LOG) in line


def test_an_installed_package_is_no_checkout(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "pubsub_kit", tmp_path / "pubsub_kit")
    assert "is not a checkout" in the_complaint(kit(tmp_path, "lab"))


def test_a_missing_package_is_named(copy: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", bare], check=True)
    done = kit(copy, "test", python=str(bare / "bin" / "python"), PUBSUB_KIT_ENV="current")
    assert "has no module 'pytest'" in the_complaint(done)


@pytest.mark.parametrize("port", ["0", "-1", "70000"])
def test_an_impossible_port_is_refused(copy: Path, port: str) -> None:
    assert f"{port} is no port" in the_complaint(kit(copy, "lab", f"--port={port}"))


def test_a_busy_port_is_refused_before_anything_is_set_up(copy: Path) -> None:
    with listening() as port:
        done = kit(copy, "lab", "--port", str(port))
    assert f"port {port} cannot be used (Address already in use)" in the_complaint(done)
    assert not (copy / ".venv").exists()


def test_without_a_wish_the_next_free_port_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening() as port:
        monkeypatch.setattr(lab, "USUAL_PORTS", [port, free_port()])
        assert lab.choose_port(None) == lab.USUAL_PORTS[1]


class listening(socket.socket):  # noqa: N801 - read as a verb
    """A port that is in use."""

    def __enter__(self) -> int:  # type: ignore[override]
        self.bind((lab.HOST, 0))
        self.listen()
        port: int = self.getsockname()[1]
        return port


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((lab.HOST, 0))
        port: int = probe.getsockname()[1]
        return port


# --- lab ------------------------------------------------------------------------------------------


class RunningLab:
    """JupyterLab as `lab` starts it, with the address that it printed."""

    def __init__(self, root: Path, variables: dict[str, str]) -> None:
        port = free_port()
        self.runtime = Path(variables["JUPYTER_RUNTIME_DIR"])
        self.process = subprocess.Popen(
            [sys.executable, "-m", "pubsub_kit", "lab", "--no-browser", "--port", str(port)],
            cwd=root, env={**os.environ, **variables}, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        assert self.process.stdout is not None
        self.output = ""
        for line in self.process.stdout:
            self.output += line
            if "http://" in line:
                break
        assert "http://" in self.output, self.output
        self.address = self.output[self.output.index("http://") :].split()[0]

    def fetch(self, path: str, method: str = "GET") -> Any:
        """Ask the server for something, as the page in the browser does."""
        base, token = self.address.split("/lab/")[0], self.address.split("token=")[1]
        request = urllib.request.Request(f"{base}{path}", method=method)
        request.add_header("Authorization", f"token {token}")
        with urllib.request.urlopen(request) as reply:
            return json.load(reply)

    def start_kernel(self) -> None:
        """Start a kernel, and return once it is ready to run cells."""
        kernel = self.fetch("/api/kernels", method="POST")["id"]
        client = BlockingKernelClient()
        client.load_connection_file(str(self.runtime / f"kernel-{kernel}.json"))
        client.start_channels(iopub=False, stdin=False, hb=False, control=False)
        client.kernel_info(reply=True, timeout=60)
        client.stop_channels()

    def stop(self, number: int) -> int:
        """Send a signal and wait for the end."""
        self.process.send_signal(number)
        self.output += self.process.communicate(timeout=60)[0]
        return self.process.returncode


@pytest.fixture
def running(copy: Path, tmp_path: Path) -> Iterator[RunningLab]:
    """Run `lab` on a copy, with settings and signatures of its own."""
    folders = ("JUPYTER_DATA_DIR", "JUPYTER_CONFIG_DIR", "JUPYTER_RUNTIME_DIR")
    variables = {name: str(tmp_path / name.lower()) for name in folders}
    started = RunningLab(copy, {**variables, "PUBSUB_KIT_ENV": "current"})
    yield started
    started.process.kill()
    started.process.communicate()


def test_lab_shows_the_first_lesson_trusted_and_asks_nothing(
    running: RunningLab, copy: Path, tmp_path: Path
) -> None:
    with urllib.request.urlopen(running.address) as page:
        assert page.status == 200
    assert running.address.split("?")[0].endswith("/lab/tree/my_lessons/00_start_here.ipynb")
    assert (copy / "my_lessons" / "00_start_here.ipynb").is_file()
    assert "1 lesson copied to my_lessons/" in running.output
    asked = running.fetch("/lab/api/settings/@jupyterlab/apputils-extension:notification")
    news = asked["schema"]["properties"]
    assert (news["fetchNews"]["default"], news["checkForUpdates"]["default"]) == ("false", False)
    assert {"notebooks", "pubsub_kit"} <= {
        entry["name"] for entry in running.fetch("/api/contents/")["content"]
    }
    notebook = nbformat.read(copy / "notebooks" / "00_start_here.ipynb", as_version=4)
    assert NotebookNotary(data_dir=str(tmp_path / "jupyter_data_dir")).check_signature(notebook)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_lab_stops_at_once_and_leaves_no_process(running: RunningLab, number: int) -> None:
    running.start_kernel()
    kernels = psutil.Process(running.process.pid).children(recursive=True)
    assert kernels
    assert running.stop(number) == 0
    assert [kernel for kernel in kernels if kernel.is_running()] == []
    assert "Traceback" not in running.output


def test_a_request_that_is_left_in_the_middle_keeps_no_thread() -> None:
    """The thread is no daemon, and Python waits for it, for ever, before it ends."""
    loop = asyncio.new_event_loop()
    threads: list[threading.Thread] = []

    async def request() -> None:
        threads.append(await anyio.to_thread.run_sync(threading.current_thread))
        loop.stop()
        await asyncio.sleep(3600)

    task = loop.create_task(request())
    loop.run_forever()
    assert threads[0].is_alive()
    lab.end_tasks(loop)
    threads[0].join(timeout=30)
    assert not threads[0].is_alive()
    assert task.cancelled()
    loop.close()


def test_prepare_makes_the_copies_and_starts_nothing(
    copy: Path,
) -> None:
    done = kit(copy, "lab", "--prepare", PUBSUB_KIT_ENV="current", JUPYTER_DATA_DIR=str(copy))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "1 lesson copied to my_lessons/: these copies are yours to write in."
    ]
    assert nbformat.read(copy / "my_lessons" / "00_start_here.ipynb", as_version=4).cells


def test_a_notebook_that_cannot_be_read_does_not_stop_lab(
    copy: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    broken = copy / "notebooks" / "01_broken.ipynb"
    broken.write_text("{")
    lab.trust(lab.notebooks(copy))
    assert f"{broken} cannot be read as a notebook" in capsys.readouterr().out
