"""The recorder on the kit's log passes the tests that the library has for recorders of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any
from uuid import UUID, uuid4

import eventsourcing.cryptography
import pytest
from eventsourcing.application import AggregateNotFoundError, Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import IntegrityError, StoredEvent, Tracking
from eventsourcing.utils import Environment

from pubsub_kit import DurableEventLog, Retention
from pubsub_kit.log.memory import LogError
from pubsub_kit.patterns import recorder_factory
from pubsub_kit.patterns.recorder import LogAggregateRecorder, LogRecorder
from pubsub_kit.patterns.recorder_factory import Factory

sys.modules["eventsourcing.cipher"] = eventsourcing.cryptography  # the same on another package
from eventsourcing.tests.persistence import (  # noqa: E402
    AggregateRecorderTestCase,
    ApplicationRecorderTestCase,
    InfrastructureFactoryTestCase,
    NonInterleavingNotificationIDsBaseCase,
    ProcessRecorderTestCase,
    TrackingRecorderTestCase,
)


class _OnALog:
    """Makes each test's recorder on a log in a folder of its own."""

    kind: type[Any]

    @pytest.fixture(autouse=True)
    def _log(self, tmp_path: Path) -> Iterator[None]:
        with DurableEventLog(tmp_path / "log") as self.log:
            yield

    def create_recorder(self) -> Any:
        return self.kind(self.log)


class TestAggregates(_OnALog, AggregateRecorderTestCase):
    kind = LogAggregateRecorder


class TestApplications(_OnALog, ApplicationRecorderTestCase[LogRecorder]):
    kind = LogRecorder

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNotifications(_OnALog, NonInterleavingNotificationIDsBaseCase):
    kind = LogRecorder


class TestTracking(_OnALog, TrackingRecorderTestCase):
    kind = LogRecorder


class TestProcesses(_OnALog, ProcessRecorderTestCase):
    kind = LogRecorder


class OwnTrackingRecorder(LogRecorder):
    """One that somebody else wrote."""


class TestFactory(InfrastructureFactoryTestCase[Factory]):
    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def setUp(self) -> None:
        settings = {"PERSISTENCE_MODULE": recorder_factory.__name__, "LOG_PATH": str(self.folder)}
        self.env = Environment("bank", settings)
        super().setUp()

    def expected_factory_class(self) -> type[Factory]:
        return Factory

    def expected_aggregate_recorder_class(self) -> type[LogAggregateRecorder]:
        return LogAggregateRecorder

    def expected_application_recorder_class(self) -> type[LogRecorder]:
        return LogRecorder

    def expected_tracking_recorder_class(self) -> type[LogRecorder]:
        return LogRecorder

    def tracking_recorder_subclass(self) -> type[LogRecorder]:
        return OwnTrackingRecorder

    def expected_process_recorder_class(self) -> type[LogRecorder]:
        return LogRecorder


for _case in (TestAggregates, TestApplications, TestNotifications, TestTracking, TestProcesses,
              TestFactory):  # fmt: skip
    _case.__test__ = True  # also where the library's says no


# --- what the library does not ask, since its databases promise it --------------------------------


def stored(id: UUID | str, *versions: int) -> list[StoredEvent]:
    return [StoredEvent(id, version, f"topic{version}", b"\0\xff") for version in versions]


def test_after_a_restart_every_version_is_still_taken(tmp_path: Path) -> None:
    ann, bob = uuid4(), "bob"
    with DurableEventLog(tmp_path) as log:
        LogRecorder(log).insert_events([*stored(ann, 1, 2), *stored(bob, 1)])
    with DurableEventLog(tmp_path) as log:
        again = LogRecorder(log)
        assert again.select_events(ann) == stored(ann, 1, 2)
        assert again.select_events(bob) == stored(bob, 1)
        with pytest.raises(IntegrityError):
            again.insert_events([*stored(bob, 2), *stored(ann, 2)])
        assert again.select_events(bob) == stored(bob, 1)
        assert again.insert_events(stored(bob, 2)) == [4]
        assert [n.id for n in again.select_notifications(2, 9)] == [2, 3, 4]


@pytest.mark.parametrize("cut", [1, 20, 100])
def test_an_insert_that_a_crash_cut_short_is_taken_back_whole(tmp_path: Path, cut: int) -> None:
    ann = uuid4()
    with DurableEventLog(tmp_path) as log:
        made = LogRecorder(log)
        made.insert_events(stored(ann, 1), tracking=Tracking("shop", 1))
        made.insert_events(stored(ann, 2, 3, 4), tracking=Tracking("shop", 2))
    (file,) = (tmp_path / "0").glob("*.log")
    os.truncate(file, file.stat().st_size - cut)
    with DurableEventLog(tmp_path) as log:
        again = LogRecorder(log)
        assert again.select_events(ann) == stored(ann, 1)
        assert again.max_tracking_id("shop") == 1


def test_a_log_that_has_forgotten_events_is_refused(tmp_path: Path) -> None:
    with DurableEventLog(tmp_path, segment_bytes=100, retention=Retention(max_bytes=300)) as log:
        made = LogRecorder(log)
        for version in range(20):
            made.insert_events(stored("ann", version))
        log.retain()
        assert log.count() < log.end()
        with pytest.raises(LogError, match="forgotten"):
            LogRecorder(log)


class Account(Aggregate):
    """An aggregate as the library has them."""

    def __init__(self) -> None:
        self.balance = 0

    @event("Deposited")
    def deposit(self, amount: int) -> None:
        self.balance += amount


class Bank(Application[UUID]):
    """An application of the library."""

    is_snapshotting_enabled = True


def bank(folder: Path) -> Bank:
    return Bank({"PERSISTENCE_MODULE": recorder_factory.__name__, "LOG_PATH": str(folder)})


def test_an_application_of_the_library_survives_a_restart(tmp_path: Path) -> None:
    with bank(tmp_path) as first:
        account = Account()
        account.deposit(100)
        first.save(account)
        first.take_snapshot(account.id)
        account.deposit(20)
        first.save(account)
        first.close()
    second = bank(tmp_path)
    loaded: Account = second.repository.get(account.id)
    assert (loaded.balance, loaded.version) == (120, 3)
    stale: Account = second.repository.get(account.id)
    loaded.deposit(1)
    second.save(loaded)
    stale.deposit(1)
    with pytest.raises(IntegrityError):
        second.save(stale)
    assert [n.id for n in second.notification_log.select(1, 9)] == [1, 2, 3, 4]
    with pytest.raises(AggregateNotFoundError):
        second.repository.get(uuid4())
    second.close()


def test_what_was_saved_survives_a_killed_process(tmp_path: Path) -> None:
    program = """
        import os
        from pathlib import Path
        from tests.patterns.test_recorder import Account, bank
        application = bank(Path(os.environ["FOLDER"]))
        account = Account()
        for _ in range(3):
            account.deposit(5)
            application.save(account)
        print(account.id, flush=True)
        os.kill(os.getpid(), 9)
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], cwd=Path(__file__).parents[2], check=False,
        env={**os.environ, "FOLDER": str(tmp_path)}, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == -9, done.stderr
    again = bank(tmp_path)
    loaded: Account = again.repository.get(UUID(done.stdout.strip()))
    assert (loaded.balance, loaded.version) == (15, 4)
    again.close()
