"""The environment variables that a set-up, and then the command itself, run with.

A person's settings say two kinds of things. Where packages come from (an index, a certificate, a
proxy, a cache) is needed, and kept. Where they go, and which Python is meant (PIP_TARGET, PIP_USER,
UV_SYSTEM_PYTHON, PYTHONPATH, another environment that is active) is left out, since the kit's
environment is the one place to install into.
"""

from __future__ import annotations

import ast
import os
import re
import sys
from pathlib import Path

# Names that speak to an installer or to Python itself; of these, the ones that are kept.
SPEAKING = re.compile(r"(PIP_|UV_|PYTHON[A-Z]|VIRTUAL_ENV|CONDA_PREFIX|__PYVENV)")
KEPT = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|TRUSTED_HOST|CERT|CLIENT_CERT|PROXY"
    r"|KEYRING_PROVIDER|DEFAULT_TIMEOUT|TIMEOUT|CACHE_DIR|NO_CACHE_DIR|CONSTRAINT|BUILD_CONSTRAINT"
    r"|ONLY_BINARY|PREFER_BINARY|USE_FEATURE|USE_DEPRECATED)"
    r"|UV_(\w*INDEX\w*|FIND_LINKS|INSECURE_HOST|KEYRING_PROVIDER|NATIVE_TLS|SYSTEM_CERTS|HTTP_\w+"
    r"|REQUEST_TIMEOUT|CONCURRENT_\w+|CACHE_DIR|NO_CACHE|LINK_MODE|CONFIG_FILE|NO_CONFIG|OFFLINE"
    r"|CONSTRAINT|BUILD_CONSTRAINT|EXCLUDE_NEWER)"
)
# How pip lists a setting: global.index-url='https://…', install.user='true', :env:.cert='…'.
SETTING = re.compile(r"(?:global|install|:env:)\.([\w-]+)=(.*)")
CERTIFICATES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE", "CURL_CA_BUNDLE")
# What would lead the kit's Python to another's modules.
MISLEADING = ("PYTHONHOME", "PYTHONPATH", "PYTHONSAFEPATH", "PYTHONEXECUTABLE")
JUPYTER = "Library/Jupyter" if sys.platform == "darwin" else ".local/share/jupyter"
# Where Jupyter, IPython and matplotlib write below a home, and the variable that moves each.
PLACES = {
    "JUPYTER_DATA_DIR": JUPYTER,
    "JUPYTER_RUNTIME_DIR": f"{JUPYTER}/runtime",
    "JUPYTER_CONFIG_DIR": ".jupyter",
    "IPYTHONDIR": ".ipython",
    "MPLCONFIGDIR": ".cache/matplotlib",
}


def for_installer(folder: Path) -> dict[str, str]:
    """Return the variables for pip and uv, when they make or fill the environment `folder`."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not SPEAKING.match(name) or KEPT.fullmatch(name)
    }
    named = next((kept[name] for name in CERTIFICATES if kept.get(name)), None)
    if named:  # each of the two reads another of these names
        kept = {"PIP_CERT": named, "SSL_CERT_FILE": named, **kept}
    quiet = {"PIP_NO_COLOR": "1", "PIP_PROGRESS_BAR": "off", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}
    patience = {"PIP_RETRIES": "2", "UV_HTTP_RETRIES": "2"}
    return {**patience, **kept, **quiet, **home(folder)}


def from_pip(listed: str) -> dict[str, str]:
    """Return what pip's list of its settings says of where packages come from, as variables."""
    found = {}
    for section in ("global", "install", ":env:"):  # the later one counts
        for line in listed.splitlines():
            setting = SETTING.fullmatch(line.strip())
            if setting and line.startswith(f"{section}."):
                name = f"PIP_{setting[1].upper().replace('-', '_')}"
                if KEPT.fullmatch(name):
                    found[name] = str(ast.literal_eval(setting[2]))
    return found


def for_command(folder: Path) -> dict[str, str]:
    """Return the variables to run a command with, as if the environment `folder` were active."""
    bin_folder = folder / ("Scripts" if os.name == "nt" else "bin")
    path = os.pathsep.join((str(bin_folder), os.environ.get("PATH", os.defpath)))
    kept = {name: value for name, value in os.environ.items() if name not in MISLEADING}
    return {**places(folder), **kept, "VIRTUAL_ENV": str(folder), "PATH": path, **home(folder)}


def home(folder: Path) -> dict[str, str]:
    """Return a HOME inside the environment, where there is none that can be written to."""
    if os.name == "nt" or can_write(user_home()):
        return {}
    return {"HOME": str(folder / "home")}


def user_home() -> Path:
    """Return the home that the machine knows for this user; a relative path where it knows none."""
    return Path(os.path.expanduser("~"))


def places(folder: Path) -> dict[str, str]:
    """Return new places inside the environment for what cannot be written below the home."""
    if os.name == "nt":
        return {}
    return {
        name: str(folder / "home" / place)
        for name, place in PLACES.items()
        if not can_write(user_home() / place)
    }


def can_write(folder: Path) -> bool:
    """Tell whether a file could be written in the folder, or the folder be made; makes none."""
    if not folder.is_absolute():
        return False
    there = next(path for path in (folder, *folder.parents) if os.path.lexists(path))
    return there.is_dir() and os.access(there, os.W_OK | os.X_OK)
