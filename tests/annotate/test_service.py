"""The server of `markner serve`, as a process of its own, asked over HTTP."""

import json
import os
import re
import signal
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from conftest import ROOT
from forked import python
from tagged_study import TAGGER, write_tiny_study

from markner import __version__, load
from markner.cli.main import main

TEXT = "Patients with asthma, or with Sjögren syndrome \U0001f9ec.\n\nThey had  no fever."


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    results = write_tiny_study(tmp_path_factory.mktemp("study"))
    (results / "taggers.json").write_text(json.dumps([TAGGER.model_dump()]), encoding="utf-8")
    return results / TAGGER.folder


@pytest.fixture(scope="module")
def address(run: Path) -> Iterator[str]:
    server = subprocess.Popen(
        [python(), "-m", "markner.cli.main", "serve", str(run), "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"},
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    lines = []
    for line in server.stderr:
        lines.append(line)
        if match := re.search(r"http://127\.0\.0\.1:\d+", line):
            yield match[0]
            break
    else:
        pytest.fail("".join(lines))
    server.send_signal(signal.SIGINT)
    rest = server.stderr.read()
    assert server.wait(30) == 0, rest
    assert "Traceback" not in rest


def tag(address: str, *texts: str) -> httpx.Response:
    return httpx.post(f"{address}/tag", json={"texts": texts}, timeout=120)


def test_the_mentions_are_those_of_python(address: str, run: Path) -> None:
    answer = tag(address, TEXT, "", TEXT)
    assert answer.status_code == 200
    first, empty, third = answer.json()["mentions"]
    expected = [
        {"start": each.start, "end": each.end, "type": each.type, "text": each.text, "score": each.confidence}
        for each in load(str(run))(TEXT)
    ]
    assert first == third == expected != []
    assert empty == []


def test_requests_at_the_same_time_are_all_answered(address: str) -> None:
    alone = tag(address, TEXT).json()
    with ThreadPoolExecutor(8) as pool:
        assert all(answer.json() == alone for answer in pool.map(lambda _: tag(address, TEXT), range(16)))


def test_bad_requests_are_refused_with_a_reason(address: str) -> None:
    assert httpx.post(f"{address}/tag", json={"text": TEXT}).status_code == 422
    assert tag(address, *["text"] * 1001).status_code == 422
    half = httpx.post(f"{address}/tag", content=b'{"texts": ["\\ud800"]}', headers={"Content-Type": "application/json"})
    assert half.status_code == 422
    assert tag(address, TEXT).status_code == 200


def test_the_interface_is_described(address: str, run: Path) -> None:
    assert httpx.get(address).json() == {"runs": [str(run)]}
    described = httpx.get(f"{address}/openapi.json").json()
    assert set(described["paths"]) == {"/", "/tag"}
    assert described["info"]["version"] == __version__


@pytest.mark.parametrize("port", ["used", "65536"])
def test_a_port_that_cannot_be_used_is_an_error_before_the_runs_are_loaded(
    port: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = address.rpartition(":")[2] if port == "used" else port
    assert main(["serve", "no such folder", "--port", port]) == 64
    error = capsys.readouterr().err
    assert f"port {port} cannot be used" in error
    assert "--port 0" in error
