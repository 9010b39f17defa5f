"""Score predictions against gold."""

from pathlib import Path

from markner.evaluation.score import score
from markner.study.schema.study import Scoring
from runrecord.job import job

with job(snakemake):
    score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        Scoring.model_validate(snakemake.params.settings),
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
    )
