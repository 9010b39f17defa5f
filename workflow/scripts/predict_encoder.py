"""Let every point of an encoder's grid tag the test sentences of a corpus."""

from pathlib import Path

from markner.models.device import require_device
from markner.models.encoder.grid_job import predict_grid
from runrecord.job import job

with job(snakemake):
    require_device(snakemake.resources.device)
    settings, grid = snakemake.params.settings, Path(snakemake.input.grid[0]).parent
    predict_grid(
        {name: grid / folder / "model" for name, folder in settings["folders"].items()},
        settings["max_lengths"],
        Path(snakemake.input.sentences),
        Path(snakemake.output[0]),
        settings["tagging"],
    )
