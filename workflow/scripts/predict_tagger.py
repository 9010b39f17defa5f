"""Tag the test sentences of a corpus with a token classifier that is trained already."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.ready import predict_ready
from markner.models.params import PredictTaggerParams
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    predict_ready(
        Path(snakemake.input.model),
        PredictTaggerParams.load(snakemake.params).labels,
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
    )
