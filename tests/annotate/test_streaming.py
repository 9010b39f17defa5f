"""Texts stream through an annotation: its peak memory does not grow with their number."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from conftest import ROOT
from tagged_study import write_tiny_study
from test_pipeline import command

from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"
BLANKS = 50_000


def peak_megabytes(folder: Path, count: int) -> float:
    """Annotate as many documents, each with many blanks at its end, and return the peak memory of the process."""
    texts = [document.text for document in read_documents([SAMPLE], "auto", ReadOptions(mentions=False))]
    source, output = folder / f"{count}.jsonl", folder / f"{count}.out.jsonl"
    with source.open("w", encoding="utf-8") as stream:
        for number in range(count):
            stream.write(json.dumps({"id": number, "text": texts[number % len(texts)] + " " * BLANKS}) + "\n")
    process = subprocess.Popen(command(str(source), "--output", str(output)), cwd=folder, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = status
    assert status == 0
    with output.open(encoding="utf-8") as stream:
        assert sum(1 for _ in stream) == count
    return usage.ru_maxrss / 1024


@pytest.mark.slow
def test_four_times_the_documents_take_no_more_memory(tmp_path: Path) -> None:
    write_tiny_study(tmp_path)
    few, many = peak_megabytes(tmp_path, 400), peak_megabytes(tmp_path, 1600)
    assert many - few < 20, "the texts of 1,200 documents are 60 MB"
