from pathlib import Path

from conftest import ROOT
from example import TABLE, grid_files, score_files

from markner.reporting.answers import Answer
from markner.reporting.answers import Tested as PairedTest
from markner.reporting.questions import Comparison
from markner.reporting.results import cells
from markner.reporting.summary import summary
from markner.study.schema.corpora import Corpus, CorpusSource
from markner.study.schema.study import Study

PAPER = ROOT / "resources" / "paper" / "tables.json"
CORPUS = Corpus(entity="gene", variant="tokenized", tokenized=CorpusSource(format="iob", test="test.tsv"))


def test_the_summary(tmp_path: Path) -> None:
    study = Study(study="trial", question="Is [this] it?", corpora={"a": CORPUS}, tables={"main": TABLE})
    gathered = cells(TABLE, score_files(tmp_path / "work"), grid_files(tmp_path / "work"), PAPER)
    results = tmp_path / "results" / "trial"
    (results / "tables").mkdir(parents=True)
    text = summary(study, {"main": gathered}, results)
    lines = text.splitlines()
    assert lines[0] == "Study trial: Is [this] it?"
    (tuned,) = [line.split() for line in lines if line.strip().startswith("Tuned LLaMA")]
    assert [*tuned[4:5], *tuned[6:]] == ["0.800", "1.000", "0.880", "-0.080", "2"]
    (gpt,) = [line.split() for line in lines if line.strip().startswith("GPT-4")]
    assert gpt[-6:] == ["–", "–", "–", "0.493", "–", "–"]
    assert f"  tables       {results / 'tables'}  (CSV, Markdown, LaTeX)" in lines
    assert "figures" not in text
    assert "\x1b" not in text


def test_the_answers_stand_in_the_summary_and_empty_ones_do_not(tmp_path: Path) -> None:
    study = Study(study="trial", corpora={"a": CORPUS})
    pair = Comparison(topic="tuning", corpus="a", a="one", b="two", label_a="One", label_b="[Two]", table="", figure="")
    test = PairedTest(pair, 0.5, 0.25, 0.25, 0.1, 0.4, 0.004, True, 120, 1)
    nothing = Answer("prompt", (PairedTest(pair, 0, 0, 0, 0, 0, 1, False, 1200, 1),))
    lines = summary(study, {}, tmp_path, [Answer("tuning", (test,)), nothing]).splitlines()
    assert lines[1:] == [
        "Does tuning help? The tuned model is better than the same model untuned on a.",
        "  a: One 0.500, [Two] 0.250; difference +0.250 (95 % interval +0.100 to +0.400), p = 0.004, 120 sentences.",
        "",
        "Results:",
    ]
