"""The hashes by which real clients choose partitions, as exercise 05 has them."""

from __future__ import annotations

import pytest

from pubsub_kit.scenarios.out_of_order_transfers.partitions import (
    by_crc32,
    by_murmur2,
    by_salted_hash,
    murmur2,
)


@pytest.mark.parametrize(
    ("key", "signed"),
    [
        ("21", -973932308),
        ("foobar", -790332482),
        ("abc", 479470107),
        ("a-little-bit-long-string", -985981536),
        ("a-little-bit-longer-string", -1486304829),
    ],
)
def test_murmur2_is_the_one_of_kafkas_java_client(key: str, signed: int) -> None:
    """The values are those of UtilsTest.java in Kafka's own sources, as signed 32 bits."""
    assert murmur2(key.encode()) == signed % 2**32


def test_clients_disagree_about_a_key() -> None:
    keys = [f"account-{i}" for i in range(1000)]
    elsewhere = sum(by_crc32(key, 2) != by_murmur2(key, 2) for key in keys)
    assert 450 < elsewhere < 550


def test_a_salt_gives_each_process_another_hash() -> None:
    keys = [f"account-{i}" for i in range(1000)]
    one, other = by_salted_hash(1), by_salted_hash(2)
    assert 450 < sum(one(key, 2) != other(key, 2) for key in keys) < 550
    assert all(one(key, 2) == by_salted_hash(1)(key, 2) for key in keys)
