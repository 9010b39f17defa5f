"""Write an instruction set as a data set to publish."""

from pathlib import Path

from markner.exports.dataset import write_dataset
from markner.provenance.job import job

with job(snakemake):
    write_dataset(
        Path(snakemake.output[0]),
        Path(snakemake.input.instructions),
        Path(snakemake.input.template),
        snakemake.params.settings,
    )
