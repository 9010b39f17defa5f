"""Choose the examples that a chat run shows: none, or some drawn by the seed."""

from pathlib import Path

from markner.models.chat.few_shot import choose_examples
from markner.models.chat.params import FewShotParams
from runrecord.job import job

with job(snakemake):
    params = FewShotParams.load(snakemake.params)
    choose_examples(
        params,
        Path(snakemake.input.train) if snakemake.input.train else None,
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
    )
