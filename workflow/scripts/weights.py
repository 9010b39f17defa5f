"""Put pretrained weights into a plain folder."""

from pathlib import Path

from markner.models.params import WeightsParams
from markner.models.weights import fetch_weights
from runrecord.job import job

with job(snakemake):
    fetch_weights(WeightsParams.load(snakemake.params).model, Path(snakemake.output[0]))
