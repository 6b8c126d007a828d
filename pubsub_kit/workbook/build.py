"""From one source to notebooks with outputs: `python -m pubsub_kit build [--check] [names…]`.

    authoring/lessons/NN_name.py    →  notebooks/NN_name.ipynb
    authoring/exercises/NN_name.py  →  exercises/NN_name.ipynb and solutions/NN_name.ipynb

Each notebook is executed from top to bottom in a fresh kernel of this interpreter, in the folder
where a learner opens it. What differs from run to run without meaning anything (timings, widget
model ids, the kernel's version) is dropped, so that a rebuild is identical to the byte and a
difference in git is a difference in what a reader sees. `--check` builds in memory and compares;
drawings alone are left out of it, since they change with each release of matplotlib.
"""

from __future__ import annotations

import asyncio
import os
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest
from pathlib import Path
from subprocess import DEVNULL
from typing import NamedTuple

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

from pubsub_kit import options
from pubsub_kit.checks.desk.kernel import ThisInterpreter
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.workbook.editions import Edition, SourceError, edition

KIT = Path(__file__).resolve().parents[2]
KERNELS = 2
CELL_SECONDS = 60
SOURCES = {
    Edition.LESSON: "authoring/lessons",
    Edition.EXERCISE: "authoring/exercises",
    Edition.SOLUTION: "authoring/exercises",
}
WIDGET = "application/vnd.jupyter.widget-view+json"
PIXELS = re.compile(r'("image/png": "|data:image/svg\+xml;base64,)[^"\\]*')
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class BuildError(PubSubKitError):
    """A notebook can't be built; the message names the source, the cell and its error."""


class Page(NamedTuple):
    """A notebook to build: where it comes from, and where it goes (relative to `root`)."""

    root: Path
    source: str
    target: str
    kind: Edition

    @property
    def name(self) -> str:
        """The notebook's name without its folder: `03_idempotency`."""
        return Path(self.target).stem


def pages(root: Path = KIT, names: Sequence[str] = ()) -> list[Page]:
    """List the notebooks that `root` has sources for; `names` may be shortened, as `03` is.

    Raises `BuildError` for a name that no source begins with.
    """
    found = [page for kind in Edition for page in _of_kind(root, kind)]
    for name in names:
        if not any(page.name.startswith(name) for page in found):
            raise BuildError(f"no source in authoring/ begins with {name!r}")
    return [page for page in found if not names or page.name.startswith(tuple(names))]


def _of_kind(root: Path, kind: Edition) -> Iterator[Page]:
    for path in sorted((root / SOURCES[kind]).glob("[0-9][0-9]_*.py")):
        source = path.relative_to(root).as_posix()
        yield Page(root, source, f"{kind.value}/{path.stem}.ipynb", kind)


def repository(root: Path = KIT) -> str:
    """Return the URL that pyproject.toml gives for the source, or nothing."""
    file = root / "pyproject.toml"
    project = tomllib.loads(file.read_text("utf-8"))["project"] if file.exists() else {}
    return str(project.get("urls", {}).get("Homepage", ""))


def unexecuted(page: Page) -> NotebookNode:
    """Read the page's source into a notebook without outputs; raises `BuildError`."""
    text = (page.root / page.source).read_text("utf-8")
    try:
        return edition(text, page.kind, repository(page.root))
    except SourceError as error:
        raise BuildError(f"{page.source}, {error}") from None


async def execute(page: Page) -> NotebookNode:
    """Run the page's cells in a new kernel and return them with their outputs; `BuildError`."""
    notebook = unexecuted(page)
    folder = page.root / page.kind.value
    folder.mkdir(exist_ok=True)
    client, reached = _client(notebook, folder)
    try:
        await client.async_execute(env=_environment(page.root), stderr=DEVNULL)
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        where = f"{page.source} ({page.kind.name.lower()}), cell {reached[-1] + 1}"
        first = notebook.cells[reached[-1]].source.strip().split("\n")[0]
        raise BuildError(f"{where}, {first!r}: {_reason(error)}") from None
    return normalised(notebook)


def _client(notebook: NotebookNode, folder: Path) -> tuple[NotebookClient, list[int]]:
    """Return what runs the notebook, and the list of the cells that it has begun."""
    reached: list[int] = []
    client = NotebookClient(
        notebook,
        kernel_manager_class=ThisInterpreter,
        kernel_name="python3",
        resources={"metadata": {"path": str(folder)}},
        timeout=CELL_SECONDS,
        startup_timeout=120,
        force_raise_errors=True,
        record_timing=False,
        on_cell_start=lambda cell, cell_index: reached.append(cell_index),
    )
    return client, reached


def _environment(root: Path) -> dict[str, str]:
    """Put this checkout first on the path, and keep a learner's answers and servers out of it."""
    path = os.pathsep.join(filter(None, [str(root), str(KIT), os.environ.get("PYTHONPATH")]))
    off = {"PUBSUB_KIT_PROGRESS": "off", "PUBSUB_KIT_ENGINES": "off"}
    return {**os.environ, "PYTHONPATH": path, **off}


def _reason(error: Exception) -> str:
    if isinstance(error, CellExecutionError):
        return ANSI.sub("", f"{error.ename}: {error.evalue}")
    if isinstance(error, CellTimeoutError):
        return f"no end after {CELL_SECONDS} seconds"
    return "the kernel died"


def normalised(notebook: NotebookNode) -> NotebookNode:
    """Drop from an executed notebook what changes from run to run; changes it in place."""
    notebook.metadata.pop("widgets", None)
    notebook.metadata.language_info = {"name": "python"}
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, cell in enumerate(code, 1):
        cell.execution_count = count
        cell.metadata.pop("execution", None)
        cell.outputs = list(_merged(map(_settled, cell.outputs)))
        for output in cell.outputs:
            if output.output_type == "execute_result":
                output.execution_count = count
    return notebook


def _settled(output: NotebookNode) -> NotebookNode:
    output.get("data", {}).pop(WIDGET, None)
    return output


def _merged(outputs: Iterable[NotebookNode]) -> Iterator[NotebookNode]:
    """Join neighbouring pieces of one stream, and leave out what holds nothing to show."""
    last: NotebookNode | None = None
    for output in outputs:
        if output.output_type == "stream" and last is not None and last.get("name") == output.name:
            last.text += output.text
        elif output.get("data", True):
            last = output
            yield output


def text_of(notebook: NotebookNode) -> str:
    """Return the notebook as the file holds it."""
    text: str = nbformat.writes(notebook)
    return text + "\n"


def difference(page: Page, expected: str) -> str:
    """Say in a sentence how the page's file differs from `expected`; nothing where it does not."""
    path = page.root / page.target
    if not path.exists():
        return f"{page.target} is missing"
    found = PIXELS.sub(r"\1…", path.read_bytes().decode("utf-8")).split("\n")
    wanted = PIXELS.sub(r"\1…", expected).split("\n")
    for n, (there, here) in enumerate(zip_longest(found, wanted), 1):
        if there != here:
            gives = f"{page.source} gives {_quoted(here)}"
            return f"{page.target} line {n} is {_quoted(there)}, and {gives}"
    return ""


def _quoted(line: str | None) -> str:
    return "past the end" if line is None else repr(line.strip()[:100])


def orphans(root: Path = KIT) -> list[str]:
    """List the notebooks in the three folders that no source makes."""
    made = {page.target for page in pages(root)}
    files = (file for kind in Edition for file in sorted((root / kind.value).glob("*.ipynb")))
    return [t for file in files if (t := file.relative_to(root).as_posix()) not in made]


def check(root: Path = KIT, names: Sequence[str] = ()) -> list[str]:
    """Build in memory and return a sentence for each notebook that differs from its file."""
    wanted = pages(root, names)
    stale = [
        f"{said}. Run `python -m pubsub_kit build {page.name}` and commit the result."
        for page, result in zip(wanted, asyncio.run(_all(wanted)), strict=True)
        if (said := str(result) if isinstance(result, BuildError) else difference(page, result))
    ]
    return stale + [f"{target} has no source in authoring/. Delete it." for target in orphans(root)]


def build(root: Path = KIT, names: Sequence[str] = ()) -> list[str]:
    """Build and write the notebooks; returns a sentence for each that failed, its file left."""
    wanted = pages(root, names)
    failed = []
    for page, result in zip(wanted, asyncio.run(_all(wanted)), strict=True):
        if isinstance(result, BuildError):
            failed.append(str(result))
        else:
            (root / page.target).write_text(result, encoding="utf-8", newline="\n")
    return failed


async def _all(wanted: Sequence[Page]) -> list[str | BuildError]:
    """Execute the pages, two kernels at a time, each to its text or to what went wrong."""
    free = asyncio.Semaphore(KERNELS)

    async def one(page: Page) -> str | BuildError:
        async with free:
            try:
                return text_of(await execute(page))
            except BuildError as error:
                return error

    return list(await asyncio.gather(*map(one, wanted)))


def main(arguments: Sequence[str] | None = None, root: Path = KIT) -> int:
    """Run the command; returns its exit status: 1 where something failed or differs."""
    given = options.build().parse_args(arguments)
    try:
        problems = (check if given.check else build)(root, given.names)
        count = len(pages(root, given.names))
    except BuildError as error:
        problems = [str(error)]
    for problem in problems:
        print(problem, file=sys.stderr)
    if not problems:
        print(f"{count} notebooks {'equal their sources' if given.check else 'built'}")
    return 1 if problems else 0
