"""Scores gathered for a table: one row a system, corpus and kind of match."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import fmean, median, stdev
from typing import Any

from markner.errors import MarknerError
from markner.evaluation.rounding import rounded
from markner.files import read_csv_rows, read_json, write_csv_rows
from markner.predictions import STATUSES
from markner.reporting.comparisons import COMPARED, compare_cells
from markner.study.schema.study import Table, TableRow

Key = tuple[str, int, str]
"""Run, seed and corpus of a score file."""
Cell = dict[str, Any]
"""A row of a table's CSV by column; unknown values are None."""

METRICS = ("precision", "recall", "f1")
NOT_OK = tuple(status for status in STATUSES if status != "ok")
NOT_ALIGNED = tuple(status for status in NOT_OK if status not in ("white_space", "missing"))
NOTHING = "–"
UNUSED = ("unused_answers", "crossing_mentions")

COLUMNS = (
    *("label", "corpus", "heading", "match", "run", "retired"),
    *METRICS,
    *(f"{metric}_{end}" for metric in METRICS for end in ("low", "high")),
    *("f1_sd", "seeds", "confidence", "resamples", "sentences", "gold_mentions"),
    *NOT_OK,
    *UNUSED,
    *(f"paper_{metric}" for metric in METRICS),
    *("difference_f1", "paper_outside", *COMPARED),
    *("grid_points", "grid_min", "grid_median", "grid_max"),
)
"""Columns of a results table. Scores are means over the seeds, and so are the bounds of the bootstrap intervals;
`f1_sd` is the standard deviation over seeds (two or more). Answers that are not ok are summed over the seeds. Only
imported predictions have `unused_answers`, those without a sentence, and `crossing_mentions`, those over its border.
`difference_f1` is our F1 less the paper's; `paper_outside` says whether the paper's lies outside our interval."""
_TEXT = {
    *("label", "corpus", "heading", "match", "run", "retired", "paper_outside", "best", "as_good"),
    *("origin", "kind", "stratum"),
}
"""Columns that hold text, of results tables and tables of strata; the others hold numbers."""


def cells(
    table: Table,
    score_files: Mapping[Key, Path],
    grid_files: Mapping[Key, Path],
    paper: Path,
    retired: Mapping[str, str] | None = None,
    significance: Mapping[str, Path] | None = None,
    titles: Mapping[str, str] | None = None,
) -> list[Cell]:
    """Gather the scores behind a table.

    Args:
        table: Its rows and corpora. A cell shows the first of its row's runs that has a score file for the corpus; a
            cell without one shows the paper's values alone, or nothing.
        score_files: Score files by run, seed and corpus.
        grid_files: For encoders: the scores of all grid points, by run, seed and corpus.
        paper: The paper's values (resources/paper/tables.json).
        retired: By run: since when and why its model is gone. A cell that no other run fills says so.
        significance: By corpus with two runs or more: the paired tests of the table's runs.
        titles: Headings of corpora; of others the paper's heading or the name.

    Returns:
        Cells with the columns `COLUMNS`, in the order of rows, corpora and kinds of match.

    Raises:
        MarknerError: A score file is not one.
    """
    printed = read_json(paper)
    in_paper = printed["tables"][table.paper_table] if table.paper_table is not None else {}
    rows: list[Cell] = []
    gone = retired or {}
    for row in table.rows:
        for corpus in table.corpora:
            run = first_scored(row, corpus, score_files)
            scores = [_read(path, table.matches) for _, path in files_by_seed(score_files, run, corpus)]
            grid = [point for _, path in files_by_seed(grid_files, run, corpus) for point in read_json(path).values()]
            for match in table.matches:
                cell: Cell = {
                    **dict.fromkeys(COLUMNS),
                    "label": row.label,
                    "corpus": corpus,
                    "heading": (titles or {}).get(corpus) or printed["columns"].get(corpus, corpus),
                    "match": match,
                    "run": run,
                    "retired": None if run else next((gone[name] for name in row.runs if name in gone), None),
                    **_own_values(scores, match),
                    **_paper_values(in_paper.get(row.paper, {}).get(corpus, {}).get(match.removeprefix("authors_"))),
                    **_grid(grid, match),
                }
                if scores and cell["paper_f1"] is not None:
                    cell["difference_f1"] = rounded(cell["f1"] - cell["paper_f1"])
                    cell["paper_outside"] = "no" if cell["f1_low"] <= cell["paper_f1"] <= cell["f1_high"] else "yes"
                rows.append(cell)
    compare_cells(rows, significance or {})
    return rows


def score_files(paths: Iterable[str]) -> tuple[dict[Key, Path], dict[Key, Path]]:
    """Return the score files by run, seed and corpus: those of the systems, and those of encoders' grids.

    Paths end in `<run>/seed<k>/<corpus>.json`, of a grid in `<run>/seed<k>/grid/<corpus>.json`.
    """
    systems: dict[Key, Path] = {}
    grids: dict[Key, Path] = {}
    for path in map(Path, paths):
        in_grid = path.parent.name == "grid"
        folder = path.parent.parent if in_grid else path.parent
        (grids if in_grid else systems)[folder.parent.name, int(folder.name.removeprefix("seed")), path.stem] = path
    return systems, grids


def read_cells(csv: Path, columns: Sequence[str] = COLUMNS, content: str = "a results table") -> list[Cell]:
    """Read the cells of a table back from its CSV. Raise a MarknerError if it has other columns."""
    return [
        {name: text or None if name in _TEXT else number_of(text) for name, text in row.items()}
        for row in read_csv_rows(csv, columns, content, "make the table again")
    ]


def write_cells(csv: Path, cells: Iterable[Cell], columns: Sequence[str] = COLUMNS) -> None:
    """Write the cells of a table as CSV."""
    write_csv_rows(csv, columns, ([cell.get(name) for name in columns] for cell in cells))


def best_f1(cells: Iterable[Cell], by: str = "match") -> dict[tuple[str, str], float]:
    """Return the highest F1 by corpus and match, or by corpus and stratum; 0 where nothing is scored."""
    best: dict[tuple[str, str], float] = {}
    for cell in cells:
        column = cell["corpus"], cell[by]
        best[column] = max(best.get(column, 0.0), cell["f1"] or 0.0)
    return best


def shown(value: float | None) -> str:
    """Return a score with three digits, a dash if it is unknown."""
    return NOTHING if value is None else f"{value:.3f}"


def signed(value: float) -> str:
    """Return a difference with its sign and three digits."""
    return f"{value:+.3f}".replace("-", "−")


def number_of(text: str) -> float | None:
    """Return a CSV's text as a number, a whole one as `int`; None if it is none."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return None


def first_scored(row: TableRow, corpus: str, score_files: Mapping[Key, Path]) -> str | None:
    """Return the first of a row's runs that has a file for a corpus."""
    scored = {run for run, _, name in score_files if name == corpus}
    return next((run for run in row.runs if run in scored), None)


def files_by_seed(files: Mapping[Key, Path], run: str | None, corpus: str) -> list[tuple[int, Path]]:
    """Return seed and file of a run on a corpus, sorted by seed."""
    return sorted(
        ((seed, path) for (name, seed, other), path in files.items() if (name, other) == (run, corpus)),
        key=lambda pair: pair[0],
    )


def _read(path: Path, matches: Sequence[str]) -> dict[str, Any]:
    score = read_json(path)
    if not isinstance(score, dict) or any(match not in score for match in (*matches, "status")):
        raise MarknerError(f"{path} is not a score file", "score the predictions again")
    return score


def _own_values(scores: Sequence[dict[str, Any]], match: str) -> dict[str, Any]:
    """Return our own values of one cell: means over the seeds."""
    if not scores:
        return {}
    by_seed = [score[match] for score in scores]
    cell: dict[str, Any] = {metric: _mean(of_seed[metric] for of_seed in by_seed) for metric in METRICS}
    for metric in METRICS:
        for place, end in enumerate(("low", "high")):
            cell[f"{metric}_{end}"] = _mean(of_seed[f"{metric}_interval"][place] for of_seed in by_seed)
    if len(scores) > 1:
        cell["f1_sd"] = rounded(stdev(of_seed["f1"] for of_seed in by_seed))
    first = scores[0]
    return {
        **cell,
        "seeds": len(scores),
        "confidence": first["scoring"]["confidence"],
        "resamples": first["scoring"]["resamples"],
        "sentences": first["sentences"],
        "gold_mentions": first["gold_mentions"],
        **{status: sum(score["status"][status] for score in scores) for status in NOT_OK},
        **dict(zip(UNUSED, _unused(first), strict=True)),
    }


def _unused(score: Mapping[str, Any]) -> tuple[int | None, int | None]:
    """Return how many answers and mentions of an imported file are not used; None for other systems."""
    counts = score.get("answers", {})
    return counts.get("unused"), counts.get("crossing")


def _paper_values(values: Sequence[float] | None) -> dict[str, float]:
    return dict(zip((f"paper_{metric}" for metric in METRICS), values, strict=True)) if values else {}


def _grid(scores: Sequence[dict[str, Any]], match: str) -> dict[str, Any]:
    """Return the spread of F1 over an encoder's grid, all seeds together."""
    if not scores:
        return {}
    values = [score[match]["f1"] for score in scores]
    return {
        "grid_points": len(values),
        "grid_min": min(values),
        "grid_median": rounded(median(values)),
        "grid_max": max(values),
    }


def _mean(values: Any) -> float:
    return rounded(fmean(values))
