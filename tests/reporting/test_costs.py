"""The table of costs: every training with its values, gaps shown as gaps."""

import csv
from pathlib import Path
from typing import Any

from markner.files import write_json
from markner.reporting.costs import COLUMNS, write_costs

FULL: dict[str, Any] = {
    "method": "full",
    "parameters": 134_500_000,
    "trained_parameters": 134_500_000,
    "device": "cpu",
    "threads": 2,
    "first_step": 0,
    "steps": 6,
    "seconds": 24.4,
    "tokens_per_second": 310.4,
    "examples_per_second": 1.959,
    "mfu": None,
    "memory_bytes": 4 * 2**30,
    "gpu_memory_bytes": None,
}
QLORA: dict[str, Any] = {
    **FULL,
    "method": "qlora",
    "parameters": 6_778_392_576,
    "trained_parameters": 39_976_960,
    "device": "NVIDIA A100",
    "first_step": 100,
    "seconds": 4000.0,
    "mfu": 0.31,
    "gpu_memory_bytes": 14 * 2**30,
}


def table(folder: Path) -> tuple[list[dict[str, str]], str]:
    files = [folder / "costs" / run / f"seed{seed}.json" for run, seed in (("tuned", 1), ("tuned", 2), ("small", 1))]
    for path, costs in zip(files, (FULL, FULL, QLORA), strict=True):
        write_json(path, costs)
    runs = {"tuned": {"model": "smol", "mixture": "all"}, "small": {"model": "llama", "mixture": "few"}}
    write_costs(files, runs, folder / "costs.csv", folder / "costs.md")
    with open(folder / "costs.csv", encoding="utf-8") as stream:
        return list(csv.DictReader(stream)), (folder / "costs.md").read_text(encoding="utf-8")


def test_every_training_has_a_row(tmp_path: Path) -> None:
    rows, _ = table(tmp_path)
    assert [(row["run"], row["seed"]) for row in rows] == [("tuned", "1"), ("tuned", "2"), ("small", "1")]
    assert tuple(rows[0]) == COLUMNS
    assert (rows[2]["model"], rows[2]["instructions"], rows[2]["trained_parameters"]) == ("llama", "few", "39976960")
    assert (rows[0]["gpu_memory_bytes"], rows[2]["gpu_memory_bytes"]) == ("", str(14 * 2**30))


def test_it_is_told_in_plain_units(tmp_path: Path) -> None:
    _, text = table(tmp_path)
    line = next(line for line in text.splitlines() if line.startswith("| tuned, seed 1 "))
    assert line.startswith("| tuned, seed 1 | smol | full | 134.5 M of 134.5 M (100.0%) | 6 | 0:00:24 | 1.96 | 310 |")
    assert line.endswith("| 4.0 GiB | – | cpu, 2 threads |")
    assert "40.0 M of 6,778.4 M (0.6%) | 6 | 1:06:40 |" in text
    assert "small, seed 1 from step 100." in text
