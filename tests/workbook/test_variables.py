"""A person's settings: where packages come from is kept, where they would go is not."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from pubsub_kit.workbook import environment, installer, suite, variables
from tests.workbook.checkout import FakeUv, kit, the_complaint

pytestmark = pytest.mark.usefixtures("plain_variables")
ELSEWHERE = {
    "PIP_USER": "1",
    "PIP_TARGET": "/elsewhere",
    "PIP_PREFIX": "/elsewhere",
    "PIP_REQUIRE_VIRTUALENV": "1",
    "PIP_REQUIRE_HASHES": "1",
    "PIP_NO_DEPS": "1",
    "UV_SYSTEM_PYTHON": "1",
    "UV_PYTHON": "3.9",
    "UV_REQUIRE_HASHES": "1",
    "UV_NO_EDITABLE": "1",
    "PYTHONPATH": "/elsewhere",
    "PYTHONHOME": "/elsewhere",
    "VIRTUAL_ENV": "/elsewhere",
    "CONDA_PREFIX": "/elsewhere",
}
NEEDED = {
    "PIP_INDEX_URL": "https://packages.example/simple",
    "PIP_TRUSTED_HOST": "packages.example",
    "PIP_CERT": "/etc/company.pem",
    "PIP_NO_INDEX": "1",
    "UV_DEFAULT_INDEX": "https://packages.example/simple",
    "UV_INDEX_COMPANY_PASSWORD": "secret",
    "UV_CACHE_DIR": "/cache",
    "SSL_CERT_FILE": "/etc/company.pem",
    "REQUESTS_CA_BUNDLE": "/etc/company.pem",
    "HTTPS_PROXY": "http://proxy.example:3128",
}


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_leads_elsewhere_is_left_out(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, ELSEWHERE[name])
    assert name not in variables.for_installer(tmp_path)


@pytest.mark.parametrize("name", NEEDED)
def test_what_a_company_needs_is_kept(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, NEEDED[name])
    assert variables.for_installer(tmp_path)[name] == NEEDED[name]


@pytest.mark.parametrize("name", variables.CERTIFICATES)
def test_a_certificate_named_for_one_tool_serves_both(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for other in variables.CERTIFICATES:
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "/etc/company.pem")
    chosen = variables.for_installer(tmp_path)
    assert chosen["PIP_CERT"] == chosen["SSL_CERT_FILE"] == "/etc/company.pem"


def test_pip_keeps_of_its_settings_where_packages_come_from() -> None:
    listed = (
        ":env:.cert='/etc/mine.pem'\n"
        "global.cert='/etc/company.pem'\n"
        "global.index-url='https://packages.example/simple'\n"
        "install.extra-index-url='https://one.example\\nhttps://two.example'\n"
        "install.user='true'\n"
        "install.target='/elsewhere'\n"
        "global.require-hashes='true'\n"
        "download.index-url='https://other.example'\n"
    )
    assert variables.from_pip(listed) == {
        "PIP_CERT": "/etc/mine.pem",
        "PIP_INDEX_URL": "https://packages.example/simple",
        "PIP_EXTRA_INDEX_URL": "https://one.example\nhttps://two.example",
    }


def test_a_real_pip_conf_cannot_lead_pip_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text(
        "[global]\nindex-url = https://packages.example/simple\n"
        "[install]\nuser = true\ntarget = /elsewhere\nrequire-hashes = true\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    monkeypatch.delenv("PIP_INDEX_URL", raising=False)
    chosen = installer.settings(Path(sys.prefix), None)
    assert chosen["PIP_CONFIG_FILE"] == os.devnull
    assert chosen["PIP_INDEX_URL"] == "https://packages.example/simple"
    assert not {"PIP_USER", "PIP_TARGET", "PIP_REQUIRE_HASHES"} & set(chosen)


def test_settings_that_pip_cannot_read_are_told_of(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = tmp_path / "pip.conf"
    settings.write_text("[global\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(settings))
    with pytest.raises(environment.SetupError, match="pip cannot read its settings"):
        installer.settings(Path(sys.prefix), None)


def test_uv_and_the_command_run_without_what_misleads(
    copy: Path, uv: FakeUv, tmp_path: Path
) -> None:
    astray = tmp_path / "astray"
    astray.mkdir()
    for name in ("numpy", "json", "pytest", "sitecustomize"):
        (astray / f"{name}.py").write_text("raise ImportError('astray')\n")
    done = kit(
        copy, "test", "--version", PYTHONPATH=str(astray), VIRTUAL_ENV=str(astray),
        PYTHONNOUSERSITE="1", UV_SYSTEM_PYTHON="1",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1].startswith("pytest ")
    assert not {"PYTHONPATH", "VIRTUAL_ENV", "UV_SYSTEM_PYTHON"} & set(uv.variables())


@pytest.mark.parametrize("name", ["random", "json", "typing", "re", "pip"])
def test_a_stray_module_beside_the_kit_is_not_taken_for_pythons_own(
    copy: Path, uv: FakeUv, name: str
) -> None:
    (copy / f"{name}.py").write_text("raise ImportError('astray')\n")
    done = kit(copy, "test", "--version")
    assert (done.returncode, done.stderr) == (0, "")


def test_the_kit_runs_where_python_leaves_out_the_current_folder(copy: Path, uv: FakeUv) -> None:
    done = kit(copy, "test", "--version", start=("pubsub_kit",), PYTHONSAFEPATH="1")
    assert done.returncode == 0, done.stderr


def test_without_a_home_to_write_to_one_is_made_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert "HOME" not in variables.home(tmp_path / ".venv")
    (tmp_path / "file").touch()
    monkeypatch.setenv("HOME", str(tmp_path / "file" / "nobody"))
    chosen = variables.for_command(tmp_path / ".venv")
    assert chosen["HOME"] == str(tmp_path / ".venv" / "home")
    assert chosen["JUPYTER_DATA_DIR"].startswith(chosen["HOME"])


def test_a_place_below_home_that_cannot_be_written_is_moved_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (*variables.PLACES, "HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".cache").touch()  # as unusable as another user's folder, for root as well
    chosen = variables.for_command(tmp_path / ".venv")
    assert chosen["HOME"] == str(tmp_path)
    assert chosen["MPLCONFIGDIR"] == str(tmp_path / ".venv" / "home" / ".cache" / "matplotlib")
    assert "IPYTHONDIR" not in chosen


def test_a_cache_that_cannot_be_written_is_done_without(
    copy: Path, uv: FakeUv, tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    uv.keeps_its_cache_in(tmp_path / "file" / "cache")
    assert kit(copy, "test", "--version").returncode == 0
    assert uv.variables()["UV_NO_CACHE"] == "1"


def test_a_full_disk_is_named(copy: Path, uv: FakeUv) -> None:
    uv.fails("error: failed to write: No space left on device (os error 28)")
    assert "no room is left on the disk" in the_complaint(kit(copy, "lab"))


@pytest.mark.parametrize("name", ["random.py", "numpy.py", "json/__init__.py"])
def test_a_stray_module_that_the_tests_would_import_is_named(copy: Path, name: str) -> None:
    stray = copy / name
    stray.parent.mkdir(exist_ok=True)
    stray.write_text("raise ImportError('astray')\n")
    top = copy / name.partition("/")[0]
    assert suite.shadows(copy) == [top.relative_to(copy)]
    stray.rename(copy / "mine.py")
    if top != stray:
        top.rmdir()
    assert suite.shadows(copy) == []
