"""Let a model write further marked sentences after a few annotated ones."""

from pathlib import Path

from markner.data.synthetic.params import WriteCandidatesParams
from markner.models.causal.writer import write
from markner.models.device import require_device
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params = WriteCandidatesParams.load(snakemake.params)
    write(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        model_name=params.model,
        entity=params.entity,
        seed_sentences=params.seed_sentences,
        seed=params.seed,
        writing=params.writing,
        output=Path(snakemake.output[0]),
    )
