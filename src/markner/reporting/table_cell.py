"""Find a cell of a results table, and show it beside its value recomputed from the sentences."""

import csv
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from markner.errors import MarknerError
from markner.evaluation.matches import MATCHES
from markner.evaluation.trace import Trace, TracedSentence, mean_values
from markner.files import read_json
from markner.reporting.results import METRICS, number_of
from markner.study.wording import counted

_KINDS = {"tp": "true positives", "fp": "false positives", "fn": "false negatives"}


@dataclass(frozen=True, slots=True)
class AuditedCell:
    """A value of a table: its place, and the CSV's text for it and for its interval."""

    label: str
    corpus: str
    match: str
    metric: str
    run: str
    printed: dict[str, str]
    """By column of the CSV: `<metric>`, `<metric>_low`, `<metric>_high`."""

    @property
    def name(self) -> str:
        """The place of the cell in words."""
        return f"{self.label}, {self.corpus}, {self.match} {self.metric}"

    def differences(self, traces: Collection[Trace]) -> list[str]:
        """Return the values of the CSV that differ from the recomputed ones; empty if they agree."""
        now = mean_values(traces)
        return [
            f"{name} is {text}, from the sentences {now[name]}"
            for name, text in self.printed.items()
            if number_of(text) != now[name]
        ]


def find_cell(table: Path, wanted: str) -> AuditedCell:
    """Find a cell in a table's CSV.

    Args:
        table: The CSV.
        wanted: `ROW,CORPUS[:MATCH][:METRIC]`: a row's label or its number from 1, a corpus by name or heading;
            strict f1 by default.

    Raises:
        MarknerError: The file is no results table, or has no such cell, or no run fills it.
    """
    label, _, column = (part.strip() for part in wanted.rpartition(","))
    corpus, *words = column.split(":")
    match = next((word for word in words if word in MATCHES), "strict")
    metric = next((word for word in words if word in METRICS), METRICS[-1])
    if not label or not corpus or set(words) - {match, metric}:
        raise MarknerError(
            f"no cell: {wanted!r}",
            f"write ROW,CORPUS or ROW,CORPUS:MATCH:METRIC, MATCH one of {', '.join(MATCHES)}, METRIC one of "
            + ", ".join(METRICS),
        )
    rows = _rows(table)
    labels, corpora = list(dict.fromkeys(row["label"] for row in rows)), {row["corpus"]: row["heading"] for row in rows}
    if label not in labels and label.isdecimal() and 1 <= int(label) <= len(labels):
        label = labels[int(label) - 1]
    corpus = next((name for name, heading in corpora.items() if corpus in (name, heading)), corpus)
    place = (label, corpus, match)
    row_of_place = next((row for row in rows if (row["label"], row["corpus"], row["match"]) == place), None)
    if row_of_place is None:
        raise MarknerError(
            f"{table} has no cell in row {label!r}, corpus {corpus!r}",
            f"rows are {'; '.join(labels)}; corpora are {', '.join(corpora)}",
        )
    if not row_of_place["run"]:
        printed_in_paper = row_of_place[f"paper_{metric}"]
        raise MarknerError(
            f"{table}: no run of this study fills the cell {label}, {corpus}, {match} {metric}",
            f"it shows the paper's value, {printed_in_paper}, from resources/paper/tables.json"
            if printed_in_paper
            else "add a run to its row",
        )
    printed = {name: row_of_place[name] for name in (metric, f"{metric}_low", f"{metric}_high")}
    return AuditedCell(*place, metric, row_of_place["run"], printed)


def f1_values(path: Path) -> dict[str, float]:
    """Return the F1 values of a score file or of a table's CSV, by name; nothing for any other file."""
    if path.suffix == ".json" and "scores" in path.parts:
        score = read_json(path)
        return {f"{match} f1": float(score[match]["f1"]) for match in MATCHES}
    if path.suffix == ".csv" and path.parent.name == "tables":
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        # A row of a table of strata has a stratum instead of a kind of match.
        return {
            f"{row['label']}, {row['corpus']}, {row.get('match') or row['stratum']} f1": float(row["f1"])
            for row in rows
            if row.get("f1")
        }
    return {}


def cell_lines(cell: AuditedCell, traces: Mapping[int, Trace], shown: int) -> Iterator[str]:
    """Yield lines with a cell's value, its value recomputed from the sentences, and the first sentences of each kind.

    Args:
        cell: The cell.
        traces: The recomputed scores, by seed.
        shown: How many sentences of each kind.
    """
    value, low, high = cell.printed.values()
    yield f"printed     {cell.metric} {value}, interval {low} to {high}"
    if not traces:
        yield "recomputed  nothing: its sentences are unknown or cannot be read"
        return
    now = mean_values(traces.values())
    seeds = f"the mean of {len(traces)} seeds" if len(traces) > 1 else f"seed {next(iter(traces))}"
    agreement = "DIFFERENT" if cell.differences(traces.values()) else "equal"
    bounds = f"{now[f'{cell.metric}_low']} to {now[f'{cell.metric}_high']}"
    yield f"recomputed  {cell.metric} {now[cell.metric]}, interval {bounds}, from the sentences, {seeds}: {agreement}"
    for seed, traced in traces.items():
        ratios = ", ".join(f"{name} {traced.values[name]}" for name in METRICS)
        totals = ", ".join(f"{kind} {traced.total(kind)}" for kind in _KINDS)
        yield f"\nseed {seed}: {counted(len(traced.sentences), 'sentence')}, {totals}: {ratios}"
        for kind, words in _KINDS.items():
            having = traced.having(kind)
            yield f"  {words}: {traced.total(kind)} in {counted(len(having), 'sentence')}"
            for sentence in having[:shown]:
                yield from _sentence_lines(sentence)
            if len(having) > shown:
                yield f"    and {len(having) - shown} more (--sentences N, or --json for all)"


def cell_facts(cell: AuditedCell, traces: Mapping[int, Trace]) -> dict[str, Any]:
    """Return a cell, its recomputed value and all its sentences as JSON can hold them."""
    return {
        "row": cell.label,
        "corpus": cell.corpus,
        "match": cell.match,
        "metric": cell.metric,
        "run": cell.run,
        "printed": cell.printed,
        "recomputed": {name: mean_values(traces.values())[name] for name in cell.printed} if traces else None,
        "equal": not cell.differences(traces.values()) if traces else None,
        "seeds": {
            str(seed): {
                **{kind: traced.total(kind) for kind in _KINDS},
                "values": traced.values,
                "sentences": [asdict(sentence) for sentence in traced.sentences],
            }
            for seed, traced in traces.items()
        },
    }


def _rows(table: Path) -> list[dict[str, str]]:
    needed = {"label", "corpus", "heading", "match", "run", *METRICS}
    with table.open(encoding="utf-8", errors="replace", newline="") as stream:
        rows = list(csv.DictReader(stream))
    if not rows or not needed <= rows[0].keys():
        raise MarknerError(
            f"{table} does not have the columns of a results table", "give a table of P/R/F1 by system and corpus"
        )
    return rows


def _sentence_lines(sentence: TracedSentence) -> Iterator[str]:
    status = "" if sentence.status == "ok" else f"  ({sentence.status})"
    yield f"    {sentence.id}{status}"
    if sentence.gold == sentence.answer:
        yield f"      both    {sentence.gold}"
    else:
        yield f"      gold    {sentence.gold}"
        yield f"      answer  {sentence.answer}"
