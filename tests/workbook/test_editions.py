"""One source gives a lesson, or an exercise and its solution."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from pubsub_kit.show.widgets.seal import unseal
from pubsub_kit.workbook.editions import Edition, SourceError, answer, edition

SOURCE = '''\
# %% [markdown]
# # Pay once

# %%
def handle(delivery):
    """Pay what the delivery asks for."""
    ### BEGIN SOLUTION
    if delivery.attempt == 1:
        pay(delivery.data)
    ### END SOLUTION
    ### BEGIN STUB
    # # look at delivery.attempt
    # raise NotImplementedError
    ### END STUB

# %% [markdown] tags=["solution"]
# Why it holds: a second attempt pays nothing.

# %% [markdown] tags=["exercise"]
# Stuck? Ask for a hint.
'''


def sources(kind: Edition, text: str = SOURCE, repository: str = "") -> list[str]:
    return [cell.source for cell in edition(text, kind, repository).cells]


def test_the_solution_holds_the_answer_and_its_explanation() -> None:
    assert sources(Edition.SOLUTION) == [
        "# Pay once",
        'def handle(delivery):\n    """Pay what the delivery asks for."""\n'
        "    if delivery.attempt == 1:\n        pay(delivery.data)",
        "Why it holds: a second attempt pays nothing.",
    ]


def test_the_exercise_holds_the_stub_in_the_answers_place() -> None:
    assert sources(Edition.EXERCISE) == [
        "# Pay once",
        'def handle(delivery):\n    """Pay what the delivery asks for."""\n'
        "    # look at delivery.attempt\n    raise NotImplementedError",
        "Stuck? Ask for a hint.",
    ]


def test_an_answer_without_a_stub_leaves_a_place_for_one() -> None:
    inside = "def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION\nf()"
    assert answer(inside, Edition.EXERCISE) == "def f():\n    ...  # your answer\nf()"
    whole = "### BEGIN SOLUTION\nx = 1\n### END SOLUTION"
    assert answer(whole, Edition.EXERCISE) == "# your answer"
    assert answer(whole, Edition.SOLUTION) == "x = 1"


def test_a_stub_keeps_the_depth_of_its_lines() -> None:
    code = (
        "### BEGIN SOLUTION\nx = 1\n### END SOLUTION\n"
        "### BEGIN STUB\n# for x in y:\n#\n#     ...\n### END STUB\nprint(x)"
    )
    assert answer(code, Edition.EXERCISE) == "for x in y:\n\n    ...\nprint(x)"


def test_a_stub_stands_as_far_from_the_next_line_as_the_answer() -> None:
    code = (
        "### BEGIN SOLUTION\nclass A:\n    pass\n\n\n### END SOLUTION\n"
        "### BEGIN STUB\n# class A: ...\n### END STUB\nA()"
    )
    assert answer(code, Edition.SOLUTION) == "class A:\n    pass\n\n\nA()"
    assert answer(code, Edition.EXERCISE) == "class A: ...\n\n\nA()"


def test_markers_leave_neither_a_third_blank_line_nor_blanks_at_a_lines_end() -> None:
    code = (
        "class A:\n    ### BEGIN SOLUTION\n    x = 1\n\n    ### END SOLUTION\n"
        "    ### BEGIN STUB\n    # x = ...\n    #\n    # y = ...\n    ### END STUB\n\n\nA()"
    )
    assert answer(code, Edition.SOLUTION) == "class A:\n    x = 1\n\n\nA()"
    assert answer(code, Edition.EXERCISE) == "class A:\n    x = ...\n\n    y = ...\n\n\nA()"


def test_two_answers_in_a_cell_are_kept_apart() -> None:
    code = "\n".join(f"### BEGIN SOLUTION\n{x} = 1\n### END SOLUTION\nsame({x})" for x in "ab")
    assert answer(code, Edition.SOLUTION) == "a = 1\nsame(a)\nb = 1\nsame(b)"
    assert answer(code, Edition.EXERCISE).count("# your answer") == 2


@pytest.mark.parametrize(
    "code",
    [
        "### BEGIN SOLUTION\nx = 1",
        "x = 1\n### END SOLUTION",
        "### BEGIN STUB\n# x = 1\n### END STUB",
        "### BEGIN SOLUTION\n### END SOLUTION\n\n### BEGIN STUB\n# apart\n### END STUB",
    ],
)
@pytest.mark.parametrize("kind", [Edition.EXERCISE, Edition.SOLUTION])
def test_a_marker_without_its_partner_is_refused(code: str, kind: Edition) -> None:
    with pytest.raises(SourceError, match="has no partner"):
        answer(code, kind)


def test_the_error_names_the_cell() -> None:
    with pytest.raises(SourceError, match=r"^cell 2: '### BEGIN SOLUTION' has no partner"):
        edition("# %%\n1\n# %%\n### BEGIN SOLUTION\n", Edition.EXERCISE)


def test_a_lesson_with_answers_is_refused() -> None:
    with pytest.raises(SourceError, match="cell 2: a lesson has one edition"):
        edition(SOURCE, Edition.LESSON)


def test_a_source_without_cells_is_refused() -> None:
    with pytest.raises(SourceError, match="begin each cell with a line `# %%`"):
        edition("", Edition.LESSON)


def test_cells_keep_their_names_when_a_neighbour_comes() -> None:
    before = edition("# %%\n1\n# %%\n2\n", Edition.LESSON)
    after = edition("# %%\n0\n# %%\n1\n# %%\n2\n", Edition.LESSON)
    assert [c.id for c in before.cells] == [c.id for c in after.cells][1:]


def test_equal_cells_have_different_names() -> None:
    names = [cell.id for cell in edition("# %%\n1\n# %%\n1\n", Edition.LESSON).cells]
    assert names == [names[0], f"{names[0]}-2"]


def test_a_notebook_keeps_tags_and_nothing_else_of_its_sources_metadata() -> None:
    made = edition('# %% tags=["play"] collapsed=true\n1\n\n\n\n# %%\n2\n', Edition.LESSON)
    assert [cell.metadata for cell in made.cells] == [{"tags": ["play"]}, {}]
    assert made.metadata.language_info == {"name": "python"}


def test_a_folded_cell_before_the_first_code_installs_the_kit_on_colab() -> None:
    made = edition("# %% [markdown]\n# Hello\n\n# %%\n1\n", Edition.LESSON, "https://a.test/kit")
    prose, install, code = made.cells
    assert (prose.source, code.source) == ("Hello", "1")
    assert 'if "google.colab" in sys.modules:' in install.source
    assert install.source.endswith("%pip install -q git+https://a.test/kit")
    assert install.metadata.jupyter.source_hidden


QUIZ = """\
# %% tags=["folded"]
# A question for you
show.quiz(
    "Who acks?",
    ["the reader", "nobody"],
    answer="a",
    why={"a": "It has done the work.", "b": "Then it comes again."},
)
"""


def test_a_quiz_is_sealed_and_runs_as_it_was() -> None:
    (cell,) = sources(Edition.LESSON, QUIZ)
    assert "done the work" not in cell
    assert "answer" not in cell
    asked: list[tuple[str, Mapping[str, str] | str]] = []

    class Show:
        def quiz(self, question: str, options: list[str], *, sealed: str) -> None:
            asked.append(unseal(sealed))

    exec(cell, {"show": Show()})
    assert asked == [("a", {"a": "It has done the work.", "b": "Then it comes again."})]


def test_a_quiz_without_reasons_is_refused() -> None:
    with pytest.raises(SourceError, match="cell 1: a quiz takes answer=… and why=…"):
        edition('# %%\nshow.quiz("Who?", ["a", "b"], answer="a")', Edition.LESSON)


def test_a_folded_cell_is_folded_and_its_neighbour_is_not() -> None:
    folded, plain = edition(QUIZ + "# %%\n1", Edition.LESSON).cells
    assert folded.metadata.jupyter == {"source_hidden": True}
    assert "jupyter" not in plain.metadata
