"""Why a reader never did its work for somebody: said only if the run shows it."""

from __future__ import annotations

from pubsub_kit.scenarios.fan_out.runs import Run, Runs, runs_of
from pubsub_kit.scenarios.fan_out.signups import SIGNUPS
from pubsub_kit.scenarios.plain import moment
from pubsub_kit.world.search.stopped import stopped_by
from pubsub_kit.world.world import World

#: Words, a belief ("" if the run does not show one), and the step that stopped the work.
Why = tuple[str, str, int | None]


def why_missing(world: World, reader: str, name: str) -> Why:
    """Return why a reader's work for a name is missing."""
    runs = runs_of(world)
    its = [run for run in runs.all if run.reader == reader]
    mine = [run for run in its if run.name == name]
    if mine:
        return _unfinished(world, reader, name, mine)
    words = f"{reader} never got {name}'s signup"
    if len({id(group.subscription) for group in runs.groups}) < len(runs.groups):
        return f"{words}: readers share one group.", "a shared group fans out", None
    how, belief = _some(world, runs, its, name) if its else _none(world, runs, reader)
    return f"{words}{how}.", belief, None


def _none(world: World, runs: Runs, reader: str) -> tuple[str, str]:
    """Say why a handler was never called."""
    made = len(runs.groups) - runs.early if reader == "index" else runs.early or len(runs.groups)
    asked = 1 if reader == "index" else 2
    if made < asked:
        what = "it" if reader == "index" else "two readers"
        return f": you made {made or 'no'} subscription for {what}", "one reader hears nothing"
    often = {(r.reader, r.name): 0 for r in runs.all}
    for run in runs.all:
        often[run.reader, run.name] += run.failed is None
    other = next((r for (r, _), times in often.items() if times > 1), "")
    if other:
        return f", and {other}'s handler ran twice for the same one", "the wrong handler"
    late = [name for group in runs.groups[runs.early :] for name in group.workers]
    if reader == "index" and not any(step.node in late for step in world.trace.of("begin")):
        return ": it joined at 100 s, and started with what came after", (
            "a late subscriber sees history"
        )
    return ": its handler was never called", ""


def _some(world: World, runs: Runs, its: list[Run], name: str) -> tuple[str, str]:
    """Say why a handler was called for others, and not for this one."""
    got = [each for each in SIGNUPS if any(run.name == each for run in its)]
    words = f", only {' and '.join(got)}'s"
    nodes = {run.node for run in its}
    if any(
        s.node in nodes and s.text.startswith(f"signup-{name}") for s in world.trace.of("begin")
    ):
        return f"{words}: it was delivered, and your code did not call the handler", "left out"
    if twice := next(filter(None, (_called_twice(world, run, its) for run in its)), None):
        return f"{words}: your code called its handler twice for {twice}", "calls it twice"
    again = [run for run in its if run.failed is None and _redelivered(world, run)]
    if again:
        return f"{words}: {again[0].name}'s was redelivered until the end", _why_again(
            world, again[0]
        )
    if any(_filters(group.subscription) for group in runs.groups):
        return f"{words}: a filter keeps some signups from it", "filters some out"
    if SIGNUPS.index(name) < min(map(SIGNUPS.index, got)):
        return f"{words}: its subscription starts after it", "starts too late"
    return words, ""


def _filters(subscription: object) -> bool:
    reader = getattr(subscription, "reader", None)  # a partitioned group has one for each member
    return getattr(reader, "filter", None) is not None


def _redelivered(world: World, run: Run) -> bool:
    """Say whether a run handled a message that had been delivered before."""
    before = world.trace.steps[: run.begun]
    last = next((s for s in reversed(before) if s.kind == "begin" and s.node == run.node), None)
    return last is not None and "(attempt" in last.text


def _called_twice(world: World, run: Run, its: list[Run]) -> str:
    """Return the name for which a handler ran twice in one delivery, if it did."""
    later = (r for r in its if r.begun > run.begun and (r.node, r.name) == (run.node, run.name))
    again = next(later, None)
    if again is None or run.failed is not None:
        return ""
    between = world.trace.steps[run.begun : again.begun]
    fresh = any(s.kind == "begin" and s.node == run.node for s in between)
    return "" if fresh else run.name


def _why_again(world: World, run: Run) -> str:
    """Say why a message was redelivered: its acks came too late, or there were none."""
    id = f"signup-{run.name}"
    if any(s.text == f"ack {id} refused: stale" and s.peer == run.node for s in world.trace):
        return "the lease is too short"
    acks = any(
        s.kind == "send" and s.node == run.node and s.text == f"ack {id}" for s in world.trace
    )
    return "" if acks else "never acks"


def _unfinished(world: World, reader: str, name: str, mine: list[Run]) -> Why:
    """Say why a handler began its work for a name, and never finished it."""
    trace, id = world.trace, f"signup-{name}"
    failed = next((run for run in mine if run.failed is not None), None)
    run = failed or mine[-1]
    runs = runs_of(world)
    alone = runs.group(run.node) is None  # a task of its own, apart from the delivery
    acked = next(
        (
            i
            for i, s in enumerate(trace)
            if (s.kind, s.text) == ("receive", f"ack {id}") and (alone or s.peer == run.node)
        ),
        None,
    )
    crash = next((i for i, s in enumerate(trace) if i >= run.begun
                  and (s.kind, s.node) == ("crash", run.node)), None)  # fmt: skip
    words = f"{reader} began its work for {name} at {moment(trace[run.begun - 1])}"
    stop = run.failed if run.failed is not None else crash
    if stop is not None:
        how, at = ("crashed", stop) if failed is None else ("failed", stop - 1)
        words += f", and {how} at {moment(trace[at])}"
    dead = next((i for i, s in enumerate(trace) if s.text.startswith(f"{id} goes to ")), None)
    if dead is not None:
        return f"{words}. Then {trace[dead].text}.", "one try is enough", dead
    if acked is not None and stop is not None:
        words += f"; the message was acked at {moment(trace[acked])}, so it never came back."
        if acked < stop:
            return words, "acks before the work is done", acked
        between = trace.steps[stop:acked]
        if any(s.kind == "begin" and s.text.startswith(id) for s in between):
            return words, "a redelivery is done", acked
        return words, "a failure is done" if failed else "", acked
    if failed is None and crash is None and any(_redelivered(world, run) for run in mine):
        words += ", and never came to its end: it was redelivered."
        return words, _why_again(world, run), None
    why = stopped_by(trace, id, node=run.node)
    return f"{words}, and never finished it.", "", why and why.step
