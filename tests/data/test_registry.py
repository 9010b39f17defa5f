"""The registry of corpus files, and identifiers that fill a pattern."""

import hashlib
import json
from pathlib import Path

import pytest

from markner.data.fetching.fetch import fetch, fetch_corpus
from markner.data.fetching.registry import local_files, registry
from markner.errors import MarknerError
from markner.study.schema.corpora import Corpus


def test_an_unknown_name_suggests_close_ones(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"did you mean ncbi-disease/NCBItrainset_corpus\.txt"):
        fetch(["ncbi-disease/NCBItrainset_corpsu.txt"], tmp_path, None)


def test_identifiers_fill_the_pattern(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("ids.txt").write_text("8\n\n7\n")
    for identifier in "78":
        Path(f"{identifier}.xml").write_text(identifier)
    text = {"format": "bioc-xml", "test": {"ids": "ids.txt", "pattern": "{id}.xml"}}
    corpus = Corpus.model_validate({"entity": "gene", "variant": "raw", "raw": text})
    rows = fetch_corpus(corpus, tmp_path / "raw", None)
    assert [row["name"] for row in rows] == ["local/7.xml", "local/8.xml", "local/ids.txt"]
    written = json.loads((tmp_path / "raw/files.json").read_text())
    assert written == [{key: row[key] for key in row if key != "source"} for row in rows]
    assert local_files(corpus) == ["ids.txt", "8.xml", "7.xml"]
    Path("ids.txt").write_text("7\n8\n 7\n")
    with pytest.raises(MarknerError, match=r"^ids\.txt, line 3: 7 occurs a second time"):
        fetch_corpus(corpus, tmp_path / "raw", None)
    Path("ids.txt").write_text("../7\n")
    assert local_files(corpus) == ["ids.txt"]
    with pytest.raises(MarknerError, match=r"^ids\.txt, line 1: '\.\./7' is not a document identifier"):
        fetch_corpus(corpus, tmp_path / "raw", None)


def test_every_entry_of_the_registry_has_a_pinned_source() -> None:
    entries = registry()
    assert len(entries) > 590
    for name, known in entries.items():
        assert known.licence
        assert known.sha256 is not None
        assert len(known.sha256) == 64
        assert ".." not in name
        # A commit's hash stands in the address, so that the bytes cannot change.
        assert any(len(part) == 40 for source in known.sources for part in source.url.split("/")), name


@pytest.mark.corpora
def test_the_registry_agrees_with_the_mirror(corpora_mirror: Path) -> None:
    for name, known in registry().items():
        content = (corpora_mirror / name).read_bytes()
        assert (hashlib.sha256(content).hexdigest(), len(content)) == (known.sha256, known.bytes), name
