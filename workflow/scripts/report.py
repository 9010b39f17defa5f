"""Write the report of a study: one page with everything, and the lineage of each number."""

from pathlib import Path

from markner.files import read_json
from markner.reporting.page.page import write_report
from markner.reporting.params import ReportParams
from runrecord.job import job

with job(snakemake):
    write_report(
        ReportParams.load(snakemake.params),
        Path(snakemake.output[0]).parent.parent,
        [Path(path) for path in [*snakemake.input.results, *snakemake.input.trainings]],
        read_json(snakemake.input.lineage[0]),
        Path(snakemake.output[0]),
    )
