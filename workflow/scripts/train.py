"""Tune a causal language model on an instruction set."""

from pathlib import Path

from markner.models.causal.finetune import FineTuning
from markner.models.causal.launch import LaunchConfig, launch
from markner.models.params import TrainParams
from runrecord.job import job

with job(snakemake):
    params, resources = TrainParams.load(snakemake.params), snakemake.resources
    launch(
        FineTuning(
            weights=Path(snakemake.input.weights),
            instructions=Path(snakemake.input.instructions),
            template=params.template,
            training=params.training,
            seed=params.seed,
            output=Path(snakemake.output.model),
            history=Path(snakemake.output.history),
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
