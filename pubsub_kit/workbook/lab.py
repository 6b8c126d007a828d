"""`lab`: JupyterLab on the checkout, open at the first lesson, its notebooks trusted."""

from __future__ import annotations

import argparse
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pubsub_kit.workbook import environment

HOST = "127.0.0.1"
FIRST_PAGE = "/lab/tree/notebooks/00_start_here.ipynb"
TRUSTED = ("notebooks", "exercises", "solutions", "my_work")
USUAL_PORTS = range(8888, 8908)


def main(argv: Sequence[str]) -> int:
    """Open JupyterLab until Ctrl-C; raises `SetupError` where it cannot be opened."""
    options = parse(argv)
    root = environment.checkout()
    port = choose_port(options.port)
    environment.enter()
    make_workspace(root)
    trust(notebooks(root))
    serve(root, port, browser=options.browser)
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


def make_workspace(root: Path) -> None:
    """Give the learner a copy of the exercises to write in, never touching one that is there."""
    from pubsub_kit.checks.desk import copies  # here: a bare Python has not all that it needs

    copies.prepare(root)


def notebooks(root: Path) -> Iterator[Path]:
    """Yield every notebook that came with the checkout, and the learner's copies."""
    for folder in TRUSTED:
        found = (root / folder).rglob("*.ipynb")
        yield from sorted(path for path in found if ".ipynb_checkpoints" not in path.parts)


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


def serve(root: Path, port: int, *, browser: bool) -> None:
    """Run JupyterLab's server in this process until it is told to stop."""
    from jupyterlab.labapp import LabApp

    token = os.environ.setdefault("JUPYTER_TOKEN", secrets.token_hex(16))
    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, no other
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    ours = str(root / ".jupyter")  # says that no news are wanted
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join(filter(None, (ours, others)))
    server = LabApp.initialize_server(argv=arguments(root, port, browser=browser))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: server.io_loop.add_callback_from_signal(server.stop))
    address = f"http://{HOST}:{port}{FIRST_PAGE}?token={token}"
    server.io_loop.add_callback(announce, address)
    server.start()


def arguments(root: Path, port: int, *, browser: bool) -> list[str]:
    """Return JupyterLab's own command line for this checkout."""
    chosen: dict[str, Any] = {
        "ServerApp.root_dir": root,
        "ServerApp.ip": HOST,
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.open_browser": browser,
        "ServerApp.allow_root": hasattr(os, "geteuid") and os.geteuid() == 0,
        "ServerApp.log_level": "ERROR",
        "LabApp.log_level": "ERROR",
        "KernelManager.transport_encryption": "auto",
        "LabApp.default_url": FIRST_PAGE,
        "LabApp.extension_manager": "readonly",
    }
    return [f"--{name}={value}" for name, value in chosen.items()]


def announce(address: str) -> None:
    """Tell where the lessons are, now that the server answers."""
    print(f"\nThe lessons are open at {address}\nCtrl-C stops them.\n", flush=True)
