"""Choose an encoder's best grid point on dev."""

from pathlib import Path

from markner.provenance.job import job
from markner.selection import select

with job(snakemake):
    settings, grid = snakemake.params.settings, Path(snakemake.input[0]).parent
    files = {folder: grid / folder / "dev.json" for folder in settings["folders"].values()}
    select(files, snakemake.output[0], settings["select"])
