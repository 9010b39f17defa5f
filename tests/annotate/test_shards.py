"""An annotation in shards is the annotation without, byte for byte, also if a shard was killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from forked import run_snakemake
from tagged_study import TAGGER, write_tiny_study

from markner.annotate import params
from markner.annotate.params import AnnotateParams, GatherParams
from markner.annotate.pipeline import BLOCK, AnnotationJob, annotate, tag_documents
from markner.annotate.shards import Shard, annotate_shard, gather_shards
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError
from markner.files import read_json
from markner.models.tagging import Tagged, load_system
from markner.study.loading import load_study_file

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


def write_texts(path: Path, count: int) -> Path:
    """Write as many documents, those of the sample corpus again and again, as JSON lines."""
    texts = [document.text for document in read_documents([SAMPLE], "auto", ReadOptions())]
    rows = ({"id": str(number), "text": texts[number % len(texts)] + " " * (number % 7)} for number in range(count))
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def job_of(results: Path, source: Path, output: Path | None, journal: Path | None = None) -> AnnotationJob:
    return AnnotationJob([str(source)], "auto", [TAGGER], results, output, "jsonl", journal)


@pytest.mark.parametrize("count", [0, 1, 3 * BLOCK, 4 * BLOCK + 7])
def test_three_shards_make_the_file_of_one_annotation(results: Path, tmp_path: Path, count: int) -> None:
    source = write_texts(tmp_path / "in.jsonl", count)
    annotate(job_of(results, source, tmp_path / "whole.jsonl"))
    shards = []
    for number in (3, 1, 2):
        part = tmp_path / f"{number}.jsonl"
        journal = tmp_path / f"{number}.journal"
        annotate_shard(job_of(results, source, None, journal), Shard(number, 3), part, tmp_path / f"{number}.json")
        assert not journal.exists()
        shards.append(part)
    gather_shards(job_of(results, source, tmp_path / "gathered.jsonl"), sorted(shards))
    assert (tmp_path / "gathered.jsonl").read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    costs = [read_json(tmp_path / f"{number}.json") for number in (1, 2, 3)]
    assert sum(each["documents"] for each in costs) == count
    assert {each["device"] for each in costs} == {"CPU"}


def test_an_interrupted_shard_goes_on_from_its_journal(results: Path, tmp_path: Path) -> None:
    source, shard = write_texts(tmp_path / "in.jsonl", 6 * BLOCK), Shard(1, 2)
    job = job_of(results, source, None, tmp_path / "a.journal")
    annotate_shard(job, shard, tmp_path / "straight.jsonl", tmp_path / "costs.json")
    lines = (tmp_path / "straight.jsonl").read_bytes().splitlines(keepends=True)
    assert len(lines) == 4
    head = json.dumps({"fingerprint": job.fingerprint()}).encode() + b"\n"
    (tmp_path / "a.journal").write_bytes(head + lines[1] + lines[2][:50])
    message = annotate_shard(job, shard, tmp_path / "resumed.jsonl", tmp_path / "costs.json")
    assert f"{BLOCK} of the documents were tagged before" in message
    assert (tmp_path / "resumed.jsonl").read_bytes() == b"".join(lines)


def test_shards_of_other_texts_are_an_error(results: Path, tmp_path: Path) -> None:
    source = write_texts(tmp_path / "in.jsonl", 3)
    journal = tmp_path / "a.journal"
    annotate_shard(job_of(results, source, None, journal), Shard(1, 1), tmp_path / "1.jsonl", tmp_path / "c.json")
    output = tmp_path / "out.jsonl"
    for count, place in ((2, "from their end on"), (4, "from document 3 on")):
        with pytest.raises(MarknerError, match=f"not those that were tagged, {place}"):
            gather_shards(job_of(results, write_texts(source, count), output), [tmp_path / "1.jsonl"])
    assert not output.exists()


def test_shards_are_put_together_without_the_settings_of_their_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    study = load_study_file(ROOT / "config" / "demo.yaml")
    (name, *_) = study.annotations
    assert AnnotateParams.of(study, {"annotation": name}).taggers
    monkeypatch.setattr(params, "tagger", None)
    assert GatherParams.of(study, {"annotation": name}).files == study.annotations[name].files


def test_a_file_that_cannot_be_read_is_an_error_before_the_first_document_is_tagged(
    results: Path, tmp_path: Path
) -> None:
    source = write_texts(tmp_path / "in.jsonl", 2 * BLOCK)
    with source.open("a", encoding="utf-8") as stream:
        stream.write("{")
    job = job_of(results, source, None, tmp_path / "a.journal")
    with pytest.raises(MarknerError, match=f"line {2 * BLOCK + 1}"):
        annotate_shard(job, Shard(1, 1), tmp_path / "1.jsonl", tmp_path / "c.json")
    assert not (tmp_path / "a.journal").exists()


@pytest.mark.parametrize("name", ["0-of-3", "4-of-3", "one", "1-of-3x"])
def test_what_is_no_shard_is_an_error(name: str) -> None:
    with pytest.raises(MarknerError, match="is no shard"):
        Shard.of(name)
    assert Shard.of("2-of-3") == Shard(2, 3)


class Failing:
    """A system that cannot tag a text with this word."""

    batch_size = 64

    def __init__(self, results: Path, word: str) -> None:
        self._system, self._word = load_system(TAGGER, results), word

    def tag(self, sentences: Sequence[str], documents: Sequence[str] | None = None) -> list[Tagged]:
        if self._word in " ".join(sentences):
            raise RuntimeError("CUDA error: an illegal memory access")
        return self._system.tag(sentences, documents)


def test_a_document_that_cannot_be_tagged_is_named(results: Path) -> None:
    documents = list(read_documents([SAMPLE], "auto", ReadOptions()))
    broken = replace(documents[3], id="the-one", text=documents[3].text[:-6] + "broken")
    with pytest.raises(MarknerError, match="document the-one cannot be tagged: CUDA error"):
        list(tag_documents([*documents[:3], broken, *documents[4:]], [Failing(results, "broken")]))


RULES = ("annotate", "gather_annotation", "annotations", "taggers")
SNAKEMAKE = (
    *("-c1", "--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"),
    *("--allowed-rules", *RULES, "--rerun-triggers", "mtime"),
)


@pytest.mark.slow
def test_the_workflow_scatters_and_gathers_and_a_killed_shard_goes_on(tmp_path: Path) -> None:
    results = write_tiny_study(tmp_path)
    study = yaml.safe_load((tmp_path / "study.yaml").read_text(encoding="utf-8"))
    write_texts(tmp_path / "texts" / "in.jsonl", 12 * BLOCK)
    own = study["annotations"]["own"] | {"output": "jsonl"}
    study["annotations"] = {"whole": own, "in-shards": own | {"shards": 3}}
    (tmp_path / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    for name in ("weights/m", "corpora/c/tokenized"):
        (results / name).mkdir(parents=True, exist_ok=True)
    environment = os.environ | {"HF_HUB_OFFLINE": "1"}
    journals = results / "checkpoints" / "shards" / "in-shards"
    shards = "results/tiny/shards/in-shards/{}-of-3.jsonl"
    process = subprocess.Popen(
        [sys.executable, "-m", "snakemake", *SNAKEMAKE, "--", shards.format(2)],
        cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    journal = journals / "2-of-3.journal"
    while process.poll() is None and (not journal.is_file() or journal.read_bytes().count(b"\n") < 2):
        time.sleep(0.002)
    os.killpg(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / shards.format(2)).exists()
    assert journal.read_bytes().count(b"\n") >= 2
    done = run_snakemake(tmp_path, *SNAKEMAKE, "--unlock", environment=environment)
    assert done.returncode == 0, done.stdout
    done = run_snakemake(tmp_path, *SNAKEMAKE, "--rerun-incomplete", "--", "annotations", environment=environment)
    assert done.returncode == 0, done.stdout
    gathered, whole = (results / "annotations" / name / "annotations.jsonl" for name in ("in-shards", "whole"))
    assert gathered.read_bytes() == whole.read_bytes() != b""
    for number in (1, 2, 3):
        assert (tmp_path / f"{shards.format(number)}.prov.json").is_file()
    log = results / "logs" / "annotate" / "in-shards" / "2-of-3.log"
    assert "of the documents were tagged before" in log.read_text(encoding="utf-8")
