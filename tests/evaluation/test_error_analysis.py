import csv
import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from span_strategies import Spans, spans

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.error_analysis import COLUMNS, analyse, marked_text
from markner.evaluation.mention_errors import KINDS, Error
from markner.evaluation.params import ErrorsParams
from markner.predictions import Prediction, write_predictions

Row = dict[str, str]


def sentence(gold: Spans, text: str, name: str = "s") -> Sentence:
    return Sentence(name, "d", text, gold, gold)


def test_marks_of_an_error_among_others() -> None:
    row = sentence(spans((0, 3), (4, 9)), "abc defgh ij")
    error = Error("s", Span(4, 9), Span(6, 12), "boundary", "shifted")
    assert marked_text(row, spans((0, 3), (6, 12)), error) == (
        "<gold><pred>abc</pred></gold> <GOLD>de<PRED>fgh</GOLD> ij</PRED>"
    )


GOLD = [
    sentence(spans((0, 13), (23, 32)), "heart failure and then arrhythmia .", "a,1"),
    sentence(spans((0, 4)), 'SCA1 in "mice"', "b"),
    sentence((), "nothing here", "c"),
]
ANSWERS = [spans((6, 13), (18, 22)), (), spans((0, 7))]
ALL = ["a,1 g0-13 p6-13", "a,1 p18-22", "a,1 g23-32", "b g0-4", "c p0-7"]


def run_analysis(
    folder: Path,
    sample: int = 100,
    seed: int = 1,
    adjudicated: Path | None = None,
    answers: Sequence[Spans] = ANSWERS,
) -> tuple[Path, Path]:
    folder.mkdir(exist_ok=True)
    write_sentences(folder / "gold.jsonl", GOLD)
    rows = [Prediction(row.id, found, "ok") for row, found in zip(GOLD, answers, strict=False)]
    write_predictions(folder / "answers.jsonl", reversed(rows))
    analyse(
        folder / "gold.jsonl",
        folder / "answers.jsonl",
        ErrorsParams(sample=sample, seed=seed, adjudicated=adjudicated and str(adjudicated), suspects=None),
        run="r",
        seed=3,
        corpus="k",
        errors_csv=folder / "errors.csv",
        summary=folder / "errors.json",
    )
    return folder / "errors.csv", folder / "errors.json"


def rows_of(path: Path) -> list[Row]:
    with open(path, encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def judged_file(path: Path, rows: Sequence[Row], columns: Sequence[str] = COLUMNS, encoding: str = "utf-8") -> Path:
    with open(path, "w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return path


def test_the_files_of_an_analysis(tmp_path: Path) -> None:
    errors, summary = run_analysis(tmp_path / "x")
    rows = rows_of(errors)
    assert list(rows[0]) == list(COLUMNS)
    assert [row["error"] for row in rows] == ALL
    assert rows[0] == {
        "error": "a,1 g0-13 p6-13",
        "corpus": "k",
        "run": "r",
        "seed": "3",
        "sentence": "a,1",
        "text": "<GOLD>heart <PRED>failure</PRED></GOLD> and <pred>then</pred> <gold>arrhythmi</gold>a .",
        "gold": "heart failure",
        "predicted": "failure",
        "kind": "boundary",
        "sub_kind": "shorter",
        "sampled": "yes",
        "adjudicated_kind": "",
        "adjudicated_sub_kind": "",
        "comment": "",
    }
    assert [row["sub_kind"] for row in rows] == ["shorter", "other", "other", "abbreviation", "other"]
    found = json.loads(summary.read_text())
    assert (found["run"], found["seed"], found["corpus"], found["sentences"]) == ("r", 3, "k", 3)
    assert found["all"] == found["sampled"]
    assert found["all"]["counts"] == {"missing": 2, "wrong": 2, "boundary": 1}
    assert found["all"]["shares"] == {"missing": 0.4, "wrong": 0.4, "boundary": 0.2}
    assert found["all"]["sub_kinds"]["missing"] == {"abbreviation": 1, "other": 1}
    assert found["all"]["judged_by"] == "rule"
    assert found["all"]["agreement"] is None


def test_the_same_input_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = run_analysis(tmp_path / "a", sample=2), run_analysis(tmp_path / "b", sample=2)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def sampled(path: Path) -> set[str]:
    return {row["error"] for row in rows_of(path) if row["sampled"] == "yes"}


def test_the_sample_is_drawn_by_seed(tmp_path: Path) -> None:
    draws = [sampled(run_analysis(tmp_path / str(seed), sample=2, seed=seed)[0]) for seed in range(6)]
    assert {len(draw) for draw in draws} == {2}
    assert len({frozenset(draw) for draw in draws}) > 1
    assert draws[1] < sampled(run_analysis(tmp_path / "more", sample=3, seed=1)[0])


def judge(rows: Sequence[Row], **judged: str) -> list[Row]:
    """Each row with its own kind as a person's, save those named by the number of the row."""
    kinds = {int(name.removeprefix("row")): kind for name, kind in judged.items()}
    return [{**row, "adjudicated_kind": kinds.get(place, row["kind"])} for place, row in enumerate(rows)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_a_persons_kinds_replace_the_rules(tmp_path: Path, encoding: str) -> None:
    rows = judge(rows_of(run_analysis(tmp_path / "x")[0]), row1="None", row4=" boundary ")
    rows[2]["comment"] = "gold lacks,\na letter"
    path = judged_file(tmp_path / "judged.csv", list(reversed(rows)), encoding=encoding)
    errors, summary = run_analysis(tmp_path / "y", adjudicated=path)
    found = json.loads(summary.read_text())
    assert found["adjudicated"] == str(path)
    assert found["all"] == found["sampled"]
    assert found["all"]["judged_by"] == "person"
    assert found["all"]["errors"] == 4
    assert found["all"]["counts"] == {"missing": 2, "wrong": 0, "boundary": 2}
    assert found["all"]["shares"] == {"missing": 0.5, "wrong": 0.0, "boundary": 0.5}
    agreement = found["all"]["agreement"]
    assert (agreement["judged"], agreement["agree"], agreement["no_error"]) == (5, 3, 1)
    assert agreement["rule_counts"] == {"missing": 2, "wrong": 2, "boundary": 1}
    assert agreement["rule_by_person"]["wrong"] == {"missing": 0, "wrong": 0, "boundary": 1, "none": 1}
    again = rows_of(errors)
    assert [row["adjudicated_kind"] for row in again] == ["boundary", "none", "missing", "missing", "boundary"]
    assert again[2]["comment"] == "gold lacks,\na letter"


def test_the_sample_alone_may_be_judged(tmp_path: Path) -> None:
    rows = [row for row in rows_of(run_analysis(tmp_path / "x", sample=2)[0]) if row["sampled"] == "yes"]
    kept = ("error", "corpus", "run", "seed", "adjudicated_kind", "comment")
    path = judged_file(tmp_path / "judged.csv", judge(rows, row0="none"), kept)
    found = json.loads(run_analysis(tmp_path / "y", sample=2, adjudicated=path)[1].read_text())
    assert found["sampled"]["judged_by"] == "person"
    assert (found["sampled"]["errors"], found["sampled"]["agreement"]["agree"]) == (1, 1)
    assert (found["all"]["judged_by"], found["all"]["errors"]) == ("rule", 5)


def test_a_persons_sub_kinds_replace_the_rules(tmp_path: Path) -> None:
    rows = judge(rows_of(run_analysis(tmp_path / "x")[0]), row1="none", row4="boundary")
    rows[2]["adjudicated_sub_kind"] = " Abbreviation"
    path = judged_file(tmp_path / "judged.csv", rows)
    errors, summary = run_analysis(tmp_path / "y", adjudicated=path)
    found = json.loads(summary.read_text())["all"]["sub_kinds"]
    # The rule's stand where the kind does; where a person changed the kind and named none, it is none of the rule's.
    assert found == {"missing": {"abbreviation": 2}, "wrong": {}, "boundary": {"shorter": 1, "other": 1}}
    assert [row["adjudicated_sub_kind"] for row in rows_of(errors)] == ["", "", "abbreviation", "", ""]


def with_cell(place: int, column: str, value: str) -> Callable[[list[Row]], list[Row]]:
    def change(rows: list[Row]) -> list[Row]:
        return [{**row, column: value} if number == place else row for number, row in enumerate(rows)]

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_cell(1, "adjudicated_kind", "shorter"), "line 3, column `adjudicated_kind`: 'shorter'"),
        (with_cell(1, "adjudicated_kind", "missing"), "line 3, column `adjudicated_kind`: 'missing'"),
        (with_cell(3, "adjudicated_kind", "Wrong"), "line 5, column `adjudicated_kind`: 'Wrong'"),
        (with_cell(0, "adjudicated_sub_kind", "short"), "line 2, column `adjudicated_sub_kind`: 'short'"),
        (with_cell(2, "corpus", "other"), "line 4, column `corpus`: 'other' where 'k'"),
        (with_cell(2, "seed", "1"), "line 4, column `seed`: '1' where '3'"),
        (with_cell(4, "error", ALL[0]), "line 6, column `error`: 'a,1 g0-13 p6-13' a second time"),
        (with_cell(4, "error", "c p0-8"), "'c p0-8' (line 6)"),
        (with_cell(0, "adjudicated_kind", ""), "1 of the 5 errors of the sample have no `adjudicated_kind`"),
        (lambda rows: rows[1:], ALL[0]),
    ],
)
def test_a_wrong_judgement_is_named(tmp_path: Path, change: Callable[[list[Row]], list[Row]], message: str) -> None:
    rows = judge(rows_of(run_analysis(tmp_path / "x")[0]))
    path = judged_file(tmp_path / "judged.csv", change(rows))
    with pytest.raises(MarknerError) as caught:
        run_analysis(tmp_path / "y", adjudicated=path)
    assert str(path) in caught.value.message
    assert message in caught.value.message
    assert caught.value.fix
    assert not (tmp_path / "y" / "errors.csv").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "line 1: no column `error`"),
        (b"error;corpus;run;seed;adjudicated_kind;comment\n", "line 1: no column `error`"),
        (b"error,corpus,run,seed,adjudicated_kind\n", "line 1: no column `comment`"),
        (b'error,corpus,run,seed,adjudicated_kind,comment\n"b\n",k,r,3\n', "line 2: 4 cells under 6 columns"),
        (b'error,corpus,run,seed,adjudicated_kind,comment\n"b', "line 2: not valid CSV"),
        (b"error,corpus,run,seed,adjudicated_kind,comment\n\xff", "not UTF-8"),
    ],
)
def test_a_broken_file_is_named(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "judged.csv"
    path.write_bytes(content)
    with pytest.raises(MarknerError) as caught:
        run_analysis(tmp_path / "y", adjudicated=path)
    assert str(path) in caught.value.message
    assert message in caught.value.message


def test_without_errors(tmp_path: Path) -> None:
    errors, summary = run_analysis(tmp_path / "x", answers=[row.spans for row in GOLD])
    assert rows_of(errors) == []
    found = json.loads(summary.read_text())
    assert found["all"] == found["sampled"]
    assert (found["all"]["errors"], found["all"]["shares"]) == (0, dict.fromkeys(KINDS, 0.0))


def test_sentences_without_a_prediction_are_named(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="no prediction for sentences 'b', 'c'"):
        run_analysis(tmp_path / "x", answers=[GOLD[0].spans])
