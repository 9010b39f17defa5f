"""Tune a causal language model on an instruction set."""

from pathlib import Path

from markner.models.causal.launch import LaunchConfig, Tuning, tune
from runrecord.job import job

with job(snakemake):
    settings, resources = snakemake.params.settings, snakemake.resources
    tune(
        Tuning(
            weights=snakemake.input.weights,
            instructions=snakemake.input.instructions,
            template=settings["template"],
            training=settings["training"],
            seed=settings["seed"],
            output=snakemake.output.model,
            costs=snakemake.output.costs,
            log=str(Path(snakemake.log[0]).with_suffix(".steps.log")),
            checkpoints=snakemake.params.checkpoints,
        ),
        LaunchConfig(
            processes=resources.processes,
            nodes=resources.nodes,
            device=resources.device,
            cores=int(resources.get("cpus_per_task") or snakemake.threads),
        ),
    )
