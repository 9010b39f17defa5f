"""Draw a figure from a table's cells."""

from pathlib import Path

from markner.config.study import Figure, Table
from markner.provenance.job import job
from markner.rendering.figures import draw
from markner.rendering.results import read_cells

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
