"""Draw scores by stratum."""

from pathlib import Path

from markner.reporting.figures.strata_panels import draw_strata
from markner.reporting.params import StrataFigureParams
from markner.reporting.strata_cells import read_strata_table
from runrecord.job import job

with job(snakemake):
    params, output = StrataFigureParams.load(snakemake.params), snakemake.output
    cells = read_strata_table(Path(snakemake.input.table))
    draw_strata(
        cells, params.corpora, params.figure, params.title, Path(output.pdf), Path(output.svg), Path(output.png)
    )
