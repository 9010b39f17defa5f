"""The costs of trainings and of chat models, for the report's tables."""

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from markner.files import read_json

_GIB = 2**30


def training_costs(costs: Path) -> list[dict[str, Any]]:
    """Return the costs of a study's trainings from its table of costs; `memory` is in GiB, of the GPU if it had one."""
    with costs.open(encoding="utf-8", newline="") as stream:
        return [
            {
                "run": row["run"],
                "seed": row["seed"],
                "method": row["method"],
                "trained": int(row["trained_parameters"]) / int(row["parameters"]),
                "seconds": float(row["seconds"]),
                "examples_per_second": float(row["examples_per_second"] or 0),
                "memory": float(row["gpu_memory_bytes"] or row["memory_bytes"] or 0) / _GIB,
            }
            for row in csv.DictReader(stream)
        ]


def chat_usage(files: Sequence[Path]) -> list[dict[str, Any]]:
    """Return the requests, tokens and dollars of chat runs from their files, `<run>/seed<k>/<corpus>.json` each."""
    return [
        {
            **read_json(path),
            "run": path.parts[-3],
            "seed": path.parts[-2].removeprefix("seed"),
            "corpus": path.stem,
        }
        for path in files
    ]
