"""How `check` runs a notebook: in a real kernel, as Lab does, whatever the cells do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from pubsub_kit.checks.desk import kernel
from pubsub_kit.checks.desk.kernel import KernelError
from pubsub_kit.checks.desk.runner import Heard, Ran, run_notebook
from tests.checks.notebooks import COPY, OPEN, PLACE, write

SOURCE = Path(__file__).resolve().parents[3]
TAIL = "q.tail.check(63.4)"


def run(root: Path, *cells: str, seconds: float = 60) -> Ran:
    return run_notebook(write(root, *cells), root=root, seconds=seconds)


def names(ran: Ran) -> list[str]:
    return [verdict.question for verdict in ran.verdicts]


# --- as in Lab ------------------------------------------------------------------------------------


def test_cells_do_what_they_do_in_lab(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        "import asyncio, os\nx = 1",
        "async def f():\n    await asyncio.sleep(0)\n    return x + 1\ny = await f()",
        "z = await f()\nassert (x, y, z, __name__) == (1, 2, 2, '__main__')",
        f"assert os.getcwd() == {str(tmp_path / 'my_work')!r}",
        "%matplotlib inline\n%time x = 2",
        "import sys\nif x == 2:\n    said = !{sys.executable} -c \"print('hello')\"",
        "assert [*said] == ['hello']",
        "%%writefile mine.txt\nhello",
        "assert open('mine.txt').read() == 'hello\\n'",
        "display({'text/plain': 'x'}, raw=True)\n1 / 2",
        "get_ipython().history_manager",
        "assert 'reporter' not in dir() and 'importlib' not in dir()",
    )
    assert ran.trouble == []


def test_modules_beside_the_notebook_are_found(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "my_work" / "mine.py").write_text("ANSWER = 63.4")
    ran = run(tmp_path, OPEN, "import mine\nq.tail.check(mine.ANSWER)")
    assert (ran.trouble, [*map(bool, ran.verdicts)]) == ([], [True])


def test_pickling_processes_and_type_hints_work(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        "from __future__ import annotations\nimport pickle\nfrom dataclasses import dataclass",
        "@dataclass\nclass Order:\n    id: Unknown\n    def twin(self: Order) -> Order: ...",
        "assert pickle.loads(pickle.dumps(Order(1))) == Order(1)",
        "import typing\nassert Order.__annotations__ == {'id': 'Unknown'}",
        "import inspect\nassert 'self: Order' in inspect.getsource(Order.twin)",
        "import multiprocessing, operator\nwith multiprocessing.Pool(1) as p:\n"
        "    assert p.map(operator.neg, [1, 2]) == [-1, -2]",
    )
    assert ran.trouble == []


def test_a_verdict_is_heard_whatever_the_cell_does_to_its_output(tmp_path: Path) -> None:
    ran = run(
        tmp_path,
        OPEN,
        f"%%capture\n{TAIL}",
        f"import sys\nout, sys.stdout = sys.stdout, None\n{TAIL}\nsys.stdout = out",
        f"from IPython.display import clear_output\n{TAIL}\nclear_output()",
        f"import threading\nt = threading.Thread(target=lambda: {TAIL})\nt.start(); t.join()",
        "print('\\ud800')\nq.chain.check('\\ud800')",
    )
    assert names(ran) == ["01.tail"] * 4 + ["01.chain"]


def test_verdicts_come_while_the_notebook_runs(tmp_path: Path) -> None:
    (tmp_path / "my_work").mkdir()
    flag = tmp_path / "heard"
    waits = f"import os, time\nwhile not os.path.exists({str(flag)!r}):\n    time.sleep(0.01)"
    path = write(tmp_path, OPEN, f"{TAIL}\n{waits}")
    ran = run_notebook(path, lambda said: flag.touch(), seconds=60)
    assert (ran.trouble, names(ran)) == ([], ["01.tail"])


# --- cells in trouble -----------------------------------------------------------------------------


def test_what_is_missing_is_told_once(tmp_path: Path) -> None:
    ran = run(tmp_path, "from pubsub_kit import *", PLACE, TAIL, "x", TAIL, "y\n", "x", TAIL)
    assert ran.trouble == [
        f"cell 3 of {COPY} raised NameError: name 'q' is not defined (line 6: "
        "q.place.check(place)): the cell with q = exercise(…) is missing, or it failed",
        f"cell 5 of {COPY} raised NameError: name 'x' is not defined (line 1: x)",
        f"cell 7 of {COPY} raised NameError: name 'y' is not defined (line 1: y)",
        "cells 4, 6 and 9 raise the same: there is no q",
        "cell 8 raises the same: there is no x",
    ]


def test_a_cell_that_never_ends_is_stopped_with_its_line_and_the_next_one_runs(
    tmp_path: Path,
) -> None:
    ran = run(
        tmp_path,
        OPEN,
        "x = 1\nwhile True:\n    pass",
        "import asyncio\nawait asyncio.sleep(1_000)",
        "import time\ntime.sleep(1_000)",
        "import sys\n!{sys.executable} -c 'import time; time.sleep(1000)'",
        TAIL,
        seconds=1.5,
    )
    late = [
        sentence.partition(" had not come to an end after 1.5 s and was ")
        for sentence in ran.trouble
    ]
    assert [before for before, _, _ in late] == [f"cell {n} of {COPY}" for n in (3, 4, 5, 6)]
    assert late[0][2].startswith("stopped (line ")
    assert late[1][2].startswith("stopped (line 2: await asyncio.sleep(1_000))")
    assert late[2][2].startswith("stopped (line 2: time.sleep(1_000))")
    assert names(ran) == ["01.tail"]


STUBBORN = """while True:
    try:
        while True:
            pass
    except BaseException:
        pass"""


def test_a_cell_that_cannot_be_stopped_ends_the_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernel, "_GRACE", 0.3)
    ran = run(tmp_path, OPEN, TAIL, STUBBORN, TAIL, seconds=1)
    assert names(ran) == ["01.tail"]
    assert ran.trouble == [
        f"cell 4 of {COPY} had not come to an end after 1 s and was stopped, with its kernel, "
        "since it would not end: the cells below it did not run"
    ]


@pytest.mark.parametrize(
    ("end", "how"),
    [
        ("import os\nos._exit(3)", "ended the kernel (os._exit(), a crash, or no memory left)"),
        ("import os\nos.kill(os.getpid(), 9)", "ended the kernel (os._exit(), a crash, or "),
        ("exit()", "ended the kernel by exit()"),
    ],
)
def test_a_kernel_that_dies_is_a_sentence(tmp_path: Path, end: str, how: str) -> None:
    ran = run(tmp_path, OPEN, f"{TAIL}\n{end}", TAIL)
    assert names(ran) == ["01.tail"]  # what was said before it died is heard
    (sentence,) = ran.trouble
    assert sentence.startswith(f"cell 3 of {COPY} {how}")
    assert sentence.endswith("the cells below it did not run")


def test_input_does_not_wait_for_anybody(tmp_path: Path) -> None:
    ran = run(tmp_path, OPEN, "name = input('Your name? ')", TAIL)
    assert ran.trouble[0].startswith(f"cell 3 of {COPY} raised StdinNotImplementedError: ")
    assert names(ran) == ["01.tail"]


def test_an_error_that_cannot_be_shown_is_told_by_its_name(tmp_path: Path) -> None:
    bad = "class Bad(Exception):\n    def __str__(self): raise KeyError\n    __repr__ = __str__"
    ran = run(tmp_path, OPEN, f"{bad}\nraise Bad", "raise ExceptionGroup('g', [Bad()])", TAIL)
    assert ran.trouble[0] == f"cell 3 of {COPY} raised Bad (line 4: raise Bad)"
    assert ran.trouble[1].startswith(f"cell 4 of {COPY} raised ExceptionGroup")
    assert names(ran) == ["01.tail"]


def test_a_person_who_interrupts_a_cell_within_is_no_end_of_the_run(tmp_path: Path) -> None:
    ran = run(tmp_path, OPEN, "raise KeyboardInterrupt", TAIL)
    assert ran.trouble == [
        f"cell 3 of {COPY} raised KeyboardInterrupt (line 1: raise KeyboardInterrupt)"
    ]
    assert names(ran) == ["01.tail"]


def test_a_kernel_that_cannot_start_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "my_work" / "ipykernel_launcher.py").write_text("raise SystemExit(3)")
    with pytest.raises(KernelError, match=r"no Python kernel starts in .*my_work"):
        run(tmp_path, TAIL)


def test_a_kernel_that_finds_another_kit_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONPATH", raising=False)  # which would come before the folder
    write(tmp_path)
    (tmp_path / "my_work" / "pubsub_kit.py").write_text("mine = True")
    with pytest.raises(KernelError, match=r"cannot be used \(ModuleNotFoundError: No module named"):
        run(tmp_path, TAIL)


def test_a_verdict_that_was_heard_is_true_only_if_it_holds() -> None:
    assert Heard("01.tail", "holds", "")
    assert not Heard("01.tail", "not exercised", "")


# --- no process is left ---------------------------------------------------------------------------


def begun(root: Path, *cells: str) -> tuple[subprocess.Popen[str], list[psutil.Process]]:
    """Start a check in a process of its own; return it and its kernel once the last cell runs."""
    flag = root / "begun"
    write(root, *cells, f"open({str(flag)!r}, 'w').close()\nwhile True:\n    pass")
    code = (
        "from pathlib import Path; from pubsub_kit.checks.desk import terminal; "
        f"terminal.main(['01'], Path({str(root)!r}))"
    )
    started = subprocess.Popen(
        [sys.executable, "-c", code], cwd=SOURCE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    while not flag.exists():
        assert started.poll() is None
        time.sleep(0.05)
    return started, psutil.Process(started.pid).children(recursive=True)


@pytest.mark.skipif(os.name == "nt", reason="Windows sends no signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_no_kernel_outlives_a_check_that_is_stopped(tmp_path: Path, number: int) -> None:
    started, kernels = begun(tmp_path, OPEN)
    assert kernels
    started.send_signal(number)
    started.communicate()
    _, alive = psutil.wait_procs(kernels, timeout=30)
    assert alive == []


CHILD = """import subprocess, sys
from pathlib import Path
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(1_000)"])
Path("child").write_text(str(child.pid))"""


def test_no_process_of_a_cell_outlives_the_check(tmp_path: Path) -> None:
    assert run(tmp_path, CHILD).trouble == []
    pid = int((tmp_path / "my_work" / "child").read_text())
    left = [psutil.Process(pid)] if psutil.pid_exists(pid) else []
    _, alive = psutil.wait_procs(left, timeout=10)
    assert [process for process in alive if process.status() != psutil.STATUS_ZOMBIE] == []
