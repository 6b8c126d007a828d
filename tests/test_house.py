"""The rules of the house, as tests: rooms, arrows, sittings, determinism, types, style."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import networkx as nx
import pytest

from pubsub_kit.checks.desk.exercises import LESSONS

ROOT = Path(__file__).resolve().parents[1]
KIT = ROOT / "pubsub_kit"
# What a stranger reads in one sitting, in this order; and what makes it durable, the second one.
TEXTBOOK = [
    "log.event", "log.memory", "broker.topic", "broker.reader", "broker.queue", "broker.delivery",
    "broker.subscription", "broker.broker", "broker.consumer",
]  # fmt: skip
DURABLE = [
    "log.rows", "log.records", "log.disk", "log.segmented_file", "log.segments", "broker.storage",
]  # fmt: skip
TEXTBOOK_LINES = 1500  # with their docstrings, as README counts them
FILE_LINES = 300
LESSON_LINES = 900  # of the worlds, questions and reasons that a lesson has of its own


def approves(*command: str) -> None:
    """Run a tool of this environment on the checkout; fail with what it says where it objects."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


# --- what a file imports --------------------------------------------------------------------------


def name_of(path: Path) -> str:
    """Return the dotted name of a file of the kit, below pubsub_kit: log.event, show, or ""."""
    parts = path.relative_to(KIT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(KIT.rglob("*.py"))}
Arrows = dict[str, set[str]]


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imported(source: ast.Module, package: list[str]) -> Iterator[str]:
    """Yield the full dotted name of all that a file imports: at any depth, and for types alone."""
    for node in ast.walk(source):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def imports(name: str) -> set[str]:
    """Return all that a module of the kit imports."""
    path = MODULES[name]
    return {*imported(tree(path), ["pubsub_kit", *path.relative_to(KIT).parts[:-1]])}


def kit_imports(name: str) -> set[str]:
    """Return the kit's modules that a module imports by name ("" is the kit's face)."""
    found = set()
    for full in imports(name):
        if full.split(".")[0] == "pubsub_kit":
            below = full.removeprefix("pubsub_kit").strip(".")
            found.add(below if below in MODULES else below.rpartition(".")[0])
    return found - {name}


def circles(arrows: Arrows) -> list[list[str]]:
    """Return the groups whose members all lead to each other."""
    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_edges_from((name, other) for name, known in arrows.items() for other in known)
    groups = nx.strongly_connected_components(graph)
    return sorted(sorted(group) for group in groups if len(group) > 1)


def room_of(name: str) -> str:
    """Return the room that a module stands in; a door, __init__, is apart from its room."""
    if MODULES[name].name == "__init__.py" or "." not in name:
        return f"{name} (door)"
    return name.rpartition(".")[0]


def between_rooms(arrows: Arrows) -> Arrows:
    """Return which rooms know which others."""
    rooms: Arrows = {}
    for name, known in arrows.items():
        others = {room_of(other) for other in known} - {room_of(name)}
        rooms.setdefault(room_of(name), set()).update(others)
    return rooms


def below(package: str) -> list[str]:
    """Return the modules of a room, those of the rooms in it, and its door."""
    return [name for name in MODULES if name == package or name.startswith(f"{package}.")]


def reach(*names: str) -> set[str]:
    """Return the modules that these import, directly or through others, and these."""
    seen: set[str] = set()
    waiting = [name for name in names if name in MODULES]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting += kit_imports(name) - seen
    return seen


# --- the arrows -----------------------------------------------------------------------------------

ARROWS = {name: kit_imports(name) for name in MODULES}
# From the lowest room up: none knows one that comes later, through however many others.
FLOORS = ["errors", "options", "git", "log", "broker", "patterns", "world.replicas", "world",
          "world.search", "show", "feed", "designs", "scenarios", "incidents", "engines",
          "engines.servers", "checks.sandbox", "checks.systems", "checks.contract",
          "checks.forms", "checks.questions", "checks.desk", "engines.trials",
          "engines.trials.answers", "engines.shown", "genai", "genai.service", "genai.deploy",
          "genai.terminal", "interviews.bank", "interviews.cards", "interviews.rehearsal",
          "interviews", "workbook", "bench"]  # fmt: skip


def floor_of(name: str) -> int:
    """Return how high a module stands; the face, the command line and a door of two, at the top."""
    rooms = [room for room in FLOORS if name == room or name.startswith(f"{room}.")]
    return FLOORS.index(max(rooms, key=len)) if rooms else len(FLOORS)


def climbs(arrows: Arrows) -> list[str]:
    """Return the imports that point upstairs."""
    pairs = ((name, other) for name, known in arrows.items() for other in known)
    return [f"{name} -> {other}" for name, other in pairs if floor_of(name) < floor_of(other)]


def test_no_module_knows_itself_through_others() -> None:
    assert circles(ARROWS) == []


def test_arrows_between_rooms_point_one_way() -> None:
    assert circles(between_rooms(ARROWS)) == []


def test_no_room_knows_one_above() -> None:
    assert climbs(ARROWS) == []


def test_every_room_stands_on_a_floor() -> None:
    assert {n for n in MODULES if floor_of(n) == len(FLOORS)} == {"", "__main__", "checks"}


@pytest.mark.parametrize(
    ("knower", "known"),
    [
        ("log.event", "broker.broker"),
        ("broker.delivery", "broker.subscription"),
        ("world.kernel", "world.world"),
        ("world.chance", "world.search.violation"),
        ("world.trace", "show.picture"),
        ("feed.people.graph", "feed.grading.grade"),
        ("scenarios.idempotency.payments", "checks.forms.judges"),
    ],
)
def test_an_arrow_that_is_put_in_the_wrong_way_is_found(knower: str, known: str) -> None:
    arrows = {**ARROWS, knower: ARROWS[knower] | {known}}
    found = [*circles(arrows), *circles(between_rooms(arrows))]
    pairs = {knower, known}, {room_of(knower), room_of(known)}
    circle = any(pair <= set(group) for group in found for pair in pairs)
    assert circle or climbs(arrows) == [f"{knower} -> {known}"]


@pytest.mark.parametrize("source", ["import a.b", "if TYPE_CHECKING:\n    import a.b",
                                    "def f():\n    from a import b", "from .a import b",
                                    "from . import b"])  # fmt: skip
def test_an_import_is_seen_wherever_it_stands(source: str) -> None:
    (found,) = imported(ast.parse(source), ["a"] if "from ." in source else [])
    assert found in ("a.b", "a.a.b")


def test_pictures_know_a_trace_and_no_world() -> None:
    """One draws the files of a log, and so knows these too."""
    known = set().union(*map(kit_imports, below("show")))
    files = {"log.records", "log.segment", "log.segments"}
    assert known - set(below("show")) - files <= {"world.trace", "errors"}


def test_charts_and_widgets_know_no_diagram() -> None:
    known = set().union(*map(kit_imports, [*below("show.charts"), *below("show.widgets")]))
    assert known & set(below("show.diagrams")) == set()


def test_engines_know_the_event_and_the_brokers_protocol_alone() -> None:
    own = {*below("engines")} - {*below("engines.trials"), *below("engines.shown")}
    known = set().union(*map(kit_imports, own))
    assert known - own <= {*below("log"), *below("broker"), "errors", "options"}


def test_nothing_imports_the_command_line_or_the_face() -> None:
    assert [name for name in MODULES if kit_imports(name) & {"", "__main__"}] == []


@pytest.mark.parametrize("door", [n for n, path in MODULES.items() if path.name == "__init__.py"])
def test_each_room_says_at_its_door_what_lives_there(door: str) -> None:
    said = ast.get_docstring(tree(MODULES[door]))
    assert said is not None
    assert len(said) >= 50


# --- the core -------------------------------------------------------------------------------------


def test_the_core_uses_the_standard_library_alone() -> None:
    for name in reach(*TEXTBOOK, *DURABLE):
        tops = {full.split(".")[0] for full in imports(name)}
        assert tops <= sys.stdlib_module_names | {"pubsub_kit"}, name


def lines_of(names: list[str]) -> int:
    """Count the lines of these modules, docstrings and all."""
    return sum(len(MODULES[name].read_text(encoding="utf-8").splitlines()) for name in names)


def test_the_textbook_path_is_read_in_one_sitting() -> None:
    assert lines_of(TEXTBOOK) <= TEXTBOOK_LINES


@pytest.mark.parametrize(("sitting", "names"), [("first", TEXTBOOK), ("second", DURABLE)])
def test_readme_names_each_sitting_with_its_files_and_lines(sitting: str, names: list[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(rf"\*\*The {sitting} sitting\*\*(.*?)\n\n", readme, re.DOTALL)
    assert re.findall(r"\]\(pubsub_kit/([\w/]+)\.py\)", said) == [
        n.replace(".", "/") for n in names
    ]
    assert [int(n.replace(",", "")) for n in re.findall(r"([\d,]+) lines", said)] == [
        lines_of(names)
    ]


def test_no_file_is_long() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def files_of(lesson: str) -> list[str]:
    """Return a lesson's own modules: its scenarios, and its questions with what explains them."""
    own = rf"scenarios\.{lesson}(\.\w+)?|checks\.questions\.(reasons\.)?{lesson}\w*"
    return [name for name in MODULES if re.fullmatch(own, name)]


@pytest.mark.parametrize("lesson", [name for number, name in LESSONS.items() if number >= "07"])
def test_what_a_lesson_has_of_its_own_is_a_short_read(lesson: str) -> None:
    assert len(files_of(lesson)) >= 4
    assert lines_of(files_of(lesson)) <= LESSON_LINES


def test_the_kit_imports_on_a_bare_python() -> None:
    bare = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pubsub_kit"
    core = "".join(f"; import pubsub_kit.{name}" for name in [*TEXTBOOK, *DURABLE])
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", bare + core], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


# --- dependencies ---------------------------------------------------------------------------------

DISTRIBUTIONS = {"IPython": "ipython", "PIL": "pillow", "nats": "nats-py"}
DISTRIBUTIONS |= dict.fromkeys(("google", "grpc"), "google-cloud-pubsub")
DISTRIBUTIONS["opentelemetry"] = "opentelemetry-sdk"
DISTRIBUTIONS["prompt_toolkit"] = "prompt-toolkit"
DISTRIBUTIONS["yaml"] = "pyyaml"
NEVER_IMPORTED = {"nbval"}  # a plugin of pytest
# Modules that run where an extra of pyproject.toml is installed.
EXTRAS = {f"workbook.{name}": "test" for name in ("suite", "build", "editions")}
EXTRAS["genai.deploy.validation"] = "test"
EXTRAS |= dict.fromkeys(below("bench"), "bench") | dict.fromkeys(below("interviews"), "interview")
EXTRAS |= dict.fromkeys((*below("engines"), "bench.engines", *below("bench.bare")), "engines")
EXTRAS |= dict.fromkeys(below("genai"), "genai") | {"genai.deploy.validation": "test"}


def declared(*extras: str) -> set[str]:
    """Return what pyproject.toml lists: the dependencies, and these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    listed = [*project["dependencies"], *(name for extra in extras for name in optional[extra])]
    return {re.split(r"[<>=!~\[ ]", requirement)[0] for requirement in listed}


def distributions(name: str) -> set[str]:
    """Return what a module of the kit imports from outside it and the standard library."""
    tops = {full.split(".")[0] for full in imports(name)}
    tops -= sys.stdlib_module_names | {"pubsub_kit"}
    return {DISTRIBUTIONS.get(top, top.replace("_", "-")) for top in tops}


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_is_a_dependency(name: str) -> None:
    extra = EXTRAS.get(name)
    assert distributions(name) <= declared(*([extra] if extra else []))


def test_every_dependency_is_imported_somewhere() -> None:
    used = set().union(*map(distributions, MODULES))
    assert declared() - used == NEVER_IMPORTED


# --- determinism ----------------------------------------------------------------------------------

CHANCE_AND_CLOCKS = re.compile(
    r"(time\.(time|time_ns|monotonic|monotonic_ns|perf_counter|perf_counter_ns|sleep)"
    r"|datetime\.(datetime\.)?(now|utcnow|today)|date\.today"
    r"|random\.(?!Random$)\w+|secrets\.\w+|os\.urandom|uuid\.uuid[14]|uuid[14])"
)
# A search through schedules may look how long it has been at it, and stop.
STOPWATCH = re.compile(r"world\.search\.explore:\d+ calls time\.(monotonic|perf_counter)")


def calls(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and the spelled-out name of everything that a file calls."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            yield node.lineno, ast.unparse(node.func)


def offences(names: list[str], forbidden: Callable[[str], object]) -> list[str]:
    """Return where these modules call something forbidden."""
    return [
        f"{name}:{line} calls {called}"
        for name in names
        for line, called in calls(MODULES[name])
        if forbidden(called)
    ]


def test_the_world_has_one_source_of_chance_and_one_clock() -> None:
    found = offences(below("world"), CHANCE_AND_CLOCKS.fullmatch)
    assert [offence for offence in found if not STOPWATCH.fullmatch(offence)] == []
    borrowed = {
        f"{name} imports {full}"
        for name in below("world")
        for full in imports(name)
        if CHANCE_AND_CLOCKS.fullmatch(full)
    }
    assert borrowed == set()


def test_nothing_depends_on_the_builtin_hash() -> None:
    """It differs from process to process for text, so nothing that it decides would repeat."""
    assert offences(list(MODULES), lambda called: called == "hash") == []


@pytest.mark.parametrize(
    "called",
    [
        "time.time",
        "random.random",
        "random.choice",
        "datetime.now",
        "datetime.datetime.now",
        "uuid4",
    ],
)
def test_a_wall_clock_or_a_private_die_is_noticed(called: str) -> None:
    assert CHANCE_AND_CLOCKS.fullmatch(called)


def test_a_generator_of_ones_own_is_allowed() -> None:
    assert not CHANCE_AND_CLOCKS.fullmatch("random.Random")


# --- types, style, words --------------------------------------------------------------------------


def test_types_are_complete() -> None:
    approves("mypy")


def test_style_is_one() -> None:
    approves("ruff", "check", "--quiet", "--output-format=concise")


def test_layout_is_one() -> None:
    approves("ruff", "format", "--check")


def shipped_texts() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every text file of the checkout."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        path = ROOT / name
        if path.is_file() and path.suffix not in {".png", ".ico", ".gif"}:
            yield name, path.read_text(encoding="utf-8")


def test_no_file_names_a_folder_of_the_machine_that_it_was_written_on() -> None:
    private = re.compile(r"(?<![\w.~/>-])/(?:work|root|home/\w+|Users/\w+)/\w")
    found = [
        f"{name}: {match.group()}"
        for name, text in shipped_texts()
        for match in private.finditer(text)
    ]
    assert found == []


# --- no test is skipped where that is asked -------------------------------------------------------

EVASIVE = """
import pytest, unittest
def test_that_counts(): pass
@pytest.mark.skip(reason="no server")
def test_marked(): pass
def test_that_gives_up(): pytest.skip("no server")
@pytest.mark.xfail(reason="known")
def test_expected_to_fail(): assert 0
@pytest.mark.xfail(reason="known", strict=False)
def test_expected_to_fail_that_passes(): pass
@pytest.mark.parametrize("case", [])
def test_of_nothing(case): pass
class Old(unittest.TestCase):
    @unittest.skip("old")
    def test_unittest(self): pass
"""
NEVER_RAN = 'import pytest\npytest.importorskip("no_such_module")\n'


@pytest.mark.parametrize(
    ("no_skips", "closing"),
    [("", "1 passed, 5 skipped, 1 xfailed, 1 xpassed"), ("1", "4 failed, 1 passed, 3 errors")],
)
def test_a_skipped_test_fails_where_nothing_may_be_skipped(
    tmp_path: Path, no_skips: str, closing: str
) -> None:
    for name in ("conftest.py", "pyproject.toml"):
        (tmp_path / name).write_text((ROOT / name).read_text())
    (tmp_path / "test_evasive.py").write_text(EVASIVE)
    (tmp_path / "test_never_ran.py").write_text(NEVER_RAN)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "--continue-on-collection-errors", "."],
        cwd=tmp_path, env={**os.environ, "PUBSUB_KIT_NO_SKIPS": no_skips},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert re.sub(r" in [\d.]+s$", "", done.stdout.splitlines()[-1]) == closing
