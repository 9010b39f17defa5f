"""Write a tuned model with its card, to publish."""

from pathlib import Path

from markner.reporting.hub.model_folder import write_model
from markner.reporting.params import ModelCardParams
from runrecord.job import job

with job(snakemake):
    write_model(
        Path(snakemake.output[0]),
        Path(snakemake.input.model),
        Path(snakemake.input.cost),
        {Path(path).stem: Path(path) for path in snakemake.input.scores},
        Path(snakemake.input.template),
        ModelCardParams.load(snakemake.params),
    )
