"""Score predictions as BioCreative II did, with the acceptable alternatives."""

from pathlib import Path

from markner.config.study import Scoring
from markner.provenance.job import job
from markner.scoring.official import official_score

with job(snakemake):
    settings = snakemake.params.settings
    official_score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        [Path(snakemake.input.raw) / name for name in settings["native"]],
        Scoring.model_validate(settings["scoring"]),
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
    )
