"""The rules of the house, as tests: types, style, import arrows, the core's size, determinism."""

from __future__ import annotations

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
KIT = ROOT / "pubsub_kit"
CORE = ["event", "log", "segments", "broker", "consumer"]
CORE_LINES = 1700  # with all that a broker and a log must survive; each file is one short read
FILE_LINES = 300


def approves(*command: str) -> None:
    """Run a tool of this environment on the checkout; fail with what it says where it objects."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.fail(done.stdout + done.stderr, pytrace=False)


# --- what a file imports --------------------------------------------------------------------------


def name_of(path: Path) -> str:
    """Return the dotted name of a file of the kit, below pubsub_kit: broker, world.trace, world."""
    parts = path.relative_to(KIT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(KIT.rglob("*.py")) if path != KIT / "__init__.py"}


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def running(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes below one, without what only a type checker reads."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.If) and ast.unparse(child.test).endswith("TYPE_CHECKING"):
            continue
        yield child
        yield from running(child)


def imported(path: Path) -> Iterator[str]:
    """Yield the full dotted name of everything that a file imports, at any depth."""
    package = ["pubsub_kit", *path.relative_to(KIT).parts[:-1]]
    for node in running(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{base}.{alias.name}" for alias in node.names)


def kit_imports(name: str) -> set[str]:
    """Return the kit's modules that a module imports by name ("" is the kit's face)."""
    found = set()
    for full in imported(MODULES[name]):
        if full.split(".")[0] == "pubsub_kit":
            below = full.removeprefix("pubsub_kit").strip(".")
            found.add(below if below in MODULES else below.rpartition(".")[0])
    return found - {name}


def reach(*names: str) -> set[str]:
    """Return the modules of the kit that these import, directly or through others, and these."""
    seen: set[str] = set()
    waiting = [name for name in names if name in MODULES]
    while waiting:
        name = waiting.pop()
        seen.add(name)
        waiting += kit_imports(name) - seen - {""}
    return seen


def below(package: str) -> list[str]:
    """Return the modules of a package, and itself."""
    return [name for name in MODULES if name.split(".")[0] == package]


# --- the arrows -----------------------------------------------------------------------------------

WORLD_UP = ["world", "checks", "feed", "interview", "show", "engines"]
# Who must never come to know whom, through however many others.
NEVER = {
    "event": ["log", "segments", "broker", "consumer", "patterns", *WORLD_UP],
    "log": ["segments", "broker", "consumer", "patterns", *WORLD_UP],
    "segments": ["broker", "consumer", "patterns", *WORLD_UP],
    "broker": ["consumer", "patterns", *WORLD_UP],
    "consumer": ["patterns", *WORLD_UP],
    "patterns": WORLD_UP,
    "world": ["checks", "feed", "interview", "show", "engines"],
}


@pytest.mark.parametrize("knower", NEVER)
def test_arrows_point_one_way(knower: str) -> None:
    known = {name.split(".")[0] for name in reach(*below(knower))}
    assert known & set(NEVER[knower]) == set()


def test_pictures_know_a_trace_and_no_world() -> None:
    known = set().union(*map(kit_imports, below("show")))
    assert known - set(below("show")) <= {"world.trace", "errors"}


def test_engines_know_the_event_and_the_brokers_protocol_alone() -> None:
    known = set().union(*map(kit_imports, below("engines")))
    assert known - set(below("engines")) <= {"event", "broker", "errors"}


def test_nothing_imports_the_command_line_or_the_face() -> None:
    assert [name for name in MODULES if kit_imports(name) & {"", "__main__"}] == []


# --- the core -------------------------------------------------------------------------------------


def test_the_core_uses_the_standard_library_alone() -> None:
    for name in reach(*CORE):
        tops = {full.split(".")[0] for full in imported(MODULES[name])}
        assert tops <= sys.stdlib_module_names | {"pubsub_kit"}, name


def code_lines(source: str) -> int:
    """Count the lines that hold code: no blank, no comment, no docstring."""
    quiet = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in quiet:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            lines -= set(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines.discard(source.count("\n") + 1)  # where the end is marked
    return len(lines)


def test_code_lines_are_counted_without_words_for_the_reader() -> None:
    assert (
        code_lines(
            '"""Words."""\n\n# more\nx = 1\n\n\ndef f():\n    """Say."""\n    return [\n    ]'
        )
        == 4
    )


def test_the_core_can_be_read_in_one_sitting() -> None:
    sizes = {n: code_lines(MODULES[n].read_text(encoding="utf-8")) for n in sorted(reach(*CORE))}
    assert sum(sizes.values()) <= CORE_LINES, sizes


def test_no_file_is_long() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    assert {name: n for name, n in lengths.items() if n > FILE_LINES} == {}


def test_the_kit_imports_on_a_bare_python() -> None:
    bare = f"import sys; sys.path.insert(0, {str(ROOT)!r}); import pubsub_kit"
    core = "".join(f"; import pubsub_kit.{name}" for name in CORE)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-c", bare + core], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert done.returncode == 0


# --- dependencies ---------------------------------------------------------------------------------

DISTRIBUTIONS = {"IPython": "ipython", "PIL": "pillow", "nats": "nats-py"}
NEVER_IMPORTED = {"nbval"}  # a plugin of pytest
# Modules that run where an extra of pyproject.toml is installed.
EXTRAS = {"suite": "test", "build": "test", "editions": "test", "bench": "bench"}


def declared(*extras: str) -> set[str]:
    """Return what pyproject.toml lists: the dependencies, and these extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    optional = project["optional-dependencies"]
    listed = [*project["dependencies"], *(name for extra in extras for name in optional[extra])]
    return {re.split(r"[<>=!~\[ ]", requirement)[0] for requirement in listed}


def distributions(name: str) -> set[str]:
    """Return what a module of the kit imports from outside it and the standard library."""
    tops = {full.split(".")[0] for full in imported(MODULES[name])}
    tops -= sys.stdlib_module_names | {"pubsub_kit"}
    return {DISTRIBUTIONS.get(top, top.replace("_", "-")) for top in tops}


@pytest.mark.parametrize("name", MODULES)
def test_what_a_module_imports_is_a_dependency(name: str) -> None:
    extra = EXTRAS.get(name.split(".")[0])
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
STOPWATCH = re.compile(r"world\.explore:\d+ calls time\.(monotonic|perf_counter)")


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
        for full in imported(MODULES[name])
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
