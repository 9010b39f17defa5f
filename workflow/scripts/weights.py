"""Put pretrained weights into a plain folder."""

from pathlib import Path

from markner.models.params import WeightsParams
from markner.models.weights import fetch_weights
from runrecord.job import job

with job(snakemake):
    params = WeightsParams.load(snakemake.params)
    fetch_weights(params.model, Path(snakemake.output[0]), params.version)
