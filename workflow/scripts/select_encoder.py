"""Choose an encoder's best grid point on dev."""

from pathlib import Path

from markner.study.grid import select
from runrecord.job import job

with job(snakemake):
    settings, grid = snakemake.params.settings, Path(snakemake.input[0]).parent
    files = {folder: grid / folder / "dev.json" for folder in settings["folders"].values()}
    select(files, snakemake.output[0], settings["select"])
