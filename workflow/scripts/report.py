"""Write the report of a study: one page with everything, and the lineage of each number."""

from pathlib import Path

from markner.reporting.page.page import write_report
from runrecord.job import job
from runrecord.lineage import lineage_facts

with job(snakemake):
    write_report(
        snakemake.params.settings,
        Path(snakemake.output[0]).parent.parent,
        lineage_facts(snakemake.input.results, Path.cwd()),
        Path(snakemake.output[0]),
    )
