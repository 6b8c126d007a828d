"""Rules of every test run, whether it runs tests or notebooks.

With PUBSUB_KIT_NO_SKIPS=1 nothing may be skipped or expected to fail: each such test counts as a
failure, so that a green run is one in which everything ran.
"""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from pubsub_kit.genai.models import missing as genai_missing

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# A deadline would fail a test for a machine's being slow.
settings.register_profile("kit", deadline=None)
settings.load_profile("kit")

# Notebooks are run as somebody opens them who has answered nothing yet.
os.environ["PUBSUB_KIT_PROGRESS"] = "off"
# And where no server runs.
os.environ["PUBSUB_KIT_ENGINES"] = "off"


# A notebook that needs an extra is skipped whole where a package of it is not installed.
NEEDS = {"13_genai_pipeline.ipynb": ("genai", genai_missing)}


# What a release of matplotlib may draw otherwise is not compared: the words beside it are.
DRAWINGS = Path(__file__).parent / "tests" / "drawings.cfg"


def pytest_configure(config: pytest.Config) -> None:
    if config.option.nbval_sanitize_with is None:
        config.option.nbval_sanitize_with = str(DRAWINGS)


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        for marker in {"browser", "engines"} & {*item.path.relative_to(item.config.rootpath).parts}:
            if not hasattr(getattr(item, "module", None), "EMBEDDED"):  # which needs no server
                item.add_marker(marker)
        if "genai" in item.path.relative_to(item.config.rootpath).parts:
            item.add_marker("once")
        if item.path.name in NEEDS and item.path.parent.name == "notebooks":
            item.add_marker("once")
            extra, missing = NEEDS[item.path.name]
            if packages := missing():
                why = f"{', '.join(packages)} not installed: pip install -e '.[{extra}]'"
                item.add_marker(pytest.mark.skip(reason=why))
    moving = [item.nodeid for item in items if re.search(" at 0x[0-9a-f]+", item.nodeid)]
    if moving:  # an address differs in each process: workers would collect different tests
        raise pytest.UsageError(f"These tests are named after an address in memory: {moving}.")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return nothing_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return nothing_skipped((yield))


def nothing_skipped(report: Report) -> Report:
    """Turn a skip, and an expected failure, into a failure where nothing may be skipped."""
    expected = hasattr(report, "wasxfail")
    if os.environ.get("PUBSUB_KIT_NO_SKIPS") == "1" and (report.skipped or expected):
        reason = report.wasxfail if expected else skip_reason(report)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid} did not count ({reason}), and here every test must."
        report.__dict__.pop("wasxfail", None)
    return report


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    where_and_why = report.longrepr
    return where_and_why[-1] if isinstance(where_and_why, tuple) else str(where_and_why)
