"""Write the report of a study as one HTML file that needs no other."""

import base64
import csv
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from markner.data.documents import read_sentences
from markner.files import write_text
from markner.predictions import read_predictions
from markner.reporting.page.cost_tables import chat_usage, training_costs
from markner.reporting.page.curves import HEIGHT, WIDTH, curves
from markner.reporting.page.score_tables import ScoreTable, conclusions, read_significance, read_table
from markner.reporting.params import ReportParams, ShownSentences
from markner.study.paths import PAGE_TEMPLATES

_TIMED = ("train", "train_on_nodes", "train_encoder", "predict", "predict_encoder", "chat", "chat_served")
"""Rules whose jobs are listed with their times."""


def write_report(
    params: ReportParams,
    results: Path,
    inputs: Sequence[Path],
    lineage: Sequence[Mapping[str, Any]],
    output: Path,
) -> None:
    """Write the report of a study; the same results give the same bytes.

    Args:
        params: What the report shows.
        results: Folder of the study's results.
        inputs: The result files and model folders of the study. Other files of the folder are not read.
        lineage: What `runrecord.lineage.lineage_facts` tells of the tables and figures.
        output: The page.
    """
    significant = read_significance(sorted(path for path in inputs if path.parent == results / "significance"))
    tables = [
        read_table(name, title, results / "tables" / f"{name}.csv", significant)
        for name, title in params.tables.items()
    ]
    environment = Environment(
        loader=FileSystemLoader(PAGE_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["script"] = _script
    page = environment.get_template("report.html").render(
        study=params.study,
        question=params.question,
        answers=[text for table in tables[:1] for text in conclusions(table)],
        tables=tables,
        authors_partial=any(row.match == "authors_partial" for table in tables for row in table.rows),
        figures=[(name, title, _image(results / "figures" / f"{name}.svg")) for name, title in params.figures.items()],
        card=_csv(results / "corpora.csv"),
        charts=curves([path for path in inputs if path.is_relative_to(results / "models")]),
        size=(WIDTH, HEIGHT),
        jobs=_jobs(lineage),
        trainings=[cost for path in inputs if path == results / "costs.csv" for cost in training_costs(path)],
        chat_usage=chat_usage([path for path in inputs if path.is_relative_to(results / "usage")]),
        verdicts=_verdicts(lineage),
        cells=_cells(tables, params.seeds, results, lineage),
        lineage=lineage,
        chunks={corpus: _sentences(results, corpus, place) for corpus, place in params.sentences.items()},
        labels={row.run: row.label for table in reversed(tables) for row in table.rows if row.run},
        css=Markup((PAGE_TEMPLATES / "report.css").read_text(encoding="utf-8")),
        js=Markup((PAGE_TEMPLATES / "report.js").read_text(encoding="utf-8")),
    )
    write_text(output, page)


def _script(value: Any) -> Markup:
    """Return a value as JSON that is safe inside a `script` element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _image(path: Path) -> str:
    return f"data:image/svg+xml;base64,{base64.b64encode(path.read_bytes()).decode()}"


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.reader(stream))


def _sentences(results: Path, corpus: str, place: ShownSentences) -> list[list[Any]]:
    """Sentences with a mention, real or found: identifier, text, gold spans, and by run spans and status."""
    gold = list(read_sentences(results / "corpora" / corpus / place.variant / "test.jsonl"))
    answers = {
        run: {
            answer.id: answer
            for answer in read_predictions(results / "predictions" / run / f"seed{seed}" / f"{corpus}.jsonl")
        }
        for run, seed in place.runs.items()
    }
    rows = []
    for sentence in gold:
        of_runs = {run: [of[sentence.id].spans, of[sentence.id].status] for run, of in answers.items()}
        if sentence.spans or any(spans for spans, _ in of_runs.values()):
            rows.append([sentence.id, sentence.text, sentence.spans, of_runs])
    return rows


def _cells(
    tables: Sequence[ScoreTable],
    seeds: Mapping[str, Sequence[int]],
    results: Path,
    lineage: Sequence[Mapping[str, Any]],
) -> dict[str, list[int]]:
    """Return the score files behind each cell, as indices into the lineage, by run and corpus."""
    place = {node["path"]: index for index, node in enumerate(lineage)}
    pairs = {(row.run, row.corpus) for table in tables for row in table.rows if row.run}
    cells = {}
    for run, corpus in sorted(pairs):
        paths = [f"{results.as_posix()}/scores/{run}/seed{seed}/{corpus}.json" for seed in seeds[run]]
        cells[f"{run} {corpus}"] = [place[path] for path in paths if path in place]
    return cells


def _jobs(lineage: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the jobs that train or predict, with their time and machine."""
    rows = []
    for node in lineage:
        if node.get("rule") in _TIMED:
            at = node["wildcards"]
            what = [f"seed {at['seed']}" if "seed" in at else "", at.get("part", ""), at.get("corpus", "")]
            seconds = (datetime.fromisoformat(node["ended"]) - datetime.fromisoformat(node["started"])).total_seconds()
            machine = f"{node['gpu'] or node['cpu'] or ''}, {node['threads']} threads"
            rows.append(
                {
                    "run": at.get("run", ""),
                    "rule": node["rule"],
                    "what": ", ".join(filter(None, what)),
                    "seconds": seconds,
                    "machine": machine,
                }
            )
    unique = {json.dumps(row, sort_keys=True): row for row in rows}
    return sorted(unique.values(), key=lambda row: (row["run"], row["rule"], row["what"]))


def _verdicts(lineage: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Return the number of files by verdict."""
    names = [str(node["verdict"]) for node in lineage]
    return [(name, names.count(name)) for name in sorted(set(names))]
