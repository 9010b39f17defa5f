"""Tests of `markner.models.hub`."""

from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from huggingface_hub import constants

from markner.errors import MarknerError
from markner.models.hub import require_access, snapshot
from markner.study.schema.systems import HubModel

GATED = HubModel(source="hub", id="example/gated", licence="Example licence; accept it on the model's page")


def test_all_weights_that_cannot_be_downloaded_are_one_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    other = HubModel(source="hub", id="example/other")
    with pytest.raises(MarknerError, match=r"example/gated: not in the local cache") as raised:
        require_access([GATED])
    assert "Example licence" in raised.value.fix
    assert "hf auth login" in raised.value.fix
    assert "HF_TOKEN" in raised.value.fix
    with pytest.raises(MarknerError, match="2 models cannot be downloaded") as raised:
        require_access([GATED, other])
    assert "example/other" in str(raised.value)


def test_what_is_in_the_local_cache_needs_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration alone is not enough: a tokenizer is loaded with it."""
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    folder = tmp_path / "models--example--gated" / "snapshots" / ("a" * 40)
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder.parents[1] / "refs").mkdir()
    (folder.parents[1] / "refs" / "main").write_text("a" * 40)
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "1.safetensors", "b": "2.safetensors"}}')
    for shard in ("1.safetensors", "2.safetensors"):
        with pytest.raises(MarknerError, match="not in the local cache"):
            require_access([GATED])
        (folder / shard).touch()
    require_access([GATED])


class Answer(BaseHTTPRequestHandler):
    """Gives every request the same answer."""

    status = 200
    message = ""

    def do_GET(self) -> None:
        body = b"<html>Log in</html>"
        self.send_response(self.status)
        self.send_header("X-Error-Message", self.message)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.mark.parametrize(
    ("status", "message", "expected", "fix"),
    [
        (
            401,
            "Invalid credentials in Authorization header",
            r"refuses the token .*\(HTTP 401 Invalid credentials",
            "auth login",
        ),
        (429, "Too many requests", r"cannot be reached \(HTTP 429 Too many requests\)", "hf download example/gated"),
        (200, "", "cannot be reached .*login page", "hf download example/gated"),
    ],
)
def test_the_reason_of_the_hub_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, message: str, expected: str, fix: str
) -> None:
    handler = type("Same", (Answer,), {"status": status, "message": message})
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.server_address[1]}")
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}).start()
        try:
            for ask in (lambda: require_access([GATED]), lambda: snapshot(GATED)):
                with pytest.raises(MarknerError, match=expected) as raised:
                    ask()
                assert fix in raised.value.fix
        finally:
            server.shutdown()
