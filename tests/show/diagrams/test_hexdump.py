"""The bytes of a file as a picture."""

from __future__ import annotations

import pytest

from pubsub_kit.show.diagrams.hexdump import hexdump

FILE = bytes(range(40))
PARTS = [("head", 8), ("record 0", 25), ("record 1", 40)]


def words(picture: object) -> list[str]:
    return [mark.text for mark in picture.drawing.texts()]  # type: ignore[attr-defined]


def test_each_byte_is_there_and_each_part_has_its_name() -> None:
    picture = hexdump(FILE, parts=PARTS, title="A file")
    shown = words(picture)
    assert all(f"{byte:02x}" in shown for byte in FILE)
    assert {"head", "record 0", "record 1", "A file"} <= {*shown}
    assert picture.text == "A file\n40 bytes: head from 0, record 0 from 8, record 1 from 25"


@pytest.mark.parametrize(
    ("at", "new", "said"),
    [
        (30, b"", "✗ cut after 30 bytes"),
        (9, b"\xff", "✗ byte 9: 09 became ff"),
        (40, bytes(12), "✗ 12 bytes more, from byte 40 on: 00 00 00 00 00 00 00 00 …"),
        (0, b"", "✗ cut after 0 bytes"),
    ],
)
def test_what_became_of_it_is_said(at: int, new: bytes, said: str) -> None:
    picture = hexdump(FILE, parts=PARTS, at=at, new=new)
    assert said in picture.text.splitlines()
    assert picture.png().startswith(b"\x89PNG")


def test_a_changed_byte_is_shown_as_it_is_now() -> None:
    shown = words(hexdump(FILE, at=9, new=b"\xff"))
    assert "ff" in shown
    assert "09" not in shown


def test_of_a_long_file_the_rows_around_the_damage_are_shown() -> None:
    picture = hexdump(bytes(1_000), at=700, new=b"\xee")
    shown = words(picture)
    assert "ee" in shown
    assert "1000 bytes in all; these are 624 to 751" in shown
    assert picture.drawing.size[1] < 500


@pytest.mark.parametrize("at", [None, 0])
def test_an_empty_file_is_a_picture_too(at: int | None) -> None:
    assert "no byte" in words(hexdump(b"", at=at, title="Nothing"))


def test_two_states_stand_beside_it() -> None:
    picture = hexdump(FILE, at=3, expected={"0": "tea"}, actual={}, caption="tea is lost")
    assert {"expected", "actual", "tea"} <= {*words(picture)}
    assert "✗ 0 expected tea, was nothing" in picture.text
    assert picture.text.endswith("tea is lost")
    width = picture.drawing.size[0]
    assert all(mark.bounds()[2] <= width for mark in picture.drawing.texts())  # type: ignore[attr-defined]
