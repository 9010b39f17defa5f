"""The costs of trainings and of chat models, for the report's tables."""

import csv
import itertools
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from markner.files import read_json

_GIB = 2**30


class TrainingCost(NamedTuple):
    """The cost of a training; `memory` is in GiB, of the GPU if there was one."""

    run: str
    seed: int
    method: str
    trained: float
    seconds: float
    examples_per_second: float
    memory: float


class ChatUsage(NamedTuple):
    """The requests and tokens of a chat run on a corpus; `dollars` is None if the prices are unknown."""

    run: str
    seed: int
    corpus: str
    requests: int
    prompt_tokens: int
    answer_tokens: int
    dollars: float | None


def training_costs(costs: Path) -> list[TrainingCost]:
    """Return the costs of a study's trainings from its table of costs; none if there is no table."""
    if not costs.is_file():
        return []
    with costs.open(encoding="utf-8", newline="") as stream:
        return [
            TrainingCost(
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


def chat_usage(usage: Path, seeds: Mapping[str, Sequence[int]], corpora: Iterable[str]) -> list[ChatUsage]:
    """Return the usage of each run, seed and corpus that has a usage file; only chat runs have one."""
    usages = []
    runs = [(run, seed) for run in seeds for seed in seeds[run]]
    for (run, seed), corpus in itertools.product(runs, corpora):
        path = usage / run / f"seed{seed}" / f"{corpus}.json"
        if path.is_file():
            used = read_json(path)
            tokens = used["prompt_tokens"], used["completion_tokens"]
            usages.append(ChatUsage(run, seed, corpus, used["requests"], *tokens, used["dollars"]))
    return usages
