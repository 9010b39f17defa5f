"""Write a results table as CSV, Markdown and LaTeX."""

from pathlib import Path

from markner.reporting.results import cells, score_files
from markner.reporting.tables import write_table
from markner.study.schema.study import Table
from runrecord.job import job

with job(snakemake):
    table = Table.model_validate({key: snakemake.params.settings[key] for key in Table.model_fields})
    scores, grids = score_files(snakemake.input.scores)
    write_table(
        cells(
            table,
            scores,
            grids,
            Path(snakemake.input.paper),
            snakemake.params.settings.get("retired"),
            {Path(path).stem: Path(path) for path in snakemake.input.get("significance", [])},
            snakemake.params.settings.get("titles"),
        ),
        table,
        Path(snakemake.output.csv),
        Path(snakemake.output.markdown),
        Path(snakemake.output.latex),
    )
