"""Score predictions against gold."""

from pathlib import Path

from markner.evaluation.params import ScoreParams
from markner.evaluation.score import score
from runrecord.job import job

with job(snakemake):
    score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        ScoreParams.load(snakemake.params).scoring,
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
        Path(counts) if (counts := snakemake.input.get("counts")) else None,
    )
