"""Parts of a lineage that the report shows: the files behind a cell, the jobs with their times."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from markner.reporting.page.score_tables import ScoreTable

_TIMED = (
    *("train", "train_on_nodes", "train_encoder", "train_final_encoder"),
    *("predict", "predict_encoder", "predict_final_encoder", "predict_tagger", "chat", "chat_served"),
)
"""Rules whose jobs are listed with their times."""


def lineage_of(lineage: Sequence[Mapping[str, Any]], paths: Iterable[str]) -> list[dict[str, Any]]:
    """Return the files that some files were made from, and these themselves; `inputs` are indices into the list."""
    place = {node["path"]: index for index, node in enumerate(lineage)}
    reached = {place[path] for path in paths if path in place}
    waiting = list(reached)
    for index in waiting:
        sources = [source for source in lineage[index]["inputs"] if source not in reached]
        reached.update(sources)
        waiting += sources
    new = {old: number for number, old in enumerate(sorted(reached))}
    return [{**lineage[old], "inputs": [new[source] for source in lineage[old]["inputs"]]} for old in new]


def cell_files(tables: Sequence[ScoreTable], seeds: Mapping[str, Sequence[int]], results: Path) -> dict[str, list[str]]:
    """Return the score files behind each cell, by run and corpus."""
    pairs = sorted({(row["run"], row["corpus"]) for table in tables for row in table.rows if row["run"]})
    return {
        f"{run} {corpus}": [f"{results.as_posix()}/scores/{run}/seed{seed}/{corpus}.json" for seed in seeds[run]]
        for run, corpus in pairs
    }


def timed_jobs(lineage: Sequence[Mapping[str, Any]]) -> list[tuple[str, str, str, float, str]]:
    """Return the jobs that train or predict: run, rule, seed and corpus, seconds, machine."""
    jobs = []
    for node in lineage:
        if node.get("rule") in _TIMED:
            at = node["wildcards"]
            what = [f"seed {at['seed']}" if "seed" in at else "", at.get("part", ""), at.get("corpus", "")]
            seconds = (datetime.fromisoformat(node["ended"]) - datetime.fromisoformat(node["started"])).total_seconds()
            machine = f"{node['gpu'] or node['cpu'] or ''}, {node['threads']} threads"
            jobs.append((at.get("run", ""), node["rule"], ", ".join(filter(None, what)), seconds, machine))
    # Each file of a job is in the lineage.
    return sorted(dict.fromkeys(jobs), key=lambda job: job[:3])
