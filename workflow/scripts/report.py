"""Write the report of a study: one page with everything, and the lineage of each number."""

from pathlib import Path

from markner.provenance.job import job
from markner.provenance.lineage import lineage_facts
from markner.rendering.report.page import write_report

with job(snakemake):
    write_report(
        snakemake.params.settings,
        Path(snakemake.output[0]).parent.parent,
        lineage_facts(snakemake.input.results, Path.cwd()),
        Path(snakemake.output[0]),
    )
