"""A log on disk says which files it has, what is gone from them, and where its readers are."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest

from pubsub_kit import DurableEventLog, Event, Fsync, Retention, show
from pubsub_kit.show.diagrams.segments import once_each, ranges, read_files


def a_log(folder: Path, events: int = 12) -> DurableEventLog:
    """Return a log with one event a second, of three keys in turn, and about 7 in a file."""
    log = DurableEventLog(
        folder / "orders", fsync=Fsync.never(), segment_bytes=400, clock=lambda: 0.0
    )
    for n in range(events):
        log.append(Event(id=f"e{n}", type="t", source="s", time=float(n), data=n, key=f"k{n % 3}"))
    return log


def test_it_tells_the_files_and_who_is_how_far_behind(tmp_path: Path) -> None:
    text = show.segments(a_log(tmp_path), {"mail": 12, "billing": 3}, title="Two readers").text
    files = read_files(tmp_path / "orders")
    assert text.splitlines() == [
        "Two readers",
        *(f"sealed file from {f.base}: offsets {ranges(f.left)}" for f in files[:-1]),
        f"active file from {files[-1].base}: offsets {ranges(files[-1].left)}",
        "cursor billing at 3: 9 to read",
        "cursor mail at 12: 0 to read",
    ]


def test_what_retention_and_compaction_have_removed_is_told_apart(tmp_path: Path) -> None:
    log = a_log(tmp_path, 30)
    log.retention = Retention(max_age=15.0)
    log.retain(now=30.0)
    assert f"offsets 0 to {log.start() - 1}: gone, with their files" in show.segments(log).text
    log.compact()
    first = read_files(log)[0]
    assert show.segments(log, {"billing": 3}).text.splitlines()[:2] == [
        f"offsets 0 to {first.base - 1}: gone, with their files",
        f"sealed file from {first.base}: offsets 27; gone: {first.base} to 26",
    ]
    assert f"✗ 3 to {first.base - 1} are gone" in show.segments(log, {"billing": 3}).text


def test_a_torn_end_and_damage_are_told_apart(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    log.close()
    last = sorted((log.path / "0").glob("*.log"))[-1]
    data = bytearray(last.read_bytes())
    last.write_bytes(data[:-3])
    assert "✗ torn from there on" in show.segments(log.path).text
    data[-3] ^= 1
    last.write_bytes(data)
    assert "✗ damaged from there on" in show.segments(log.path).text


def test_each_event_is_to_be_handled_once(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    text = show.segments(log, handled={"old": range(7), "new": [5, 6, *range(8, 12)]}).text
    assert "✗ never handled: 7" in text
    assert "✗ handled twice: 5 to 6" in text
    clean = show.segments(log, handled={"old": range(7), "new": range(7, 12)}).text
    assert clean.endswith("each event is handled once")
    assert once_each(read_files(log), {"a": [0, 0]}) == ([*range(1, 12)], [0])


@pytest.mark.parametrize("cursors", [{}, {"a": 0, "b": 1, "c": 2}, {"ünlikely": 12, "b" * 50: 12}])
@pytest.mark.parametrize("events", [0, 1, 12, 300])
def test_no_label_leaves_the_paper_or_meets_another(
    tmp_path: Path, cursors: dict[str, int], events: int
) -> None:
    log = a_log(tmp_path, events)
    near = {name: min(at, events) for name, at in cursors.items()}
    drawing = show.segments(log, near, handled={"old": range(events)}).drawing
    texts = [text.bounds() for text in drawing.texts()]  # type: ignore[attr-defined]
    assert all(x0 >= 0 and x1 <= drawing.size[0] and y1 <= drawing.size[1]
               for x0, _, x1, y1 in texts)  # fmt: skip
    for (a0, b0, a1, b1), (c0, d0, c1, d1) in combinations(texts, 2):
        assert a1 <= c0 + 1 or c1 <= a0 + 1 or b1 <= d0 + 1 or d1 <= b0 + 1


def test_the_same_log_is_drawn_with_the_same_bytes(tmp_path: Path) -> None:
    log = a_log(tmp_path)
    one, two = show.segments(log, {"a": 3}), show.segments(log.path, {"a": 3})
    assert one.svg("light") == two.svg("light")
    assert one.png("dark").startswith(b"\x89PNG")


def test_what_is_no_log_or_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(show.PictureError, match="there is no partition 0"):
        show.segments(tmp_path)
    with pytest.raises(show.PictureError, match="there is no partition 3"):
        show.segments(a_log(tmp_path), partition=3)
    with pytest.raises(show.PictureError, match="up to 300 offsets: this log has 301"):
        show.segments(a_log(tmp_path / "long", 301))
