"""Write an instruction set as a data set to publish."""

from pathlib import Path

from markner.reporting.hub.dataset_folder import write_dataset
from markner.reporting.params import InstructionSetCardParams
from runrecord.job import job

with job(snakemake):
    write_dataset(
        Path(snakemake.output[0]),
        Path(snakemake.input.instructions),
        Path(snakemake.input.template),
        InstructionSetCardParams.load(snakemake.params),
    )
