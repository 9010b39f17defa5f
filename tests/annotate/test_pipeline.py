"""Real abstracts through a real model into every format and back; killed and resumed."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal, get_args

import pytest
from conftest import ROOT
from forked import python, run_snakemake
from tagged_study import TAGGER, write_tiny_study

from markner.annotate.pipeline import BLOCK, AnnotationJob, annotate, fill_journal, journal_of, merge_mentions
from markner.data.documents import Document, Mention
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import file_in, read_documents
from markner.data.sentences import document_sentences
from markner.errors import MarknerError
from markner.study.schema.formats import InputFormat, OutputFormat

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"
FORMATS: tuple[Literal["pubtator", "bioc-xml", "bioc-json", "jsonl"], ...] = (
    "pubtator",
    "bioc-xml",
    "bioc-json",
    "jsonl",
)


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_study(tmp_path_factory.mktemp("study"))


def rows(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield json.loads(line)


def read(paths: list[Path], form: InputFormat = "auto") -> list[Document]:
    return list(read_documents(paths, form, ReadOptions(mentions=False)))


def run(results: Path, source: list[Path], output: Path, kind: OutputFormat) -> str:
    paths = [str(path) for path in source]
    return annotate(AnnotationJob(paths, "auto", [TAGGER], results, output, kind, journal_of(paths, output)))


def test_sentences_of_a_document_lie_in_its_parts() -> None:
    for document in read_documents([SAMPLE], "auto", ReadOptions()):
        bounds = document_sentences(document)
        assert bounds == sorted(bounds)
        assert all(any(part.start <= a < b <= part.end for part in document.passages) for a, b in bounds)


def test_of_one_type_the_longest_counts_and_types_may_overlap() -> None:
    mentions = [scored(*each) for each in [(0, 4, "gene"), (0, 9, "gene"), (12, 14, "gene"), (3, 5, "disease")]]
    assert merge_mentions(mentions) == (scored(0, 9, "gene"), scored(3, 5, "disease"), scored(12, 14, "gene"))


def scored(start: int, end: int, kind: str, confidence: float = 0.5) -> Mention:
    return Mention(start, end, kind, confidence=confidence)


def test_the_threshold_counts_before_overlaps_and_of_equal_mentions_the_surest_stays() -> None:
    short, long = scored(0, 4, "gene", 0.9), scored(0, 9, "gene", 0.4)
    assert merge_mentions([short, long]) == (long,)
    assert merge_mentions([short, long, short._replace(confidence=0.7)], 0.5) == (short,)
    assert merge_mentions([long], 0.4) == (long,)
    assert merge_mentions([long, long._replace(confidence=0.6)]) == (long._replace(confidence=0.6),)


def test_each_mention_has_its_score_and_the_threshold_leaves_out_lower_ones(results: Path, tmp_path: Path) -> None:
    written: dict[float, list[tuple[int, int, int, float]]] = {}
    for threshold in (0.0, 0.5):
        output = tmp_path / f"{threshold}.jsonl"
        annotate(AnnotationJob([str(SAMPLE)], "auto", [TAGGER], results, output, "jsonl", None, threshold))
        written[threshold] = [
            (number, mention["start"], mention["end"], mention["score"])
            for number, row in enumerate(rows(output))
            for mention in row["mentions"]
        ]
    assert all(0 <= mention[3] <= 1 for mention in written[0.0])
    assert written[0.5] == [mention for mention in written[0.0] if mention[3] >= 0.5]
    assert 0 < len(written[0.5]) < len(written[0.0])


def test_a_threshold_that_is_no_probability_is_an_error(results: Path) -> None:
    done = subprocess.run(
        command("--min-confidence", "1.5", str(SAMPLE)),
        cwd=results.parents[1], capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "1.5: must be from 0 to 1" in done.stderr


def test_two_runs_are_put_together(results: Path, tmp_path: Path) -> None:
    other = TAGGER.model_copy(update={"instructions": {"gene": ""}})
    job = AnnotationJob([str(SAMPLE)], "auto", [TAGGER, other], results, tmp_path / "out.jsonl", "jsonl", None)
    message = annotate(job)
    for row in rows(tmp_path / "out.jsonl"):
        kinds = [mention["type"] for mention in row["mentions"]]
        assert kinds.count("gene") == kinds.count("disease")
    assert "documents a second" in message


def test_texts_without_a_sentence_pass_through(results: Path, tmp_path: Path) -> None:
    source = tmp_path / "in.jsonl"
    source.write_text('{"id": "a", "text": ""}\n{"id": "b", "text": " \\n"}\n', encoding="utf-8")
    run(results, [source], tmp_path / "out.jsonl", "jsonl")
    assert [(row["id"], row["mentions"]) for row in rows(tmp_path / "out.jsonl")] == [("a", []), ("b", [])]


@pytest.mark.parametrize("form", [form for form in get_args(OutputFormat) if form != "iob"])
def test_every_format_is_written_with_the_same_mentions(results: Path, tmp_path: Path, form: OutputFormat) -> None:
    run(results, [SAMPLE], tmp_path / "first.jsonl", "jsonl")
    run(results, [SAMPLE], file_in(tmp_path, form), form)
    expected = [[(each["start"], each["end"]) for each in row["mentions"]] for row in rows(tmp_path / "first.jsonl")]
    written = read_documents([file_in(tmp_path, form)], form, ReadOptions())
    spans_by_id = {document.id: [mention[:2] for mention in document.mentions] for document in written}
    assert spans_by_id == {
        row["id"]: spans for row, spans in zip(rows(tmp_path / "first.jsonl"), expected, strict=True)
    }
    assert sum(map(len, expected)) > 100


def test_an_empty_file_is_a_document_without_mentions(results: Path, tmp_path: Path) -> None:
    (tmp_path / "empty.txt").write_bytes(b"")
    run(results, [tmp_path / "empty.txt"], tmp_path / "out.jsonl", "jsonl")
    assert list(rows(tmp_path / "out.jsonl")) == [{"id": "empty", "text": "", "mentions": []}]


def abstracts(mirror: Path) -> list[Path]:
    """1,092 real abstracts, in PubTator and BioC."""
    return [mirror / "ncbi-disease" / "NCBItrainset_corpus.txt", mirror / "bc5cdr" / "CDR_TrainingSet.BioC.xml"]


@pytest.mark.slow
@pytest.mark.corpora
def test_a_thousand_abstracts_fit_their_text_in_every_format(
    results: Path, corpora_mirror: Path, tmp_path: Path
) -> None:
    source = read(abstracts(corpora_mirror))
    assert len(source) > 1000
    run(results, abstracts(corpora_mirror), tmp_path / "first.jsonl", "jsonl")
    first = list(rows(tmp_path / "first.jsonl"))
    assert [(row["id"], row["text"]) for row in first] == [(document.id, document.text) for document in source]
    assert sum(len(row["mentions"]) for row in first) > 1000
    assert all(row["text"][m["start"] : m["end"]] == m["text"] for row in first for m in row["mentions"])
    expected = [[(m["start"], m["end"], m["type"]) for m in row["mentions"]] for row in first]
    for form in FORMATS:
        # Written in the format, read and tagged again from it: the same text, the same mentions at the same places.
        out = tmp_path / f"again.{form}"
        run(results, abstracts(corpora_mirror), out, form)
        again = read([out], form)
        assert [document.id for document in again] == [document.id for document in source]
        assert [document.text.replace("\n", " ") for document in again] == [
            document.text.replace("\n", " ") for document in source
        ]
        annotate(AnnotationJob([str(out)], form, [TAGGER], results, tmp_path / "second.jsonl", "jsonl", None))
        second = [
            [(m["start"], m["end"], m["type"]) for m in row["mentions"]] for row in rows(tmp_path / "second.jsonl")
        ]
        if form != "jsonl":  # whose text is one part, so that a title without a full stop is no sentence of its own
            assert second == expected, form
    # As plain text, a file each: brat's text is the same file, byte for byte.
    folder = tmp_path / "texts"
    folder.mkdir()
    for number, document in enumerate(source):
        (folder / f"{number:04d}.txt").write_bytes(document.text.encode())
    run(results, [folder], tmp_path / "brat", "brat")
    for path in sorted(folder.iterdir()):
        written = tmp_path / "brat" / path.name
        assert written.read_bytes() == path.read_bytes()
        text = path.read_bytes().decode()
        for line in written.with_suffix(".ann").read_text(encoding="utf-8").splitlines():
            if line.startswith("#"):
                continue  # the confidence
            _, place, surface = line.split("\t")
            fragments = [tuple(map(int, piece.split())) for piece in place.split(" ", 1)[1].split(";")]
            assert " ".join(text[start:end] for start, end in fragments) == surface


def command(*arguments: str, program: str = sys.executable) -> list[str]:
    return [program, "-m", "markner.cli.main", "annotate", "--configfile", "study.yaml", "--run", "tiny", *arguments]


@pytest.mark.slow
def test_killed_and_resumed_nothing_is_lost_or_done_twice(results: Path, tmp_path: Path) -> None:
    folder = results.parents[1]
    source = tmp_path / "in.jsonl"
    texts = [document.text for document in read([SAMPLE])]
    lines = (json.dumps({"id": number, "text": texts[number % len(texts)]}) for number in range(4000))
    source.write_text("\n".join(lines) + "\n", encoding="utf-8")
    whole, output = tmp_path / "whole.jsonl", tmp_path / "out.jsonl"
    asked = command(str(source), "--output", str(whole), program=python())
    subprocess.run(asked, cwd=folder, check=True, capture_output=True)
    journal = journal_of([str(source)], output)
    assert journal is not None
    process = subprocess.Popen(command(str(source), "--output", str(output)), cwd=folder, stderr=subprocess.DEVNULL)
    while process.poll() is None and (not journal.is_file() or journal.read_bytes().count(b"\n") < 3):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert process.returncode == -signal.SIGKILL
    assert not output.exists()
    before = journal.read_bytes()
    journal.write_bytes(before + b'[["torn')
    asked = command(str(source), "--output", str(output), program=python())
    done = subprocess.run(asked, cwd=folder, check=True, capture_output=True, text=True)
    assert "of the documents were tagged before" in done.stderr
    assert output.read_bytes() == whole.read_bytes()
    assert not journal.exists()


def test_an_output_with_other_files_is_refused_before_tagging_and_a_repeated_run_is_not(
    results: Path, tmp_path: Path
) -> None:
    source, output = tmp_path / "texts", tmp_path / "notes"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "a.txt").write_text("Mice had ataxia.", encoding="utf-8")
    for _ in range(2):
        run(results, [source], output, "brat")
    assert (output / "sub" / "a.ann").is_file()
    (output / "thesis.tex").write_text("A thesis.", encoding="utf-8")
    untrained = tmp_path / "no results"
    for refused, message in (
        (output, "it has thesis.tex"),
        (source, "would replace input files"),
        (Path(), "current folder cannot be replaced"),
    ):
        with pytest.raises(MarknerError, match=message):
            run(untrained, [source], refused, "brat")
    with pytest.raises(MarknerError, match="is a folder, but jsonl is written to a file"):
        run(untrained, [source], output, "jsonl")
    assert (output / "thesis.tex").is_file()
    assert not list(tmp_path.glob(".*"))


LIMITED = """
import resource, sys
from markner.cli.main import main

for limit in (int(sys.argv[1]), resource.RLIM_INFINITY):
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
    print("ended with", main(sys.argv[2:]), file=sys.stderr)
"""
"""Runs `markner` where no file may have more bytes than the first argument, as on a full disk, and once more."""


@pytest.mark.parametrize(
    ("kind", "full"),
    [("jsonl", "head of journal"), ("jsonl", "journal"), ("jsonl", "output"), ("brat", "output")],
)
def test_a_full_disk_loses_nothing(results: Path, tmp_path: Path, kind: OutputFormat, full: str) -> None:
    (tmp_path / "texts").mkdir()
    for number in range(BLOCK + 10):
        text = f"Mild colitis {number}." + (" " * 10**6 if number == BLOCK else "")
        (tmp_path / "texts" / f"{number:02}.txt").write_text(text, encoding="utf-8")
    expected, output = tmp_path / "expected", tmp_path / "output" / "tagged"
    output.parent.mkdir()
    run(results, [tmp_path / "texts"], expected, kind)
    journal = journal_of([], output)
    assert journal is not None
    job = AnnotationJob([str(tmp_path / "texts")], "auto", [TAGGER], results, None, kind, None)
    fill_journal(job, tmp_path / "journal", job.documents, None)
    whole = (tmp_path / "journal").stat().st_size
    limit = {"head of journal": 10, "journal": whole - 10, "output": whole + 10}[full]
    arguments = ["annotate", str(tmp_path / "texts"), "--to", kind, "--output", str(output), "--run", "tiny"]
    command = [python(), "-c", LIMITED, str(limit), *arguments, "--configfile", "study.yaml"]
    ended = subprocess.run(command, cwd=results.parents[1], capture_output=True, text=True)
    assert re.findall(r"ended with (\d+)", ended.stderr) == ["64", "0"], ended.stderr
    place = re.findall("error: (.*): File too large\nfix: make room", ended.stderr)[0]
    assert place == str(output if full == "output" else journal)
    before = {"head of journal": [], "journal": [f"{BLOCK}"], "output": [f"{BLOCK + 10}"]}[full]
    assert re.findall(r"(\d+) of the documents were tagged before", ended.stderr) == before
    assert [path.name for path in output.parent.iterdir()] == [output.name]
    files = sorted(path for path in [expected, *expected.rglob("*")] if path.is_file())
    assert files
    for file in files:
        assert (output / file.relative_to(expected)).read_bytes() == file.read_bytes()


@pytest.mark.parametrize("damage", [b"\0" * 40, b"[[1, 2]]", b"null", b'[["x", [[0]], 1, {}]]', b'{"a": 1}'])
def test_a_damaged_line_of_a_journal_and_all_behind_it_are_tagged_again(
    results: Path, tmp_path: Path, damage: bytes
) -> None:
    source, output = tmp_path / "texts.jsonl", tmp_path / "tagged.jsonl"
    source.write_text("".join(f'{{"id": "{n}", "text": "Colitis {n}."}}\n' for n in range(120)), encoding="utf-8")
    run(results, [source], tmp_path / "expected.jsonl", "jsonl")
    journal = journal_of([str(source)], output)
    assert journal is not None
    job = AnnotationJob([str(source)], "auto", [TAGGER], results, output, "jsonl", journal)
    fill_journal(job, journal, job.documents, None)
    head, first, _, third = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(head + first + damage + b"\n" + third)
    assert "50 of the documents were tagged before" in annotate(job)
    assert output.read_bytes() == (tmp_path / "expected.jsonl").read_bytes()


def test_a_character_that_the_output_cannot_hold_is_an_error_before_tagging(results: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "from-a-pdf.txt", tmp_path / "tagged.xml"
    source.write_text("Page one.\fPage two: colitis.", encoding="utf-8")
    with pytest.raises(MarknerError, match="from-a-pdf: holds a character that XML cannot hold"):
        run(results / "not there", [source], output, "bioc-xml")
    assert [path.name for path in tmp_path.iterdir()] == [source.name]
    run(results, [source], output, "bioc-json")


def test_texts_that_changed_since_are_tagged_anew(results: Path, tmp_path: Path) -> None:
    source, output = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("".join(f'{{"text": "Mice had ataxia {n}."}}\n' for n in range(3)), encoding="utf-8")
    run(results, [source], output, "jsonl")
    first = output.read_bytes()
    journal = journal_of([str(source)], output)
    assert journal is not None
    # A journal whose documents are others, as if it had been stopped before the file was changed.
    journal.write_text(json.dumps({"fingerprint": "another"}) + "\n" + json.dumps([["x", [], 1, {}]]) + "\n")
    message = run(results, [source], output, "jsonl")
    assert "tagged before" not in message
    assert output.read_bytes() == first


def test_standard_input_to_standard_output(results: Path) -> None:
    folder = results.parents[1]
    text = "Ataxia in mice.\n\nThey had ataxia."
    done = subprocess.run(command("-"), cwd=folder, input=text.encode(), capture_output=True, check=True)
    assert json.loads(done.stdout)["text"] == text
    assert b"1 document, 2 sentences" in done.stderr


def test_a_reader_that_ends_early_causes_no_traceback(results: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        command("-"), cwd=results.parents[1], input=b"Ataxia in mice.", stdout=writer, stderr=subprocess.PIPE
    )
    os.close(writer)
    assert (done.returncode, b"Error" in done.stderr) == (128 + signal.SIGPIPE, False)


@pytest.mark.parametrize(
    ("run_name", "message"),
    [("gone", "has no run gone"), ("tiny@9", "no seed 9"), ("tiny:gene", "finds disease only")],
)
def test_a_run_that_is_not_there_is_an_error(results: Path, run_name: str, message: str) -> None:
    folder = results.parents[1]
    arguments = ["annotate", "--configfile", "study.yaml", "--run", run_name, str(SAMPLE)]
    done = subprocess.run(
        [python(), "-m", "markner.cli.main", *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 64
    assert message in done.stderr
    assert "fix:" in done.stderr


def test_the_workflow_annotates_a_configured_collection(results: Path) -> None:
    folder = results.parents[1]
    texts = folder / "texts"
    texts.mkdir(exist_ok=True)
    (texts / "one.txt").write_text("Mice had ataxia.", encoding="utf-8")
    for name in ("weights/m", "corpora/c/tokenized"):
        (results / name).mkdir(parents=True, exist_ok=True)
    # The run's training lies outside of this test: its model is taken as it is.
    arguments = [
        "--configfile",
        "study.yaml",
        "--allowed-rules",
        "annotate",
        "gather_annotation",
        "annotations",
        "taggers",
        "--rerun-triggers",
        "mtime",
    ]
    done = run_snakemake(
        folder, "-c1", "--snakefile", str(ROOT / "Snakefile"), *arguments, "--", "annotations",
        environment=os.environ | {"HF_HUB_OFFLINE": "1"},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
    written = results / "annotations" / "own" / "brat" / "one.txt"
    assert written.read_text(encoding="utf-8") == "Mice had ataxia."
    assert (results / "annotations" / "own.prov.json").is_file()
