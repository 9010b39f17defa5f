"""Environment variables of jobs: values that jobs need and that influence no result."""

import json
import os
from pathlib import Path
from typing import Any

from markner.study.loading import MIRROR_VARIABLE
from markner.study.schema.chat_runs import SPENDING_VARIABLE, ApiModel, ChatRun, Spending
from markner.study.schema.study import Study

MALLOC = {"MALLOC_MMAP_THRESHOLD_": 32 * 2**20, "MALLOC_TRIM_THRESHOLD_": 2**30}
"""Settings of glibc: it keeps freed blocks below 32 MiB (its limit), up to 1 GiB of them, for the next use. By default
it returns the memory of tensors to the system in every step, which takes a tenth of the time of a training on a CPU."""


def environment(study: Study, checkout: str) -> dict[str, str]:
    """Return the environment variables of jobs. They influence no result, so they are no params.

    - `PYTHONPATH`: the package in the checkout, also for jobs with an environment of their own (`--sdm conda`).
    - The mirror of the corpus files: each file is checked by its hash, so its source does not matter.
    - The prices, limits and retries of chat models: they are not part of an answer.
    - `MALLOC`.
    """
    paths = [str(Path(checkout, "src")), *filter(None, [os.environ.get("PYTHONPATH")])]
    mirror = {MIRROR_VARIABLE: study.mirror} if study.mirror else {}
    return {
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
        SPENDING_VARIABLE: json.dumps(_spending(study)),
        **mirror,
        **{name: os.environ.get(name, str(value)) for name, value in MALLOC.items()},
    }


def _spending(study: Study) -> dict[str, Any]:
    """Return the spending settings of each chat run."""
    spending: dict[str, Any] = {}
    for name, run in study.live_runs().items():
        if isinstance(run, ChatRun) and isinstance(model := study.models[run.model], ApiModel):
            of_run = Spending(account=f"{study.study}/{name}", answers=study.answers, model=model, run=run)
            spending[name] = of_run.model_dump()
    return spending
