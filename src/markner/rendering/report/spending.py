"""What trainings took and what chat models were paid, as the report shows it."""

import csv
from pathlib import Path
from typing import NamedTuple

from markner.files import read_json

_GIB = 2**30


class Training(NamedTuple):
    """A training: what was tuned and what it took; `memory` in GiB, on the GPU where there was one."""

    run: str
    seed: int
    method: str
    trained: float
    seconds: float
    examples_per_second: float
    memory: float


class Asking(NamedTuple):
    """A chat run on a corpus; `dollars` is None where the prices are not known."""

    run: str
    seed: int
    corpus: str
    requests: int
    prompt_tokens: int
    answer_tokens: int
    dollars: float | None


def trainings(costs: Path) -> list[Training]:
    """Trainings of a study, from its table of costs; none where there is no such table."""
    if not costs.is_file():
        return []
    with costs.open(encoding="utf-8", newline="") as stream:
        return [
            Training(
                row["run"],
                int(row["seed"]),
                row["method"],
                int(row["trained_parameters"]) / int(row["parameters"]),
                float(row["seconds"]),
                float(row["examples_per_second"] or 0),
                float(row["gpu_memory_bytes"] or row["memory_bytes"] or 0) / _GIB,
            )
            for row in csv.DictReader(stream)
        ]


def askings(usage: Path) -> list[Asking]:
    """Chat runs of a study, from the files of usage beside their predictions."""
    found = []
    for path in sorted(usage.glob("*/seed*/*.json")):
        if path.name.endswith(".prov.json"):
            continue
        told = read_json(path)
        run, seed = path.parent.parent.name, int(path.parent.name.removeprefix("seed"))
        tokens = told["prompt_tokens"], told["completion_tokens"]
        found.append(Asking(run, seed, path.stem, told["requests"], *tokens, told["dollars"]))
    return found
