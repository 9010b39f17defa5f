"""Draw scores against the part of the training data, and write the figure's points."""

from pathlib import Path

from markner.reporting.figures.size_points import gather, write_points
from markner.reporting.figures.sizes import draw_sizes
from markner.reporting.params import SizeFigureParams
from markner.reporting.results import score_files
from runrecord.job import job

with job(snakemake):
    params, output = SizeFigureParams.load(snakemake.params), snakemake.output
    scores, _ = score_files(snakemake.input.scores)
    paper = Path(snakemake.input.paper)
    points = gather(params.figure, params.points, scores, paper, params.titles)
    write_points(points, Path(output.csv))
    draw_sizes(points, params.figure, Path(output.pdf), Path(output.svg), Path(output.png))
