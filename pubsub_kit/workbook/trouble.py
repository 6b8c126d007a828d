"""What went wrong in a set-up, in one sentence: pip's and uv's many lines, and the way out.

Each row of the table has the words by which the two tell of one trouble, and what to say instead.
What no row knows is quoted: the tool's own last word on it.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from pathlib import Path

from pubsub_kit.errors import PubSubKitError

AGAIN = "and run the same command again"
# What to set for each of the two, by what it holds.
VARIABLES = {
    "pip": {"certificate": "PIP_CERT", "index": "PIP_INDEX_URL"},
    "uv": {"certificate": "SSL_CERT_FILE", "index": "UV_DEFAULT_INDEX"},
}
ROOM = (
    "free 2 GB there, or name folders on another disk in PUBSUB_KIT_ENV, for the environment, and "
    f"in {'TEMP' if os.name == 'nt' else 'TMPDIR'}, for the downloads, {AGAIN}"
)
FULL = r"no space left|quota exceeded|errno 28\b|os error (28|112)\b|winerror 112\b"
TROUBLES = [
    (FULL, "no room is left on the disk of {tightest}: {room}"),
    (
        r"certificate.verify.failed|self.signed.certificate|invalid peer certificate"
        r"|unable to get local issuer|confirming the ssl certificate|suitable tls ca certificate",
        "the package index shows a certificate that is not trusted here, as happens behind a "
        "company's proxy: name the file with your company's certificates in {certificate}, {again}",
    ),
    (
        r"407 proxy|proxy authori[sz]ation required|proxy authentication required",
        "the proxy asks for a name and a password (407): set "
        "HTTPS_PROXY=http://NAME:PASSWORD@HOST:PORT, {again}",
    ),
    (
        r"tunnel connection failed|tunnel error: unsuccessful",
        "the proxy refuses to let you through to the package index: correct HTTPS_PROXY, or name "
        "the index that your company runs in {index}, {again}",
    ),
    (
        r"\b40[13] (client error|forbidden|unauthorized)|error 40[13] while getting",
        "the package index refuses to answer (401 or 403): give its address with your name and "
        "password as {index}=https://NAME:PASSWORD@HOST/simple, {again}",
    ),
    (
        r"connection error|connection refused|could not connect|dns error|error sending request"
        r"|name resolution|network is unreachable|new connection|timed out"
        r"|cannot connect to proxy",
        "the package index is out of reach; check the network{proxy} {again}",
    ),
    (
        r"network was disabled",
        "uv has been told to stay offline, and its cache lacks a package: unset UV_OFFLINE (or "
        "offline in uv.toml), {again}",
    ),
    (
        r"require-hashes",
        "a setting demands a hash for every package (require-hashes in pip's or uv's "
        "configuration): take it out there, {again}",
    ),
    (
        r"index lookups were disabled|told to ask no index",
        "{tool} has been told to ask no index (no-index), and finds a package nowhere else: unset "
        "it, or name a folder that holds all packages in {links}, {again}",
    ),
    (
        r"permission denied|errno 13\b|os error (5|13)\b|winerror (5|32)\b|access is denied",
        "{told}: close whatever still runs from {folder}, JupyterLab say; if another user owns "
        "that file, make it yours, {again}",
    ),
]
# A tool's last word on any other trouble.
TELLING = re.compile(r"(\w*Error|error|ERROR): (?!subprocess-exited)")


class SetupError(PubSubKitError):
    """The kit's environment cannot be made or used here; the message says why, and what to do."""


def reason(output: str, tool: str = "pip", folder: Path = Path(".venv")) -> str:
    """Return what the output of pip or uv says went wrong, and what to do, in one line."""
    for signs, sentence in TROUBLES:
        if found := re.search(signs, output, re.IGNORECASE):
            return sentence.format(
                again=AGAIN,
                tool=tool,
                folder=folder,
                links="PIP_FIND_LINKS" if tool == "pip" else "UV_FIND_LINKS",
                told=line_at(output, found.start()),
                proxy=", and the proxy that HTTPS_PROXY names," if proxied() else "",
                tightest=tightest(folder),
                room=ROOM,
                **VARIABLES[tool],
            )
    return telling_line(output)


def telling_line(output: str) -> str:
    """Return the line of a tool's output that says most of why it failed."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it said nothing"]
    return next((line for line in reversed(lines) if TELLING.match(line)), lines[-1])


def line_at(text: str, place: int) -> str:
    """Return the line of a text that a place in it lies in."""
    start = text.rfind("\n", 0, place) + 1
    return text[start:].partition("\n")[0].strip()


def proxied() -> bool:
    """Tell whether a proxy is set for what is fetched."""
    names = ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY")
    return any(os.environ.get(name) for name in names)


def tightest(folder: Path) -> Path:
    """Return the folder with less room on its disk: the environment's, or that of downloads."""
    there = next(path for path in (folder.absolute(), *folder.absolute().parents) if path.exists())
    return min(there, Path(tempfile.gettempdir()), key=lambda path: shutil.disk_usage(path).free)
