"""Score the predictions of every point of an encoder's grid against gold."""

from pathlib import Path

from markner.provenance.job import job
from markner.scoring.grid import score_grid

with job(snakemake):
    score_grid(Path(snakemake.input.sentences), Path(snakemake.input.predictions), Path(snakemake.output[0]))
