"""`lab`: JupyterLab on the checkout, open at the learner's own copy of the first lesson.

The originals come with outputs, so they are signed, and JupyterLab shows their pictures before a
run. The copies come without, and need no signature: what is run in JupyterLab is trusted there.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from pathlib import Path
from typing import Any

from pubsub_kit.workbook import environment, projector

HOST = "127.0.0.1"
FIRST_LESSON = "my_lessons/00_start_here.ipynb"
COPIES = ("my_lessons", "my_work")
TRUSTED = ("notebooks", "exercises", "solutions")
ENDING = 5  # seconds, for what was under way when the server stopped
USUAL_PORTS = range(8888, 8908)


def main(argv: Sequence[str]) -> int:
    """Open JupyterLab until Ctrl-C; raises PubSubKitError where it cannot be opened."""
    options = parse(argv)
    root = environment.checkout()
    port = 0 if options.prepare else choose_port(options.port)
    environment.enter()
    make_copies(root)
    trust(notebooks(root))
    if not options.prepare:
        serve(root, port, browser=options.browser, projected=options.projector)
    return 0


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the command's options."""
    parser = argparse.ArgumentParser(
        prog="python3 -m pubsub_kit lab", description="Open the lessons in JupyterLab."
    )
    parser.add_argument(
        "--no-browser", dest="browser", action="store_false", help="only print the address"
    )
    parser.add_argument(
        "--port", type=int, help="serve on this port (else the first free one from 8888 on)"
    )
    parser.add_argument(
        "--projector",
        action="store_true",
        help="for a room: larger letters, code folded, the notebook alone",
    )
    # Make the copies and sign the originals, and no more: where a host starts JupyterLab itself.
    parser.add_argument("--prepare", action="store_true", help=argparse.SUPPRESS)
    return parser.parse_args(argv)


def choose_port(wanted: int | None) -> int:
    """Return the wanted port, or the first free usual one; raises `SetupError` if none is free."""
    if wanted is not None and not 0 < wanted < 65536:
        raise environment.SetupError(f"{wanted} is no port: choose one from 1024 to 65535")
    for port in USUAL_PORTS if wanted is None else [wanted]:
        if (problem := why_taken(port)) is None:
            return port
    named = f"port {wanted}" if wanted else f"every port from {USUAL_PORTS[0]} to {USUAL_PORTS[-1]}"
    raise environment.SetupError(f"{named} cannot be used ({problem}): choose another with --port")


def why_taken(port: int) -> str | None:
    """Return why a server could not listen on the port, or None if it could."""
    with socket.socket() as probe:
        if os.name != "nt":  # there this option would share a port that is in use
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            return error.strerror or str(error)
    return None


def make_copies(root: Path) -> None:
    """Give the learner copies of the lessons and exercises, and say what is new among them."""
    from pubsub_kit.checks.desk import copies  # here: a bare Python has not all that it needs

    for sentence in copies.prepare(root):
        print(sentence, flush=True)


def notebooks(root: Path) -> Iterator[Path]:
    """Yield every notebook that came with the checkout."""
    for folder in TRUSTED:
        found = (root / folder).rglob("*.ipynb")
        yield from sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


def last_worked_in(root: Path) -> str:
    """Return the copy that was saved last of those in which something was run, or the first."""
    copies = [path for folder in COPIES for path in (root / folder).glob("*.ipynb")]
    saved = sorted(copies, key=lambda path: path.stat().st_mtime)
    found = next((path for path in reversed(saved) if _was_run(path)), root / FIRST_LESSON)
    return found.relative_to(root).as_posix()


def _was_run(path: Path) -> bool:
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        return any(cell.get("execution_count") for cell in cells)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return False  # JupyterLab says what is wrong with it, once it is opened


def trust(paths: Iterator[Path]) -> None:
    """Sign notebooks as `jupyter trust` does, so that Lab shows their pictures before a run."""
    import nbformat
    from nbformat.sign import NotebookNotary

    notary = NotebookNotary()
    for path in paths:
        try:
            notary.sign(nbformat.read(path, as_version=4))
        except (OSError, ValueError, nbformat.ValidationError) as error:
            print(f"{path} cannot be read as a notebook and is left as it is: {error}")


def serve(root: Path, port: int, *, browser: bool, projected: bool) -> None:
    """Run JupyterLab's server in this process until it is told to stop."""
    from jupyterlab.labapp import LabApp

    token = os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(16))
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    ours = str(root / ".jupyter")  # says that no news are wanted
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (ours, others)))
    page = f"{projector.PAGE if projected else '/lab'}/tree/{last_worked_in(root)}"
    further: AbstractContextManager[dict[str, Any]]
    further = projector.options() if projected else nullcontext({})
    with further as more:
        chosen = {**settings(root, port, page), "ServerApp.open_browser": browser, **more}
        server = LabApp.initialize_server(argv=[f"--{key}={chosen[key]}" for key in chosen])
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if number := getattr(signal, name, None):
                signal.signal(
                    number, lambda *_: server.io_loop.add_callback_from_signal(server.stop)
                )
        server.io_loop.add_callback(announce, f"http://{HOST}:{port}{page}?token={token}")
        server.start()
        end_tasks(server.io_loop.asyncio_loop)


def end_tasks(loop: asyncio.AbstractEventLoop) -> None:
    """Cancel what the stopped server has not finished.

    A request that was left in the middle keeps a thread, and the thread would keep this process.
    """
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()

    async def ended() -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), ENDING)
        await asyncio.sleep(0)  # for what is called once they are done

    loop.run_until_complete(ended())


def settings(root: Path, port: int, page: str) -> dict[str, Any]:
    """Return what JupyterLab is told on its command line for this checkout."""
    return {
        "ServerApp.root_dir": root,
        "ServerApp.ip": HOST,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "ServerApp.log_level": "ERROR",
        "ServerApp.contents_manager_class": "pubsub_kit.workbook.contents.WorkbookContents",
        # It would put itself between JupyterLab and our contents, and open .py files as notebooks.
        "ServerApp.jpserver_extensions": {"jupyterlab_jupytext": False},
        "LabApp.log_level": "ERROR",
        "LabApp.default_url": page,
        "LabApp.extension_manager": "readonly",
        "KernelManager.transport_encryption": "auto",
    }


def announce(address: str) -> None:
    """Tell where the lessons are, now that the server answers."""
    print(f"\nThe lessons are open at {address}\nCtrl-C stops them.\n", flush=True)
