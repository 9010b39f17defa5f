"""Write the table of training costs: parameters, time and memory."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from markner.files import read_csv_rows, read_json, write_csv_rows, write_text
from markner.reporting.results import NOTHING

COLUMNS = (
    *("run", "seed", "model", "instructions", "method", "device", "threads", "parameters", "trained_parameters"),
    *("first_step", "steps", "seconds", "examples_per_second", "tokens_per_second", "mfu"),
    *("memory_bytes", "gpu_memory_bytes"),
)
"""Columns of the CSV. From `method` on they are the keys of a cost file, in another order.

`seconds` is the time of `steps` optimiser steps, without loading and saving. `memory_bytes` is the highest resident
memory of the training process. `gpu_memory_bytes` is the highest memory allocated on its GPU, empty without one. Of
several processes, the first is measured.
"""

_HEADINGS = (
    *("run", "model", "method", "parameters trained", "steps", "time", "examples/s", "tokens/s"),
    *("memory", "GPU memory", "device"),
)
_GIB = 2**30


def write_costs(files: Sequence[Path], runs: Mapping[str, Mapping[str, str]], csv: Path, markdown: Path) -> None:
    """Write the table of costs.

    Args:
        files: Cost files, `<run>/seed<k>.json` each.
        runs: `model` and `mixture` of each run.
        csv: Every value, one row for each training.
        markdown: The same, to read.
    """
    rows = [_row(path, runs[path.parent.name]) for path in files]
    write_csv_rows(csv, COLUMNS, ([row[name] for name in COLUMNS] for row in rows))
    write_text(markdown, _markdown(rows))


def read_costs(csv: Path) -> list[dict[str, str]]:
    """Return the rows of a table of costs."""
    return read_csv_rows(csv, COLUMNS, "a table of costs", "make the table again")


def _row(path: Path, run: Mapping[str, str]) -> dict[str, Any]:
    return {
        **read_json(path),
        "run": path.parent.name,
        "seed": int(path.stem.removeprefix("seed")),
        "model": run["model"],
        "instructions": run["mixture"],
    }


def _markdown(rows: Sequence[Mapping[str, Any]]) -> str:
    lines = [
        "**Costs of the trainings**",
        "",
        "| " + " | ".join(_HEADINGS) + " |",
        "|---|---|---|--:|--:|--:|--:|--:|--:|--:|---|",
        *("| " + " | ".join(_cells(row)) + " |" for row in rows),
        "",
        "Time: of the optimiser's steps, without loading and saving. Memory: the most that the process had"
        " resident, and the most that it had allocated on its GPU. Beside other jobs a training takes longer.",
    ]
    if resumed := [row for row in rows if row["first_step"]]:
        names = "; ".join(f"{_name(row)} from step {row['first_step']}" for row in resumed)
        lines += ["", f"Resumed after an interruption, so the values are of the remaining steps: {names}."]
    return "\n".join(lines) + "\n"


def _cells(row: Mapping[str, Any]) -> list[str]:
    share = row["trained_parameters"] / row["parameters"]
    return [
        _name(row),
        row["model"],
        row["method"],
        f"{row['trained_parameters'] / 1e6:,.1f} M of {row['parameters'] / 1e6:,.1f} M ({share:.1%})",
        str(row["steps"]),
        _duration(row["seconds"]),
        f"{row['examples_per_second']:.2f}",
        f"{row['tokens_per_second']:.0f}",
        _memory(row["memory_bytes"]),
        _memory(row["gpu_memory_bytes"]),
        f"{row['device']}, {row['threads']} threads" if row["device"] == "cpu" else row["device"],
    ]


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['run']}, seed {row['seed']}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


def _memory(size: int | None) -> str:
    return NOTHING if size is None else f"{size / _GIB:.1f} GiB"
