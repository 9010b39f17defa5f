"""1,500 abstracts in ten SLURM jobs, one of them killed while it tags: the gathered file is that of one process."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import cycle, islice
from pathlib import Path

import pytest
import yaml
from cluster import ASKED_FOR, Cluster, jobs, running
from conftest import ROOT, mirror
from slurm_study import make_checkout, start

sys.path.append(str(ROOT / "tests" / "annotate"))

from tagged_study import TAGGER, write_tiny_study

from markner.annotate.pipeline import AnnotationJob, annotate
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents

pytestmark = [pytest.mark.slow, ASKED_FOR]

ABSTRACTS = 1500
SHARDS = 10
RULES = ["annotate", "gather_annotation", "annotations", "taggers"]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("annotation-cluster")) as cluster:
        yield cluster


def write_abstracts(path: Path) -> None:
    """Write the abstracts of BC5CDR as JSON lines; where it is not here, those of the sample corpus again and again."""
    corpora = mirror()
    sources = [ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"]
    if corpora is not None:
        sources = sorted((corpora / "bc5cdr").glob("*.PubTator.txt"))
    documents = list(islice(cycle(read_documents(sources, "pubtator", ReadOptions(mentions=False))), ABSTRACTS))
    rows = (json.dumps({"id": f"{number}", "text": each.text}) for number, each in enumerate(documents))
    path.parent.mkdir()
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")


def write_study(folder: Path) -> Path:
    """Make the checkout's study one of a tiny encoder that annotates texts in shards; return its results."""
    results = write_tiny_study(folder)
    study = yaml.safe_load((folder / "study.yaml").read_text(encoding="utf-8"))
    study["models"]["m"]["hardware"] = {"device": "cpu", "memory_gb": 3}
    own = {"files": ["texts"], "runs": [{"run": "tiny"}], "output": "jsonl", "shards": SHARDS}
    study["annotations"] = {"abstracts": own}
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    for name in ("weights/m", "corpora/c/tokenized"):
        (results / name).mkdir(parents=True)
    return results


def until(holds: Callable[[], object], snakemake: "subprocess.Popen[str]", seconds: float = 600) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert snakemake.poll() is None, "Snakemake has ended"
        assert time.monotonic() < end
        time.sleep(0.005)


def test_ten_jobs_of_which_one_is_killed_give_the_file_of_one_process(cluster: Cluster, tmp_path: Path) -> None:
    folder = make_checkout(tmp_path)
    results = write_study(folder)
    write_abstracts(folder / "texts" / "abstracts.jsonl")
    shards, journals = results / "shards" / "abstracts", results / "checkpoints" / "shards" / "abstracts"
    snakemake = start(folder, "--allowed-rules", *RULES, "--", "annotations")

    def begun() -> list[str]:
        """Shards that have tagged some of their documents and not all."""
        texts = {path.stem: path.read_bytes() for path in journals.glob("*.journal")}
        return [name for name, text in texts.items() if text.count(b"\n") > 1 and not (shards / name).exists()]

    until(begun, snakemake)
    killed = begun()[0]
    (job,) = (number for number, comment in jobs("RUNNING").items() if comment.endswith(killed))
    subprocess.run(["scancel", "--signal=KILL", "--full", job], check=True)
    until(lambda: job not in jobs("RUNNING,COMPLETING"), snakemake)
    assert not (shards / f"{killed}.jsonl").exists(), "it ended before it was killed"
    assert (journals / f"{killed}.journal").read_bytes().count(b"\n") > 1
    assert snakemake.wait() == 0, (folder / "said.txt").read_text(encoding="utf-8")[-8000:]

    whole = tmp_path / "whole.jsonl"
    annotate(AnnotationJob([str(folder / "texts")], "auto", [TAGGER], results, whole, "jsonl", None))
    gathered = results / "annotations" / "abstracts" / "annotations.jsonl"
    assert gathered.read_bytes() == whole.read_bytes()
    assert gathered.read_bytes().count(b"\n") == ABSTRACTS
    log = results / "logs" / "annotate" / "abstracts" / f"{killed}.log"
    assert "of the documents were tagged before" in log.read_text(encoding="utf-8")
    names = [f"{number}-of-{SHARDS}" for number in range(1, SHARDS + 1)]
    assert all((shards / f"{name}.jsonl.prov.json").is_file() for name in names)
    states = subprocess.run(["squeue", "-h", "-t", "all", "-o", "%k"], capture_output=True, text=True, check=True)
    submitted = [line for line in states.stdout.split() if line.startswith("rule_annotate_")]
    assert len(submitted) == SHARDS + 1, "one job a shard, and one more for the killed one"
