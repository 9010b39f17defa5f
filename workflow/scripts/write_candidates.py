"""Let a model write further marked sentences after a few annotated ones."""

from pathlib import Path

from markner.models.causal.writer import write
from markner.models.device import require_device
from markner.study.schema.self_instruct import Writing
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    settings = snakemake.params.settings
    write(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        model_name=settings["model"],
        entity=settings["entity"],
        seed_sentences=settings["seed_sentences"],
        seed=settings["seed"],
        writing=Writing.model_validate(settings["writing"]),
        output=Path(snakemake.output[0]),
    )
