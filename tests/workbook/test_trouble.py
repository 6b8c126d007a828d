"""What pip and uv say of each trouble, and the one sentence that a person gets for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from pubsub_kit.workbook import environment
from pubsub_kit.workbook.trouble import reason
from tests.workbook.checkout import FakeUv, kit, the_complaint

pytestmark = pytest.mark.usefixtures("plain_variables")
UV_WITHOUT_A_NETWORK = """\
Using Python 3.12.1 environment at: .venv
error: Request failed after 3 retries
  Caused by: Failed to fetch: `https://packages.example/simple/simpy/`
  Caused by: client error (Connect)
  Caused by: dns error: failed to lookup address information
"""
PIP_WITHOUT_A_WHEEL = """\
Collecting nosuch
ERROR: Could not find a version that satisfies the requirement nosuch
ERROR: No matching distribution found for nosuch
note: This error originates from a subprocess, and is likely not a problem with pip.
error: subprocess-exited-with-error
"""
RETRYING = "WARNING: Retrying (Retry(total=1)) after connection broken by "
UV_CONNECTS = """\
error: Failed to fetch: https://packages.example/simple/simpy/
  cause: error sending request for url (https://packages.example/simple/simpy/)
  cause: client error (Connect)
  cause: """


@pytest.mark.parametrize(
    ("output", "told"),
    [
        (UV_WITHOUT_A_NETWORK, "the package index is out of reach"),
        (PIP_WITHOUT_A_WHEEL, "ERROR: No matching distribution found for nosuch"),
        ("Killed", "Killed"),
        ("", "it said nothing"),
    ],
)
def test_the_telling_line_is_found(output: str, told: str) -> None:
    assert reason(output).startswith(told)


@pytest.mark.parametrize(
    ("tool", "output", "told", "way_out"),
    [
        # as pip 23.2 and 26, and uv 0.13, said it before a server or a proxy of each kind
        ("pip", "SSLError(1, '[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: "
         "self-signed certificate in certificate chain')", "certificate", "PIP_CERT"),
        ("uv", f"{UV_CONNECTS}invalid peer certificate: UnknownIssuer",
         "certificate", "SSL_CERT_FILE"),
        ("pip", f"{RETRYING}'ProxyError('Cannot connect to proxy.', OSError('Tunnel connection "
         "failed: 407 Proxy Authentication Required'))'", "407", "HTTPS_PROXY=http://NAME:"),
        ("uv", f"{UV_CONNECTS}tunnel error: proxy authorization required",
         "407", "HTTPS_PROXY=http://NAME:"),
        ("pip", f"{RETRYING}'OSError('Tunnel connection failed: 403 Forbidden')'",
         "the proxy refuses", "PIP_INDEX_URL"),
        ("uv", f"{UV_CONNECTS}tunnel error: unsuccessful",
         "the proxy refuses", "UV_DEFAULT_INDEX"),
        ("pip", "Could not fetch URL https://packages.example/simple/simpy/: 403 Client Error: "
         "Forbidden for url", "index refuses", "PIP_INDEX_URL=https://NAME:"),
        ("uv", "hint: An index (https://packages.example) returned a 403 Forbidden error.",
         "index refuses", "UV_DEFAULT_INDEX=https://NAME:"),
        ("pip", "ERROR: In --require-hashes mode, all requirements must have their versions pinned",
         "a hash for every package", "require-hashes"),
        ("uv", "hint: Packages were unavailable because index lookups were disabled",
         "no index", "UV_FIND_LINKS"),
        ("uv", "hint: Packages were unavailable because the network was disabled.",
         "offline", "UV_OFFLINE"),
        ("pip", "OSError: [Errno 28] No space left on device", "no room is left", "PUBSUB_KIT_ENV"),
        ("uv", "  cause: failed to copy: There is not enough space on the disk. (os error 112)",
         "no room is left", "PUBSUB_KIT_ENV"),
        ("uv", "error: failed to open file `/a/.cache/uv/x`: Permission denied (os error 13)",
         "failed to open file `/a/.cache/uv/x`", "make it yours"),
        ("pip", "ERROR: Could not install packages due to an OSError: [WinError 5] Access is "
         "denied: 'C:\\\\x.pyd'", "C:\\\\x.pyd", "JupyterLab"),
    ],
)  # fmt: skip
def test_each_trouble_is_named_with_the_way_out(
    tool: str, output: str, told: str, way_out: str
) -> None:
    said = reason(f"Using Python 3.12\n{output}\nnote: more of it\n", tool)
    assert told in said
    assert way_out in said
    assert "\n" not in said


def test_a_proxy_that_is_set_is_named_where_the_index_is_out_of_reach(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy", "PIP_PROXY"):
        monkeypatch.delenv(name, raising=False)
    assert "HTTPS_PROXY" not in reason("Connection refused")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    assert "HTTPS_PROXY" in reason("Connection refused")


def test_an_installer_that_reports_success_but_put_things_elsewhere_is_found_out(
    copy: Path, uv: FakeUv
) -> None:
    uv.is_misled()
    said = the_complaint(kit(copy, "lab"))
    assert f"{copy / '.venv'} lacks " in said
    assert "a setting of pip or uv" in said
    assert not environment.ready(copy, copy / ".venv", [])
