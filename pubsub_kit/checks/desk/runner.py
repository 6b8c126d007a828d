"""Runs the code cells of a notebook in a kernel of their own, as Lab would, and hears its verdicts.

What a learner can do in Lab they can do here: magics, `await`, modules of their own beside the
notebook, other processes. The kernel is new, so nothing is left in it of an earlier run.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from pubsub_kit.checks.desk import reporter
from pubsub_kit.checks.desk.kernel import CellTooLong, Kernel, KernelDied, started
from pubsub_kit.checks.forms.sources import ROOT
from pubsub_kit.errors import PubSubKitError
from pubsub_kit.options import SECONDS


class NotebookError(PubSubKitError):
    """A notebook that cannot be read; the message says why."""


@dataclass(frozen=True)
class Heard:
    """A verdict as it came out of the kernel: of which question, its outcome, its words."""

    question: str
    outcome: str
    text: str

    def __bool__(self) -> bool:
        """A verdict counts as true only if the answer holds."""
        return self.outcome == "holds"


Hear = Callable[[Heard | str], Any]


@dataclass
class Ran:
    """What a notebook's run brought: its verdicts, and a sentence for each cell that failed."""

    verdicts: list[Heard] = field(default_factory=list)
    trouble: list[str] = field(default_factory=list)


def run_notebook(
    path: Path,
    hear: Hear = lambda said: None,
    *,
    root: Path = ROOT,
    only: Iterable[str] = (),
    seconds: float = SECONDS,
    status: Callable[[str], Any] = lambda words: None,
) -> Ran:
    """Run a notebook's code cells in order, in its folder; `hear` gets each verdict as it comes.

    `status` gets a line now and then while a check takes long, and "" once it doesn't any more.

    A cell that raises, or takes more than so many seconds, is a sentence of trouble, and the next
    one runs. `only` are the questions to check, as in "03.consumer", if not all; progress is kept
    below `root`. Raises NotebookError for a file that is no notebook, KernelError where no kernel
    can be had, and KeyboardInterrupt.
    """
    cells = _code_cells(path)
    with TemporaryDirectory(ignore_cleanup_errors=True) as place:
        file = Path(place) / "reports"
        run = _Run(path, (hear, status), reporter.Reader(file), seconds)
        with started(path.parent) as kernel:
            kernel.prepare(reporter.call(file, root, only))
            for number, source in cells:
                if not run.cell(kernel, number, source):
                    break
        run.close()
    return run.ran


class _Run:
    """One run of a notebook: it hears what is reported, and puts it into sentences."""

    def __init__(
        self,
        path: Path,
        tell: tuple[Hear, Callable[[str], Any]],
        reports: reporter.Reader,
        seconds: float,
    ) -> None:
        self.name, self.reports, self.seconds = path.name, reports, seconds
        self.hear, self.status = tell
        self.ran = Ran()
        self.missing: defaultdict[str, list[int]] = defaultdict(list)  # by name: the cells
        self.errors: list[reporter.Report] = []  # of this cell
        self.exits = False

    def cell(self, kernel: Kernel, number: int, source: str) -> bool:
        """Run one cell; False if the kernel is gone with it."""
        self.errors = []
        try:
            kernel.run(source, self.seconds, self.read)
        except KernelDied:
            return self._gone(number, "ended the kernel (os._exit(), a crash, or no memory left)")
        except CellTooLong as late:
            return self._late(number, late.stopped)
        finally:
            self.read()
        for error in self.errors:
            self._raised(number, error)
        return not self.exits or self._gone(number, "ended the kernel by exit()")

    def read(self) -> None:
        """Hear the verdicts that have come meanwhile."""
        for report in self.reports.new():
            if report["kind"] == "verdict":
                heard = Heard(report["question"], report["outcome"], report["text"])
                self.ran.verdicts.append(heard)
                self.hear(heard)
            elif report["kind"] == "status":
                self.status(report["words"])
            elif report["kind"] == "error":
                self.errors.append(report)
            else:
                self.exits = True

    def close(self) -> None:
        """Say of which cells nothing was said, since they lack what an earlier one lacked."""
        for name, (_, *more) in self.missing.items():
            if more:
                cells = (
                    f"cells {_listed(more)} raise" if len(more) > 1 else f"cell {more[0]} raises"
                )
                self._trouble(f"{cells} the same: there is no {name}")

    def _raised(self, number: int, error: reporter.Report) -> None:
        sentence = f"cell {number} of {self.name} raised {error['told']}"
        if name := error["name"]:
            self.missing[name].append(number)
            if len(self.missing[name]) > 1:
                return
            if name == "q":
                sentence += ": the cell with q = exercise(…) is missing, or it failed"
        self._trouble(sentence)

    def _late(self, number: int, stopped: bool) -> bool:
        where = next((f" ({e['where']})" for e in self.errors if e["where"]), "")
        said = f"had not come to an end after {self.seconds:g} s and was stopped{where}"
        if not stopped:
            return self._gone(number, f"{said}, with its kernel, since it would not end")
        self._trouble(f"cell {number} of {self.name} {said}: look for a loop, or give --seconds")
        return True

    def _gone(self, number: int, how: str) -> bool:
        self._trouble(f"cell {number} of {self.name} {how}: the cells below it did not run")
        return False

    def _trouble(self, sentence: str) -> None:
        self.ran.trouble.append(sentence)
        self.hear(sentence)


def _listed(numbers: list[int]) -> str:
    return f"{', '.join(map(str, numbers[:-1]))} and {numbers[-1]}"


def _code_cells(path: Path) -> list[tuple[int, str]]:
    """Return the code cells and their places in the notebook, counted from 1."""
    try:
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [(i, c["cell_type"], "".join(c["source"])) for i, c in enumerate(cells, 1)]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise NotebookError(f"{path} cannot be read as a notebook: {error}") from error
    return [(number, source) for number, kind, source in found if kind == "code"]
