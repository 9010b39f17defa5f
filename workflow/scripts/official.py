"""Score predictions as BioCreative II did, with the acceptable alternatives."""

from pathlib import Path

from markner.evaluation.official import official_score
from markner.study.schema.study import Scoring
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    official_score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        [Path(snakemake.input.native) / name for name in settings["native"]],
        Scoring.model_validate(settings["scoring"]),
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
    )
