"""`markner audit --cell`: a cell's lineage, its sentences, and its value made again from them."""

import json
from pathlib import Path
from typing import Any

import pytest
from small_study import CELL, GOOD, TABLE

from markner.cli.main import main
from markner.evaluation.trace import trace
from markner.study.schema.study import Scoring
from runrecord.record import write_record

pytest_plugins = ["small_study"]

PREDICTIONS = "results/s/predictions/good/seed1/genes.jsonl"


def as_json(capsys: pytest.CaptureFixture[str], path: Path, cell: str) -> tuple[int, dict[str, Any]]:
    code = main(["audit", str(path), "--cell", cell, "--json"])
    return code, json.loads(capsys.readouterr().out)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_cell_is_made_again_from_its_sentences(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, value = as_json(capsys, study / TABLE, CELL)
    cell = value["cell"]
    assert (code, value["verdict"], cell["equal"]) == (0, "FRESH", True)
    assert (cell["row"], cell["run"], cell["match"], cell["metric"]) == ("Good, tuned", "good", "strict", "f1")
    # seed 1: P 1, R 0.8; seed 2: P 1, R 0.6
    assert cell["recomputed"]["f1"] == pytest.approx((16 / 18 + 12 / 16) / 2, abs=1e-6)
    assert float(cell["printed"]["f1"]) == cell["recomputed"]["f1"]
    assert {seed: (found["tp"], found["fp"], found["fn"]) for seed, found in cell["seeds"].items()} == {
        "1": (8, 0, 2),
        "2": (6, 0, 4),
    }
    first, *_, last, _ = cell["seeds"]["1"]["sentences"]
    assert first["gold"] == first["answer"] == "The <mark>TP53</mark> gene, 0."
    assert (last["answer"], last["tp"], last["fp"], last["fn"]) == ("The TP53 gene, 9.", 0, 0, 1)
    files = set(value["files"])
    assert {GOOD, PREDICTIONS, "results/s/corpora/genes/test.jsonl"} <= files
    assert not any("/bad/" in path for path in files)


@pytest.mark.parametrize(
    ("cell", "row", "match", "metric", "value"),
    [
        ("2,genes", "Bad", "strict", "f1", 0.0),
        ("Bad,genes:partial", "Bad", "partial", "f1", 0.952381),  # 10 of 11 predictions
        ("Bad,Genes of mice:partial:recall", "Bad", "partial", "recall", 1.0),
        ("1,genes:precision", "Good, tuned", "strict", "precision", 1.0),
    ],
)
def test_rows_by_number_and_columns_by_heading_match_and_metric(
    study: Path, capsys: pytest.CaptureFixture[str], cell: str, row: str, match: str, metric: str, value: float
) -> None:
    code, found = as_json(capsys, study / TABLE, cell)
    assert code == 0
    assert (found["cell"]["row"], found["cell"]["match"], found["cell"]["metric"]) == (row, match, metric)
    assert found["cell"]["recomputed"][metric] == value


@pytest.mark.parametrize("cell", ["genes", "Good,genes", "4,genes", "Bad,mice", "Bad,genes:f2", "Bad,genes:f1:recall"])
def test_a_cell_that_is_not_there_is_an_error(study: Path, capsys: pytest.CaptureFixture[str], cell: str) -> None:
    assert main(["audit", str(study / TABLE), "--cell", cell]) == 64
    assert "fix: " in capsys.readouterr().err


def test_a_cell_with_the_paper_s_value_alone(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(study / TABLE), "--cell", "Nobody,genes"]) == 64
    assert "the paper's value, 0.5" in capsys.readouterr().err


def test_the_text_shows_marks_and_as_many_sentences_as_asked(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(study / TABLE), "--cell", "Bad,genes", "--sentences", "1"]) == 0
    text = capsys.readouterr().out
    assert "recomputed  f1 0.0, interval 0.0 to 0.0, from the sentences, the mean of 2 seeds: equal" in text
    assert text.count("answer  The <mark>TP53 gene</mark>, 0.") == 4  # false positives and negatives of two seeds
    # An eleventh sentence has a false positive alone.
    assert text.count("and 10 more") == 2
    assert text.count("and 9 more") == 2


@pytest.mark.parametrize("form", ["md", "tex"])
def test_other_forms_of_the_table_lead_to_its_csv(study: Path, form: str) -> None:
    path = study / TABLE.replace("csv", form)
    assert main(["audit", str(path), "--cell", CELL]) == 0
    path.write_text(path.read_text() + "\n")
    assert main(["audit", str(path), "--cell", CELL]) == 2
    assert main(["audit", str(study / TABLE), "--cell", CELL]) == 0


def test_what_other_cells_rest_on_does_not_count(study: Path) -> None:
    edit(study / PREDICTIONS.replace("good", "bad"), "ok", "empty")
    assert main(["audit", str(study / TABLE)]) == 1
    assert main(["audit", str(study / TABLE), "--cell", CELL]) == 0
    assert main(["audit", str(study / TABLE), "--cell", "Bad,genes"]) == 1


def test_other_predictions_give_another_value(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study / PREDICTIONS, "[[4, 8]]", "[]")
    code, value = as_json(capsys, study / TABLE, CELL)
    assert (code, value["verdict"], value["cell"]["equal"]) == (1, "STALE", False)
    assert value["cell"]["seeds"]["1"]["tp"] == 7


def test_a_forged_table_with_a_forged_record_is_found_by_its_sentences(
    study: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(study)
    facts = json.loads(Path(f"{TABLE}.prov.json").read_text())
    edit(Path(TABLE), "0.819445", "0.919445")
    Path(f"{TABLE}.prov.json").unlink()
    write_record(TABLE, {name: facts[name] for name in facts if name not in ("sha256", "history", "seal")})
    assert main(["audit", TABLE]) == 0, "the seal of a last result vouches for itself"
    capsys.readouterr()
    code, value = as_json(capsys, Path(TABLE), CELL)
    assert (code, value["verdict"], value["cell"]["equal"]) == (2, "TAMPERED", False)
    findings = next(file["findings"] for path, file in value["files"].items() if path.startswith(f"{TABLE} ["))
    assert findings[0]["text"] == "f1 is 0.919445, from the sentences 0.819445"


def test_a_table_edited_by_hand_is_tampered(study: Path) -> None:
    edit(study / TABLE, "0.819445", "0.81944x")
    assert main(["audit", str(study / TABLE), "--cell", CELL]) == 2


def test_sentences_that_are_gone_leave_a_cell_unknown(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / PREDICTIONS).unlink()
    code, value = as_json(capsys, study / TABLE, CELL)
    assert (code, value["verdict"]) == (3, "UNKNOWN")
    assert list(value["cell"]["seeds"]) == ["2"]


@pytest.mark.parametrize("match", ["strict", "partial"])
@pytest.mark.parametrize("run", ["good", "bad"])
def test_a_trace_gives_the_values_of_the_score_file(study: Path, run: str, match: str) -> None:
    score = json.loads((study / f"results/s/scores/{run}/seed2/genes.json").read_text())
    predictions = study / f"results/s/predictions/{run}/seed2/genes.jsonl"
    scoring = Scoring.model_validate(score["scoring"])
    found = trace(study / "results/s/corpora/genes/test.jsonl", predictions, scoring, match)
    expected = {name: score[match][name] for name in ("precision", "recall", "f1")}
    for name in list(expected):
        expected[f"{name}_low"], expected[f"{name}_high"] = score[match][f"{name}_interval"]
    assert found.values == expected
    assert [found.total(kind) for kind in ("tp", "fp", "fn")] == [score[match][kind] for kind in ("tp", "fp", "fn")]
