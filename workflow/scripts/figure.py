"""Draw a figure from a table's cells."""

from pathlib import Path

from markner.reporting.figures.scores import draw
from markner.reporting.results import read_cells
from markner.study.schema.study import Figure, Table
from runrecord.job import job

with job(snakemake):
    settings = snakemake.params.settings
    draw(
        read_cells(Path(snakemake.input.table)),
        Table.model_validate(settings["table"]),
        Figure.model_validate(settings["figure"]),
        Path(snakemake.output.pdf),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
