"""Score the predictions of every point of an encoder's grid against gold."""

from pathlib import Path

from markner.evaluation.score import score_grid
from runrecord.job import job

with job(snakemake):
    score_grid(Path(snakemake.input.sentences), Path(snakemake.input.predictions), Path(snakemake.output[0]))
