"""docs/add-a-rule.md is true: its code, added to a copy of the workflow, gives a rule with record, re-run and audit."""

import json
import re
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from tiny_study import command, copy_workflow, snakemake

from markner.data.documents import read_sentences

pytestmark = pytest.mark.slow

PAGE = (ROOT / "docs" / "add-a-rule.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^(In|New file) `([^`]+)`([^\n]*):\n\n```python\n(.*?)```", re.MULTILINE | re.DOTALL)
PAGES_RULE, PAGES_KEY = (BLOCK.findall(part) for part in PAGE.split("## A key of its own in the config\n"))
# The line before which a block goes into a file, by the words of the page; the end of the file for the others.
PLACES = {
    ", before `class Study`": "class Study(Settings):\n",
    ", among the fields of `Study`": "    tables: dict[Name, Table] =",
    ", among the imports": "\n\ninclude:",
}
CONFIG = "study.yaml"
RESULT = "results/mine/mention_lengths/genes.json"
SENTENCES = "results/mine/corpora/genes/tokenized/test.jsonl"


def add(folder: Path, kind: str, name: str, place: str, code: str) -> None:
    """Put one block of the page where the page says."""
    path = folder / name
    if kind == "New file":
        assert not path.exists()
        path.write_text(code, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    if place == ", at the end":
        path.write_text(f"{text}\n\n{code}", encoding="utf-8")
        return
    if place == ", instead of the class above":
        before = next(block[3] for block in PAGES_RULE if block[1] == name)
        assert text.count(before) == 1
        path.write_text(text.replace(before, code), encoding="utf-8")
        return
    anchor = PLACES[place]
    assert text.count(anchor) == 1, anchor
    gap = "\n\n" if anchor.startswith("class") else ""
    path.write_text(text.replace(anchor, code + gap + anchor), encoding="utf-8")


def write_study(folder: Path, longest: int | None = None) -> None:
    files = {"format": "iob", "test": "resources/sample/iob/gene/test.tsv"}
    corpus = {"entity": "gene", "variant": "tokenized", "tokenized": files, "sample": {"test": 20}}
    study = {"study": "mine", "corpora": {"genes": corpus}}
    section = {} if longest is None else {"mention_lengths": {"longest": longest}}
    (folder / CONFIG).write_text(yaml.safe_dump(study | section), encoding="utf-8")


def counted(folder: Path, longest: int) -> dict[str, int]:
    """Count the mentions in the sentence file, without the page's code."""
    counts: dict[str, int] = {}
    for sentence in read_sentences(folder / SENTENCES):
        for start, end in sentence.spans:
            length = min(sentence.text[start:end].count(" ") + 1, longest)
            counts[str(length)] = counts.get(str(length), 0) + 1
    return counts


def value(folder: Path) -> dict[str, int]:
    counts: dict[str, int] = json.loads((folder / RESULT).read_text(encoding="utf-8"))
    return counts


def jobs(text: str) -> set[str]:
    """Rules in the table of jobs that Snakemake prints."""
    return set(re.findall(r"^(\w+) +\d+$", text, re.MULTILINE)) - {"total"}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the workflow with the page's rule, and a small study."""
    folder = tmp_path_factory.mktemp("added")
    copy_workflow(folder)
    for block in PAGES_RULE:
        add(folder, *block)
    write_study(folder)
    return folder


def test_a_rule_touches_four_files() -> None:
    assert len(PAGES_RULE) + len(PAGES_KEY) == PAGE.count("```python")
    assert len({name for _, name, _, _ in PAGES_RULE}) == 4


AUDIT = ("-m", "markner.cli.main", "audit", RESULT, "--configfile", CONFIG)
PARAMS = "src/markner/evaluation/params.py"


def set_longest(folder: Path, before: str, after: str) -> None:
    text = (folder / PARAMS).read_text(encoding="utf-8")
    assert text.count(f"    longest: int = {before}\n") == 1
    (folder / PARAMS).write_text(
        text.replace(f"longest: int = {before}\n", f"longest: int = {after}\n"), encoding="utf-8"
    )


def test_the_rule_has_record_rerun_and_audit(checkout: Path) -> None:
    first = snakemake(checkout, RESULT, config=CONFIG)
    assert jobs(first) == {"fetch", "sentences", "mention_lengths"}
    record = json.loads((checkout / f"{RESULT}.prov.json").read_text(encoding="utf-8"))
    assert record["settings"] == {"longest": 5}
    parts = " ".join(record["code"]["parts"])
    assert "count_lengths" in parts
    assert "schema.study" not in parts  # `of` is planning and no part of the job's code
    assert value(checkout) == counted(checkout, 5)
    assert len(value(checkout)) > 1
    assert "Nothing to be done" in snakemake(checkout, RESULT, config=CONFIG)
    assert command(checkout, *AUDIT).stdout.startswith("FRESH")

    set_longest(checkout, "5", "1")
    assert command(checkout, *AUDIT, code=1).stdout.startswith("STALE")
    again = snakemake(checkout, RESULT, config=CONFIG)
    assert jobs(again) == {"mention_lengths"}
    assert value(checkout) == counted(checkout, 1)
    assert "Nothing to be done" in snakemake(checkout, RESULT, config=CONFIG)
    assert command(checkout, *AUDIT).stdout.startswith("FRESH")
    set_longest(checkout, "1", "5")


def test_a_key_of_the_config_runs_the_rule_again_if_its_value_is_another(checkout: Path) -> None:
    for block in PAGES_KEY:
        add(checkout, *block)
    assert jobs(snakemake(checkout, RESULT, config=CONFIG)) == {"mention_lengths"}
    assert value(checkout) == counted(checkout, 5)
    assert command(checkout, *AUDIT).stdout.startswith("FRESH")

    write_study(checkout, longest=1)
    assert command(checkout, *AUDIT, code=1).stdout.startswith("STALE")
    again = snakemake(checkout, RESULT, config=CONFIG)
    assert jobs(again) == {"mention_lengths"}
    assert value(checkout) == counted(checkout, 1)
    assert list(value(checkout)) == ["1"]
    assert "Nothing to be done" in snakemake(checkout, RESULT, config=CONFIG)
    assert command(checkout, *AUDIT).stdout.startswith("FRESH")
