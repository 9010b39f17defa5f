"""The committed predictions of the real study: no text is in them, and the committed tables come from them."""

import json
import subprocess
import tarfile
from pathlib import Path

import pytest
from conftest import ROOT

from markner.study.loading import load_study_file

MEASURED = ROOT / "docs" / "measured" / "real-cpu"


def predictions() -> dict[str, list[dict[str, object]]]:
    """The lines of each file of the archive, by its name."""
    with tarfile.open(MEASURED / "predictions.tar.xz") as tar:
        files = {member.name: tar.extractfile(member) for member in tar}
        return {name: [json.loads(line) for line in file] for name, file in files.items() if file}


def test_the_archive_holds_spans_and_no_text() -> None:
    archive = predictions()
    assert archive
    for name, lines in archive.items():
        assert lines, name
        for line in lines:
            assert set(line) <= {"id", "spans", "status", "raw", "confidences"}, name
            assert line["raw"] is None, name


def test_each_file_belongs_to_a_run_of_the_study() -> None:
    study = load_study_file(ROOT / "config" / "real-cpu.yaml")
    for path in map(Path, predictions()):
        _, run, seed, *_, last = path.parts
        corpus = path.parts[4] if path.parts[3] == "grid" else last.removesuffix(".jsonl")
        assert corpus in study.runs[run].evaluate, path
        assert seed in {f"seed{number}" for number in study.runs[run].seeds}, path


@pytest.mark.corpora
@pytest.mark.slow
def test_the_tables_are_made_again_byte_for_byte(corpora_mirror: Path) -> None:
    command = ["make", "replay-real", f"MIRROR={corpora_mirror}", "--assume-old=.venv/installed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    assert "byte for byte" in done.stdout
