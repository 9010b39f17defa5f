"""Choose an encoder's best grid point on dev."""

from pathlib import Path

from markner.models.params import SelectEncoderParams
from markner.study.grid import select
from runrecord.job import job

with job(snakemake):
    params, grid = SelectEncoderParams.load(snakemake.params), Path(snakemake.input[0]).parent
    files = {folder: grid / folder / "dev.json" for folder in params.folders.values()}
    select(files, snakemake.output[0])
