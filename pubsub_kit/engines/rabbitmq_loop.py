"""The loop of a connection to RabbitMQ, which pika asks to watch its socket and its timers.

    nobody is in the loop         whoever waits for an answer runs it, in its own thread
    somebody else is              the call goes into the loop, and its caller waits
    nobody has called for LOOK    the keeper, a thread, runs it: heartbeats, and a lost connection

One thread at a time is in the loop, and so in pika's objects. To hand over to another thread and
back takes long beside a confirm, so one worker alone is spared it.
"""

from __future__ import annotations

import heapq
import selectors
import socket
import threading
import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

LOOK = 0.1  # seconds without a call, after which the keeper goes in, and stays until the next one
LONG = 60.0  # seconds for which it sleeps at most
Call = Callable[[], Any]


class Loop:
    """Has the methods that pika's selector adapter calls, and runs until it is told to stop.

    `broken` is told what went wrong in the middle of pika's work.
    """

    READ, WRITE, ERROR = selectors.EVENT_READ, selectors.EVENT_WRITE, 4

    def __init__(self, broken: Callable[[BaseException], None]) -> None:
        self._broken = broken
        self._selector = selectors.DefaultSelector()
        self._handlers: dict[int, Callable[[int, int], None]] = {}
        self._timers: list[list[Any]] = []  # a heap: when, a number, what
        self._number = 0
        self._calls: deque[Call] = deque()
        self._asleep = False
        self._inner, self._outer = socket.socketpair()
        for end in (self._inner, self._outer):
            end.setblocking(False)
        self._selector.register(self._inner, self.READ)
        self._turn = threading.Lock()  # whoever holds it may take a step
        self._awaited: set[Future[Any]] = set()
        self._count = 0  # how often somebody has waited
        self._handed = threading.Event()  # whether somebody waits who is not in the loop
        self._over = False

    # ── what pika calls ─────────────────────────────────────────────────────────────────────────

    def add_handler(self, fd: int, handler: Callable[[int, int], None], events: int) -> None:
        """Watch a socket."""
        self._handlers[fd] = handler
        self._selector.register(fd, events & 3)

    def update_handler(self, fd: int, events: int) -> None:
        """Watch it for something else."""
        self._selector.modify(fd, events & 3)

    def remove_handler(self, fd: int) -> None:
        """Watch it no more."""
        del self._handlers[fd]
        self._selector.unregister(fd)

    def call_later(self, delay: float, callback: Call) -> list[Any]:
        """Call after some seconds."""
        self._number += 1
        timer = [time.monotonic() + delay, self._number, callback]
        heapq.heappush(self._timers, timer)
        return timer

    def remove_timeout(self, timer: list[Any]) -> None:
        """Call no more."""
        timer[2] = None

    def add_callback(self, callback: Call) -> None:
        """Call as soon as somebody is in the loop; any thread may say so."""
        self._calls.append(callback)
        if self._asleep:
            with suppress(OSError):  # it is full, and wakes in any case; or the loop has ended
                self._outer.send(b"!")

    def stop(self) -> None:
        """Run no longer, once this step is done."""
        self._over = True
        self.soon(lambda: None)

    # ── what the connection calls ───────────────────────────────────────────────────────────────

    def begin(self, name: str) -> None:
        """Let the keeper begin, as a thread of this name."""
        self._keeper = threading.Thread(target=self._keep, name=name, daemon=True)
        self._keeper.start()

    def comes(self, answer: Future[Any], seconds: float) -> bool:
        """Run, or let others run, until an answer is there; return whether it came in time."""
        self._count += 1
        self._awaited.add(answer)
        try:
            if self._turn.acquire(blocking=False):
                try:
                    ends = time.monotonic() + seconds
                    while not answer.done() and not self._over and time.monotonic() < ends:
                        self._step(ends)
                finally:
                    self._turn.release()
            else:
                self._handed.set()
                with suppress(TimeoutError):
                    answer.exception(seconds)
            return answer.done()
        finally:
            self._awaited.discard(answer)

    def soon(self, call: Call) -> None:
        """Let the keeper make a call, if nobody else does before."""
        self.add_callback(call)
        self._handed.set()

    def join(self, seconds: float) -> None:
        """Wait until the keeper has ended."""
        self._keeper.join(seconds)

    # ── what whoever has the turn does ──────────────────────────────────────────────────────────

    def _keep(self) -> None:
        """Run for those who wait while somebody else did, and while nobody calls."""
        seen = -1
        while not self._over:
            if not self._handed.wait(LOOK) and self._count != seen:
                seen = self._count  # somebody has run it, and may soon call again
                continue
            with self._turn:
                self._handed.clear()
                seen = self._count
                while not self._over and (self._count == seen or self._awaited):
                    self._step(time.monotonic() + LONG)
        with self._turn:
            self._close()

    def _step(self, ends: float) -> None:
        """Wait until there is something to do, or for a time, and do it.

        To interrupt the first part does no harm. The second one may be in the middle of something.
        """
        self._asleep = True  # before it looks whether somebody has called, or nobody would wake it
        due = self._timers[0][0] if self._timers else ends
        left = 0.0 if self._calls else max(0.0, min(ends, due) - time.monotonic())
        try:
            found = self._selector.select(left)
            self._asleep = False
            self._work(found)
        except Exception as error:
            self._broken(error)
        except BaseException:
            if not self._asleep:
                self._broken(OSError("it was interrupted"))
            raise

    def _work(self, found: list[tuple[selectors.SelectorKey, int]]) -> None:
        for key, events in found:
            if (handler := self._handlers.get(key.fd)) is not None:
                handler(key.fd, events)
            elif key.fileobj is self._inner:
                self._inner.recv(512)
        if self._timers:
            now = time.monotonic()
            while self._timers and self._timers[0][0] <= now:
                if (call := heapq.heappop(self._timers)[2]) is not None:
                    call()
        for _ in range(len(self._calls)):  # what they call in turn comes with the next step
            self._calls.popleft()()

    def _close(self) -> None:
        """End it, and a connection that is still open."""
        for fd in self._handlers:
            with suppress(OSError), socket.fromfd(fd, socket.AF_INET, socket.SOCK_STREAM) as twin:
                twin.shutdown(socket.SHUT_RDWR)
        self._handlers.clear()
        self._timers.clear()
        self._selector.close()
        self._inner.close()
        self._outer.close()
