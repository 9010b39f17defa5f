"""Tune a causal language model on an instruction set."""

from pathlib import Path

from markner.config.systems import Training
from markner.instructions import read_instances
from markner.modeling.finetune import finetune
from markner.provenance.job import job

with job(snakemake):
    settings = snakemake.params.settings
    finetune(
        Path(snakemake.input.weights),
        read_instances(snakemake.input.instructions),
        settings["template"],
        Training.model_validate(settings["training"]),
        settings["seed"],
        Path(snakemake.output.model),
        Path(snakemake.output.costs),
        Path(snakemake.log[0]).with_suffix(".steps.log"),
        Path(snakemake.params.checkpoints),
    )
