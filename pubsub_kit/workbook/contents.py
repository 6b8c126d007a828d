"""How JupyterLab opens and saves the checkout's files: the originals for reading, copies for work.

`notebooks/`, `exercises/` and `solutions/` stay as they came, whatever anybody does in JupyterLab,
so that git finds nothing changed: they are served as not writable, and what would change them is
refused in a sentence. A notebook that is opened again shows its pictures without a kernel
(`views.py`). For a projector the code of lessons is folded, in what is served and not in the file.
"""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

from jupyter_server.services.contents.largefilemanager import AsyncLargeFileManager
from tornado.web import HTTPError

from pubsub_kit.workbook import views

ORIGINALS = {"notebooks": "my_lessons", "exercises": "my_work", "solutions": "my_work"}
COPIES = ("my_lessons", "my_work")
LESSONS = ("notebooks", "my_lessons")
FOLDED = "pubsub_kit_folded"  # in a cell's metadata: it is folded for the projector alone
ASKING = 1  # seconds: a kernel that is busy for longer is taken to have every model

Model = dict[str, Any]


class WorkbookContents(AsyncLargeFileManager):
    """The files of a checkout, as JupyterLab reads and writes them."""

    async def get(
        self,
        path: str,
        content: bool = True,
        type: str | None = None,
        format: str | None = None,
        require_hash: bool = False,
    ) -> Model:
        """Return a file's model; an original is not writable, and no dead widget is shown."""
        model: Model = await super().get(path, content, type, format, require_hash)
        if self.original(path):
            model["writable"] = False
        if content and model["type"] == "notebook":
            await self.settle(path.strip("/"), model["content"])
        return model

    async def settle(self, path: str, notebook: views.Notebook) -> None:
        """Set aside the widgets of a notebook that its kernel does not know; changes the notebook.

        A kernel that is too busy to say is taken to know them all.
        """
        kernel = await self.kernel(path)
        if kernel is None and path.partition("/")[0] in COPIES:
            views.settle_cold(notebook)
        elif views.has_views(notebook):
            alive = await _widgets(kernel) if kernel is not None else set()
            if alive is not None:
                views.settle(notebook, alive)
        else:
            views.settle(notebook, ())

    async def save(self, model: Model, path: str = "") -> Model:
        """Save a file, unless it is an original, without what `get` has added to it."""
        self.refuse(path)
        if model.get("type") == "notebook" and model.get("content"):
            views.without_hint(model["content"])
            unfold(model["content"])
        saved: Model = await super().save(model, path)
        return saved

    async def delete_file(self, path: str) -> None:
        """Delete a file, unless it is an original."""
        self.refuse(path)
        await super().delete_file(path)

    async def rename_file(self, old_path: str, new_path: str) -> None:
        """Rename a file, unless it is an original or would stand among them."""
        self.refuse(old_path)
        self.refuse(new_path)
        await super().rename_file(old_path, new_path)

    async def copy(self, from_path: str, to_path: str | None = None) -> Model:
        """Copy a file or folder, unless the copy would stand among the originals."""
        parent = str(PurePosixPath(from_path.strip("/")).parent)
        self.refuse(parent if to_path is None else to_path)
        copied: Model = await super().copy(from_path, to_path)
        return copied

    async def restore_checkpoint(self, checkpoint_id: str, path: str) -> None:
        """Go back to a checkpoint, unless the file is an original."""
        self.refuse(path)
        await super().restore_checkpoint(checkpoint_id, path)

    def refuse(self, path: str) -> None:
        """Raise `HTTPError` 403, with what to do instead, if the path is of an original."""
        folder = self.original(path)
        if folder:
            raise HTTPError(
                403,
                f"{folder}/ stays as it came, so that updates work: your own copies, which you can "
                f"change and save, are in {ORIGINALS[folder]}/",
            )

    def original(self, path: str) -> str:
        """Return the folder of originals that a path is or lies in, or ""."""
        root = Path(self.root_dir)
        place = root / path.strip("/")
        above = [place, *place.parents]
        for folder in ORIGINALS:
            here = root / folder
            if any(one == here or _same(one, here) for one in above if one != root):
                return folder
        return ""

    async def kernel(self, path: str) -> Any:
        """Return a notebook's kernel, or None if it has none that can have run anything."""
        server: Any = self.parent
        for session in await server.session_manager.list_sessions():
            if session["path"] == path and session["kernel"]:
                kernel = session["kernel"]
                if kernel["execution_state"] in ("starting", "restarting", "dead"):
                    return None
                return server.kernel_manager.get_kernel(kernel["id"])
        return None


class FoldedContents(WorkbookContents):
    """The same for a projector: the code of lessons is folded."""

    async def settle(self, path: str, notebook: views.Notebook) -> None:
        """Fold the code of a lesson as well; changes the notebook."""
        await super().settle(path, notebook)
        if path.partition("/")[0] in LESSONS:
            fold(notebook)


def _same(one: Path, other: Path) -> bool:
    """Tell whether two paths are of one folder, through a link or a file system blind to case."""
    return one.exists() and other.exists() and one.samefile(other)


async def _widgets(kernel: Any) -> set[str] | None:
    """Return the ids of the widgets' models in a kernel, or None if it is too busy to say."""
    client = kernel.client()
    client.start_channels(shell=True, iopub=False, stdin=False, hb=False, control=False)
    try:
        reply = await client.comm_info("jupyter.widget", reply=True, timeout=ASKING)
    except TimeoutError:
        return None
    finally:
        client.stop_channels()
    return set(reply["content"].get("comms", ()))


def fold(notebook: views.Notebook) -> None:
    """Fold the code of a notebook's cells, and mark those that were not folded before."""
    for cell in notebook["cells"]:
        about = cell["metadata"]
        if cell["cell_type"] == "code" and not about.get("jupyter", {}).get("source_hidden"):
            about[FOLDED] = True
            about.setdefault("jupyter", {})["source_hidden"] = True


def unfold(notebook: views.Notebook) -> None:
    """Undo what `fold` did."""
    for cell in notebook["cells"]:
        about = cell["metadata"]
        if about.pop(FOLDED, None):
            jupyter = about.get("jupyter", {})
            jupyter.pop("source_hidden", None)
            if not jupyter:
                about.pop("jupyter", None)
