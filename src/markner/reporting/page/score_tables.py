"""Tables of scores for the report: one row for each system and corpus, with the best and with significance."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from markner.reporting.results import METRICS, NOTHING, number_of
from markner.reporting.strata_cells import unmarked_share

Significant = Mapping[tuple[str, str, str], Sequence[str]]
"""Of one table, by corpus, match and run: the runs that it is significantly better than. An untested run has no entry.
"""

_STRATA_COLUMNS = ("System", "Corpus", "Stratum", "Gold mentions", "Precision", "Recall", "F1", "Interval", "Unmarked")
_NEEDED = {"label", "corpus", "heading", "match", "run", *METRICS}


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """A system on a corpus by one kind of match."""

    label: str
    corpus: str
    heading: str
    match: str
    run: str
    values: dict[str, float | None]
    """The CSV's columns; None where one holds no number."""
    best: bool
    better_than: tuple[str, ...] | None
    """Labels of the systems of the table that it is significantly better than; None if that was not tested."""


@dataclass(frozen=True, slots=True)
class ScoreTable:
    """A table of the study. `columns` and `lines` hold a CSV that is no results table, unchanged."""

    name: str
    title: str
    rows: tuple[ScoreRow, ...] = ()
    columns: tuple[str, ...] = ()
    lines: tuple[tuple[str, ...], ...] = ()

    @property
    def compared(self) -> bool:
        """Whether the paper has a value for any of its cells."""
        return self.has("paper_f1")

    @property
    def tested(self) -> bool:
        """Whether any of its systems was compared with another one."""
        return any(row.better_than is not None for row in self.rows)

    def has(self, column: str) -> bool:
        """Return whether any row has a value in a column."""
        return any(row.values.get(column) is not None for row in self.rows)


def read_table(name: str, title: str, path: Path, significant: Significant) -> ScoreTable:
    """Read the CSV of a table, the best system of each corpus first.

    Cells without a score and without a value of the paper are left out, and so are empty columns of other CSV files.
    """
    with path.open(encoding="utf-8", newline="") as stream:
        reader = csv.DictReader(stream)
        records = list(reader)
        columns = tuple(reader.fieldnames or ())
    if "stratum" in columns:
        return ScoreTable(name, title, columns=_STRATA_COLUMNS, lines=tuple(map(_stratum_line, records)))
    if not set(columns) >= _NEEDED:
        head, *lines = filled_columns([columns, *(tuple(row.values()) for row in records)])
        return ScoreTable(name, title, columns=head, lines=tuple(lines))
    labels = {row["run"]: row["label"] for row in records if row["run"]}
    highest: dict[tuple[str, str], float] = {}
    for row in records:
        value, place = number_of(row["f1"]), (row["corpus"], row["match"])
        if value is not None:
            highest[place] = max(value, highest.get(place, 0.0))
    rows = []
    for row in records:
        place = row["corpus"], row["match"]
        values = {key: number_of(text) for key, text in row.items()}
        if not row["run"] and values.get("paper_f1") is None:
            continue
        tested = significant.get((*place, row["run"]))
        worse = [labels[run] for run in tested or () if run in labels]
        others = None if tested is None else tuple(dict.fromkeys(label for label in worse if label != row["label"]))
        best = values["f1"] is not None and values["f1"] == highest[place] > 0
        rows.append(
            ScoreRow(row["label"], row["corpus"], row["heading"], row["match"], row["run"], values, best, others)
        )
    places = list(dict.fromkeys(row["corpus"] for row in records))
    # If no run fills a cell, the paper's value decides where it stands.
    rows.sort(key=lambda row: (places.index(row.corpus), -_highest(row)))
    return ScoreTable(name, title, tuple(rows))


def _highest(row: ScoreRow) -> float:
    value = row.values["f1"] if row.values["f1"] is not None else row.values.get("paper_f1")
    return value or 0.0


def filled_columns(lines: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Return a table, its head first, without the columns that are empty below the head."""
    kept = [column for column in range(len(lines[0])) if any(line[column] for line in lines[1:])]
    return [tuple(line[column] for column in kept) for line in lines]


def _stratum_line(row: Mapping[str, str]) -> tuple[str, ...]:
    """Return a row of a table of strata as the report shows it."""
    mentions = float(row["gold_mentions"])
    values = [f"{float(row[name]):.3f}" if mentions else NOTHING for name in (*METRICS, "f1_low", "f1_high")]
    interval = "–".join(values[3:]) if mentions else NOTHING
    unmarked = unmarked_share(float(row["unmarked"]), float(row["sentences"])) if row["unmarked"] else ""
    return (row["label"], row["heading"], row["stratum"], f"{mentions:g}", *values[:3], interval, unmarked)


def read_significance(paths: Iterable[Path]) -> Significant:
    """Read which run is significantly better than which; the name of each file is that of its corpus."""
    better: dict[tuple[str, str, str], list[str]] = {}
    for path in paths:
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.DictReader(stream):
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
    for corpus in dict.fromkeys(row.corpus for row in table.rows):
        rows = [row for row in table.rows if row.corpus == corpus and row.match == "strict"]
        scored = sorted((row for row in rows if row.values["f1"] is not None), key=lambda row: -(row.values["f1"] or 0))
        if not scored:
            continue
        best, *others = scored
        if not best.values["f1"]:
            yield f"On {best.heading}, no system marked a mention exactly."
            continue
        low, high = best.values.get("f1_low"), best.values.get("f1_high")
        interval = f" (interval {low:.3f} to {high:.3f})" if low is not None and high is not None else ""
        text = f"On {best.heading}, {best.label} has the highest strict F1, {best.values['f1']:.3f}{interval}"
        if not others:
            yield f"{text}; no other system was scored on it."
        elif best.better_than is None:
            yield f"{text}; whether that is more than chance was not tested."
        elif len(best.better_than) == len({row.label for row in others}):
            yield f"{text}; it is significantly better than every other system."
        elif best.better_than:
            yield f"{text}; it is significantly better than {', '.join(best.better_than)}, not than the others."
        else:
            second = others[0]
            yield f"{text}; its lead over {second.label} ({second.values['f1']:.3f}) is not significant."
