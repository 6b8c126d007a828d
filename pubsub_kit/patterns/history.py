"""History: undo, redo and branches as one pattern. Nothing is erased; a cursor moves.

    do a ──▶ (a) ──do b──▶ (ab)         undo: the cursor moves to the parent
              └────do c──▶ (ac) ◀ here  redo: to the newest child
                                        do:   a new child, where the cursor then stands

Each change becomes a node that keeps the state it led to, so that nobody has to run it again: a
change that read a clock would lead elsewhere. A change after an undo begins a branch beside the old
one, which stays. So does git, whose commits name their parents, and whose branches are cursors.

What it costs: every state that ever was is kept, or the changes from the last snapshot to it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

from pubsub_kit.errors import PubSubKitError, brief

State = TypeVar("State")


@dataclass(frozen=True)
class Node(Generic[State]):
    """A state, what led to it, and the number of the node that it came from; None at the root."""

    parent: int | None
    label: str
    state: State


class History(Generic[State]):
    """A tree of states and a cursor: `nodes` in the order in which they were made, and `here`."""

    def __init__(self, state: State) -> None:
        self.nodes: list[Node[State]] = [Node(None, "start", state)]
        self.here = 0

    @property
    def state(self) -> State:
        """The state at the cursor."""
        return self.nodes[self.here].state

    def do(self, change: Callable[[State], State], label: str = "") -> State:
        """Apply a change to the state at the cursor; return the new state."""
        if not callable(change):
            raise PubSubKitError(
                f"do() takes a function of the state, not a {type(change).__name__}"
            )
        node = Node(self.here, label or getattr(change, "__name__", "do"), change(self.state))
        self.nodes.append(node)
        self.here = len(self.nodes) - 1
        return node.state

    def undo(self) -> State:
        """Go back to the state before; at the start, stay."""
        parent = self.nodes[self.here].parent
        self.here = self.here if parent is None else parent
        return self.state

    def redo(self) -> State:
        """Go on to the newest state that followed this one; where none did, stay."""
        following = [n for n, node in enumerate(self.nodes) if node.parent == self.here]
        self.here = following[-1] if following else self.here
        return self.state

    def go(self, number: int) -> State:
        """Move the cursor to any node, on any branch; raises PubSubKitError where there is none."""
        if type(number) is not int or not 0 <= number < len(self.nodes):
            most = len(self.nodes) - 1
            raise PubSubKitError(f"there is no node {brief(number)}: they are numbered 0 to {most}")
        self.here = number
        return self.state

    def path(self) -> list[int]:
        """Return the numbers of the nodes from the root to the cursor."""
        numbers, at = [self.here], self.nodes[self.here].parent
        while at is not None:
            numbers.append(at)
            at = self.nodes[at].parent
        return numbers[::-1]
