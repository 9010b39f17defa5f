"""Tag the test sentences of a corpus with the final model of an encoder."""

from pathlib import Path

from markner.files import read_json
from markner.models.device import require_device
from markner.models.encoder.train import predict_encoder
from markner.models.params import PredictFinalEncoderParams
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    folder = Path(snakemake.input.model)
    length = read_json(folder / "final.json")["point"]["max_length"]
    tokenize = PredictFinalEncoderParams.load(snakemake.params).tokenize
    sentences, output = Path(snakemake.input.sentences), Path(snakemake.output[0])
    predict_encoder(folder / "model", sentences, output, length, tokenize=tokenize)
