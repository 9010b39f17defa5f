from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from example import TABLE, grid_files, score_files

from markner.errors import MarknerError
from markner.files import write_text
from markner.reporting import results
from markner.reporting.results import COLUMNS, cells, read_cells, write_cells
from markner.study.schema.study import Table, TableRow

PAPER = ROOT / "resources" / "paper" / "tables.json"


@pytest.fixture
def found(tmp_path: Path) -> list[dict[str, Any]]:
    return cells(TABLE, score_files(tmp_path), grid_files(tmp_path), PAPER)


def cell(found: list[dict[str, Any]], label: str, corpus: str, match: str = "strict") -> dict[str, Any]:
    (one,) = [row for row in found if (row["label"], row["corpus"], row["match"]) == (label, corpus, match)]
    return one


def test_one_row_a_system_corpus_and_match_in_the_table_s_order(found: list[dict[str, Any]]) -> None:
    assert [(row["label"], row["corpus"], row["match"]) for row in found] == [
        (row.label, corpus, match) for row in TABLE.rows for corpus in TABLE.corpora for match in ("strict", "partial")
    ]
    assert all(list(row) == list(COLUMNS) for row in found)
    assert {row["corpus"]: row["heading"] for row in found} == {
        "ncbi_disease": "NCBI (disease)",
        "my_corpus": "my_corpus",
    }


def test_means_over_seeds(found: list[dict[str, Any]]) -> None:
    llama = cell(found, "Tuned LLaMA", "ncbi_disease")
    assert (llama["run"], llama["seeds"], llama["f1"]) == ("llama", 2, 0.8)
    assert llama["f1_sd"] == pytest.approx(0.141421)
    assert (llama["truncated"], llama["changed_text"], llama["empty"]) == (1, 1, 0)
    assert llama["f1_low"] < 0.8 < llama["f1_high"]
    assert cell(found, "Tuned LLaMA", "ncbi_disease", "partial")["f1"] == 1
    assert cell(found, "Tuned LLaMA", "my_corpus")["f1_sd"] is None


def test_the_paper_beside_it(found: list[dict[str, Any]]) -> None:
    llama = cell(found, "Tuned LLaMA", "ncbi_disease")
    assert [llama[f"paper_{name}"] for name in ("precision", "recall", "f1")] == [0.874, 0.886, 0.880]
    assert llama["difference_f1"] == pytest.approx(-0.08)
    assert cell(found, "Tuned LLaMA", "my_corpus")["paper_f1"] is None


def test_a_row_without_runs_shows_the_paper_alone(found: list[dict[str, Any]]) -> None:
    known = {name for name, value in cell(found, "GPT-4 (zero-shot)", "ncbi_disease").items() if value is not None}
    assert known == {"label", "corpus", "heading", "match", "paper_precision", "paper_recall", "paper_f1"}
    known = {name for name, value in cell(found, "Encoder_1", "my_corpus").items() if value is not None}
    assert known == {"label", "corpus", "heading", "match"}


def test_the_grid_of_an_encoder(found: list[dict[str, Any]]) -> None:
    encoder = cell(found, "Encoder_1", "ncbi_disease")
    assert (encoder["run"], encoder["f1"], encoder["grid_points"]) == ("enc-ncbi", 0.6, 3)
    assert [encoder[f"grid_{name}"] for name in ("min", "median", "max")] == [0.2, 0.5, 0.6]
    assert cell(found, "Tuned LLaMA", "ncbi_disease")["grid_points"] is None


def test_the_first_run_that_was_scored_counts(tmp_path: Path) -> None:
    files = score_files(tmp_path)
    for runs, chosen in ((["absent", "enc-ncbi", "llama"], "enc-ncbi"), (["llama", "enc-ncbi"], "llama")):
        table = Table(title="t", corpora=["ncbi_disease"], rows=[TableRow(label="row", runs=runs)])
        assert {row["run"] for row in cells(table, files, {}, PAPER)} == {chosen}


def test_the_cells_come_back_from_csv(found: list[dict[str, Any]], tmp_path: Path) -> None:
    write_cells(tmp_path / "table.csv", found)
    again = read_cells(tmp_path / "table.csv")
    assert again == found
    assert [[type(value) for value in row.values()] for row in again] == [
        [type(value) for value in row.values()] for row in found
    ]
    write_text(tmp_path / "other.csv", "a,b\n1,2\n")
    with pytest.raises(MarknerError, match=r"other\.csv does not have the columns"):
        read_cells(tmp_path / "other.csv")


@pytest.mark.parametrize(
    ("change", "more"), [(lambda line: line[: line.rindex(",")], -1), (lambda line: f"{line},0.5", 1)]
)
def test_a_row_with_another_number_of_cells_is_an_error(
    found: list[dict[str, Any]], change: Callable[[str], str], more: int, tmp_path: Path
) -> None:
    write_cells(tmp_path / "table.csv", found)
    lines = (tmp_path / "table.csv").read_text().splitlines()
    write_text(tmp_path / "table.csv", "\n".join([*lines[:2], change(lines[2]), *lines[3:]]))
    columns = len(lines[0].split(","))
    with pytest.raises(
        MarknerError, match=rf"table\.csv, line 3: {columns + more} cells under {columns} columns"
    ) as caught:
        read_cells(tmp_path / "table.csv")
    assert caught.value.fix == "make the table again"


def test_a_file_that_is_no_score(tmp_path: Path) -> None:
    write_text(tmp_path / "score.json", "{}")
    with pytest.raises(MarknerError, match=r"score\.json is not a score file"):
        cells(TABLE, {("llama", 1, "my_corpus"): tmp_path / "score.json"}, {}, PAPER)


def test_score_files_are_told_by_their_paths() -> None:
    paths = ["results/s/scores/run-a/seed2/bc2gm.json", "results/s/scores/run-a/seed2/grid/bc2gm.json"]
    systems, grids = results.score_files(paths)
    assert systems == {("run-a", 2, "bc2gm"): Path(paths[0])}
    assert grids == {("run-a", 2, "bc2gm"): Path(paths[1])}
