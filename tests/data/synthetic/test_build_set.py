"""From candidates to the instruction set: what is in it, where each part comes from, and the report."""

import csv
from pathlib import Path

import pytest

from markner.data.documents import Sentence, write_sentences
from markner.data.instructions import read_instances
from markner.data.synthetic.candidates import (
    Candidate,
    draw_seed,
    shown_to,
    writing_prompt,
)
from markner.data.synthetic.params import SelfInstructParams
from markner.data.synthetic.training_set import build_set
from markner.errors import MarknerError
from markner.files import read_json, read_jsonl, read_records, write_records
from markner.markup import unmark
from markner.study.schema.self_instruct import Filters

TRAIN = [
    "Mutations of <mark>CFTR</mark> cause cystic fibrosis .",
    "No gene is named here at all .",
    "The <mark>HBB</mark> and <mark>HBA1</mark> loci were sequenced .",
    "Levels of <mark>INS</mark> rose after the meal .",
]
WRITTEN = [
    "The kinase <mark>AKT1</mark> is switched on by growth factors .",
    "The kinase <mark>AKT1 is switched on by growth factors .",
    "Mutations of <mark>CFTR</mark> cause cystic fibrosis .",
    "Test animals without <mark>LEP</mark> eat more than others .",
    "Knock-out of <mark>HBB</mark> in zebrafish made them pale .",
]


def sentences(path: Path, marked: list[str], split: str) -> Path:
    rows = []
    for number, row in enumerate(marked, start=1):
        text, spans = unmark(row)
        rows.append(Sentence(f"c.{split}.{number}", "d", text, spans, spans))
    write_sentences(path, rows)
    return path


def build(folder: Path, written: list[str], shown: str = "c.train.1") -> Path:
    train = sentences(folder / "train.jsonl", TRAIN, "train")
    test = sentences(folder / "test.jsonl", [WRITTEN[3]], "test")
    candidates = folder / "candidates.jsonl"
    write_records(candidates, [Candidate(number, "w", 1, (shown,), raw, True) for number, raw in enumerate(written)])
    build_set(
        "own",
        SelfInstructParams(corpus="c", instruction="Mark genes.", seed_sentences=10, seed=1, filters=Filters()),
        candidates,
        train,
        [test],
        instructions=folder / "own.json",
        index=folder / "own.index.csv",
        verdicts=folder / "verdicts.jsonl",
        report=folder / "report.json",
        markdown=folder / "report.md",
    )
    return folder


def test_the_set_holds_the_seed_and_what_was_kept(tmp_path: Path) -> None:
    build(tmp_path, WRITTEN)
    rows = read_instances(tmp_path / "own.json")
    assert [row.output for row in rows] == [*TRAIN, WRITTEN[0], WRITTEN[4]]
    assert {row.instruction for row in rows} == {"Mark genes."}
    assert all(unmark(row.output)[0] == row.input for row in rows)
    with open(tmp_path / "own.index.csv", encoding="utf-8") as stream:
        origin = [(row["corpus"], row["sentence"]) for row in csv.DictReader(stream)]
    assert origin == [*(("c", f"c.train.{n}") for n in range(1, 5)), ("own", "candidate 0"), ("own", "candidate 4")]


def test_every_candidate_has_its_verdict_and_its_provenance(tmp_path: Path) -> None:
    build(tmp_path, WRITTEN)
    rows = list(read_jsonl(tmp_path / "verdicts.jsonl"))
    assert [row["reason"] for row in rows] == [None, "marks", "copy_of_seed", "copy_of_test", None]
    assert [row["kept"] for row in rows] == [True, False, False, False, True]
    assert [row["raw"] for row in rows] == WRITTEN
    assert all((row["model"], row["seed"], row["shown"]) == ("w", 1, ["c.train.1"]) for row in rows)
    report = read_json(tmp_path / "report.json")
    assert (report["candidates"], report["kept"], report["instances"]) == (5, 2, 6)
    assert sum(report["refused"].values()) + report["kept"] == report["candidates"]
    assert (report["kept_mentions"], report["kept_mentions_not_in_seed"]) == (2, 1)
    assert "| refused: copy of test | 1 |" in (tmp_path / "report.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("written", [[], ["nothing of use", "<mark>"]])
def test_without_a_valid_candidate_the_seed_is_the_set(tmp_path: Path, written: list[str]) -> None:
    build(tmp_path, written)
    assert [row.output for row in read_instances(tmp_path / "own.json")] == TRAIN
    assert read_json(tmp_path / "report.json")["kept_share"] == 0


def test_candidates_of_another_seed_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"candidate 0 was shown d\.train\.9, which is not in the seed"):
        build(tmp_path, WRITTEN, shown="d.train.9")


def test_the_seed_is_a_draw_that_grows(tmp_path: Path) -> None:
    train = sentences(tmp_path / "train.jsonl", TRAIN, "train")
    small, large = draw_seed(train, 2, 1), draw_seed(train, 3, 1)
    assert {row.id for row in small} < {row.id for row in large}
    assert draw_seed(train, 99, 1) == draw_seed(train, 4, 2)
    empty = sentences(tmp_path / "empty.jsonl", ["Nothing is marked here ."], "train")
    with pytest.raises(MarknerError, match="none of the 1 seed sentences has a mention"):
        draw_seed(empty, 5, 1)


def test_the_prompt_shows_mentions_and_ends_with_an_open_entry(tmp_path: Path) -> None:
    drawn = draw_seed(sentences(tmp_path / "train.jsonl", TRAIN, "train"), 4, 1)
    draws = [shown_to(number, drawn, 2, 1) for number in range(20)]
    assert all(len(shown) == 2 and all(row.spans for row in shown) for shown in draws)
    assert len({tuple(row.id for row in shown) for shown in draws}) > 3
    assert draws[7] == shown_to(7, drawn, 2, 1)
    prompt = writing_prompt("Sentences about {entity}:", "gene", draws[0])
    first, second = draws[0]
    assert prompt.splitlines()[0] == "Sentences about gene:"
    assert unmark(prompt.splitlines()[2].removeprefix("1. "))[0] == first.text
    assert unmark(prompt.splitlines()[3].removeprefix("2. "))[0] == second.text
    assert prompt.endswith("\n3.")


def test_candidates_come_back_from_their_file(tmp_path: Path) -> None:
    rows = [Candidate(3, "w", 2, ("a", "b"), "line\u2028separator", False)]
    write_records(tmp_path / "c.jsonl", rows)
    assert list(read_records(tmp_path / "c.jsonl", Candidate)) == rows
    (tmp_path / "c.jsonl").write_text('{"candidate": 1}\n')
    with pytest.raises(MarknerError, match="line 1: not a candidate"):
        list(read_records(tmp_path / "c.jsonl", Candidate))
