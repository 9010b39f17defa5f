"""The costs of trainings and of chat models, for the report's tables."""

import csv
from collections.abc import Sequence
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
    """Return the costs of a study's trainings from its table of costs."""
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


def chat_usage(files: Sequence[Path]) -> list[ChatUsage]:
    """Return the usage of chat runs from their files, `<run>/seed<k>/<corpus>.json` each."""
    usages = []
    for path in files:
        run, seed, used = path.parts[-3], int(path.parts[-2].removeprefix("seed")), read_json(path)
        tokens = used["prompt_tokens"], used["completion_tokens"]
        usages.append(ChatUsage(run, seed, path.stem, used["requests"], *tokens, used["dollars"]))
    return usages
