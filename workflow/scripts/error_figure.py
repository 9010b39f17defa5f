"""Draw the kinds of errors of a table's systems."""

from pathlib import Path

from markner.reporting.figures.error_shares import draw_errors
from markner.reporting.params import ErrorFigureParams
from markner.reporting.results import score_files
from runrecord.job import job

with job(snakemake):
    params = ErrorFigureParams.load(snakemake.params)
    draw_errors(
        score_files(snakemake.input.summaries)[0],
        params.table,
        Path(snakemake.input.paper),
        params.titles,
        params.figure.title,
        params.figure.width,
        Path(snakemake.output.pdf),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
