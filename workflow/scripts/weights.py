"""Put pretrained weights into a plain folder."""

from pathlib import Path

from pydantic import TypeAdapter

from markner.config.systems import LocalModel
from markner.modeling.load import materialise
from markner.provenance.job import job

with job(snakemake):
    materialise(TypeAdapter(LocalModel).validate_python(snakemake.params.settings["model"]), Path(snakemake.output[0]))
