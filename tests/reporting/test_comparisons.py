"""Which systems are as good as the best of their column: from the files of paired tests."""

from pathlib import Path
from typing import Any

import pytest

from markner.errors import MarknerError
from markner.evaluation.significance import COLUMNS
from markner.reporting.comparisons import compare_cells


def cell(run: str | None, f1: float | None, match: str = "strict", corpus: str = "c") -> dict[str, Any]:
    return {"corpus": corpus, "match": match, "run": run, "f1": f1}


def paired_tests(folder: Path, *pairs: tuple[str, str, str, float, str]) -> dict[str, Path]:
    """A file of significance: runs, match, corrected p, verdict."""
    rows = [",".join(COLUMNS)]
    for a, b, match, p, verdict in pairs:
        values = dict.fromkeys(COLUMNS, "0") | {"run_a": a, "run_b": b, "match": match, "p_holm": f"{p}"}
        rows.append(",".join((values | {"significant": verdict, "draws": "5000"}).values()))
    (folder / "c.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    return {"c": folder / "c.csv"}


def test_each_run_is_set_against_the_best_of_its_column_and_match(tmp_path: Path) -> None:
    files = paired_tests(
        tmp_path,
        *(("a", "b", "strict", 0.2, "no"), ("c", "a", "strict", 0.01, "yes"), ("b", "c", "strict", 0.5, "no")),
        *(("a", "b", "partial", 0.03, "yes"), ("c", "a", "partial", 1, "no"), ("b", "c", "partial", 0.04, "yes")),
    )
    cells = [cell(run, f1) for run, f1 in (("a", 0.8), ("b", 0.7), ("c", 0.5), (None, None))]
    cells += [cell(run, f1, "partial") for run, f1 in (("a", 0.8), ("b", 0.9), ("c", 0.8))]
    cells += [cell("a", 0.1, corpus="other")]
    compare_cells(cells, files)
    assert [(row.get("best"), row.get("p_best"), row.get("as_good")) for row in cells] == [
        ("a", None, "yes"),
        ("a", 0.2, "yes"),
        ("a", 0.01, "no"),
        (None, None, None),
        ("b", 0.03, "no"),
        ("b", None, "yes"),
        ("b", 0.04, "no"),
        (None, None, None),
    ]
    assert {(row["pairs"], row["draws"]) for row in cells if "pairs" in row} == {(3, 5000)}


def test_a_run_in_two_rows_is_the_best_in_both(tmp_path: Path) -> None:
    cells = [cell("a", 0.8), cell("a", 0.8), cell("b", 0.1)]
    compare_cells(cells, paired_tests(tmp_path, ("a", "b", "strict", 0.001, "yes")))
    assert [row["as_good"] for row in cells] == ["yes", "yes", "no"]


def test_a_pair_that_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"c\.csv does not compare 'c' with 'a'"):
        compare_cells([cell("a", 0.8), cell("c", 0.1)], paired_tests(tmp_path, ("a", "b", "strict", 1, "no")))
    (tmp_path / "c.csv").write_text("a,b\n")
    with pytest.raises(MarknerError, match="columns of paired tests"):
        compare_cells([cell("a", 0.8)], {"c": tmp_path / "c.csv"})
