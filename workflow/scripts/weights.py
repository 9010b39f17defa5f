"""Put pretrained weights into a plain folder."""

from pathlib import Path

from pydantic import TypeAdapter

from markner.models.weights import fetch_weights
from markner.study.schema.systems import LocalModel
from runrecord.job import job

with job(snakemake):
    fetch_weights(
        TypeAdapter(LocalModel).validate_python(snakemake.params.settings["model"]), Path(snakemake.output[0])
    )
