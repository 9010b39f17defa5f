"""Write the report of a study as one HTML file that needs no other."""

import base64
import csv
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from markner.data.documents import read_sentences
from markner.files import read_json, write_text
from markner.predictions import Prediction, read_predictions
from markner.reporting.answers import answers
from markner.reporting.costs import read_costs
from markner.reporting.page.curves import HEIGHT, WIDTH, curves
from markner.reporting.page.lineage_parts import cell_files, lineage_of, timed_jobs
from markner.reporting.page.opening import best_tuned, opening
from markner.reporting.page.score_tables import read_significance, read_table
from markner.reporting.params import ReportParams, ShownSentences
from markner.study.paths import PAGE_TEMPLATES

_RAW_LENGTH = 600
"""Characters of a raw answer that are shown."""


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
        lineage: The facts of `runrecord.lineage.lineage_facts` about the study's results.
        output: The page.
    """
    tests = sorted(path for path in inputs if path.is_relative_to(results / "significance"))
    tables = [
        read_table(
            name,
            title,
            results / "tables" / f"{name}.csv",
            read_significance(path for path in tests if path.parent == results / "significance" / name),
        )
        for name, title in params.tables.items()
    ]
    best = best_tuned(tables, params.tuned)
    given = answers(params.comparisons, results, tests)
    start = opening(tables, best, given)
    images = {name: _image(results / "figures" / f"{name}.svg") for name in params.figures}
    cells = cell_files(tables, params.seeds, results)
    chains = lineage_of(lineage, [path for paths in cells.values() for path in paths])
    place = {node["path"]: index for index, node in enumerate(chains)}
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
        opening=start,
        answers=[answer for answer in given if not answer.empty],
        unanswered=[answer for answer in given if answer.empty],
        titles=params.tables,
        tables=tables,
        authors_partial=any(row["match"] == "authors_partial" for table in tables for row in table.rows),
        figures=[(name, title, images[name]) for name, title in params.figures.items() if name != start.figure],
        lead_figure=[(name, title, images[name]) for name, title in params.figures.items() if name == start.figure],
        card=_csv(results / "corpora.csv"),
        charts=curves(
            [path for path in inputs if path.is_relative_to(results / "history") or path.name == "selection.json"]
        ),
        size=(WIDTH, HEIGHT),
        jobs=timed_jobs(lineage),
        trainings=[row for path in inputs if path == results / "costs.csv" for row in read_costs(path)],
        chat_usage=[_usage(path) for path in inputs if path.is_relative_to(results / "usage")],
        verdicts=sorted(Counter(node["verdict"] for node in lineage).items()),
        files=len(lineage),
        cells={cell: [place[path] for path in paths if path in place] for cell, paths in cells.items()},
        lineage=chains,
        chunks={corpus: _sentences(results, corpus, place) for corpus, place in params.sentences.items()},
        best={corpus: row["run"] for corpus, row in best.items()},
        labels={row["run"]: row["label"] for table in reversed(tables) for row in table.rows if row["run"]},
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


def _usage(path: Path) -> dict[str, Any]:
    """Return the requests, tokens and dollars of a chat run from its file, `<run>/seed<k>/<corpus>.json`."""
    run, seed = path.parts[-3:-1]
    return {**read_json(path), "run": run, "seed": seed.removeprefix("seed"), "corpus": path.stem}


def _csv(path: Path) -> list[list[str]]:
    """Return the lines of a CSV file, its head first, without the columns that are empty below the head."""
    with path.open(encoding="utf-8", newline="") as stream:
        lines = list(csv.reader(stream))
    kept = [column for column in range(len(lines[0])) if any(line[column] for line in lines[1:])]
    return [[line[column] for column in kept] for line in lines]


def _sentences(results: Path, corpus: str, place: ShownSentences) -> list[list[Any]]:
    """Return the sentences with a mention, real or found: identifier, text, gold spans, and the answer of each run.

    An answer is its spans and status, and the raw answer if it is not the sentence with marks.
    """
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
        of_runs = {run: _answer(of[sentence.id]) for run, of in answers.items()}
        if sentence.spans or any(answer[0] for answer in of_runs.values()):
            rows.append([sentence.id, sentence.text, sentence.spans, of_runs])
    return rows


def _answer(prediction: Prediction) -> list[Any]:
    """Return spans and status of an answer, and its raw text, cut if long, if it is not the sentence with marks."""
    facts = [prediction.spans, prediction.status]
    if prediction.status == "ok" or not prediction.raw:
        return facts
    rest = len(prediction.raw) - _RAW_LENGTH
    return [*facts, prediction.raw[:_RAW_LENGTH] + (f" … ({rest:,} more characters)" if rest > 0 else "")]
