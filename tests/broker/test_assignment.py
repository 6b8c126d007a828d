"""Which member owns which partition: fair, and moving as little as possible."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.broker.assignment import sticky

NAMES = ["a", "b", "c", "d"]
MEMBERS = st.lists(st.sampled_from(NAMES), unique=True)
OWNERS = st.lists(st.none() | st.sampled_from(NAMES), min_size=1, max_size=6)


def fair(members: list[str], owners: tuple[str, ...] | list[str | None]) -> bool:
    shares = [owners.count(member) for member in members]
    return max(shares) - min(shares) <= 1


@given(MEMBERS.filter(bool), OWNERS)
def test_shares_are_fair_and_no_fair_assignment_keeps_more(
    members: list[str], owners: list[str | None]
) -> None:
    def stay(new: tuple[str, ...] | list[str | None]) -> int:
        return sum(a == b for a, b in zip(owners, new, strict=True))

    found = sticky(members, owners)
    assert set(found) <= set(members)
    assert fair(members, found)
    others = product(members, repeat=len(owners))
    assert stay(found) == max(stay(other) for other in others if fair(members, other))


@given(MEMBERS, OWNERS)
def test_once_assigned_nothing_moves(members: list[str], owners: list[str | None]) -> None:
    found = sticky(members, owners)
    assert sticky(members, found) == found


def test_without_members_nobody_owns_anything() -> None:
    assert sticky([], ["a", None]) == [None, None]


@pytest.mark.parametrize(
    ("members", "before", "after"),
    [
        ("a", "------", "aaaaaa"),
        ("ab", "aaaaaa", "aaabbb"),
        ("abc", "aaabbb", "aacbbc"),
        ("ac", "aacbbc", "aacacc"),
        ("abc", "--", "ab"),
        ("bca", "aabbc", "aabbc"),
    ],
    ids=["the first", "one joins", "another joins", "one leaves", "more than partitions", "as is"],
)
def test_the_table_at_the_top_of_the_file(members: str, before: str, after: str) -> None:
    owners = [None if owner == "-" else owner for owner in before]
    assert sticky(list(members), owners) == list(after)
