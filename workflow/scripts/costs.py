"""Set what each training took beside the others."""

from pathlib import Path

from markner.provenance.job import job
from markner.rendering.costs import write_costs

with job(snakemake):
    write_costs(
        [Path(path) for path in snakemake.input],
        snakemake.params.settings["runs"],
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )
