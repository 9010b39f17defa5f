"""Tag the test sentences of a corpus with the final model of an encoder."""

from pathlib import Path

from markner.files import read_json
from markner.models.device import require_device
from markner.models.encoder.train import predict_encoder
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    folder = Path(snakemake.input.model)
    length = read_json(folder / "final.json")["point"]["max_length"]
    predict_encoder(folder / "model", Path(snakemake.input.sentences), Path(snakemake.output[0]), length)
