"""Draw the workflow of a study from the records of its jobs."""

from pathlib import Path

from markner.files import read_json
from markner.reporting.figures.workflow import draw_workflow, jobs_of
from markner.reporting.params import WorkflowFigureParams
from runrecord.job import job

with job(snakemake):
    params, output = WorkflowFigureParams.load(snakemake.params), snakemake.output
    jobs = jobs_of(read_json(snakemake.input[0]), params.shards)
    draw_workflow(jobs, params.study, Path(output.pdf), Path(output.svg), Path(output.png))
