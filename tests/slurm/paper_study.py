"""The paper's study, and a part of it with one run of every kind."""

from typing import Any

import yaml
from conftest import ROOT

_EVALUATED = {
    "bioner-llama1": ["ncbi_disease", "nlm_gene"],
    "bioner-llama1-10pct": ["ncbi_disease"],
    "bioner-llama2": ["ncbi_disease", "bc2gm"],
    "pmc-llama": ["ncbi_disease"],
    "llama2-lora": ["ncbi_disease"],
    "llama2-qlora": ["ncbi_disease"],
    "llama2-gene-self": ["bc2gm"],
    "bioner-llama3.1": ["ncbi_disease"],
    "bioner-qwen3": ["ncbi_disease"],
    "pubmedbert-ncbi_disease": ["ncbi_disease"],
    "gpt-4.1-5shot": ["ncbi_disease"],
    "gpt-4.1-5similar": ["ncbi_disease"],
}
"""The corpora on which the kept runs of the paper's study are scored."""
_TABLES = ("table1", "table2", "adapters", "self_instruct")


def paper() -> dict[str, Any]:
    """The paper's study, as it is written."""
    study: dict[str, Any] = yaml.safe_load((ROOT / "config/config.yaml").read_text(encoding="utf-8"))
    return study


def one_of_each_kind(study: dict[str, Any]) -> dict[str, Any]:
    """Return one run of every kind of a study: every model, one seed, few corpora, two grid points.

    A final encoder, a repaired run, a calibration and an annotation are added, which the paper's study lacks.
    """
    runs = {name: study["runs"][name] | {"evaluate": corpora} for name, corpora in _EVALUATED.items()}
    runs = {name: {key: value for key, value in run.items() if key != "seeds"} for name, run in runs.items()}
    encoder = runs["pubmedbert-ncbi_disease"]
    rates = encoder["grid"]["learning_rate"]
    grid = {axis: values[:1] for axis, values in encoder["grid"].items()}
    runs["pubmedbert-ncbi_disease"] = encoder | {"grid": grid | {"learning_rate": rates[:2]}}
    runs["pubmedbert-final"] = encoder | {"grid": grid, "split": ["train", "dev"]}
    runs["pubmedbert-repaired"] = {
        "system": "repaired",
        "of": "pubmedbert-ncbi_disease",
        "steps": ["abbreviations", "consistency"],
    }
    asked = {run[key] for run in runs.values() for key in ("model", "embedding") if key in run}
    mixtures = {run["mixture"] for run in runs.values() if "mixture" in run}
    corpora = {"ncbi_disease", "bc5cdr_chemical", "bc2gm", "nlm_gene"}
    series = study["size_figures"]["sizes"]["series"]
    return study | {
        "corpora": {name: corpus for name, corpus in study["corpora"].items() if name in corpora},
        "mixtures": {name: mixture for name, mixture in study["mixtures"].items() if name in mixtures},
        "models": {name: model for name, model in study["models"].items() if name in asked},
        "runs": runs,
        "tables": {name: _part_of_table(study["tables"][name], runs) for name in _TABLES},
        "size_figures": {
            "sizes": study["size_figures"]["sizes"] | {"corpora": ["ncbi_disease"], "series": _kept(series, runs)}
        },
        "strata_tables": {"strata1": study["strata_tables"]["strata1"]},
        "strata_figures": {"generalisation": study["strata_figures"]["generalisation"]},
        "calibrations": {
            "confidence": {"corpus": "ncbi_disease", "runs": ["pubmedbert-ncbi_disease", "bioner-llama1"]}
        },
        "annotations": {
            "abstracts": {
                "files": ["resources/sample/pubtator/test.PubTator"],
                "runs": [{"run": "bioner-llama2"}, {"run": "pubmedbert-ncbi_disease"}],
            }
        },
    }


def _part_of_table(table: dict[str, Any], runs: dict[str, Any]) -> dict[str, Any]:
    """Return a table with the kept runs, and the corpora on which one of them is scored."""
    rows = _kept(table["rows"], runs)
    scored = {corpus for row in rows for run in row["runs"] for corpus in runs[run].get("evaluate", [])}
    return table | {"rows": rows, "corpora": [corpus for corpus in table["corpora"] if corpus in scored]}


def _kept(rows: list[dict[str, Any]], runs: dict[str, Any]) -> list[dict[str, Any]]:
    """Return rows with their kept runs alone, without those that have none."""
    rows = [row | {"runs": [run for run in row["runs"] if run in runs]} for row in rows]
    return [row for row in rows if row["runs"]]
