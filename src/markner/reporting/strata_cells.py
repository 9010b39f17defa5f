"""Scores by stratum gathered for a table: one row a system, corpus and stratum; written as CSV, Markdown and LaTeX."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from statistics import fmean

from markner.errors import MarknerError
from markner.evaluation.rounding import rounded
from markner.evaluation.strata import COLUMNS as SCORE_COLUMNS
from markner.evaluation.strata import KINDS, TEST_COLUMNS, WITHOUT_MENTIONS
from markner.files import read_csv_rows, read_json
from markner.reporting.comparisons import COMPARED, compare_cells
from markner.reporting.results import METRICS, NOTHING, Cell, best_f1, read_cells, write_cells
from markner.reporting.tables import AS_GOOD, Sheet, Style, TableText, write_forms

_BOUNDS = tuple(f"{metric}_{end}" for metric in METRICS for end in ("low", "high"))
COLUMNS = (
    *("label", "corpus", "heading", "run", "origin", "kind", "stratum", "seeds", "gold_mentions", "sentences"),
    *("unmarked", *METRICS, *_BOUNDS, "confidence", *COMPARED),
)
"""Columns of a table of strata. Scores, bounds and counts are means over the seeds."""


def strata_cells(
    cells: Sequence[tuple[str, str, str]],
    scores: Mapping[str, Path],
    tests: Mapping[str, Path],
    paper: Path,
    titles: Mapping[str, str],
) -> list[Cell]:
    """Gather the scores behind a table of strata.

    Args:
        cells: Row label, run and corpus of each cell, in the table's order.
        scores: By corpus: the scores that `markner.evaluation.strata.write_strata` wrote.
        tests: By corpus: the paired tests that it wrote.
        paper: The paper's headings of corpora (resources/paper/tables.json).
        titles: Headings of corpora; of others the paper's heading or the name.

    Raises:
        MarknerError: A file is not one of these, or lacks a run.
    """
    headings = {**read_json(paper)["columns"], **titles}
    read = {corpus: _read(path) for corpus, path in scores.items()}
    rows: list[Cell] = []
    for label, run, corpus in cells:
        of_run = [row for row in read[corpus] if row["run"] == run]
        if not of_run:
            raise MarknerError(f"{scores[corpus]} has no scores of {run!r}", "score the strata again")
        place = {"label": label, "corpus": corpus, "heading": headings.get(corpus, corpus), "run": run}
        # The rows of each seed are in the same order of strata.
        of_run.sort(key=lambda row: _order(row["kind"], row["stratum"]))
        for _, seeds in groupby(of_run, key=lambda row: row["stratum"]):
            rows.append({**place, **_mean(list(seeds))})
    compare_cells(rows, tests, by="stratum", columns=TEST_COLUMNS)
    return rows


def write_strata_table(cells: Sequence[Cell], title: str, output: Path, markdown: Path, latex: Path) -> None:
    """Write a table of strata.

    Args:
        cells: The rows from `strata_cells`.
        title: Caption.
        output: CSV with the columns `COLUMNS`.
        markdown: F1 by system, corpus and stratum; its intervals and the numbers of gold mentions in a second table.
        latex: The same; it needs the package booktabs.
    """
    write_cells(output, cells, COLUMNS)
    write_forms(TableText(title, "Corpus", lambda style: _sheets(cells, style), _notes(cells)), markdown, latex)


def read_strata_table(path: Path) -> list[Cell]:
    """Read the CSV of a table of strata; numbers as numbers, unknown values as None."""
    return read_cells(path, COLUMNS, "a table of strata")


def _read(path: Path) -> list[dict[str, str]]:
    rows = read_csv_rows(path, SCORE_COLUMNS, "scores by stratum", "score the strata again")
    return [row for row in rows if row["kind"] in KINDS]


def _order(kind: str, stratum: str) -> tuple[int, int]:
    return list(KINDS).index(kind), KINDS[kind].index(stratum)


def _mean(seeds: Sequence[Mapping[str, str]]) -> Cell:
    """Return the values of a cell from its rows, one for each seed."""
    first = seeds[0]
    means = {name: rounded(fmean(float(row[name]) for row in seeds)) for name in (*METRICS, *_BOUNDS)}
    return {
        **{name: first[name] for name in ("origin", "kind", "stratum")},
        "seeds": len(seeds),
        "gold_mentions": rounded(fmean(int(row["tp"]) + int(row["fn"]) for row in seeds)),
        "sentences": int(first["sentences"]),
        "unmarked": rounded(fmean(int(row["unmarked"]) for row in seeds)) if first["unmarked"] else None,
        **means,
        "confidence": float(first["confidence"]),
    }


def _sheets(cells: Sequence[Cell], style: Style) -> list[Sheet]:
    """Return F1 by system, corpus and stratum, and the intervals with the numbers of gold mentions."""
    groups = [(style.plain(f"{kind}:"), [style.plain(stratum) for stratum in KINDS[kind]]) for kind in KINDS]
    best = best_f1(cells, by="stratum")
    scores, intervals = [], []
    for (label, heading), row in _rows(cells):
        names = [style.plain(label), style.plain(heading)]
        strata = [row.get(stratum) for kind in KINDS.values() for stratum in kind]
        scores.append([*names, *(_score(cell, best, style) for cell in strata)])
        intervals.append([*names, *(style.plain(_interval(cell)) for cell in strata)])
    return [Sheet(groups, scores), Sheet(groups, intervals)]


def _rows(cells: Sequence[Cell]) -> Iterator[tuple[tuple[str, str], dict[str, Cell]]]:
    """Yield label and heading of each line, and its cells by stratum."""
    for (label, _, heading), line in groupby(cells, key=lambda cell: (cell["label"], cell["corpus"], cell["heading"])):
        yield (label, heading), {cell["stratum"]: cell for cell in line}


def _score(cell: Cell | None, best: Mapping[tuple[str, str], float], style: Style) -> str:
    """Return F1 of a cell, the best of its corpus and stratum in bold; without mentions the share left without mark."""
    if cell is None:
        return style.plain(NOTHING)
    if cell["stratum"] == WITHOUT_MENTIONS:
        return style.plain(unmarked_share(cell["unmarked"], cell["sentences"]) or NOTHING)
    if not cell["gold_mentions"]:
        return style.plain(NOTHING)
    f1 = f"{cell['f1']:.3f}"
    if cell["f1"] == best[cell["corpus"], cell["stratum"]] > 0:
        return style.bold(f1)
    return f1 + (style.plain(AS_GOOD) if cell.get("as_good") == "yes" else "")


def unmarked_share(unmarked: float, sentences: float) -> str:
    """Return the share of sentences that are left without a mark as text, empty if there is no sentence."""
    return f"{100 * unmarked / sentences:.1f} %" if sentences else ""


def _interval(cell: Cell | None) -> str:
    """Return the interval of F1 and the gold mentions, for sentences without mentions the number of sentences."""
    if cell is not None and cell["stratum"] == WITHOUT_MENTIONS:
        return f"{cell['sentences']:,}"
    if cell is None or not cell["gold_mentions"]:
        return NOTHING
    return f"{cell['f1_low']:.3f}–{cell['f1_high']:.3f} of {cell['gold_mentions']:,.0f}"


def _notes(cells: Sequence[Cell]) -> list[str]:
    """Return the notes below a table of strata."""
    if not cells:
        return ["No run of the table is scored."]
    notes = [
        "Strict F1. A missed mention counts in the stratum of the gold mention, a false positive in that of the"
        " prediction. Seen: the mention is marked somewhere in the training data. Second table:"
        f" {100 * cells[0]['confidence']:g} % intervals, bootstrap over sentences, and gold mentions."
        " Sentences without mentions: the share left without a mark; in the second table their number.",
        f"Bold: best F1 of corpus and stratum. {AS_GOOD} Not significantly different from it: paired permutation"
        " tests with Holm's correction over the pairs of runs, on what either run has seen.",
    ]
    if lent := list(dict.fromkeys(cell["label"] for cell in cells if cell["origin"] == "corpus")):
        notes.append(f"Not trained here, seen by the training split of the corpus: {', '.join(lent)}.")
    if any(cell["seeds"] > 1 for cell in cells):
        notes.append("Means over seeds, of scores, bounds and numbers.")
    return notes
