"""Programs whose handlers count what they handle, each in another of the places that Python has.

`PLACES` maps a place to the source of `make(ledger)`, which makes a handler. The handler calls
`work(ledger, event, n)` with what it has counted; `program` puts a rule there, by which it goes
wrong. "sees" are places that are compared, "hides" are those for which nothing is merged.
"""

from __future__ import annotations

import sys
from textwrap import dedent, indent
from types import ModuleType
from typing import Any

_COMMON = """
from pubsub_kit.world.stores import Store
from pubsub_kit.world.breaker import Breaker

async def work(ledger, event, n):
    async with ledger.transaction() as tx:
        if await tx.insert(f"seen {event.id}"):
            await tx.add(f"charged {event.id}", 1)
    if RULE:
        await ledger.put("wrong", event.id)
"""


def _closure(start: str, count: str, outer: str = "") -> str:
    """A function that counts in what its closure holds."""
    return f"{outer}\n" + dedent(f"""
        def make(ledger):
            box = {start}
            async def handle(event):
                {count}
                await work(ledger, event, n)
            return handle
    """)


def _class(body: str, count: str, outer: str = "", head: str = "class Handler") -> str:
    """An object that counts; `body` is in its class, `count` in its method."""
    return (
        f"{dedent(outer)}\n{head}:\n{indent(dedent(body), '    ')}\n"
        "    async def handle(self, event):\n"
        f"{indent(dedent(count), ' ' * 8)}\n"
        "        await work(self.ledger, event, n)\n\n"
        "def make(ledger):\n    return Handler(ledger)\n"
    )


_KEEP = "def __init__(self, ledger):\n    self.ledger = ledger\n"
_ADD = "box.append(event.id); n = len(box)"
_BOX = "class Box:\n    n = 0\n"
_COUNT = "self.n = n = self.n + 1"


def _kept(start: str, count: str, outer: str = "") -> str:
    return _class(f"{_KEEP}    self.box = {start}\n", f"box = self.box\n{count}", outer)


SEES: dict[str, str] = {
    "a nonlocal": _closure("0", "nonlocal box; box += 1; n = box"),
    "a list in a closure": _closure("[]", _ADD),
    "a dict in a closure": _closure("{}", "box['n'] = n = box.get('n', 0) + 1"),
    "a set in a closure": _closure("set()", "box.add(len(box)); n = len(box)"),
    "an object in a closure": _closure("Box()", "box.n = n = box.n + 1", _BOX),
    "a breaker in a closure": _closure("Breaker(99)", "box.failed(0.0); n = box.count"),
    "a deque in a closure": _closure("deque()", _ADD, "from collections import deque"),
    "a Counter": _closure(
        "Counter()", "box['n'] += 1; n = box['n']", "from collections import Counter"
    ),
    "an OrderedDict": _closure(
        "OrderedDict()", "box[len(box)] = 1; n = len(box)", "from collections import OrderedDict"
    ),
    "a defaultdict": _closure(
        "defaultdict(int)", "box[1] += 1; n = box[1]", "from collections import defaultdict"
    ),
    "a bytearray": _closure("bytearray()", "box.append(1); n = len(box)"),
    "a list in a tuple": _closure("([], 1)", "box[0].append(1); n = len(box[0])"),
    "a list in a list": _closure("[[]]", "box[0].append(1); n = len(box[0])"),
    "a cycle": _closure("[0]; box.append(box)", "box[1][0] = n = box[0] + 1"),
    "two closures that share a cell": dedent("""
        def make(ledger):
            total = 0
            def count():
                nonlocal total
                total += 1
                return total
            async def handle(event):
                await work(ledger, event, count())
            return handle
    """),
    "a default that is made anew": dedent("""
        def make(ledger):
            async def handle(event, box=[]):
                box.append(1)
                await work(ledger, event, len(box))
            return handle
    """).replace("box=[]", "box=list()"),
    "a keyword's default": dedent("""
        def make(ledger):
            async def handle(event, *, box=list()):
                box.append(1)
                await work(ledger, event, len(box))
            return handle
    """),
    "an attribute of a function that is made anew": dedent("""
        def make(ledger):
            async def handle(event):
                handle.n = n = handle.n + 1
                await work(ledger, event, n)
            handle.n = 0
            return handle
    """),
    "an attribute": _class(_KEEP + "    self.n = 0\n", _COUNT),
    "an attribute of an attribute": _kept("Box()", "box.n = n = box.n + 1", _BOX),
    "slots": _class("__slots__ = 'ledger', 'n'\n" + _KEEP + "    self.n = 0\n", _COUNT),
    "slots and a dict": _class(
        _KEEP + "    self.n = 0\n",
        _COUNT,
        "class Slotted:\n    __slots__ = 'n',\n",
        "class Handler(Slotted)",
    ),
    "a cached property": _class(
        _KEEP + "@cached_property\ndef box(self):\n    return []\n",
        "box = self.box; " + _ADD,
        "from functools import cached_property",
    ),
    "behind a property": _class(
        _KEEP + "    self._n = 0\n@property\ndef n(self):\n    self._n += 1\n    return self._n\n",
        "n = self.n",
    ),
    "behind __getattr__": _class(
        _KEEP + "    self.box = []\ndef __getattr__(self, name):\n    return self.box.append(1)\n",
        "self.anything; n = len(self.box)",
    ),
    "a callable object": dedent("""
        class Handler:
            def __init__(self, ledger):
                self.ledger, self.n = ledger, 0
            async def __call__(self, event):
                self.n += 1
                await work(self.ledger, event, self.n)
        def make(ledger):
            return Handler(ledger).__call__
    """),
    "a partial": dedent("""
        from functools import partial
        async def handle(ledger, box, event):
            box.append(1)
            await work(ledger, event, len(box))
        def make(ledger):
            return partial(handle, ledger, [])
    """),
    "a bound method of a builtin": _closure(
        "[]; push = box.append; box2 = box", "push(1); n = len(box2)"
    ),
    "two names for one list": dedent("""
        def make(ledger):
            box = []
            other = box
            async def handle(event):
                nonlocal other
                if event.id == "m-1":
                    other = list(other) if other is box else box
                await work(ledger, event, 2 + (other is box))
            return handle
    """),
    "the order of a dict": _closure(
        "{}", "box.pop(event.id, 0); box[event.id] = 1; n = len(box) + (list(box)[0] == 'm-2')"
    ),
    "True, 1 and 1.0": _closure(
        "[True]",
        "box[0] = {bool: 1, int: 1.0, float: True}[type(box[0])]; "
        "n = [bool, int, float].index(type(box[0]))",
    ),
    "the sign of zero": _closure(
        "[0.0]", "box[0] = -box[0]; n = 2 if str(box[0]) == '-0.0' else 3"
    ),
    "keys that are equal": _closure(
        "{1: 0}",
        "k = list(box)[0]; box.clear(); box[True if k is 1 else 1] = 0; "
        "n = 3 + (list(box)[0] is True)",
    ).replace("k is 1", "type(k) is int"),
    "a recursive method": _class(
        _KEEP + "    self.n = 0\ndef more(self):\n    def inner():\n        self.n += 1\n"
        "        return self.n\n    return inner()\n",
        "n = self.more()",
    ),
    "an object that exec made": _closure(
        "Made()", "box.n = n = box.n + 1", "exec('class Made:\\n    n = 0')"
    ),
    "an event that was kept": _kept("[]", "box.append(event); n = len(box)"),
    "a dict that was replaced": _class(
        _KEEP + "    self.n = 0\n    self.old = []\n",
        "self.old.append(1); self.n = n = len(self.old)",
    ),
}

HIDES: dict[str, str] = {
    "a global": dedent("""
        total = 0
        def make(ledger):
            async def handle(event):
                global total
                total += 1
                await work(ledger, event, total)
            return handle
    """),
    "a list in a global": _closure("SEEN", _ADD, "SEEN = []"),
    "a global behind a helper": _closure(
        "None", "n = count()", "SEEN = []\ndef count():\n    SEEN.append(1)\n    return len(SEEN)"
    ),
    "globals()": _closure("None", "g = globals(); g['total'] = n = g.get('total', 0) + 1"),
    "sys.modules": _closure(
        "None", "m = sys.modules; m['counted'] = n = m.get('counted', 0) + 1", "import sys"
    ),
    "an own module": _closure("None", "own.n = n = own.n + 1", "import OWN as own"),
    "a list in an own module": _closure(
        "None", "own.box.append(1); n = len(own.box)", "import OWN as own"
    ),
    "a name from an own module": _closure("None", "n = count()", "from OWN import count"),
    "an import in the handler": _closure("None", "import OWN as own; own.n = n = own.n + 1"),
    "an attribute of a library": _closure(
        "None",
        "math.n = n = getattr2(math)",
        "import math\nmath.n = 0\ndef getattr2(m):\n    return m.n + 1",
    ),
    "an attribute of the kit's class": _closure(
        "None",
        "Conflict.n = n = Conflict.n + 1",
        "from pubsub_kit.world.stores import Conflict\nConflict.n = 0",
    ),
    "an attribute of the store": _closure(
        "None", "ledger.n = n = (ledger.n if hasattr(ledger, 'n') else 0) + 1"
    ),
    "an attribute of the world": _closure(
        "ledger.world", "box.n = n = (box.n if hasattr(box, 'n') else 0) + 1"
    ),
    "a number of the world's messages": _closure("ledger.world", "n = box.numbers['message'] // 3"),
    "the trace": _closure("ledger.world", "n = len(box.trace) // 12"),
    "the trace by another name": _closure("ledger", "w = box.world; n = len(w.trace) // 12"),
    "how many effects there were": _closure(
        "ledger.world", "n = (box.steps - box.steps_left) // 4"
    ),
    "the world that runs": _closure(
        "None", "n = len(running().trace) // 12", "from pubsub_kit.world.system import running"
    ),
    "the versions of a store": _closure("ledger", "n = sum(box.versions.values())"),
    "a builtin": _closure(
        "None",
        "builtins.counted = n = builtins.counted + 1",
        "import builtins\nbuiltins.counted = 0",
    ),
    "the environment": _closure(
        "None",
        "os.environ['N'] = str(int(os.environ['N']) + 1); n = int(os.environ['N'])",
        "import os\nos.environ['N'] = '0'",
    ),
    "an itertools.count": _closure("count(1)", "n = next(box)", "from itertools import count"),
    "an iterator": _closure("iter(range(1, 999))", "n = next(box)"),
    "a list's iterator": _closure("iter([*range(1, 999)])", "n = next(box)"),
    "a generator": _closure("(i for i in range(1, 999))", "n = next(box)"),
    "a coroutine": _closure(
        "steps(); box.send(None)",
        "n = box.send(None)",
        "import types\n@types.coroutine\ndef steps():\n    for i in range(999):\n        yield i",
    ),
    "a generator of random numbers": _closure(
        "Random(7)", "n = box.randrange(5)", "from random import Random"
    ),
    "the global random numbers": _closure(
        "None", "n = random.randrange(5)", "import random\nrandom.seed(7)"
    ),
    "a function of the global random numbers": _closure(
        "None", "n = int(random() * 5)", "from random import random, seed\nseed(7)"
    ),
    "an array": _closure("array('b')", "box.append(1); n = len(box)", "from array import array"),
    "a subclass of list": _closure("Box()", _ADD, "class Box(list): pass"),
    "a subclass of dict": _closure("Box()", "box.n = n = box.n + 1", "class Box(dict):\n    n = 0"),
    "a subclass of set": _closure("Box()", "box.n = n = box.n + 1", "class Box(set):\n    n = 0"),
    "a subclass of int": _closure("Box()", "box.n = n = box.n + 1", "class Box(int):\n    n = 0"),
    "a ChainMap": _closure(
        "ChainMap()", "box['n'] = n = box.get('n', 0) + 1", "from collections import ChainMap"
    ),
    "a weak reference": _closure(
        "Box(); ref = weakref(box)",
        "it = ref(); it.n = n = box.n + 1",
        "from weakref import ref as weakref\n" + _BOX,
    ),
    "a context variable": _closure(
        "None",
        "var.set(var.get() + 1); n = var.get()",
        "from contextvars import ContextVar\nvar = ContextVar('var', default=0)",
    ),
    "a thread's local": _closure(
        "local(); box.n = 0", "box.n = n = box.n + 1", "from threading import local"
    ),
    "a StringIO": _closure(
        "StringIO()", "n = box.write('x' * 1) and box.tell()", "from io import StringIO"
    ),
    "a file": _closure(
        "TemporaryFile()", "box.write(b'x'); n = box.tell()", "from tempfile import TemporaryFile"
    ),
    "a default": dedent("""
        def make(ledger):
            async def both(event):
                n = count()
                await work(ledger, event, n)
            return both
        def count(box=[]):
            box.append(1)
            return len(box)
    """),
    "a keyword's default that lasts": _closure(
        "None", "n = count()", "def count(*, box=[]):\n    box.append(1)\n    return len(box)"
    ),
    "an attribute of a function": _closure(
        "None", "count.n = n = count.n + 1", "def count(): pass\ncount.n = 0"
    ),
    "a class attribute": _class("n = 0\n" + _KEEP, "Handler.n = n = Handler.n + 1"),
    "type(self)": _class("n = 0\n" + _KEEP, "type(self).n += 1; n = self.n"),
    "self.__class__": _class("n = 0\n" + _KEEP, "self.__class__.n += 1; n = self.n"),
    "a list in a class": _class("box = []\n" + _KEEP, "box = self.box; " + _ADD),
    "a class method": _class(
        "n = 0\n" + _KEEP + "@classmethod\ndef count(cls):\n    cls.n += 1\n    return cls.n\n",
        "n = self.count()",
    ),
    "a base class": _class(
        _KEEP, "Base.n = n = Base.n + 1", "class Base:\n    n = 0\n", "class Handler(Base)"
    ),
    "a metaclass": _class(
        _KEEP,
        "n = Handler.count()",
        "class Meta(type):\n    n = 0\n    def count(cls):\n"
        "        Meta.n += 1\n        return Meta.n\n",
        "class Handler(metaclass=Meta)",
    ),
    "a descriptor": _class(
        "n = Counting()\n" + _KEEP,
        "n = self.n",
        "class Counting:\n    n = 0\n    def __get__(self, owner, kind):\n"
        "        self.n += 1\n        return self.n\n",
    ),
    "an object in a class": _class(
        "box = Breaker(99)\n" + _KEEP, "self.box.failed(0.0); n = self.box.count"
    ),
    "shared attributes": _class(
        "shared = {'n': 0}\ndef __init__(self, ledger):\n    self.__dict__ = self.shared\n"
        "    self.ledger = ledger\n",
        _COUNT,
    ),
    "an lru_cache": _closure(
        "None",
        "b = box_of(1); b.append(1); n = len(b)",
        "from functools import lru_cache\n@lru_cache\ndef box_of(_): return []",
    ),
    "a partialmethod": _class(
        _KEEP + "def count(self, box):\n    box.append(1)\n    return len(box)\n"
        "more = partialmethod(count, [])\n",
        "n = self.more()",
        "from functools import partialmethod",
    ),
    "a lasting partial": _closure(
        "None",
        "n = more()",
        "from functools import partial\ndef count(box):\n    box.append(1)\n    return len(box)\n"
        "more = partial(count, [])",
    ),
    "a single dispatch": _closure(
        "None",
        "more.n = n = more.n + 1",
        "from functools import singledispatch\n@singledispatch\ndef more(x): pass\nmore.n = 0",
    ),
    "a bound method of a builtin that lasts": _closure(
        "None",
        "push(1); n = size()",
        "HIDDEN = []\npush, size = HIDDEN.append, HIDDEN.__len__\ndel HIDDEN",
    ),
    "a decorator": _closure(
        "None",
        "n = more()",
        "from functools import wraps\ndef counted(f):\n    box = []\n    @wraps(f)\n"
        "    def inner():\n        box.append(1)\n        return len(box)\n    return inner\n"
        "@counted\ndef more(): pass",
    ),
    "a decorator that poses as the kit's": _closure(
        "None",
        "n = more()",
        "from functools import wraps\nfrom pubsub_kit.world.verbs import clock\n"
        "def counted(f):\n    n = 0\n    @wraps(f)\n    def inner():\n        nonlocal n\n"
        "        n += 1\n        return n\n    return inner\nmore = counted(clock)",
    ),
    "a nonlocal that lasts": _closure(
        "None",
        "n = more()",
        "def counting():\n    n = 0\n    def inner():\n        nonlocal n\n        n += 1\n"
        "        return n\n    return inner\nmore = counting()",
    ),
    "an enum": _closure(
        "None",
        "One.A.n = n = One.A.n + 1",
        "from enum import Enum\nclass One(Enum):\n    A = 1\nOne.A.n = 0",
    ),
    "a list in a named tuple": _closure(
        "Box([])",
        "box.items.append(1); n = len(box.items)",
        "from typing import NamedTuple\nclass Box(NamedTuple):\n    items: list",
    ),
    "an object that lasts": _closure("LAST", "box.n = n = box.n + 1", _BOX + "LAST = Box()"),
    "an object's id": _closure(
        "[[]]", "old = id(box[0]); box.append([]); n = len(box) if id(box[0]) == old else 0"
    ),
    "the annotations of a class": _class(
        "n: int = 0\n" + _KEEP,
        "a = Handler.__annotations__; a['k'] = n = a.get('k', 0) + 1",
    ),
    "the code of a function": _closure(
        "None", "count.__defaults__ = (count() + 1,); n = count()", "def count(n=0): return n"
    ),
    "the members of a set in order": _closure(
        "set()", "box.add(event.id); n = sum(i for i, x in enumerate(box) if x == 'm-1') + 2"
    ),
    "a class that is made anew": dedent("""
        def make(ledger):
            class Handler:
                n = 0
                async def handle(self, event):
                    Handler.n = n = Handler.n + 1
                    await work(ledger, event, n)
            return Handler()
    """),
    "a frame": _closure("[0]", "f = sys._getframe(); box[0] += 1; n = box[0]", "import sys"),
}

PLACES = {**SEES, **HIDES}


def program(place: str, rule: str = "False") -> Any:
    """Return `make` of the program that counts in a place, and goes wrong by a rule about `n`."""
    own = ModuleType("OWN")
    exec("n = 0\nbox = []\ndef count():\n    box.append(1)\n    return len(box)", vars(own))
    sys.modules["OWN"] = own
    sys.modules.pop("counted", None)
    namespace: dict[str, Any] = {"__name__": "answer"}
    exec(_COMMON.replace("RULE", rule) + PLACES[place], namespace)
    return namespace["make"]
