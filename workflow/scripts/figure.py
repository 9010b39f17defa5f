"""Draw a figure from a table's cells."""

from pathlib import Path

from markner.reporting.figures.scores import draw
from markner.reporting.params import FigureParams
from markner.reporting.results import read_cells
from runrecord.job import job

with job(snakemake):
    params = FigureParams.load(snakemake.params)
    draw(
        read_cells(Path(snakemake.input.table)),
        params.table,
        params.figure,
        Path(snakemake.output.pdf),
        Path(snakemake.output.svg),
        Path(snakemake.output.png),
    )
