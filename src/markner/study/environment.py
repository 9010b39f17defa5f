"""Environment variables of jobs: the way for what they need and what influences no result."""

import json
import os
from pathlib import Path
from typing import Any

from markner.study.loading import MIRROR_VARIABLE
from markner.study.schema.chat_runs import SPENDING_VARIABLE, ApiModel, ChatRun, Spending
from markner.study.schema.study import Study

# Memory of tensors is given back to the system and fetched anew in every step, a tenth of the time of a training on a
# CPU. So glibc keeps what is smaller than 32 MiB, its limit, and up to 1 GiB of it.
MALLOC = {"MALLOC_MMAP_THRESHOLD_": 32 * 2**20, "MALLOC_TRIM_THRESHOLD_": 2**30}


def environment(study: Study, checkout: str) -> dict[str, str]:
    """Environment variables of jobs: what they need beside their settings and what influences no result.

    The package is found in the checkout also by jobs that run in an environment of their own (`--sdm conda`); where
    corpus files are looked for first is free, since each is checked by its hash; and what chat models cost, and how
    often they are asked again, is no part of their answers.
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
