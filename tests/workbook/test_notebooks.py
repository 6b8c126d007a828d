"""The committed notebooks keep the rules of `authoring/TEMPLATE.md`, and equal their sources.

That their outputs are what a run gives today is not tested here: pytest runs each notebook by
itself, with nbval.
"""

from __future__ import annotations

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from pubsub_kit.workbook.build import KIT, check

Cell = dict[str, Any]
Cells = list[Cell]
Rule = Callable[[Cells], list[str]]

FOLDERS = ("notebooks", "exercises", "solutions")
NOTEBOOKS = sorted(path for folder in FOLDERS for path in (KIT / folder).glob("*.ipynb"))
LESSONS = [path for path in NOTEBOOKS if path.parent.name == "notebooks"]
EXERCISES = [path for path in NOTEBOOKS if path.parent.name == "exercises"]
START = "00_start_here.ipynb"
#: Lessons without an exercise: the first, and the one whose exercises are its rehearsals.
ALONE = {START, "14_interview_rehearsal.ipynb"}
TEMPLATE = (KIT / "authoring" / "TEMPLATE.md").read_text(encoding="utf-8")
SECTIONS = re.findall(r"^\| `([a-z-]+)` \|", TEMPLATE, re.MULTILINE)
TAGS = {*SECTIONS, "solution", "exercise", "install", "folded"}
ANSWER = re.compile(r"answer:([a-z_]+)")
TITLE = re.compile(r"# \S.{0,57}(?!\n#)(?:\n|\Z)")
ASKS = ("show.predict", "show.compare", "show.quiz")

PLACES = [str(KIT), sys.prefix, str(Path.home()) + "/", "/home/", "/Users/", "/tmp/", "C:\\"]
PLACE = re.compile("|".join(map(re.escape, PLACES)))
ADDRESS = re.compile(r"\b0x[0-9a-fA-F]{5,}")
LINK = re.compile(r"\]\(([^)\s]+)|(?:href|src)=\"([^\"]+)\"")
BARE = re.compile(
    r"<Figure |<[\w.]+(?: object)? at |interactive\(|\w+\((?:children|value|layout|options)="
)
DETAILS = re.compile(r"<details>\s*<summary>.+?</summary>.+?</details>", re.DOTALL)


def text(value: str | list[str]) -> str:
    """Return a source or a text output as one string."""
    return value if isinstance(value, str) else "".join(value)


def read(path: Path) -> Cells:
    """Return a notebook's cells."""
    cells: Cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return cells


def of_type(cells: Cells, kind: str) -> Cells:
    """Return the cells of a kind that a writer wrote."""
    return [c for c in cells if c["cell_type"] == kind and "install" not in tags(c)]


def tags(cell: Cell) -> list[str]:
    """Return a cell's tags."""
    return list(cell["metadata"].get("tags", []))


def shown(cells: Cells) -> Iterator[tuple[str, str]]:
    """Yield each text that an output holds, with its kind."""
    for output in (output for cell in cells for output in cell.get("outputs", [])):
        if "data" not in output:
            kind = output.get("name", output["output_type"])
            yield kind, text(output.get("text", output.get("evalue", "")))
        for kind, value in output.get("data", {}).items():
            if kind != "image/png":
                yield kind, value if isinstance(value, str) else json.dumps(value)


def words(cell: Cell) -> int:
    """Count the words that a learner reads in a prose cell."""
    prose = re.sub(
        r"<[^>]+>|\]\([^)]*\)|^\s*\|?[-:| ]+\|\s*$", " ", text(cell["source"]), flags=re.M
    )
    return len([word for word in prose.split() if re.search(r"\w", word)])


def lines(cell: Cell) -> int:
    """Count a code cell's lines that are not blank."""
    return sum(bool(line.strip()) for line in text(cell["source"]).split("\n"))


def calls(cell: Cell, *names: str) -> list[ast.Call]:
    """Return the calls in a code cell to any of these names, such as `show.quiz`."""
    nodes = ast.walk(ast.parse(text(cell["source"])))
    return [n for n in nodes if isinstance(n, ast.Call) and ast.unparse(n.func) in names]


def only_imports(cell: Cell) -> bool:
    """Say whether a code cell does nothing but import."""
    body = ast.parse(text(cell["source"])).body
    return bool(body) and all(isinstance(node, ast.Import | ast.ImportFrom) for node in body)


# Rules: each returns what breaks it.


def has_run(cells: Cells) -> list[str]:
    """Every code cell has something to run, and was run, in order."""
    code = [cell for cell in cells if cell["cell_type"] == "code"]
    counts = [cell["execution_count"] for cell in code]
    blank = ["a blank code cell" for cell in code if not text(cell["source"]).strip()]
    return blank + [f"counts are {counts}"] * (counts != [*range(1, len(code) + 1)])


def nothing_is_exempt(cells: Cells) -> list[str]:
    """No cell is skipped or ignored by the tests: every tag is one of the template's."""
    found = [tag for cell in cells for tag in tags(cell)]
    unknown = [tag for tag in found if tag not in TAGS and not ANSWER.fullmatch(tag)]
    comments = [text(c["source"]) for c in cells if re.search(r"#\s*NBVAL_", text(c["source"]))]
    return unknown + comments


def no_output_is_an_error(cells: Cells) -> list[str]:
    """No output is an error, a word on stderr, or the sentence of a setting that failed."""
    failed = "This setting did not run"
    return [s for kind, s in shown(cells) if kind in ("error", "stderr") or failed in s]


def outputs_are_the_same_everywhere(cells: Cells) -> list[str]:
    """No output names an address in memory or a place on a machine."""
    return [said for _, said in shown(cells) if ADDRESS.search(said) or PLACE.search(said)]


def pictures_are_said_in_words(cells: Cells) -> list[str]:
    """What shows a picture or a widget has a text beside it that says what it shows."""
    data = (output.get("data", {}) for cell in cells for output in cell.get("outputs", []))
    plain = [(shows, text(shows.get("text/plain", ""))) for shows in data if shows]
    silent = [f"{[*shows]}: no text" for shows, said in plain if not said.strip()]
    return silent + [said for _, said in plain if BARE.match(said)]


def sections_are_in_order(cells: Cells) -> list[str]:
    """The sections that are there come in the template's order; the ends are where they belong."""
    found = [tag for cell in cells for tag in tags(cell) if tag in SECTIONS]
    order = [SECTIONS.index(tag) for tag in dict.fromkeys(found)]
    wrong = [f"{SECTIONS[b]} after {SECTIONS[a]}" for a, b in pairwise(order) if b < a]
    first, last = tags(cells[0]), tags(cells[-1])
    return (
        wrong
        + ["promise is not first"] * ("promise" not in first)
        + (["next is not last"] * ("next" not in last))
    )


def sections_are_complete(cells: Cells) -> list[str]:
    """No section of the template is missing, and the interview answer is folded."""
    found = {tag for cell in cells for tag in tags(cell)}
    aloud = "".join(text(cell["source"]) for cell in cells if "aloud" in tags(cell))
    return [tag for tag in SECTIONS if tag not in found] + (
        ["aloud has no folded answer"] * (not DETAILS.search(aloud))
    )


def size_is_a_lessons(cells: Cells) -> list[str]:
    """A lesson has the length, and its cells the sizes, that the template asks for."""
    code, prose = of_type(cells, "code"), of_type(cells, "markdown")
    opened = [cell for cell in (*code, *prose) if "folded" not in tags(cell)]
    count, total = len(opened), sum(map(words, prose))
    return [f"{count} cells"] * (not 25 <= count <= 40) + (
        [f"{total} words"] * (not 900 <= total <= 1400)
    )


def cells_are_small(cells: Cells) -> list[str]:
    """Code cells are short, and so are prose cells, what is folded aside."""
    sizes = [lines(cell) for cell in of_type(cells, "code")]
    found = []
    for most, share in ((8, 2), (15, 10)):
        longer = sum(size > most for size in sizes)
        if longer * share > len(sizes):
            found.append(f"{longer} of {len(sizes)} code cells have over {most} lines")
    for cell in of_type(cells, "markdown"):
        open_to_all = DETAILS.sub("", text(cell["source"]))
        if words({"source": open_to_all}) > 90:
            found.append(f"over 90 words: {open_to_all[:60]}")
    return found


def what_does_not_teach_is_folded(cells: Cells) -> list[str]:
    """A cell that only imports, or that asks or compares, is tagged `folded`."""
    unfolded = [cell for cell in of_type(cells, "code") if "folded" not in tags(cell)]
    return [text(c["source"])[:60] for c in unfolded if only_imports(c) or calls(c, *ASKS)]


def folded_cells_have_a_title(cells: Cells) -> list[str]:
    """A folded cell begins with a comment of one line and at most 60 characters: its title."""
    sources = [text(cell["source"]) for cell in cells if "folded" in tags(cell)]
    return [source[:60] for source in sources if not TITLE.match(source)]


def outcomes_are_computed(cells: Cells) -> list[str]:
    """What `show.compare` is given as the outcome holds no text that somebody wrote there."""
    given = [
        argument
        for cell in of_type(cells, "code")
        for call in calls(cell, "show.compare")
        for argument in (*call.args[1:], *(k.value for k in call.keywords if k.arg != "key"))
    ]
    return [ast.unparse(argument) for argument in given if holds_text(argument)]


def holds_text(source: ast.expr) -> bool:
    """Say whether a string literal stands anywhere in an expression."""
    nodes = (node for node in ast.walk(source) if isinstance(node, ast.Constant))
    return any(isinstance(node.value, str) for node in nodes)


def nothing_is_executed_from_text(cells: Cells) -> list[str]:
    """No cell calls `exec`: a learner should see the code that runs."""
    return [text(c["source"])[:60] for c in of_type(cells, "code") if calls(c, "exec")]


EVERYWHERE: list[Rule] = [
    has_run,
    nothing_is_exempt,
    no_output_is_an_error,
    outputs_are_the_same_everywhere,
    pictures_are_said_in_words,
    folded_cells_have_a_title,
]


@pytest.mark.parametrize("rule", EVERYWHERE, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_notebook_keeps_the_rule(path: Path, rule: Rule) -> None:
    assert rule(read(path)) == [], rule.__doc__


@pytest.mark.parametrize(
    "rule",
    [
        sections_are_in_order,
        sections_are_complete,
        size_is_a_lessons,
        cells_are_small,
        what_does_not_teach_is_folded,
        outcomes_are_computed,
        nothing_is_executed_from_text,
    ],
    ids=lambda rule: rule.__name__,
)
@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_every_lesson_keeps_the_template(path: Path, rule: Rule) -> None:
    shorter = path.name == START and rule in (sections_are_complete, size_is_a_lessons)
    assert shorter or rule(read(path)) == [], rule.__doc__


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_every_link_leads_somewhere(path: Path) -> None:
    prose = "\n".join(text(cell["source"]) for cell in of_type(read(path), "markdown"))
    targets = [unquote(a or b).partition("#")[0] for a, b in LINK.findall(prose)]
    local = [target for target in targets if target and not re.match(r"https?:|mailto:", target)]
    assert [target for target in local if not (path.parent / target).is_file()] == []


def test_each_lesson_has_its_exercise_and_each_exercise_its_solution() -> None:
    lessons, exercises, solutions = (
        {path.name for path in NOTEBOOKS if path.parent.name == folder} for folder in FOLDERS
    )
    assert lessons - ALONE == exercises == solutions


@pytest.mark.parametrize("path", EXERCISES, ids=lambda path: path.stem)
def test_each_question_has_a_cell_for_its_answer_and_a_reason_in_the_solution(path: Path) -> None:
    checks = import_module(f"pubsub_kit.checks.questions.{path.stem[3:]}")
    questions = sorted(question.name for question in checks.QUESTIONS)
    solution = path.parents[1] / "solutions" / path.name
    assert answers(path, "code") == answers(solution, "code") == questions
    assert answers(solution, "markdown") == questions


def answers(path: Path, kind: str) -> list[str]:
    """Return the names of the questions that cells of a kind answer, sorted."""
    found = (ANSWER.fullmatch(tag) for cell in of_type(read(path), kind) for tag in tags(cell))
    return sorted(match[1] for match in found if match)


@pytest.mark.once
def test_the_notebooks_equal_their_sources() -> None:
    assert check() == []


def test_the_template_names_its_sections() -> None:
    assert (SECTIONS[0], SECTIONS[-1], len(SECTIONS)) == ("promise", "next", 12)


def code(source: str = "1", count: int | None = 1, **output: Any) -> Cell:
    """Return a code cell, with one output if one is given."""
    outputs = [{"output_type": "display_data", **output}] if output else []
    cell = {"cell_type": "code", "source": source, "outputs": outputs, "execution_count": count}
    return {**cell, "metadata": {}}


def folded(source: str) -> Cell:
    """Return a code cell that is folded."""
    return {**code(source), "metadata": {"tags": ["folded"]}}


def prose(source: str, *names: str) -> Cell:
    """Return a prose cell with tags."""
    return {"cell_type": "markdown", "source": source, "metadata": {"tags": [*names]}}


BROKEN: list[tuple[Rule, Cells]] = [
    (has_run, [code(count=None)]),
    (has_run, [code(count=2)]),
    (has_run, [code(" \n")]),
    (nothing_is_exempt, [prose("a", "nbval-skip")]),
    (nothing_is_exempt, [code("# NBVAL_IGNORE_OUTPUT\n1")]),
    (no_output_is_an_error, [code(output_type="error", ename="E", evalue="e")]),
    (no_output_is_an_error, [code(output_type="stream", name="stderr", text="Warning")]),
    (no_output_is_an_error, [code(data={"text/plain": "This setting did not run: KeyError"})]),
    (outputs_are_the_same_everywhere, [code(data={"text/plain": "<Broker at 0x7f12ab34>"})]),
    (outputs_are_the_same_everywhere, [code(text=["ok\n", f"saved to {KIT}/my_work"])]),
    (outputs_are_the_same_everywhere, [code(data={"text/html": "<a href='/tmp/x'>"})]),
    (pictures_are_said_in_words, [code(data={"image/png": "AA=="})]),
    (pictures_are_said_in_words, [code(data={"text/plain": "<Figure size 640x480 with 1 Axes>"})]),
    (pictures_are_said_in_words, [code(data={"text/plain": "<pubsub_kit.show.Picture at 1>"})]),
    (pictures_are_said_in_words, [code(data={"text/plain": "VBox(children=(IntSlider(value=1)"})]),
    (sections_are_in_order, [prose("a", "promise", "run"), prose("b", "predict", "next")]),
    (sections_are_in_order, [prose("a"), prose("b", "next")]),
    (sections_are_in_order, [prose("a", "promise"), prose("b")]),
    (sections_are_complete, [prose("a", tag) for tag in SECTIONS]),
    (size_is_a_lessons, [prose("word " * 50)] * 24),
    (size_is_a_lessons, [prose("word " * 30)] * 26),
    (size_is_a_lessons, [prose("word " * 60)] * 26),
    (size_is_a_lessons, [prose("word " * 26)] * 41),
    (cells_are_small, [code("x\n" * 9)]),
    (cells_are_small, [code("x\n")] * 17 + [code("x\n" * 16)] * 2),
    (cells_are_small, [code(), prose("word " * 91)]),
    (what_does_not_teach_is_folded, [code("# Imports\nimport json\nfrom os import path")]),
    (what_does_not_teach_is_folded, [code('show.predict("?", {"one": 1, "two": 2}, key="k")')]),
    (what_does_not_teach_is_folded, [code('n = run()\nshow.compare("k", n)')]),
    (what_does_not_teach_is_folded, [code('quiz = show.quiz("?", ["a", "b"], sealed="…")')]),
    (folded_cells_have_a_title, [folded("import json")]),
    (folded_cells_have_a_title, [folded("\n# Imports\nimport json")]),
    (folded_cells_have_a_title, [folded("# Imports,\n# and more of them\nimport json")]),
    (folded_cells_have_a_title, [folded(f"# {'x' * 59}\nimport json")]),
    (outcomes_are_computed, [folded('show.compare("k", "its own copy")')]),
    (outcomes_are_computed, [folded('show.compare("k", "none")\nshow.compare("l", n)')]),
    (outcomes_are_computed, [folded('show.compare("k", outcome="none")')]),
    (outcomes_are_computed, [folded('show.compare("k", f"{n} teas")')]),
    (outcomes_are_computed, [folded('show.compare("k", "yes" if paid else "no")')]),
    (nothing_is_executed_from_text, [code("exec(inspect.getsource(Inbox), space)")]),
]


@pytest.mark.parametrize(
    ("rule", "cells"),
    [
        (nothing_is_exempt, [folded("# Imports\nimport json")]),
        (what_does_not_teach_is_folded, [folded("# Imports\nimport json")]),
        (what_does_not_teach_is_folded, [code("import json\n\njson.dumps(1)")]),
        (folded_cells_have_a_title, [folded(f"# {'x' * 58}\n\n\nimport json"), code("1")]),
        (folded_cells_have_a_title, [folded("# A question for you")]),
        (outcomes_are_computed, [folded('show.compare("k", round(waits[0], 1))')]),
        (nothing_is_executed_from_text, [code("print(inspect.getsource(Inbox))  # not exec")]),
    ],
    ids=lambda it: getattr(it, "__name__", ""),
)
def test_a_rule_lets_pass_what_it_should(rule: Rule, cells: Cells) -> None:
    assert rule(cells) == []


def test_folded_cells_are_not_counted() -> None:
    plumbing = {**code(), "metadata": {"tags": ["folded"]}}
    assert size_is_a_lessons([prose("word " * 30)] * 40 + [plumbing] * 9) == []


def test_a_folded_answer_may_be_long() -> None:
    answer = f"Say it.<details><summary>Ours</summary>{'word ' * 120}</details>"
    assert cells_are_small([prose(answer)]) == []


@pytest.mark.parametrize(("rule", "cells"), BROKEN, ids=lambda it: getattr(it, "__name__", ""))
def test_a_rule_finds_what_breaks_it(rule: Rule, cells: Cells) -> None:
    assert len(rule(cells)) == 1
