"""Set what each training took beside the others."""

from pathlib import Path

from markner.reporting.costs import write_costs
from markner.reporting.params import CostsParams
from runrecord.job import job

with job(snakemake):
    write_costs(
        [Path(path) for path in snakemake.input],
        CostsParams.load(snakemake.params).runs,
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
    )
