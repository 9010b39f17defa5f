"""Let a causal language model mark the test sentences of a corpus."""

from pathlib import Path

from markner.models.decoding.predict import predict
from markner.models.device import require_device
from markner.models.params import PredictParams
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params = PredictParams.load(snakemake.params)
    predict(
        Path(snakemake.input.model),
        Path(snakemake.input.sentences),
        params.prompt,
        params.decoding,
        Path(snakemake.output[0]),
        tokenize=params.tokenize,
    )
