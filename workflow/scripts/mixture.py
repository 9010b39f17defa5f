"""Build an instruction set from the sentences of its corpora."""

from markner.data.instructions import build_mixture
from markner.data.params import MixtureParams
from runrecord.job import job

with job(snakemake):
    params = MixtureParams.load(snakemake.params)
    build_mixture(
        params.mixture,
        params.prompt,
        params.entities,
        snakemake.input.sentences,
        snakemake.output.instructions,
        snakemake.output.index,
    )
