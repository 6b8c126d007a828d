"""The kit's face: what `import pubsub_kit` costs, and how its errors look in a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from IPython.core.interactiveshell import InteractiveShell

import pubsub_kit

FIRST = "from pubsub_kit import Broker, PubSubKitError, World\n"


@pytest.fixture
def shell() -> Iterator[Any]:
    """Give a shell of IPython's as a notebook has one, and none afterwards."""
    InteractiveShell.clear_instance()
    yield InteractiveShell.instance()
    InteractiveShell.clear_instance()


def shown(shell: Any, cell: str, capsys: pytest.CaptureFixture[str]) -> str:
    """Run a cell that raises; return what the learner sees."""
    # A notebook begins afresh: no name of the kit has been looked up.
    vars(pubsub_kit).pop("Broker", None)
    shell.run_cell(FIRST)
    capsys.readouterr()
    done = shell.run_cell(cell)
    assert done.error_in_exec is not None
    return capsys.readouterr().out


def test_an_error_of_the_kit_is_one_sentence(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shown(shell, 'Broker().publish("nowhere", 1)', capsys)
    assert said == (
        "✗ There is no topic 'nowhere' (topics: none yet): broker.topic('nowhere') makes it.\n"
    )


def test_in_a_longer_cell_it_names_the_line(shell: Any, capsys: pytest.CaptureFixture[str]) -> None:
    said = shown(shell, 'broker = Broker()\nbroker.publish("nowhere", 1)', capsys)
    assert said.splitlines()[1:] == ['  line 2: broker.publish("nowhere", 1)']


def test_an_error_of_ones_own_keeps_its_traceback(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "Traceback" in shown(shell, "1 / 0", capsys)


def test_an_error_that_another_one_caused_keeps_its_traceback(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    cell = 'try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    raise PubSubKitError("so") from e'
    assert "ZeroDivisionError" in shown(shell, cell, capsys)


def test_somebody_elses_way_to_show_errors_is_left_alone(
    shell: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    shell.set_custom_exc((KeyError,), lambda *_, **__: [])
    assert "Traceback" in shown(shell, 'Broker().publish("nowhere", 1)', capsys)


def test_outside_a_notebook_ipython_is_not_imported() -> None:
    lines = "import sys; from pubsub_kit import Broker; print('IPython' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
