"""`lab --projector`: what a room can read, for this one run.

Larger letters, code folded, one notebook and nothing around it. JupyterLab gets a copy of the
learner's settings with these on top, a workspace and a style sheet, all in a temporary folder: so
nothing of theirs is changed.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pubsub_kit.workbook.environment import SetupError

# JupyterLab's own sizes are 13, 14 and 13 pixels.
SETTINGS: dict[str, dict[str, Any]] = {
    "apputils-extension/themes": {
        "theme": "JupyterLab Light",
        "overrides": {
            "code-font-size": "20px",
            "content-font-size1": "22px",
            "ui-font-size1": "15px",
        },
    },
    "statusbar-extension/plugin": {"visible": False},
}
# Settings reach neither the bars at the sides nor what a cell shows that is no text.
STYLE = """\
.jp-SideBar { display: none !important; }
.jp-OutputArea-output:has(.pk-play, .pk-ask, img, svg) { zoom: 1.4; }
"""
PAGE = "/doc"  # JupyterLab's mode with a single document


@contextmanager
def options() -> Iterator[dict[str, Any]]:
    """Yield further options for JupyterLab; what they name is gone after the block.

    Raises `SetupError` where there is no room for them.
    """
    with TemporaryDirectory(prefix="pubsub-kit-projector-", ignore_cleanup_errors=True) as folder:
        try:
            write(Path(folder))
        except OSError as error:
            raise SetupError(
                f"the settings for a projector cannot be written to {folder} ({error}): make room "
                "there, or run lab without --projector"
            ) from error
        yield {
            "LabApp.user_settings_dir": Path(folder) / "user-settings",
            "LabApp.workspaces_dir": Path(folder) / "workspaces",
            "LabApp.custom_css": True,
            "ServerApp.tornado_settings": {"static_custom_path": [folder]},
            "ServerApp.contents_manager_class": "pubsub_kit.workbook.contents.FoldedContents",
        }


def write(folder: Path) -> None:
    """Write settings and a style sheet to a folder; raises `OSError`."""
    from jupyterlab.commands import get_user_settings_dir

    settings = folder / "user-settings"
    with suppress(OSError):  # what cannot be read has its defaults
        shutil.copytree(get_user_settings_dir(), settings)
    for name, values in SETTINGS.items():
        path = settings / "@jupyterlab" / f"{name}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(values), encoding="utf-8")
    (folder / "custom.css").write_text(STYLE, encoding="utf-8")
