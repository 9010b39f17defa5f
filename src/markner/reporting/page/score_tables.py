"""Tables of scores for the report: one row for each system and corpus, with the best and with significance."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markner.reporting.comparisons import read_tests
from markner.reporting.results import METRICS, NOTHING, Cell, best_f1, read_cells
from markner.reporting.strata_cells import read_strata_table, unmarked_share

Significant = Mapping[tuple[str, str, str], Sequence[str]]
"""Of one table, by corpus, match and run: the runs that it is significantly better than. An untested run has no entry.
"""

_STRATA_COLUMNS = ("System", "Corpus", "Stratum", "Gold mentions", "Precision", "Recall", "F1", "Interval", "Unmarked")


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table of the study; `columns` and `lines` hold a table of strata."""

    name: str
    title: str
    rows: tuple[Cell, ...] = ()
    """Columns of the CSV, and `highest`: it has the highest F1 on its corpus; `better_than`: the labels of the systems
    of the table that it is significantly better than, None if that was not tested."""
    columns: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()

    @property
    def tested(self) -> bool:
        """Whether any of its systems was compared with another one."""
        return any(row["better_than"] is not None for row in self.rows)

    def has(self, column: str) -> bool:
        """Return whether any row has a value in a column."""
        return any(row[column] is not None for row in self.rows)


def read_table(name: str, title: str, path: Path, significant: Significant) -> ScoreTable:
    """Read the CSV of a results table or of a table of strata.

    The best system of each corpus is the first. Cells without a score and without a value of the paper are left out.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        of_strata = "stratum" in next(csv.reader(stream), [])
    if of_strata:
        lines = tuple(map(_stratum_line, read_strata_table(path)))
        return ScoreTable(name, title, columns=_STRATA_COLUMNS, lines=lines)
    cells = read_cells(path)
    labels = {cell["run"]: cell["label"] for cell in cells}
    highest = best_f1(cells)
    rows = []
    for cell in cells:
        if not cell["run"] and cell["paper_f1"] is None:
            continue
        tested = significant.get((cell["corpus"], cell["match"], cell["run"]))
        worse = dict.fromkeys(labels[other] for other in tested or () if other in labels)
        better_than = None if tested is None else [label for label in worse if label != cell["label"]]
        is_highest = cell["f1"] is not None and cell["f1"] == highest[cell["corpus"], cell["match"]] > 0
        rows.append({**cell, "highest": is_highest, "better_than": better_than})
    places = list(dict.fromkeys(cell["corpus"] for cell in cells))
    # If no run fills a cell, the paper's value decides where it stands.
    rows.sort(key=lambda row: (places.index(row["corpus"]), -(row["paper_f1"] if row["f1"] is None else row["f1"])))
    return ScoreTable(name, title, tuple(rows))


def _stratum_line(cell: Cell) -> tuple[str, ...]:
    """Return a cell of a table of strata as the report shows it."""
    mentions = cell["gold_mentions"]
    values = [f"{cell[name]:.3f}" if mentions else NOTHING for name in (*METRICS, "f1_low", "f1_high")]
    interval = "–".join(values[3:]) if mentions else NOTHING
    unmarked = "" if cell["unmarked"] is None else unmarked_share(cell["unmarked"], cell["sentences"])
    return (cell["label"], cell["heading"], cell["stratum"], f"{mentions:g}", *values[:3], interval, unmarked)


def read_significance(paths: Iterable[Path]) -> Significant:
    """Read which run is significantly better than which; the name of each file is that of its corpus."""
    better: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        for row in read_tests(path):
            first, second = row["run_a"], row["run_b"]
            if float(row["difference"]) < 0:
                first, second = second, first
            better.setdefault((path.stem, row["match"], second), [])
            others = better.setdefault((path.stem, row["match"], first), [])
            if row["significant"] == "yes":
                others.append(second)
    return better


def conclusions(table: ScoreTable) -> Iterator[str]:
    """Return a sentence for each corpus of a table: the best system by strict F1, and how sure that is."""
    for corpus in dict.fromkeys(row["corpus"] for row in table.rows):
        rows = [row for row in table.rows if row["corpus"] == corpus and row["match"] == "strict"]
        scored = sorted((row for row in rows if row["f1"] is not None), key=lambda row: -row["f1"])
        if not scored:
            continue
        best, *others = scored
        if not best["f1"]:
            yield f"On {best['heading']}, no system marked a mention exactly."
            continue
        interval = f" (interval {best['f1_low']:.3f} to {best['f1_high']:.3f})"
        text = f"On {best['heading']}, {best['label']} has the highest strict F1, {best['f1']:.3f}{interval}"
        if not others:
            yield f"{text}; no other system was scored on it."
        elif best["better_than"] is None:
            yield f"{text}; whether that is more than chance was not tested."
        elif len(best["better_than"]) == len({row["label"] for row in others}):
            yield f"{text}; it is significantly better than every other system."
        elif best["better_than"]:
            yield f"{text}; it is significantly better than {', '.join(best['better_than'])}, not than the others."
        else:
            second = others[0]
            yield f"{text}; its lead over {second['label']} ({second['f1']:.3f}) is not significant."
