"""Let every point of an encoder's grid tag the test sentences of a corpus."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.grid_job import predict_grid
from markner.models.params import PredictEncoderParams
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    params, grid = PredictEncoderParams.load(snakemake.params), Path(snakemake.input.grid[0]).parent
    predict_grid(
        {name: grid / folder / "model" for name, folder in params.folders.items()},
        params.max_lengths,
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
    )
