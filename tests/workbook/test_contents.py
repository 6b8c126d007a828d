"""What JupyterLab is given when it opens a notebook, and what is written when it saves one."""

from __future__ import annotations

import asyncio
import copy as copying
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import nbformat
import pytest
from tornado.web import HTTPError
from traitlets.config import LoggingConfigurable

from pubsub_kit.workbook import contents, views
from pubsub_kit.workbook.contents import FoldedContents, WorkbookContents


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(work)


def output(**data: Any) -> dict[str, Any]:
    return {"output_type": "display_data", "data": data, "metadata": {}}


def view(model: str) -> dict[str, Any]:
    return {"model_id": model, "version_major": 2, "version_minor": 0}


def widget(model: str, **beside: str) -> dict[str, Any]:
    return output(**{views.VIEW: view(model), "text/plain": "in words", **beside})


def notebook(*outputs: dict[str, Any]) -> dict[str, Any]:
    """A notebook with prose, and a code cell for each output."""
    cells: list[dict[str, Any]] = [
        {"cell_type": "code", "id": f"c{n}", "source": "draw()", "metadata": {},
         "execution_count": 1, "outputs": [one]}
        for n, one in enumerate(outputs)
    ]  # fmt: skip
    prose = {"cell_type": "markdown", "id": "p", "source": "# Prose", "metadata": {}}
    return {"cells": [prose, *cells], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


def shown(content: dict[str, Any]) -> list[list[str]]:
    """Return what JupyterLab would show of each code cell: a widget, a picture, or the words."""
    return [
        [
            "widget" if views.VIEW in it["data"] else
            "picture" if "image/png" in it["data"] else it["data"]["text/plain"]
            for it in cell["outputs"]
        ]
        for cell in content["cells"][1:]
    ]  # fmt: skip


# --- views of widgets -----------------------------------------------------------------------------


def test_a_widget_that_is_gone_is_shown_as_it_was_and_the_way_back_is_told_once() -> None:
    content = notebook(output(**{"text/plain": "4"}), widget("a"), widget("b", **{"image/png": ""}))
    views.settle(content, ())
    assert shown(content) == [["4"], [views.HINT, "in words"], ["picture"]]


def test_a_widget_that_lives_stays() -> None:
    content = notebook(widget("a"), widget("b"))
    views.settle(content, {"a", "b"})
    assert shown(content) == [["widget"], ["widget"]]
    views.settle(content, {"a"})
    assert shown(content) == [["widget"], [views.HINT, "in words"]]


def test_a_widget_without_a_picture_or_words_gets_some() -> None:
    content = notebook(output(**{views.VIEW: view("a")}))
    views.settle(content, ())
    assert shown(content) == [[views.HINT, views.ALONE]]


def test_the_way_back_is_told_again_at_each_opening_until_the_cells_have_run() -> None:
    content = notebook(widget("a"), widget("b"))
    for _ in range(3):
        views.settle(content, ())
        assert shown(content) == [[views.HINT, "in words"], ["in words"]]
    content["cells"][1]["outputs"] = [widget("c")]
    views.settle(content, {"c"})
    assert shown(content) == [["widget"], [views.HINT, "in words"]]
    content["cells"][2]["outputs"] = [widget("d")]
    views.settle(content, {"c", "d"})
    assert shown(content) == [["widget"], ["widget"]]


def test_a_notebook_without_widgets_is_left_as_it_is() -> None:
    content = notebook(output(**{"image/png": "", "text/plain": "1"}))
    content["cells"][1]["outputs"].append({"output_type": "stream", "name": "stdout", "text": "1"})
    before = copying.deepcopy(content)
    assert not views.has_views(content)
    views.settle(content, ())
    assert content == before


@pytest.mark.parametrize("said", [[], [widget("a")]])
def test_a_new_kernel_is_told_of_once(said: list[dict[str, Any]]) -> None:
    """Code that was not run again would meet names that it does not know."""
    content = notebook(output(**{"text/plain": "✓"}), output(**{"text/plain": "✗"}), *said)
    for _ in range(2):
        views.settle_cold(content)
        hints = [words for cell in shown(content) for words in cell if len(words) > 30]
        assert hints == [views.HINT if said else views.COLD]
    views.without_hint(content)
    assert views.COLD not in str(content)


def test_a_new_kernel_is_not_told_of_where_nothing_was_run() -> None:
    content = notebook()
    views.settle_cold(content)
    assert content == notebook()


def test_what_is_served_is_a_valid_notebook() -> None:
    content = notebook(widget("a"), output(**{views.VIEW: view("a")}))
    views.settle(content, ())
    contents.fold(content)
    nbformat.validate(content)


# --- files ----------------------------------------------------------------------------------------


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for folder in (*contents.ORIGINALS, "my_lessons", "my_work"):
        (tmp_path / folder).mkdir()
        nbformat.write(nbformat.from_dict(notebook(widget("a"))), tmp_path / folder / "a.ipynb")
    return tmp_path


class Server(LoggingConfigurable):
    """Stands for a server, its sessions and kernels: one kernel, for my_lessons/a.ipynb."""

    def __init__(self, state: str, models: list[str] | None) -> None:
        super().__init__()
        self.session_manager = self.kernel_manager = self
        self.state, self.models = state, models

    async def list_sessions(self) -> list[dict[str, Any]]:
        kernel = {"id": "k", "execution_state": self.state}
        return [{"path": "my_lessons/a.ipynb", "kernel": kernel}]

    def get_kernel(self, _: str) -> Server:
        return self

    def client(self) -> Server:
        return self

    def start_channels(self, **_: bool) -> None: ...

    def stop_channels(self) -> None: ...

    async def comm_info(self, target: str, **_: Any) -> dict[str, Any]:
        if self.models is None:
            raise TimeoutError
        return {"content": {"status": "ok", "comms": {model: {} for model in self.models}}}


@pytest.mark.parametrize(
    ("state", "models", "lives"),
    [
        ("idle", ["a"], True),
        ("idle", ["b"], False),
        ("busy", None, True),
        ("starting", ["a"], False),
        ("dead", ["a"], False),
    ],
)
def test_the_kernel_of_a_notebook_is_asked_what_lives(
    root: Path, state: str, models: list[str] | None, lives: bool
) -> None:
    files = WorkbookContents(root_dir=str(root), parent=Server(state, models))
    opened, other = (
        run(files.get(f"{at}/a.ipynb"))["content"] for at in ("/my_lessons", "my_work")
    )
    assert views.has_views(opened) is lives
    assert not views.has_views(other)


@pytest.mark.parametrize(
    ("folder", "state", "told"),
    [
        ("my_lessons", "idle", False),
        ("my_lessons", "busy", False),
        ("my_lessons", "dead", True),
        ("my_work", "idle", True),
        ("exercises", "idle", False),
    ],
)
def test_copies_whose_kernel_is_new_say_what_to_run_first(
    root: Path, folder: str, state: str, told: bool
) -> None:
    words = nbformat.from_dict(notebook(output(**{"text/plain": "✓"})))
    nbformat.write(words, root / folder / "a.ipynb")
    files = WorkbookContents(root_dir=str(root), parent=Server(state, []))
    content = run(files.get(f"{folder}/a.ipynb"))["content"]
    assert (views.COLD in str(content)) is told


@pytest.fixture
def files(root: Path) -> WorkbookContents:
    """The files, served for a projector by a server whose one kernel knows no widget."""
    return FoldedContents(root_dir=str(root), parent=Server("idle", []))


def sources(content: dict[str, Any]) -> list[dict[str, Any]]:
    return [cell["metadata"].get("jupyter", {}) for cell in content["cells"]]


def test_what_serving_adds_is_not_saved(files: WorkbookContents, root: Path) -> None:
    content = notebook(widget("a"), widget("b"), widget("c"))
    content["cells"][1]["metadata"]["jupyter"] = {"source_hidden": True}
    content["cells"][2]["metadata"]["jupyter"] = {"outputs_hidden": True}
    nbformat.write(nbformat.from_dict(content), root / "my_lessons" / "a.ipynb")
    model = run(files.get("my_lessons/a.ipynb"))
    assert all(about.get("source_hidden") for about in sources(model["content"])[1:])
    assert views.HINT in str(model["content"])
    run(files.save(model, "my_lessons/a.ipynb"))
    saved = nbformat.read(root / "my_lessons" / "a.ipynb", as_version=4)
    assert sources(saved) == [{}, {"source_hidden": True}, {"outputs_hidden": True}, {}]
    assert shown(saved) == [["in words"]] * 3
    assert contents.FOLDED not in str(saved)
    assert views.HINT in str(run(files.get("my_lessons/a.ipynb")))


def test_what_was_unfolded_at_the_projector_stays_unfolded(files: WorkbookContents) -> None:
    content = run(files.get("my_lessons/a.ipynb"))["content"]
    del content["cells"][1]["metadata"]["jupyter"]  # as JupyterLab does
    contents.unfold(content)
    assert content["cells"][1]["metadata"].keys() <= {"trusted"}


def test_exercises_are_never_folded(files: WorkbookContents) -> None:
    assert sources(run(files.get("my_work/a.ipynb"))["content"]) == [{}, {}]


@pytest.mark.parametrize("folder", contents.ORIGINALS)
def test_originals_are_served_for_reading(files: WorkbookContents, folder: str) -> None:
    for path in (folder, f"{folder}/a.ipynb", f"/{folder}/a.ipynb/"):
        assert run(files.get(path, content=False))["writable"] is False
    listed = run(files.get(folder))["content"]
    assert [entry["writable"] for entry in listed] == [False]


@pytest.mark.parametrize("path", ["", "my_lessons", "my_lessons/a.ipynb", "my_work/a.ipynb"])
def test_everything_else_is_served_for_writing(files: WorkbookContents, path: str) -> None:
    assert run(files.get(path, content=False))["writable"] is True


def test_an_original_by_another_name_is_one_too(files: WorkbookContents, root: Path) -> None:
    (root / "my_work" / "link").symlink_to(root / "notebooks")
    for path in ("my_work/link/a.ipynb", "my_work/../notebooks/a.ipynb"):
        assert files.original(path) == "notebooks"
    assert files.original("my_work/notebooks/a.ipynb") == ""
    assert files.original("notebooks.ipynb") == ""


@pytest.mark.parametrize("folder", contents.ORIGINALS)
def test_what_would_change_an_original_is_refused(files: Any, root: Path, folder: str) -> None:
    before = {path: path.read_bytes() for path in root.rglob("*.ipynb")}
    mine, theirs = "my_work/a.ipynb", f"{folder}/a.ipynb"
    model = {"type": "file", "format": "text", "content": "mine"}
    changes: list[Coroutine[Any, Any, Any]] = [
        files.save(dict(model), theirs),
        files.save({**model, "chunk": 1}, theirs),
        files.save({"type": "directory"}, f"{folder}/new"),
        files.new_untitled(folder, type="notebook"),
        files.rename(theirs, "my_work/b.ipynb"),
        files.rename(mine, f"{folder}/b.ipynb"),
        files.rename(folder, "other"),
        files.copy(mine, folder),
        files.copy(theirs),
        files.copy("my_work", folder),
        files.delete(theirs),
        files.delete(folder),
        files.restore_checkpoint("checkpoint", theirs),
    ]
    for change in changes:
        with pytest.raises(HTTPError, match=f"{folder}/ stays as it came") as refusal:
            run(change)
        assert refusal.value.status_code == 403
    assert {path: path.read_bytes() for path in root.rglob("*.ipynb")} == before
    assert [path.name for path in (root / folder).iterdir()] == ["a.ipynb"]


def test_a_copy_of_an_original_may_stand_elsewhere(files: WorkbookContents, root: Path) -> None:
    run(files.copy("exercises/a.ipynb", "my_work"))
    assert {path.name for path in (root / "my_work").iterdir()} >= {"a.ipynb", "a-Copy1.ipynb"}
