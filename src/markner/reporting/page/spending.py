"""What trainings took and what chat models were paid, as the report shows it."""

import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
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


def askings(usage: Path, seeds: Mapping[str, Sequence[int]], corpora: Iterable[str]) -> list[Asking]:
    """Chat runs among the runs of a study on its corpora: those beside whose predictions a file of usage lies."""
    found = []
    asked = [(run, seed) for run in seeds for seed in seeds[run]]
    for (run, seed), corpus in itertools.product(asked, corpora):
        path = usage / run / f"seed{seed}" / f"{corpus}.json"
        if path.is_file():
            told = read_json(path)
            tokens = told["prompt_tokens"], told["completion_tokens"]
            found.append(Asking(run, seed, corpus, told["requests"], *tokens, told["dollars"]))
    return found
