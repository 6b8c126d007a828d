"""`Served`: an app in a thread beside us, which ends when it is told to, or forgotten."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from fastapi import FastAPI

import pubsub_kit.genai.service.installed as installed
from pubsub_kit.genai.service import Served, ServiceError, client


def hello() -> FastAPI:
    app = FastAPI()

    @app.get("/hello")
    async def hello() -> dict[str, str]:
        return {"hello": "Ann"}

    @app.get("/slow")
    async def slow() -> None:
        await asyncio.sleep(60)

    @app.get("/broken")
    async def broken() -> None:
        raise KeyError("no such row")

    return app


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "served"]


def test_it_answers_on_loopback_until_it_is_stopped() -> None:
    with Served(hello()) as served:
        assert served.url.startswith("http://127.0.0.1:")
        assert served.client.get("/hello").json() == {"hello": "Ann"}
        assert len(threads()) == 1
    assert not served.running
    assert threads() == []
    with client(served.url) as late, pytest.raises(httpx.ConnectError):
        late.get("/hello")
    served.stop()


def test_a_proxy_of_the_environment_is_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with Served(hello()) as served:
        assert served.client.get("/hello").status_code == 200


def test_it_runs_beside_an_event_loop_that_waits_for_it() -> None:
    async def cell() -> int:
        with Served(hello()) as served:
            return int(served.client.get("/hello").status_code)

    assert asyncio.run(cell()) == 200


def test_two_run_side_by_side() -> None:
    with Served(hello()) as one, Served(hello()) as other:
        assert one.url != other.url


def test_a_request_that_never_ends_does_not_keep_it() -> None:
    served = Served(hello())
    heard: list[BaseException] = []

    def wait() -> None:
        try:
            with client(served.url) as http:
                http.get("/slow")
        except httpx.HTTPError as error:
            heard.append(error)

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.2)
    served.stop()
    waiting.join(10)
    assert not served.running
    assert not waiting.is_alive()


def test_one_that_nobody_holds_stops() -> None:
    served = Served(hello())
    assert served.client.get("/hello").status_code == 200
    del served
    gc.collect()
    for thread in threads():
        thread.join(10)
    assert threads() == []


def test_what_the_app_raises_is_kept_and_answered_as_a_500(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with Served(hello()) as served:
        assert served.client.get("/broken").status_code == 500
        assert [repr(error) for error in served.errors] == ["KeyError('no such row')"]
    assert capfd.readouterr() == ("", "")


def test_a_start_that_fails_is_a_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    async def prepare() -> None:
        raise OSError("the disk is full")

    @asynccontextmanager
    async def failing(app: FastAPI) -> AsyncIterator[None]:
        await prepare()
        yield

    with pytest.raises(ServiceError, match=r"^The app did not start: the disk is full$"):
        Served(FastAPI(lifespan=failing))
    assert threads() == []
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("app", [None, 5, "app:app", {}])
def test_what_is_no_app_is_refused(app: object) -> None:
    with pytest.raises(ServiceError, match="takes an app"):
        Served(app)  # type: ignore[arg-type]


def test_a_process_that_forgets_to_stop_it_still_ends() -> None:
    script = (
        "from fastapi import FastAPI; from pubsub_kit.genai.service import Served\n"
        "served = Served(FastAPI()); print(served.client.get('/openapi.json').status_code)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout, done.stderr, done.returncode) == ("200\n", "", 0)


def test_what_is_not_installed_is_named_with_the_way_to_install_it() -> None:
    installed.check_installed()
    with pytest.raises(ServiceError) as refused:
        installed.check_installed("no_such_web", "httpx")
    assert str(refused.value) == (
        "The HTTP service needs no_such_web, which is not installed: python3 -m pip install "
        "'pubsub-kit[genai]', or -e '.[genai]' in a checkout."
    )


def test_without_the_extra_the_import_says_so() -> None:
    script = (
        "import importlib.util as u; real = u.find_spec\n"
        "u.find_spec = lambda name, *more: None if name == 'uvicorn' else real(name, *more)\n"
        "from pubsub_kit.errors import PubSubKitError\n"
        "try:\n    import pubsub_kit.genai.service\nexcept PubSubKitError as error: print(error)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.startswith("The HTTP service needs uvicorn, which is not installed:")
