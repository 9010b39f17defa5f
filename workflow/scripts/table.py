"""Write a results table as CSV, Markdown and LaTeX."""

from pathlib import Path

from markner.reporting.params import TableParams
from markner.reporting.results import cells, score_files
from markner.reporting.tables import write_table
from runrecord.job import job

with job(snakemake):
    params = TableParams.load(snakemake.params)
    scores, grids = score_files(snakemake.input.scores)
    write_table(
        cells(
            params.table,
            scores,
            grids,
            Path(snakemake.input.paper),
            params.retired,
            {Path(path).stem: Path(path) for path in snakemake.input.get("significance", [])},
            params.titles,
        ),
        params.table,
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
        Path(snakemake.output.latex),
    )
