"""What SQS is asked, before anybody is asked: names, requests, and URLs that can't work."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pubsub_kit.engines import EngineError, connect
from pubsub_kit.engines.sqs import MOST_BYTES, TENS, escaped, parcels

LETTERS = st.text("_.-/25EFa", max_size=12)


def unescaped(name: str) -> str:
    return re.sub("_(2E|2F|5F)", lambda found: chr(int(found[1], 16)), name)


@given(LETTERS)
def test_each_name_of_the_kits_is_one_of_awss_and_can_be_read_back(name: str) -> None:
    assert re.fullmatch("[A-Za-z0-9_-]*", escaped(name))
    assert unescaped(escaped(name)) == name


def test_plain_names_stay_as_they_are() -> None:
    assert escaped("orders_eu-1") == "orders_eu-1"
    assert escaped("orders.eu/billing") == "orders_2Eeu_2Fbilling"


@given(st.lists(st.integers(1, MOST_BYTES)))
def test_a_request_has_at_most_ten_messages_and_256_kib(sizes: list[int]) -> None:
    requests = [*parcels((size, size) for size in sizes)]
    assert [size for request in requests for size in request] == sizes
    assert all(0 < len(request) <= TENS and sum(request) <= MOST_BYTES for request in requests)


@pytest.fixture
def nobody(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """A machine on which nobody has set up AWS."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, f"{tmp_path}/none")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nobody")
@pytest.mark.parametrize("scheme", ["sqs+sns", "eventbridge"])
@pytest.mark.parametrize(
    ("rest", "says"),
    [
        ("/eu-west-1", "boto3 found no credentials for .*run `aws configure`"),
        ("", "boto3 has no region"),
        ("/eu west", "boto3 has no region.*write .*:///eu-west-1"),
        ("127.0.0.1:9?topic=x", "has the options .*, not 'topic'"),
    ],
)
def test_what_is_not_set_up_gets_a_sentence(scheme: str, rest: str, says: str) -> None:
    with pytest.raises(EngineError, match=says):
        connect(f"{scheme}://{rest}")


@pytest.mark.usefixtures("nobody")
def test_a_profile_that_is_not_there_gets_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "shop")
    with pytest.raises(EngineError, match=r"no region or profile .*\(shop\)|profile \(shop\)"):
        connect("sqs+sns:///eu-west-1")
