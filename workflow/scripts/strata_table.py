"""Write scores by stratum as a table in CSV, Markdown and LaTeX."""

from pathlib import Path

from markner.reporting.params import StrataTableParams
from markner.reporting.strata_cells import strata_cells, write_strata_table
from runrecord.job import job

with job(snakemake):
    params, files, output = StrataTableParams.load(snakemake.params), snakemake.input, snakemake.output
    scores = {Path(path).stem: Path(path) for path in files.scores}
    tests = dict(zip(scores, map(Path, files.tests), strict=True))
    cells = strata_cells(params.cells, scores, tests, Path(files.paper), params.titles)
    write_strata_table(cells, params.title, Path(output.csv), Path(output.markdown), Path(output.latex))
