"""Score files for tests, made by the scorer itself."""

from pathlib import Path

from markner.data.documents import Sentence, Span, write_sentences
from markner.evaluation.matches import MATCHES
from markner.evaluation.score import score
from markner.evaluation.significance import compare
from markner.files import read_json, write_json
from markner.predictions import Prediction, Status, write_predictions
from markner.reporting.results import Key
from markner.study.schema.study import Scoring, Table, TableRow

TABLE = Table(
    title="Test & trial of 100%",
    corpora=["ncbi_disease", "my_corpus"],
    rows=[
        TableRow(label="GPT-4 (zero-shot)", paper="GPT-4 (zero-shot)"),
        TableRow(label="Encoder_1", runs=["enc-ncbi", "enc-mine"], paper="PubMedBERT"),
        TableRow(label="Tuned LLaMA", runs=["llama"], paper="BioNER-LLaMA2"),
    ],
    paper_table="table1",
)


def score_file(folder: Path, name: str, run: str, corpus: str, right: int, status: Status = "ok") -> Path:
    """Score of ten sentences with one mention each, of which the first `right` are found, the others in part."""
    gold = [Sentence(f"s{i}", "d", "heart failure", (), (Span(0, 13),)) for i in range(10)]
    answers = [
        Prediction(f"s{i}", (Span(0, 13 if i < right else 5),), "ok" if i < 9 else status, None) for i in range(10)
    ]
    work = folder / f"{name}.work"
    work.mkdir(parents=True)
    write_sentences(work / "test.jsonl", gold)
    write_predictions(work / "answers.jsonl", answers)
    output = folder / f"{name}.json"
    score(work / "test.jsonl", work / "answers.jsonl", Scoring(resamples=200), run, corpus, output)
    return output


def score_files(folder: Path) -> dict[Key, Path]:
    """Two seeds of one system on both corpora, an encoder on one; strict F1 is the tenth of `right`."""
    return {
        ("llama", 2, "ncbi_disease"): score_file(folder, "l2n", "llama", "ncbi_disease", 9, "truncated"),
        ("llama", 1, "ncbi_disease"): score_file(folder, "l1n", "llama", "ncbi_disease", 7, "changed_text"),
        ("llama", 1, "my_corpus"): score_file(folder, "l1m", "llama", "my_corpus", 5),
        ("enc-ncbi", 1, "ncbi_disease"): score_file(folder, "en", "enc-ncbi", "ncbi_disease", 6),
    }


def grid_files(folder: Path) -> dict[Key, Path]:
    """Three grid points of the encoder."""
    scores = [read_json(score_file(folder, f"grid{right}", "enc-ncbi", "ncbi_disease", right)) for right in (6, 2, 5)]
    points = {f"point{number}": {match: score[match] for match in MATCHES} for number, score in enumerate(scores)}
    write_json(folder / "grid.json", points)
    return {("enc-ncbi", 1, "ncbi_disease"): folder / "grid.json"}


def significance_file(folder: Path) -> Path:
    """The paired tests of the two systems on the disease corpus, as `score_files` left their answers in the folder."""
    answers = {"llama": ["l1n", "l2n"], "enc-ncbi": ["en"]}
    paths = {run: [folder / f"{name}.work" / "answers.jsonl" for name in names] for run, names in answers.items()}
    output = folder / "significance" / "ncbi_disease.csv"
    compare(folder / "l1n.work" / "test.jsonl", paths, Scoring(resamples=200), 2000, output)
    return output
