"""Mark the systems of a table that do not differ significantly from the best of their column."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markner.errors import MarknerError
from markner.evaluation.significance import COLUMNS
from markner.files import read_csv_rows

COMPARED = ("best", "p_best", "as_good", "pairs", "draws")
"""Columns that a comparison adds to a cell: the run with the highest F1 of the column and kind of match, the p-value of
the difference to it after Holm's correction over the pairs of runs in the column, whether the cell is as good (`yes`:
it is the best, or the difference is not significant), the number of these pairs, and the draws of each test."""


def compare_cells(
    cells: Sequence[dict[str, Any]],
    files: Mapping[str, Path],
    by: str = "match",
    columns: Sequence[str] = COLUMNS,
) -> None:
    """Add the comparison with the best of its column to each cell of a table that a run fills.

    Args:
        cells: Cells of a table, `corpus`, `match`, `run` and `f1` at the least; `COMPARED` is added where a column has
            two runs or more.
        files: By corpus: the file of `markner.evaluation.significance.compare` for exactly the runs of the column.
        by: The key by which columns of one corpus differ: `match` or `stratum`.
        columns: Columns of the files.

    Raises:
        MarknerError: A file is none of significance, or lacks a pair of the table's runs.
    """
    for corpus, path in files.items():
        rows = read_tests(path, columns)
        tests = {(row[by], frozenset((row["run_a"], row["run_b"]))): row for row in rows}
        for value in dict.fromkeys(value for value, _ in tests):
            column = [
                cell for cell in cells if (cell["corpus"], cell[by]) == (corpus, value) and cell["run"] is not None
            ]
            # If every F1 is 0, there is no best.
            filled = [cell for cell in column if float(cell["f1"])]
            best = max(filled, key=lambda cell: float(cell["f1"]), default=None)
            for cell in column:
                cell.update(_comparison(cell["run"], best, best[by], tests, path) if best else {})


def _comparison(
    run: str,
    best: Mapping[str, Any],
    value: str,
    tests: Mapping[tuple[str, frozenset[str]], Mapping[str, str]],
    path: Path,
) -> dict[str, Any]:
    """Return the columns `COMPARED` of one cell; `value` is its match or stratum."""
    pairs = [row for (other, _), row in tests.items() if other == value]
    shared = {"best": best["run"], "pairs": len(pairs), "draws": int(pairs[0]["draws"])}
    if run == best["run"]:
        return {**shared, "as_good": "yes"}
    row = tests.get((value, frozenset((run, best["run"]))))
    if row is None:
        raise MarknerError(f"{path} does not compare {run!r} with {best['run']!r}", "compare the runs again")
    return {**shared, "p_best": float(row["p_holm"]), "as_good": "no" if row["significant"] == "yes" else "yes"}


def read_tests(path: Path, columns: Sequence[str] = COLUMNS) -> list[dict[str, str]]:
    """Return the rows of a file of paired tests. Raise a MarknerError if it has other columns."""
    return read_csv_rows(path, columns, "paired tests", "compare the runs again")
