"""A kernel of the Python that runs the kit: what Lab starts for a notebook, whatever else there is.

`KernelSpec`s that are installed on this computer are not asked: one that is called `python3` may
belong to another environment, which has no kit.
"""

from __future__ import annotations

import queue
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from subprocess import DEVNULL
from time import monotonic
from typing import Any

from ipykernel.kernelspec import get_kernel_dict
from jupyter_client.blocking.client import BlockingKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager, KernelManager

from pubsub_kit.errors import PubSubKitError

STARTUP_SECONDS = 120
_GRACE = 5.0  # seconds that an interrupted cell may take to end
_INTERRUPTS = 3  # a cell may catch the first ones
_POLL = 0.2
_ARGUMENTS = ["--HistoryManager.hist_file=:memory:"]  # the learner did not type these cells


class KernelError(PubSubKitError):
    """A kernel that cannot be started; the message says why."""


class KernelDied(Exception):
    """The kernel's process has ended by itself, in the middle of a cell."""


class CellTooLong(Exception):
    """A cell had not come to an end in time. `stopped`: the kernel can go on with the next one."""

    def __init__(self, stopped: bool) -> None:
        super().__init__(stopped)
        self.stopped = stopped


class ThisInterpreter(AsyncKernelManager):
    """Starts kernels of the Python that runs this code, for asyncio."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """Name the command that starts a kernel."""
        return KernelSpec(**get_kernel_dict())


class _Manager(KernelManager):
    """The same for code that waits."""

    @property
    def kernel_spec(self) -> KernelSpec:
        return KernelSpec(**get_kernel_dict())


class Kernel:
    """A running kernel, to run one cell after the other in."""

    def __init__(self, manager: _Manager, client: BlockingKernelClient) -> None:
        self._manager, self._client = manager, client

    def prepare(self, source: str) -> None:
        """Run what leaves no trace in a learner's session; raises KernelError where it fails."""
        reply = None
        with suppress(KernelDied):
            reply = self._reply(self._client.execute(source, silent=True), STARTUP_SECONDS)
        if reply is None or reply["status"] != "ok":
            why = f"{reply.get('ename')}: {reply.get('evalue')}" if reply else "it does not answer"
            raise KernelError(f"the Python kernel cannot be used ({why})")

    def run(self, source: str, seconds: float, meanwhile: Callable[[], Any] = lambda: None) -> None:
        """Run a cell to its end, and call `meanwhile` now and then until then.

        Nobody is there to answer input(), which raises in the cell. Raises CellTooLong after so
        many seconds, and KernelDied.
        """
        request = self._client.execute(source, allow_stdin=False, stop_on_error=False)
        if self._reply(request, seconds, meanwhile) is not None:
            return
        for _ in range(_INTERRUPTS):
            self._manager.interrupt_kernel()
            self._client.kernel_info()  # wakes a kernel that sleeps in an `await`
            if self._reply(request, _GRACE, meanwhile) is not None:
                raise CellTooLong(stopped=True)
        raise CellTooLong(stopped=False)

    def _reply(
        self, request: str, seconds: float, meanwhile: Callable[[], Any] = lambda: None
    ) -> dict[str, Any] | None:
        """Wait for the end of a cell, and return the kernel's reply; None if it takes longer."""
        end = monotonic() + seconds
        while (left := end - monotonic()) > 0:
            try:
                message = self._client.get_shell_msg(timeout=min(left, _POLL))
            except queue.Empty:
                if not self._manager.is_alive():
                    raise KernelDied from None
                continue
            finally:
                meanwhile()
            if message["parent_header"].get("msg_id") == request:
                reply: dict[str, Any] = message["content"]
                return reply
        return None


@contextmanager
def started(folder: Path) -> Iterator[Kernel]:
    """Start a kernel in a folder; at the end, however it comes, the kernel is gone.

    It has the environment of this process. Raises KernelError where it does not start.
    """
    manager = _Manager()
    client = None
    try:
        try:
            manager.start_kernel(
                extra_arguments=_ARGUMENTS,
                cwd=str(folder),
                stdout=DEVNULL,
                stderr=DEVNULL,
            )
            client = manager.blocking_client()
            client.start_channels(stdin=False, hb=False)
            client.wait_for_ready(timeout=STARTUP_SECONDS)
            client.iopub_channel.stop()  # nobody looks at what the cells show
        except (RuntimeError, OSError) as error:
            raise KernelError(
                f"no Python kernel starts in {folder} ({error}): does a notebook run in JupyterLab?"
            ) from error
        yield Kernel(manager, client)
    finally:
        _end(manager, client)


def _end(manager: _Manager, client: BlockingKernelClient | None) -> None:
    """End a kernel, and what its cells have started: nothing of it may outlive the check."""
    if client is not None:
        client.stop_channels()
    if manager.has_kernel:
        with suppress(OSError, RuntimeError, AttributeError):  # Windows has no such signal
            manager.signal_kernel(signal.SIGKILL)  # to the whole group of processes
        manager.shutdown_kernel(now=True)
    manager.cleanup_resources()
