"""A server that answers with an error, or not at all, makes a run offline, with a line that says why."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import wandb

from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.run.preflight import compose
from unrolled.wandb_runs.tracker import open_tracker, reachable

METHODS = ("do_GET", "do_POST", "do_HEAD", "do_CONNECT")


@pytest.fixture(autouse=True)
def account(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    wandb.teardown()  # its settings are those of its first use
    monkeypatch.setenv("WANDB_API_KEY", "k" * 40)
    monkeypatch.setenv("WANDB_CONFIG_DIR", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    for name in ("http_proxy", "HTTP_PROXY", "no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    yield
    wandb.teardown()


@contextmanager
def server_that_says(code: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers every request with this code; yields its address, and what it has been asked."""
    asked: list[str] = []

    def answer(self: BaseHTTPRequestHandler) -> None:
        asked.append(self.path)
        self.send_response(code)
        self.send_header("Content-Length", "0")
        self.end_headers()

    silent = {"log_message": lambda *_: None}
    handler = type("Handler", (BaseHTTPRequestHandler,), dict.fromkeys(METHODS, answer) | silent)
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()


@pytest.mark.long
@pytest.mark.parametrize("code", [401, 403, 404, 500, 503])
def test_one_that_answers_with_an_error(
    code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("unrolled.wandb_runs.tracker.INIT_S", 5.0)
    config, folder = compose(["tracker=online", "task=latch"]), tmp_path / "run"
    folder.mkdir()
    with server_that_says(code) as (address, _):
        monkeypatch.setenv("WANDB_BASE_URL", address)
        with caplog.at_level("WARNING", logger="unrolled"):
            tracker = open_tracker(config, plain(config), RunIdentity(folder, "a", "a"))
        tracker.log(1, {"loss": 1.0})
        assert tracker.finish(exit_code=0) is None
    assert len(list((folder / "wandb").glob("offline-run-*"))) == 1
    lines = [each.getMessage() for each in caplog.records if each.name.startswith("unrolled")]
    assert [line.startswith("W&B ") and "recording offline (`make sync`" in line for line in lines] == [True]


@pytest.mark.long
def test_one_that_accepts_and_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("WANDB_BASE_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        wandb.login(prompt=False, verify=False)
        assert not reachable(timeout_s=0.2)


def test_a_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with server_that_says(200) as (address, asked):
        monkeypatch.setenv("WANDB_BASE_URL", "http://wandb.invalid")
        assert not reachable()
        monkeypatch.setenv("http_proxy", address)
        assert reachable()
    assert asked == ["http://wandb.invalid/"]
