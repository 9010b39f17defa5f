"""Score predictions as BioCreative II did, with the acceptable alternatives."""

from pathlib import Path

from markner.evaluation.official import official_score
from markner.evaluation.params import OfficialParams
from runrecord.job import job

with job(snakemake):
    params = OfficialParams.load(snakemake.params)
    official_score(
        Path(snakemake.input.sentences),
        Path(snakemake.input.predictions),
        [Path(snakemake.input.native) / name for name in params.native],
        params.scoring,
        snakemake.wildcards.run,
        snakemake.wildcards.corpus,
        Path(snakemake.output[0]),
    )
