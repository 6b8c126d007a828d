"""A brute force for plain programs, written apart from the world: every order that is allowed.

A plain program is a list of jobs, in the form that `programs` describes; its deeds take no time.
Workers are tasks in a queue. The first one runs until it rests, then the next. A worker takes the
next job, does its deeds and acks it; a deed is one atomic change to rows in a dict. Before a deed,
a task may be held back, `most` times in all. A task that is held back goes on before any later deed
of another task, which waits until it has gone as far as it can; or when all others rest. Where
several are held back, they go on in any order.

Nothing is left out because it would not matter: this is meant to be slow and obvious.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from tests.world.search.programs import KEYS, Job

Op = tuple[Any, ...]
Ending = tuple[str, tuple[str, ...]]


class Does(NamedTuple):
    """One task: what it has still to do, what it has read, and whom it is a part of."""

    topic: str  # where a worker gets its jobs; empty: a part of a job, and its parent waits for it
    ops: tuple[Op, ...] = ()
    read: tuple[Any, ...] = ()
    parent: int = -1
    parts: int = 0  # how many parts it waits for


class State(NamedTuple):
    """All there is at one moment, as a value that can be compared."""

    tasks: tuple[Does, ...]
    ready: tuple[int, ...]  # in the order in which they will run
    running: tuple[int, ...]  # the last one runs, and those before it wait until it rests
    held: frozenset[int]
    idle: tuple[int, ...]
    queues: tuple[tuple[str, tuple[Any, ...]], ...]
    rows: tuple[tuple[str, Any, int], ...]  # key, value, version, in the order of the dict
    done: tuple[str, ...]
    left: int  # how often a task may still be held back


def every_ending(jobs: list[Job], workers: int, most: int, helpers: int = 1) -> set[Ending]:
    """Return the rows and the list of effects of every order that is allowed."""
    tasks = tuple(Does("jobs") for _ in range(workers)) + tuple(
        Does("more") for _ in range(helpers)
    )
    first = State(
        tasks,
        tuple(range(len(tasks))),
        (),
        frozenset(),
        (),
        (("jobs", tuple(map(_frozen, jobs))), ("more", ())),
        tuple((key, 0, 0) for key in KEYS),
        (),
        most,
    )
    endings: set[Ending] = set()
    seen: set[State] = set()
    todo = [first]
    while todo:
        state = todo.pop()
        if state in seen:
            continue
        seen.add(state)
        after = list(_after(state))
        if not after:
            rows = repr(sorted((key, _thawed(value)) for key, value, _ in state.rows))
            endings.add((rows, state.done))
        todo += after
    return endings


def _after(state: State) -> Iterator[State]:
    """Yield what may come next."""
    if state.running:
        running, task = state.running, state.running[-1]
        yield _do(state)
        if state.left:
            held = state.held | {task}
            yield state._replace(running=running[:-1], held=held, left=state.left - 1)
    elif state.ready:
        task, *ready = state.ready
        yield _to_next_point(state._replace(running=(task,), ready=tuple(ready)))
        return
    for other in sorted(state.held):
        on = state._replace(running=(*state.running, other), held=state.held - {other})
        yield _do(on)


def _to_next_point(state: State) -> State:
    """Let the task that runs come to its next deed, or to rest."""
    me = state.running[-1]
    task = state.tasks[me]
    if not task.ops and task.topic:
        queues = dict(state.queues)
        if not queues[task.topic]:
            return state._replace(running=state.running[:-1], idle=(*state.idle, me))
        job, queues[task.topic] = queues[task.topic][0], queues[task.topic][1:]
        task = Does(task.topic, (*_ops(job), ("ack",)))
        state = state._replace(queues=tuple(queues.items()))
    if not task.ops:
        return _part_is_done(state, task.parent)
    if task.ops[0][0] != "gather":
        return _with(state, me, task)
    parts = task.ops[0][1]
    number = len(state.tasks)
    made = tuple(Does("", _ops((part,)), parent=me) for part in parts)
    state = _with(state, me, task._replace(ops=task.ops[1:], parts=len(parts)))
    return state._replace(
        tasks=state.tasks + made,
        ready=state.ready + tuple(range(number, number + len(parts))),
        running=state.running[:-1],
    )


def _part_is_done(state: State, parent: int) -> State:
    left = state.tasks[parent].parts - 1
    state = _with(state, parent, state.tasks[parent]._replace(parts=left))
    ready = state.ready if left else (*state.ready, parent)
    return state._replace(running=state.running[:-1], ready=ready)


def _with(state: State, number: int, task: Does) -> State:
    tasks = list(state.tasks)
    tasks[number] = task
    return state._replace(tasks=tuple(tasks))


def _do(state: State) -> State:
    """Do the next deed of the task that runs, and come to the next one."""
    me = state.running[-1]
    task = state.tasks[me]
    (kind, *rest), ops = task.ops[0], task.ops[1:]
    rows = {key: (value, version) for key, value, version in state.rows}
    read, done = task.read, state.done
    if kind == "publish":
        woken = tuple(i for i in state.idle if state.tasks[i].topic == "more")
        idle = tuple(i for i in state.idle if i not in woken)
        queues = tuple((n, (*q, rest[0]) if n == "more" else q) for n, q in state.queues)
        state = state._replace(queues=queues, idle=idle, ready=state.ready + woken)
    elif kind == "get":
        read = (*read, rows.get(rest[0], (None, 0)))
    elif kind == "scan":
        read = (*read, (str([k for k in sorted(rows) if rows[k][0] is not None]), 0))
    elif kind == "perform":
        done = (*done, repr({f"stamp {rest[0]}": 1}))
    elif kind != "ack":
        changes = _changes(kind, rest, read, {key: value for key, (value, _) in rows.items()})
        if changes is None or _stale(kind, rest, read, rows):
            ops = ((("put", "conflict", rest[2]),) if kind == "commit" else ()) + ops
        else:
            done = (*done, repr({key: _thawed(value) for key, value in changes.items()}))
            state = state._replace(rows=_written(state.rows, changes))
    if kind not in ("get", "scan"):
        read = ()
    state = _with(state._replace(done=done), me, task._replace(ops=ops, read=read))
    return _to_next_point(state)


def _written(rows: tuple[Any, ...], changes: dict[str, Any]) -> tuple[Any, ...]:
    versions = {key: version for key, _, version in rows}
    others = tuple(row for row in rows if row[0] not in changes)
    return others + tuple((k, v, versions.get(k, 0) + 1) for k, v in changes.items())


def _changes(kind: str, rest: list[Any], read: tuple[Any, ...], rows: dict[str, Any]) -> Any:
    """Return what a deed writes; None if it writes nothing."""
    if kind == "commit":
        key, other, _ = rest
        (mine, _), (theirs, _) = read
        return {key: theirs} | {other: mine}
    key, name = rest
    if kind == "put":
        return {key: name}
    if kind == "copied":
        return {key: (name, _text(read[0][0]))}
    if kind == "bumped":
        return {key: f"{_text(read[0][0])}.{name}"}
    if kind == "add":
        return {key: rows.get(key, 0) + len(name)}
    if kind == "insert":
        return None if key in rows else {key: name}
    raise AssertionError(kind)


def _stale(kind: str, rest: list[Any], read: tuple[Any, ...], rows: dict[str, Any]) -> bool:
    """Say whether a transaction has to fail, since others have written what it read."""
    seen: dict[str, int] = {}
    if kind == "commit":
        for key, (_, version) in zip(rest, read, strict=False):
            seen.setdefault(key, version)
    return any(rows.get(key, (None, 0))[1] != version for key, version in seen.items())


def _ops(job: tuple[Any, ...]) -> tuple[Op, ...]:
    """Return the atomic deeds of a job."""
    ops: list[Op] = []
    for kind, *rest in job:
        if kind in ("gather", "publish"):
            ops.append((kind, rest[0]))
            continue
        key, other, name = rest
        if kind == "copy":
            ops += ("get", key), ("copied", other, name)
        elif kind == "bump":
            ops += ("get", key), ("bumped", key, name)
        elif kind == "count":
            ops += ("scan",), ("copied", other, name)
        elif kind == "swap":
            ops += ("get", key), ("get", other), ("commit", key, other, name)
        elif kind == "perform":
            ops.append(("perform", name))
        else:
            ops.append((kind, f"{({'add': 'n', 'insert': 'new '}).get(kind, '')}{key}", name))
    return tuple(ops)


def _text(value: Any) -> str:
    return str(_thawed(value))[-12:]


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list | tuple) else value


def _thawed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
