"""Choose an encoder's best grid point on dev."""

from markner.provenance.job import job
from markner.selection import select

with job(snakemake):
    select(snakemake.input, snakemake.output[0], snakemake.params.settings["select"])
