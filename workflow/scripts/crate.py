"""Write the study as a Provenance Run RO-Crate."""

from pathlib import Path

from markner.reporting.params import CrateParams
from runrecord.crate.crate import write_crate
from runrecord.job import job

with job(snakemake):
    write_crate(
        Path(snakemake.output[0]),
        CrateParams.load(snakemake.params).study,
        [Path(path) for path in snakemake.input.kept],
        [Path(path) for path in snakemake.input.named],
        [Path(path) for path in snakemake.input.workflow],
        snakemake.params.rules,
    )
