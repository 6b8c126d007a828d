"""Labels can be read: none overlaps another, and none leaves the paper, whatever the run."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from pubsub_kit import show
from pubsub_kit.show.ink import fit, width, wrap
from pubsub_kit.world.trace import Trace
from tests.show.runs import (
    canvas_of,
    chatter,
    crash_at_one_instant,
    outside,
    overlapping,
    retry_charges_twice,
    traces,
)

states = st.none() | st.just("all well") | st.dictionaries(st.text(max_size=30), st.integers())


@settings(max_examples=150, deadline=None)
@given(
    trace=traces(),
    axis=st.sampled_from((None, "time", "order")),
    actual=states,
    mark=st.integers(0, 200),
)
@example(retry_charges_twice(), None, {"balance": 40}, 12)
@example(crash_at_one_instant(), None, {"balance": 40}, 4)
@example(chatter(200), None, None, 300)
@example(chatter(60, nodes=12), None, None, 0)
def test_no_two_labels_of_a_run_overlap_and_none_leaves_the_picture(
    trace: Trace, axis: str | None, actual: object, mark: int
) -> None:
    picture = show.spacetime(
        trace,
        axis=axis,
        mark=mark if mark < len(trace) else None,
        expected=None if actual is None else {"balance": 70, "a long name of an entry": "x" * 90},
        actual=actual,
        title="A title",
        caption="A caption of some length. " * 6,
    )
    assert overlapping(canvas_of(picture)) == []
    assert outside(canvas_of(picture)) == []


@settings(max_examples=60, deadline=None)
@given(traces())
def test_no_two_labels_of_a_topology_overlap(trace: Trace) -> None:
    if trace.nodes():
        canvas = canvas_of(show.topology(trace, title="A title"))
        assert overlapping(canvas) == []
        assert outside(canvas) == []


def test_the_violation_keeps_its_label_in_a_crowd() -> None:
    trace = chatter(200)
    texts = [t.text for t in canvas_of(show.spacetime(trace, mark=200)).texts()]
    assert any(text.startswith("✗ here") for text in texts)


@given(st.text(st.characters(codec="ascii"), max_size=60), st.booleans())
@example("".join(map(chr, range(32, 127))), True)
@example("WIJKlift" * 4, True)
@settings(max_examples=60, deadline=None)
def test_a_text_is_never_wider_than_estimated(text: str, bold: bool) -> None:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import TextPath

    shown = fit(text, 1e9, 20, bold)
    if shown:
        font = FontProperties(family="DejaVu Sans", weight="bold" if bold else "normal")
        drawn = TextPath((0, 0), shown.replace("$", r"\$"), size=20, prop=font)
        assert drawn.get_extents().x1 <= width(shown, 20, bold) + 1  # a letter may lean out


@given(st.text(max_size=80), st.floats(8, 400))
def test_a_text_cut_to_fit_fits(text: str, room: float) -> None:
    assert width(fit(text, room, 12), 12) <= room


@given(st.text(max_size=200), st.floats(40, 400))
def test_wrapped_lines_fit_and_lose_no_letter(text: str, room: float) -> None:
    lines = wrap(text, room, 12)
    assert all(width(line, 12) <= room for line in lines)
    whole = fit(text, 1e9, 12)
    assert "".join(lines).replace(" ", "") == whole.replace(" ", "")
