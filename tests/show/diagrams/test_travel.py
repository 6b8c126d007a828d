"""Clicks are events, the state is their replay, and a journey back begins a branch."""

from __future__ import annotations

from pubsub_kit import show


def add(total: int, event: str) -> int:
    return total + int(event)


def test_clicks_are_events_and_a_click_after_a_journey_begins_a_branch() -> None:
    panel = show.travel(add, 0, ["1", "5"])
    for name in ("1", "1", "5"):
        panel.buttons[name].click()
    panel.slider.value = 1
    assert (panel.state(), panel.path()) == (1, ["1"])
    panel.buttons["5"].click()
    assert panel.log == [(0, "1"), (1, "1"), (2, "5"), (1, "5")]
    assert [panel.state(n) for n in range(5)] == [0, 1, 2, 7, 6]
    assert "state 4, after 1: 5 → 6, here" in repr(panel)


def test_of_a_long_history_the_last_states_are_drawn() -> None:
    panel = show.travel(add, 0, ["1"])
    for _ in range(50):
        panel.buttons["1"].click()
    assert panel.picture.text.splitlines()[0] == "state 0: 39"
    assert repr(panel).endswith("These are 12 of 51 states.")


def test_a_panel_is_live_in_a_notebook_and_a_picture_with_words_elsewhere() -> None:
    data, _ = show.travel(add, 0, ["1"])._repr_mimebundle_()
    assert {"application/vnd.jupyter.widget-view+json", "image/png", "text/html"} <= data.keys()
    assert data["text/plain"] == "state 0: 0, here"


def test_a_reducer_that_raises_leaves_the_panel_alive() -> None:
    panel = show.travel(add, 0, ["x", "1"])
    panel.buttons["x"].click()
    panel.slider.value = 0
    panel.buttons["1"].click()
    assert panel.state() == 1
