"""Draw scores against the part of the training data, and write the figure's points."""

from pathlib import Path

from markner.reporting.figures.size_points import gather, write_points
from markner.reporting.figures.sizes import draw_sizes
from markner.reporting.results import score_files
from markner.study.schema.study import SizeFigure
from runrecord.job import job

with job(snakemake):
    settings, output = snakemake.params.settings, snakemake.output
    figure = SizeFigure.model_validate(settings["figure"])
    scores, _ = score_files(snakemake.input.scores)
    paper = Path(snakemake.input.paper)
    points = gather(figure, settings["points"], scores, paper, settings["titles"])
    write_points(points, Path(output.csv))
    draw_sizes(points, figure, Path(output.pdf), Path(output.svg), Path(output.png))
