"""A real JupyterLab on a copy of the notebooks, and a page of it in headless Chromium.

The copy has its outputs cleared, so that "every cell has run" can't be true before it is. Server
and browser see temporary settings alone; nothing of the user's Jupyter is read or written.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import IO, NamedTuple

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Playwright, expect

KIT = Path(__file__).resolve().parents[2]
FOLDERS = ("notebooks", "exercises", "solutions")
START_SECONDS = 60
RUN_MILLISECONDS = 120_000
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # every cell is in the page
    "apputils-extension/notification": {"fetchNews": "false"},  # no question, no network
}
FLAGS = [
    "--no-sandbox",  # Chromium refuses to start as root with one
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

expect.set_options(timeout=30_000)


class Server(NamedTuple):
    """A running JupyterLab: its address and token, and the folder that it serves."""

    url: str
    token: str
    root: Path

    def address(self, path: str, mode: str = "lab") -> str:
        """Return the address of a file, opened alone in a workspace that is new."""
        name = secrets.token_hex(4)
        return f"{self.url}/{mode}/workspaces/{name}/tree/{path}?token={self.token}"

    def end_kernels(self) -> None:
        """End every notebook's kernel."""
        for session in json.load(self.ask("GET", "sessions")):
            self.ask("DELETE", f"sessions/{session['id']}")

    def ask(self, method: str, what: str) -> IO[bytes]:
        """Send the server's API a request without a body; raises `OSError` where it fails."""
        request = urllib.request.Request(f"{self.url}/api/{what}", method=method)
        request.add_header("Authorization", f"token {self.token}")
        answer: IO[bytes] = urllib.request.urlopen(request, timeout=10)
        return answer


@contextmanager
def jupyterlab(root: Path, settings: Path, *, dark: bool = False) -> Iterator[Server]:
    """Serve `root` until the block ends; `settings` is an empty folder for Lab's own files."""
    _write_settings(settings / "config" / "lab" / "user-settings", dark)
    server = Server(f"http://127.0.0.1:{_free_port()}", secrets.token_hex(16), root)
    with _running(server, _command(server), _environment(settings, KIT), settings):
        yield server


@contextmanager
def workbook(root: Path, settings: Path, *options: str) -> Iterator[Server]:
    """Serve a clone of the kit by its own command `lab`, as a learner does.

    Raises `AssertionError` where it does not end in order at SIGTERM.
    """
    _write_settings(settings / "config" / "lab" / "user-settings", dark=False)
    port = _free_port()
    server = Server(f"http://127.0.0.1:{port}", secrets.token_hex(16), root)
    command = [sys.executable, "-m", "pubsub_kit", "lab", "--no-browser", f"--port={port}"]
    variables = _environment(settings, root) | {"JUPYTER_TOKEN": server.token}
    variables |= {"PUBSUB_KIT_ENV": "current"}
    del variables["PUBSUB_KIT_PROGRESS"]
    with _running(server, [*command, *options], variables, settings) as process:
        yield server
    assert process.returncode == 0


@contextmanager
def _running(
    server: Server, command: list[str], variables: dict[str, str], settings: Path
) -> Iterator[subprocess.Popen[bytes]]:
    with (settings / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=server.root, env=variables, stdout=log, stderr=log)
        try:
            _wait_for(server, process, settings / "server.log")
            yield process
        finally:
            process.terminate()
            process.wait(timeout=30)


def clone_of_the_kit(to: Path) -> Path:
    """Make a repository of what this checkout would commit, as a learner clones it; return it."""
    listed = ["ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    for name in filter(None, git(KIT, *listed).split("\0")):
        if (KIT / name).is_file():
            (to / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(KIT / name, to / name)
    git(to, "init", "--quiet")
    git(to, "add", "--all")
    git(to, "-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "--quiet", "-m", "the kit")
    return to


def git(folder: Path, *words: str) -> str:
    """Run git in a folder, and return what it prints."""
    done = subprocess.run(
        ["git", *words], cwd=folder, check=True, stdout=subprocess.PIPE, encoding="utf-8"
    )
    return done.stdout


def copy_of_the_kit(to: Path) -> Path:
    """Copy the notebooks, with their outputs cleared, to `to`, and return it."""
    for folder in FOLDERS:
        (to / folder).mkdir(parents=True, exist_ok=True)
        for path in sorted((KIT / folder).glob("*.ipynb")):
            (to / folder / path.name).write_text(_cleared(path), encoding="utf-8")
    return to


def _cleared(path: Path) -> str:
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell.update(outputs=[], execution_count=None)
    return json.dumps(notebook)


def _command(server: Server) -> list[str]:
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": server.url.rsplit(":", 1)[1],
        "ServerApp.port_retries": "0",
        "ServerApp.root_dir": str(server.root),
        "IdentityProvider.token": server.token,
    }
    flags = [f"--{name}={value}" for name, value in options.items()]
    return [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root", *flags]


def _environment(settings: Path, kit: Path) -> dict[str, str]:
    own = {
        "HOME": str(settings / "home"),
        "JUPYTER_CONFIG_DIR": str(settings / "config"),
        "JUPYTER_DATA_DIR": str(settings / "data"),
        "JUPYTER_RUNTIME_DIR": str(settings / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings / "config" / "lab" / "user-settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(settings / "config" / "lab" / "workspaces"),
        "IPYTHONDIR": str(settings / "ipython"),
        "PUBSUB_KIT_PROGRESS": "off",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(kit), os.environ.get("PYTHONPATH")])),
    }
    (settings / "home").mkdir(parents=True, exist_ok=True)
    return {**os.environ, **own}


def _write_settings(folder: Path, dark: bool) -> None:
    theme = {"theme": "JupyterLab Dark"} if dark else {"theme": "JupyterLab Light"}
    for name, values in {**SETTINGS, "apputils-extension/themes": theme}.items():
        path = folder / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait_for(server: Server, process: subprocess.Popen[bytes], log: Path) -> None:
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end and process.poll() is None:
        try:
            server.ask("GET", "status").close()
            return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError(f"JupyterLab did not start:\n{log.read_text(errors='replace')[-2000:]}")


def chromium_path() -> str | None:
    """Find the system's Chromium: PUBSUB_KIT_CHROMIUM, or a usual name on the path."""
    if named := os.environ.get("PUBSUB_KIT_CHROMIUM"):
        return named
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next(filter(None, map(shutil.which, names)), None)


def chromium(playwright: Playwright, path: str) -> Browser:
    """Start the browser at `path`, headless."""
    return playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)


def photograph(page: Page) -> Path:
    """Save what the page shows to a new temporary file, and return its path."""
    path = Path(mkdtemp(prefix="pubsub-kit-browser-")) / "page.png"
    page.screenshot(path=path)
    return path


class Notebook:
    """One notebook, open in JupyterLab: run it, look at its cells, listen to the console."""

    def __init__(self, page: Page, server: Server, path: str, mode: str = "lab") -> None:
        self.page = page
        self.server = server
        self.path, self.mode = path, mode
        self.source = (server.root / path).read_text(encoding="utf-8")
        self.runs = 0
        self.errors: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.errors.append(f"page error: {error}"))
        page.goto(server.address(path, mode))
        self.wait_for_the_kernel()

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"console: {message.text} ({message.location.get('url', '')})")

    def __enter__(self) -> Notebook:
        return self

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        """Leave the page, and end the kernel, so that the next notebook has the machine."""
        if error is not None:
            error.add_note(f"What the browser showed: {photograph(self.page)}")
        self.page.close()
        self.server.end_kernels()

    def wait_for_the_kernel(self) -> None:
        """Wait until the notebook is open, and its kernel has nothing to do."""
        idle = self.page.get_by_text("Python 3 (ipykernel) | Idle")
        if self.mode == "doc":  # without a status bar
            idle = self.page.locator('.jp-Notebook-ExecutionIndicator[data-status="idle"]')
        expect(idle).to_be_visible(timeout=RUN_MILLISECONDS)

    def save(self) -> None:
        """Save by the keyboard, until nothing is left to save."""
        self.page.keyboard.press("Control+s")
        expect(self.page.locator(".lm-DockPanel .lm-TabBar-tab.jp-mod-dirty")).to_have_count(0)

    def reload(self) -> None:
        """Load the page anew; the kernel lives on."""
        self.page.reload()
        self.wait_for_the_kernel()

    @property
    def code_cells(self) -> Locator:
        """The code cells, folded ones too, in order."""
        return self.page.locator(".jp-Notebook .jp-CodeCell")

    def run_all(self) -> None:
        """Run all cells by the menu, until the last one has run and each widget is there.

        A folded cell has no number, so the last open one is waited for, and then what the folded
        ones below it show. Raises `AssertionError` with what a cell says if it fails: no cell is
        run after it.
        """
        cells = [c for c in json.loads(self.source)["cells"] if c["cell_type"] == "code"]
        folded = [bool(c["metadata"].get("jupyter", {}).get("source_hidden")) for c in cells]
        count = self.code_cells.count()
        last_open = max(n for n in range(count) if not (n < len(folded) and folded[n])) + 1
        number = f"[{count * self.runs + last_open}]:"
        self.runs += 1
        self.page.get_by_role("menuitem", name="Run", exact=True).click()
        self.page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        last = self.page.locator(".jp-InputArea-prompt").filter(has_text=number)
        failed = self.outputs("error")
        expect(last.or_(failed).first).to_be_attached(timeout=RUN_MILLISECONDS)
        if last_open < count and (last_shown := self._last_that_shows(count)) > last_open:
            shown = self.code_cells.nth(last_shown - 1).locator(".jp-OutputArea-child")
            expect(shown.or_(failed).first).to_be_attached(timeout=RUN_MILLISECONDS)
        assert failed.all_inner_texts() == []
        expect(self.page.get_by_text("Loading widget")).to_have_count(0, timeout=RUN_MILLISECONDS)

    def _last_that_shows(self, count: int) -> int:
        """Return the number, from 1, of the last code cell that shows something when it is run.

        A copy's outputs are cleared, so its original is asked.
        """
        original = KIT / self.path.replace("my_lessons/", "notebooks/")
        if not original.is_file():
            return count
        cells = json.loads(original.read_text(encoding="utf-8"))["cells"]
        code = [cell for cell in cells if cell["cell_type"] == "code"]
        shows = [n for n, cell in enumerate(code, 1) if cell["outputs"]]
        return count if count > len(code) else max(shows, default=0)

    def outputs(self, kind: str) -> Locator:
        """Return the outputs that are an "error", or on "stderr"."""
        return self.page.locator(f'[data-mime-type="application/vnd.jupyter.{kind}"]')
