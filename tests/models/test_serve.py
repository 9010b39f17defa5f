"""Tests of `markner.models.chat.server`: a real server with a tiny model."""

import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import openai
import pytest
from forked import python
from tiny_llama import write_tiny_llama
from transformers import AutoTokenizer

from markner.errors import MarknerError
from markner.files import write_json
from markner.models.chat.server import served
from markner.models.weights import fetch_weights
from markner.study.schema.systems import FolderModel

pytestmark = pytest.mark.slow

JOB = """
import sys, time
from pathlib import Path
from markner.models.chat.server import served
sys.executable = sys.argv[2]
with served(Path(sys.argv[1]), "tiny", 1) as server:
    print(server.base_url, flush=True)
    time.sleep(3600)
"""


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("weights")
    source = write_tiny_llama(folder / "source")
    tokenizer = AutoTokenizer.from_pretrained(source)
    tokenizer.chat_template = "{% for turn in messages %}{{ turn.content }}{% endfor %}"
    tokenizer.save_pretrained(source)
    fetch_weights(FolderModel(source="folder", path=str(source)), folder / "tiny")
    return folder / "tiny"


def listens(base_url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(base_url.removesuffix("/v1") + "/health") as reply:
            return reply.status == 200
    except (urllib.error.URLError, ConnectionError):
        return False


@pytest.mark.usefixtures("forked")
def test_a_model_is_served_for_as_long_as_the_block(weights: Path) -> None:
    with served(weights, "tiny", 1) as server:
        assert server.weights.startswith("sha256:")
        client = openai.OpenAI(api_key="none", base_url=server.base_url, max_retries=0)
        answer = client.chat.completions.create(
            model="tiny", messages=[{"role": "user", "content": "Mark this ."}], max_tokens=4, temperature=0
        )
        assert answer.usage is not None
        assert answer.usage.completion_tokens <= 4
        assert listens(server.base_url)
    assert not listens(server.base_url)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_the_server_ends_with_a_killed_job(weights: Path, number: signal.Signals) -> None:
    command = [sys.executable, "-c", JOB, str(weights), python()]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ.copy()) as job:
        assert job.stdout is not None
        base_url = job.stdout.readline().strip()
        assert listens(base_url)
        job.send_signal(number)
        job.wait()
        while listens(base_url):  # it notices by itself; a server left behind would hang here
            time.sleep(0.05)


@pytest.mark.usefixtures("forked")
def test_a_server_that_cannot_start_says_so(tmp_path: Path) -> None:
    write_json(tmp_path / "markner.json", {"files": {}})
    with pytest.raises(MarknerError, match="ended before it was ready"), served(tmp_path, "none", 1):
        pass
