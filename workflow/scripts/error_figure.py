"""Draw the kinds of errors of a table's systems."""

from pathlib import Path

from markner.reporting.figures.error_shares import draw_errors
from markner.reporting.results import score_files
from markner.study.schema.study import Table
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    draw_errors(
        score_files(snakemake.input.summaries)[0],
        Table.model_validate(settings["table"]),
        Path(snakemake.input.paper),
        settings["titles"],
        settings["figure"]["title"],
        settings["figure"]["width"],
        Path(snakemake.output.pdf),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
