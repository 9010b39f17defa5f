"""Score predictions against gold."""

from pathlib import Path

from markner.config.study import Scoring
from markner.provenance.job import job
from markner.scoring.score import score

with job(snakemake):
    score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        Scoring.model_validate(snakemake.params.settings),
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
    )
