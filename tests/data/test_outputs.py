"""An output is checked before anything is read: it replaces no other files, and does not fail at the end."""

import shutil
from collections.abc import Iterable
from pathlib import Path

import pytest

from markner.cli.main import main
from markner.data.documents import Document
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.conversion import convert
from markner.data.formats.document_files import STANDARD_INPUT, check_output, write_documents
from markner.errors import MarknerError
from markner.study.schema.formats import OutputFormat


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A current folder with inputs, and with folders and a file that an output could replace."""
    monkeypatch.chdir(tmp_path)
    files = {
        "in.jsonl": '{"id": "1", "text": "Gout", "spans": [[0, 4, "Disease"]]}\n',
        "abstracts/a.txt": "Gout",
        "abstracts/sub/b.txt": "Gout",
        "gold/d.txt": "Gout",
        "gold/d.ann": "T1\tDisease 0 4\tGout\n",
        "gold/sub/e.txt": "Gout",
        "gold/sub/e.ann": "",
        "notes/thesis.tex": "A thesis.",
        "texts/only.txt": "A text.",
        "mixed/d.txt": "Gout",
        "mixed/d.ann": "",
        "mixed/sub/notes": "My notes.",
        "plain": "A file.",
    }
    for name, content in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    (tmp_path / "empty").mkdir()
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


REFUSED: list[tuple[str, OutputFormat, str, str]] = [
    ("notes", "brat", "in.jsonl", "not a brat folder: it has thesis.tex"),
    ("texts", "brat", "in.jsonl", "not a brat folder: it has only.txt"),
    ("mixed", "brat", "in.jsonl", "not a brat folder: it has sub/notes"),
    ("plain", "brat", "in.jsonl", "plain is a file, but brat is written to a folder"),
    ("plain/out", "brat", "in.jsonl", "plain is a file, not a folder"),
    ("plain/out.jsonl", "jsonl", "in.jsonl", "plain is a file, not a folder"),
    ("notes", "jsonl", "in.jsonl", "notes is a folder, but jsonl is written to a file"),
    (".", "brat", STANDARD_INPUT, "the current folder cannot be replaced"),
    ("..", "brat", STANDARD_INPUT, "the current folder cannot be replaced"),
    (".", "brat", "in.jsonl", r"would replace input files \(in.jsonl\)"),
    ("in.jsonl", "jsonl", "in.jsonl", r"would replace input files \(in.jsonl\)"),
    ("abstracts", "brat", "abstracts", r"would replace input files \(abstracts\)"),
    ("gold", "brat", "gold", r"would replace input files \(gold\)"),
    ("gold", "brat", "gold/d.txt", r"would replace input files \(gold/d.txt\)"),
    ("gold/sub", "brat", "gold", r"would replace input files \(gold\)"),
    ("-", "jsonl", "in.jsonl", "- is standard input, not an output"),
    ("abstracts/a.txt", "pubtator", "abstracts", r"would replace input files \(abstracts\)"),
]


@pytest.mark.parametrize(("output", "form", "given", "message"), REFUSED)
def test_an_output_that_would_replace_other_files_is_refused(
    folder: Path, output: str, form: OutputFormat, given: str, message: str
) -> None:
    before = contents(folder)
    with pytest.raises(MarknerError, match=message):
        check_output(Path(output), form, [given], "auto")
    if given != STANDARD_INPUT:
        with pytest.raises(MarknerError, match=message):
            convert([given], "auto", Path(output), form, ReadOptions())
    assert contents(folder) == before


ACCEPTED: list[tuple[str, OutputFormat, Iterable[str]]] = [
    ("new", "brat", ["in.jsonl", STANDARD_INPUT]),
    ("new/inner", "brat", ["in.jsonl"]),
    ("empty", "brat", ["in.jsonl"]),
    ("gold", "brat", ["in.jsonl"]),
    ("plain", "jsonl", ["in.jsonl"]),
    ("gold/d.jsonl", "jsonl", ["gold"]),
    ("abstracts/new.jsonl", "jsonl", ["abstracts"]),
]


@pytest.mark.parametrize(("output", "form", "inputs"), ACCEPTED)
def test_other_outputs_are_accepted(output: str, form: OutputFormat, inputs: list[str]) -> None:
    check_output(Path(output), form, inputs, "auto")


def test_brat_needs_an_output_before_anything_is_read() -> None:
    with pytest.raises(MarknerError, match="brat standoff is a folder of files"):
        check_output(None, "brat", ["in.jsonl"], "auto")
    check_output(None, "jsonl", ["in.jsonl"], "auto")


def test_every_brat_folder_that_was_written_is_replaced_by_the_next_run(folder: Path) -> None:
    names = ("a", "a", "b.c", ".d", "e.txt", "f/g.ann", "../h", "", ".")
    for _ in range(2):
        check_output(Path("out"), "brat", ["in.jsonl"], "auto")
        write_documents([Document(name, "x", ()) for name in names], Path("out"), "brat")
    assert len(list((folder / "out").rglob("*.txt"))) == 9


def test_of_a_linked_folder_the_named_one_is_replaced(folder: Path) -> None:
    (folder / "link").symlink_to("gold")
    assert main(["convert", "in.jsonl", "link"]) == 0
    assert (folder / "link").is_symlink()
    assert sorted(path.name for path in (folder / "gold").iterdir()) == ["1.ann", "1.txt"]


def test_the_command_can_be_repeated_and_names_its_refusal(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        assert main(["convert", "in.jsonl", "own"]) == 0
    shutil.copy("notes/thesis.tex", "own")
    assert main(["convert", "in.jsonl", "own"]) == 64
    assert "error: own exists and is not a brat folder: it has thesis.tex" in capsys.readouterr().err
    assert (folder / "own" / "thesis.tex").is_file()
