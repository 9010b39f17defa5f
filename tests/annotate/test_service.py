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


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        (b'{"texts": []}', 422, "texts: List should have at least 1 item"),
        (b'{"texts": %s}' % json.dumps(["text"] * 1001).encode(), 422, "texts: List should have at most 1000 items"),
        (b'{"texts": "asthma"}', 422, "texts: Input should be a valid list"),
        (b'{"texts": ["asthma", 7]}', 422, "texts.1: Input should be a valid string"),
        (b'{"texts": ["asthma"], "run": "gene"}', 422, "run: Extra inputs are not permitted"),
        (b'{"text": "asthma"}', 422, "texts: Field required"),
        (b'["asthma"]', 422, "Input should be a valid dictionary"),
        (b"", 422, "Field required"),
        (b'{"texts": [asthma]}', 422, "JSON decode error: Expecting value"),
        (b'{"texts": ["\xff"]}', 400, "POST /tag: There was an error parsing the body"),
        (b'{"texts": ' + b"[" * 10**5, 400, "POST /tag: There was an error parsing the body"),
    ],
    ids=["none", "1001", "one", "a number", "a run", "text", "a list", "empty", "no JSON", "no UTF-8", "deep"],
)
def test_bad_requests_are_refused_with_a_reason(address: str, body: bytes, status: int, detail: str) -> None:
    answer = httpx.post(f"{address}/tag", content=body, headers=JSON)
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"detail", "fix"}
    assert answer.json()["detail"].startswith(detail)
    assert '{"texts": [' in answer.json()["fix"]


def test_a_text_that_cannot_be_tagged_is_refused_with_what_is_wrong(address: str) -> None:
    answer = httpx.post(f"{address}/tag", content=b'{"texts": ["a", "\\ud800"]}', headers=JSON)
    assert answer.status_code == 422
    assert answer.json()["detail"] == "text 1 (from 0): character 0 is one half of a surrogate pair"
    assert answer.json()["fix"]


def test_a_request_that_is_too_large_or_of_unknown_length_is_refused_before_it_is_read(address: str) -> None:
    answer = httpx.post(
        f"{address}/tag", content=b'{"texts": ["' + b"a" * 20_000_000 + b'"]}', headers=JSON, timeout=60
    )
    assert answer.status_code == 413
    assert answer.json()["detail"] == "a request of 20,000,015 bytes; the most are 20,000,000"
    assert httpx.post(f"{address}/tag", content=iter([b'{"texts": ["a"]}']), headers=JSON).status_code == 411
    assert tag(address, TEXT).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/tag", 405), ("POST", "/", 405), ("GET", "/docs", 404)]
)
def test_another_address_says_what_to_ask(address: str, method: str, path: str, status: int) -> None:
    answer = httpx.request(method, f"{address}{path}")
    assert answer.status_code == status
    assert f"{method} {path}" in answer.json()["detail"]
    assert "POST /tag with" in answer.json()["fix"]


def test_the_interface_is_described(address: str, run: Path) -> None:
    about = httpx.get(address).json()
    assert about["runs"] == [str(run)]
    example = re.findall(r"\{.*\}", about["usage"])
    assert httpx.post(f"{address}/tag", content=example[0], headers=JSON).status_code == 200
    described = httpx.get(f"{address}{about['interface']}").json()
    assert set(described["paths"]) == {"/", "/tag"}
    assert described["info"]["version"] == __version__
    schemas = described["paths"]["/tag"]["post"]["responses"]
    assert {
        schemas[each]["content"]["application/json"]["schema"]["$ref"] for each in ("400", "411", "413", "422")
    } == {"#/components/schemas/Problem"}


@pytest.mark.parametrize("port", ["used", "65536"])
def test_a_port_that_cannot_be_used_is_an_error_before_the_runs_are_loaded(
    port: str, address: str, capsys: pytest.CaptureFixture[str]
) -> None:
    port = address.rpartition(":")[2] if port == "used" else port
    assert main(["serve", "no such folder", "--port", port]) == 64
    error = capsys.readouterr().err
    assert f"port {port} cannot be used" in error
    assert "--port 0" in error
