"""Notebooks are executed, settled and compared with their sources."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest

from pubsub_kit.workbook import build
from pubsub_kit.workbook.build import BuildError, check, difference, main, normalised, pages
from pubsub_kit.workbook.editions import Edition

PNG = "iVBORw0KGgoAAAANSUhEUg=="
LESSON = f"""\
# %% [markdown]
# # Hello

# %%
from pathlib import Path
print(Path.cwd().name)
print("a line")

# %%
from IPython.display import display
html = '<img alt="one {{}}" src="data:image/svg+xml;base64,{{}}">'.format("point", "PHN2Zy8+")
words = "a picture of one point"
display({{"image/png": "{PNG}", "text/html": html, "text/plain": words}}, raw=True)
"""
EXERCISE = """\
# %%
def double(x):
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION

# %%
double(21)
"""
PYPROJECT = '[project]\nname = "kit"\n[project.urls]\nHomepage = "https://a.test/kit"\n'


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a kit of one lesson and one exercise, for tests to copy."""
    root = tmp_path_factory.mktemp("built")
    write(root, "authoring/lessons/01_hello.py", LESSON)
    write(root, "authoring/exercises/01_hello.py", EXERCISE)
    write(root, "pyproject.toml", PYPROJECT)
    assert build.build(root) == []
    return root


@pytest.fixture
def kit(built: Path, tmp_path: Path) -> Path:
    """Return a copy of the built kit that the test may spoil."""
    return Path(shutil.copytree(built, tmp_path / "kit"))


def write(root: Path, name: str, text: str) -> Path:
    """Write a file below `root`, with its folders."""
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def spoil(path: Path, old: str, new: str) -> None:
    """Replace the one `old` in a file."""
    text = path.read_bytes()
    assert text.count(old.encode()) == 1
    path.write_bytes(text.replace(old.encode(), new.encode()))


def outputs(path: Path) -> list[list[dict[str, Any]]]:
    """Return the outputs of each code cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    return [cell["outputs"] for cell in cells if cell["cell_type"] == "code"]


def test_a_lesson_makes_one_notebook_and_an_exercise_two(kit: Path) -> None:
    made = sorted(p.relative_to(kit).as_posix() for p in kit.rglob("*.ipynb"))
    assert made == [f"{where}/01_hello.ipynb" for where in ("exercises", "notebooks", "solutions")]


def test_cells_run_in_the_folder_where_a_learner_opens_them(kit: Path) -> None:
    _install, (where,), _picture = outputs(kit / "notebooks/01_hello.ipynb")
    assert where["text"] == ["notebooks\n", "a line\n"]


def test_exercise_and_solution_show_their_own_outputs(kit: Path) -> None:
    *_, (solved,) = outputs(kit / "solutions/01_hello.ipynb")
    assert solved["data"] == {"text/plain": ["42"]}
    *_, unsolved = outputs(kit / "exercises/01_hello.ipynb")
    assert unsolved == []


def test_the_install_cell_takes_its_address_from_pyproject(kit: Path) -> None:
    first = json.loads((kit / "exercises/01_hello.ipynb").read_text())["cells"][0]
    assert first["source"][-1].strip() == "%pip install -q git+https://a.test/kit"


def test_check_accepts_what_build_wrote(kit: Path) -> None:
    assert check(kit) == []


def drift(kit: Path, old: str, new: str) -> str:
    """Return what is said of a lesson in whose file `old` became `new`."""
    (lesson,) = (page for page in pages(kit) if page.kind is Edition.LESSON)
    built = (kit / lesson.target).read_text(encoding="utf-8")
    spoil(kit / lesson.target, old, new)
    return difference(lesson, built)


def test_a_change_of_one_character_is_found(kit: Path) -> None:
    said = drift(kit, "a line\\n", "a lime\\n")
    assert said.startswith("notebooks/01_hello.ipynb line ")
    assert said.endswith("and authoring/lessons/01_hello.py gives '\"a line\\\\n\"'")
    assert "a lime" in said


def test_a_file_that_goes_on_is_found(kit: Path) -> None:
    said = drift(kit, '"nbformat_minor": 5\n}\n', '"nbformat_minor": 5\n}\n\n')
    assert said.endswith("is '', and authoring/lessons/01_hello.py gives past the end")


def test_windows_line_ends_are_found(kit: Path) -> None:
    assert "is '\"nbformat\": 4,'" in drift(kit, '"nbformat": 4,\n', '"nbformat": 4,\r\n')


def test_a_picture_may_differ_in_its_pixels_but_must_be_there(kit: Path) -> None:
    assert drift(kit, f'"image/png": "{PNG}', '"image/png": "AAAA') == ""
    assert "image/gif" in drift(kit, '"image/png"', '"image/gif"')


def test_an_image_in_html_may_be_drawn_otherwise_but_not_be_told_otherwise(kit: Path) -> None:
    assert drift(kit, "base64,PHN2Zy8+", "base64,PHN2Zz4=") == ""
    assert "two points" in drift(kit, 'alt=\\"one point', 'alt=\\"two points')


def test_check_finds_a_missing_notebook_and_one_without_a_source(kit: Path) -> None:
    (kit / "notebooks/01_hello.ipynb").rename(kit / "notebooks/02_bye.ipynb")
    missing, orphan = check(kit)
    assert missing.startswith("notebooks/01_hello.ipynb is missing")
    assert orphan == "notebooks/02_bye.ipynb has no source in authoring/. Delete it."


def test_check_writes_nothing_says_how_to_mend_and_build_mends(
    kit: Path, built: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    notebook = kit / "notebooks/01_hello.ipynb"
    spoil(notebook, "a line\\n", "a lime\\n")
    spoiled = notebook.read_bytes()
    assert main(["--check"], kit) == 1
    assert "Run `python -m pubsub_kit build 01_hello`" in capsys.readouterr().err
    assert notebook.read_bytes() == spoiled
    assert main(["01_hello"], kit) == 0
    assert notebook.read_bytes() == (built / "notebooks/01_hello.ipynb").read_bytes()


def test_a_changed_answer_shows_in_the_solution_alone(kit: Path) -> None:
    spoil(kit / "authoring/exercises/01_hello.py", "2 * x", "x * 2")
    (problem,) = check(kit)
    assert problem.startswith("solutions/01_hello.ipynb line ")


def failure(kit: Path, code: str) -> str:
    """Return what the build says of a lesson that ends in `code`."""
    write(kit, "authoring/lessons/02_bad.py", f"# %%\n1\n\n# %%\n{code}\n")
    (problem,) = build.build(kit, ["02"])
    assert not (kit / "notebooks/02_bad.ipynb").exists()
    return problem


def test_an_error_names_source_cell_and_error(kit: Path) -> None:
    assert failure(kit, "nobody.publish()") == (
        "authoring/lessons/02_bad.py (lesson), cell 3, 'nobody.publish()': "
        "NameError: name 'nobody' is not defined"
    )


def test_a_cell_tagged_as_raising_is_an_error_all_the_same(kit: Path) -> None:
    write(kit, "authoring/lessons/02_bad.py", '# %% tags=["raises-exception"]\n1 / 0\n')
    (problem,) = build.build(kit, ["02"])
    assert problem.endswith("ZeroDivisionError: division by zero")


def test_an_endless_cell_is_stopped(kit: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "CELL_SECONDS", 1)
    assert failure(kit, "while True: pass").endswith("no end after 1 seconds")


def test_a_dead_kernel_is_reported(kit: Path) -> None:
    assert failure(kit, "import os; os._exit(3)").endswith("the kernel died")


def test_one_failure_does_not_keep_the_other_notebooks_from_being_built(kit: Path) -> None:
    write(kit, "authoring/lessons/02_bad.py", "# %%\n1 / 0\n")
    write(kit, "authoring/lessons/03_good.py", "# %%\n1\n")
    assert main([], kit) == 1
    assert (kit / "notebooks/03_good.ipynb").exists()


def test_an_unreadable_source_is_named(kit: Path) -> None:
    write(kit, "authoring/exercises/02_bad.py", "# %%\n### BEGIN SOLUTION\n")
    exercise, _solution = check(kit, ["02"])
    assert exercise.startswith("authoring/exercises/02_bad.py, cell 1: '### BEGIN SOLUTION' has no")


def test_names_may_be_shortened_and_unknown_ones_are_refused(kit: Path) -> None:
    assert [page.target for page in pages(kit, ["01"])] == [p.target for p in pages(kit)]
    with pytest.raises(BuildError, match="no source in authoring/ begins with '07'"):
        pages(kit, ["07"])


def notebook_with(*outputs: dict[str, Any]) -> nbformat.NotebookNode:
    """Return an executed notebook of one cell with these outputs."""
    cell = {"cell_type": "code", "source": "", "outputs": list(outputs), "execution_count": 9}
    cell["metadata"] = {"execution": {"iopub.status.busy": "2024-01-01T00:00:00Z"}}
    info = {"name": "python", "version": "3.11.7"}
    meta = {"language_info": info, "widgets": {"state": {}}}
    from_dict: Callable[..., nbformat.NotebookNode] = nbformat.from_dict
    return from_dict({"cells": [cell], "metadata": meta, "nbformat": 4, "nbformat_minor": 5})


def stream(name: str, text: str) -> dict[str, Any]:
    """Return an output that a print would make."""
    return {"output_type": "stream", "name": name, "text": text}


def shown(**data: Any) -> dict[str, Any]:
    """Return an output that a display would make."""
    return {"output_type": "display_data", "data": data, "metadata": {}}


def test_what_changes_from_run_to_run_is_dropped() -> None:
    settled = normalised(notebook_with())
    assert settled.metadata == {"language_info": {"name": "python"}}
    assert settled.cells[0].metadata == {}
    assert settled.cells[0].execution_count == 1


def test_pieces_of_a_stream_are_joined_and_streams_kept_apart() -> None:
    pieces = [stream("stdout", "a"), stream("stdout", "b\n"), stream("stderr", "c")]
    (cell,) = normalised(notebook_with(*pieces, stream("stdout", "d"))).cells
    assert [(o.name, o.text) for o in cell.outputs] == [
        ("stdout", "ab\n"),
        ("stderr", "c"),
        ("stdout", "d"),
    ]


def test_a_widgets_live_view_is_dropped_and_its_text_kept() -> None:
    view = {build.WIDGET: {"model_id": "7f"}}
    both = shown(**{"text/plain": "a slider", **view})
    (cell,) = normalised(notebook_with(both, shown(**view))).cells
    assert [output.data for output in cell.outputs] == [{"text/plain": "a slider"}]
