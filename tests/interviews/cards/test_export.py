"""The deck for Anki and as a table: stable ids, escaped text, the same bytes each time."""

from __future__ import annotations

import csv
import json
import sqlite3
import zipfile
from pathlib import Path

import pytest

from pubsub_kit.interviews.cards import export
from pubsub_kit.interviews.cards.card import CardError
from pubsub_kit.interviews.cards.deck import chosen, deck
from pubsub_kit.interviews.cards.marked import marked

LESSON = chosen(deck(), "03")


def collection(package: Path, to: Path) -> sqlite3.Connection:
    """Open the collection in an Anki package."""
    with zipfile.ZipFile(package) as archive:
        archive.extract("collection.anki2", to)
    return sqlite3.connect(to / "collection.anki2")


def test_an_anki_package_has_a_note_for_each_card_and_five_of_each_family(tmp_path: Path) -> None:
    path, count = export.export(LESSON, tmp_path / "deck.apkg")
    families = sum(card.kind == "family" for card in LESSON)
    assert count == len(LESSON) + 4 * families
    database = collection(path, tmp_path)
    rows = database.execute("select guid, tags, flds from notes").fetchall()
    database.close()
    assert len({guid for guid, _, _ in rows}) == count
    fields = [row[2].split("\x1f") for row in rows]
    assert all(len(parts) == 3 for parts in fields)
    assert any("&quot;ann&quot;, event.data" in front for front, _, _ in fields)
    assert not any("<script" in side or "\n" in side for parts in fields for side in parts)


def test_code_keeps_its_lines_and_its_indentation(tmp_path: Path) -> None:
    path, _ = export.export(chosen(deck(), family="charges"), tmp_path / "deck.apkg")
    database = collection(path, tmp_path)
    sides = "".join(row[0] for row in database.execute("select flds from notes"))
    database.close()
    assert "<br>&nbsp;&nbsp;&nbsp;&nbsp;" in sides


def test_tags_have_no_spaces() -> None:
    for note in export.notes(deck()):
        assert all(tag and not set(tag) & set(" ,\t\"'") for tag in note.tags)
        assert "pubsub-kit" in note.tags


def test_an_export_made_again_has_the_same_bytes_and_ids(tmp_path: Path) -> None:
    found = []
    for name in ("one.apkg", "two.apkg"):
        path, _ = export.export(LESSON, tmp_path / name)
        with zipfile.ZipFile(path) as archive:
            found.append({each: archive.read(each) for each in archive.namelist()})
    assert found[0] == found[1]
    assert json.loads(found[0]["media"]) == {}


def test_a_guid_goes_with_the_card_and_not_with_its_words() -> None:
    note = next(export.notes(LESSON))
    assert note._replace(front="other words").guid == note.guid
    assert note._replace(id="another").guid != note.guid


def test_the_five_of_a_family_differ() -> None:
    notes = list(export.notes(chosen(deck(), family="tail")))
    assert [note.id for note in notes] == [f"family-tail-{n}" for n in range(1, 6)]
    assert len({note.front for note in notes}) >= 4


def test_a_table_has_a_row_for_each_note(tmp_path: Path) -> None:
    path, count = export.export(deck(), tmp_path / "cards.csv")
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == count
    assert set(rows[0]) == {"id", "kind", "lesson", "front", "back", "source", "tags"}
    assert all(row["front"] and row["back"] for row in rows)


def test_no_cell_of_a_table_is_a_formula(tmp_path: Path) -> None:
    path, _ = export.export(deck(), tmp_path / "cards.csv")
    with path.open(encoding="utf-8", newline="") as file:
        cells = [cell for row in csv.reader(file) for cell in row]
    assert [cell for cell in cells if cell[:1] in tuple("=+@\t")] == []


@pytest.mark.parametrize("suffix", [".apkg", ".csv"])
def test_an_export_that_fails_leaves_what_was_there(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"deck{suffix}"
    path.write_text("mine")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CardError, match="No space left on device"):
        export.export(LESSON, path)
    assert path.read_text() == "mine"
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize(
    "given", [None, 7, "", ".", "..", "deck", "deck.txt", "\0.csv", b"deck.csv",
     "x" * 5000 + ".csv"],
    ids=["none", "number", "empty", "dot", "dots", "bare", "text", "nul", "bytes", "long"],
)  # fmt: skip
def test_a_bad_name_of_a_file_gets_a_sentence(given: object) -> None:
    with pytest.raises(CardError) as refused:
        export.export(LESSON, given)
    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 300


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    (tmp_path / "deck.csv").mkdir()
    with pytest.raises(CardError, match="is a folder"):
        export.export(LESSON, tmp_path / "deck.csv")


def test_words_between_backticks_are_code_and_nothing_else_is_html() -> None:
    assert marked('a<b `x < 1` & "c"') == "a&lt;b <code>x &lt; 1</code> &amp; &quot;c&quot;"
    assert marked("`open\nnext`") == "`open\nnext`"
