"""Answers to exercise 09, right and wrong."""

from __future__ import annotations

import dataclasses
import hashlib
import random
from functools import reduce
from typing import Any

from pubsub_kit.checks.systems import time_travel as shared
from pubsub_kit.checks.systems import undo_on_trial
from pubsub_kit.git.objects import object_id
from pubsub_kit.patterns import History
from pubsub_kit.scenarios.time_travel.shooter import rewound
from tests.mistakes import Mistake, Right

# --- tree -----------------------------------------------------------------------------------------


def hashed(folder: Any, key: Any, mode: bytes = b"40000", raw: Any = bytes.fromhex) -> str:
    body = b""
    for name in sorted(folder, key=lambda name: key(name, folder[name])):
        inside = folder[name]
        if isinstance(inside, dict):
            body += mode + b" " + name.encode() + b"\0" + raw(hashed(inside, key, mode, raw))
        else:
            body += b"100644 " + name.encode() + b"\0" + raw(object_id("blob", inside))
    return object_id("tree", body)


def slashed(name: str, inside: Any) -> bytes:
    return name.encode() + b"/" * isinstance(inside, dict)


def plain_order(folder: Any) -> str:
    return hashed(folder, lambda name, inside: name)


def as_given(folder: Any) -> str:
    return hashed(folder, lambda name, inside: 0)


def folders_first(folder: Any) -> str:
    return hashed(folder, lambda name, inside: (isinstance(inside, bytes), name))


def slash_for_all(folder: Any) -> str:
    return hashed(folder, lambda name, inside: name + "/")


def printed_mode(folder: Any) -> str:
    return hashed(folder, slashed, b"040000")


def hex_ids(folder: Any) -> str:
    return hashed(folder, slashed, raw=str.encode)


def by_hand(folder: Any) -> str:
    """Without object_id, with entries as pairs."""
    entries = []
    for name, inside in folder.items():
        if type(inside) is dict:
            entries.append((name.encode() + b"/", b"40000", bytes.fromhex(by_hand(inside))))
        else:
            whole = b"blob %d\0" % len(inside) + inside
            entries.append((name.encode(), b"100644", hashlib.sha1(whole).digest()))
    entries.sort()
    body = b"".join(m + b" " + n.removesuffix(b"/") + b"\0" + raw for n, m, raw in entries)
    return hashlib.sha1(b"tree " + str(len(body)).encode() + b"\0" + body).hexdigest()


hash_it = lambda folder: hashed(folder, slashed)  # noqa: E731

# --- undo -----------------------------------------------------------------------------------------


class TwoStacks:
    def __init__(self, state: Any) -> None:
        self.state, self.past, self.future = state, [], []  # type: ignore[var-annotated]

    def do(self, change: Any) -> None:
        self.past.append(self.state)
        self.state = change(self.state)
        self.future.clear()

    def undo(self) -> None:
        if self.past:
            self.future.append(self.state)
            self.state = self.past.pop()

    def redo(self) -> None:
        if self.future:
            self.past.append(self.state)
            self.state = self.future.pop()


@dataclasses.dataclass
class Linked:
    """A chain of pairs, walked back and forth."""

    now: Any

    def __post_init__(self) -> None:
        self.now = [None, self.now, None]

    @property
    def state(self) -> Any:
        return self.now[1]

    def do(self, change: Any) -> None:
        self.now[2] = [self.now, change(self.state), None]
        self.now = self.now[2]

    def undo(self) -> None:
        self.now = self.now[0] or self.now

    def redo(self) -> None:
        self.now = self.now[2] or self.now


class Raises(TwoStacks):
    """Asks for forgiveness."""

    def undo(self) -> None:
        try:
            before = self.past.pop()
        except IndexError:
            return
        self.future, self.state = [*self.future, self.state], before


class KeepsRedo(TwoStacks):
    def do(self, change: Any) -> None:
        self.past.append(self.state)
        self.state = change(self.state)


class Replays:
    """Keeps the changes, and runs them all."""

    def __init__(self, state: Any) -> None:
        self.start, self.done, self.undone = state, [], []  # type: ignore[var-annotated]
        self.state = state

    def do(self, change: Any) -> None:
        self.done.append(change)
        self.undone = []
        self.state = change(self.state)

    def undo(self) -> None:
        if self.done:
            self.undone.append(self.done.pop())
        self.state = reduce(lambda state, change: change(state), self.done, self.start)

    def redo(self) -> None:
        if self.undone:
            self.done.append(self.undone.pop())
            self.state = self.done[-1](self.state)


class RerunsAtRedo(TwoStacks):
    def __init__(self, state: Any) -> None:
        super().__init__(state)
        self.changes: list[Any] = []

    def do(self, change: Any) -> None:
        super().do(change)
        self.changes = [change]

    def redo(self) -> None:
        if self.future:
            self.past.append(self.state)
            self.future.pop()
            self.state = self.changes[-1](self.state)


class OneBack:
    def __init__(self, state: Any) -> None:
        self.state: Any = state
        self.before: Any = None
        self.after: Any = None

    def do(self, change: Any) -> None:
        self.before, self.state, self.after = self.state, change(self.state), None

    def undo(self) -> None:
        if self.before is not None:
            self.after, self.state, self.before = self.state, self.before, None

    def redo(self) -> None:
        if self.after is not None:
            self.before, self.state, self.after = self.state, self.after, None


class Swaps(OneBack):
    def undo(self) -> None:
        if self.before is not None:
            self.state, self.before = self.before, self.state

    def redo(self) -> None:
        self.undo()


class SwapsOnce(Swaps):
    def redo(self) -> None:
        pass


class NeverUndoes(TwoStacks):
    def undo(self) -> None:
        self.future.append(self.state)


class NeverRedoes(TwoStacks):
    def redo(self) -> None:
        self.future.clear()


class StartsOver(TwoStacks):
    def undo(self) -> None:
        while self.past:
            super().undo()


class DoesTwice(TwoStacks):
    def do(self, change: Any) -> None:
        change(self.state)
        super().do(change)


class NeverCuts(TwoStacks):
    """Appends at the end of one list, wherever the cursor is."""

    def __init__(self, state: Any) -> None:
        self.states, self.at = [state], 0

    @property
    def state(self) -> Any:
        return self.states[self.at]

    def do(self, change: Any) -> None:
        self.states.append(change(self.state))
        self.at = len(self.states) - 1

    def undo(self) -> None:
        self.at = max(0, self.at - 1)

    def redo(self) -> None:
        self.at = min(len(self.states) - 1, self.at + 1)


class RedoKeepsNothing(TwoStacks):
    def redo(self) -> None:
        self.state = self.future.pop() if self.future else self.state


class RedoTakesNothingAway(TwoStacks):
    def redo(self) -> None:
        if self.future:
            self.past.append(self.state)
            self.state = self.future[-1]


class FirstUndoneFirst(TwoStacks):
    def redo(self) -> None:
        if self.future:
            self.past.append(self.state)
            self.state = self.future.pop(0)


# --- reducer --------------------------------------------------------------------------------------


class Game:
    def __init__(self, clock: Any, die: Any) -> None:
        self.clock, self.die = clock, die

    def clicked(self, button: str) -> Any:
        face = self.die() if button == "roll" else None
        return {"type": button, "at": self.clock(), "face": face}

    def reduce(self, state: Any, event: Any) -> Any:
        rolls = [*state["rolls"], event["face"]] if event["type"] == "roll" else []
        return {"rolls": rolls, "at": event["at"]}


class ThrowsAlways(Game):
    """An event as a list; throws the die at every click."""

    def clicked(self, button: str) -> Any:
        return [button, self.clock(), self.die()]

    def reduce(self, state: Any, event: Any) -> Any:
        button, at, face = event
        if button == "clear":
            return dict(state, rolls=(), at=at)
        return {**state, "rolls": (*state["rolls"], face), "at": at}


class DeepCopies(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        new = {"rolls": list(state["rolls"]), "at": event["at"]}
        new["rolls"].append(event["face"])
        if event["face"] is None:
            new["rolls"].clear()
        return new


class RollsInReduce(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        rolls = [*state["rolls"], self.die()] if event["type"] == "roll" else []
        return {"rolls": rolls, "at": event["at"]}

    def clicked(self, button: str) -> Any:
        return {"type": button, "at": self.clock()}


class ClockInReduce(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return {**super().reduce(state, event), "at": self.clock()}


class InPlace(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        if event["type"] == "roll":
            state["rolls"].append(event["face"])
            return {"rolls": state["rolls"], "at": event["at"]}
        return {"rolls": [], "at": event["at"]}


class Outside(Game):
    def __init__(self, clock: Any, die: Any) -> None:
        super().__init__(clock, die)
        self.rolls: list[Any] = []

    def clicked(self, button: str) -> Any:
        self.rolls = [*self.rolls, self.die()] if button == "roll" else []
        return {"rolls": self.rolls, "at": self.clock()}

    def reduce(self, state: Any, event: Any) -> Any:
        return event


class OwnDie(Game):
    def clicked(self, button: str) -> Any:
        return {"type": button, "at": self.clock(), "face": random.randint(1, 6)}


class ReadsTheLastThrow(Game):
    def clicked(self, button: str) -> Any:
        self.face, self.at = self.die(), self.clock()
        return {"type": button}

    def reduce(self, state: Any, event: Any) -> Any:
        return super().reduce(state, {**event, "face": self.face, "at": self.at})


class NumbersItsClicks(Game):
    def __init__(self, clock: Any, die: Any) -> None:
        super().__init__(clock, die)
        self.seen: dict[int, Any] = {}

    def clicked(self, button: str) -> Any:
        self.seen[len(self.seen)] = super().clicked(button)
        return len(self.seen) - 1

    def reduce(self, state: Any, event: Any) -> Any:
        return super().reduce(state, self.seen[event])


class OtherDieInReduce(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return super().reduce(state, {**event, "face": 7})


class ClearKeeps(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return {**super().reduce(state, {**event, "type": "roll"}), "rolls": state["rolls"]} if (
            event["type"] == "clear") else super().reduce(state, event)  # fmt: skip


class ClearKeepsTheTime(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        at = event["at"] if event["type"] == "roll" else state["at"]
        return {**super().reduce(state, event), "at": at}


class ClearForgetsTheTime(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        new = super().reduce(state, event)
        return new if event["type"] == "roll" else {"rolls": new["rolls"]}


class Prepends(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return {**super().reduce(state, event), "rolls": [event["face"], *state["rolls"]]}


class LastRollAlone(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return super().reduce({"rolls": []}, event)


class FirstClickCounts(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        return {**super().reduce(state, event), "at": state["at"] or event["at"]}


class NumbersAsKeys(Game):
    def clicked(self, button: str) -> Any:
        return dict(enumerate(super().clicked(button).values()))

    def reduce(self, state: Any, event: Any) -> Any:
        return super().reduce(state, {"type": event[0], "at": event[1], "face": event[2]})


class Pops(Game):
    def reduce(self, state: Any, event: Any) -> Any:
        at = event.pop("at")
        return super().reduce(state, {**event, "at": at})


class EventIsCode(Game):
    def clicked(self, button: str) -> Any:
        return {"type": button, "do": self.die}


# --- hit ------------------------------------------------------------------------------------------


def valve(now: float, target: Any, shot: Any) -> Any:
    when = rewound(shot["latency"], shot["interpolation"], shot["tick"], now)
    return abs(target(when) - shot["aim"]) <= 16


def clamps_last(now: float, target: Any, shot: Any) -> bool:
    seen, told = (t - shot["interpolation"] for t in (now - shot["latency"], shot["tick"]))
    when = told if -0.2 <= told - seen <= 0.2 else seen
    return bool(-16 <= target(max(when, now - 1)) - shot["aim"] <= 16)


def nudges(now: float, target: Any, shot: Any) -> Any:
    """Moves the estimate toward the tick, instead of choosing one of two."""
    late = now - shot["tick"] - shot["latency"]
    back = shot["latency"] + shot["interpolation"] + (late if abs(late) < 0.2 else 0)
    return abs(shot["aim"] - target(now - min(1.0, back))) < 16.001


def at(when: Any) -> Any:
    def hit(now: float, target: Any, shot: Any) -> bool:
        return bool(abs(target(when(now, shot)) - shot["aim"]) <= 16)

    return hit


def valve_unclamped(now: float, shot: Any) -> float:
    back, told = shot["latency"] + shot["interpolation"], shot["tick"] - shot["interpolation"]
    return float(told if abs(now - told - back) <= 0.2 else now - back)


def limited_estimate(now: float, shot: Any) -> float:
    back, told = shot["latency"] + shot["interpolation"], shot["tick"] - shot["interpolation"]
    back = min(back, 1.0)
    return float(told if abs(now - told - back) <= 0.2 else now - back)


def limited_latency(now: float, shot: Any) -> float:
    told = valve_unclamped(now, shot) + shot["interpolation"]
    return float(max(told, now - 1) - shot["interpolation"])


def limited_tick(now: float, shot: Any) -> float:
    return max(float(shot["tick"] - shot["interpolation"]), now - 1)


def old_is_a_miss(now: float, target: Any, shot: Any) -> bool:
    return bool(valve_unclamped(now, shot) >= now - 1.0001 and valve(now, target, shot))


def sixteen_is_a_miss(now: float, target: Any, shot: Any) -> bool:
    when = rewound(shot["latency"], shot["interpolation"], shot["tick"], now)
    return bool(abs(target(when) - shot["aim"]) < 16)


def wrong_tick_is_a_miss(now: float, target: Any, shot: Any) -> Any:
    return abs(now - shot["latency"] - shot["tick"]) < 0.21 and valve(now, target, shot)


def clamps_the_tick(now: float, target: Any, shot: Any) -> Any:
    fired = now - shot["latency"]
    fired = min(max(shot["tick"], fired - 0.2), fired + 0.2)
    return valve(now, target, {**shot, "latency": now - fired, "tick": fired})


# --- audit ----------------------------------------------------------------------------------------


def model(run: Any) -> Any:
    past = {"ann": [""], "bob": [""]}
    at = {"ann": 0, "bob": 0}
    for n, edit in enumerate(run):
        lines, here = past[edit.who], at[edit.who]
        if edit.did == "do":
            new = edit.after[edit.who]
            if any(new in known for known in past.values()) or not new.startswith(lines[here]):
                return f"step {n}: a do led to {new!r}"
            lines[here + 1 :] = [new]
            at[edit.who] += 1
        else:
            step = -1 if edit.did == "undo" else 1
            at[edit.who] = min(max(here + step, 0), len(lines) - 1)
        if edit.after != {who: past[who][at[who]] for who in past}:
            return f"step {n}: {edit.did} led to {edit.after}"
    return None


def rules(run: Any) -> Any:
    """States and rules, instead of a second implementation that is compared."""
    undos: dict[str, list[str]] = {"ann": [], "bob": []}
    dos: dict[str, list[str]] = {"ann": [], "bob": []}
    for edit in run:
        me, other = edit.who, "bob" if edit.who == "ann" else "ann"
        before, after = edit.before[me], edit.after[me]
        assert edit.before[other] == edit.after[other], "somebody else's line changed"
        if edit.did == "do":
            assert len(after) == len(before) + 1, "a do adds one letter"
            assert after.startswith(before), "a do adds to the line"
            dos[me].append(before)
            undos[me] = []
        elif edit.did == "undo" and dos[me]:
            assert after == dos[me].pop(), "undo is no inverse of do"
            undos[me].append(before)
        elif edit.did == "redo" and undos[me]:
            assert after == undos[me].pop(), "redo led elsewhere"
            dos[me].append(before)
        else:
            assert after == before, "there was nothing to do"


def via_system(run: Any) -> list[str]:
    """Runs a system that it trusts beside the one on trial; returns all that differs."""
    trusted = shared.Marks()
    found = []
    for edit in run:
        getattr(trusted, edit.did)(edit.who)
        if trusted.lines != edit.after:
            found.append(f"{edit.after} and not {trusted.lines}")
    return found


def says_nothing(run: Any) -> Any:
    return None if run else "an empty run"


def fine(run: Any) -> Any:
    return model(run) or "ok"


def too_strict(run: Any) -> Any:
    same = [e for e in run if e.before == e.after]
    return model(run) or (f"{same[0].did} did nothing" if same else None)


def judged(
    cuts: bool = True, both_cut: bool = False, newest: bool = False, once: bool = False
) -> Any:
    """Make an oracle with a slip: what a do cuts, and where a redo goes."""

    def oracle(run: Any) -> Any:
        past, at = {"ann": [""], "bob": [""]}, {"ann": 0, "bob": 0}
        left = {"ann": 0, "bob": 0}
        for edit in run:
            who, lines = edit.who, past[edit.who]
            if edit.did == "do":
                for name in ("ann", "bob") if both_cut else (who,) if cuts else ():
                    del past[name][at[name] + 1 :]
                lines.append(lines[at[who]] + edit.after[who][-1:])
                at[who], left[who] = len(lines) - 1, 0
            elif edit.did == "undo":
                left[who] = 1 if at[who] else left[who]
                at[who] = max(at[who] - 1, 0)
            elif left[who] or not once:
                at[who] = len(lines) - 1 if newest else min(at[who] + 1, len(lines) - 1)
                left[who] = 0
            if edit.after != {name: past[name][at[name]] for name in past}:
                return f"{edit.did} led to {edit.after}"
        return None

    return oracle


KEPT: dict[str, list[str]] = {"ann": [""], "bob": [""]}


def keeps_its_lists(run: Any) -> Any:
    for edit in run:
        if edit.did == "do":
            KEPT[edit.who].append(edit.after[edit.who])
        elif edit.did == "undo" and len(KEPT[edit.who]) > 1:
            KEPT[edit.who].pop()
        if edit.did != "redo" and edit.after[edit.who] != KEPT[edit.who][-1]:
            return f"{edit.did} led to {edit.after}"


def one_history(run: Any) -> Any:
    """One for the document, and not one for each person."""
    past, at = [{"ann": "", "bob": ""}], 0
    for edit in run:
        if edit.did == "do":
            past[at + 1 :] = [edit.after]
        step = {"do": 1, "undo": -1, "redo": 1}[edit.did]
        at = min(max(at + step, 0), len(past) - 1)
        if edit.after != past[at]:
            return "another document"


def overlooks_a_last_redo(run: Any) -> Any:
    return model(run[:-1] if run[-1].did == "redo" else run)


def overlooks(system: Any) -> Any:
    """Make an oracle that catches all wrong systems but one, by what they do in each run."""
    allowed = {freeze(run) for s in (shared.Cursors, system) for run in undo_on_trial.runs(s)}
    return lambda run: None if freeze(run) in allowed else "wrong"


def freeze(run: Any) -> Any:
    return tuple((e.who, e.did, *e.after.values()) for e in run)


NODE = {"main.cjs": "tick, promise, timer", "main.mjs": "promise, tick, timer"}
ORDER = NODE | {"asyncio": "awaited, task, callback", "replay": "parents first"}

RIGHT = [
    Right("stored", "2,000,000 bytes"),
    Right("stored", "2 MB"),
    *(Right("stored", text) for text in ("2.0 MB", "2000 kB", 2.0, "2_000_000 bytes", "2M")),
    *(Right("stored", text) for text in ("2000000 B", "2_000_000 B", "2e6 B")),
    Right("tree", by_hand),
    Right("tree", hash_it),
    Right("order", ORDER),
    Right("order", ORDER | {"replay": "parents first, then by date"}),
    Right("order", ORDER | {"main.cjs": "tick,promise,  Timer"}),
    Right("undo", TwoStacks),
    Right("undo", Linked),
    Right("undo", Raises),
    Right("undo", History),
    Right("reducer", ThrowsAlways),
    Right("reducer", DeepCopies),
    Right("hit", valve),
    Right("hit", clamps_last),
    Right("hit", nudges),
    Right("audit", model),
    Right("audit", rules),
    Right("audit", via_system),
]
MISTAKES = [
    Mistake("stored", "42 KB", "git stores diffs", m=(62,)),
    Mistake("stored", "41960 B", "git stores diffs"),
    Mistake("stored", "40 KB", "the last version alone"),
    Mistake("stored", "1.96 MB", "a version too few"),
    Mistake("stored", "2.04 MB", "a version too many"),
    Mistake("tree", slash_for_all, "every name with a slash"),
    Mistake("tree", plain_order, "plain name order"),
    Mistake("tree", as_given, "as they come"),
    Mistake("tree", folders_first, "folders first"),
    Mistake("tree", printed_mode, "mode with a zero"),
    Mistake("tree", hex_ids, "ids as hex"),
    Mistake("order", ORDER | {"main.mjs": NODE["main.cjs"]}, "ticks always come first", m=(67,)),
    Mistake("order", ORDER | {"main.cjs": NODE["main.mjs"]}, "promises always come first"),
    Mistake("order", ORDER | {"main.cjs": "timer, tick, promise"}, "a timer of 0 ms is at once"),
    Mistake("order", ORDER | {"main.mjs": "timer, tick, promise"}, "a timer of 0 ms is at once"),
    Mistake(
        "order", ORDER | {"asyncio": "task, callback, awaited"}, "await waits for the next pass"
    ),
    Mistake("order", ORDER | {"replay": "by date"}, "sort by wall clock", m=(32,)),
    Mistake("order", ORDER | {"replay": "by id"}, "ids are in order"),
    Mistake("undo", KeepsRedo, "redo survives a new command", m=(63,)),
    Mistake("undo", Replays, "runs the change again"),
    Mistake("undo", RerunsAtRedo, "runs the change again"),
    Mistake("undo", OneBack, "one step only"),
    Mistake("undo", SwapsOnce, "undo undoes itself"),
    Mistake("undo", Swaps, "redo without an undo"),
    Mistake("undo", NeverUndoes, "undo does nothing"),
    Mistake("undo", NeverRedoes, "redo does nothing"),
    Mistake("undo", StartsOver, "back to the start"),
    Mistake("undo", DoesTwice, "do runs it twice"),
    Mistake("undo", NeverCuts, "undo into another future"),
    Mistake("undo", RedoKeepsNothing, "undo after a redo"),
    Mistake("undo", RedoTakesNothingAway, "undo after a redo"),
    Mistake("undo", FirstUndoneFirst, "redo takes another one"),
    Mistake("reducer", RollsInReduce, "the reducer throws the die", m=(64,)),
    Mistake("reducer", ClockInReduce, "the reducer reads the clock", m=(64,)),
    Mistake("reducer", InPlace, "in place"),
    Mistake("reducer", Outside, "outside"),
    Mistake("reducer", ReadsTheLastThrow, "outside"),
    Mistake("reducer", NumbersItsClicks, "outside"),
    Mistake("reducer", OwnDie, "another die"),
    Mistake("reducer", OtherDieInReduce, "another die"),
    *(Mistake("reducer", game, "what a button does") for game in (
        ClearKeeps, ClearKeepsTheTime, ClearForgetsTheTime, Prepends, LastRollAlone,
        FirstClickCounts)),
    Mistake("reducer", NumbersAsKeys, "as stored"),
    Mistake("reducer", Pops, "changes the event"),
    Mistake("hit", at(lambda now, shot: now), "no rewind"),
    Mistake("hit", at(lambda now, shot: now - shot["latency"]), "latency without interpolation",
            m=(65,)),
    Mistake("hit", at(lambda now, shot: shot["tick"] - shot["interpolation"]),
            "trusts the client's time", m=(66,)),
    Mistake("hit", at(lambda now, shot: now - min(shot["latency"] + shot["interpolation"], 1)),
            "never believes the client"),
    Mistake("hit", at(valve_unclamped), "no limit"),
    Mistake("hit", at(limited_estimate), "a limit for one of two"),
    Mistake("hit", at(limited_latency), "a limit for the latency alone"),
    Mistake("hit", at(limited_tick), "trusts the client's time"),
    Mistake("hit", old_is_a_miss, "an old shot is a miss"),
    Mistake("hit", sixteen_is_a_miss, "16 units are beside"),
    Mistake("hit", wrong_tick_is_a_miss, "the tick spoils the shot"),
    Mistake("hit", clamps_the_tick, "the tick spoils the shot"),
    Mistake("hit", lambda now, target, shot: True, "always a hit"),
    Mistake("hit", lambda now, target, shot: False, "always a miss"),
    Mistake("audit", says_nothing, "never complains"),
    Mistake("audit", fine, "a text means right"),
    Mistake("audit", too_strict, "too strict"),
    Mistake("audit", judged(cuts=False), "minds a right step"),
    Mistake("audit", judged(newest=True), "minds a right step"),
    Mistake("audit", judged(once=True), "minds a right step"),
    Mistake("audit", lambda run: "wrong", "minds a right step"),
    Mistake("audit", judged(both_cut=True), "minds another's edits"),
    Mistake("audit", one_history, "minds another's edits"),
    Mistake("audit", keeps_its_lists, "hidden state"),
    Mistake("audit", lambda run: None, "never complains"),
    Mistake("audit", overlooks_a_last_redo, "redo survives a new command"),
    Mistake("audit", overlooks(shared.Replaces), "do may write anything"),
    Mistake("audit", overlooks(shared.NoUndo), "undo may do nothing"),
    Mistake("audit", overlooks(shared.LastEdit), "anybody's edit will do"),
    Mistake("audit", overlooks(shared.Snapshots), "other lines don't matter"),
    Mistake("audit", overlooks(shared.NoRedo), "redo may do nothing"),
    Mistake("audit", overlooks(shared.RunsAgain), "redo may run it again"),
    Mistake("audit", overlooks(shared.ToTheStart), "one undo is one step"),
    Mistake("audit", overlooks(shared.OneStep), "one undo is enough"),
    Mistake("audit", overlooks(shared.KeepsRedo), "redo survives a new command"),
]  # fmt: skip
CONSTANTS = ["4b825dc642cb6eb9a060e54bf8d69288fbee4904", b"", "wrong", {"rolls": [], "at": 0}]
