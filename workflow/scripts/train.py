"""Tune a causal language model on an instruction set."""

from pathlib import Path

from markner.models.causal.finetune import FineTuning
from markner.models.causal.launch import LaunchConfig, launch
from markner.study.schema.systems import Training
from runrecord.job import job

with job(snakemake):
    settings, resources = snakemake.params.settings, snakemake.resources
    launch(
        FineTuning(
            weights=Path(snakemake.input.weights),
            instructions=Path(snakemake.input.instructions),
            template=settings["template"],
            training=Training.model_validate(settings["training"]),
            seed=settings["seed"],
            output=Path(snakemake.output.model),
            costs=Path(snakemake.output.costs),
            log=Path(snakemake.log[0]).with_suffix(".steps.log"),
            checkpoints=Path(snakemake.params.checkpoints),
        ),
        LaunchConfig(
            processes=resources.processes,
            nodes=resources.nodes,
            device=resources.device,
            cores=int(resources.get("cpus_per_task") or snakemake.threads),
        ),
    )
