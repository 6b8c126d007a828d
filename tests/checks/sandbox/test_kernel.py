"""The same in a real notebook's kernel: it goes on after any answer, and can be interrupted."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.manager import KernelManager

ROOT = Path(__file__).resolve().parents[3]

OPEN = """import asyncio, sys, time
from dataclasses import replace
from pubsub_kit import *

q = exercise("01")
q.place._question.limit = 2.0
"""
LOOPS = """async def place(order):
    while True:
        try:
            len(order)
        except:
            pass

q.place.check(place)"""
RIGHT = """async def place(order):
    await call("stock", order, timeout=1.0, retry=RetryPolicy(attempts=4))
    return "placed"

q.place.check(place)"""
HEALTHY = """await asyncio.sleep(0.01)
time.sleep(0.01)
print("still here", sys.stdout is not None, len(asyncio.all_tasks()) > 0)"""


class Notebook:
    """Cells that are run one after another in a kernel."""

    def __init__(self, client: BlockingKernelClient, manager: KernelManager) -> None:
        self.client, self.manager = client, manager

    def run(self, source: str, interrupt_after: float | None = None) -> list[dict[str, Any]]:
        """Run a cell; return the contents of its outputs."""
        request = self.client.execute(source)
        if interrupt_after is not None:
            time.sleep(interrupt_after)
            self.manager.interrupt_kernel()
        outputs: list[dict[str, Any]] = []
        while True:
            message = self.client.get_iopub_msg(timeout=60)
            if message["parent_header"].get("msg_id") != request:
                continue
            kind, content = message["msg_type"], message["content"]
            if kind == "status" and content["execution_state"] == "idle":
                return outputs
            if kind in ("display_data", "execute_result", "stream", "error"):
                outputs.append(content)

    def text(self, source: str, interrupt_after: float | None = None) -> str:
        """Run a cell; return what it shows as text, and the names of its errors."""
        outputs = self.run(source, interrupt_after)
        parts = [
            o.get("data", {}).get("text/plain") or o.get("text") or o["ename"] for o in outputs
        ]
        return "\n".join(parts)


@pytest.fixture(scope="module")
def notebook() -> Iterator[Notebook]:
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(ROOT))
    client = manager.blocking_client()
    client.start_channels()
    client.wait_for_ready(timeout=120)
    notebook = Notebook(client, manager)
    assert notebook.text(OPEN) == ""
    yield notebook
    client.stop_channels()
    manager.shutdown_kernel(now=True)


PLAIN = "def place(order):\n    {}\n\nq.place.check(place)"
ANSWERS = {
    LOOPS: "your code was still running after 2 s (line ",
    LOOPS.replace("len(order)", "time.sleep(30)"): "write `await sleep(30)`",
    LOOPS.replace("len(order)", "input('?')"): "input() waits for a person",
    LOOPS.replace("len(order)", "sys.exit()"): "your code was still running",
    PLAIN.format("sys.exit()"): "your code called exit() (line 2: sys.exit())",
    PLAIN.format("return asyncio.sleep(1)"): "asyncio does not work inside a world",
    PLAIN.format("return ordr"): "NameError: name 'ordr' is not defined (line 2: return ordr)",
    PLAIN.format("raise BaseException"): "your code raised BaseException (line 2",
}


@pytest.mark.parametrize("cell", ANSWERS, ids=range(len(ANSWERS)))
def test_a_kernel_goes_on_after_any_answer(notebook: Notebook, cell: str) -> None:
    shown = notebook.text(cell)
    assert shown.startswith("✗ 01.place: ")
    assert ANSWERS[cell] in shown
    assert notebook.text(HEALTHY) == "still here True True\n"
    assert notebook.text(RIGHT).startswith("✓ 01.place: holds: ")


def test_a_verdict_is_shown_as_html_and_a_failure_as_a_picture_too(notebook: Notebook) -> None:
    right, wrong = notebook.run(RIGHT), notebook.run(RIGHT.replace("attempts=4", "attempts=1"))
    assert [set(output["data"]) for output in right] == [{"text/plain", "text/html"}]
    assert [set(output["data"]) for output in wrong] == [
        {"text/plain", "text/html"},
        {"text/plain", "text/html", "image/png"},
    ]


def test_whoever_interrupts_the_kernel_ends_the_cell(notebook: Notebook) -> None:
    patient = "q.place._question.limit = 60\n" + LOOPS + "\nprint('not reached')"
    assert notebook.text(patient, interrupt_after=1.0) == "KeyboardInterrupt"
    assert notebook.text(HEALTHY) == "still here True True\n"
    assert notebook.text(RIGHT).startswith("✓ 01.place: holds: ")
