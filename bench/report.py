"""Measured rows as CSV and Markdown, with the machine they were measured on."""

import csv
import importlib.metadata
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import torch

FOLDER = Path("docs/measured/bench")
REPEATS = int(os.environ.get("BENCH_REPEATS", "3"))
"""How often each time is measured."""
PACKAGES = ("torch", "transformers", "numpy", "scipy", "seqeval", "nervaluate")


def interleaved(
    systems: Mapping[str, Callable[[], Any]], repeats: int, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of each call of each system by a clock; they take turns, so that all meet the same machine."""
    seconds: dict[str, list[float]] = {name: [] for name in systems}
    for _ in range(repeats):
        for name, call in systems.items():
            begun = clock()
            call()
            seconds[name].append(clock() - begun)
    return seconds


def spread(seconds: list[float]) -> dict[str, float]:
    """The least, the median and the greatest of some times."""
    return {
        "seconds_min": round(min(seconds), 4),
        "seconds_median": round(statistics.median(seconds), 4),
        "seconds_max": round(max(seconds), 4),
    }


def write(name: str, title: str, rows: list[dict[str, Any]], folder: Path = FOLDER, **facts: Any) -> None:
    """Write `<name>.csv` and `<name>.md`, the latter with machine, versions and `facts`, and show the table."""
    folder.mkdir(parents=True, exist_ok=True)
    columns = list(rows[0])
    with (folder / f"{name}.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    table = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
    table += ["| " + " | ".join(str(row[column]) for column in columns) + " |" for row in rows]
    facts = {"machine": _machine(), "versions": {each: importlib.metadata.version(each) for each in PACKAGES}, **facts}
    text = "\n".join([f"# {title}", "", *table, "", "```json", json.dumps(facts, indent=1), "```", ""])
    (folder / f"{name}.md").write_text(text, encoding="utf-8")
    print("\n".join(table))


def _machine() -> dict[str, Any]:
    info = Path("/proc/cpuinfo")
    lines = info.read_text(encoding="utf-8").splitlines() if info.is_file() else []
    model = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    gpu = {"gpu": torch.cuda.get_device_name(), "cuda": torch.version.cuda} if torch.cuda.is_available() else {}
    return {
        **gpu,
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "system": platform.system(),
    }
