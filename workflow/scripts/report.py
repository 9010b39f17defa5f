"""Write the report of a study: one page with everything, and the lineage of each number."""

from pathlib import Path

from markner.reporting.page.page import write_report
from markner.reporting.params import ReportParams
from runrecord.job import job
from runrecord.lineage import lineage_facts

with job(snakemake):
    write_report(
        ReportParams.load(snakemake.params),
        Path(snakemake.output[0]).parent.parent,
        [Path(path) for path in [*snakemake.input.results, *snakemake.input.models]],
        lineage_facts(snakemake.input.results, Path.cwd()),
        Path(snakemake.output[0]),
    )
